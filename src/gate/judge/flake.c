#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "conf/config.h"
#include "gate/change.h"
#include "gate/judge/flake.h"
#include "gate/judge/judge.h"
#include "gate/report/facts.h"
#include "gate/testfile.h"

/* ---- is it new or changed? ---- */

/* "test_sum[3-4]", "TestSum/small", "sums(int)": the part that its file has, too. */
static struct str
stem_of(const char *name)
{
	size_t n = strcspn(name, "[(/{");

	return str_trim(n == 0 ? str_of(name) : str_take(str_of(name), n));
}

static bool
touched(const struct change *c, const char *path)
{
	const struct change_file *f = change_of(c, path);

	return f != NULL && (f->added.n != 0 || f->deleted.n != 0 || f->binary || f->large);
}

static bool
file_touched(const struct judging *j, const char *file)
{
	AUTO(buf_free) struct buf path = BUF_INIT(BUF_TEXT);

	if (touched(j->change, file))
		return true;
	if (j->gate->dir[0] == '\0')
		return false;
	buf_addf(&path, "%s/%s", j->gate->dir, file);
	return touched(j->change, buf_cstr(&path));
}

/* A file that is too large to look into has everything. */
static struct err *
side_has(struct change *c, const char *path, bool base, struct str name, bool *has)
{
	struct str text;
	struct err *e = change_text(c, path, base, &text);

	if (e == NULL) {
		*has |= str_find(text, name) >= 0;
		return NULL;
	}
	*has |= err_is(e, ERR_LIMIT);
	if (!err_is(e, ERR_LIMIT) && !err_is(e, ERR_NOT_FOUND))
		return e;
	err_ignore(e);
	return NULL;
}

static struct err *
named_in_change(struct change *c, struct str name, bool *has)
{
	size_t i;

	for (i = 0; i < change_count(c) && !*has; i++) {
		const struct change_file *f = change_at(c, i);

		if (testlang_of(f->path) == NULL ||
		    (f->added.n == 0 && f->deleted.n == 0 && !f->large && !f->binary))
			continue;
		if (f->status != 'D')
			TRY(side_has(c, f->path, false, name, has));
		if (f->from[0] != '\0')
			TRY(side_has(c, f->from, true, name, has));
	}
	return NULL;
}

struct err *
flake_changed(struct judging *j, const struct junit_case *c, bool *changed)
{
	*changed = true;
	if (j->base == NULL || j->change == NULL || junit_get(&j->base->tests, c->id) == NULL)
		return NULL;
	if (c->more->file[0] != '\0' && file_touched(j, c->more->file))
		return NULL;
	*changed = false;
	return named_in_change(j->change, stem_of(c->name), changed);
}

/* ---- trying ---- */

static struct err *
try_candidate(const struct flake *f, const struct junit_case *c, struct tries *t)
{
	bool ran, passed;

	while (t->alone < FLAKE_TRIES && t->alone == t->alone_passed) {
		TRY(f->try(f->arg, c, false, &ran, &passed));
		if (!ran)
			return NULL;
		t->alone++;
		t->alone_passed += passed;
	}
	return NULL;
}

/*
 * The base's own run counts as one.  One that passes there and fails whenever
 * it is alone is no flake: it leans on other tests.
 */
static struct err *
try_base(const struct flake *f, const struct junit_case *c, const struct junit_case *on_base,
    struct tries *t)
{
	bool ran, passed, ever = false;

	t->base = 1;
	t->base_failed = on_base->status == JUNIT_FAILED;
	t->flaky = on_base->status == JUNIT_FLAKY;
	while (t->base <= FLAKE_BASE_TRIES && !t->flaky) {
		TRY(f->try(f->arg, c, true, &ran, &passed));
		if (!ran)
			return NULL;
		t->base++;
		t->base_failed += !passed;
		ever |= passed;
		t->flaky = ever && t->base_failed != 0;
	}
	return NULL;
}

struct err *
flake_judge(struct judging *j, const struct junit_case *c, struct tries *out)
{
	const struct flake *f = j->flake;
	struct tries t = {0};

	TRY(flake_changed(j, c, &t.changed));
	if (!t.changed)
		TRY(try_candidate(f, c, &t));
	if (t.alone_passed == FLAKE_TRIES) {
		TRY(f->known(f->arg, c, &t.remembered));
		if (t.remembered)
			t.flaky = true;
		else
			TRY(try_base(f, c, junit_get(&j->base->tests, c->id), &t));
		/* The failure that all of this is about is one of the runs. */
		if (t.flaky)
			TRY(f->keep(f->arg, c, !t.remembered, 1 + t.alone + t.base, 1 + t.base_failed));
	}
	*out = t;
	return NULL;
}
