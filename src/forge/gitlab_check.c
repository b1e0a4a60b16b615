#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/gitlab_in.h"

/* Of a commit status, a job, a pipeline. */
static enum forge_check_state
state_of(const char *word, bool may_fail)
{
	static const struct {
		const char *word;
		enum forge_check_state state;
	} rows[] = {{"success", CHECK_SUCCESS}, {"failed", CHECK_FAILURE}, {"canceled", CHECK_CANCELLED},
	    {"skipped", CHECK_SKIPPED}, {"created", CHECK_PENDING}, {"waiting_for_resource", CHECK_PENDING},
	    {"waiting_for_callback", CHECK_PENDING}, {"preparing", CHECK_PENDING}, {"pending", CHECK_PENDING},
	    {"running", CHECK_PENDING}, {"scheduled", CHECK_PENDING}, {"canceling", CHECK_PENDING},
	    {"manual", CHECK_PENDING}};
	size_t i;

	if (may_fail && strcmp(word, "failed") == 0)
		return CHECK_NEUTRAL;
	/* Nobody has to press the button. */
	if (may_fail && strcmp(word, "manual") == 0)
		return CHECK_SKIPPED;
	for (i = 0; i < NITEMS(rows); i++)
		if (strcmp(rows[i].word, word) == 0)
			return rows[i].state;
	return CHECK_UNKNOWN;
}

struct statuses {
	struct forge_checks all;
	VEC(int64_t) ids;	/* of the newest of each name */
	bool must_succeed;
};

static void
statuses_free(struct statuses *s)
{
	forge_checks_free(&s->all);
	vec_free(&s->ids);
}

/* Several pipelines of one commit have jobs of the same names: the newest counts. */
static void
keep_newest(struct statuses *s, struct forge_check *c, int64_t id)
{
	size_t i;

	for (i = 0; i < s->all.n; i++)
		if (strcmp(s->all.v[i].name, c->name) == 0)
			break;
	if (i == s->all.n) {
		vec_push(&s->all, *c);
		vec_push(&s->ids, id);
	} else if (id > s->ids.v[i]) {
		forge_check_free(&s->all.v[i]);
		s->all.v[i] = *c;
		s->ids.v[i] = id;
	} else {
		return;
	}
	*c = (struct forge_check){0};
}

static struct err *
take_status(void *arg, const struct node *n)
{
	AUTO(forge_check_free) struct forge_check c = {0};
	AUTO(mem_free_p) char *word = NULL;
	struct statuses *s = arg;
	bool may_fail = false;
	int64_t id = 0;

	TRY(answer_int(n, "id", &id));
	TRY(answer_str(n, "name", FORGE_LINE_MAX, &c.name));
	TRY(answer_str(n, "status", FORGE_LINE_MAX, &word));
	TRY(answer_bool(n, "allow_failure", &may_fail));
	TRY(answer_text(n, "target_url", FORGE_LINE_MAX, &c.url));
	TRY(answer_text(n, "description", FORGE_TEXT_MAX, &c.text));
	c.state = state_of(word, may_fail);
	c.required = s->must_succeed && !may_fail;
	keep_newest(s, &c, id);
	return NULL;
}

static void
push_check(struct forge_checks *all, const char *name, enum forge_check_state state, const char *text)
{
	struct forge_check c = {.name = mem_strdup(name), .state = state, .required = true, .url = mem_strdup(""),
	    .text = mem_strdup(text)};

	vec_push(all, c);
}

/* The pipeline of the merge result ran on a commit that no branch has: the request names it. */
static struct err *
result_pipeline(struct forge *f, int64_t number, struct statuses *s)
{
	AUTO(mem_free_p) char *word = NULL;
	AUTO(ask_free) struct ask a = {0};
	const struct node *head;

	ask_open(&a, f, NULL, "merge request %" PRId64, number);
	gitlab_item(&a, FORGE_OF_PULL(number));
	TRY(ask_send(&a));
	head = node_get(a.reply.body, "head_pipeline");
	if (head == NULL || head->kind != NODE_MAP) {
		push_check(&s->all, "pipeline of the merge result", CHECK_UNKNOWN, "none has run");
		return NULL;
	}
	TRY(answer_str(head, "status", FORGE_LINE_MAX, &word));
	push_check(&s->all, "pipeline of the merge result", state_of(word, false), word);
	return NULL;
}

static struct err *
result_checks(struct forge *f, const char *sha, const char *base, struct statuses *s)
{
	AUTO(ask_free) struct ask a = {0};
	const struct node *n = NULL;
	const char *state, *target;
	int64_t number = 0;

	ask_open(&a, f, NULL, "the merge requests of %.12s", sha);
	gitlab_project(&a);
	ask_path(&a, "/repository/commits/%s/merge_requests", sha);
	TRY(ask_send(&a));
	while (ask_next(a.reply.body, &n)) {
		state = node_get_str(n, "state");
		target = node_get_str(n, "target_branch");
		if (state == NULL || strcmp(state, "opened") != 0 || target == NULL || strcmp(target, base) != 0)
			continue;
		TRY(answer_int(n, "iid", &number));
		TRY(result_pipeline(f, number, s));
	}
	return NULL;
}

static struct err *
read_statuses(struct forge *f, const char *sha, const char *name, struct statuses *s)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "the checks of %.12s", sha);
	gitlab_project(&a);
	ask_path(&a, "/repository/commits/%s/statuses", sha);
	ask_query(&a, "name", name);
	ask_query(&a, "per_page", "100");
	a.call.cached = true;
	return ask_each(&a, false, take_status, s, NULL);
}

struct err *
gitlab_checks(struct forge *f, const char *sha, const char *base, struct forge_checks *out)
{
	AUTO(gitlab_rules_free) struct gitlab_rules rules = {0};
	AUTO(statuses_free) struct statuses s = {0};

	TRY(gitlab_rules(f, &rules));
	s.must_succeed = rules.must_succeed;
	TRY(read_statuses(f, sha, NULL, &s));
	if (rules.merged_results)
		TRY(result_checks(f, sha, base, &s));
	if (!rules.told)
		push_check(&s.all, "rules of the branch", CHECK_UNKNOWN, "the project's settings may not be read");
	else if (rules.must_succeed && s.all.n == 0)
		push_check(&s.all, "pipeline", CHECK_UNKNOWN, "none has run, and the project requires one");
	*out = s.all;
	s.all = (struct forge_checks){0};
	return NULL;
}

static const char *
word_of(enum forge_check_state s)
{
	switch (s) {
	case CHECK_SUCCESS:
	case CHECK_NEUTRAL:
	case CHECK_SKIPPED:
		return "success";
	case CHECK_FAILURE:
	case CHECK_TIMED_OUT:
		return "failed";
	case CHECK_CANCELLED:
		return "canceled";
	default:
		return "pending";
	}
}

static struct err *
has_state(struct forge *f, const char *sha, const char *context, enum forge_check_state state, bool *yes)
{
	AUTO(statuses_free) struct statuses now = {0};
	size_t i;

	*yes = false;
	TRY(read_statuses(f, sha, context, &now));
	for (i = 0; i < now.all.n; i++)
		*yes = *yes || (strcmp(now.all.v[i].name, context) == 0 && now.all.v[i].state == state);
	return NULL;
}

/* The same state twice is refused ("Cannot transition status"). */
struct err *
gitlab_status(struct forge *f, const char *sha, const char *context, enum forge_check_state state, const char *text,
    const char *url)
{
	AUTO(ask_free) struct ask a = {0};
	const char *word = word_of(state);
	bool yes;

	ask_open(&a, f, "POST", "the status '%s' of %.12s", context, sha);
	gitlab_project(&a);
	ask_path(&a, "/statuses/%s", sha);
	ask_str(&a, "state", word);
	ask_str(&a, "name", context);
	ask_str(&a, "description", text);
	ask_str(&a, "target_url", url);
	a.call.accept[0] = 400;
	TRY(ask_send(&a));
	if (a.reply.status != 400)
		return NULL;
	TRY(has_state(f, sha, context, state_of(word, false), &yes));
	return yes ? NULL : ask_refused(&a, ERR_STATE);
}

/* In words, as "Merge request merge status" of its API has them. */
static const char *
hindrance(const char *status)
{
	static const struct {
		const char *status, *words;
	} rows[] = {{"ci_must_pass", "a pipeline must succeed first"}, {"ci_still_running", "a pipeline is still running"},
	    {"not_approved", "approvals are missing"}, {"requested_changes", "a reviewer asks for changes"},
	    {"discussions_not_resolved", "discussions are not resolved"}, {"draft_status", "it is a draft"},
	    {"need_rebase", "its branch lacks what the target has"}, {"conflict", "it conflicts with the target"},
	    {"commits_status", "its branch is missing or has no commits"}, {"not_open", "it is not open"},
	    {"status_checks_must_pass", "external status checks must pass first"},
	    {"security_policy_violations", "a security policy forbids it"}, {"jira_association_missing", "no Jira issue is named"},
	    {"merge_request_blocked", "another merge request blocks it"}, {"locked_paths", "paths that it changes are locked"},
	    {"title_regex", "its title is not as the project wants it"}, {"checking", "GitLab is still checking"},
	    {"unchecked", "GitLab has not checked it yet"}, {"preparing", "GitLab is still preparing it"}};
	size_t i;

	for (i = 0; i < NITEMS(rows); i++)
		if (strcmp(rows[i].status, status) == 0)
			return rows[i].words;
	return status;
}

/* GitLab's refusal is a bare "405 Method Not Allowed": the request itself tells why. */
static struct err *
merge_refused(struct ask *a, int64_t number)
{
	bool moved = a->reply.status == 409 && ask_said(a, "SHA does not match");
	AUTO(mem_free_p) char *status = NULL;
	AUTO(ask_free) struct ask now = {0};
	struct err *e = ask_refused(a, moved ? ERR_STALE : ERR_STATE), *unsaid;

	if (moved)
		return e;
	ask_open(&now, a->f, NULL, "merge request %" PRId64, number);
	gitlab_item(&now, FORGE_OF_PULL(number));
	unsaid = ask_send(&now);
	if (unsaid == NULL)
		unsaid = answer_text(now.reply.body, "detailed_merge_status", FORGE_LINE_MAX, &status);
	err_ignore(unsaid);
	if (status == NULL || status[0] == '\0' || strcmp(status, "mergeable") == 0)
		return e;
	err_free(e);
	return err_new(ERR_STATE, "GitLab does not merge merge request %" PRId64 ": %s", number, hindrance(status));
}

/* 405: not allowed (yet); 406 and 422: cannot be merged; 409: another head, or locked. */
static void
merge_call(struct ask *a, struct forge *f, int64_t number, const struct forge_merge *m, const char *message)
{
	static const int refusals[REST_ACCEPT_MAX] = {405, 406, 409, 422};

	ask_open(a, f, "PUT", "merging merge request %" PRId64, number);
	gitlab_item(a, FORGE_OF_PULL(number));
	ask_path(a, "/merge");
	memcpy(a->call.accept, refusals, sizeof(refusals));
	ask_str(a, "sha", m->head_sha);
	ask_flag(a, "squash", m->method == FORGE_SQUASH);
	ask_flag(a, "should_remove_source_branch", m->delete_branch);
	if (m->method == FORGE_SQUASH)
		ask_str(a, "squash_commit_message", message);
	else if (m->method == FORGE_MERGE)
		ask_str(a, "merge_commit_message", message);
}

static char *
message_of(const struct forge_merge *m)
{
	bool more = m->message != NULL && m->message[0] != '\0';

	return m->title == NULL ? NULL : mem_printf("%s%s%s", m->title, more ? "\n\n" : "", more ? m->message : "");
}

struct err *
gitlab_merge(struct forge *f, int64_t number, const struct forge_merge *m, char **sha)
{
	AUTO(mem_free_p) char *message = message_of(m), *state = NULL, *merge = NULL, *squash = NULL;
	AUTO(ask_free) struct ask a = {0};

	merge_call(&a, f, number, m, message);
	TRY(ask_send(&a));
	if (a.reply.status / 100 != 2)
		return merge_refused(&a, number);
	TRY(answer_str(a.reply.body, "state", FORGE_LINE_MAX, &state));
	if (strcmp(state, "merged") != 0)
		return err_new(ERR_STATE, "%s: merge request %" PRId64 " is not merged yet but '%s'", f->api->name, number,
		    state);
	TRY(answer_sha(a.reply.body, "merge_commit_sha", &merge));
	TRY(answer_sha(a.reply.body, "squash_commit_sha", &squash));
	*sha = mem_strdup(merge[0] != '\0' ? merge : squash[0] != '\0' ? squash : m->head_sha);
	return NULL;
}

/* The older name of the flag goes along: a server that knows neither of them would merge at once. */
struct err *
gitlab_auto_merge(struct forge *f, const struct forge_pull *p, const struct forge_merge *m)
{
	AUTO(mem_free_p) char *message = message_of(m);
	AUTO(ask_free) struct ask a = {0};

	merge_call(&a, f, p->number, m, message);
	ask_flag(&a, "auto_merge", true);
	ask_flag(&a, "merge_when_pipeline_succeeds", true);
	TRY(ask_send(&a));
	return a.reply.status / 100 == 2 ? NULL : merge_refused(&a, p->number);
}

struct err *
gitlab_auto_merge_off(struct forge *f, const struct forge_pull *p)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "POST", "no merge of merge request %" PRId64 " in due time", p->number);
	gitlab_item(&a, FORGE_OF_PULL(p->number));
	ask_path(&a, "/cancel_merge_when_pipeline_succeeds");
	/* It is merged, or was not to be. */
	a.call.accept[0] = 405;
	a.call.accept[1] = 406;
	return ask_send(&a);
}

/*
 * Statuses are a part of the pipeline, all of which must succeed; and another
 * head ends the waiting by itself.
 */
struct err *
gitlab_guarded(struct forge *f, const char *base UNUSED, const char *context UNUSED, struct forge_guard *out)
{
	AUTO(gitlab_rules_free) struct gitlab_rules r = {0};

	TRY(gitlab_rules(f, &r));
	*out = (struct forge_guard){.status = r.told && r.must_succeed, .whole = r.linear};
	return NULL;
}
