/*
 * owners.h - who is asked to review: the owners of the changed files, by the
 * base's CODEOWNERS, and the reviewers of the task's type.
 *
 * GitHub's, GitLab's and Gitea's files are read alike: the last line whose
 * pattern has a path names its owners; sections and addresses are passed over.
 */
#ifndef LINE_PULLS_OWNERS_H
#define LINE_PULLS_OWNERS_H

#include "base/def.h"
#include "base/str.h"

struct err;
struct forge_pull;
struct policy;
struct pull;
struct repo;
struct strs;

#define OWNERS_FILE_MAX (1 * MIB)
#define OWNERS_ASKED_MAX 10	/* logins, and teams */

/* Logins, and teams as "owner/team"; each once, appended. */
struct err *owners_of(struct repo *r, const struct policy *base, const struct pull *p,
    struct strs *logins, struct strs *teams) MUST_USE;

/* "@ada" is a login, "@acme/core" and "acme/core" a team, "ada@example.org" nobody to ask. */
void owners_add(const char *owner, struct strs *logins, struct strs *teams);

/* Take out who is asked there already, or wrote it. */
void owners_drop(struct strs *logins, const struct forge_pull *there);

/* The owners that the text of a CODEOWNERS file gives to a path, as they stand there. */
void owners_in(struct str text, const char *path, struct strs *out);

#endif
