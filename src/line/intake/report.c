#include "line/intake/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "line/intake/decide.h"
#include "line/intake/pin.h"
#include "line/kind.h"
#include "model/task.h"
#include "wire/crypto.h"

#define SHOWN_MAX (4 * KIB)	/* bytes of a text of others */
#define OPENING "**git-factory**: task `"
#define MARK "<!-- git-factory:task="

/* On one line, as code: nobody is called by it, and it links to nothing. */
static void
add_code(struct buf *b, const char *text)
{
	AUTO(buf_free) struct buf line = BUF_INIT(16 * SHOWN_MAX);
	size_t i;

	text_visible(&line, text_cut(str_of(text), SHOWN_MAX), true);
	buf_addc(b, '`');
	for (i = 0; i < line.n; i++)
		/* A '|' would end a cell of a table. */
		buf_addc(b, line.p[i] == '`' ? '\'' : line.p[i] == '|' ? '/' : line.p[i]);
	buf_addc(b, '`');
}

/* A block of code, with a fence longer than any in it. */
static void
add_block(struct buf *b, const char *text)
{
	AUTO(buf_free) struct buf safe = BUF_INIT(16 * SHOWN_MAX);
	size_t i, run = 0, most = 2;

	text_visible(&safe, text_cut(str_of(text), SHOWN_MAX), false);
	for (i = 0; i < safe.n; i++) {
		run = safe.p[i] == '`' ? run + 1 : 0;
		most = run > most ? run : most;
	}
	for (i = 0; i <= most; i++)
		buf_addc(b, '`');
	buf_addf(b, "text\n%s\n", buf_cstr(&safe));
	for (i = 0; i <= most; i++)
		buf_addc(b, '`');
	buf_addc(b, '\n');
}

static void
add_row(struct buf *b, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	buf_addf(b, "| %s | ", name);
	add_code(b, value);
	buf_adds(b, " |\n");
}

static void
add_table(struct buf *b, const struct report *r)
{
	const struct task *t = r->task;
	char when[CLOCK_TEXT];

	buf_adds(b, "\n| | |\n|---|---|\n");
	buf_addf(b, "| Type | `%s`, %s severity: ", r->kind->name, risk_word(r->kind->severity));
	add_code(b, r->kind->why);
	buf_adds(b, " |\n| Asked for by | ");
	add_code(b, t->asked_by);
	if (t->asked_at != 0) {
		clock_format(t->asked_at, when);
		buf_addf(b, ", %s", when);
	}
	buf_addf(b, ", text `%.*s` |\n", PIN_SHOWN, t->pinned);
	add_row(b, "Run", t->run);
	if (t->attempts > 0)
		buf_addf(b, "| Attempts | %" PRId64 " |\n", t->attempts);
	if (r->pull[0] != '\0')
		buf_addf(b, "| Pull request | %s |\n", r->pull);
	else if (t->pull != 0)
		buf_addf(b, "| Pull request | `git factory pr show %" PRId64 "` |\n", t->pull);
	add_row(b, "It waits for", r->waits);
	add_row(b, "Commit", t->commit);
	if (r->runs > 0 || r->micro > 0)
		buf_addf(b, "| Cost | $%" PRId64 ".%02" PRId64 " |\n", r->micro / 1000000, r->micro / 10000 % 100);
	if (strs_has(&t->labels, LABEL_HIDDEN))
		buf_adds(b, "| Hidden text | taken out: the issue held text that its page does not show |\n");
}

static void
add_needs(struct buf *b, const struct report *r)
{
	const struct task *t = r->task;

	if (r->ask[0] != '\0')
		buf_addf(b, "\n**It waits for a word.** %s\n", r->ask);
	if (t == NULL)
		return;
	if (t->close[0] != '\0') {
		buf_adds(b, "\nClosed: ");
		add_code(b, t->close);
		buf_addc(b, '\n');
	} else if (t->hold[0] != '\0') {
		buf_adds(b, "\n**Held:** ");
		add_code(b, t->hold);
		buf_addc(b, '\n');
	}
	if (t->question[0] != '\0') {
		buf_adds(b, "\n**A person must decide:**\n\n");
		add_block(b, t->question);
	} else if (t->next[0] != '\0') {
		buf_adds(b, "\nNext: ");
		add_code(b, t->next);
		buf_addc(b, '\n');
	}
}

struct err *
report_make(const struct report *r, struct buf *out, char told[REPORT_TOLD + 1])
{
	AUTO(buf_free) struct buf text = BUF_INIT(64 * SHOWN_MAX), hex = BUF_INIT(PIN_LEN);
	uint8_t digest[CRYPTO_SHA256];

	buf_addf(&text, OPENING "%s` is %s.\n", r->id, r->task != NULL ? r->word : "not filed yet");
	if (r->task != NULL)
		add_table(&text, r);
	add_needs(&text, r);
	buf_adds(&text, "\n<sub>Who may write to this project says `/factory run`, `retry`, `stop`, `approve`, "
	    "`revise TEXT` or `status` in a comment.</sub>\n");
	TRY(buf_check(&text, "the comment"));
	TRY(crypto_sha256(buf_str(&text), digest));
	hex_add(&hex, digest, sizeof(digest));
	memcpy(told, buf_cstr(&hex), REPORT_TOLD);
	told[REPORT_TOLD] = '\0';
	buf_addf(out, MARK "%s told=%s -->\n", r->id, told);
	buf_addstr(out, buf_str(&text));
	return buf_check(out, "the comment");
}

static bool
begins_like_ours(struct str s, const char *id)
{
	if (!str_starts(s, OPENING))
		return false;
	s = str_skip(s, strlen(OPENING));
	return str_starts(s, id) && str_starts(str_skip(s, strlen(id)), "`");
}

bool
report_is(const char *comment, const char *id, char told[REPORT_TOLD + 1])
{
	struct str s = str_of(comment);
	ptrdiff_t at = str_find(s, STR(MARK));

	told[0] = '\0';
	/* Linear keeps no remarks; that it begins like one must do then. */
	if (at < 0)
		return begins_like_ours(str_trim(s), id);
	s = str_skip(s, (size_t)at + strlen(MARK));
	if (!str_starts(s, id))
		return false;
	s = str_skip(s, strlen(id));
	if (str_starts(s, " told=") && s.n >= 6 + REPORT_TOLD) {
		memcpy(told, s.p + 6, REPORT_TOLD);
		told[REPORT_TOLD] = '\0';
	}
	return true;
}
