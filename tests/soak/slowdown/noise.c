/*
 * A machine made noisy on purpose: noise WORKERS SEED, until it is killed.
 *
 * Each worker is busy and asleep in turns, both for times that are drawn from
 * exponential laws (40 and 60 ms in the mean, as interactive programs are),
 * and at a level that it draws anew every five seconds or so, from idle to
 * twice that: load drifts as well as it bursts. Busy is arithmetic over 4 MiB
 * that no cache of one core holds, so that memory is fought for too. With
 * twice as many workers as processors, about every processor is wanted twice
 * half of the time.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#define BYTES (4U << 20)

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double
exponential(double mean)
{
	return -mean * log(1 - drand48());
}

static void
busy(unsigned char *bytes, double seconds)
{
	double end = now() + seconds;
	unsigned x = 1;
	int i;

	while (now() < end)
		for (i = 0; i < 2000; i++) {
			x = x * 1664525 + 1013904223;
			bytes[x % BYTES]++;
		}
}

static void
work(long seed)
{
	unsigned char *bytes = malloc(BYTES);
	double level = 0, until = 0, idle;
	struct timespec t;

	if (bytes == NULL)
		_exit(1);
	memset(bytes, 1, BYTES);
	srand48(seed);
	for (;;) {
		if (now() > until) {
			level = 2 * drand48();
			until = now() + exponential(5);
		}
		busy(bytes, exponential(0.04) * level);
		idle = exponential(0.06);
		t.tv_sec = (time_t)idle;
		t.tv_nsec = (long)((idle - (double)t.tv_sec) * 1e9);
		nanosleep(&t, NULL);
	}
}

int
main(int argc, char *argv[])
{
	int i, n;

	if (argc != 3 || (n = atoi(argv[1])) < 1) {
		fprintf(stderr, "usage: noise WORKERS SEED\n");
		return 129;
	}
	for (i = 0; i < n; i++)
		if (fork() == 0) {
#ifdef __linux__
			prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
			work(atol(argv[2]) * 1000 + i);
		}
	pause();
	return 0;
}
