#include <string.h>

#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "conf/config.h"
#include "gate/room.h"
#include "gate/run/exec.h"
#include "gate/run/rerun.h"
#include "git/tree.h"

static const struct {
	const char *word, *variable;
} words[] = {
	{"{test}", "GATE_TEST"},
	{"{name}", "GATE_NAME"},
	{"{class}", "GATE_CLASS"},
	{"{file}", "GATE_FILE"},
};

/* What runners print, with status 0, when they found nothing to run. */
static const char *const idle[] = {
	"no tests to run", "no tests found", "no tests ran", "collected 0 items", "running 0 tests",
	"ran 0 tests", "0 passing", "# tests 0\n", "no test files found", "no tests were found",
	"no tests executed",
};

enum quote { BARE, SINGLE, DOUBLE };

static void
add_word(struct buf *out, const char *variable, enum quote quote)
{
	static const char *const form[] = {
		[BARE] = "\"${%s}\"", [SINGLE] = "'\"${%s}\"'", [DOUBLE] = "${%s}"};
	const char *f = form[quote], *mark = strstr(f, "%s");

	buf_add(out, f, (size_t)(mark - f));
	buf_adds(out, variable);
	buf_adds(out, mark + 2);
}

static enum quote
quote_after(enum quote quote, char c)
{
	if (c == '\'' && quote != DOUBLE)
		return quote == SINGLE ? BARE : SINGLE;
	if (c == '"' && quote != SINGLE)
		return quote == DOUBLE ? BARE : DOUBLE;
	return quote;
}

void
rerun_command(const char *one, struct buf *out)
{
	enum quote quote = BARE;
	size_t i;

	while (*one != '\0') {
		for (i = 0; i < NITEMS(words); i++)
			if (str_starts(str_of(one), words[i].word))
				break;
		if (i < NITEMS(words)) {
			add_word(out, words[i].variable, quote);
			one += strlen(words[i].word);
			continue;
		}
		if (*one == '\\' && quote != SINGLE && one[1] != '\0')
			buf_addc(out, *one++);
		else
			quote = quote_after(quote, *one);
		buf_addc(out, *one++);
	}
}

/* "tests.test_x.TestC" of pytest: the longest prefix that is a file. */
static struct err *
python_node(struct repo *r, const struct oid *tree, const char *dir,
    const struct junit_case *c, struct buf *out, bool *found)
{
	AUTO(mem_free_p) char *class = mem_strdup(c->more->class);
	AUTO(buf_free) struct buf path = BUF_INIT(BUF_TEXT);
	size_t n = strlen(class), prefix, i;
	struct tree_entry e;

	*found = false;
	for (i = n; i > 0; i--) {
		if (class[i] != '.' && class[i] != '\0')
			continue;
		buf_clear(&path);
		buf_addf(&path, "%s%s", dir, dir[0] == '\0' ? "" : "/");
		prefix = path.n;
		buf_add(&path, class, i);
		for (char *p = path.p + prefix; *p != '\0'; p++)
			if (*p == '.')
				*p = '/';
		buf_adds(&path, ".py");
		TRY(tree_find(r, tree, buf_cstr(&path), &e));
		if (e.mode != MODE_FILE && e.mode != MODE_EXEC)
			continue;
		buf_adds(out, buf_cstr(&path) + prefix);
		for (char *p = class + i; *p != '\0'; p++) {
			if (*p == '.')
				buf_adds(out, "::");
			else
				buf_addc(out, *p);
		}
		buf_addf(out, "::%s", c->name);
		*found = true;
		return NULL;
	}
	return NULL;
}

struct err *
rerun_selector(struct repo *r, const struct oid *tree, const char *dir,
    const struct junit_case *c, struct buf *out)
{
	bool found = false;

	if (c->name[0] == '\0' ||
	    ((c->name[0] == '-' || c->more->class[0] == '-' || c->more->file[0] == '-') && defence_on(DEFENCE_NAMES)))
		return NULL;
	TRY(python_node(r, tree, dir, c, out, &found));
	if (!found)
		buf_adds(out, c->name);
	return NULL;
}

static bool
was_idle(const char *output)
{
	size_t i;

	for (i = 0; i < NITEMS(idle); i++)
		if (strcasestr(output, idle[i]) != NULL)
			return true;
	return false;
}

/* Did the test itself run, and how did it end? */
static bool
has_run(const struct outcome *o, const struct junit_case *c, bool *passed)
{
	enum junit_status status;
	size_t i;

	*passed = o->kind == OUTCOME_PASSED;
	if (o->kind == OUTCOME_BROKEN)
		return false;
	if (!o->reported)
		return !was_idle(o->output);
	/* Alone, a test may stand below fewer suites: its name must do. */
	for (i = 0; i < o->facts.tests.n; i++) {
		status = o->facts.tests.v[i]->status;
		if (strcmp(o->facts.tests.v[i]->name, c->name) == 0 && status != JUNIT_SKIPPED) {
			*passed = *passed && status <= JUNIT_FLAKY;
			return true;
		}
	}
	return false;
}

static struct err *
rerun_outcome(const struct subject *s, const struct conf_gate *gate, const struct junit_case *c,
    bool on_base, struct outcome *out)
{
	AUTO(buf_free) struct buf command = BUF_INIT(BUF_TEXT), test = BUF_INIT(BUF_TEXT);
	const struct gates *g = s->gates;
	const struct oid *tree = on_base ? &g->base_tree : &s->tree;
	AUTO(strs_free) struct strs env = {0};
	struct exec_spec spec = {.gate = gate, .env = &env, .tree = tree,
	    .setup = on_base ? g->o.base_setup : s->setup, .on_base = on_base,
	    .report = gate->report.n == 0 ? EXEC_REPORT_NONE : EXEC_REPORT_OPTIONAL, .quiet = true};

	out->kind = OUTCOME_BROKEN;
	TRY(rerun_selector(g->o.repo, tree, gate->dir, c, &test));
	if (test.n == 0)
		return NULL;
	strs_addf(&env, "GATE_TEST=%s", buf_cstr(&test));
	strs_addf(&env, "GATE_NAME=%s", c->name);
	strs_addf(&env, "GATE_CLASS=%s", c->more->class);
	strs_addf(&env, "GATE_FILE=%s", c->more->file);
	rerun_command(gate->one, &command);
	spec.command = buf_cstr(&command);
	return exec_run(g, &spec, out);
}

struct err *
rerun_test(const struct subject *s, const struct conf_gate *gate, const struct junit_case *c,
    bool on_base, bool *ran, bool *passed)
{
	AUTO(outcome_free) struct outcome o = {0};

	TRY(rerun_outcome(s, gate, c, on_base, &o));
	*ran = has_run(&o, c, passed);
	return NULL;
}
