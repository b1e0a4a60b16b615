/*
 * A model's stream from anywhere, by both protocols: what comes out is the
 * same however it was cut, and a tool call's input is one JSON object. The
 * first byte chooses protocol and cut.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"
#include "llm/provider.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct err *
feed(const struct llm_protocol *p, struct str text, size_t piece, struct llm_reply *r)
{
	AUTO(feed_free) struct llm_feed f;

	feed_init(&f, p, NULL);
	for (; text.n > 0; text = str_skip(text, piece))
		TRY(feed_bytes(&f, str_take(text, piece)));
	return feed_finish(&f, r);
}

static void
check_block(const struct llm_block *b)
{
	AUTO(arena_free) struct arena a = {0};
	struct node *n;

	if (b->kind == LLM_TEXT)
		return;
	if (b->id[0] == '\0' || b->name[0] == '\0')
		abort();
	if (json_parse(&a, "input", str_of(b->input), &n) != NULL || n->kind != NODE_MAP)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(llm_reply_free) struct llm_reply whole = {0}, cut = {0};
	const struct llm_protocol *p;
	struct err *one, *two;
	struct str text;
	size_t i;

	if (size == 0)
		return 0;
	p = data[0] % 2 == 0 ? &llm_anthropic_protocol : &llm_openai_protocol;
	text = str_mk((const char *)data + 1, size - 1);
	one = feed(p, text, size, &whole);
	two = feed(p, text, 1 + data[0] % 7, &cut);
	if ((one == NULL) != (two == NULL) || whole.msg.blocks.n != cut.msg.blocks.n)
		abort();
	for (i = 0; i < whole.msg.blocks.n; i++)
		check_block(&whole.msg.blocks.v[i]);
	err_free(one);
	err_free(two);
	return 0;
}
