#include "forge/linear.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/config.h"
#include "conf/secrets.h"
#include "forge/answer.h"
#include "forge/linear_in.h"
#include "forge/open.h"
#include "git/repo.h"

#define PAGES_MAX 200	/* of 50: FORGE_LIST_MAX */
#define API "https://api.linear.app"
#define KEY "LINEAR_API_KEY"
#define LIMIT_WAIT 60	/* seconds, when Linear asks to wait: its buckets fill steadily */

#define PERSON "{id displayName app}"
#define BOT "{id name}"
#define PAGE "pageInfo{hasNextPage endCursor}"
#define ISSUE "id number identifier title description url createdAt updatedAt archivedAt trashed state{type} " \
	"labels(first:50){nodes{name}} creator" PERSON " botActor" BOT " assignee" PERSON

void
linear_query(struct ask *a, const char *query)
{
	ask_path(a, "/graphql");
	a->call.accept[0] = 400;
	ask_str(a, "query", query);
	jw_key(&a->json, "variables");
	jw_obj(&a->json);
}

void
linear_id(struct ask *a, int64_t number)
{
	AUTO(mem_free_p) char *id = mem_printf("%s-%" PRId64, a->f->place.project, number);

	jw_kstr(&a->json, "id", id);
}

/* The first of the errors that came with, or instead of, the data. */
static struct err *
read_error(const struct ask *a, const struct node *first)
{
	const struct node *more = node_get(first, "extensions");
	const char *said = node_get_str(more, "userPresentableMessage"), *code = node_get_str(more, "code");
	const char *message = node_get_str(first, "message");
	enum err_code e = ERR_STATE;

	code = code != NULL ? code : "";
	message = message != NULL ? message : "refused without a reason";
	if (strcmp(code, "RATELIMITED") == 0)
		return err_set_wait(err_new(ERR_RATE_LIMIT, "Linear: %s: it asks to wait", a->what), LIMIT_WAIT);
	if (strcmp(code, "AUTHENTICATION_ERROR") == 0 || strcmp(code, "FORBIDDEN") == 0)
		e = ERR_AUTH;
	else if (strstr(message, "not found") != NULL)
		e = ERR_NOT_FOUND;
	return err_new(e, "Linear: %s: %.200s", a->what, said != NULL ? said : message);
}

struct err *
linear_send(struct ask *a, bool read, const char *member, const struct node **out)
{
	const struct node *errors, *found;

	jw_end(&a->json);
	a->call.read = read;
	TRY(ask_send(a));
	errors = node_get(a->reply.body, "errors");
	if (node_at(errors, 0) != NULL)
		return read_error(a, node_at(errors, 0));
	found = node_get(node_get(a->reply.body, "data"), member);
	if (found == NULL || found->kind != NODE_MAP)
		return err_new(found != NULL && found->kind == NODE_NULL ? ERR_NOT_FOUND : ERR_SYNTAX,
		    "Linear: %s: the answer has no '%s'", a->what, member);
	*out = found;
	return NULL;
}

/* Of a list that comes in pages: true while there is another one, whose cursor replaces *after. */
static bool
has_next(const struct node *list, char **after)
{
	const struct node *page = node_get(list, "pageInfo");
	const char *cursor = node_get_str(page, "endCursor");

	if (!node_get_bool(page, "hasNextPage", false) || cursor == NULL)
		return false;
	free(*after);
	*after = mem_strdup(cursor);
	return true;
}

/* A person, else an application, else somebody from outside, who has no name here and no rights. */
static struct err *
read_user(const struct node *map, const char *key, struct forge_user *out)
{
	const struct node *person = node_get(map, key), *bot = node_get(map, "botActor");
	AUTO(forge_user_free) struct forge_user u = {0};

	if (person != NULL && person->kind == NODE_MAP) {
		TRY(answer_str(person, "displayName", FORGE_LINE_MAX, &u.login));
		TRY(answer_str(person, "id", FORGE_LINE_MAX, &u.id));
		TRY(answer_bool(person, "app", &u.bot));
	} else if (bot != NULL && bot->kind == NODE_MAP) {
		TRY(answer_text(bot, "name", FORGE_LINE_MAX, &u.login));
		TRY(answer_text(bot, "id", FORGE_LINE_MAX, &u.id));
		u.bot = true;
	} else {
		u.login = mem_strdup("");
		u.id = mem_strdup("");
	}
	*out = u;
	u = (struct forge_user){0};
	return NULL;
}

static struct err *
whoami(struct forge *f, struct forge_user *out)
{
	AUTO(ask_free) struct ask a = {0};
	const struct node *viewer;

	ask_open(&a, f, "POST", "the user of the key");
	linear_query(&a, "query{viewer" PERSON "}");
	TRY(linear_send(&a, true, "viewer", &viewer));
	return read_user(node_get(a.reply.body, "data"), "viewer", out);
}

static enum forge_role
role_of(const struct node *user)
{
	bool member = node_at(node_get(node_get(user, "teams"), "nodes"), 0) != NULL;

	if (!node_get_bool(user, "active", false))
		return ROLE_NONE;
	if (node_get_bool(user, "guest", true))
		return member ? ROLE_READ : ROLE_NONE;
	if (node_get_bool(user, "admin", false))
		return ROLE_ADMIN;
	return member ? ROLE_WRITE : ROLE_READ;
}

static struct err *
role(struct forge *f, const struct forge_user *who, enum forge_role *out)
{
	AUTO(ask_free) struct ask a = {0};
	const struct node *users, *n = NULL;
	const char *login = who->login, *name;

	ask_open(&a, f, "POST", "what '%s' may do", login);
	linear_query(&a, "query($login:String!,$team:String!){users(filter:{displayName:{eq:$login}}){nodes{"
	    "id displayName active admin guest app teams(first:1,filter:{key:{eq:$team}}){nodes{id}}}}}");
	jw_kstr(&a.json, "login", login);
	jw_kstr(&a.json, "team", f->place.project);
	TRY(linear_send(&a, true, "users", &users));
	*out = ROLE_NONE;
	while (ask_next(node_get(users, "nodes"), &n)) {
		name = node_get_str(n, "displayName");
		if (name != NULL && name[0] != '\0' && strcmp(name, login) == 0)
			*out = role_of(n);
	}
	return NULL;
}

static bool
is_open(const struct node *n)
{
	static const char *const closed[] = {"completed", "canceled", "duplicate"};
	const char *type = node_get_str(node_get(n, "state"), "type");
	size_t i;

	for (i = 0; type != NULL && i < NITEMS(closed); i++)
		if (strcmp(type, closed[i]) == 0)
			return false;
	return type != NULL && node_get_str(n, "archivedAt") == NULL && !node_get_bool(n, "trashed", false);
}

static struct err *
read_issue(const struct node *n, struct forge_issue *out)
{
	AUTO(forge_issue_free) struct forge_issue i = {0};
	const struct node *assignee = node_get(n, "assignee");

	TRY(answer_int(n, "number", &i.number));
	TRY(answer_str(n, "id", FORGE_LINE_MAX, &i.id));
	TRY(answer_str(n, "title", FORGE_LINE_MAX, &i.title));
	TRY(answer_text(n, "description", FORGE_TEXT_MAX, &i.body));
	TRY(answer_str(n, "url", FORGE_LINE_MAX, &i.url));
	TRY(read_user(n, "creator", &i.author));
	TRY(answer_strs(node_get(n, "labels"), "nodes", "name", &i.labels));
	TRY(answer_time(n, "createdAt", &i.created));
	TRY(answer_time(n, "updatedAt", &i.updated));
	TRY(answer_stamp(n, "updatedAt", "comments", &i.stamp));
	if (assignee != NULL && assignee->kind == NODE_MAP && node_get_str(assignee, "displayName") != NULL)
		strs_add(&i.assignees, node_get_str(assignee, "displayName"));
	i.open = is_open(n);
	*out = i;
	i = (struct forge_issue){0};
	return NULL;
}

static void
put_comparison(struct jw *w, const char *key, const char *how, const char *value)
{
	jw_key(w, key);
	jw_obj(w);
	jw_kstr(w, how, value);
	jw_end(w);
}

static void
put_filter(struct jw *w, const char *team, const char *label, int64_t since)
{
	char when[CLOCK_TEXT];

	jw_key(w, "filter");
	jw_obj(w);
	jw_key(w, "team");
	jw_obj(w);
	put_comparison(w, "key", "eq", team);
	jw_end(w);
	jw_key(w, "state");
	jw_obj(w);
	jw_key(w, "type");
	jw_obj(w);
	jw_key(w, "nin");
	jw_list(w);
	jw_str(w, "completed");
	jw_str(w, "canceled");
	jw_str(w, "duplicate");
	jw_end(w);
	jw_end(w);
	jw_end(w);
	if (label != NULL) {
		jw_key(w, "labels");
		jw_obj(w);
		put_comparison(w, "name", "eq", label);
		jw_end(w);
	}
	if (since > 0) {
		clock_format(since, when);
		put_comparison(w, "updatedAt", "gte", when);
	}
	jw_end(w);
}

static struct err *
too_many(const struct ask *a)
{
	return err_new(ERR_LIMIT, "Linear: %s: more than %d pages", a->what, PAGES_MAX);
}

static struct err *
issues(struct forge *f, const char *label, int64_t since, struct forge_issues *out, bool *unchanged)
{
	AUTO(forge_issues_free) struct forge_issues all = {0};
	AUTO(mem_free_p) char *after = NULL;
	bool more = true;
	size_t page;

	for (page = 0; more; page++) {
		AUTO(ask_free) struct ask a = {0};
		const struct node *list, *n = NULL;

		ask_open(&a, f, "POST", "the open issues");
		linear_query(&a, "query($filter:IssueFilter!,$after:String){issues(first:50,after:$after,orderBy:updatedAt,"
		    "filter:$filter){nodes{" ISSUE "} " PAGE "}}");
		put_filter(&a.json, f->place.project, label, since);
		jw_kstr(&a.json, "after", after);
		TRY(linear_send(&a, true, "issues", &list));
		while (ask_next(node_get(list, "nodes"), &n)) {
			struct forge_issue one = {0};

			TRY(read_issue(n, &one));
			vec_push(&all, one);
		}
		more = has_next(list, &after);
		if (page == PAGES_MAX)
			return too_many(&a);
	}
	if (unchanged != NULL)
		*unchanged = false;
	*out = all;
	all = (struct forge_issues){0};
	return NULL;
}

struct err *
linear_this(const struct ask *a, const struct node *issue, int64_t number)
{
	AUTO(mem_free_p) char *want = mem_printf("%s-%" PRId64, a->f->place.project, number);
	const char *is = node_get_str(issue, "identifier");

	if (is != NULL && strcmp(is, want) == 0)
		return NULL;
	return err_new(ERR_NOT_FOUND, "Linear: '%s' is '%s' now", want, is != NULL ? is : "gone");
}

static struct err *
issue(struct forge *f, int64_t number, struct forge_issue *out)
{
	AUTO(ask_free) struct ask a = {0};
	const struct node *n;

	ask_open(&a, f, "POST", "issue %" PRId64, number);
	linear_query(&a, "query($id:String!){issue(id:$id){" ISSUE "}}");
	linear_id(&a, number);
	TRY(linear_send(&a, true, "issue", &n));
	TRY(linear_this(&a, n, number));
	return read_issue(n, out);
}

static struct err *
push_event(struct forge_events *all, enum forge_deed deed, const char *what, const struct node *n)
{
	AUTO(forge_event_free) struct forge_event e = {.deed = deed, .what = mem_strdup(what)};

	TRY(read_user(n, "actor", &e.who));
	TRY(answer_time(n, "createdAt", &e.when));
	vec_push(all, e);
	e = (struct forge_event){0};
	return NULL;
}

static struct err *
push_labels(struct forge_events *all, enum forge_deed deed, const struct node *labels, const struct node *n)
{
	const struct node *l = NULL;

	while (ask_next(labels, &l))
		if (node_get_str(l, "name") != NULL)
			TRY(push_event(all, deed, node_get_str(l, "name"), n));
	return NULL;
}

/* One entry may tell of several things that were done at once. */
static struct err *
take_entry(struct forge_events *all, const struct node *n)
{
	const char *assignee = node_get_str(node_get(n, "toAssignee"), "displayName");

	TRY(push_labels(all, DEED_LABELED, node_get(n, "addedLabels"), n));
	TRY(push_labels(all, DEED_UNLABELED, node_get(n, "removedLabels"), n));
	if (assignee != NULL)
		TRY(push_event(all, DEED_ASSIGNED, assignee, n));
	if (node_get_bool(n, "updatedDescription", false))
		TRY(push_event(all, DEED_EDITED, "", n));
	return node_get_str(n, "toTitle") == NULL ? NULL : push_event(all, DEED_RENAMED, "", n);
}

static int
by_when(const void *a, const void *b)
{
	const struct forge_event *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return (x->deed > y->deed) - (x->deed < y->deed);
}

static struct err *
issue_events(struct forge *f, int64_t number, struct forge_events *out)
{
	AUTO(forge_events_free) struct forge_events all = {0};
	AUTO(mem_free_p) char *after = NULL;
	bool more = true;
	size_t page;

	for (page = 0; more; page++) {
		AUTO(ask_free) struct ask a = {0};
		const struct node *found, *list, *n = NULL;

		ask_open(&a, f, "POST", "the history of issue %" PRId64, number);
		linear_query(&a, "query($id:String!,$after:String){issue(id:$id){identifier history(first:50,after:$after){nodes{"
		    "createdAt actor" PERSON " botActor" BOT " addedLabels{name} removedLabels{name} updatedDescription toTitle "
		    "toAssignee{displayName}} " PAGE "}}}");
		linear_id(&a, number);
		jw_kstr(&a.json, "after", after);
		TRY(linear_send(&a, true, "issue", &found));
		TRY(linear_this(&a, found, number));
		list = node_get(found, "history");
		while (ask_next(node_get(list, "nodes"), &n))
			TRY(take_entry(&all, n));
		more = has_next(list, &after);
		if (page == PAGES_MAX)
			return too_many(&a);
	}
	vec_sort(&all, by_when);
	*out = all;
	all = (struct forge_events){0};
	return NULL;
}

static struct err *
take_comment(struct forge_comments *all, const struct node *n, int64_t since)
{
	AUTO(forge_comment_free) struct forge_comment c = {.commit = mem_strdup("")};

	TRY(answer_time(n, "updatedAt", &c.updated));
	if (c.updated < since)
		return NULL;
	TRY(answer_str(n, "id", FORGE_LINE_MAX, &c.id));
	TRY(read_user(n, "user", &c.author));
	TRY(answer_text(n, "body", FORGE_TEXT_MAX, &c.body));
	TRY(answer_text(n, "url", FORGE_LINE_MAX, &c.url));
	TRY(answer_time(n, "createdAt", &c.created));
	vec_push(all, c);
	c = (struct forge_comment){0};
	return NULL;
}

static int
by_created(const void *a, const void *b)
{
	const struct forge_comment *x = a, *y = b;

	return (x->created > y->created) - (x->created < y->created);
}

static struct err *
comments(struct forge *f, int64_t number, int64_t since, struct forge_comments *out)
{
	AUTO(forge_comments_free) struct forge_comments all = {0};
	AUTO(mem_free_p) char *after = NULL;
	bool more = true;
	size_t page;

	for (page = 0; more; page++) {
		AUTO(ask_free) struct ask a = {0};
		const struct node *found, *list, *n = NULL;

		ask_open(&a, f, "POST", "the comments of issue %" PRId64, number);
		linear_query(&a, "query($id:String!,$after:String){issue(id:$id){identifier comments(first:50,after:$after){nodes{"
		    "id body url createdAt updatedAt user" PERSON " botActor" BOT "} " PAGE "}}}");
		linear_id(&a, number);
		jw_kstr(&a.json, "after", after);
		TRY(linear_send(&a, true, "issue", &found));
		TRY(linear_this(&a, found, number));
		list = node_get(found, "comments");
		while (ask_next(node_get(list, "nodes"), &n))
			TRY(take_comment(&all, n, since));
		more = has_next(list, &after);
		if (page == PAGES_MAX)
			return too_many(&a);
	}
	vec_sort(&all, by_created);
	*out = all;
	all = (struct forge_comments){0};
	return NULL;
}

struct err *
linear_done(const struct ask *a, const struct node *payload)
{
	if (node_get_bool(payload, "success", false))
		return NULL;
	return err_new(ERR_STATE, "Linear: %s: it says that this was not done", a->what);
}

static struct err *
comment_add(struct forge *f, int64_t number, const char *body, char **id)
{
	AUTO(mem_free_p) char *key = mem_printf("%s-%" PRId64, f->place.project, number);
	AUTO(ask_free) struct ask a = {0};
	const struct node *payload;

	ask_open(&a, f, "POST", "a comment on issue %" PRId64, number);
	linear_query(&a, "mutation($input:CommentCreateInput!){commentCreate(input:$input){success comment{id}}}");
	jw_key(&a.json, "input");
	jw_obj(&a.json);
	jw_kstr(&a.json, "issueId", key);
	jw_kstr(&a.json, "body", body);
	jw_end(&a.json);
	TRY(linear_send(&a, false, "commentCreate", &payload));
	TRY(linear_done(&a, payload));
	return answer_str(node_get(payload, "comment"), "id", FORGE_LINE_MAX, id);
}

static struct err *
comment_edit(struct forge *f, int64_t number, const char *id, const char *body)
{
	AUTO(ask_free) struct ask a = {0};
	const struct node *payload;

	ask_open(&a, f, "POST", "a comment on issue %" PRId64, number);
	linear_query(&a, "mutation($id:String!,$input:CommentUpdateInput!){commentUpdate(id:$id,input:$input){success}}");
	jw_kstr(&a.json, "id", id);
	jw_key(&a.json, "input");
	jw_obj(&a.json);
	jw_kstr(&a.json, "body", body);
	jw_end(&a.json);
	TRY(linear_send(&a, false, "commentUpdate", &payload));
	return linear_done(&a, payload);
}

static void
close_keys(struct forge *f)
{
	if (f->own != NULL)
		secrets_free(f->own);
	free(f->own);
}

const struct forge_api forge_linear = {
	.name = "Linear",
	.close = close_keys,
	.whoami = whoami,
	.role = role,
	.issues = issues,
	.issue = issue,
	.issue_events = issue_events,
	.comments = comments,
	.comment_add = comment_add,
	.comment_edit = comment_edit,
	.issue_stage = linear_issue_stage,
};

/* A personal key stands alone; the token of an application has a word before it. */
static struct err *
prove(void *arg, struct buf *header)
{
	const struct secret *key = secrets_get(arg, KEY);

	buf_addf(header, "Authorization: %s%s", str_starts(str_of(key->value), "lin_oauth_") ? "Bearer " : "", key->value);
	return NULL;
}

static struct err *
connect_to(struct repo *r, const struct forge_opts *o, struct forge *f)
{
	static const char *const headers[] = {"Accept: application/json", NULL};
	struct rest_opts ro = {.name = f->api->name, .api = f->place.api, .metered = true,
	    .headers = headers, .auth = prove, .auth_arg = f->own};
	AUTO(mem_free_p) char *folder = NULL;
	const char *dir;

	TRY(repo_factory_dir(r, &dir));
	folder = path_join(dir, "linear");
	ro.dir = folder;
	TRY(forge_rest_opts(r, o, &ro));
	f->rest = rest_open(&ro);
	return NULL;
}

/* Tests have one of their own; the key goes nowhere else. */
static const char *
api_address(void)
{
	const char *other = getenv("GIT_FACTORY_LINEAR_API");

	return other != NULL && url_loopback(other) ? other : API;
}

struct err *
linear_open(struct repo *r, const struct config *c, const struct forge_opts *o, struct forge **out)
{
	AUTO(forge_close_p) struct forge *f = NULL;
	bool found = false;

	if (c->linear.team[0] == '\0') {
		*out = NULL;
		return NULL;
	}
	f = mem_alloc(sizeof(*f));
	f->api = &forge_linear;
	f->own = mem_alloc(sizeof(struct secrets));
	TRY(secrets_env(f->own, KEY, &found));
	if (!found)
		return err_hint(err_new(ERR_AUTH, "'linear.team: %s' is set, and there is no key for Linear", c->linear.team),
		    "export " KEY ", from Linear's settings: Security & access, personal API keys");
	f->place = (struct forge_place){.kind = FORGE_LINEAR, .api = mem_strdup(api_address()), .web = mem_strdup("https://linear.app"),
	    .host = mem_strdup("linear.app"), .project = mem_strdup(c->linear.team), .known = true};
	TRY(connect_to(r, o, f));
	*out = STEAL(f);
	return NULL;
}
