#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "forge/pull.h"
#include "gate/change.h"
#include "line/kind.h"
#include "line/policy.h"
#include "line/pulls/level.h"
#include "model/level.h"
#include "model/task.h"
#include "model/verdict.h"

struct files {
	VEC_FIELDS(struct level_file);
};

static unsigned
lines_touch(const struct change_file *f)
{
	unsigned bits = 0;
	size_t i;

	for (i = 0; i < f->added.n; i++)
		bits |= level_line(f->path, f->added.v[i].text);
	for (i = 0; i < f->deleted.n; i++)
		bits |= level_line(f->path, f->deleted.v[i].text);
	return bits;
}

/* Of a renamed file both names tell; what is too large to be compared is as large as can be. */
static void
add_file(struct files *files, const struct kind *kind, const struct change_file *f)
{
	struct level_file file = {.path = f->path, .status = f->status, .lines = f->added.n + f->deleted.n,
	    .binary = f->binary, .elsewhere = !kind_has(kind, f->path), .touches = lines_touch(f)};

	if (f->large && !f->binary)
		file.lines = LEVEL_LARGE_LINES;
	if (f->status == 'R') {
		file.touches |= level_path(f->from);
		file.elsewhere = file.elsewhere || !kind_has(kind, f->from);
	}
	vec_push(files, file);
}

static void
count_gates(const struct config *c, const struct verdicts *gates, struct level_facts *f)
{
	size_t i;

	for (i = 0; i < gates->n; i++) {
		const struct verdict *v = &gates->v[i];
		const struct conf_gate *g = config_gate(c, v->gate);

		f->unproven += verdict_blocks(v);
		f->passed += g != NULL && g->run[0] != '\0' && v->kind == VERDICT_PASS && !v->advisory && !v->idle;
	}
}

/* How the type's last pull requests fared with people: up to LEVEL_PULLS to read. */
static struct err *
count_past(struct repo *r, const char *type, struct level_facts *f)
{
	int64_t next, n;

	TRY(pull_number(r, &next));
	for (n = next - 1; n > 0 && n >= next - LEVEL_PULLS; n--) {
		AUTO(pull_free) struct pull p = {0};
		struct err *e = pull_read(r, n, &p);

		if (e == NULL && p.type != NULL && strcmp(p.type, type) == 0) {
			f->accepted += p.state == PULL_MERGED;
			f->turned_down += p.state == PULL_CLOSED;
		}
		/* A number whose pull request is gone, or cannot be read, tells nothing. */
		err_ignore(e);
	}
	return NULL;
}

struct err *
pull_judge(struct repo *r, const struct policy *base, const struct task *t, const struct judged *j, struct pull *p)
{
	AUTO(change_close_p) struct change *change = NULL;
	AUTO(kind_free) struct kind kind = {0};
	struct files files = {0};
	struct level_facts f = {.flagged = j->flagged};
	struct err *e;
	size_t i;

	kind_of(&base->cfg, t, &kind);
	TRY(change_open(r, &base->tree, j->tree, &change));
	for (i = 0; i < change_count(change); i++)
		add_file(&files, &kind, change_at(change, i));
	f.files = files.v;
	f.nfiles = files.n;
	f.type = kind.name;
	f.type_known = kind.type != NULL;
	f.severity = kind.severity;
	f.type_alone = kind.auto_merge;
	f.author = t->issue[0] != '\0' && t->asked_by[0] == '\0' ? AUTHOR_UNKNOWN : AUTHOR_TEAM;
	count_gates(&base->cfg, j->gates, &f);
	e = f.type_known ? count_past(r, kind.name, &f) : NULL;
	if (e == NULL) {
		strs_free(&p->reasons);
		p->level = level_of(&f, &p->reasons);
		free(p->type);
		p->type = mem_strdup(kind.name);
	}
	vec_free(&files);
	return e;
}
