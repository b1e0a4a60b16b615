#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "forge/gitlab_in.h"

static struct err *
read_issue(const struct node *n, struct forge_issue *out)
{
	AUTO(forge_issue_free) struct forge_issue i = {0};
	AUTO(mem_free_p) char *state = NULL;

	TRY(answer_int(n, "iid", &i.number));
	TRY(answer_id(n, "id", &i.id));
	TRY(answer_str(n, "title", FORGE_LINE_MAX, &i.title));
	TRY(answer_text(n, "description", FORGE_TEXT_MAX, &i.body));
	TRY(answer_str(n, "web_url", FORGE_LINE_MAX, &i.url));
	TRY(gitlab_user(n, "author", &i.author));
	TRY(answer_str(n, "state", FORGE_LINE_MAX, &state));
	TRY(answer_bool(n, "discussion_locked", &i.locked));
	TRY(answer_strs(n, "labels", NULL, &i.labels));
	TRY(answer_strs(n, "assignees", "username", &i.assignees));
	TRY(answer_time(n, "created_at", &i.created));
	TRY(answer_time(n, "updated_at", &i.updated));
	TRY(answer_stamp(n, "updated_at", "user_notes_count", &i.stamp));
	i.open = strcmp(state, "opened") == 0;
	*out = i;
	i = (struct forge_issue){0};
	return NULL;
}

static struct err *
take_issue(void *arg, const struct node *n)
{
	struct forge_issues *all = arg;
	struct forge_issue one = {0};

	TRY(read_issue(n, &one));
	vec_push(all, one);
	return NULL;
}

struct err *
gitlab_issues(struct forge *f, const char *label, int64_t since, struct forge_issues *out, bool *unchanged)
{
	AUTO(forge_issues_free) struct forge_issues all = {0};
	AUTO(ask_free) struct ask a = {0};
	char when[CLOCK_TEXT];

	ask_open(&a, f, NULL, "the open issues");
	gitlab_project(&a);
	ask_path(&a, "/issues");
	ask_query(&a, "state", "opened");
	ask_query(&a, "labels", label);
	if (since > 0) {
		clock_format(since, when);
		ask_query(&a, "updated_after", when);
	}
	ask_query(&a, "order_by", "updated_at");
	ask_query(&a, "sort", "desc");
	ask_query(&a, "per_page", "100");
	a.call.cached = since == 0;
	TRY(ask_each(&a, true, take_issue, &all, unchanged));
	*out = all;
	all = (struct forge_issues){0};
	return NULL;
}

struct err *
gitlab_issue(struct forge *f, int64_t number, struct forge_issue *out)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "issue %" PRId64, number);
	gitlab_item(&a, number);
	a.call.cached = true;
	TRY(ask_send(&a));
	return ask_took(&a, read_issue(a.reply.body, out));
}

static struct err *
push_event(struct forge_events *all, enum forge_deed deed, struct str what, const struct node *n, const char *user)
{
	AUTO(forge_event_free) struct forge_event e = {.deed = deed, .what = str_dup(what)};

	TRY(gitlab_user(n, user, &e.who));
	TRY(answer_time(n, "created_at", &e.when));
	vec_push(all, e);
	e = (struct forge_event){0};
	return NULL;
}

static struct err *
take_label_event(void *arg, const struct node *n)
{
	const char *action = node_get_str(n, "action"), *name = node_get_str(node_get(n, "label"), "name");

	if (action == NULL)
		return node_err(n, "'action' is missing");
	/* A label that was deleted since has no name any more. */
	if (name == NULL)
		return NULL;
	return push_event(arg, strcmp(action, "add") == 0 ? DEED_LABELED : DEED_UNLABELED, str_of(name), n, "user");
}

/* "assigned to @ann, @bob and @eve and unassigned @joe" */
static struct err *
take_assigned(struct forge_events *all, struct str text, const struct node *n)
{
	ptrdiff_t end = str_find(text, STR("unassigned")), at;
	struct str login;

	text = end >= 0 ? str_take(text, (size_t)end) : text;
	while ((at = str_chr(text, '@')) >= 0) {
		text = str_skip(text, (size_t)at + 1);
		for (login = str_take(text, 0); login.n < text.n && strchr(" ,@\n", text.p[login.n]) == NULL;)
			login.n++;
		if (login.n > 0)
			TRY(push_event(all, DEED_ASSIGNED, login, n, "author"));
	}
	return NULL;
}

/* app/services/system_notes/issuables_service.rb and its kin write these; what only may be an edit counts as one. */
static struct err *
take_system_note(void *arg, const struct node *n)
{
	AUTO(mem_free_p) char *body = NULL;
	bool system = false;

	TRY(answer_bool(n, "system", &system));
	if (!system)
		return NULL;
	TRY(answer_text(n, "body", FORGE_TEXT_MAX, &body));
	if (str_starts(str_of(body), "assigned to "))
		return take_assigned(arg, str_of(body), n);
	if (strstr(body, "changed title") != NULL)
		return push_event(arg, DEED_RENAMED, STR(""), n, "author");
	if (strstr(body, "description") != NULL || strstr(body, "marked the task") != NULL ||
	    strstr(body, "checklist item") != NULL)
		return push_event(arg, DEED_EDITED, STR(""), n, "author");
	return NULL;
}

/* Of the same second, labels come first: an edit that may be later is later. */
static void
merge_by_time(struct forge_events *labels, struct forge_events *notes, struct forge_events *out)
{
	size_t l = 0, n = 0;

	while (l < labels->n || n < notes->n) {
		if (n == notes->n || (l < labels->n && labels->v[l].when <= notes->v[n].when))
			vec_push(out, labels->v[l++]);
		else
			vec_push(out, notes->v[n++]);
	}
	vec_clear(labels);
	vec_clear(notes);
}

struct err *
gitlab_issue_events(struct forge *f, int64_t number, struct forge_events *out)
{
	AUTO(forge_events_free) struct forge_events put = {0}, done = {0};
	AUTO(ask_free) struct ask labels = {0}, notes = {0};
	struct forge_events all = {0};

	ask_open(&labels, f, NULL, "the labels of issue %" PRId64, number);
	gitlab_item(&labels, number);
	ask_path(&labels, "/resource_label_events");
	ask_query(&labels, "per_page", "100");
	TRY(ask_each(&labels, false, take_label_event, &put, NULL));
	ask_open(&notes, f, NULL, "the history of issue %" PRId64, number);
	gitlab_item(&notes, number);
	ask_path(&notes, "/notes");
	ask_query(&notes, "activity_filter", "only_activity");
	ask_query(&notes, "order_by", "created_at");
	ask_query(&notes, "sort", "asc");
	ask_query(&notes, "per_page", "100");
	TRY(ask_each(&notes, false, take_system_note, &done, NULL));
	merge_by_time(&put, &done, &all);
	*out = all;
	return NULL;
}

struct wanted_notes {
	struct forge_comments all;
	struct forge *f;
	int64_t number, since;
};

static void
wanted_free(struct wanted_notes *w)
{
	forge_comments_free(&w->all);
}

static struct err *
take_note(void *arg, const struct node *n)
{
	AUTO(forge_comment_free) struct forge_comment c = {0};
	struct wanted_notes *w = arg;
	bool system = false;

	TRY(answer_bool(n, "system", &system));
	TRY(answer_time(n, "updated_at", &c.updated));
	if (system || c.updated < w->since)
		return NULL;
	TRY(answer_id(n, "id", &c.id));
	TRY(gitlab_user(n, "author", &c.author));
	TRY(answer_text(n, "body", FORGE_TEXT_MAX, &c.body));
	TRY(answer_time(n, "created_at", &c.created));
	TRY(answer_bool(n, "resolved", &c.resolved));
	c.commit = mem_strdup("");
	c.url = mem_printf("%s/-/%s/%" PRId64 "#note_%s", w->f->place.web, w->number < 0 ? "merge_requests" : "issues",
	    w->number < 0 ? -w->number : w->number, c.id);
	vec_push(&w->all, c);
	c = (struct forge_comment){0};
	return NULL;
}

struct err *
gitlab_comments(struct forge *f, int64_t number, int64_t since, struct forge_comments *out)
{
	AUTO(wanted_free) struct wanted_notes w = {.f = f, .number = number, .since = since};
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, NULL, "the comments of %s %" PRId64, number < 0 ? "merge request" : "issue",
	    number < 0 ? -number : number);
	gitlab_item(&a, number);
	ask_path(&a, "/notes");
	ask_query(&a, "activity_filter", "only_comments");
	ask_query(&a, "order_by", "created_at");
	ask_query(&a, "sort", "asc");
	ask_query(&a, "per_page", "100");
	a.call.cached = true;
	TRY(ask_each(&a, false, take_note, &w, NULL));
	*out = w.all;
	w.all = (struct forge_comments){0};
	return NULL;
}

struct err *
gitlab_comment_add(struct forge *f, int64_t number, const char *body, char **id)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "POST", "a comment on %s %" PRId64, number < 0 ? "merge request" : "issue",
	    number < 0 ? -number : number);
	gitlab_item(&a, number);
	ask_path(&a, "/notes");
	ask_str(&a, "body", body);
	TRY(ask_send(&a));
	return id == NULL ? NULL : answer_id(a.reply.body, "id", id);
}

struct err *
gitlab_comment_edit(struct forge *f, int64_t number, const char *id, const char *body)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "PUT", "comment %s", id);
	gitlab_item(&a, number);
	ask_path(&a, "/notes/");
	ask_part(&a, id);
	ask_str(&a, "body", body);
	return ask_send(&a);
}

/* Labels are one text with commas, which no label's name may hold. */
static struct err *
add_labels(struct ask *a, const char *key, const struct strs *labels)
{
	AUTO(buf_free) struct buf all = BUF_INIT(64 * KIB);
	size_t i;

	for (i = 0; labels != NULL && i < labels->n; i++) {
		if (strchr(labels->v[i], ',') != NULL)
			return err_new(ERR_CONFIG, "the label '%s' has a comma, which GitLab does not allow", labels->v[i]);
		buf_addf(&all, "%s%s", i > 0 ? "," : "", labels->v[i]);
	}
	TRY(buf_check(&all, "the list of labels"));
	if (all.n > 0)
		ask_str(a, key, buf_cstr(&all));
	return NULL;
}

struct err *
gitlab_issue_add(struct forge *f, const char *title, const char *body, const struct strs *labels, int64_t *number)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "POST", "a new issue");
	gitlab_project(&a);
	ask_path(&a, "/issues");
	ask_str(&a, "title", title);
	ask_str(&a, "description", body);
	TRY(add_labels(&a, "labels", labels));
	TRY(ask_send(&a));
	return answer_int(a.reply.body, "iid", number);
}

struct err *
gitlab_issue_labels(struct forge *f, int64_t number, const struct strs *add, const struct strs *remove)
{
	AUTO(ask_free) struct ask a = {0};

	ask_open(&a, f, "PUT", "the labels of %s %" PRId64, number < 0 ? "merge request" : "issue",
	    number < 0 ? -number : number);
	gitlab_item(&a, number);
	TRY(add_labels(&a, "add_labels", add));
	TRY(add_labels(&a, "remove_labels", remove));
	return a.body.n == 0 ? NULL : ask_send(&a);
}

struct err *
gitlab_pull_labels(struct forge *f, int64_t number, const struct strs *add)
{
	return gitlab_issue_labels(f, FORGE_OF_PULL(number), add, NULL);
}
