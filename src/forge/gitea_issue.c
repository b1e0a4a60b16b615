#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "forge/gitea_in.h"

#define NEW_LABEL "#ededed"	/* colour of one that was not there */

static struct err *
read_issue(const struct node *n, struct forge_issue *out)
{
	AUTO(forge_issue_free) struct forge_issue i = {0};
	AUTO(mem_free_p) char *state = NULL;

	TRY(answer_int(n, "number", &i.number));
	TRY(answer_id(n, "id", &i.id));
	TRY(answer_str(n, "title", FORGE_LINE_MAX, &i.title));
	TRY(answer_text(n, "body", FORGE_TEXT_MAX, &i.body));
	TRY(answer_str(n, "html_url", FORGE_LINE_MAX, &i.url));
	TRY(gitea_user(n, "user", &i.author));
	TRY(answer_str(n, "state", FORGE_LINE_MAX, &state));
	TRY(answer_bool(n, "is_locked", &i.locked));
	TRY(answer_strs(n, "labels", "name", &i.labels));
	TRY(answer_strs(n, "assignees", "login", &i.assignees));
	TRY(answer_time(n, "created_at", &i.created));
	TRY(answer_time(n, "updated_at", &i.updated));
	TRY(answer_stamp(n, "updated_at", "comments", &i.stamp));
	i.open = strcmp(state, "open") == 0;
	*out = i;
	i = (struct forge_issue){0};
	return NULL;
}

static bool
is_pull(const struct node *issue)
{
	const struct node *n = node_get(issue, "pull_request");

	return n != NULL && n->kind == NODE_MAP;
}

struct issue_list {
	struct forge_issues all;
	const char *label;	/* that each must have, or NULL */
};

static void
issue_list_free(struct issue_list *l)
{
	forge_issues_free(&l->all);
}

static struct err *
take_issue(void *arg, const struct node *n)
{
	AUTO(forge_issue_free) struct forge_issue one = {0};
	struct issue_list *l = arg;

	TRY(read_issue(n, &one));
	if (is_pull(n) || (l->label != NULL && !strs_has(&one.labels, l->label)))
		return NULL;
	vec_push(&l->all, one);
	one = (struct forge_issue){0};
	return NULL;
}

static int
by_change(const void *a, const void *b)
{
	const struct forge_issue *x = a, *y = b;

	if (x->updated != y->updated)
		return x->updated < y->updated ? 1 : -1;
	return (x->number < y->number) - (x->number > y->number);
}

struct err *
gitea_issues(struct forge *f, const char *label, int64_t since, struct forge_issues *out, bool *unchanged)
{
	AUTO(issue_list_free) struct issue_list l = {.label = label};
	AUTO(ask_free) struct ask a = {0};
	char when[CLOCK_TEXT];

	ask_open(&a, f, NULL, "the open issues");
	gitea_repo(&a);
	ask_path(&a, "/issues");
	ask_query(&a, "type", "issues");
	ask_query(&a, "state", "open");
	ask_query(&a, "labels", label);
	if (since > 0) {
		clock_format(since, when);
		ask_query(&a, "since", when);
	}
	ask_query(&a, "limit", GITEA_PAGE);
	TRY(ask_each(&a, false, take_issue, &l, NULL));
	vec_sort(&l.all, by_change);
	if (unchanged != NULL)
		*unchanged = false;
	*out = l.all;
	l.all = (struct forge_issues){0};
	return NULL;
}

struct err *
gitea_issue(struct forge *f, int64_t number, struct forge_issue *out)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "issue %" PRId64, number);
	gitea_repo(&a);
	ask_path(&a, "/issues/%" PRId64, number);
	TRY(ask_send(&a));
	if (is_pull(a.reply.body))
		return err_new(ERR_NOT_FOUND, "%s: %" PRId64 " is a pull request and no issue", f->api->name, number);
	return read_issue(a.reply.body, out);
}

static struct err *
push_event(struct forge_events *all, enum forge_deed deed, const char *what, const struct node *n)
{
	AUTO(forge_event_free) struct forge_event e = {.deed = deed, .what = mem_strdup(what)};

	TRY(gitea_user(n, "user", &e.who));
	TRY(answer_time(n, "created_at", &e.when));
	vec_push(all, e);
	e = (struct forge_event){0};
	return NULL;
}

/* A label's item has the body "1" when it was put on, and none when it was taken off. */
static struct err *
take_event(void *arg, const struct node *n)
{
	const char *type = node_get_str(n, "type"), *body = node_get_str(n, "body"), *name;

	if (type != NULL && strcmp(type, "label") == 0) {
		name = node_get_str(node_get(n, "label"), "name");
		return name == NULL ? NULL :
		    push_event(arg, body != NULL && body[0] != '\0' ? DEED_LABELED : DEED_UNLABELED, name, n);
	}
	if (type != NULL && strcmp(type, "pull_scheduled_merge") == 0)
		return push_event(arg, DEED_ARMED, "", n);
	if (type != NULL && strcmp(type, "pull_cancel_scheduled_merge") == 0)
		return push_event(arg, DEED_DISARMED, "", n);
	if (type != NULL && strcmp(type, "change_title") == 0)
		return push_event(arg, DEED_RENAMED, "", n);
	if (type != NULL && strcmp(type, "assignees") == 0 && !node_get_bool(n, "removed_assignee", false)) {
		name = node_get_str(node_get(n, "assignee"), "login");
		return name == NULL ? NULL : push_event(arg, DEED_ASSIGNED, name, n);
	}
	return NULL;
}

struct err *
gitea_issue_events(struct forge *f, int64_t number, struct forge_events *out)
{
	AUTO(forge_events_free) struct forge_events all = {0};
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "the history of issue %" PRId64, number);
	gitea_repo(&a);
	ask_path(&a, "/issues/%" PRId64 "/timeline", number);
	gitea_pages(&a);
	TRY(ask_each(&a, false, take_event, &all, NULL));
	*out = all;
	all = (struct forge_events){0};
	return NULL;
}

static struct err *
take_comment(void *arg, const struct node *n)
{
	AUTO(forge_comment_free) struct forge_comment c = {0};
	struct forge_comments *all = arg;

	TRY(answer_id(n, "id", &c.id));
	TRY(gitea_user(n, "user", &c.author));
	TRY(answer_text(n, "body", FORGE_TEXT_MAX, &c.body));
	TRY(answer_text(n, "html_url", FORGE_LINE_MAX, &c.url));
	TRY(answer_time(n, "created_at", &c.created));
	TRY(answer_time(n, "updated_at", &c.updated));
	c.commit = mem_strdup("");
	vec_push(all, c);
	c = (struct forge_comment){0};
	return NULL;
}

struct err *
gitea_comments(struct forge *f, int64_t number, int64_t since, struct forge_comments *out)
{
	AUTO(forge_comments_free) struct forge_comments all = {0};
	AUTO(ask_free) struct ask a = {0};
	char when[CLOCK_TEXT];

	ask_open(&a, f, NULL, "the comments of %" PRId64, number < 0 ? -number : number);
	gitea_repo(&a);
	ask_path(&a, "/issues/%" PRId64 "/comments", number < 0 ? -number : number);
	if (since > 0) {
		clock_format(since, when);
		ask_query(&a, "since", when);
	}
	TRY(ask_each(&a, false, take_comment, &all, NULL));
	*out = all;
	all = (struct forge_comments){0};
	return NULL;
}

struct err *
gitea_comment_add(struct forge *f, int64_t number, const char *body, char **id)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "POST", "a comment on %" PRId64, number < 0 ? -number : number);
	gitea_repo(&a);
	ask_path(&a, "/issues/%" PRId64 "/comments", number < 0 ? -number : number);
	ask_str(&a, "body", body);
	TRY(ask_send(&a));
	return id == NULL ? NULL : answer_id(a.reply.body, "id", id);
}

struct err *
gitea_comment_edit(struct forge *f, int64_t number UNUSED, const char *id, const char *body)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "PATCH", "comment %s", id);
	gitea_repo(&a);
	ask_path(&a, "/issues/comments/");
	ask_part(&a, id);
	ask_str(&a, "body", body);
	return ask_send(&a);
}

/* Names of labels to their numbers; the numbers are text. */
static struct err *
take_label(void *arg, const struct node *n)
{
	AUTO(mem_free_p) char *name = NULL;
	int64_t id = 0;

	TRY(answer_str(n, "name", FORGE_LINE_MAX, &name));
	TRY(answer_int(n, "id", &id));
	if (map_get(arg, name) == NULL)
		free(map_set(arg, name, mem_printf("%" PRId64, id)));
	return NULL;
}

static struct err *
labels_there(struct forge *f, bool of_owner, struct map *out)
{
	AUTO(mem_free_p) char *owner = mem_strndup(f->place.project, strcspn(f->place.project, "/"));
	AUTO(ask_free) struct ask a = {0};
	struct err *e;

	ask_open(&a, f, NULL, "the labels");
	if (of_owner) {
		ask_path(&a, "/orgs/");
		ask_part(&a, owner);
	} else {
		gitea_repo(&a);
	}
	ask_path(&a, "/labels");
	gitea_pages(&a);
	e = ask_each(&a, false, take_label, out, NULL);
	/* Whose owner is a person, no organization. */
	if (of_owner && err_is(e, ERR_NOT_FOUND)) {
		err_free(e);
		e = NULL;
	}
	return e;
}

static struct err *
new_label(struct forge *f, const char *name, struct map *out)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "POST", "the label '%s'", name);
	gitea_repo(&a);
	ask_path(&a, "/labels");
	ask_str(&a, "name", name);
	ask_str(&a, "color", NEW_LABEL);
	TRY(ask_send(&a));
	return take_label(out, a.reply.body);
}

static bool
has_all(const struct map *m, const struct strs *names)
{
	size_t i;

	for (i = 0; names != NULL && i < names->n; i++)
		if (map_get(m, names->v[i]) == NULL)
			return false;
	return true;
}

/* The numbers of all that are there; with 'make' of all. */
static struct err *
find_labels(struct forge *f, const struct strs *names, bool make, struct map *out)
{
	size_t i;

	TRY(labels_there(f, false, out));
	if (!has_all(out, names))
		TRY(labels_there(f, true, out));
	for (i = 0; make && names != NULL && i < names->n; i++)
		if (map_get(out, names->v[i]) == NULL)
			TRY(new_label(f, names->v[i], out));
	return NULL;
}

static void
map_release(struct map *m)
{
	map_free(m, free);
}

static void
put_numbers(struct ask *a, const struct map *numbers, const struct strs *names)
{
	size_t i;

	ask_list(a, "labels");
	for (i = 0; i < names->n; i++)
		jw_raw(&a->json, str_of(map_get(numbers, names->v[i])));
	jw_end(&a->json);
}

struct err *
gitea_issue_add(struct forge *f, const char *title, const char *body, const struct strs *labels, int64_t *number)
{
	AUTO(map_release) struct map numbers = {0};
	AUTO(ask_free) struct ask a = {0};

	if (labels != NULL && labels->n > 0)
		TRY(find_labels(f, labels, true, &numbers));
	ask_open(&a, f, "POST", "a new issue");
	gitea_repo(&a);
	ask_path(&a, "/issues");
	ask_str(&a, "title", title);
	ask_str(&a, "body", body);
	if (labels != NULL && labels->n > 0)
		put_numbers(&a, &numbers, labels);
	TRY(ask_send(&a));
	return answer_int(a.reply.body, "number", number);
}

static void
ask_labels(struct ask *a, struct forge *f, int64_t number)
{
	ask_open(a, f, "POST", "the labels of %" PRId64, number);
	gitea_repo(a);
	ask_path(a, "/issues/%" PRId64 "/labels", number);
}

static struct err *
put_by_number(struct forge *f, int64_t number, const struct strs *add)
{
	AUTO(map_release) struct map numbers = {0};
	AUTO(ask_free) struct ask a = {0};

	TRY(find_labels(f, add, true, &numbers));
	ask_labels(&a, f, number);
	put_numbers(&a, &numbers, add);
	return ask_send(&a);
}

/* *missing gets those that no label has as its name; *told: this server knows them by name. */
static struct err *
put_by_name(struct forge *f, int64_t number, const struct strs *add, struct strs *missing, bool *told)
{
	AUTO(map_release) struct map there = {0};
	AUTO(ask_free) struct ask a = {0};
	const struct node *n = NULL;
	size_t i;

	ask_labels(&a, f, number);
	ask_list(&a, "labels");
	for (i = 0; i < add->n; i++)
		jw_str(&a.json, add->v[i]);
	jw_end(&a.json);
	a.call.accept[0] = 400;
	a.call.accept[1] = 422;
	TRY(ask_send(&a));
	*told = a.reply.status / 100 == 2;
	while (*told && ask_next(a.reply.body, &n))
		TRY(take_label(&there, n));
	for (i = 0; i < add->n; i++)
		if (map_get(&there, add->v[i]) == NULL)
			strs_add(missing, add->v[i]);
	return NULL;
}

/* Unknown names are passed over in silence; servers before 1.22 take numbers alone. */
static struct err *
put_labels(struct forge *f, int64_t number, const struct strs *add)
{
	AUTO(strs_free) struct strs missing = {0};
	AUTO(map_release) struct map made = {0};
	AUTO(ask_free) struct ask a = {0};
	bool told;
	size_t i;

	TRY(put_by_name(f, number, add, &missing, &told));
	if (!told)
		return put_by_number(f, number, add);
	if (missing.n == 0)
		return NULL;
	for (i = 0; i < missing.n; i++)
		TRY(new_label(f, missing.v[i], &made));
	ask_labels(&a, f, number);
	put_numbers(&a, &made, &missing);
	return ask_send(&a);
}

static struct err *
take_labels_off(struct forge *f, int64_t number, const struct strs *remove)
{
	AUTO(map_release) struct map numbers = {0};
	size_t i;

	TRY(find_labels(f, remove, false, &numbers));
	for (i = 0; i < remove->n; i++) {
		AUTO(ask_free) struct ask a = {0};
		const char *id = map_get(&numbers, remove->v[i]);

		if (id == NULL)
			continue;
		ask_open(&a, f, "DELETE", "the label '%s' of %" PRId64, remove->v[i], number);
		gitea_repo(&a);
		ask_path(&a, "/issues/%" PRId64 "/labels/%s", number, id);
		a.call.accept[0] = 404;
		TRY(ask_send(&a));
	}
	return NULL;
}

struct err *
gitea_issue_labels(struct forge *f, int64_t number, const struct strs *add, const struct strs *remove)
{
	number = number < 0 ? -number : number;
	if (add != NULL && add->n > 0)
		TRY(put_labels(f, number, add));
	return remove == NULL || remove->n == 0 ? NULL : take_labels_off(f, number, remove);
}

struct err *
gitea_pull_labels(struct forge *f, int64_t number, const struct strs *add)
{
	return gitea_issue_labels(f, number, add, NULL);
}
