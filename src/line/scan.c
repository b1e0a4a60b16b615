#include <string.h>

#include "base/buf.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/redact.h"
#include "git/diff.h"
#include "git/tree.h"
#include "line/scan.h"

static bool
finds(struct redactor *redact, struct str text)
{
	return redact != NULL && defence_on(DEFENCE_OUTPUT_SCAN) && redact_found(redact, text);
}

static struct err *
scan_file(struct repo *r, struct redactor *redact, const struct diff_file *f)
{
	AUTO(buf_free) struct buf text = BUF_INIT(SCAN_FILE_MAX);

	if (finds(redact, str_of(f->path)))
		return err_new(ERR_SECRET, "the name of a changed file holds a secret");
	if (f->status == 'D' || f->new_mode == MODE_GITLINK)
		return NULL;
	TRY(err_wrap(blob_read(r, &f->new_oid, &text), "'%s'", f->path));
	if (finds(redact, buf_str(&text)))
		return err_hint(err_new(ERR_SECRET, "the change writes a secret into '%s'", f->path),
		    "nothing was delivered; look at how the agent came by it");
	return NULL;
}

/*
 * A bare repository by what git itself looks for: HEAD beside objects and
 * refs.  Its config would be obeyed by whoever runs git in that folder.
 */
static struct err *
scan_repository(struct repo *r, const struct oid *tree, const struct diff_file *f, struct strs *remarks)
{
	static const char *const beside[] = {"objects", "refs"};
	struct str folder = str_of(f->path);
	struct tree_entry entry;
	size_t i;

	if (!str_ends(folder, "/HEAD") || f->status == 'D' || !defence_on(DEFENCE_GIT_DIR))
		return NULL;
	folder.n -= strlen("/HEAD");
	for (i = 0; i < NITEMS(beside); i++) {
		AUTO(mem_free_p) char *path = mem_printf("%.*s/%s", STR_ARG(folder), beside[i]);

		TRY(tree_find(r, tree, path, &entry));
		if (entry.mode == MODE_TREE) {
			strs_addf(remarks, "'%.*s' looks like a git repository of its own", STR_ARG(folder));
			return NULL;
		}
	}
	return NULL;
}

struct err *
scan_change(struct repo *r, struct redactor *redact, const struct oid *from, const struct oid *to,
    struct strs *remarks)
{
	AUTO(diff_free) struct diff d = {0};
	size_t i;

	TRY(diff_trees(r, from, to, false, &d));
	for (i = 0; i < d.n; i++) {
		TRY(scan_file(r, redact, &d.v[i]));
		TRY(scan_repository(r, to, &d.v[i], remarks));
	}
	return NULL;
}
