/*
 * opts.h - one const table per verb makes its parser, its -h, its part of
 * the completions and what the tests compare with the man page.
 *
 *	struct add_opts { const char *type; int64_t priority; bool json; };
 *	static const struct opt add_table[] = {
 *		OPT_STRING('t', "type", "TYPE", struct add_opts, type, "type of the task"),
 *		OPT_NUMBER('p', "priority", "N", struct add_opts, priority, 0, 4, "0 is most urgent"),
 *		OPT_FLAG(0, "json", struct add_opts, json, "print JSON"),
 *		OPT_END,
 *	};
 *
 * As in git: options and arguments mix, "--" ends the options, "-p1", "-p 1",
 * "--priority=1" and "--priority 1" are one, bundled short flags work,
 * long names abbreviate when unambiguous, a flag has a "--no-" form.  Values
 * are borrowed from argv.  Every failure is ERR_USAGE.
 */
#ifndef BASE_OPTS_H
#define BASE_OPTS_H

#include "base/buf.h"
#include "base/def.h"
#include "base/vec.h"

struct err;

enum opt_kind {
	OPT_KIND_END,
	OPT_KIND_FLAG,		/* bool */
	OPT_KIND_STRING,	/* const char *, the last one counts */
	OPT_KIND_NUMBER,	/* int64_t within [lo, hi] */
	OPT_KIND_STRINGS	/* struct opt_list, each occurrence adds one */
};

struct opt_list {
	VEC_FIELDS(const char *);
};

struct opt {
	enum opt_kind kind;
	char brief;		/* '\0' when there is none */
	const char *name;	/* long name */
	const char *arg;	/* placeholder, NULL for a flag */
	size_t offset;		/* in the verb's option struct */
	int64_t lo, hi;
	const char *doc;	/* lower case, no full stop */
};

#define OPT_FLAG(b, n, type, field, d) \
	{OPT_KIND_FLAG, b, n, NULL, offsetof(type, field), 0, 0, d}
#define OPT_STRING(b, n, a, type, field, d) \
	{OPT_KIND_STRING, b, n, a, offsetof(type, field), 0, 0, d}
#define OPT_NUMBER(b, n, a, type, field, l, h, d) \
	{OPT_KIND_NUMBER, b, n, a, offsetof(type, field), l, h, d}
#define OPT_STRINGS(b, n, a, type, field, d) \
	{OPT_KIND_STRINGS, b, n, a, offsetof(type, field), 0, 0, d}
#define OPT_END \
	{OPT_KIND_END, 0, NULL, NULL, 0, 0, 0, NULL}

struct args {
	VEC_FIELDS(const char *);	/* positional arguments, borrowed */
};

/*
 * Parse argv[0..argc) (without the verb) into the struct at 'into', whose
 * defaults the caller has set.  *help is set by -h or --help, and parsing
 * ends there.  The caller frees args and any opt_list with vec_free().
 */
struct err *opts_parse(const struct opt *table, int argc, char *const argv[],
    void *into, struct args *args, bool *help) MUST_USE;

/* "[-t TYPE] [-p N] [--[no-]json]": the options' part of a synopsis. */
void opts_synopsis(const struct opt *table, struct buf *out);

/* The options, a line each, as -h shows them. */
void opts_help(const struct opt *table, struct buf *out);

#endif
