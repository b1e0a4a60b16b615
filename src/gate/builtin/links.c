#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "gate/builtin/builtin.h"
#include "gate/builtin/lang.h"
#include "gate/builtin/remote.h"
#include "gate/glob.h"
#include "gate/relpath.h"
#include "gate/room.h"
#include "git/tree.h"

#define HEADINGS_MAX (4 * MIB)

/* "a/b" beside "docs/x.md" is "docs/a/b"; false when it leads out. */
static bool
resolve(const char *from, struct str link, struct buf *out)
{
	const char *slash = strrchr(from, '/');

	if (!str_starts(link, "/") && slash != NULL)
		buf_add(out, from, (size_t)(slash - from));
	return relpath_add(link, out);
}

static bool
is_remote(struct str link)
{
	size_t i;

	for (i = 0; i < link.n && (isalnum((unsigned char)link.p[i]) || strchr("+.-", link.p[i]) != NULL); i++)
		;
	return i > 1 && i < link.n && link.p[i] == ':';
}

/* As forges make an anchor of a heading. */
static void
add_anchor(struct str heading, struct buf *out)
{
	size_t i;

	heading = str_trim(heading);
	for (i = 0; i < heading.n; i++) {
		unsigned char c = (unsigned char)heading.p[i];

		if (isalnum(c) || c >= 0x80 || c == '_' || c == '-')
			buf_addc(out, (char)(c < 0x80 ? tolower(c) : c));
		else if (c == ' ')
			buf_addc(out, '-');
	}
}

/* Does one of the file's headings make that anchor?  "x-1" is the second "x". */
static bool
has_anchor(struct str text, struct str anchor)
{
	struct str line, want = anchor;

	while (want.n > 1 && isdigit((unsigned char)want.p[want.n - 1]))
		want.n--;
	want.n -= want.n > 1 && want.p[want.n - 1] == '-';
	while (str_line(&text, &line)) {
		AUTO(buf_free) struct buf made = BUF_INIT(HEADINGS_MAX);

		if ((str_find(line, STR("id=\"")) >= 0 || str_find(line, STR("name=\"")) >= 0 || str_has(line, '{')) &&
		    str_find(line, anchor) >= 0)
			return true;
		if (!str_starts(line, "#"))
			continue;
		while (str_starts(line, "#"))
			line = str_skip(line, 1);
		add_anchor(line, &made);
		if (str_eq(buf_str(&made), anchor) || str_eq(buf_str(&made), want))
			return true;
	}
	return false;
}

static struct err *
judge_local(struct inspect *in, const struct change_file *f, int64_t line, struct str link)
{
	AUTO(buf_free) struct buf plain = BUF_INIT(TREE_PATH_MAX), path = BUF_INIT(TREE_PATH_MAX);
	ptrdiff_t hash = str_chr(link, '#');
	struct str anchor = {0}, text;
	struct tree_entry e = {.mode = MODE_FILE};

	if (hash >= 0)
		anchor = str_skip(link, (size_t)hash + 1);
	relpath_unquote(hash < 0 ? link : str_take(link, (size_t)hash), &plain);
	if (str_chr(buf_str(&plain), '?') > 0)
		buf_trunc(&plain, (size_t)str_chr(buf_str(&plain), '?'));
	if (plain.n == 0)
		buf_adds(&path, f->path);
	else if (!resolve(f->path, buf_str(&plain), &path))
		/* Out of the tree are other pages of the forge. */
		return NULL;
	if (path.n != 0)
		TRY(tree_find(in->s->gates->o.repo, &in->s->tree, buf_cstr(&path), &e));
	if (e.mode == 0) {
		inspect_find(in, FINDING_BLOCKS, "link", f->path, line, "there is no '%s'", buf_cstr(&path));
		return NULL;
	}
	if (anchor.n == 0 || e.mode == MODE_TREE || !lang_is(lang_of(buf_cstr(&path)), "prose") ||
	    (anchor.p[0] == 'L' && anchor.n > 1 && isdigit((unsigned char)anchor.p[1])))
		return NULL;
	TRY(change_text(in->change, buf_cstr(&path), false, &text));
	if (!has_anchor(text, anchor))
		inspect_find(in, FINDING_FLAGGED, "anchor", f->path, line, "no heading makes '#%.*s'", STR_ARG(anchor));
	return NULL;
}

/* The next "](link)" or "]: link" of a line. */
static bool
next_link(struct str *rest, struct str *link)
{
	ptrdiff_t at;
	size_t n;

	while ((at = str_chr(*rest, ']')) >= 0) {
		*rest = str_skip(*rest, (size_t)at + 1);
		if (str_starts(*rest, "("))
			*rest = str_skip(*rest, 1);
		else if (str_starts(*rest, ": "))
			*rest = str_skip(*rest, 2);
		else
			continue;
		while (str_starts(*rest, " ") || str_starts(*rest, "<"))
			*rest = str_skip(*rest, 1);
		for (n = 0; n < rest->n && strchr(" )>\t\"", rest->p[n]) == NULL; n++)
			;
		*link = str_take(*rest, n);
		*rest = str_skip(*rest, n);
		if (n != 0)
			return true;
	}
	return false;
}

/* Lines in fences and in single backquotes show links, and make none. */
static bool
in_fence(struct str text, int64_t line)
{
	struct str l;
	bool in = false;

	for (; line > 0 && str_line(&text, &l); line--)
		if (str_starts(str_trim(l), "```") || str_starts(str_trim(l), "~~~"))
			in = !in;
	return in;
}

/* One to ask for, if it is new; a place in the page makes no other one. */
static void
add_remote(struct remote_links *ls, const char *path, int64_t line, struct str link)
{
	size_t i;

	link = str_take(link, strcspn(link.p, "#") < link.n ? strcspn(link.p, "#") : link.n);
	for (i = 0; i < ls->n; i++)
		if (str_is(link, ls->v[i].url))
			return;
	vec_push(ls, ((struct remote_link){str_dup(link), path, line}));
}

static struct err *
judge_line(struct inspect *in, const struct change_file *f, const struct change_line *l, struct str text,
    struct remote_links *remote)
{
	struct str rest = l->text, link;

	if (str_find(rest, STR("](")) < 0 && str_find(rest, STR("]: ")) < 0)
		return NULL;
	if (str_has(rest, '`') || in_fence(text, l->line))
		return NULL;
	while (next_link(&rest, &link)) {
		if (!is_remote(link) && !str_starts(link, "//")) {
			TRY(judge_local(in, f, l->line, link));
			continue;
		}
		if (str_starts(link, "http://") || str_starts(link, "https://"))
			add_remote(remote, f->path, l->line, link);
		if (str_starts(link, "http://") && str_find(link, STR("localhost")) < 0) {
			inspect_find(in, FINDING_NOTE, "remote", f->path, l->line, "an address without encryption: %.*s",
			    STR_ARG(str_take(link, 200)));
		}
	}
	return NULL;
}

struct err *
links_judge(struct inspect *in)
{
	AUTO(remote_links_free) struct remote_links remote = {0};
	size_t i, k;

	for (i = 0; i < change_count(in->change); i++) {
		const struct change_file *f = change_at(in->change, i);
		struct str text;

		if (f->added.n == 0 || !inspect_sees(in, f->path) || !(glob_path("*.md", f->path, GLOB_ICASE) ||
		    glob_path("*.markdown", f->path, GLOB_ICASE)))
			continue;
		TRY(change_text(in->change, f->path, false, &text));
		for (k = 0; k < f->added.n; k++)
			TRY(judge_line(in, f, &f->added.v[k], text, &remote));
	}
	return remote_wanted(in) ? remote_judge(in, &remote) : NULL;
}
