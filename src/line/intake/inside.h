/*
 * inside.h - what the parts of the intake share.  Only line/intake/ uses it.
 */
#ifndef LINE_INTAKE_INSIDE_H
#define LINE_INTAKE_INSIDE_H

#include "base/def.h"
#include "conf/secrets.h"
#include "forge/forge.h"
#include "line/intake/intake.h"
#include "line/intake/moved.h"
#include "line/intake/notebook.h"

struct err;
struct queue;
struct redactor;

struct intake {
	struct intake_opts o;
	struct forge *forge;
	char *project;		/* "github:owner/name" */
	struct forge_user own;	/* asked for once it is needed */
	struct notebook book;
	struct moved moved;	/* read once it is needed */
	bool sweeps;
	struct queue *queue;	/* as the state was when it was opened */
	struct secrets secrets;
	struct redactor *redact;
};

void intake_say(struct intake *in, int64_t issue, const char *task, enum intake_did did, const char *why, bool told);

/* The tasks; borrowed, until the state was changed by us. */
struct err *intake_queue(struct intake *in, struct queue **out) MUST_USE;
void intake_stale(struct intake *in);

/* in->own is filled. */
struct err *intake_own(struct intake *in) MUST_USE;

/* What is wrong with one issue is told, and holds up no other. */
struct err *intake_consider(struct intake *in, int64_t number, struct forge_issue *issue) MUST_USE;

#endif
