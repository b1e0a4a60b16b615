#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "git/commit.h"
#include "git/userconf.h"

void
ident_free(struct ident *i)
{
	free(i->name);
	free(i->email);
	*i = (struct ident){0};
}

/* The first that is set: what is given, $env, then the keys in order. */
static struct err *
first_of(struct repo *r, const char *given, const char *env, const char *key, const char *fallback,
    char **out)
{
	AUTO(mem_free_p) char *value = NULL;

	if (given == NULL || given[0] == '\0')
		given = getenv(env);
	if (given != NULL && given[0] != '\0') {
		*out = mem_strdup(given);
		return NULL;
	}
	TRY(userconf_str(r, key, &value));
	if (value == NULL || value[0] == '\0') {
		free(STEAL(value));
		TRY(userconf_str(r, fallback, &value));
	}
	*out = STEAL(value);
	return NULL;
}

static int
zone_minutes(int64_t when)
{
	time_t t = (time_t)when;
	struct tm tm;

	return localtime_r(&t, &tm) == NULL ? 0 : (int)(tm.tm_gmtoff / 60);
}

/* What git drops from a name or address too: it would end the field. */
static bool
is_clean(const char *s)
{
	return s != NULL && strpbrk(s, "<>\n") == NULL && str_trim(str_of(s)).n > 0;
}

struct err *
ident_user(struct repo *r, const char *name, const char *email, int64_t when, struct ident *out)
{
	AUTO(ident_free) struct ident i = {.when = when, .offset = zone_minutes(when)};

	TRY(first_of(r, name, "GIT_COMMITTER_NAME", "user.name", "committer.name", &i.name));
	TRY(first_of(r, email, "GIT_COMMITTER_EMAIL", "user.email", "committer.email", &i.email));
	if (!is_clean(i.name) || !is_clean(i.email))
		return err_hint(err_new(ERR_CONFIG, "git does not know who commits here: user.%s is %s",
		    is_clean(i.name) ? "email" : "name",
		    (is_clean(i.name) ? i.email : i.name) == NULL ? "not set" : "not usable"),
		    "run 'git config --global user.name NAME' and 'git config --global user.email ADDRESS'");
	*out = i;
	i = (struct ident){0};
	return NULL;
}
