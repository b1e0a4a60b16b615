/*
 * github_part.h - what the parts of GitHub's table share.
 *
 * github.c: people, issues, comments.  github_pull.c: pull requests.
 * github_check.c: checks, status, merge.  github_graphql.c: what REST cannot say.  github_rights.c: what the
 * token may do.
 */
#ifndef FORGE_GITHUB_PART_H
#define FORGE_GITHUB_PART_H

#include "base/buf.h"
#include "base/def.h"
#include "forge/forge.h"
#include "forge/rest.h"
#include "wire/json.h"

struct node;

/* "/repos/owner/name" and the rest, formatted; free it.  Parts from outside go through rest_part(). */
char *gh_path(const struct forge *f, const char *fmt, ...) PRINTF(2, 3) MUST_USE;

/* For %s of the above: encoded; free it. */
char *gh_part(const char *s) MUST_USE;

/* One request; 'out' NULL: its answer is not looked at. */
struct err *gh_send(struct forge *f, const char *method, const char *path, const struct buf *body,
    const char *what, struct rest_reply *out) MUST_USE;

/* One that is asked again and again. */
struct err *gh_get(struct forge *f, const char *path, const char *what, struct rest_reply *out) MUST_USE;

/* Labels are objects, and strings in answers of old. */
struct err *gh_labels(const struct node *map, struct strs *out) MUST_USE;
struct err *gh_label_add(struct forge *f, int64_t number, const struct strs *add) MUST_USE;

/* A member that is a list; none where there is nothing in it. */
void gh_strs(struct jw *w, const char *key, const struct strs *v);

/* An account, also one that is deleted (null): then it has no name. */
struct err *gh_user(const struct node *map, const char *key, struct forge_user *out) MUST_USE;

struct err *gh_read_issue(const struct node *n, struct forge_issue *out) MUST_USE;
struct err *gh_read_comment(const struct node *n, struct forge_comment *out) MUST_USE;
struct err *gh_read_pull(const struct node *n, struct forge_pull *out) MUST_USE;
struct err *gh_read_review(const struct node *n, struct forge_review *out) MUST_USE;

/* github_pull.c */
struct err *gh_pull_by_head(struct forge *f, const char *head, const char *base, struct forge_pull *out) MUST_USE;
struct err *gh_pull(struct forge *f, int64_t number, struct forge_pull *out) MUST_USE;
struct err *gh_pulls(struct forge *f, struct forge_pulls *out, bool *unchanged) MUST_USE;
struct err *gh_pull_add(struct forge *f, const struct forge_new_pull *p, struct forge_pull *out) MUST_USE;
struct err *gh_pull_edit(struct forge *f, int64_t number, const struct forge_pull_edit *p,
    struct forge_pull *out) MUST_USE;
struct err *gh_pull_labels(struct forge *f, int64_t number, const struct strs *add) MUST_USE;
struct err *gh_pull_reviewers(struct forge *f, int64_t number, const struct strs *logins,
    const struct strs *teams) MUST_USE;
struct err *gh_reviews(struct forge *f, int64_t number, struct forge_reviews *out) MUST_USE;

/* github_check.c */
struct err *gh_checks(struct forge *f, const char *sha, const char *base, struct forge_checks *out) MUST_USE;
struct err *gh_status(struct forge *f, const char *sha, const char *context, enum forge_check_state state,
    const char *text, const char *url) MUST_USE;
struct err *gh_merge(struct forge *f, int64_t number, const struct forge_merge *m, char **sha) MUST_USE;
struct err *gh_guarded(struct forge *f, const char *base, const char *context,
    struct forge_guard *out) MUST_USE;
struct err *gh_branch_delete(struct forge *f, const char *branch) MUST_USE;
struct err *gh_read_run(const struct node *n, struct forge_check *out) MUST_USE;
struct err *gh_read_status(const struct node *n, struct forge_check *out) MUST_USE;

/* github_graphql.c */
struct err *gh_issue_events(struct forge *f, int64_t number, struct forge_events *out) MUST_USE;
/* As REST does not tell an App's or Actions' token. */
struct err *gh_viewer(struct forge *f, struct forge_user *out) MUST_USE;
struct err *gh_auto_merge(struct forge *f, const struct forge_pull *p, const struct forge_merge *m) MUST_USE;
struct err *gh_auto_merge_off(struct forge *f, const struct forge_pull *p) MUST_USE;
struct err *gh_remarks(struct forge *f, int64_t number, const struct forge_reviews *known,
    struct forge_comments *out) MUST_USE;
/* Of one page; for tests and fuzzing, too. */
struct err *gh_read_events(const struct node *issue, struct forge_events *out) MUST_USE;
struct err *gh_read_threads(const struct node *pull, struct forge_comments *out) MUST_USE;

/* github_rights.c */
struct err *gh_rights(struct forge *f, unsigned needs, struct strs *missing) MUST_USE;

#endif
