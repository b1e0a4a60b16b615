#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/regex.h"
#include "base/vec.h"
#include "gate/builtin/builtin.h"
#include "gate/builtin/lang.h"
#include "gate/builtin/rule.h"
#include "gate/glob.h"

void
rules_free(struct rules *r)
{
	size_t i;

	if (r->compiled == NULL || r->kept != NULL)
		return;
	for (i = 0; i < r->n; i++)
		regex_free(r->compiled[i]);
	free(r->compiled);
	r->compiled = NULL;
}

static int64_t
now_ms(void)
{
	struct clock c = clock_system();

	return clock_mono(&c);
}

static bool
applies(const struct rule *rule, const struct lang *l)
{
	if (rule->langs == NULL)
		return true;
	if (l == NULL)
		return false;
	return lang_is(l, rule->langs) || (l->kind == LANG_CODE && strstr(rule->langs, "code") != NULL) ||
	    (l->kind == LANG_CONFIG && strstr(rule->langs, "config") != NULL) ||
	    (l->kind == LANG_PROSE && strstr(rule->langs, "prose") != NULL);
}

/* One file under the rules. */
struct judged {
	struct inspect *in;
	struct rules *r;
	const struct change_file *f;
	const struct source *s;
	bool limited;
};

static struct err *
match_window(struct judged *j, size_t i, struct str window, int64_t line, bool *told)
{
	const struct rule *rule = &j->r->v[i];
	enum finding_kind kind = rule->kind;
	struct regex_match m;
	bool found;
	struct err *e;

	if (j->r->compiled[i] == NULL)
		TRY(regex_new(str_of(rule->pattern), REGEX_BRIEF, &j->r->compiled[i]));
	e = regex_find(j->r->compiled[i], window, 0, &found, &m);
	if (err_is(e, ERR_LIMIT)) {
		err_ignore(e);
		j->limited = true;
		return NULL;
	}
	TRY(e);
	if (!found || (j->r->decide != NULL &&
	    !j->r->decide(j->r->arg, rule, j->s, str_mk(window.p + m.start, m.end - m.start), &kind)))
		return NULL;
	inspect_find(j->in, kind, rule->name, j->f->path, line, "%s", rule->text);
	*told = true;
	return NULL;
}

static struct err *
match_line(struct judged *j, size_t i, struct str line, int64_t number, const char **said)
{
	bool told = false;
	size_t from;

	for (from = 0; !told && (from == 0 || from < line.n); from += RULE_WINDOW - RULE_OVERLAP) {
		TRY(match_window(j, i, str_take(str_skip(line, from), RULE_WINDOW), number, &told));
		if (line.n - from <= RULE_WINDOW)
			break;
	}
	if (told)
		*said = j->r->v[i].name;
	return NULL;
}

static struct err *
judge_line(struct judged *j, const struct change_line *l)
{
	const char *said = "";
	size_t i;

	for (i = 0; i < j->r->n; i++) {
		const struct rule *rule = &j->r->v[i];
		struct str line = source_line(j->s, rule->view, l->line);

		/* Rules of one name are one rule: once for a line. */
		if (line.n == 0 || strcmp(said, rule->name) == 0 || !applies(rule, j->s->lang) ||
		    (rule->paths != NULL && rule->paths->n != 0 && !glob_paths(rule->paths, j->f->path, 0)))
			continue;
		TRY(match_line(j, i, line, l->line, &said));
	}
	return NULL;
}

static struct err *
judge_file(struct inspect *in, struct rules *r, const struct change_file *f)
{
	AUTO(source_free) struct source s = {0};
	struct judged j = {.in = in, .r = r, .f = f, .s = &s};
	size_t i;
	bool found;

	if (f->added.n == 0)
		return NULL;
	TRY(source_open(in->change, f, false, &s, &found));
	for (i = 0; found && i < f->added.n && !r->over; i++) {
		if (!f->added.v[i].moved)
			TRY(judge_line(&j, &f->added.v[i]));
		r->over = (i & 15) == 15 && now_ms() > r->until;
	}
	if (j.limited || r->over)
		inspect_find(in, FINDING_FLAGGED, "unjudged", f->path, 0,
		    "too intricate to be judged: look at its lines");
	return NULL;
}

struct err *
rules_judge(struct inspect *in, struct rules *r)
{
	size_t i;

	r->compiled = r->kept != NULL ? r->kept : mem_calloc(r->n + 1, sizeof(struct regex *));
	r->until = now_ms() + RULES_MS;
	for (i = 0; i < change_count(in->change); i++) {
		const struct change_file *f = change_at(in->change, i);

		if (inspect_sees(in, f->path))
			TRY(judge_file(in, r, f));
	}
	return NULL;
}
