/*
 * secrets.h - the secret values that this process knows, by name.
 *
 * Values are never printed, never logged, and wiped when released.  They come
 * from the environment under the names that policy and provider give.
 */
#ifndef CONF_SECRETS_H
#define CONF_SECRETS_H

#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"

struct err;

/*
 * A shorter value is no secret that could be kept: redacting it would tear
 * holes into ordinary text.  Servers on loopback are often given such a
 * dummy.
 */
#define SECRET_MIN 8		/* bytes */
#define SECRET_MAX (4 * KIB)	/* the automaton of redact.h grows with it */

struct secret {
	char *name;	/* of the environment variable */
	char *value;	/* NUL-terminated */
	size_t n;
};

struct secrets {
	VEC_FIELDS(struct secret);
};

void secrets_add(struct secrets *s, const char *name, struct str value); /* copies */

/*
 * Add the value of an environment variable.  *found false when it is unset
 * or empty.  ERR_CONFIG when it holds a line break or NUL-like control
 * characters (a key file pasted with its newline is trimmed first), ERR_LIMIT
 * over SECRET_MAX.
 */
struct err *secrets_env(struct secrets *s, const char *name, bool *found) MUST_USE;

/* NULL when there is none of this name. */
const struct secret *secrets_get(const struct secrets *s, const char *name);

void secrets_free(struct secrets *s);	/* wipes; also for AUTO */

/*
 * Does it look like somebody's key (well-known prefixes, or long and random)?
 * For refusing a key's value in a file.
 */
bool secret_looks(struct str value);

#endif
