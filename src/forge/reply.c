#include "forge/reply.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "wire/http.h"
#include "wire/node.h"

#define WORDS_MAX 400
#define DAY_S 86400
#define DELTA_MAX 1000000000	/* a smaller reset is seconds from now, no date */

static int64_t
number(const struct http_reply *r, const char *const names[], size_t n)
{
	int64_t v;
	size_t i;

	for (i = 0; i < n; i++) {
		const char *h = http_header(r, names[i]);

		if (h != NULL && str_int(str_of(h), 0, INT64_MAX / 2, &v))
			return v;
	}
	return -1;
}

static int64_t
remaining(const struct http_reply *r)
{
	static const char *const names[] = {"x-ratelimit-remaining", "ratelimit-remaining"};

	return number(r, names, NITEMS(names));
}

/* Seconds until the limit begins anew; -1 when that is not said. */
static int64_t
until_reset(const struct http_reply *r, int64_t now)
{
	static const char *const names[] = {"x-ratelimit-reset", "ratelimit-reset"};
	int64_t reset = number(r, names, NITEMS(names));

	if (reset < 0)
		return -1;
	if (reset >= DELTA_MAX)
		reset -= now;
	return reset < 1 ? 1 : reset > DAY_S ? DAY_S : reset;
}

static bool
says_limit(struct str s)
{
	static const char *const words[] = {"rate limit", "abuse detection", "Retry later"};
	size_t i;

	for (i = 0; i < NITEMS(words); i++)
		if (str_find(s, str_of(words[i])) >= 0)
			return true;
	return false;
}

static bool
has_abuse_code(const struct node *body)
{
	const struct node *n, *errors = node_get(body, "errors");
	const char *code = node_get_str(body, "code");

	if (code != NULL && strcmp(code, "abuse") == 0)
		return true;
	for (n = errors != NULL && errors->kind == NODE_LIST ? errors->child : NULL; n != NULL; n = n->next) {
		code = node_get_str(n, "code");
		if (code != NULL && strcmp(code, "abuse") == 0)
			return true;
	}
	return false;
}

bool
reply_limited(const struct http_reply *r, const struct node *body, int64_t now, int64_t *named)
{
	const char *message = node_get_str(body, "message");
	bool has_wait = http_retry_after(http_header(r, "retry-after"), now, named);

	if (!has_wait)
		*named = remaining(r) == 0 ? until_reset(r, now) : -1;
	else if (*named < 1)
		*named = 1;
	switch (r->status) {
	case 429:
		if (*named < 0)
			*named = until_reset(r, now);
		return true;
	case 403:
		return has_wait || remaining(r) == 0 || (message != NULL && says_limit(str_of(message)));
	case 422:
		return has_abuse_code(body);
	default:
		return false;
	}
}

int64_t
reply_spent(const struct http_reply *r, int64_t now)
{
	int64_t reset = remaining(r) == 0 ? until_reset(r, now) : -1;

	return reset < 0 ? 0 : reset;
}

/* One link-value of RFC 8288: "<target>; rel=\"next\"; ...". */
static bool
is_next(struct str params)
{
	struct str p;

	while (str_next(&params, ';', &p)) {
		p = str_trim(p);
		if (str_is(p, "rel=\"next\"") || str_is(p, "rel=next"))
			return true;
	}
	return false;
}

struct str
reply_next(const struct http_reply *r)
{
	struct str rest = str_of(http_header(r, "link")), target, params;
	ptrdiff_t open, end;

	while ((open = str_chr(rest, '<')) >= 0) {
		rest = str_skip(rest, (size_t)open + 1);
		end = str_chr(rest, '>');
		if (end < 0)
			break;
		target = str_take(rest, (size_t)end);
		rest = str_skip(rest, (size_t)end + 1);
		end = str_find(rest, STR(",<"));
		if (end < 0)
			end = str_find(rest, STR(", <"));
		params = end < 0 ? rest : str_take(rest, (size_t)end);
		if (is_next(params))
			return target;
	}
	return (struct str){0};
}

int64_t
reply_total(const struct http_reply *r)
{
	const char *h = http_header(r, "x-total-count");
	int64_t n;

	return h != NULL && str_int(str_of(h), 0, INT64_MAX, &n) ? n : -1;
}

bool
reply_moved(const struct http_reply *r)
{
	return r->status == 301 || r->status == 302 || r->status == 307 || r->status == 308;
}

static struct str
origin(struct str url)
{
	ptrdiff_t begin = str_find(url, STR("://")), end;

	if (begin < 0)
		return (struct str){0};
	end = 0;
	while ((size_t)(begin + 3 + end) < url.n && strchr("/?#", url.p[begin + 3 + end]) == NULL)
		end++;
	return str_take(url, (size_t)(begin + 3 + end));
}

bool
same_origin(struct str a, struct str b)
{
	struct str x = origin(a), y = origin(b);

	return x.n > 0 && x.n == y.n && strncasecmp(x.p, y.p, x.n) == 0;
}

static void
add_words(struct buf *b, const struct node *n)
{
	const char *s = node_str(n);

	if (s == NULL || *s == '\0')
		return;
	if (b->n > 0)
		buf_adds(b, ", ");
	buf_adds(b, s);
}

/* GitHub: objects with message, or resource, field and code; GitLab: strings, by field. */
static void
add_errors(struct buf *b, const struct node *list)
{
	const struct node *n;
	const char *code;

	for (n = list == NULL ? NULL : list->child; n != NULL && b->n < WORDS_MAX; n = n->next) {
		code = node_get_str(n, "code");
		if (n->kind == NODE_LIST) {
			add_words(b, n->child);
		} else if (n->kind == NODE_STRING || node_get_str(n, "message") != NULL) {
			add_words(b, n->kind == NODE_STRING ? n : node_get(n, "message"));
		} else if (code != NULL) {
			add_words(b, node_get(n, "field"));
			buf_addf(b, " %s", code);
		}
	}
}

void
reply_words(const struct node *body, struct str text, struct buf *out)
{
	AUTO(buf_free) struct buf b = BUF_INIT(64 * KIB);
	const struct node *message = node_get(body, "message");

	if (body == NULL) {
		/* A page of HTML from a proxy tells a person nothing. */
		if (!str_starts(str_trim(text), "<"))
			buf_addstr(&b, str_take(str_trim(text), WORDS_MAX));
	} else {
		add_words(&b, message);
		add_words(&b, node_get(body, "error"));
		if (message != NULL && (message->kind == NODE_LIST || message->kind == NODE_MAP))
			add_errors(&b, message);
		add_errors(&b, node_get(body, "errors"));
	}
	text_visible(out, text_cut(buf_str(&b), WORDS_MAX), true);
}

static struct err *
auth_hint(struct err *e, const struct http_reply *r)
{
	const char *wants = http_header(r, "x-accepted-github-permissions");
	AUTO(buf_free) struct buf b = BUF_INIT(KIB);

	if (wants == NULL || *wants == '\0')
		wants = http_header(r, "x-accepted-oauth-scopes");
	if (r->status == 401)
		return err_hint(e, "the token is wrong or has expired: make a new one");
	if (wants == NULL || *wants == '\0')
		return err_hint(e, "see 'git factory doctor' for the permissions that the token needs");
	text_visible(&b, str_take(str_of(wants), 200), true);
	return err_hint(e, "give the token the permission '%s'", buf_cstr(&b));
}

struct err *
reply_err(const struct http_reply *r, const struct node *body, const char *what)
{
	AUTO(buf_free) struct buf words = BUF_INIT(4 * KIB);
	struct err *e;

	reply_words(body, buf_str(&r->body), &words);
	e = http_status_err(r, what, buf_cstr(&words));
	return err_is(e, ERR_AUTH) ? auth_hint(e, r) : e;
}
