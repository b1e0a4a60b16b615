#include <string.h>

#include "base/err.h"
#include "wire/sse.h"

void
sse_init(struct sse *s, sse_fn *fn, void *arg)
{
	*s = (struct sse){.fn = fn, .arg = arg};
	buf_init(&s->line, SSE_MAX);
	buf_init(&s->type, SSE_MAX);
	buf_init(&s->data, SSE_MAX);
}

void
sse_free(struct sse *s)
{
	buf_free(&s->line);
	buf_free(&s->type);
	buf_free(&s->data);
}

static struct err *
dispatch(struct sse *s)
{
	struct err *e = NULL;

	if (s->has_data)
		e = s->fn(s->arg, s->type.n == 0 ? "message" : buf_cstr(&s->type), buf_str(&s->data));
	s->has_data = false;
	buf_clear(&s->type);
	buf_clear(&s->data);
	return e;
}

static struct err *
take_line(struct sse *s)
{
	struct str line = buf_str(&s->line), value = {0};
	ptrdiff_t colon = str_chr(line, ':');

	if (line.n == 0)
		return dispatch(s);
	if (colon >= 0) {
		value = str_skip(line, (size_t)colon + 1);
		line = str_take(line, (size_t)colon);
		if (str_starts(value, " "))
			value = str_skip(value, 1);
	}
	if (str_is(line, "data")) {
		if (s->has_data)
			buf_addc(&s->data, '\n');
		buf_addstr(&s->data, value);
		s->has_data = true;
	} else if (str_is(line, "event")) {
		buf_clear(&s->type);
		buf_addstr(&s->type, value);
	}
	return buf_check(&s->data, "one event of a stream");
}

static struct err *
end_line(struct sse *s)
{
	struct err *e;

	if (!s->started && str_starts(buf_str(&s->line), "\xef\xbb\xbf"))
		buf_cut(&s->line, 0, 3);
	s->started = true;
	e = take_line(s);
	buf_clear(&s->line);
	return e;
}

/* Bytes up to the next end of a line. */
static size_t
run_length(struct str s)
{
	size_t i;

	for (i = 0; i < s.n && s.p[i] != '\n' && s.p[i] != '\r'; i++)
		continue;
	return i;
}

struct err *
sse_feed(struct sse *s, struct str bytes)
{
	size_t n;

	while (bytes.n > 0) {
		if (s->after_cr && *bytes.p == '\n') {
			s->after_cr = false;
			bytes = str_skip(bytes, 1);
			continue;
		}
		s->after_cr = false;
		n = run_length(bytes);
		buf_add(&s->line, bytes.p, n);
		TRY(buf_check(&s->line, "one line of a stream"));
		if (n < bytes.n) {
			s->after_cr = bytes.p[n] == '\r';
			TRY(end_line(s));
			n++;
		}
		bytes = str_skip(bytes, n);
	}
	return NULL;
}

bool
sse_pending(const struct sse *s)
{
	return s->line.n > 0 || s->has_data || s->type.n > 0;
}
