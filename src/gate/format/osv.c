/*
 * osv-scanner --format json: per source its packages with their
 * vulnerabilities, and groups of those that are one, with the highest CVSS
 * score.  A source without any is left out by the tool, so
 * "results": [] is clean.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "gate/format/cvss.h"
#include "gate/format/hand.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

enum place {
	AT_RESULTS, AT_RESULT, AT_PACKAGES, AT_PACKAGE, AT_NAME, AT_VERSION, AT_FLAW, AT_ID, AT_ALIAS,
	AT_TEXT, AT_SEVERITY, AT_VECTOR, AT_GROUP, AT_MEMBER, AT_SCORE
};

static const struct pick places[] = {
	{"results", AT_RESULTS},
	{"results[]", AT_RESULT},
	{"results[].packages", AT_PACKAGES},
	{"results[].packages[]", AT_PACKAGE},
	{"results[].packages[].package.name", AT_NAME},
	{"results[].packages[].package.version", AT_VERSION},
	{"results[].packages[].vulnerabilities[]", AT_FLAW},
	{"results[].packages[].vulnerabilities[].id", AT_ID},
	{"results[].packages[].vulnerabilities[].aliases[]", AT_ALIAS},
	{"results[].packages[].vulnerabilities[].summary", AT_TEXT},
	{"results[].packages[].vulnerabilities[].database_specific.severity", AT_SEVERITY},
	{"results[].packages[].vulnerabilities[].severity[].score", AT_VECTOR},
	{"results[].packages[].groups[]", AT_GROUP},
	{"results[].packages[].groups[].ids[]", AT_MEMBER},
	{"results[].packages[].groups[].max_severity", AT_SCORE},
};

/* Of a group: what else it is called, and its score (0: none). */
struct member {
	char *id, *first;
	double score;
};

struct osv {
	struct reading reading;
	bool list, packages;
	/* Of the package in hand: */
	struct hand whole;	/* its name and version */
	struct hands pending;
	struct map by_id;	/* id -> index of pending + 1 */
	struct hand hand;
	bool rated;		/* it, by a word, which goes before a vector */
	VEC(struct member) members;	/* of all groups; unscored from 'group' on */
	size_t group;
	double score;
};

static bool
is_osv(struct str head)
{
	return format_key(head, "results") && format_key(head, "packages") && format_key(head, "source");
}

static struct err *
on_member(struct osv *o, const struct pick_value *v)
{
	struct member m = {0};

	if (o->members.n >= FACTS_FLAWS_MAX)
		return err_new(ERR_LIMIT, "more than %d known vulnerabilities of one package", FACTS_FLAWS_MAX);
	m.id = str_dup(v->text);
	m.first = mem_strdup(o->members.n > o->group ? o->members.v[o->group].id : m.id);
	vec_push(&o->members, m);
	return NULL;
}

static void
group_over(struct osv *o)
{
	for (; o->group < o->members.n; o->group++)
		o->members.v[o->group].score = o->score;
	o->score = 0;
}

static void
members_clear(struct osv *o)
{
	size_t i;

	for (i = 0; i < o->members.n; i++) {
		free(o->members.v[i].id);
		free(o->members.v[i].first);
	}
	vec_free(&o->members);
	o->group = 0;
}

/* Each is told its group's score, and the name of the first, which makes them one. */
static void
settle(struct osv *o)
{
	size_t i;

	for (i = 0; i < o->members.n; i++) {
		const struct member *m = &o->members.v[i];
		size_t at = (size_t)(uintptr_t)map_get(&o->by_id, m->id);

		if (at == 0)
			continue;
		if (m->score > 0)
			o->pending.v[at - 1].severity = cvss_severity(m->score);
		if (strcmp(m->id, m->first) != 0)
			strs_add(&o->pending.v[at - 1].aliases, m->first);
	}
	members_clear(o);
}

static struct err *
package_over(struct osv *o)
{
	size_t i;

	if (o->pending.n > 0 && o->whole.package == NULL)
		return err_new(ERR_SYNTAX, "a package without 'package.name'");
	settle(o);
	for (i = 0; i < o->pending.n; i++) {
		struct hand *h = &o->pending.v[i];

		hand_copy(&h->package, o->whole.package);
		hand_copy(&h->version, o->whole.version);
		TRY(hand_flaw(h, o->reading.facts));
	}
	vec_clear(&o->pending);
	map_free(&o->by_id, NULL);
	o->by_id = (struct map){0};
	hand_clear(&o->whole);
	return NULL;
}

static struct err *
on_flaw(struct osv *o, const struct pick_value *v)
{
	if (v->kind == PICK_OBJECT) {
		o->hand.severity = SEVERITY_ERROR;
		o->rated = false;
		return NULL;
	}
	if (o->hand.id == NULL)
		return err_new(ERR_SYNTAX, "a vulnerability without an id");
	map_set(&o->by_id, o->hand.id, (void *)(uintptr_t)(o->pending.n + 1));
	return hands_take(&o->pending, &o->hand);
}

static struct err *
on_result(struct osv *o, const struct pick_value *v)
{
	if (v->kind == PICK_OBJECT)
		o->packages = false;
	else if (v->kind != PICK_CLOSE || !o->packages)
		return err_new(ERR_SYNTAX, "a source without 'packages'");
	return NULL;
}

static struct err *
on_value(void *state, const struct pick_value *v)
{
	struct osv *o = state;

	switch ((enum place)v->id) {
	case AT_RESULTS:
		o->list |= v->kind == PICK_LIST;
		break;
	case AT_RESULT:
		return on_result(o, v);
	case AT_PACKAGES:
		o->packages |= v->kind == PICK_LIST;
		break;
	case AT_PACKAGE:
		return v->kind == PICK_CLOSE ? package_over(o) : NULL;
	case AT_NAME:
		hand_set(&o->whole.package, v);
		break;
	case AT_VERSION:
		hand_set(&o->whole.version, v);
		break;
	case AT_FLAW:
		return on_flaw(o, v);
	case AT_ID:
		hand_set(&o->hand.id, v);
		break;
	case AT_ALIAS:
		hand_alias(&o->hand, v);
		break;
	case AT_TEXT:
		hand_set(&o->hand.text, v);
		break;
	case AT_SEVERITY:
		o->hand.severity = severity_of(v->text, SEVERITY_ERROR);
		o->rated = true;
		break;
	case AT_VECTOR:
		if (!o->rated && cvss_score(v->text) >= 0)
			o->hand.severity = cvss_severity(cvss_score(v->text));
		break;
	case AT_GROUP:
		if (v->kind == PICK_CLOSE)
			group_over(o);
		break;
	case AT_MEMBER:
		return on_member(o, v);
	case AT_SCORE: {
		AUTO(mem_free_p) char *score = str_dup(v->text);

		o->score = strtod(score, NULL);
		break;
	}
	}
	return NULL;
}

static struct err *
end(void *state)
{
	const struct osv *o = state;

	return o->list ? NULL : err_new(ERR_SYNTAX, "the report has no list 'results'");
}

static void
osv_free(void *state)
{
	struct osv *o = state;

	hand_clear(&o->whole);
	hand_clear(&o->hand);
	hands_free(&o->pending);
	map_free(&o->by_id, NULL);
	members_clear(o);
}

const struct format format_osv = {
	.name = "osv",
	.tools = "osv-scanner --format json",
	.kinds = FACTS_FLAWS,
	.syntax = SYNTAX_JSON,
	.is = is_osv,
	.size = sizeof(struct osv),
	.places = places,
	.nplaces = NITEMS(places),
	.pick = on_value,
	.end = end,
	.free = osv_free,
};
