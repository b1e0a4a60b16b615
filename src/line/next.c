#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/turn.h"
#include "git/commit.h"
#include "git/oid.h"
#include "git/repo.h"
#include "line/next.h"
#include "line/run.h"
#include "store/state.h"

#define LAND_WAIT_MS (60 * 60 * 1000)
#define PROVE_WAIT_MS 200	/* long beside gates that are worth it, short beside others */

static struct err *
take(const struct line_opts *o, const char *name, int64_t wait_ms, int *turn)
{
	AUTO(mem_free_p) char *path = NULL;
	const char *dir;

	TRY(repo_factory_dir(state_repo(o->state), &dir));
	path = path_join(dir, name);
	return turn_take(path, wait_ms, o->cancel, turn);
}

struct err *
next_tell(int turn, const struct oid *commit)
{
	struct oid_hex hex = oid_hex(commit);

	if (lseek(turn, 0, SEEK_SET) != 0)
		return err_sys("cannot write 'land.lock'");
	return file_write_all(turn, hex.s, OID_HEX);
}

struct err *
next_land(const struct line_opts *o, int *turn)
{
	AUTO(fd_close_p) int fd = -1;

	TRY(take(o, "land.lock", LAND_WAIT_MS, &fd));
	/* What a killed one told is nobody's word now. */
	TRY(next_tell(fd, &oid_zero));
	*turn = fd;
	fd = -1;
	return NULL;
}

/* Is what is told of 'tip', and is it still under way? */
static bool
is_next(struct repo *r, int fd, const struct oid *tip, const struct oid *next)
{
	AUTO(commit_free) struct commit c = {0};
	struct err *e = commit_read(r, next, &c);
	bool yes = e == NULL && c.parents.n > 0 && oid_eq(&c.parents.v[0], tip);

	err_ignore(e);
	return yes && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

struct err *
next_base(struct repo *r, const struct oid *tip, struct oid *out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(KIB);
	AUTO(mem_free_p) char *path = NULL;
	AUTO(fd_close_p) int fd = -1;
	struct oid next;
	const char *dir;

	*out = *tip;
	TRY(repo_factory_dir(r, &dir));
	path = path_join(dir, "land.lock");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? NULL : err_sys("cannot open '%s'", path);
	TRY(file_read_fd(fd, path, &text));
	if (oid_parse(buf_str(&text), &next) && is_next(r, fd, tip, &next))
		*out = next;
	return NULL;
}

struct err *
next_wait(const struct line_opts *o)
{
	AUTO(fd_close_p) int turn = -1;

	return next_land(o, &turn);
}

struct err *
next_prove(const struct line_opts *o, int *turn)
{
	struct err *e = take(o, "prove.lock", PROVE_WAIT_MS, turn);

	if (!err_is(e, ERR_TIMEOUT))
		return e;
	err_ignore(e);
	return NULL;
}
