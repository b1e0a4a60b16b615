#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "forge/pull.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tree.h"
#include "model/level.h"
#include "wire/json.h"

#define PULL_FILE_MAX (1 * MIB)

static const char *const state_names[] = {
	[PULL_OPEN] = "open",
	[PULL_MERGED] = "merged",
	[PULL_CLOSED] = "closed",
};

const char *
pull_state_name(enum pull_state s)
{
	return state_names[s];
}

void
pull_free(struct pull *p)
{
	free(p->title);
	free(p->body);
	free(p->base);
	free(p->branch);
	free(p->closed_by);
	free(p->type);
	free(p->url);
	free(p->taken_by);
	strs_free(&p->reasons);
	*p = (struct pull){0};
}

void
pulls_free(struct pulls *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		pull_free(&p->v[i]);
	vec_free(p);
}

void
pull_move_free(struct pull_move *m)
{
	free(m->name);
	m->name = NULL;
}

static char *
ref_of(int64_t number)
{
	return mem_printf(REF_PULLS "%" PRId64, number);
}

static bool
oid_field(const struct node *n, const char *key, struct oid *out)
{
	const char *s = node_get_str(n, key);

	if (s == NULL)
		return true;
	return oid_parse(str_of(s), out);
}

static bool
time_field(const struct node *n, const char *key, int64_t *out)
{
	const char *s = node_get_str(n, key);

	return s != NULL && clock_parse(s, out);
}

/* What older versions did not write is nothing. */
static bool
parse_review(const struct node *n, struct pull *p)
{
	const struct node *reasons = node_get(n, "reasons"), *line;

	p->type = mem_strdup(node_get_str(n, "type"));
	p->level = node_get_int(n, "level", 0);
	for (line = reasons != NULL && reasons->kind == NODE_LIST ? reasons->child : NULL; line != NULL; line = line->next)
		if (node_str(line) != NULL)
			strs_add(&p->reasons, node_str(line));
	return p->level >= 0 && p->level < LEVELS;
}

static bool
parse_outside(const struct node *n, struct pull *p)
{
	p->outside = node_get_int(n, "outside", 0);
	p->url = mem_strdup(node_get_str(n, "url"));
	p->taken_by = mem_strdup(node_get_str(n, "taken_by"));
	p->asked = node_get_int(n, "asked", 0);
	p->reminded = node_get_int(n, "reminded", 0);
	p->heard = node_get_int(n, "heard", 0);
	p->revisions = node_get_int(n, "revisions", 0);
	return p->outside >= 0 && oid_field(n, "told", &p->told) && oid_field(n, "pushed", &p->pushed) &&
	    oid_field(n, "marked", &p->marked) && oid_field(n, "theirs", &p->theirs) &&
	    oid_field(n, "armed", &p->armed);
}

/* From pull.json; the caller frees *p also on failure. */
static struct err *
parse(const struct node *n, struct pull *p)
{
	const char *state = node_get_str(n, "state"), *task = node_get_str(n, "task");
	const char *run = node_get_str(n, "run");
	size_t i;

	p->number = node_get_int(n, "number", 0);
	p->title = mem_strdup(node_get_str(n, "title"));
	p->base = mem_strdup(node_get_str(n, "base"));
	p->branch = mem_strdup(node_get_str(n, "branch"));
	p->closed_by = mem_strdup(node_get_str(n, "closed_by"));
	for (i = 0; state != NULL && i < NITEMS(state_names); i++)
		if (strcmp(state, state_names[i]) == 0)
			break;
	p->state = (enum pull_state)i;
	if (p->number < 0 || p->title == NULL || p->base == NULL || p->branch == NULL || state == NULL ||
	    i == NITEMS(state_names) || task == NULL || !id_parse(str_of(task), &p->task) ||
	    (run != NULL && !id_parse(str_of(run), &p->run)) || !oid_field(n, "head", &p->head) ||
	    !oid_field(n, "tested", &p->tested) || !oid_field(n, "landed", &p->landed) ||
	    !time_field(n, "created", &p->created) || !time_field(n, "updated", &p->updated) ||
	    !parse_review(n, p) || !parse_outside(n, p))
		return node_err(n, "not a pull request of git-factory");
	return NULL;
}

struct err *
pull_take(struct repo *r, const struct oid *tree, const char *name, struct pull *out)
{
	AUTO(arena_free) struct arena arena = {0};
	AUTO(buf_free) struct buf json = BUF_INIT(PULL_FILE_MAX), body = BUF_INIT(PULL_FILE_MAX);
	AUTO(pull_free) struct pull p = {0};
	AUTO(mem_free_p) char *file = mem_printf("%s:pull.json", name);
	struct node *n;

	TRY(err_wrap(tree_read(r, tree, "pull.json", &json), "'%s'", name));
	TRY(err_wrap(tree_read(r, tree, "body.md", &body), "'%s'", name));
	TRY(json_parse(&arena, file, buf_str(&json), &n));
	TRY(parse(n, &p));
	p.body = buf_steal(&body);
	*out = p;
	p = (struct pull){0};
	return NULL;
}

struct err *
pull_read_at(struct repo *r, const char *name, const struct oid *commit, struct pull *out)
{
	AUTO(pull_free) struct pull p = {0};
	struct oid tree;

	TRY(commit_tree(r, commit, &tree));
	TRY(pull_take(r, &tree, name, &p));
	if (p.number == 0)
		return err_new(ERR_SYNTAX, "'%s' holds a pull request without a number", name);
	p.ref = *commit;
	*out = p;
	p = (struct pull){0};
	return NULL;
}

struct err *
pull_read(struct repo *r, int64_t number, struct pull *out)
{
	AUTO(mem_free_p) char *name = ref_of(number);
	struct oid commit;

	TRY(ref_read(r, name, &commit));
	if (oid_is_zero(&commit))
		return err_hint(err_new(ERR_NOT_FOUND, "there is no pull request %" PRId64, number),
		    "see 'git factory pr list'");
	return pull_read_at(r, name, &commit, out);
}

struct err *
pull_is(struct repo *r, int64_t number, enum pull_state state, bool *is)
{
	AUTO(pull_free) struct pull p = {0};
	struct err *e = number != 0 ? pull_read(r, number, &p) : NULL;

	*is = number != 0 && e == NULL && p.state == state;
	if (!err_is(e, ERR_NOT_FOUND))
		return e;
	err_free(e);
	return NULL;
}

static int
by_number(const void *a, const void *b)
{
	const struct pull *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

struct err *
pull_list(struct repo *r, const char *where, struct pulls *out)
{
	AUTO(refs_free) struct refs refs = {0};
	AUTO(pulls_free) struct pulls all = {0};
	struct pull p;
	size_t i;

	TRY(ref_list(r, where, &refs));
	for (i = 0; i < refs.n; i++) {
		p = (struct pull){0};
		TRY(pull_read_at(r, refs.v[i].name, &refs.v[i].oid, &p));
		vec_push(&all, p);
	}
	vec_sort(&all, by_number);
	*out = all;
	all = (struct pulls){0};
	return NULL;
}

static void
put_oid(struct jw *w, const char *key, const struct oid *o)
{
	if (!oid_is_zero(o))
		jw_kstr(w, key, oid_hex(o).s);
}

static void
put_time(struct jw *w, const char *key, int64_t when)
{
	char text[CLOCK_TEXT];

	clock_format(when, text);
	jw_kstr(w, key, text);
}

static void
put_text(struct jw *w, const char *key, const char *text)
{
	if (text != NULL)
		jw_kstr(w, key, text);
}

static void
put_number(struct jw *w, const char *key, int64_t n)
{
	if (n != 0)
		jw_kint(w, key, n);
}

static void
format_review(const struct pull *p, struct jw *w)
{
	size_t i;

	put_text(w, "type", p->type);
	if (p->reasons.n == 0)
		return;
	jw_kint(w, "level", p->level);
	jw_key(w, "reasons");
	jw_list(w);
	for (i = 0; i < p->reasons.n; i++)
		jw_str(w, p->reasons.v[i]);
	jw_end(w);
}

static void
format_outside(const struct pull *p, struct jw *w)
{
	put_number(w, "outside", p->outside);
	put_text(w, "url", p->url);
	put_oid(w, "told", &p->told);
	put_oid(w, "pushed", &p->pushed);
	put_oid(w, "marked", &p->marked);
	put_oid(w, "theirs", &p->theirs);
	put_oid(w, "armed", &p->armed);
	put_text(w, "taken_by", p->taken_by);
	put_number(w, "asked", p->asked);
	put_number(w, "reminded", p->reminded);
	put_number(w, "heard", p->heard);
	put_number(w, "revisions", p->revisions);
}

static void
format(const struct pull *p, struct buf *out)
{
	struct jw w;

	jw_init(&w, out, true);
	jw_obj(&w);
	jw_kint(&w, "number", p->number);
	jw_kstr(&w, "state", pull_state_name(p->state));
	jw_kstr(&w, "task", p->task.s);
	if (p->run.s[0] != '\0')
		jw_kstr(&w, "run", p->run.s);
	jw_kstr(&w, "title", p->title);
	jw_kstr(&w, "base", p->base);
	jw_kstr(&w, "branch", p->branch);
	put_oid(&w, "head", &p->head);
	put_oid(&w, "tested", &p->tested);
	put_oid(&w, "landed", &p->landed);
	put_time(&w, "created", p->created);
	put_time(&w, "updated", p->updated);
	if (p->closed_by != NULL)
		jw_kstr(&w, "closed_by", p->closed_by);
	format_review(p, &w);
	format_outside(p, &w);
	jw_end(&w);
}

static void
take_text(char **to, const char *from)
{
	char *copy = mem_strdup(from);

	free(*to);
	*to = copy;
}

void
pull_inherit(struct pull *p, const struct pull *now)
{
	p->outside = now->outside;
	take_text(&p->url, now->url);
	p->told = now->told;
	p->pushed = now->pushed;
	p->marked = now->marked;
	p->theirs = now->theirs;
	p->armed = now->armed;
	take_text(&p->taken_by, now->taken_by);
	p->asked = now->asked;
	p->reminded = now->reminded;
	p->heard = now->heard;
	p->revisions = now->revisions;
}

static void
outside_text(const struct pull *p, struct buf *out)
{
	struct jw w;

	jw_init(&w, out, false);
	jw_obj(&w);
	format_outside(p, &w);
	jw_end(&w);
}

bool
pull_same_outside(const struct pull *a, const struct pull *b)
{
	AUTO(buf_free) struct buf x = BUF_INIT(PULL_FILE_MAX), y = BUF_INIT(PULL_FILE_MAX);

	outside_text(a, &x);
	outside_text(b, &y);
	return str_eq(buf_str(&x), buf_str(&y));
}

static struct err *
see_number(void *arg, struct str name)
{
	int64_t *top = arg, n;

	if (str_int(str_skip(name, strlen(REF_PULLS)), 1, INT64_MAX - 1, &n) && n > *top)
		*top = n;
	return NULL;
}

struct err *
pull_number(struct repo *r, int64_t *out)
{
	int64_t top = 0;

	TRY(ref_names(r, REF_PULLS, see_number, &top));
	*out = top + 1;
	return NULL;
}

struct err *
pull_put(struct repo *r, const struct pull *p, struct tree_edit *edit)
{
	AUTO(buf_free) struct buf json = BUF_INIT(PULL_FILE_MAX);

	format(p, &json);
	TRY(buf_check(&json, "the pull request"));
	TRY(tree_edit_write(r, edit, "pull.json", buf_str(&json)));
	return tree_edit_write(r, edit, "body.md", str_of(p->body));
}

struct err *
pull_prepare(struct repo *r, struct pull *p, const struct ident *who, struct pull_move *out)
{
	AUTO(tree_edit_free) struct tree_edit edit = {0};
	AUTO(mem_free_p) char *message = NULL;
	struct commit_spec spec = {.author = who};
	struct oid old_tree, to;

	if (p->number == 0)
		TRY(pull_number(r, &p->number));
	TRY(pull_put(r, p, &edit));
	TRY(tree_apply(r, &oid_zero, &edit, &spec.tree));
	to = p->ref;
	if (!oid_is_zero(&p->ref)) {
		TRY(commit_tree(r, &p->ref, &old_tree));
		spec.parents = &p->ref;
		spec.nparents = 1;
	}
	if (oid_is_zero(&p->ref) || !oid_eq(&old_tree, &spec.tree)) {
		spec.message = message = mem_printf("pull request %" PRId64 ": %s\n", p->number,
		    pull_state_name(p->state));
		TRY(commit_create(r, &spec, &to));
	}
	*out = (struct pull_move){ref_of(p->number), p->ref, to};
	return NULL;
}
