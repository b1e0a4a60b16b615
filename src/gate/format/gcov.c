/*
 * gcov --json-format (gcov(1)), unpacked: an object for each data file, one
 * behind the other (gcov --stdout *.gcda).  Keys come in any order, a file's
 * name behind its lines and the folder that names count from behind all: so
 * lines wait for the object's end.  A line stands once per function that it
 * was compiled into; it ran if any of them did.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

enum place { AT_ROOT, AT_VERSION, AT_FOLDER, AT_FILES, AT_FILE, AT_NAME, AT_LINES, AT_LINE, AT_NUMBER, AT_COUNT };

static const struct pick places[] = {
	{"", AT_ROOT},
	{"format_version", AT_VERSION},
	{"current_working_directory", AT_FOLDER},
	{"files", AT_FILES},
	{"files[]", AT_FILE},
	{"files[].file", AT_NAME},
	{"files[].lines", AT_LINES},
	{"files[].lines[]", AT_LINE},
	{"files[].lines[].line_number", AT_NUMBER},
	{"files[].lines[].count", AT_COUNT},
};

struct line {
	uint32_t number;
	bool hit;
};

struct file {
	char *name;
	size_t end;	/* of its lines */
};

struct gcov {
	struct reading reading;
	/* Of the open object: */
	bool versioned, listed;
	char *folder;
	VEC(struct file) files;
	VEC(struct line) lines;
	/* Of the open file: */
	char *name;
	bool lined;
	int64_t number;		/* of the line in hand, 0 for none */
	bool counted, hit;
};

static bool
is_gcov(struct str head)
{
	return format_key(head, "gcc_version") || format_key(head, "unexecuted_block");
}

static struct err *
on_file(struct gcov *g, const struct pick_value *v)
{
	struct file file;

	if (v->kind == PICK_OBJECT) {
		g->lined = false;
		return NULL;
	}
	if (v->kind != PICK_CLOSE || g->name == NULL || !g->lined)
		return err_new(ERR_SYNTAX, "a file without 'file' and 'lines'");
	file.name = STEAL(g->name);
	file.end = g->lines.n;
	vec_push(&g->files, file);
	return NULL;
}

static struct err *
on_line(struct gcov *g, const struct pick_value *v)
{
	if (v->kind == PICK_OBJECT) {
		g->number = 0;
		g->counted = false;
		return NULL;
	}
	if (v->kind != PICK_CLOSE || g->number < 1 || g->number > FACTS_LINE_MAX || !g->counted)
		return err_new(ERR_SYNTAX, "a line without 'line_number' and 'count'");
	vec_push(&g->lines, (struct line){(uint32_t)g->number, g->hit});
	return NULL;
}

static void
object_clear(struct gcov *g)
{
	size_t i;

	for (i = 0; i < g->files.n; i++)
		free(g->files.v[i].name);
	vec_clear(&g->files);
	vec_clear(&g->lines);
	free(STEAL(g->folder));
	free(STEAL(g->name));
	g->versioned = g->listed = false;
}

static struct err *
file_lines(struct gcov *g, const struct file *f, size_t first)
{
	AUTO(mem_free_p) char *path = f->name[0] == '/' || g->folder == NULL ? mem_strdup(f->name) :
	    mem_printf("%s/%s", g->folder, f->name);
	struct cover *c;
	size_t i;

	TRY(facts_cover(g->reading.facts, str_of(path), &c));
	for (i = first; i < f->end; i++)
		TRY(facts_line(g->reading.facts, c, g->lines.v[i].number, g->lines.v[i].hit));
	return NULL;
}

static struct err *
object_over(struct gcov *g)
{
	size_t i, first = 0;

	if (!g->versioned || !g->listed)
		return err_new(ERR_SYNTAX, "the report has no '%s'", g->versioned ? "files" : "format_version");
	if (g->files.n == 0)
		return err_new(ERR_SYNTAX, "the report names no file");
	for (i = 0; i < g->files.n; first = g->files.v[i++].end)
		TRY(file_lines(g, &g->files.v[i], first));
	object_clear(g);
	return NULL;
}

static struct err *
on_value(void *state, const struct pick_value *v)
{
	struct gcov *g = state;

	switch ((enum place)v->id) {
	case AT_ROOT:
		return v->kind == PICK_CLOSE ? object_over(g) :
		    v->kind == PICK_OBJECT ? NULL : err_new(ERR_SYNTAX, "gcov's JSON is an object");
	case AT_VERSION:
		g->versioned = str_is(v->text, "1") || str_is(v->text, "2");
		return g->versioned ? NULL : err_new(ERR_SYNTAX, "gcov's JSON of a version that is not known");
	case AT_FOLDER:
		if (v->kind == PICK_TEXT && v->text.n > 0)
			g->folder = str_dup(v->text);
		return NULL;
	case AT_FILES:
		g->listed |= v->kind == PICK_LIST;
		return NULL;
	case AT_FILE:
		return on_file(g, v);
	case AT_NAME:
		if (v->kind == PICK_TEXT && v->text.n > 0)
			g->name = str_dup(v->text);
		return NULL;
	case AT_LINES:
		g->lined |= v->kind == PICK_LIST;
		return NULL;
	case AT_LINE:
		return on_line(g, v);
	case AT_NUMBER:
		g->number = v->kind == PICK_INT ? v->i : 0;
		return NULL;
	case AT_COUNT:
		g->counted = (v->kind == PICK_INT || v->kind == PICK_REAL) && v->real >= 0;
		g->hit = v->real > 0;
		return NULL;
	}
	return NULL;
}

static void
gcov_free(void *state)
{
	struct gcov *g = state;

	object_clear(g);
	vec_free(&g->files);
	vec_free(&g->lines);
}

const struct format format_gcov = {
	.name = "gcov",
	.tools = "gcov --json-format",
	.kinds = FACTS_COVERAGE,
	.syntax = SYNTAX_JSON,
	.is = is_gcov,
	.size = sizeof(struct gcov),
	.places = places,
	.nplaces = NITEMS(places),
	.many = true,
	.pick = on_value,
	.free = gcov_free,
};
