#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/id.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

struct id
id_new(void)
{
	unsigned char raw[ID_LEN];
	struct id id = {{0}};
	size_t i;

	if (getentropy(raw, sizeof(raw)) != 0)
		abort();
	for (i = 0; i < ID_LEN; i++)
		id.s[i] = letters[raw[i] & 31];
	return id;
}

static bool
all_letters(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] == '\0' || strchr(letters, s.p[i]) == NULL)
			return false;
	return true;
}

bool
id_valid(struct str s)
{
	return s.n == ID_LEN && all_letters(s);
}

bool
id_prefix(struct str s)
{
	return s.n >= ID_MIN && s.n <= ID_LEN && all_letters(s);
}

bool
id_parse(struct str s, struct id *out)
{
	if (!id_valid(s))
		return false;
	memcpy(out->s, s.p, ID_LEN);
	out->s[ID_LEN] = '\0';
	return true;
}
