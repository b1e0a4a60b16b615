/*
 * ESLint's formatter 'json': a list of all files that were looked at, each
 * with its messages.  What a comment in the source silenced stands in
 * 'suppressedMessages' (from version 8.8), and counts.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "gate/format/hand.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

enum place {
	AT_ROOT, AT_FILE, AT_PATH, AT_MESSAGES, AT_MESSAGE, AT_SUPPRESSED,
	AT_ID, AT_TEXT, AT_LINE, AT_SEVERITY, AT_FATAL
};

static const struct pick places[] = {
	{"", AT_ROOT},
	{"[]", AT_FILE},
	{"[].filePath", AT_PATH},
	{"[].messages", AT_MESSAGES},
	{"[].messages[]", AT_MESSAGE},
	{"[].messages[].ruleId", AT_ID},
	{"[].messages[].message", AT_TEXT},
	{"[].messages[].line", AT_LINE},
	{"[].messages[].severity", AT_SEVERITY},
	{"[].messages[].fatal", AT_FATAL},
	{"[].suppressedMessages[]", AT_SUPPRESSED},
	{"[].suppressedMessages[].ruleId", AT_ID},
	{"[].suppressedMessages[].message", AT_TEXT},
	{"[].suppressedMessages[].line", AT_LINE},
	{"[].suppressedMessages[].severity", AT_SEVERITY},
};

struct eslint {
	struct reading reading;
	bool list, any;
	/* Of the file in hand, whose name may come behind its messages: */
	char *path;
	bool messages;
	size_t first;		/* of its complaints */
	struct hand hand;
};

static bool
is_eslint(struct str head)
{
	return str_starts(str_trim(head), "[") && format_key(head, "filePath") && format_key(head, "messages");
}

static struct err *
on_file(struct eslint *l, const struct pick_value *v)
{
	struct facts *f = l->reading.facts;
	const char *path;
	size_t i;

	if (v->kind == PICK_OBJECT) {
		l->first = f->complaints.n;
		l->messages = false;
		free(STEAL(l->path));
		l->any = true;
		return NULL;
	}
	if (v->kind != PICK_CLOSE || l->path == NULL || !l->messages)
		return err_new(ERR_SYNTAX, "a file without 'filePath' and 'messages'");
	path = facts_path(f, str_of(l->path));
	for (i = l->first; i < f->complaints.n; i++)
		f->complaints.v[i].path = path;
	return NULL;
}

static struct err *
on_message(struct eslint *l, const struct pick_value *v)
{
	struct hand *h = &l->hand;

	if (v->kind == PICK_OBJECT) {
		h->severity = SEVERITY_ERROR;
		return NULL;
	}
	if (h->text == NULL)
		return err_new(ERR_SYNTAX, "a message without a text");
	h->suppressed = v->id == AT_SUPPRESSED;
	return hand_complain(h, l->reading.facts, "eslint");
}

static struct err *
on_value(void *state, const struct pick_value *v)
{
	struct eslint *l = state;

	switch ((enum place)v->id) {
	case AT_ROOT:
		l->list |= v->kind == PICK_LIST;
		break;
	case AT_FILE:
		return on_file(l, v);
	case AT_PATH:
		hand_set(&l->path, v);
		break;
	case AT_MESSAGES:
		l->messages |= v->kind == PICK_LIST;
		break;
	case AT_MESSAGE:
	case AT_SUPPRESSED:
		return on_message(l, v);
	case AT_ID:
		hand_set(&l->hand.id, v);
		break;
	case AT_TEXT:
		hand_set(&l->hand.text, v);
		break;
	case AT_LINE:
		l->hand.line = v->i;
		break;
	case AT_SEVERITY:
		l->hand.severity = v->i == 1 ? SEVERITY_WARNING : SEVERITY_ERROR;
		break;
	case AT_FATAL:
		/* The file could not be parsed; such a message has no rule. */
		if (v->i == 1)
			hand_copy(&l->hand.id, "fatal");
		break;
	}
	return NULL;
}

static struct err *
end(void *state)
{
	const struct eslint *l = state;

	if (!l->list || !l->any)
		return err_new(ERR_SYNTAX, l->list ? "the report names no file" : "the report is no list of files");
	return NULL;
}

static void
eslint_free(void *state)
{
	struct eslint *l = state;

	free(l->path);
	hand_clear(&l->hand);
}

const struct format format_eslint = {
	.name = "eslint",
	.tools = "ESLint's formatter json",
	.kinds = FACTS_FINDINGS,
	.syntax = SYNTAX_JSON,
	.is = is_eslint,
	.size = sizeof(struct eslint),
	.places = places,
	.nplaces = NITEMS(places),
	.pick = on_value,
	.end = end,
	.free = eslint_free,
};
