/*
 * format_fixture.h - reports through a named format, cut anywhere, and what
 * comes of them as text.
 *
 * The two properties of every format:
 * - it does not matter where its bytes are cut (format_reads);
 * - a report that ends early is an error, or says nothing better than the
 *   whole one (format_cut_short).  A syntax without a trailer (LCOV) cannot
 *   tell at a record's border: then what is left is a part of the whole, and
 *   the test says so with BORDERS.
 */
#ifndef FORMAT_FIXTURE_H
#define FORMAT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

#define FIXTURE_CUTS 1000	/* of a long report: not at every byte */

enum trailer { TRAILER, BORDERS };

/* ---- facts as text ---- */

/* With all texts, or only with what a verdict rests on. */
enum dump { DUMP_ALL, DUMP_VERDICT };

static inline void
dump_tests(const struct junit *j, enum dump how, struct buf *b)
{
	static const char *const words[] = {"passed", "flaky", "skipped", "failed"};
	size_t i;

	for (i = 0; i < j->n; i++) {
		buf_addf(b, "test %s: %s", j->v[i]->id, words[j->v[i]->status]);
		if (how == DUMP_ALL && j->v[i]->more->message[0] != '\0')
			buf_addf(b, " (%s)", j->v[i]->more->message);
		buf_addc(b, '\n');
	}
}

static inline void
dump_covers(const struct facts *f, struct buf *b)
{
	size_t i, k;

	for (i = 0; i < f->covers.n; i++) {
		const struct cover *c = f->covers.v[i];

		buf_addf(b, "cover %s\n", c->path);
		for (k = 0; k < c->lines.n; k++)
			if (c->lines.v[k] != COVER_NONE)
				buf_addf(b, "cover %s:%zu %s\n", c->path, k + 1,
				    c->lines.v[k] == COVER_HIT ? "hit" : "missed");
	}
}

static inline void
dump_complaints(const struct facts *f, enum dump how, struct buf *b)
{
	size_t i;

	for (i = 0; i < f->complaints.n; i++) {
		const struct complaint *c = &f->complaints.v[i];

		buf_addf(b, "%s %s %s %s:%lld", c->tool, c->rule, severity_word(c->severity), c->path, (long long)c->line);
		if (how == DUMP_ALL)
			buf_addf(b, " %s%s%s%s%s", c->text, c->print[0] == '\0' ? "" : " [", c->print,
			    c->print[0] == '\0' ? "" : "]", c->suppressed ? " suppressed" : "");
		buf_addc(b, '\n');
	}
}

static inline void
dump_flaws(const struct facts *f, enum dump how, struct buf *b)
{
	size_t i, k;

	for (i = 0; i < f->flaws.n; i++) {
		const struct flaw *w = &f->flaws.v[i];

		buf_addf(b, "flaw %s %s %s@%s", w->id, severity_word(w->severity), w->package, w->version);
		if (how == DUMP_ALL) {
			buf_addf(b, " fixed:%s", w->fixed);
			for (k = 0; k < w->aliases.n; k++)
				buf_addf(b, " =%s", w->aliases.v[k]);
			buf_addf(b, " %s%s", w->text, w->suppressed ? " suppressed" : "");
		}
		buf_addc(b, '\n');
	}
}

static inline void
facts_dump(const struct facts *f, enum dump how, struct buf *b)
{
	size_t i, k;

	dump_tests(&f->tests, how, b);
	dump_covers(f, b);
	dump_complaints(f, how, b);
	dump_flaws(f, how, b);
	for (i = 0; i < f->timings.n; i++)
		for (k = 0; k < f->timings.v[i]->samples.n; k++)
			buf_addf(b, "timing %s %.9g %s\n", f->timings.v[i]->name, f->timings.v[i]->samples.v[k],
			    f->timings.v[i]->unit);
}

/* ---- reading ---- */

static inline struct err *
format_in_two(const char *format, struct str text, size_t cut, struct facts *f)
{
	const struct format *named = format_named(format);
	struct report *r;
	struct err *e;

	if (named == NULL)
		fail_msg("there is no format '%s'", format);
	f->root = "/work";
	r = format_open(named, "r", f);
	e = format_feed(r, str_take(text, cut));
	if (e == NULL)
		e = format_feed(r, str_skip(text, cut));
	if (e == NULL)
		e = format_end(r);
	format_close(r);
	return e;
}

/* From one cut to the next: short ones at each byte, long ones at FIXTURE_CUTS and their end. */
static inline size_t
next_cut(size_t cut, size_t n)
{
	size_t step = cut + 200 >= n ? 1 : 1 + n / FIXTURE_CUTS;

	return cut + step;
}

/* Is 'part' of the whole, or worse?  Line by line; a missed line is never better. */
static inline bool
dump_within(struct str part, struct str whole)
{
	struct str line;

	while (str_line(&part, &line)) {
		struct str rest = whole, other;
		bool there = str_ends(line, " missed");

		while (!there && str_line(&rest, &other))
			there = str_eq(line, other);
		if (!there)
			return false;
	}
	return true;
}

/* ---- what tests say ---- */

/* Cut at every byte, the report gives this dump, and is known by its first bytes. */
static inline void
format_reads_str(const char *format, struct str text, const char *expect)
{
	size_t cut;

	if (format_of(text) == NULL)
		fail_msg("a report of '%s' is not known by its first bytes", format);
	assert_string_equal(format_of(text)->name, format);
	for (cut = 0; cut <= text.n; cut = next_cut(cut, text.n)) {
		AUTO(facts_free) struct facts f = {0};
		AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
		AUTO(err_free_p) struct err *e = format_in_two(format, text, cut, &f);

		if (e != NULL)
			fail_msg("cut at %zu: %s", cut, err_msg(e));
		facts_dump(&f, DUMP_ALL, &b);
		if (strcmp(buf_cstr(&b), expect) != 0)
			fail_msg("cut at %zu:\n%s", cut, buf_cstr(&b));
	}
}

/* The report's beginnings, each of them. */
static inline void
format_cut_short_str(const char *format, struct str text, enum trailer trailer)
{
	AUTO(facts_free) struct facts whole = {0};
	AUTO(buf_free) struct buf all = BUF_INIT(BUF_TEXT);
	size_t n;

	assert_null(format_in_two(format, text, 0, &whole));
	facts_dump(&whole, DUMP_VERDICT, &all);
	for (n = 0; n < text.n; n = next_cut(n, text.n)) {
		AUTO(facts_free) struct facts f = {0};
		AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
		AUTO(err_free_p) struct err *e = format_in_two(format, str_take(text, n), n / 2, &f);
		bool border = trailer == BORDERS && n > 0 && (text.p[n - 1] == '\n' || text.p[n] == '\n');

		if (e != NULL)
			continue;
		facts_dump(&f, DUMP_VERDICT, &b);
		if (strcmp(buf_cstr(&b), buf_cstr(&all)) == 0 || (border && dump_within(buf_str(&b), buf_str(&all))))
			continue;
		fail_msg("cut short at %zu of %zu, it passes with:\n%s", n, text.n, buf_cstr(&b));
	}
}

/* The '*' of an expected message stands for a number: a column. */
static inline bool
message_is(const char *got, const char *expect)
{
	for (; *expect != '\0'; expect++) {
		if (*expect != '*' && *got++ != *expect)
			return false;
		while (*expect == '*' && *got >= '0' && *got <= '9')
			got++;
	}
	return *got == '\0';
}

static inline void
format_refused_str(const char *format, struct str text, enum err_code code, const char *message)
{
	size_t cut;

	for (cut = 0; cut <= text.n; cut = next_cut(cut, text.n)) {
		AUTO(facts_free) struct facts f = {0};
		AUTO(err_free_p) struct err *e = format_in_two(format, text, cut, &f);

		if (e == NULL)
			fail_msg("not refused: %.*s", STR_ARG(text));
		if (!message_is(err_msg(e), message) || err_code(e) != code)
			fail_msg("cut at %zu: %s", cut, err_msg(e));
	}
}

static inline void
format_reads(const char *format, const char *text, const char *expect)
{
	format_reads_str(format, str_of(text), expect);
}

static inline void
format_cut_short(const char *format, const char *text, enum trailer trailer)
{
	format_cut_short_str(format, str_of(text), trailer);
}

static inline void
format_refused(const char *format, const char *text, const char *message)
{
	format_refused_str(format, str_of(text), ERR_SYNTAX, message);
}

/* Refused as ERR_SYNTAX too, with this somewhere behind the place, however it is cut. */
static inline void
format_says(const char *format, const char *text, const char *part)
{
	size_t cut, n = strlen(text);

	for (cut = 0; cut <= n; cut = next_cut(cut, n)) {
		AUTO(facts_free) struct facts f = {0};
		AUTO(err_free_p) struct err *e = format_in_two(format, str_of(text), cut, &f);

		if (e == NULL)
			fail_msg("not refused: %s", text);
		if (strstr(err_msg(e), part) == NULL || err_code(e) != ERR_SYNTAX)
			fail_msg("cut at %zu: %s", cut, err_msg(e));
	}
}

/*
 * A recorded report, tests/formats/<format>/<name>: both properties, and the
 * dump in <name>.facts beside it.  FORMAT_RECORD=1 in the environment writes
 * that file, for a person to look at.
 */
static inline void
format_recorded(const char *format, const char *name, enum trailer trailer)
{
	AUTO(mem_free_p) char *path = mem_printf("tests/formats/%s/%s", format, name);
	AUTO(mem_free_p) char *beside = mem_printf("%s.facts", path);
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT), expect = BUF_INIT(BUF_TEXT), got = BUF_INIT(BUF_TEXT);
	AUTO(facts_free) struct facts f = {0};
	AUTO(err_free_p) struct err *e = NULL;

	assert_null(file_read(AT_FDCWD, path, &text));
	if (getenv("FORMAT_RECORD") != NULL) {
		e = format_in_two(format, buf_str(&text), 0, &f);
		if (e != NULL)
			fail_msg("%s: %s", path, err_msg(e));
		facts_dump(&f, DUMP_ALL, &got);
		assert_null(file_replace(AT_FDCWD, beside, buf_str(&got), 0644, false));
	}
	assert_null(file_read(AT_FDCWD, beside, &expect));
	format_reads_str(format, buf_str(&text), buf_cstr(&expect));
	format_cut_short_str(format, buf_str(&text), trailer);
}

#endif
