#include "model/classify.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/text.h"
#include "model/task.h"

#define SHOWN 80	/* bytes of a sign in the reason */

/* One kind of sign: what it points to, and why. */
struct sign {
	const char *what;	/* "label" */
	const struct class_type *type;	/* of the sign that counts */
	const struct class_type *other;	/* another, that counts as much */
	const struct class_type *critical;
	struct str text, other_text, critical_text;
	size_t weight;
};

const char *
risk_word(enum risk s)
{
	static const char *const words[] = {"low", "medium", "high", "critical"};

	return words[s];
}

static void
sign_add(struct sign *s, const struct class_type *type, struct str text, size_t weight)
{
	if (type->severity == RISK_CRITICAL && s->critical == NULL) {
		s->critical = type;
		s->critical_text = text;
	}
	if (s->type == NULL || weight > s->weight) {
		s->type = type;
		s->text = text;
		s->weight = weight;
		s->other = NULL;
	} else if (weight == s->weight && type != s->type && s->other == NULL) {
		s->other = type;
		s->other_text = text;
	}
}

/* ---- labels ---- */

static bool
has_word(const struct strs *list, const char *word)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (strcasecmp(list->v[i], word) == 0)
			return true;
	return false;
}

static void
see_labels(const struct task *t, const struct class_types *types, struct sign *s)
{
	size_t i, k;

	s->what = "label";
	for (i = 0; i < t->labels.n; i++)
		for (k = 0; k < types->n; k++)
			if (strcasecmp(types->v[k].name, t->labels.v[i]) == 0 ||
			    has_word(types->v[k].labels, t->labels.v[i]))
				sign_add(s, &types->v[k], str_of(t->labels.v[i]), 1);
}

/* ---- the answer of a form ---- */

/* The first line with something on it after a heading that is just "Type". */
static bool
form_answer(struct str body, struct str *out)
{
	struct str line;
	bool asked = false;

	while (str_next(&body, '\n', &line)) {
		struct str text = str_trim(line);

		if (asked && text.n > 0 && text.p[0] != '#') {
			*out = text;
			return true;
		}
		if (text.n == 0)
			continue;
		asked = text.p[0] == '#';
		while (text.n > 0 && text.p[0] == '#')
			text = str_skip(text, 1);
		text = str_trim(text);
		asked = asked && text.n == 4 && strncasecmp(text.p, "type", 4) == 0;
	}
	return false;
}

static void
see_form(const struct task *t, const struct class_types *types, struct sign *s)
{
	struct str answer;
	size_t k;

	s->what = "the form's answer";
	if (!form_answer(str_of(t->body), &answer))
		return;
	for (k = 0; k < types->n; k++)
		if (str_is(answer, types->v[k].name))
			sign_add(s, &types->v[k], answer, 1);
}

/* ---- scope ---- */

static bool
paths_hold(const struct class_types *types, const struct class_type *type, const char *path)
{
	size_t i;

	for (i = 0; i < type->paths->n; i++)
		if (types->holds(type->paths->v[i], path))
			return true;
	return false;
}

static void
see_scope(const struct task *t, const struct class_types *types, struct sign *s)
{
	size_t i, k, held;

	s->what = "scope";
	for (k = 0; k < types->n; k++) {
		const struct class_type *type = &types->v[k];
		const char *last = NULL;

		for (i = held = 0; i < t->scope.n; i++)
			if (paths_hold(types, type, t->scope.v[i])) {
				held++;
				last = t->scope.v[i];
			}
		if (last != NULL && (held == t->scope.n || type->severity == RISK_CRITICAL))
			sign_add(s, type, str_of(last), 1);
	}
}

/* ---- words of the title ---- */

/* Lower-case words, one space between them and at both ends. */
static void
plain_words(struct str s, struct buf *out)
{
	size_t i;

	buf_addc(out, ' ');
	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (isalnum(c) || c >= 0x80 || c == '_')
			buf_addc(out, (char)tolower(c));
		else if (out->p[out->n - 1] != ' ')
			buf_addc(out, ' ');
	}
	if (out->p[out->n - 1] != ' ')
		buf_addc(out, ' ');
}

static size_t
count_words(struct str plain)
{
	size_t i, n = 0;

	for (i = 1; i < plain.n; i++)
		n += plain.p[i] == ' ';
	return n;
}

static void
see_words(const struct task *t, const struct class_types *types, struct sign *s)
{
	AUTO(buf_free) struct buf title = BUF_INIT(8 * TASK_TITLE_MAX);
	size_t i, k;

	s->what = "title";
	plain_words(str_of(t->title), &title);
	for (k = 0; k < types->n; k++)
		for (i = 0; i < types->v[k].words->n; i++) {
			AUTO(buf_free) struct buf phrase = BUF_INIT(BUF_TEXT);
			struct str word = str_of(types->v[k].words->v[i]);

			plain_words(word, &phrase);
			if (phrase.n > 2 && str_find(buf_str(&title), buf_str(&phrase)) >= 0)
				sign_add(s, &types->v[k], word, count_words(buf_str(&phrase)));
		}
}

/* ---- together ---- */

static void
add_shown(struct buf *why, struct str text)
{
	buf_addc(why, '\'');
	text_visible(why, text_cut(text, SHOWN), true);
	buf_addc(why, '\'');
}

static const struct class_type *
named(const struct task *t, const struct class_types *types, struct buf *why)
{
	size_t k;

	for (k = 0; k < types->n; k++)
		if (strcmp(types->v[k].name, t->type) == 0) {
			buf_adds(why, "the task says so");
			return &types->v[k];
		}
	add_shown(why, str_of(t->type));
	buf_adds(why, " is no type of this policy");
	return NULL;
}

static void (*const see[])(const struct task *, const struct class_types *, struct sign *) = {
	see_labels, see_form, see_scope, see_words};

bool
classify_silent(const struct task *t, const struct class_types *types)
{
	size_t i;

	for (i = 0; i < NITEMS(see); i++) {
		struct sign s = {0};

		see[i](t, types, &s);
		if (s.type != NULL)
			return false;
	}
	return t->type[0] == '\0';
}

const struct class_type *
classify(const struct task *t, const struct class_types *types, struct buf *why)
{
	struct sign signs[NITEMS(see)] = {0};
	size_t i;

	if (t->type[0] != '\0')
		return named(t, types, why);
	for (i = 0; i < NITEMS(see); i++) {
		see[i](t, types, &signs[i]);
		if (signs[i].critical != NULL) {
			buf_addf(why, "%s ", signs[i].what);
			add_shown(why, signs[i].critical_text);
			return signs[i].critical;
		}
	}
	for (i = 0; i < NITEMS(see); i++) {
		if (signs[i].type == NULL)
			continue;
		buf_addf(why, "%s ", signs[i].what);
		add_shown(why, signs[i].text);
		if (signs[i].other == NULL)
			return signs[i].type;
		buf_addf(why, " (%s) and ", signs[i].type->name);
		add_shown(why, signs[i].other_text);
		buf_addf(why, " (%s) disagree", signs[i].other->name);
		return NULL;
	}
	buf_adds(why, "no label, scope or word of the title tells it");
	return NULL;
}
