#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/repo.h"
#include "line/replay.h"
#include "line/walk.h"
#include "line/work.h"
#include "model/run.h"
#include "store/state.h"

/*
 * The walk writes its journal and must find all of it recorded; it gets a
 * copy, so that a replay can never change the record.
 */
static struct err *
copy_recording(const char *from, const char *to)
{
	static const char *const files[] = {"journal.jsonl", "transcript.jsonl"};
	AUTO(buf_free) struct buf text = BUF_INIT(512 * MIB);
	size_t i;

	for (i = 0; i < NITEMS(files); i++) {
		AUTO(mem_free_p) char *source = path_join(from, files[i]);
		AUTO(mem_free_p) char *target = path_join(to, files[i]);
		struct err *e;

		buf_clear(&text);
		e = file_read(AT_FDCWD, source, &text);
		if (err_is(e, ERR_NOT_FOUND))
			return err_wrap(e, "the recording of this run is not on this machine, or was pruned");
		TRY(e);
		TRY(file_replace(AT_FDCWD, target, buf_str(&text), 0600, false));
	}
	return NULL;
}

static struct err *
replay_in(const struct line_opts *o, const struct run *record, const char *dir, struct oid *tree)
{
	AUTO(work_free) struct work r = {0};
	struct walk w;
	struct err *e;

	TRY(walk_open_recorded(o, record, dir, &w));
	e = walk_staff(&w);
	if (e == NULL)
		e = work_through(&w, &r);
	/* A run that ended in an error ends in it again, with the same files. */
	if (e != NULL && w.agent != NULL && record->error[0] != '\0') {
		err_ignore(e);
		e = NULL;
	}
	if (e == NULL)
		*tree = *agent_tree(w.agent);
	walk_close(&w);
	return e;
}

struct err *
line_replay(const struct line_opts *o, const struct run *record, struct oid *tree)
{
	AUTO(mem_free_p) char *from = NULL;
	AUTO(mem_free_p) char *dir = NULL;
	struct oid got = oid_zero;
	const char *factory;
	struct err *e;

	if (record->noreplay[0] != '\0')
		return err_new(ERR_STATE, "run %s cannot be replayed: %s", record->id, record->noreplay);
	TRY(repo_factory_dir(state_repo(o->state), &factory));
	from = mem_printf("%s/runs/%s", factory, record->id);
	dir = mem_printf("%s/replay/%s-%d", factory, record->id, (int)getpid());
	TRY(dir_make(AT_FDCWD, dir, 0700));
	e = copy_recording(from, dir);
	if (e == NULL)
		e = replay_in(o, record, dir, &got);
	err_ignore(tree_remove(AT_FDCWD, dir));
	TRY(e);
	if (strcmp(oid_hex(&got).s, record->tree) != 0)
		return err_new(ERR_STATE, "the replay ends in the tree %.12s, and the record says %.12s", oid_hex(&got).s,
		    record->tree);
	*tree = got;
	return NULL;
}
