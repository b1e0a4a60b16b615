#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/config.h"
#include "gate/builtin/builtin.h"
#include "gate/room.h"
#include "git/commit.h"

#define COMMITS_MAX 500
#define SUBJECT_MAX 72	/* columns */
#define BODY_MAX 100	/* where a line breaks; one long word may stand alone */

struct reading {
	struct inspect *in;
	size_t seen;
};

static bool
is_unfinished(struct str subject)
{
	static const char *const words[] = {"fixup!", "squash!", "amend!", "wip", "tmp", "todo"};
	size_t i;

	for (i = 0; i < NITEMS(words); i++) {
		size_t n = strlen(words[i]);

		if (subject.n >= n && strncasecmp(subject.p, words[i], n) == 0 &&
		    (subject.n == n || strchr(" :!-", words[i][n - 1] == '!' ? '!' : subject.p[n]) != NULL))
			return true;
	}
	return false;
}

static void
judge_message(struct inspect *in, const char *id, struct str text)
{
	struct str line, subject = {0};
	size_t n = 0;

	while (str_line(&text, &line)) {
		if (n++ == 0)
			subject = str_trim(line);
		else if (n == 2 && str_trim(line).n != 0)
			inspect_find(in, FINDING_BLOCKS, "second-line", "", 0, "%s: no empty line behind the subject", id);
		else if (text_width(line) > BODY_MAX && str_has(str_trim(line), ' '))
			inspect_find(in, FINDING_NOTE, "long-line", "", 0, "%s: line %zu has more than %d columns", id, n, BODY_MAX);
	}
	if (subject.n == 0)
		inspect_find(in, FINDING_BLOCKS, "subject", "", 0, "%s: it has no subject", id);
	else if (is_unfinished(subject))
		inspect_find(in, FINDING_BLOCKS, GATE_MESSAGE_UNFINISHED, "", 0, "%s: '%.*s' is not for others yet", id,
		    STR_ARG(text_cut(subject, 80)));
	else if (text_width(subject) > SUBJECT_MAX)
		inspect_find(in, FINDING_BLOCKS, "subject", "", 0, "%s: the subject has more than %d columns", id, SUBJECT_MAX);
}

static struct err *
take_commit(void *arg, const struct commit *c, bool *more)
{
	AUTO(mem_free_p) char *id = mem_printf("%.10s", oid_hex(&c->oid).s);
	struct reading *r = arg;

	if (c->parents.n < 2)
		judge_message(r->in, id, str_of(c->message));
	*more = ++r->seen < COMMITS_MAX;
	if (!*more)
		inspect_find(r->in, FINDING_FLAGGED, "unjudged", "", 0, "only %d messages were looked at", COMMITS_MAX);
	return NULL;
}

struct err *
message_judge(struct inspect *in)
{
	const struct gates_opts *o = &in->s->gates->o;
	struct reading r = {.in = in};

	return oid_is_zero(&o->head) ? NULL : commit_walk(o->repo, &o->head, &o->base, take_commit, &r);
}

void
gates_message(const struct config *c, struct str message, struct verdicts *out)
{
	const struct builtin *b = builtin_of(GATE_MESSAGE);
	struct gates g = {.o = {.config = c}};
	struct subject s = {.gates = &g};
	size_t i;

	for (i = 0; i < c->gates.n; i++) {
		const struct conf_gate *gate = &c->gates.v[i];
		struct inspect in = {.s = &s, .kind = b, .set = gate};

		if (strcmp(gate->builtin, GATE_MESSAGE) != 0)
			continue;
		in.v = gate_next(out);
		verdict_init(in.v, gate->name);
		in.v->advisory = !gate->blocking;
		judge_message(&in, "the message", message);
		verdict_set(in.v, in.blocks == 0 ? VERDICT_PASS : VERDICT_FAIL, "%s",
		    in.blocks == 0 ? b->clean : in.blocks == 1 ? b->one : b->many);
	}
}
