/*
 * look.h - one issue as the forge has it now, and what was ordered on it.
 */
#ifndef LINE_INTAKE_LOOK_H
#define LINE_INTAKE_LOOK_H

#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "forge/forge.h"
#include "line/intake/order.h"
#include "line/intake/pin.h"

struct config;
struct err;

struct order {
	enum order_word word;
	bool sign;		/* a label or an assignment: ORDER_RUN without words */
	const struct forge_user *who;	/* NULL: the forge does not tell */
	int64_t when;		/* 0: likewise */
	int64_t comment;	/* what orders comments: its number or its time; 0: none */
	struct str rest;	/* what follows the word */
	const char *refused;	/* why not to follow it; NULL: it may be */
};

/*
 * Was this order not followed yet?  'heard' is the task's field; 'known': there
 * is a task.
 */
bool order_is_new(const char *heard, bool known, const struct order *o);
/* What 'heard' becomes when it was. */
char *order_heard(const char *heard, const struct order *o) MUST_USE;

struct look {
	const char *name;	/* "github:owner/name#42" */
	const char *formerly;	/* as its task has it, from before the project was renamed; NULL */
	struct forge_issue issue;
	struct forge_events events;
	struct forge_comments comments;
	struct pin pin;		/* of the text as it is now */
	bool proves;		/* the forge tells each edit */
	bool running;		/* a run of its task is under way */
	int64_t refused;	/* its task's pull request, when a person closed that; 0 */
	VEC(struct order) orders;	/* oldest first; they borrow from the above */
};

/*
 * Read the issue's events and comments.  'issue' was read before, and is
 * moved into *out.  'own' (may be NULL) is the login that assignments are
 * looked for of.  The orders of people whose role the forge does not confirm
 * are refused; each person is asked for once, and not for orders that 'heard'
 * says were followed, which stay refused.
 */
struct err *look_read(struct forge *f, const struct config *c, struct forge_issue *issue,
    const char *own, const char *heard, bool known, struct look *out) MUST_USE;
void look_free(struct look *l);	/* also for AUTO */

#endif
