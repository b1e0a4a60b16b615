/*
 * JaCoCo's XML (report.dtd 1.0 and 1.1): packages with source files, whose
 * lines have missed and covered instructions.  A file's name counts from its
 * package, "org/example/Calc.java"; where the sources are the report does not
 * say.  A line of which a part ran did run.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

struct jacoco {
	struct reading reading;
	unsigned depth;
	char *package;
	struct cover *file;	/* the open one */
	int64_t missed, missing;	/* lines: counted, and what the counter says (-1: nothing) */
	bool any;
};

static bool
is_jacoco(struct str head)
{
	return format_root(head, "report") && (str_find(head, STR("JACOCO")) >= 0 || str_find(head, STR("<sessioninfo")) >= 0 ||
	    str_find(head, STR("<package")) >= 0 || str_find(head, STR("<group")) >= 0);
}

static bool
number(const char *const *attrs, const char *name, int64_t *out)
{
	const char *v = xml_attr(attrs, name);

	return v != NULL && str_int(str_of(v), 0, INT64_MAX, out);
}

static struct err *
begin_file(struct jacoco *j, const char *const *attrs)
{
	const char *name = xml_attr(attrs, "name");
	AUTO(mem_free_p) char *path = NULL;

	if (name == NULL || name[0] == '\0')
		return err_new(ERR_SYNTAX, "a source file without 'name'");
	path = mem_printf("%s/%s", j->package == NULL ? "" : j->package, name);
	TRY(facts_cover(j->reading.facts, str_of(path[0] == '/' ? path + 1 : path), &j->file));
	j->file->tail = true;
	j->missed = 0;
	j->missing = -1;
	j->any = true;
	return NULL;
}

static struct err *
take_line(struct jacoco *j, const char *const *attrs)
{
	int64_t line, missed, covered;

	if (!number(attrs, "nr", &line) || !number(attrs, "mi", &missed) || !number(attrs, "ci", &covered))
		return err_new(ERR_SYNTAX, "a line without 'nr', 'mi' and 'ci'");
	if (missed == 0 && covered == 0)
		return NULL;
	j->missed += covered == 0;
	return facts_line(j->reading.facts, j->file, line, covered > 0);
}

static struct err *
take_counter(struct jacoco *j, const char *const *attrs)
{
	const char *type = xml_attr(attrs, "type");

	if (type == NULL || strcmp(type, "LINE") != 0)
		return NULL;
	return number(attrs, "missed", &j->missing) ? NULL : err_new(ERR_SYNTAX, "a counter without 'missed'");
}

static struct err *
on_start(void *state, const char *name, const char *const *attrs)
{
	struct jacoco *j = state;

	if (j->depth++ == 0)
		return strcmp(name, "report") == 0 ? NULL : err_new(ERR_SYNTAX, "the root is not 'report'");
	if (strcmp(name, "package") == 0) {
		free(j->package);
		j->package = mem_strdup(xml_attr(attrs, "name"));
	} else if (strcmp(name, "sourcefile") == 0) {
		return begin_file(j, attrs);
	} else if (j->file != NULL && strcmp(name, "line") == 0) {
		return take_line(j, attrs);
	} else if (j->file != NULL && strcmp(name, "counter") == 0) {
		return take_counter(j, attrs);
	}
	return NULL;
}

static struct err *
on_end(void *state, const char *name)
{
	struct jacoco *j = state;

	j->depth--;
	if (strcmp(name, "sourcefile") != 0)
		return NULL;
	j->file = NULL;
	/* Without a counter it is a file without lines. */
	if (j->missed != (j->missing < 0 ? 0 : j->missing))
		return err_new(ERR_SYNTAX, "the file's counter has %lld missed lines, and %lld are named",
		    (long long)j->missing, (long long)j->missed);
	return NULL;
}

static struct err *
end(void *state)
{
	const struct jacoco *j = state;

	return j->any ? NULL : err_hint(err_new(ERR_SYNTAX, "the report names no source file"),
	    "compile with debug information, so that JaCoCo knows lines");
}

static void
jacoco_free(void *state)
{
	struct jacoco *j = state;

	free(j->package);
}

const struct format format_jacoco = {
	.name = "jacoco",
	.tools = "JaCoCo's XML",
	.kinds = FACTS_COVERAGE,
	.syntax = SYNTAX_XML,
	.is = is_jacoco,
	.size = sizeof(struct jacoco),
	.xml = {on_start, NULL, on_end},
	.end = end,
	.free = jacoco_free,
};
