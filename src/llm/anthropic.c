/*
 * The Messages API of Anthropic, streamed
 * (docs.anthropic.com/en/api/messages, .../messages-streaming).
 */
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "llm/provider.h"
#include "wire/json.h"

#define VERSION_DATE "2023-06-01"

static void
add_headers(const struct llm *l, struct strs *out)
{
	strs_add(out, "anthropic-version: " VERSION_DATE);
	if (l->api_key != NULL)
		strs_addf(out, "x-api-key: %s", l->api_key);
}

/* What stands before such a mark is read from the provider's cache next time. */
static void
cache_mark(struct jw *w)
{
	jw_key(w, "cache_control");
	jw_obj(w);
	jw_kstr(w, "type", "ephemeral");
	jw_end(w);
}

static void
write_block(struct jw *w, const struct llm_block *b, bool mark)
{
	jw_obj(w);
	switch (b->kind) {
	case LLM_TEXT:
		jw_kstr(w, "type", "text");
		jw_kstr(w, "text", b->text);
		break;
	case LLM_TOOL_USE:
		jw_kstr(w, "type", "tool_use");
		jw_kstr(w, "id", b->id);
		jw_kstr(w, "name", b->name);
		jw_key(w, "input");
		jw_raw(w, str_of(b->input));
		break;
	case LLM_TOOL_RESULT:
		jw_kstr(w, "type", "tool_result");
		jw_kstr(w, "tool_use_id", b->id);
		jw_kstr(w, "content", b->text);
		if (b->is_error)
			jw_kbool(w, "is_error", true);
		break;
	}
	if (mark)
		cache_mark(w);
	jw_end(w);
}

static bool
is_empty(const struct llm_block *b)
{
	return b->kind == LLM_TEXT && *b->text == '\0';
}

static void
write_msg(struct jw *w, const struct llm_msg *m, bool last)
{
	size_t i, n = m->blocks.n;

	while (n > 0 && is_empty(&m->blocks.v[n - 1]))
		n--;
	if (n == 0)
		return;
	jw_obj(w);
	jw_kstr(w, "role", m->role == LLM_USER ? "user" : "assistant");
	jw_key(w, "content");
	jw_list(w);
	for (i = 0; i < n; i++)
		if (!is_empty(&m->blocks.v[i]))
			write_block(w, &m->blocks.v[i], last && i + 1 == n);
	jw_end(w);
	jw_end(w);
}

static void
write_tools(struct jw *w, const struct llm_request *req)
{
	size_t i;

	jw_key(w, "tools");
	jw_list(w);
	for (i = 0; i < req->ntools; i++) {
		jw_obj(w);
		jw_kstr(w, "name", req->tools[i].name);
		jw_kstr(w, "description", req->tools[i].description);
		jw_key(w, "input_schema");
		jw_raw(w, str_of(req->tools[i].schema));
		jw_end(w);
	}
	jw_end(w);
}

static void
write_body(const struct llm *l, const struct llm_request *req, struct jw *w)
{
	size_t i;

	jw_kstr(w, "model", l->model);
	jw_kint(w, "max_tokens", llm_max_tokens(l, req));
	jw_kbool(w, "stream", true);
	if (req->ntools > 0)
		write_tools(w, req);
	if (req->system != NULL && *req->system != '\0') {
		struct llm_block system = {.kind = LLM_TEXT, .text = (char *)req->system};

		jw_key(w, "system");
		jw_list(w);
		write_block(w, &system, true);
		jw_end(w);
	}
	jw_key(w, "messages");
	jw_list(w);
	for (i = 0; i < req->nmsgs; i++)
		write_msg(w, &req->msgs[i], i + 1 == req->nmsgs);
	jw_end(w);
}

static void
take_usage(struct llm_turn *t, const struct node *usage)
{
	struct llm_usage *u = &t->usage;

	u->in = node_get_int(usage, "input_tokens", u->in);
	u->out = node_get_int(usage, "output_tokens", u->out);
	u->cache_read = node_get_int(usage, "cache_read_input_tokens", u->cache_read);
	u->cache_write = node_get_int(usage, "cache_creation_input_tokens", u->cache_write);
}

static struct err *
block_start(struct llm_turn *t, const struct node *ev)
{
	const struct node *block = node_get(ev, "content_block"), *input;
	const char *type = node_get_str(block, "type");
	bool call = type != NULL && strcmp(type, "tool_use") == 0;
	struct turn_block *b;

	if (type == NULL)
		return err_new(ERR_PROTOCOL, "a block without a type");
	TRY(turn_open(t, node_get_int(ev, "index", -1), call ? LLM_TOOL_USE : LLM_TEXT, &b));
	b->ignored = !call && strcmp(type, "text") != 0;
	if (!call)
		return turn_add(t, b, node_get_str(block, "text"));
	b->id = mem_strdup(node_get_str(block, "id"));
	b->name = mem_strdup(node_get_str(block, "name"));
	input = node_get(block, "input");
	if (input != NULL && input->n > 0) {
		struct jw w;

		jw_init(&w, &b->text, false);
		jw_node(&w, input);
	}
	return NULL;
}

static struct err *
block_delta(struct llm_turn *t, const struct node *ev)
{
	struct turn_block *b = turn_find(t, node_get_int(ev, "index", -1));
	const struct node *delta = node_get(ev, "delta");

	if (b == NULL || delta == NULL)
		return err_new(ERR_PROTOCOL, "a piece of a block that was not opened");
	return turn_add(t, b, node_get_str(delta, b->kind == LLM_TEXT ? "text" : "partial_json"));
}

static struct err *
block_stop(struct llm_turn *t, const struct node *ev)
{
	struct turn_block *b = turn_find(t, node_get_int(ev, "index", -1));

	if (b == NULL || b->closed)
		return err_new(ERR_PROTOCOL, "the end of a block that is not open");
	b->closed = true;
	return NULL;
}

static struct err *
message_delta(struct llm_turn *t, const struct node *ev)
{
	static const struct {
		const char *word;
		enum llm_stop stop;
	} stops[] = {{"end_turn", LLM_END}, {"stop_sequence", LLM_END}, {"tool_use", LLM_TOOLS},
	    {"max_tokens", LLM_LENGTH}, {"model_context_window_exceeded", LLM_LENGTH},
	    {"refusal", LLM_REFUSED}};
	const char *reason = node_get_str(node_get(ev, "delta"), "stop_reason");
	size_t i;

	take_usage(t, node_get(ev, "usage"));
	if (reason == NULL)
		return NULL;
	for (i = 0; i < NITEMS(stops); i++)
		if (strcmp(reason, stops[i].word) == 0) {
			t->stop = stops[i].stop;
			t->stopped = true;
			return NULL;
		}
	return err_new(ERR_PROTOCOL, "the model stops for an unknown reason");
}

static struct err *
take_event(struct llm_turn *t, const struct node *ev)
{
	const char *type = node_get_str(ev, "type");

	if (type == NULL)
		return err_new(ERR_PROTOCOL, "an event without a type");
	if (strcmp(type, "message_start") == 0)
		take_usage(t, node_get(node_get(ev, "message"), "usage"));
	else if (strcmp(type, "content_block_start") == 0)
		return block_start(t, ev);
	else if (strcmp(type, "content_block_delta") == 0)
		return block_delta(t, ev);
	else if (strcmp(type, "content_block_stop") == 0)
		return block_stop(t, ev);
	else if (strcmp(type, "message_delta") == 0)
		return message_delta(t, ev);
	else if (strcmp(type, "message_stop") == 0)
		t->done = true;
	else if (strcmp(type, "error") == 0)
		return llm_named_err(t->l, node_get_str(node_get(ev, "error"), "type"), NULL,
		    node_get_str(node_get(ev, "error"), "message"));
	/* "ping", and kinds that are still to be invented. */
	return NULL;
}

static struct err *
event(struct llm_turn *t, struct str data)
{
	AUTO(arena_free) struct arena a = {0};
	struct node *n = NULL;

	TRY(json_parse(&a, "event", data, &n));
	return take_event(t, n);
}

const struct llm_protocol llm_anthropic_protocol = {"/messages", add_headers, write_body, event};

static struct err *
complete(struct llm *l, const struct llm_request *req, struct llm_reply *reply)
{
	return llm_stream(l, &llm_anthropic_protocol, req, reply);
}

const struct llm_provider llm_anthropic = {"anthropic", "https://api.anthropic.com", complete};
