/*
 * LCOV's trace files: geninfo(1), section FILES.  Written by lcov, gcovr, c8,
 * cargo-llvm-cov and many more.
 */
#include <string.h>

#include "base/err.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

struct lcov {
	struct reading reading;
	struct cover *file;	/* of the open record, or NULL */
	bool any;
};

static bool
is_lcov(struct str head)
{
	return str_starts(head, "TN:") || str_starts(head, "SF:");
}

/* "DA:<line>,<count>[,<checksum>]"; a count may be "-", "=====" or below 0 for 'never'. */
static struct err *
take_line(struct lcov *l, struct str rest)
{
	struct str number, count;
	int64_t line, n;

	if (l->file == NULL)
		return err_new(ERR_SYNTAX, "'DA:' outside of a file's record");
	if (!str_next(&rest, ',', &number) || !str_next(&rest, ',', &count) || !str_int(number, 1, INT64_MAX, &line))
		return err_new(ERR_SYNTAX, "'DA:' wants a line and a count");
	if (!str_int(count, INT64_MIN, INT64_MAX, &n)) {
		/* More hits than fit, or a word for none. */
		n = count.n > 18 && count.p[0] >= '1' && count.p[0] <= '9' ? 1 : 0;
		if (n == 0 && !str_starts(count, "-") && !str_starts(count, "=") && !str_starts(count, "#"))
			return err_new(ERR_SYNTAX, "the count '%.*s' is none", STR_ARG(str_take(count, 20)));
	}
	return facts_line(l->reading.facts, l->file, line, n > 0);
}

static struct err *
on_line(void *state, struct str line)
{
	struct lcov *l = state;

	if (str_starts(line, "SF:")) {
		if (l->file != NULL)
			return err_new(ERR_SYNTAX, "a file's record begins before the last one ended");
		l->any = true;
		return facts_cover(l->reading.facts, str_skip(line, 3), &l->file);
	} else if (str_starts(line, "DA:")) {
		return take_line(l, str_skip(line, 3));
	} else if (str_is(line, "end_of_record")) {
		if (l->file == NULL)
			return err_new(ERR_SYNTAX, "'end_of_record' without a file");
		l->file = NULL;
	} else if (l->reading.torn) {
		return err_new(ERR_SYNTAX, "the last line is cut short");
	}
	return NULL;
}

static struct err *
end(void *state)
{
	const struct lcov *l = state;

	if (l->file != NULL)
		return err_new(ERR_SYNTAX, "the last file's record does not end");
	return l->any ? NULL : err_new(ERR_SYNTAX, "the report names no file");
}

const struct format format_lcov = {
	.name = "lcov",
	.tools = "lcov, gcovr, c8, cargo-llvm-cov",
	.kinds = FACTS_COVERAGE,
	.syntax = SYNTAX_LINES,
	.is = is_lcov,
	.size = sizeof(struct lcov),
	.line = on_line,
	.end = end,
};
