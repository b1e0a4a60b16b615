#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "conf/config.h"
#include "forge/forge.h"
#include "forge/pull.h"
#include "gate/glob.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/tree.h"
#include "line/policy.h"
#include "line/pulls/owners.h"

static const char *const places[] = {".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS",
    ".gitea/CODEOWNERS", ".forgejo/CODEOWNERS"};

/* The next word of a line; a comment ends it. */
static bool
next_word(struct str *rest, struct str *word)
{
	size_t n;

	*rest = str_trim(*rest);
	if (rest->n == 0 || rest->p[0] == '#')
		return false;
	for (n = 0; n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t'; n++)
		;
	*word = str_take(*rest, n);
	*rest = str_skip(*rest, n);
	return true;
}

void
owners_in(struct str text, const char *path, struct strs *out)
{
	struct str line, word, owners = {NULL, 0};

	while (str_line(&text, &line)) {
		AUTO(mem_free_p) char *pattern = NULL;

		if (!next_word(&line, &word) || word.p[0] == '[' || word.p[0] == '^' || word.p[0] == '!')
			continue;
		pattern = str_dup(word);
		if (glob_path(pattern, path, 0))
			owners = line;
	}
	while (next_word(&owners, &word))
		strs_addn(out, word.p, word.n);
}

void
owners_add(const char *owner, struct strs *logins, struct strs *teams)
{
	const char *name = owner[0] == '@' ? owner + 1 : owner;
	struct strs *to = strchr(name, '/') != NULL ? teams : logins;

	if (name[0] != '\0' && strchr(name, '@') == NULL && to->n < OWNERS_ASKED_MAX && !strs_has(to, name))
		strs_add(to, name);
}

static struct err *
read_file(struct repo *r, const struct policy *base, struct buf *out)
{
	struct err *e;
	size_t i;

	for (i = 0; i < NITEMS(places); i++) {
		e = tree_read(r, &base->tree, places[i], out);
		if (!err_is(e, ERR_NOT_FOUND))
			return e;
		err_free(e);
	}
	return NULL;
}

static struct err *
changed(struct repo *r, const struct policy *base, const struct pull *p, struct diff *out)
{
	struct oid fork, from, to;

	TRY(commit_merge_base(r, &base->commit, &p->head, &fork));
	TRY(commit_tree(r, &fork, &from));
	TRY(commit_tree(r, &p->head, &to));
	return diff_tree_names(r, &from, &to, out);
}

struct err *
owners_of(struct repo *r, const struct policy *base, const struct pull *p, struct strs *logins, struct strs *teams)
{
	const struct conf_type *type = p->type != NULL ? config_type(&base->cfg, p->type) : NULL;
	AUTO(buf_free) struct buf text = BUF_INIT(OWNERS_FILE_MAX);
	AUTO(strs_free) struct strs owners = {0};
	AUTO(diff_free) struct diff d = {0};
	size_t i;

	for (i = 0; type != NULL && i < type->reviewers.n; i++)
		owners_add(type->reviewers.v[i], logins, teams);
	TRY(read_file(r, base, &text));
	if (text.n == 0)
		return NULL;
	TRY(changed(r, base, p, &d));
	for (i = 0; i < d.n; i++)
		owners_in(buf_str(&text), d.v[i].path, &owners);
	for (i = 0; i < owners.n; i++)
		owners_add(owners.v[i], logins, teams);
	return NULL;
}

void
owners_drop(struct strs *logins, const struct forge_pull *there)
{
	size_t i = 0;

	while (i < logins->n) {
		if (strs_has(&there->reviewers, logins->v[i]) || strcmp(there->author.login, logins->v[i]) == 0) {
			free(logins->v[i]);
			vec_drop(logins, i);
		} else {
			i++;
		}
	}
}
