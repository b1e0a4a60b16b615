/* tap.h - a test is a function; CHECK tells where it failed. */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdio.h>

static int tap_count, tap_failures;
static bool tap_failed;

#define CHECK(what)                                                             \
	do {                                                                    \
		if (!(what)) {                                                  \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #what);     \
			tap_failed = true;                                      \
		}                                                               \
	} while (0)

#define RUN_TEST(f)                                                             \
	do {                                                                    \
		tap_failed = false;                                             \
		f();                                                            \
		tap_failures += tap_failed;                                     \
		printf("%sok %d - %s\n", tap_failed ? "not " : "", ++tap_count, #f); \
	} while (0)

#define TAP_END() (printf("1..%d\n", tap_count), tap_failures != 0)

#endif
