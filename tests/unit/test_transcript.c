#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "listener.h"
#include "llm/llm.h"
#include "llm/transcript.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define SAYS(word) HEAD \
    "data: {\"choices\":[{\"delta\":{\"content\":\"" word "\"}}]}\n\n" \
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t\",\"function\":{\"name\":\"n\"," \
    "\"arguments\":\"{\\\"k\\\": \\\"" word "\\\"}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n" \
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n"
#define ANSWER(lit) {.p = lit, .n = sizeof(lit) - 1}

static const struct answer answers[] = {ANSWER(SAYS("one")), ANSWER(SAYS("two")), ANSWER(SAYS("three"))};
static const struct llm_price price = {1000000, 1000000, 0, 0};

static char path[64];

static int
set_path(void **state UNUSED)
{
	char dir[] = "/tmp/gf-transcript-XXXXXX";

	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/t.jsonl", dir);
	return 0;
}

static int
drop_path(void **state UNUSED)
{
	unlink(path);
	*strrchr(path, '/') = '\0';
	return rmdir(path);
}

static void
put(const char *text)
{
	assert_null(file_replace(AT_FDCWD, path, str_of(text), 0600, false));
}

/* The request whose whole is this prompt, answered; the text, or the error's word. */
static const char *
asked(struct llm *l, const char *prompt)
{
	static char word[64];
	struct llm_msg m;
	struct llm_request req = {.msgs = &m, .nmsgs = 1};
	struct llm_reply r = {0};
	struct err *e;

	llm_msg_init(&m, LLM_USER);
	llm_msg_text(&m, prompt);
	e = llm_complete(l, &req, &r);
	if (e != NULL)
		snprintf(word, sizeof(word), "%s", err_row(err_code(e))->word);
	else
		snprintf(word, sizeof(word), "%s%s %s$%d", r.recorded ? "recorded " : "", r.msg.blocks.v[0].text,
		    r.guessed ? "about " : "", (int)r.cost);
	err_free(e);
	llm_reply_free(&r);
	llm_msg_free(&m);
	return word;
}

static struct llm *
opened(const char *provider, const char *base)
{
	struct llm_config cfg = {.provider = provider, .model = "m", .base_url = base, .price = &price,
	    .transcript = path, .attempts = 1, .max_tokens = 100};
	struct llm *l = NULL;
	struct err *e = llm_open(&cfg, &l);

	if (e != NULL)
		fail_msg("%s", err_msg(e));
	return l;
}

static void
test_resume_and_replay(void **state UNUSED)
{
	struct listener s = listener_start(answers, 3);
	struct llm *l = opened("openai", s.base);
	struct stat st;

	assert_string_equal(asked(l, "a"), "one $12");
	assert_string_equal(asked(l, "b"), "two $12");
	llm_close(l);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	/* Again: the same is not asked again, what is new is. */
	l = opened("openai", s.base);
	assert_string_equal(asked(l, "a"), "recorded one $12");
	assert_string_equal(asked(l, "b"), "recorded two $12");
	assert_string_equal(asked(l, "c"), "three $12");
	assert_int_equal(llm_lost_cost(l), 0);
	llm_close(l);

	l = opened("recorded", NULL);
	assert_string_equal(asked(l, "a"), "recorded one $12");
	assert_string_equal(asked(l, "another"), "recorded two $12");
	assert_int_equal(llm_mismatches(l), 1);
	assert_string_equal(asked(l, "c"), "recorded three $12");
	assert_string_equal(asked(l, "d"), "wrong-state");
	llm_close(l);
	listener_stop(&s);
}

/* What nobody counted stays a guess, also where it is read again. */
static void
test_guessed(void **state UNUSED)
{
	static const struct answer silent = ANSWER(HEAD
	    "data: {\"choices\":[{\"delta\":{\"content\":\"one\"},\"finish_reason\":\"stop\"}]}\n\n"
	    "data: [DONE]\n\n");
	struct listener s = listener_start(&silent, 1);
	struct llm *l = opened("openai", s.base);
	AUTO(mem_free_p) char *first = mem_strdup(asked(l, "a"));
	AUTO(mem_free_p) char *again = mem_printf("recorded %s", first);

	assert_memory_equal(first, "one about $", strlen("one about $"));
	llm_close(l);
	l = opened("openai", s.base);
	assert_string_equal(asked(l, "a"), again);
	llm_close(l);
	listener_stop(&s);
}

static void
test_another_way(void **state UNUSED)
{
	struct listener s = listener_start(answers, 3);
	struct llm *l = opened("openai", s.base);

	assert_string_equal(asked(l, "a"), "one $12");
	assert_string_equal(asked(l, "b"), "two $12");
	llm_close(l);
	l = opened("openai", s.base);
	assert_string_equal(asked(l, "a"), "recorded one $12");
	assert_string_equal(asked(l, "x"), "three $12");
	llm_close(l);
	l = opened("recorded", NULL);
	assert_string_equal(asked(l, "a"), "recorded one $12");
	assert_string_equal(asked(l, "x"), "recorded three $12");
	assert_int_equal(llm_mismatches(l), 0);
	assert_string_equal(asked(l, "y"), "wrong-state");
	llm_close(l);
	listener_stop(&s);
}

static void
test_killed_while_asking(void **state UNUSED)
{
	struct listener s = listener_start(answers, 1);
	struct llm *l;

	put("{\"asked\":\"x\",\"cost_max\":7}\n{\"failed\":\"server\"}\n{\"asked\":\"y\",\"cost_max\":20}\n"
	    "{\"asked\":\"z\",\"cost_max\":300}\n{\"request\":\"z\",\"reply\":{\"sto");
	l = opened("openai", s.base);
	assert_int_equal(llm_lost_cost(l), 320);
	assert_string_equal(asked(l, "a"), "one $12");
	llm_close(l);
	l = opened("openai", s.base);
	assert_int_equal(llm_lost_cost(l), 320);
	assert_string_equal(asked(l, "a"), "recorded one $12");
	llm_close(l);
	listener_stop(&s);
}

static void
test_failed_costs_nothing(void **state UNUSED)
{
	static const struct answer down[] = {ANSWER("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"),
	    ANSWER(HEAD "data: {\n\n")};
	struct listener s = listener_start(down, 2);
	struct llm *l = opened("openai", s.base);

	assert_string_equal(asked(l, "a"), "server");
	llm_close(l);
	l = opened("openai", s.base);
	assert_int_equal(llm_lost_cost(l), 0);
	/* An answer that broke off may have been paid for. */
	assert_string_equal(asked(l, "a"), "protocol");
	llm_close(l);
	l = opened("openai", s.base);
	assert_int_equal(llm_lost_cost(l), 101);
	llm_close(l);
	listener_stop(&s);
}

static void
test_by_hand(void **state UNUSED)
{
	struct llm *l;

	put("{\"reply\":{\"stop\":\"tools\",\"blocks\":[{\"text\":\"hi\"},"
	    "{\"id\":\"1\",\"name\":\"run\",\"input\":{\"a\":[1]}}]}}\n\n"
	    "{\"reply\":{\"stop\":\"end\",\"blocks\":[{\"text\":\"bye\"}]}}");
	l = opened("recorded", NULL);
	assert_string_equal(asked(l, "whatever"), "recorded hi $0");
	assert_string_equal(asked(l, "else"), "recorded bye $0");
	assert_int_equal(llm_mismatches(l), 0);
	llm_close(l);
}

static void
broken(const char *text, const char *message)
{
	struct transcript *t = NULL;
	AUTO(err_free_p) struct err *e = NULL;
	AUTO(mem_free_p) char *whole = mem_printf("%s%s", path, message);

	put(text);
	e = transcript_open(path, false, &t);
	if (e == NULL)
		fail_msg("accepted: %s", text);
	assert_int_equal(err_code(e), ERR_SYNTAX);
	assert_string_equal(err_msg(e), whole);
}

static void
test_broken(void **state UNUSED)
{
	struct transcript *t = NULL;

	broken("{\"asked\":\"x\"}\nnonsense\n", ":2:1:1: expected a value");
	broken("[]\n", ":1:1:1: expected an object");
	broken("{\"what\":1}\n", ":1:1:1: a line of an unknown kind");
	broken("{\"reply\":{\"stop\":\"end\"}}\n", ":1:1:1: an answer without blocks");
	broken("{\"reply\":{\"stop\":\"x\",\"blocks\":[]}}\n",
	    ":1:1:10: 'stop' must be end, tools, length or refused");
	broken("{\"reply\":{\"stop\":\"end\",\"blocks\":[{\"id\":\"1\",\"name\":\"n\",\"input\":[]}]}}\n",
	    ":1:1:34: a block must have a text, or an id, a name and an input");
	unlink(path);
	AUTO(err_free_p) struct err *e = transcript_open(path, false, &t);
	assert_true(err_is(e, ERR_NOT_FOUND));
	put("");
}

/* Takes out the word "two", or everything when it is told so. */
static struct err *
redact(void *arg, struct str in, struct buf *out, bool *changed)
{
	ptrdiff_t at;

	while ((at = str_find(in, STR("two"))) >= 0) {
		buf_addstr(out, str_take(in, (size_t)at));
		buf_adds(out, *(bool *)arg ? "\"" : "***");
		in = str_skip(in, (size_t)at + 3);
		*changed = true;
	}
	buf_addstr(out, in);
	return NULL;
}

static void
redacts(bool syntax)
{
	struct listener s = listener_start(answers, 3);
	struct llm_config cfg = {.provider = "openai", .model = "m", .base_url = s.base, .price = &price,
	    .transcript = path, .redact = redact, .redact_arg = &syntax};
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct llm *l = NULL;

	put("");
	assert_null(llm_open(&cfg, &l));
	assert_string_equal(asked(l, "a"), "one $12");
	assert_string_equal(asked(l, "b"), "two $12");
	llm_close(l);
	assert_null(file_read(AT_FDCWD, path, &text));
	assert_null(strstr(buf_cstr(&text), "two"));
	assert_non_null(strstr(buf_cstr(&text), "\"redacted\":true"));

	l = opened("recorded", NULL);
	assert_string_equal(asked(l, "a"), "recorded one $12");
	assert_string_equal(asked(l, "b"), "wrong-state");
	llm_close(l);
	l = opened("openai", s.base);
	assert_string_equal(asked(l, "z"), "three $12");
	llm_close(l);
	listener_stop(&s);
}

static void
test_redacted(void **state UNUSED)
{
	redacts(false);
	redacts(true);
}

static void
test_hash(void **state UNUSED)
{
	struct llm_msg m;
	struct llm_request req = {.msgs = &m, .nmsgs = 1};
	char one[TRANSCRIPT_HASH], two[TRANSCRIPT_HASH];

	llm_msg_init(&m, LLM_USER);
	llm_msg_text(&m, "ab");
	transcript_hash("m", &req, 1, one);
	assert_int_equal(strlen(one), 32);
	transcript_hash("m", &req, 1, two);
	assert_string_equal(one, two);
	transcript_hash("m", &req, 2, two);
	assert_string_not_equal(one, two);
	llm_msg_free(&m);
	llm_msg_init(&m, LLM_USER);
	llm_msg_text(&m, "a");
	llm_msg_text(&m, "b");
	transcript_hash("m", &req, 1, two);
	assert_string_not_equal(one, two);
	llm_msg_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_resume_and_replay, set_path, drop_path),
		cmocka_unit_test_setup_teardown(test_guessed, set_path, drop_path),
		cmocka_unit_test_setup_teardown(test_another_way, set_path, drop_path),
		cmocka_unit_test_setup_teardown(test_killed_while_asking, set_path, drop_path),
		cmocka_unit_test_setup_teardown(test_failed_costs_nothing, set_path, drop_path),
		cmocka_unit_test_setup_teardown(test_by_hand, set_path, drop_path),
		cmocka_unit_test_setup_teardown(test_broken, set_path, drop_path),
		cmocka_unit_test_setup_teardown(test_redacted, set_path, drop_path),
		cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
