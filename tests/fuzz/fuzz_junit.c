/* Reports come from the code under test. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

/* Add one report to what is there; after an error it may hold part of it. */
static struct err *
junit_parse(const char *file, struct str text, struct junit *j)
{
	struct facts f = {.tests = *j};
	struct report *r = format_open(format_named("junit"), file, &f);
	struct err *e = format_feed(r, text);

	if (e == NULL)
		e = format_end(r);
	format_close(r);
	*j = f.tests;
	return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct junit j = {0};
	size_t i, sum = 0;

	err_ignore(junit_parse("fuzz", str_mk((const char *)data, size), &j));
	for (i = 0; i < j.n; i++)
		if (junit_get(&j, j.v[i]->id) != j.v[i])
			abort();
	sum = j.passed + j.skipped + j.failed;
	if (sum != j.n)
		abort();
	junit_free(&j);
	return 0;
}
