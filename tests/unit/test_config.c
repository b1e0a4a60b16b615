#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/config.h"
#include "conf/secrets.h"
#include "conf/trust.h"

static void
parse(const char *text, struct config *c)
{
	struct err *e;

	config_init(c);
	e = config_parse("c.yml", str_of(text), c);
	if (e != NULL)
		fail_msg("%s", err_msg(e));
}

static void
user(struct config *c, const char *key, const char *value)
{
	struct err *e = config_user(c, key, value);

	if (e != NULL)
		fail_msg("%s: %s", key, err_msg(e));
}

static void
broken(const char *text, const char *says)
{
	struct config c;
	struct err *e;

	config_init(&c);
	e = config_parse("c.yml", str_of(text), &c);
	if (e == NULL)
		e = config_check(&c);
	assert_non_null(e);
	assert_true(err_is(e, ERR_CONFIG) || err_is(e, ERR_LIMIT));
	if (strstr(err_msg(e), says) == NULL)
		fail_msg("'%s' does not say '%s'", err_msg(e), says);
	err_free(e);
	config_free(&c);
}

static void
test_defaults(void **state)
{
	AUTO(config_free) struct config c;

	(void)state;
	parse("", &c);
	assert_int_equal(c.version, 1);
	assert_string_equal(c.base, "main");
	assert_string_equal(c.state_branch, "factory-state");
	assert_int_equal(c.sandbox.mode, SANDBOX_BWRAP);
	assert_int_equal(c.sandbox.tmp, 512 * MIB);
	assert_int_equal(c.limits.micro, 5000000);
	assert_int_equal(c.limits.iterations, 7);
	assert_int_equal(c.limits.timeout, 1800);
	assert_int_equal(c.merge.method, MERGE_SQUASH);
	assert_false(config_gated(&c));
	assert_null(config_check(&c));
}

static const char full[] =
    "version: 1\n"
    "base: trunk\n"
    "agent: coder\n"
    "models:\n"
    "  fable:\n"
    "    provider: openai\n"
    "    model: gpt-x\n"
    "    base_url: http://127.0.0.1:8080/v1/\n"
    "    api_key: {env: MY_KEY}\n"
    "    price: {in: 3, out: 15.5, cache_read: 0.30}\n"
    "agents:\n"
    "  coder: {kind: builtin, model: fable}\n"
    "  claude:\n"
    "    kind: command\n"
    "    command: [claude, -p]\n"
    "    read: [~/.claude]\n"
    "    network: host\n"
    "  shell: {kind: command, command: do it}\n"
    "gates:\n"
    "  unit:\n"
    "    run: make test\n"
    "    fast: make quick\n"
    "    one: \"run {test}\"\n"
    "    report: out/r.xml\n"
    "    timeout: 90s\n"
    "    paths: [\"src/**\", t]\n"
    "    tolerate: [flaky_one]\n"
    "  slow: {run: make slow, fast: false}\n"
    "protect: [infra/**]\n"
    "workspace:\n"
    "  size: 1G\n"
    "  setup:\n"
    "    - run: npm ci\n"
    "      key: [package-lock.json]\n"
    "      network: host\n"
    "      secrets: [NPM_TOKEN]\n"
    "sandbox: {tmp: 64M, read: [/opt/go]}\n"
    "limits: {money: 2.50, turns: 10, tokens: 1000, timeout: 1h}\n"
    "commit: {name: F, signoff: true}\n"
    "merge: {method: rebase}\n"
    "state: {branch: none}\n";

static void
test_all(void **state)
{
	AUTO(config_free) struct config c;

	(void)state;
	setenv("HOME", "/home/me", 1);
	parse(full, &c);
	assert_null(config_check(&c));
	assert_string_equal(c.base, "trunk");
	assert_string_equal(c.models.v[0].name, "fable");
	assert_int_equal(c.models.v[0].provider, PROVIDER_OPENAI);
	assert_string_equal(c.models.v[0].base_url, "http://127.0.0.1:8080/v1");
	assert_string_equal(model_key_env(&c.models.v[0]), "MY_KEY");
	assert_int_equal(c.models.v[0].price.out, 15500000);
	assert_int_equal(c.models.v[0].price.cache_write, -1);
	assert_int_equal(c.agents.n, 3);
	assert_int_equal(config_agent(&c, "claude")->command.n, 2);
	assert_string_equal(config_agent(&c, "claude")->read.v[0], "/home/me/.claude");
	assert_string_equal(config_agent(&c, "shell")->command.v[1], "-c");
	assert_string_equal(config_gate(&c, "unit")->fast, "make quick");
	assert_int_equal(config_gate(&c, "unit")->timeout, 90);
	assert_int_equal(config_gate(&c, "unit")->paths.n, 2);
	assert_true(config_gate(&c, "slow")->late);
	assert_string_equal(config_gate(&c, "slow")->fast, "");
	assert_string_equal(c.setup.v[0].run, "npm ci");
	assert_int_equal(c.setup.v[0].network, NETWORK_HOST);
	assert_int_equal(c.setup.v[0].line, 33);
	assert_int_equal(c.sandbox.tmp, 64 * MIB);
	assert_int_equal(c.limits.micro, 2500000);
	assert_true(c.commit.signoff);
	assert_int_equal(c.merge.method, MERGE_REBASE);
	assert_string_equal(c.state_branch, "");
}

static void
test_broken(void **state)
{
	(void)state;
	broken("bse: x\n", "c.yml:1:1: unknown key 'bse'; did you mean 'base'?");
	broken("gates:\n  t: {rum: x}\n", "c.yml:2:7: unknown key 'gates.t.rum'; did you mean 'run'?");
	broken("models:\n  m: {modle: x}\n", "did you mean 'model'?");
	broken("sandbox.mode: none\n", "c.yml:1:1: unknown key 'sandbox.mode'");
	broken("zzzzzzzz: 1\n", "c.yml:1:1: unknown key 'zzzzzzzz'");
	broken("base: x\nbase: y\n", "c.yml:2:1: the key 'base' is there twice");
	broken("a: &x [1]\nb: *x\n", "c.yml:1:4");
	broken("version: 2\n", "c.yml:1:10: 'version' must be an integer from 1 to 1, not '2'");
	broken("version: \"1\"\n", "c.yml:1:10: 'version' must be an integer from 1 to 1, not a string");
	broken("limits: {turns: [1]}\n", "c.yml:1:17: 'limits.turns' must be an integer from 1 to 1000000, not a list");
	broken("limits: {timeout: 20}\n", "'limits.timeout' must be a span from 1s to 7d, like 20m, not '20'");
	broken("limits: {money: -1}\n", "must be an amount of dollars");
	broken("limits: {money: 1.-5}\n", "must be an amount of dollars");
	broken("sandbox: maybe\n", "'sandbox.mode' must be bwrap or none, not 'maybe'");
	broken("sandbox: {read: [relative]}\n", "absolute paths");
	broken("sandbox: {read: [/a/../etc]}\n", "absolute paths");
	broken("gates: all\n", "c.yml:1:8: 'gates' must be a map of names, not a string");
	broken("gates: {-x: {run: y}}\n", "a name has letters");
	broken("gates: {t: {run: y, report: /etc/passwd}}\n", "a list of paths in the repository");
	broken("gates: {t: {run: y, report: ../x}}\n", "a list of paths in the repository");
	broken("workspace: {setup: {run: x}}\n", "'workspace.setup' must be a list, not a map");
	broken("workspace: {setup: [{rnu: x}]}\n", "unknown key 'workspace.setup[0].rnu'; did you mean 'run'?");
	broken("base: -x\n", "the name of a branch");
	broken("base: a..b\n", "the name of a branch");
	broken("- a\n", "c.yml:1:1: the file must hold 'key: value' lines, not a list");
	broken("models: {m: {base_url: \"https://u:p@x\"}}\n", "without user");
	broken("models: {m: {base_url: ftp://x}}\n", "an http or https address");
	broken("protect: [[a]]\n", "'protect' must be a list of strings, not a list");
}

static void
test_inconsistent(void **state)
{
	(void)state;
	broken("agent: x\n", "'agent' names 'x', which is no agent");
	broken("agents: {a: {model: m}}\n", "'agents.a.model' names 'm'");
	broken("agents: {a: {}}\n", "'agents.a' has no 'model'");
	broken("agents: {a: {kind: command}}\n", "'agents.a' has no 'command'");
	broken("gates: {t: {fast: x}}\n", "'gates.t' has no 'run'");
	broken("gates: {t: {run: x, one: y}}\n", "'gates.t.one' must hold '{test}'");
	broken("gates: {t: {run: x, timed: true, against: none}}\n", "the gate 't' is 'timed' and 'against' none");
	broken("gates: {t: {builtin: unicode, timed: true}}\n", "the gate 't' is 'timed' and has no command");
	broken("models: {m: {}}\n", "'models.m' has no 'model'");
	broken("models: {m: {model: x, price: {in: 1}}}\n", "has no 'price.out'");
	broken("workspace:\n  setup:\n    - key: [a]\n", ":3: a step of 'workspace.setup' has no 'run'");
}

/* Its value is never in the message either. */
static void
test_secrets_refused(void **state)
{
	static const char *const texts[] = {
		"models: {m: {api_key: sk-ant-api03-abcdefgh}}\n",
		"models: {m: {api_key: anything}}\n",
		"models: {m: {api_key: {env: sk-ant-api03-abcdefgh}}}\n",
		"gates: {t: {run: \"TOKEN=ghp_abcdefghijklmnop1234 make\"}}\n",
		"gates: {t: {run: \"curl -H ghp_abcdefghijklmnop1234 x\"}}\n",
		"agents: {a: {env: [sk-ant-api03-abcdefgh]}}\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(texts); i++) {
		struct config c;
		struct err *e;

		config_init(&c);
		e = config_parse("c.yml", str_of(texts[i]), &c);
		if (e == NULL)
			fail_msg("row %zu was taken", i);
		assert_null(strstr(err_msg(e), "abcdefgh"));
		assert_null(strstr(err_msg(e), "anything"));
		assert_non_null(err_hint_of(e));
		err_free(e);
		config_free(&c);
	}
}

static void
test_user(void **state)
{
	AUTO(config_free) struct config c;
	AUTO(buf_free) struct buf b = BUF_INIT(KIB);
	struct err *e;

	(void)state;
	parse("sandbox: {read: [/evil]}\nmodels: {a.b: {model: x}}\n", &c);
	user(&c, "sandbox.read", "/opt/a");
	user(&c, "sandbox.read", "/opt/b");
	assert_int_equal(c.sandbox.read.n, 2);
	user(&c, "models.a.b.base-url", "https://x.example/");
	assert_string_equal(c.models.v[0].base_url, "https://x.example");
	user(&c, "models.new.api-key.env", "K");
	assert_string_equal(config_model(&c, "new")->key_env, "K");
	user(&c, "commit.signoff", "");
	assert_true(c.commit.signoff);
	user(&c, "sandbox", "none");
	assert_int_equal(c.sandbox.mode, SANDBOX_NONE);
	e = config_user(&c, "limits.turns", "many");
	assert_string_equal(err_msg(e), "must be an integer from 1 to 1000000");
	err_free(e);
	e = config_user(&c, "limits.trns", "1");
	assert_string_equal(err_msg(e), "unknown key 'limits.trns'; did you mean 'limits.turns'?");
	err_free(e);
	assert_null(config_get(&c, "models.a.b.base_url", &b));
	assert_string_equal(buf_cstr(&b), "https://x.example");
	e = config_get(&c, "models.zz.model", &b);
	assert_true(err_is(e, ERR_NOT_FOUND));
	err_free(e);
}

/* Every secret that policy names is known, and what is none is left alone. */
static void
test_known_secrets(void **state)
{
	AUTO(config_free) struct config c;
	AUTO(secrets_free) struct secrets s = {0};

	(void)state;
	parse("models: {m: {model: x, api_key: {env: T_KEY}}}\n"
	    "agents: {a: {kind: command, command: [x], env: [T_LANG, T_TOKEN]}}\n"
	    "workspace: {setup: [{run: x, secrets: [T_SETUP]}]}\n", &c);
	setenv("T_KEY", "value-of-key", 1);
	setenv("T_LANG", "en_US.UTF-8", 1);
	setenv("T_TOKEN", "value-of-token", 1);
	setenv("T_SETUP", "value-of-setup", 1);
	setenv("OPENAI_API_KEY", "value-of-openai", 1);
	unsetenv("ANTHROPIC_API_KEY");
	assert_null(config_secrets(&c, &s));
	assert_int_equal(s.n, 4);
	assert_non_null(secrets_get(&s, "T_KEY"));
	assert_non_null(secrets_get(&s, "T_TOKEN"));
	assert_non_null(secrets_get(&s, "T_SETUP"));
	assert_non_null(secrets_get(&s, "OPENAI_API_KEY"));
}

static struct err *
collect(void *ctx, const char *key, const char *value, enum config_origin origin)
{
	buf_addf(ctx, "%s=%s (%s)\n", key, value, config_origin_word(origin));
	return NULL;
}

static void
test_each(void **state)
{
	AUTO(config_free) struct config c;
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);

	(void)state;
	parse("gates: {t: {run: make}}\nlimits: {money: 0.123456}\n", &c);
	user(&c, "limits.turns", "5");
	assert_null(config_each(&c, collect, &b));
	assert_non_null(strstr(buf_cstr(&b), "base=main (default)\n"));
	assert_non_null(strstr(buf_cstr(&b), "limits.turns=5 (user)\n"));
	assert_non_null(strstr(buf_cstr(&b), "limits.money=0.123456 (policy)\n"));
	assert_non_null(strstr(buf_cstr(&b), "gates.t.run=make (policy)\n"));
	assert_non_null(strstr(buf_cstr(&b), "gates.t.timeout=10m (default)\n"));
	assert_non_null(strstr(buf_cstr(&b), "sandbox.tmp=512M (default)\n"));
}

/* As it is, and with every example put in force. */
static void
test_template(void **state)
{
	AUTO(config_free) struct config c, all;
	AUTO(buf_free) struct buf text = BUF_INIT(MIB), on = BUF_INIT(MIB);
	struct str rest, line;

	(void)state;
	config_template(&text);
	parse(buf_cstr(&text), &c);
	assert_int_equal(c.models.n, 0);
	assert_null(config_check(&c));
	rest = buf_str(&text);
	while (str_line(&rest, &line)) {
		assert_true(line.n <= 80);
		if (str_starts(line, "#") && (!str_starts(line, "# ") || str_starts(line, "#  ")))
			line = str_skip(line, 1);
		buf_addf(&on, "%.*s\n", STR_ARG(line));
	}
	parse(buf_cstr(&on), &all);
	/* A gate is a command, built in, or a question to people. */
	assert_string_not_equal(all.gates.v[0].builtin, "");
	all.gates.v[0].builtin = "";
	assert_int_equal(all.gates.v[0].approve.n, 1);
	strs_free(&all.gates.v[0].approve);
	assert_null(config_check(&all));
	assert_string_equal(all.models.v[0].model, "claude-sonnet-4-5");
	assert_int_equal(all.setup.n, 1);
	assert_string_equal(all.setup.v[0].key.v[0], "package-lock.json");
}

/* The manual's list of keys is the table's. */
static void
test_manual(void **state)
{
	AUTO(buf_free) struct buf page = BUF_INIT(MIB), want = BUF_INIT(MIB);

	(void)state;
	assert_null(file_read(AT_FDCWD, "man/git-factory-config.5", &page));
	config_mdoc(&want);
	if (str_find(buf_str(&page), buf_str(&want)) < 0)
		fail_msg("man/git-factory-config.5 is behind src/conf/key_table.c; its keys are:\n%s",
		    buf_cstr(&want));
}

static void
test_loopback(void **state)
{
	(void)state;
	assert_true(url_loopback("http://127.0.0.1:99/v1"));
	assert_true(url_loopback("http://127.3.2.1"));
	assert_true(url_loopback("https://localhost/"));
	assert_true(url_loopback("http://[::1]:80/"));
	assert_false(url_loopback("http://127.0.0.1.evil.example/"));
	assert_false(url_loopback("http://127.0.0.1@evil.example/"));
	assert_false(url_loopback("http://127.0.0.1:x@evil.example/"));
	assert_false(url_loopback("http://localhost.evil.example/"));
	assert_false(url_loopback("http://[::1].evil.example/"));
	assert_false(url_loopback("http://127.1"));
	assert_false(url_loopback("ftp://127.0.0.1/"));
	assert_false(url_loopback("http://evil.example\\@127.0.0.1/"));
}

/* Only the model "known" has a price. */
static struct err *
known_price(const char *provider, const char *model, struct conf_price *out, bool *known)
{
	(void)provider;
	*known = strcmp(model, "known") == 0;
	if (*known)
		*out = (struct conf_price){3000000, 15000000, 300000, 3750000};
	return NULL;
}

/* 'fast: "true"' is a command, and so is "false"; without quotes they are none. */
static void
test_fast_in_quotes(void **state)
{
	AUTO(config_free) struct config c;
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);

	(void)state;
	parse("gates:\n  a: {run: x, fast: \"true\"}\n  b: {run: x, fast: 'false'}\n"
	    "  c: {run: x, fast: true}\n  d: {run: x, fast: false}\n  e: {run: x, fast: \"make\"}\n", &c);
	assert_string_equal(config_gate(&c, "a")->fast, "\"true\"");
	assert_false(config_gate(&c, "a")->late);
	assert_string_equal(config_gate(&c, "b")->fast, "\"false\"");
	assert_false(config_gate(&c, "b")->late);
	assert_string_equal(config_gate(&c, "c")->fast, "");
	assert_false(config_gate(&c, "c")->late);
	assert_true(config_gate(&c, "d")->late);
	assert_string_equal(config_gate(&c, "e")->fast, "make");
	assert_null(config_get(&c, "gates.a.fast", &text));
	assert_string_equal(buf_cstr(&text), "\"true\"");
}

static size_t
items_of(const char *text, const char *key)
{
	AUTO(config_free) struct config c;
	AUTO(trust_items_free) struct trust_items items = {0};
	size_t i;

	parse(text, &c);
	assert_null(trust_items(&c, known_price, &items));
	for (i = 0; i < items.n; i++)
		if (strcmp(items.v[i].key, key) == 0)
			return items.n;
	return key[0] == '\0' ? items.n : 0;
}

static void
test_loosens(void **state)
{
	AUTO(config_free) struct config c;
	AUTO(trust_items_free) struct trust_items items = {0};

	(void)state;
	assert_int_equal(items_of("", ""), 0);
	assert_int_equal(items_of("sandbox: none\n", "sandbox.mode"), 1);
	assert_int_equal(items_of("sandbox: {network: host}\n", "sandbox.network"), 1);
	assert_int_equal(items_of("sandbox: {read: [~/.ssh]}\n", "sandbox.read"), 1);
	assert_int_equal(items_of("models: {m: {base_url: https://evil.example}}\n", "models.m.base_url"), 1);
	assert_int_equal(items_of("models: {m: {base_url: https://api.anthropic.com/v1}}\n", ""), 0);
	assert_int_equal(items_of("models: {m: {base_url: \"http://127.0.0.1:1\", api_key: {env: GH}}}\n", ""), 0);
	assert_int_equal(items_of("models: {m: {api_key: {env: GITHUB_TOKEN}}}\n", "models.m.api_key.env"), 1);
	assert_int_equal(items_of("models: {m: {api_key: {env: ANTHROPIC_API_KEY}}}\n", ""), 0);
	assert_int_equal(items_of("agents: {a: {kind: command, command: [x]}}\n", ""), 0);
	assert_int_equal(items_of("agents: {a: {network: host}}\n", "agents.a.network"), 1);
	assert_int_equal(items_of("agents: {a: {read: [~/.claude]}}\n", "agents.a.read"), 1);
	assert_int_equal(items_of("agents: {a: {env: [HOME_KEY]}}\n", "agents.a.env"), 1);
	assert_int_equal(items_of("workspace: {setup: [{run: x}]}\n", ""), 0);
	assert_int_equal(items_of("workspace: {setup: [{run: x, network: host}]}\n", "workspace.setup[0]"), 1);
	assert_int_equal(items_of("workspace: {setup: [{run: x, secrets: [T]}]}\n", "workspace.setup[0]"), 1);
	assert_int_equal(items_of("limits: {turns: 100, tokens: 5000000, money: 5.00}\n", ""), 0);
	assert_int_equal(items_of("limits: {turns: 1, money: 0.5, iterations: 100, timeout: 3h}\n", ""), 0);
	assert_int_equal(items_of("limits: {turns: 101}\n", "limits.turns"), 1);
	assert_int_equal(items_of("limits: {tokens: 5000001}\n", "limits.tokens"), 1);
	assert_int_equal(items_of("limits: {money: 5.000001}\n", "limits.money"), 1);
	assert_int_equal(items_of("models: {m: {model: known, price: {in: 3, out: 15}}}\n", ""), 0);
	assert_int_equal(items_of("models: {m: {model: known, price: {in: 3, out: 14}}}\n", "models.m.price"), 1);
	assert_int_equal(items_of("models: {m: {model: known, price: {in: 3, out: 15, cache_read: 0}}}\n",
	    "models.m.price"), 1);
	assert_int_equal(items_of("models: {m: {model: other, price: {in: 3, out: 15}}}\n", "models.m.price"), 1);
	assert_int_equal(items_of("models: {m: {model: other, base_url: \"http://[::1]:1\", price: {in: 0, out: 0}}}\n",
	    ""), 0);
	assert_int_equal(items_of("models: {m: {provider: recorded, model: x, price: {in: 0, out: 0}}}\n", ""), 0);
	parse("models: {m: {model: other}}\nlimits: {money: 500}\n", &c);
	user(&c, "models.m.price.in", "0");
	user(&c, "limits.money", "400");
	assert_null(trust_items(&c, known_price, &items));
	assert_int_equal(items.n, 0);
	config_free(&c);
	parse("sandbox: {mode: none, read: [/a]}\n", &c);
	user(&c, "sandbox.mode", "none");
	user(&c, "sandbox.read", "/b");
	assert_null(trust_items(&c, known_price, &items));
	assert_int_equal(items.n, 0);
}

static void
test_trust_store(void **state)
{
	char dir[] = "/tmp/test_config.XXXXXX";
	AUTO(mem_free_p) char *store = NULL;
	AUTO(config_free) struct config c;
	AUTO(trust_items_free) struct trust_items items = {0};
	bool trusted = true;
	struct err *e;

	(void)state;
	assert_non_null(mkdtemp(dir));
	setenv("XDG_CONFIG_HOME", dir, 1);
	store = trust_store_path();
	parse("sandbox: none\n", &c);
	assert_null(trust_items(&c, known_price, &items));
	e = trust_require(&items, store, "/repo", "aa");
	assert_true(err_is(e, ERR_UNTRUSTED));
	assert_non_null(strstr(err_msg(e), "sandbox.mode: none"));
	err_free(e);
	assert_null(trust_add(store, "/repo", "aa", "2026-11-21T10:12:45Z"));
	assert_null(trust_add(store, "/repo two\nlines", "bb", "2026-11-21T10:12:45Z"));
	assert_null(trust_require(&items, store, "/repo", "aa"));
	assert_null(trust_has(store, "/repo", "bb", &trusted));
	assert_false(trusted);
	assert_null(trust_has(store, "/other", "aa", &trusted));
	assert_false(trusted);
	assert_null(trust_has(store, "/repo two\nlines", "bb", &trusted));
	assert_true(trusted);
	assert_null(trust_drop(store, "/repo"));
	assert_null(trust_has(store, "/repo", "aa", &trusted));
	assert_false(trusted);
	assert_int_equal(chmod(store, 0666), 0);
	e = trust_has(store, "/repo", "aa", &trusted);
	assert_true(err_is(e, ERR_UNTRUSTED));
	err_free(e);
	assert_null(tree_remove(AT_FDCWD, dir));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_inconsistent),
		cmocka_unit_test(test_secrets_refused),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_known_secrets),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_template),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_fast_in_quotes),
		cmocka_unit_test(test_loosens),
		cmocka_unit_test(test_trust_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
