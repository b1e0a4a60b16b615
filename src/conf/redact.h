/*
 * redact.h - known secret values never leave, in whatever dress.
 *
 * A stream goes in, in pieces cut anywhere, and comes out with every known
 * value replaced by "[redacted:NAME]".  Found as plain text; base64 and
 * base64url at each of the three offsets, also wrapped in lines; hex in both
 * cases, also with separators; percent-encoding, JSON, C and HTML escapes in
 * any mixture, character by character; UTF-16 of both byte orders; reversed.
 * All of it in one pass of one automaton: its size grows with the secrets,
 * its time with the bytes.
 *
 * What could be the beginning of a secret is held back until it is decided;
 * what is held never passes REDACT_HOLD_MAX.
 */
#ifndef CONF_REDACT_H
#define CONF_REDACT_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"

struct proc_output;
struct redactor;
struct secrets;

#define REDACT_HOLD_MAX (2 * MIB)

/* Copies what it needs.  Values shorter than SECRET_MIN are left alone. */
struct redactor *redact_new(const struct secrets *s) MUST_USE;
void redact_free(struct redactor *r);	/* wipes; NULL is fine */
void redact_free_p(struct redactor **r);	/* for AUTO */

/*
 * A redactor is used for one stream at a time: feed appends what is decided
 * to 'out', finish appends the rest and makes it ready for the next stream.
 */
void redact_feed(struct redactor *r, struct str bytes, struct buf *out);
void redact_finish(struct redactor *r, struct buf *out);

/* A whole text at once (no stream may be open). */
void redact_str(struct redactor *r, struct str text, struct buf *out);
char *redact_dup(struct redactor *r, const char *text) MUST_USE;	/* NULL gives NULL */

/* Is there any secret in it? */
bool redact_found(struct redactor *r, struct str text);

/*
 * A child's output as one text of about 'max' bytes at most, 'tail' of them
 * from the end, with "[N bytes left out]" where there is a gap.  No secret is
 * cut in two there: the output was captured with REDACT_MARGIN more in
 * max_out and in tail, and what could belong to one that goes on in the gap
 * is left out with it.  r NULL: nothing is redacted.
 */
#define REDACT_MARGIN (64 * KIB)
void redact_output(struct redactor *r, const struct proc_output *o, size_t max, size_t tail,
    struct buf *out);

/* Secrets replaced since redact_new(). */
int64_t redact_count(const struct redactor *r);

#endif
