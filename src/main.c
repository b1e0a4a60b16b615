/*
 * git-factory - an autonomous software factory that lives inside git.
 *
 * The map. Floors from the top; a file includes only lower floors, siblings
 * on one floor are mutually blind (ci/check-layers), and ci/check-map keeps
 * this list complete.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/pager.h"
#include "sys/sigs.h"
#include "tool/tool.h"
#include "wire/json.h"

static const struct verb *const nouns[] = {
	cmd_init, cmd_doctor, cmd_config, cmd_trust, cmd_gate, cmd_hook, cmd_run, cmd_pr, cmd_replay, cmd_status, cmd_log, cmd_show,
};

/*
 * What git exports to hooks and aliases about the repository at hand
 * (git rev-parse --local-env-vars): inherited, it would redirect every git
 * that the factory runs elsewhere.  GIT_DIR is kept as the place to look.
 */
static const char *const local_env[] = {
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_CONFIG",
	"GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_DIR", "GIT_GRAFT_FILE",
	"GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_INTERNAL_SUPER_PREFIX",
	"GIT_NO_REPLACE_OBJECTS", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
	"GIT_QUARANTINE_PATH", "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
};

static char *
take_git_dir(void)
{
	char *dir = mem_strdup(getenv("GIT_DIR"));
	size_t i;

	for (i = 0; i < NITEMS(local_env); i++)
		unsetenv(local_env[i]);
	return dir;
}

static void
add_usage(const struct verb *v, struct buf *out)
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

static void
verb_help(const struct verb *v, struct buf *out)
{
	buf_adds(out, "usage: ");
	add_usage(v, out);
	buf_addf(out, "\n    %s\n", v->doc);
	if (v->opts->kind != OPT_KIND_END) {
		buf_addc(out, '\n');
		opts_help(v->opts, out);
	}
}

static void
noun_help(const struct verb *noun, struct buf *out)
{
	const struct verb *v;

	for (v = noun; v->noun != NULL; v++) {
		buf_adds(out, v == noun ? "usage: " : "   or: ");
		add_usage(v, out);
	}
}

static void
overview(struct buf *out)
{
	const struct verb *v;
	size_t i, start;

	buf_adds(out, "usage: git factory VERB [OPTION]... [ARGUMENT]...\n\n");
	for (i = 0; i < NITEMS(nouns); i++) {
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

/* One line per verb and per option: what completions and tests are made of. */
static void
list_verbs(struct buf *out)
{
	const struct verb *v;
	const struct opt *o;
	size_t i;

	for (i = 0; i < NITEMS(nouns); i++) {
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

static void
list_errors(struct buf *out)
{
	int i;

	for (i = 0; i < ERR_CODES; i++)
		buf_addf(out, "%d\t%s\t%s\n", err_row(i)->status, err_row(i)->word, err_row(i)->prose);
}

static struct err *
unknown_word(const char *word, const struct verb *within)
{
	struct str w = str_of(word);
	const char *near = NULL, *name;
	size_t i, d, best = w.n / 2 + 1;
	const struct verb *v;

	for (i = 0; i < NITEMS(nouns); i++) {
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

static const struct verb *
find_noun(const char *word)
{
	size_t i;

	for (i = 0; i < NITEMS(nouns); i++)
		if (strcmp(nouns[i]->noun, word) == 0)
			return nouns[i];
	return NULL;
}

/* Patches and JSON keep their bytes: only what a person reads is paged. */
static struct err *
run_paged(struct app *app, const struct verb *v, const void *opts, const struct args *args)
{
	struct proc *pager = NULL;
	struct err *e = NULL;

	if (v->flags & VERB_PAGER && app->out.tty && !app->json)
		e = pager_start(app, &pager);
	if (e == NULL)
		e = v->run(app, opts, args);
	pager_end(app, pager);
	return e;
}

static struct err *
run_verb(struct app *app, const struct verb *v, int argc, char *const argv[])
{
	AUTO(mem_free_p) void *opts = mem_alloc(v->opts_size);
	struct args args = {0};
	struct buf help = BUF_INIT(BUF_TEXT);
	bool wants_help = false;
	struct err *e;

	if (v->defaults != NULL)
		memcpy(opts, v->defaults, v->opts_size);
	e = opts_parse(v->opts, argc, argv, opts, &args, &wants_help);
	if (e == NULL && wants_help) {
		verb_help(v, &help);
		out_raw(&app->out, buf_str(&help));
	} else if (e == NULL && ((int)args.n < v->min_args || (v->max_args >= 0 && (int)args.n > v->max_args))) {
		add_usage(v, &help);
		e = err_hint(err_new(ERR_USAGE, "%s", (int)args.n < v->min_args ? "an argument is missing"
		    : "too many arguments"), "usage: %.*s", (int)help.n - 1, buf_cstr(&help));
	} else if (e == NULL) {
		e = run_paged(app, v, opts, &args);
	}
	buf_free(&help);
	vec_free(&args);
	return e;
}

static bool
is_help(const char *word)
{
	return strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "help") == 0;
}

/* argv[0] is the word after the program's name. */
static struct err *
dispatch(struct app *app, int argc, char *const argv[])
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	const struct verb *v, *noun;

	if (argc == 0 || is_help(argv[0])) {
		overview(&text);
		out_raw(argc == 0 ? &app->note : &app->out, buf_str(&text));
		return argc == 0 ? err_new(ERR_USAGE, "a verb is missing") : NULL;
	}
	if (strcmp(argv[0], "--version") == 0) {
		out_printf(&app->out, "git-factory version %s\n", VERSION);
		return NULL;
	}
	if (strcmp(argv[0], "--list-verbs") == 0 || strcmp(argv[0], "--list-errors") == 0) {
		(strcmp(argv[0], "--list-verbs") == 0 ? list_verbs : list_errors)(&text);
		out_raw(&app->out, buf_str(&text));
		return NULL;
	}
	noun = find_noun(argv[0]);
	if (noun == NULL)
		return unknown_word(argv[0], NULL);
	if (noun->name == NULL)
		return run_verb(app, noun, argc - 1, argv + 1);
	if (argc > 1)
		for (v = noun; v->noun != NULL; v++)
			if (strcmp(v->name, argv[1]) == 0)
				return run_verb(app, v, argc - 2, argv + 2);
	noun_help(noun, &text);
	if (argc > 1 && is_help(argv[1])) {
		out_raw(&app->out, buf_str(&text));
		return NULL;
	}
	if (argc > 1)
		return unknown_word(argv[1], noun);
	out_raw(&app->note, buf_str(&text));
	return err_new(ERR_USAGE, "a verb is missing after '%s'", noun->noun);
}

static bool
wants_json(int argc, char *const argv[])
{
	int i;

	for (i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

static void
report(struct app *app, const struct err *e, bool json)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	const char *kind = err_status(e) == 128 ? "fatal" : "error";
	struct jw w;

	out_printf(&app->note, "%s: %s\n", kind, err_msg(e));
	if (err_hint_of(e) != NULL)
		out_printf(&app->note, "hint: %s\n", err_hint_of(e));
	/* A result that was printed stands for itself: one document, not two. */
	if (!json || app->out.used)
		return;
	jw_init(&w, &text, false);
	jw_obj(&w);
	jw_key(&w, "error");
	jw_obj(&w);
	jw_kstr(&w, "word", err_row(err_code(e))->word);
	jw_kstr(&w, "message", err_msg(e));
	jw_kstr(&w, "hint", err_hint_of(e));
	jw_end(&w);
	jw_end(&w);
	buf_addc(&text, '\n');
	out_raw(&app->out, buf_str(&text));
}

int
main(int argc, char *argv[])
{
	AUTO(mem_free_p) char *git_dir = take_git_dir();
	struct app app = {.clock = clock_system(), .repo_path = git_dir, .json = wants_json(argc, argv)};
	struct err *e, *flush;
	int status;

	if (argc == 2 && strcmp(argv[1], "--tool-server") == 0)
		return tool_server_main(STDIN_FILENO, STDOUT_FILENO);
	out_init(&app.out, STDOUT_FILENO);
	out_init(&app.note, STDERR_FILENO);
	e = sigs_open();
	if (e == NULL)
		e = dispatch(&app, argc > 0 ? argc - 1 : 0, argv + 1);
	if (e != NULL)
		report(&app, e, app.json);
	status = err_status(e);
	flush = out_flush(&app.out);
	if (e == NULL && flush != NULL) {
		report(&app, flush, false);
		status = err_status(flush);
	}
	err_ignore(out_flush(&app.note));
	err_free(e);
	err_free(flush);
	out_free(&app.out);
	out_free(&app.note);
	return status;
}
