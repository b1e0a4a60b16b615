/*
 * provider.h - what llm.c and the providers share; nothing for other rooms.
 *
 * A new model API is one file: a struct llm_protocol (how a request is
 * written, how one event of the stream is read) behind llm_stream(), or a
 * complete() of its own, and a line in the registry of llm.c.
 */
#ifndef LLM_PROVIDER_H
#define LLM_PROVIDER_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/def.h"
#include "base/vec.h"
#include "llm/llm.h"
#include "llm/turn.h"
#include "wire/sse.h"

struct http_link;
struct jw;
struct transcript;

struct llm_provider {
	const char *name;
	const char *base_url;	/* its own; NULL: it uses no network */
	struct err *(*complete)(struct llm *l, const struct llm_request *req, struct llm_reply *reply);
};

struct llm {
	const struct llm_provider *provider;
	struct llm_config cfg;	/* strings below are owned */
	char *model;
	char *base_url;		/* without a slash at its end */
	char *api_key;		/* wiped before it is freed; NULL: none */
	bool loopback;
	struct llm_price price;
	struct http_link *link;		/* NULL: the provider uses no network */
	struct transcript *script;	/* NULL: none */
	size_t mismatches;
	struct clock clock;
};

extern const struct llm_provider llm_anthropic;
extern const struct llm_provider llm_openai;
extern const struct llm_provider llm_recorded;

/* A protocol that answers an HTTP POST with an event stream. */
struct llm_protocol {
	const char *path;	/* behind "…/v1" */
	void (*headers)(const struct llm *l, struct strs *out);	/* "Name: value" */
	void (*body)(const struct llm *l, const struct llm_request *req, struct jw *w);
	struct err *(*event)(struct llm_turn *t, struct str data);	/* one event */
};

extern const struct llm_protocol llm_anthropic_protocol;
extern const struct llm_protocol llm_openai_protocol;

/* Bytes of a stream in, in any pieces; an answer out, when it came to its end. */
struct llm_feed {
	const struct llm_protocol *protocol;
	struct llm_turn turn;
	struct sse sse;
};

void feed_init(struct llm_feed *f, const struct llm_protocol *p, const struct llm *l);
void feed_free(struct llm_feed *f);	/* also for AUTO */
struct err *feed_bytes(struct llm_feed *f, struct str bytes) MUST_USE;
struct err *feed_finish(struct llm_feed *f, struct llm_reply *reply) MUST_USE;

/* Ask over HTTP. */
struct err *llm_stream(struct llm *l, const struct llm_protocol *p,
    const struct llm_request *req, struct llm_reply *reply) MUST_USE;

/* The tokens that the answer may have. */
int64_t llm_max_tokens(const struct llm *l, const struct llm_request *req);

/* An error that the provider names by a word of its own ("overloaded_error"). */
struct err *llm_named_err(const struct llm *l, const char *type, const char *code,
    const char *message) MUST_USE;

#endif
