#include <string.h>

#include "base/text.h"
#include "gate/evidence.h"
#include "gate/gate.h"
#include "gate/report/junit.h"

#define TEXT_HEAD 400
#define TEXT_TAIL 1000

/* Colours mean nothing to the reader and cost words. */
static void
strip_escapes(struct buf *out, struct str s)
{
	size_t i = 0;

	while (i < s.n) {
		if (s.p[i] == '\033' && i + 1 < s.n && s.p[i + 1] == '[') {
			for (i += 2; i < s.n && (s.p[i] < '@' || s.p[i] > '~'); i++)
				;
			i++;
		} else if (s.p[i] == '\r') {
			i++;
		} else {
			buf_addc(out, s.p[i++]);
		}
	}
}

static void
add_visible(struct buf *out, struct str s)
{
	AUTO(buf_free) struct buf plain = BUF_INIT(BUF_TEXT);

	strip_escapes(&plain, s);
	text_visible(out, buf_str(&plain), false);
}

/* From the start of a line on, at most max bytes. */
static struct str
tail_of(struct str s, size_t max)
{
	ptrdiff_t nl;

	if (s.n <= max)
		return s;
	s = str_skip(s, s.n - max);
	nl = str_chr(s, '\n');
	return nl == -1 || (size_t)nl + 1 >= s.n ? s : str_skip(s, (size_t)nl + 1);
}

static struct str
head_of(struct str s, size_t max)
{
	size_t n;

	if (s.n <= max)
		return s;
	for (n = max; n > 0 && s.p[n - 1] != '\n'; n--)
		;
	return str_take(s, n == 0 ? max : n);
}

void
evidence_test(struct buf *out, const struct junit_case *c, const char *remark)
{
	struct str text = str_of(c->more->text), message = str_of(c->more->message);

	buf_adds(out, "--- ");
	text_visible(out, str_of(c->id), true);
	if (c->more->file[0] != '\0') {
		buf_adds(out, " (");
		text_visible(out, str_of(c->more->file), true);
		if (c->more->line > 0)
			buf_addf(out, ":%lld", (long long)c->more->line);
		buf_addc(out, ')');
	}
	if (remark[0] != '\0')
		buf_addf(out, " [%s]", remark);
	buf_addc(out, '\n');
	/* Most runners repeat the message in the text. */
	if (str_find(text, message) == -1) {
		add_visible(out, head_of(message, TEXT_HEAD));
		buf_addc(out, '\n');
	}
	if (text.n > TEXT_HEAD + TEXT_TAIL) {
		struct str head = head_of(text, TEXT_HEAD);

		add_visible(out, head);
		buf_adds(out, "...\n");
		text = tail_of(str_skip(text, head.n), TEXT_TAIL);
	}
	if (text.n != 0) {
		add_visible(out, text);
		buf_addc(out, '\n');
	}
}

void
evidence_output(struct buf *out, const char *output, size_t max)
{
	struct str all = str_trim(str_of(output)), end;

	if (all.n == 0) {
		buf_adds(out, "The command printed nothing.\n");
		return;
	}
	end = tail_of(all, max);
	buf_adds(out, end.n < all.n ? "The end of its output:\n" : "Its output:\n");
	add_visible(out, end);
	buf_addc(out, '\n');
}
