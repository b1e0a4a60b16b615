#include <string.h>

#include "conf/config.h"
#include "conf/key.h"

#define DEPTH_MAX 5
#define WIDTH 78

/* The parts of a dotted name, "<name>" made into an example's. */
struct parts {
	struct str v[DEPTH_MAX];
	size_t n;
};

static struct str
example_name(enum key_place place)
{
	switch (place) {
	case PLACE_MODEL: return STR("sonnet");
	case PLACE_AGENT: return STR("coder");
	case PLACE_RULE: return STR("no-print");
	case PLACE_RETRY: return STR("network");
	case PLACE_TYPE: return STR("migration");
	default: return STR("tests");
	}
}

static struct parts
split(const struct key *k)
{
	struct str rest = str_of(k->name);
	struct parts p = {.n = 0};

	while (p.n < DEPTH_MAX && str_next(&rest, '.', &p.v[p.n])) {
		if (str_is(p.v[p.n], "<name>"))
			p.v[p.n] = example_name(k->place);
		p.n++;
	}
	return p;
}

static void
comment(const char *doc, size_t indent, struct buf *out)
{
	struct str rest = str_of(doc), word;
	size_t column = 0;

	while (str_next(&rest, ' ', &word)) {
		if (column == 0 || column + 1 + word.n > WIDTH) {
			if (column != 0)
				buf_addc(out, '\n');
			buf_addf(out, "#%*s%s", (int)indent, "", indent > 0 ? "#" : "");
			column = indent + 2;
		}
		buf_addf(out, " %.*s", STR_ARG(word));
		column += 1 + word.n;
	}
	buf_adds(out, ".\n");
}

static void
entry(const struct key *k, size_t indent, bool first, struct str leaf, struct buf *out)
{
	const char *value = k->sample != NULL ? k->sample : k->init;

	/* Only the version is in force. */
	if (strcmp(k->name, "version") != 0)
		buf_addc(out, '#');
	buf_addf(out, "%*s%s%.*s: %s\n", (int)indent, "", first ? "- " : "", STR_ARG(leaf), value);
}

void
config_template(struct buf *out)
{
	struct parts last = {.n = 0}, p;
	const struct key *k;
	size_t i, same;

	comment("Policy of git-factory, see git-factory-config(5). Lines that begin with '#' show "
	    "the defaults, or examples where there is none. It counts as it stands in the "
	    "base branch's commit, never as a change to it has it", 0, out);
	for (k = keys; k->name != NULL; k++) {
		bool item = k->place == PLACE_SETUP, first;
		size_t indent;

		if (k->kind == KEY_OWN)
			continue;
		p = split(k);
		for (same = 0; same < last.n && same + 1 < p.n && str_eq(last.v[same], p.v[same]); same++)
			;
		if (same == 0)
			buf_addc(out, '\n');
		for (i = same; i + 1 < p.n; i++)
			buf_addf(out, "#%*s%.*s:\n", (int)i * 2, "", STR_ARG(p.v[i]));
		first = item && same + 1 < p.n;
		indent = (p.n - 1) * 2;
		comment(k->doc, item && !first ? indent + 2 : indent, out);
		entry(k, item && !first ? indent + 2 : indent, first, p.v[p.n - 1], out);
		last = p;
		last.n--;
	}
}

/* mdoc wants each sentence on a line of its own, and lines of at most 80. */
static void
sentences(const char *doc, struct buf *out)
{
	struct str rest = str_of(doc), word;
	size_t column = 0;

	while (str_next(&rest, ' ', &word)) {
		if (column > 0 && column + 1 + word.n > WIDTH) {
			buf_addc(out, '\n');
			column = 0;
		}
		if (column > 0)
			buf_addc(out, ' ');
		else if (word.n > 0 && strchr(".'", word.p[0]) != NULL)
			buf_adds(out, "\\&");
		buf_addstr(out, word);
		column += 1 + word.n;
		if (str_ends(word, ".")) {
			buf_addc(out, '\n');
			column = 0;
		}
	}
	buf_adds(out, ".\n");
}

/* One paragraph for each built-in type: its keys and values. */
static void
types_mdoc(struct buf *out)
{
	const struct type_value *v, *last = NULL;

	buf_adds(out, ".Pp\nThese types are built in; policy says what is different:\n.Bl -tag -width Ds\n");
	for (v = type_values; v->type != NULL; last = v++) {
		bool first = last == NULL || strcmp(last->type, v->type) != 0;

		if (first)
			buf_addf(out, ".It Cm %s\n", v->type);
		if (first || strcmp(last->key, v->key) != 0)
			buf_addf(out, "%s\n", v->key + strlen("types.<name>."));
		buf_addf(out, ".Ql %s%s\n", v->value, v[1].type == NULL || strcmp(v[1].type, v->type) != 0 ? " ." :
		    strcmp(v[1].key, v->key) != 0 ? " ;" : " ,");
	}
	buf_adds(out, ".El\n");
}

void
config_mdoc(struct buf *out)
{
	const struct key *k;

	buf_adds(out, ".Bl -tag -width Ds\n");
	for (k = keys; k->name != NULL; k++) {
		buf_addf(out, ".It Ic %s\n", k->name);
		sentences(k->doc, out);
		buf_adds(out, "It is\n");
		key_wants(k, out);
		if (k->init[0] != '\0')
			buf_addf(out, ";\n.Cm %s\nby default.\n", k->init);
		else
			buf_adds(out, ".\n");
	}
	buf_adds(out, ".El\n");
	types_mdoc(out);
}
