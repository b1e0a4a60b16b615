#include "git/pack.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/lg2.h"
#include "git/objsync.h"
#include "git/repo.h"

#define FIRST 1000	/* before the loose objects (1) and the packs (2) */

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

static struct err *
write_pack(struct pack *p, const git_buf *bytes)
{
	git_indexer_progress progress = {0};
	git_odb_writepack *w = NULL;
	int rc;

	lg2_fsync(true);
	rc = lg2.git_odb_write_pack(&w, p->real, NULL, NULL);
	if (rc == 0)
		rc = w->append(w, bytes->ptr, bytes->size, &progress);
	if (rc == 0)
		rc = w->commit(w, &progress);
	if (w != NULL)
		w->free(w);
	lg2_fsync(false);
	return rc < 0 ? lg2_err(p->repo, rc, "cannot write a pack") : NULL;
}

/* What was noted since the begin, as the bytes of a pack. */
static int
pack_bytes(struct pack *p, git_buf *out)
{
	struct objsync *noted = repo_objsync(p->repo);
	git_packbuilder *b = NULL;
	size_t i;
	int rc = lg2.git_packbuilder_new(&b, p->g);

	for (i = p->unsynced; rc == 0 && i < noted->n; i++) {
		git_oid id = lg2_oid(&noted->v[i].oid);

		rc = lg2.git_packbuilder_insert(b, &id, NULL);
	}
	if (rc == 0)
		rc = lg2.git_packbuilder_write_buf(out, b);
	lg2.git_packbuilder_free(b);
	return rc;
}

struct err *
pack_end(struct pack *p)
{
	git_buf bytes = {0};
	struct err *e = NULL;
	int rc = 0;

	/* An empty pack would be one more file for nothing. */
	if (repo_objsync(p->repo)->n > p->unsynced)
		rc = pack_bytes(p, &bytes);
	if (rc < 0)
		e = lg2_err(p->repo, rc, "cannot pack objects");
	else if (bytes.size > 0)
		e = write_pack(p, &bytes);
	lg2.git_buf_dispose(&bytes);
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
