#include <fnmatch.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/regex.h"
#include "base/str.h"
#include "sys/beneath.h"
#include "tool/serve.h"
#include "tool/tool.h"
#include "wire/node.h"

#define MATCHES_MAX 200
#define LINE_MAX_BYTES 300
#define FOLDER_MAX 100000
#define DEPTH_MAX 64
#define SEARCH_MS 20000

/* What setup and build put there; searched only when 'path' leads into it. */
static const char *const skipped[] = {".git", "node_modules", ".venv", "__pycache__"};

struct search {
	int root;
	struct answer *a;
	struct regex *regex;
	const char *glob;	/* or NULL */
	struct buf content;	/* of one file at a time */
	size_t matches;
	int64_t until;
	bool out_of_time;
};

static bool
is_over(struct search *s)
{
	struct clock c = clock_system();

	if (clock_mono(&c) > s->until)
		s->out_of_time = true;
	return s->out_of_time || s->matches >= MATCHES_MAX;
}

static bool
glob_matches(const struct search *s, const char *path)
{
	if (s->glob == NULL)
		return true;
	if (strchr(s->glob, '/') != NULL)
		return fnmatch(s->glob, path, 0) == 0;
	return fnmatch(s->glob, path_base(path), 0) == 0;
}

static void
add_match(struct search *s, const char *path, int64_t number, struct str line)
{
	s->matches++;
	buf_addf(&s->a->text, "%s:%lld: %.*s%s\n", path, (long long)number,
	    STR_ARG(str_take(line, LINE_MAX_BYTES)), line.n > LINE_MAX_BYTES ? " [cut]" : "");
}

static struct err *
search_text(struct search *s, const char *path)
{
	struct str rest = buf_str(&s->content);
	struct regex_match m;
	struct str line;
	int64_t number = 0;
	bool found;

	while (!is_over(s) && str_line(&rest, &line)) {
		number++;
		TRY(regex_find(s->regex, line, 0, &found, &m));
		if (found)
			add_match(s, path, number, line);
	}
	return NULL;
}

static struct err *
search_file(struct search *s, const char *path)
{
	struct err *e;

	if (!glob_matches(s, path))
		return NULL;
	buf_clear(&s->content);
	e = beneath_read(s->root, path, &s->content);
	/* Too large, unreadable or gone: what is left is searched. */
	if (e != NULL || !text_like(buf_str(&s->content))) {
		err_ignore(e);
		return NULL;
	}
	return search_text(s, path);
}

static bool
is_skipped(const char *name)
{
	size_t i;

	for (i = 0; i < NITEMS(skipped); i++) {
		if (strcmp(name, skipped[i]) == 0)
			return true;
	}
	return false;
}

static struct err *
search_folder(struct search *s, const char *path, int depth)
{
	AUTO(beneath_entries_free) struct beneath_entries entries = {0};
	size_t i;

	TRY(beneath_list(s->root, path, FOLDER_MAX, &entries));
	for (i = 0; i < entries.n && !is_over(s); i++) {
		const struct beneath_entry *e = &entries.v[i];
		AUTO(mem_free_p) char *full =
		    strcmp(path, ".") == 0 ? mem_strdup(e->name) : path_join(path, e->name);

		if (e->kind == BENEATH_FILE)
			TRY(search_file(s, full));
		else if (e->kind == BENEATH_DIR && depth < DEPTH_MAX && !is_skipped(e->name))
			TRY(search_folder(s, full, depth + 1));
	}
	return NULL;
}

static struct err *
search_path(struct search *s, const char *path)
{
	AUTO(fd_close_p) int fd = -1;
	struct err *e = beneath_open(s->root, path, O_RDONLY | O_DIRECTORY, 0, &fd);

	if (e == NULL)
		return search_folder(s, path, 0);
	err_free(e);
	TRY(beneath_open(s->root, path, O_RDONLY | O_NONBLOCK, 0, &fd));
	s->glob = NULL;
	return search_file(s, path);
}

struct err *
serve_search(int root, const struct node *input, struct answer *a)
{
	static const char *const known[] = {"pattern", "path", "glob", "ignore_case", "literal", NULL};
	AUTO(mem_free_p) char *path = NULL;
	AUTO(regex_free_p) struct regex *regex = NULL;
	struct clock c = clock_system();
	struct search s = {.root = root, .a = a, .content = BUF_INIT(TOOL_FILE_MAX),
	    .glob = node_get_str(input, "glob"), .until = clock_mono(&c) + SEARCH_MS};
	struct str pattern;
	struct err *e;
	unsigned flags = 0;

	TRY(input_check(input, known));
	TRY(input_text(input, "pattern", &pattern));
	TRY(input_path(input, true, &path));
	if (node_get_bool(input, "ignore_case", false))
		flags |= REGEX_ICASE;
	if (node_get_bool(input, "literal", false))
		flags |= REGEX_LITERAL;
	TRY(regex_new(pattern, flags, &regex));
	s.regex = regex;
	e = search_path(&s, path);
	buf_free(&s.content);
	TRY(e);
	if (s.out_of_time)
		buf_adds(&a->text, "[stopped: out of time; name a 'path' or a 'glob']");
	else if (s.matches >= MATCHES_MAX)
		buf_addf(&a->text, "[stopped after %d lines; be more specific]", MATCHES_MAX);
	else if (s.matches == 0)
		buf_adds(&a->text, "[no line matches]");
	return NULL;
}
