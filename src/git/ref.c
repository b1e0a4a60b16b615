#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "git/place.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/txn.h"

#define REF_NAME_MAX 1024
#define REF_PART_MAX 250	/* a file name with room for ".lock" */
#define REF_DEPTH_MAX 32

/* One component of a name: why it is not allowed, or NULL. */
static const char *
part_fault(struct str part)
{
	static const char banned[] = " ~^:?*[\\\x7f";
	size_t i;

	if (part.n == 0)
		return "it has an empty part";
	if (part.n > REF_PART_MAX)
		return "it has a part over 250 bytes";
	if (part.p[0] == '.')
		return "a part begins with '.'";
	if (part.p[0] == '-')
		return "a part begins with '-'";
	if (str_ends(part, ".lock"))
		return "a part ends with '.lock'";
	for (i = 0; i < part.n; i++) {
		if ((unsigned char)part.p[i] < 0x20 || strchr(banned, part.p[i]) != NULL)
			return "it has a space, a control or one of ~^:?*[\\";
		if (i > 0 && part.p[i] == '.' && part.p[i - 1] == '.')
			return "it has '..'";
		if (i > 0 && part.p[i] == '{' && part.p[i - 1] == '@')
			return "it has '@{'";
	}
	return NULL;
}

static const char *
name_fault(struct str name)
{
	struct str rest = name, part;
	const char *fault;
	int parts = 0;

	if (str_is(name, "HEAD"))
		return NULL;
	if (!str_starts(name, "refs/"))
		return "it does not begin with 'refs/'";
	if (name.n > REF_NAME_MAX)
		return "it is over 1024 bytes";
	if (name.p[name.n - 1] == '/' || name.p[name.n - 1] == '.')
		return "it ends with '/' or '.'";
	while (str_next(&rest, '/', &part)) {
		fault = part_fault(part);
		if (fault != NULL)
			return fault;
		parts++;
	}
	return parts < 2 ? "it has one part only" : parts > REF_DEPTH_MAX ? "it has over 32 parts" : NULL;
}

bool
ref_name_ok(struct str name)
{
	return name_fault(name) == NULL;
}

struct err *
ref_name_check(struct str name)
{
	const char *fault = name_fault(name);

	if (fault == NULL)
		return NULL;
	return err_new(ERR_DENIED, "'%.*s' is no ref name that git takes: %s", STR_ARG(str_take(name, 200)),
	    fault);
}

struct err *
ref_read(struct repo *r, const char *name, struct oid *out)
{
	TRY(ref_name_check(str_of(name)));
	return tip_read(r, name, out);
}

void
refs_free(struct refs *refs)
{
	size_t i;

	for (i = 0; i < refs->n; i++)
		free(refs->v[i].name);
	vec_free(refs);
}

struct listing {
	struct repo *r;
	const char *prefix;
	struct map seen;	/* name -> itself */
	struct refs refs;
};

static void
list_add(struct listing *l, struct str name, const struct oid *oid)
{
	struct ref ref = {.oid = *oid};

	if (!str_starts(name, l->prefix) || !ref_name_ok(name) || oid_is_zero(oid) ||
	    map_get_str(&l->seen, name) != NULL)
		return;
	ref.name = str_dup(name);
	vec_push(&l->refs, ref);
	map_set(&l->seen, ref.name, ref.name);
}

static struct err *
list_packed(void *arg, struct str name, const struct oid *oid)
{
	list_add(arg, name, oid);
	return NULL;
}

/* A file or, with *folder set, a folder; neither for what is no ref of any kind. */
static bool
is_listed(const char *path, const struct dirent *entry, bool *folder)
{
	struct stat st;

	*folder = false;
	if (entry->d_name[0] == '.')
		return false;
#ifdef DT_DIR
	*folder = entry->d_type == DT_DIR;
	if (entry->d_type == DT_DIR || entry->d_type == DT_REG)
		return true;
#endif
	if (stat(path, &st) != 0)
		return false;
	*folder = S_ISDIR(st.st_mode);
	return true;
}

static struct err *
list_loose(struct listing *l, const char *dir, int depth)
{
	AUTO(mem_free_p) char *path = path_join(repo_commondir(l->r), dir);
	DIR *d = depth > REF_DEPTH_MAX ? NULL : opendir(path);
	struct err *e = NULL;
	struct dirent *entry;
	struct oid oid;

	if (d == NULL)
		return depth > REF_DEPTH_MAX || errno == ENOENT || errno == ENOTDIR ? NULL :
		    err_sys("cannot list the refs in '%s'", path);
	while (errno = 0, (entry = readdir(d)) != NULL) {
		AUTO(mem_free_p) char *name = mem_printf("%s/%s", dir, entry->d_name);
		AUTO(mem_free_p) char *file = path_join(repo_commondir(l->r), name);
		bool folder;

		if (!is_listed(file, entry, &folder))
			continue;
		if (folder) {
			e = list_loose(l, name, depth + 1);
		} else if (str_starts(str_of(name), l->prefix) && ref_name_ok(str_of(name))) {
			e = tip_read(l->r, name, &oid);
			if (e == NULL)
				list_add(l, str_of(name), &oid);
		}
		if (e != NULL)
			break;
	}
	if (e == NULL && errno != 0)
		e = err_sys("cannot list the refs in '%s'", path);
	closedir(d);
	return e;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct ref *)a)->name, ((const struct ref *)b)->name);
}

struct err *
ref_list(struct repo *r, const char *prefix, struct refs *out)
{
	struct listing l = {.r = r, .prefix = prefix};
	const char *slash = strrchr(prefix, '/');
	AUTO(mem_free_p) char *dir = slash == NULL ? mem_strdup("refs")
	    : mem_strndup(prefix, (size_t)(slash - prefix));
	struct err *e;

	if (strncmp(prefix, "refs", 4) != 0 || strstr(prefix, "..") != NULL)
		return err_new(ERR_DENIED, "refs are listed below 'refs/' only, not '%s'", prefix);
	e = list_loose(&l, dir, 0);
	if (e == NULL)
		e = tip_packed(repo_place(r), prefix, list_packed, &l);
	map_free(&l.seen, NULL);
	if (e != NULL) {
		refs_free(&l.refs);
		return e;
	}
	vec_sort(&l.refs, by_name);
	*out = l.refs;
	return NULL;
}

struct naming {
	const char *folder;
	ref_name_fn *fn;
	void *arg;
};

static struct err *
name_packed(void *arg, struct str name, const struct oid *oid)
{
	struct naming *n = arg;

	(void)oid;
	return str_starts(name, n->folder) ? n->fn(n->arg, name) : NULL;
}

struct err *
ref_names(struct repo *r, const char *folder, ref_name_fn *fn, void *arg)
{
	AUTO(mem_free_p) char *path = path_join(repo_commondir(r), folder);
	struct naming n = {folder, fn, arg};
	DIR *d = opendir(path);
	struct err *e = NULL;
	struct dirent *entry;

	if (d == NULL && errno != ENOENT)
		return err_sys("cannot list the refs in '%s'", path);
	while (d != NULL && e == NULL && (entry = readdir(d)) != NULL) {
		AUTO(mem_free_p) char *name = mem_printf("%s%s", folder, entry->d_name);

		if (ref_name_ok(str_of(name)))
			e = fn(arg, str_of(name));
	}
	if (d != NULL)
		closedir(d);
	return e != NULL ? e : tip_packed(repo_place(r), folder, name_packed, &n);
}

static struct err *
cas(struct repo *r, const char *name, const struct oid *old, const struct oid *new, const char *message, bool lazy)
{
	AUTO(txn_free) struct txn t = {.lazy = lazy};

	txn_add(&t, name, old, new);
	return txn_commit(r, &t, message);
}

struct err *
ref_cas(struct repo *r, const char *name, const struct oid *old, const struct oid *new,
    const char *message)
{
	return cas(r, name, old, new, message, false);
}

struct err *
ref_cas_lazy(struct repo *r, const char *name, const struct oid *old, const struct oid *new,
    const char *message)
{
	return cas(r, name, old, new, message, true);
}
