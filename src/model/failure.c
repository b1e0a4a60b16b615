#include "model/failure.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fnv.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "model/run.h"
#include "model/task.h"

#define WAIT_MAX (7 * 24 * 3600)	/* whatever a server asks for */

static const struct failure_row rows[FAILURES] = {
	[FAILURE_NONE] = {"", NEXT_RESUME, {0, 0, 0, 100, ""}, "nothing failed"},
#define FAILURE_ROW(code, word, next, max, wait, ceiling, deadline, prose) \
	[code] = {word, next, {max, wait, ceiling, deadline, ""}, prose},
#include "model/failure.tbl.h"
#undef FAILURE_ROW
};

const struct failure_row *
failure_row(enum failure f)
{
	return &rows[f];
}

bool
failure_parse(const char *word, enum failure *out)
{
	size_t i;

	for (i = 0; i < FAILURES; i++)
		if (strcmp(rows[i].word, word) == 0) {
			*out = (enum failure)i;
			return true;
		}
	return false;
}

enum failure
failure_of(const struct err *e)
{
	if (e == NULL)
		return FAILURE_NONE;
	switch (err_code(e)) {
	case ERR_NOTHING_READY: case ERR_USAGE: case ERR_INTERRUPTED: case ERR_AMBIGUOUS:
	case ERR_STALE: case ERR_TAKEN: case ERR_LOCKED: case ERR_AGAIN:
		return FAILURE_NONE;
	case ERR_GATES_FAILED: case ERR_FINDINGS:
		return FAILURE_GATE;
	case ERR_ESCALATED:
		return FAILURE_AMBIGUOUS;
	case ERR_STATE: case ERR_EXISTS: case ERR_CONFLICT:
		return FAILURE_CONFLICT;
	case ERR_DEPENDENCY:
		return FAILURE_DEPENDENCY;
	case ERR_CONTEXT:
		return FAILURE_CONTEXT;
	case ERR_SECRET:
		return FAILURE_SECRET;
	case ERR_BUDGET:
		return FAILURE_BUDGET;
	case ERR_TIMEOUT:
		return FAILURE_TIMEOUT;
	case ERR_NETWORK: case ERR_SERVER:
		return FAILURE_NETWORK;
	case ERR_RATE_LIMIT:
		return FAILURE_RATE_LIMIT;
	case ERR_PROTOCOL: case ERR_REFUSED: case ERR_LIMIT:
		return FAILURE_AGENT;
	case ERR_NOT_FOUND: case ERR_SYNTAX: case ERR_CONFIG: case ERR_REPOSITORY:
	case ERR_UNTRUSTED: case ERR_SANDBOX: case ERR_DENIED: case ERR_AUTH:
	case ERR_DISK_FULL: case ERR_COMMAND: case ERR_REWOUND:
		return FAILURE_MACHINE;
	case ERR_IO: case ERR_BUG: case ERR_CODES:
		break;
	}
	return FAILURE_FAULT;
}

/* ---- counts ---- */

/* The number in "word:2"; 0 for another word, or no number. */
static int64_t
count_in(const char *entry, const char *word)
{
	size_t n = strlen(word);
	int64_t count;

	if (strncmp(entry, word, n) != 0 || entry[n] != ':' ||
	    !str_int(str_of(entry + n + 1), 0, INT32_MAX, &count))
		return 0;
	return count;
}

static int64_t
tries_of(const struct strs *tries, const char *word)
{
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < tries->n; i++)
		sum += count_in(tries->v[i], word);
	return sum;
}

int64_t
failure_tries(const struct strs *tries, enum failure f)
{
	return tries_of(tries, rows[f].word);
}

int64_t
failure_total(const struct strs *tries)
{
	int64_t sum = 0;
	size_t i;

	for (i = FAILURE_NONE + 1; i < FAILURES; i++)
		sum += tries_of(tries, rows[i].word);
	return sum;
}

void
failure_count(struct strs *tries, const char *word)
{
	int64_t before = tries_of(tries, word);
	struct strs kept = {0};
	size_t i, n = strlen(word);

	for (i = 0; i < tries->n; i++)
		if (strncmp(tries->v[i], word, n) != 0 || tries->v[i][n] != ':')
			strs_add(&kept, tries->v[i]);
	strs_addf(&kept, "%s:%lld", word, (long long)before + 1);
	strs_free(tries);
	*tries = kept;
}

/* ---- what next ---- */

static uint64_t
hash(const char *s, int64_t nth)
{
	uint64_t h = fnv64(FNV64_BASIS ^ (uint64_t)nth, s, strlen(s));

	return h ^ (h >> 29);
}

int64_t
failure_wait(const struct failure_policy *p, int64_t nth, int64_t asked, const char *run)
{
	int64_t wait = p->wait;

	for (; nth > 1 && wait < p->ceiling; nth--)
		wait *= 2;
	if (wait > p->ceiling)
		wait = p->ceiling;
	if (asked > wait)
		wait = asked;
	if (wait > WAIT_MAX)
		wait = WAIT_MAX;
	return wait + (int64_t)(hash(run, nth) % (uint64_t)(wait / 4 + 1));
}

void
failure_decide(const struct failure_case *c, struct failure_plan *out)
{
	const struct failure_row *row = &rows[c->class];
	int64_t so_far = failure_tries(c->tries, c->class), wait;
	struct failure_plan plan = {.next = row->next, .nth = so_far + 1};

	if (row->next != NEXT_MEND) {
		plan.capped = !c->hopeless && (so_far >= c->policy->max ?
		    c->policy->max > 0 : failure_total(c->tries) >= c->most);
		if (c->hopeless || so_far >= c->policy->max || plan.capped)
			plan.next = NEXT_ASK;
	}
	if (plan.next == NEXT_RESUME || plan.next == NEXT_ANEW) {
		wait = failure_wait(c->policy, plan.nth, c->asked, c->run);
		plan.retry_at = wait == 0 ? 0 : c->now + wait;
	}
	*out = plan;
}

void
failure_line(const struct failure_case *c, const struct failure_plan *plan, struct buf *out)
{
	const struct failure_policy *p = c->policy;
	const char *word = rows[c->class].word;

	switch (plan->next) {
	case NEXT_RESUME:
		buf_addf(out, "it goes on where it was: %lld of %lld for %s", (long long)plan->nth,
		    (long long)p->max, word);
		break;
	case NEXT_ANEW:
		buf_addf(out, "another attempt, told what failed: %lld of %lld for %s",
		    (long long)plan->nth, (long long)p->max, word);
		if (p->deadline != 100)
			buf_addf(out, ", with %lld %% of the time", (long long)p->deadline);
		if (p->agent[0] != '\0')
			buf_addf(out, ", by agent '%s'", p->agent);
		break;
	case NEXT_ASK:
		buf_adds(out, "a person decides");
		if (plan->capped && plan->nth > p->max)
			buf_addf(out, ": %s came %lld times", word, (long long)plan->nth);
		else if (plan->capped)
			buf_addf(out, ": %lld failures of all kinds", (long long)failure_total(c->tries) + 1);
		break;
	case NEXT_MEND:
		buf_adds(out, "it stays ready until that is mended");
		break;
	}
}

/* ---- the task ---- */

void
task_forgive(struct task *t)
{
	strs_free(&t->tries);
	t->retry_at = 0;
	task_set(t, &t->class, "");
	task_set(t, &t->next, "");
}

int64_t
task_guess_cost(const struct task *t)
{
	struct str rest = str_of(t->guess), type;
	int64_t micro;

	return str_next(&rest, ' ', &type) && str_int(rest, 0, INT64_MAX, &micro) ? micro : 0;
}

/* From here on the run's record has it. */
static void
hand_over_guess_cost(struct task *t)
{
	AUTO(mem_free_p) char *guess = NULL;

	if (task_guess_cost(t) == 0)
		return;
	guess = mem_printf("%.*s 0", (int)strcspn(t->guess, " "), t->guess);
	task_set(t, &t->guess, guess);
}

void
task_take_run(struct task *t, const struct run *r)
{
	bool answered = t->state == TASK_ESCALATED || t->state == TASK_DELIVERED;

	t->attempts = r->attempt;
	hand_over_guess_cost(t);
	task_set(t, &t->run, r->id);
	task_set(t, &t->error, r->error);
	task_set(t, &t->question, r->question);
	if (answered || r->outcome == RUN_DELIVERED)
		task_forgive(t);
	t->state = r->outcome == RUN_DELIVERED ? TASK_DELIVERED :
	    r->outcome == RUN_FAILED ? TASK_QUEUED : TASK_ESCALATED;
	if (r->outcome == RUN_DELIVERED)
		return;
	if (r->class[0] != '\0')
		failure_count(&t->tries, r->class);
	task_set(t, &t->class, r->class);
	task_set(t, &t->next, r->next);
	t->retry_at = r->retry_at;
}

void
task_take_wait(struct task *t, enum failure class, const char *error, int64_t retry_at, const char *next)
{
	failure_count(&t->tries, rows[class].word);
	task_set(t, &t->class, rows[class].word);
	task_set(t, &t->error, error);
	task_set(t, &t->next, next);
	t->retry_at = retry_at;
}
