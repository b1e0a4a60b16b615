#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/durable.h"
#include "git/objsync.h"
#include "git/repo.h"

#define OPEN_MAX_FILES 64	/* kept open: others live in this process too */

void
objsync_wrote(struct repo *r, const struct oid *oid, int fd)
{
	struct objsync *s = repo_objsync(r);

	s->failed |= durable_start(fd) != 0;
	if (s->open >= OPEN_MAX_FILES) {
		close(fd);
		fd = -1;
	} else {
		s->open++;
	}
	vec_push(s, (struct unsynced){*oid, fd});
}

void
objsync_note(struct repo *r, const struct oid *oid)
{
	struct objsync *s = repo_objsync(r);

	if (s->n == 0 || !oid_eq(&s->v[s->n - 1].oid, oid))
		vec_push(s, (struct unsynced){*oid, -1});
}

static void
forget(struct objsync *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		fd_close_p(&s->v[i].fd);
	s->open = 0;
	vec_clear(s);
}

void
objsync_free(struct objsync *s)
{
	forget(s);
	vec_free(s);
}

/* An object that is in a pack, or was pruned since, has no file of its own. */
static struct err *
add_object(struct durable *d, const char *objects, struct unsynced *u)
{
	struct oid_hex hex = oid_hex(&u->oid);
	AUTO(mem_free_p) char *folder = mem_printf("%s/%.2s", objects, hex.s);
	char path[OID_HEX + 2];
	int fd;

	memcpy(path, hex.s, 2);
	path[2] = '/';
	memcpy(path + 3, hex.s + 2, OID_HEX - 1);
	fd = u->fd >= 0 ? u->fd : openat(d->dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0 || (u->fd < 0 && d->ordered && durable_start(fd) != 0)) {
		fd_close_p(&fd);
		return err_sys("cannot sync the object '%s'", hex.s);
	}
	u->fd = -1;
	durable_folder(d, folder);
	return err_wrap(durable_add(d, fd), "cannot sync the objects");
}

struct err *
objsync_begin(struct repo *r, struct durable *d)
{
	AUTO(mem_free_p) char *objects = path_join(repo_commondir(r), "objects");
	struct objsync *s = repo_objsync(r);
	struct err *e = NULL;
	size_t i;

	if (s->failed)
		return err_new(ERR_IO, "objects of '%s' could not be synced before", repo_commondir(r));
	TRY(durable_open(d, objects));
	for (i = 0; i < s->n && e == NULL; i++)
		e = add_object(d, objects, &s->v[i]);
	if (s->n > 0)
		durable_folder(d, objects);
	s->failed = e != NULL;
	return e;
}

struct err *
objsync_written(struct repo *r, struct durable *d)
{
	struct err *e = durable_written(d);

	repo_objsync(r)->failed |= e != NULL;
	return e;
}

struct err *
objsync_end(struct repo *r, struct durable *d, bool commit)
{
	struct objsync *s = repo_objsync(r);
	struct err *e = commit || !d->ordered ? durable_commit(d) : NULL;

	s->failed |= e != NULL;
	if (e == NULL)
		forget(s);
	return e;
}

static struct err *
settle(struct repo *r, bool commit)
{
	AUTO(durable_close) struct durable d = DURABLE_INIT;

	if (repo_objsync(r)->n == 0 && !repo_objsync(r)->failed)
		return NULL;
	TRY(objsync_begin(r, &d));
	TRY(objsync_written(r, &d));
	return objsync_end(r, &d, commit);
}

struct err *
objsync_settle(struct repo *r)
{
	return settle(r, false);
}

struct err *
objsync_flush(struct repo *r)
{
	return settle(r, true);
}
