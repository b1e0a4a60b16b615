#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/lib.h"
#include "base/mem.h"
#include "base/text.h"
#include "sys/sigs.h"
#include "wire/http.h"
#include "wire/http_addr.h"

#define CONNECT_MS 30000
#define IDLE_MS 60000
#define TICK_MS 100	/* how soon a flag is seen that no signal sets */
#define LONG_TICK_MS 5000
#define HEADERS_MAX (256 * KIB)

#define CURL_FNS(X)               \
	X(curl_global_init)       \
	X(curl_easy_init)         \
	X(curl_easy_cleanup)      \
	X(curl_easy_setopt)       \
	X(curl_easy_getinfo)      \
	X(curl_easy_strerror)     \
	X(curl_slist_append)      \
	X(curl_slist_free_all)    \
	X(curl_multi_init)        \
	X(curl_multi_cleanup)     \
	X(curl_multi_add_handle)  \
	X(curl_multi_remove_handle) \
	X(curl_multi_perform)     \
	X(curl_multi_poll)        \
	X(curl_multi_info_read)

struct curl_fns {
#define CURL_FN(f) __typeof__(f) *f;
	CURL_FNS(CURL_FN)
#undef CURL_FN
};

/* Filled at the first request. */
static struct curl_fns lib;

struct err *
http_prepare(void)
{
	static const char *const names[] = {
#define CURL_FN(f) #f,
		CURL_FNS(CURL_FN)
#undef CURL_FN
	};
	struct curl_fns fns = {0};

	if (lib.curl_global_init != NULL)
		return NULL;
	TRY(lib_open(SO_CURL, names, (void **)&fns, NITEMS(names)));
	if (fns.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_new(ERR_COMMAND, "the library '%s' does not start", SO_CURL);
	lib = fns;
	return NULL;
}

struct http_link {
	CURLM *multi;	/* which keeps the connections; NULL before the first request */
};

struct http_link *
http_link_new(void)
{
	return mem_alloc(sizeof(struct http_link));
}

void
http_link_free(struct http_link *l)
{
	if (l != NULL && l->multi != NULL)
		lib.curl_multi_cleanup(l->multi);
	free(l);
}

struct transfer {
	const struct http_request *req;
	struct http_reply reply;
	CURL *easy;
	struct http_link own;	/* of a request without one */
	CURLM *multi;		/* the request's link's, or that one's */
	struct curl_slist *headers;
	struct err *e;		/* a callback's, more telling than curl's */
	const char *refused;	/* why the last address was */
	size_t header_bytes;
	size_t body_bytes;
	char message[CURL_ERROR_SIZE];
};

static void
transfer_free(struct transfer *t)
{
	if (t->multi != NULL && t->easy != NULL)
		lib.curl_multi_remove_handle(t->multi, t->easy);
	if (t->easy != NULL)
		lib.curl_easy_cleanup(t->easy);
	if (t->own.multi != NULL)
		lib.curl_multi_cleanup(t->own.multi);
	lib.curl_slist_free_all(t->headers);
	err_free(t->e);
	http_reply_free(&t->reply);
}

void
http_reply_free(struct http_reply *reply)
{
	size_t i;

	for (i = 0; i < reply->headers.n; i++) {
		free(reply->headers.v[i].name);
		free(reply->headers.v[i].value);
	}
	vec_free(&reply->headers);
	buf_free(&reply->body);
}

const char *
http_header(const struct http_reply *reply, const char *name)
{
	size_t i;

	for (i = 0; i < reply->headers.n; i++)
		if (strcmp(reply->headers.v[i].name, name) == 0)
			return reply->headers.v[i].value;
	return NULL;
}

static char *
lower(struct str s)
{
	char *p = str_dup(s);
	size_t i;

	for (i = 0; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] |= 0x20;
	return p;
}

static size_t
on_header(char *p, size_t size UNUSED, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct str line = {p, n};
	ptrdiff_t colon = str_chr(line, ':');

	t->header_bytes += n;
	if (t->header_bytes > HEADERS_MAX) {
		t->e = err_new(ERR_LIMIT, "the answer's headers have more than %zu KiB", HEADERS_MAX / KIB);
		return 0;
	}
	/* What follows a status line replaces the headers of an earlier answer (100, 103). */
	if (str_starts(line, "HTTP/"))
		http_reply_free(&t->reply);
	else if (colon > 0)
		vec_push(&t->reply.headers,
		    (struct http_header){lower(str_take(line, (size_t)colon)),
		    str_dup(str_trim(str_skip(line, (size_t)colon + 1)))});
	return n;
}

static bool
is_good(const struct transfer *t)
{
	long status = 0;

	lib.curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

static struct err *
take_body(struct transfer *t, struct str data)
{
	size_t max = t->req->max_body == 0 ? 64 * MIB : t->req->max_body;

	t->body_bytes += data.n;
	if (!is_good(t)) {
		t->reply.body.max = HTTP_ERROR_BODY;
		buf_addstr(&t->reply.body, str_take(data, HTTP_ERROR_BODY - t->reply.body.n));
		return NULL;
	}
	if (t->body_bytes > max)
		return err_new(ERR_LIMIT, "the answer has more than %zu bytes", max);
	if (t->req->on_data != NULL)
		return t->req->on_data(t->req->arg, data);
	t->reply.body.max = max;
	buf_addstr(&t->reply.body, data);
	return NULL;
}

static size_t
on_body(char *p, size_t size UNUSED, size_t n, void *arg)
{
	struct transfer *t = arg;

	t->e = take_body(t, str_mk(p, n));
	return t->e == NULL ? n : 0;
}

static curl_socket_t
on_socket(void *arg, curlsocktype purpose UNUSED, struct curl_sockaddr *a)
{
	struct transfer *t = arg;

	if (defence_on(DEFENCE_ADDRESS))
		t->refused = addr_refused(&a->addr, t->req->loopback_only);
	if (t->refused == NULL && t->req->public_only)
		t->refused = addr_private(&a->addr);
	if (t->refused != NULL)
		return CURL_SOCKET_BAD;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static struct err *
add_header(struct transfer *t, const char *line)
{
	if (strpbrk(line, "\r\n") != NULL || strchr(line, ':') == NULL)
		return err_new(ERR_CONFIG, "a request's header is malformed");
	t->headers = lib.curl_slist_append(t->headers, line);
	return NULL;
}

static struct err *
set_headers(struct transfer *t)
{
	const char *const *h;

	TRY(add_header(t, "Expect:"));
	for (h = t->req->headers; h != NULL && *h != NULL; h++)
		TRY(add_header(t, *h));
	lib.curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	return NULL;
}

static void
set_method(struct transfer *t)
{
	const struct http_request *req = t->req;
	bool post = req->body.n > 0 || (req->method != NULL && strcmp(req->method, "POST") == 0);

	if (post) {
		lib.curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
		lib.curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.n);
		lib.curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, req->body.n == 0 ? "" : req->body.p);
	}
	if (req->method != NULL && strcmp(req->method, "HEAD") == 0)
		lib.curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
	else if (req->method != NULL)
		lib.curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, req->method);
}

static void
set_walls(struct transfer *t)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	lib.curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	lib.curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	lib.curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	/* A peer that is gone without a word is found out long before the idle time. */
	lib.curl_easy_setopt(t->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	lib.curl_easy_setopt(t->easy, CURLOPT_TCP_KEEPIDLE, 30L);
	lib.curl_easy_setopt(t->easy, CURLOPT_TCP_KEEPINTVL, 15L);
	if (!defence_on(DEFENCE_REDIRECT)) {
		lib.curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 1L);
		lib.curl_easy_setopt(t->easy, CURLOPT_UNRESTRICTED_AUTH, 1L);
	}
	lib.curl_easy_setopt(t->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	if (!t->req->proxy_from_env || t->req->loopback_only)
		lib.curl_easy_setopt(t->easy, CURLOPT_PROXY, "");
	lib.curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	lib.curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
}

static struct err *
set_up(struct transfer *t)
{
	struct http_link *link = t->req->link != NULL ? t->req->link : &t->own;

	t->easy = lib.curl_easy_init();
	if (link->multi == NULL)
		link->multi = lib.curl_multi_init();
	t->multi = link->multi;
	if (t->easy == NULL || t->multi == NULL)
		return err_new(ERR_COMMAND, "the library '%s' does not start", SO_CURL);
	lib.curl_easy_setopt(t->easy, CURLOPT_URL, t->req->url);
	lib.curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->message);
	lib.curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "git-factory/" VERSION);
	lib.curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	lib.curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(t->req->connect_ms == 0 ? CONNECT_MS : t->req->connect_ms));
	lib.curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
	lib.curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	lib.curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
	lib.curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	set_walls(t);
	set_method(t);
	TRY(set_headers(t));
	lib.curl_multi_add_handle(t->multi, t->easy);
	return NULL;
}

static int64_t
moved_bytes(const struct transfer *t)
{
	curl_off_t up = 0;

	lib.curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &up);
	return (int64_t)up + (int64_t)t->header_bytes + (int64_t)t->body_bytes;
}

/* Deadline, and the window in which enough must move. */
struct pace {
	struct clock clock;
	int64_t deadline;	/* 0: none */
	int64_t idle_ms, idle_bytes;
	int64_t window;		/* when it began */
	int64_t moved;		/* bytes by then */
};

static struct err *
check_pace(struct transfer *t, struct pace *p)
{
	int64_t now = clock_mono(&p->clock), moved;

	if (t->req->cancel != NULL && *t->req->cancel != 0)
		return err_new(ERR_INTERRUPTED, "the request was stopped");
	if (p->deadline != 0 && now >= p->deadline)
		return err_new(ERR_TIMEOUT, "no full answer within %lld s", (long long)(t->req->deadline_ms / 1000));
	if (now - p->window < p->idle_ms)
		return NULL;
	moved = moved_bytes(t) - p->moved;
	if (moved == 0)
		return err_new(ERR_TIMEOUT, "nothing came for %lld s", (long long)(p->idle_ms / 1000));
	if (moved <= p->idle_bytes)
		return err_new(ERR_TIMEOUT, "no more than %lld bytes came in %lld s", (long long)moved,
		    (long long)(p->idle_ms / 1000));
	p->window = now;
	p->moved += moved;
	return NULL;
}

/*
 * Many runs wait for a model at once on one machine, so none of them may wake
 * just to look at a flag: a signal makes a descriptor readable.
 */
static void
wait_for_more(struct transfer *t, const struct pace *p)
{
	struct curl_waitfd signal = {.fd = sigs_fd(), .events = CURL_WAIT_POLLIN};
	bool hears = t->req->cancel == sigs_flag() && signal.fd > 0;
	int64_t now = clock_mono(&p->clock);
	int64_t ms = t->req->cancel == NULL || hears ? LONG_TICK_MS : TICK_MS;

	if (p->deadline != 0 && p->deadline - now < ms)
		ms = p->deadline - now;
	if (p->window + p->idle_ms - now < ms)
		ms = p->window + p->idle_ms - now;
	lib.curl_multi_poll(t->multi, &signal, hears ? 1 : 0, ms < 1 ? 1 : (int)ms, NULL);
}

static struct err *
transfer_run(struct transfer *t)
{
	struct pace p = {.clock = clock_system()};
	int running = 1;

	p.window = clock_mono(&p.clock);
	p.deadline = t->req->deadline_ms == 0 ? 0 : p.window + t->req->deadline_ms;
	p.idle_ms = t->req->idle_ms == 0 ? IDLE_MS : t->req->idle_ms;
	p.idle_bytes = p.idle_ms / 1000 * (t->req->idle_rate == 0 ? 1 : t->req->idle_rate);
	for (;;) {
		if (lib.curl_multi_perform(t->multi, &running) != CURLM_OK)
			return err_new(ERR_NETWORK, "libcurl cannot go on");
		if (running == 0)
			return NULL;
		TRY(check_pace(t, &p));
		wait_for_more(t, &p);
	}
}

static enum err_code
code_of(CURLcode code)
{
	switch (code) {
	case CURLE_URL_MALFORMAT:
		return ERR_CONFIG;
	case CURLE_UNSUPPORTED_PROTOCOL: /* the scheme was checked: HTTP/0.9, or none */
	case CURLE_WEIRD_SERVER_REPLY:
		return ERR_PROTOCOL;
	case CURLE_OPERATION_TIMEDOUT:
		return ERR_TIMEOUT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return ERR_DENIED;
	default:
		return ERR_NETWORK;
	}
}

static struct err *
transfer_result(struct transfer *t)
{
	const CURLMsg *m;
	int left;

	m = lib.curl_multi_info_read(t->multi, &left);
	if (m == NULL || m->msg != CURLMSG_DONE)
		return err_new(ERR_NETWORK, "the transfer has no end");
	if (t->e != NULL)
		return STEAL(t->e);
	if (m->data.result == CURLE_OK)
		return NULL;
	if (t->refused != NULL)
		return err_new(ERR_DENIED, "the host's address is refused: %s", t->refused);
	return err_new(code_of(m->data.result), "%s", t->message[0] != '\0' ? t->message :
	    lib.curl_easy_strerror(m->data.result));
}

static struct err *
transfer_do(struct transfer *t)
{
	long status = 0;

	TRY(set_up(t));
	TRY(transfer_run(t));
	TRY(transfer_result(t));
	lib.curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	t->reply.status = (int)status;
	return NULL;
}

struct err *
http_do(const struct http_request *req, struct http_reply *reply)
{
	struct transfer t = {.req = req};
	struct err *e;

	TRY(http_url_check(req->url, NULL));
	TRY(http_prepare());
	e = transfer_do(&t);
	if (e == NULL) {
		*reply = t.reply;
		t.reply = (struct http_reply){0};
	}
	transfer_free(&t);
	return err_wrap(e, "'%.*s'", STR_ARG(url_shown(req->url)));
}
