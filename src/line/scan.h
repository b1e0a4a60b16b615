/*
 * scan.h - a last look at what a change would carry out of the sandbox.
 */
#ifndef LINE_SCAN_H
#define LINE_SCAN_H

#include "base/def.h"
#include "base/vec.h"

struct err;
struct oid;
struct redactor;
struct repo;

#define SCAN_FILE_MAX (256 * MIB)	/* a larger changed file is ERR_LIMIT */

/*
 * Every changed file's name and content.  ERR_SECRET naming the file when a
 * secret that 'redact' (NULL: nothing is searched for) knows is in it, in any
 * encoding.  What a person is to be told is added to 'remarks', a sentence
 * each: git repositories of their own among the files.
 */
struct err *scan_change(struct repo *r, struct redactor *redact, const struct oid *from,
    const struct oid *to, struct strs *remarks) MUST_USE;

#endif
