#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "git/diff.h"
#include "git/lg2.h"
#include "git/repo.h"
#include "git/tree.h"

/* Two trees side by side; libgit2's own diff opens equal subtrees too. */
struct pair {
	struct repo *r;
	git_repository *g;
	struct buf path;
	int depth;
	size_t seen;		/* entries of both sides */
	struct diff *out;
};

/* The entry in hand of one side; name NULL at its end. */
struct side {
	git_tree *tree;
	size_t at, n;
	const char *name;
	unsigned mode;
	struct oid oid;
};

static void
side_load(struct side *s)
{
	const git_tree_entry *entry;

	s->name = NULL;
	if (s->at >= s->n)
		return;
	entry = lg2.git_tree_entry_byindex(s->tree, s->at);
	s->name = lg2.git_tree_entry_name(entry);
	s->mode = (unsigned)lg2.git_tree_entry_filemode_raw(entry);
	s->oid = lg2_oid_back(lg2.git_tree_entry_id(entry));
}

static struct err *
side_open(struct pair *p, const struct oid *oid, struct side *s)
{
	git_oid id = lg2_oid(oid);
	int rc;

	if (oid_is_zero(oid) || oid_eq(oid, &oid_empty_tree))
		return NULL;
	rc = lg2.git_tree_lookup(&s->tree, p->g, &id);
	if (rc < 0)
		return lg2_err(p->r, rc, "cannot read the tree '%s'", oid_hex(oid).s);
	s->n = lg2.git_tree_entrycount(s->tree);
	side_load(s);
	return NULL;
}

static void
side_next(struct side *s)
{
	s->at++;
	side_load(s);
}

static void
side_close(struct side *s)
{
	lg2_tree_free_p(&s->tree);
}

/* Git's order of a tree: a folder sorts as if its name ended in '/'. */
static int
side_cmp(const struct side *a, const struct side *b)
{
	size_t n, x, y;
	unsigned char c, d;
	int order;

	if (a->name == NULL || b->name == NULL)
		return (a->name == NULL) - (b->name == NULL);
	x = strlen(a->name);
	y = strlen(b->name);
	n = x < y ? x : y;
	order = memcmp(a->name, b->name, n);
	if (order != 0)
		return order;
	c = (unsigned char)(x > n ? a->name[n] : a->mode == MODE_TREE ? '/' : '\0');
	d = (unsigned char)(y > n ? b->name[n] : b->mode == MODE_TREE ? '/' : '\0');
	return (c > d) - (c < d);
}

static struct err *diff_pair(struct pair *p, const struct oid *old, const struct oid *new);

static void
emit(struct pair *p, const struct side *old, const struct side *new)
{
	struct diff_file f = {.path = mem_strdup(buf_cstr(&p->path))};

	if (old != NULL) {
		f.old_mode = old->mode;
		f.old_oid = old->oid;
	}
	if (new != NULL) {
		f.new_mode = new->mode;
		f.new_oid = new->oid;
	}
	f.status = old == NULL ? 'A' : new == NULL ? 'D' :
	    (old->mode ^ new->mode) & 0170000 ? 'T' : 'M';
	vec_push(p->out, f);
}

/* One name; either side may be NULL.  The kinds agree where both are there. */
static struct err *
diff_name(struct pair *p, const struct side *old, const struct side *new)
{
	const struct side *any = old != NULL ? old : new;
	size_t length = p->path.n;
	struct err *e = NULL;

	if (old != NULL && new != NULL && old->mode == new->mode && oid_eq(&old->oid, &new->oid))
		return NULL;
	if (length > 0)
		buf_addc(&p->path, '/');
	buf_adds(&p->path, any->name);
	TRY(buf_check(&p->path, "path"));
	if (any->mode != MODE_TREE) {
		emit(p, old, new);
	} else {
		p->depth++;
		e = diff_pair(p, old == NULL ? &oid_zero : &old->oid, new == NULL ? &oid_zero : &new->oid);
		p->depth--;
	}
	buf_trunc(&p->path, length);
	return e;
}

static struct err *
diff_pair(struct pair *p, const struct oid *old, const struct oid *new)
{
	AUTO(side_close) struct side a = {0};
	AUTO(side_close) struct side b = {0};
	int order;

	if (p->depth > TREE_DEPTH_MAX)
		return err_new(ERR_LIMIT, "'%s' is over %d folders deep", buf_cstr(&p->path), TREE_DEPTH_MAX);
	TRY(side_open(p, old, &a));
	TRY(side_open(p, new, &b));
	p->seen += a.n + b.n;
	if (p->seen > TREE_ENTRIES_MAX && defence_on(DEFENCE_CEILINGS))
		return tree_too_large(buf_cstr(&p->path));
	while (a.name != NULL || b.name != NULL) {
		order = side_cmp(&a, &b);
		TRY(diff_name(p, order <= 0 ? &a : NULL, order >= 0 ? &b : NULL));
		if (order <= 0)
			side_next(&a);
		if (order >= 0)
			side_next(&b);
	}
	return NULL;
}

struct err *
diff_tree_names(struct repo *r, const struct oid *old, const struct oid *new, struct diff *out)
{
	AUTO(diff_free) struct diff d = {0};
	struct pair p = {.r = r, .path = BUF_INIT(64 * KIB), .out = &d};
	struct err *e = repo_lg2(r, &p.g);

	if (e == NULL && !oid_eq(old, new))
		e = diff_pair(&p, old, new);
	buf_free(&p.path);
	if (e != NULL)
		return e;
	*out = d;
	d = (struct diff){0};
	return NULL;
}
