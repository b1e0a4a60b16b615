#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/vec.h"
#include "forge/pull.h"
#include "git/tree.h"
#include "line/pulls/text.h"
#include "model/level.h"
#include "model/run.h"

#define GAP "&#8203;"		/* a space of no width, as Markdown writes it */
#define NEAR 12			/* bytes that may stand between "fixes" and what is fixed */
#define WORD_LEN 24

/* ---- what others wrote, inside of what we write ---- */

/* Tags, comments and pictures become text. */
static void
add_tame(struct str s, struct buf *out)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		char next = i + 1 < s.n ? s.p[i + 1] : ' ';

		if (s.p[i] == '<' && (isalpha((unsigned char)next) || strchr("/!?", next) != NULL))
			buf_adds(out, "&lt;");
		else if (s.p[i] == '!' && next == '[')
			buf_adds(out, "!\\");
		else
			buf_addc(out, s.p[i]);
	}
}

static void
add_quoted(const char *text, size_t max, struct buf *out)
{
	AUTO(buf_free) struct buf seen = BUF_INIT(BUF_TEXT);
	struct str all = str_trim(str_of(text)), rest, line;

	text_visible(&seen, text_cut(all, max), false);
	rest = buf_str(&seen);
	while (str_line(&rest, &line)) {
		buf_adds(out, "> ");
		add_tame(line, out);
		buf_addc(out, '\n');
	}
	if (all.n > max)
		buf_adds(out, ">\n> (the rest is left out)\n");
}

/* One cell of a table: nothing in it ends the cell or the row. */
static void
add_cell(const char *text, struct buf *out)
{
	AUTO(buf_free) struct buf seen = BUF_INIT(BUF_TEXT), tame = BUF_INIT(BUF_TEXT);
	struct str s = str_of(text);
	size_t i;

	text_visible(&seen, text_cut(s, PULL_CELL_MAX), true);
	if (s.n > PULL_CELL_MAX)
		buf_adds(&seen, " ...");
	add_tame(buf_str(&seen), &tame);
	for (i = 0; i < tame.n; i++) {
		if (strchr("|\\`", tame.p[i]) != NULL)
			buf_addc(out, '\\');
		buf_addc(out, tame.p[i]);
	}
}

static void
add_line(const char *text, struct buf *out)
{
	AUTO(buf_free) struct buf seen = BUF_INIT(BUF_TEXT);

	text_visible(&seen, text_cut(str_of(text), PULL_CELL_MAX * 4), true);
	add_tame(buf_str(&seen), out);
}

static void
add_gates(const struct verdicts *gates, struct buf *out)
{
	size_t i;

	buf_adds(out, "| gate | verdict | evidence |\n|---|---|---|\n");
	for (i = 0; i < gates->n && i < PULL_GATES_MAX; i++) {
		const struct verdict *v = &gates->v[i];

		buf_adds(out, "| ");
		add_cell(v->gate, out);
		buf_addf(out, " | %s | ", verdict_word(v->kind));
		add_cell(v->summary, out);
		buf_adds(out, " |\n");
	}
	if (gates->n > PULL_GATES_MAX)
		buf_addf(out, "| and %zu more | | |\n", gates->n - PULL_GATES_MAX);
}

static void
add_level(int64_t level, const struct strs *reasons, struct buf *out)
{
	size_t i;

	if (reasons->n == 0)
		return;
	buf_addf(out, "\n**Review level %" PRId64 "** (%s):\n\n", level, level_word((enum level)level));
	for (i = 0; i < reasons->n; i++) {
		buf_adds(out, "- ");
		add_line(reasons->v[i], out);
		buf_addc(out, '\n');
	}
}

void
pull_describe(const struct run *rec, const char *summary, const struct strs *remarks, int64_t level,
    const struct strs *reasons, struct buf *out)
{
	size_t i;

	if (summary != NULL && str_trim(str_of(summary)).n > 0) {
		buf_adds(out, "What was done and why, as the agent tells it:\n\n");
		add_quoted(summary, PULL_SUMMARY_MAX, out);
		buf_addc(out, '\n');
	}
	for (i = 0; i < remarks->n && i < PULL_REMARKS_MAX; i++) {
		buf_adds(out, "**Note: ");
		add_line(remarks->v[i], out);
		buf_adds(out, ".**\n\n");
	}
	if (remarks->n > PULL_REMARKS_MAX)
		buf_addf(out, "**Note: and %zu more.**\n\n", remarks->n - PULL_REMARKS_MAX);
	add_gates(&rec->gates, out);
	add_level(level, reasons, out);
	buf_addf(out, "\nTask %s, run %s, agent ", rec->task, rec->id);
	add_line(rec->agent, out);
	if (rec->model[0] != '\0') {
		buf_adds(out, " (");
		add_line(rec->model, out);
		buf_addc(out, ')');
	}
	buf_addf(out, ", sandbox %s, %" PRId64 " iteration%s, cost ", rec->sandbox, rec->iterations,
	    rec->iterations == 1 ? "" : "s");
	use_cost(&rec->use, out);
	buf_adds(out, ".\n");
}

/* What stands under a heading "Rollback", up to the next heading. */
static struct str
rollback_of(struct str text)
{
	struct str line, title, found = {NULL, 0};
	bool inside = false;

	while (str_next(&text, '\n', &line)) {
		if (line.n > 0 && line.p[0] == '#') {
			if (inside)
				break;
			for (title = line; title.n > 0 && title.p[0] == '#';)
				title = str_skip(title, 1);
			title = str_trim(title);
			inside = title.n == 8 && strncasecmp(title.p, "rollback", 8) == 0;
			found = str_mk(text.p, 0);
		} else if (inside) {
			found.n = (size_t)(line.p + line.n - found.p);
		}
	}
	return inside ? str_trim(found) : str_take(text, 0);
}

void
pull_add_rollback(const struct strs *signals, const char *task, struct buf *out)
{
	struct str own = rollback_of(str_of(task));
	AUTO(mem_free_p) char *text = str_dup(own);
	size_t i;

	if (own.n == 0 && (signals == NULL || signals->n == 0))
		return;
	buf_adds(out, "\n**Take it back when:**\n\n");
	for (i = 0; signals != NULL && i < signals->n; i++) {
		buf_adds(out, "- ");
		add_line(signals->v[i], out);
		buf_adds(out, " is worse than before it landed\n");
	}
	if (own.n > 0) {
		buf_addc(out, '\n');
		add_quoted(text, PULL_ROLLBACK_MAX, out);
	}
}

/* ---- inert ---- */

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* What forges, and trackers that listen to them, take for an order to close. */
static bool
is_order(struct str word)
{
	static const char *const stems[] = {"close", "closes", "closed", "closing", "fix", "fixes", "fixed", "fixing",
	    "resolve", "resolves", "resolved", "resolving", "implement", "implements", "implemented", "implementing",
	    "complete", "completes", "completed", "completing"};
	char lower[WORD_LEN];
	size_t i;

	if (word.n >= sizeof(lower))
		return false;
	for (i = 0; i < word.n; i++)
		lower[i] = (char)tolower((unsigned char)word.p[i]);
	for (i = 0; i < NITEMS(stems); i++)
		if (str_is(str_mk(lower, word.n), stems[i]))
			return true;
	return false;
}

/* Does something that could be an issue follow a little further on: "#1", "o/r#1", "ENG-1", an address? */
static bool
names_issue(struct str rest)
{
	bool sign = false;
	size_t i = 0;

	for (; i < rest.n && i < NEAR && !is_word(rest.p[i]); i++)
		sign = sign || rest.p[i] == '#' || rest.p[i] == '!';
	for (; i < rest.n && !isspace((unsigned char)rest.p[i]); i++) {
		if (isdigit((unsigned char)rest.p[i]) && sign)
			return true;
		sign = sign || strchr("#!/-", rest.p[i]) != NULL;
	}
	return false;
}

/* "#1", "!1", "GH-1" and ".../issues/1" are references wherever they stand. */
static bool
begins_number(struct str text, size_t at)
{
	struct str before = str_take(text, at);

	if (at == 0 || !isdigit((unsigned char)text.p[at]))
		return false;
	if (text.p[at - 1] == '#' || text.p[at - 1] == '!')
		return true;
	return str_ends(before, "GH-") || str_ends(before, "gh-") || str_ends(before, "/issues/") ||
	    str_ends(before, "/pull/") || str_ends(before, "/pulls/") || str_ends(before, "/merge_requests/") ||
	    str_ends(before, "/work_items/");
}

static bool
begins_mention(struct str text, size_t at)
{
	return text.p[at] == '@' && at + 1 < text.n && is_word(text.p[at + 1]) && (at == 0 || !is_word(text.p[at - 1]));
}

/* In plain text no gap is invisible, so the word is said to be a quotation. */
static void
add_order(struct str word, bool plain, struct buf *out)
{
	if (plain)
		buf_addf(out, "'%.*s'", STR_ARG(word));
	else
		buf_addf(out, "%c" GAP "%.*s", word.p[0], STR_ARG(str_skip(word, 1)));
}

/* By an earlier turn, as of the commit's message, which becomes the title, which becomes a message. */
static bool
is_quotation(struct str text, size_t from, size_t end)
{
	return from > 0 && end < text.n && text.p[from - 1] == '\'' && text.p[end] == '\'';
}

void
pull_inert(struct str text, bool plain, struct buf *out)
{
	const char *gap = plain ? " " : GAP;
	size_t i = 0, from;

	while (i < text.n) {
		if (begins_number(text, i))
			buf_adds(out, gap);
		if (!is_word(text.p[i])) {
			buf_addc(out, text.p[i]);
			if (begins_mention(text, i))
				buf_adds(out, gap);
			i++;
			continue;
		}
		for (from = i++; i < text.n && is_word(text.p[i]) && !begins_number(text, i); i++)
			;
		if (is_order(str_mk(text.p + from, i - from)) && names_issue(str_skip(text, i)) &&
		    !(plain && is_quotation(text, from, i))) {
			add_order(str_mk(text.p + from, i - from), plain, out);
			continue;
		}
		buf_add(out, text.p + from, i - from);
	}
}

/* ---- for the forge ---- */

void
pull_waits(const struct pull *p, bool automatic, struct buf *out)
{
	if (p->state != PULL_OPEN)
		return;
	if (p->taken_by != NULL)
		buf_addf(out, "%s, who took its branch over", p->taken_by);
	else if (!oid_is_zero(&p->theirs))
		buf_adds(out, "a person: somebody committed to its branch");
	else if (p->reasons.n == 0)
		buf_adds(out, "a person who reviews and merges it");
	else if (p->level != LEVEL_ALONE)
		buf_addf(out, "%s, and a person who merges it", level_word((enum level)p->level));
	else
		buf_adds(out, automatic ? "what the forge asks for: then it lands by itself" : "a person who merges it");
}

char *
pull_marker(const char *task)
{
	return mem_printf("<!-- git-factory:task=%s -->", task);
}

void
pull_title_outside(const struct pull *p, struct buf *out)
{
	AUTO(buf_free) struct buf seen = BUF_INIT(BUF_TEXT);

	text_visible(&seen, text_cut(str_of(p->title), PULL_TITLE_MAX), true);
	pull_inert(buf_str(&seen), true, out);
}

static void
add_ways(const struct pull *p, struct buf *out)
{
	struct oid_hex head = oid_hex(&p->head);

	buf_addf(out, "\nTake it over: `git factory pr take %" PRId64 "` (the factory then writes no more to `%s`). "
	    "Prove it again: `git factory gate --rerun %.12s`. See the evidence: `git factory verify %.12s`, "
	    "`git factory show %s`.\n", p->number, p->branch, head.s, head.s, p->run.s);
}

/* The issue is a task's own field, but people may edit it: anything else than a plain reference is left out. */
static void
add_issue(const char *issue, const char *project, struct buf *out)
{
	struct str all = str_of(issue), name, number;
	ptrdiff_t colon = str_chr(all, ':'), hash;
	int64_t n;

	name = str_skip(all, (size_t)(colon + 1));
	hash = str_chr(name, '#');
	if (hash <= 0 || !str_int(str_skip(name, (size_t)hash + 1), 1, INT64_MAX, &n))
		return;
	number = str_skip(name, (size_t)hash);
	name = str_take(name, (size_t)hash);
	if (str_is(name, project))
		buf_addf(out, "Closes %s%.*s.\n\n", project, STR_ARG(number));
}

/* "@ada" or "@acme/ops", as all forges have such names. */
static bool
is_called(const char *name)
{
	size_t n = strspn(name + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/");

	return name[0] == '@' && n > 0 && name[n + 1] == '\0' && isalnum((unsigned char)name[1]);
}

static void
add_notify(const struct strs *notify, struct buf *out)
{
	size_t i;

	for (i = 0; notify != NULL && i < notify->n && i < PULL_NOTIFY_MAX; i++) {
		AUTO(buf_free) struct buf name = BUF_INIT(BUF_TEXT);

		buf_adds(out, i == 0 ? "\nTo be told of it: " : ", ");
		if (is_called(notify->v[i])) {
			buf_adds(out, notify->v[i]);
			continue;
		}
		add_line(notify->v[i], &name);
		pull_inert(buf_str(&name), false, out);
	}
	if (i > 0)
		buf_adds(out, ".\n");
}

void
pull_body_outside(const struct pull *p, const char *issue, const char *project, const struct strs *notify,
    struct buf *out)
{
	AUTO(mem_free_p) char *marker = pull_marker(p->task.s);
	struct str body = str_of(p->body);

	add_issue(issue, project, out);
	pull_inert(text_cut(body, PULL_BODY_MAX), false, out);
	if (body.n > PULL_BODY_MAX)
		buf_adds(out, "\n\n(the rest is left out)\n");
	add_ways(p, out);
	add_notify(notify, out);
	buf_addf(out, "\n%s\n", marker);
}

void
pull_over_outside(const char *task, const char *why, struct buf *out)
{
	AUTO(buf_free) struct buf line = BUF_INIT(BUF_TEXT);

	buf_addf(out, "This is closed because task `%s`, which it was made for, was closed: ", task);
	add_line(why, &line);
	pull_inert(buf_str(&line), false, out);
	buf_addc(out, '\n');
}

static void
add_plain(struct buf *out, const char *text)
{
	struct str rest = str_trim(str_of(text)), line;

	while (str_next(&rest, '\n', &line)) {
		while (line.n > 0 && strchr(" \t\r", line.p[line.n - 1]) != NULL)
			line.n--;
		buf_addstr(out, line);
		buf_addc(out, '\n');
	}
}

struct err *
pull_hash(const char *title, const char *body, struct oid *out)
{
	AUTO(buf_free) struct buf all = BUF_INIT(BUF_TEXT);

	add_plain(&all, title);
	buf_addc(&all, '\n');
	add_plain(&all, body);
	return blob_hash(buf_str(&all), out);
}
