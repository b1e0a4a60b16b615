#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gate/gate.h"
#include "git/cli.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tree.h"
#include "git/userconf.h"
#include "line/hooks/message.h"
#include "line/policy.h"
#include "model/message.h"
#include "model/task.h"

#define TRAILER "Factory-Task"

/* ---- the message ---- */

static bool
is_said(const char *value, const char *word)
{
	return value != NULL && strcmp(value, word) == 0;
}

/*
 * What git will do with lines of comment: it tells its hooks of no editor by
 * GIT_EDITOR=: (githooks(5), pre-commit).  --cleanup of the command line is
 * not told.
 */
static struct err *
drops_comments(struct repo *r, bool *drops)
{
	AUTO(mem_free_p) char *cleanup = NULL;

	TRY(userconf_str(r, "commit.cleanup", &cleanup));
	*drops = is_said(cleanup, "strip") || ((cleanup == NULL || is_said(cleanup, "default")) &&
	    !is_said(getenv("GIT_EDITOR"), ":"));
	return NULL;
}

/* What begins a comment; the caller frees it. */
static struct err *
find_mark(struct repo *r, struct str text, char **out)
{
	AUTO(mem_free_p) char *set = NULL;

	TRY(userconf_str(r, "core.commentString", &set));
	if (set == NULL)
		TRY(userconf_str(r, "core.commentChar", &set));
	if (set == NULL || set[0] == '\0')
		*out = mem_strdup("#");
	else
		*out = is_said(set, "auto") ? mem_strdup(message_mark(text)) : STEAL(set);
	return NULL;
}

static struct err *
read_message(struct repo *r, const char *file, struct buf *out, char **mark)
{
	AUTO(buf_free) struct buf text = BUF_INIT(MESSAGE_FILE_MAX);
	bool drops;

	TRY(file_read(AT_FDCWD, file, &text));
	TRY(find_mark(r, buf_str(&text), mark));
	TRY(drops_comments(r, &drops));
	message_clean(buf_str(&text), *mark, drops, out);
	return NULL;
}

static bool
is_merging(struct repo *r)
{
	AUTO(mem_free_p) char *path = path_join(repo_gitdir(r), "MERGE_HEAD");

	return access(path, F_OK) == 0;
}

/* ---- the gate ---- */

static void
see(const struct verdict *v, struct buf *blocks, struct strs *remarks)
{
	size_t i;

	for (i = 0; i < v->findings.n; i++) {
		const struct finding *f = &v->findings.v[i];

		if (finding_blocks(f->kind) && !v->advisory && strcmp(f->rule, GATE_MESSAGE_UNFINISHED) != 0)
			buf_addf(blocks, "%s%s", blocks->n > 0 ? "; " : "", f->text);
		else
			strs_add(remarks, f->text);
	}
}

static struct err *
judge(struct repo *r, const struct oid *head, struct str message, const char *file, struct strs *remarks)
{
	AUTO(buf_free) struct buf blocks = BUF_INIT(BUF_TEXT);
	AUTO(verdicts_free) struct verdicts vs = {0};
	AUTO(policy_free) struct policy p = {0};
	size_t i;

	if (oid_is_zero(head))
		return NULL;
	TRY(policy_at(r, "HEAD", head, &p));
	gates_message(&p.cfg, message, &vs);
	for (i = 0; i < vs.n; i++)
		see(&vs.v[i], &blocks, remarks);
	if (blocks.n == 0)
		return NULL;
	return err_hint(err_new(ERR_GATES_FAILED, "%s", buf_cstr(&blocks)),
	    "it is kept: 'git commit -e -F %s' goes on from it, --no-verify commits it as it is", file);
}

/* ---- the trailer ---- */

/* A branch may have such a name by chance. */
static struct err *
is_task(struct repo *r, const char *id, bool *is)
{
	struct oid state, tree;
	struct tree_entry e;
	int archived;

	*is = false;
	TRY(ref_read(r, REF_STATE, &state));
	if (oid_is_zero(&state))
		return NULL;
	TRY(commit_tree(r, &state, &tree));
	for (archived = 0; archived < 2 && !*is; archived++) {
		AUTO(buf_free) struct buf path = BUF_INIT(BUF_TEXT);

		task_path(id, archived != 0, &path);
		TRY(tree_find(r, &tree, buf_cstr(&path), &e));
		*is = e.mode != 0;
	}
	return NULL;
}

static struct err *
add_trailer(struct repo *r, const char *branch, const char *file, const char *mark)
{
	/* It does not find out itself what "auto" has come to. */
	AUTO(mem_free_p) char *comments = mem_printf("core.commentChar=%s", mark);
	AUTO(mem_free_p) char *id = str_dup(message_task(str_of(branch)));
	AUTO(mem_free_p) char *trailer = mem_printf(TRAILER "=%s", id);
	const char *const args[] = {"-c", comments, "interpret-trailers", "--in-place", "--no-divider", "--if-exists=doNothing",
	    "--if-missing=add", "--where=end", "--trailer", trailer, "--", file, NULL};
	struct cli_opts o = {0};
	bool is = false;

	if (id[0] == '\0')
		return NULL;
	TRY(is_task(r, id, &is));
	return is ? cli_ok(&o, args, NULL) : NULL;
}

struct err *
hook_message(struct repo *r, const char *file, struct strs *remarks)
{
	AUTO(buf_free) struct buf message = BUF_INIT(MESSAGE_FILE_MAX);
	AUTO(mem_free_p) char *branch = NULL;
	AUTO(mem_free_p) char *mark = NULL;
	struct oid head;
	struct err *e;

	TRY(read_message(r, file, &message, &mark));
	if (message.n == 0 || message_melts(buf_str(&message)) || is_merging(r))
		return NULL;
	TRY(repo_head(r, &branch, &head));
	TRY(judge(r, &head, buf_str(&message), file, remarks));
	e = branch == NULL ? NULL : add_trailer(r, branch, file, mark);
	if (e != NULL)
		strs_addf(remarks, "the trailer that names the task was not added: %s", err_msg(e));
	err_free(e);
	return NULL;
}
