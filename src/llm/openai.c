/*
 * Chat completions as OpenAI and many others offer them, streamed
 * (platform.openai.com/docs/api-reference/chat).
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "llm/provider.h"
#include "wire/json.h"

#define OWN_URL "https://api.openai.com"

/* The text has no index of its own; calls count from 0. */
#define TEXT_INDEX (-1)

static void
add_headers(const struct llm *l, struct strs *out)
{
	if (l->api_key != NULL)
		strs_addf(out, "Authorization: Bearer %s", l->api_key);
}

static void
write_result(struct jw *w, const struct llm_block *b)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);

	/* The protocol has no word for a failed call. */
	if (b->is_error)
		buf_adds(&text, "error: ");
	buf_adds(&text, b->text);
	jw_obj(w);
	jw_kstr(w, "role", "tool");
	jw_kstr(w, "tool_call_id", b->id);
	jw_kstr(w, "content", buf_cstr(&text));
	jw_end(w);
}

/* All text of a message as one string; false when there is none. */
static bool
join_text(const struct llm_msg *m, struct buf *out)
{
	size_t i;

	for (i = 0; i < m->blocks.n; i++) {
		const struct llm_block *b = &m->blocks.v[i];

		if (b->kind != LLM_TEXT || *b->text == '\0')
			continue;
		if (out->n > 0)
			buf_adds(out, "\n\n");
		buf_adds(out, b->text);
	}
	return out->n > 0;
}

static void
write_text(struct jw *w, const char *role, struct str text)
{
	jw_obj(w);
	jw_kstr(w, "role", role);
	jw_key(w, "content");
	jw_strn(w, text);
	jw_end(w);
}

static void
write_user(struct jw *w, const struct llm_msg *m)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	size_t i;

	for (i = 0; i < m->blocks.n; i++)
		if (m->blocks.v[i].kind == LLM_TOOL_RESULT)
			write_result(w, &m->blocks.v[i]);
	if (join_text(m, &text))
		write_text(w, "user", buf_str(&text));
}

static void
write_calls(struct jw *w, const struct llm_msg *m)
{
	size_t i;

	jw_key(w, "tool_calls");
	jw_list(w);
	for (i = 0; i < m->blocks.n; i++) {
		const struct llm_block *b = &m->blocks.v[i];

		if (b->kind != LLM_TOOL_USE)
			continue;
		jw_obj(w);
		jw_kstr(w, "id", b->id);
		jw_kstr(w, "type", "function");
		jw_key(w, "function");
		jw_obj(w);
		jw_kstr(w, "name", b->name);
		jw_kstr(w, "arguments", b->input);
		jw_end(w);
		jw_end(w);
	}
	jw_end(w);
}

static void
write_assistant(struct jw *w, const struct llm_msg *m)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	bool has_text = join_text(m, &text), has_calls = false;
	size_t i;

	for (i = 0; i < m->blocks.n; i++)
		has_calls |= m->blocks.v[i].kind == LLM_TOOL_USE;
	if (!has_text && !has_calls)
		return;
	jw_obj(w);
	jw_kstr(w, "role", "assistant");
	jw_kstr(w, "content", has_text ? buf_cstr(&text) : NULL);
	if (has_calls)
		write_calls(w, m);
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
		jw_kstr(w, "type", "function");
		jw_key(w, "function");
		jw_obj(w);
		jw_kstr(w, "name", req->tools[i].name);
		jw_kstr(w, "description", req->tools[i].description);
		jw_key(w, "parameters");
		jw_raw(w, str_of(req->tools[i].schema));
		jw_end(w);
		jw_end(w);
	}
	jw_end(w);
}

static void
write_body(const struct llm *l, const struct llm_request *req, struct jw *w)
{
	/* OpenAI's newer models know only the second name, other servers only the first. */
	bool own = strncmp(l->base_url, OWN_URL, strlen(OWN_URL)) == 0;
	size_t i;

	jw_kstr(w, "model", l->model);
	jw_kint(w, own ? "max_completion_tokens" : "max_tokens", llm_max_tokens(l, req));
	jw_kbool(w, "stream", true);
	jw_key(w, "stream_options");
	jw_obj(w);
	jw_kbool(w, "include_usage", true);
	jw_end(w);
	if (req->ntools > 0)
		write_tools(w, req);
	jw_key(w, "messages");
	jw_list(w);
	if (req->system != NULL && *req->system != '\0')
		write_text(w, "system", str_of(req->system));
	for (i = 0; i < req->nmsgs; i++)
		if (req->msgs[i].role == LLM_USER)
			write_user(w, &req->msgs[i]);
		else
			write_assistant(w, &req->msgs[i]);
	jw_end(w);
}

static void
take_usage(struct llm_turn *t, const struct node *usage)
{
	int64_t cached = node_get_int(node_get(usage, "prompt_tokens_details"), "cached_tokens", 0);
	int64_t prompt = node_get_int(usage, "prompt_tokens", 0);

	if (usage == NULL || usage->kind != NODE_MAP)
		return;
	if (cached < 0 || cached > prompt)
		cached = 0;
	t->usage.in = prompt - cached;
	t->usage.cache_read = cached;
	t->usage.out = node_get_int(usage, "completion_tokens", 0);
}

static struct err *
take_text(struct llm_turn *t, const char *text)
{
	struct turn_block *b = turn_find(t, TEXT_INDEX);

	if (text == NULL || *text == '\0')
		return NULL;
	if (b == NULL)
		TRY(turn_open(t, TEXT_INDEX, LLM_TEXT, &b));
	return turn_add(t, b, text);
}

static struct err *
take_call(struct llm_turn *t, const struct node *call, int64_t position)
{
	const struct node *f = node_get(call, "function");
	int64_t index = node_get_int(call, "index", position);
	struct turn_block *b;

	if (index < 0)
		return err_new(ERR_PROTOCOL, "a tool call with a negative index");
	b = turn_find(t, index);
	if (b == NULL)
		TRY(turn_open(t, index, LLM_TOOL_USE, &b));
	/* Some servers repeat both in every piece. */
	if (b->id == NULL)
		b->id = mem_strdup(node_get_str(call, "id"));
	if (b->name == NULL)
		b->name = mem_strdup(node_get_str(f, "name"));
	return turn_add(t, b, node_get_str(f, "arguments"));
}

/* Some servers leave out the ids of calls; each needs one for its result. */
static void
close_block(struct turn_block *b)
{
	b->closed = true;
	if (b->kind == LLM_TOOL_USE && (b->id == NULL || *b->id == '\0')) {
		free(b->id);
		b->id = mem_printf("call_%lld", (long long)b->index);
	}
}

static struct err *
take_finish(struct llm_turn *t, const char *reason)
{
	static const struct {
		const char *word;
		enum llm_stop stop;
	} stops[] = {{"stop", LLM_END}, {"tool_calls", LLM_TOOLS}, {"length", LLM_LENGTH},
	    {"content_filter", LLM_REFUSED}};
	size_t i, j;

	for (i = 0; i < NITEMS(stops); i++) {
		if (strcmp(reason, stops[i].word) != 0)
			continue;
		t->stop = stops[i].stop;
		t->stopped = true;
		for (j = 0; j < t->blocks.n; j++)
			close_block(t->blocks.v[j]);
		return NULL;
	}
	return err_new(ERR_PROTOCOL, "the model stops for an unknown reason");
}

static struct err *
take_choice(struct llm_turn *t, const struct node *choice)
{
	const struct node *delta = node_get(choice, "delta"), *calls, *c;
	const char *reason = node_get_str(choice, "finish_reason");
	int64_t position = 0;

	TRY(take_text(t, node_get_str(delta, "content")));
	if (node_get_str(delta, "refusal") != NULL)
		t->refused = true;
	TRY(take_text(t, node_get_str(delta, "refusal")));
	calls = node_get(delta, "tool_calls");
	if (calls != NULL && calls->kind == NODE_LIST)
		for (c = calls->child; c != NULL; c = c->next)
			TRY(take_call(t, c, position++));
	return reason == NULL || t->stopped ? NULL : take_finish(t, reason);
}

static struct err *
take_chunk(struct llm_turn *t, const struct node *ev)
{
	const struct node *error = node_get(ev, "error"), *choices = node_get(ev, "choices");

	if (error != NULL && error->kind != NODE_NULL)
		return llm_named_err(t->l, node_get_str(error, "type"), node_get_str(error, "code"),
		    node_get_str(error, "message"));
	if (choices == NULL || choices->kind != NODE_LIST)
		return err_new(ERR_PROTOCOL, "an event without choices");
	take_usage(t, node_get(ev, "usage"));
	return choices->n == 0 ? NULL : take_choice(t, choices->child);
}

static struct err *
event(struct llm_turn *t, struct str data)
{
	AUTO(arena_free) struct arena a = {0};
	struct node *n = NULL;

	if (str_is(str_trim(data), "[DONE]")) {
		t->done = true;
		return NULL;
	}
	TRY(json_parse(&a, "event", data, &n));
	return take_chunk(t, n);
}

const struct llm_protocol llm_openai_protocol = {"/chat/completions", add_headers, write_body, event};

static struct err *
complete(struct llm *l, const struct llm_request *req, struct llm_reply *reply)
{
	return llm_stream(l, &llm_openai_protocol, req, reply);
}

const struct llm_provider llm_openai = {"openai", OWN_URL, complete};
