#include <string.h>

#include "base/buf.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/config.h"
#include "gate/builtin/builtin.h"
#include "gate/builtin/kept.h"
#include "gate/builtin/weaker.h"
#include "gate/glob.h"
#include "gate/room.h"
#include "gate/testfile.h"
#include "git/tree.h"
#include "model/verdict.h"

/* One declared name, over all changed test files of both sides. */
struct name {
	const char *file;	/* where the base has it, borrowed */
	int64_t line;
	size_t before, after;
	size_t asserts_before, asserts_after;
};

/* A line that keeps tests from running. */
struct mark {
	char *text;
	const char *file;
	int64_t line;
	bool new_file;
	bool runner;
	char *test;		/* which test it keeps from running, or NULL */
};

struct survey {
	struct inspect *in;
	struct map names;	/* struct name */
	struct { VEC_FIELDS(struct mark); } before, after;
};

static void
survey_free(struct survey *sv)
{
	size_t i;

	map_free(&sv->names, free);
	for (i = 0; i < sv->before.n; i++) {
		free(sv->before.v[i].text);
		free(sv->before.v[i].test);
	}
	for (i = 0; i < sv->after.n; i++) {
		free(sv->after.v[i].text);
		free(sv->after.v[i].test);
	}
	vec_free(&sv->before);
	vec_free(&sv->after);
}

static void findf(const struct survey *sv, bool blocks, const char *file, int64_t line,
    const char *fmt, ...) PRINTF(5, 6);

static void
findf(const struct survey *sv, bool blocks, const char *file, int64_t line,
    const char *fmt, ...)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	inspect_find(sv->in, blocks ? FINDING_BLOCKS : FINDING_NOTE, GATE_TESTS_KEPT, file, line,
	    "%s", buf_cstr(&b));
}

/* ---- reading ---- */

static bool
is_file(unsigned mode)
{
	return mode == MODE_FILE || mode == MODE_EXEC;
}

static struct name *
name_of(struct survey *sv, const char *key)
{
	struct name *n = map_get(&sv->names, key);

	if (n == NULL) {
		n = mem_alloc(sizeof(*n));
		map_set(&sv->names, key, n);
	}
	return n;
}

static void
take_decls(struct survey *sv, const struct testfile *t, const char *path, bool before)
{
	size_t i;

	for (i = 0; i < t->decls.n; i++) {
		struct name *n = name_of(sv, t->decls.v[i].name);

		if (before) {
			n->file = path;
			n->line = t->decls.v[i].line;
			n->before++;
			n->asserts_before += t->decls.v[i].asserts;
		} else {
			n->after++;
			n->asserts_after += t->decls.v[i].asserts;
		}
	}
}

/* An attribute stands before its test, all else in it; borrowed from t. */
static const char *
marked_test(const struct testfile *t, const struct test_mark *m)
{
	bool ahead = m->text[0] == '@' || m->text[0] == '#' || m->text[0] == '[';
	size_t i;

	for (i = 0; i < t->decls.n; i++)
		if (t->decls.v[i].line > m->line)
			break;
	if (ahead)
		return i < t->decls.n ? t->decls.v[i].name : NULL;
	return i > 0 ? t->decls.v[i - 1].name : NULL;
}

static void
take_marks(struct survey *sv, const struct testfile *t, const struct diff_file *f,
    bool before, bool runner)
{
	size_t i;

	for (i = 0; i < t->skips.n; i++) {
		struct mark m = {mem_strdup(t->skips.v[i].text), f->path, t->skips.v[i].line,
		    f->status == 'A', runner, mem_strdup(marked_test(t, &t->skips.v[i]))};

		if (before)
			vec_push(&sv->before, m);
		else
			vec_push(&sv->after, m);
	}
}

/* false in *read when the side has no such file, or one too large to look into. */
static struct err *
read_side(struct survey *sv, const struct diff_file *f, bool before, struct buf *text,
    bool *read)
{
	unsigned mode = before ? f->old_mode : f->new_mode;
	struct err *e;

	*read = false;
	if (!is_file(mode))
		return NULL;
	e = blob_read(sv->in->s->gates->o.repo, before ? &f->old_oid : &f->new_oid, text);
	if (err_is(e, ERR_LIMIT)) {
		err_ignore(e);
		return NULL;
	}
	TRY(e);
	*read = true;
	return NULL;
}

static struct err *
scan_side(struct survey *sv, const struct diff_file *f, bool before, bool *blank,
    size_t *decls)
{
	AUTO(buf_free) struct buf text = BUF_INIT(TESTFILE_MAX);
	AUTO(testfile_free) struct testfile t = {0};
	const struct testlang *lang = testlang_of(f->path);
	const struct runner_file *runner = runner_of(f->path);
	bool read = false;
	struct err *e;

	*blank = false;
	*decls = 0;
	TRY(read_side(sv, f, before, &text, &read));
	if (!read)
		return NULL;
	e = lang != NULL ? testfile_scan(lang, buf_str(&text), &t) :
	    runner_scan(runner, buf_str(&text), &t);
	/* Written to exhaust the patterns, or so odd that it does. */
	if (err_is(e, ERR_LIMIT)) {
		findf(sv, true, f->path, 0, "the file is too intricate to be judged");
		err_ignore(e);
		return NULL;
	}
	TRY(e);
	if (lang != NULL)
		take_decls(sv, &t, f->path, before);
	take_marks(sv, &t, f, before, lang == NULL);
	*blank = t.blank || text.n == 0;
	*decls = t.decls.n;
	return NULL;
}

/* ---- whole files ---- */

/* The content, or much of it, came to lie at another place for tests. */
static bool
moved(const struct inspect *in, const struct diff_file *gone)
{
	const struct change_file *now = change_from(in->change, gone->path);
	const struct subject *s = in->s;
	size_t i;

	if (now != NULL && now->status == 'R' &&
	    (testlang_of(now->path) != NULL || testlang_in_test_dir(now->path)))
		return true;
	for (i = 0; i < s->diff.n; i++) {
		const struct diff_file *f = &s->diff.v[i];

		if (is_file(f->new_mode) && oid_eq(&f->new_oid, &gone->old_oid) &&
		    !oid_is_zero(&gone->old_oid) &&
		    (testlang_of(f->path) != NULL || testlang_in_test_dir(f->path)))
			return true;
	}
	return false;
}

/* Names are accounted for one by one; what is left are files without any. */
static struct err *
survey_file(struct survey *sv, const struct diff_file *f)
{
	bool lang = testlang_of(f->path) != NULL, blank_before, blank_after;
	size_t decls_before, decls_after;

	if (!lang && runner_of(f->path) == NULL) {
		if (testlang_in_test_dir(f->path) && is_file(f->old_mode) &&
		    !is_file(f->new_mode) && !moved(sv->in, f))
			findf(sv, false, f->path, 0, "a file of the tests was deleted");
		return NULL;
	}
	TRY(scan_side(sv, f, true, &blank_before, &decls_before));
	TRY(scan_side(sv, f, false, &blank_after, &decls_after));
	if (!lang || !is_file(f->old_mode) || blank_before)
		return NULL;
	if (!is_file(f->new_mode)) {
		if (decls_before == 0 && !moved(sv->in, f))
			findf(sv, testlang_in_test_dir(f->path), f->path, 0, "a test file was deleted");
	} else if (blank_after) {
		findf(sv, true, f->path, 0, "a test file was emptied");
	}
	return NULL;
}

/* ---- what became of it ---- */

static void
judge_names(const struct survey *sv)
{
	size_t i;

	for (i = 0; i < sv->names.n; i++) {
		const struct name *n = sv->names.entries[i].value;
		const char *key = sv->names.entries[i].key;

		if (n->before == 0)
			continue;
		if (n->after < n->before)
			findf(sv, true, n->file, n->line, "the test '%s' was removed", key);
		else if (n->asserts_before != 0 && n->asserts_after == 0)
			findf(sv, true, n->file, n->line, "the test '%s' asserts nothing any more",
			    key);
		else if (n->asserts_after < n->asserts_before && n->after == n->before)
			inspect_find(sv->in, FINDING_FLAGGED, "fewer", n->file, n->line,
			    "the test '%s' asserts less: %zu times, not %zu", key, n->asserts_after, n->asserts_before);
	}
}

/* Take one equal line off the list. */
static bool
take_equal(struct mark *v, size_t n, bool *used, const struct mark *m)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (used[i] || v[i].runner != m->runner || strcmp(v[i].text, m->text) != 0)
			continue;
		if (v[i].test != NULL && m->test != NULL && strcmp(v[i].test, m->test) != 0)
			continue;
		/* Of a runner's configuration, only lines of the same file are the same. */
		if (m->runner && strcmp(v[i].file, m->file) != 0)
			continue;
		used[i] = true;
		return true;
	}
	return false;
}

static bool
is_conftest(const char *path)
{
	return glob_path("conftest.py", path, 0);
}

/* What was not there before is not lost. */
static bool
is_new_test(const struct survey *sv, const struct mark *m)
{
	const struct name *n = m->test == NULL ? NULL : map_get(&sv->names, m->test);

	return n != NULL && n->before == 0;
}

static void
judge_marks(const struct survey *sv)
{
	AUTO(mem_free_p) bool *used = mem_calloc(sv->before.n + 1, sizeof(*used));
	const struct mark *m;
	size_t i;

	for (i = 0; i < sv->after.n; i++) {
		m = &sv->after.v[i];
		if (take_equal(sv->before.v, sv->before.n, used, m))
			continue;
		if (m->runner)
			findf(sv, !m->new_file, m->file, m->line, "which tests run was changed: %.200s",
			    m->text);
		else
			findf(sv, (!m->new_file && !is_new_test(sv, m)) || is_conftest(m->file), m->file, m->line,
			    "a marker that keeps tests from running: %.200s", m->text);
	}
	for (i = 0; i < sv->before.n; i++) {
		m = &sv->before.v[i];
		if (m->runner && !used[i])
			findf(sv, true, m->file, m->line, "which tests run was changed: %.200s", m->text);
	}
}

struct err *
kept_judge(struct inspect *in)
{
	AUTO(survey_free) struct survey sv = {.in = in};
	const struct diff *d = &in->s->diff;
	size_t i;

	if (!defence_on(DEFENCE_KEPT_TESTS))
		return NULL;
	for (i = 0; i < d->n; i++)
		TRY(survey_file(&sv, &d->v[i]));
	judge_names(&sv);
	judge_marks(&sv);
	return weaker_judge(in);
}

/* ---- reports ---- */

/* How many tests of one name passed; a case of a test has the test's name. */
struct tally {
	size_t before, after;
};

static struct str
name_stem(const struct junit_case *c)
{
	struct str name = str_of(c->name);
	ptrdiff_t at = str_ends(name, "]") ? str_chr(name, '[') : -1;

	return at > 0 ? str_take(name, (size_t)at) : name;
}

static void
count_names(struct map *names, const struct junit *j, bool before)
{
	size_t i;

	for (i = 0; i < j->n; i++) {
		struct tally *t;

		if (j->v[i]->status > JUNIT_FLAKY)
			continue;
		t = map_get_str(names, name_stem(j->v[i]));
		if (t == NULL) {
			t = mem_alloc(sizeof(*t));
			map_set_str(names, name_stem(j->v[i]), t);
		}
		t->before += before;
		t->after += !before;
	}
}

/*
 * NULL when nothing is lost, else what happened to the test.  One that goes by
 * another file, class or case of the same name is there still, as long as as
 * many of that name pass.
 */
static const char *
loss(const struct conf_gate *gate, const struct junit_case *base, const struct junit *now,
    const struct map *names)
{
	const struct junit_case *c;
	const struct tally *t;

	if (base->status > JUNIT_FLAKY || glob_names(&gate->tolerate, base->id) ||
	    glob_names(&gate->tolerate, base->name))
		return NULL;
	c = junit_get(now, base->id);
	if (c != NULL)
		return c->status == JUNIT_SKIPPED ? "skipped" : NULL;
	t = map_get_str(names, name_stem(base));
	return t != NULL && t->after >= t->before ? NULL : "gone";
}

bool
kept_lost(const struct conf_gate *gate, const struct outcome *base,
    const struct outcome *candidate)
{
	struct map names = {0};
	bool lost = false;
	size_t i;

	count_names(&names, &base->facts.tests, true);
	count_names(&names, &candidate->facts.tests, false);
	for (i = 0; i < base->facts.tests.n && !lost; i++)
		lost = loss(gate, base->facts.tests.v[i], &candidate->facts.tests, &names) != NULL;
	map_free(&names, free);
	return lost;
}

void
kept_reports(struct subject *s, const struct conf_gate *gate, const struct outcome *base,
    const struct outcome *candidate, struct verdict *v)
{
	struct inspect in = {.s = s, .kind = builtin_of(GATE_TESTS_KEPT), .v = v};
	const struct survey sv = {.in = &in};
	struct map names = {0};
	const char *lost;
	size_t i;

	if ((candidate->facts.kinds & FACTS_TESTS) == 0 || !defence_on(DEFENCE_KEPT_TESTS))
		return;
	if ((base->facts.kinds & FACTS_TESTS) == 0) {
		findf(&sv, false, "", 0, "the gate '%s' has no report on the base to compare with",
		    gate->name);
		return;
	}
	count_names(&names, &base->facts.tests, true);
	count_names(&names, &candidate->facts.tests, false);
	for (i = 0; i < base->facts.tests.n; i++) {
		lost = loss(gate, base->facts.tests.v[i], &candidate->facts.tests, &names);
		if (lost != NULL)
			findf(&sv, true, "", 0, "'%s' of the gate '%s' passed on the base and is %s",
			    base->facts.tests.v[i]->id, gate->name, lost);
	}
	map_free(&names, free);
}
