#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/regex.h"

/* About 50 ms at worst, here; an honest pattern needs a small part of it. */
#define MATCH_LIMIT 500000
#define DEPTH_LIMIT 2000
#define HEAP_LIMIT_KIB 4096

struct regex {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
};

void
regex_free(struct regex *r)
{
	if (r == NULL)
		return;
	pcre2_match_context_free(r->context);
	pcre2_match_data_free(r->data);
	pcre2_code_free(r->code);
	free(r);
}

void
regex_free_p(struct regex **r)
{
	regex_free(*r);
	*r = NULL;
}

struct err *
regex_new(struct str pattern, unsigned flags, struct regex **out)
{
	uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
	PCRE2_UCHAR text[128];
	struct regex *r;
	PCRE2_SIZE at;
	int no;

	if (pattern.n > REGEX_PATTERN_MAX)
		return err_new(ERR_LIMIT, "pattern is longer than %d bytes", REGEX_PATTERN_MAX);
	options |= flags & REGEX_ICASE ? PCRE2_CASELESS : 0;
	options |= flags & REGEX_LITERAL ? PCRE2_LITERAL : 0;
	options |= flags & REGEX_LINES ? PCRE2_MULTILINE : 0;
	if (flags & REGEX_LITERAL)
		options &= ~(uint32_t)(PCRE2_NEVER_BACKSLASH_C | PCRE2_MULTILINE);
	r = mem_alloc(sizeof(*r));
	r->code = pcre2_compile((PCRE2_SPTR)(pattern.n ? pattern.p : ""), pattern.n, options, &no, &at, NULL);
	if (r->code == NULL && no == PCRE2_ERROR_HEAP_FAILED)
		mem_exhausted();
	if (r->code == NULL) {
		regex_free(r);
		pcre2_get_error_message(no, text, sizeof(text));
		return err_new(ERR_SYNTAX, "pattern, column %zu: %s", (size_t)at + 1, (char *)text);
	}
	r->data = pcre2_match_data_create_from_pattern(r->code, NULL);
	r->context = pcre2_match_context_create(NULL);
	if (r->data == NULL || r->context == NULL)
		mem_exhausted();
	if (defence_on(DEFENCE_REGEX)) {
		pcre2_set_match_limit(r->context, flags & REGEX_BRIEF ? MATCH_LIMIT / 50 : MATCH_LIMIT);
		pcre2_set_depth_limit(r->context, DEPTH_LIMIT);
		pcre2_set_heap_limit(r->context, HEAP_LIMIT_KIB);
	}
	*out = r;
	return NULL;
}

struct err *
regex_find(struct regex *r, struct str subject, size_t from, bool *found, struct regex_match *match)
{
	PCRE2_SIZE *offsets;
	int n;

	if (from > subject.n) {
		*found = false;
		return NULL;
	}
	n = pcre2_match(r->code, (PCRE2_SPTR)(subject.n ? subject.p : ""), subject.n, from, 0,
	    r->data, r->context);
	if (n == PCRE2_ERROR_NOMATCH) {
		*found = false;
		return NULL;
	}
	if (n == PCRE2_ERROR_NOMEMORY)
		mem_exhausted();
	if (n < 0)
		return err_new(ERR_LIMIT, "pattern takes too many steps on this text");
	offsets = pcre2_get_ovector_pointer(r->data);
	*match = (struct regex_match){offsets[0], offsets[1]};
	*found = true;
	return NULL;
}
