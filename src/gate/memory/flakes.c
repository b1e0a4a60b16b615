#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gate/judge/flake.h"
#include "gate/memory/flakes.h"
#include "gate/room.h"
#include "git/repo.h"
#include "wire/json.h"

#define DAY_S 86400

static struct err *
path_of(const struct gates *g, char **dir, char **out)
{
	const char *top;

	TRY(repo_factory_dir(g->o.repo, &top));
	*dir = path_join(top, "gates");
	*out = path_join(*dir, "flakes.jsonl");
	return NULL;
}

/* Empty when there is none. */
static void
read_all(const char *path, struct buf *out)
{
	struct err *e = file_read(AT_FDCWD, path, out);

	if (e != NULL)
		buf_clear(out);
	err_ignore(e);
}

static bool
says_so(struct str line, const char *gate, const char *test, int64_t now)
{
	AUTO(arena_free) struct arena a = {0};
	const char *its_gate, *its_test;
	struct node *n;
	struct err *e;
	int64_t age;

	e = json_parse(&a, "flakes", line, &n);
	if (e != NULL) {
		err_ignore(e);
		return false;
	}
	its_gate = node_get_str(n, "gate");
	its_test = node_get_str(n, "test");
	age = now - node_get_int(n, "time", 0);
	return its_gate != NULL && its_test != NULL && strcmp(its_gate, gate) == 0 &&
	    strcmp(its_test, test) == 0 && node_get_bool(n, "base", false) && age >= 0 &&
	    age <= (int64_t)FLAKE_DAYS * DAY_S;
}

struct err *
flakes_known(const struct gates *g, const char *gate, const char *test, bool *known)
{
	AUTO(buf_free) struct buf text = BUF_INIT(2 * FLAKES_MAX);
	AUTO(mem_free_p) char *dir = NULL;
	AUTO(mem_free_p) char *path = NULL;
	struct str rest, line;

	*known = false;
	TRY(path_of(g, &dir, &path));
	read_all(path, &text);
	rest = buf_str(&text);
	while (!*known && str_next(&rest, '\n', &line))
		*known = says_so(line, gate, test, clock_wall(g->o.clock));
	return NULL;
}

/* Several processes may add at once: a line is one write. */
static struct err *
append(const char *path, struct str line)
{
	AUTO(fd_close_p) int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd == -1 || write(fd, line.p, line.n) != (ssize_t)line.n)
		return err_sys("cannot write '%s'", path);
	return NULL;
}

static struct err *
shorten(const char *path)
{
	AUTO(buf_free) struct buf text = BUF_INIT(2 * FLAKES_MAX);
	struct str half;
	ptrdiff_t line;

	read_all(path, &text);
	if (text.n <= FLAKES_MAX)
		return NULL;
	half = str_skip(buf_str(&text), text.n - FLAKES_MAX / 2);
	line = str_chr(half, '\n');
	return file_replace(AT_FDCWD, path, str_skip(half, line < 0 ? half.n : (size_t)line + 1), 0600,
	    false);
}

struct err *
flakes_keep(const struct gates *g, const char *gate, const char *test, bool on_base, size_t runs,
    size_t failed)
{
	AUTO(buf_free) struct buf line = BUF_INIT(64 * KIB);
	AUTO(mem_free_p) char *dir = NULL;
	AUTO(mem_free_p) char *path = NULL;
	struct jw w;

	jw_init(&w, &line, false);
	jw_obj(&w);
	jw_kint(&w, "time", clock_wall(g->o.clock));
	jw_kstr(&w, "gate", gate);
	jw_kstr(&w, "test", test);
	jw_kbool(&w, "base", on_base);
	jw_kint(&w, "runs", (int64_t)runs);
	jw_kint(&w, "failed", (int64_t)failed);
	jw_end(&w);
	buf_addc(&line, '\n');
	TRY(path_of(g, &dir, &path));
	TRY(dir_make(AT_FDCWD, dir, 0700));
	TRY(append(path, buf_str(&line)));
	return shorten(path);
}
