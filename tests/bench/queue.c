/*
 * queue change N - in the repository at hand: file N tasks and close them
 * again, one by one, in this process. Prints the median milliseconds beyond
 * syncs of filing one and of closing one, and the bytes of new objects that
 * each leaves, as they lie in their files.
 *
 * queue live N - file N tasks, deliver and land each with its run record and
 * its note, without syncs. Prints the seconds.
 */
#define _FILE_OFFSET_BITS 64
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "git/note.h"
#include "git/repo.h"
#include "model/run.h"
#include "model/task.h"
#include "store/ledger.h"
#include "store/queue.h"
#include "store/state.h"
#include "unsynced.h"

static const char body[] =
    "When the parser meets a date before 1970 it must raise ValueError, and its message must\n"
    "name the date. `parse(\"1969-12-31\")` is one such input; later dates are parsed as before.\n"
    "A test for both is to be added, and all tests pass.\n";

static off_t loose;

static int
add_size(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)path;
	if (kind == FTW_F && where->level == 2)
		loose += st->st_size;
	return 0;
}

static off_t
loose_bytes(void)
{
	loose = 0;
	nftw(".git/objects", add_size, 16, FTW_PHYS);
	return loose;
}

static struct id
file_one(struct queue *q, size_t i)
{
	AUTO(mem_free_p) char *title = mem_printf("Reject dates of kind %zu before 1970", i);
	AUTO(task_free) struct task t;
	struct id id;

	task_init(&t);
	task_set(&t, &t.title, title);
	task_set(&t, &t.body, body);
	t.priority = (int64_t)(i % 5);
	strs_add(&t.labels, "dates");
	need(queue_add(q, &t, (struct str){0}, &id));
	return id;
}

static struct err *
end_it(struct state_step *t UNUSED, struct task *task, void *ctx UNUSED)
{
	task_set(task, &task->close, "measured");
	return NULL;
}

static void
bench_change(struct queue *q, size_t n)
{
	double *filing = calloc(n, sizeof(double)), *closing = calloc(n, sizeof(double)), began, synced;
	struct id *ids = calloc(n, sizeof(*ids));
	off_t bytes[3];
	size_t i;

	bytes[0] = loose_bytes();
	for (i = 0; i < n; i++) {
		began = now_ms();
		synced = synced_ms;
		ids[i] = file_one(q, i);
		filing[i] = now_ms() - began - (synced_ms - synced);
	}
	bytes[1] = loose_bytes();
	for (i = 0; i < n; i++) {
		began = now_ms();
		synced = synced_ms;
		need(queue_change(q, &ids[i], "close", end_it, NULL));
		closing[i] = now_ms() - began - (synced_ms - synced);
	}
	bytes[2] = loose_bytes();
	printf("%.2f %.2f %lld %lld\n", median(filing, n), median(closing, n),
	    (long long)(bytes[1] - bytes[0]) / (long long)n, (long long)(bytes[2] - bytes[1]) / (long long)n);
	free(filing);
	free(closing);
	free(ids);
}

/* ---- a life ---- */

struct life {
	struct queue *q;
	struct run run;
	struct oid commit;
	bool land;
};

static struct err *
go_on(struct state_step *t, struct task *task, void *ctx)
{
	AUTO(buf_free) struct buf line = BUF_INIT(64 * KIB);
	struct life *l = ctx;
	struct note_line note;

	if (l->land) {
		task->state = TASK_LANDED;
		task_set(task, &task->commit, l->run.commit);
	} else {
		task->state = TASK_DELIVERED;
		task->attempts = 1;
		task->pull = 1;
		task_set(task, &task->run, l->run.id);
		TRY(ledger_put(t, &l->run));
	}
	run_evidence(&l->run, l->land ? "landed" : "attempt", 1767225600, l->run.commit, l->run.tree, "", &line);
	while (line.n > 0 && line.p[line.n - 1] == '\n')
		buf_trunc(&line, line.n - 1);
	note = (struct note_line){l->commit, buf_str(&line)};
	return ledger_note_in(t, &note, 1);
}

static void
live_once(struct queue *q, size_t i)
{
	struct id id = file_one(q, i), run = id_new();
	struct life l = {.q = q};
	struct oid_hex hex;
	size_t k;

	for (k = 0; k < sizeof(l.commit.id); k++)
		l.commit.id[k] = (unsigned char)rand();
	hex = oid_hex(&l.commit);
	run_init(&l.run);
	run_set(&l.run, &l.run.id, run.s);
	run_set(&l.run, &l.run.task, id.s);
	run_set(&l.run, &l.run.title, "Reject dates before 1970");
	run_set(&l.run, &l.run.base, hex.s);
	run_set(&l.run, &l.run.tree, hex.s);
	run_set(&l.run, &l.run.commit, hex.s);
	run_set(&l.run, &l.run.agent, "own");
	run_set(&l.run, &l.run.model, "model-1");
	run_set(&l.run, &l.run.node, "bench");
	l.run.attempt = 1;
	l.run.started = l.run.ended = 1767225600;
	for (k = 0; k < 6; k++)
		run_step(&l.run, "step", 1767225600, 12, "done");
	need(queue_change(q, &id, "deliver", go_on, &l));
	l.land = true;
	need(queue_change(q, &id, "land", go_on, &l));
	run_free(&l.run);
}

static void
bench_live(struct queue *q, size_t n)
{
	double began = now_ms();
	size_t i;

	sync_off = true;
	for (i = 0; i < n; i++)
		live_once(q, i);
	printf("%.1f\n", (now_ms() - began) / 1e3);
}

int
main(int argc, char *argv[])
{
	struct state_opts o = {.clock = clock_system()};
	size_t n = argc > 2 ? (size_t)atoi(argv[2]) : 0;
	struct state *s;
	struct queue *q;

	if (n < 1)
		return 129;
	need(repo_open(NULL, &o.repo));
	need(state_open(&o, &s));
	need(queue_open(s, &q));
	if (strcmp(argv[1], "live") == 0)
		bench_live(q, n);
	else
		bench_change(q, n);
	queue_close(q);
	state_close(s);
	repo_close(o.repo);
	return 0;
}
