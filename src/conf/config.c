#include "conf/config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "conf/grant.h"
#include "conf/key.h"
#include "conf/secrets.h"

static const struct {
	const char *word, *key_env, *base_url;
} providers[] = {
	[PROVIDER_ANTHROPIC] = {"anthropic", "ANTHROPIC_API_KEY", "https://api.anthropic.com"},
	[PROVIDER_OPENAI] = {"openai", "OPENAI_API_KEY", "https://api.openai.com"},
	[PROVIDER_RECORDED] = {"recorded", "", ""},
};

const char *
provider_key_env(enum provider_kind kind)
{
	return providers[kind].key_env;
}

const char *
provider_base_url(enum provider_kind kind)
{
	return providers[kind].base_url;
}

const char *
provider_word(enum provider_kind kind)
{
	return providers[kind].word;
}

const char *
model_key_env(const struct conf_model *m)
{
	return m->key_env[0] != '\0' ? m->key_env : provider_key_env(m->provider);
}

const char *
config_origin_word(enum config_origin origin)
{
	static const char *const words[] = {"default", "policy", "user"};

	return words[origin];
}

/* "127." and three more numbers, nothing that a resolver would be asked about. */
static bool
is_loopback4(struct str host)
{
	struct str part;
	int64_t v;
	int n = 0;

	if (!str_starts(host, "127."))
		return false;
	while (str_next(&host, '.', &part)) {
		if (part.n > 3 || !str_int(part, 0, 255, &v))
			return false;
		n++;
	}
	return n == 4;
}

bool
url_loopback(const char *url)
{
	struct str s = str_of(url), host;
	size_t n = 0;

	if (str_starts(s, "https://"))
		s = str_skip(s, 8);
	else if (str_starts(s, "http://"))
		s = str_skip(s, 7);
	else
		return false;
	if (str_starts(s, "[::1]")) {
		s = str_skip(s, 5);
		return s.n == 0 || s.p[0] == ':' || s.p[0] == '/';
	}
	while (n < s.n && strchr(":/?#", s.p[n]) == NULL)
		n++;
	host = str_take(s, n);
	/* "http://127.0.0.1:x@evil/" has its host behind the '@'. */
	if (str_has(s, '@') || str_has(s, '\\'))
		return false;
	return str_is(host, "localhost") || is_loopback4(host);
}

void
config_init(struct config *c)
{
	const struct key *k;

	*c = (struct config){0};
	for (k = keys; k->name != NULL; k++)
		if (k->place == PLACE_CONFIG)
			key_default(k, c, c);
	types_add(c);
}

static void
lists_free(struct config *c, enum key_place place, void *obj)
{
	const struct key *k;

	(void)c;
	for (k = keys; k->name != NULL; k++)
		if (k->place == place)
			key_clear(k, obj);
}

void
config_free(struct config *c)
{
	size_t place, i;

	for (place = PLACE_MODEL; place <= PLACE_SETUP; place++) {
		struct any_vec *v = place_vec(c, (enum key_place)place);

		for (i = 0; i < v->n; i++)
			lists_free(c, (enum key_place)place, v->v + i * places[place].size);
		free(v->v);
	}
	lists_free(c, PLACE_CONFIG, c);
	map_free(&c->origin, NULL);
	arena_free(&c->mem);
	*c = (struct config){0};
}

const struct conf_model *
config_model(const struct config *c, const char *name)
{
	if (name[0] == '\0')
		return c->models.n == 1 ? &c->models.v[0] : NULL;
	return key_place_find(c, PLACE_MODEL, str_of(name));
}

const struct conf_agent *
config_agent(const struct config *c, const char *name)
{
	if (name[0] == '\0')
		return c->agents.n == 1 ? &c->agents.v[0] : NULL;
	return key_place_find(c, PLACE_AGENT, str_of(name));
}

const struct conf_gate *
config_gate(const struct config *c, const char *name)
{
	return key_place_find(c, PLACE_GATE, str_of(name));
}

const struct conf_retry *
config_retry(const struct config *c, const char *name)
{
	return key_place_find(c, PLACE_RETRY, str_of(name));
}

const struct conf_type *
config_type(const struct config *c, const char *name)
{
	return key_place_find(c, PLACE_TYPE, str_of(name));
}

bool
config_gated(const struct config *c)
{
	return c->gates.n > 0 || c->gates_none;
}

/* Is a variable that an agent is handed worth hiding? */
static bool
sounds_secret(const char *name)
{
	static const char *const words[] = {"KEY", "TOKEN", "SECRET", "PASS", "AUTH", "CRED"};
	const char *value = getenv(name);
	size_t i;

	for (i = 0; i < NITEMS(words); i++)
		if (strstr(name, words[i]) != NULL)
			return true;
	return value != NULL && secret_looks(str_of(value));
}

/* Where forges' own programs and CI systems have their tokens. */
static const char *const forge_tokens[] = {"FACTORY_FORGE_TOKEN", "GITHUB_TOKEN", "GH_TOKEN",
    "GH_ENTERPRISE_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN", "GITEA_TOKEN", "FORGEJO_TOKEN",
    "LINEAR_API_KEY"};

void
config_forge_env(const struct config *c, struct strs *out)
{
	size_t i;

	for (i = 0; i < NITEMS(forge_tokens); i++)
		strs_add(out, forge_tokens[i]);
	if (c->forge.token_env[0] != '\0')
		strs_add(out, c->forge.token_env);
}

struct err *
config_secrets(const struct config *c, struct secrets *s)
{
	bool found;
	size_t i, k;

	for (i = 0; i < NITEMS(providers); i++)
		if (providers[i].key_env[0] != '\0')
			TRY(secrets_env(s, providers[i].key_env, &found));
	for (i = 0; i < c->models.n; i++)
		if (model_key_env(&c->models.v[i])[0] != '\0')
			TRY(secrets_env(s, model_key_env(&c->models.v[i]), &found));
	for (i = 0; i < NITEMS(forge_tokens); i++)
		TRY(secrets_env(s, forge_tokens[i], &found));
	if (c->forge.token_env[0] != '\0')
		TRY(secrets_env(s, c->forge.token_env, &found));
	for (i = 0; i < c->setup.n; i++)
		for (k = 0; k < c->setup.v[i].secrets.n; k++)
			TRY(secrets_env(s, c->setup.v[i].secrets.v[k], &found));
	for (i = 0; i < c->agents.n; i++)
		for (k = 0; k < c->agents.v[i].env.n; k++)
			if (sounds_secret(c->agents.v[i].env.v[k]))
				TRY(secrets_env(s, c->agents.v[i].env.v[k], &found));
	return NULL;
}

static struct err *
missing(const char *kind, const char *name, const char *key, const char *why)
{
	return err_hint(err_new(ERR_CONFIG, "'%s.%s' has no '%s'", kind, name, key), "%s", why);
}

static struct err *
check_model(const struct conf_model *m)
{
	if (m->provider == PROVIDER_RECORDED) {
		if (m->recording[0] == '\0')
			return missing("models", m->name, "recording",
			    "name the file that holds the recorded answers");
		return NULL;
	}
	if (m->model[0] == '\0')
		return missing("models", m->name, "model", "give the model's id at its provider");
	if (m->price.in >= 0 && m->price.out < 0)
		return missing("models", m->name, "price.out", "give both prices, or none");
	if (m->price.in < 0 && m->price.out >= 0)
		return missing("models", m->name, "price.in", "give both prices, or none");
	return NULL;
}

static struct err *
check_agent(const struct config *c, const struct conf_agent *a)
{
	if (a->kind == AGENT_COMMAND) {
		if (a->command.n == 0)
			return missing("agents", a->name, "command", "give the program and its arguments");
		return NULL;
	}
	if (config_model(c, a->model) != NULL)
		return NULL;
	if (a->model[0] == '\0')
		return missing("agents", a->name, "model", "name one of the models");
	return err_hint(err_new(ERR_CONFIG, "'agents.%s.model' names '%s', which is no model",
	    a->name, a->model), "describe it below 'models', or name one that is there");
}

static struct err *
check_gate(const struct conf_gate *g)
{
	struct grant grant;
	size_t i;

	if (g->builtin[0] != '\0' && g->run[0] != '\0')
		return err_hint(err_new(ERR_CONFIG, "the gate '%s' has 'run' and 'builtin'", g->name),
		    "say one or the other");
	if (g->approve.n > 0 && (g->run[0] != '\0' || g->builtin[0] != '\0'))
		return err_hint(err_new(ERR_CONFIG, "the gate '%s' has 'approve' and '%s'", g->name,
		    g->run[0] != '\0' ? "run" : "builtin"), "make two gates of it");
	if (g->approve.n > 0 && (int64_t)g->approve.n < g->approvals)
		return err_new(ERR_CONFIG, "'gates.%s.approvals' asks for more people than 'approve' names", g->name);
	if (g->builtin[0] == '\0' && g->run[0] == '\0' && g->approve.n == 0)
		return missing("gates", g->name, "run", "give the command of the gate");
	if (g->timed && g->against == AGAINST_NONE)
		return err_hint(err_new(ERR_CONFIG, "the gate '%s' is 'timed' and 'against' none", g->name),
		    "times say something next to the base's only: leave one of the two out");
	if (g->timed && g->builtin[0] != '\0')
		return err_new(ERR_CONFIG, "the gate '%s' is 'timed' and has no command", g->name);
	if (g->one[0] != '\0' && str_find(str_of(g->one), STR("{test}")) < 0)
		return err_new(ERR_CONFIG, "'gates.%s.one' must hold '{test}'", g->name);
	for (i = 0; i < g->quarantine.n; i++)
		TRY(err_wrap(grant_parse(g->quarantine.v[i], &grant), "'gates.%s.quarantine'", g->name));
	return NULL;
}

static struct err *
check_type(const struct config *c, const struct conf_type *t)
{
	size_t i;

	for (i = 0; t->name[i] != '\0'; i++)
		if (!islower((unsigned char)t->name[i]) &&
		    (i == 0 || (!isdigit((unsigned char)t->name[i]) && strchr("_-", t->name[i]) == NULL)))
			return err_new(ERR_CONFIG, "'types.%s': a type is a word of lower-case letters, digits, '_' and '-'",
			    t->name);
	if (strcmp(t->name, "unknown") == 0)
		return err_hint(err_new(ERR_CONFIG, "'types.unknown': unknown is what belongs to no type"),
		    "give the type another name");
	for (i = 0; i < t->gates.n; i++)
		if (config_gate(c, t->gates.v[i]) == NULL)
			return err_hint(err_new(ERR_CONFIG, "'types.%s.gates' names '%s', which is no gate", t->name,
			    t->gates.v[i]), "describe it below 'gates'");
	return NULL;
}

struct err *
config_check(const struct config *c)
{
	size_t i;

	if (c->gates_none && c->gates.n > 0)
		return err_hint(err_new(ERR_CONFIG, "'gates' is none and has gates"),
		    "say one or the other");
	if (strcmp(c->hook.start, "none") != 0 && strcmp(c->hook.start, "work") != 0)
		return err_new(ERR_CONFIG, "factory.hook.start must be none or work, not '%s'", c->hook.start);
	for (i = 0; i < c->models.n; i++)
		TRY(check_model(&c->models.v[i]));
	for (i = 0; i < c->agents.n; i++)
		TRY(check_agent(c, &c->agents.v[i]));
	for (i = 0; i < c->gates.n; i++)
		TRY(check_gate(&c->gates.v[i]));
	for (i = 0; i < c->rules.n; i++)
		if (c->rules.v[i].pattern[0] == '\0')
			return missing("rules", c->rules.v[i].name, "pattern", "give the regular expression that it looks for");
	for (i = 0; i < c->retries.n; i++)
		if (c->retries.v[i].agent[0] != '\0' && config_agent(c, c->retries.v[i].agent) == NULL)
			return err_hint(err_new(ERR_CONFIG, "'retry.%s.agent' names '%s', which is no agent",
			    c->retries.v[i].name, c->retries.v[i].agent), "describe it below 'agents'");
	for (i = 0; i < c->types.n; i++)
		TRY(check_type(c, &c->types.v[i]));
	for (i = 0; i < c->setup.n; i++)
		if (c->setup.v[i].run[0] == '\0')
			return err_new(ERR_CONFIG, CONFIG_PATH ":%lld: a step of 'workspace.setup' has no 'run'",
			    (long long)c->setup.v[i].line);
	if (c->agent[0] != '\0' && config_agent(c, c->agent) == NULL)
		return err_hint(err_new(ERR_CONFIG, "'agent' names '%s', which is no agent", c->agent),
		    "describe it below 'agents', or name one that is there");
	return NULL;
}
