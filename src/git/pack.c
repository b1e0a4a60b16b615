#include "git/pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "git/deflate.h"
#include "git/lg2.h"
#include "git/objsync.h"
#include "git/repo.h"
#include "git/sha1.h"

#define FIRST 1000	/* before the loose objects (1) and the packs (2) */

struct listing {
	VEC_FIELDS(struct oid);
};

struct pack {
	struct repo *repo;
	git_repository *g;
	git_odb *real;		/* the repository's own */
	git_odb *here;		/* the same objects, with the memory before them */
	git_odb_backend *memory;	/* owned by 'here' */
	size_t unsynced;	/* objects before the begin */
};

/*
 * Each object that is written is looked for first, and where it is missing
 * all packs are listed anew: not worth it for what we make ourselves.
 */
static int
quieten(git_odb *odb)
{
	git_odb_backend *b;
	size_t i, n = lg2.git_odb_num_backends(odb);
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i++) {
		rc = lg2.git_odb_get_backend(&b, odb, i);
		if (rc == 0)
			b->refresh = NULL;
	}
	return rc;
}

static struct err *
open_memory(struct pack *p)
{
	AUTO(mem_free_p) char *objects = path_join(repo_commondir(p->repo), "objects");
	int rc = lg2.git_odb_open(&p->here, objects);

	if (rc == 0)
		rc = quieten(p->here);
	if (rc == 0)
		rc = lg2.git_mempack_new(&p->memory);
	if (rc == 0)
		rc = lg2.git_odb_add_backend(p->here, p->memory, FIRST);
	if (rc == 0)
		rc = lg2.git_repository_set_odb(p->g, p->here);
	return rc < 0 ? lg2_err(p->repo, rc, "cannot collect objects in memory") : NULL;
}

struct err *
pack_begin(struct repo *r, struct pack **out)
{
	AUTO(pack_free_p) struct pack *p = mem_alloc(sizeof(*p));
	int rc;

	p->repo = r;
	TRY(repo_lg2(r, &p->g));
	rc = lg2.git_repository_odb(&p->real, p->g);
	if (rc < 0)
		return lg2_err(r, rc, "cannot open the objects");
	p->unsynced = repo_objsync(r)->n;
	TRY(open_memory(p));
	*out = STEAL(p);
	return NULL;
}

/* ---- its bytes ---- */

/* libgit2 names each object and makes the index as they come. */
struct writing {
	struct pack *pack;
	git_odb_writepack *to;
	struct deflate *deflate;
	struct sha1 sum;
	git_indexer_progress progress;
};

static void
writing_free(struct writing *w)
{
	if (w->to != NULL)
		w->to->free(w->to);
	deflate_free(w->deflate);
	lg2_fsync(false);
}

static struct err *
check(const struct writing *w, int rc)
{
	return rc < 0 ? lg2_err(w->pack->repo, rc, "cannot write a pack") : NULL;
}

static struct err *
append(struct writing *w, const void *p, size_t n)
{
	return check(w, w->to->append(w->to, p, n, &w->progress));
}

static struct err *
put(void *arg, const void *p, size_t n)
{
	struct writing *w = arg;

	sha1_add(&w->sum, p, n);
	return append(w, p, n);
}

static struct err *
put_header(struct writing *w, size_t objects)
{
	unsigned char h[12] = {'P', 'A', 'C', 'K', 0, 0, 0, 2};
	size_t i;

	for (i = 0; i < 4; i++)
		h[8 + i] = (unsigned char)(objects >> (24 - 8 * i));
	return put(w, h, sizeof(h));
}

static struct err *
put_object(struct writing *w, const struct oid *oid)
{
	AUTO(lg2_odb_object_free_p) git_odb_object *object = NULL;
	git_oid id = lg2_oid(oid);
	unsigned char head[16];	/* the type and the size, low bits first */
	size_t n = 0, size, left;
	git_object_t type;

	TRY(check(w, lg2.git_odb_read(&object, w->pack->here, &id)));
	type = lg2.git_odb_object_type(object);
	size = lg2.git_odb_object_size(object);
	head[n++] = (unsigned char)((unsigned)type << 4 | (size & 15));
	for (left = size >> 4; left > 0; left >>= 7) {
		head[n - 1] |= 0x80;
		head[n++] = left & 0x7f;
	}
	TRY(put(w, head, n));
	deflate_begin(w->deflate, type == GIT_OBJECT_TREE, put, w);
	return deflate_end(w->deflate, lg2.git_odb_object_data(object), size);
}

static int
by_oid(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct oid));
}

/* What was noted since the begin, each once. */
static void
list(const struct pack *p, struct listing *out)
{
	const struct objsync *noted = repo_objsync(p->repo);
	size_t i, n = 0;

	for (i = p->unsynced; i < noted->n; i++)
		vec_push(out, noted->v[i].oid);
	vec_sort(out, by_oid);
	for (i = 0; i < out->n; i++)
		if (n == 0 || !oid_eq(&out->v[n - 1], &out->v[i]))
			out->v[n++] = out->v[i];
	out->n = n;
}

/*
 * Whole and little deflated (gitformat-pack(5)): to look for what resembles
 * what is most of the work of a packer, and left to git gc.
 */
static struct err *
write_pack(struct pack *p, const struct listing *objects)
{
	AUTO(writing_free) struct writing w = {.pack = p};
	unsigned char sum[20];
	size_t i;

	lg2_fsync(true);
	sha1_init(&w.sum);
	TRY(deflate_new(&w.deflate));
	TRY(check(&w, lg2.git_odb_write_pack(&w.to, p->real, NULL, NULL)));
	TRY(put_header(&w, objects->n));
	for (i = 0; i < objects->n; i++)
		TRY(put_object(&w, &objects->v[i]));
	sha1_end(&w.sum, sum);
	TRY(append(&w, sum, sizeof(sum)));
	return check(&w, w.to->commit(w.to, &w.progress));
}

struct err *
pack_end(struct pack *p)
{
	struct listing objects = {0};
	struct err *e = NULL;

	list(p, &objects);
	/* An empty pack would be one more file for nothing. */
	if (objects.n > 0)
		e = write_pack(p, &objects);
	vec_free(&objects);
	TRY(e);
	lg2.git_repository_set_odb(p->g, p->real);
	repo_objsync(p->repo)->n = p->unsynced;
	return NULL;
}

void
pack_free_p(struct pack **p)
{
	if (*p == NULL)
		return;
	if ((*p)->real != NULL) {
		lg2.git_repository_set_odb((*p)->g, (*p)->real);
		lg2.git_odb_free((*p)->real);
	}
	if ((*p)->here != NULL)
		lg2.git_odb_free((*p)->here);
	free(*p);
	*p = NULL;
}
