/*
 * grant.h - what policy lets pass for a while: "test_upload* by alice until
 * 2027-01-31".
 *
 * Somebody answers for it, and it ends by itself with that day (UTC).  Read
 * from the right: the subject may hold any words.
 */
#ifndef CONF_GRANT_H
#define CONF_GRANT_H

#include "base/def.h"
#include "base/str.h"

struct err;

struct grant {
	struct str what;	/* all three borrowed from the text */
	struct str owner;	/* one word */
	struct str until;	/* "2027-01-31" */
	int64_t ends_s;		/* the first second after that day */
};

/* ERR_CONFIG saying how it is written. */
struct err *grant_parse(const char *text, struct grant *out) MUST_USE;

#endif
