/* The benchmark of the trials: work N does N steps, two nanoseconds each or so. */
#include <stdio.h>
#include <stdlib.h>

static unsigned char bytes[1U << 20];

int
main(int argc, char *argv[])
{
	long i, n = argc == 2 ? atol(argv[1]) : 0;
	unsigned x = 1;

	for (i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		bytes[x >> 12] += (unsigned char)x;
	}
	printf("%u\n", bytes[5] + x);
	return 0;
}
