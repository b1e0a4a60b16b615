#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/apart.h"
#include "git/commit.h"
#include "git/durable.h"
#include "git/loose.h"
#include "git/place.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/userconf.h"

#define PACKED_MAX (256 * MIB)
#define PACKED_WAIT_MS 1000
#define MAKE_TRIES 8		/* another process may prune the folder just made */

static char *
folder_of(const char *path)
{
	return mem_strndup(path, (size_t)(strrchr(path, '/') - path));
}

/* ---- the lock ---- */

/* Empty folders in a ref's place, as pruning leaves them; a full one stays. */
static void
remove_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		AUTO(mem_free_p) char *below = path_join(path, entry->d_name);

		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			remove_empty(below);
	}
	closedir(dir);
	rmdir(path);
}

/* A new file of that name, or errno. */
static bool
make_file(const char *path, int apart)
{
	int fd;

	if (apart >= 0 && apart_name(apart, AT_FDCWD, path))
		return true;
	if (apart >= 0 && (errno == EEXIST || errno == ENOTDIR || errno == ENOENT))
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static struct err *
make_lock(struct repo *r, const char *name, const char *lock)
{
	AUTO(mem_free_p) char *folder = folder_of(lock);
	AUTO(fd_close_p) int apart = apart_file(r, 0666);
	int tries;

	for (tries = 0; tries < MAKE_TRIES; tries++) {
		if (make_file(lock, apart))
			return NULL;
		if (errno == EEXIST)
			return err_new(ERR_LOCKED, "the ref '%s' is locked by another process", name);
		if (errno == ENOTDIR)
			return err_new(ERR_STATE, "cannot make the ref '%s': another is in its way", name);
		if (errno != ENOENT)
			break;
		if (mkdir(folder, 0777) != 0 && errno != EEXIST)
			TRY(dir_make(AT_FDCWD, folder, 0777));
	}
	return err_sys("cannot lock the ref '%s'", name);
}

struct err *
loose_lock(struct repo *r, const char *name, struct loose *l)
{
	AUTO(mem_free_p) char *path = path_join(repo_commondir(r), name);
	AUTO(mem_free_p) char *lock = mem_printf("%s.lock", path);

	if (tip_per_worktree(name))
		return err_new(ERR_DENIED, "'%s' is a ref of one worktree and is not moved", name);
	TRY(make_lock(r, name, lock));
	l->name = mem_strdup(name);
	l->path = STEAL(path);
	l->lock = STEAL(lock);
	return NULL;
}

struct err *
loose_fill(struct loose *l, const struct oid *new, struct durable *d)
{
	AUTO(fd_close_p) int fd = open(l->lock, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	AUTO(mem_free_p) char *folder = folder_of(l->path);
	char line[OID_HEX + 1];
	int mine = fd;

	if (fd < 0)
		return err_sys("cannot write the ref '%s'", l->name);
	snprintf(line, sizeof(line), "%s", oid_hex(new).s);
	line[OID_HEX] = '\n';
	TRY(err_wrap(file_write_all(fd, line, sizeof(line)), "cannot write the ref '%s'", l->name));
	if (d->ordered && durable_start(fd) != 0)
		return err_sys("cannot write the ref '%s'", l->name);
	durable_folder(d, folder);
	fd = -1;
	return err_wrap(durable_add(d, mine), "cannot write the ref '%s'", l->name);
}

void
loose_free(struct loose *l)
{
	if (l->lock != NULL)
		unlink(l->lock);
	free(l->name);
	free(l->path);
	free(l->lock);
	*l = (struct loose){0};
}

/* ---- the reflog ---- */

/* Does git begin a log for this ref? */
static struct err *
is_logged(struct repo *r, const char *name, bool *yes)
{
	AUTO(mem_free_p) char *value = NULL;
	bool on;

	TRY(userconf_str(r, "core.logallrefupdates", &value));
	*yes = value != NULL && strcasecmp(value, "always") == 0;
	if (*yes)
		return NULL;
	TRY(userconf_bool(r, "core.logallrefupdates", !repo_is_bare(r), &on));
	*yes = on && (strncmp(name, "refs/heads/", 11) == 0 || strncmp(name, "refs/remotes/", 13) == 0 ||
	    strncmp(name, "refs/notes/", 11) == 0 || strcmp(name, "HEAD") == 0);
	return NULL;
}

static void
log_line(struct repo *r, const struct oid *old, const struct oid *new, const char *message, struct buf *out)
{
	AUTO(ident_free) struct ident who = {0};
	struct clock clock = clock_system();
	int64_t now = clock_wall(&clock);
	int zone;

	err_ignore(ident_user(r, NULL, NULL, now, &who));
	zone = who.offset < 0 ? -who.offset : who.offset;
	buf_addf(out, "%s %s %s <%s> %lld %c%02d%02d\t", oid_hex(old).s, oid_hex(new).s,
	    who.name == NULL ? "unknown" : who.name, who.email == NULL ? "unknown" : who.email,
	    (long long)now, who.offset < 0 ? '-' : '+', zone / 60, zone % 60);
	for (; *message != '\0'; message++)
		buf_addc(out, *message == '\n' ? ' ' : *message);
	buf_addc(out, '\n');
}

/* One line of log in 'dir', where there is one or should be. */
static struct err *
append_log(struct repo *r, const char *dir, const char *name, struct str line)
{
	AUTO(mem_free_p) char *path = mem_printf("%s/logs/%s", dir, name);
	AUTO(mem_free_p) char *folder = folder_of(path);
	AUTO(fd_close_p) int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	bool begin = false;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EISDIR))
		TRY(is_logged(r, name, &begin));
	else if (fd < 0)
		return err_sys("cannot open '%s'", path);
	if (begin) {
		remove_empty(path);
		TRY(dir_make(AT_FDCWD, folder, 0777));
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
		if (fd < 0)
			return err_sys("cannot open '%s'", path);
	}
	return fd < 0 ? NULL : err_wrap(file_write_all(fd, line.p, line.n), "cannot write '%s'", path);
}

static struct err *
add_log(struct repo *r, const char *name, const struct oid *old, const struct oid *new, const char *message)
{
	AUTO(buf_free) struct buf line = BUF_INIT(64 * KIB);
	AUTO(mem_free_p) char *head = NULL;

	log_line(r, old, new, message, &line);
	TRY(append_log(r, repo_commondir(r), name, buf_str(&line)));
	TRY(tip_symbolic(repo_place(r), "HEAD", &head));
	if (head == NULL || strcmp(head, name) != 0)
		return NULL;
	return append_log(r, repo_gitdir(r), "HEAD", buf_str(&line));
}

/* ---- moving ---- */

struct err *
loose_move(struct repo *r, struct loose *l, const struct oid *old, const struct oid *new, const char *message,
    struct durable *d)
{
	AUTO(mem_free_p) char *folder = folder_of(l->path);
	int rc;

	TRY(add_log(r, l->name, old, new, message));
	rc = rename(l->lock, l->path);
	if (rc != 0 && (errno == EISDIR || errno == ENOTEMPTY || errno == EEXIST)) {
		remove_empty(l->path);
		rc = rename(l->lock, l->path);
	}
	if (rc != 0)
		return err_sys("cannot write the ref '%s'", l->name);
	free(STEAL(l->lock));
	durable_folder(d, folder);
	return NULL;
}

/* ---- deleting ---- */

/* packed-refs without one ref and the line that peels it. */
static void
without(struct str rest, const char *name, struct buf *out)
{
	struct str line;
	bool dropped = false;

	while (str_line(&rest, &line)) {
		if (dropped && line.n > 0 && line.p[0] == '^')
			continue;
		dropped = line.n > OID_HEX && str_is(str_skip(line, OID_HEX + 1), name);
		if (!dropped)
			buf_addf(out, "%.*s\n", STR_ARG(line));
	}
}

static struct err *
lock_packed(const char *lock, int *fd)
{
	struct clock clock = clock_system();
	int64_t until = clock_mono(&clock) + PACKED_WAIT_MS;

	while ((*fd = open(lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666)) < 0) {
		if (errno != EEXIST)
			return err_sys("cannot create '%s'", lock);
		if (clock_mono(&clock) >= until)
			return err_hint(err_new(ERR_LOCKED, "packed-refs is locked by another process"),
			    "if no git command is running, remove '%s'", lock);
		clock_sleep_ms(4);
	}
	return NULL;
}

static struct err *
write_packed(const char *path, const char *lock, const char *name, int fd)
{
	AUTO(buf_free) struct buf old = BUF_INIT(PACKED_MAX), new = BUF_INIT(PACKED_MAX);

	TRY(file_read(AT_FDCWD, path, &old));
	without(buf_str(&old), name, &new);
	TRY(buf_check(&new, path));
	TRY(file_write_all(fd, new.p, new.n));
	if (fsync(fd) != 0 || rename(lock, path) != 0)
		return err_sys("cannot write '%s'", path);
	return NULL;
}

static struct err *
found(void *arg, struct str name, const struct oid *oid)
{
	const char **wanted = arg;

	(void)oid;
	if (*wanted != NULL && str_is(name, *wanted))
		*wanted = NULL;
	return NULL;
}

static struct err *
drop_packed(struct repo *r, const char *name, struct durable *d)
{
	AUTO(mem_free_p) char *path = path_join(repo_commondir(r), "packed-refs");
	AUTO(mem_free_p) char *lock = mem_printf("%s.lock", path);
	const char *wanted = name;
	struct err *e;
	int fd;

	TRY(tip_packed(repo_place(r), name, found, &wanted));
	if (wanted != NULL)
		return NULL;
	TRY(lock_packed(lock, &fd));
	e = write_packed(path, lock, name, fd);
	close(fd);
	if (e != NULL)
		unlink(lock);
	durable_folder(d, repo_commondir(r));
	return e;
}

/* Folders that held only this branch; the factory's own are soon used again. */
static void
prune(const char *root, const char *path)
{
	AUTO(mem_free_p) char *top = path_join(root, "refs/heads");
	AUTO(mem_free_p) char *folder = folder_of(path);
	size_t n = strlen(top);

	while (strncmp(folder, top, n) == 0 && folder[n] == '/' && strcmp(folder + n, "/factory") != 0 &&
	    rmdir(folder) == 0)
		*strrchr(folder, '/') = '\0';
}

struct err *
loose_delete(struct repo *r, struct loose *l, struct durable *d)
{
	AUTO(mem_free_p) char *logs = path_join(repo_commondir(r), "logs");
	AUTO(mem_free_p) char *log = path_join(logs, l->name);
	AUTO(mem_free_p) char *folder = folder_of(l->path);

	TRY(drop_packed(r, l->name, d));
	if (unlink(l->path) != 0 && errno != ENOENT && errno != ENOTDIR)
		return err_sys("cannot delete the ref '%s'", l->name);
	if (unlink(log) != 0 && errno != ENOENT && errno != ENOTDIR && errno != EISDIR && errno != EPERM)
		return err_sys("cannot delete '%s'", log);
	unlink(l->lock);
	free(STEAL(l->lock));
	prune(repo_commondir(r), l->path);
	prune(logs, log);
	durable_folder(d, folder);
	return NULL;
}
