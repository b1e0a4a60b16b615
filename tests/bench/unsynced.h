/*
 * unsynced.h - the time of our own work: waits for the disk are measured on
 * their own. Once in a program, which is linked with -rdynamic so that
 * libraries opened later call these, too.
 */
#ifndef BENCH_UNSYNCED_H
#define BENCH_UNSYNCED_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

static double synced_ms;	/* spent in waits for the disk so far */
static bool sync_off;		/* for repositories that are only made to be measured */

static inline double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static inline int
timed_sync(long number, int fd, long a, long b, long c)
{
	double began = now_ms();
	int rc = sync_off ? 0 : (int)syscall(number, fd, a, b, c);

	synced_ms += now_ms() - began;
	return rc;
}

int
fsync(int fd)
{
	return timed_sync(SYS_fsync, fd, 0, 0, 0);
}

int
fdatasync(int fd)
{
	return timed_sync(SYS_fdatasync, fd, 0, 0, 0);
}

int
sync_file_range(int fd, off64_t offset, off64_t n, unsigned flags)
{
	return timed_sync(SYS_sync_file_range, fd, offset, n, (long)flags);
}

static inline void
need(struct err *e)
{
	if (e == NULL)
		return;
	fprintf(stderr, "bench: %s\n", err_msg(e));
	exit(1);
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double
median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

#endif
