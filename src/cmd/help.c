#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/help.h"

void
help_usage(const struct verb *v, struct buf *out)
{
	buf_addf(out, "git factory %s", v->noun);
	if (v->name != NULL)
		buf_addf(out, " %s", v->name);
	if (v->opts->kind != OPT_KIND_END) {
		buf_addc(out, ' ');
		opts_synopsis(v->opts, out);
	}
	if (*v->args != '\0')
		buf_addf(out, " %s", v->args);
	buf_addc(out, '\n');
}

void
help_verb(const struct verb *v, struct buf *out)
{
	buf_adds(out, "usage: ");
	help_usage(v, out);
	buf_addf(out, "\n    %s\n", v->doc);
	if (v->opts->kind != OPT_KIND_END) {
		buf_addc(out, '\n');
		opts_help(v->opts, out);
	}
}

void
help_noun(const struct verb *noun, struct buf *out)
{
	const struct verb *v;

	for (v = noun; v->noun != NULL; v++) {
		buf_adds(out, v == noun ? "usage: " : "   or: ");
		help_usage(v, out);
	}
}

void
help_overview(const struct verb *const *nouns, struct buf *out)
{
	const struct verb *v;
	size_t i, start;

	buf_adds(out, "usage: git factory VERB [OPTION]... [ARGUMENT]...\n\n");
	for (i = 0; nouns[i] != NULL; i++) {
		for (v = nouns[i]; v->noun != NULL; v++) {
			if (v->flags & VERB_INTERNAL)
				continue;
			start = out->n;
			buf_addf(out, "    %s%s%s", v->noun, v->name ? " " : "", v->name ? v->name : "");
			while (out->n - start < 20)
				buf_addc(out, ' ');
			buf_addf(out, "%s\n", v->doc);
		}
	}
	buf_adds(out, "\n'git factory VERB -h' lists its options, 'git help factory' is the manual.\n");
}

void
help_list(const struct verb *const *nouns, struct buf *out)
{
	const struct verb *v;
	const struct opt *o;
	size_t i;

	for (i = 0; nouns[i] != NULL; i++) {
		for (v = nouns[i]; v->noun != NULL; v++) {
			if (v->flags & VERB_INTERNAL)
				continue;
			buf_addf(out, "verb\t%s\t%s\t%s\t%s\n", v->noun, v->name ? v->name : "-", v->args, v->doc);
			for (o = v->opts; o->kind != OPT_KIND_END; o++)
				buf_addf(out, "opt\t%c\t%s\t%s\t%s\n", o->brief ? o->brief : '-', o->name,
				    o->arg ? o->arg : "", o->doc);
		}
	}
}

void
help_errors(struct buf *out)
{
	int i;

	for (i = 0; i < ERR_CODES; i++)
		buf_addf(out, "%d\t%s\t%s\n", err_row(i)->status, err_row(i)->word, err_row(i)->prose);
}

struct err *
help_unknown(const struct verb *const *nouns, const char *word, const struct verb *within)
{
	struct str w = str_of(word);
	const char *near = NULL, *name;
	size_t i, d, best = w.n / 2 + 1;
	const struct verb *v;

	for (i = 0; nouns[i] != NULL; i++) {
		for (v = nouns[i]; v->noun != NULL; v++) {
			if (within != NULL && strcmp(v->noun, within->noun) != 0)
				continue;
			name = within == NULL ? v->noun : v->name;
			d = name == NULL || v->flags & VERB_INTERNAL ? SIZE_MAX : str_distance(w, str_of(name));
			if (d < best) {
				best = d;
				near = name;
			}
		}
	}
	if (near != NULL)
		return err_hint(err_new(ERR_USAGE, "'%s' is not a git factory verb", word), "did you mean '%s'?", near);
	return err_hint(err_new(ERR_USAGE, "'%s' is not a git factory verb", word), "see 'git factory -h'");
}
