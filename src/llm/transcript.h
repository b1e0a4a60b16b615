/*
 * transcript.h - the exchange with a model as a file of JSON lines, appended
 * to and never rewritten:
 *
 *	{"asked":"<hash>","cost_max":N}
 *	    a request is about to be sent, and may cost that much
 *	{"failed":"<error word>"}
 *	    the server refused it, or was not reached: it costs nothing
 *	{"request":"<hash>","model":"m","reply":{"stop":"tools","blocks":[…]},
 *	 "usage":{"in":…,"out":…,"cache_read":…,"cache_write":…},"cost":N}
 *	    its answer; with "redacted":true when something was taken out of it,
 *	    and "guessed":true when the server did not say what it used.
 *	    A block is {"text":…} or {"id":…,"name":…,"input":{…}}; stop is end,
 *	    tools, length or refused
 *	{"from":K}
 *	    only the first K answers above still count: a resumed run went
 *	    another way after them
 *
 * Costs are micro-dollars. A last line without its newline is what a killed
 * process left, and is dropped. In a recording that is written by hand
 * "request", "usage" and "cost" may be missing. The hash (FNV-1a, 128 bits)
 * tells requests apart; it proves nothing against somebody who wants two to
 * be the same.
 */
#ifndef LLM_TRANSCRIPT_H
#define LLM_TRANSCRIPT_H

#include "base/buf.h"
#include "base/def.h"
#include "llm/llm.h"

struct err;
struct transcript;

#define TRANSCRIPT_HASH 33	/* hexadecimal, with its NUL */
#define TRANSCRIPT_MAX (256 * MIB)

struct transcript_answer {
	char request[TRANSCRIPT_HASH];	/* empty: any */
	struct llm_reply reply;
	bool redacted;
};

/* What a request asks, to the byte, in hexadecimal. */
void transcript_hash(const char *model, const struct llm_request *req, int64_t max_tokens,
    char out[TRANSCRIPT_HASH]);

/*
 * Read the file. With write it may be missing and is opened for appending
 * (mode 0600); without, ERR_NOT_FOUND. ERR_SYNTAX with file:line.
 */
struct err *transcript_open(const char *path, bool write, struct transcript **out) MUST_USE;
void transcript_close(struct transcript *t);	/* NULL is fine */

/* The next recorded answer, or NULL. Borrowed. */
const struct transcript_answer *transcript_peek(const struct transcript *t);
void transcript_skip(struct transcript *t);	/* past it */
size_t transcript_used(const struct transcript *t);	/* answers skipped so far */

/* Append; on stable storage when it returns. */
struct err *transcript_asked(struct transcript *t, const char *hash, int64_t cost_max) MUST_USE;
struct err *transcript_failed(struct transcript *t, const char *word) MUST_USE;
struct err *transcript_answered(struct transcript *t, const struct llm_config *cfg,
    const char *hash, const struct llm_reply *reply) MUST_USE;

/* Sum of cost_max of what was asked and neither answered nor failed, when opened. */
int64_t transcript_lost(const struct transcript *t);

#endif
