/*
 * id.h - names of tasks and runs: 8 letters of lower-case base32 (a-z, 2-7),
 * 40 random bits, abbreviable from 4.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include "base/def.h"
#include "base/str.h"

#define ID_LEN 8
#define ID_MIN 4	/* shortest abbreviation */

struct id {
	char s[ID_LEN + 1];
};

struct id id_new(void);
bool id_valid(struct str s);		/* exactly ID_LEN letters */
bool id_prefix(struct str s);		/* ID_MIN to ID_LEN letters */
bool id_parse(struct str s, struct id *out);	/* false unless id_valid */

#endif
