#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/opts.h"
#include "base/str.h"

struct parse {
	const struct opt *table;
	int argc;
	char *const *argv;
	int at;		/* index of the word being read */
	void *into;
};

static struct err *
store(const struct parse *p, const struct opt *o, const char *value)
{
	char *field = (char *)p->into + o->offset;
	int64_t n;

	switch (o->kind) {
	case OPT_KIND_STRING:
		memcpy(field, &value, sizeof(value));
		return NULL;
	case OPT_KIND_STRINGS:
		vec_push((struct opt_list *)(void *)field, value);
		return NULL;
	case OPT_KIND_NUMBER:
		if (!str_int(str_of(value), o->lo, o->hi, &n))
			return err_new(ERR_USAGE, "--%s must be a number from %" PRId64 " to %" PRId64 ", not '%s'",
			    o->name, o->lo, o->hi, value);
		memcpy(field, &n, sizeof(n));
		return NULL;
	case OPT_KIND_FLAG:
	case OPT_KIND_END:
		break;
	}
	return err_new(ERR_BUG, "option --%s takes no value", o->name);
}

static void
set_flag(const struct parse *p, const struct opt *o, bool value)
{
	memcpy((char *)p->into + o->offset, &value, sizeof(value));
}

/* The value of option o: what is glued to it, or the next word. */
static struct err *
take_value(struct parse *p, const struct opt *o, const char *glued)
{
	if (glued == NULL) {
		if (p->at + 1 >= p->argc)
			return err_new(ERR_USAGE, "--%s needs a value: %s", o->name, o->arg);
		glued = p->argv[++p->at];
	}
	return store(p, o, glued);
}

static struct err *
unknown_long(const struct parse *p, struct str name)
{
	const struct opt *o, *near = NULL;
	size_t d, best = name.n / 2 + 1;

	for (o = p->table; o->kind != OPT_KIND_END; o++) {
		d = str_distance(name, str_of(o->name));
		if (d < best) {
			best = d;
			near = o;
		}
	}
	if (near != NULL)
		return err_hint(err_new(ERR_USAGE, "unknown option '--%.*s'", STR_ARG(name)),
		    "did you mean '--%s'?", near->name);
	return err_new(ERR_USAGE, "unknown option '--%.*s'", STR_ARG(name));
}

/* An exact name wins; otherwise the one option that the name begins. */
static struct err *
find_long(const struct parse *p, struct str name, const struct opt **out)
{
	const struct opt *o, *hit = NULL;

	for (o = p->table; o->kind != OPT_KIND_END; o++) {
		if (str_is(name, o->name)) {
			*out = o;
			return NULL;
		}
		if (name.n == 0 || strncmp(o->name, name.p, name.n) != 0)
			continue;
		if (hit != NULL)
			return err_new(ERR_USAGE, "'--%.*s' may be '--%s' or '--%s'", STR_ARG(name), hit->name, o->name);
		hit = o;
	}
	if (hit == NULL)
		return unknown_long(p, name);
	*out = hit;
	return NULL;
}

static struct err *
parse_long(struct parse *p, const char *word)
{
	const char *eq = strchr(word, '=');
	struct str name = str_mk(word, eq == NULL ? strlen(word) : (size_t)(eq - word));
	bool negative = str_starts(name, "no-");
	const struct opt *o = NULL;

	if (negative)
		name = str_skip(name, 3);
	TRY(find_long(p, name, &o));
	if (o->kind == OPT_KIND_FLAG) {
		if (eq != NULL)
			return err_new(ERR_USAGE, "--%s takes no value", o->name);
		set_flag(p, o, !negative);
		return NULL;
	}
	if (negative)
		return err_new(ERR_USAGE, "--%s has no --no- form", o->name);
	return take_value(p, o, eq == NULL ? NULL : eq + 1);
}

static struct err *
parse_brief(struct parse *p, const char *word)
{
	const struct opt *o;

	for (; *word != '\0'; word++) {
		for (o = p->table; o->kind != OPT_KIND_END && o->brief != *word; o++)
			;
		if (o->kind == OPT_KIND_END)
			return err_new(ERR_USAGE, "unknown option '-%c'", *word);
		if (o->kind != OPT_KIND_FLAG)
			return take_value(p, o, word[1] != '\0' ? word + 1 : NULL);
		set_flag(p, o, true);
	}
	return NULL;
}

struct err *
opts_parse(const struct opt *table, int argc, char *const argv[], void *into,
    struct args *args, bool *help)
{
	struct parse p = {table, argc, argv, 0, into};
	bool only_args = false;
	const char *word;

	for (; p.at < argc; p.at++) {
		word = argv[p.at];
		if (only_args || word[0] != '-' || word[1] == '\0')
			vec_push(args, word);
		else if (strcmp(word, "--") == 0)
			only_args = true;
		else if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
			*help = true;
			return NULL;
		} else if (word[1] == '-')
			TRY(parse_long(&p, word + 2));
		else
			TRY(parse_brief(&p, word + 1));
	}
	return NULL;
}

void
opts_synopsis(const struct opt *table, struct buf *out)
{
	const struct opt *o;

	for (o = table; o->kind != OPT_KIND_END; o++) {
		if (o != table)
			buf_addc(out, ' ');
		if (o->brief != '\0')
			buf_addf(out, "[-%c", o->brief);
		else
			buf_addf(out, "[--%s", o->name);
		if (o->arg != NULL)
			buf_addf(out, " %s", o->arg);
		buf_adds(out, o->kind == OPT_KIND_STRINGS ? "]..." : "]");
	}
}

#define HELP_COLUMN 26

void
opts_help(const struct opt *table, struct buf *out)
{
	const struct opt *o;
	size_t start;

	for (o = table; o->kind != OPT_KIND_END; o++) {
		start = out->n;
		buf_adds(out, "    ");
		if (o->brief != '\0')
			buf_addf(out, "-%c, ", o->brief);
		buf_addf(out, "--%s", o->name);
		if (o->arg != NULL)
			buf_addf(out, " %s", o->arg);
		if (out->n - start >= HELP_COLUMN)
			buf_addf(out, "\n%*s", HELP_COLUMN, "");
		while (out->n - start < HELP_COLUMN)
			buf_addc(out, ' ');
		buf_addf(out, "%s\n", o->doc);
	}
}
