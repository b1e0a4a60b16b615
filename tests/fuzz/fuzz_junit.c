/* Reports come from the code under test. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "gate/junit.h"

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
