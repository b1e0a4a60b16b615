/*
 * git_fixture.h - a folder of its own for each test, with real repositories
 * made by the git program in a hermetic environment.
 */
#ifndef GIT_FIXTURE_H
#define GIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/oid.h"
#include "git/repo.h"

/* libgit2 1.5 itself leaks when it opens a repository of format 1 and elsewhere. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libgit2.so\nleak:libpcre2-8.so\n";
}

struct fixture {
	char dir[64];	/* the current folder while the test runs */
};

static inline void
hermetic_env(const char *home)
{
	static const char *const drop[] = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "SUDO_UID",
	    "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "XDG_CONFIG_HOME", "GIT_CEILING_DIRECTORIES"};
	size_t i;

	for (i = 0; i < NITEMS(drop); i++)
		unsetenv(drop[i]);
	setenv("HOME", home, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_AUTHOR_NAME", "A U Thor", 1);
	setenv("GIT_AUTHOR_EMAIL", "author@example.com", 1);
	setenv("GIT_COMMITTER_NAME", "C O Mitter", 1);
	setenv("GIT_COMMITTER_EMAIL", "committer@example.com", 1);
	setenv("GIT_AUTHOR_DATE", "1700000000 +0000", 1);
	setenv("GIT_COMMITTER_DATE", "1700000000 +0000", 1);
	setenv("LC_ALL", "C", 1);
	setenv("TZ", "UTC", 1);
}

/* Run a shell command in the current folder; it must succeed. */
static inline void PRINTF(1, 2)
sh(const char *fmt, ...)
{
	va_list ap;
	char *cmd;

	va_start(ap, fmt);
	assert_true(vasprintf(&cmd, fmt, ap) >= 0);
	va_end(ap);
	if (system(cmd) != 0)
		fail_msg("command failed: %s", cmd);
	free(cmd);
}

/* What a shell command prints, without the last newline; free it. */
static inline char *PRINTF(1, 2)
sh_out(const char *fmt, ...)
{
	struct buf b = BUF_INIT(16 * MIB);
	char chunk[4096], *cmd;
	va_list ap;
	FILE *f;
	size_t n;

	va_start(ap, fmt);
	assert_true(vasprintf(&cmd, fmt, ap) >= 0);
	va_end(ap);
	f = popen(cmd, "r");
	assert_non_null(f);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, chunk, n);
	if (pclose(f) != 0)
		fail_msg("command failed: %s", cmd);
	free(cmd);
	while (b.n > 0 && b.p[b.n - 1] == '\n')
		buf_trunc(&b, b.n - 1);
	return buf_steal(&b);
}

static inline struct oid
sh_oid(const char *rev)
{
	char *out = sh_out("git rev-parse --verify -q '%s'", rev);
	struct oid oid;

	assert_true(oid_parse(str_of(out), &oid));
	free(out);
	return oid;
}

/* Fail the test with the error's text. */
static inline void
ok_(struct err *e, const char *file, int line)
{
	if (e != NULL) {
		print_error("%s (hint: %s)\n", err_msg(e), err_hint_of(e) ? err_hint_of(e) : "none");
		_fail(file, line);
	}
}
#define ok(e) ok_((e), __FILE__, __LINE__)

/* The error must be there, of this kind, with a line that has 'text'. */
static inline void
fails_(struct err *e, enum err_code code, const char *text, const char *file, int line)
{
	if (e == NULL) {
		print_error("no error\n");
		_fail(file, line);
		return;
	}
	if (err_code(e) != code || strstr(err_msg(e), text) == NULL || strchr(err_msg(e), '\n') != NULL) {
		print_error("%s: %s\n", err_row(err_code(e))->word, err_msg(e));
		_fail(file, line);
	}
	err_free(e);
}
#define fails(e, code, text) fails_((e), (code), (text), __FILE__, __LINE__)

static inline int
fixture_setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/gf-unit.XXXXXX");
	if (mkdtemp(f->dir) == NULL || chdir(f->dir) != 0)
		return -1;
	hermetic_env(f->dir);
	*state = f;
	return 0;
}

/* ... with a repository "repo" of one commit as the current folder. */
static inline int
fixture_repo(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	sh("git init -q -b main repo && cd repo && mkdir -p src doc &&"
	   "echo one > README && echo 'int x;' > src/x.c && echo '#!/bin/sh' > run && chmod +x run &&"
	   "ln -s README link && echo guide > doc/guide && git add . && git commit -q -m 'first commit'");
	return chdir("repo");
}

static inline int
fixture_teardown(void **state)
{
	struct fixture *f = *state;

	if (chdir("/") == 0)
		err_ignore(tree_remove(AT_FDCWD, f->dir));
	free(f);
	return 0;
}

#define TEST_REPO(fn) cmocka_unit_test_setup_teardown(fn, fixture_repo, fixture_teardown)
#define TEST_DIR(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

#endif
