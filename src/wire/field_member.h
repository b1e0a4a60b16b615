/*
 * field_member.h - what field.c (in) and field_write.c (out) share.
 */
#ifndef WIRE_FIELD_MEMBER_H
#define WIRE_FIELD_MEMBER_H

#include "base/str.h"
#include "base/vec.h"
#include "wire/field.h"

/* The layout that every VEC has, for elements whose size the table knows. */
struct field_vec {
	VEC_FIELDS(char);
};

int field_word(const struct field *f, struct str word);	/* index, or -1 */
int64_t field_init_int(const struct field *f);	/* of all kinds that are integers inside */

#endif
