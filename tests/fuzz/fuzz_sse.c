/*
 * An event stream gives the same events however it is cut.
 */
#include <stdlib.h>

#include "base/err.h"
#include "wire/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct err *
on_event(void *arg, const char *type, struct str data)
{
	struct buf *all = arg;

	buf_addf(all, "%s %zu ", type, data.n);
	buf_addstr(all, data);
	return NULL;
}

static void
feed(struct str text, size_t piece, struct buf *all)
{
	struct sse s;
	size_t n;

	sse_init(&s, on_event, all);
	while (text.n > 0) {
		n = text.n < piece ? text.n : piece;
		if (sse_feed(&s, str_take(text, n)) != NULL)
			abort();
		text = str_skip(text, n);
	}
	sse_free(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf_free) struct buf whole = BUF_INIT(64 * MIB), cut = BUF_INIT(64 * MIB);
	struct str text = str_mk((const char *)data, size);

	feed(text, size + 1, &whole);
	feed(text, 1 + (size > 0 ? data[0] % 7 : 0), &cut);
	if (!str_eq(buf_str(&whole), buf_str(&cut)))
		abort();
	return 0;
}
