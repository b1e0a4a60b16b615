#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/ref.h"
#include "git/reflock.h"
#include "git/repo.h"

#define WAIT_MS 2000
#define NOTE_BYTES_MAX (4 * MIB)

static char *
lock_path(const struct repo *r, struct str ref)
{
	return mem_printf("%s/%.*s.lock", repo_commondir(r), STR_ARG(ref));
}

/* Was this lock made by the dead writer of the line "ref [inode]"? */
static bool
is_left_over(const struct stat *lock, struct str inode, const struct stat *note)
{
	int64_t ino;

	if (inode.n > 0)
		return str_int(inode, 1, INT64_MAX, &ino) && (uint64_t)ino == (uint64_t)lock->st_ino;
	return lock->st_mtime >= note->st_mtime && lock->st_mtime <= note->st_mtime + 1;
}

static struct err *
repair_one(struct repo *r, struct str line, const struct stat *note)
{
	AUTO(mem_free_p) char *path = NULL;
	struct str ref;
	struct stat st;

	if (!str_next(&line, ' ', &ref) || (!ref_name_ok(ref) && !str_is(ref, "packed-refs")))
		return NULL;
	path = lock_path(r, ref);
	if (lstat(path, &st) != 0 || !is_left_over(&st, line, note))
		return NULL;
	if (unlink(path) != 0 && errno != ENOENT)
		return err_sys("cannot remove '%s', which a killed run left", path);
	return NULL;
}

static struct err *
repair(struct repo *r, int fd)
{
	AUTO(buf_free) struct buf note = BUF_INIT(NOTE_BYTES_MAX);
	struct str rest, line;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_sys("cannot read 'refs.lock'");
	if (st.st_size == 0)
		return NULL;
	TRY(file_read_fd(fd, "refs.lock", &note));
	rest = buf_str(&note);
	while (str_line(&rest, &line))
		TRY(repair_one(r, line, &st));
	return ftruncate(fd, 0) == 0 ? NULL : err_sys("cannot write 'refs.lock'");
}

static bool
get_flock(int fd)
{
	struct clock clock = clock_system();
	int64_t until = clock_mono(&clock) + WAIT_MS;

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (clock_mono(&clock) >= until)
			return false;
		clock_sleep_ms(1);
	}
	return true;
}

struct err *
reflock_take(struct repo *r, struct reflock *l)
{
	AUTO(mem_free_p) char *path = NULL;
	AUTO(fd_close_p) int fd = -1;
	const char *dir;

	TRY(repo_factory_dir(r, &dir));
	path = path_join(dir, "refs.lock");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys("cannot open '%s'", path);
	if (!get_flock(fd))
		return NULL;
	TRY(repair(r, fd));
	l->fd = fd;
	fd = -1;
	return NULL;
}

/* The second note is the longer one: it needs no truncation before it. */
struct err *
reflock_note(struct reflock *l, struct repo *r, const struct strs *refs, bool made)
{
	AUTO(buf_free) struct buf note = BUF_INIT(NOTE_BYTES_MAX);
	struct stat st;
	size_t i;

	if (l->fd < 0)
		return NULL;
	for (i = 0; i < refs->n; i++) {
		AUTO(mem_free_p) char *path = lock_path(r, str_of(refs->v[i]));

		buf_adds(&note, refs->v[i]);
		if (made && lstat(path, &st) == 0)
			buf_addf(&note, " %llu", (unsigned long long)st.st_ino);
		buf_addc(&note, '\n');
	}
	TRY(buf_check(&note, "refs.lock"));
	if (lseek(l->fd, 0, SEEK_SET) != 0)
		return err_sys("cannot write 'refs.lock'");
	return file_write_all(l->fd, note.p, note.n);
}

void
reflock_release(struct reflock *l)
{
	if (l->fd < 0)
		return;
	/* When this fails, the next one removes locks that are gone already. */
	if (ftruncate(l->fd, 0) != 0)
		errno = 0;
	fd_close_p(&l->fd);
}
