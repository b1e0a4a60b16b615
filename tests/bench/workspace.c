/*
 * workspace KIND REV REV - in the repository at hand: open a workspace on the
 * first commit; then, when what that wrote is on the disk, in turn on the
 * other one and again on the same, each time changing a file and collecting.
 * Prints the milliseconds of: first open, open on the same base, collect
 * there, open on the other base; but for the first, medians.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "git/repo.h"
#include "git/tree.h"
#include "git/workspace.h"

#define ROUNDS 5

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
need(struct err *e)
{
	if (e == NULL)
		return;
	fprintf(stderr, "workspace: %s\n", err_msg(e));
	exit(1);
}

static struct workspace *
timed_open(struct repo *r, enum ws_kind kind, const char *rev, double *ms)
{
	struct workspace_opts o = {.kind = kind};
	struct workspace *ws;
	double began;

	need(repo_resolve(r, rev, &o.commit));
	began = now_ms();
	need(workspace_open(r, &o, &ws));
	*ms = now_ms() - began;
	return ws;
}

static double
timed_collect(struct repo *r, struct workspace *ws)
{
	struct tree_edit edit = {0};
	double began;
	struct oid tree;

	need(tree_edit_write(r, &edit, "d0/changed", str_of("changed\n")));
	need(workspace_put(ws, &edit));
	tree_edit_free(&edit);
	began = now_ms();
	need(workspace_collect(ws, &tree, NULL));
	return now_ms() - began;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double v[ROUNDS])
{
	qsort(v, ROUNDS, sizeof(*v), by_size);
	return v[ROUNDS / 2];
}

int
main(int argc, char *argv[])
{
	double first, same[ROUNDS], collect[ROUNDS], other[ROUNDS];
	struct workspace *ws;
	enum ws_kind kind;
	struct repo *r;

	if (argc != 4)
		return 129;
	kind = strcmp(argv[1], "pool") == 0 ? WS_POOL : WS_OVERLAY;
	need(repo_open(NULL, &r));
	workspace_close(timed_open(r, kind, argv[2], &first));
	sync();
	for (int i = 0; i < ROUNDS; i++) {
		const char *rev = argv[i % 2 == 0 ? 3 : 2];

		workspace_close(timed_open(r, kind, rev, &other[i]));
		ws = timed_open(r, kind, rev, &same[i]);
		collect[i] = timed_collect(r, ws);
		workspace_close(ws);
	}
	repo_close(r);
	printf("%.1f %.1f %.1f %.1f\n", first, median(same), median(collect), median(other));
	return 0;
}
