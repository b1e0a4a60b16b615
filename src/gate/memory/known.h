/*
 * known.h - verdicts that are known: the same gate on the same content was
 * judged before, and what it said stands.
 *
 * The key is the hash of what the gate sees of the tree (seen.h), of what it
 * sees of the base where the answer depends on that, and of its definition.
 * A gate without report passes whatever the base is; all else is compared.
 *
 * Errors, what is inconclusive, times, and answers that hung on a flaky test
 * are never known.  Neither is a key under which the answers differed.
 */
#ifndef GATE_MEMORY_KNOWN_H
#define GATE_MEMORY_KNOWN_H

#include "base/def.h"

struct conf_gate;
struct err;
struct subject;
struct verdict;

/*
 * Into *v, which has been begun, and the findings that its report adds to the
 * gate over tests into *kept.  Both stay as they are when *found is false.
 */
struct err *known_find(const struct subject *s, const struct conf_gate *gate,
    struct verdict *v, struct verdict *kept, bool *found) MUST_USE;

/* Say that it is known since then, by this machine. */
void known_mark(const struct subject *s, struct verdict *v, int64_t time);

/*
 * Remember a verdict that was just found out, where it is one to remember,
 * and what its report adds ('kept' may be NULL).
 * When another was known, *v gets a note that says so, and neither counts
 * from then on.  *steady: it lasts, and no other is known.
 */
struct err *known_keep(const struct subject *s, const struct conf_gate *gate,
    struct verdict *v, const struct verdict *kept, bool *steady) MUST_USE;

#endif
