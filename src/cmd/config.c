/*
 * git factory config - what governs changes here, and where each value comes
 * from.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "conf/config.h"
#include "git/repo.h"
#include "line/policy.h"
#include "line/retry.h"
#include "wire/json.h"

struct config_opts {
	bool json;
};

static const struct opt config_table[] = {
	OPT_FLAG(0, "json", struct config_opts, json, "print JSON"),
	OPT_END,
};

/* ---- list ---- */

struct listing {
	struct out *out;
	struct jw *w;	/* NULL: for a person */
};

static struct err *
list_key(void *arg, const char *key, const char *value, enum config_origin origin)
{
	struct listing *l = arg;

	if (l->w == NULL) {
		out_printf(l->out, "%s=", key);
		out_line(l->out, str_of(value));
		out_style(l->out, STYLE_DIM);
		out_printf(l->out, "\t(%s)\n", config_origin_word(origin));
		out_style(l->out, STYLE_RESET);
		return NULL;
	}
	jw_key(l->w, key);
	jw_obj(l->w);
	jw_kstr(l->w, "value", value);
	jw_kstr(l->w, "origin", config_origin_word(origin));
	jw_end(l->w);
	return NULL;
}

static struct err *
list(struct app *app, const void *opts, const struct args *args UNUSED)
{
	const struct config_opts *o = opts;
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(policy_free) struct policy p = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct jw w;
	struct listing l = {&app->out, o->json ? &w : NULL};

	TRY(repo_open(app->repo_path, &r));
	TRY(policy_open(r, &p));
	jw_init(&w, &text, true);
	jw_obj(&w);
	TRY(config_each(&p.cfg, list_key, &l));
	jw_end(&w);
	if (o->json)
		out_raw(&app->out, buf_str(&text));
	return NULL;
}

/* ---- get ---- */

static struct err *
get(struct app *app, const void *opts, const struct args *args)
{
	const struct config_opts *o = opts;
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(policy_free) struct policy p = {0};
	AUTO(buf_free) struct buf value = BUF_INIT(BUF_TEXT), text = BUF_INIT(BUF_TEXT);
	struct jw w;

	TRY(repo_open(app->repo_path, &r));
	TRY(policy_open(r, &p));
	TRY(config_get(&p.cfg, args->v[0], &value));
	if (!o->json) {
		out_printf(&app->out, "%s\n", buf_cstr(&value));
		return NULL;
	}
	jw_init(&w, &text, true);
	jw_obj(&w);
	jw_kstr(&w, "key", args->v[0]);
	jw_kstr(&w, "value", buf_cstr(&value));
	jw_end(&w);
	out_raw(&app->out, buf_str(&text));
	return NULL;
}

/* ---- check ---- */

/* Without a file: the one in the work tree, that the next commit would have. */
static struct err *
check_path(struct app *app, const struct args *args, char **out)
{
	AUTO(repo_close_p) struct repo *r = NULL;

	if (args->n > 0) {
		*out = mem_strdup(args->v[0]);
		return NULL;
	}
	TRY(repo_open(app->repo_path, &r));
	if (repo_is_bare(r))
		return err_hint(err_new(ERR_USAGE, "a bare repository has no work tree to check a file in"),
		    "name the file");
	*out = path_join(repo_workdir(r), CONFIG_PATH);
	return NULL;
}

static struct err *
check(struct app *app, const void *opts UNUSED, const struct args *args)
{
	AUTO(mem_free_p) char *path = NULL;
	AUTO(buf_free) struct buf text = BUF_INIT(CONFIG_MAX);
	AUTO(config_free) struct config c = {0};

	TRY(check_path(app, args, &path));
	TRY(err_hint(file_read(AT_FDCWD, path, &text), "'git factory init' makes one"));
	config_init(&c);
	TRY(config_parse(args->n > 0 ? args->v[0] : CONFIG_PATH, buf_str(&text), &c));
	TRY(config_check(&c));
	TRY(retry_check(&c));
	out_printf(&app->out, "%s is fine\n", args->n > 0 ? args->v[0] : CONFIG_PATH);
	if (!config_gated(&c) && !c.gates_none)
		out_printf(&app->note, "note: it has no gates, so no task can run yet\n");
	return NULL;
}

static const struct opt check_table[] = {
	OPT_END,
};

const struct verb cmd_config[] = {
	{"config", "list", "", "every key, its value and where that comes from", config_table, sizeof(struct config_opts), NULL, 0, 0, VERB_PAGER, list},
	{"config", "get", "KEY", "the value of one key", config_table, sizeof(struct config_opts), NULL, 1, 1, 0, get},
	{"config", "check", "[FILE]", "check a policy file before it is committed", check_table, 0, NULL, 0, 1, 0, check},
	VERB_END,
};
