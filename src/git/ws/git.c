/*
 * ws/git.c - the throw-away repository that tools in a workspace find: they
 * want a HEAD, an index and the objects.  Nothing of ours reads it again.
 */
#include "git/ws/priv.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/repo.h"
#include "sys/userns.h"

/*
 * checkStat and trustctime: the files were written by somebody else, seen
 * through an overlay; only their size and time count.
 */
static const char config[] =
    "[core]\n"
    "\trepositoryformatversion = 0\n"
    "\tfilemode = true\n"
    "\tbare = false\n"
    "\tlogallrefupdates = false\n"
    "\tcheckStat = minimal\n"
    "\ttrustctime = false\n"
    "[gc]\n"
    "\tauto = 0\n"
    "[maintenance]\n"
    "\tauto = false\n";

static void
objects_add(struct ws_objects *o, const char *path)
{
	struct stat st;

	if (o->n == WS_OBJECTS_MAX || stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return;
	o->from[o->n] = mem_strdup(path);
	o->to[o->n] = mem_printf(".git/base/%zu", o->n);
	o->binds[o->n] = (struct userns_bind){.from = o->from[o->n], .to = o->to[o->n]};
	o->n++;
}

/* Alternates of alternates too: the list grows while it is read. */
void
ws_objects_find(struct repo *r, struct ws_objects *out)
{
	struct ws_objects o = {.n = 0};
	char *own = path_join(repo_commondir(r), "objects");

	objects_add(&o, own);
	free(own);
	for (size_t i = 0; i < o.n; i++) {
		AUTO(mem_free_p) char *list = path_join(o.from[i], "info/alternates");
		AUTO(buf_free) struct buf b = BUF_INIT(MIB);
		struct str text, line;

		err_ignore(file_read(AT_FDCWD, list, &b));
		text = buf_str(&b);
		while (str_line(&text, &line)) {
			AUTO(mem_free_p) char *name = str_dup(line);
			AUTO(mem_free_p) char *path = name[0] == '/' ? mem_strdup(name) :
			    path_join(o.from[i], name);

			if (line.n > 0 && line.p[0] != '#')
				objects_add(&o, path);
		}
	}
	*out = o;
}

void
ws_objects_free(struct ws_objects *o)
{
	for (size_t i = 0; i < o->n; i++) {
		free(o->from[i]);
		free(o->to[i]);
	}
	o->n = 0;
}

static struct err *
write_head(const struct workspace *ws, int dirfd)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	AUTO(mem_free_p) char *shallow = path_join(repo_commondir(ws->terms.repo), "shallow");

	if (oid_is_zero(&ws->commit))
		buf_adds(&b, "ref: refs/heads/main\n");
	else
		buf_addf(&b, "%s\n", oid_hex(&ws->commit).s);
	TRY(file_replace(dirfd, ".git/HEAD", buf_str(&b), 0644, false));
	if (!repo_is_shallow(ws->terms.repo))
		return NULL;
	buf_clear(&b);
	TRY(file_read(AT_FDCWD, shallow, &b));
	return file_replace(dirfd, ".git/shallow", buf_str(&b), 0644, false);
}

static struct err *
write_all(const struct workspace *ws, int dirfd, const struct ws_objects *objects, bool direct)
{
	static const char *const dirs[] = {".git/objects/info", ".git/objects/pack",
	    ".git/refs/heads", ".git/refs/tags", ".git/info"};
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);

	for (size_t i = 0; i < NITEMS(dirs); i++)
		TRY(dir_make(dirfd, dirs[i], 0755));
	for (size_t i = 0; i < objects->n; i++) {
		TRY(dir_make(dirfd, objects->to[i], 0755));
		if (direct)
			buf_addf(&b, "%s\n", objects->from[i]);
		else
			buf_addf(&b, "../base/%zu\n", i);
	}
	TRY(file_replace(dirfd, ".git/objects/info/alternates", buf_str(&b), 0644, false));
	TRY(file_replace(dirfd, ".git/config", str_of(config), 0644, false));
	return write_head(ws, dirfd);
}

struct err *
ws_git_write(const struct workspace *ws, int dirfd, const struct ws_objects *objects,
    bool direct)
{
	struct userns_self self = userns_become(ws->terms.uid, ws->terms.gid);
	struct err *e = write_all(ws, dirfd, objects, direct);

	userns_return(self);
	return e;
}
