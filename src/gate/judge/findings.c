#include <ctype.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "conf/config.h"
#include "gate/change.h"
#include "gate/judge/hunk.h"
#include "gate/judge/judge.h"
#include "gate/report/facts.h"
#include "git/tree.h"
#include "model/verdict.h"

#define SHOWN_MAX 30		/* in the evidence */
#define OLD_MAX 200		/* of what the base has too, that many are told one by one */

/* One finding, with its place in the candidate's files. */
struct spot {
	const struct complaint *c;
	const char *path;		/* in the candidate */
	const struct change_file *file;	/* NULL: unchanged */
	int64_t line;			/* in the candidate; of the base's, 0 when it is gone */
	int64_t hunk;			/* see hunk.h; HUNK_NONE when its line is unchanged */
	bool moved;
	bool matched;
	bool told;
	const char *print;		/* of the candidate's, when told */
	size_t next;			/* of the same key; index + 1, 0 is none */
};

struct side {
	bool base;
	struct { VEC_FIELDS(struct spot); } spots;
};

struct match {
	struct judging *j;
	struct arena mem;
	struct side base, now;
	struct hunks hunks;
	struct map lines;	/* "b" or "c" before the path -> struct lines */
};

/* Where the lines of a file begin; no text when it cannot be read. */
struct lines {
	struct str text;
	struct { VEC_FIELDS(size_t); } starts;
};

static void
lines_free(void *lines)
{
	struct lines *l = lines;

	vec_free(&l->starts);
	free(l);
}

static void
match_free(struct match *m)
{
	vec_free(&m->base.spots);
	vec_free(&m->now.spots);
	hunks_free(&m->hunks);
	map_free(&m->lines, lines_free);
	arena_free(&m->mem);
}

/* ---- places ---- */

static void
place_base(struct match *m, struct spot *s)
{
	const struct change *change = m->j->change;

	s->path = judge_path_now(change, s->c->path);
	s->file = change == NULL ? NULL : change_from(change, s->c->path);
	if (s->file == NULL)
		return;
	s->line = change_map(s->file, s->c->line);
	if (s->line == 0 && s->c->line != 0)
		s->hunk = hunk_of_base(&m->hunks, s->file, s->c->line);
}

static void
place_now(struct match *m, struct spot *s)
{
	s->file = m->j->change == NULL ? NULL : change_of(m->j->change, s->c->path);
	if (s->file != NULL && s->c->line != 0)
		s->hunk = hunk_of_now(&m->hunks, s->file, s->c->line, &s->moved);
}

static void
take_side(struct match *m, const struct facts *f, struct side *side)
{
	size_t i;

	for (i = 0; i < f->complaints.n; i++) {
		const struct complaint *c = &f->complaints.v[i];
		struct spot s = {.c = c, .path = c->path, .line = c->line, .hunk = HUNK_NONE};

		if (side->base)
			place_base(m, &s);
		else
			place_now(m, &s);
		vec_push(&side->spots, s);
	}
}

/* ---- texts ---- */

static struct err *
lines_of(struct match *m, const char *path, bool base, const struct lines **out)
{
	AUTO(mem_free_p) char *key = mem_printf("%c%s", base ? 'b' : 'c', path);
	struct lines *l = map_get(&m->lines, key);
	struct str rest, line;
	struct err *e;

	if (l == NULL) {
		l = mem_alloc(sizeof(*l));
		map_set(&m->lines, key, l);
		e = change_text(m->j->change, path, base, &l->text);
		/* A report may name what is no file, or one too large to look into. */
		if (err_is(e, ERR_NOT_FOUND) || err_is(e, ERR_LIMIT)) {
			err_ignore(e);
			l->text = (struct str){0};
			e = NULL;
		}
		TRY(e);
		rest = l->text;
		while (str_next(&rest, '\n', &line))
			vec_push(&l->starts, (size_t)(line.p - l->text.p));
	}
	*out = l;
	return NULL;
}

/* The text of its line without white space; false when there is none. */
static struct err *
add_line(struct match *m, const struct spot *s, bool base, struct buf *out, bool *found)
{
	const struct lines *l;
	struct str line;
	size_t i, before = out->n;

	*found = false;
	if (s->c->line == 0 || s->c->path[0] == '\0' || m->j->change == NULL)
		return NULL;
	TRY(lines_of(m, s->c->path, base, &l));
	if ((uint64_t)s->c->line > l->starts.n)
		return NULL;
	line = str_skip(l->text, l->starts.v[s->c->line - 1]);
	for (i = 0; i < line.n && line.p[i] != '\n'; i++)
		if (!isspace((unsigned char)line.p[i]))
			buf_addc(out, line.p[i]);
	*found = out->n != before;
	return NULL;
}

/* ---- keys: two findings with the same are one ---- */

/* Adds to 'out'; sets *has when the finding has such a key at all. */
typedef struct err *key_fn(struct match *m, const struct spot *s, bool base, struct buf *out,
    bool *has);

static struct err *
key_place(struct match *m, const struct spot *s, bool base, struct buf *out, bool *has)
{
	(void)m;
	(void)base;
	*has = s->line != 0 && s->hunk == HUNK_NONE;
	buf_addf(out, "%s\n%lld", s->path, (long long)s->line);
	return NULL;
}

static struct err *
key_place_text(struct match *m, const struct spot *s, bool base, struct buf *out, bool *has)
{
	TRY(key_place(m, s, base, out, has));
	buf_addf(out, "\n%s", s->c->text);
	return NULL;
}

static struct err *
key_print(struct match *m, const struct spot *s, bool base, struct buf *out, bool *has)
{
	(void)m;
	(void)base;
	*has = s->c->print[0] != '\0';
	buf_addf(out, "%s\n%s", s->path, s->c->print);
	return NULL;
}

static struct err *
key_text(struct match *m, const struct spot *s, bool base, struct buf *out, bool *has)
{
	*has = true;
	buf_addf(out, "%s\n", s->path);
	TRY(add_line(m, s, base, out, has));
	if (!*has) {
		*has = true;
		buf_addf(out, "\n%s", s->c->text);
	}
	return NULL;
}

static struct err *
key_moved(struct match *m, const struct spot *s, bool base, struct buf *out, bool *has)
{
	*has = false;
	if (base ? s->hunk != HUNK_NONE : s->moved)
		TRY(add_line(m, s, base, out, has));
	return NULL;
}

static struct err *
key_hunk(struct match *m, const struct spot *s, bool base, struct buf *out, bool *has)
{
	(void)m;
	(void)base;
	*has = s->hunk != HUNK_NONE || s->c->line == 0;
	buf_addf(out, "%s\n%lld", s->path, (long long)s->hunk);
	return NULL;
}

/* ---- matching ---- */

/* A rule without a name is known by what it says. */
static struct err *
key_of(struct match *m, const struct spot *s, bool base, key_fn *fn, struct buf *out, bool *has)
{
	buf_clear(out);
	buf_addf(out, "%s\n%s\n", s->c->tool, s->c->rule[0] == '\0' ? s->c->text : s->c->rule);
	return fn(m, s, base, out, has);
}

static struct err *
index_base(struct match *m, key_fn *fn, struct map *first)
{
	AUTO(buf_free) struct buf key = BUF_INIT(BUF_TEXT);
	bool has;
	size_t i;

	/* Backwards, so that the first one of a key is taken first. */
	for (i = m->base.spots.n; i > 0; i--) {
		struct spot *s = &m->base.spots.v[i - 1];

		if (s->matched)
			continue;
		TRY(key_of(m, s, true, fn, &key, &has));
		if (has)
			s->next = (size_t)(uintptr_t)map_set_str(first, buf_str(&key),
			    (void *)(uintptr_t)i);
	}
	return NULL;
}

/* With 'any', one of the base's stands for any number of the candidate's. */
static struct err *
match_indexed(struct match *m, key_fn *fn, bool any, struct map *first)
{
	AUTO(buf_free) struct buf key = BUF_INIT(BUF_TEXT);
	size_t i, at;
	bool has;

	TRY(index_base(m, fn, first));
	for (i = 0; i < m->now.spots.n && first->n != 0; i++) {
		struct spot *s = &m->now.spots.v[i];

		if (s->matched)
			continue;
		TRY(key_of(m, s, false, fn, &key, &has));
		at = has ? (size_t)(uintptr_t)map_get_str(first, buf_str(&key)) : 0;
		if (at == 0)
			continue;
		s->matched = true;
		m->base.spots.v[at - 1].matched = true;
		if (!any)
			map_set_str(first, buf_str(&key),
			    (void *)(uintptr_t)m->base.spots.v[at - 1].next);
	}
	for (i = 0; i < m->base.spots.n; i++) {
		struct spot *s = &m->base.spots.v[i];

		/* What was reported twice of one place is all accounted for. */
		if (any && s->matched && s->next != 0)
			m->base.spots.v[s->next - 1].matched = true;
		s->next = 0;
	}
	return NULL;
}

static struct err *
match_all(struct match *m)
{
	static const struct {
		key_fn *fn;
		bool any;
	} passes[] = {
		{key_place_text, true}, {key_place, false}, {key_print, false}, {key_text, false},
		{key_moved, false}, {key_hunk, false},
	};
	struct err *e;
	size_t i;

	take_side(m, m->j->now, &m->now);
	if (m->j->base == NULL)
		return NULL;
	m->base.base = true;
	take_side(m, m->j->base, &m->base);
	for (i = 0; i < NITEMS(passes); i++) {
		struct map first = {0};

		e = match_indexed(m, passes[i].fn, passes[i].any, &first);
		map_free(&first, NULL);
		TRY(e);
	}
	return NULL;
}

/* ---- what it comes to ---- */

static enum finding_kind
kind_of(const struct judging *j, const struct spot *s)
{
	if (s->matched)
		return FINDING_OLD;
	return s->c->severity < (enum severity)j->gate->severity ? FINDING_NOTE : FINDING_BLOCKS;
}

/* Which are told, and in which files they are. */
static void
choose(struct match *m, struct map *paths)
{
	size_t i, old = 0;

	for (i = 0; i < m->now.spots.n; i++) {
		struct spot *s = &m->now.spots.v[i];

		s->told = !s->matched || old++ < OLD_MAX;
		if (s->told)
			map_set(paths, s->c->path, m);
	}
}

static struct err *
give_prints(struct match *m, const struct map *paths, struct map *seen)
{
	AUTO(buf_free) struct buf key = BUF_INIT(BUF_TEXT);
	struct oid oid;
	uintptr_t nth;
	size_t i;
	bool has;

	for (i = 0; i < m->now.spots.n; i++) {
		struct spot *s = &m->now.spots.v[i];

		if (map_get(paths, s->c->path) == NULL)
			continue;
		TRY(key_of(m, s, false, key_text, &key, &has));
		nth = (uintptr_t)map_get_str(seen, buf_str(&key));
		map_set_str(seen, buf_str(&key), (void *)(nth + 1));
		buf_addf(&key, "\n%zu", (size_t)nth);
		TRY(blob_hash(buf_str(&key), &oid));
		s->print = arena_strdup(&m->mem, oid_hex(&oid).s);
	}
	return NULL;
}

/* The first, second .. of one text in one file keep their fingerprints when lines move. */
static struct err *
take_prints(struct match *m)
{
	struct map paths = {0}, seen = {0};
	struct err *e;

	choose(m, &paths);
	e = give_prints(m, &paths, &seen);
	map_free(&paths, NULL);
	map_free(&seen, NULL);
	return e;
}

static void
add_evidence(struct judging *j, const struct spot *s, const char *text)
{
	const struct complaint *c = s->c;

	buf_adds(&j->evidence, "  ");
	if (c->path[0] != '\0' && c->line != 0)
		buf_addf(&j->evidence, "%s:%lld: ", c->path, (long long)c->line);
	else if (c->path[0] != '\0')
		buf_addf(&j->evidence, "%s: ", c->path);
	buf_addf(&j->evidence, "[%s%s%s, %s] %s\n", c->tool, c->rule[0] == '\0' ? "" : " ", c->rule,
	    severity_word(c->severity), text);
}

static void
tell_one(struct judging *j, const struct spot *s, enum finding_kind kind, bool evidence)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	const struct complaint *c = s->c;
	struct finding f = {.kind = kind, .rule = c->rule[0] == '\0' ? c->tool : c->rule,
	    .file = c->path, .line = c->line, .severity = severity_word(c->severity), .print = s->print};

	buf_adds(&text, c->text);
	if (c->suppressed && kind != FINDING_OLD)
		buf_adds(&text, " (the tool was told to be silent about it, which counts for nothing here)");
	f.text = buf_cstr(&text);
	verdict_add(j->verdict, &f);
	if (evidence)
		add_evidence(j, s, f.text);
}

/* Those that block come first, since what is kept of a verdict has its limit. */
static size_t
tell(struct match *m, enum finding_kind kind)
{
	struct judging *j = m->j;
	size_t i, n = 0;

	for (i = 0; i < m->now.spots.n; i++) {
		const struct spot *s = &m->now.spots.v[i];

		if (kind_of(j, s) != kind)
			continue;
		if (kind == FINDING_BLOCKS && n == 0)
			buf_adds(&j->evidence, "Findings that the base does not have:\n");
		n++;
		if (s->told)
			tell_one(j, s, kind, kind == FINDING_BLOCKS && n <= SHOWN_MAX);
	}
	if (kind == FINDING_BLOCKS && n > SHOWN_MAX)
		buf_addf(&j->evidence, "  and %zu more\n", n - SHOWN_MAX);
	return n;
}

struct err *
judge_findings(struct judging *j)
{
	AUTO(match_free) struct match m = {.j = j};
	size_t blocking, noted, old;

	TRY(match_all(&m));
	TRY(take_prints(&m));
	blocking = tell(&m, FINDING_BLOCKS);
	noted = tell(&m, FINDING_NOTE);
	old = tell(&m, FINDING_OLD);
	verdict_measure(j->verdict, "findings", (int64_t)m.now.spots.n, "count");
	verdict_measure(j->verdict, "new_findings", (int64_t)(blocking + noted), "count");
	judge_count(j, "finding", "findings", blocking, noted, old);
	return NULL;
}
