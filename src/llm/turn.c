#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "llm/provider.h"
#include "llm/turn.h"
#include "wire/json.h"

static void
block_free(struct turn_block *b)
{
	free(b->id);
	free(b->name);
	buf_free(&b->text);
	free(b);
}

void
turn_free(struct llm_turn *t)
{
	size_t i;

	for (i = 0; i < t->blocks.n; i++)
		block_free(t->blocks.v[i]);
	vec_free(&t->blocks);
}

struct turn_block *
turn_find(const struct llm_turn *t, int64_t index)
{
	size_t i;

	for (i = 0; i < t->blocks.n; i++)
		if (t->blocks.v[i]->index == index)
			return t->blocks.v[i];
	return NULL;
}

struct err *
turn_open(struct llm_turn *t, int64_t index, enum llm_kind kind, struct turn_block **out)
{
	struct turn_block *b;

	if (turn_find(t, index) != NULL)
		return err_new(ERR_PROTOCOL, "the stream opens block %lld twice", (long long)index);
	if (t->blocks.n == TURN_BLOCKS)
		return err_new(ERR_PROTOCOL, "the answer has more than %d blocks", TURN_BLOCKS);
	b = mem_alloc(sizeof(*b));
	b->index = index;
	b->kind = kind;
	buf_init(&b->text, TURN_MAX);
	vec_push(&t->blocks, b);
	*out = b;
	return NULL;
}

struct err *
turn_add(struct llm_turn *t, struct turn_block *b, const char *piece)
{
	if (b->closed)
		return err_new(ERR_PROTOCOL, "the stream goes on with a block that it has closed");
	if (piece == NULL || b->ignored)
		return NULL;
	buf_adds(&b->text, piece);
	TRY(buf_check(&b->text, "the model's answer"));
	if (b->kind == LLM_TEXT && t->l != NULL && t->l->cfg.on_text != NULL)
		t->l->cfg.on_text(t->l->cfg.arg, str_of(piece));
	return NULL;
}

static struct err *
check_call(const struct llm_turn *t, const struct turn_block *b)
{
	AUTO(arena_free) struct arena a = {0};
	struct node *n = NULL;
	struct err *e;
	size_t i;

	if (b->name == NULL || *b->name == '\0' || b->id == NULL || *b->id == '\0')
		return err_new(ERR_PROTOCOL, "a tool call without a name or an id");
	e = json_parse(&a, b->name, buf_str(&b->text), &n);
	if (e != NULL)
		return err_wrap(err_recode(e, ERR_PROTOCOL), "the input of a tool call is malformed");
	if (n->kind != NODE_MAP)
		return err_new(ERR_PROTOCOL, "the input of a tool call must be an object, not %s",
		    node_kind_name(n->kind));
	for (i = 0; t->blocks.v[i] != b; i++)
		if (t->blocks.v[i]->id != NULL && strcmp(t->blocks.v[i]->id, b->id) == 0)
			return err_new(ERR_PROTOCOL, "two tool calls with one id");
	return NULL;
}

static struct err *
check_end(const struct llm_turn *t)
{
	size_t i;

	if (!t->done || !t->stopped)
		return err_new(ERR_PROTOCOL, "the stream ended before the answer did");
	for (i = 0; i < t->blocks.n; i++)
		if (!t->blocks.v[i]->closed)
			return err_new(ERR_PROTOCOL, "the stream left a block open");
	return NULL;
}

/* Calls of an answer that was cut or refused are nobody's wish. */
static bool
is_wanted(const struct llm_turn *t, const struct turn_block *b)
{
	if (b->ignored)
		return false;
	if (b->kind == LLM_TEXT)
		return b->text.n > 0;
	return t->stop == LLM_END || t->stop == LLM_TOOLS;
}

static struct err *
build(struct llm_turn *t, struct llm_msg *msg, bool *calls)
{
	size_t i;

	for (i = 0; i < t->blocks.n; i++) {
		struct turn_block *b = t->blocks.v[i];

		if (!is_wanted(t, b))
			continue;
		if (b->kind == LLM_TEXT) {
			llm_msg_text(msg, buf_cstr(&b->text));
			continue;
		}
		if (str_trim(buf_str(&b->text)).n == 0) {
			buf_clear(&b->text);
			buf_adds(&b->text, "{}");
		}
		TRY(check_call(t, b));
		llm_msg_call(msg, b->id, b->name, buf_cstr(&b->text));
		*calls = true;
	}
	return NULL;
}

struct err *
turn_finish(struct llm_turn *t, struct llm_reply *reply)
{
	struct llm_msg msg;
	bool calls = false;
	struct err *e;

	TRY(check_end(t));
	if (t->refused)
		t->stop = LLM_REFUSED;
	llm_msg_init(&msg, LLM_ASSISTANT);
	e = build(t, &msg, &calls);
	if (e == NULL && t->stop == LLM_TOOLS && !calls)
		e = err_new(ERR_PROTOCOL, "the model stops for a tool call, but there is none");
	if (e != NULL) {
		llm_msg_free(&msg);
		return e;
	}
	*reply = (struct llm_reply){.msg = msg, .stop = calls ? LLM_TOOLS : t->stop, .usage = t->usage};
	return NULL;
}
