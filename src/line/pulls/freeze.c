#include "base/buf.h"
#include "base/err.h"
#include "git/commit.h"
#include "git/tree.h"
#include "line/pulls/freeze.h"
#include "store/state.h"
#include "store/sync.h"

#define FROZEN "frozen"

struct freezing {
	const char *why;	/* NULL: lift it */
	bool was;
};

static struct err *
build(struct state_step *t, void *ctx)
{
	struct freezing *f = ctx;
	AUTO(buf_free) struct buf text = BUF_INIT(FREEZE_MAX);

	TRY(step_has(t, FROZEN, &f->was));
	if (f->why == NULL && f->was)
		step_drop(t, FROZEN);
	if (f->why == NULL || f->was)
		return NULL;
	buf_addf(&text, "%s\n", f->why);
	TRY(buf_check(&text, "the reason to stop landing"));
	return step_put(t, FROZEN, buf_str(&text));
}

static struct err *
change(struct state *s, const char *message, struct freezing *f)
{
	AUTO(sync_result_free) struct sync_result r = {0};

	return state_remote(s) != NULL ? state_publish(s, message, build, f, &r) : state_update(s, message, build, f);
}

struct err *
freeze_set(struct state *s, const char *why)
{
	struct freezing f = {.why = why};

	return change(s, "stop landing", &f);
}

struct err *
freeze_lift(struct state *s, bool *was)
{
	struct freezing f = {0};

	TRY(change(s, "let changes land again", &f));
	*was = f.was;
	return NULL;
}

struct err *
freeze_check(struct state *s)
{
	AUTO(buf_free) struct buf text = BUF_INIT(FREEZE_MAX);
	struct tree_entry entry;
	struct oid tip, tree;

	TRY(state_tip(s, &tip));
	TRY(commit_tree(state_repo(s), &tip, &tree));
	TRY(tree_find(state_repo(s), &tree, FROZEN, &entry));
	if (entry.mode == 0)
		return NULL;
	TRY(tree_read(state_repo(s), &tree, FROZEN, &text));
	return err_hint(err_new(ERR_STATE, "nothing lands: %.*s", STR_ARG(str_trim(buf_str(&text)))),
	    "look at the base branch; 'git factory pr thaw' lets changes land again");
}
