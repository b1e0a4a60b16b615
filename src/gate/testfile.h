/*
 * testfile.h - what a test file declares, by its language: names of tests,
 * how much each asserts, markers that keep tests from running.
 *
 * Line patterns, not parsers: comments are blanked first, strings are not.
 * The question is never "is this a good test" but "what did the base have
 * that the change has not", so what a pattern does not see is missing on both
 * sides.  See testlang.tbl.h for the languages and frameworks.
 */
#ifndef GATE_TESTFILE_H
#define GATE_TESTFILE_H

#include "base/arena.h"
#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"

struct err;
struct testlang;

#define TESTFILE_MAX (2 * MIB)	/* bytes; larger files are only compared as a whole */

struct test_decl {
	const char *name;
	int64_t line;
	size_t asserts;		/* assertions up to the next declaration */
};

struct test_mark {
	const char *text;	/* its line, trimmed */
	int64_t line;
};

/* {0} is empty; strings live in mem. */
struct testfile {
	struct arena mem;
	struct { VEC_FIELDS(struct test_decl); } decls;
	struct { VEC_FIELDS(struct test_mark); } skips;
	bool blank;		/* nothing but white space and comments */
};

/* NULL when the path is no test file, nor a source file that holds tests. */
const struct testlang *testlang_of(const char *path);

/* Below a folder for tests, whatever the file is. */
bool testlang_in_test_dir(const char *path);

struct err *testfile_scan(const struct testlang *lang, struct str text,
    struct testfile *out) MUST_USE;
void testfile_free(struct testfile *t);	/* also for AUTO */

/*
 * Lines of a runner's configuration that say which tests run (test scripts
 * of package.json, addopts of pytest ...); NULL when the path is none.
 */
struct runner_file;
const struct runner_file *runner_of(const char *path);
struct err *runner_scan(const struct runner_file *r, struct str text,
    struct testfile *out) MUST_USE;	/* into out->skips */

#endif
