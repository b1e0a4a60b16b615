#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "gate/change.h"
#include "gate/judge/cover.h"
#include "gate/report/facts.h"
#include "gate/testfile.h"

void
coverage_free(struct coverage *c)
{
	vec_free(&c->gaps);
	vec_free(&c->unmeasured);
}

/* Lines of one text that the change deleted, by what the base says of them. */
struct origin {
	size_t covered, missed;
};

struct survey {
	const struct facts *now, *base;
	struct change *change;
	struct coverage *out;
	struct map origins;	/* trimmed text -> struct origin */
	struct map seen;	/* "b" or "c" before the path of a struct cover */
	struct map kinds;	/* folder and extension of files that the reports know */
	struct { VEC_FIELDS(unsigned char); } was;	/* of the file in hand, by line of the candidate */
};

static void
survey_free(struct survey *s)
{
	map_free(&s->origins, free);
	map_free(&s->seen, NULL);
	map_free(&s->kinds, NULL);
	vec_free(&s->was);
}

static bool
once(struct survey *s, char side, const struct cover *c)
{
	AUTO(mem_free_p) char *key = mem_printf("%c%s", side, c->path);

	return map_set(&s->seen, key, s) == NULL;
}

static const struct cover *
cover_of(const struct facts *f, const char *path)
{
	return f == NULL || path[0] == '\0' ? NULL : facts_cover_of(f, path);
}

static unsigned char
state_of(const struct cover *c, size_t line)
{
	return c != NULL && line <= c->lines.n ? c->lines.v[line - 1] : COVER_NONE;
}

static bool
says_something(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (isalnum((unsigned char)s.p[i]) || (unsigned char)s.p[i] >= 0x80)
			return true;
	return false;
}

static void
add_gap(struct survey *s, enum gap_kind kind, const char *path, size_t line)
{
	struct gap *last = s->out->gaps.n == 0 ? NULL : &s->out->gaps.v[s->out->gaps.n - 1];
	struct gap g = {kind, path, (int64_t)line, (int64_t)line};

	/* One file is looked at from its top to its end. */
	if (last != NULL && last->kind == kind && last->path == path && last->last == g.first - 1)
		last->last = g.first;
	else
		vec_push(&s->out->gaps, g);
}

/* ---- lines that are gone ---- */

static void
take_origin(struct survey *s, struct str text, unsigned char state)
{
	struct origin *o;

	text = str_trim(text);
	o = map_get_str(&s->origins, text);
	if (o == NULL) {
		o = mem_alloc(sizeof(*o));
		map_set_str(&s->origins, text, o);
	}
	if (state == COVER_HIT) {
		o->covered++;
	} else {
		o->missed++;
		s->out->freed++;
	}
}

static void
take_origins(struct survey *s)
{
	size_t i, k;

	for (i = 0; s->base != NULL && i < change_count(s->change); i++) {
		const struct change_file *f = change_at(s->change, i);
		const struct cover *c = cover_of(s->base, f->from);

		for (k = 0; c != NULL && k < f->deleted.n; k++) {
			unsigned char state = state_of(c, (size_t)f->deleted.v[k].line);

			if (state != COVER_NONE)
				take_origin(s, f->deleted.v[k].text, state);
		}
	}
}

static void
take_moved(struct survey *s, const char *path, const struct change_line *l, unsigned char state)
{
	struct origin *o = map_get_str(&s->origins, str_trim(l->text));
	bool covered = state == COVER_HIT;

	if (o == NULL || state == COVER_NONE)
		return;
	if (covered && o->covered != 0) {
		o->covered--;
	} else if (o->missed != 0) {
		o->missed--;
		s->out->freed--;
		s->out->gained += covered;
	} else if (o->covered != 0) {
		o->covered--;
		s->out->lost++;
		add_gap(s, GAP_LOST, path, (size_t)l->line);
	}
}

/* ---- one file ---- */

/* What the base says of each line that is still there, into 's->was'; true when it says anything. */
static bool
take_was(struct survey *s, const struct cover *base, const struct change_file *f)
{
	bool any = false;
	int64_t line;
	size_t i;

	vec_clear(&s->was);
	for (i = 0; base != NULL && i < base->lines.n; i++) {
		if (base->lines.v[i] == COVER_NONE)
			continue;
		line = f == NULL ? (int64_t)i + 1 : change_map(f, (int64_t)i + 1);
		if (line == 0)
			continue;
		any = true;
		/* Lines keep their order. */
		vec_reserve(&s->was, (size_t)line - s->was.n);
		while (s->was.n < (size_t)line)
			s->was.v[s->was.n++] = COVER_NONE;
		s->was.v[line - 1] = base->lines.v[i];
	}
	return any;
}

static void
count_changed(struct survey *s, const char *path, size_t line, bool covered)
{
	if (covered) {
		s->out->changed_covered++;
		return;
	}
	s->out->changed_missed++;
	add_gap(s, GAP_CHANGED, path, line);
}

/* A line that the change did not touch.  'gone': the file is in no report any more. */
static void
count_kept(struct survey *s, const char *path, size_t line, unsigned char state, bool gone)
{
	unsigned char was = line <= s->was.n ? s->was.v[line - 1] : COVER_NONE;

	if (was == COVER_HIT && (state == COVER_MISSED || gone)) {
		s->out->lost++;
		add_gap(s, GAP_LOST, path, line);
	} else if (was == COVER_MISSED && state == COVER_HIT) {
		s->out->gained++;
	}
}

/* All of it counts as changed: nothing is compared, or nobody knows its lines. */
static void
survey_whole(struct survey *s, const char *path, const struct cover *now)
{
	size_t i;

	for (i = 0; i < now->lines.n; i++)
		if (now->lines.v[i] != COVER_NONE)
			count_changed(s, path, i + 1, now->lines.v[i] == COVER_HIT);
}

/* f NULL: unchanged.  'now' NULL: only the base's reports know it. */
static void
survey_lines(struct survey *s, const char *path, const struct cover *now,
    const struct cover *base, const struct change_file *f)
{
	bool gone = take_was(s, base, f) && now == NULL;
	size_t n = now == NULL || now->lines.n < s->was.n ? s->was.n : now->lines.n, i, k = 0;

	if (f != NULL && f->added.n != 0 && (size_t)f->added.v[f->added.n - 1].line > n)
		n = (size_t)f->added.v[f->added.n - 1].line;
	for (i = 1; i <= n; i++) {
		const struct change_line *l = f != NULL && k < f->added.n &&
		    (size_t)f->added.v[k].line == i ? &f->added.v[k++] : NULL;
		unsigned char state = state_of(now, i);

		if (l == NULL)
			count_kept(s, path, i, state, gone);
		else if (l->moved)
			take_moved(s, path, l, state);
		else if (state != COVER_NONE || (gone && says_something(l->text)))
			count_changed(s, path, i, state == COVER_HIT);
	}
}

static bool
lines_unknown(const struct change_file *f)
{
	return (f->binary || f->large) && !oid_eq(&f->old_oid, &f->new_oid);
}

static void
take_unmeasured(struct survey *s, const struct change_file *f)
{
	struct unmeasured u = {f->path, f->status == 'A', 0};
	size_t i;

	for (i = 0; i < f->added.n; i++)
		u.lines += !f->added.v[i].moved && says_something(f->added.v[i].text);
	if (u.lines != 0)
		vec_push(&s->out->unmeasured, u);
}

static void
survey_changed(struct survey *s, const struct change_file *f)
{
	const struct cover *base = cover_of(s->base, f->from);
	const struct cover *now = NULL;

	if (base != NULL)
		once(s, 'b', base);
	if (change_is_file(f->new_mode))
		now = cover_of(s->now, f->path);
	if (now != NULL)
		once(s, 'c', now);
	if (!change_is_file(f->new_mode))
		return;
	if (now != NULL && lines_unknown(f))
		survey_whole(s, f->path, now);
	else if (now != NULL || base != NULL)
		survey_lines(s, f->path, now, base, f);
	else
		take_unmeasured(s, f);
}

/* ---- files that no report knows ---- */

/* "src\npy"; false without an extension.  Where reports know no folders, "*\njava". */
static bool
kind_key(const char *path, bool tail, struct buf *out)
{
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
	const char *dot = strrchr(name, '.');

	buf_clear(out);
	if (dot == NULL || dot == name)
		return false;
	if (tail)
		buf_adds(out, "*");
	else if (slash != NULL)
		buf_add(out, path, (size_t)(slash - path));
	buf_addf(out, "\n%s", dot + 1);
	return true;
}

static void
take_kinds(struct survey *s)
{
	AUTO(buf_free) struct buf key = BUF_INIT(BUF_TEXT);
	size_t i;

	for (i = 0; i < s->now->covers.n; i++) {
		const struct cover *c = s->now->covers.v[i];

		if (kind_key(c->path, c->tail, &key))
			map_set_str(&s->kinds, buf_str(&key), s);
	}
}

static bool
is_test(const char *path)
{
	/* Rust has its tests in the sources. */
	return testlang_in_test_dir(path) ||
	    (testlang_of(path) != NULL && !str_ends(str_of(path), ".rs"));
}

/* Keep those that have files of their kind beside them, which are known. */
static void
sift_unmeasured(struct survey *s)
{
	AUTO(buf_free) struct buf key = BUF_INIT(BUF_TEXT);
	struct coverage *c = s->out;
	size_t i, n = 0;

	if (c->unmeasured.n != 0)
		take_kinds(s);
	for (i = 0; i < c->unmeasured.n; i++) {
		const char *path = c->unmeasured.v[i].path;

		if (!is_test(path) &&
		    ((kind_key(path, false, &key) && map_get_str(&s->kinds, buf_str(&key)) != NULL) ||
		    (kind_key(path, true, &key) && map_get_str(&s->kinds, buf_str(&key)) != NULL)))
			c->unmeasured.v[n++] = c->unmeasured.v[i];
	}
	c->unmeasured.n = n;
}

/* ---- the whole ---- */

static const struct cover *
same_path(const struct facts *f, const struct cover *c)
{
	return f == NULL ? NULL : map_get(&f->cover_of, c->path);
}

/* A file that the change does not touch.  What is made by the build changes for itself. */
static struct err *
survey_same(struct survey *s, const struct cover *now, const struct cover *base)
{
	const char *path = base->path;
	struct coverage before = *s->out;
	struct str text;
	struct err *e;

	survey_lines(s, path, now, base, NULL);
	if (base->tail || (s->out->lost == before.lost && s->out->gained == before.gained))
		return NULL;
	e = change_text(s->change, path, true, &text);
	if (err_is(e, ERR_NOT_FOUND)) {
		s->out->lost = before.lost;
		s->out->gained = before.gained;
		s->out->gaps.n = before.gaps.n;
	}
	if (err_is(e, ERR_NOT_FOUND) || err_is(e, ERR_LIMIT)) {
		err_ignore(e);
		return NULL;
	}
	return e;
}

static struct err *
survey_rest(struct survey *s)
{
	size_t i;

	for (i = 0; i < s->now->covers.n; i++) {
		const struct cover *c = s->now->covers.v[i], *base = same_path(s->base, c);

		if (c->path[0] == '\0' || !once(s, 'c', c))
			continue;
		if (s->change == NULL)
			survey_whole(s, c->path, c);
		/* What lies at the same path on the base may have been renamed. */
		else if (base != NULL && once(s, 'b', base))
			TRY(survey_same(s, c, base));
	}
	for (i = 0; s->base != NULL && s->change != NULL && i < s->base->covers.n; i++) {
		const struct cover *c = s->base->covers.v[i];

		if (c->path[0] != '\0' && once(s, 'b', c))
			TRY(survey_same(s, NULL, c));
	}
	return NULL;
}

static void
count_all(struct survey *s)
{
	size_t i, k;

	for (i = 0; i < s->now->covers.n; i++) {
		const struct cover *c = s->now->covers.v[i];

		for (k = 0; k < c->lines.n; k++) {
			s->out->covered += c->lines.v[k] == COVER_HIT;
			s->out->missed += c->lines.v[k] == COVER_MISSED;
		}
	}
}

struct err *
coverage_compare(const struct facts *now, const struct facts *base, struct change *change,
    struct coverage *out)
{
	AUTO(survey_free) struct survey s = {
		.now = now, .base = base, .change = change, .out = out};
	size_t i;

	count_all(&s);
	if (change != NULL) {
		take_origins(&s);
		for (i = 0; i < change_count(change); i++)
			survey_changed(&s, change_at(change, i));
		sift_unmeasured(&s);
	}
	return survey_rest(&s);
}
