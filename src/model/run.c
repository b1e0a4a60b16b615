#include "model/run.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "wire/json.h"
#include "wire/node.h"

static const char *const outcomes[] = {"delivered", "escalated", "failed", "cancelled"};

const char *
run_outcome_word(enum run_outcome outcome)
{
	return outcomes[outcome];
}

/* The members that are strings, with their keys, in the order of the file. */
static const struct {
	const char *key;
	size_t offset;
} strings[] = {
	{"id", offsetof(struct run, id)},
	{"task", offsetof(struct run, task)},
	{"title", offsetof(struct run, title)},
	{"base", offsetof(struct run, base)},
	{"tree", offsetof(struct run, tree)},
	{"commit", offsetof(struct run, commit)},
	{"branch", offsetof(struct run, branch)},
	{"agent", offsetof(struct run, agent)},
	{"model", offsetof(struct run, model)},
	{"provider", offsetof(struct run, provider)},
	{"sandbox", offsetof(struct run, sandbox)},
	{"node", offsetof(struct run, node)},
	{"error", offsetof(struct run, error)},
	{"message", offsetof(struct run, message)},
	{"question", offsetof(struct run, question)},
	{"class", offsetof(struct run, class)},
	{"next", offsetof(struct run, next)},
	{"noreplay", offsetof(struct run, noreplay)},
};

static const struct {
	const char *key;
	size_t offset;
} numbers[] = {
	{"attempt", offsetof(struct run, attempt)},
	{"pull", offsetof(struct run, pull)},
	{"iterations", offsetof(struct run, iterations)},
};

static const char **
string_at(struct run *r, size_t i)
{
	return (const char **)((char *)r + strings[i].offset);
}

static int64_t *
number_at(struct run *r, size_t i)
{
	return (int64_t *)((char *)r + numbers[i].offset);
}

void
run_init(struct run *r)
{
	size_t i;

	*r = (struct run){.outcome = RUN_FAILED, .attempt = 1};
	for (i = 0; i < NITEMS(strings); i++)
		*string_at(r, i) = "";
}

void
run_free(struct run *r)
{
	verdicts_free(&r->gates);
	vec_free(&r->steps);
	arena_free(&r->mem);
}

void
run_set(struct run *r, const char **field, const char *value)
{
	*field = value == NULL ? "" : arena_strdup(&r->mem, value);
}

void
run_step(struct run *r, const char *name, int64_t started, int64_t ms, const char *note)
{
	struct run_step s = {.started = started, .ms = ms};

	run_set(r, &s.name, name);
	run_set(r, &s.note, note);
	vec_push(&r->steps, s);
}

static void
time_write(struct jw *w, const char *key, int64_t unix_s)
{
	char text[CLOCK_TEXT];

	clock_format(unix_s, text);
	jw_kstr(w, key, text);
}

static void
steps_write(struct jw *w, const struct run *r)
{
	size_t i;

	jw_key(w, "steps");
	jw_list(w);
	for (i = 0; i < r->steps.n; i++) {
		jw_obj(w);
		jw_kstr(w, "name", r->steps.v[i].name);
		time_write(w, "started", r->steps.v[i].started);
		jw_kint(w, "ms", r->steps.v[i].ms);
		if (r->steps.v[i].note[0] != '\0')
			jw_kstr(w, "note", r->steps.v[i].note);
		jw_end(w);
	}
	jw_end(w);
}

void
run_format(const struct run *r, struct buf *out)
{
	struct run *m = (struct run *)(uintptr_t)r;
	struct jw w;
	size_t i;

	jw_init(&w, out, true);
	jw_obj(&w);
	jw_kint(&w, "version", 1);
	for (i = 0; i < NITEMS(strings); i++)
		if ((*string_at(m, i))[0] != '\0')
			jw_kstr(&w, strings[i].key, *string_at(m, i));
	for (i = 0; i < NITEMS(numbers); i++)
		jw_kint(&w, numbers[i].key, *number_at(m, i));
	jw_kstr(&w, "outcome", run_outcome_word(r->outcome));
	time_write(&w, "started", r->started);
	time_write(&w, "ended", r->ended);
	if (r->retry_at != 0)
		time_write(&w, "retry_at", r->retry_at);
	jw_key(&w, "use");
	use_write(&w, &r->use);
	steps_write(&w, r);
	jw_key(&w, "gates");
	jw_list(&w);
	for (i = 0; i < r->gates.n; i++)
		verdict_write(&w, &r->gates.v[i]);
	jw_end(&w);
	jw_end(&w);
}

static struct err *
time_read(const struct node *map, const char *key, int64_t *out)
{
	const char *text = node_get_str(map, key);

	if (text == NULL || !clock_parse(text, out))
		return node_err(map, "'%s' must be a time like 2026-11-21T10:12:45Z", key);
	return NULL;
}

static struct err *
outcome_read(const struct node *map, enum run_outcome *out)
{
	const char *word = node_get_str(map, "outcome");
	size_t i;

	for (i = 0; word != NULL && i < NITEMS(outcomes); i++)
		if (str_is(str_of(word), outcomes[i])) {
			*out = (enum run_outcome)i;
			return NULL;
		}
	return node_err(map, "no known 'outcome'");
}

static struct err *
lists_read(const char *file, const struct node *n, struct run *r)
{
	const struct node *list, *each;

	list = node_get(n, "steps");
	for (each = list == NULL ? NULL : list->child; each != NULL; each = each->next) {
		int64_t started;

		TRY(time_read(each, "started", &started));
		run_step(r, node_get_str(each, "name"), started,
		    node_get_int(each, "ms", 0), node_get_str(each, "note"));
	}
	list = node_get(n, "gates");
	for (each = list == NULL ? NULL : list->child; each != NULL; each = each->next) {
		struct verdict v;

		TRY(verdict_read(file, each, &v));
		vec_push(&r->gates, v);
	}
	return NULL;
}

static struct err *
read_into(const char *file, const struct node *n, struct run *r)
{
	int64_t version = node_get_int(n, "version", 0);
	size_t i;

	if (n->kind != NODE_MAP || version < 1)
		return node_err(n, "a run record must be an object with a 'version'");
	if (version > 1)
		return err_hint(node_err(n, "run record of version %lld", (long long)version),
		    "a newer git-factory wrote it: install that one");
	for (i = 0; i < NITEMS(strings); i++)
		run_set(r, string_at(r, i), node_get_str(n, strings[i].key));
	for (i = 0; i < NITEMS(numbers); i++)
		*number_at(r, i) = node_get_int(n, numbers[i].key, 0);
	if (!id_valid(str_of(r->id)) || !id_valid(str_of(r->task)))
		return node_err(n, "no valid 'id' and 'task'");
	TRY(outcome_read(n, &r->outcome));
	TRY(time_read(n, "started", &r->started));
	TRY(time_read(n, "ended", &r->ended));
	if (node_get(n, "retry_at") != NULL)
		TRY(time_read(n, "retry_at", &r->retry_at));
	TRY(use_read(file, node_get(n, "use"), &r->use));
	return lists_read(file, n, r);
}

struct err *
run_parse(const char *file, struct str text, struct run *out)
{
	AUTO(arena_free) struct arena mem = {0};
	struct node *n;
	struct run r;
	struct err *e;

	if (text.n > RUN_FILE_MAX)
		return err_new(ERR_LIMIT, "%s is larger than %zu bytes", file, RUN_FILE_MAX);
	TRY(json_parse(&mem, file, text, &n));
	run_init(&r);
	e = read_into(file, n, &r);
	if (e != NULL) {
		run_free(&r);
		return e;
	}
	*out = r;
	return NULL;
}

void
run_path(const char *id, struct buf *out)
{
	buf_addf(out, "runs/%c/%c/%s.json", id[0], id[1], id);
}

void
run_evidence(const struct run *r, const char *event, int64_t time,
    const char *commit, const char *tree, const char *patch_id, struct buf *out)
{
	struct jw w;
	size_t i;

	jw_init(&w, out, false);
	jw_obj(&w);
	time_write(&w, "time", time);
	jw_kstr(&w, "event", event);
	jw_kstr(&w, "run", r->id);
	jw_kstr(&w, "task", r->task);
	jw_kstr(&w, "commit", commit);
	jw_kstr(&w, "tree", tree);
	jw_kstr(&w, "patch_id", patch_id);
	jw_key(&w, "gates");
	jw_list(&w);
	for (i = 0; i < r->gates.n; i++) {
		const struct verdict *v = &r->gates.v[i];

		jw_obj(&w);
		jw_kstr(&w, "gate", v->gate);
		jw_kstr(&w, "verdict", verdict_word(v->kind));
		jw_kstr(&w, "tree", v->tree);
		jw_kstr(&w, "definition", v->definition);
		jw_end(&w);
	}
	jw_end(&w);
	jw_kstr(&w, "agent", r->agent);
	jw_kstr(&w, "model", r->model);
	jw_kstr(&w, "sandbox", r->sandbox);
	jw_kint(&w, "cost_micro", r->use.micro);
	jw_end(&w);
	buf_addc(out, '\n');
}
