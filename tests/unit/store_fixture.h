/*
 * store_fixture.h - a repository with a state and its queue, for the tests of
 * store/.
 */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "git_fixture.h"

#include "base/clock.h"
#include "git/tip.h"
#include "model/task.h"
#include "store/lease.h"
#include "store/queue.h"
#include "store/state.h"

struct store {
	struct repo *repo;
	struct state *state;
	struct queue *queue;
};

static inline struct state *
state_here(struct repo *r)
{
	struct state_opts o = {.repo = r, .clock = clock_system()};
	struct state *s = NULL;

	ok(state_open(&o, &s));
	return s;
}

static inline void
store_open(struct store *s)
{
	bool created;

	ok(repo_open(NULL, &s->repo));
	s->state = state_here(s->repo);
	ok(state_init(s->state, &created));
	ok(queue_open(s->state, &s->queue));
}

static inline void
store_again(struct store *s)
{
	queue_close(s->queue);
	s->queue = NULL;
	ok(queue_open(s->state, &s->queue));
}

static inline void
store_close(struct store *s)
{
	queue_close(s->queue);
	state_close(s->state);
	repo_close(s->repo);
}

/* File a task of this title; the front matter's other lines may be "". */
static inline struct id
file_task(struct store *s, const char *title, int64_t priority, const char *after)
{
	struct task t;
	struct id id;

	task_init(&t);
	task_set(&t, &t.title, title);
	task_set(&t, &t.body, "What is wanted.\n");
	t.priority = priority;
	if (after != NULL)
		strs_add(&t.after, after);
	ok(queue_add(s->queue, &t, (struct str){0}, &id));
	task_free(&t);
	return id;
}

static inline char *
file_of(const struct id *id)
{
	return mem_printf("tasks/%c/%c/%s.md", id->s[0], id->s[1], id->s);
}

static inline const struct task *
get(struct store *s, const struct id *id)
{
	struct queue_row row;

	ok(queue_get(s->queue, id, &row));
	assert_non_null(row.task);
	return row.task;
}

#endif
