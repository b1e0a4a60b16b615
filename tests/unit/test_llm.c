#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "listener.h"
#include "llm/llm.h"
#include "llm/price.h"
#include "llm/provider.h"
#include "wire/json.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define ANSWER(lit) {.p = lit, .n = sizeof(lit) - 1}

#define ANTHROPIC \
    "event: message_start\n" \
    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":25," \
    "\"cache_read_input_tokens\":4,\"cache_creation_input_tokens\":3,\"output_tokens\":1}}}\n\n" \
    "event: ping\ndata: {\"type\": \"ping\"}\n\n" \
    "event: content_block_start\n" \
    "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}\n\n" \
    "event: content_block_delta\n" \
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\n\n" \
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n" \
    "event: content_block_start\n" \
    "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n" \
    "event: content_block_delta\n" \
    "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"I wr\"}}\n\n" \
    "event: content_block_delta\n" \
    "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"ite \xc3\xa9\"}}\n\n" \
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n" \
    "event: content_block_start\n" \
    "data: {\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t1\"," \
    "\"name\":\"write_file\",\"input\":{}}}\n\n" \
    "event: content_block_delta\n" \
    "data: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\"}}\n\n" \
    "event: content_block_delta\n" \
    "data: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\"," \
    "\"partial_json\":\"{\\\"path\\\": \\\"a\"}}\n\n" \
    "event: content_block_delta\n" \
    "data: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\"," \
    "\"partial_json\":\".c\\\"}\"}}\n\n" \
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":2}\n\n" \
    "event: message_delta\n" \
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":89}}\n\n" \
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"

#define OPENAI \
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n" \
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"I wr\"},\"finish_reason\":null}]}\n\n" \
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ite \xc3\xa9\"},\"finish_reason\":null}]}\n\n" \
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t1\",\"type\":\"function\"," \
    "\"function\":{\"name\":\"write_file\",\"arguments\":\"\"}}]},\"finish_reason\":null}]}\n\n" \
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"path\\\": \\\"a\"}}]}," \
    "\"finish_reason\":null}]}\n\n" \
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\".c\\\"}\"}}]}," \
    "\"finish_reason\":null}]}\n\n" \
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n" \
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":29,\"completion_tokens\":89," \
    "\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\n" \
    "data: [DONE]\n\n"

static const struct llm_protocol *const protocols[] = {&llm_anthropic_protocol, &llm_openai_protocol};
static const char *const streams[] = {ANTHROPIC, OPENAI};

static void
is_the_reply(const struct llm_reply *r)
{
	assert_int_equal(r->stop, LLM_TOOLS);
	assert_int_equal(r->msg.role, LLM_ASSISTANT);
	assert_int_equal(r->msg.blocks.n, 2);
	assert_string_equal(r->msg.blocks.v[0].text, "I write \xc3\xa9");
	assert_int_equal(r->msg.blocks.v[1].kind, LLM_TOOL_USE);
	assert_string_equal(r->msg.blocks.v[1].id, "t1");
	assert_string_equal(r->msg.blocks.v[1].name, "write_file");
	assert_string_equal(r->msg.blocks.v[1].input, "{\"path\": \"a.c\"}");
	assert_int_equal(r->usage.in, 25);
	assert_int_equal(r->usage.cache_read, 4);
	assert_int_equal(r->usage.out, 89);
}

static struct err *
fed(const struct llm_protocol *p, struct str one, struct str two, struct llm_reply *r)
{
	AUTO(feed_free) struct llm_feed f;

	feed_init(&f, p, NULL);
	TRY(feed_bytes(&f, one));
	TRY(feed_bytes(&f, two));
	return feed_finish(&f, r);
}

static void
test_split_at_every_byte(void **state UNUSED)
{
	size_t i, at;

	for (i = 0; i < NITEMS(protocols); i++) {
		struct str all = str_of(streams[i]);

		for (at = 0; at <= all.n; at++) {
			AUTO(llm_reply_free) struct llm_reply r = {0};
			struct err *e = fed(protocols[i], str_take(all, at), str_skip(all, at), &r);

			if (e != NULL)
				fail_msg("split at %zu: %s", at, err_msg(e));
			is_the_reply(&r);
		}
	}
}

static void
test_cut_at_every_byte(void **state UNUSED)
{
	size_t i, at;

	for (i = 0; i < NITEMS(protocols); i++) {
		struct str all = str_of(streams[i]);

		for (at = 0; at < all.n; at++) {
			struct llm_reply r = {0};
			AUTO(err_free_p) struct err *e = fed(protocols[i], str_take(all, at), STR(""), &r);

			if (!err_is(e, ERR_PROTOCOL))
				fail_msg("cut at %zu of %zu: %s", at, all.n, e == NULL ? "a reply" : err_msg(e));
			assert_null(r.msg.blocks.v);
		}
	}
}

/* A byte lost in the middle: an error, or an answer whose calls are whole. */
static void
test_drop_every_byte(void **state UNUSED)
{
	size_t i, at, j;

	for (i = 0; i < NITEMS(protocols); i++) {
		struct str all = str_of(streams[i]);

		for (at = 0; at < all.n; at++) {
			AUTO(llm_reply_free) struct llm_reply r = {0};
			AUTO(arena_free) struct arena a = {0};
			AUTO(err_free_p) struct err *e = fed(protocols[i], str_take(all, at),
			    str_skip(all, at + 1), &r);
			struct node *n;

			assert_false(err_is(e, ERR_BUG));
			for (j = 0; e == NULL && j < r.msg.blocks.n; j++)
				if (r.msg.blocks.v[j].kind == LLM_TOOL_USE) {
					assert_null(json_parse(&a, "i", str_of(r.msg.blocks.v[j].input), &n));
					assert_int_equal(n->kind, NODE_MAP);
				}
		}
	}
}

static void
stream_refused(int which, const char *stream, enum err_code code, const char *part)
{
	struct llm_reply r = {0};
	AUTO(err_free_p) struct err *e = fed(protocols[which], str_of(stream), STR(""), &r);

	if (e == NULL || err_code(e) != code || strstr(err_msg(e), part) == NULL)
		fail_msg("%s\n%s", stream, e == NULL ? "accepted" : err_msg(e));
}

#define A_TOOL(input) "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\"," \
    "\"id\":\"t\",\"name\":\"n\"}}\n\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"partial_json\":\"" \
    input "\"}}\n\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
#define A_END(why) "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"" why "\"}}\n\n" \
    "data: {\"type\":\"message_stop\"}\n\n"
#define O_TOOL(args) "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t\",\"function\":{\"name\":\"n\"," \
    "\"arguments\":\"" args "\"}}]}}]}\n\n"
#define O_END(why) "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"" why "\"}]}\n\ndata: [DONE]\n\n"

static void
test_malformed(void **state UNUSED)
{
	stream_refused(0, A_TOOL("{\\\"a\\\":") A_END("tool_use"), ERR_PROTOCOL, "input of a tool call is malformed");
	stream_refused(0, A_TOOL("{\\\"a\\\":1,\\\"a\\\":2}") A_END("tool_use"), ERR_PROTOCOL, "is there twice");
	stream_refused(0, A_TOOL("[1]") A_END("tool_use"), ERR_PROTOCOL, "must be an object, not a list");
	stream_refused(0, A_END("tool_use"), ERR_PROTOCOL, "there is none");
	stream_refused(0, A_END("because"), ERR_PROTOCOL, "unknown reason");
	stream_refused(0, A_TOOL("{}") A_TOOL("{}") A_END("tool_use"), ERR_PROTOCOL, "opens block 0 twice");
	stream_refused(0, "data: {\"type\":\"content_block_delta\",\"index\":5,\"delta\":{}}\n\n", ERR_PROTOCOL,
	    "was not opened");
	stream_refused(0, "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
	    "\"text\":\"\"}}\n\n" A_END("end_turn"), ERR_PROTOCOL, "left a block open");
	stream_refused(0, "data: {not json\n\n", ERR_PROTOCOL, "expected a key");
	stream_refused(0, "data: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
	    ERR_SERVER, "Overloaded");
	stream_refused(0, "data: {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow\"}}\n\n",
	    ERR_RATE_LIMIT, "slow");
	stream_refused(1, O_TOOL("{\\\"a\\\":") O_END("tool_calls"), ERR_PROTOCOL, "input of a tool call is malformed");
	stream_refused(1, O_TOOL("{\\\"a\\\":1}") "data: [DONE]\n\n", ERR_PROTOCOL, "ended before the answer did");
	stream_refused(1, O_END("tool_calls"), ERR_PROTOCOL, "there is none");
	stream_refused(1, "data: {\"error\":{\"message\":\"boom\",\"type\":\"server_error\"}}\n\n", ERR_SERVER, "boom");
	stream_refused(1, "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":-1}]}}]}\n\n", ERR_PROTOCOL,
	    "negative index");
	stream_refused(1, "data: garbage\n\n", ERR_PROTOCOL, "expected a value");
}

static void
stops_with(int which, const char *stream, enum llm_stop stop, size_t blocks)
{
	AUTO(llm_reply_free) struct llm_reply r = {0};
	struct err *e = fed(protocols[which], str_of(stream), STR(""), &r);

	if (e != NULL)
		fail_msg("%s", err_msg(e));
	assert_int_equal(r.stop, stop);
	assert_int_equal(r.msg.blocks.n, blocks);
}

static void
test_stops(void **state UNUSED)
{
	stops_with(0, A_TOOL("") A_END("tool_use"), LLM_TOOLS, 1);
	stops_with(0, A_TOOL("{\\\"a\\\":\\\"cut") A_END("max_tokens"), LLM_LENGTH, 0);
	stops_with(0, A_TOOL("{}") A_END("refusal"), LLM_REFUSED, 0);
	stops_with(0, A_END("end_turn"), LLM_END, 0);
	stops_with(1, O_TOOL("{}") O_END("stop"), LLM_TOOLS, 1);
	stops_with(1, O_TOOL("{\\\"a") O_END("length"), LLM_LENGTH, 0);
	stops_with(1, O_TOOL("{}") O_END("content_filter"), LLM_REFUSED, 0);
	stops_with(1, "data: {\"choices\":[{\"delta\":{\"refusal\":\"I c\"}}]}\n\n"
	    "data: {\"choices\":[{\"delta\":{\"refusal\":\"annot\"}}]}\n\n" O_END("stop"), LLM_REFUSED, 1);
	/* No id, and two calls in one piece. */
	stops_with(1, "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"name\":\"a\",\"arguments\":\"{}\"}},"
	    "{\"function\":{\"name\":\"b\",\"arguments\":\"{}\"}}]}}]}\n\n" O_END("tool_calls"), LLM_TOOLS, 2);
}

/* ---- over HTTP ---- */

struct conversation {
	struct llm_msg msgs[3];
	struct llm_tool tool;
	struct llm_request req;
};

static void
conversation_init(struct conversation *c)
{
	llm_msg_init(&c->msgs[0], LLM_USER);
	llm_msg_text(&c->msgs[0], "do \"it\"");
	llm_msg_init(&c->msgs[1], LLM_ASSISTANT);
	llm_msg_text(&c->msgs[1], "");
	llm_msg_call(&c->msgs[1], "t0", "list", "{\"path\":\".\"}");
	llm_msg_init(&c->msgs[2], LLM_USER);
	llm_msg_result(&c->msgs[2], "t0", "a.c", false);
	llm_msg_result(&c->msgs[2], "t9", "gone", true);
	llm_msg_text(&c->msgs[2], "go on");
	c->tool = (struct llm_tool){"list", "lists", "{\"type\":\"object\"}"};
	c->req = (struct llm_request){"be good", c->msgs, 3, &c->tool, 1, 0};
}

static void
conversation_free(struct conversation *c)
{
	size_t i;

	for (i = 0; i < NITEMS(c->msgs); i++)
		llm_msg_free(&c->msgs[i]);
}

static const char *
body_of(const char *request)
{
	return strstr(request, "\r\n\r\n") + 4;
}

static void
test_anthropic(void **state UNUSED)
{
	static const struct answer a[] = {{.p = HEAD ANTHROPIC, .n = sizeof(HEAD ANTHROPIC) - 1, .hang = true}};
	struct listener s = listener_start(a, 1);
	AUTO(conversation_free) struct conversation c;
	AUTO(llm_reply_free) struct llm_reply r = {0};
	AUTO(mem_free_p) char *request = NULL;
	struct llm_price price = {3000000, 15000000, 300000, -1};
	struct llm_config cfg = {.provider = "anthropic", .model = "m-1", .base_url = s.base,
	    .api_key = "sk-test", .price = &price};
	AUTO(llm_close_p) struct llm *l = NULL;

	conversation_init(&c);
	assert_null(llm_open(&cfg, &l));
	assert_null(llm_complete(l, &c.req, &r));
	is_the_reply(&r);
	assert_int_equal(r.usage.cache_write, 3);
	/* 25 * 3 + 89 * 15 + 4 * 0.3 + 3 * 3 = 1420.2 */
	assert_int_equal(r.cost, 1421);
	assert_false(r.recorded);
	request = listener_request(&s);
	assert_non_null(strstr(request, "POST /v1/messages HTTP/1.1\r\n"));
	assert_non_null(strstr(request, "\r\nx-api-key: sk-test\r\n"));
	assert_non_null(strstr(request, "\r\nanthropic-version: 2023-06-01\r\n"));
	assert_string_equal(body_of(request), "{\"model\":\"m-1\",\"max_tokens\":8192,\"stream\":true,"
	    "\"tools\":[{\"name\":\"list\",\"description\":\"lists\",\"input_schema\":{\"type\":\"object\"}}],"
	    "\"system\":[{\"type\":\"text\",\"text\":\"be good\",\"cache_control\":{\"type\":\"ephemeral\"}}],"
	    "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"do \\\"it\\\"\"}]},"
	    "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"t0\",\"name\":\"list\",\"input\":{\"path\":\".\"}}]},"
	    "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"t0\",\"content\":\"a.c\"},"
	    "{\"type\":\"tool_result\",\"tool_use_id\":\"t9\",\"content\":\"gone\",\"is_error\":true},"
	    "{\"type\":\"text\",\"text\":\"go on\",\"cache_control\":{\"type\":\"ephemeral\"}}]}]}");
	listener_stop(&s);
}

static void
test_openai(void **state UNUSED)
{
	static const struct answer a[] = {ANSWER(HEAD OPENAI)};
	struct listener s = listener_start(a, 1);
	AUTO(conversation_free) struct conversation c;
	AUTO(llm_reply_free) struct llm_reply r = {0};
	AUTO(mem_free_p) char *request = NULL, *url = mem_printf("%s/v1/", s.base);
	struct llm_config cfg = {.provider = "openai", .model = "m-1", .base_url = url,
	    .api_key = "sk-test", .prices_path = "/nowhere"};
	AUTO(llm_close_p) struct llm *l = NULL;

	conversation_init(&c);
	c.req.max_tokens = 77;
	assert_null(llm_open(&cfg, &l));
	assert_null(llm_complete(l, &c.req, &r));
	is_the_reply(&r);
	assert_int_equal(r.cost, 0);
	request = listener_request(&s);
	assert_non_null(strstr(request, "POST /v1/chat/completions HTTP/1.1\r\n"));
	assert_non_null(strstr(request, "\r\nAuthorization: Bearer sk-test\r\n"));
	assert_string_equal(body_of(request), "{\"model\":\"m-1\",\"max_tokens\":77,\"stream\":true,"
	    "\"stream_options\":{\"include_usage\":true},"
	    "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"list\",\"description\":\"lists\","
	    "\"parameters\":{\"type\":\"object\"}}}],"
	    "\"messages\":[{\"role\":\"system\",\"content\":\"be good\"},{\"role\":\"user\",\"content\":\"do \\\"it\\\"\"},"
	    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"t0\",\"type\":\"function\","
	    "\"function\":{\"name\":\"list\",\"arguments\":\"{\\\"path\\\":\\\".\\\"}\"}}]},"
	    "{\"role\":\"tool\",\"tool_call_id\":\"t0\",\"content\":\"a.c\"},"
	    "{\"role\":\"tool\",\"tool_call_id\":\"t9\",\"content\":\"error: gone\"},"
	    "{\"role\":\"user\",\"content\":\"go on\"}]}");
	listener_stop(&s);
}

static void
count_retry(void *arg, const struct err *why UNUSED, int64_t wait)
{
	int64_t *waits = arg;

	waits[0]++;
	waits[1] = wait;
}

static void
test_retries(void **state UNUSED)
{
	static const struct answer a[] = {
	    ANSWER("HTTP/1.1 529 Over\r\nContent-Length: 0\r\n\r\n"),
	    ANSWER("HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"),
	    ANSWER(HEAD OPENAI "cut here"),
	    {.p = HEAD OPENAI, .n = sizeof(HEAD OPENAI) - 8},
	    ANSWER(HEAD "data: {{{\n\n" OPENAI),
	    ANSWER(HEAD OPENAI)};
	int64_t waits[2] = {0};
	AUTO(conversation_free) struct conversation c;
	size_t first;

	conversation_init(&c);
	for (first = 0; first < NITEMS(a); first++) {
		struct answer two[] = {a[first], a[NITEMS(a) - 1]};
		struct listener s = listener_start(two, 2);
		struct llm_config cfg = {.provider = "openai", .model = "m", .base_url = s.base,
		    .on_retry = count_retry, .arg = waits, .prices_path = "/nowhere"};
		AUTO(llm_reply_free) struct llm_reply r = {0};
		AUTO(llm_close_p) struct llm *l = NULL;

		waits[0] = 0;
		assert_null(llm_open(&cfg, &l));
		assert_null(llm_complete(l, &c.req, &r));
		is_the_reply(&r);
		assert_int_equal(waits[0], first == 2 || first == 5 ? 0 : 1);
		if (first == 1)
			assert_in_range(waits[1], 1000, 1249);
		listener_stop(&s);
	}
}

static void
fails_with(const char *answer, unsigned attempts, enum err_code code, const char *part)
{
	struct answer a = {.p = answer, .n = strlen(answer)};
	struct listener s = listener_start(&a, 1);
	int64_t waits[2] = {0};
	struct llm_config cfg = {.provider = "anthropic", .model = "m", .base_url = s.base, .api_key = "sk-hidden",
	    .attempts = attempts, .on_retry = count_retry, .arg = waits, .prices_path = "/nowhere", .wait_max_s = 5};
	AUTO(conversation_free) struct conversation c;
	struct llm_reply r = {0};
	AUTO(llm_close_p) struct llm *l = NULL;
	struct err *e;

	conversation_init(&c);
	assert_null(llm_open(&cfg, &l));
	e = llm_complete(l, &c.req, &r);
	if (e == NULL || err_code(e) != code || strstr(err_msg(e), part) == NULL)
		fail_msg("%s: %s", answer, e == NULL ? "accepted" : err_msg(e));
	assert_null(strstr(err_msg(e), "sk-hidden"));
	if (code == ERR_AUTH || code == ERR_CONFIG)
		assert_non_null(err_hint_of(e));
	assert_int_equal(waits[0], attempts == 0 ? 0 : attempts - 1);
	err_free(e);
	listener_stop(&s);
}

static void
test_failures(void **state UNUSED)
{
	fails_with("HTTP/1.1 401 No\r\nContent-Length: 54\r\n\r\n{\"error\":{\"type\":\"authentication_error\",\"message\":\"no\"}}",
	    0, ERR_AUTH, "the model 'm' answered with status 401: ");
	fails_with("HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n", 0, ERR_CONFIG, "status 400");
	fails_with("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", 0, ERR_CONFIG, "status 404");
	fails_with("HTTP/1.1 400 No\r\nContent-Length: 48\r\n\r\n{\"error\":{\"message\":\"prompt is too long: 2 > 1\"}}",
	    0, ERR_CONTEXT, "prompt is too long");
	fails_with("HTTP/1.1 429 No\r\nContent-Length: 42\r\n\r\n{\"error\":{\"code\":\"insufficient_quota\"}}    ",
	    0, ERR_BUDGET, "status 429");
	fails_with("HTTP/1.1 429 No\r\nRetry-After: 900\r\nContent-Length: 0\r\n\r\n", 0, ERR_RATE_LIMIT, "status 429");
	fails_with("HTTP/1.1 302 No\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", 0, ERR_CONFIG,
	    "a redirect, which is not followed");
	fails_with("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", 2, ERR_SERVER, "gave up after 2 attempts: ");
	fails_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 2, ERR_PROTOCOL, "ended before the answer did");
	fails_with("", 2, ERR_NETWORK, "gave up after 2 attempts: ");
}

static void
open_refused(struct llm_config cfg, const char *part)
{
	struct llm *l = NULL;
	AUTO(err_free_p) struct err *e = llm_open(&cfg, &l);

	if (e == NULL || strstr(err_msg(e), part) == NULL)
		fail_msg("%s", e == NULL ? "opened" : err_msg(e));
	assert_true(err_is(e, ERR_CONFIG));
	assert_null(l);
}

static void
test_open(void **state UNUSED)
{
	size_t i;

	open_refused((struct llm_config){.provider = "gemini", .model = "x"}, "unknown provider 'gemini'");
	open_refused((struct llm_config){.provider = "openai"}, "needs the name of a model");
	open_refused((struct llm_config){.provider = "recorded"}, "needs a recording");
	open_refused((struct llm_config){.provider = "openai", .model = "m", .base_url = "ftp://x"}, "not an http");
	open_refused((struct llm_config){.provider = "openai", .model = "nobody-knows",
	    .prices_path = "templates/prices.json"}, "the model 'nobody-knows' has no price");
	for (i = 0; llm_providers()[i] != NULL; i++) {
		struct llm_config cfg = {.provider = llm_providers()[i], .model = "m", .base_url = "http://localhost:1",
		    .transcript = NULL, .prices_path = "/nowhere"};
		struct llm *l = NULL;

		if (strcmp(cfg.provider, "recorded") == 0)
			continue;
		assert_null(llm_open(&cfg, &l));
		llm_close(l);
	}
	assert_int_equal(i, 3);
}

static void
test_prices(void **state UNUSED)
{
	struct llm_price p = {0};
	struct llm_usage u = {.in = 1, .out = 1};
	bool found = false;

	assert_null(price_find("templates/prices.json", "anthropic", "claude-sonnet-4-5-20250929", &p, &found));
	assert_true(found);
	assert_int_equal(p.in, 3000000);
	assert_int_equal(p.cache_read, 300000);
	assert_null(price_find("templates/prices.json", "openai", "gpt-4o-mini", &p, &found));
	assert_true(found);
	assert_int_equal(p.in, 150000);
	assert_null(price_find("templates/prices.json", "openai", "gpt-4o-audio", &p, &found));
	assert_false(found);
	assert_null(price_find("templates/prices.json", "anthropic", "gpt-4o", &p, &found));
	assert_false(found);
	p = price_whole((struct llm_price){1000001, 2000000, -1, -1});
	assert_int_equal(p.cache_read, 1000001);
	assert_int_equal(p.cache_write, 1000001);
	assert_int_equal(llm_cost(&p, &u), 4);
	u.in = INT64_MAX;
	p.in = INT64_MAX;
	assert_true(llm_cost(&p, &u) == INT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split_at_every_byte),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_drop_every_byte),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_stops),
		cmocka_unit_test(test_anthropic),
		cmocka_unit_test(test_openai),
		cmocka_unit_test(test_retries),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_prices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
