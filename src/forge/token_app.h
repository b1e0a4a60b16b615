/*
 * token_app.h - the token of a GitHub App's installation; for token.c.
 */
#ifndef FORGE_TOKEN_APP_H
#define FORGE_TOKEN_APP_H

#include "base/def.h"

struct err;
struct token;
struct token_app;

/* ERR_CONFIG for a key file that is missing, or that others can read. */
struct err *token_app_new(const char *id, const char *key_file, struct token *out) MUST_USE;
void token_app_free(struct token_app *a);	/* NULL is fine */

/* Ask for one when there is none, or it ends within five minutes. */
struct err *token_app_renew(struct token *t) MUST_USE;

#endif
