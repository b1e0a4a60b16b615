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
#include "git/oid.h"
#include "git/ref.h"
#include "git/reflock.h"
#include "git/repo.h"
#include "git/txn.h"

#define WAIT_MS 2000
#define TICK_US 200	/* a step holds it for some milliseconds */
#define NOTE_BYTES_MAX (4 * MIB)
#define DECIDED "decided\n"	/* the last line of a whole second note */
#define UNKNOWN "--------------------"	/* for an inode: the lock is made after the note, which keeps its length */

static char *
lock_path(const struct repo *r, struct str ref)
{
	return mem_printf("%s/%.*s.lock", repo_commondir(r), STR_ARG(ref));
}

/* Was this lock made by the dead writer of the line "ref [inode [old new]]"? */
static bool
is_left_over(const struct stat *lock, struct str inode, const struct stat *note)
{
	int64_t ino;

	if (inode.n > 0 && !str_is(inode, UNKNOWN))
		return str_int(inode, 1, INT64_MAX, &ino) && (uint64_t)ino == (uint64_t)lock->st_ino;
	return lock->st_mtime >= note->st_mtime && lock->st_mtime <= note->st_mtime + 1;
}

static struct err *
repair_one(struct repo *r, struct str line, const struct stat *note)
{
	AUTO(mem_free_p) char *path = NULL;
	struct str ref, inode = {0};
	struct stat st;

	if (!str_next(&line, ' ', &ref) || (!ref_name_ok(ref) && !str_is(ref, "packed-refs")))
		return NULL;
	(void)str_next(&line, ' ', &inode);
	path = lock_path(r, ref);
	if (lstat(path, &st) != 0 || !is_left_over(&st, inode, note))
		return NULL;
	if (unlink(path) != 0 && errno != ENOENT)
		return err_sys("cannot remove '%s', which a killed run left", path);
	return NULL;
}

static void
add_undone(struct str line, struct txn *undone)
{
	struct str ref, inode, old, new;
	struct oid from, to;

	if (!str_next(&line, ' ', &ref) || !str_next(&line, ' ', &inode) || !str_next(&line, ' ', &old) ||
	    !str_next(&line, ' ', &new) || !oid_parse(old, &from) || !oid_parse(new, &to))
		return;
	if (ref_name_ok(ref) && !oid_eq(&from, &to)) {
		AUTO(mem_free_p) char *name = str_dup(ref);

		txn_add(undone, name, &from, &to);
	}
}

static struct err *
repair(struct repo *r, int fd, struct txn *undone)
{
	AUTO(buf_free) struct buf note = BUF_INIT(NOTE_BYTES_MAX);
	struct str rest, line;
	struct stat st;
	bool decided;

	if (fstat(fd, &st) != 0)
		return err_sys("cannot read 'refs.lock'");
	if (st.st_size == 0)
		return NULL;
	TRY(file_read_fd(fd, "refs.lock", &note));
	decided = str_ends(buf_str(&note), "\n" DECIDED);
	rest = buf_str(&note);
	while (str_line(&rest, &line)) {
		TRY(repair_one(r, line, &st));
		if (decided)
			add_undone(line, undone);
	}
	/* What is decided is noted until it is done. */
	if (undone->n > 0)
		return NULL;
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
		clock_sleep_us(TICK_US);
	}
	return true;
}

struct err *
reflock_take(struct repo *r, struct reflock *l, struct txn *undone)
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
	TRY(repair(r, fd, undone));
	l->fd = fd;
	fd = -1;
	return NULL;
}

static void
add_line(struct repo *r, const struct txn_ref *ref, enum reflock_phase phase, struct buf *note)
{
	AUTO(mem_free_p) char *path = lock_path(r, str_of(ref->name));
	struct stat st;

	buf_adds(note, ref->name);
	if (phase == REFLOCK_DECIDED)
		buf_addf(note, " %020llu", lstat(path, &st) == 0 ? (unsigned long long)st.st_ino : 0);
	else if (phase == REFLOCK_COMPLETING)
		buf_adds(note, " " UNKNOWN);
	if (phase != REFLOCK_LOCKING)
		buf_addf(note, " %s %s", oid_hex(&ref->old).s, oid_hex(&ref->new).s);
	buf_addc(note, '\n');
}

/*
 * The second note is the longer one, and that of a step taken up is as long as
 * the first writer's: neither needs a truncation before it.
 */
struct err *
reflock_note(struct reflock *l, struct repo *r, const struct txn *t, enum reflock_phase phase)
{
	AUTO(buf_free) struct buf note = BUF_INIT(NOTE_BYTES_MAX);
	char packed_name[] = "packed-refs";
	struct txn_ref packed = {.name = packed_name};
	size_t i;

	if (l->fd < 0)
		return NULL;
	for (i = 0; i < t->n; i++)
		add_line(r, &t->v[i], phase, &note);
	add_line(r, &packed, phase, &note);
	if (phase != REFLOCK_LOCKING)
		buf_adds(&note, DECIDED);
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

struct err *
reflock_clear(struct reflock *l)
{
	return l->fd < 0 || ftruncate(l->fd, 0) == 0 ? NULL : err_sys("cannot write 'refs.lock'");
}

void
reflock_leave(struct reflock *l)
{
	fd_close_p(&l->fd);
}

bool
reflock_noted(const struct repo *r)
{
	AUTO(mem_free_p) char *path = mem_printf("%s/factory/refs.lock", repo_commondir(r));
	struct stat st;

	return stat(path, &st) == 0 && st.st_size > 0;
}
