#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "forge/answer.h"
#include "forge/kept.h"
#include "forge/pace.h"
#include "forge/rest.h"
#include "listener.h"
#include "wire/json.h"

#define ANSWER(lit) {.p = lit, .n = sizeof(lit) - 1}
#define NONE "\r\nContent-Length: 0\r\n\r\n"
#define EPOCH 1800000000

/* ---- a clock that only waiting moves ---- */

static int64_t now_ms, slept_ms;

static int64_t
fake_wall(const struct clock *c UNUSED)
{
	return EPOCH + now_ms / 1000;
}

static int64_t
fake_mono(const struct clock *c UNUSED)
{
	return now_ms;
}

static const struct clock fake_clock = {fake_wall, fake_mono, 0};

static void
fake_sleep(void *arg UNUSED, int64_t ms)
{
	now_ms += ms;
	slept_ms += ms;
}

/* ---- a forge and a folder ---- */

struct scene {
	char dir[64];
	struct listener l;
	struct rest *r;
};

static struct err *
token(void *arg, struct buf *header)
{
	buf_addf(header, "Authorization: Bearer %s", (const char *)arg);
	return NULL;
}

static struct rest *
speak(const char *api, const char *dir, int64_t patience)
{
	static const char *const headers[] = {"Accept: application/vnd.github+json", NULL};
	static char key[] = "canary";
	struct rest_opts o = {.name = "GitHub", .api = api, .headers = headers, .auth = token,
	    .auth_arg = key, .dir = dir, .clock = &fake_clock, .sleep_ms = fake_sleep, .patience = patience};

	return rest_open(&o);
}

static void
scene_open(struct scene *s, const struct answer *a, size_t n)
{
	memcpy(s->dir, "/tmp/test_rest.XXXXXX", sizeof("/tmp/test_rest.XXXXXX"));
	assert_non_null(mkdtemp(s->dir));
	now_ms = 5000000;
	slept_ms = 0;
	s->l = listener_start(a, n);
	s->r = speak(s->l.base, s->dir, 7200);
}

static void
scene_close(struct scene *s)
{
	rest_close(s->r);
	listener_stop(&s->l);
	assert_null(tree_remove(AT_FDCWD, s->dir));
}

static char *
text_of(const char *fmt, const char *base)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	const char *p;

	for (p = fmt; *p != '\0'; p++) {
		if (*p == '@')
			buf_adds(&b, base);
		else
			buf_addc(&b, *p);
	}
	return buf_steal(&b);
}

static void
saw(const struct listener *l, const char *part, bool expect)
{
	AUTO(mem_free_p) char *request = listener_request(l);

	if (request == NULL || (strstr(request, part) != NULL) != expect)
		fail_msg("%s '%s' in: %s", expect ? "no" : "a", part, request == NULL ? "(nothing)" : request);
}

static void
expect(struct err *e, enum err_code code, const char *part)
{
	if (!err_is(e, code) || strstr(err_msg(e), part) == NULL)
		fail_msg("%s: %s", e == NULL ? "fine" : err_row(err_code(e))->word, e == NULL ? "" : err_msg(e));
	err_free(e);
}

/* ---- one request ---- */

static void
test_get(void **state UNUSED)
{
	static const struct answer a[] = {ANSWER("HTTP/1.1 200 OK\r\nX-OAuth-Scopes: repo\r\nContent-Length: 10\r\n\r\n{\"id\": 42}"),
	    ANSWER("HTTP/1.1 204 Gone\r\n\r\n")};
	struct scene s;
	AUTO(rest_reply_free) struct rest_reply reply = {0}, none = {0};
	struct rest_call c = {.what = "issue 42", .path = "/repos/a/b/issues/42"};
	struct rest_call d = {.what = "a branch", .method = "DELETE", .path = "/x"};
	AUTO(mem_free_p) char *request = NULL;

	scene_open(&s, a, NITEMS(a));
	assert_null(rest_do(s.r, &c, &reply));
	assert_int_equal(node_get_int(reply.body, "id", 0), 42);
	assert_string_equal(reply.scopes, "repo");
	request = listener_request(&s.l);
	assert_non_null(strstr(request, "GET /repos/a/b/issues/42 HTTP/1.1"));
	assert_non_null(strstr(request, "Authorization: Bearer canary\r\n"));
	assert_non_null(strstr(request, "User-Agent: git-factory/"));
	assert_non_null(strstr(request, "Accept: application/vnd.github+json\r\n"));
	assert_null(strstr(request, "If-None-Match"));
	assert_null(rest_do(s.r, &d, &none));
	assert_null(none.body);
	assert_int_equal(rest_counted(s.r).all, 2);
	scene_close(&s);
}

/* The forge's own words, and the permission that it names. */
static void
test_errors(void **state UNUSED)
{
	static const struct answer a[] = {
	    ANSWER("HTTP/1.1 404 No\r\nContent-Length: 23\r\n\r\n{\"message\":\"Not Found\"}\n"),
	    ANSWER("HTTP/1.1 403 No\r\nX-Accepted-GitHub-Permissions: issues=write\r\nContent-Length: 71\r\n\r\n"
	    "{\"message\":\"Resource not accessible by personal access token\",\"x\":null}\n"),
	    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{]}"),
	    ANSWER("HTTP/1.1 422 No\r\nContent-Length: 100\r\n\r\n"
	    "{\"message\":\"Validation Failed\",\"errors\":[{\"resource\":\"PullRequest\",\"code\":\"custom\",\"message\":\"no\"}]}"),
	};
	struct rest_call c = {.what = "issue 42", .path = "/x"}, accept = {.what = "it", .path = "/x", .accept = {422}};
	AUTO(buf_free) struct buf words = BUF_INIT(BUF_TEXT);
	struct rest_reply reply = {0};
	struct scene s;
	struct err *e;

	scene_open(&s, a, NITEMS(a));
	expect(rest_do(s.r, &c, &reply), ERR_NOT_FOUND, "GitHub, asked for issue 42: it answered with status 404: Not Found");
	e = rest_do(s.r, &c, &reply);
	assert_non_null(strstr(err_hint_of(e), "'issues=write'"));
	expect(e, ERR_AUTH, "not accessible");
	expect(rest_do(s.r, &c, &reply), ERR_SYNTAX, "GitHub:1:2");
	assert_null(rest_do(s.r, &accept, &reply));
	assert_int_equal(reply.status, 422);
	rest_words(&reply, &words);
	assert_string_equal(buf_cstr(&words), "Validation Failed, no");
	rest_reply_free(&reply);
	scene_close(&s);
}

/* FORGES 9: a write whose answer is lost is not sent again; a read is. */
static void
test_ambiguous(void **state UNUSED)
{
	static const struct answer a[] = {
	    ANSWER("HTTP/1.1 502 Bad" NONE), ANSWER(""), ANSWER("HTTP/1.1 503 Bad" NONE), ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")};
	struct rest_call post = {.what = "a comment", .method = "POST", .path = "/x", .body = STR("{}")};
	struct rest_call get = {.what = "it", .path = "/x"};
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	struct scene s;

	scene_open(&s, a, NITEMS(a));
	expect(rest_do(s.r, &post, &reply), ERR_SERVER, "502");
	saw(&s.l, "POST /x", true);
	assert_null(rest_do(s.r, &get, &reply));
	saw(&s.l, "GET /x", true);
	saw(&s.l, "GET /x", true);
	assert_true(slept_ms >= 1000);
	saw(&s.l, "GET /x", true);
	listener_stop(&s.l);
	rest_close(s.r);
	s.l = listener_start(a + 1, 1);
	s.r = speak(s.l.base, s.dir, 0);
	expect(rest_do(s.r, &post, &reply), ERR_NETWORK, "a comment");
	expect(rest_do(s.r, &get, &reply), ERR_NETWORK, "it");
	scene_close(&s);
}

/* ---- limits: every dress of them ---- */

static const struct {
	const char *answer;
	int64_t least, most;	/* seconds that are waited */
} limits[] = {
	{"HTTP/1.1 429 Slow\r\nRetry-After: 7" NONE, 7, 8},
	{"HTTP/1.1 403 No\r\nRetry-After: 30" NONE, 30, 33},
	/* EPOCH + 5000 s is the time of the fake clock. */
	{"HTTP/1.1 429 Slow\r\nRetry-After: Fri, 15 Jan 2027 09:25:00 GMT" NONE, 100, 110},
	{"HTTP/1.1 403 No\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1800005050" NONE, 50, 55},
	{"HTTP/1.1 403 No\r\nContent-Length: 60\r\n\r\n{\"message\":\"You have exceeded a secondary rate limit. Wait\"}\n", 60, 66},
	{"HTTP/1.1 422 No\r\nContent-Length: 55\r\n\r\n{\"message\":\"Validation\",\"errors\":[{\"code\":\"abuse\"}]}   ", 60, 66},
	{"HTTP/1.1 429 Slow\r\nContent-Length: 12\r\n\r\nRetry later\n", 60, 66},
	{"HTTP/1.1 429 Slow\r\nRateLimit-Reset: 1800005020" NONE, 20, 22},
	{"HTTP/1.1 429 Slow\r\nRetry-After: 0" NONE, 1, 1},
};

static void
test_limits(void **state UNUSED)
{
	size_t i;

	for (i = 0; i < NITEMS(limits); i++) {
		struct answer a[] = {{.p = limits[i].answer, .n = strlen(limits[i].answer)},
		    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")};
		struct rest_call post = {.what = "it", .method = "POST", .path = "/x", .body = STR("{}")};
		AUTO(rest_reply_free) struct rest_reply reply = {0};
		struct scene s;

		scene_open(&s, a, 2);
		assert_null(rest_do(s.r, &post, &reply));
		if (slept_ms < limits[i].least * 1000 || slept_ms > limits[i].most * 1000 + 1000)
			fail_msg("%s: %lld ms", limits[i].answer, (long long)slept_ms);
		scene_close(&s);
	}
}

/* A refusal that is none of a limit's is told at once. */
static void
test_no_limits(void **state UNUSED)
{
	static const struct answer a[] = {
	    ANSWER("HTTP/1.1 403 No\r\nX-RateLimit-Remaining: 4000\r\nContent-Length: 23\r\n\r\n{\"message\":\"Forbidden\"}\n"),
	    ANSWER("HTTP/1.1 422 No\r\nContent-Length: 57\r\n\r\n{\"message\":\"Validation\",\"errors\":[{\"code\":\"missing\"}]}    ")};
	struct rest_call c = {.what = "it", .path = "/x"};
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	struct scene s;

	scene_open(&s, a, 2);
	expect(rest_do(s.r, &c, &reply), ERR_AUTH, "Forbidden");
	expect(rest_do(s.r, &c, &reply), ERR_CONFIG, "missing");
	assert_int_equal(slept_ms, 0);
	scene_close(&s);
}

/* Waits double, with jitter of at most ten seconds, up to a quarter of an hour. */
static void
test_backoff(void **state UNUSED)
{
	unsigned n;

	for (n = 0; n < 200; n++) {
		int64_t ms = pace_wait_ms(-1, n % 10), base = PACE_BACKOFF_MS << (n % 10 > 3 ? 4 : n % 10);

		if (base > PACE_BACKOFF_MAX_MS)
			base = PACE_BACKOFF_MAX_MS;
		assert_in_range(ms, base, base + 10000);
	}
	assert_in_range(pace_wait_ms(3600, 0), 3600000, 3610000);
}

/* Who cannot wait as long is told how long, and so is the next process, without a request. */
static void
test_patience(void **state UNUSED)
{
	static const struct answer a[] = {ANSWER("HTTP/1.1 429 Slow\r\nRetry-After: 600" NONE)};
	struct rest_call c = {.what = "it", .path = "/x"};
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	struct rest *other;
	struct scene s;
	struct err *e;

	scene_open(&s, a, 1);
	rest_close(s.r);
	s.r = speak(s.l.base, s.dir, 60);
	e = rest_do(s.r, &c, &reply);
	assert_in_range(err_wait_s(e), 600, 611);
	expect(e, ERR_RATE_LIMIT, "limits");
	other = speak(s.l.base, s.dir, 60);
	expect(rest_do(other, &c, &reply), ERR_RATE_LIMIT, "limits");
	assert_int_equal(rest_counted(other).all, 0);
	assert_int_equal(slept_ms, 0);
	rest_close(other);
	scene_close(&s);
}

/* The last request that is allowed for now holds the next one back. */
static void
test_spent(void **state UNUSED)
{
	static const struct answer a[] = {
	    ANSWER("HTTP/1.1 200 OK\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1800005040\r\nContent-Length: 2\r\n\r\n{}"),
	    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")};
	struct rest_call c = {.what = "it", .path = "/x"};
	struct rest_reply reply = {0};
	struct scene s;

	scene_open(&s, a, 2);
	assert_null(rest_do(s.r, &c, &reply));
	rest_reply_free(&reply);
	assert_int_equal(slept_ms, 0);
	assert_null(rest_do(s.r, &c, &reply));
	rest_reply_free(&reply);
	assert_int_equal(slept_ms, 40000);
	scene_close(&s);
}

/* ---- writes ---- */

/* FORGES 10: a second apart, 80 a minute, 500 an hour, over all processes. */
static void
test_bucket(void **state UNUSED)
{
	char dir[] = "/tmp/test_rest.XXXXXX";
	struct pace_opts o = {.dir = mkdtemp(dir), .metered = true, .clock = &fake_clock, .sleep_ms = fake_sleep};
	struct pace *p[3];
	VEC(int64_t) at = {0};
	int64_t left;
	size_t i;

	now_ms = 1000;
	for (i = 0; i < NITEMS(p); i++)
		p[i] = pace_open(&o);
	for (i = 0; i < 1200; i++) {
		left = INT64_MAX / 2;
		assert_null(pace_enter(p[i % 3], true, &left));
		vec_push(&at, now_ms);
		now_ms += i % 7 == 0 ? 130 : 0;	/* what a request takes */
		pace_leave(p[i % 3]);
	}
	for (i = 1; i < at.n; i++) {
		assert_true(at.v[i] - at.v[i - 1] >= 1000);
		if (i >= 80)
			assert_true(at.v[i] - at.v[i - 80] > 60000);
		if (i >= 500)
			assert_true(at.v[i] - at.v[i - 500] > 3600000);
	}
	/* and no slower than it must */
	assert_true(at.v[at.n - 1] < 3 * 3600000);
	for (i = 0; i < NITEMS(p); i++)
		pace_close(p[i]);
	vec_free(&at);
	assert_null(tree_remove(AT_FDCWD, dir));
}

/* Four nodes, each of which knows its own writes only, and all of them write as soon as they may. */
static void
test_shared_limits(void **state UNUSED)
{
	char dir[] = "/tmp/test_rest.XXXXXX";
	struct pace_opts o = {.nodes = 4, .metered = true, .clock = &fake_clock, .sleep_ms = fake_sleep};
	struct pace *p[4];
	VEC(int64_t) at = {0};
	int64_t left, begin = 0;
	size_t i;

	now_ms = 1000;
	for (i = 0; i < NITEMS(p); i++)
		p[i] = pace_open(&o);
	for (i = 0; i < 1200; i++) {
		left = INT64_MAX / 2;
		assert_null(pace_enter(p[i % 4], true, &left));
		vec_push(&at, now_ms);
		pace_leave(p[i % 4]);
	}
	for (i = 80; i < at.n; i++)
		assert_true(at.v[i] - at.v[i - 80] > 60000);
	for (i = 500; i < at.n; i++)
		assert_true(at.v[i] - at.v[i - 500] > 3600000);
	assert_true(at.v[499] < 11 * 60000);
	assert_true(at.v[at.n - 1] < 3 * 3600000);
	for (i = 0; i < NITEMS(p); i++)
		pace_close(p[i]);
	/* For an hour after the last that was seen of them, what the others have written counts. */
	o.nodes = 4;
	o.dir = mkdtemp(dir);
	for (i = 0; i < 500; i++) {
		left = INT64_MAX / 2;
		p[0] = pace_open(&o);
		assert_null(pace_enter(p[0], true, &left));
		pace_close(p[0]);
		o.nodes = i < 2 ? 4 : 1;
		if (i == 2)
			begin = now_ms;
		if (i > 125 && i < 130)
			assert_true(now_ms - begin > 3600000 - 12000);
	}
	assert_true(now_ms - begin < 2 * 3600000);
	assert_null(tree_remove(AT_FDCWD, dir));
	o.dir = NULL;
	/* So many that nobody's part is a whole write: one is allowed all the same. */
	o.nodes = 1000;
	p[0] = pace_open(&o);
	for (i = 0; i < 2; i++) {
		left = INT64_MAX / 2;
		assert_null(pace_enter(p[0], true, &left));
		pace_leave(p[0]);
	}
	pace_close(p[0]);
	vec_free(&at);
}

/* Where no hour is counted, 60 issues that are labelled at once do not take two of them. */
static void
test_no_hour(void **state UNUSED)
{
	struct pace_opts o = {.nodes = 2, .clock = &fake_clock, .sleep_ms = fake_sleep};
	struct pace *p = pace_open(&o);
	int64_t left;
	size_t i;

	now_ms = 1000;
	for (i = 0; i < 600; i++) {
		left = 60000;
		assert_null(pace_enter(p, true, &left));
		pace_leave(p);
	}
	assert_true(now_ms >= 599 * 2000 && now_ms < 700 * 2000);
	pace_close(p);
}

/* The points of the last minute: one for a read, five for a write. */
static size_t
points_until(const int64_t *at, const bool *write, size_t last)
{
	size_t sum = 0, i;

	for (i = last + 1; i-- > 0 && at[i] > at[last] - 60000;)
		sum += write[i] ? 5 : 1;
	return sum;
}

/* Who has much to read, and something to write now and then, stays below GitHub's 900 points a minute. */
static void
test_points(void **state UNUSED)
{
	enum { ALL = 4000 };
	char dir[] = "/tmp/test_rest.XXXXXX";
	struct pace_opts o = {.dir = mkdtemp(dir), .metered = true, .clock = &fake_clock, .sleep_ms = fake_sleep};
	struct pace *p[3];
	static int64_t at[ALL];
	static bool write[ALL];
	struct err *e = NULL;
	int64_t left;
	size_t i, most = 0;

	now_ms = 1000;
	for (i = 0; i < NITEMS(p); i++)
		p[i] = pace_open(&o);
	for (i = 0; i < ALL; i++) {
		left = INT64_MAX / 2;
		/* Ten reads for a write, then reads alone, as fast as it goes. */
		write[i] = i < 2000 && i % 11 == 0;
		assert_null(pace_enter(p[i % 3], write[i], &left));
		at[i] = now_ms;
		pace_leave(p[i % 3]);
		most = points_until(at, write, i) > most ? points_until(at, write, i) : most;
	}
	assert_in_range(most, 480, 900);
	/* and no slower than it must */
	assert_true(at[ALL - 1] < (ALL / 480 + 1) * 60000);
	for (i = 0; i < NITEMS(p); i++)
		pace_close(p[i]);
	/* Who begins later knows of them, and has to say how long it takes. */
	left = 0;
	p[0] = pace_open(&o);
	for (i = 0; i < 480 && e == NULL; i++)
		e = pace_enter(p[0], false, &left);
	assert_true(i < 480);
	expect(e, ERR_RATE_LIMIT, "the next request in");
	pace_close(p[0]);
	assert_null(tree_remove(AT_FDCWD, dir));
}

/* Nodes share the reads, and each has some. */
static void
test_reads_of_nodes(void **state UNUSED)
{
	static const struct {
		size_t nodes, reads;
	} t[] = {{1, 480}, {4, 120}, {1000, 20}};
	struct pace_opts o = {.metered = true, .clock = &fake_clock, .sleep_ms = fake_sleep};
	int64_t left = INT64_MAX / 2;
	struct pace *p;
	size_t i, n;

	for (i = 0; i < NITEMS(t); i++) {
		o.nodes = t[i].nodes;
		p = pace_open(&o);
		now_ms = 1000;
		for (n = 0; n < t[i].reads; n++)
			assert_null(pace_enter(p, false, &left));
		assert_int_equal(now_ms, 1000);
		assert_null(pace_enter(p, false, &left));
		assert_int_equal(now_ms, 61001);
		pace_close(p);
	}
	/* Where reads are not metered they are as many as there are. */
	o.metered = false;
	p = pace_open(&o);
	for (n = 0; n < 2000; n++)
		assert_null(pace_enter(p, false, &left));
	assert_int_equal(now_ms, 61001);
	pace_close(p);
}

/* A write that is under way holds the others up, and a reader not. */
static void
test_serial(void **state UNUSED)
{
	char dir[] = "/tmp/test_rest.XXXXXX";
	struct pace_opts o = {.dir = mkdtemp(dir), .clock = &fake_clock, .sleep_ms = fake_sleep};
	struct pace *a = pace_open(&o), *b = pace_open(&o);
	int64_t left = 60000, none = 0;

	now_ms = 1000;
	assert_null(pace_enter(a, true, &left));
	expect(pace_enter(b, true, &none), ERR_RATE_LIMIT, "other processes");
	assert_null(pace_enter(b, false, &left));
	pace_leave(b);
	pace_leave(a);
	assert_null(pace_enter(b, true, &left));
	assert_int_equal(now_ms, 2000);
	pace_close(a);
	pace_close(b);
	assert_null(tree_remove(AT_FDCWD, dir));
}

/* A file of another boot, or of garbage, stops nobody. */
static void
test_limits_file(void **state UNUSED)
{
	static const char *const bad[] = {"", "another boot\nuntil 99999999\nwrites 1 2 3\n", "\xff\xfe", "until x\nwrites -1 y"};
	char dir[] = "/tmp/test_rest.XXXXXX", *made = mkdtemp(dir);
	AUTO(mem_free_p) char *path = path_join(made, "limits");
	struct pace_opts o = {.dir = made, .clock = &fake_clock, .sleep_ms = fake_sleep};
	size_t i;

	for (i = 0; i < NITEMS(bad); i++) {
		struct pace *p = pace_open(&o);
		int64_t left = 0;

		now_ms = 1000;
		assert_null(file_replace(AT_FDCWD, path, str_of(bad[i]), 0600, false));
		assert_null(pace_enter(p, true, &left));
		pace_close(p);
	}
	assert_null(tree_remove(AT_FDCWD, dir));
}

/* The clock that tests share over processes moves on instead of sleeping. */
static void
test_shared_clock(void **state UNUSED)
{
	static const struct answer a[] = {ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")};
	struct rest_call post = {.what = "it", .method = "POST", .path = "/x", .body = STR("{}")};
	AUTO(mem_free_p) char *path = NULL;
	struct rest_opts o = {.name = "GitHub"};
	struct rest_reply reply = {0};
	struct scene s;
	int64_t begin, i;

	scene_open(&s, a, 1);
	path = path_join(s.dir, "clock");
	assert_null(file_replace(AT_FDCWD, path, STR("1800000000000\n"), 0600, false));
	setenv("GIT_FACTORY_FORGE_CLOCK", path, 1);
	rest_close(s.r);
	o.api = s.l.base;
	o.dir = s.dir;
	s.r = rest_open(&o);
	begin = rest_now_ms(s.r);
	assert_int_equal(begin, INT64_C(1800000000000));
	for (i = 0; i < 5; i++) {
		assert_null(rest_do(s.r, &post, &reply));
		rest_reply_free(&reply);
	}
	assert_int_equal(rest_now_ms(s.r) - begin, 4000);
	unsetenv("GIT_FACTORY_FORGE_CLOCK");
	scene_close(&s);
}

/* ---- ETags ---- */

#define PAGE1 "HTTP/1.1 200 OK\r\nETag: W/\"abc\"\r\nLink: <@/list?page=2>; rel=\"next\", <@/list?page=9>; rel=\"last\"\r\n" \
	"Content-Length: 21\r\n\r\n[{\"id\": 1},{\"id\": 2}]"
#define PAGE2 "HTTP/1.1 200 OK\r\nETag: \"def\"\r\nLink: <@/list>; rel=\"prev\"\r\nContent-Length: 11\r\n\r\n[{\"id\": 3}]"
#define SAME "HTTP/1.1 304 Same\r\nETag: W/\"abc\"\r\n\r\n"

static struct err *
collect(void *arg, const struct node *item)
{
	buf_addf(arg, "%lld ", (long long)node_get_int(item, "id", -1));
	return NULL;
}

static void
list_is(struct rest *r, bool newest, const char *want, bool same)
{
	AUTO(buf_free) struct buf got = BUF_INIT(BUF_TEXT);
	struct rest_call c = {.what = "the list", .path = "/list", .cached = true};
	bool unchanged = !same;
	AUTO(err_free_p) struct err *e = rest_each(r, &c, NULL, newest, collect, &got, &unchanged);

	if (e != NULL)
		fail_msg("%s", err_msg(e));
	assert_string_equal(buf_cstr(&got), want);
	assert_int_equal(unchanged, same);
}

/* FORGES 11: a 304 gives the same answer, in another process too. */
static void
test_etag(void **state UNUSED)
{
	AUTO(mem_free_p) char *one = NULL, *two = NULL;
	struct answer a[8] = {{0}};
	struct scene s;
	size_t i;

	scene_open(&s, a, 1);
	listener_stop(&s.l);
	rest_close(s.r);
	/* The address is in the pages, so they are made once it is known: relative ones serve, too. */
	one = text_of(PAGE1, "");
	two = text_of(PAGE2, "");
	for (i = 0; i < 2; i++)
		a[i] = (struct answer){.p = i == 0 ? one : two, .n = strlen(i == 0 ? one : two)};
	for (; i < NITEMS(a); i++)
		a[i] = (struct answer){.p = SAME, .n = sizeof(SAME) - 1};
	s.l = listener_start(a, NITEMS(a));
	s.r = speak(s.l.base, s.dir, 0);
	list_is(s.r, false, "1 2 3 ", false);
	saw(&s.l, "If-None-Match", false);
	saw(&s.l, "GET /list?page=2", true);
	rest_close(s.r);
	s.r = speak(s.l.base, s.dir, 0);
	list_is(s.r, false, "1 2 3 ", true);
	saw(&s.l, "If-None-Match: W/\"abc\"\r\n", true);
	saw(&s.l, "If-None-Match: \"def\"\r\n", true);
	assert_int_equal(rest_counted(s.r).unchanged, 2);
	/* Sorted by the last change, the first page speaks for all. */
	list_is(s.r, true, "1 2 3 ", true);
	saw(&s.l, "GET /list HTTP", true);
	assert_int_equal(rest_counted(s.r).all, 3);
	scene_close(&s);
}

/* What is on disk may be cut short, or of another address: then it is asked for anew. */
static void
test_kept_broken(void **state UNUSED)
{
	static const struct answer a[] = {
	    ANSWER("HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 10\r\n\r\n[{\"id\":1}]"), ANSWER(SAME),
	    ANSWER("HTTP/1.1 200 OK\r\nETag: \"b\"\r\nContent-Length: 10\r\n\r\n[{\"id\":2}]")};
	AUTO(mem_free_p) char *url = NULL;
	AUTO(kept_free) struct kept k = {0};
	struct scene s;

	scene_open(&s, a, NITEMS(a));
	url = mem_printf("%s/list", s.l.base);
	list_is(s.r, false, "1 ", false);
	assert_true(kept_read(s.dir, url, &k));
	kept_write(s.dir, url, k.etag, "", STR("[{\"id\":1}"));
	list_is(s.r, false, "2 ", false);
	kept_free(&k);
	kept_write(s.dir, url, "x\ny", "", STR("[]"));
	assert_true(kept_read(s.dir, url, &k));
	assert_string_equal(k.etag, "\"b\"");
	assert_false(kept_read(s.dir, "http://elsewhere/list", &k));
	scene_close(&s);
}

static struct err *
wants_numbers(void *arg UNUSED, const struct node *item)
{
	return node_get(item, "id") != NULL && node_get(item, "id")->kind == NODE_INT ? NULL :
	    err_new(ERR_SYNTAX, "no number");
}

/* A broken answer under a true ETag: its reader refuses it once, and it is asked for anew. */
static void
test_kept_refused(void **state UNUSED)
{
	static const struct answer a[] = {
	    ANSWER("HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 12\r\n\r\n[{\"id\":\"1\"}]"),
	    ANSWER("HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 10\r\n\r\n[{\"id\":1}]"),
	    ANSWER("HTTP/1.1 200 OK\r\nETag: \"b\"\r\nContent-Length: 2\r\n\r\n[]"),
	    ANSWER("HTTP/1.1 200 OK\r\nETag: \"b\"\r\nContent-Length: 2\r\n\r\n{}")};
	struct rest_call list = {.what = "the list", .path = "/list", .cached = true};
	struct rest_call one = {.what = "one", .path = "/one", .cached = true};
	struct rest_reply reply = {0};
	struct scene s;
	struct err *e;

	scene_open(&s, a, NITEMS(a));
	e = rest_each(s.r, &list, NULL, false, wants_numbers, NULL, NULL);
	assert_true(err_is(e, ERR_SYNTAX));
	err_free(e);
	assert_null(rest_each(s.r, &list, NULL, false, wants_numbers, NULL, NULL));
	saw(&s.l, "If-None-Match", false);
	assert_null(rest_do(s.r, &one, &reply));
	e = rest_took(s.r, one.path, err_new(ERR_SYNTAX, "no object"));
	assert_true(err_is(e, ERR_SYNTAX));
	err_free(e);
	rest_reply_free(&reply);
	assert_null(rest_do(s.r, &one, &reply));
	rest_reply_free(&reply);
	saw(&s.l, "If-None-Match", false);
	assert_null(rest_took(s.r, one.path, NULL));
	scene_close(&s);
}

/* Without ETags the same bytes say the same. */
static void
test_no_etag(void **state UNUSED)
{
	static const struct answer a[] = {
	    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[{\"id\":1}]"),
	    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[{\"id\":1}]"),
	    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[{\"id\":2}]")};
	struct scene s;

	scene_open(&s, a, NITEMS(a));
	list_is(s.r, true, "1 ", false);
	list_is(s.r, true, "1 ", true);
	list_is(s.r, true, "2 ", false);
	scene_close(&s);
}

/* ---- pages and redirects ---- */

/* FORGES 12: 250 items over 3 pages. */
static void
test_pages(void **state UNUSED)
{
	struct buf text[3] = {BUF_INIT(BUF_TEXT), BUF_INIT(BUF_TEXT), BUF_INIT(BUF_TEXT)};
	AUTO(buf_free) struct buf got = BUF_INIT(BUF_TEXT);
	struct rest_call c = {.what = "the list", .path = "/list"};
	struct answer a[3];
	struct scene s;
	size_t i, k, n = 0;
	bool unchanged = true;

	for (i = 0; i < 3; i++) {
		AUTO(buf_free) struct buf body = BUF_INIT(BUF_TEXT);

		buf_adds(&body, "{\"runs\": [");
		for (k = 0; k < (i < 2 ? 100 : 50); k++)
			buf_addf(&body, "%s{\"id\": %zu}", k == 0 ? "" : ",", n++);
		buf_adds(&body, "]}");
		buf_adds(&text[i], "HTTP/1.1 200 OK\r\n");
		if (i < 2)
			buf_addf(&text[i], "Link: </list?page=%zu>; rel=\"next\"\r\n", i + 2);
		buf_addf(&text[i], "Content-Length: %zu\r\n\r\n%s", body.n, buf_cstr(&body));
		a[i] = (struct answer){.p = text[i].p, .n = text[i].n};
	}
	scene_open(&s, a, 3);
	assert_null(rest_each(s.r, &c, "runs", false, collect, &got, &unchanged));
	assert_false(unchanged);
	for (i = n = 0; i < got.n; i++)
		n += got.p[i] == ' ';
	assert_int_equal(n, 250);
	assert_non_null(strstr(buf_cstr(&got), " 249 "));
	scene_close(&s);
	buf_free(&text[0]);
	buf_free(&text[1]);
	buf_free(&text[2]);
}

static void
test_next_elsewhere(void **state UNUSED)
{
	static const struct answer a[] = {
	    ANSWER("HTTP/1.1 200 OK\r\nLink: <http://127.0.0.1:9/list?page=2>; rel=\"next\"\r\nContent-Length: 2\r\n\r\n[]"),
	    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")};
	struct rest_call c = {.what = "the list", .path = "/list"};
	AUTO(buf_free) struct buf got = BUF_INIT(BUF_TEXT);
	struct scene s;

	scene_open(&s, a, NITEMS(a));
	expect(rest_each(s.r, &c, NULL, false, collect, &got, NULL), ERR_PROTOCOL, "another host");
	expect(rest_each(s.r, &c, NULL, false, collect, &got, NULL), ERR_SYNTAX, "no list");
	c.path = "http://127.0.0.1:9/list";
	expect(rest_each(s.r, &c, NULL, false, collect, &got, NULL), ERR_BUG, "another host");
	scene_close(&s);
}

/* FORGES 13: moved on the same host, a write too, with its body. */
static void
test_moved(void **state UNUSED)
{
	static const struct answer a[] = {
	    ANSWER("HTTP/1.1 301 Moved\r\nLocation: /repositories/7/x" NONE),
	    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
	    ANSWER("HTTP/1.1 307 Moved\r\nLocation: /repositories/7/x" NONE),
	    ANSWER("HTTP/1.1 201 OK\r\nContent-Length: 2\r\n\r\n{}"),
	    ANSWER("HTTP/1.1 302 Moved\r\nLocation: /x" NONE)};
	struct rest_call get = {.what = "it", .path = "/x"};
	struct rest_call post = {.what = "it", .method = "POST", .path = "/x", .body = STR("{\"a\":1}")};
	struct rest_reply reply = {0};
	struct scene s;

	scene_open(&s, a, NITEMS(a));
	assert_null(rest_do(s.r, &get, &reply));
	rest_reply_free(&reply);
	saw(&s.l, "GET /x", true);
	saw(&s.l, "Authorization: Bearer canary", true);
	assert_null(rest_do(s.r, &post, &reply));
	rest_reply_free(&reply);
	saw(&s.l, "POST /x", true);
	saw(&s.l, "POST /repositories/7/x HTTP/1.1", true);
	expect(rest_do(s.r, &get, &reply), ERR_PROTOCOL, "redirects");
	scene_close(&s);
}

/* THREATS 36: another host gets no token, and no write at all. */
static void
test_moved_elsewhere(void **state UNUSED)
{
	static const struct answer last[] = {ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"id\": 42}")};
	struct listener thief = listener_start(last, 1);
	AUTO(mem_free_p) char *text = text_of("HTTP/1.1 302 Found\r\nLocation: @/stolen" NONE, thief.base);
	struct answer a[] = {{.p = text, .n = strlen(text)}};
	struct rest_call get = {.what = "it", .path = "/x", .cached = true, .header = "X-Secret: canary"};
	struct rest_call post = {.what = "it", .method = "POST", .path = "/x", .body = STR("{}")};
	AUTO(mem_free_p) char *request = NULL;
	AUTO(rest_reply_free) struct rest_reply reply = {0};
	struct scene s;

	scene_open(&s, a, 1);
	assert_null(rest_do(s.r, &get, &reply));
	request = listener_request(&thief);
	assert_non_null(strstr(request, "GET /stolen"));
	assert_null(strstr(request, "canary"));
	expect(rest_do(s.r, &post, &reply), ERR_DENIED, "another host");
	scene_close(&s);
	listener_stop(&thief);
}

/* ---- values ---- */

static const struct node *
parse(struct arena *a, const char *text)
{
	struct node *n;

	assert_null(json_parse(a, "t", str_of(text), &n));
	return n;
}

static void
test_answers(void **state UNUSED)
{
	AUTO(arena_free) struct arena mem = {0};
	const struct node *n = parse(&mem, "{\"s\":\"x\",\"z\":null,\"i\":7,\"m\":-1,\"b\":true,\"l\":[\"a\",\"b\"],"
	    "\"o\":[{\"name\":\"c\"}],\"t\":\"2012-05-28T04:42:42.123-07:00\",\"u\":\"2026-11-21T10:12:45Z\",\"never\":\"0001-01-01T00:00:00Z\","
	    "\"sha\":\"0123456789abcdef0123456789abcdef01234567\",\"long\":\"a\xc3\xa4z\"}");
	AUTO(mem_free_p) char *s = NULL;
	AUTO(strs_free) struct strs v = {0};
	int64_t t = 0;
	bool b;

	assert_null(answer_str(n, "s", 1, &s));
	assert_string_equal(s, "x");
	assert_null(answer_text(n, "z", 1, &s));
	assert_string_equal(s, "");
	assert_null(answer_cut(n, "long", 2, &s));
	assert_string_equal(s, "a");
	assert_null(answer_id(n, "i", &s));
	assert_string_equal(s, "7");
	assert_null(answer_sha(n, "sha", &s));
	assert_null(answer_bool(n, "b", &b));
	assert_true(b);
	assert_null(answer_strs(n, "o", "name", &v));
	assert_string_equal(v.v[0], "c");
	assert_null(answer_strs(n, "l", NULL, &v));
	assert_int_equal(v.n, 2);
	assert_null(answer_time(n, "t", &t));
	assert_int_equal(t, 1338205362);
	assert_null(answer_time(n, "u", &t));
	assert_int_equal(t, 1795255965);
	assert_null(answer_time(n, "never", &t));
	assert_int_equal(t, 0);
	expect(answer_str(n, "z", 9, &s), ERR_SYNTAX, "no 'z'");
	expect(answer_str(n, "i", 9, &s), ERR_SYNTAX, "'i'");
	expect(answer_str(n, "long", 3, &s), ERR_LIMIT, "more than 3 bytes");
	expect(answer_str(NULL, "s", 9, &s), ERR_SYNTAX, "empty");
	expect(answer_str(node_get(n, "l"), "s", 9, &s), ERR_SYNTAX, "a list where an object belongs");
	expect(answer_int(n, "m", &t), ERR_SYNTAX, "negative");
	expect(answer_int(n, "s", &t), ERR_SYNTAX, "a number");
	expect(answer_bool(n, "s", &b), ERR_SYNTAX, "true or false");
	expect(answer_time(n, "s", &t), ERR_SYNTAX, "no time");
	expect(answer_sha(n, "s", &s), ERR_SYNTAX, "full object id");
	expect(answer_strs(n, "s", NULL, &v), ERR_SYNTAX, "a list");
	expect(answer_strs(n, "o", NULL, &v), ERR_SYNTAX, "has no text");
	assert_int_equal(v.n, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_ambiguous),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_limits),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_spent),
		cmocka_unit_test(test_bucket),
		cmocka_unit_test(test_shared_limits),
		cmocka_unit_test(test_no_hour),
		cmocka_unit_test(test_points),
		cmocka_unit_test(test_reads_of_nodes),
		cmocka_unit_test(test_serial),
		cmocka_unit_test(test_limits_file),
		cmocka_unit_test(test_shared_clock),
		cmocka_unit_test(test_etag),
		cmocka_unit_test(test_kept_broken),
		cmocka_unit_test(test_kept_refused),
		cmocka_unit_test(test_no_etag),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_next_elsewhere),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_moved_elsewhere),
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
