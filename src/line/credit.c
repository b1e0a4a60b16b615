#include "line/credit.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/vec.h"
#include "git/commit.h"

struct credit {
	const struct ident *us, *by;
	struct strs mails, lines;	/* newest first */
};

static void
credit_free(struct credit *c)
{
	strs_free(&c->mails);
	strs_free(&c->lines);
}

static bool
is_same(const struct ident *who, const char *mail)
{
	return who != NULL && strcasecmp(who->email, mail) == 0;
}

/* Who wrote several is where the first of them is. */
static void
forget(struct credit *c, const char *mail)
{
	size_t i;

	for (i = c->mails.n; i-- > 0;) {
		if (strcasecmp(c->mails.v[i], mail) != 0)
			continue;
		mem_free_p(&c->mails.v[i]);
		vec_drop(&c->mails, i);
		mem_free_p(&c->lines.v[i]);
		vec_drop(&c->lines, i);
	}
}

static struct err *
see(void *arg, const struct commit *commit, bool *more UNUSED)
{
	AUTO(buf_free) struct buf name = BUF_INIT(BUF_TEXT), mail = BUF_INIT(BUF_TEXT);
	const struct ident *who = &commit->author;
	struct credit *c = arg;

	if (who->email[0] == '\0' || is_same(c->us, who->email) || is_same(c->by, who->email) ||
	    strstr(commit->message, "\nFactory-Run: ") != NULL)
		return NULL;
	text_visible(&name, str_of(who->name), true);
	text_visible(&mail, str_of(who->email), true);
	forget(c, who->email);
	strs_add(&c->mails, who->email);
	strs_addf(&c->lines, "Co-authored-by: %s <%s>", buf_cstr(&name), buf_cstr(&mail));
	return NULL;
}

struct err *
credit_authors(struct repo *r, const struct oid *head, const struct oid *base, const struct ident *us,
    const struct ident *by, struct buf *out)
{
	AUTO(credit_free) struct credit c = {.us = us, .by = by};
	size_t i;

	TRY(commit_walk(r, head, base, see, &c));
	for (i = 0; i < c.lines.n && i < CREDIT_MAX; i++)
		buf_addf(out, "%s\n", c.lines.v[c.lines.n - 1 - i]);
	return NULL;
}
