/*
 * format.h - may this repository be used, judged from its own configuration
 * before libgit2 sees it.
 *
 * Facts: Documentation/technical/repository-version.txt of git; which
 * extensions libgit2 reads: measured with 1.5.
 */
#ifndef GIT_FORMAT_H
#define GIT_FORMAT_H

#include "base/def.h"

struct err;
struct place;

struct format {
	int64_t version;
	bool bare, bare_set;
	bool partial;		/* extensions.partialClone, or a remote that promises */
	bool worktree_config;	/* extensions.worktreeConfig */
	char *worktree;		/* core.worktree as written, or NULL */
};

/*
 * Read $GIT_COMMON_DIR/config (and config.worktree).  ERR_REPOSITORY with a
 * remedy for sha256, reftable, an unknown version or extension.
 */
struct err *format_read(const struct place *p, struct format *out) MUST_USE;
void format_free(struct format *f);	/* also for AUTO */

#endif
