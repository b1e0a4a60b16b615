/*
 * nfa.h - the automaton behind redact.h: built once from the secrets, then
 * run over a stream.  Private to conf/.
 *
 * A nondeterministic automaton, since a secret's characters may each be
 * escaped in their own way: as a set of fixed strings that would be
 * exponentially many, as states it is a few dozen for each character.
 */
#ifndef CONF_NFA_H
#define CONF_NFA_H

#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"

#define NFA_ROOT 0u
#define NFA_NONE UINT32_MAX

struct nfa_edge {
	unsigned char lo, hi;	/* bytes that it takes, inclusive */
	uint32_t to;
	uint32_t next;		/* next edge of the same state, or NFA_NONE */
};

struct nfa_state {
	uint32_t edges;		/* first, or NFA_NONE */
	uint32_t accept;	/* number of the secret + 1, 0 for none */
};

struct nfa {
	struct { VEC_FIELDS(struct nfa_state); } states;
	struct { VEC_FIELDS(struct nfa_edge); } edges;
	/* Targets of the root's edges by byte: first[c] to first[c + 1]. */
	uint32_t first[257];
	struct { VEC_FIELDS(uint32_t); } starts;
};

void nfa_init(struct nfa *a);
void nfa_free(struct nfa *a);	/* wipes: its edges spell the secrets */

/* Every form of the value, accepting as 'secret'. */
void nfa_add(struct nfa *a, struct str value, uint32_t secret);

/* After the last nfa_add(). */
void nfa_seal(struct nfa *a);

#endif
