#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/redact.h"
#include "conf/secrets.h"
#include "git/tree.h"
#include "git/workspace.h"
#include "line/judge.h"
#include "line/policy.h"
#include "line/setup.h"
#include "sys/jail.h"

#define OUTPUT_MAX (16 * KIB)

/*
 * What the layer is a function of: the commands, whether they may use the
 * network, and the ids of the files that they name.  On a change they may read
 * what an agent wrote into any file, so its layer is that tree's alone.
 */
static struct err *
layer_key(const struct judge *j, const struct config *c, const struct oid *tree, bool trusted, char **out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct tree_entry entry;
	struct oid hash;
	size_t i, k;

	if (!trusted)
		buf_addf(&text, "%s\n", oid_hex(tree).s);
	for (i = 0; i < c->setup.n; i++) {
		const struct conf_setup *s = &c->setup.v[i];

		buf_addf(&text, "%s\n%s\n%d\n", s->run, s->dir, trusted && s->network == NETWORK_HOST);
		for (k = 0; k < s->key.n; k++) {
			TRY(tree_find(j->repo, tree, s->key.v[k], &entry));
			buf_addf(&text, "%s %o %s\n", s->key.v[k], entry.mode, oid_hex(&entry.oid).s);
		}
	}
	TRY(blob_hash(buf_str(&text), &hash));
	*out = mem_strdup(oid_hex(&hash).s);
	return NULL;
}

static struct err *
add_secrets(const struct conf_setup *s, struct secrets *found, struct strs *env)
{
	bool there;
	size_t i;

	for (i = 0; i < s->secrets.n; i++)
		TRY(secrets_env(found, s->secrets.v[i], &there));
	for (i = 0; i < found->n; i++)
		strs_addf(env, "%s=%s", found->v[i].name, found->v[i].value);
	return NULL;
}

/* What the command says is shown and recorded, without the secrets it was given. */
static struct err *
failed(const struct conf_setup *s, const struct proc_result *r, const struct secrets *given, bool trusted)
{
	AUTO(redact_free_p) struct redactor *redact = redact_new(given);
	AUTO(buf_free) struct buf said = BUF_INIT(2 * OUTPUT_MAX);

	redact_output(redact, &r->out, OUTPUT_MAX, OUTPUT_MAX, &said);
	return err_hint(err_new(ERR_DEPENDENCY, "setup '%s' ended with exit status %d: %s", s->run, r->status,
	    buf_cstr(&said)),
	    trusted ? "try it by hand in a fresh checkout"
	    : "the change needs something that setup without network cannot get");
}

static void
wipe_env(struct strs *env)
{
	size_t i;

	for (i = 0; i < env->n; i++)
		mem_wipe(env->v[i], strlen(env->v[i]));
	strs_free(env);
}

/* A command's own time, or what is left for all. */
static struct err *
time_for(const struct judge *j, const struct conf_setup *s, int64_t *ms)
{
	int64_t left = *ms = s->timeout * 1000;

	if (j->until_ms != 0)
		left = j->until_ms - clock_mono(j->clock);
	if (left <= 0)
		return err_hint(err_new(ERR_TIMEOUT, "no time is left for setup '%s'", s->run), "raise limits.timeout");
	if (left < *ms)
		*ms = left;
	return NULL;
}

static struct err *
run_one(const struct judge *j, struct workspace *ws, const struct conf_setup *s, bool trusted)
{
	const char *argv[] = {"sh", "-c", s->run, NULL};
	struct jail_cmd cmd = {.argv = argv, .cwd = s->dir[0] != '\0' ? s->dir : NULL, .max_out = OUTPUT_MAX + REDACT_MARGIN,
	    .tail = OUTPUT_MAX + REDACT_MARGIN, .err_to_out = true, .shares = true,
	    .cancel_fd = j->o->cancel_fd};
	AUTO(wipe_env) struct strs env = {0};
	AUTO(secrets_free) struct secrets given = {0};
	AUTO(proc_result_free) struct proc_result r = {0};

	if (trusted) {
		cmd.host_network = s->network == NETWORK_HOST;
		TRY(add_secrets(s, &given, &env));
	}
	cmd.env = &env;
	TRY(time_for(j, s, &cmd.deadline_ms));
	line_tell(j->o, LINE_STEP, "setup: %s", s->run);
	TRY(jail_run(j->jail, workspace_view(ws), &cmd, &r));
	if (r.cancelled)
		return err_new(ERR_INTERRUPTED, "stopped during setup");
	if (r.timed_out)
		return err_hint(err_new(ERR_DEPENDENCY, "setup '%s' passed its deadline", s->run), "raise its timeout, or limits.timeout");
	if (r.status != 0)
		return failed(s, &r, &given, trusted);
	return NULL;
}

static struct err *
build_layer(const struct judge *j, const struct policy *p, const struct oid *tree, bool trusted, const char *key)
{
	AUTO(workspace_close_p) struct workspace *ws = NULL;
	AUTO(strs_free) struct strs dropped = {0};
	struct workspace_opts o = policy_workspace(p);
	size_t i;

	o.commit = p->commit;
	o.tree = *tree;
	TRY(workspace_open(j->repo, &o, &ws));
	for (i = 0; i < p->cfg.setup.n; i++)
		TRY(run_one(j, ws, &p->cfg.setup.v[i], trusted));
	TRY(workspace_setup_save(ws, key, &dropped));
	for (i = 0; i < dropped.n; i++)
		line_tell(j->o, LINE_NOTE, "setup changed '%s', which is in the repository: not kept", dropped.v[i]);
	return NULL;
}

/* A change that leaves the key files alone has the base's own layer. */
static struct err *
choose_key(const struct judge *j, const struct policy *p, const struct oid *tree, bool *trusted, char **key)
{
	AUTO(mem_free_p) char *base_key = NULL;
	AUTO(mem_free_p) char *k = NULL;

	TRY(layer_key(j, &p->cfg, &p->tree, true, &base_key));
	TRY(layer_key(j, &p->cfg, tree, true, &k));
	*trusted = *trusted || strcmp(k, base_key) == 0;
	if (*trusted) {
		*key = STEAL(k);
		return NULL;
	}
	return layer_key(j, &p->cfg, tree, false, key);
}

struct err *
setup_find(const struct judge *j, const struct policy *p, const struct oid *tree, bool trusted, char **key,
    bool *found)
{
	*found = p->cfg.setup.n == 0;
	if (*found)
		return NULL;
	TRY(choose_key(j, p, tree, &trusted, key));
	return workspace_setup_find(j->repo, *key, found);
}

struct err *
setup_prepare(const struct judge *j, const struct policy *p, const struct oid *tree, bool trusted, char **key)
{
	AUTO(mem_free_p) char *k = NULL;
	bool found;

	if (p->cfg.setup.n == 0)
		return NULL;
	TRY(choose_key(j, p, tree, &trusted, &k));
	TRY(workspace_setup_find(j->repo, k, &found));
	if (!found)
		TRY(build_layer(j, p, tree, trusted, k));
	*key = STEAL(k);
	return NULL;
}
