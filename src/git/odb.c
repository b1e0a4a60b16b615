#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "git/apart.h"
#include "git/deflate.h"
#include "git/lg2.h"
#include "git/objsync.h"
#include "git/odb.h"
#include "git/repo.h"

#define FIRST 900		/* before the loose objects (1) and the packs (2) */
#define HEADER_MAX 64
#define PLAIN_MAX 3900		/* what is no larger takes a block of the disk, deflated or not */
#define PLAIN_TREE_MAX (16 * KIB)	/* ids do not deflate: a tree gets a fifth smaller, for most of its time */
#define RACY_NS INT64_C(100000000)	/* a folder that changed so lately may change again unseen */
#define RACY_COARSE_NS (30 * RACY_NS)	/* where times are in seconds */
#define NAME_TRIES 100
#define KEPT 64			/* the last objects written */
#define KEPT_MAX (8 * KIB)	/* none larger */

/* ---- the writer ---- */

/* An object as it was written. */
struct kept {
	git_oid id;
	git_object_t type;
	size_t n;
	void *data;
};

struct writer {
	git_odb_backend backend;	/* the first member: libgit2 hands this back */
	struct repo *repo;
	int objects;			/* the folder */
	struct deflate *deflate;
	unsigned made;
	int64_t packs;			/* when their folder had changed, as last listed, ns */
	int64_t listed;			/* wall clock of that, 0: not yet */
	struct kept kept[KEPT];		/* a ring */
	unsigned next;			/* where the next one goes */
};

/* libgit2 has no other way to be told why. */
static int
fault(const char *what)
{
	char text[256];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));
	lg2.git_error_set_str(GIT_ERROR_ODB, text);
	return -1;
}

static int
fault_by(struct err *e)
{
	lg2.git_error_set_str(GIT_ERROR_ODB, err_msg(e));
	err_ignore(e);
	return -1;
}

static struct err *
put(void *arg, const void *p, size_t n)
{
	return file_write_all(*(const int *)arg, p, n);
}

/* Is it stored as it is?  A git gc deflates it, as it does all objects. */
static bool
is_plain(size_t n, git_object_t type)
{
	return n <= PLAIN_MAX || (type == GIT_OBJECT_TREE && n <= PLAIN_TREE_MAX);
}

static int
fill(struct writer *w, int fd, const void *data, size_t n, git_object_t type)
{
	static const char *const kinds[] = {[GIT_OBJECT_COMMIT] = "commit", [GIT_OBJECT_TREE] = "tree",
	    [GIT_OBJECT_BLOB] = "blob", [GIT_OBJECT_TAG] = "tag"};
	char header[HEADER_MAX];
	int length = snprintf(header, sizeof(header), "%s %zu", kinds[type], n) + 1;
	struct err *e;

	deflate_begin(w->deflate, is_plain(n, type), put, &fd);
	e = deflate_add(w->deflate, header, (size_t)length);
	if (e == NULL)
		e = deflate_end(w->deflate, data, n);
	return e == NULL ? 0 : fault_by(e);
}

/* A new file beside where the object belongs; git gc removes what is left of one. */
static int
make_file(struct writer *w, const char *folder, char *path, size_t size)
{
	int fd, tries;

	for (tries = 0; tries < NAME_TRIES; tries++) {
		snprintf(path, size, "%s/tmp_obj_%ld_%u", folder, (long)getpid(), w->made++);
		fd = openat(w->objects, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0444);
		if (fd >= 0)
			return fd;
		if (errno == ENOENT && mkdirat(w->objects, folder, 0777) != 0 && errno != EEXIST)
			return -1;
		if (errno != ENOENT && errno != EEXIST)
			return -1;
	}
	return -1;
}

static int
write_beside(struct writer *w, const char *folder, const char *path, const void *data, size_t n,
    git_object_t type, int *out)
{
	char made[HEADER_MAX];
	int fd = make_file(w, folder, made, sizeof(made)), rc;

	if (fd < 0)
		return fault("cannot create an object");
	rc = fill(w, fd, data, n, type);
	if (rc == 0 && renameat(w->objects, made, w->objects, path) != 0)
		rc = fault("cannot name an object");
	if (rc == 0) {
		*out = fd;
		return 0;
	}
	close(fd);
	unlinkat(w->objects, made, 0);
	return rc;
}

/*
 * *out stays as it is where that cannot be, or the object is there already: it
 * is made beside its place then, since what we sync is to be ours.
 */
static int
write_apart(struct writer *w, const char *folder, const char *path, const void *data, size_t n,
    git_object_t type, int *out)
{
	int fd = apart_file(w->repo, 0444), tries;
	bool named = false;

	if (fd >= 0 && fill(w, fd, data, n, type) != 0) {
		close(fd);
		return -1;
	}
	for (tries = 0; fd >= 0 && !named && tries < NAME_TRIES; tries++) {
		named = apart_name(fd, w->objects, path);
		if (!named && (errno != ENOENT || (!apart_folder(w->repo, w->objects, folder, 0777) && errno != EEXIST)))
			break;
	}
	if (named) {
		*out = fd;
		return 0;
	}
	fd_close_p(&fd);
	return 0;
}

static void
keep(struct writer *w, const git_oid *id, const void *data, size_t n, git_object_t type)
{
	struct kept *k = &w->kept[w->next];

	if (n > KEPT_MAX)
		return;
	free(k->data);
	*k = (struct kept){.id = *id, .type = type, .n = n, .data = mem_dup(data, n)};
	w->next = (w->next + 1) % KEPT;
}

static int
write_object(git_odb_backend *backend, const git_oid *id, const void *data, size_t n, git_object_t type)
{
	struct writer *w = (struct writer *)backend;
	struct oid oid = lg2_oid_back(id);
	struct oid_hex hex = oid_hex(&oid);
	char folder[3], path[OID_HEX + 2];
	int fd = -1;

	snprintf(folder, sizeof(folder), "%.2s", hex.s);
	snprintf(path, sizeof(path), "%s/%s", folder, hex.s + 2);
	if (write_apart(w, folder, path, data, n, type, &fd) != 0)
		return -1;
	if (fd < 0 && write_beside(w, folder, path, data, n, type, &fd) != 0)
		return -1;
	objsync_wrote(w->repo, &oid, fd);
	keep(w, id, data, n, type);
	return 0;
}

/* ---- what was just written ---- */

/*
 * Nearly all that a step writes is read by it or by the next.  Only to be
 * read: whether an object is there is asked of the disk, since a git gc may
 * have pruned it.
 */
static const struct kept *
find_kept(const struct writer *w, const git_oid *id)
{
	size_t i;

	for (i = 0; i < KEPT; i++)
		if (w->kept[i].data != NULL && memcmp(w->kept[i].id.id, id->id, OID_RAW) == 0)
			return &w->kept[i];
	return NULL;
}

static int
read_kept(void **data, size_t *n, git_object_t *type, git_odb_backend *backend, const git_oid *id)
{
	const struct kept *k = find_kept((struct writer *)backend, id);

	if (k == NULL)
		return GIT_ENOTFOUND;
	/* One more, as its own readers have it: parsers look for the NUL. */
	*data = lg2.git_odb_backend_data_alloc(backend, k->n + 1);
	if (*data == NULL)
		return -1;
	memcpy(*data, k->data, k->n);
	((char *)*data)[k->n] = '\0';
	*n = k->n;
	*type = k->type;
	return 0;
}

static int
read_kept_header(size_t *n, git_object_t *type, git_odb_backend *backend, const git_oid *id)
{
	const struct kept *k = find_kept((struct writer *)backend, id);

	if (k == NULL)
		return GIT_ENOTFOUND;
	*n = k->n;
	*type = k->type;
	return 0;
}

/* ---- packs ---- */

/* libgit2 asks all backends in a row to look again: this one first, then the packs. */
static _Thread_local bool packs_are_known;
static int (*list_packs)(git_odb_backend *);

static int
look(git_odb_backend *backend)
{
	struct writer *w = (struct writer *)backend;
	int64_t changed = 0, racy;
	struct stat st;

	if (fstatat(w->objects, "pack", &st, 0) == 0)
		changed = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	racy = changed % 1000000000 == 0 ? RACY_COARSE_NS : RACY_NS;
	packs_are_known = w->listed != 0 && changed == w->packs && changed < w->listed - racy;
	if (!packs_are_known) {
		w->packs = changed;
		w->listed = clock_wall_ns();
	}
	return 0;
}

static int
look_at_packs(git_odb_backend *backend)
{
	return packs_are_known ? 0 : list_packs(backend);
}

/* ---- the whole ---- */

static void
writer_free(git_odb_backend *backend)
{
	struct writer *w = (struct writer *)backend;

	size_t i;

	deflate_free(w->deflate);
	for (i = 0; i < KEPT; i++)
		free(w->kept[i].data);
	fd_close_p(&w->objects);
	free(w);
}

static struct err *
writer_new(struct repo *r, struct writer **out)
{
	AUTO(mem_free_p) char *objects = path_join(repo_commondir(r), "objects");
	struct writer *w = mem_calloc(1, sizeof(*w));

	w->backend.version = GIT_ODB_BACKEND_VERSION;
	w->backend.write = write_object;
	w->backend.read = read_kept;
	w->backend.read_header = read_kept_header;
	w->backend.refresh = look;
	w->backend.free = writer_free;
	w->repo = r;
	w->objects = open(objects, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*out = w;
	if (w->objects < 0)
		return err_sys("cannot open '%s'", objects);
	return deflate_new(&w->deflate);
}

/* What is pushed lies beside the repository until a hook has let it in. */
static int
add_folders(const struct repo *r, git_odb *odb)
{
	const struct strs *folders = repo_folders(r);
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < folders->n; i++)
		rc = lg2.git_odb_add_disk_alternate(odb, folders->v[i]);
	return rc;
}

/* With alternates there are packs in more than one folder: left as it is. */
static int
spare_lists(git_odb *odb)
{
	git_odb_backend *b;
	size_t i, n = lg2.git_odb_num_backends(odb), lists = 0;

	for (i = 0; i < n; i++) {
		if (lg2.git_odb_get_backend(&b, odb, i) < 0)
			return -1;
		lists += b->refresh != NULL;
	}
	for (i = 0; lists == 1 && i < n; i++) {
		if (lg2.git_odb_get_backend(&b, odb, i) < 0)
			return -1;
		if (b->refresh != NULL) {
			list_packs = b->refresh;
			b->refresh = look_at_packs;
		}
	}
	return 0;
}

struct err *
odb_open(struct repo *r, struct git_repository *g)
{
	AUTO(lg2_odb_free_p) git_odb *odb = NULL;
	struct writer *w = NULL;
	struct err *e;
	int rc;

	rc = lg2.git_repository_odb(&odb, g);
	if (rc == 0)
		rc = add_folders(r, odb);
	if (rc == 0)
		rc = spare_lists(odb);
	if (rc < 0)
		return lg2_err(r, rc, "cannot open the objects");
	e = writer_new(r, &w);
	rc = e != NULL ? 0 : lg2.git_odb_add_backend(odb, &w->backend, FIRST);
	if (e == NULL && rc == 0)
		return NULL;
	writer_free(&w->backend);
	return e != NULL ? e : lg2_err(r, rc, "cannot open the objects");
}
