#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "gate/report/junit.h"

/* ---- text ---- */

/* Bytes of an escape sequence at s: a colour, raw, read as '?', or as pytest writes it. */
static size_t
escape_len(struct str s)
{
	size_t n, i;

	if (s.n > 1 && (s.p[0] == '\033' || s.p[0] == '?') && s.p[1] == '[')
		n = 2;
	else if (str_starts(s, "#x1B["))
		n = 5;
	else
		return 0;
	for (i = n; i < s.n && i < n + 16; i++) {
		if (s.p[i] == 'm' || s.p[i] == 'K')
			return i + 1;
		if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != ';')
			return 0;
	}
	return 0;
}

/* Bytes that begin no escape sequence. */
static size_t
plain_len(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '\033' && s.p[n] != '?' && s.p[n] != '#' && s.p[n] != '\0')
		n++;
	return n;
}

void
junit_plain(struct buf *out, struct str s)
{
	size_t n;

	while (s.n != 0) {
		n = plain_len(s);
		buf_add(out, s.p, n);
		s = str_skip(s, n);
		if (s.n == 0)
			return;
		n = escape_len(s);
		if (n == 0) {
			buf_addc(out, s.p[0] == '\0' ? '?' : s.p[0]);
			n = 1;
		}
		s = str_skip(s, n);
	}
}

/* ---- cases ---- */

static const struct junit_more nothing = {"", "", 0, "", ""};

/* Trimmed; what is empty takes no memory. */
static const char *
keep(struct junit *j, const char *s)
{
	struct str text = str_trim(str_of(s));

	return text.n == 0 ? "" : arena_str(&j->mem, text);
}

static void
count(struct junit *j, enum junit_status status, size_t by)
{
	if (status == JUNIT_FAILED)
		j->failed += by;
	else if (status == JUNIT_SKIPPED)
		j->skipped += by;
	else
		j->passed += by;
}

/* The id mostly ends with the name. */
static const char *
keep_name(struct junit *j, const char *id, const char *name)
{
	size_t n = strlen(id), tail = strlen(name);

	return tail <= n && strcmp(id + n - tail, name) == 0 ? id + n - tail : arena_strdup(&j->mem, name);
}

static const struct junit_more *
keep_more(struct junit *j, const struct junit_more *from)
{
	struct junit_more *to = arena_alloc(&j->mem, sizeof(*to));

	to->class = keep(j, from->class);
	to->file = keep(j, from->file);
	to->line = from->line;
	to->message = keep(j, from->message);
	to->text = keep(j, from->text);
	return to;
}

static void
fill(struct junit *j, struct junit_case *to, const struct junit_case *c)
{
	to->name = keep_name(j, to->id, c->name);
	to->status = c->status;
	to->more = c->status == JUNIT_PASSED ? &nothing : keep_more(j, c->more);
}

/* There may be half a million: what is kept of one that passed counts. */
static struct junit_case *
add(struct junit *j, const char *id)
{
	struct junit_case *c = arena_alloc(&j->mem, sizeof(*c));
	char *key = arena_strdup(&j->mem, id);

	c->id = key;
	map_set_kept(&j->ids, key, c);
	vec_push(j, c);
	return c;
}

struct err *
junit_put(struct junit *j, const struct junit_case *c)
{
	struct junit_case *there = map_get(&j->ids, c->id);

	if (there == NULL) {
		if (j->n >= JUNIT_CASES_MAX)
			return err_new(ERR_LIMIT, "a report has more than %d tests", JUNIT_CASES_MAX);
		there = add(j, c->id);
	} else if (c->status > there->status) {
		count(j, there->status, (size_t)-1);
	} else {
		return NULL;
	}
	fill(j, there, c);
	count(j, c->status, 1);
	return NULL;
}

void
junit_free(struct junit *j)
{
	vec_free(j);
	map_free(&j->ids, NULL);
	arena_free(&j->mem);
}

void
junit_add(struct junit *j, const char *id, const char *name, enum junit_status status)
{
	struct junit_case *c;

	if (map_get(&j->ids, id) != NULL)
		return;
	c = add(j, id);
	c->name = keep_name(j, c->id, name);
	c->status = status;
	c->more = &nothing;
	count(j, status, 1);
}

const struct junit_case *
junit_get(const struct junit *j, const char *id)
{
	return map_get(&j->ids, id);
}
