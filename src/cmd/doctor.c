/*
 * git factory doctor - what this machine and this repository still need.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/lib.h"
#include "base/mem.h"
#include "base/vec.h"
#include "cmd/cmd.h"
#include "conf/config.h"
#include "forge/forge.h"
#include "forge/token.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/remote.h"
#include "git/repo.h"
#include "git/tree.h"
#include "git/workspace.h"
#include "line/policy.h"
#include "line/renamed.h"
#include "llm/llm.h"
#include "llm/price.h"
#include "sys/jail.h"
#include "sys/proc.h"
#include "sys/sigs.h"
#include "wire/json.h"

#define PROBE_MS 60000

enum level {
	LEVEL_OK,
	LEVEL_NOTE,	/* worth knowing; nothing stops */
	LEVEL_BAD	/* something will not work */
};

struct finding {
	enum level level;
	const char *check;	/* what was looked at, a word */
	char *text;
	char *remedy;		/* NULL when there is none */
};

struct exam {
	struct app *app;
	struct repo *repo;	/* NULL outside of one */
	struct policy policy;
	bool has_policy;
	VEC(struct finding) findings;
};

static const char *const level_words[] = {"ok", "note", "bad"};

static void PRINTF(4, 5)
found(struct exam *x, enum level level, const char *check, const char *fmt, ...)
{
	struct finding f = {level, check, NULL, NULL};
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&f.text, fmt, ap) < 0)
		f.text = mem_strdup(check);
	va_end(ap);
	vec_push(&x->findings, f);
}

static void
remedy(struct exam *x, const char *text)
{
	x->findings.v[x->findings.n - 1].remedy = mem_strdup(text);
}

/* Takes the error over; NULL is fine and says 'good'. */
static void
judge(struct exam *x, enum level level, const char *check, struct err *e, const char *good)
{
	if (e == NULL) {
		found(x, LEVEL_OK, check, "%s", good);
		return;
	}
	found(x, level, check, "%s", err_msg(e));
	if (err_hint_of(e) != NULL)
		remedy(x, err_hint_of(e));
	err_free(e);
}

/* ---- the machine ---- */

static struct err *
git_version(char **out)
{
	static const char *const argv[] = {"git", "--version", NULL};
	struct proc_spec spec = {.argv = argv, .env = (const char *const *)environ, .max_out = KIB};
	AUTO(proc_result_free) struct proc_result r = {0};

	TRY(proc_run(&spec, &r));
	TRY(proc_check(&r, "git --version"));
	*out = str_dup(str_trim(buf_str(&r.out.b)));
	return NULL;
}

static void
check_git(struct exam *x)
{
	AUTO(mem_free_p) char *version = NULL;
	struct err *e = git_version(&version);

	judge(x, LEVEL_BAD, "git", e, version != NULL ? version : "");
}

static void
check_libraries(struct exam *x)
{
	static const struct {
		const char *soname, *symbol;
	} rows[] = {{SO_GIT2, "git_libgit2_init"}, {SO_CURL, "curl_global_init"}, {SO_SQLITE, "sqlite3_open_v2"},
	    {SO_ZLIB, "deflate"}, {SO_CRYPTO, "HMAC"},
	    {SO_MHD, "MHD_start_daemon"}};
	void *fn;
	size_t i;

	for (i = 0; i < NITEMS(rows); i++)
		judge(x, LEVEL_BAD, "library", lib_open(rows[i].soname, &rows[i].symbol, &fn, 1), rows[i].soname);
}

static void
check_sandbox(struct exam *x)
{
	AUTO(jail_policy_free) struct jail_policy jail = {0};
	struct err *e = NULL;

	if (x->has_policy && x->policy.untrusted == NULL)
		e = policy_jail(&x->policy, NULL, &jail);
	if (e == NULL && jail.mode == JAIL_NONE) {
		found(x, LEVEL_NOTE, "sandbox", "off by name: commands run as you, with all that you can reach");
		remedy(x, "remove 'sandbox.mode: none'");
		return;
	}
	if (e == NULL)
		e = jail_check(&jail);
	judge(x, LEVEL_BAD, "sandbox", e, "bubblewrap works here");
}

static void
check_agents(struct exam *x)
{
	static const char *const names[] = {"claude", "codex", "opencode", "gemini", "qwen", "aider"};
	const char *path = getenv("PATH");
	bool any = false;
	size_t i;

	for (i = 0; i < NITEMS(names); i++) {
		AUTO(mem_free_p) char *where = path == NULL ? NULL : proc_find(path, names[i]);

		if (where != NULL)
			found(x, LEVEL_OK, "agent", "%s is here: %s", names[i], where);
		any = any || where != NULL;
	}
	if (!any)
		found(x, LEVEL_OK, "agent", "no outside agent on PATH; the built-in one needs none");
}

/* ---- the repository ---- */

static void
check_repo(struct exam *x)
{
	AUTO(ident_free) struct ident who = {0};
	struct err *e = repo_open(x->app->repo_path, &x->repo);

	judge(x, LEVEL_BAD, "repository", e, x->repo == NULL ? "" : repo_commondir(x->repo));
	if (x->repo == NULL)
		return;
	if (repo_is_shallow(x->repo)) {
		found(x, LEVEL_BAD, "repository", "this clone is shallow: history is missing, and merging needs it");
		remedy(x, "git fetch --unshallow");
	}
	judge(x, LEVEL_BAD, "identity", ident_user(x->repo, NULL, NULL, 0, &who), "git knows who you are");
	judge(x, LEVEL_NOTE, "workspace", workspace_probe(x->repo), "overlays work here");
}

static void
check_state(struct exam *x)
{
	AUTO(mem_free_p) char *where = NULL;
	struct oid tip;
	struct err *e = ref_read(x->repo, REF_STATE, &tip);

	if (e == NULL && oid_is_zero(&tip)) {
		found(x, LEVEL_BAD, "state", "the factory has no state in this repository yet");
		remedy(x, "git factory init");
		return;
	}
	judge(x, LEVEL_BAD, "state", e, REF_STATE);
	e = repo_checked_out(x->repo, REF_VIEW, &where);
	if (e == NULL && where != NULL) {
		found(x, LEVEL_NOTE, "state", "the branch of the state is checked out in '%s': it does not follow", where);
		remedy(x, "check out another branch there when you have edited your tasks");
	}
	err_ignore(e);
}

/* A workflow on every push would run for each move of the state's branch, too. */
static struct err *
check_workflow(void *arg, const struct tree_entry *e, bool *descend UNUSED)
{
	struct exam *x = arg;
	AUTO(buf_free) struct buf text = BUF_INIT(MIB);
	struct str s;

	if (e->mode != MODE_FILE || (!str_ends(str_of(e->path), ".yml") && !str_ends(str_of(e->path), ".yaml")))
		return NULL;
	err_ignore(blob_read(x->repo, &e->oid, &text));
	s = buf_str(&text);
	if (str_find(s, STR("push")) >= 0 && str_find(s, STR("branches")) < 0) {
		found(x, LEVEL_NOTE, "branches", "%s may run on every push, also of the branch factory-state", e->path);
		remedy(x, "add 'branches-ignore: [factory-state]' to its push trigger");
	}
	return NULL;
}

static void
check_policy(struct exam *x)
{
	struct err *e = policy_open(x->repo, &x->policy);
	struct workspace_opts o;

	x->has_policy = e == NULL;
	if (e == NULL)
		e = policy_proves(x->repo, &x->policy);
	judge(x, LEVEL_BAD, "policy", e, x->has_policy ? policy_base(&x->policy) : "");
	if (!x->has_policy || !x->policy.found)
		return;
	o = policy_workspace(&x->policy);
	o.tree = x->policy.tree;
	judge(x, LEVEL_BAD, "workspace", workspace_check(x->repo, &o),
	    "takes all that the base holds");
	judge(x, LEVEL_BAD, "trust", policy_trusted(&x->policy), "the policy loosens nothing that you have not allowed");
	err_ignore(tree_walk(x->repo, &x->policy.tree, ".github/workflows", check_workflow, x));
}

/* Pushes and deletes a ref of its own: forges differ in what they take. */
static void
check_remote(struct exam *x)
{
	AUTO(remote_close_p) struct remote *m = NULL;
	AUTO(remote_probe_free) struct remote_probe probe = {0};
	const char *name = x->policy.cfg.state_remote;
	struct remote_opts o = {.deadline_ms = PROBE_MS, .cancel_fd = sigs_fd()};
	struct err *e;

	if (*name == '\0') {
		found(x, LEVEL_OK, "remote", "none is shared: the tasks are this repository's alone");
		return;
	}
	e = remote_open(x->repo, name, &o, &m);
	if (e == NULL)
		e = remote_probe(m, &probe);
	if (e != NULL) {
		judge(x, LEVEL_BAD, "remote", e, "");
		return;
	}
	if (x->has_policy)
		e = renamed_check(x->repo, name, policy_base(&x->policy), o.cancel_fd);
	if (e != NULL) {
		judge(x, LEVEL_BAD, "remote", e, "");
		return;
	}
	if (probe.atomic && probe.refs) {
		found(x, LEVEL_OK, "remote", "%s (%s) takes atomic pushes and refs under refs/factory/", name, remote_url(m));
		return;
	}
	found(x, LEVEL_BAD, "remote", "%s", probe.why);
	remedy(x, probe.atomic ? "let those who run the factory create, move and delete refs under refs/factory/ there" :
	    "use a remote with atomic pushes, or one node alone: git config factory.remote none");
}

/* A model without a price is refused, unless it is on this machine. */
static void
check_price(struct exam *x, const struct conf_model *m, const char *url)
{
	struct llm_price price;
	bool known = m->price.in >= 0 || url_loopback(url);
	struct err *e = known ? NULL : price_find(NULL, provider_word(m->provider), m->model, &price, &known);

	if (e != NULL) {
		judge(x, LEVEL_BAD, "model", e, "");
	} else if (!known) {
		found(x, LEVEL_BAD, "model", "%s: no price is known for '%s'", m->name, m->model);
		remedy(x, "add 'price: {in: …, out: …}' (dollars per million tokens) to the model's entry");
	}
}

/* Names of keys only, never a value. */
static void
check_models(struct exam *x)
{
	const struct config *c = &x->policy.cfg;
	size_t i;

	for (i = 0; i < c->models.n; i++) {
		const struct conf_model *m = &c->models.v[i];
		const char *url = m->base_url[0] != '\0' ? m->base_url : provider_base_url(m->provider);
		const char *env = model_key_env(m);

		if (m->provider == PROVIDER_RECORDED) {
			found(x, LEVEL_OK, "model", "%s answers from a recording", m->name);
		} else if (getenv(env) != NULL) {
			found(x, LEVEL_OK, "model", "%s: %s is set", m->name, env);
		} else if (url_loopback(url)) {
			found(x, LEVEL_OK, "model", "%s is on this machine and needs no key", m->name);
		} else {
			found(x, LEVEL_BAD, "model", "%s: %s is not set", m->name, env);
			remedy(x, "export it in the environment that runs the factory");
		}
		if (m->provider != PROVIDER_RECORDED)
			check_price(x, m, url);
	}
	if (c->agent[0] == '\0') {
		found(x, LEVEL_BAD, "model", "no agent is configured");
		remedy(x, "name one under 'agent:' in " CONFIG_PATH);
	}
}

/* ---- the forge ---- */

#define NEEDS (NEED_READ | NEED_PUSH | NEED_ISSUES | NEED_PULLS | NEED_CHECKS | NEED_STATUS | NEED_PEOPLE)

static void
check_token(struct exam *x, const struct forge *f)
{
	if (f->token->kind == TOKEN_ACTIONS) {
		found(x, LEVEL_NOTE, "forge", "the token is the one that Actions makes for a job: what is pushed and opened with it starts no workflows, so no checks run on its pull requests");
		remedy(x, "use a GitHub App (forge.app.id) or a bot user's token in FACTORY_FORGE_TOKEN");
	} else if (f->token->kind == TOKEN_JOB) {
		found(x, LEVEL_NOTE, "forge", "the token is GitLab's CI_JOB_TOKEN, which opens no merge requests and may not push by default");
		remedy(x, "put a project access token (scopes api and write_repository) into FACTORY_FORGE_TOKEN, a masked and protected variable");
	}
}

/* Takes the error over. */
static void
bad_forge(struct exam *x, struct err *e)
{
	if (err_hint_of(e) == NULL)
		e = err_hint(e, "see whether the forge is up, and whether the token is one of it");
	judge(x, LEVEL_BAD, "forge", e, "");
}

/* Each permission that is missing, in the forge's own words for it. */
static void
check_rights(struct exam *x, struct forge *f, unsigned needs, enum level level)
{
	AUTO(strs_free) struct strs missing = {0};
	struct err *e = f->api->rights(f, needs, &missing);
	size_t i;

	if (e != NULL)
		bad_forge(x, e);
	for (i = 0; i < missing.n; i++) {
		AUTO(mem_free_p) char *text = mem_printf("give it to the token that is in use (%s), or use another one", f->token->from);

		found(x, level, "forge", "the token lacks %s", missing.v[i]);
		remedy(x, text);
	}
	if (e == NULL && missing.n == 0 && level == LEVEL_BAD)
		found(x, LEVEL_OK, "forge", "the token may do all that the factory does there");
}

static bool
has_workflows(struct exam *x)
{
	struct tree_entry e = {0};

	err_ignore(tree_find(x->repo, &x->policy.tree, ".github/workflows", &e));
	return e.mode != 0;
}

static void
check_forge(struct exam *x)
{
	struct forge_opts o = {.patience = 5, .cancel = sigs_flag()};
	AUTO(forge_close_p) struct forge *f = NULL;
	AUTO(forge_user_free) struct forge_user who = {0};
	AUTO(mem_free_p) char *why = NULL;
	struct err *e = forge_open(x->repo, &x->policy.cfg, &o, &f, &why);

	if (e != NULL) {
		bad_forge(x, e);
		return;
	}
	if (f == NULL) {
		found(x, why == NULL ? LEVEL_OK : LEVEL_NOTE, "forge", "%s", why == NULL ?
		    "none is used: pull requests are in this repository" : why);
		if (why != NULL)
			remedy(x, "export FACTORY_FORGE_TOKEN, or say 'forge: none'");
		return;
	}
	e = f->api->whoami(f, &who);
	if (e != NULL) {
		bad_forge(x, e);
		return;
	}
	found(x, LEVEL_OK, "forge", "%s, as '%s' by the token from %s", f->place.web, who.login, f->token->from);
	check_token(x, f);
	check_rights(x, f, NEEDS | (f->token->kind == TOKEN_ACTIONS && x->policy.cfg.forge.dispatch.n > 0 ? NEED_DISPATCH : 0),
	    LEVEL_BAD);
	if (f->place.kind == FORGE_GITHUB && has_workflows(x))
		check_rights(x, f, NEED_WORKFLOWS, LEVEL_NOTE);
}

/* ---- the report ---- */

static const enum out_style level_styles[] = {STYLE_GREEN, STYLE_YELLOW, STYLE_RED};

static void
print(struct exam *x)
{
	struct out *o = &x->app->out;
	size_t i;

	for (i = 0; i < x->findings.n; i++) {
		const struct finding *f = &x->findings.v[i];

		out_style(o, level_styles[f->level]);
		out_printf(o, "%-5s", level_words[f->level]);
		out_style(o, STYLE_RESET);
		out_printf(o, " %-11s ", f->check);
		out_line(o, str_of(f->text));
		out_printf(o, "\n");
		if (f->remedy != NULL)
			out_printf(o, "%18s-> %s\n", "", f->remedy);
	}
}

static void
print_json(struct exam *x, bool fine)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct jw w;
	size_t i;

	jw_init(&w, &text, true);
	jw_obj(&w);
	jw_kbool(&w, "fine", fine);
	jw_key(&w, "findings");
	jw_list(&w);
	for (i = 0; i < x->findings.n; i++) {
		jw_obj(&w);
		jw_kstr(&w, "level", level_words[x->findings.v[i].level]);
		jw_kstr(&w, "check", x->findings.v[i].check);
		jw_kstr(&w, "text", x->findings.v[i].text);
		jw_kstr(&w, "remedy", x->findings.v[i].remedy);
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	out_raw(&x->app->out, buf_str(&text));
}

static void
exam_free(struct exam *x)
{
	size_t i;

	for (i = 0; i < x->findings.n; i++) {
		free(x->findings.v[i].text);
		free(x->findings.v[i].remedy);
	}
	vec_free(&x->findings);
	policy_free(&x->policy);
	repo_close(x->repo);
}

struct doctor_opts {
	bool json;
};

static const struct opt doctor_table[] = {
	OPT_FLAG(0, "json", struct doctor_opts, json, "print JSON"),
	OPT_END,
};

static struct err *
doctor(struct app *app, const void *opts, const struct args *args UNUSED)
{
	const struct doctor_opts *o = opts;
	AUTO(exam_free) struct exam x = {.app = app};
	size_t i, bad = 0;

	check_git(&x);
	check_libraries(&x);
	check_repo(&x);
	if (x.repo != NULL) {
		check_state(&x);
		check_policy(&x);
	}
	if (x.has_policy)
		check_remote(&x);
	/* What nobody trusts yet could name another address for the token. */
	if (x.has_policy && x.policy.untrusted == NULL)
		check_forge(&x);
	if (x.has_policy && x.policy.found)
		check_models(&x);
	check_sandbox(&x);
	check_agents(&x);
	TRY(sigs_check());
	for (i = 0; i < x.findings.n; i++)
		bad += x.findings.v[i].level == LEVEL_BAD;
	if (o->json)
		print_json(&x, bad == 0);
	else
		print(&x);
	return bad == 0 ? NULL : err_new(ERR_FINDINGS, "%zu thing%s to mend", bad, bad == 1 ? "" : "s");
}

const struct verb cmd_doctor[] = {
	{"doctor", NULL, "", "what this machine and this repository still need", doctor_table, sizeof(struct doctor_opts), NULL, 0, 0, 0, doctor},
	VERB_END,
};
