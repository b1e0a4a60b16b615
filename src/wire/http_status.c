#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "wire/http.h"

#define DAY_S 86400
#define DETAIL_MAX 400

bool
http_retry_after(const char *value, int64_t now, int64_t *seconds)
{
	struct tm tm = {0};
	const char *end;
	int64_t wait;

	if (value == NULL)
		return false;
	if (!str_int(str_of(value), 0, INT64_MAX, &wait)) {
		end = strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		if (end == NULL || *end != '\0')
			return false;
		wait = (int64_t)timegm(&tm) - now;
	}
	*seconds = wait < 0 ? 0 : wait > DAY_S ? DAY_S : wait;
	return true;
}

static enum err_code
code_of(int status, bool has_wait)
{
	switch (status) {
	case 401:
		return ERR_AUTH;
	case 403:
		return has_wait ? ERR_RATE_LIMIT : ERR_AUTH;
	case 404:
	case 410:
		return ERR_NOT_FOUND;
	case 408:
		return ERR_TIMEOUT;
	case 409:
		return ERR_STATE;
	case 413:
		return ERR_LIMIT;
	case 429:
		return ERR_RATE_LIMIT;
	default:
		return status >= 500 ? ERR_SERVER : ERR_CONFIG;
	}
}

struct err *
http_status_err(const struct http_reply *reply, const char *what, const char *detail)
{
	struct clock clock = clock_system();
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	int64_t wait = 0;
	bool has_wait;
	struct err *e;

	if (reply->status >= 200 && reply->status < 300)
		return NULL;
	has_wait = http_retry_after(http_header(reply, "retry-after"), clock_wall(&clock), &wait);
	if (detail != NULL && *detail != '\0') {
		buf_adds(&b, ": ");
		text_visible(&b, str_take(str_of(detail), DETAIL_MAX), true);
	} else if (reply->status >= 300 && reply->status < 400)
		buf_adds(&b, ", a redirect, which is not followed");
	e = err_new(code_of(reply->status, has_wait), "%s answered with status %d%s", what,
	    reply->status, buf_cstr(&b));
	return has_wait ? err_set_wait(e, wait) : e;
}
