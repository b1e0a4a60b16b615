/*
 * gitea_in.h - what the files of gitea.h share.
 */
#ifndef FORGE_GITEA_IN_H
#define FORGE_GITEA_IN_H

#include "forge/answer.h"
#include "forge/ask.h"
#include "wire/node.h"

#define GITEA_PAGE "50"	/* MAX_RESPONSE_ITEMS of a server that nobody changed */

/* "/repos/owner/name", to be followed by the rest. */
void gitea_repo(struct ask *a);
/* A branch, whose slashes stay. */
void gitea_branch(struct ask *a, const char *branch);

/*
 * The page size of a list without Link headers (labels, reviews, timelines).
 * DEFAULT_PAGING_NUM, which fewer servers cap: a timeline's X-Total-Count is
 * that of the page alone.
 */
void gitea_pages(struct ask *a);

/* A user that an answer names; "" for null. */
struct err *gitea_user(const struct node *map, const char *key, struct forge_user *out) MUST_USE;

/* Of the table. */
struct err *gitea_issues(struct forge *f, const char *label, int64_t since, struct forge_issues *out,
    bool *unchanged) MUST_USE;
struct err *gitea_issue(struct forge *f, int64_t number, struct forge_issue *out) MUST_USE;
struct err *gitea_issue_events(struct forge *f, int64_t number, struct forge_events *out) MUST_USE;
struct err *gitea_comments(struct forge *f, int64_t number, int64_t since, struct forge_comments *out) MUST_USE;
struct err *gitea_comment_add(struct forge *f, int64_t number, const char *body, char **id) MUST_USE;
struct err *gitea_comment_edit(struct forge *f, int64_t number, const char *id, const char *body) MUST_USE;
struct err *gitea_issue_add(struct forge *f, const char *title, const char *body, const struct strs *labels,
    int64_t *number) MUST_USE;
struct err *gitea_issue_labels(struct forge *f, int64_t number, const struct strs *add,
    const struct strs *remove) MUST_USE;
struct err *gitea_pull_by_head(struct forge *f, const char *head, const char *base, struct forge_pull *out) MUST_USE;
struct err *gitea_pull(struct forge *f, int64_t number, struct forge_pull *out) MUST_USE;
struct err *gitea_pulls(struct forge *f, struct forge_pulls *out, bool *unchanged) MUST_USE;
struct err *gitea_pull_add(struct forge *f, const struct forge_new_pull *p, struct forge_pull *out) MUST_USE;
struct err *gitea_pull_edit(struct forge *f, int64_t number, const struct forge_pull_edit *e,
    struct forge_pull *out) MUST_USE;
struct err *gitea_pull_labels(struct forge *f, int64_t number, const struct strs *add) MUST_USE;
struct err *gitea_pull_reviewers(struct forge *f, int64_t number, const struct strs *logins,
    const struct strs *teams) MUST_USE;
struct err *gitea_reviews(struct forge *f, int64_t number, struct forge_reviews *out) MUST_USE;
struct err *gitea_remarks(struct forge *f, int64_t number, const struct forge_reviews *known,
    struct forge_comments *out) MUST_USE;
struct err *gitea_checks(struct forge *f, const char *sha, const char *base, struct forge_checks *out) MUST_USE;
struct err *gitea_status(struct forge *f, const char *sha, const char *context, enum forge_check_state s,
    const char *text, const char *url) MUST_USE;
struct err *gitea_merge(struct forge *f, int64_t number, const struct forge_merge *m, char **sha) MUST_USE;
struct err *gitea_auto_merge(struct forge *f, const struct forge_pull *p, const struct forge_merge *m) MUST_USE;
struct err *gitea_auto_merge_off(struct forge *f, const struct forge_pull *p) MUST_USE;
struct err *gitea_guarded(struct forge *f, const char *base, const char *context,
    struct forge_guard *out) MUST_USE;
struct err *gitea_branch_delete(struct forge *f, const char *branch) MUST_USE;

#endif
