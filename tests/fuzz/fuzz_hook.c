/*
 * What git's hooks are handed by others: the file of a message, and the list
 * of pushed refs.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/str.h"
#include "base/vec.h"
#include "git/repo.h"
#include "line/hooks/receive.h"
#include "model/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static void
fuzz_message(struct str text)
{
	AUTO(buf_free) struct buf once = BUF_INIT(MIB), twice = BUF_INIT(MIB);
	struct str rest, line;
	struct str id;

	check(strlen(message_mark(text)) == 1);
	message_clean(text, "#", true, &once);
	message_clean(buf_str(&once), "#", true, &twice);
	check(str_eq(buf_str(&once), buf_str(&twice)));
	rest = buf_str(&once);
	while (str_line(&rest, &line))
		check(!str_starts(line, "#"));
	(void)message_melts(buf_str(&once));
	id = message_task(text);
	check(id.n == 0 || id_valid(id));
}

static void
fuzz_pushes(struct str text)
{
	AUTO(pushes_free) struct pushes p = {0};
	struct err *e = pushes_read(text, &p);
	size_t i;

	for (i = 0; i < p.n; i++)
		check(e == NULL && p.v[i].ref[0] != '\0' && p.v[i].refused == NULL);
	err_ignore(e);
}

static void
fuzz_folders(struct str text)
{
	AUTO(strs_free) struct strs folders = {0};
	AUTO(mem_free_p) char *list = str_dup(text);
	size_t i;

	repo_folders_told(NULL, list, &folders);
	for (i = 0; i < folders.n; i++)
		check(folders.v[i][0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_mk((const char *)data, size);

	if (size > 64 * KIB)
		return 0;
	fuzz_message(text);
	fuzz_pushes(text);
	fuzz_folders(text);
	return 0;
}
