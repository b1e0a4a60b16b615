#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "git/ref.h"
#include "git/pushlog.h"
#include "git/repo.h"
#include "git/txn.h"

#define NOTE_BYTES_MAX (16 * MIB)
#define WHOLE "whole\n"	/* the last line of a note that was written to its end */

static struct err *
folder_of(struct repo *r, char **out)
{
	const char *dir;

	TRY(repo_factory_dir(r, &dir));
	*out = path_join(dir, "pushes");
	return NULL;
}

/* False when another process holds it. */
static bool
hold(struct pushlog *l, int flags)
{
	l->fd = open(l->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	return l->fd >= 0 && flock(l->fd, LOCK_EX | LOCK_NB) == 0;
}

void
pushlog_leave(struct pushlog *l)
{
	fd_close_p(&l->fd);
	free(l->path);
	*l = (struct pushlog)PUSHLOG_INIT;
}

void
pushlog_forget(struct pushlog *l)
{
	if (l->fd >= 0)
		(void)unlink(l->path);
	pushlog_leave(l);
}

struct err *
pushlog_write(struct repo *r, const struct txn *t, struct pushlog *out)
{
	AUTO(pushlog_leave) struct pushlog l = PUSHLOG_INIT;
	AUTO(buf_free) struct buf note = BUF_INIT(NOTE_BYTES_MAX);
	AUTO(mem_free_p) char *dir = NULL;
	const struct txn_ref *ref;

	if (t->n < 2)
		return NULL;
	for (ref = t->v; ref < t->v + t->n; ref++)
		buf_addf(&note, "%s %s %s\n", ref->name, oid_hex(&ref->old).s, oid_hex(&ref->new).s);
	buf_adds(&note, WHOLE);
	TRY(buf_check(&note, "the note of a push"));
	TRY(folder_of(r, &dir));
	TRY(dir_make(AT_FDCWD, dir, 0700));
	l.path = path_join(dir, id_new().s);
	if (!hold(&l, O_CREAT | O_EXCL))
		return err_sys("cannot make '%s'", l.path);
	TRY(file_write_all(l.fd, note.p, note.n));
	*out = l;
	l = (struct pushlog)PUSHLOG_INIT;
	return NULL;
}

/* What was written by half was not pushed. */
static struct err *
read_note(const struct pushlog *l, struct txn *t)
{
	AUTO(buf_free) struct buf note = BUF_INIT(NOTE_BYTES_MAX);
	struct str rest, line, name, old;
	struct oid from, to;

	TRY(file_read_fd(l->fd, l->path, &note));
	rest = buf_str(&note);
	if (!str_ends(rest, "\n" WHOLE))
		return NULL;
	while (str_line(&rest, &line)) {
		AUTO(mem_free_p) char *ref = NULL;

		if (!str_next(&line, ' ', &name) || !str_next(&line, ' ', &old) || !ref_name_ok(name) ||
		    !oid_parse(old, &from) || !oid_parse(line, &to))
			continue;
		ref = str_dup(name);
		txn_add(t, ref, &from, &to);
	}
	return NULL;
}

struct err *
pushlog_next(struct repo *r, struct pushlog *out, struct txn *t)
{
	AUTO(strs_free) struct strs names = {0};
	AUTO(mem_free_p) char *dir = NULL;
	struct err *e;
	size_t i;

	TRY(folder_of(r, &dir));
	e = dir_names(AT_FDCWD, dir, &names);
	if (err_is(e, ERR_NOT_FOUND)) {
		err_free(e);
		return NULL;
	}
	TRY(e);
	for (i = 0; i < names.n; i++) {
		AUTO(pushlog_leave) struct pushlog l = {.fd = -1, .path = path_join(dir, names.v[i])};

		if (!hold(&l, 0))
			continue;
		TRY(read_note(&l, t));
		*out = l;
		l = (struct pushlog)PUSHLOG_INIT;
		return NULL;
	}
	return NULL;
}
