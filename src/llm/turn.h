/*
 * turn.h - puts an answer together from the pieces of a stream.
 *
 * Nothing leaves it before turn_finish(), and that fails unless the stream
 * said that it is at its end: every block closed, a reason to stop, the last
 * event seen, and the input of every call one strict JSON object.
 */
#ifndef LLM_TURN_H
#define LLM_TURN_H

#include "llm/llm.h"

#define TURN_MAX (8 * MIB)	/* bytes of one block */
#define TURN_BLOCKS 256

struct turn_block {
	int64_t index;		/* the stream's */
	enum llm_kind kind;	/* TEXT or TOOL_USE */
	char *id;
	char *name;
	struct buf text;	/* text, or the input so far */
	bool closed;
	bool ignored;		/* of a kind that we have no use for (thinking) */
};

struct llm_turn {
	const struct llm *l;	/* for messages and on_text; may be NULL in tests */
	VEC(struct turn_block *) blocks;
	struct llm_usage usage;
	enum llm_stop stop;
	bool stopped;		/* stop is known */
	bool refused;		/* words of refusal came, whatever stop says */
	bool done;		/* the last event came */
};

void turn_free(struct llm_turn *t);	/* also for AUTO */

/* The block with that index, or NULL. */
struct turn_block *turn_find(const struct llm_turn *t, int64_t index);

/* ERR_PROTOCOL when the index is taken or there are too many. */
struct err *turn_open(struct llm_turn *t, int64_t index, enum llm_kind kind,
    struct turn_block **out) MUST_USE;

/* A piece of text or of input. ERR_PROTOCOL when closed, ERR_LIMIT. */
struct err *turn_add(struct llm_turn *t, struct turn_block *b, const char *piece) MUST_USE;

struct err *turn_finish(struct llm_turn *t, struct llm_reply *reply) MUST_USE;

#endif
