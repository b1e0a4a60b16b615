/*
 * git factory trust - allow what this repository's policy loosens.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "conf/trust.h"
#include "git/repo.h"
#include "line/policy.h"
#include "wire/json.h"

struct trust_opts {
	bool list;
	bool revoke;
	bool json;
};

static const struct opt trust_table[] = {
	OPT_FLAG('l', "list", struct trust_opts, list, "only show what it loosens, and whether that is trusted"),
	OPT_FLAG(0, "revoke", struct trust_opts, revoke, "take back all trust in this repository"),
	OPT_FLAG(0, "json", struct trust_opts, json, "print JSON"),
	OPT_END,
};

static void
print_items(struct out *o, const struct trust_items *items)
{
	size_t i;

	for (i = 0; i < items->n; i++) {
		out_printf(o, "%s: ", items->v[i].key);
		out_line(o, str_of(items->v[i].value));
		out_printf(o, "\n    %s\n", items->v[i].why);
	}
}

static void
print_json(struct out *o, const struct policy *p, const struct trust_items *items, bool trusted)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct jw w;
	size_t i;

	jw_init(&w, &text, true);
	jw_obj(&w);
	jw_kbool(&w, "trusted", trusted);
	jw_kstr(&w, "hash", p->hash[0] == '\0' ? NULL : p->hash);
	jw_key(&w, "loosened");
	jw_list(&w);
	for (i = 0; i < items->n; i++) {
		jw_obj(&w);
		jw_kstr(&w, "key", items->v[i].key);
		jw_kstr(&w, "value", items->v[i].value);
		jw_kstr(&w, "why", items->v[i].why);
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	out_raw(o, buf_str(&text));
}

static struct err *
add(struct app *app, struct repo *r, const struct policy *p, const char *store)
{
	char now[CLOCK_TEXT];

	if (store == NULL)
		return err_hint(err_new(ERR_CONFIG, "there is no home folder to keep trust in"), "set HOME");
	clock_format(clock_wall(&app->clock), now);
	return trust_add(store, repo_commondir(r), p->hash, now);
}

static struct err *
trust(struct app *app, const void *opts, const struct args *args UNUSED)
{
	const struct trust_opts *o = opts;
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(policy_free) struct policy p = {0};
	AUTO(mem_free_p) char *store = trust_store_path();
	bool trusted;

	TRY(repo_open(app->repo_path, &r));
	if (o->revoke && store != NULL)
		TRY(trust_drop(store, repo_commondir(r)));
	TRY(policy_open(r, &p));
	trusted = p.untrusted == NULL;
	if (!o->list && !o->revoke && !trusted) {
		TRY(add(app, r, &p, store));
		trusted = true;
	}
	if (o->json) {
		print_json(&app->out, &p, &p.loosened, trusted);
		return NULL;
	}
	print_items(&app->out, &p.loosened);
	out_printf(&app->out, p.loosened.n == 0 ? "the policy loosens nothing: there is nothing to trust\n"
	    : trusted ? "trusted: exactly these lines, in this repository\n" : "not trusted\n");
	return NULL;
}

const struct verb cmd_trust[] = {
	{"trust", NULL, "", "allow what this repository's policy loosens", trust_table, sizeof(struct trust_opts), NULL, 0, 0, 0, trust},
	VERB_END,
};
