#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "listener.h"
#include "wire/http.h"

#define ANSWER(lit) {.p = lit, .n = sizeof(lit) - 1}

static struct err *
collect(void *arg, struct str data)
{
	buf_addstr(arg, data);
	return NULL;
}

static struct err *
reject(void *arg UNUSED, struct str data UNUSED)
{
	return err_new(ERR_PROTOCOL, "not what was wanted");
}

static void
expect_err(const struct http_request *req, enum err_code code, const char *part)
{
	struct http_reply reply = {0};
	AUTO(err_free_p) struct err *e = http_do(req, &reply);

	if (e == NULL)
		fail_msg("%s: status %d", req->url, reply.status);
	if (err_code(e) != code || strstr(err_msg(e), part) == NULL)
		fail_msg("%s: %s", err_row(err_code(e))->word, err_msg(e));
	assert_null(reply.headers.v);
}

static void
test_get(void **state UNUSED)
{
	static const struct answer a[] = {ANSWER("HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
	    "HTTP/1.1 200 OK\r\nContent-Type:  text/plain \r\nContent-Length: 5\r\n\r\nhello")};
	struct listener l = listener_start(a, 1);
	AUTO(http_reply_free) struct http_reply reply = {0};
	AUTO(mem_free_p) char *request = NULL;
	const char *headers[] = {"X-Api-Key: k", NULL};
	struct http_request req = {.url = l.base, .headers = headers};

	setenv("http_proxy", "http://127.0.0.1:9", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:9", 1);
	assert_null(http_do(&req, &reply));
	assert_int_equal(reply.status, 200);
	assert_string_equal(buf_cstr(&reply.body), "hello");
	assert_string_equal(http_header(&reply, "content-type"), "text/plain");
	assert_null(http_header(&reply, "x-early"));
	request = listener_request(&l);
	assert_non_null(strstr(request, "GET / HTTP/1.1\r\n"));
	assert_non_null(strstr(request, "\r\nX-Api-Key: k\r\n"));
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	listener_stop(&l);
}

static void
test_post_streamed(void **state UNUSED)
{
	static const struct answer a[] = {{.piece = 7, .pause_ms = 1,
	    .p = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n3\r\nghi\r\n0\r\n\r\n",
	    .n = 47 + 11 + 8 + 5}};
	struct listener l = listener_start(a, 1);
	AUTO(http_reply_free) struct http_reply reply = {0};
	AUTO(buf_free) struct buf got = BUF_INIT(BUF_TEXT);
	AUTO(mem_free_p) char *request = NULL;
	struct http_request req = {.url = l.base, .body = STR("{\"x\":1}"), .on_data = collect,
	    .arg = &got, .loopback_only = true};

	assert_null(http_do(&req, &reply));
	assert_string_equal(buf_cstr(&got), "abcdefghi");
	assert_int_equal(reply.body.n, 0);
	request = listener_request(&l);
	assert_non_null(strstr(request, "POST / HTTP/1.1\r\n"));
	assert_non_null(strstr(request, "\r\n\r\n{\"x\":1}"));
	assert_null(strstr(request, "Expect"));
	listener_stop(&l);
}

static void
test_statuses(void **state UNUSED)
{
	static const struct answer a[] = {
	    ANSWER("HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nwait"),
	    ANSWER("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"),
	};
	struct listener l = listener_start(a, 2);
	AUTO(buf_free) struct buf got = BUF_INIT(BUF_TEXT);
	struct http_request req = {.url = l.base, .on_data = collect, .arg = &got};
	struct http_reply reply = {0};
	struct err *e;

	assert_null(http_do(&req, &reply));
	assert_string_equal(buf_cstr(&reply.body), "wait");
	assert_int_equal(got.n, 0);
	e = http_status_err(&reply, "the model 'm'", "slow\ndown");
	assert_true(err_is(e, ERR_RATE_LIMIT));
	assert_int_equal(err_wait_s(e), 7);
	assert_string_equal(err_msg(e), "the model 'm' answered with status 429: slow down");
	err_free(e);
	http_reply_free(&reply);
	reply = (struct http_reply){0};
	assert_null(http_do(&req, &reply));
	assert_int_equal(reply.status, 302);
	e = http_status_err(&reply, "it", NULL);
	assert_true(err_is(e, ERR_CONFIG));
	assert_string_equal(err_msg(e), "it answered with status 302, a redirect, which is not followed");
	err_free(e);
	http_reply_free(&reply);
	listener_stop(&l);
}

/* THREATS 36: the host that a redirect names sees no request, and no key. */
static void
redirected(bool expect)
{
	static const struct answer last[] = {ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")};
	struct listener thief = listener_start(last, 1);
	AUTO(mem_free_p) char *text = mem_printf("HTTP/1.1 302 Found\r\nLocation: %s/\r\n"
	    "Content-Length: 0\r\n\r\n", thief.base);
	struct answer first = {.p = text, .n = strlen(text)};
	struct listener l = listener_start(&first, 1);
	const char *headers[] = {"Authorization: Bearer canary", NULL};
	struct http_request req = {.url = l.base, .headers = headers};
	AUTO(http_reply_free) struct http_reply reply = {0};
	AUTO(mem_free_p) char *stolen = NULL;

	assert_null(http_do(&req, &reply));
	assert_int_equal(reply.status, expect ? 200 : 302);
	kill(thief.pid, SIGKILL);
	stolen = listener_request(&thief);
	assert_true((stolen != NULL && strstr(stolen, "canary") != NULL) == expect);
	listener_stop(&l);
	listener_stop(&thief);
}

static void
test_redirect(void **state UNUSED)
{
	redirected(false);
#ifdef FACTORY_TESTING
	setenv("GIT_FACTORY_TEST_OFF", "redirect", 1);
	redirected(true);
	unsetenv("GIT_FACTORY_TEST_OFF");
#endif
}

static void
test_status_codes(void **state UNUSED)
{
	static const struct {
		int status;
		enum err_code code;
	} cases[] = {{400, ERR_CONFIG}, {401, ERR_AUTH}, {403, ERR_AUTH}, {404, ERR_NOT_FOUND},
	    {408, ERR_TIMEOUT}, {409, ERR_STATE}, {410, ERR_NOT_FOUND}, {413, ERR_LIMIT},
	    {422, ERR_CONFIG}, {429, ERR_RATE_LIMIT}, {500, ERR_SERVER}, {503, ERR_SERVER},
	    {529, ERR_SERVER}};
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		struct http_reply reply = {.status = cases[i].status};
		AUTO(err_free_p) struct err *e = http_status_err(&reply, "it", NULL);

		assert_int_equal(err_code(e), cases[i].code);
	}
	assert_null(http_status_err(&(struct http_reply){.status = 204}, "it", NULL));
}

static void
test_broken(void **state UNUSED)
{
	static const struct answer a[] = {
	    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
	    ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf"),
	    ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
	    ANSWER(""),
	    ANSWER("SSH-2.0-OpenSSH\r\n"),
	    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nwhole"),
	};
	struct listener l = listener_start(a, NITEMS(a));
	struct http_request req = {.url = l.base};

	/* "transfer closed with 5 bytes remaining to read", or "end of response with 5 bytes missing" of libcurl 8.14 */
	expect_err(&req, ERR_NETWORK, " with 5 bytes ");
	expect_err(&req, ERR_NETWORK, "transfer closed with");
	expect_err(&req, ERR_NETWORK, "transfer closed with");
	expect_err(&req, ERR_NETWORK, "Empty reply");
	expect_err(&req, ERR_PROTOCOL, "HTTP/0.9");
	req.on_data = reject;
	expect_err(&req, ERR_PROTOCOL, "not what was wanted");
	listener_stop(&l);
	req.on_data = NULL;
	expect_err(&req, ERR_NETWORK, "Failed to connect");
}

static void
test_limits(void **state UNUSED)
{
	static const struct answer a[] = {
	    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"),
	    {.p = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0", .n = 41, .hang = true}};
	struct listener l = listener_start(a, 2);
	struct clock clock = clock_system();
	int64_t before;
	struct http_request req = {.url = l.base, .max_body = 9};
	volatile sig_atomic_t cancel = 1;

	expect_err(&req, ERR_LIMIT, "more than 9 bytes");
	before = clock_mono(&clock);
	req = (struct http_request){.url = l.base, .idle_ms = 300};
	expect_err(&req, ERR_TIMEOUT, "nothing came for 0 s");
	assert_true(clock_mono(&clock) - before < 3000);
	listener_stop(&l);
	l = listener_start(&a[1], 1);
	req = (struct http_request){.url = l.base, .deadline_ms = 300};
	expect_err(&req, ERR_TIMEOUT, "no full answer within");
	listener_stop(&l);
	l = listener_start(&a[1], 1);
	req = (struct http_request){.url = l.base, .cancel = &cancel};
	expect_err(&req, ERR_INTERRUPTED, "stopped");
	listener_stop(&l);
}

/* One byte now and then is not life (THREATS, fault 11). */
static void
test_trickle(void **state UNUSED)
{
	static const struct answer a[] = {{.piece = 1, .pause_ms = 600,
	    .p = "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n", .n = 40}};
	struct listener l = listener_start(a, 1);
	struct http_request req = {.url = l.base, .idle_ms = 2000};
	struct clock clock = clock_system();
	int64_t before = clock_mono(&clock);

	expect_err(&req, ERR_TIMEOUT, "nothing came for 2 s");
	assert_true(clock_mono(&clock) - before < 6000);
	listener_stop(&l);
}

static void
test_addresses(void **state UNUSED)
{
	struct http_request req = {.url = "http://169.254.169.254/latest/meta-data/?q=secret"};
	struct http_reply reply = {0};
	struct err *e;

	expect_err(&req, ERR_DENIED, "a link-local address");
	e = http_do(&req, &reply);
	assert_null(strstr(err_msg(e), "secret"));
	err_free(e);
	req.url = "http://[fe80::1]/";
	expect_err(&req, ERR_DENIED, "a link-local address");
	req.url = "http://[::ffff:169.254.1.1]/";
	expect_err(&req, ERR_DENIED, "a link-local address");
	req.url = "http://0.0.0.0:1/";
	expect_err(&req, ERR_DENIED, "the unspecified address");
	req.url = "http://192.0.2.1/";
	req.loopback_only = true;
	expect_err(&req, ERR_DENIED, "not a loopback address");

	assert_null(http_address_refused("10.0.0.1", false));
	assert_null(http_address_refused("2001:db8::1", false));
	assert_null(http_address_refused("127.0.0.1", true));
	assert_null(http_address_refused("::1", true));
	assert_non_null(http_address_refused("10.0.0.1", true));
	assert_non_null(http_address_refused("fd00:ec2::254", false));
	assert_non_null(http_address_refused("64:ff9b::a9fe:a9fe", false));
	assert_non_null(http_address_refused("100.100.100.200", false));
	assert_non_null(http_address_refused("x", false));
#ifdef FACTORY_TESTING
	/* THREATS 37: without this defence the connection is tried. */
	req = (struct http_request){.url = "http://169.254.169.254/", .connect_ms = 300};
	setenv("GIT_FACTORY_TEST_OFF", "address", 1);
	e = http_do(&req, &reply);
	assert_false(err_is(e, ERR_DENIED));
	err_free(e);
	unsetenv("GIT_FACTORY_TEST_OFF");
#endif
}

static void
only_public_addresses(void **state)
{
	static const char *const private[] = {"127.0.0.1", "10.1.2.3", "172.31.255.255", "192.168.0.1", "100.64.0.1",
	    "169.254.169.254", "100.100.100.200", "0.0.0.0", "192.0.0.8", "192.0.2.1", "198.19.255.255", "203.0.113.9",
	    "192.88.99.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "::ffff:8.8.8.8", "fe80::1", "fd00::1",
	    "ff02::1", "64:ff9b::808:808", "2001::1", "2001:1ff::1", "2001:db8::1", "2002:808:808::1", "3fff::1", "4000::1", "x"};
	static const char *const public[] = {"8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1",
	    "192.0.1.1", "198.17.0.1", "198.20.0.1", "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888",
	    "2a00::1", "3fff:1000::1"};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(private); i++)
		if (http_address_private(private[i]) == NULL)
			fail_msg("%s is thought to be public", private[i]);
	for (i = 0; i < NITEMS(public); i++)
		if (http_address_private(public[i]) != NULL)
			fail_msg("%s is thought not to be public", public[i]);
}

static void
test_urls(void **state UNUSED)
{
	static const char *const bad[] = {"ftp://x/", "file:///etc/passwd", "x", "http://", "http:///x",
	    "http://u:p@x/", "http://x:0/", "http://x:99999/", "http://x:1x/", "http://[::1/",
	    "http://localhost\\@evil/", "http://x/ y", "http://x/\r\nA: b", "http://\xc3\xa9/"};
	static const struct {
		const char *url;
		bool loopback;
	} good[] = {{"http://localhost:8080/v1", true}, {"HTTP://LOCALHOST", true},
	    {"http://127.0.0.1", true}, {"http://127.9.9.9:1/", true}, {"http://[::1]:80/x", true},
	    {"https://api.anthropic.com", false}, {"http://127.0.0.1.evil.com/", false},
	    {"http://localhost.evil.com/", false}, {"http://127.1/", false},
	    {"http://evil/?http://localhost", false}, {"http://[::2]/", false}};
	size_t i;

	for (i = 0; i < NITEMS(bad); i++) {
		AUTO(err_free_p) struct err *e = http_url_check(bad[i], NULL);

		if (!err_is(e, ERR_CONFIG))
			fail_msg("accepted %s", bad[i]);
		assert_null(strstr(err_msg(e), "u:p"));
	}
	for (i = 0; i < NITEMS(good); i++) {
		bool loopback = !good[i].loopback;

		assert_null(http_url_check(good[i].url, &loopback));
		if (loopback != good[i].loopback)
			fail_msg("%s", good[i].url);
	}
}

static void
test_header_injection(void **state UNUSED)
{
	const char *headers[] = {"X-A: b\r\nX-C: d", NULL};
	struct http_request req = {.url = "http://127.0.0.1:9/", .headers = headers};

	expect_err(&req, ERR_CONFIG, "header is malformed");
}

static void
test_retry_after(void **state UNUSED)
{
	int64_t s = -1;

	assert_true(http_retry_after("12", 0, &s) && s == 12);
	assert_true(http_retry_after("999999999", 0, &s) && s == 86400);
	assert_true(http_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784111770, &s) && s == 7);
	assert_true(http_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784111999, &s) && s == 0);
	assert_false(http_retry_after("-1", 0, &s));
	assert_false(http_retry_after("soon", 0, &s));
	assert_false(http_retry_after("", 0, &s));
	assert_false(http_retry_after(NULL, 0, &s));
}

static void
ask_again(struct http_link *link, const struct listener *l, const char *body, const char *want)
{
	AUTO(http_reply_free) struct http_reply reply = {0};
	struct http_request req = {.url = l->base, .body = str_of(body), .deadline_ms = 5000, .link = link};
	struct err *e = http_do(&req, &reply);

	if (e != NULL)
		fail_msg("%s: %s", body, err_msg(e));
	assert_string_equal(buf_cstr(&reply.body), want);
}

/* The listener takes no second connection while it keeps one. */
static void
test_a_link_keeps_its_connection(void **state UNUSED)
{
	static const struct answer a[] = {
	    {.p = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", .n = 39, .keep = true},
	    {.p = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb", .n = 39},
	    {.p = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nc", .n = 39, .keep = true},
	    {.p = "", .n = 0},
	    {.p = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nd", .n = 39}};
	struct listener l = listener_start(a, NITEMS(a));
	static const char *const want[] = {"one", "two", "three", "four", "four"};
	struct http_link *link = http_link_new();
	size_t i;

	ask_again(link, &l, "one", "a");
	ask_again(link, &l, "two", "b");
	/* The host closed: a new connection, without a word. */
	ask_again(link, &l, "three", "c");
	/* It closes while it is asked: asked once more on a new one. */
	ask_again(link, &l, "four", "d");
	for (i = 0; i < NITEMS(want); i++) {
		AUTO(mem_free_p) char *request = listener_request(&l);

		assert_true(str_ends(str_of(request), want[i]));
	}
	http_link_free(link);
	http_link_free(NULL);
	listener_stop(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_public_addresses),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_post_streamed),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_status_codes),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_trickle),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_header_injection),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_a_link_keeps_its_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
