/*
 * trust.h - what a repository's policy loosens, and what the user allowed.
 *
 * A clone's policy may tighten as it likes.  What it loosens counts only
 * when the user's own config says the same, or when the user trusted exactly
 * that content in that repository: the store keeps the hash of the loosening
 * lines and the repository's path, so another line, or the same lines in
 * another clone, is asked about again.
 */
#ifndef CONF_TRUST_H
#define CONF_TRUST_H

#include "base/buf.h"
#include "base/def.h"
#include "base/vec.h"

struct conf_price;
struct config;
struct err;

struct trust_item {
	char *key;	/* "sandbox.mode" */
	char *value;	/* one line */
	char *why;	/* "tools run without a sandbox" */
};

struct trust_items {
	VEC_FIELDS(struct trust_item);
};

/*
 * What a model of a provider is known to cost (*known false: nobody knows):
 * the caller's table, as this room has none.
 */
typedef struct err *trust_price_fn(const char *provider, const char *model,
    struct conf_price *out, bool *known);

/*
 * Everything in policy that loosens; nothing of what the user set.  Caps on
 * what a run may use of the user's account count above the defaults, and a
 * price counts where it is below the known one, or nobody knows one: a cap on
 * money is worth no more than the prices that it is counted in.
 */
struct err *trust_items(const struct config *c, trust_price_fn *price,
    struct trust_items *out) MUST_USE;
void trust_items_free(struct trust_items *items);	/* also for AUTO */

/* The content that trust is given to: "key: value" lines, sorted.  Hash this. */
void trust_text(const struct trust_items *items, struct buf *out);

/* $XDG_CONFIG_HOME/git-factory/trust or ~/.config/...; NULL without a home. */
char *trust_store_path(void) MUST_USE;

/*
 * The store: one line per trust, "<hash> <time> <repository>".  A store that
 * others can write, or that is not the user's, is ERR_UNTRUSTED.
 */
struct err *trust_has(const char *store, const char *repository, const char *hash,
    bool *trusted) MUST_USE;
struct err *trust_add(const char *store, const char *repository, const char *hash,
    const char *time) MUST_USE;
/* Everything that was trusted in this repository. */
struct err *trust_drop(const char *store, const char *repository) MUST_USE;

/*
 * NULL when nothing is loosened or the hash is trusted, else ERR_UNTRUSTED
 * that names each item.  'hash' is that of trust_text().
 */
struct err *trust_require(const struct trust_items *items, const char *store,
    const char *repository, const char *hash) MUST_USE;

#endif
