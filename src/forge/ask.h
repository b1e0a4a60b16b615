/*
 * ask.h - one question to a forge, put together piece by piece.
 *
 *	AUTO(ask_free) struct ask a = {0};
 *
 *	ask_open(&a, f, "PUT", "issue %" PRId64, number);
 *	ask_path(&a, "/issues/%" PRId64, number);
 *	ask_str(&a, "title", title);
 *	TRY(ask_send(&a));
 *	TRY(answer_id(a.reply.body, "id", &id));
 */
#ifndef FORGE_ASK_H
#define FORGE_ASK_H

#include "base/err.h"
#include "forge/forge.h"
#include "forge/rest.h"
#include "wire/json.h"

#define ASK_WHAT 160	/* bytes of what messages call it */

struct ask {
	struct forge *f;
	struct rest_call call;	/* 'cached' and 'accept' are the caller's to set */
	struct rest_reply reply;
	struct buf path, body;
	struct jw json;
	char what[ASK_WHAT];
	bool queried;
};

/* method NULL: GET.  The rest says what it is about, for messages. */
void ask_open(struct ask *a, struct forge *f, const char *method, const char *fmt, ...) PRINTF(4, 5);

/* Append to the path, which begins at the API's root. */
void ask_path(struct ask *a, const char *fmt, ...) PRINTF(2, 3);
void ask_part(struct ask *a, const char *part);	/* with %XX, also for '/' */
/* Behind the path: ?key=value&key=value; NULL is left out. */
void ask_query(struct ask *a, const char *key, const char *value);

/* Members of the body, an object; NULL is left out. */
void ask_str(struct ask *a, const char *key, const char *value);
void ask_flag(struct ask *a, const char *key, bool value);
/* A list in it, to be filled through a->json and closed by jw_end(). */
void ask_list(struct ask *a, const char *key);

struct err *ask_send(struct ask *a) MUST_USE;
struct err *ask_took(struct ask *a, struct err *e) MUST_USE;	/* rest_took() of its path */
/* Every element of every page, as rest_each(). */
struct err *ask_each(struct ask *a, bool newest, rest_item *fn, void *arg, bool *unchanged) MUST_USE;
void ask_free(struct ask *a);	/* also for AUTO */

/*
 * For an accepted answer that is none of 2xx: an error with the forge's own
 * words.
 */
struct err *ask_refused(struct ask *a, enum err_code code) MUST_USE;
/* Do the forge's own words hold this? */
bool ask_said(struct ask *a, const char *words);

/* Elements of an answer's list; false at its end: for (n = NULL; ask_next(list, &n);). */
bool ask_next(const struct node *list, const struct node **n);

#endif
