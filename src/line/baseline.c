#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/waiver.h"
#include "git/commit.h"
#include "git/repo.h"
#include "line/baseline.h"
#include "line/check.h"
#include "sys/beneath.h"

#define DAY_S 86400
#define REASON "it was there when the gates came"

struct writing {
	const char *owner, *expires;
	struct strs seen;	/* one waiver for all findings that it names */
	struct buf file, text;	/* what stands there, and what comes behind it */
	size_t added, there;
};

void
baseline_free(struct baseline *b)
{
	free(b->expires);
	*b = (struct baseline){0};
}

/* As a pattern that means these very bytes. */
static char *
literal(const char *prefix, const char *s)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);

	if (s[0] == '\0')
		return mem_strdup("");
	buf_adds(&b, prefix);
	for (; *s != '\0'; s++) {
		if (strchr("*?[]\\", *s) != NULL)
			buf_addc(&b, '\\');
		buf_addc(&b, *s);
	}
	return buf_steal(&b);
}

/* Whether this is the first waiver of just that. */
static bool
see(struct writing *w, const struct waiver *one)
{
	AUTO(buf_free) struct buf what = BUF_INIT(BUF_TEXT);

	waiver_write(&(struct waiver){.gate = one->gate, .rule = one->rule, .path = one->path, .print = one->print,
	    .owner = "", .reason = "", .expires = ""}, &what);
	if (strs_has(&w->seen, buf_cstr(&what)))
		return false;
	strs_add(&w->seen, buf_cstr(&what));
	return true;
}

static void
add_finding(struct writing *w, const struct verdict *v, const struct finding *f)
{
	AUTO(mem_free_p) char *rule = literal("", f->rule);
	AUTO(mem_free_p) char *path = literal("/", f->file);
	struct waiver one = {.gate = v->gate, .rule = rule, .path = path, .print = f->print,
	    .owner = w->owner, .reason = REASON, .expires = w->expires};

	if (!see(w, &one)) {
		w->there++;
		return;
	}
	waiver_write(&one, &w->text);
	w->added++;
}

/* One more line of text says nothing of what was cut off: such a gate stays as it is. */
static bool
can_be_waived(const struct verdict *v)
{
	size_t i;

	if (v->kind != VERDICT_FAIL || v->dropped > 0)
		return false;
	for (i = 0; i < v->findings.n; i++)
		if (finding_blocks(v->findings.v[i].kind))
			return true;
	return false;
}

static void
add_all(const struct check *c, struct writing *w, size_t *left)
{
	size_t i, k;

	for (i = 0; i < c->verdicts.n; i++) {
		const struct verdict *v = &c->verdicts.v[i];

		if (!verdict_blocks(v))
			continue;
		*left += !can_be_waived(v);
		for (k = 0; can_be_waived(v) && k < v->findings.n; k++)
			if (finding_blocks(v->findings.v[k].kind))
				add_finding(w, v, &v->findings.v[k]);
	}
}

static struct err *
read_old(int top, int64_t now, struct writing *w)
{
	AUTO(waivers_free) struct waivers ws = {0};
	struct buf *text = &w->file;
	struct err *e = beneath_read(top, WAIVER_PATH, text);
	size_t i;

	if (err_is(e, ERR_NOT_FOUND)) {
		err_ignore(e);
		buf_adds(text, "# Findings that block no more until their last day; see git-factory-gate(1).\n");
		return NULL;
	}
	TRY(e);
	if (text->n > 0 && text->p[text->n - 1] != '\n')
		buf_addc(text, '\n');
	TRY(waivers_parse(WAIVER_PATH, buf_str(text), &ws));
	for (i = 0; i < ws.n; i++)
		if (ws.v[i].ends_s > now)
			(void)see(w, &ws.v[i]);
	return NULL;
}

static struct err *
add_to_file(struct repo *r, int64_t now, const struct check *c, struct writing *w, size_t *left)
{
	AUTO(waivers_free) struct waivers ws = {0};
	AUTO(fd_close_p) int top = -1;

	top = open(repo_workdir(r), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top == -1)
		return err_sys("cannot open '%s'", repo_workdir(r));
	TRY(read_old(top, now, w));
	add_all(c, w, left);
	if (w->added == 0)
		return NULL;
	buf_addstr(&w->file, buf_str(&w->text));
	TRY(buf_check(&w->file, WAIVER_PATH));
	TRY(waivers_parse(WAIVER_PATH, buf_str(&w->file), &ws));
	return beneath_write(top, WAIVER_PATH, buf_str(&w->file), 0644);
}

struct err *
baseline_add(struct repo *r, const struct clock *clock, const struct check *c, struct baseline *out)
{
	AUTO(baseline_free) struct baseline b = {0};
	AUTO(ident_free) struct ident who = {0};
	struct writing w = {.file = BUF_INIT(WAIVER_MAX), .text = BUF_INIT(WAIVER_MAX)};
	int64_t now = clock_wall(clock);
	char until[CLOCK_TEXT];
	struct err *e;

	if (repo_is_bare(r))
		return err_hint(err_new(ERR_REPOSITORY, "a bare repository has no work tree for " WAIVER_PATH),
		    "run it in a clone");
	TRY(ident_user(r, NULL, NULL, now, &who));
	clock_format(now + BASELINE_DAYS * (int64_t)DAY_S, until);
	b.expires = str_dup(str_take(str_of(until), strlen("2027-01-31")));
	w.owner = who.email;
	w.expires = b.expires;
	e = add_to_file(r, now, c, &w, &b.left);
	b.added = w.added;
	b.there = w.there;
	strs_free(&w.seen);
	buf_free(&w.file);
	buf_free(&w.text);
	TRY(e);
	*out = b;
	b = (struct baseline){0};
	return NULL;
}
