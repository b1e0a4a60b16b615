#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "git/durable.h"
#include "store/journal.h"
#include "wire/json.h"

struct journal {
	char *path;
	int fd;
	struct arena arena;
	VEC(const struct node *) steps;
	size_t at;	/* next step to walk through */
	size_t added;	/* steps put since it was opened */
};

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	fd_close_p(&j->fd);
	vec_free(&j->steps);
	arena_free(&j->arena);
	free(j->path);
	free(j);
}

void
journal_close_p(struct journal **j)
{
	journal_close(*j);
	*j = NULL;
}

/* Parse the whole lines; *used is where they end. */
static struct err *
read_steps(struct journal *j, struct str text, size_t *used)
{
	struct str rest = text, line;
	struct node *n;
	ptrdiff_t end;

	while ((end = str_chr(rest, '\n')) >= 0) {
		line = str_take(rest, (size_t)end);
		TRY(json_parse(&j->arena, j->path, line, &n));
		if (node_get_str(n, "step") == NULL || node_get(n, "out") == NULL)
			return err_new(ERR_SYNTAX, "%s:%zu:1: not a step of a journal", j->path, j->steps.n + 1);
		vec_push(&j->steps, n);
		rest = str_skip(rest, (size_t)end + 1);
	}
	*used = text.n - rest.n;
	return NULL;
}

struct err *
journal_open(const char *path, struct journal **out)
{
	AUTO(journal_close_p) struct journal *j = mem_alloc(sizeof(*j));
	AUTO(buf_free) struct buf text = BUF_INIT(JOURNAL_MAX);
	size_t used = 0;

	j->path = mem_strdup(path);
	j->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (j->fd < 0)
		return err_sys("cannot open the journal '%s'", path);
	TRY(file_read_fd(j->fd, path, &text));
	TRY(read_steps(j, buf_str(&text), &used));
	if (used < text.n && ftruncate(j->fd, (off_t)used) != 0)
		return err_sys("cannot cut the torn end of '%s'", path);
	if (lseek(j->fd, (off_t)used, SEEK_SET) < 0)
		return err_sys("cannot seek in '%s'", path);
	*out = STEAL(j);
	return NULL;
}

struct err *
journal_next(struct journal *j, const char *step, const struct node **out)
{
	const struct node *n;

	if (j->at == j->steps.n) {
		*out = NULL;
		return NULL;
	}
	n = j->steps.v[j->at];
	if (strcmp(node_get_str(n, "step"), step) != 0)
		return err_hint(err_new(ERR_STATE, "%s:%zu:1: the journal says '%s' where this run does '%s'",
		    j->path, j->at + 1, node_get_str(n, "step"), step), "start the run anew with --fresh");
	j->at++;
	*out = node_get(n, "out");
	return NULL;
}

struct err *
journal_note(struct journal *j, const char *step, struct str json)
{
	AUTO(buf_free) struct buf line = BUF_INIT(JOURNAL_MAX);
	struct jw w;

	if (!journal_live(j))
		return err_new(ERR_BUG, "step '%s' is recorded before the journal is walked through", step);
	jw_init(&w, &line, false);
	jw_obj(&w);
	jw_kstr(&w, "step", step);
	jw_key(&w, "out");
	jw_raw(&w, json);
	jw_end(&w);
	buf_addc(&line, '\n');
	TRY(buf_check(&line, j->path));
	TRY(err_wrap(file_write_all(j->fd, line.p, line.n), "'%s'", j->path));
	j->added++;
	return NULL;
}

struct err *
journal_put(struct journal *j, const char *step, struct str json)
{
	TRY(journal_note(j, step, json));
	return fdatasync(j->fd) == 0 ? NULL : err_sys("cannot sync '%s'", j->path);
}

struct err *
journal_order(struct journal *j, const char *step, struct str json)
{
	TRY(journal_note(j, step, json));
	return durable_order(j->fd) == 0 ? NULL : err_sys("cannot sync '%s'", j->path);
}

const char *
journal_skip(struct journal *j, const char *last)
{
	const char *tree = NULL;

	for (; j->at < j->steps.n; j->at++) {
		const struct node *n = j->steps.v[j->at], *out = node_get(n, "out");

		if (j->at + 1 == j->steps.n && strcmp(node_get_str(n, "step"), last) == 0)
			break;
		if (out->kind == NODE_MAP && node_get_str(out, "tree") != NULL)
			tree = node_get_str(out, "tree");
	}
	return tree;
}

size_t
journal_count(const struct journal *j)
{
	return j->steps.n + j->added;
}

bool
journal_live(const struct journal *j)
{
	return j->at == j->steps.n;
}
