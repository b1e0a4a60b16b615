#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/repo.h"
#include "git/ref.h"
#include "git/tree.h"
#include "git/userconf.h"
#include "line/policy.h"
#include "line/retry.h"
#include "llm/llm.h"
#include "llm/price.h"

void
policy_free(struct policy *p)
{
	config_free(&p->cfg);
	free(p->branch);
	trust_items_free(&p->loosened);
	free(p->hash);
	err_free(p->untrusted);
	*p = (struct policy){0};
}

static struct err *
parse_file(struct repo *r, const struct oid *tree, struct config *c, bool *found)
{
	AUTO(buf_free) struct buf text = BUF_INIT(CONFIG_MAX);
	struct err *e = tree_read(r, tree, CONFIG_PATH, &text);

	*found = e == NULL;
	if (err_is(e, ERR_NOT_FOUND)) {
		err_ignore(e);
		return NULL;
	}
	TRY(e);
	return config_parse(CONFIG_PATH, buf_str(&text), c);
}

static struct err *
take_user_value(void *arg, const char *key, const char *value)
{
	return err_wrap(config_user(arg, key + strlen("factory."), value), "git config '%s'", key);
}

static struct err *
known_price(const char *provider, const char *model, struct conf_price *out, bool *known)
{
	struct llm_price p;

	TRY(price_find(NULL, provider, model, &p, known));
	if (*known)
		*out = (struct conf_price){p.in, p.out, p.cache_read, p.cache_write};
	return NULL;
}

/* Hash what the policy loosens and ask the trust store about it. */
static struct err *
judge_trust(struct repo *r, struct policy *p)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	AUTO(mem_free_p) char *store = trust_store_path();
	struct oid hash;

	TRY(trust_items(&p->cfg, known_price, &p->loosened));
	if (p->loosened.n == 0) {
		p->hash = mem_strdup("");
		return NULL;
	}
	trust_text(&p->loosened, &text);
	TRY(blob_hash(buf_str(&text), &hash));
	p->hash = mem_strdup(oid_hex(&hash).s);
	p->untrusted = trust_require(&p->loosened, store, repo_commondir(r), p->hash);
	return NULL;
}

/* Fills *p, which the caller frees also on failure. */
static struct err *
load(struct repo *r, const char *branch, const struct oid *commit, struct policy *p)
{
	p->branch = mem_strdup(branch);
	p->commit = *commit;
	TRY(commit_tree(r, commit, &p->tree));
	TRY(parse_file(r, &p->tree, &p->cfg, &p->found));
	TRY(userconf_each(r, "factory.", take_user_value, &p->cfg));
	TRY(config_check(&p->cfg));
	TRY(retry_check(&p->cfg));
	return judge_trust(r, p);
}

struct err *
policy_at(struct repo *r, const char *branch, const struct oid *commit, struct policy *out)
{
	struct policy p = {0};
	struct err *e;

	config_init(&p.cfg);
	e = load(r, branch, commit, &p);
	if (e != NULL)
		policy_free(&p);
	else
		*out = p;
	return e;
}

struct err *
policy_base_name(struct repo *r, const struct oid *head, char **out, bool *named)
{
	AUTO(mem_free_p) char *name = NULL;
	AUTO(config_free) struct config c = {0};
	bool found;
	struct oid tree;

	*named = true;
	TRY(userconf_str(r, "factory.base", &name));
	if (name == NULL) {
		config_init(&c);
		TRY(commit_tree(r, head, &tree));
		TRY(parse_file(r, &tree, &c, &found));
		*named = map_get(&c.origin, "base") != NULL;
		name = mem_strdup(c.base);
	}
	*out = STEAL(name);
	return NULL;
}

/* The default gives way to the branch that is checked out when it does not exist. */
static struct err *
base_ref(struct repo *r, const struct oid *head, const char *head_branch, char **out)
{
	AUTO(mem_free_p) char *name = NULL;
	AUTO(mem_free_p) char *ref = NULL;
	struct oid tip;
	bool named;

	TRY(policy_base_name(r, head, &name, &named));
	ref = mem_printf("refs/heads/%s", name);
	TRY(ref_read(r, ref, &tip));
	if (!oid_is_zero(&tip))
		*out = STEAL(ref);
	else if (!named && head_branch != NULL)
		*out = mem_strdup(head_branch);
	else
		return err_hint(err_new(ERR_NOT_FOUND, "the base branch '%s' does not exist", name),
		    "in a clone of a single branch, 'git fetch origin %s:%s'; else set 'base:' in " CONFIG_PATH
		    ", or git config factory.base BRANCH", name, name);
	return NULL;
}

struct err *
policy_tip(struct repo *r, const char *branch, bool shared, struct oid *tip)
{
	AUTO(mem_free_p) char *mirror = NULL;
	struct oid ours, theirs;
	bool behind = true;

	TRY(ref_read(r, branch, &ours));
	if (shared && str_starts(str_of(branch), "refs/heads/")) {
		mirror = mem_printf(REMOTE_HEADS "%s", branch + strlen("refs/heads/"));
		TRY(ref_read(r, mirror, &theirs));
		if (!oid_is_zero(&ours) && !oid_is_zero(&theirs))
			TRY(commit_is_ancestor(r, &ours, &theirs, &behind));
		if (behind && !oid_is_zero(&theirs))
			ours = theirs;
	}
	if (oid_is_zero(&ours))
		return err_new(ERR_NOT_FOUND, "the base branch '%s' is gone", branch);
	*tip = ours;
	return NULL;
}

struct err *
policy_open(struct repo *r, struct policy *out)
{
	return policy_open_shared(r, false, out);
}

struct err *
policy_open_shared(struct repo *r, bool shared, struct policy *out)
{
	AUTO(mem_free_p) char *head_branch = NULL;
	AUTO(mem_free_p) char *ref = NULL;
	struct oid head, tip;

	TRY(repo_head(r, &head_branch, &head));
	if (oid_is_zero(&head))
		return err_hint(err_new(ERR_REPOSITORY, "the repository has no commit yet"),
		    "commit something first: a change needs a base");
	TRY(base_ref(r, &head, head_branch, &ref));
	TRY(policy_tip(r, ref, shared, &tip));
	return policy_at(r, ref, &tip, out);
}

const char *
policy_base(const struct policy *p)
{
	return str_starts(str_of(p->branch), "refs/heads/") ? p->branch + strlen("refs/heads/") : p->branch;
}

/* Of the work tree; false where there is none. */
static bool
read_checkout(struct repo *r, struct buf *out)
{
	AUTO(mem_free_p) char *path = repo_is_bare(r) ? NULL : path_join(repo_workdir(r), CONFIG_PATH);
	struct err *e = path != NULL ? file_read(AT_FDCWD, path, out) : NULL;
	bool there = path != NULL && e == NULL;

	err_ignore(e);
	return there;
}

static struct err *
read_head(struct repo *r, struct buf *out)
{
	AUTO(mem_free_p) char *branch = NULL;
	struct oid head, tree;

	TRY(repo_head(r, &branch, &head));
	if (oid_is_zero(&head))
		return NULL;
	TRY(commit_tree(r, &head, &tree));
	return tree_read(r, &tree, CONFIG_PATH, out);
}

bool
policy_uncommitted(struct repo *r)
{
	AUTO(buf_free) struct buf here = BUF_INIT(CONFIG_MAX), committed = BUF_INIT(CONFIG_MAX);

	if (!read_checkout(r, &here))
		return false;
	err_ignore(read_head(r, &committed));
	return str_cmp(buf_str(&here), buf_str(&committed)) != 0;
}

struct err *
policy_proves(struct repo *r, const struct policy *p)
{
	static const char commit[] = "edit the one in your work tree, and commit it: only what is committed counts";
	AUTO(buf_free) struct buf here = BUF_INIT(CONFIG_MAX);

	if (config_gated(&p->cfg) || p->cfg.gates_none)
		return NULL;
	if (p->found)
		return err_hint(err_new(ERR_CONFIG, "%s of '%s' has no gates: nothing says how a change is proven",
		    CONFIG_PATH, policy_base(p)), "%s",
		    policy_uncommitted(r) ? commit : "add one under 'gates:', or say 'gates: none'");
	return err_hint(err_new(ERR_CONFIG, "'%s' has no %s: nothing says how a change is proven", policy_base(p),
	    CONFIG_PATH), "%s", read_checkout(r, &here) ? commit : "run 'git factory init', edit the file, and commit it");
}

struct err *
policy_trusted(const struct policy *p)
{
	struct err *e;

	if (p->untrusted == NULL || !defence_on(DEFENCE_TRUST))
		return NULL;
	e = err_new(ERR_UNTRUSTED, "%s", err_msg(p->untrusted));
	return err_hint_of(p->untrusted) == NULL ? e : err_hint(e, "%s", err_hint_of(p->untrusted));
}

static void
add_all(struct strs *to, const struct strs *from)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		strs_add(to, from->v[i]);
}

struct err *
policy_jail(const struct policy *p, const struct conf_agent *agent, struct jail_policy *out)
{
	const struct config *c = &p->cfg;
	struct jail_policy j = {0};

	j.mode = c->sandbox.mode == SANDBOX_NONE ? JAIL_NONE : JAIL_BWRAP;
	j.host_network = c->sandbox.network == NETWORK_HOST ||
	    (agent != NULL && agent->network == NETWORK_HOST);
	add_all(&j.read, &c->sandbox.read);
	if (agent != NULL)
		add_all(&j.read, &agent->read);
	if (c->sandbox.path[0] != '\0')
		j.path = mem_strdup(c->sandbox.path);
	j.tmp_bytes = (size_t)c->sandbox.tmp;
	j.nproc = (long)c->sandbox.processes;
	*out = j;
	return NULL;
}

struct workspace_opts
policy_workspace(const struct policy *p)
{
	const struct config *c = &p->cfg;
	const char *kind = c->workspace.kind;

	return (struct workspace_opts){
	    .kind = strcmp(kind, "auto") == 0 ? WS_AUTO : strcmp(kind, "pool") == 0 ? WS_POOL : WS_OVERLAY,
	    .bytes = (size_t)c->workspace.size,
	    .submodules = strcmp(c->workspace.submodules, "empty") == 0,
	    .lfs = strcmp(c->workspace.lfs, "pointers") == 0};
}

char *
policy_sandbox_word(const struct jail_policy *j)
{
	if (j->mode == JAIL_NONE)
		return mem_strdup("none");
	return mem_strdup(j->host_network ? "bwrap, network: host" : "bwrap");
}
