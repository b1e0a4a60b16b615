#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/lib.h"
#include "base/mem.h"
#include "git/lg2.h"
#include "git/repo.h"

struct lg2_table lg2;

static const char *const names[] = {
#define LG2(name) #name,
#include "git/lg2.tbl.h"
#undef LG2
};

union slots {
	struct lg2_table table;
	void *fns[NITEMS(names)];
};

_Static_assert(sizeof(union slots) == sizeof(struct lg2_table), "one pointer per function");

/* repo_open() has judged these; libgit2 is only to read on. */
static const char *extensions[] = {"noop", "noop-v1", "objectformat", "refstorage",
    "worktreeconfig", "partialclone", "preciousobjects", "relativeworktrees"};

#define TREE_KEPT_MAX (1 * MIB)
#define BLOB_KEPT_MAX (4 * KIB)
#define CACHE_MAX (16 * MIB)	/* bytes of all that it keeps */

static struct err *
set_options(void)
{
	int rc;

	rc = lg2.git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, NITEMS(extensions));
	if (rc == 0)
		rc = lg2.git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	if (rc == 0)
		rc = lg2.git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 1);
	/* A run reads the same trees again and again; of a folder of many files it would keep none. */
	if (rc == 0)
		rc = lg2.git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_TREE, (size_t)TREE_KEPT_MAX);
	/* A task, a record or a policy is read several times in one step; it keeps no blobs by itself. */
	if (rc == 0)
		rc = lg2.git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_BLOB, (size_t)BLOB_KEPT_MAX);
	if (rc == 0)
		rc = lg2.git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHE_MAX);
	return rc < 0 ? lg2_err(NULL, rc, "cannot set up libgit2") : NULL;
}

/*
 * libgit2 on Mbed TLS (Debian, Ubuntu) parses the system's certificates when
 * it is initialised, 5 of the 9 ms that its start takes.  The Makefile exports
 * this name, so that it finds ours first: network traffic is the git program's
 * and libcurl's, and a libgit2 that trusts no server cannot be talked into any.
 */
int mbedtls_x509_crt_parse_file(void *chain, const char *path);

int
mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
	(void)chain;
	(void)path;
	return 0;
}

struct err *
lg2_open(void)
{
	git_allocator memory = lg2_allocator;
	union slots slots;
	int rc;

	if (lg2.git_libgit2_init != NULL)
		return NULL;
	TRY(lib_open(SO_GIT2, names, slots.fns, NITEMS(names)));
	rc = slots.table.git_libgit2_opts(GIT_OPT_SET_ALLOCATOR, &memory);
	if (rc == 0)
		rc = slots.table.git_libgit2_init();
	if (rc < 0)
		return err_new(ERR_COMMAND, "cannot initialise libgit2");
	lg2 = slots.table;
	return set_options();
}

void
lg2_fsync(bool on)
{
	lg2.git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, on ? 1 : 0);
}

static enum err_code
code_of(int rc, int klass, const char *why)
{
	if (strstr(why, "No space left") != NULL || strstr(why, "quota exceeded") != NULL)
		return ERR_DISK_FULL;
	if (strstr(why, "Permission denied") != NULL || strstr(why, "Read-only file system") != NULL)
		return ERR_DENIED;
	switch (rc) {
	case GIT_ENOTFOUND:
		return ERR_NOT_FOUND;
	case GIT_EAMBIGUOUS:
		return ERR_AMBIGUOUS;
	case GIT_EEXISTS:
	case GIT_EMODIFIED:
		return ERR_STALE;
	case GIT_ELOCKED:
		return ERR_LOCKED;
	case GIT_EINVALIDSPEC:
		return ERR_DENIED;
	case GIT_EMISMATCH:
		return ERR_REPOSITORY;
	}
	switch (klass) {
	case GIT_ERROR_ODB:
	case GIT_ERROR_OBJECT:
	case GIT_ERROR_ZLIB:
	case GIT_ERROR_TREE:
	case GIT_ERROR_REPOSITORY:
		return ERR_REPOSITORY;
	case GIT_ERROR_CONFIG:
		return ERR_CONFIG;
	default:
		return ERR_IO;
	}
}

struct err *
lg2_err(const struct repo *r, int rc, const char *fmt, ...)
{
	const git_error *last = lg2.git_error_last();
	const char *why = last == NULL || last->message == NULL ? "no reason given" : last->message;
	int klass = last == NULL ? GIT_ERROR_NONE : last->klass;
	struct err *e;
	va_list ap;

	e = err_new(code_of(rc, klass, why), "%s", why);
	va_start(ap, fmt);
	{
		AUTO(err_free_p) struct err *what = err_newv(ERR_BUG, fmt, ap);

		e = err_wrap(e, "%s", err_msg(what));
	}
	va_end(ap);
	if (r == NULL || rc != GIT_ENOTFOUND)
		return e;
	if (repo_is_shallow(r))
		e = err_hint(err_recode(e, ERR_REPOSITORY),
		    "this clone is shallow: run 'git fetch --unshallow'");
	else if (repo_is_partial(r))
		e = err_hint(err_recode(e, ERR_REPOSITORY),
		    "this clone is partial: run 'git fetch --refetch --no-filter'");
	return e;
}

#define FREE_P(type, fn)                       \
	void lg2_##fn##_free_p(type **p)       \
	{                                      \
		if (*p != NULL)                \
			lg2.git_##fn##_free(*p); \
		*p = NULL;                     \
	}

FREE_P(git_object, object)
FREE_P(git_tree, tree)
FREE_P(git_commit, commit)
FREE_P(git_blob, blob)
FREE_P(git_odb, odb)
FREE_P(git_odb_object, odb_object)
FREE_P(git_treebuilder, treebuilder)
FREE_P(git_signature, signature)
FREE_P(git_index, index)
FREE_P(git_diff, diff)
FREE_P(git_config, config)
FREE_P(git_revwalk, revwalk)
