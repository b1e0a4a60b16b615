#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/beneath.h"
#include "tool/serve.h"
#include "tool/tool.h"
#include "wire/node.h"

#define LIST_MAX 1000	/* lines of one answer of list */
#define FOLDER_MAX 100000
#define LINES_DEFAULT 2000

/* A text file within the ceiling, or a message that says what it is. */
static struct err *
load(int root, const char *path, struct buf *content)
{
	struct err *e = beneath_read(root, path, content);

	if (err_is(e, ERR_LIMIT)) {
		err_free(e);
		return err_hint(err_new(ERR_LIMIT, "'%s' is larger than %zu MiB", path, TOOL_FILE_MAX / MIB),
		    "look at parts of it with run: head, tail, sed");
	}
	TRY(e);
	if (!text_like(buf_str(content)))
		return err_hint(err_new(ERR_DENIED, "'%s' is a binary file", path),
		    "look at it with run: file, od, strings");
	return NULL;
}

static struct err *
may_write(const char *path)
{
	if (path_in_git(path))
		return err_new(ERR_DENIED, "'%s' is inside .git, which is not part of the change", path);
	if (strcmp(path, ".") == 0)
		return err_new(ERR_DENIED, "the path names no file");
	return NULL;
}

/* Where the reader is told how to go on. */
static void
add_rest(struct answer *a, int64_t first, int64_t last, int64_t total)
{
	buf_addf(&a->text, "\n[lines %lld to %lld of %lld", (long long)first, (long long)last,
	    (long long)total);
	if (last < total)
		buf_addf(&a->text, "; go on with start: %lld", (long long)last + 1);
	buf_addc(&a->text, ']');
}

static int64_t
count_lines(struct str text)
{
	struct str line;
	int64_t n = 0;

	while (str_next(&text, '\n', &line))
		n++;
	return n;
}

struct err *
serve_read_file(int root, const struct node *input, struct answer *a)
{
	static const char *const known[] = {"path", "start", "lines", NULL};
	AUTO(buf_free) struct buf content = BUF_INIT(TOOL_FILE_MAX);
	AUTO(mem_free_p) char *path = NULL;
	int64_t start, lines, total, at = 1;
	struct str rest, line;

	TRY(input_check(input, known));
	TRY(input_path(input, false, &path));
	TRY(input_int(input, "start", 1, INT32_MAX, 1, &start));
	TRY(input_int(input, "lines", 1, INT32_MAX, LINES_DEFAULT, &lines));
	TRY(load(root, path, &content));
	rest = buf_str(&content);
	total = count_lines(rest);
	if (start > total && total > 0)
		return err_new(ERR_USAGE, "'%s' has only %lld lines", path, (long long)total);
	while (at < start && str_next(&rest, '\n', &line))
		at++;
	while (at < start + lines && str_next(&rest, '\n', &line)) {
		bool fits = a->text.n + line.n + 1 <= TOOL_READ_MAX;

		if (!fits && at > start)
			break;
		buf_addstr(&a->text, str_take(line, TOOL_READ_MAX));
		if (!fits)
			buf_adds(&a->text, "[line cut]");
		/* The last line of a file may lack its end, and the model must see that. */
		if (rest.p != NULL && (rest.n > 0 || content.p[content.n - 1] == '\n'))
			buf_addc(&a->text, '\n');
		at++;
	}
	if (start > 1 || at <= total)
		add_rest(a, start, at - 1, total);
	else if (total == 0)
		buf_adds(&a->text, "[the file is empty]");
	return NULL;
}

struct err *
serve_write_file(int root, const struct node *input, struct answer *a)
{
	static const char *const known[] = {"path", "content", NULL};
	AUTO(mem_free_p) char *path = NULL;
	struct str content;

	TRY(input_check(input, known));
	TRY(input_path(input, false, &path));
	TRY(input_text(input, "content", &content));
	TRY(may_write(path));
	if (content.n > TOOL_FILE_MAX)
		return err_new(ERR_LIMIT, "the content is larger than %zu MiB", TOOL_FILE_MAX / MIB);
	a->wrote = true;
	TRY(beneath_write(root, path, content, 0644));
	buf_addf(&a->text, "wrote %zu bytes to '%s'", content.n, path);
	return NULL;
}

static struct err *
count_matches(const char *path, struct str content, struct str old, size_t *at)
{
	AUTO(buf_free) struct buf lines = BUF_INIT(KIB);
	struct str rest = content;
	ptrdiff_t found;
	size_t n = 0;

	while ((found = str_find(rest, old)) >= 0) {
		size_t here = (size_t)(rest.p - content.p) + (size_t)found;

		if (n++ == 0)
			*at = here;
		if (n <= 5)
			buf_addf(&lines, "%s%lld", n > 1 ? ", " : "",
			    (long long)count_lines(str_take(content, here + 1)));
		rest = str_skip(content, here + 1);
	}
	if (n == 0)
		return err_hint(err_new(ERR_NOT_FOUND, "'old' does not occur in '%s'", path),
		    "read the file again; every space, tab and line end must be the same");
	if (n > 1)
		return err_hint(err_new(ERR_AMBIGUOUS, "'old' occurs %zu times in '%s' (lines %s%s)", n, path,
		    buf_cstr(&lines), n > 5 ? ", .." : ""), "take in more of what is around it");
	return NULL;
}

struct err *
serve_edit(int root, const struct node *input, struct answer *a)
{
	static const char *const known[] = {"path", "old", "new", NULL};
	AUTO(buf_free) struct buf content = BUF_INIT(TOOL_FILE_MAX);
	AUTO(mem_free_p) char *path = NULL;
	struct str old, new;
	size_t at = 0;

	TRY(input_check(input, known));
	TRY(input_path(input, false, &path));
	TRY(input_text(input, "old", &old));
	TRY(input_text(input, "new", &new));
	TRY(may_write(path));
	if (old.n == 0)
		return err_hint(err_new(ERR_USAGE, "'old' is empty"), "write a new file with write_file");
	if (str_eq(old, new))
		return err_new(ERR_USAGE, "'old' and 'new' are the same");
	TRY(load(root, path, &content));
	TRY(count_matches(path, buf_str(&content), old, &at));
	buf_cut(&content, at, old.n);
	buf_insert(&content, at, new.p, new.n);
	TRY(buf_check(&content, path));
	a->wrote = true;
	TRY(beneath_write(root, path, buf_str(&content), 0644));
	buf_addf(&a->text, "edited '%s' at line %lld", path,
	    (long long)count_lines(str_take(buf_str(&content), at + 1)));
	return NULL;
}

struct listing {
	int root;
	struct answer *a;
	size_t lines;
};

static void
add_link(struct listing *l, const char *path)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(l->root, path, target, sizeof(target));

	buf_addf(&l->a->text, "%s -> %.*s\n", path, n > 0 ? (int)n : 0, target);
}

static struct err *
list_folder(struct listing *l, const char *path, int64_t depth)
{
	AUTO(beneath_entries_free) struct beneath_entries entries = {0};
	size_t i;

	TRY(beneath_list(l->root, path, FOLDER_MAX, &entries));
	for (i = 0; i < entries.n && l->lines < LIST_MAX; i++) {
		const struct beneath_entry *e = &entries.v[i];
		AUTO(mem_free_p) char *full =
		    strcmp(path, ".") == 0 ? mem_strdup(e->name) : path_join(path, e->name);

		if (strcmp(full, ".git") == 0)
			continue;
		l->lines++;
		if (e->kind == BENEATH_LINK)
			add_link(l, full);
		else if (e->kind == BENEATH_FILE)
			buf_addf(&l->a->text, "%s %lld\n", full, (long long)e->size);
		else
			buf_addf(&l->a->text, "%s%s\n", full, e->kind == BENEATH_DIR ? "/" : " (special)");
		/* A folder that cannot be read, or is gone, is no reason to stop. */
		if (e->kind == BENEATH_DIR && depth > 1)
			err_ignore(list_folder(l, full, depth - 1));
	}
	return NULL;
}

struct err *
serve_list(int root, const struct node *input, struct answer *a)
{
	static const char *const known[] = {"path", "depth", NULL};
	AUTO(mem_free_p) char *path = NULL;
	struct listing l = {.root = root, .a = a};
	int64_t depth;

	TRY(input_check(input, known));
	TRY(input_path(input, true, &path));
	TRY(input_int(input, "depth", 1, 20, 2, &depth));
	TRY(list_folder(&l, path, depth));
	if (l.lines == 0)
		buf_adds(&a->text, "[the folder is empty]");
	else if (l.lines == LIST_MAX)
		buf_addf(&a->text, "[cut after %d lines; list a folder below]", LIST_MAX);
	return NULL;
}
