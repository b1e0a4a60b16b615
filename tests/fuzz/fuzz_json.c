/*
 * JSON from anywhere: what is read can be written again, and what is written
 * reads back as the same (once a real like -0e0 is written as the integer 0).
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_node(const struct node *n, bool pretty, struct buf *out)
{
	struct jw w;

	jw_init(&w, out, pretty);
	jw_node(&w, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf_free) struct buf a = BUF_INIT(64 * MIB), b = BUF_INIT(64 * MIB), c = BUF_INIT(64 * MIB);
	AUTO(arena_free) struct arena mem = {0};
	struct node *n;
	struct err *e = json_parse(&mem, "f", str_mk((const char *)data, size), &n);

	if (e != NULL) {
		err_free(e);
		return 0;
	}
	write_node(n, size % 2 == 0, &a);
	if (json_parse(&mem, "f", buf_str(&a), &n) != NULL)
		abort();
	write_node(n, size % 2 == 0, &b);
	if (json_parse(&mem, "f", buf_str(&b), &n) != NULL)
		abort();
	write_node(n, size % 2 == 0, &c);
	if (!str_eq(buf_str(&b), buf_str(&c)))
		abort();
	return 0;
}
