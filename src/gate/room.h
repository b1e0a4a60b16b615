/*
 * room.h - what the files of this room share: the open gates, and what one
 * run of one command came to.
 */
#ifndef GATE_ROOM_H
#define GATE_ROOM_H

#include "base/def.h"
#include "base/vec.h"
#include "conf/waiver.h"
#include "gate/gate.h"
#include "gate/report/facts.h"
#include "git/diff.h"

struct ahead;
struct change;
struct conf_gate;
struct exec_spec;

#define SIGNALLED 128	/* a larger exit status stands for a signal */
#define OUTPUT_MAX (256 * KIB)	/* kept of one command's output */
#define OUTPUT_TAIL (224 * KIB)	/* of that, from its end */

enum outcome_kind {
	OUTCOME_PASSED,
	OUTCOME_FAILED,		/* exit status, and report where there is one, say so */
	OUTCOME_BROKEN		/* no answer: 'why' */
};

struct outcome {
	enum outcome_kind kind;
	char *why;		/* BROKEN: one line */
	int status;
	int64_t ms;
	char *output;		/* both streams, as they came; a gap is marked */
	int64_t known;		/* when it was run, of one that is remembered; else 0 */
	bool reported;		/* 'facts' holds what the command wrote */
	struct facts facts;
};

void outcome_free(struct outcome *o);	/* also for AUTO */

/* What a gate's command did on the base; kept while the gates are open. */
struct base_run {
	const struct conf_gate *gate;
	const char *command;
	bool remembered;	/* of an earlier run of the factory, see memory.h */
	struct outcome outcome;
};

struct gates {
	struct gates_opts o;
	struct oid base_tree;
	struct oid signers;	/* hash of policy's evidence.keys */
	VEC(struct base_run *) base_runs;
	struct waivers waivers;	/* of the base */
};

/* A tree under judgement. */
struct subject {
	struct gates *gates;
	struct oid tree;
	const char *setup;
	enum gate_depth depth;
	struct diff diff;	/* base to tree, without lines and renames */
	struct change *change;	/* NULL until it is asked for */
	struct ahead *ahead;	/* what ran before it is judged, or NULL: ahead.h */
};

/* The change with its lines, opened once; borrowed from the subject. */
struct err *subject_change(struct subject *s, struct change **out) MUST_USE;

void gates_tell(const struct gates *g, const struct gate_event *e);

/* Is the gate of this name asked for? */
bool gates_want(const struct gates *g, const char *name);

/*
 * Every verdict begins with its identity ('gate' is what policy says of it,
 * or NULL) and ends with waivers, and without secrets; both are told.
 */
struct verdict *gate_next(struct verdicts *vs);	/* a new one, where there is room */
struct err *gate_begin(const struct subject *s, const struct conf_gate *gate, const char *name,
    struct verdict *v) MUST_USE;
void gate_redact(const struct gates *g, struct verdict *v);
void gate_end(const struct subject *s, struct verdict *v);

/*
 * The base's outcome for this command, run at most once, or not at all when
 * it is remembered.  Borrowed until the gates are closed.
 */
struct err *base_outcome(struct gates *g, const struct conf_gate *gate,
    const char *command, const struct base_run **out) MUST_USE;

/*
 * The same in parts, for who runs it himself: is it neither here nor
 * remembered?  Then what to run, and where its outcome goes (taken, in
 * failure too).
 */
struct err *base_unknown(struct gates *g, const struct conf_gate *gate, const char *command,
    bool *unknown) MUST_USE;
struct exec_spec base_spec(const struct gates *g, const struct conf_gate *gate,
    const char *command);
struct err *base_take(struct gates *g, const struct conf_gate *gate, const char *command,
    struct outcome *o) MUST_USE;

/* Run what is only remembered: *run is changed. */
struct err *base_refresh(struct gates *g, const struct base_run *run) MUST_USE;

/*
 * The id of everything that decides what a gate says but the tree and the
 * base.  A built-in gate is 'name', and 'gate' what policy says of it, or NULL.
 */
struct err *gate_definition(const struct gates *g, const struct conf_gate *gate,
    const char *name, const char *command, const char *setup, struct oid *out) MUST_USE;

#endif
