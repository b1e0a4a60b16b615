#include "line/intake/order.h"

#include <ctype.h>
#include <string.h>

static const char *const words[] = {
	[ORDER_RUN] = "run", [ORDER_RETRY] = "retry", [ORDER_STOP] = "stop", [ORDER_STATUS] = "status",
	[ORDER_APPROVE] = "approve", [ORDER_REVISE] = "revise", [ORDER_UNKNOWN] = "unknown",
};

const char *
order_name(enum order_word word)
{
	return words[word];
}

static struct str
take_word(struct str *rest)
{
	struct str word = *rest;
	size_t n = 0;

	while (n < rest->n && !isspace((unsigned char)rest->p[n]))
		n++;
	word.n = n;
	*rest = str_trim(str_skip(*rest, n));
	return word;
}

bool
order_parse(struct str comment, enum order_word *word, struct str *rest)
{
	struct str text = str_trim(comment), line = {0}, all = text, given;
	size_t i;

	str_line(&all, &line);
	if (!str_is(take_word(&line), "/factory"))
		return false;
	given = take_word(&line);
	*word = given.n == 0 ? ORDER_STATUS : ORDER_UNKNOWN;
	for (i = 0; i < ORDER_UNKNOWN; i++)
		if (str_is(given, words[i]))
			*word = (enum order_word)i;
	/* People thank, and explain: that is for other people. */
	if (*word == ORDER_REVISE)
		*rest = str_trim(str_skip(text, (size_t)(given.p - text.p) + given.n));
	else
		*rest = take_word(&line);
	return true;
}
