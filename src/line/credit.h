/*
 * credit.h - who else wrote what lands as one commit.
 */
#ifndef LINE_CREDIT_H
#define LINE_CREDIT_H

#include "base/def.h"

struct buf;
struct err;
struct ident;
struct oid;
struct repo;

#define CREDIT_MAX 50	/* people */

/*
 * Append a line "Co-authored-by: NAME <MAIL>" for each author of commits that
 * 'head' has and 'base' lacks, oldest first and each mail once.  What the
 * factory wrote (by its trailer "Factory-Run") does not count, nor do 'us' and
 * 'by', who is the author of what lands (NULL: nobody that git would know).
 */
struct err *credit_authors(struct repo *r, const struct oid *head, const struct oid *base, const struct ident *us,
    const struct ident *by, struct buf *out) MUST_USE;

#endif
