#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/place.h"
#include "git/repo.h"
#include "git/tip.h"

#define SYMBOLIC_DEPTH 5
#define LOOSE_MAX (4 * KIB)

bool
tip_per_worktree(const char *name)
{
	return strncmp(name, "refs/", 5) != 0 || strncmp(name, "refs/bisect/", 12) == 0 ||
	    strncmp(name, "refs/worktree/", 14) == 0 || strncmp(name, "refs/rewritten/", 15) == 0;
}

/* The content of a loose ref's file; false when there is none. */
static struct err *
read_loose(const struct place *p, const char *name, char out[LOOSE_MAX], bool *found)
{
	AUTO(mem_free_p) char *path = path_join(tip_per_worktree(name) ? p->gitdir : p->commondir, name);
	AUTO(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	*found = false;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EISDIR))
		return NULL;
	if (fd < 0)
		return err_sys("cannot open the ref '%s'", name);
	n = read(fd, out, LOOSE_MAX - 1);
	if (n < 0 && errno == EISDIR)
		return NULL;
	if (n < 0)
		return err_sys("cannot read the ref '%s'", name);
	while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == ' '))
		n--;
	out[n] = '\0';
	*found = true;
	return NULL;
}

/* packed-refs, mapped; only the pages that a search touches are read. */
struct packed {
	char *map;
	size_t size;
	struct str lines;	/* without the header */
	bool sorted;
};

static void
packed_close(struct packed *f)
{
	if (f->map != NULL)
		munmap(f->map, f->size);
	f->map = NULL;
}

static struct err *
packed_open(const struct place *p, struct packed *f)
{
	AUTO(mem_free_p) char *path = path_join(p->commondir, "packed-refs");
	AUTO(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct str header;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_sys("cannot open '%s'", path);
	if (st.st_size == 0)
		return NULL;
	f->size = (size_t)st.st_size;
	f->map = mmap(NULL, f->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (f->map == MAP_FAILED) {
		f->map = NULL;
		return err_sys("cannot read '%s'", path);
	}
	f->lines = str_mk(f->map, f->size);
	if (f->lines.p[0] == '#' && str_line(&f->lines, &header))
		f->sorted = str_find(header, STR(" sorted")) >= 0;
	return NULL;
}

/* "<id> <name>"; false for a peeled line ("^<id>"). */
static bool
packed_line(struct str line, struct str *name, struct oid *oid)
{
	if (line.n < OID_HEX + 2 || line.p[OID_HEX] != ' ' || !oid_parse(str_take(line, OID_HEX), oid))
		return false;
	*name = str_skip(line, OID_HEX + 1);
	return true;
}

/* Back to the start of the line that holds offset 'at', not before 'low'. */
static size_t
line_start(struct str lines, size_t low, size_t at)
{
	while (at > low && lines.p[at - 1] != '\n')
		at--;
	return at;
}

/* The lines from the first on whose name is not below 'name'. */
static struct str
packed_seek(const struct packed *f, struct str name)
{
	size_t low = 0, high = f->sorted ? f->lines.n : 0, mid;
	struct str rest, line, at;
	struct oid oid;

	while (low < high) {
		mid = line_start(f->lines, low, low + (high - low) / 2);
		if (f->lines.p[mid] == '^' && mid > low)
			mid = line_start(f->lines, low, mid - 1);
		rest = str_skip(f->lines, mid);
		if (!str_line(&rest, &line))
			break;
		if (!packed_line(line, &at, &oid) || str_cmp(at, name) < 0)
			low = (size_t)(rest.p - f->lines.p);
		else
			high = mid;
	}
	return str_skip(f->lines, low);
}

static struct err *
read_packed(const struct place *p, const char *name, struct oid *out, bool *found)
{
	AUTO(packed_close) struct packed f = {0};
	struct str rest, line, at;
	struct oid oid;

	TRY(packed_open(p, &f));
	if (f.map == NULL)
		return NULL;
	rest = packed_seek(&f, str_of(name));
	while (str_line(&rest, &line)) {
		if (!packed_line(line, &at, &oid))
			continue;
		if (str_is(at, name)) {
			*out = oid;
			*found = true;
			return NULL;
		}
		if (f.sorted)
			return NULL;
	}
	return NULL;
}

struct err *
tip_packed(const struct place *p, const char *prefix, tip_fn *fn, void *arg)
{
	AUTO(packed_close) struct packed f = {0};
	struct str rest, line, at;
	struct oid oid;

	TRY(packed_open(p, &f));
	if (f.map == NULL)
		return NULL;
	rest = packed_seek(&f, str_of(prefix));
	while (str_line(&rest, &line)) {
		if (!packed_line(line, &at, &oid))
			continue;
		if (str_starts(at, prefix))
			TRY(fn(arg, at, &oid));
		else if (f.sorted)
			return NULL;
	}
	return NULL;
}

struct err *
tip_read_at(const struct place *p, const char *name, struct oid *out)
{
	AUTO(mem_free_p) char *at = mem_strdup(name);
	char text[LOOSE_MAX];
	struct oid oid = oid_zero;
	bool found = false;
	char *next;
	int depth;

	for (depth = 0; depth < SYMBOLIC_DEPTH; depth++) {
		TRY(read_loose(p, at, text, &found));
		if (!found) {
			TRY(read_packed(p, at, &oid, &found));
			*out = oid;
			return NULL;
		}
		if (strncmp(text, "ref:", 4) != 0) {
			if (!oid_parse(str_of(text), &oid))
				return err_hint(err_new(ERR_REPOSITORY, "the ref '%s' holds no object id", at),
				    "run 'git fsck' and set the ref again with 'git update-ref'");
			*out = oid;
			return NULL;
		}
		next = str_dup(str_trim(str_of(text + 4)));
		free(at);
		at = next;
	}
	return err_new(ERR_REPOSITORY, "the symbolic ref '%s' leads nowhere", name);
}

struct err *
tip_read(const struct repo *r, const char *name, struct oid *out)
{
	if (repo_supposed(r, name, out))
		return NULL;
	return tip_read_at(repo_place(r), name, out);
}

struct err *
tip_symbolic(const struct place *p, const char *name, char **target)
{
	char text[LOOSE_MAX];
	bool found;

	TRY(read_loose(p, name, text, &found));
	*target = found && strncmp(text, "ref:", 4) == 0 ? str_dup(str_trim(str_of(text + 4))) : NULL;
	return NULL;
}
