/*
 * linear_in.h - what the files of linear.h share.
 */
#ifndef FORGE_LINEAR_IN_H
#define FORGE_LINEAR_IN_H

#include "forge/ask.h"
#include "wire/node.h"

/* Begins the question; its variables follow through a->json. */
void linear_query(struct ask *a, const char *query);
/* "ENG-42", the variable 'id'. */
void linear_id(struct ask *a, int64_t number);
/* Send, and give the member of the data that the query asks for; an error counts more than data beside it. */
struct err *linear_send(struct ask *a, bool read, const char *member, const struct node **out) MUST_USE;
/* ERR_NOT_FOUND for another issue: an old name leads on to where one is now. */
struct err *linear_this(const struct ask *a, const struct node *issue, int64_t number) MUST_USE;
/* What a mutation answers. */
struct err *linear_done(const struct ask *a, const struct node *payload) MUST_USE;

/* Of the table. */
struct err *linear_issue_stage(struct forge *f, int64_t number, enum forge_stage stage, const char *name,
    char **moved) MUST_USE;

#endif
