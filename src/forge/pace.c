#include "forge/pace.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"

#define MINUTE_MS 60000
#define HOUR_MS (60 * MINUTE_MS)
#define FILE_MAX (64 * KIB)
#define NODES_MAX 100000
#define LOCK_TICK_MS 20
#define SLICE_MS 200	/* how soon a signal is seen */

struct times {	/* oldest first */
	VEC_FIELDS(int64_t);
};

struct pace {
	struct pace_opts o;
	struct clock system;
	char *path, *reads_path, *clock_file, *boot;
	int lock;		/* of a write under way, -1 */
	bool writing;
	int64_t until;
	size_t nodes;		/* the most that there were in the last hour: what one that left */
	int64_t nodes_at;	/* has written still counts */
	struct times writes;	/* of the last hour */
	struct times reads;	/* of the last minute */
};

/* ---- the clock ---- */

/* The tests' clock: read it, and move it on to 'least' at least. */
static int64_t
shared_clock(const char *path, int64_t least)
{
	AUTO(fd_close_p) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	AUTO(buf_free) struct buf b = BUF_INIT(KIB);
	int64_t now = 0;

	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		return 0;
	err_ignore(file_read_fd(fd, path, &b));
	if (!str_int(str_trim(buf_str(&b)), 0, INT64_MAX / 2, &now))
		now = 0;
	if (now >= least)
		return now;
	buf_clear(&b);
	buf_addf(&b, "%lld\n", (long long)least);
	if (ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		err_ignore(file_write_all(fd, b.p, b.n));
	return least;
}

int64_t
pace_now_ms(const struct pace *p)
{
	return p->clock_file != NULL ? shared_clock(p->clock_file, 0) : clock_mono(p->o.clock);
}

int64_t
pace_wall_s(const struct pace *p)
{
	return p->clock_file != NULL ? shared_clock(p->clock_file, 0) / 1000 : clock_wall(p->o.clock);
}

static struct err *
check_cancel(const struct pace *p)
{
	if (p->o.cancel != NULL && *p->o.cancel != 0)
		return err_new(ERR_INTERRUPTED, "stopped while waiting for the forge");
	return NULL;
}

struct err *
pace_sleep(struct pace *p, int64_t ms)
{
	int64_t part;

	if (p->clock_file != NULL)
		shared_clock(p->clock_file, pace_now_ms(p) + ms);
	else if (p->o.sleep_ms != NULL)
		p->o.sleep_ms(p->o.sleep_arg, ms);
	else
		for (; ms > 0 && (p->o.cancel == NULL || *p->o.cancel == 0); ms -= part) {
			part = ms < SLICE_MS ? ms : SLICE_MS;
			clock_sleep_ms(part);
		}
	return check_cancel(p);
}

int64_t
pace_wait_ms(int64_t named, unsigned n)
{
	int64_t ms = named >= 0 ? named * 1000 : n > 4 ? PACE_BACKOFF_MAX_MS : (int64_t)PACE_BACKOFF_MS << n;
	int64_t most;
	uint32_t random;

	if (named < 0 && ms > PACE_BACKOFF_MAX_MS)
		ms = PACE_BACKOFF_MAX_MS;
	if (getentropy(&random, sizeof(random)) != 0)
		random = 0;
	most = ms / 10 < 10000 ? ms / 10 : 10000;
	return ms + (int64_t)random % (most + 1);
}

/* ---- the file ---- */

static void
forget(struct pace *p)
{
	p->until = 0;
	p->nodes = 0;
	vec_clear(&p->writes);
}

/* A clock that was set back, or another machine's file, shall not stop us for long. */
static int64_t
not_after(int64_t t, int64_t most)
{
	return t > most ? most : t;
}

/* Not more than 'most' of them, and of the last 'span' alone. */
static void
take_times(struct str line, struct times *out, size_t most, int64_t now, int64_t span)
{
	struct str word;
	int64_t t;

	while (out->n < most && str_next(&line, ' ', &word))
		if (str_int(word, 0, INT64_MAX / 2, &t) && t > now - span)
			vec_push(out, not_after(t, now));
}

static void
add_times(struct buf *b, const char *name, const struct times *times)
{
	size_t i;

	buf_adds(b, name);
	for (i = 0; i < times->n; i++)
		buf_addf(b, " %lld", (long long)times->v[i]);
	buf_addc(b, '\n');
}

static void
drop_times(struct times *times, size_t most, int64_t before)
{
	while (times->n > 0 && (times->v[0] <= before || times->n > most))
		vec_drop(times, 0);
}

static void
take_line(struct pace *p, struct str line, int64_t now)
{
	struct str word;
	int64_t t, n;

	if (!str_next(&line, ' ', &word))
		return;
	if (str_is(word, "until") && str_int(line, 0, INT64_MAX / 2, &t))
		p->until = not_after(t, now + 24 * HOUR_MS);
	if (str_is(word, "nodes") && str_next(&line, ' ', &word) && str_int(word, 1, NODES_MAX, &n) &&
	    str_int(line, 0, INT64_MAX / 2, &t)) {
		p->nodes = (size_t)n;
		p->nodes_at = not_after(t, now);
	}
	if (str_is(word, "writes"))
		take_times(line, &p->writes, PACE_HOUR, now, HOUR_MS);
}

/* What cannot be read is as if it were not there: the forge itself still says no. */
static void
load(struct pace *p)
{
	AUTO(buf_free) struct buf b = BUF_INIT(FILE_MAX);
	struct str rest, line;
	int64_t now = pace_now_ms(p);

	if (p->path == NULL)
		return;
	forget(p);
	err_ignore(file_read(AT_FDCWD, p->path, &b));
	rest = buf_str(&b);
	if (!str_line(&rest, &line) || !str_is(line, p->boot))
		return;
	while (str_line(&rest, &line))
		take_line(p, line, now);
}

static void
save(struct pace *p)
{
	AUTO(buf_free) struct buf b = BUF_INIT(FILE_MAX);
	int64_t now = pace_now_ms(p);

	drop_times(&p->writes, PACE_HOUR, now - HOUR_MS);
	if (p->path == NULL)
		return;
	buf_addf(&b, "%s\nuntil %lld\nnodes %zu %lld\n", p->boot, (long long)p->until, p->nodes,
	    (long long)p->nodes_at);
	add_times(&b, "writes", &p->writes);
	err_ignore(file_replace(AT_FDCWD, p->path, buf_str(&b), 0600, false));
}

static void
unlock(struct pace *p)
{
	fd_close_p(&p->lock);
	p->lock = -1;
}

/* Another process' write may be under way: it takes as long as it takes. */
static struct err *
lock(struct pace *p, int64_t *left)
{
	AUTO(mem_free_p) char *path = NULL;

	if (p->path == NULL || p->lock >= 0)
		return NULL;
	path = mem_printf("%s.lock", p->path);
	p->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (p->lock < 0)
		return err_sys("cannot open '%s'", path);
	while (flock(p->lock, LOCK_EX | LOCK_NB) != 0) {
		struct err *e = errno != EWOULDBLOCK && errno != EINTR ? err_sys("cannot lock '%s'", path) :
		    check_cancel(p);

		if (e == NULL && *left <= 0)
			e = err_set_wait(err_new(ERR_RATE_LIMIT, "other processes of this clone are writing to the forge"), 1);
		if (e != NULL) {
			unlock(p);
			return e;
		}
		clock_sleep_ms(LOCK_TICK_MS);
		*left -= LOCK_TICK_MS;
	}
	return NULL;
}

struct pace *
pace_open(const struct pace_opts *o)
{
	AUTO(buf_free) struct buf boot = BUF_INIT(KIB);
	struct pace *p = mem_alloc(sizeof(*p));

	p->o = *o;
	p->o.nodes = o->nodes > 1 ? o->nodes < NODES_MAX ? o->nodes : NODES_MAX : 1;
	p->lock = -1;
	p->system = clock_system();
	if (p->o.clock == NULL)
		p->o.clock = &p->system;
	p->clock_file = mem_strdup(o->clock_file);
	if (o->dir != NULL) {
		p->path = path_join(o->dir, "limits");
		p->reads_path = path_join(o->dir, "reads");
	}
	err_ignore(file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &boot));
	p->boot = p->clock_file != NULL ? mem_strdup("clock") : str_dup(str_trim(buf_str(&boot)));
	return p;
}

void
pace_close(struct pace *p)
{
	if (p == NULL)
		return;
	pace_leave(p);
	vec_free(&p->writes);
	vec_free(&p->reads);
	free(p->reads_path);
	free(p->path);
	free(p->clock_file);
	free(p->boot);
	free(p);
}

/* ---- when ---- */

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void
count_nodes(struct pace *p, int64_t now)
{
	if (p->o.nodes < p->nodes && p->nodes_at > now - HOUR_MS)
		return;
	p->nodes = p->o.nodes;
	p->nodes_at = now;
}

/* This node's part of so many writes, one at least. */
static size_t
part(const struct pace *p, size_t writes)
{
	return p->nodes < writes ? writes / p->nodes : 1;
}

/* The earliest time for the next write. */
static int64_t
slot(const struct pace *p)
{
	size_t n = p->writes.n, minute = part(p, PACE_MINUTE), hour = part(p, PACE_HOUR);
	int64_t t = p->until;

	if (n == 0)
		return t;
	t = later(t, p->writes.v[n - 1] + (int64_t)p->nodes * PACE_GAP_MS);
	if (n >= minute)
		t = later(t, p->writes.v[n - minute] + MINUTE_MS + 1);
	if (p->o.metered && n >= hour)
		t = later(t, p->writes.v[n - hour] + HOUR_MS + 1);
	return t;
}

/*
 * The earliest time for the next read; if that is now, it is noted, as a write
 * is before it is sent.  Without the file this process counts alone.
 */
static int64_t
read_slot(struct pace *p, int64_t now)
{
	AUTO(fd_close_p) int fd = -1;
	AUTO(buf_free) struct buf b = BUF_INIT(FILE_MAX);
	size_t most = part(p, PACE_READS) > PACE_READS_LEAST ? part(p, PACE_READS) : PACE_READS_LEAST;
	struct str rest, line;

	if (!p->o.metered || p->until > now)
		return p->until;
	if (p->reads_path != NULL)
		fd = open(p->reads_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX) == 0) {
		vec_clear(&p->reads);
		err_ignore(file_read_fd(fd, p->reads_path, &b));
		rest = buf_str(&b);
		if (str_line(&rest, &line) && str_is(line, p->boot) && str_line(&rest, &line))
			take_times(line, &p->reads, PACE_READS, now, MINUTE_MS);
	}
	drop_times(&p->reads, most, now - MINUTE_MS);
	if (p->reads.n >= most)
		return p->reads.v[0] + MINUTE_MS + 1;
	vec_push(&p->reads, now);
	if (fd < 0)
		return now;
	buf_clear(&b);
	buf_addf(&b, "%s\n", p->boot);
	add_times(&b, "", &p->reads);
	if (ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		err_ignore(file_write_all(fd, b.p, b.n));
	return now;
}

static struct err *
too_long(int64_t ms)
{
	int64_t s = (ms + 999) / 1000;

	return err_set_wait(err_new(ERR_RATE_LIMIT, "the forge's limits allow the next request in %lld s", (long long)s), s);
}

struct err *
pace_enter(struct pace *p, bool write, int64_t *left)
{
	int64_t now, wait;

	for (;;) {
		if (write)
			TRY(lock(p, left));
		load(p);
		now = pace_now_ms(p);
		count_nodes(p, now);
		wait = (write ? slot(p) : read_slot(p, now)) - now;
		if (wait <= 0)
			break;
		unlock(p);
		if (wait > *left)
			return too_long(wait);
		*left -= wait;
		TRY(pace_sleep(p, wait));
	}
	if (!write)
		return NULL;
	/* Noted before it is sent: a process may die in between. */
	vec_push(&p->writes, now);
	p->writing = true;
	save(p);
	return NULL;
}

void
pace_leave(struct pace *p)
{
	if (p->writing) {
		p->writes.v[p->writes.n - 1] = pace_now_ms(p);
		save(p);
	}
	p->writing = false;
	unlock(p);
}

void
pace_hold(struct pace *p, int64_t ms)
{
	int64_t until = pace_now_ms(p) + ms, left = 60000;
	bool held = p->lock >= 0;

	if (!held) {
		err_ignore(lock(p, &left));
		load(p);
	}
	p->until = later(p->until, until);
	save(p);
	if (!held)
		unlock(p);
}
