#include "line/pulls/armed.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/forge.h"
#include "forge/pull.h"
#include "line/judge.h"
#include "line/pulls/feedback.h"
#include "line/pulls/outside.h"
#include "model/level.h"

static struct err *
take_back(struct outside *o, struct pull *p, const struct forge_pull *there, const char *why)
{
	TRY(o->forge->api->auto_merge_off(o->forge, there));
	p->armed = oid_zero;
	line_tell(o->line, LINE_NOTE, "pull request %" PRId64 ": %s", p->number, why);
	return NULL;
}

/* Whoever took it off meant that it should not land by itself. */
static void
was_taken_back(struct outside *o, struct pull *p)
{
	p->armed = oid_zero;
	p->level = LEVEL_LOOK;
	strs_add(&p->reasons, "the forge, or somebody there, took back that it merges by itself");
	p->marked = oid_zero;
	line_tell(o->line, LINE_NOTE, "pull request %" PRId64 ": %s", p->number, p->reasons.v[p->reasons.n - 1]);
}

/* Where the pull request itself does not tell, its history does. */
static struct err *
was_disarmed(struct outside *o, const struct forge_pull *there, bool *was)
{
	AUTO(forge_events_free) struct forge_events events = {0};
	size_t i;

	*was = there->waits == TRI_NO;
	if (there->waits != TRI_UNKNOWN || !(o->forge->api->can & FORGE_CAN_TELL_ARMED))
		return NULL;
	TRY(o->forge->api->issue_events(o->forge, there->number, &events));
	for (i = 0; i < events.n; i++)
		if (events.v[i].deed == DEED_ARMED || events.v[i].deed == DEED_DISARMED)
			*was = events.v[i].deed == DEED_DISARMED;
	return NULL;
}

static struct err *
unless_opposed(struct outside *o, struct pull *p, const struct forge_pull *there)
{
	AUTO(err_free_p) struct err *against = there->updated > p->heard ? hear_objections(o, p) : NULL;
	AUTO(mem_free_p) char *why = NULL;

	if (against == NULL || err_is(against, ERR_INTERRUPTED))
		return STEAL(against);
	why = mem_printf("the forge merges it no more by itself: %s", err_msg(against));
	return take_back(o, p, there, why);
}

struct err *
armed_watch(struct outside *o, struct pull *p, const struct forge_pull *there)
{
	bool off;

	if (oid_is_zero(&p->armed))
		return NULL;
	/* The forge may lag behind the branch that we moved. */
	if (!oid_eq(&p->armed, &p->head))
		return take_back(o, p, there, "its branch is another than the forge was to merge by itself: it is told anew");
	if (strcmp(there->head_sha, oid_hex(&p->head).s) != 0)
		return take_back(o, p, there, "alarm: its head moved while the forge was to merge it by itself, which was taken back");
	if (p->taken_by != NULL || !o->policy.cfg.merge.automatic)
		return take_back(o, p, there, "the forge merges it no more by itself");
	TRY(was_disarmed(o, there, &off));
	if (!off)
		return unless_opposed(o, p, there);
	was_taken_back(o, p);
	return NULL;
}
