#include "conf/secrets.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

void
secrets_add(struct secrets *s, const char *name, struct str value)
{
	struct secret one = {mem_strdup(name), mem_strndup(value.p, value.n), value.n};

	vec_push(s, one);
}

struct err *
secrets_env(struct secrets *s, const char *name, bool *found)
{
	struct str value = str_trim(str_of(getenv(name)));
	size_t i;

	if (value.n > SECRET_MAX)
		return err_new(ERR_LIMIT, "the value of '%s' is larger than %zu bytes",
		    name, SECRET_MAX);
	for (i = 0; i < value.n; i++)
		if (iscntrl((unsigned char)value.p[i]))
			return err_hint(err_new(ERR_CONFIG,
			    "the value of '%s' holds a line break or another control character",
			    name), "set it to the key alone");
	*found = value.n > 0;
	if (*found && secrets_get(s, name) == NULL)
		secrets_add(s, name, value);
	return NULL;
}

const struct secret *
secrets_get(const struct secrets *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->v[i].name, name) == 0)
			return &s->v[i];
	return NULL;
}

void
secrets_free(struct secrets *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		mem_wipe(s->v[i].value, s->v[i].n);
		free(s->v[i].value);
		free(s->v[i].name);
	}
	vec_free(s);
}

/* How the keys of well-known services begin. */
static const char *const prefixes[] = {
	"sk-", "sk_live_", "rk_live_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_",
	"github_pat_", "glpat-", "gldt-", "xoxb-", "xoxp-", "xoxa-", "xapp-",
	"AKIA", "ASIA", "AIza", "ya29.", "hf_", "gsk_", "lin_api_", "npm_",
	"pypi-", "dckr_pat_", "eyJhbGci",
};

#define KEY_MIN 16	/* bytes of a key with a known prefix */
#define RANDOM_MIN 32	/* bytes of one without */

static bool
random_word(struct str w)
{
	size_t i, upper = 0, lower = 0, digit = 0;

	if (w.n < RANDOM_MIN)
		return false;
	for (i = 0; i < w.n; i++) {
		unsigned char c = (unsigned char)w.p[i];

		upper += isupper(c) != 0;
		lower += islower(c) != 0;
		digit += isdigit(c) != 0;
		if (!isalnum(c) && c != '_' && c != '-')
			return false;
	}
	return upper >= 3 && lower >= 3 && digit >= 3;
}

/* A known prefix, and a digit: "sk-" alone begins many a word. */
static bool
key_word(struct str w)
{
	size_t i;
	bool digit = false;

	if (w.n < KEY_MIN)
		return false;
	for (i = 0; i < w.n; i++)
		digit |= isdigit((unsigned char)w.p[i]) != 0;
	for (i = 0; digit && i < NITEMS(prefixes); i++)
		if (str_starts(w, prefixes[i]))
			return true;
	return false;
}

bool
secret_looks(struct str value)
{
	static const char apart[] = " \t\n=:,;\"'()";
	size_t i, from = 0;

	if (str_find(value, STR("-----BEGIN ")) >= 0)
		return true;
	for (i = 0; i <= value.n; i++) {
		struct str word;

		if (i < value.n && (value.p[i] == '\0' || strchr(apart, value.p[i]) == NULL))
			continue;
		word = str_mk(value.p + from, i - from);
		if (key_word(word) || random_word(word))
			return true;
		from = i + 1;
	}
	return false;
}
