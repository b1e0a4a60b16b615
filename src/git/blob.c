#include "base/err.h"
#include "git/lg2.h"
#include "git/objsync.h"
#include "git/repo.h"
#include "git/tree.h"

static struct err *
open_odb(struct repo *r, git_odb **out)
{
	git_repository *g;
	int rc;

	TRY(repo_lg2(r, &g));
	rc = lg2.git_repository_odb(out, g);
	return rc < 0 ? lg2_err(r, rc, "cannot open the objects") : NULL;
}

struct err *
blob_write(struct repo *r, struct str data, struct oid *out)
{
	AUTO(lg2_odb_free_p) git_odb *odb = NULL;
	git_oid id;
	int rc;

	TRY(open_odb(r, &odb));
	rc = lg2.git_odb_write(&id, odb, data.n == 0 ? "" : data.p, data.n, GIT_OBJECT_BLOB);
	if (rc < 0)
		return lg2_err(r, rc, "cannot write an object");
	*out = lg2_oid_back(&id);
	objsync_note(r, out);
	return NULL;
}

/* A header of another kind than a blob's is an error. */
static struct err *
read_header(struct repo *r, git_odb *odb, const struct oid *oid, size_t *size)
{
	git_oid id = lg2_oid(oid);
	git_object_t kind;
	int rc = lg2.git_odb_read_header(size, &kind, odb, &id);

	if (rc < 0)
		return lg2_err(r, rc, "cannot read the object '%s'", oid_hex(oid).s);
	if (kind != GIT_OBJECT_BLOB)
		return err_new(ERR_NOT_FOUND, "the object '%s' is no file", oid_hex(oid).s);
	return NULL;
}

struct err *
blob_size(struct repo *r, const struct oid *oid, size_t *out)
{
	AUTO(lg2_odb_free_p) git_odb *odb = NULL;

	TRY(open_odb(r, &odb));
	return read_header(r, odb, oid, out);
}

struct err *
blob_read(struct repo *r, const struct oid *oid, struct buf *out)
{
	AUTO(lg2_odb_free_p) git_odb *odb = NULL;
	AUTO(lg2_odb_object_free_p) git_odb_object *object = NULL;
	git_oid id = lg2_oid(oid);
	size_t size;
	int rc;

	TRY(open_odb(r, &odb));
	TRY(read_header(r, odb, oid, &size));
	if (size > out->max - out->n)
		return err_new(ERR_LIMIT, "the object '%s' has %zu bytes, over the ceiling of %zu",
		    oid_hex(oid).s, size, out->max);
	rc = lg2.git_odb_read(&object, odb, &id);
	if (rc < 0)
		return lg2_err(r, rc, "cannot read the object '%s'", oid_hex(oid).s);
	buf_add(out, lg2.git_odb_object_data(object), lg2.git_odb_object_size(object));
	return buf_check(out, "object");
}

struct err *
blob_hash(struct str data, struct oid *out)
{
	git_oid id;
	int rc;

	TRY(lg2_open());
	rc = lg2.git_odb_hash(&id, data.n == 0 ? "" : data.p, data.n, GIT_OBJECT_BLOB);
	if (rc < 0)
		return lg2_err(NULL, rc, "cannot hash");
	*out = lg2_oid_back(&id);
	return NULL;
}
