/*
 * attest.h - what a gate found out, as one line of JSON that outlives the
 * run: kept on the machine that did it, and as evidence in the notes of a
 * commit.
 *
 * It stands under a key, the hash of all that the answer is a function of:
 * what the gate sees of the tree and of the base, its definition, the
 * machine's kind.  Only a pass or a fail that is a function of these may be
 * kept: attest_lasts().
 */
#ifndef MODEL_ATTEST_H
#define MODEL_ATTEST_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"
#include "model/verdict.h"

struct err;

#define ATTEST_EVENT "proof"	/* of a note's line */
#define ATTEST_MAX (256 * KIB)	/* bytes of a line */

struct attest {
	struct verdict verdict;
	struct verdict kept;	/* what its report adds to the gate over tests: findings only */
	const char *key;	/* hex; these live in the verdict's arena */
	const char *seen;	/* what the gate saw of the tree, and of the base ("" when it does not matter) */
	const char *against;
	const char *commit;	/* the commit that was judged, hex, "" when none was */
	const char *patch;	/* its patch id, likewise */
	const char *node;
	int64_t time;
	/* Of one that somebody else vouches for, as this machine keeps it; else "". */
	const char *signer;
	const char *signers;	/* hash of the list that allowed the key */
	bool unsteady;		/* it has answered otherwise under the same key: worth nothing */
};

void attest_free(struct attest *a);	/* also for AUTO; {0} is fine */

/* A pass or a fail, of a whole, lasting and steady run. */
bool attest_lasts(const struct verdict *v);

/* One line, without its newline.  The tail of what a command printed is left out of notes. */
void attest_write(const struct attest *a, bool note, struct buf *out);
/* ERR_SYNTAX. */
struct err *attest_read(const char *file, struct str line, struct attest *out) MUST_USE;

#endif
