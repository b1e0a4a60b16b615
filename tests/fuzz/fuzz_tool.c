/*
 * A tool's input from a model: whatever path comes of it is clean, relative
 * and never leads up; and a limit on numbers is one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "tool/serve.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_path(const char *path)
{
	struct str rest = str_of(path);
	struct str part;

	if (*path == '\0' || *path == '/')
		abort();
	while (str_next(&rest, '/', &part)) {
		if (part.n == 0 || str_is(part, "..") || (str_is(part, ".") && strcmp(path, ".") != 0))
			abort();
	}
	(void)path_in_git(path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_free) struct arena mem = {0};
	AUTO(mem_free_p) char *path = NULL;
	struct node *n;
	struct err *e = json_parse(&mem, "input", str_mk((const char *)data, size), &n);
	int64_t start = 1;

	if (e == NULL && n->kind == NODE_MAP) {
		e = input_path(n, true, &path);
		if (e == NULL)
			check_path(path);
		err_free(e);
		e = input_int(n, "start", 1, 9, 1, &start);
		if (e == NULL && (start < 1 || start > 9))
			abort();
	}
	err_free(e);
	return 0;
}
