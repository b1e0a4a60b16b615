#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/webhook.h"
#include "wire/pick.h"

#define COMMAND "/factory"

/* What is picked out of a body. */
enum slot {
	ACTION, PROJECT, SENDER, LABEL, REF, AFTER, SHA, BODY, KIND, TARGET, TEAM, CONTEXT,
	NUMBER, ISSUE, PULL, COMMENT, IS_PULL, SLOTS
};

struct draft {
	char *text[SLOTS];
	int64_t number[SLOTS];	/* 0: none */
};

static const struct pick github_places[] = {
	{"action", ACTION}, {"number", NUMBER}, {"is_pull", IS_PULL},
	{"repository.full_name", PROJECT}, {"sender.login", SENDER}, {"label.name", LABEL},
	{"issue.number", ISSUE}, {"issue.pull_request", IS_PULL}, {"pull_request.number", PULL},
	{"comment.id", COMMENT}, {"comment.body", BODY},
	{"review.id", COMMENT}, {"review.body", BODY}, {"review.content", BODY},
	{"ref", REF}, {"after", AFTER}, {"sha", SHA}, {"context", CONTEXT}, {"pull_request.head.sha", SHA},
	{"check_run.head_sha", SHA}, {"check_run.pull_requests[].number", PULL},
	{"check_suite.head_sha", SHA}, {"check_suite.pull_requests[].number", PULL},
	{"workflow_run.head_sha", SHA}, {"workflow_run.pull_requests[].number", PULL},
};

static const struct pick gitlab_places[] = {
	{"object_kind", KIND}, {"object_attributes.action", ACTION}, {"object_attributes.iid", NUMBER},
	{"project.path_with_namespace", PROJECT}, {"user.username", SENDER}, {"user_username", SENDER},
	{"object_attributes.noteable_type", TARGET}, {"object_attributes.id", COMMENT},
	{"object_attributes.note", BODY}, {"object_attributes.sha", SHA},
	{"object_attributes.last_commit.id", SHA}, {"issue.iid", ISSUE}, {"merge_request.iid", PULL},
	{"ref", REF}, {"after", AFTER},
};

static const struct pick linear_places[] = {
	{"type", KIND}, {"action", ACTION}, {"actor.id", SENDER}, {"data.number", NUMBER},
	{"data.team.key", TEAM}, {"data.issue.team.key", TEAM}, {"data.issue.identifier", TARGET},
	{"data.id", COMMENT}, {"data.body", BODY},
};

/* Events by name; those of GitHub, Gitea and Forgejo share one table. */
static const struct row {
	const char *event;
	enum hook_what what;
} github_rows[] = {
	{"ping", HOOK_PING}, {"issues", HOOK_ISSUE}, {"issue_comment", HOOK_COMMENT},
	{"pull_request", HOOK_PULL}, {"pull_request_review", HOOK_REVIEW},
	{"pull_request_review_comment", HOOK_REVIEW}, {"pull_request_review_thread", HOOK_REVIEW},
	{"check_run", HOOK_CHECKS}, {"check_suite", HOOK_CHECKS}, {"status", HOOK_CHECKS},
	{"workflow_run", HOOK_CHECKS}, {"push", HOOK_PUSH},
	/* Gitea's and Forgejo's own words for reviews. */
	{"pull_request_approved", HOOK_REVIEW}, {"pull_request_rejected", HOOK_REVIEW},
	{"pull_request_comment", HOOK_REVIEW},
}, gitlab_rows[] = {
	{"issue", HOOK_ISSUE}, {"work_item", HOOK_ISSUE}, {"note", HOOK_COMMENT},
	{"merge_request", HOOK_PULL}, {"pipeline", HOOK_CHECKS}, {"push", HOOK_PUSH},
}, linear_rows[] = {{"Issue", HOOK_ISSUE}, {"Comment", HOOK_COMMENT}};

static const struct dialect {
	const struct pick *places;
	size_t nplaces;
	const struct row *rows;
	size_t nrows;
} github = {github_places, NITEMS(github_places), github_rows, NITEMS(github_rows)},
    gitlab = {gitlab_places, NITEMS(gitlab_places), gitlab_rows, NITEMS(gitlab_rows)},
    linear = {linear_places, NITEMS(linear_places), linear_rows, NITEMS(linear_rows)};

static const struct dialect *
dialect_of(enum hook_from from)
{
	return from == HOOK_GITLAB ? &gitlab : from == HOOK_LINEAR ? &linear : &github;
}

const char *
hook_what_name(enum hook_what what)
{
	static const char *const names[] = {"ignored", "ping", "issue", "comment", "pull", "review", "checks", "push"};

	return names[what];
}

static enum hook_what
what_of(const struct dialect *d, const char *event)
{
	size_t i;

	for (i = 0; event != NULL && i < d->nrows; i++)
		if (strcmp(d->rows[i].event, event) == 0)
			return d->rows[i].what;
	return HOOK_IGNORED;
}

/* The first value of a slot counts. */
static struct err *
take(void *arg, const struct pick_value *v)
{
	struct draft *d = arg;

	if (v->kind == PICK_TEXT && d->text[v->id] == NULL && (!v->cut || v->id == BODY))
		d->text[v->id] = str_dup(v->text);
	else if (v->kind == PICK_INT && d->number[v->id] == 0 && v->i > 0)
		d->number[v->id] = v->i;
	else if (v->id == IS_PULL && (v->kind == PICK_OBJECT || (v->kind == PICK_BOOL && v->i != 0)))
		d->number[IS_PULL] = 1;
	return NULL;
}

static struct err *
read_body(const struct dialect *dialect, struct str body, struct draft *out)
{
	struct picker *p = pick_open("the webhook's body", dialect->places, dialect->nplaces, take, out);
	struct err *e = pick_feed(p, body);

	if (e == NULL)
		e = pick_end(p);
	pick_close(p);
	return e == NULL ? NULL :
	    err_hint(e, "give the webhook the content type application/json");
}

static void
draft_free(struct draft *d)
{
	size_t i;

	for (i = 0; i < SLOTS; i++)
		free(d->text[i]);
}

/* Text or number, whichever the forge wrote. */
static char *
slot_text(struct draft *d, enum slot s)
{
	if (d->text[s] != NULL)
		return STEAL(d->text[s]);
	return d->number[s] > 0 ? mem_printf("%lld", (long long)d->number[s]) : mem_strdup("");
}

/* Was something said, rather than edited or taken back? GitLab before 16.11 tells of nothing else. */
static bool
is_new(enum hook_from from, const char *action)
{
	return strcmp(action, "created") == 0 || strcmp(action, "create") == 0 ||
	    strcmp(action, "submitted") == 0 || strcmp(action, "reviewed") == 0 ||
	    (from == HOOK_GITLAB && action[0] == '\0');
}

static char *
command_of(const char *body)
{
	struct str rest = str_trim(str_of(body)), line;

	if (!str_starts(rest, COMMAND) || !str_line(&rest, &line))
		return mem_strdup("");
	rest = str_skip(line, strlen(COMMAND));
	return rest.n == 0 || rest.p[0] == ' ' || rest.p[0] == '\t' ? str_dup(str_trim(line)) : mem_strdup("");
}

static bool
is_commit(const char *id)
{
	return id != NULL && (strlen(id) == 40 || strlen(id) == 64) && strspn(id, "0123456789abcdef") == strlen(id);
}

/* What is the number in the body a number of, by the forge's ways? */
static void
place_numbers(enum hook_from from, struct draft *d, struct hook_event *e)
{
	const char *target = d->text[TARGET] != NULL ? d->text[TARGET] : "";
	const char *dash = strrchr(target, '-');

	e->issue = d->number[ISSUE];
	e->pull = d->number[PULL];
	if (from == HOOK_LINEAR) {
		e->issue = d->number[NUMBER];
		if (e->what == HOOK_COMMENT && dash != NULL)
			(void)str_int(str_of(dash + 1), 1, INT64_MAX, &e->issue);
	} else if (from == HOOK_GITLAB && e->what == HOOK_COMMENT) {
		if (strcmp(target, "Issue") != 0 && strcmp(target, "WorkItem") != 0)
			e->issue = 0;
		if (strcmp(target, "MergeRequest") != 0)
			e->pull = 0;
	} else if (e->what == HOOK_ISSUE && e->issue == 0) {
		e->issue = d->number[NUMBER];
	} else if ((e->what == HOOK_PULL || e->what == HOOK_REVIEW) && e->pull == 0) {
		e->pull = d->number[NUMBER];
	}
	if (e->what == HOOK_COMMENT && d->number[IS_PULL] != 0 && e->pull == 0)
		e->pull = e->issue;
	if (e->pull != 0 && e->what != HOOK_ISSUE)
		e->issue = 0;
	if (e->what == HOOK_ISSUE)
		e->pull = 0;
}

/* What it does not tell is told by its kind: an issue has a number, a push a ref. */
static const char *
missing(const struct hook_event *e)
{
	switch (e->what) {
	case HOOK_ISSUE:
		return e->issue > 0 ? NULL : "issue";
	case HOOK_PULL:
	case HOOK_REVIEW:
		return e->pull > 0 ? NULL : "pull request";
	case HOOK_CHECKS:
		return e->head[0] != '\0' ? NULL : "commit";
	case HOOK_PUSH:
		return e->ref[0] != '\0' ? NULL : "ref";
	default:
		return NULL;
	}
}

/*
 * What is no order, our own comments above all; what is on a commit, a snippet,
 * a project; the status that nobody but us sets, and labels of pull requests,
 * which mean nothing to us.
 */
static bool
says_nothing(const struct draft *d, const struct hook_event *e)
{
	switch (e->what) {
	case HOOK_COMMENT:
		return e->pull == 0 && (e->issue == 0 || e->command[0] == '\0');
	case HOOK_CHECKS:
		return d->text[CONTEXT] != NULL && strcmp(d->text[CONTEXT], HOOK_OWN_STATUS) == 0;
	case HOOK_PULL:
		return strcmp(e->action, "unlabeled") == 0 || str_starts(str_of(e->action), "label");
	default:
		return false;
	}
}

static void
fill(enum hook_from from, struct draft *d, struct hook_event *e)
{
	const char *head = e->what == HOOK_PUSH ? d->text[AFTER] : d->text[SHA];
	bool said = e->what == HOOK_COMMENT || e->what == HOOK_REVIEW;

	e->action = slot_text(d, ACTION);
	e->project = slot_text(d, from == HOOK_LINEAR ? TEAM : PROJECT);
	e->sender = slot_text(d, SENDER);
	e->label = slot_text(d, LABEL);
	e->ref = e->what == HOOK_PUSH ? slot_text(d, REF) : mem_strdup("");
	e->head = mem_strdup(is_commit(head) && strspn(head, "0") != strlen(head) ? head : "");
	place_numbers(from, d, e);
	e->comment = said ? slot_text(d, COMMENT) : mem_strdup("");
	e->command = said && d->text[BODY] != NULL && is_new(from, e->action) ? command_of(d->text[BODY]) :
	    mem_strdup("");
	if (says_nothing(d, e))
		e->what = HOOK_IGNORED;
}

struct err *
webhook_parse(enum hook_from from, const char *event, struct str body, struct hook_event *out)
{
	const struct dialect *dialect = dialect_of(from);
	AUTO(hook_event_free) struct hook_event e = {0};
	AUTO(draft_free) struct draft d = {0};

	e.what = what_of(dialect, event);
	if (dialect != &github || e.what != HOOK_IGNORED)
		TRY(read_body(dialect, body, &d));
	/* GitLab's header names an event in prose, and all those of the system alike. */
	if (dialect != &github)
		e.what = what_of(dialect, d.text[KIND]);
	fill(from, &d, &e);
	if (missing(&e) != NULL)
		return err_new(ERR_SYNTAX, "a webhook '%s' of %s names no %s", event, hook_from_name(from),
		    missing(&e));
	*out = e;
	e = (struct hook_event){0};
	return NULL;
}

bool
hook_about_pulls(const struct hook_event *e)
{
	return e->pull > 0 || e->what == HOOK_PULL || e->what == HOOK_REVIEW || e->what == HOOK_CHECKS || e->what == HOOK_PUSH;
}

void
hook_event_free(struct hook_event *e)
{
	free(e->action);
	free(e->project);
	free(e->sender);
	free(e->comment);
	free(e->command);
	free(e->label);
	free(e->ref);
	free(e->head);
	*e = (struct hook_event){0};
}
