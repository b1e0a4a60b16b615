#include "base/defence.h"

/* Empty in a released binary: not even the words are there to be found. */
#ifdef FACTORY_TESTING

#include <stdlib.h>

#include "base/str.h"

bool
defence_on(enum defence d)
{
	static const char *const words[] = {
#define DEFENCE_ROW(code, word, what) [code] = word,
		DEFENCE_TABLE
#undef DEFENCE_ROW
	};
	struct str rest = str_of(getenv("GIT_FACTORY_TEST_OFF"));
	struct str word;

	while (str_next(&rest, ',', &word)) {
		if (str_is(word, words[d]))
			return false;
	}
	return true;
}

#else

typedef int defence_no_switches;

#endif
