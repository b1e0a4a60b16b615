/*
 * forge.h - GitHub, GitLab, Gitea and Forgejo behind one table of functions.
 *
 * A forge is one project on one server, spoken to over its REST API (and
 * GitHub's GraphQL where REST cannot say it).  Everything here looks before it
 * writes: each write says what it expects, and who lost an answer reads back.
 * All texts from a forge are untrusted: they are capped (FORGE_TEXT_MAX),
 * valid UTF-8 without NUL, and never shown or sent on without being asked for.
 * Strings of the structs are never NULL unless that is said; "" stands for
 * what the forge does not tell.
 *
 *	AUTO(forge_close_p) struct forge *f = NULL;
 *	AUTO(forge_issue_free) struct forge_issue issue = {0};
 *
 *	TRY(forge_open(repo, cfg, NULL, &f, NULL));
 *	if (f != NULL)
 *		TRY(f->api->issue(f, 42, &issue));
 *
 * Errors of all calls: those of http_do() and http_status_err(); ERR_RATE_LIMIT
 * with the time to wait once waiting here would take longer than
 * forge_opts.patience; ERR_SYNTAX for an answer that is not what the API
 * promises; ERR_LIMIT for one that is too large; ERR_NOT_FOUND; ERR_AUTH naming
 * the permission that is missing.  Of a write, ERR_TIMEOUT, ERR_NETWORK and
 * ERR_SERVER leave open whether it was done: read back.  Out-parameters stay
 * untouched on failure; structs and lists are filled from empty, and freed by
 * the caller.  Times are unix seconds, 0 where the forge does not tell.
 */
#ifndef FORGE_FORGE_H
#define FORGE_FORGE_H

#include <signal.h>

#include "base/def.h"
#include "base/vec.h"
#include "forge/place.h"

struct clock;
struct config;
struct err;
struct forge;
struct repo;
struct rest;
struct token;

#define FORGE_TEXT_MAX (256 * KIB)	/* of one body; longer ones are refused */
#define FORGE_LINE_MAX (4 * KIB)	/* of a title, a name, an address */
#define FORGE_LIST_MAX 10000		/* issues, comments, … of one answer over all pages */

/*
 * On GitLab issue 5 and merge request 5 are two things: comments(),
 * comment_add(), comment_edit() and issue_labels() take the number of an issue
 * as it is, and that of a pull request as FORGE_OF_PULL(number).
 */
#define FORGE_OF_PULL(number) (-(number))

/* What one forge cannot do is a flag, not a surprise. */
enum forge_can {
	FORGE_CAN_PROVE_EDITS = 1,	/* issue_events() dates each edit of an issue's text */
	FORGE_CAN_AUTO_MERGE = 2,
	FORGE_CAN_DISPATCH = 4,		/* start a workflow by name */
	FORGE_CAN_TEAMS = 8,		/* reviewers may be teams */
	FORGE_CAN_DRAFT = 16,		/* as a state; else by the title's prefix */
	FORGE_CAN_TELL_ARMED = 32	/* issue_events() of a pull request has what forge_pull.waits lacks */
};

/* In this order: a role may do all that the ones before it may. */
enum forge_role { ROLE_NONE, ROLE_READ, ROLE_TRIAGE, ROLE_WRITE, ROLE_MAINTAIN, ROLE_ADMIN };

struct forge_user {
	char *login;
	char *id;		/* the forge's own number, as text: logins can be reused */
	bool bot;
};

struct forge_issue {
	int64_t number;
	char *id;		/* node id or global id, for what needs it */
	char *title, *body, *url;
	struct forge_user author;
	bool open;
	bool locked;
	struct strs labels;
	struct strs assignees;	/* logins */
	int64_t created, updated;
	char *stamp;		/* answer_stamp(): alike as long as nobody did anything; NULL where nobody tells */
};

/*
 * What happened to an issue, oldest first: what intake must know.  Ask for the
 * issue first and for its events after: an edit in between then shows.
 */
enum forge_deed {
	DEED_LABELED, DEED_UNLABELED, DEED_EDITED, DEED_ASSIGNED, DEED_RENAMED,
	/* Of a pull request, with FORGE_CAN_TELL_ARMED: the forge is to merge it by itself; it is not any more. */
	DEED_ARMED, DEED_DISARMED
};

struct forge_event {
	enum forge_deed deed;
	char *what;		/* the label, the assignee's login; "" */
	struct forge_user who;
	int64_t when;
};

struct forge_comment {
	char *id;
	struct forge_user author;
	char *body, *url;
	int64_t created, updated;
	char *path;		/* of a remark on a change: file, else NULL */
	int64_t line;		/* likewise, 0 where it has none */
	char *commit;		/* likewise: what it was said of, hex, or "" */
	bool resolved;
};

enum forge_pull_state { FORGE_OPEN, FORGE_MERGED, FORGE_CLOSED };
enum forge_tri { TRI_UNKNOWN, TRI_NO, TRI_YES };

struct forge_pull {
	int64_t number;
	char *id;
	char *title, *body, *url;
	struct forge_user author;
	enum forge_pull_state state;
	bool draft;
	char *head;		/* branch */
	char *head_project;	/* "owner/name" of a fork, or our own; "" when it is deleted */
	char *head_sha;		/* full id, hex */
	char *base;
	char *merge_sha;	/* once merged: the commit on the base; "" before */
	char *closed_by;	/* login, "" when open or not told */
	enum forge_tri waits;	/* does the forge itself merge it once it may? */
	enum forge_tri mergeable;	/* unknown also in lists, and while the forge computes it */
	bool behind;		/* the forge says that its head lacks something of the base, all of which the rules ask for */
	struct strs labels;
	struct strs reviewers;	/* logins that were asked */
	int64_t created, updated;
};

enum forge_verdict { REVIEW_COMMENTED, REVIEW_APPROVED, REVIEW_CHANGES, REVIEW_DISMISSED, REVIEW_PENDING };

struct forge_review {
	char *id;
	struct forge_user author;
	enum forge_verdict verdict;
	char *commit;		/* hex; "" where the forge does not tell */
	char *body;
	int64_t when;
	int64_t remarks;	/* on lines, with it; -1 where the forge does not tell */
};

enum forge_check_state {
	CHECK_PENDING,
	CHECK_SUCCESS,
	CHECK_FAILURE,
	CHECK_CANCELLED,
	CHECK_TIMED_OUT,
	CHECK_NEUTRAL,
	CHECK_SKIPPED,
	CHECK_UNKNOWN		/* never good: not reported, or may not be read */
};

struct forge_check {
	char *name;		/* context of a status, name of a check run or job */
	enum forge_check_state state;
	bool required;		/* by the branch's rules */
	char *url, *text;
};

struct forge_issues { VEC_FIELDS(struct forge_issue); };
struct forge_events { VEC_FIELDS(struct forge_event); };
struct forge_comments { VEC_FIELDS(struct forge_comment); };
struct forge_pulls { VEC_FIELDS(struct forge_pull); };
struct forge_reviews { VEC_FIELDS(struct forge_review); };
struct forge_checks { VEC_FIELDS(struct forge_check); };

/* All of these also for AUTO; what they free is zero after. */
void forge_user_free(struct forge_user *u);
void forge_issue_free(struct forge_issue *i);
void forge_issues_free(struct forge_issues *v);
void forge_event_free(struct forge_event *e);
void forge_events_free(struct forge_events *v);
void forge_comment_free(struct forge_comment *c);
void forge_comments_free(struct forge_comments *v);
void forge_pull_free(struct forge_pull *p);
void forge_pulls_free(struct forge_pulls *v);
void forge_review_free(struct forge_review *r);
void forge_reviews_free(struct forge_reviews *v);
void forge_check_free(struct forge_check *c);
void forge_checks_free(struct forge_checks *v);

const char *forge_check_word(enum forge_check_state s);	/* "timed out" */
const char *forge_role_word(enum forge_role r);		/* "write" */

struct forge_new_pull {
	const char *title, *body, *head, *base;
	bool draft;
};

/* NULL members stay as they are. */
struct forge_pull_edit {
	const char *title, *body, *base;
	bool close;
};

enum forge_method { FORGE_SQUASH, FORGE_MERGE, FORGE_REBASE };

struct forge_merge {
	const char *head_sha;	/* full; the merge is refused (ERR_STALE) when the head is another */
	enum forge_method method;
	const char *title, *message;	/* of the commit; ignored by a rebase */
	bool delete_branch;	/* after it; that it could not be deleted is no failure */
	bool *behind;		/* set when it is refused as forge_pull.behind has it, where only that tells; NULL */
};

/* What the rules of a base keep out; what is not told is false. */
struct forge_guard {
	bool status;	/* a head without this status, green */
	bool whole;	/* a head that lacks something of the base */
};

/* How far an issue is, for trackers that show more than open and closed. */
enum forge_stage { STAGE_NONE, STAGE_STARTED, STAGE_REVIEW, STAGE_DONE };

/* What the token must be able to do, for rights(). */
enum forge_need {
	NEED_READ = 1,		/* the project, its issues and pull requests */
	NEED_PUSH = 2,		/* branches, and refs under refs/factory/ */
	NEED_ISSUES = 4,	/* labels, comments, new issues */
	NEED_PULLS = 8,		/* open, edit, merge */
	NEED_CHECKS = 16,	/* read checks and the branch's rules */
	NEED_STATUS = 32,	/* set a status on a commit */
	NEED_PEOPLE = 64,	/* ask what others may do */
	NEED_DISPATCH = 128,	/* start a workflow */
	NEED_WORKFLOWS = 256	/* push changes of workflow files */
};

struct forge_api {
	const char *name;	/* "GitHub" */
	unsigned can;		/* enum forge_can */
	void (*close)(struct forge *);	/* frees 'own'; NULL: nothing to free */

	struct err *(*whoami)(struct forge *, struct forge_user *out);
	/* As it is now, asked live; nobody that the forge knows: ROLE_NONE. */
	struct err *(*role)(struct forge *, const struct forge_user *who, enum forge_role *out);
	struct err *(*default_branch)(struct forge *, char **out);

	/*
	 * Open issues with this label (NULL: all), changed since (0: ever),
	 * most recently changed first, all pages.  *unchanged (may be NULL):
	 * the forge said that none was added or changed since this clone last
	 * asked; 'out' then is what is kept on disk of that answer, from which
	 * one that was closed, or lost its label, meanwhile may not be gone yet.
	 * A 'since' that moves is a new question each time: it is never unchanged.
	 */
	struct err *(*issues)(struct forge *, const char *label, int64_t since,
	    struct forge_issues *out, bool *unchanged);
	struct err *(*issue)(struct forge *, int64_t number, struct forge_issue *out);
	struct err *(*issue_events)(struct forge *, int64_t number, struct forge_events *out);
	/* Of an issue or of FORGE_OF_PULL(), changed since (0: ever), oldest first. */
	struct err *(*comments)(struct forge *, int64_t number, int64_t since, struct forge_comments *out);
	struct err *(*comment_add)(struct forge *, int64_t number, const char *body, char **id);	/* id may be NULL */
	struct err *(*comment_edit)(struct forge *, int64_t number, const char *id, const char *body);
	struct err *(*issue_add)(struct forge *, const char *title, const char *body,
	    const struct strs *labels, int64_t *number);
	struct err *(*issue_labels)(struct forge *, int64_t number, const struct strs *add,
	    const struct strs *remove);	/* either may be NULL; one that is not there is no failure */
	/*
	 * Show on the issue that it has come so far: in the state of that name,
	 * "": in the first that the tracker has for the stage.  One that is there,
	 * or further on, stays where it is: *moved NULL, else the state's name.
	 * ERR_CONFIG when there is no such state.  NULL where issues are open or
	 * closed and nothing else.
	 */
	struct err *(*issue_stage)(struct forge *, int64_t number, enum forge_stage, const char *name,
	    char **moved);

	/*
	 * By head branch of this project (base NULL: any base): an open one if
	 * there is any, else the newest.  ERR_NOT_FOUND.
	 */
	struct err *(*pull_by_head)(struct forge *, const char *head, const char *base,
	    struct forge_pull *out);
	struct err *(*pull)(struct forge *, int64_t number, struct forge_pull *out);
	/* Open ones, most recently changed first; *unchanged as of issues(). */
	struct err *(*pulls)(struct forge *, struct forge_pulls *out, bool *unchanged);
	/* ERR_EXISTS when an open one for the head is there: look it up and adopt it. */
	struct err *(*pull_add)(struct forge *, const struct forge_new_pull *, struct forge_pull *out);
	struct err *(*pull_edit)(struct forge *, int64_t number, const struct forge_pull_edit *,
	    struct forge_pull *out);	/* out may be NULL */
	struct err *(*pull_labels)(struct forge *, int64_t number, const struct strs *add);
	/* Either list may be NULL; ERR_DENIED naming who cannot be asked. */
	struct err *(*pull_reviewers)(struct forge *, int64_t number, const struct strs *logins,
	    const struct strs *teams);
	struct err *(*reviews)(struct forge *, int64_t number, struct forge_reviews *out);	/* oldest first */
	/* On lines; 'known' are its reviews where they were just read, else NULL. */
	struct err *(*remarks)(struct forge *, int64_t number, const struct forge_reviews *known,
	    struct forge_comments *out);

	/*
	 * The latest of each name.  Required ones (by the rules of 'base') that
	 * did not report are there as CHECK_UNKNOWN, and so is one named
	 * "rules of the branch" when these may not be read.
	 */
	struct err *(*checks)(struct forge *, const char *sha, const char *base,
	    struct forge_checks *out);
	struct err *(*status)(struct forge *, const char *sha, const char *context,
	    enum forge_check_state, const char *text, const char *url);

	/*
	 * ERR_STALE: the head moved.  ERR_STATE: not allowed (yet), the message
	 * says what the forge says.  *sha: the commit on the base.
	 */
	struct err *(*merge)(struct forge *, int64_t number, const struct forge_merge *, char **sha);
	/*
	 * These are NULL without FORGE_CAN_AUTO_MERGE.  The forge merges it once
	 * it may; whether the head is the expected one it looks at now and, mostly,
	 * not then.  ERR_STATE: nothing to wait for, or not allowed here.
	 */
	struct err *(*auto_merge)(struct forge *, const struct forge_pull *, const struct forge_merge *);
	struct err *(*auto_merge_off)(struct forge *, const struct forge_pull *);	/* off already: fine */
	/*
	 * With both, another head than the one that was given the status, or
	 * another tree than the one that was tested, is kept out by the forge
	 * itself.
	 */
	struct err *(*guarded)(struct forge *, const char *base, const char *context,
	    struct forge_guard *out);
	struct err *(*branch_delete)(struct forge *, const char *branch);	/* gone already: fine */
	/* NULL without FORGE_CAN_DISPATCH. */
	struct err *(*dispatch)(struct forge *, const char *workflow, const char *ref);
	/* Is this run of the forge's CI over?  Of Actions, or a pipeline, by its id.  NULL: it has no CI. */
	struct err *(*run_over)(struct forge *, int64_t run, bool *over);
	/*
	 * A line for each of 'needs' (enum forge_need) that the token lacks,
	 * with the name that the forge's settings have for it.  What cannot be
	 * found out without doing it is taken to be there.
	 */
	struct err *(*rights)(struct forge *, unsigned needs, struct strs *missing);
};

struct forge {
	const struct forge_api *api;
	struct forge_place place;
	struct rest *rest;
	char *dir;		/* for what is kept between processes; NULL: nowhere */
	struct token *token;	/* what it asks with */
	void *own;		/* the kind's: what it looked up once */
};

struct forge_opts {
	const struct clock *clock;	/* NULL: the system's */
	void (*sleep_ms)(void *arg, int64_t ms);	/* NULL: really */
	void *arg;
	size_t nodes;		/* that share the forge's limits: 0 and 1, this clone alone */
	int64_t patience;	/* seconds that one call may wait for limits; 0: 120 */
	const volatile sig_atomic_t *cancel;	/* may be NULL */
};

/*
 * The forge of this clone by configuration and remote.  *out NULL: there is
 * none, and 'why' (may be NULL) is NULL when none is meant, else one line to
 * tell the user (a forge was detected, but there is no token for it).  That the
 * configuration is trusted is for the caller to ask, before this.  ERR_AUTH
 * for a forge that is named and has no token; ERR_CONFIG when it is not clear
 * which project is meant.  Nothing is asked of the network.
 */
struct err *forge_open(struct repo *r, const struct config *c, const struct forge_opts *o,
    struct forge **out, char **why) MUST_USE;
/* whoami(), kept on disk for a day: a token's user does not change. */
struct err *forge_self(struct forge *f, struct forge_user *out) MUST_USE;

void forge_close(struct forge *f);	/* NULL is fine */
void forge_close_p(struct forge **f);	/* for AUTO */

#endif
