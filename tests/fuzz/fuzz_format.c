/*
 * Reports come from the code under test.  The first byte chooses the format
 * (255: the one that the report is known as, so that seeds outlive a change
 * of the table), the second where the bytes are cut; fed in one piece and in
 * two they give the same facts, or the same refusal.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct choice {
	unsigned left;
	const struct format *format;
};

static bool
choose(void *arg, const struct format *f)
{
	struct choice *c = arg;

	c->format = f;
	return c->left-- > 0;
}

static struct err *
feed(const struct format *format, struct str text, size_t cut, struct facts *f)
{
	struct report *r;
	struct err *e;

	f->root = "/work";
	r = format_open(format, "fuzz", f);
	e = format_feed(r, str_take(text, cut));
	if (e == NULL && cut < text.n)
		e = format_feed(r, str_skip(text, cut));
	if (e == NULL)
		e = format_end(r);
	format_close(r);
	return e;
}

static void
tell_rest(const struct facts *f, struct buf *b)
{
	size_t i, k;

	for (i = 0; i < f->covers.n; i++) {
		const struct cover *c = f->covers.v[i];

		buf_addf(b, "%s:", c->path);
		for (k = 0; k < c->lines.n; k++)
			if (c->lines.v[k] != COVER_NONE)
				buf_addf(b, " %zu=%d", k, c->lines.v[k]);
		buf_addc(b, '\n');
	}
	for (i = 0; i < f->timings.n; i++)
		for (k = 0; k < f->timings.v[i]->samples.n; k++)
			buf_addf(b, "%s %s %.17g\n", f->timings.v[i]->name, f->timings.v[i]->unit,
			    f->timings.v[i]->samples.v[k]);
	for (i = 0; i < f->tests.n; i++)
		buf_addf(b, "%s %d\n", f->tests.v[i]->id, f->tests.v[i]->status);
}

static void
tell(const struct facts *f, const struct err *e, struct buf *b)
{
	size_t i, k;

	if (e != NULL) {
		buf_adds(b, err_msg(e));
		return;
	}
	for (i = 0; i < f->complaints.n; i++) {
		const struct complaint *c = &f->complaints.v[i];

		if (c->path[0] == '/' || strncmp(c->path, "../", 3) == 0 || strlen(c->text) > FACTS_TEXT_MAX)
			abort();
		buf_addf(b, "%s %s %d %s %lld %s %s %d\n", c->tool, c->rule, c->severity, c->path,
		    (long long)c->line, c->text, c->print, c->suppressed);
	}
	for (i = 0; i < f->flaws.n; i++) {
		const struct flaw *w = &f->flaws.v[i];

		if (w->id[0] == '\0')
			abort();
		buf_addf(b, "%s %d %s %s %s %s %d", w->id, w->severity, w->package, w->version, w->fixed,
		    w->text, w->suppressed);
		for (k = 0; k < w->aliases.n; k++)
			buf_addf(b, " %s", w->aliases.v[k]);
		buf_addc(b, '\n');
	}
	tell_rest(f, b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT(16 * MIB), halves = BUF_INIT(16 * MIB);
	struct facts a = {0}, b = {0};
	struct choice choice = {0};
	struct str text;
	struct err *e;

	if (size < 2)
		return 0;
	choice.left = data[0];
	text = str_mk((const char *)data + 2, size - 2);
	choice.format = data[0] == 255 ? format_of(text) : NULL;
	if (choice.format == NULL)
		format_each(choose, &choice);
	e = feed(choice.format, text, text.n, &a);
	tell(&a, e, &whole);
	err_free(e);
	e = feed(choice.format, text, text.n * data[1] / 255, &b);
	tell(&b, e, &halves);
	err_free(e);
	if (!str_eq(buf_str(&whole), buf_str(&halves)))
		abort();
	facts_free(&a);
	facts_free(&b);
	buf_free(&whole);
	buf_free(&halves);
	return 0;
}
