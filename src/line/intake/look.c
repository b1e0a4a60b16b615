#include "line/intake/look.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/map.h"
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

/* ---- who may ---- */

static const char may[] = "", reads_only[] = "may not write to the project", unnamed_bot[] =
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
	e = f->api->role(f, u->login, &role);
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
judge_people(struct forge *f, const struct config *c, struct look *l)
{
	struct map known = {0};
	struct err *e = NULL;
	size_t i;

	for (i = 0; i < l->orders.n && e == NULL; i++) {
		struct order *o = &l->orders.v[i];
		const char *verdict;

		if (o->who == NULL)
			continue;
		verdict = map_get(&known, o->who->login);
		if (verdict == NULL) {
			e = ask_role(f, c, o->who, &verdict);
			if (e == NULL)
				map_set(&known, o->who->login, (void *)(uintptr_t)verdict);
		}
		if (e == NULL && verdict != may)
			o->refused = verdict;
	}
	map_free(&known, NULL);
	return e;
}

struct err *
look_read(struct forge *f, const struct config *c, int64_t number, const char *own, struct look *out)
{
	AUTO(look_free) struct look l = {.proves = (f->api->can & FORGE_CAN_PROVE_EDITS) != 0};

	TRY(f->api->issue(f, number, &l.issue));
	/* An edit between the two questions shows in the answer to this one. */
	TRY(f->api->issue_events(f, number, &l.events));
	TRY(f->api->comments(f, number, 0, &l.comments));
	TRY(pin_text(l.issue.title, l.issue.body, &l.pin));
	see_sign(&l, DEED_LABELED, c->forge.label, &l.issue.labels);
	if (own != NULL)
		see_sign(&l, DEED_ASSIGNED, own, &l.issue.assignees);
	see_comments(&l);
	sort_orders(&l);
	TRY(judge_people(f, c, &l));
	*out = l;
	l = (struct look){0};
	return NULL;
}
