/* A line of a file that many tasks are imported from. */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/task_line.h"
#include "model/task_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(task_line_free) struct task_line l = {0};
	AUTO(buf_free) struct buf packed = BUF_INIT(BUF_TEXT), out = BUF_INIT(BUF_TEXT);
	AUTO(task_free) struct task t;
	struct err *e = task_line_parse("fuzz", 1, str_mk((const char *)data, size), &l);

	task_init(&t);
	if (e != NULL) {
		err_free(e);
		/* Nor may a damaged cache do harm. */
		(void)task_unpack(str_mk((const char *)data, size), &t);
		return 0;
	}
	task_line_format(&l.task, "ref", &l.task.labels, &out);
	task_pack(&l.task, &packed);
	if (!task_unpack(buf_str(&packed), &t))
		__builtin_trap();
	return 0;
}
