#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

#include "base/err.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "git/objsync.h"
#include "git/repo.h"

/* linux/magic.h */
#define MAGIC_EXT4 0xef53
#define MAGIC_XFS 0x58465342

void
objsync_note(struct repo *r, const struct oid *oid)
{
	struct objsync *s = repo_objsync(r);

	vec_push(s, *oid);
}

/* Does committing one file's creation commit all that was done before it? */
static bool
is_ordered(int dir)
{
#ifdef __linux__
	struct statfs fs;

	return fstatfs(dir, &fs) == 0 && (fs.f_type == MAGIC_EXT4 || fs.f_type == MAGIC_XFS);
#else
	(void)dir;
	return false;
#endif
}

static int
write_out(int fd, bool ordered)
{
#ifdef __linux__
	if (ordered)
		return sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
		    SYNC_FILE_RANGE_WAIT_AFTER);
#else
	(void)ordered;
#endif
	return fsync(fd);
}

/* An object that is in a pack, or was pruned since, has no file of its own. */
static struct err *
sync_object(int dir, const struct oid *oid, bool ordered)
{
	struct oid_hex hex = oid_hex(oid);
	char path[OID_HEX + 2];
	AUTO(fd_close_p) int fd = -1;

	memcpy(path, hex.s, 2);
	path[2] = '/';
	memcpy(path + 3, hex.s + 2, OID_HEX - 1);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0 || write_out(fd, ordered) != 0)
		return err_sys("cannot sync the object '%s'", hex.s);
	return NULL;
}

static struct err *
sync_folder(int dir, const char *name)
{
	AUTO(fd_close_p) int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return NULL;
	return fd < 0 || fsync(fd) != 0 ? err_sys("cannot sync the folder of objects '%s'", name) : NULL;
}

static struct err *
sync_folders(int dir, const struct objsync *s)
{
	bool done[256] = {false};
	size_t i;

	for (i = 0; i < s->n; i++) {
		char name[3];

		if (done[s->v[i].id[0]])
			continue;
		done[s->v[i].id[0]] = true;
		memcpy(name, oid_hex(&s->v[i]).s, 2);
		name[2] = '\0';
		TRY(sync_folder(dir, name));
	}
	return sync_folder(dir, ".");
}

/* A new file's fsync commits the journal up to its creation. */
static struct err *
sync_journal(int dir)
{
	AUTO(mem_free_p) char *name = mem_printf("tmp_sync_%s", id_new().s);
	AUTO(fd_close_p) int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct err *e = NULL;

	if (fd < 0)
		return err_sys("cannot create '%s' among the objects", name);
	if (fsync(fd) != 0)
		e = err_sys("cannot sync the objects");
	unlinkat(dir, name, 0);
	return e;
}

static struct err *
sync_all(struct repo *r, const struct objsync *s)
{
	AUTO(mem_free_p) char *path = path_join(repo_commondir(r), "objects");
	AUTO(fd_close_p) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ordered;
	size_t i;

	if (dir < 0)
		return err_sys("cannot open '%s'", path);
	ordered = is_ordered(dir);
	for (i = 0; i < s->n; i++)
		TRY(sync_object(dir, &s->v[i], ordered));
	return ordered ? sync_journal(dir) : sync_folders(dir, s);
}

struct err *
objsync_flush(struct repo *r)
{
	struct objsync *s = repo_objsync(r);
	struct err *e;

	if (s->failed)
		return err_new(ERR_IO, "objects of '%s' could not be synced before", repo_commondir(r));
	if (s->n == 0)
		return NULL;
	e = sync_all(r, s);
	s->failed = e != NULL;
	vec_clear(s);
	return e;
}
