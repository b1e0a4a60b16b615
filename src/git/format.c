#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/conffile.h"
#include "git/format.h"
#include "git/place.h"

struct reading {
	struct format *f;
	char *object_format, *ref_storage;
	char *unknown;		/* the first extension that nobody here knows */
};

void
format_free(struct format *f)
{
	free(f->worktree);
	*f = (struct format){0};
}

static void
reading_free(struct reading *r)
{
	free(r->object_format);
	free(r->ref_storage);
	free(r->unknown);
}

static void
set(char **field, const char *value)
{
	free(*field);
	*field = mem_strdup(value == NULL ? "" : value);
}

static struct err *
read_extension(struct reading *r, const char *name, const char *value)
{
	static const char *const harmless[] = {"noop", "noop-v1", "preciousobjects", "relativeworktrees"};
	size_t i;

	if (strcmp(name, "objectformat") == 0)
		set(&r->object_format, value);
	else if (strcmp(name, "refstorage") == 0)
		set(&r->ref_storage, value);
	else if (strcmp(name, "partialclone") == 0)
		r->f->partial = true;
	else if (strcmp(name, "worktreeconfig") == 0)
		return conffile_bool(value, &r->f->worktree_config) ? NULL :
		    err_new(ERR_CONFIG, "extensions.worktreeConfig is no boolean: '%s'", value);
	else {
		for (i = 0; i < NITEMS(harmless); i++)
			if (strcmp(name, harmless[i]) == 0)
				return NULL;
		if (r->unknown == NULL)
			set(&r->unknown, name);
	}
	return NULL;
}

static struct err *
read_setting(void *arg, const char *key, const char *value)
{
	struct reading *r = arg;

	if (strncmp(key, "extensions.", 11) == 0)
		return read_extension(r, key + 11, value);
	if (strcmp(key, "core.repositoryformatversion") == 0) {
		if (value == NULL || !str_int(str_of(value), 0, INT32_MAX, &r->f->version))
			return err_new(ERR_CONFIG, "core.repositoryFormatVersion is no number: '%s'",
			    value == NULL ? "" : value);
	} else if (strcmp(key, "core.bare") == 0) {
		if (!conffile_bool(value, &r->f->bare))
			return err_new(ERR_CONFIG, "core.bare is no boolean: '%s'", value);
		r->f->bare_set = true;
	} else if (strcmp(key, "core.worktree") == 0) {
		set(&r->f->worktree, value);
	} else if (str_starts(str_of(key), "remote.") && str_ends(str_of(key), ".promisor")) {
		/* What git clone --filter writes; the extension is older. */
		r->f->partial = true;
	}
	return NULL;
}

static struct err *
read_file(const char *dir, const char *name, struct reading *r)
{
	AUTO(mem_free_p) char *path = path_join(dir, name);
	AUTO(buf_free) struct buf b = BUF_INIT(CONFFILE_MAX);
	struct err *e = file_read(AT_FDCWD, path, &b);

	if (err_is(e, ERR_NOT_FOUND)) {
		err_ignore(e);
		return NULL;
	}
	if (e != NULL)
		return e;
	return err_recode(conffile_parse(path, buf_str(&b), read_setting, r), ERR_REPOSITORY);
}

static struct err *
judge(const struct place *p, const struct reading *r)
{
	const char *at = p->commondir;

	if (r->f->version > 1)
		return err_hint(err_new(ERR_REPOSITORY, "'%s' has repository format %lld; this program knows 0 and 1",
		    at, (long long)r->f->version), "use a newer git-factory, or clone the repository again");
	if (r->object_format != NULL && strcasecmp(r->object_format, "sha1") != 0)
		return err_hint(err_new(ERR_REPOSITORY, "'%s' has %s object ids, and libgit2 reads only sha1",
		    at, r->object_format),
		    "bring it over: 'git init new', then 'git fast-export --all | git -C new fast-import'");
	if (r->ref_storage != NULL && strcasecmp(r->ref_storage, "files") != 0)
		return err_hint(err_new(ERR_REPOSITORY, "'%s' keeps its refs as %s, and libgit2 reads only files",
		    at, r->ref_storage), "run 'git refs migrate --ref-format=files'");
	if (r->f->version == 1 && r->unknown != NULL)
		return err_hint(err_new(ERR_REPOSITORY, "'%s' has the extension '%s', which libgit2 cannot read",
		    at, r->unknown), "run 'git config --unset extensions.%s' if nothing needs it", r->unknown);
	return NULL;
}

struct err *
format_read(const struct place *p, struct format *out)
{
	AUTO(format_free) struct format f = {0};
	AUTO(reading_free) struct reading r = {.f = &f};

	TRY(read_file(p->commondir, "config", &r));
	if (f.worktree_config)
		TRY(read_file(p->gitdir, "config.worktree", &r));
	TRY(judge(p, &r));
	*out = f;
	f = (struct format){0};
	return NULL;
}
