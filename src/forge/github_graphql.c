#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "forge/answer.h"
#include "forge/ask.h"
#include "forge/github_part.h"

#define PAGES_MAX 100
#define ACTOR "{__typename login ... on User{databaseId} ... on Bot{databaseId}}"

#define REMARKS "{pageInfo{hasNextPage endCursor} nodes{id url body createdAt updatedAt author" ACTOR " originalCommit{oid}}}"

static const char events_query[] =
    "query($owner:String!,$name:String!,$number:Int!,$after:String){repository(owner:$owner,name:$name){"
    "issue(number:$number){createdAt lastEditedAt editor" ACTOR
    " userContentEdits(first:100){nodes{editedAt editor" ACTOR "}}"
    " timelineItems(first:100,after:$after,itemTypes:[LABELED_EVENT,UNLABELED_EVENT,ASSIGNED_EVENT,RENAMED_TITLE_EVENT])"
    "{pageInfo{hasNextPage endCursor} nodes{__typename"
    " ... on LabeledEvent{createdAt actor" ACTOR " label{name}}"
    " ... on UnlabeledEvent{createdAt actor" ACTOR " label{name}}"
    " ... on AssignedEvent{createdAt actor" ACTOR " assignee{... on User{login} ... on Bot{login}}}"
    " ... on RenamedTitleEvent{createdAt actor" ACTOR "}}}}}}";

static const char threads_query[] =
    "query($owner:String!,$name:String!,$number:Int!,$after:String){repository(owner:$owner,name:$name){"
    "pullRequest(number:$number){reviewThreads(first:50,after:$after){pageInfo{hasNextPage endCursor}"
    " nodes{id isResolved path line originalLine comments(first:100)" REMARKS "}}}}}";

/* What a thread holds behind its first hundred. */
static const char thread_query[] =
    "query($id:ID!,$after:String){node(id:$id){... on PullRequestReviewThread{isResolved path line originalLine"
    " comments(first:100,after:$after)" REMARKS "}}}";

static const char auto_merge_query[] =
    "mutation($input:EnablePullRequestAutoMergeInput!){enablePullRequestAutoMerge(input:$input)"
    "{pullRequest{number}}}";

static const char auto_merge_off_query[] =
    "mutation($input:DisablePullRequestAutoMergeInput!){disablePullRequestAutoMerge(input:$input)"
    "{pullRequest{number}}}";

static const char viewer_query[] = "query{viewer" "{__typename login databaseId}" "}";

/* Enterprise Server has REST below /api/v3, and this beside it. */
static char *
endpoint(const struct forge *f)
{
	struct str api = str_of(f->place.api);

	if (str_ends(api, "/api/v3"))
		api.n -= strlen("/v3");
	return mem_printf("%.*s/graphql", STR_ARG(api));
}

static enum err_code
code_of(const char *type, struct str message)
{
	static const struct {
		const char *type;
		enum err_code code;
	} types[] = {{"NOT_FOUND", ERR_NOT_FOUND}, {"FORBIDDEN", ERR_AUTH}, {"INSUFFICIENT_SCOPES", ERR_AUTH},
	    {"RATE_LIMITED", ERR_RATE_LIMIT}, {"RATE_LIMIT", ERR_RATE_LIMIT}, {"STALE_DATA", ERR_STALE}};
	size_t i;

	if (str_find(message, STR("expected head")) >= 0 || str_find(message, STR("Head branch was modified")) >= 0)
		return ERR_STALE;
	for (i = 0; type != NULL && i < NITEMS(types); i++)
		if (strcmp(types[i].type, type) == 0)
			return types[i].code;
	return ERR_STATE;
}

/* GraphQL answers 200 to nearly all. */
static struct err *
check(const struct rest_reply *reply, const char *what)
{
	const struct node *errors = node_get(reply->body, "errors"), *first = node_at(errors, 0);
	AUTO(buf_free) struct buf words = BUF_INIT(4 * KIB);

	if (errors == NULL || errors->kind == NODE_NULL)
		return NULL;
	rest_words(reply, &words);
	return err_new(code_of(node_get_str(first, "type"), buf_str(&words)), "GitHub, asked for %s: %s", what,
	    buf_cstr(&words));
}

/* 'variables' is a JSON object. */
static struct err *
ask(struct forge *f, const char *what, const char *query, struct str variables, bool read, struct rest_reply *out)
{
	AUTO(mem_free_p) char *url = endpoint(f);
	AUTO(buf_free) struct buf body = BUF_INIT(2 * FORGE_TEXT_MAX);
	struct rest_call c = {.what = what, .method = "POST", .path = url, .read = read};
	struct rest_reply reply = {0};
	struct err *e;
	struct jw w;
	int i;

	jw_init(&w, &body, false);
	jw_obj(&w);
	jw_kstr(&w, "query", query);
	jw_key(&w, "variables");
	jw_raw(&w, variables);
	jw_end(&w);
	TRY(buf_check(&body, what));
	c.body = buf_str(&body);
	for (i = 0;; i++) {
		TRY(rest_do(f->rest, &c, &reply));
		e = check(&reply, what);
		if (e == NULL)
			break;
		rest_reply_free(&reply);
		/* Its headers told rest.c how long to wait; it was not done. */
		if (!err_is(e, ERR_RATE_LIMIT) || i > 0)
			return e;
		err_free(e);
	}
	*out = reply;
	return NULL;
}

static void
variables(const struct forge *f, int64_t number, const char *after, struct buf *out)
{
	const char *slash = strchr(f->place.project, '/');
	struct jw w;

	jw_init(&w, out, false);
	jw_obj(&w);
	jw_key(&w, "owner");
	jw_strn(&w, str_mk(f->place.project, (size_t)(slash - f->place.project)));
	jw_kstr(&w, "name", slash + 1);
	jw_kint(&w, "number", number);
	jw_kstr(&w, "after", after);
	jw_end(&w);
}

/* ---- events of an issue ---- */

/* Of a bot GraphQL leaves out the "[bot]" that its login has elsewhere. */
static struct err *
actor(const struct node *map, const char *key, struct forge_user *out)
{
	const struct node *n = node_get(map, key);
	const char *type = node_get_str(n, "__typename");
	AUTO(forge_user_free) struct forge_user u = {0};
	bool has_id = node_get(n, "databaseId") != NULL && node_get(n, "databaseId")->kind == NODE_INT;

	TRY(n == NULL || n->kind == NODE_NULL ? NULL : answer_str(n, "login", FORGE_LINE_MAX, &u.login));
	if (has_id)
		TRY(answer_id(n, "databaseId", &u.id));
	u.bot = type != NULL && strcmp(type, "Bot") == 0;
	if (u.bot && !str_ends(str_of(u.login), "[bot]")) {
		AUTO(mem_free_p) char *plain = STEAL(u.login);

		u.login = mem_printf("%s[bot]", plain);
	}
	if (u.login == NULL)
		u.login = mem_strdup("");
	if (u.id == NULL)
		u.id = mem_strdup("");
	*out = u;
	u = (struct forge_user){0};
	return NULL;
}

static struct err *
read_event(const struct node *n, struct forge_events *out)
{
	static const struct {
		const char *type;
		enum forge_deed deed;
		const char *in, *what;
	} types[] = {{"LabeledEvent", DEED_LABELED, "label", "name"}, {"UnlabeledEvent", DEED_UNLABELED, "label", "name"},
	    {"AssignedEvent", DEED_ASSIGNED, "assignee", "login"}, {"RenamedTitleEvent", DEED_RENAMED, NULL, NULL}};
	AUTO(forge_event_free) struct forge_event e = {0};
	const char *type = node_get_str(n, "__typename");
	const struct node *what = NULL;
	size_t i;

	for (i = 0; type != NULL && i < NITEMS(types) && strcmp(types[i].type, type) != 0; i++)
		continue;
	if (type == NULL || i == NITEMS(types))
		return NULL;
	e.deed = types[i].deed;
	TRY(answer_time(n, "createdAt", &e.when));
	TRY(actor(n, "actor", &e.who));
	if (types[i].in != NULL)
		what = node_get(n, types[i].in);
	if (what != NULL && what->kind == NODE_MAP)
		TRY(answer_text(what, types[i].what, FORGE_LINE_MAX, &e.what));
	if (e.what == NULL)
		e.what = mem_strdup("");
	vec_push(out, e);
	e = (struct forge_event){0};
	return NULL;
}

static struct err *
read_edit(const struct node *n, const char *when, int64_t created, struct forge_events *out)
{
	AUTO(forge_event_free) struct forge_event e = {.deed = DEED_EDITED};
	size_t i;

	TRY(answer_time(n, when, &e.when));
	/* The first version counts as an edit, too. */
	if (e.when <= created)
		return NULL;
	for (i = 0; i < out->n; i++)
		if (out->v[i].deed == DEED_EDITED && out->v[i].when == e.when)
			return NULL;
	TRY(actor(n, "editor", &e.who));
	e.what = mem_strdup("");
	vec_push(out, e);
	e = (struct forge_event){0};
	return NULL;
}

struct err *
gh_read_events(const struct node *issue, struct forge_events *out)
{
	const struct node *n;
	int64_t created;

	TRY(answer_time(issue, "createdAt", &created));
	n = node_get(node_get(issue, "userContentEdits"), "nodes");
	for (n = n == NULL ? NULL : n->child; n != NULL; n = n->next)
		TRY(read_edit(n, "editedAt", created, out));
	/* Of the edits a page is asked for; the last one counts in any case. */
	TRY(read_edit(issue, "lastEditedAt", created, out));
	n = node_get(node_get(issue, "timelineItems"), "nodes");
	if (n == NULL || n->kind != NODE_LIST)
		return node_err(issue, "the answer has no list of events");
	for (n = n->child; n != NULL; n = n->next)
		TRY(read_event(n, out));
	return NULL;
}

/* Times have whole seconds: an edit in the same one may have come after. */
static int
by_time(const void *a, const void *b)
{
	const struct forge_event *x = a, *y = b;
	int edits = (x->deed == DEED_EDITED || x->deed == DEED_RENAMED) - (y->deed == DEED_EDITED || y->deed == DEED_RENAMED);

	return x->when != y->when ? (x->when > y->when) - (x->when < y->when) : edits;
}

/* The next page's cursor, NULL on the last. */
static struct err *
cursor(const struct node *connection, char **after)
{
	const struct node *info = node_get(connection, "pageInfo");

	free(*after);
	*after = NULL;
	if (!node_get_bool(info, "hasNextPage", false))
		return NULL;
	return answer_str(info, "endCursor", FORGE_LINE_MAX, after);
}

/* Page by page; 'list' is the connection's name, 'read' takes a page's thing. */
static struct err *
each_page(struct forge *f, const char *what, const char *query, int64_t number, const char *thing, const char *list,
    struct err *(*read)(void *arg, const struct node *n), void *arg)
{
	AUTO(mem_free_p) char *after = NULL;
	size_t page;

	for (page = 0; page < PAGES_MAX; page++) {
		AUTO(rest_reply_free) struct rest_reply reply = {0};
		AUTO(buf_free) struct buf vars = BUF_INIT(64 * KIB);
		const struct node *n;

		variables(f, number, after, &vars);
		TRY(ask(f, what, query, buf_str(&vars), true, &reply));
		n = node_get(node_get(node_get(reply.body, "data"), "repository"), thing);
		if (n == NULL || n->kind != NODE_MAP)
			return err_new(ERR_NOT_FOUND, "GitHub, asked for %s: there is none of this number", what);
		TRY(err_wrap(read(arg, n), "GitHub, asked for %s", what));
		TRY(cursor(node_get(n, list), &after));
		if (after == NULL)
			return NULL;
	}
	return err_new(ERR_LIMIT, "GitHub, asked for %s: more than %d pages", what, PAGES_MAX);
}

static struct err *
take_events(void *arg, const struct node *n)
{
	return gh_read_events(n, arg);
}

struct err *
gh_issue_events(struct forge *f, int64_t number, struct forge_events *out)
{
	AUTO(forge_events_free) struct forge_events v = {0};
	AUTO(mem_free_p) char *what = mem_printf("the history of issue %lld", (long long)number);

	TRY(each_page(f, what, events_query, number, "issue", "timelineItems", take_events, &v));
	vec_sort(&v, by_time);
	*out = v;
	v = (struct forge_events){0};
	return NULL;
}

/* ---- remarks on lines ---- */

static struct err *
read_remark(const struct node *thread, const struct node *n, struct forge_comments *out)
{
	AUTO(forge_comment_free) struct forge_comment c = {0};

	TRY(answer_str(n, "id", FORGE_LINE_MAX, &c.id));
	TRY(actor(n, "author", &c.author));
	TRY(answer_cut(n, "body", FORGE_TEXT_MAX, &c.body));
	TRY(answer_text(n, "url", FORGE_LINE_MAX, &c.url));
	TRY(answer_time(n, "createdAt", &c.created));
	TRY(answer_time(n, "updatedAt", &c.updated));
	TRY(answer_str(thread, "path", FORGE_LINE_MAX, &c.path));
	TRY(answer_bool(thread, "isResolved", &c.resolved));
	c.line = node_get_int(thread, "line", node_get_int(thread, "originalLine", 0));
	if (node_get(n, "originalCommit") != NULL && node_get(n, "originalCommit")->kind == NODE_MAP)
		TRY(answer_sha(node_get(n, "originalCommit"), "oid", &c.commit));
	if (c.commit == NULL)
		c.commit = mem_strdup("");
	vec_push(out, c);
	c = (struct forge_comment){0};
	return NULL;
}

static struct err *
read_thread(const struct node *thread, struct forge_comments *out)
{
	const struct node *n = NULL;

	while (ask_next(node_get(node_get(thread, "comments"), "nodes"), &n))
		TRY(read_remark(thread, n, out));
	return NULL;
}

struct err *
gh_read_threads(const struct node *pull, struct forge_comments *out)
{
	const struct node *threads = node_get(node_get(pull, "reviewThreads"), "nodes"), *t = NULL;

	if (threads == NULL || threads->kind != NODE_LIST)
		return node_err(pull, "the answer has no list of threads");
	while (ask_next(threads, &t))
		TRY(read_thread(t, out));
	return NULL;
}

struct threads {
	struct forge *f;
	const char *what;
	struct forge_comments all;
};

static void
threads_free(struct threads *t)
{
	forge_comments_free(&t->all);
}

/* Page by page from 'after' on. */
static struct err *
rest_of_thread(struct threads *t, const char *id, char **after)
{
	size_t page;

	for (page = 0; *after != NULL; page++) {
		AUTO(rest_reply_free) struct rest_reply reply = {0};
		AUTO(buf_free) struct buf vars = BUF_INIT(64 * KIB);
		const struct node *thread;
		struct jw w;

		if (page == PAGES_MAX)
			return err_new(ERR_LIMIT, "GitHub, asked for %s: more than %d pages of one thread", t->what, PAGES_MAX);
		jw_init(&w, &vars, false);
		jw_obj(&w);
		jw_kstr(&w, "id", id);
		jw_kstr(&w, "after", *after);
		jw_end(&w);
		TRY(ask(t->f, t->what, thread_query, buf_str(&vars), true, &reply));
		thread = node_get(node_get(reply.body, "data"), "node");
		TRY(err_wrap(read_thread(thread, &t->all), "GitHub, asked for %s", t->what));
		TRY(cursor(node_get(thread, "comments"), after));
	}
	return NULL;
}

static struct err *
take_threads(void *arg, const struct node *n)
{
	const struct node *thread = NULL;
	struct threads *t = arg;

	TRY(gh_read_threads(n, &t->all));
	while (ask_next(node_get(node_get(n, "reviewThreads"), "nodes"), &thread)) {
		AUTO(mem_free_p) char *after = NULL, *id = NULL;

		TRY(cursor(node_get(thread, "comments"), &after));
		if (after == NULL)
			continue;
		TRY(answer_str(thread, "id", FORGE_LINE_MAX, &id));
		TRY(rest_of_thread(t, id, &after));
	}
	return NULL;
}

struct err *
gh_remarks(struct forge *f, int64_t number, const struct forge_reviews *known UNUSED, struct forge_comments *out)
{
	AUTO(mem_free_p) char *what = mem_printf("remarks on pull request %lld", (long long)number);
	AUTO(threads_free) struct threads t = {.f = f, .what = what};

	TRY(each_page(f, what, threads_query, number, "pullRequest", "reviewThreads", take_threads, &t));
	*out = t.all;
	t.all = (struct forge_comments){0};
	return NULL;
}

/* ---- who, and auto-merge ---- */

struct err *
gh_viewer(struct forge *f, struct forge_user *out)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};

	TRY(ask(f, "who the token belongs to", viewer_query, STR("{}"), true, &reply));
	TRY(actor(node_get(reply.body, "data"), "viewer", out));
	out->bot = out->bot || str_ends(str_of(out->login), "[bot]");
	return NULL;
}

struct err *
gh_auto_merge(struct forge *f, const struct forge_pull *p, const struct forge_merge *m)
{
	static const char *const methods[] = {[FORGE_SQUASH] = "SQUASH", [FORGE_MERGE] = "MERGE", [FORGE_REBASE] = "REBASE"};
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *what = mem_printf("the merge of %lld in due time", (long long)p->number);
	AUTO(buf_free) struct buf vars = BUF_INIT(2 * FORGE_TEXT_MAX);
	struct jw w;

	jw_init(&w, &vars, false);
	jw_obj(&w);
	jw_key(&w, "input");
	jw_obj(&w);
	jw_kstr(&w, "pullRequestId", p->id);
	jw_kstr(&w, "expectedHeadOid", m->head_sha);
	jw_kstr(&w, "mergeMethod", methods[m->method]);
	if (m->method != FORGE_REBASE && m->title != NULL)
		jw_kstr(&w, "commitHeadline", m->title);
	if (m->method != FORGE_REBASE && m->message != NULL)
		jw_kstr(&w, "commitBody", m->message);
	jw_end(&w);
	jw_end(&w);
	TRY(buf_check(&vars, "the merge's message"));
	return ask(f, what, auto_merge_query, buf_str(&vars), false, &reply);
}

/* That there is nothing to switch off is an error of no type of its own: what is true counts. */
struct err *
gh_auto_merge_off(struct forge *f, const struct forge_pull *p)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *what = mem_printf("no merge of %lld in due time", (long long)p->number);
	AUTO(buf_free) struct buf vars = BUF_INIT(64 * KIB);
	AUTO(forge_pull_free) struct forge_pull now = {0};
	AUTO(err_free_p) struct err *e = NULL;
	struct jw w;

	jw_init(&w, &vars, false);
	jw_obj(&w);
	jw_key(&w, "input");
	jw_obj(&w);
	jw_kstr(&w, "pullRequestId", p->id);
	jw_end(&w);
	jw_end(&w);
	e = ask(f, what, auto_merge_off_query, buf_str(&vars), false, &reply);
	if (!err_is(e, ERR_STATE))
		return STEAL(e);
	TRY(gh_pull(f, p->number, &now));
	return now.waits == TRI_NO ? NULL : STEAL(e);
}
