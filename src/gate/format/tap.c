/*
 * TAP, versions 12 to 14 (testanything.org): a plan "1..N" before or behind
 * its points, "ok 3 - name # SKIP why", "not ok 4 - name # TODO why", "Bail
 * out!", blocks of YAML, and subtests, indented by four blanks, before the
 * point that sums them up ("# Subtest" comments say nothing that the point
 * does not), or in braces behind it (node-tap).
 *
 * The plan is what shows that a report is whole: refused are one without a
 * plan, one that has more or fewer points, a point out of its turn, a run that
 * was given up, and a last line that does not end.
 *
 * A subtest is named "outer > inner".  A point that sums up others is a test
 * of its own only if it failed and none of them did; what failed below a TODO
 * is to do as well.  "not ok # SKIP" has failed.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/vec.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

#define DEPTH 32

/* A point whose outer one has not come yet. */
struct point {
	unsigned depth;
	enum junit_status status;
	char *name, *message;
};

/* Of one depth: the stream that is open there. */
struct stream {
	bool planned;
	int64_t plan, points;
	char *braced;	/* the point whose subtests follow in braces */
};

struct tap {
	struct reading reading;
	struct stream streams[DEPTH];
	VEC(struct point) points;
	unsigned depth;		/* of the last point */
	bool fresh;		/* comments right behind a point explain it */
	bool yaml;		/* within a block */
	size_t yaml_indent;
	bool block_text;	/* the next line of the block is the message */
};

static bool
is_tap(struct str head)
{
	struct str line;

	if (str_starts(head, "TAP version "))
		return true;
	while (str_line(&head, &line)) {
		if (str_starts(line, "ok ") || str_starts(line, "not ok ") || str_starts(line, "1.."))
			return true;
		if (line.n > 0 && line.p[0] != '#' && line.p[0] != ' ')
			return false;
	}
	return false;
}

/* ---- points ---- */

static void
point_free(struct point *p)
{
	free(p->name);
	free(p->message);
}

/* One line without colours and control characters, cut to JUNIT_NAME_MAX. */
static char *
plain_line(struct str s)
{
	struct buf b = BUF_INIT(2 * FORMAT_LINE);
	size_t i;

	junit_plain(&b, str_trim(s));
	buf_trunc(&b, text_cut(buf_str(&b), JUNIT_NAME_MAX).n);
	for (i = 0; i < b.n; i++)
		if ((unsigned char)b.p[i] < ' ')
			b.p[i] = ' ';
	return buf_steal(&b);
}

/* "\#" and "\\" of a name. */
static char *
plain_name(struct str s)
{
	AUTO(mem_free_p) char *line = plain_line(s);
	struct buf b = BUF_INIT(FORMAT_LINE);
	const char *at;

	for (at = line; *at != '\0'; at++) {
		if (at[0] == '\\' && (at[1] == '#' || at[1] == '\\'))
			at++;
		buf_addc(&b, *at);
	}
	return buf_steal(&b);
}

static bool
begins_word(struct str s, const char *word)
{
	return s.n >= strlen(word) && strncasecmp(s.p, word, strlen(word)) == 0;
}

static bool
is_todo(struct str directive)
{
	return begins_word(directive, "todo") && (directive.n == 4 || !isalnum((unsigned char)directive.p[4]));
}

/*
 * Cut the directive off the name: a "#" behind white space, that no "\"
 * escapes, with SKIP or TODO behind it.  A time ("# time=5ms") goes too, as it
 * is another each time.
 */
static struct str
directive(struct str *name)
{
	struct str rest;
	size_t i;

	for (i = 0; i < name->n; i++) {
		if (name->p[i] == '\\') {
			i++;
			continue;
		}
		if (name->p[i] != '#' || (i > 0 && name->p[i - 1] != ' ' && name->p[i - 1] != '\t'))
			continue;
		rest = str_trim(str_skip(*name, i + 1));
		if (begins_word(rest, "skip") || is_todo(rest) || begins_word(rest, "time=")) {
			*name = str_take(*name, i);
			return rest;
		}
	}
	return STR("");
}

static enum junit_status
status_of(bool ok, struct str rest)
{
	if (!ok)
		return is_todo(rest) ? JUNIT_SKIPPED : JUNIT_FAILED;
	return begins_word(rest, "skip") ? JUNIT_SKIPPED : JUNIT_PASSED;
}

/* The plan of the subtests at this depth is fulfilled, and they are over. */
static struct err *
stream_over(struct tap *t, unsigned depth)
{
	struct stream *s = &t->streams[depth];
	struct stream was = *s;

	*s = (struct stream){0};
	free(was.braced);
	if (was.braced != NULL)
		return err_new(ERR_SYNTAX, "the subtests in braces do not end");
	if (!was.planned)
		return err_new(ERR_SYNTAX, "%s without a plan ('1..N')", depth == 0 ? "a report" : "subtests");
	if (was.plan != was.points)
		return err_new(ERR_SYNTAX, "%lld tests were planned, and %lld ran", (long long)was.plan,
		    (long long)was.points);
	return NULL;
}

/* Put the points below this one under its name; true when there are any, *failed when one of them did. */
static bool
adopt(struct tap *t, unsigned depth, const char *name, bool todo, bool *failed)
{
	bool any = false;
	size_t i;

	for (i = t->points.n; i > 0 && t->points.v[i - 1].depth > depth; i--) {
		struct point *p = &t->points.v[i - 1];
		char *full = mem_printf("%s > %s", name, p->name);

		full[text_cut(str_of(full), JUNIT_NAME_MAX).n] = '\0';
		free(p->name);
		p->name = full;
		p->depth = depth;
		if (todo && p->status == JUNIT_FAILED)
			p->status = JUNIT_SKIPPED;
		*failed |= p->status == JUNIT_FAILED;
		any = true;
	}
	return any;
}

/* "3 - name # SKIP why" behind "ok" or "not ok". */
static struct err *
take_point(struct tap *t, unsigned depth, bool ok, struct str rest)
{
	struct stream *s = &t->streams[depth];
	AUTO(mem_free_p) char *name = NULL;
	struct str why;
	enum junit_status status;
	bool failed = false;
	size_t digits = 0;
	int64_t number;

	rest = str_trim(rest);
	while (digits < rest.n && rest.p[digits] >= '0' && rest.p[digits] <= '9')
		digits++;
	s->points++;
	if (digits > 0 && (!str_int(str_take(rest, digits), 1, INT32_MAX, &number) || number != s->points))
		return err_new(ERR_SYNTAX, "test %.*s stands where %lld is due", (int)digits, rest.p, (long long)s->points);
	rest = str_trim(str_skip(rest, digits));
	if (str_starts(rest, "- "))
		rest = str_skip(rest, 2);
	why = directive(&rest);
	status = status_of(ok, why);
	name = plain_name(rest);
	if (name[0] == '\0') {
		free(name);
		name = mem_printf("test %lld", (long long)s->points);
	}
	if (depth + 1 < DEPTH && (t->streams[depth + 1].planned || t->streams[depth + 1].points > 0))
		TRY(err_wrap(stream_over(t, depth + 1), "'%s'", name));
	if (!adopt(t, depth, name, is_todo(why), &failed) || (status == JUNIT_FAILED && !failed)) {
		if (t->points.n >= JUNIT_CASES_MAX)
			return err_new(ERR_LIMIT, "a report has more than %d tests", JUNIT_CASES_MAX);
		vec_push(&t->points, (struct point){depth, status, STEAL(name), NULL});
	}
	t->depth = depth;
	t->fresh = true;
	return NULL;
}

/* ---- what explains a failure ---- */

static void
explain(struct tap *t, struct str text)
{
	struct point *p = t->points.n == 0 ? NULL : &t->points.v[t->points.n - 1];

	text = str_trim(text);
	if (p != NULL && p->status == JUNIT_FAILED && p->depth == t->depth && p->message == NULL && text.n > 0)
		p->message = plain_line(text);
}

static void
in_yaml(struct tap *t, struct str line, size_t indent)
{
	struct str text = str_trim(line);
	size_t key = begins_word(text, "message:") ? 8 : begins_word(text, "error:") ? 6 : 0;

	if (indent == t->yaml_indent && str_is(text, "...")) {
		t->yaml = false;
		return;
	}
	if (t->block_text)
		explain(t, text);
	t->block_text = false;
	if (key == 0 || indent < t->yaml_indent || indent > t->yaml_indent + 2)
		return;
	text = str_trim(str_skip(text, key));
	if (str_starts(text, "|") || str_starts(text, ">")) {
		t->block_text = true;
		return;
	}
	if (text.n >= 2 && (text.p[0] == '\'' || text.p[0] == '"') && text.p[text.n - 1] == text.p[0])
		text = str_mk(text.p + 1, text.n - 2);
	explain(t, text);
}

/* ---- lines ---- */

static struct err *
take_plan(struct tap *t, unsigned depth, struct str line)
{
	struct stream *s = &t->streams[depth];
	struct str rest = str_skip(line, 3), number = {0};
	int64_t n;

	if (!str_next(&rest, '#', &number) || !str_int(str_trim(number), 0, JUNIT_CASES_MAX, &n))
		return NULL;	/* "1..2 and so on" is talk */
	if (s->planned)
		return err_new(ERR_SYNTAX, "a second plan");
	s->planned = true;
	s->plan = n;
	return NULL;
}

/* "}" ends the subtests of a point that stands before them. */
static struct err *
close_brace(struct tap *t, unsigned depth)
{
	AUTO(mem_free_p) char *line = STEAL(t->streams[depth].braced);
	bool ok = str_starts(str_of(line), "ok");

	return take_point(t, depth, ok, str_skip(str_of(line), ok ? 2 : 6));
}

static struct err *
at_depth(struct tap *t, unsigned depth, struct str line)
{
	struct stream *s = &t->streams[depth];
	bool ok = str_is(line, "ok") || str_starts(line, "ok ");

	if (begins_word(line, "bail out!"))
		return err_new(ERR_SYNTAX, "the run was given up: %.*s", STR_ARG(str_take(str_trim(str_skip(line, 9)), 200)));
	if (s->braced != NULL)
		return str_is(line, "}") ? close_brace(t, depth) : NULL;
	if (str_starts(line, "1.."))
		return take_plan(t, depth, line);
	if (str_starts(line, "#")) {
		if (t->fresh)
			explain(t, str_skip(line, 1));
	} else if (ok || str_is(line, "not ok") || str_starts(line, "not ok ")) {
		if (!str_ends(line, " {"))
			return take_point(t, depth, ok, str_skip(line, ok ? 2 : 6));
		s->braced = str_dup(str_take(line, line.n - 2));
	}
	return NULL;
}

static struct err *
on_line(void *state, struct str line)
{
	struct tap *t = state;
	struct str rest = line;
	size_t indent = 0;
	int64_t version;

	while (indent < line.n && line.p[indent] == ' ')
		indent++;
	rest = str_trim(line);
	t->fresh &= str_starts(rest, "#");
	if (t->reading.torn)
		return err_new(ERR_SYNTAX, "the last line is cut short");
	if (t->yaml) {
		in_yaml(t, line, indent);
		return NULL;
	}
	if (str_starts(line, "TAP version "))
		return str_int(str_trim(str_skip(line, 12)), 12, 14, &version) ? NULL :
		    err_new(ERR_SYNTAX, "TAP of a version that is not known");
	if (str_is(rest, "---") && t->points.n + (size_t)t->streams[0].points > 0 && indent == 4 * t->depth + 2) {
		t->yaml = true;
		t->block_text = false;
		t->yaml_indent = indent;
		return NULL;
	}
	if (indent % 4 != 0 || indent / 4 >= DEPTH || rest.n == 0)
		return NULL;
	return at_depth(t, (unsigned)(indent / 4), rest);
}

static struct err *
end(void *state)
{
	struct tap *t = state;
	size_t i;

	if (t->yaml)
		return err_new(ERR_SYNTAX, "a block of YAML does not end");
	for (i = 1; i < DEPTH; i++)
		if (t->streams[i].planned || t->streams[i].points > 0 || t->streams[i].braced != NULL)
			return err_new(ERR_SYNTAX, "subtests without the point that sums them up");
	TRY(stream_over(t, 0));
	for (i = 0; i < t->points.n; i++) {
		const struct point *p = &t->points.v[i];
		struct junit_more more = {"", "", 0, p->message == NULL ? "" : p->message, ""};
		struct junit_case c = {.id = p->name, .name = p->name, .more = &more, .status = p->status};

		TRY(junit_put(&t->reading.facts->tests, &c));
	}
	return NULL;
}

static void
tap_free(void *state)
{
	struct tap *t = state;
	size_t i;

	for (i = 0; i < t->points.n; i++)
		point_free(&t->points.v[i]);
	vec_free(&t->points);
	for (i = 0; i < DEPTH; i++)
		free(t->streams[i].braced);
}

const struct format format_tap = {
	.name = "tap",
	.tools = "Node, node-tap, tape, bats, Perl's Test::More",
	.kinds = FACTS_TESTS,
	.syntax = SYNTAX_LINES,
	.is = is_tap,
	.size = sizeof(struct tap),
	.line = on_line,
	.end = end,
	.free = tap_free,
};
