/*
 * llm.h - ask a language model; whatever speaks its protocol.
 *
 * A provider is one file with a struct llm_provider and a line in the
 * registry of llm.c: "anthropic" (Messages), "openai" (chat completions) and
 * "recorded" (answers from a transcript). Answers are streamed and assembled;
 * only a stream that came to its proper end makes a reply, so no half of a
 * tool call ever leaves this room. The input of a tool call is one strict
 * JSON object, checked.
 *
 * Failures are retried here by their class (err.h), with the server's
 * Retry-After or exponential backoff with jitter, up to 'attempts' times.
 *
 * Money is counted in micro-dollars (one millionth), rounded up.
 */
#ifndef LLM_LLM_H
#define LLM_LLM_H

#include <signal.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"

struct err;
struct llm;

enum llm_kind {
	LLM_TEXT,
	LLM_TOOL_USE,
	LLM_TOOL_RESULT
};

/* Owns its strings. */
struct llm_block {
	enum llm_kind kind;
	char *text;	/* TEXT, TOOL_RESULT */
	char *id;	/* TOOL_USE, TOOL_RESULT: of the call */
	char *name;	/* TOOL_USE */
	char *input;	/* TOOL_USE: a JSON object */
	bool is_error;	/* TOOL_RESULT */
};

enum llm_role {
	LLM_USER,
	LLM_ASSISTANT
};

struct llm_msg {
	enum llm_role role;
	VEC(struct llm_block) blocks;
};

struct llm_tool {
	const char *name;
	const char *description;
	const char *schema;	/* JSON schema of the input, an object */
};

/* Borrows all of it for the call. */
struct llm_request {
	const char *system;
	const struct llm_msg *msgs;
	size_t nmsgs;
	const struct llm_tool *tools;
	size_t ntools;
	int64_t max_tokens;	/* of the answer; 0: the configuration's */
};

struct llm_usage {
	int64_t in;		/* tokens of the prompt, without those of the cache */
	int64_t out;
	int64_t cache_read;
	int64_t cache_write;
};

enum llm_stop {
	LLM_END,
	LLM_TOOLS,	/* wants tools called */
	LLM_LENGTH,	/* max_tokens reached: the answer is cut; holds no tool call */
	LLM_REFUSED
};

struct llm_reply {
	struct llm_msg msg;	/* role ASSISTANT */
	enum llm_stop stop;
	struct llm_usage usage;
	int64_t cost;		/* micro-dollars; of a recorded answer what it cost then */
	bool guessed;		/* the server counted no tokens, so usage is our estimate */
	bool recorded;		/* came from a transcript, not from the model */
};

/*
 * Micro-dollars per million tokens ($3 per million is 3,000,000). A negative
 * price of the cache means as much as 'in'.
 */
struct llm_price {
	int64_t in;
	int64_t out;
	int64_t cache_read;
	int64_t cache_write;
};

struct llm_config {
	const char *provider;	/* "anthropic", "openai", "recorded" */
	const char *model;
	const char *base_url;	/* NULL: the provider's own */
	const char *api_key;	/* copied, wiped at close; NULL: none is sent */
	const struct llm_price *price;	/* NULL: the table's (prices.json) */
	const char *prices_path;	/* NULL: installed templates/prices.json */
	int64_t max_tokens;	/* 0: 8192 */
	int64_t deadline_ms;	/* of one request; 0: 10 min */
	int64_t idle_ms;	/* without more than a byte a second; 0: 5 min */
	unsigned attempts;	/* of one request; 0: 5 */
	int64_t wait_max_s;	/* longest single wait that is obeyed; 0: 120 */
	bool proxy_from_env;
	/*
	 * The transcript (transcript.h): answered requests in it are answered
	 * from it, in order, as long as they are the same; from the first that is
	 * not there on, the model is asked and the exchange is appended. NULL:
	 * none. For "recorded" it is what is replayed, in order and whatever is
	 * asked, and nothing is appended.
	 */
	const char *transcript;
	/*
	 * Applied to all that is written to the transcript; NULL: nothing is
	 * changed. *changed is set when it altered something, and the line says so.
	 */
	struct err *(*redact)(void *arg, struct str in, struct buf *out, bool *changed);
	void *redact_arg;
	const struct clock *clock;	/* NULL: the system's */
	const volatile sig_atomic_t *cancel;	/* may be NULL */
	/* Each piece of the answer's text as it comes, for people only; may be NULL. */
	void (*on_text)(void *arg, struct str piece);
	/* Before each wait of a retry: what failed, and for how long; may be NULL. */
	void (*on_retry)(void *arg, const struct err *why, int64_t wait_ms);
	void *arg;
};

/*
 * Check the configuration and open. ERR_CONFIG: unknown provider (the hint
 * names the known), no model, malformed base_url, or no price for the model
 * and base_url is not on loopback. The strings are copied.
 */
struct err *llm_open(const struct llm_config *cfg, struct llm **out) MUST_USE;

/* Open what the provider needs ahead of the first request; sends nothing. */
struct err *llm_prepare(const struct llm *l) MUST_USE;
void llm_close(struct llm *l);		/* NULL is fine */
void llm_close_p(struct llm **l);	/* for AUTO */

/*
 * Ask once. *reply is the caller's to free on success and untouched else.
 * ERR_PROTOCOL for a stream that is cut or malformed, ERR_REFUSED never (see
 * LLM_REFUSED), ERR_AUTH, ERR_RATE_LIMIT, ERR_SERVER, ERR_NETWORK,
 * ERR_TIMEOUT after the last attempt, ERR_CONTEXT when the prompt is over the
 * model's context, ERR_CONFIG for other 4xx, ERR_INTERRUPTED.
 */
struct err *llm_complete(struct llm *l, const struct llm_request *req,
    struct llm_reply *reply) MUST_USE;

void llm_reply_free(struct llm_reply *r);	/* also for AUTO */

/*
 * What this request may cost, in micro-dollars and in tokens, for the check
 * before the call: every other byte counted as a token, and the answer as
 * long as max_tokens allows.
 */
int64_t llm_cost_max(const struct llm *l, const struct llm_request *req);
int64_t llm_tokens_max(const struct llm *l, const struct llm_request *req);

int64_t llm_cost(const struct llm_price *p, const struct llm_usage *u);
const struct llm_price *llm_price_of(const struct llm *l);	/* all zero: free */

/*
 * What the transcript says was asked and never answered (the process died
 * while waiting): to be charged, once, at its worst case, in micro-dollars.
 */
int64_t llm_lost_cost(const struct llm *l);

/* Of "recorded": the requests so far whose hash was not the recorded one. */
size_t llm_mismatches(const struct llm *l);

/* Build messages. Strings are copied. */
void llm_msg_init(struct llm_msg *m, enum llm_role role);
void llm_msg_text(struct llm_msg *m, const char *text);
void llm_msg_call(struct llm_msg *m, const char *id, const char *name, const char *input);
void llm_msg_result(struct llm_msg *m, const char *id, const char *text, bool is_error);
void llm_msg_copy(struct llm_msg *to, const struct llm_msg *from);	/* to: uninitialised */
void llm_msg_free(struct llm_msg *m);		/* also for AUTO */

/* Known providers, NULL-terminated, for messages and completions. */
const char *const *llm_providers(void);

#endif
