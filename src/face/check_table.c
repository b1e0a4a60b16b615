/*
 * What the gates said, for a person at a terminal.
 */
#include <string.h>

#include "base/clock.h"
#include "base/out.h"
#include "face/check.h"
#include "face/part.h"
#include "gate/gate.h"
#include "line/check.h"
#include "model/verdict.h"

#define BLOCKING_MAX 5	/* findings of a gate; the evidence has more of them */
#define OTHERS_MAX 10

static enum out_style
style_of(const struct verdict *v)
{
	if (v->kind == VERDICT_PASS)
		return v->idle ? STYLE_DIM : STYLE_GREEN;
	return v->kind == VERDICT_FAIL && verdict_blocks(v) ? STYLE_RED : STYLE_YELLOW;
}

static size_t
name_width(const struct verdicts *vs)
{
	size_t i, n, width = 4;

	for (i = 0; i < vs->n; i++) {
		n = str_of(vs->v[i].gate).n;
		if (n > width)
			width = n;
	}
	return width < 30 ? width : 30;
}

static void
say(struct out *o, const char *text)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);

	part_plain(&b, str_of(text));
	out_line(o, buf_str(&b));
}

static bool
is_news(const struct verdict *v, const struct finding *f)
{
	return f->file[0] != '\0' || (f->rule[0] != '\0' && strcmp(f->rule, v->gate) != 0);
}

static void
print_finding(struct out *o, const struct verdict *v, const struct finding *f)
{
	out_printf(o, "  %s: ", part_word(v, f));
	if (f->file[0] != '\0') {
		say(o, f->file);
		out_printf(o, f->line > 0 ? ":%lld: " : ": ", (long long)f->line);
	}
	if (f->rule[0] != '\0' && strcmp(f->rule, v->gate) != 0 &&
	    (f->file[0] == '\0' || finding_blocks(f->kind))) {
		say(o, f->rule);
		out_printf(o, ": ");
	}
	say(o, f->text);
	if (f->by[0] != '\0') {
		out_printf(o, " (");
		say(o, f->by);
		out_printf(o, ")");
	}
	out_printf(o, "\n");
}

static void
print_findings(struct out *o, const struct verdict *v, bool blocking, size_t max)
{
	size_t i, n = 0;

	for (i = 0; i < v->findings.n; i++) {
		const struct finding *f = &v->findings.v[i];

		/* How many there were before is in the summary. */
		if (f->kind == FINDING_OLD || finding_blocks(f->kind) != blocking ||
		    (blocking && !is_news(v, f)) || n++ >= max)
			continue;
		print_finding(o, v, f);
	}
	if (n > max)
		out_printf(o, "  and %zu more\n", n - max);
}

/* It was not run: since when, and by whom. */
static void
print_known(struct out *o, const struct verdict *v)
{
	char time[CLOCK_TEXT];

	clock_format(v->known.time, time);
	out_printf(o, ", known from %s on ", time);
	say(o, v->known.node);
	if (v->known.signer[0] != '\0') {
		out_printf(o, ", signed by ");
		say(o, v->known.signer);
	}
}

static void
print_row(struct out *o, const struct verdict *v, size_t width)
{
	AUTO(buf_free) struct buf record = BUF_INIT(BUF_TEXT);
	char span[CLOCK_TEXT];

	part_record(v, &record);
	out_printf(o, "%-*s  ", (int)width, v->gate);
	out_style(o, style_of(v));
	out_printf(o, "%-14s", verdict_word(v->kind));
	out_style(o, STYLE_RESET);
	if (v->advisory)
		out_printf(o, "advisory: ");
	say(o, v->summary);
	out_printf(o, "%s", buf_cstr(&record));
	if (v->known.time != 0) {
		print_known(o, v);
	} else if (v->ms >= 1000) {
		clock_format_span(v->ms / 1000, span);
		out_printf(o, ", %s", span);
	}
	out_printf(o, "\n");
}

static void
print_way_out(struct out *o, const struct check *c, const struct verdict *v)
{
	AUTO(buf_free) struct buf again = BUF_INIT(BUF_TEXT);

	if (v->kind == VERDICT_PASS)
		return;
	part_again(c, v->gate, &again);
	out_style(o, STYLE_DIM);
	out_printf(o, "  policy: %s", part_policy(v));
	if (verdict_blocks(v))
		out_printf(o, "; may lift it: %s", part_lift(v));
	out_printf(o, "\n  again:  ");
	say(o, buf_cstr(&again));
	out_style(o, STYLE_RESET);
	out_printf(o, "\n");
}

void
check_show(struct out *o, const struct check *c)
{
	AUTO(buf_free) struct buf evidence = BUF_INIT(BUF_TEXT);
	size_t i, width = name_width(&c->verdicts);
	struct str rest, line;

	for (i = 0; i < c->verdicts.n; i++) {
		const struct verdict *v = &c->verdicts.v[i];

		print_row(o, v, width);
		print_findings(o, v, true, BLOCKING_MAX);
		print_findings(o, v, false, OTHERS_MAX);
		print_way_out(o, c, v);
	}
	gates_evidence(&c->verdicts, &evidence);
	if (evidence.n != 0)
		out_printf(o, "\n");
	rest = buf_str(&evidence);
	while (str_line(&rest, &line)) {
		AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);

		part_plain(&b, line);
		out_printf(o, "%s\n", buf_cstr(&b));
	}
}

void
check_tell(struct out *o, const struct check *c)
{
	size_t i;

	for (i = 0; i < c->verdicts.n; i++) {
		const struct verdict *v = &c->verdicts.v[i];

		if (v->kind != VERDICT_PASS || v->findings.n > 0)
			print_row(o, v, name_width(&c->verdicts));
		print_findings(o, v, true, BLOCKING_MAX);
		print_findings(o, v, false, OTHERS_MAX);
	}
}
