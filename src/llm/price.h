/*
 * price.h - what models cost, from a table in JSON (templates/prices.json):
 *
 *	{"version": 1, "prices": [
 *	  {"provider": "anthropic", "model": "claude-x", "in": 3.0, "out": 15.0,
 *	   "cache_read": 0.3, "cache_write": 3.75}, …]}
 *
 * in dollars per million tokens. An entry stands for the model of that name
 * and for its dated versions (claude-x-20250929, gpt-x-2025-08-07).
 */
#ifndef LLM_PRICE_H
#define LLM_PRICE_H

#include "base/def.h"

struct err;
struct llm_price;

/*
 * Look the model up. *found is false when the table does not have it, or
 * when there is no table; ERR_SYNTAX when there is a broken one. path NULL:
 * the installed table, or, for a binary that was not installed, the one of
 * its source tree.
 */
struct err *price_find(const char *path, const char *provider, const char *model,
    struct llm_price *out, bool *found) MUST_USE;

/* The cache's prices where they are not given (negative). */
struct llm_price price_whole(struct llm_price p);

#endif
