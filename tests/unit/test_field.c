#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "wire/field.h"
#include "wire/json.h"
#include "wire/yaml.h"

struct gate {
	char *name;
	char *run;
	int64_t timeout;
	bool fast;
};

struct limits {
	int64_t turns;
	double money;
};

struct step {
	char *run;
	struct strs key;
};

struct thing {
	char *title;
	int type;
	int64_t priority;
	struct strs labels;
	int64_t created;
	struct limits limits;
	VEC(struct step) steps;
	VEC(struct gate) gates;
	bool hold;
};

static const char *const types[] = {"bug", "feature", "chore", NULL};

static const struct field limit_fields[] = {
	{"turns", FIELD_INT, offsetof(struct limits, turns), FIELD_OMIT, .init = "40"},
	{"money", FIELD_REAL, offsetof(struct limits, money), FIELD_OMIT, .min = 0, .max = 100},
	{0}};

static const struct field step_fields[] = {
	{"run", FIELD_STRING, offsetof(struct step, run), FIELD_REQUIRED},
	{"key", FIELD_STRS, offsetof(struct step, key)},
	{0}};

static const struct field gate_fields[] = {
	{"run", FIELD_STRING, offsetof(struct gate, run), FIELD_REQUIRED},
	{"timeout", FIELD_SPAN, offsetof(struct gate, timeout), .init = "10m", .min = 1, .max = 3600},
	{"fast", FIELD_BOOL, offsetof(struct gate, fast), FIELD_OMIT},
	{0}};

static const struct field thing_fields[] = {
	{"title", FIELD_STRING, offsetof(struct thing, title), FIELD_REQUIRED},
	{"type", FIELD_ENUM, offsetof(struct thing, type), .words = types, .init = "feature"},
	{"priority", FIELD_INT, offsetof(struct thing, priority), .min = 0, .max = 4, .init = "2"},
	{"labels", FIELD_STRS, offsetof(struct thing, labels)},
	{"created", FIELD_TIME, offsetof(struct thing, created)},
	{"limits", FIELD_MAP, offsetof(struct thing, limits), .sub = limit_fields},
	{"steps", FIELD_LIST, offsetof(struct thing, steps), .sub = step_fields, .size = sizeof(struct step)},
	{"gates", FIELD_NAMED, offsetof(struct thing, gates), .sub = gate_fields, .size = sizeof(struct gate)},
	{"hold", FIELD_BOOL, offsetof(struct thing, hold), FIELD_OMIT},
	{0}};

static void
thing_free(struct thing *t)
{
	fields_free(thing_fields, t);
}

static struct err *
read_yaml(const char *text, struct thing *t)
{
	AUTO(arena_free) struct arena a = {0};
	struct node *n = NULL;

	TRY(yaml_parse(&a, "t.yml", str_of(text), 1, &n));
	return fields_read(thing_fields, n, t);
}

static void
refused(const char *text, const char *message)
{
	struct thing t;
	AUTO(err_free_p) struct err *e = read_yaml(text, &t);

	if (e == NULL)
		fail_msg("accepted: %s", text);
	assert_int_equal(err_code(e), ERR_SYNTAX);
	assert_string_equal(err_msg(e), message);
}

static const char whole[] =
    "title: \"2024\"\n"
    "type: bug\n"
    "priority: 0\n"
    "labels: [a, \"b, c\", \"12\"]\n"
    "created: 2026-11-21T10:12:45Z\n"
    "limits:\n"
    "  turns: 7\n"
    "  money: 1.5\n"
    "steps:\n"
    "  - run: npm ci\n"
    "    key: [package-lock.json]\n"
    "  - run: \"true\"\n"
    "gates:\n"
    "  tests:\n"
    "    run: make check\n"
    "    timeout: 20m\n"
    "    fast: true\n"
    "  lint:\n"
    "    run: make lint\n"
    "    timeout: 10m\n";

static void
test_both_ways(void **state UNUSED)
{
	AUTO(thing_free) struct thing t = {0};
	AUTO(thing_free) struct thing u = {0};
	AUTO(arena_free) struct arena a = {0};
	AUTO(buf_free) struct buf yaml = BUF_INIT(BUF_TEXT);
	AUTO(buf_free) struct buf json = BUF_INIT(BUF_TEXT);
	struct node *n;
	struct jw w;

	assert_null(read_yaml(whole, &t));
	assert_string_equal(t.title, "2024");
	assert_int_equal(t.type, 0);
	assert_int_equal(t.labels.n, 3);
	assert_int_equal(t.created, 1795255965);
	assert_true(t.limits.money == 1.5);
	assert_int_equal(t.steps.n, 2);
	assert_string_equal(t.steps.v[0].key.v[0], "package-lock.json");
	assert_int_equal(t.gates.n, 2);
	assert_string_equal(t.gates.v[1].name, "lint");
	assert_int_equal(t.gates.v[1].timeout, 600);
	fields_yaml(thing_fields, &yaml, 0, &t);
	assert_string_equal(buf_cstr(&yaml), whole);

	jw_init(&w, &json, false);
	jw_obj(&w);
	fields_json(thing_fields, &w, &t);
	jw_end(&w);
	assert_null(json_parse(&a, "t.json", buf_str(&json), &n));
	assert_null(fields_read(thing_fields, n, &u));
	buf_clear(&yaml);
	fields_yaml(thing_fields, &yaml, 0, &u);
	assert_string_equal(buf_cstr(&yaml), whole);
}

static void
test_defaults(void **state UNUSED)
{
	AUTO(thing_free) struct thing t = {0};
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);

	assert_null(read_yaml("title: 2024\nlabels: one\ncreated:\ngates: {x: {run: 5}}\n", &t));
	assert_string_equal(t.title, "2024");
	assert_int_equal(t.type, 1);
	assert_int_equal(t.priority, 2);
	assert_int_equal(t.limits.turns, 40);
	assert_int_equal(t.gates.v[0].timeout, 600);
	assert_string_equal(t.gates.v[0].run, "5");
	fields_yaml(thing_fields, &b, 2, &t);
	assert_string_equal(buf_cstr(&b), "  title: \"2024\"\n  type: feature\n  priority: 2\n"
	    "  labels: [one]\n  gates:\n    x:\n      run: \"5\"\n      timeout: 10m\n");
}

static void
test_refused(void **state UNUSED)
{
	refused("[1]", "t.yml:1:1: expected a map, not a list");
	refused("type: bug\n", "t.yml:1:1: the key 'title' is missing");
	refused("", "t.yml:1:1: the key 'title' is missing");
	refused("title: x\npriorty: 2\n", "t.yml:2:1: unknown key 'priorty'; did you mean 'priority'?");
	refused("title: x\nzzz: 2\n", "t.yml:2:1: unknown key 'zzz'");
	refused("title: x\npriority: '2'\n",
	    "t.yml:2:11: 'priority' must be an integer from 0 to 4, not a string");
	refused("title: x\npriority: 5\n", "t.yml:2:11: 'priority' must be an integer from 0 to 4, not 5");
	refused("title: [x]\n", "t.yml:1:8: 'title' must be a string, not a list");
	refused("title: x\ntype: bog\n",
	    "t.yml:2:7: 'type' must be bug, feature or chore, not 'bog'; did you mean 'bug'?");
	refused("title: x\nhold: yes\n", "t.yml:2:7: 'hold' must be true or false, not a string");
	refused("title: x\nlabels: [a, [b]]\n", "t.yml:2:13: each of 'labels' must be a string, not a list");
	refused("title: x\ncreated: yesterday\n",
	    "t.yml:2:10: 'created' must be a time such as 2026-11-21T10:12:45Z, not 'yesterday'");
	refused("title: x\nlimits: {money: 1000}\n",
	    "t.yml:2:17: 'money' must be a number from 0 to 100, not 1000");
	refused("title: x\nsteps: [{run: a}, b]\n", "t.yml:2:19: each of 'steps' must be a map, not a string");
	refused("title: x\nsteps: [{run: a}, {key: b}]\n", "t.yml:2:19: the key 'run' is missing");
	refused("title: x\ngates: {a: {run: x, timeout: 90}}\n",
	    "t.yml:2:30: 'timeout' must be a duration such as 90s, 20m or 2h, not 90");
	refused("title: x\ngates: {a: {run: x, timeout: 2h}}\n",
	    "t.yml:2:30: 'timeout' must be a duration from 1s to 1h, not '2h'");
	refused("title: x\ngates: {a: {run: x}, b: }\n", "t.yml:2:25: the key 'run' is missing");
	refused("title: x\ngates: {a: {run: x}, b: 1}\n", "t.yml:2:25: expected a map, not an integer");
}

/* JSON has quotes for every string, so a number is not one there. */
static void
test_json_types(void **state UNUSED)
{
	AUTO(arena_free) struct arena a = {0};
	struct node *n;
	struct thing t;

	assert_null(json_parse(&a, "t.json", STR("{\"title\": 12}"), &n));
	AUTO(err_free_p) struct err *e = fields_read(thing_fields, n, &t);
	assert_non_null(e);
	assert_string_equal(err_msg(e), "t.json:1:11: 'title' must be a string, not 12");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_json_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
