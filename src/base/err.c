#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

struct err {
	enum err_code code;
	char *msg;
	char *hint;
	int64_t wait_s;
};

static const struct err_row rows[] = {
#define ERR_ROW(code, word, status, retry, prose) [code] = {word, status, retry, prose},
#include "base/err.tbl.h"
#undef ERR_ROW
};

const struct err_row *
err_row(enum err_code code)
{
	return &rows[code < ERR_CODES ? code : ERR_BUG];
}

/* Formats into a fresh string; a message never holds a line break. */
PRINTF(1, 0) static char *
format_line(const char *fmt, va_list ap)
{
	char *s = NULL, *p;

	if (vasprintf(&s, fmt, ap) < 0)
		s = mem_strdup("message cannot be formatted");
	for (p = s; *p != '\0'; p++)
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	return s;
}

struct err *
err_newv(enum err_code code, const char *fmt, va_list ap)
{
	struct err *e = mem_alloc(sizeof(*e));

	e->code = code;
	e->msg = format_line(fmt, ap);
	return e;
}

struct err *
err_new(enum err_code code, const char *fmt, ...)
{
	struct err *e;
	va_list ap;

	va_start(ap, fmt);
	e = err_newv(code, fmt, ap);
	va_end(ap);
	return e;
}

static enum err_code
code_of_errno(int no)
{
	switch (no) {
	case ENOSPC:
	case EDQUOT:
		return ERR_DISK_FULL;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	default:
		return ERR_IO;
	}
}

struct err *
err_sys(const char *fmt, ...)
{
	int no = errno;
	struct err *e;
	va_list ap;
	char *msg;

	va_start(ap, fmt);
	e = err_newv(code_of_errno(no), fmt, ap);
	va_end(ap);
	msg = mem_printf("%s: %s", e->msg, strerror(no));
	free(e->msg);
	e->msg = msg;
	return e;
}

struct err *
err_wrap(struct err *e, const char *fmt, ...)
{
	AUTO(mem_free_p) char *context = NULL;
	va_list ap;
	char *msg;

	if (e == NULL)
		return NULL;
	va_start(ap, fmt);
	context = format_line(fmt, ap);
	va_end(ap);
	msg = mem_printf("%s: %s", context, e->msg);
	free(e->msg);
	e->msg = msg;
	return e;
}

struct err *
err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return NULL;
	free(e->hint);
	va_start(ap, fmt);
	e->hint = format_line(fmt, ap);
	va_end(ap);
	return e;
}

struct err *
err_recode(struct err *e, enum err_code code)
{
	if (e != NULL)
		e->code = code;
	return e;
}

struct err *
err_set_wait(struct err *e, int64_t seconds)
{
	if (e != NULL)
		e->wait_s = seconds;
	return e;
}

enum err_code
err_code(const struct err *e)
{
	return e->code;
}

bool
err_is(const struct err *e, enum err_code code)
{
	return e != NULL && e->code == code;
}

const char *
err_msg(const struct err *e)
{
	return e->msg;
}

const char *
err_hint_of(const struct err *e)
{
	return e->hint;
}

int64_t
err_wait_s(const struct err *e)
{
	return e->wait_s;
}

int
err_status(const struct err *e)
{
	return e == NULL ? 0 : err_row(e->code)->status;
}

void
err_free(struct err *e)
{
	if (e == NULL)
		return;
	free(e->msg);
	free(e->hint);
	free(e);
}

void
err_free_p(struct err **e)
{
	err_free(*e);
	*e = NULL;
}

void
err_ignore(struct err *e)
{
	err_free(e);
}
