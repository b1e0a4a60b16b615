#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "gate/memory/answer.h"
#include "gate/report/facts.h"
#include "wire/json.h"

/* One letter a status, in the order of enum junit_status. */
static const char statuses[] = "pksf";

/* One a state of a line, in the order of enum cover_state. */
static const char states[] = "nmh";

/* ---- writing ---- */

static void
write_tests(struct jw *w, const struct junit *j)
{
	char letter[2] = "";
	size_t i;

	jw_key(w, "tests");
	jw_list(w);
	for (i = 0; i < j->n; i++) {
		letter[0] = statuses[j->v[i]->status];
		jw_list(w);
		jw_str(w, letter);
		jw_str(w, j->v[i]->id);
		jw_str(w, j->v[i]->name);
		jw_end(w);
	}
	jw_end(w);
}

static void
write_complaints(struct jw *w, const struct facts *f)
{
	size_t i;

	jw_key(w, "findings");
	jw_list(w);
	for (i = 0; i < f->complaints.n; i++) {
		const struct complaint *c = &f->complaints.v[i];

		jw_obj(w);
		jw_kstr(w, "tool", c->tool);
		jw_kstr(w, "rule", c->rule);
		jw_kint(w, "severity", c->severity);
		jw_kstr(w, "path", c->path);
		jw_kint(w, "line", c->line);
		jw_kstr(w, "text", c->text);
		jw_kstr(w, "print", c->print);
		jw_kbool(w, "suppressed", c->suppressed);
		jw_end(w);
	}
	jw_end(w);
}

/* "n2h10m1": two lines that are no code, ten that ran, one that did not. */
static void
write_lines(struct jw *w, const struct cover *c)
{
	AUTO(buf_free) struct buf runs = BUF_INIT(BUF_TEXT);
	size_t i, first;

	for (i = 0; i < c->lines.n; i++) {
		for (first = i; i + 1 < c->lines.n && c->lines.v[i + 1] == c->lines.v[first]; i++)
			;
		buf_addf(&runs, "%c%zu", states[c->lines.v[first]], i - first + 1);
	}
	jw_kstr(w, "lines", buf_cstr(&runs));
}

static void
write_covers(struct jw *w, const struct facts *f)
{
	size_t i;

	jw_key(w, "coverage");
	jw_list(w);
	for (i = 0; i < f->covers.n; i++) {
		jw_obj(w);
		jw_kstr(w, "path", f->covers.v[i]->path);
		jw_kbool(w, "tail", f->covers.v[i]->tail);
		write_lines(w, f->covers.v[i]);
		jw_end(w);
	}
	jw_end(w);
}

static void
write_flaws(struct jw *w, const struct facts *f)
{
	size_t i, k;

	jw_key(w, "flaws");
	jw_list(w);
	for (i = 0; i < f->flaws.n; i++) {
		const struct flaw *flaw = &f->flaws.v[i];

		jw_obj(w);
		jw_kstr(w, "id", flaw->id);
		jw_key(w, "aliases");
		jw_list(w);
		for (k = 0; k < flaw->aliases.n; k++)
			jw_str(w, flaw->aliases.v[k]);
		jw_end(w);
		jw_kstr(w, "package", flaw->package);
		jw_kstr(w, "version", flaw->version);
		jw_kstr(w, "fixed", flaw->fixed);
		jw_kint(w, "severity", flaw->severity);
		jw_kstr(w, "text", flaw->text);
		jw_kbool(w, "suppressed", flaw->suppressed);
		jw_end(w);
	}
	jw_end(w);
}

void
answer_write(struct jw *w, const struct facts *f)
{
	jw_obj(w);
	jw_kint(w, "kinds", f->kinds & ~(unsigned)FACTS_TIMINGS);
	if (f->tests.n != 0)
		write_tests(w, &f->tests);
	if (f->complaints.n != 0)
		write_complaints(w, f);
	if (f->covers.n != 0)
		write_covers(w, f);
	if (f->flaws.n != 0)
		write_flaws(w, f);
	jw_end(w);
}

/* ---- reading ---- */

/* A member's text in the facts' memory; NULL when it is missing. */
static const char *
text_of(struct facts *f, const struct node *n, const char *key)
{
	return arena_strdup(&f->mem, node_get_str(n, key));
}

static bool
severity_in(const struct node *n, enum severity *out)
{
	int64_t i = node_get_int(n, "severity", -1);

	*out = (enum severity)i;
	return i >= SEVERITY_NOTE && i <= SEVERITY_CRITICAL;
}

static bool
read_test(const struct node *n, struct facts *f)
{
	const char *letter = node_str(node_at(n, 0)), *id = node_str(node_at(n, 1));
	const char *name = node_str(node_at(n, 2)), *at;

	if (letter == NULL || id == NULL || name == NULL || letter[0] == '\0')
		return false;
	at = strchr(statuses, letter[0]);
	if (at == NULL)
		return false;
	junit_add(&f->tests, id, name, (enum junit_status)(at - statuses));
	return true;
}

static bool
read_complaint(const struct node *n, struct facts *f)
{
	struct complaint c = {.tool = text_of(f, n, "tool"), .rule = text_of(f, n, "rule"),
	    .path = text_of(f, n, "path"), .line = node_get_int(n, "line", 0), .text = text_of(f, n, "text"),
	    .print = text_of(f, n, "print"), .suppressed = node_get_bool(n, "suppressed", false)};

	if (c.tool == NULL || c.rule == NULL || c.path == NULL || c.text == NULL || c.print == NULL ||
	    !severity_in(n, &c.severity) || f->complaints.n >= FACTS_FINDINGS_MAX)
		return false;
	vec_push(&f->complaints, c);
	return true;
}

/* One run of lines in the same state. */
static bool
read_run(struct str *runs, struct facts *f, struct cover *c, int64_t *line)
{
	const char *at = runs->p[0] == '\0' ? NULL : strchr(states, runs->p[0]);
	int64_t count, i;
	size_t n;

	for (n = 1; n < runs->n && runs->p[n] >= '0' && runs->p[n] <= '9'; n++)
		;
	if (at == NULL || !str_int(str_take(str_skip(*runs, 1), n - 1), 1, FACTS_LINE_MAX, &count))
		return false;
	*runs = str_skip(*runs, n);
	for (i = 0; i < count; i++, ++*line) {
		struct err *e = at - states == COVER_NONE ? NULL : facts_line(f, c, *line, at - states == COVER_HIT);

		if (e != NULL) {
			err_ignore(e);
			return false;
		}
	}
	return true;
}

static bool
read_cover(const struct node *n, struct facts *f)
{
	const char *path = node_get_str(n, "path"), *lines = node_get_str(n, "lines");
	struct cover *c;
	struct str runs;
	struct err *e;
	int64_t line = 1;

	if (path == NULL || lines == NULL)
		return false;
	e = facts_cover(f, str_of(path), &c);
	if (e != NULL) {
		err_ignore(e);
		return false;
	}
	c->tail = node_get_bool(n, "tail", false);
	for (runs = str_of(lines); runs.n != 0; )
		if (!read_run(&runs, f, c, &line))
			return false;
	return true;
}

static bool
read_flaw(const struct node *n, struct facts *f)
{
	struct flaw flaw = {.id = text_of(f, n, "id"), .package = text_of(f, n, "package"),
	    .version = text_of(f, n, "version"), .fixed = text_of(f, n, "fixed"), .text = text_of(f, n, "text"),
	    .suppressed = node_get_bool(n, "suppressed", false)};
	const struct node *aliases = node_get(n, "aliases"), *a;
	struct err *e;

	if (flaw.id == NULL || flaw.package == NULL || flaw.version == NULL || flaw.fixed == NULL ||
	    flaw.text == NULL || !severity_in(n, &flaw.severity))
		return false;
	for (a = aliases == NULL ? NULL : aliases->child; a != NULL; a = a->next)
		if (node_str(a) != NULL)
			strs_add(&flaw.aliases, node_str(a));
	e = facts_flaw(f, &flaw);
	if (e != NULL) {
		err_ignore(e);
		return false;
	}
	return true;
}

static bool
read_each(const struct node *n, const char *key, bool (*one)(const struct node *, struct facts *),
    struct facts *f)
{
	const struct node *list = node_get(n, key), *c;

	for (c = list == NULL ? NULL : list->child; c != NULL; c = c->next)
		if (!one(c, f))
			return false;
	return true;
}

bool
answer_read(const struct node *n, struct facts *f)
{
	int64_t kinds = node_get_int(n, "kinds", -1);

	if (kinds < 0 || (kinds & ~(int64_t)(FACTS_TESTS | FACTS_FINDINGS | FACTS_COVERAGE | FACTS_FLAWS)) != 0)
		return false;
	f->kinds = (unsigned)kinds;
	return read_each(n, "tests", read_test, f) && read_each(n, "findings", read_complaint, f) &&
	    read_each(n, "coverage", read_cover, f) && read_each(n, "flaws", read_flaw, f);
}
