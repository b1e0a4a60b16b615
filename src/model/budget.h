/*
 * budget.h - caps on one run, checked before each model call.
 *
 * A call is charged before it is made, at what it may cost at most, and
 * settled when the answer and its usage are there: a process that dies in
 * between has already paid, and a run can never pass its caps.  A call that
 * might is refused (fail closed).  Amounts of money are micro-dollars.
 */
#ifndef MODEL_BUDGET_H
#define MODEL_BUDGET_H

#include "base/def.h"
#include "base/str.h"

struct buf;
struct err;
struct jw;
struct node;

struct use {
	int64_t turns;		/* model calls */
	int64_t in;		/* tokens sent, without those read from a cache */
	int64_t out;		/* tokens answered */
	int64_t cache_read;
	int64_t cache_write;
	int64_t micro;		/* cost in micro-dollars */
	int64_t guessed;	/* turns whose tokens and cost are an estimate: nobody counted */
};

/* 0 is no allowance at all; INT64_MAX is none. */
struct caps {
	int64_t turns;
	int64_t tokens;		/* all four kinds together */
	int64_t micro;
};

/* Micro-dollars for a million tokens of each kind. */
struct price {
	int64_t in;
	int64_t out;
	int64_t cache_read;
	int64_t cache_write;
};

struct budget {
	struct caps caps;
	struct use used;
};

int64_t use_tokens(const struct use *u);		/* saturates */
void use_add(struct use *to, const struct use *what);	/* saturates */

/* Cost of the tokens, rounded up; saturates. */
int64_t price_of(const struct price *p, const struct use *u);

/*
 * Charge a call of one turn that may use at most 'worst'.  ERR_BUDGET naming
 * the cap and its config key when it does not fit; nothing is charged then.
 */
struct err *budget_charge(struct budget *b, const struct use *worst) MUST_USE;

/* Replace what was charged by what was used; it may be more than charged. */
void budget_settle(struct budget *b, const struct use *worst, const struct use *real);

/* What is left, never below zero. */
struct caps budget_left(const struct budget *b);

/* Dollars of micro-dollars for people: "$0.0123". */
void money_text(int64_t micro, struct buf *out);
/* The cost as people read it: "$0.0123", or "about $0.0123" where any of it was guessed. */
void use_cost(const struct use *u, struct buf *out);

void use_write(struct jw *w, const struct use *u);
struct err *use_read(const char *file, const struct node *n, struct use *out) MUST_USE;

#endif
