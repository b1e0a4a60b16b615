#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/inside.h"

#define SHOWN 8

void
found_free(struct found *f)
{
	vec_free(f);
	buf_free(&f->shown);
}

void
found_add(struct found *f, const char *id, const char *about)
{
	struct id parsed;

	if (!id_parse(str_of(id), &parsed) || (f->n > 0 && strcmp(f->v[f->n - 1].s, parsed.s) == 0))
		return;
	vec_push(f, parsed);
	if (f->n <= SHOWN)
		buf_addf(&f->shown, "%s%s (%s)", f->n > 1 ? ", " : "", id, about);
}

struct err *
found_one(const struct found *f, const char *what, const char *prefix, struct id *out)
{
	if (f->n == 0)
		return err_hint(err_new(ERR_NOT_FOUND, "there is no %s '%s'", what, prefix), "'git factory %s' has all",
		    strcmp(what, "task") == 0 ? "task list -a" : "log");
	if (f->n > 1)
		return err_new(ERR_AMBIGUOUS, "'%s' is short for %zu %ss: %s%s", prefix, f->n, what,
		    buf_cstr(&f->shown), f->n > SHOWN ? ", ..." : "");
	*out = f->v[0];
	return NULL;
}

struct err *
found_prefix(const char *what, const char *prefix, char **out)
{
	AUTO(mem_free_p) char *lower = mem_strdup(prefix);
	char *p;

	for (p = lower; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
	if (!id_prefix(str_of(lower)))
		return err_hint(err_new(ERR_NOT_FOUND, "there is no %s '%s'", what, prefix),
		    "an id is %d letters of a-z and 2-7, or the first %d or more of them",
		    ID_LEN, ID_MIN);
	*out = STEAL(lower);
	return NULL;
}
