#include <string.h>

#include "base/buf.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/redact.h"
#include "git/diff.h"
#include "git/tree.h"
#include "line/scan.h"

/* Code points that steer a reader; line ends and form feeds are ordinary. */
static size_t
count_hidden(struct str s)
{
	size_t n = 0;
	int32_t c;

	if (str_has(s, '\0'))
		return 0;	/* binary */
	while (s.n > 0) {
		c = utf8_next(&s);
		n += c > 0 && c != '\r' && c != '\f' && text_hidden(c);
	}
	return n;
}

static struct err *
hidden_in(struct repo *r, const struct oid *blob, size_t *out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(SCAN_FILE_MAX);

	if (oid_is_zero(blob)) {
		*out = 0;
		return NULL;
	}
	TRY(blob_read(r, blob, &text));
	*out = count_hidden(buf_str(&text));
	return NULL;
}

static bool
finds(struct redactor *redact, struct str text)
{
	return redact != NULL && defence_on(DEFENCE_OUTPUT_SCAN) && redact_found(redact, text);
}

static struct err *
scan_file(struct repo *r, struct redactor *redact, const struct diff_file *f, struct strs *remarks)
{
	AUTO(buf_free) struct buf text = BUF_INIT(SCAN_FILE_MAX);
	size_t now, before;

	if (finds(redact, str_of(f->path)))
		return err_new(ERR_SECRET, "the name of a changed file holds a secret");
	if (f->status == 'D' || f->new_mode == MODE_GITLINK)
		return NULL;
	TRY(err_wrap(blob_read(r, &f->new_oid, &text), "'%s'", f->path));
	if (finds(redact, buf_str(&text)))
		return err_hint(err_new(ERR_SECRET, "the change writes a secret into '%s'", f->path),
		    "nothing was delivered; look at how the agent came by it");
	now = count_hidden(buf_str(&text));
	if (now == 0 || !defence_on(DEFENCE_HIDDEN))
		return NULL;
	TRY(hidden_in(r, f->old_mode == MODE_GITLINK ? &oid_zero : &f->old_oid, &before));
	if (now > before)
		strs_addf(remarks, "'%s' gained characters that a reader does not see: look at its bytes", f->path);
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
		TRY(scan_file(r, redact, &d.v[i], remarks));
		TRY(scan_repository(r, to, &d.v[i], remarks));
	}
	return NULL;
}
