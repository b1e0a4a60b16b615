#include <string.h>

#include "base/buf.h"
#include "model/lines.h"
#include "model/task.h"
#include "model/task_field.h"

static const struct strs *
list_of(const struct task_field *f, const struct task *t)
{
	return (const void *)((const char *)t + f->offset);
}

static int64_t
number_of(const struct task_field *f, const struct task *t)
{
	return *(const int64_t *)(const void *)((const char *)t + f->offset);
}

static const char *
text_of(const struct task_field *f, const struct task *t)
{
	return *(const char *const *)(const void *)((const char *)t + f->offset);
}

/* ---- what people own ---- */

static bool
is_in(const struct task_field *f, const struct task *base, const struct task *a, const struct task *b,
    const char *entry)
{
	bool in_a = strs_has(list_of(f, a), entry), in_b = strs_has(list_of(f, b), entry);

	return strs_has(list_of(f, base), entry) ? in_a && in_b : in_a || in_b;
}

/* In the order of the base, then what is new, sorted. */
static void
unite_lists(const struct task_field *f, const struct task *base, const struct task *a,
    const struct task *b, struct task *out)
{
	const struct task *sides[] = {a, b};
	struct strs *to = (void *)((char *)out + f->offset);
	struct strs new = {0};
	size_t i, k;

	strs_free(to);
	for (i = 0; i < list_of(f, base)->n; i++)
		if (is_in(f, base, a, b, list_of(f, base)->v[i]))
			strs_add(to, list_of(f, base)->v[i]);
	for (k = 0; k < NITEMS(sides); k++)
		for (i = 0; i < list_of(f, sides[k])->n; i++) {
			const char *entry = list_of(f, sides[k])->v[i];

			if (is_in(f, base, a, b, entry) && !strs_has(to, entry) && !strs_has(&new, entry))
				strs_add(&new, entry);
		}
	strs_sort(&new);
	for (i = 0; i < new.n && to->n < TASK_LIST_MAX; i++)
		strs_add(to, new.v[i]);
	strs_free(&new);
}

static bool
prefers(const struct task_field *f, const struct task *a, const struct task *b)
{
	if (f->kind == TF_NUMBER)
		return number_of(f, a) < number_of(f, b);
	if (f->kind == TF_SPAN)
		return number_of(f, a) > number_of(f, b);
	return strcmp(text_of(f, a), text_of(f, b)) > 0;
}

static void
unite_field(const struct task_field *f, const struct task *base, const struct task *a,
    const struct task *b, struct task *out, struct strs *clashes)
{
	if (task_field_same(f, a, b) || task_field_same(f, b, base))
		task_field_copy(f, out, a);
	else if (task_field_same(f, a, base))
		task_field_copy(f, out, b);
	else if (task_field_is_list(f))
		unite_lists(f, base, a, b, out);
	else {
		task_field_copy(f, out, prefers(f, a, b) ? a : b);
		strs_add(clashes, f->name);
	}
}

static void
unite_bodies(const struct task *base, const struct task *a, const struct task *b, struct task *out,
    struct strs *clashes)
{
	AUTO(buf_free) struct buf merged = BUF_INIT(BUF_TEXT);
	bool swap = strcmp(a->body, b->body) > 0;
	const char *first = swap ? b->body : a->body, *second = swap ? a->body : b->body;

	if (strcmp(b->body, base->body) == 0 || strcmp(a->body, b->body) == 0)
		task_set(out, &out->body, a->body);
	else if (strcmp(a->body, base->body) == 0)
		task_set(out, &out->body, b->body);
	else {
		if (!lines_unite(str_of(base->body), str_of(first), str_of(second), &merged))
			strs_add(clashes, "body");
		task_set_str(out, &out->body, str_trim(buf_str(&merged)));
	}
}

bool
task_touched(const struct task *base, const struct task *t)
{
	const struct task_field *f;

	for (f = task_fields; f->name != NULL; f++)
		if (f->owner == OWNER_PERSON && !task_field_same(f, base, t))
			return true;
	return strcmp(base->body, t->body) != 0;
}

/* ---- what the factory owns ---- */

static bool
same_story(const struct task *a, const struct task *b)
{
	const struct task_field *f;

	for (f = task_fields; f->name != NULL; f++)
		if (f->owner == OWNER_FACTORY && !task_field_same(f, a, b))
			return false;
	return true;
}

static int
rank(enum task_state s)
{
	static const int ranks[] = {[TASK_QUEUED] = 0, [TASK_ESCALATED] = 1, [TASK_DELIVERED] = 2,
	    [TASK_CLOSED] = 3, [TASK_LANDED] = 4};

	return ranks[s];
}

static int
compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Whose story goes on: above zero for a's.  Zero only when they are the same. */
static int
story_order(const struct task *a, const struct task *b)
{
	bool end = task_archived(a->state) || task_archived(b->state);
	int c = end ? compare(rank(a->state), rank(b->state)) : 0;
	const struct task_field *f;

	if (c == 0)
		c = compare(a->attempts, b->attempts);
	if (c == 0)
		c = compare(rank(a->state), rank(b->state));
	for (f = task_fields; c == 0 && f->name != NULL; f++) {
		AUTO(buf_free) struct buf x = BUF_INIT(BUF_TEXT), y = BUF_INIT(BUF_TEXT);

		if (f->owner != OWNER_FACTORY || task_field_same(f, a, b))
			continue;
		task_field_yaml(f, a, &x);
		task_field_yaml(f, b, &y);
		c = str_cmp(buf_str(&x), buf_str(&y));
	}
	return c;
}

static enum task_side
pick_story(const struct task *base, const struct task *a, const struct task *b)
{
	if (same_story(a, base))
		return TASK_B;
	if (same_story(b, base))
		return TASK_A;
	return story_order(a, b) >= 0 ? TASK_A : TASK_B;
}

enum task_side
task_unite(const struct task *base, const struct task *a, const struct task *b, struct task *out,
    struct strs *clashes)
{
	AUTO(task_free) struct task none;
	const struct task *story;
	const struct task_field *f;
	enum task_side side;

	task_init(&none);
	if (base == NULL)
		base = &none;
	side = pick_story(base, a, b);
	story = side == TASK_A ? a : b;
	task_init(out);
	task_copy(out, story);
	for (f = task_fields; f->name != NULL; f++)
		if (f->owner == OWNER_PERSON)
			unite_field(f, base, a, b, out, clashes);
	unite_bodies(base, a, b, out, clashes);
	if (!same_story(a, base) && !same_story(b, base) && !same_story(a, b))
		out->attempts = a->attempts + b->attempts - base->attempts;
	return side;
}
