#include "line/intake/look.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "conf/config.h"

void
look_free(struct look *l)
{
	vec_free(&l->orders);
	forge_comments_free(&l->comments);
	forge_events_free(&l->events);
	forge_issue_free(&l->issue);
	*l = (struct look){0};
}

static bool
has_name(const struct strs *list, const char *name)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (strcasecmp(list->v[i], name) == 0)
			return true;
	return false;
}

/* The last time that this was done; a sign that is there by nobody's known deed is one too. */
static void
see_sign(struct look *l, enum forge_deed deed, const char *what, const struct strs *now)
{
	struct order o = {.word = ORDER_RUN, .sign = true};
	size_t i;

	if (!has_name(now, what))
		return;
	for (i = 0; i < l->events.n; i++) {
		const struct forge_event *e = &l->events.v[i];

		if (e->deed != deed || strcasecmp(e->what, what) != 0)
			continue;
		o.who = e->who.login != NULL && e->who.login[0] != '\0' ? &e->who : NULL;
		o.when = e->when;
	}
	vec_push(&l->orders, o);
}

static void
see_comments(struct look *l)
{
	struct order o;
	size_t i;

	for (i = 0; i < l->comments.n; i++) {
		const struct forge_comment *c = &l->comments.v[i];

		o = (struct order){.who = &c->author, .when = c->created};
		if (!order_parse(str_of(c->body), &o.word, &o.rest))
			continue;
		/* Where comments have names instead of numbers, their time orders them. */
		if (!str_int(str_of(c->id), 1, INT64_MAX, &o.comment))
			o.comment = c->created;
		vec_push(&l->orders, o);
	}
}

/* Orders of one second stay as they were found: signs first. */
static void
sort_orders(struct look *l)
{
	size_t i, k;

	for (i = 1; i < l->orders.n; i++) {
		struct order o = l->orders.v[i];

		for (k = i; k > 0 && l->orders.v[k - 1].when > o.when; k--)
			l->orders.v[k] = l->orders.v[k - 1];
		l->orders.v[k] = o;
	}
}

/* ---- what was heard already: "WHEN COMMENT" ---- */

struct mark {
	int64_t when;		/* of the last sign */
	int64_t comment;	/* of the last comment */
};

static struct mark
mark_read(const char *heard)
{
	struct str rest = str_of(heard), when;
	struct mark m = {0};

	if (!str_next(&rest, ' ', &when) || !str_int(when, 0, INT64_MAX, &m.when) ||
	    !str_int(rest, 0, INT64_MAX, &m.comment))
		return (struct mark){0};
	return m;
}

bool
order_is_new(const char *heard, bool known, const struct order *o)
{
	struct mark m = mark_read(heard);

	if (!o->sign)
		return o->comment > m.comment;
	/* Without a time it may be an old one, once there is a task. */
	return o->when == 0 ? !known : o->when > m.when;
}

char *
order_heard(const char *heard, const struct order *o)
{
	struct mark m = mark_read(heard);

	if (!o->sign)
		m.comment = o->comment;
	/* What starts it by word stands for the signs before, too. */
	if (o->sign || (o->word == ORDER_RUN && o->refused == NULL && o->when > m.when))
		m.when = o->when;
	return mem_printf("%" PRId64 " %" PRId64, m.when, m.comment);
}

/* ---- who may ---- */

static const char may[] = "", followed[] = "was followed already", reads_only[] = "may not write to the project", unnamed_bot[] =
    "is a bot that forge.bots does not name",
    hidden[] = "may or may not: the forge tells it only to an administrator of the project, which our token is not of";

static struct err *
ask_role(struct forge *f, const struct config *c, const struct forge_user *u, const char **out)
{
	enum forge_role role = ROLE_NONE;
	struct err *e;

	if (strs_has(&c->forge.bots, u->login)) {
		*out = may;
		return NULL;
	}
	if (u->bot) {
		*out = unnamed_bot;
		return NULL;
	}
	e = f->api->role(f, u, &role);
	/* That the token may not ask is no reason to trust anybody. */
	if (err_is(e, ERR_AUTH) || err_is(e, ERR_DENIED)) {
		err_free(e);
		*out = hidden;
		return NULL;
	}
	*out = role >= ROLE_WRITE ? may : reads_only;
	return e;
}

static struct err *
judge_people(struct forge *f, const struct config *c, const char *heard, bool known, struct look *l)
{
	struct map asked = {0};
	struct err *e = NULL;
	size_t i;

	for (i = 0; i < l->orders.n && e == NULL; i++) {
		struct order *o = &l->orders.v[i];
		const char *verdict;

		if (o->who == NULL)
			continue;
		o->refused = followed;
		if (!order_is_new(heard, known, o))
			continue;
		verdict = map_get(&asked, o->who->login);
		if (verdict == NULL) {
			e = ask_role(f, c, o->who, &verdict);
			if (e == NULL)
				map_set(&asked, o->who->login, (void *)(uintptr_t)verdict);
		}
		if (e == NULL)
			o->refused = verdict != may ? verdict : NULL;
	}
	map_free(&asked, NULL);
	return e;
}

struct err *
look_read(struct forge *f, const struct config *c, struct forge_issue *issue, const char *own,
    const char *heard, bool known, struct look *out)
{
	AUTO(look_free) struct look l = {.proves = (f->api->can & FORGE_CAN_PROVE_EDITS) != 0, .issue = *issue};

	*issue = (struct forge_issue){0};
	/* An edit after the issue was read shows in the answer to this. */
	TRY(f->api->issue_events(f, l.issue.number, &l.events));
	TRY(f->api->comments(f, l.issue.number, 0, &l.comments));
	TRY(pin_text(l.issue.title, l.issue.body, &l.pin));
	see_sign(&l, DEED_LABELED, c->forge.label, &l.issue.labels);
	if (own != NULL)
		see_sign(&l, DEED_ASSIGNED, own, &l.issue.assignees);
	see_comments(&l);
	sort_orders(&l);
	TRY(judge_people(f, c, heard, known, &l));
	*out = l;
	l = (struct look){0};
	return NULL;
}
