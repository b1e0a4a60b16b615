/* A changed file is the agent's to write; the first byte chooses the language. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "gate/builtin/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* What a view leaves out is blank, and all lines are where they were. */
static void
look(const struct source *s, struct str text)
{
	size_t i;
	int v;

	must(s->view[VIEW_RAW].n == text.n);
	for (v = VIEW_TEXT; v < VIEWS; v++) {
		struct str view = s->view[v];

		must(view.n == text.n || (v == VIEW_COMMENT && view.n == 0));
		for (i = 0; i < view.n; i++)
			must(view.p[i] == text.p[i] || (view.p[i] == ' ' && text.p[i] != '\n'));
	}
	/* A byte is of a comment or of what is not one. */
	for (i = 0; s->lang != NULL && i < s->view[VIEW_COMMENT].n; i++)
		must(text.p[i] <= ' ' || s->view[VIEW_COMMENT].p[i] == ' ' || s->view[VIEW_TEXT].p[i] == ' ');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"a.c", "a.py", "a.js", "a.ts", "a.sh", "a.rs", "a.go", "a.rb", "a.php", "a.html",
	    "a.yml", "a.sql", "a.lua", "a.swift", "a.ps1", "a.toml", "a.hs", "a.css", "a.pl", "a.md", "Makefile", "tool"};
	struct source s = {0};
	struct str text;
	size_t k;

	if (size == 0)
		return 0;
	text = str_mk((const char *)data + 1, size - 1);
	source_read(paths[data[0] % NITEMS(paths)], text, &s);
	look(&s, text);
	must(source_line_at(&s, text.n) == (int64_t)s.lines);
	for (k = 1; k <= s.lines; k++) {
		struct str line = source_line(&s, VIEW_RAW, (int64_t)k);

		must(!str_has(line, '\n'));
		must(line.n == 0 || source_line_at(&s, (size_t)(line.p - s.view[VIEW_RAW].p)) == (int64_t)k);
	}
	source_free(&s);
	return 0;
}
