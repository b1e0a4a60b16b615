/*
 * Markdown as GitHub, GitLab and Gitea show it.  What comes from the code
 * under test stands in code spans and fenced blocks only: there is no link,
 * image, mention or HTML in those.
 */
#include "base/err.h"
#include "base/text.h"
#include "face/check.h"
#include "face/part.h"
#include "line/check.h"

#define TEXT_MAX 300
#define FINDINGS_MAX 20		/* of one gate */
#define ROWS_MAX 100
#define TAIL 200		/* kept for what says that something is left out */

/* The longest run of backticks. */
static size_t
ticks(struct str s)
{
	size_t i, n = 0, most = 0;

	for (i = 0; i < s.n; i++) {
		n = s.p[i] == '`' ? n + 1 : 0;
		if (n > most)
			most = n;
	}
	return most;
}

static void
add_ticks(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_addc(out, '`');
}

/* In a table's cell a '|' ends the cell even in code. */
static void
add_code(struct buf *out, struct str s, bool cell)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	size_t i, n;

	text_visible(&b, text_cut(s, TEXT_MAX), true);
	if (str_trim(buf_str(&b)).n == 0)
		return;
	n = ticks(buf_str(&b)) + 1;
	add_ticks(out, n);
	if (n > 1)
		buf_addc(out, ' ');
	for (i = 0; i < b.n; i++) {
		if (b.p[i] == '|' && cell)
			buf_addc(out, '\\');
		buf_addc(out, b.p[i]);
	}
	if (n > 1)
		buf_addc(out, ' ');
	add_ticks(out, n);
	if (s.n > TEXT_MAX)
		buf_adds(out, " …");
}

static void
add_row(struct buf *out, const struct verdict *v)
{
	const char *mark = verdict_blocks(v) ? "**" : "";

	buf_adds(out, "| ");
	add_code(out, str_of(v->gate), true);
	buf_addf(out, " | %s%s%s | ", mark, verdict_word(v->kind), mark);
	if (v->advisory)
		buf_adds(out, "advisory: ");
	add_code(out, str_of(v->summary), true);
	part_record(v, out);
	buf_adds(out, " |\n");
}

static void
add_finding(struct buf *out, const struct verdict *v, const struct finding *f)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT), rule = BUF_INIT(BUF_TEXT);

	part_rule(v, f, &rule);
	part_text(f, &text);
	buf_addf(out, "- %s ", part_word(v, f));
	if (f->file[0] != '\0') {
		add_code(out, str_of(f->file), false);
		buf_addf(out, f->line > 0 ? " line %lld " : " ", (long long)f->line);
	}
	add_code(out, buf_str(&rule), false);
	buf_adds(out, ": ");
	add_code(out, buf_str(&text), false);
	buf_addc(out, '\n');
}

static void
add_evidence(struct buf *out, struct str evidence)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	size_t n;

	if (evidence.n == 0)
		return;
	text_visible(&b, evidence, false);
	n = ticks(buf_str(&b)) < 3 ? 3 : ticks(buf_str(&b)) + 1;
	buf_adds(out, "\n<details><summary>Output</summary>\n\n");
	add_ticks(out, n);
	buf_adds(out, "text\n");
	buf_addstr(out, buf_str(&b));
	if (b.n > 0 && b.p[b.n - 1] != '\n')
		buf_addc(out, '\n');
	add_ticks(out, n);
	buf_adds(out, "\n\n</details>\n");
}

static void
add_gate(struct buf *out, const struct check *c, const struct verdict *v)
{
	AUTO(buf_free) struct buf again = BUF_INIT(BUF_TEXT);
	size_t i, n = 0;

	part_again(c, v->gate, &again);
	buf_adds(out, "\n#### ");
	add_code(out, str_of(v->gate), false);
	buf_adds(out, "\n\n");
	for (i = 0; i < v->findings.n; i++)
		if (finding_blocks(v->findings.v[i].kind) && n++ < FINDINGS_MAX)
			add_finding(out, v, &v->findings.v[i]);
	if (n > FINDINGS_MAX)
		buf_addf(out, "- and %zu more\n", n - FINDINGS_MAX);
	buf_adds(out, "\nPolicy: ");
	add_code(out, str_of(part_policy(v)), false);
	buf_adds(out, "; may lift it: ");
	add_code(out, str_of(part_lift(v)), false);
	buf_adds(out, "; again: ");
	add_code(out, buf_str(&again), false);
	buf_addc(out, '\n');
	add_evidence(out, str_of(v->evidence));
}

/* What does not block and was found, as waivers and flagged paths are. */
static void
add_others(struct buf *out, const struct check *c)
{
	size_t i, k, n = 0;

	for (i = 0; i < c->verdicts.n; i++)
		for (k = 0; k < c->verdicts.v[i].findings.n; k++) {
			const struct verdict *v = &c->verdicts.v[i];

			if (v->findings.v[k].kind == FINDING_OLD ||
			    (finding_blocks(v->findings.v[k].kind) && verdict_blocks(v)))
				continue;
			if (n++ == 0)
				buf_adds(out, "\nTold, and not blocking:\n\n");
			if (n <= FINDINGS_MAX)
				add_finding(out, v, &v->findings.v[k]);
		}
	if (n > FINDINGS_MAX)
		buf_addf(out, "- and %zu more\n", n - FINDINGS_MAX);
}

static void
add_table(struct buf *out, const struct check *c)
{
	size_t i;

	buf_adds(out, "\n| gate | verdict | |\n| --- | --- | --- |\n");
	for (i = 0; i < c->verdicts.n && i < ROWS_MAX; i++)
		add_row(out, &c->verdicts.v[i]);
	if (c->verdicts.n > ROWS_MAX)
		buf_addf(out, "| | | and %zu more gates |\n", c->verdicts.n - ROWS_MAX);
}

/* Whole pieces as long as there is room. */
static size_t
add_pieces(struct buf *out, const struct check *c)
{
	size_t i, left = 0;

	for (i = 0; i < c->verdicts.n; i++) {
		AUTO(buf_free) struct buf piece = BUF_INIT(BUF_TEXT);

		if (!verdict_blocks(&c->verdicts.v[i]))
			continue;
		add_gate(&piece, c, &c->verdicts.v[i]);
		if (left == 0 && out->n + piece.n + TAIL <= CHECK_MARKDOWN_MAX)
			buf_addstr(out, buf_str(&piece));
		else
			left++;
	}
	return left;
}

struct err *
check_markdown(const struct check *c, struct buf *out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT), others = BUF_INIT(BUF_TEXT);
	size_t left;

	buf_adds(&text, "### git factory: ");
	part_sum(c, &text);
	buf_adds(&text, "\n\n");
	add_code(&text, str_of(c->rev), false);
	if (!c->index)
		buf_addf(&text, " (%.12s)", oid_hex(&c->commit).s);
	buf_adds(&text, " on ");
	add_code(&text, str_of(c->base_ref), false);
	buf_addf(&text, " (%.12s)\n", oid_hex(&c->base).s);
	add_table(&text, c);
	left = add_pieces(&text, c);
	add_others(&others, c);
	if (text.n + others.n + TAIL <= CHECK_MARKDOWN_MAX)
		buf_addstr(&text, buf_str(&others));
	else
		left++;
	if (left > 0)
		buf_adds(&text, "\nThere is no room for the rest: the log has it.\n");
	buf_addstr(out, buf_str(&text));
	return buf_check(out, "the Markdown of the gates");
}
