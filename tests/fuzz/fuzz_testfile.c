/* Test files are the agent's to write; the first byte chooses the language. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "gate/testfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"test_a.py", "a.test.js", "a_test.go", "a.rs", "ATest.java",
	    "ATests.cs", "a_spec.rb", "ATest.php", "test_a.c", "a_test.exs", "ATests.swift", "a.t", "a.bats"};
	struct testfile t = {0};
	size_t i;

	if (size == 0)
		return 0;
	err_ignore(testfile_scan(testlang_of(paths[data[0] % 13]), str_mk((const char *)data + 1, size - 1), &t));
	for (i = 1; i < t.decls.n; i++)
		if (t.decls.v[i].line < t.decls.v[i - 1].line)
			abort();
	testfile_free(&t);
	return 0;
}
