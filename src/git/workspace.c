/*
 * workspace.c - see workspace.h: the face over overlay and pool.
 */
#include "git/workspace.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/repo.h"
#include "git/ws/attr.h"
#include "git/ws/priv.h"

static struct ws_terms
terms_of(struct repo *r, const struct workspace_opts *o)
{
	struct ws_terms t = {.repo = r, .links_ok = o->submodules, .lfs_ok = o->lfs};

	userns_owner(&t.uid, &t.gid);
	return t;
}

static struct err *
aim(struct workspace *ws, const struct oid *commit, const struct oid *tree)
{
	struct oid t = *tree;

	if (oid_is_zero(&t))
		TRY(commit_tree(ws->terms.repo, commit, &t));
	ws->commit = *commit;
	ws->tree = t;
	return NULL;
}

static struct err *
build_as(struct workspace *ws, const struct ws_ops *ops)
{
	struct err *e;

	ws->ops = ops;
	ws_attr_free(ws->attrs);
	ws->attrs = ws_attr_new(ws->terms.repo, &ws->tree);
	e = ops->open(ws);
	if (e != NULL)
		ops->close(ws);
	return e;
}

static struct err *
build(struct workspace *ws, enum ws_kind kind)
{
	struct err *e;

	if (kind == WS_POOL || !defence_on(DEFENCE_LAYERS))
		return build_as(ws, &ws_pool_ops);
	e = build_as(ws, &ws_overlay_ops);
	if (kind == WS_OVERLAY || !err_is(e, ERR_SANDBOX))
		return e;
	ws->reason = mem_strdup(err_msg(e));
	err_ignore(e);
	return build_as(ws, &ws_pool_ops);
}

struct err *
workspace_open(struct repo *r, const struct workspace_opts *o, struct workspace **out)
{
	AUTO(workspace_close_p) struct workspace *ws = mem_alloc(sizeof(*ws));

	ws->setup_lock = -1;
	ws->root = -1;
	ws->slot = (struct ws_slot)WS_SLOT_INIT;
	ws->ns = (struct userns)USERNS_INIT;
	ws->bytes = o->bytes != 0 ? o->bytes : WS_BYTES;
	ws->terms = terms_of(r, o);
	TRY(aim(ws, &o->commit, &o->tree));
	ws->commit0 = ws->commit;
	ws->tree0 = ws->tree;
	if (o->setup != NULL)
		TRY(ws_setup_take(ws, o->setup));
	TRY(build(ws, o->kind));
	*out = STEAL(ws);
	return NULL;
}

void
workspace_close(struct workspace *ws)
{
	if (ws == NULL)
		return;
	if (ws->ops != NULL)
		ws->ops->close(ws);
	ws_attr_free(ws->attrs);
	fd_close_p(&ws->setup_lock);
	free(ws->setup_dir);
	free(ws->reason);
	free(ws);
}

void
workspace_close_p(struct workspace **ws)
{
	workspace_close(*ws);
	*ws = NULL;
}

enum ws_kind
workspace_kind(const struct workspace *ws)
{
	return ws->ops->kind;
}

const char *
workspace_reason(const struct workspace *ws)
{
	return ws->reason;
}

const struct view *
workspace_view(const struct workspace *ws)
{
	return &ws->view;
}

int
workspace_dirfd(const struct workspace *ws)
{
	return ws->root;
}

static struct err *
put_all(struct ws_writer *w, const struct tree_edit *edit)
{
	for (size_t i = 0; i < edit->n; i++)
		TRY(path_check(str_of(edit->v[i].path)));
	for (size_t i = 0; i < edit->n; i++)
		if (edit->v[i].mode == 0)
			TRY(writer_remove(w, edit->v[i].path));
	for (size_t i = 0; i < edit->n; i++) {
		const struct tree_change *c = &edit->v[i];
		struct ws_row row;

		if (c->mode != 0)
			TRY(writer_put(w, c->path, c->mode, &c->oid, &row));
	}
	return NULL;
}

struct err *
workspace_put(struct workspace *ws, const struct tree_edit *edit)
{
	struct ws_writer w;
	struct err *e;

	writer_init(&w, &ws->terms, ws->attrs, ws->root);
	w.fresh = true;
	e = put_all(&w, edit);
	writer_free(&w);
	return e;
}

struct err *
workspace_reset(struct workspace *ws, const struct oid *commit, const struct oid *tree)
{
	const struct oid *c = commit, *t = tree;
	enum ws_kind kind = ws->ops->kind;

	if (oid_is_zero(c) && oid_is_zero(t)) {
		c = &ws->commit0;
		t = &ws->tree0;
	}
	TRY(aim(ws, c, t));
	ws->ops->close(ws);
	return build(ws, kind);
}

struct err *
workspace_sweep(struct repo *r, int64_t older_than_s)
{
	struct clock clock = clock_system();
	struct ws_terms t = terms_of(r, &(struct workspace_opts){0});

	TRY(slot_sweep(&t, older_than_s));
	return ws_setup_sweep(&t, clock_wall(&clock) - older_than_s);
}

struct err *
workspace_check(struct repo *r, const struct workspace_opts *o)
{
	struct ws_terms t = terms_of(r, o);

	return ws_check_tree(&t, &o->tree);
}

struct err *
workspace_probe(struct repo *r)
{
	AUTO(mem_free_p) char *scratch = NULL;
	const char *factory;
	struct err *e;
	uid_t uid;
	gid_t gid;

	userns_owner(&uid, &gid);
	TRY(repo_factory_dir(r, &factory));
	/* A name that gc knows, for when we are killed. */
	scratch = mem_printf("%s/probe.%s.tmp", factory, id_new().s);
	TRY(dir_make(AT_FDCWD, scratch, 0755));
	e = chown(scratch, uid, gid) == 0 ? userns_probe(scratch) :
	    err_sys("cannot give away '%s'", scratch);
	err_ignore(tree_remove(AT_FDCWD, scratch));
	return e;
}
