/*
 * YAML from anywhere: every node's bytes lie in the text, children within
 * their parents and in order.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"
#include "wire/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_spans(const struct node *n, size_t lo, size_t hi)
{
	const struct node *c;

	if (n->start < lo || n->end < n->start || n->end > hi || n->line == 0 || n->column == 0)
		abort();
	lo = n->start;
	for (c = n->child; c != NULL; c = c->next) {
		check_spans(c, lo, n->end);
		lo = c->end;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_free) struct arena a = {0};
	struct node *n;
	struct err *e = yaml_parse(&a, "f", str_mk((const char *)data, size), 1, &n);

	if (e != NULL)
		err_free(e);
	else if (n->kind == NODE_LIST || n->kind == NODE_MAP)
		check_spans(n, 0, size);
	return 0;
}
