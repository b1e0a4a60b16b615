/*
 * What the gates said, for a person or a program.
 */
#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "gate/gate.h"
#include "git/oid.h"
#include "line/check.h"
#include "wire/json.h"

#define SHOWN_MAX 10	/* findings that do not block, a gate */

static enum out_style
style_of(enum verdict_kind kind)
{
	return kind == VERDICT_PASS ? STYLE_GREEN : kind == VERDICT_FAIL ? STYLE_RED : STYLE_YELLOW;
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
print_findings(struct out *o, const struct verdict *v)
{
	size_t i, n = 0;

	for (i = 0; i < v->findings.n; i++) {
		const struct finding *f = &v->findings.v[i];

		if (finding_blocks(f->kind) || n++ >= SHOWN_MAX)
			continue;
		out_printf(o, "  %s: ", finding_word(f->kind));
		if (f->file[0] != '\0') {
			out_line(o, str_of(f->file));
			out_printf(o, f->line > 0 ? ":%lld: " : ": ", (long long)f->line);
		} else if (f->rule[0] != '\0' && str_cmp(str_of(f->rule), str_of(v->gate)) != 0) {
			out_line(o, str_of(f->rule));
			out_printf(o, ": ");
		}
		out_line(o, str_of(f->text));
		out_printf(o, "\n");
	}
	if (n > SHOWN_MAX)
		out_printf(o, "  and %zu more\n", n - SHOWN_MAX);
}

/* It was not run: since when, and by whom. */
static void
print_known(struct out *o, const struct verdict *v)
{
	char time[CLOCK_TEXT];

	clock_format(v->known.time, time);
	out_printf(o, ", known from %s on ", time);
	out_line(o, str_of(v->known.node));
	if (v->known.signer[0] != '\0') {
		out_printf(o, ", signed by ");
		out_line(o, str_of(v->known.signer));
	}
}

/* Row by row; what keeps it from landing follows the table. */
void
check_show(struct out *o, const struct check *c)
{
	AUTO(buf_free) struct buf evidence = BUF_INIT(BUF_TEXT);
	size_t i, width = name_width(&c->verdicts);
	struct str rest, line;
	char span[CLOCK_TEXT];

	for (i = 0; i < c->verdicts.n; i++) {
		const struct verdict *v = &c->verdicts.v[i];

		out_printf(o, "%-*s  ", (int)width, v->gate);
		out_style(o, style_of(v->kind));
		out_printf(o, "%-14s", verdict_word(v->kind));
		out_style(o, STYLE_RESET);
		out_line(o, str_of(v->summary));
		if (v->known.time != 0) {
			print_known(o, v);
		} else if (v->ms >= 1000) {
			clock_format_span(v->ms / 1000, span);
			out_printf(o, ", %s", span);
		}
		out_printf(o, "\n");
		print_findings(o, v);
	}
	gates_evidence(&c->verdicts, &evidence);
	if (evidence.n != 0)
		out_printf(o, "\n");
	rest = buf_str(&evidence);
	while (str_line(&rest, &line)) {
		out_printf(o, "%.*s\n", STR_ARG(line));
	}
}

void
check_json(struct jw *w, const struct check *c)
{
	size_t i;

	jw_obj(w);
	jw_kstr(w, "commit", oid_hex(&c->commit).s);
	jw_kstr(w, "base", oid_hex(&c->base).s);
	jw_kstr(w, "tree", oid_hex(&c->tree).s);
	jw_kstr(w, "sandbox", c->sandbox);
	jw_kbool(w, "passed", c->passed);
	jw_key(w, "verdicts");
	jw_list(w);
	for (i = 0; i < c->verdicts.n; i++)
		verdict_write(w, &c->verdicts.v[i]);
	jw_end(w);
	jw_end(w);
}

struct err *
check_answer(const struct check *c)
{
	size_t i, n = 0;

	if (c->passed)
		return NULL;
	for (i = 0; i < c->verdicts.n; i++)
		n += verdict_blocks(&c->verdicts.v[i]);
	return err_new(ERR_GATES_FAILED, "%zu of %zu gates did not pass", n, c->verdicts.n);
}
