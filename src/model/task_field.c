#include "model/task_field.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "base/text.h"
#include "model/after.h"
#include "model/task.h"
#include "wire/node.h"
#include "wire/yaml.h"

#define LABEL_MAX 64		/* characters */
#define ESTIMATE_MIN 60		/* seconds */
#define ESTIMATE_MAX (30 * 24 * 3600)

#define PERSON(n, k, m, ...) {n, k, OWNER_PERSON, offsetof(struct task, m), __VA_ARGS__}
#define FACTORY(n, k, m, ...) {n, k, OWNER_FACTORY, offsetof(struct task, m), __VA_ARGS__}

const struct task_field task_fields[] = {
	FACTORY("id", TF_ID, id, 0, 0, 0),
	PERSON("title", TF_LINE, title, 0, 0, TASK_TITLE_MAX),
	PERSON("type", TF_WORD, type, 0, 0, LABEL_MAX),
	PERSON("priority", TF_NUMBER, priority, 0, 4, 0),
	PERSON("labels", TF_LABELS, labels, 0, 0, LABEL_MAX),
	PERSON("needs", TF_LABELS, needs, 0, 0, LABEL_MAX),
	PERSON("after", TF_AFTER, after, 0, 0, 0),
	PERSON("estimate", TF_SPAN, estimate, ESTIMATE_MIN, ESTIMATE_MAX, 0),
	PERSON("dir", TF_DIR, dir, 0, 0, 1024),
	PERSON("scope", TF_LABELS, scope, 0, 0, 1024),
	PERSON("hold", TF_LINE, hold, 0, 0, 1024),
	PERSON("close", TF_LINE, close, 0, 0, 1024),
	FACTORY("state", TF_STATE, state, 0, 0, 0),
	FACTORY("created", TF_TIME, created, 0, 0, 0),
	FACTORY("attempts", TF_NUMBER, attempts, 0, 1000000, 0),
	FACTORY("run", TF_ID, run, 0, 0, 0),
	FACTORY("branch", TF_LINE, branch, 0, 0, 1024),
	FACTORY("pull", TF_NUMBER, pull, 0, 1000000000, 0),
	FACTORY("commit", TF_LINE, commit, 0, 0, 64),
	FACTORY("error", TF_LINE, error, 0, 0, 64),
	FACTORY("question", TF_TEXT, question, 0, 0, 0),
	FACTORY("issue", TF_LINE, issue, 0, 0, 1024),
	FACTORY("asked_by", TF_LINE, asked_by, 0, 0, 256),
	FACTORY("asked_at", TF_TIME, asked_at, 0, 0, 0),
	FACTORY("pinned", TF_LINE, pinned, 0, 0, 64),
	FACTORY("guess", TF_LINE, guess, 0, 0, 128),
	FACTORY("heard", TF_LINE, heard, 0, 0, 128),
	FACTORY("class", TF_LINE, class, 0, 0, 64),
	FACTORY("tries", TF_LABELS, tries, 0, 0, LABEL_MAX),
	FACTORY("retry_at", TF_TIME, retry_at, 0, 0, 0),
	FACTORY("next", TF_LINE, next, 0, 0, 1024),
	{NULL, TF_LINE, OWNER_PERSON, 0, 0, 0, 0},
};

static void *
at(const struct task_field *f, struct task *t)
{
	return (char *)t + f->offset;
}

static const void *
at_const(const struct task_field *f, const struct task *t)
{
	return (const char *)t + f->offset;
}

static const char *
text_of(const struct task_field *f, const struct task *t)
{
	return *(const char *const *)at_const(f, t);
}

static int64_t
number_of(const struct task_field *f, const struct task *t)
{
	return *(const int64_t *)at_const(f, t);
}

static const struct strs *
list_of(const struct task_field *f, const struct task *t)
{
	return at_const(f, t);
}

bool
task_field_is_list(const struct task_field *f)
{
	return f->kind == TF_LABELS || f->kind == TF_AFTER;
}

static bool
is_number(const struct task_field *f)
{
	return f->kind == TF_NUMBER || f->kind == TF_SPAN || f->kind == TF_TIME;
}

/* What is wrong with one line of text. */
static const char *
line_fault(struct str s, size_t max)
{
	size_t n = 0;

	while (s.n > 0) {
		int32_t c = utf8_next(&s);

		if (c < 0)
			return "must be UTF-8";
		if (c == '\n' || c == '\r')
			return "must be one line";
		if (c < 0x20 || c == 0x7f)
			return "must not hold control characters";
		n++;
	}
	return max != 0 && n > max ? "is too long" : NULL;
}

static const char *
word_fault(struct str s, size_t max)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!islower((unsigned char)s.p[i]) &&
		    (i == 0 || (!isdigit((unsigned char)s.p[i]) && s.p[i] != '-' && s.p[i] != '_')))
			return "must be a word of lower-case letters, digits, '-' and '_'";
	return s.n > max ? "is too long" : NULL;
}

static const char *
dir_fault(struct str s, size_t max)
{
	const char *fault = line_fault(s, max);
	struct str part;

	if (fault != NULL)
		return fault;
	if (str_starts(s, "/"))
		return "must be a folder in the repository, without a leading '/'";
	while (str_next(&s, '/', &part))
		if (str_is(part, "..") || str_is(part, ".git"))
			return "must be a folder in the repository";
	return NULL;
}

static const char *
list_fault(const struct task_field *f, const struct strs *list)
{
	const char *fault;
	struct after after;
	size_t i;

	if (list->n > TASK_LIST_MAX)
		return "has too many entries";
	for (i = 0; i < list->n; i++) {
		if (list->v[i][0] == '\0')
			return "has an empty entry";
		fault = line_fault(str_of(list->v[i]), f->max);
		if (fault != NULL)
			return fault;
		if (f->kind == TF_AFTER && !after_parse(str_of(list->v[i]), &after))
			return "must hold ids of 8 letters (a-z, 2-7), each alone or with '" AFTER_DELIVERED "' behind it";
	}
	return NULL;
}

const char *
task_field_fault(const struct task_field *f, const struct task *t)
{
	struct str s;

	if (task_field_is_list(f))
		return list_fault(f, list_of(f, t));
	if (is_number(f) || f->kind == TF_STATE) {
		if (f->lo == f->hi)
			return NULL;
		return number_of(f, t) < f->lo || number_of(f, t) > f->hi ?
		    "is out of range" : NULL;
	}
	s = str_of(text_of(f, t));
	switch (f->kind) {
	case TF_WORD:
		return word_fault(s, f->max);
	case TF_DIR:
		return dir_fault(s, f->max);
	case TF_ID:
		return s.n == 0 || id_valid(s) ? NULL : "must be an id of 8 letters (a-z, 2-7)";
	case TF_TEXT:
		return utf8_valid(s) ? NULL : "must be UTF-8";
	default:
		return line_fault(s, f->max);
	}
}

static struct err *
number_read(const struct task_field *f, const struct node *n, int64_t *out)
{
	char lo[CLOCK_TEXT], hi[CLOCK_TEXT];
	int64_t v;

	switch (f->kind) {
	case TF_SPAN:
		if (node_str(n) != NULL && clock_parse_span(n->text.p, &v) &&
		    v >= f->lo && v <= f->hi)
			break;
		clock_format_span(f->lo, lo);
		clock_format_span(f->hi, hi);
		return node_err(n, "'%s' must be a span from %s to %s, like 20m or 1h30m", f->name,
		    lo, hi);
	case TF_TIME:
		if (node_str(n) != NULL && clock_parse(n->text.p, &v))
			break;
		return node_err(n, "'%s' must be a time like 2026-11-21T10:12:45Z", f->name);
	default:
		v = n->integer;
		if (n->kind == NODE_INT && v >= f->lo && v <= f->hi)
			break;
		if (n->kind == NODE_INT)
			return node_err(n, "'%s' must be an integer from %lld to %lld, not %lld",
			    f->name, (long long)f->lo, (long long)f->hi, (long long)v);
		return node_err(n, "'%s' must be an integer from %lld to %lld, not %s", f->name,
		    (long long)f->lo, (long long)f->hi, node_kind_name(n->kind));
	}
	*out = v;
	return NULL;
}

static bool
takes_text(const struct node *n)
{
	return n->kind == NODE_STRING || (n->plain && n->kind != NODE_LIST && n->kind != NODE_MAP);
}

static struct err *
list_read(const struct task_field *f, const struct node *n, struct strs *out)
{
	const struct node *each;

	strs_free(out);
	if (takes_text(n)) {
		strs_addn(out, n->text.p, n->text.n);
		return NULL;
	}
	if (n->kind != NODE_LIST)
		return node_err(n, "'%s' must be a list of strings, not %s", f->name,
		    node_kind_name(n->kind));
	for (each = n->child; each != NULL; each = each->next) {
		if (!takes_text(each) || each->kind == NODE_NULL)
			return node_err(each, "'%s' must be a list of strings, not of %s", f->name,
			    node_kind_name(each->kind));
		if (!strs_has(out, each->text.p))
			strs_addn(out, each->text.p, each->text.n);
	}
	return NULL;
}

static struct err *
state_read(const struct node *n, enum task_state *out)
{
	if (takes_text(n) && task_state_parse(n->text, out))
		return NULL;
	return node_err(n, "'state' must be queued, delivered, landed, escalated or closed");
}

struct err *
task_field_read(const struct task_field *f, const struct node *n, struct task *t)
{
	const char *fault;

	if (n->kind == NODE_NULL)
		return NULL;
	if (task_field_is_list(f))
		TRY(list_read(f, n, at(f, t)));
	else if (is_number(f))
		TRY(number_read(f, n, at(f, t)));
	else if (f->kind == TF_STATE)
		TRY(state_read(n, at(f, t)));
	else if (takes_text(n))
		task_set_str(t, at(f, t), f->kind == TF_TEXT ? n->text : str_trim(n->text));
	else
		return node_err(n, "'%s' must be a string, not %s", f->name,
		    node_kind_name(n->kind));
	fault = task_field_fault(f, t);
	return fault == NULL ? NULL : node_err(n, "'%s' %s", f->name, fault);
}

static bool
list_same(const struct strs *a, const struct strs *b)
{
	size_t i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

bool
task_field_same(const struct task_field *f, const struct task *a, const struct task *b)
{
	if (task_field_is_list(f))
		return list_same(list_of(f, a), list_of(f, b));
	if (is_number(f))
		return number_of(f, a) == number_of(f, b);
	if (f->kind == TF_STATE)
		return a->state == b->state;
	return strcmp(text_of(f, a), text_of(f, b)) == 0;
}

void
task_field_copy(const struct task_field *f, struct task *to, const struct task *from)
{
	struct strs *list;
	size_t i;

	if (task_field_is_list(f)) {
		list = at(f, to);
		strs_free(list);
		for (i = 0; i < list_of(f, from)->n; i++)
			strs_add(list, list_of(f, from)->v[i]);
	} else if (is_number(f))
		*(int64_t *)at(f, to) = number_of(f, from);
	else if (f->kind == TF_STATE)
		to->state = from->state;
	else
		task_set(to, at(f, to), text_of(f, from));
}

void
task_field_yaml(const struct task_field *f, const struct task *t, struct buf *out)
{
	char text[CLOCK_TEXT];

	switch (f->kind) {
	case TF_LABELS:
	case TF_AFTER:
		yaml_add_strs(out, list_of(f, t)->v, list_of(f, t)->n);
		break;
	case TF_NUMBER:
		buf_addf(out, "%lld", (long long)number_of(f, t));
		break;
	case TF_SPAN:
		clock_format_span(number_of(f, t), text);
		buf_adds(out, text);
		break;
	case TF_TIME:
		clock_format(number_of(f, t), text);
		buf_adds(out, text);
		break;
	case TF_STATE:
		buf_adds(out, task_state_word(t->state));
		break;
	default:
		yaml_add_str(out, str_of(text_of(f, t)), false);
	}
}

struct err *
task_field_unknown(const struct node *n)
{
	const struct task_field *f, *best = NULL;
	size_t least = n->key.n / 3 + 2;

	for (f = task_fields; f->name != NULL; f++) {
		size_t d = str_distance(n->key, str_of(f->name));

		if (d < least) {
			least = d;
			best = f;
		}
	}
	if (best != NULL)
		return node_key_err(n, "unknown key '%s'; did you mean '%s'?", n->key.p, best->name);
	return node_key_err(n, "unknown key '%s'", n->key.p);
}
