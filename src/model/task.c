#include "model/task.h"

#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "model/after.h"
#include "model/task_field.h"

#define SLUG_MAX 40	/* bytes of a branch's name after the id */

static const char *const states[TASK_STATES] = {
	"queued", "delivered", "landed", "escalated", "closed",
};

const char *
task_state_word(enum task_state state)
{
	return states[state];
}

bool
task_state_parse(struct str word, enum task_state *out)
{
	size_t i;

	for (i = 0; i < TASK_STATES; i++)
		if (str_is(word, states[i])) {
			*out = (enum task_state)i;
			return true;
		}
	return false;
}

void
task_init(struct task *t)
{
	*t = (struct task){
		.title = "", .body = "", .type = "",
		.priority = TASK_PRIORITY, .estimate = TASK_ESTIMATE_S,
		.dir = "", .hold = "", .close = "",
		.id = "", .run = "", .branch = "", .commit = "", .error = "", .question = "",
		.issue = "", .asked_by = "", .pinned = "", .guess = "", .heard = "",
		.class = "", .next = "",
		.body_line = 1,
	};
}

void
task_free(struct task *t)
{
	strs_free(&t->labels);
	strs_free(&t->needs);
	strs_free(&t->scope);
	strs_free(&t->after);
	strs_free(&t->tries);
	arena_free(&t->mem);
}

void
task_set(struct task *t, const char **field, const char *value)
{
	*field = value == NULL || *value == '\0' ? "" : arena_strdup(&t->mem, value);
}

bool
task_asks(const struct task *t)
{
	return strs_has(&t->labels, TASK_ASKS);
}

void
task_set_str(struct task *t, const char **field, struct str value)
{
	*field = value.n == 0 ? "" : arena_str(&t->mem, value);
}

void
task_copy(struct task *to, const struct task *from)
{
	const struct task_field *f;

	for (f = task_fields; f->name != NULL; f++)
		task_field_copy(f, to, from);
	task_set(to, &to->body, from->body);
	to->heading = from->heading;
	to->body_line = from->body_line;
}

struct err *
task_check(const struct task *t)
{
	const struct task_field *f;
	const char *fault;

	if (t->title[0] == '\0')
		return err_new(ERR_USAGE, "the title must not be empty");
	for (f = task_fields; f->name != NULL; f++) {
		fault = task_field_fault(f, t);
		if (fault != NULL)
			return err_new(ERR_USAGE, "'%s' %s", f->name, fault);
	}
	if (!utf8_valid(str_of(t->body)))
		return err_new(ERR_USAGE, "the text of the task must be UTF-8");
	return NULL;
}

static enum task_ready
after_ready(const struct task *t, const char *entry, task_lookup *lookup, void *ctx, struct buf *why)
{
	enum task_state state;
	struct after a;

	if (!after_parse(str_of(entry), &a) || !lookup(ctx, a.id.s, &state)) {
		buf_addf(why, "waits for '%s', which does not exist", entry);
		return READY_MISSING;
	}
	if (strcmp(a.id.s, t->id) == 0) {
		buf_adds(why, "waits for itself");
		return READY_LOOP;
	}
	if (after_met(a.delivered, state))
		return READY_YES;
	buf_addf(why, "waits for %s (%s)", a.id.s, task_state_word(state));
	return READY_WAITS;
}

enum task_ready
task_ready(const struct task *t, task_lookup *lookup, void *ctx, struct buf *why)
{
	AUTO(buf_free) struct buf unwanted = BUF_INIT(BUF_TEXT);
	enum task_ready ready;
	size_t i;

	if (why == NULL)
		why = &unwanted;
	if (t->close[0] != '\0') {
		buf_addf(why, "closed: %s", t->close);
		return READY_STATE;
	}
	if (t->state != TASK_QUEUED) {
		buf_adds(why, task_state_word(t->state));
		return READY_STATE;
	}
	if (t->hold[0] != '\0') {
		buf_addf(why, "held: %s", t->hold);
		return READY_HELD;
	}
	for (i = 0; i < t->after.n; i++) {
		ready = after_ready(t, t->after.v[i], lookup, ctx, why);
		if (ready != READY_YES)
			return ready;
	}
	return READY_YES;
}

int
task_order(const struct task *a, const struct task *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (a->created != b->created)
		return a->created < b->created ? -1 : 1;
	return strcmp(a->id, b->id);
}

void
task_path(const char *id, bool archived, struct buf *out)
{
	buf_addf(out, "%s/%c/%c/%s.md", archived ? "archive" : "tasks", id[0], id[1], id);
}

bool
task_archived(enum task_state state)
{
	return state == TASK_LANDED || state == TASK_CLOSED;
}

void
task_branch(const struct task *t, struct buf *out)
{
	buf_addf(out, "factory/%s-", t->id);
	text_slug(out, str_of(t->title), SLUG_MAX);
}
