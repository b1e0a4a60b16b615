/*
 * gitlab_in.h - what the files of gitlab.h share.
 */
#ifndef FORGE_GITLAB_IN_H
#define FORGE_GITLAB_IN_H

#include "forge/answer.h"
#include "forge/ask.h"
#include "wire/node.h"

/* "/projects/group%2Fname", to be followed by the rest. */
void gitlab_project(struct ask *a);
/* "…/issues/5" or "…/merge_requests/5" (FORGE_OF_PULL). */
void gitlab_item(struct ask *a, int64_t number);

/* A user that an answer names; "" and no bot for null. */
struct err *gitlab_user(const struct node *map, const char *key, struct forge_user *out) MUST_USE;

/* Settings of the project that decide here. */
struct gitlab_rules {
	char *default_branch;
	int64_t level;		/* that the token has */
	bool told;		/* the next ones are there */
	bool must_succeed;	/* a pipeline, before merging */
	bool merged_results;	/* pipelines run on the merge result */
	bool linear;		/* a branch is merged only when it has all of the target */
};

struct err *gitlab_rules(struct forge *f, struct gitlab_rules *out) MUST_USE;
void gitlab_rules_free(struct gitlab_rules *r);	/* also for AUTO */

/* ERR_NOT_FOUND when nobody has the name. */
struct err *gitlab_user_id(struct forge *f, const char *login, int64_t *out) MUST_USE;

/* Of the table. */
struct err *gitlab_issues(struct forge *f, const char *label, int64_t since, struct forge_issues *out,
    bool *unchanged) MUST_USE;
struct err *gitlab_issue(struct forge *f, int64_t number, struct forge_issue *out) MUST_USE;
struct err *gitlab_issue_events(struct forge *f, int64_t number, struct forge_events *out) MUST_USE;
struct err *gitlab_comments(struct forge *f, int64_t number, int64_t since, struct forge_comments *out) MUST_USE;
struct err *gitlab_comment_add(struct forge *f, int64_t number, const char *body, char **id) MUST_USE;
struct err *gitlab_comment_edit(struct forge *f, int64_t number, const char *id, const char *body) MUST_USE;
struct err *gitlab_issue_add(struct forge *f, const char *title, const char *body, const struct strs *labels,
    int64_t *number) MUST_USE;
struct err *gitlab_issue_labels(struct forge *f, int64_t number, const struct strs *add,
    const struct strs *remove) MUST_USE;
struct err *gitlab_pull_by_head(struct forge *f, const char *head, const char *base, struct forge_pull *out) MUST_USE;
struct err *gitlab_pull(struct forge *f, int64_t number, struct forge_pull *out) MUST_USE;
struct err *gitlab_pulls(struct forge *f, struct forge_pulls *out, bool *unchanged) MUST_USE;
struct err *gitlab_pull_add(struct forge *f, const struct forge_new_pull *p, struct forge_pull *out) MUST_USE;
struct err *gitlab_pull_edit(struct forge *f, int64_t number, const struct forge_pull_edit *e,
    struct forge_pull *out) MUST_USE;
struct err *gitlab_pull_labels(struct forge *f, int64_t number, const struct strs *add) MUST_USE;
struct err *gitlab_pull_reviewers(struct forge *f, int64_t number, const struct strs *logins,
    const struct strs *teams) MUST_USE;
struct err *gitlab_reviews(struct forge *f, int64_t number, struct forge_reviews *out) MUST_USE;
struct err *gitlab_remarks(struct forge *f, int64_t number, const struct forge_reviews *known,
    struct forge_comments *out) MUST_USE;
struct err *gitlab_checks(struct forge *f, const char *sha, const char *base, struct forge_checks *out) MUST_USE;
struct err *gitlab_status(struct forge *f, const char *sha, const char *context, enum forge_check_state s,
    const char *text, const char *url) MUST_USE;
struct err *gitlab_merge(struct forge *f, int64_t number, const struct forge_merge *m, char **sha) MUST_USE;
struct err *gitlab_auto_merge(struct forge *f, const struct forge_pull *p, const struct forge_merge *m) MUST_USE;
struct err *gitlab_auto_merge_off(struct forge *f, const struct forge_pull *p) MUST_USE;
struct err *gitlab_guarded(struct forge *f, const char *base, const char *context,
    struct forge_guard *out) MUST_USE;

#endif
