/*
 * order.h - what people say to the factory on an issue: "/factory WORD ..."
 * as the first line of a comment.
 */
#ifndef LINE_INTAKE_ORDER_H
#define LINE_INTAKE_ORDER_H

#include "base/def.h"
#include "base/str.h"

enum order_word {
	ORDER_RUN,	/* "run", "run HASH": start it, as the text is now */
	ORDER_RETRY,	/* another attempt, with the text as it was asked for */
	ORDER_STOP,	/* do not go on */
	ORDER_STATUS,	/* nothing: the comment tells it anyway */
	ORDER_APPROVE,	/* go on in spite of what the factory held it for */
	ORDER_REVISE,	/* "revise TEXT": another attempt, which is told this too */
	ORDER_UNKNOWN	/* no such word */
};

const char *order_name(enum order_word word);	/* "run" */

/* false for a comment that is none; 'rest' is the next word of that line, after "revise" all that follows. */
bool order_parse(struct str comment, enum order_word *word, struct str *rest);

#endif
