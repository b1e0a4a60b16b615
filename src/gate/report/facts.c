#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "gate/relpath.h"
#include "gate/report/facts.h"

void
facts_free(struct facts *f)
{
	size_t i;

	junit_free(&f->tests);
	for (i = 0; i < f->covers.n; i++)
		vec_free(&f->covers.v[i]->lines);
	for (i = 0; i < f->flaws.n; i++)
		strs_free(&f->flaws.v[i].aliases);
	for (i = 0; i < f->timings.n; i++)
		vec_free(&f->timings.v[i]->samples);
	vec_free(&f->complaints);
	vec_free(&f->covers);
	vec_free(&f->flaws);
	vec_free(&f->timings);
	map_free(&f->flaw_of, NULL);
	map_free(&f->cover_of, NULL);
	map_free(&f->timing_of, NULL);
	arena_free(&f->mem);
	*f = (struct facts){0};
}

/* ---- paths and texts ---- */

/* False for a path that leads out. */
static bool
path_into(const struct facts *f, struct str path, struct buf *out)
{
	AUTO(buf_free) struct buf plain = BUF_INIT(64 * KIB);
	size_t root = f->root == NULL ? 0 : strlen(f->root);

	if (str_starts(path, "file://")) {
		relpath_unquote(str_skip(path, strlen("file://")), &plain);
		path = buf_str(&plain);
	}
	if (str_starts(path, "/")) {
		if (root == 0 || !str_starts(path, f->root) || (path.n > root && path.p[root] != '/'))
			return false;
		path = str_skip(path, root);
	} else if (f->folder != NULL) {
		if (!relpath_add(str_of(f->folder), out))
			return false;
	}
	return relpath_add(path, out);
}

const char *
facts_path(struct facts *f, struct str path)
{
	AUTO(buf_free) struct buf tidied = BUF_INIT(64 * KIB);

	return path_into(f, path, &tidied) ? arena_str(&f->mem, buf_str(&tidied)) : "";
}

const char *
facts_uri(struct facts *f, struct str uri)
{
	AUTO(buf_free) struct buf plain = BUF_INIT(64 * KIB);
	size_t n = 0;

	while (n < uri.n && isalnum((unsigned char)uri.p[n]))
		n++;
	if (n < uri.n && uri.p[n] == ':') {
		if (n != 4 || strncasecmp(uri.p, "file", n) != 0)
			return "";
		uri = str_skip(uri, n + 1);
		if (str_starts(uri, "//localhost/"))
			uri = str_skip(uri, strlen("//localhost"));
		else if (str_starts(uri, "///"))
			uri = str_skip(uri, 2);
	}
	relpath_unquote(uri, &plain);
	return facts_path(f, buf_str(&plain));
}

/* Nothing to mend, as in most texts. */
static bool
is_tidy(struct str text)
{
	size_t i;

	for (i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c < ' ' || c == 0x7f || (c == ' ' && i + 1 < text.n && text.p[i + 1] == ' '))
			return false;
	}
	return text.n <= FACTS_TEXT_MAX;
}

const char *
facts_text(struct facts *f, struct str text)
{
	AUTO(buf_free) struct buf b = BUF_INIT(2 * FACTS_TEXT_MAX);
	bool space = false;
	size_t i;

	text = str_trim(text);
	if (is_tidy(text))
		return arena_str(&f->mem, text);
	for (i = 0; i < text.n && b.n + space < FACTS_TEXT_MAX; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c <= ' ' || c == 0x7f) {
			space = true;
			continue;
		}
		if (space)
			buf_addc(&b, ' ');
		space = false;
		buf_addc(&b, (char)c);
	}
	/* Not in the middle of a character. */
	while (i < text.n && b.n > 0 && ((unsigned char)text.p[i] & 0xc0) == 0x80 &&
	    ((unsigned char)b.p[b.n - 1] & 0x80) != 0) {
		bool lead = ((unsigned char)b.p[b.n - 1] & 0xc0) == 0xc0;

		buf_trunc(&b, b.n - 1);
		if (lead)
			break;
	}
	return arena_str(&f->mem, buf_str(&b));
}

/* ---- what is found ---- */

struct err *
facts_complain(struct facts *f, const struct complaint *c)
{
	struct complaint own = *c;

	if (f->complaints.n >= FACTS_FINDINGS_MAX)
		return err_hint(err_new(ERR_LIMIT, "more than %d findings", FACTS_FINDINGS_MAX),
		    "let the tool look at less, or report fewer rules");
	own.tool = facts_text(f, str_of(c->tool));
	own.rule = facts_text(f, str_of(c->rule));
	own.path = facts_path(f, str_of(c->path));
	own.text = facts_text(f, str_of(c->text));
	own.print = facts_text(f, str_of(c->print));
	if (own.line < 0)
		own.line = 0;
	vec_push(&f->complaints, own);
	return NULL;
}

/* ---- vulnerabilities ---- */

static size_t
flaw_at(const struct facts *f, const struct flaw *w, const char *name)
{
	AUTO(mem_free_p) char *key = mem_printf("%s\n%s\n%s", w->package, w->version, name);

	return (size_t)(uintptr_t)map_get(&f->flaw_of, key);
}

/* Each name of the flaw with this index leads to it. */
static void
flaw_name(struct facts *f, size_t at)
{
	const struct flaw *w = &f->flaws.v[at];
	size_t i;

	for (i = 0; i <= w->aliases.n; i++) {
		AUTO(mem_free_p) char *key = mem_printf("%s\n%s\n%s", w->package, w->version,
		    i == 0 ? w->id : w->aliases.v[i - 1]);

		map_set(&f->flaw_of, key, (void *)(uintptr_t)(at + 1));
	}
}

static void
flaw_merge(struct flaw *into, const struct flaw *from)
{
	size_t i;

	if (into->severity < from->severity)
		into->severity = from->severity;
	if (into->fixed[0] == '\0')
		into->fixed = from->fixed;
	into->suppressed &= from->suppressed;
	for (i = 0; i <= from->aliases.n; i++) {
		const char *name = i == 0 ? from->id : from->aliases.v[i - 1];

		if (strcmp(into->id, name) != 0 && !strs_has(&into->aliases, name))
			strs_add(&into->aliases, name);
	}
}

/* Two that were thought to differ are one; the last takes the place of the later. */
static void
flaw_absorb(struct facts *f, size_t into, size_t later)
{
	flaw_merge(&f->flaws.v[into], &f->flaws.v[later]);
	strs_free(&f->flaws.v[later].aliases);
	f->flaws.v[later] = f->flaws.v[--f->flaws.n];
	if (later < f->flaws.n)
		flaw_name(f, later);
	flaw_name(f, into);
}

static struct err *
flaw_add(struct facts *f, struct flaw *own)
{
	size_t i, at = 0, other;

	if (own->aliases.n >= FACTS_NAMES_MAX)
		return err_new(ERR_LIMIT, "the vulnerability '%s' has more than %d names", own->id, FACTS_NAMES_MAX);
	for (i = 0; i <= own->aliases.n; i++) {
		other = flaw_at(f, own, i == 0 ? own->id : own->aliases.v[i - 1]);
		if (at != 0 && other != 0 && at != other) {
			size_t first = at < other ? at : other;

			flaw_absorb(f, first - 1, (at < other ? other : at) - 1);
			other = first;
		}
		at = other != 0 ? other : at;
	}
	if (at == 0) {
		if (f->flaws.n >= FACTS_FLAWS_MAX)
			return err_new(ERR_LIMIT, "more than %d known vulnerabilities", FACTS_FLAWS_MAX);
		vec_push(&f->flaws, *own);
		own->aliases = (struct strs){0};
		flaw_name(f, f->flaws.n - 1);
		return NULL;
	}
	flaw_merge(&f->flaws.v[at - 1], own);
	if (f->flaws.v[at - 1].aliases.n >= FACTS_NAMES_MAX)
		return err_new(ERR_LIMIT, "the vulnerability '%s' has more than %d names", own->id, FACTS_NAMES_MAX);
	flaw_name(f, at - 1);
	return NULL;
}

struct err *
facts_flaw(struct facts *f, const struct flaw *w)
{
	struct flaw own = *w;
	struct err *e;

	own.id = facts_text(f, str_of(w->id));
	own.package = facts_text(f, str_of(w->package));
	own.version = facts_text(f, str_of(w->version));
	own.fixed = facts_text(f, str_of(w->fixed));
	own.text = facts_text(f, str_of(w->text));
	e = flaw_add(f, &own);
	strs_free(&own.aliases);
	return e;
}

/* ---- measurements ---- */

struct err *
facts_sample(struct facts *f, const char *name, const char *unit, double value)
{
	AUTO(mem_free_p) char *key = mem_printf("%s\n%s", name, unit);
	struct timing *t = map_get(&f->timing_of, key);

	if (!isfinite(value) || value < 0 || value > FACTS_SAMPLE_MAX)
		return err_new(ERR_SYNTAX, "'%s' cannot have taken %g %s", name, value, unit);
	if (f->samples >= FACTS_SAMPLES_MAX || (t == NULL && f->timings.n >= FACTS_TIMINGS_MAX))
		return err_new(ERR_LIMIT, "more than %d measurements", FACTS_SAMPLES_MAX);
	if (t == NULL) {
		t = arena_alloc(&f->mem, sizeof(*t));
		t->name = facts_text(f, str_of(name));
		t->unit = facts_text(f, str_of(unit));
		vec_push(&f->timings, t);
		map_set(&f->timing_of, key, t);
	}
	vec_push(&t->samples, value);
	f->samples++;
	return NULL;
}

/* ---- coverage ---- */

struct err *
facts_cover(struct facts *f, struct str path, struct cover **out)
{
	AUTO(buf_free) struct buf name = BUF_INIT(64 * KIB);
	struct cover *c;

	if (!path_into(f, path, &name))
		buf_clear(&name);
	c = map_get(&f->cover_of, buf_cstr(&name));
	if (c == NULL) {
		if (f->covers.n >= FACTS_FILES_MAX)
			return err_new(ERR_LIMIT, "coverage of more than %d files", FACTS_FILES_MAX);
		c = arena_alloc(&f->mem, sizeof(*c));
		c->path = arena_str(&f->mem, buf_str(&name));
		vec_push(&f->covers, c);
		map_set(&f->cover_of, c->path, c);
	}
	*out = c;
	return NULL;
}

/* Room for lines up to this one. */
static struct err *
lengthen(struct facts *f, struct cover *c, size_t line)
{
	size_t more = line - c->lines.n;

	if (more > FACTS_LINES_MAX - f->lines)
		return err_new(ERR_LIMIT, "coverage of more than %zu lines", FACTS_LINES_MAX);
	vec_reserve(&c->lines, more);
	memset(c->lines.v + c->lines.n, COVER_NONE, more);
	c->lines.n = line;
	f->lines += more;
	return NULL;
}

struct err *
facts_line(struct facts *f, struct cover *c, int64_t line, bool hit)
{
	unsigned char state = hit ? COVER_HIT : COVER_MISSED;

	if (line < 1 || line > FACTS_LINE_MAX)
		return err_new(ERR_SYNTAX, "the line %lld of '%s' cannot be", (long long)line, c->path);
	if ((size_t)line > c->lines.n)
		TRY(lengthen(f, c, (size_t)line));
	if (c->lines.v[line - 1] < state)
		c->lines.v[line - 1] = state;
	return NULL;
}

/* "folder/org/x/A.java" stands for any path below the folder that ends so. */
static const struct cover *
tail_of(const struct facts *f, const char *path)
{
	AUTO(buf_free) struct buf key = BUF_INIT(64 * KIB);
	const struct cover *c;
	size_t folder;

	if (f->folder == NULL || !relpath_add(str_of(f->folder), &key))
		buf_clear(&key);
	folder = key.n;
	if (folder != 0) {
		if (!str_starts(str_of(path), buf_cstr(&key)) || path[folder] != '/')
			return NULL;
		buf_addc(&key, '/');
		path += ++folder;
	}
	while ((path = strchr(path, '/')) != NULL) {
		buf_trunc(&key, folder);
		buf_adds(&key, ++path);
		c = map_get_str(&f->cover_of, buf_str(&key));
		if (c != NULL && c->tail)
			return c;
	}
	return NULL;
}

const struct cover *
facts_cover_of(const struct facts *f, const char *path)
{
	const struct cover *c = map_get(&f->cover_of, path);

	return c != NULL ? c : tail_of(f, path);
}

/* ---- words ---- */

static const struct {
	const char *word;
	enum severity severity;
} words[] = {
	{"critical", SEVERITY_CRITICAL}, {"fatal", SEVERITY_CRITICAL}, {"blocker", SEVERITY_CRITICAL},
	{"high", SEVERITY_ERROR}, {"error", SEVERITY_ERROR}, {"important", SEVERITY_ERROR}, {"major", SEVERITY_ERROR},
	{"medium", SEVERITY_WARNING}, {"moderate", SEVERITY_WARNING}, {"warning", SEVERITY_WARNING},
	{"warn", SEVERITY_WARNING}, {"low", SEVERITY_NOTE}, {"minor", SEVERITY_NOTE}, {"note", SEVERITY_NOTE},
	{"info", SEVERITY_NOTE}, {"information", SEVERITY_NOTE}, {"style", SEVERITY_NOTE},
	{"negligible", SEVERITY_NOTE}, {"none", SEVERITY_NOTE},
};

enum severity
severity_of(struct str word, enum severity otherwise)
{
	size_t i;

	for (i = 0; i < NITEMS(words); i++)
		if (word.n == strlen(words[i].word) && strncasecmp(word.p, words[i].word, word.n) == 0)
			return words[i].severity;
	return otherwise;
}

const char *
severity_word(enum severity s)
{
	switch (s) {
	case SEVERITY_NOTE: return "note";
	case SEVERITY_WARNING: return "warning";
	case SEVERITY_ERROR: return "error";
	case SEVERITY_CRITICAL: return "critical";
	}
	return "note";
}
