/*
 * person.h - accounts in a forge's answers, and whose the token is.
 */
#ifndef FORGE_PERSON_H
#define FORGE_PERSON_H

#include "base/def.h"

struct err;
struct forge;
struct forge_user;
struct node;

/* An account as one kind of forge writes it, into an empty struct. */
typedef struct err *person_read(const struct node *n, struct forge_user *out);

/* The one that an answer names, which replaces *out; "" and no bot for null, a deleted one. */
struct err *person_in(const struct node *map, const char *key, person_read *read,
    struct forge_user *out) MUST_USE;

/* The token's own, by GET /user. */
struct err *person_self(struct forge *f, person_read *read, struct forge_user *out) MUST_USE;

#endif
