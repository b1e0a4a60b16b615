#include "forge/github.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "forge/answer.h"
#include "forge/github_part.h"
#include "forge/person.h"

#define PAGE "per_page=100"

char *
gh_part(const char *s)
{
	AUTO(buf_free) struct buf b = BUF_INIT(64 * KIB);

	rest_part(&b, s);
	return buf_steal(&b);
}

char *
gh_path(const struct forge *f, const char *fmt, ...)
{
	AUTO(buf_free) struct buf b = BUF_INIT(64 * KIB);
	va_list ap;

	buf_addf(&b, "/repos/%s", f->place.project);
	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	return buf_steal(&b);
}

struct err *
gh_send(struct forge *f, const char *method, const char *path, const struct buf *body, const char *what,
    struct rest_reply *out)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	struct rest_call c = {.what = what, .method = method, .path = path};

	if (body != NULL) {
		TRY(buf_check(body, what));
		c.body = buf_str(body);
	}
	TRY(rest_do(f->rest, &c, &reply));
	if (out != NULL) {
		*out = reply;
		reply = (struct rest_reply){0};
	}
	return NULL;
}

struct err *
gh_get(struct forge *f, const char *path, const char *what, struct rest_reply *out)
{
	struct rest_call c = {.what = what, .path = path, .cached = true};

	return rest_do(f->rest, &c, out);
}

/* ---- what its answers say ---- */

static struct err *
read_user(const struct node *n, struct forge_user *out)
{
	AUTO(forge_user_free) struct forge_user u = {0};
	const char *type = node_get_str(n, "type");

	TRY(answer_str(n, "login", FORGE_LINE_MAX, &u.login));
	TRY(answer_id(n, "id", &u.id));
	u.bot = type != NULL && strcmp(type, "Bot") == 0;
	*out = u;
	u = (struct forge_user){0};
	return NULL;
}

struct err *
gh_user(const struct node *map, const char *key, struct forge_user *out)
{
	return person_in(map, key, read_user, out);
}

struct err *
gh_labels(const struct node *map, struct strs *out)
{
	const struct node *list = node_get(map, "labels");
	bool plain = list != NULL && list->kind == NODE_LIST && list->child != NULL &&
	    list->child->kind == NODE_STRING;

	return answer_strs(map, "labels", plain ? NULL : "name", out);
}

struct err *
gh_read_issue(const struct node *n, struct forge_issue *out)
{
	AUTO(forge_issue_free) struct forge_issue i = {0};
	const char *state = node_get_str(n, "state");

	TRY(answer_int(n, "number", &i.number));
	TRY(answer_str(n, "node_id", FORGE_LINE_MAX, &i.id));
	TRY(answer_str(n, "title", FORGE_LINE_MAX, &i.title));
	TRY(answer_text(n, "body", FORGE_TEXT_MAX, &i.body));
	TRY(answer_str(n, "html_url", FORGE_LINE_MAX, &i.url));
	TRY(gh_user(n, "user", &i.author));
	TRY(answer_bool(n, "locked", &i.locked));
	TRY(gh_labels(n, &i.labels));
	TRY(answer_strs(n, "assignees", "login", &i.assignees));
	TRY(answer_time(n, "created_at", &i.created));
	TRY(answer_time(n, "updated_at", &i.updated));
	TRY(answer_stamp(n, "updated_at", "comments", &i.stamp));
	i.open = state != NULL && strcmp(state, "open") == 0;
	*out = i;
	i = (struct forge_issue){0};
	return NULL;
}

struct err *
gh_read_comment(const struct node *n, struct forge_comment *out)
{
	AUTO(forge_comment_free) struct forge_comment c = {0};

	TRY(answer_id(n, "id", &c.id));
	TRY(gh_user(n, "user", &c.author));
	TRY(answer_cut(n, "body", FORGE_TEXT_MAX, &c.body));
	TRY(answer_str(n, "html_url", FORGE_LINE_MAX, &c.url));
	TRY(answer_time(n, "created_at", &c.created));
	TRY(answer_time(n, "updated_at", &c.updated));
	c.commit = mem_strdup("");
	*out = c;
	c = (struct forge_comment){0};
	return NULL;
}

/* ---- people ---- */

static struct err *
whoami(struct forge *f, struct forge_user *out)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	struct rest_call c = {.what = "who the token belongs to", .path = "/user", .cached = true, .accept = {403}};

	TRY(rest_do(f->rest, &c, &reply));
	return reply.status == 403 ? gh_viewer(f, out) : rest_took(f->rest, c.path, read_user(reply.body, out));
}

/* 'role_name' may be one of the organisation's own; 'permission' is what it comes to. */
static enum forge_role
role_of(const struct node *n)
{
	static const struct {
		const char *word;
		enum forge_role role;
	} words[] = {{"admin", ROLE_ADMIN}, {"maintain", ROLE_MAINTAIN}, {"write", ROLE_WRITE}, {"triage", ROLE_TRIAGE},
	    {"read", ROLE_READ}};
	const char *name = node_get_str(n, "role_name"), *coarse = node_get_str(n, "permission");
	size_t i;

	for (i = 0; i < NITEMS(words); i++)
		if (name != NULL && strcmp(name, words[i].word) == 0)
			return words[i].role;
	for (i = 0; i < NITEMS(words); i++)
		if (coarse != NULL && strcmp(coarse, words[i].word) == 0)
			return words[i].role;
	return ROLE_NONE;
}

/* Not from the disk: it is asked to be as it is now, though a 304 is that, too. */
static struct err *
role(struct forge *f, const struct forge_user *who, enum forge_role *out)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *part = gh_part(who->login);
	AUTO(mem_free_p) char *path = gh_path(f, "/collaborators/%s/permission", part);
	AUTO(mem_free_p) char *what = mem_printf("what '%s' may do", who->login);
	AUTO(mem_free_p) char *is = NULL;
	struct rest_call c = {.what = what, .path = path, .cached = true, .accept = {404}};

	if (who->login[0] == '\0') {
		*out = ROLE_NONE;
		return NULL;
	}
	TRY(rest_do(f->rest, &c, &reply));
	if (reply.status == 404) {
		*out = ROLE_NONE;
		return NULL;
	}
	/* The answer must be about the one who was asked for. */
	TRY(rest_took(f->rest, path, answer_str(node_get(reply.body, "user"), "login", FORGE_LINE_MAX, &is)));
	if (strcasecmp(is, who->login) != 0)
		return rest_took(f->rest, path, err_new(ERR_PROTOCOL,
		    "GitHub was asked what '%s' may do, and answered for another", who->login));
	*out = role_of(reply.body);
	return NULL;
}

static struct err *
default_branch(struct forge *f, char **out)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *path = gh_path(f, "%s", "");
	AUTO(mem_free_p) char *name = NULL;

	TRY(gh_get(f, path, "the project", &reply));
	TRY(rest_took(f->rest, path, answer_str(reply.body, "default_branch", FORGE_LINE_MAX, &name)));
	*out = STEAL(name);
	return NULL;
}

/* ---- issues ---- */

static struct err *
add_issue(void *arg, const struct node *n)
{
	struct forge_issues *v = arg;
	struct forge_issue i = {0};
	size_t k;

	/* Pull requests are issues, too; and a list may move while it is read. */
	if (node_get(n, "pull_request") != NULL)
		return NULL;
	TRY(gh_read_issue(n, &i));
	for (k = 0; k < v->n; k++)
		if (v->v[k].number == i.number) {
			forge_issue_free(&i);
			return NULL;
		}
	vec_push(v, i);
	return NULL;
}

static struct err *
issues(struct forge *f, const char *label, int64_t since, struct forge_issues *out, bool *unchanged)
{
	AUTO(forge_issues_free) struct forge_issues v = {0};
	AUTO(buf_free) struct buf path = BUF_INIT(16 * KIB);
	struct rest_call c = {.what = "issues", .cached = true};
	char when[CLOCK_TEXT];

	buf_addf(&path, "/repos/%s/issues?state=open&sort=updated&direction=desc&" PAGE, f->place.project);
	if (label != NULL) {
		buf_adds(&path, "&labels=");
		rest_part(&path, label);
	}
	if (since > 0) {
		clock_format(since, when);
		buf_adds(&path, "&since=");
		rest_part(&path, when);
	}
	c.path = buf_cstr(&path);
	TRY(rest_each(f->rest, &c, NULL, true, add_issue, &v, unchanged));
	*out = v;
	v = (struct forge_issues){0};
	return NULL;
}

static struct err *
issue(struct forge *f, int64_t number, struct forge_issue *out)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *path = gh_path(f, "/issues/%lld", (long long)number);
	AUTO(mem_free_p) char *what = mem_printf("issue %lld", (long long)number);

	TRY(gh_get(f, path, what, &reply));
	if (node_get(reply.body, "pull_request") != NULL)
		return err_new(ERR_NOT_FOUND, "%lld is a pull request on GitHub, and no issue", (long long)number);
	return rest_took(f->rest, path, gh_read_issue(reply.body, out));
}

static struct err *
add_comment(void *arg, const struct node *n)
{
	struct forge_comments *v = arg;
	struct forge_comment c = {0};

	TRY(gh_read_comment(n, &c));
	vec_push(v, c);
	return NULL;
}

static struct err *
comments(struct forge *f, int64_t number, int64_t since, struct forge_comments *out)
{
	AUTO(forge_comments_free) struct forge_comments v = {0};
	AUTO(buf_free) struct buf path = BUF_INIT(16 * KIB);
	AUTO(mem_free_p) char *what = mem_printf("comments on %lld", llabs((long long)number));
	struct rest_call c = {.what = what, .cached = true};
	char when[CLOCK_TEXT];

	buf_addf(&path, "/repos/%s/issues/%lld/comments?" PAGE, f->place.project, llabs((long long)number));
	if (since > 0) {
		clock_format(since, when);
		buf_adds(&path, "&since=");
		rest_part(&path, when);
	}
	c.path = buf_cstr(&path);
	TRY(rest_each(f->rest, &c, NULL, false, add_comment, &v, NULL));
	*out = v;
	v = (struct forge_comments){0};
	return NULL;
}

static struct err *
comment_add(struct forge *f, int64_t number, const char *text, char **id)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *path = gh_path(f, "/issues/%lld/comments", llabs((long long)number));
	AUTO(mem_free_p) char *what = mem_printf("a comment on %lld", llabs((long long)number));
	AUTO(mem_free_p) char *given = NULL;
	AUTO(buf_free) struct buf body = BUF_INIT(2 * FORGE_TEXT_MAX);
	struct jw w;

	jw_init(&w, &body, false);
	jw_obj(&w);
	jw_kstr(&w, "body", text);
	jw_end(&w);
	TRY(gh_send(f, "POST", path, &body, what, &reply));
	TRY(answer_id(reply.body, "id", &given));
	if (id != NULL)
		*id = STEAL(given);
	return NULL;
}

static struct err *
comment_edit(struct forge *f, int64_t number, const char *id, const char *text)
{
	AUTO(mem_free_p) char *part = gh_part(id);
	AUTO(mem_free_p) char *path = gh_path(f, "/issues/comments/%s", part);
	AUTO(mem_free_p) char *what = mem_printf("the comment %s on %lld", id, llabs((long long)number));
	AUTO(buf_free) struct buf body = BUF_INIT(2 * FORGE_TEXT_MAX);
	struct jw w;

	jw_init(&w, &body, false);
	jw_obj(&w);
	jw_kstr(&w, "body", text);
	jw_end(&w);
	return gh_send(f, "PATCH", path, &body, what, NULL);
}

void
gh_strs(struct jw *w, const char *key, const struct strs *v)
{
	size_t i;

	if (v == NULL || v->n == 0)
		return;
	jw_key(w, key);
	jw_list(w);
	for (i = 0; i < v->n; i++)
		jw_str(w, v->v[i]);
	jw_end(w);
}

static struct err *
issue_add(struct forge *f, const char *title, const char *text, const struct strs *with, int64_t *number)
{
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *path = gh_path(f, "/issues");
	AUTO(buf_free) struct buf body = BUF_INIT(2 * FORGE_TEXT_MAX);
	struct jw w;

	jw_init(&w, &body, false);
	jw_obj(&w);
	jw_kstr(&w, "title", title);
	jw_kstr(&w, "body", text);
	gh_strs(&w, "labels", with);
	jw_end(&w);
	TRY(gh_send(f, "POST", path, &body, "a new issue", &reply));
	return answer_int(reply.body, "number", number);
}

struct err *
gh_label_add(struct forge *f, int64_t number, const struct strs *add)
{
	AUTO(mem_free_p) char *path = gh_path(f, "/issues/%lld/labels", llabs((long long)number));
	AUTO(mem_free_p) char *what = mem_printf("labels of %lld", llabs((long long)number));
	AUTO(buf_free) struct buf body = BUF_INIT(MIB);
	struct jw w;

	jw_init(&w, &body, false);
	jw_obj(&w);
	gh_strs(&w, "labels", add);
	jw_end(&w);
	return gh_send(f, "POST", path, &body, what, NULL);
}

static struct err *
issue_labels(struct forge *f, int64_t number, const struct strs *add, const struct strs *away)
{
	size_t i;

	if (add != NULL && add->n > 0)
		TRY(gh_label_add(f, number, add));
	for (i = 0; away != NULL && i < away->n; i++) {
		AUTO(mem_free_p) char *name = gh_part(away->v[i]);
		AUTO(mem_free_p) char *path = gh_path(f, "/issues/%lld/labels/%s", llabs((long long)number), name);
		struct err *e = gh_send(f, "DELETE", path, NULL, "a label", NULL);

		if (!err_is(e, ERR_NOT_FOUND))
			TRY(e);
		err_ignore(e);
	}
	return NULL;
}

static struct err *
dispatch(struct forge *f, const char *workflow, const char *ref)
{
	AUTO(mem_free_p) char *name = gh_part(workflow);
	AUTO(mem_free_p) char *path = gh_path(f, "/actions/workflows/%s/dispatches", name);
	AUTO(mem_free_p) char *what = mem_printf("the workflow '%s'", workflow);
	AUTO(buf_free) struct buf body = BUF_INIT(16 * KIB);
	struct jw w;

	jw_init(&w, &body, false);
	jw_obj(&w);
	jw_kstr(&w, "ref", ref);
	jw_end(&w);
	return gh_send(f, "POST", path, &body, what, NULL);
}

static struct err *
run_over(struct forge *f, int64_t run, bool *over)
{
	static const char *const words[] = {"completed", NULL};
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	AUTO(mem_free_p) char *path = gh_path(f, "/actions/runs/%lld", (long long)run);

	TRY(gh_get(f, path, "a run of Actions", &reply));
	return answer_among(reply.body, "status", words, over);
}

const struct forge_api forge_github = {
	.name = "GitHub",
	.can = FORGE_CAN_PROVE_EDITS | FORGE_CAN_AUTO_MERGE | FORGE_CAN_DISPATCH | FORGE_CAN_TEAMS | FORGE_CAN_DRAFT,
	.whoami = whoami,
	.role = role,
	.default_branch = default_branch,
	.issues = issues,
	.issue = issue,
	.issue_events = gh_issue_events,
	.comments = comments,
	.comment_add = comment_add,
	.comment_edit = comment_edit,
	.issue_add = issue_add,
	.issue_labels = issue_labels,
	.pull_by_head = gh_pull_by_head,
	.pull = gh_pull,
	.pulls = gh_pulls,
	.pull_add = gh_pull_add,
	.pull_edit = gh_pull_edit,
	.pull_labels = gh_pull_labels,
	.pull_reviewers = gh_pull_reviewers,
	.reviews = gh_reviews,
	.remarks = gh_remarks,
	.checks = gh_checks,
	.status = gh_status,
	.merge = gh_merge,
	.auto_merge = gh_auto_merge,
	.auto_merge_off = gh_auto_merge_off,
	.guarded = gh_guarded,
	.branch_delete = gh_branch_delete,
	.dispatch = dispatch,
	.run_over = run_over,
	.rights = gh_rights,
};
