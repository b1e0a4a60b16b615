/*
 * timeit N COMMAND... - run it N times with its output thrown away; prints
 * the median wall time in milliseconds, and the largest peak of resident
 * memory in KiB. Fails when a run does.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
run_once(char *argv[], struct rusage *used)
{
	int null, status;
	pid_t pid = fork();

	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	return pid < 0 || wait4(pid, &status, 0, used) != pid || !WIFEXITED(status) ? -1 : WEXITSTATUS(status);
}

int
main(int argc, char *argv[])
{
	int n = argc > 2 ? atoi(argv[1]) : 0, i, status;
	double *ms, began;
	struct rusage used;
	long peak = 0;

	if (n < 1)
		return 129;
	ms = calloc((size_t)n, sizeof(*ms));
	for (i = 0; i < n; i++) {
		began = now_ms();
		status = run_once(argv + 2, &used);
		ms[i] = now_ms() - began;
		if (status != 0) {
			fprintf(stderr, "timeit: status %d: %s\n", status, argv[2]);
			return 1;
		}
		if (used.ru_maxrss > peak)
			peak = used.ru_maxrss;
	}
	qsort(ms, (size_t)n, sizeof(*ms), by_value);
	printf("%.2f %ld\n", ms[n / 2], peak);
	free(ms);
	return 0;
}
