/*
 * err.h - the one way to fail.
 *
 * A fallible function returns struct err *: NULL is success, anything else
 * is owned by the caller, who returns it (TRY), adds context (err_wrap) or
 * frees it.  Out-parameters stay untouched on failure.  Only main() prints
 * an error, and only main() exits.
 *
 * Messages are lower case, one line, without a full stop: what failed first,
 * the subject in quotes; for a user's input "file:line:column: what".  The
 * remedy, where there is one, goes into the hint.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

#include "base/def.h"

enum err_code {
#define ERR_ROW(code, word, status, retry, prose) code,
#include "base/err.tbl.h"
#undef ERR_ROW
	ERR_CODES
};

/* What a supervisor may do about a failure. */
enum err_retry {
	RETRY_NEVER,	/* the same again fails the same way */
	RETRY_NOW,	/* lost a race: at once, a bounded number of times */
	RETRY_BACKOFF,	/* later, with exponential backoff and jitter */
	RETRY_WAIT,	/* not before err_wait_s() */
	RETRY_PERSON	/* only after a person did something */
};

struct err;

struct err_row {
	const char *word;
	int status;
	enum err_retry retry;
	const char *prose;
};

/* The table's row; its strings are static. */
const struct err_row *err_row(enum err_code code);

struct err *err_new(enum err_code code, const char *fmt, ...) PRINTF(2, 3) MUST_USE;
struct err *err_newv(enum err_code code, const char *fmt, va_list ap) PRINTF(2, 0) MUST_USE;

/*
 * ": strerror(errno)" is appended; the code follows errno (ENOSPC and EDQUOT
 * give ERR_DISK_FULL, EACCES and EPERM ERR_DENIED, ETIMEDOUT ERR_TIMEOUT,
 * all else ERR_IO).
 */
struct err *err_sys(const char *fmt, ...) PRINTF(1, 2) MUST_USE;

/* "context: old message"; code, hint and wait stay.  NULL in, NULL out. */
struct err *err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3) MUST_USE;

/* Set (or replace) the remedy: an imperative clause, "run 'git factory init'". */
struct err *err_hint(struct err *e, const char *fmt, ...) PRINTF(2, 3) MUST_USE;

/* The same error with another code. */
struct err *err_recode(struct err *e, enum err_code code) MUST_USE;

/* A server's wish (Retry-After), in seconds; 0 when it named none. */
struct err *err_set_wait(struct err *e, int64_t seconds) MUST_USE;

enum err_code err_code(const struct err *e);
bool err_is(const struct err *e, enum err_code code); /* false for NULL */
const char *err_msg(const struct err *e);
const char *err_hint_of(const struct err *e); /* NULL when none */
int64_t err_wait_s(const struct err *e);
int err_status(const struct err *e); /* 0 for NULL */

void err_free(struct err *e); /* NULL is fine */
void err_free_p(struct err **e); /* for AUTO */

/* Drop an error on purpose: the caller has nothing to do about it. */
void err_ignore(struct err *e);

#define TRY(expr)                                \
	do {                                     \
		struct err *try_err_ = (expr);   \
		if (try_err_ != NULL)            \
			return try_err_;         \
	} while (0)

#endif
