/*
 * oid.h - object ids: 20 bytes of SHA-1.  sha256 repositories are refused
 * when they are opened (repo.h), so there is no other length.
 *
 * The zero id names no object; ref_cas() and txn_add() read it as "must not
 * exist" or "delete", as git's own protocol does.
 */
#ifndef GIT_OID_H
#define GIT_OID_H

#include "base/def.h"
#include "base/str.h"

#define OID_RAW 20
#define OID_HEX 40

struct oid {
	unsigned char id[OID_RAW];
};

/* An id as text, by value: printf("%s", oid_hex(&o).s) */
struct oid_hex {
	char s[OID_HEX + 1];
};

extern const struct oid oid_zero;
extern const struct oid oid_empty_tree;	/* the tree without entries */

struct oid_hex oid_hex(const struct oid *o);
bool oid_parse(struct str s, struct oid *out);	/* exactly 40 hex digits */
bool oid_eq(const struct oid *a, const struct oid *b);
int oid_cmp(const struct oid *a, const struct oid *b);
bool oid_is_zero(const struct oid *o);

#endif
