/*
 * config.h - what policy and the user say.
 *
 * Policy is .factory/config.yml of the base commit.  The user's own git
 * config comes on top, key by key: factory.<key>, with '-' for each '_'
 * (git allows no '_' there), several values for a list.  One table makes the
 * parser, the defaults, 'git factory config list', the commented file that
 * 'init' writes and the key list of git-factory-config(5).
 *
 * The value of a secret is refused wherever it stands in a file: a key is
 * named by its environment variable.  Nothing here touches a repository: the
 * caller brings bytes and the user's values.
 *
 * Strings live in the config's arena or are literals; an unset one is "".
 */
#ifndef CONF_CONFIG_H
#define CONF_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/def.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"

struct err;
struct secrets;

#define CONFIG_PATH ".factory/config.yml"
#define CONFIG_MAX (1 * MIB)	/* bytes of the file */

enum sandbox_mode { SANDBOX_BWRAP, SANDBOX_NONE };
enum sandbox_network { NETWORK_NONE, NETWORK_HOST };
enum classify_by { CLASSIFY_SIGNALS, CLASSIFY_MODEL };
enum merge_method { MERGE_SQUASH, MERGE_MERGE, MERGE_REBASE };
enum agent_kind { AGENT_BUILTIN, AGENT_COMMAND };
enum provider_kind { PROVIDER_ANTHROPIC, PROVIDER_OPENAI, PROVIDER_RECORDED };

/*
 * In micro-dollars for a million tokens; -1 where nothing is said (a cache's
 * tokens then cost what sent ones do).
 */
struct conf_price {
	int64_t in, out, cache_read, cache_write;
};

struct conf_model {
	const char *name;
	enum provider_kind provider;
	const char *model;		/* id as the provider knows it */
	const char *base_url;		/* "" for the provider's own */
	const char *key_env;		/* api_key.env, "" for the provider's own */
	int64_t max_tokens;		/* of one answer */
	struct conf_price price;	/* set when price.in >= 0 */
	const char *recording;		/* provider 'recorded': path in the repository */
};

struct conf_agent {
	const char *name;
	enum agent_kind kind;
	const char *model;		/* name below 'models' */
	struct strs command;		/* argv of an outside agent */
	struct strs read;		/* paths in the home folder that it may read */
	struct strs env;		/* variables that are handed through, by name */
	enum sandbox_network network;
	int64_t timeout;		/* seconds */
};

enum against { AGAINST_AUTO, AGAINST_BASE, AGAINST_NONE };

struct conf_gate {
	const char *name;
	const char *run;		/* shell command; "" for a built-in gate */
	const char *builtin;		/* its name, else "" */
	const char *fast;		/* stands in for it while iterating, "" for run ('fast: true') */
	bool late;			/* 'fast: false': only before delivery */
	const char *one;		/* runs one test: "{test}" is replaced */
	struct strs report;		/* where it writes reports (glob.h), none for none */
	struct strs format;		/* names of formats; of one, all reports are of it */
	int64_t timeout;		/* seconds */
	struct strs paths;		/* globs: only when one of them changed; none: always */
	struct strs tolerate;		/* tests (globs) that may fail */
	struct strs needs;		/* programs, or commands that print their version */
	struct strs quarantine;		/* grants (grant.h) of tests (globs) that may fail until a day */
	enum against against;
	int severity;			/* least that blocks: note, warning, error, critical */
	int64_t coverage;		/* percent of the changed lines, -1 */
	const char *dir;		/* where it runs, "" for the top */
	struct strs approve;		/* no command: these people, by e-mail address, are asked */
	int64_t approvals;		/* how many of them must approve */
	bool timed;			/* what it takes is compared with the base's */
	int64_t slower, memory;		/* percent more than the base that blocks */
	struct strs override;		/* e-mail addresses of who may land in spite of it */
	bool blocking;			/* else its verdict is told and stops nothing */
	int64_t line;			/* in the policy file; 0 when only the user's config names it */
	bool locks;			/* protected: lock files too */
	int64_t files, lines;		/* size: so many at most */
	struct strs hosts;		/* constitution: globs of hosts that code may name */
	struct strs except;		/* constitution: rules that do not hold here; spelling: words */
	const char *language;		/* spelling: the dictionary */
	bool remote;			/* links: ask for remote ones */
	struct strs inside;		/* links: globs of hosts that need no public address */
};

enum rule_outcome { RULE_BLOCK, RULE_FLAG, RULE_TELL };

/* What the project does not want on any added line. */
struct conf_rule {
	const char *name;
	const char *pattern;		/* PCRE2 */
	const char *text;		/* what is wrong with it */
	struct strs paths;		/* globs; none: all files */
	enum rule_outcome outcome;
};

/* What differs from the class's own policy (model/failure.h); -1 and "": nothing. */
struct conf_retry {
	const char *name;		/* the class of failure */
	int64_t max, wait, ceiling, deadline;
	const char *agent;
};

/* A type of tasks; ten are built in. */
struct conf_type {
	const char *name;		/* [a-z][a-z0-9_-]*, not "unknown" */
	int severity;			/* enum risk of model/classify.h */
	bool auto_merge;
	struct strs gates;		/* names of those that must be there and pass */
	struct strs labels, paths, words;	/* what makes a task one of this type */
	struct strs reviewers;		/* logins; "owner/team" for a team */
	int64_t review_timeout;		/* seconds */
	int64_t iterations;		/* -1: limits.iterations */
	struct strs rollback, notify;
};

struct conf_setup {
	const char *run;		/* shell command */
	struct strs key;		/* files whose content it depends on */
	enum sandbox_network network;
	struct strs secrets;		/* variables handed to it, by name */
	int64_t timeout;		/* seconds */
	const char *dir;
	int64_t line;			/* in the policy file, for messages */
};

struct config {
	struct arena mem;
	int64_t version;		/* 1 */
	const char *base;		/* branch that changes are made for */
	const char *state_branch;	/* the view, "" for none */
	const char *state_remote;	/* a git remote's name, "" for none */
	const char *agent;		/* name below 'agents' */
	struct { VEC_FIELDS(struct conf_model); } models;
	struct { VEC_FIELDS(struct conf_agent); } agents;
	struct { VEC_FIELDS(struct conf_gate); } gates;
	bool gates_none;		/* 'gates: none', by name */
	struct strs harness;		/* globs of what decides how tests run, beside the built-in ones */
	struct strs protect;		/* globs beside the built-in ones */
	struct { VEC_FIELDS(struct conf_rule); } rules;
	struct { VEC_FIELDS(struct conf_retry); } retries;
	struct { VEC_FIELDS(struct conf_type); } types;
	struct { VEC_FIELDS(struct conf_setup); } setup;
	struct {
		enum sandbox_mode mode;
		enum sandbox_network network;
		struct strs read;	/* absolute paths of toolchains */
		const char *path;	/* PATH inside, "" for the standard one */
		int64_t tmp;		/* bytes of /tmp */
		int64_t processes;
	} sandbox;
	struct {
		int64_t turns, tokens, micro, iterations;
		int64_t timeout;	/* seconds for the whole run */
		int64_t command;	/* seconds for one command of the agent */
		int64_t failures;	/* of a task, before a person is asked */
		int64_t heartbeat;	/* seconds; three without a sign of progress end a run */
		int64_t parallel;	/* runs at once, on all nodes; 0: no limit */
		int64_t gates;		/* commands of gates at once; 0: the processors' share of a slot */
		bool fail_fast;		/* a gate that blocks ends the others */
	} limits;
	struct {
		int64_t ttl;		/* seconds */
	} lease;
	struct {
		const char *name;	/* "" for the host's */
		struct strs labels;
		int64_t slots;
		const char *hours;	/* "06:00-22:00"; "" for always */
	} node;
	struct {
		const char *name, *email;	/* "" for git's own identity */
		bool signoff;
	} commit;
	struct {
		const char *kind;	/* "auto", "github", ..., "none" */
		const char *url;	/* of the API; "" for that of the remote's host */
		const char *project;	/* "owner/name"; "" for the remote's */
		const char *remote;	/* a git remote's name; "" for state_remote, else "origin" */
		const char *token_env;	/* "" for the usual ones */
		const char *label;	/* of issues that are for the factory */
		const char *app_id;	/* of a GitHub App, "" for none */
		const char *app_key;	/* path of its key */
		struct strs bots;	/* logins of bots that may start work */
		struct strs dispatch;	/* workflows to start after a landing that starts none */
	} forge;
	struct {
		const char *start;	/* "none" or "work" */
	} hook;
	struct {
		const char *team;	/* whose issues are taken in; "" for none */
		/* names of its states, "": by type, "none": left alone */
		const char *started, *review, *completed;
	} linear;
	struct {
		enum classify_by classify;
		const char *model;	/* that is asked; "": the agent's */
		struct strs by_model;	/* types that its word gives with all that they allow */
	} intake;
	struct {
		const char *key;	/* that this machine's evidence is signed with, "" for none */
		struct strs keys;	/* lines of allowed signers: whose evidence counts */
	} evidence;
	struct {
		enum merge_method method;
		bool automatic;
		bool checks;		/* a forge's must be green */
		int64_t revisions;	/* attempts that reviews may ask for */
		int64_t updates;	/* of one delivery's branch, to have all of its base */
		struct strs reviewers;	/* who is asked where nobody reviewed in time */
	} merge;
	struct {
		int64_t size;		/* bytes that one run may write */
		const char *kind;	/* "auto", "overlay", "pool" */
		const char *submodules;	/* "refuse", "empty" */
		const char *lfs;	/* "refuse", "pointers" */
	} workspace;
	struct {
		int64_t attempts, transcripts, workspaces;	/* seconds */
	} keep;
	struct {
		const char *roles;	/* folder, ".factory/roles" */
		const char *conventions;	/* file, ".factory/conventions.md" */
	} prompt;

	struct map origin;		/* key -> enum config_origin + 1 as pointer */
};

enum config_origin { ORIGIN_DEFAULT, ORIGIN_POLICY, ORIGIN_USER };

void config_init(struct config *c);	/* the defaults */
void config_free(struct config *c);	/* also for AUTO */

/*
 * Parse policy over the defaults.  Empty text is all defaults.  ERR_CONFIG
 * with "file:line:column: what" for unknown keys (naming the nearest known
 * one), duplicates, wrong types and values, a secret's value.  What is only
 * inconsistent as a whole is found by config_check().
 */
struct err *config_parse(const char *file, struct str text, struct config *c) MUST_USE;

/* One value of the user's git config, key without "factory.". */
struct err *config_user(struct config *c, const char *key, const char *value) MUST_USE;

/*
 * The names fit together: 'agent' names an agent, its model a model, a
 * command agent has a command, gates have a command.  ERR_CONFIG.
 */
struct err *config_check(const struct config *c) MUST_USE;

/*
 * Add the value of each variable that holds a secret here: the providers' own
 * keys, the forges' tokens, and what policy names for models, setup and agents (of these, those
 * whose name or value says that they are secret: HOME is none).
 */
struct err *config_secrets(const struct config *c, struct secrets *s) MUST_USE;

/* Names of the variables that may hold a forge's token, appended. */
void config_forge_env(const struct config *c, struct strs *out);

/* NULL when there is none of this name; of models, "" names the only one. */
const struct conf_model *config_model(const struct config *c, const char *name);
const struct conf_agent *config_agent(const struct config *c, const char *name);
const struct conf_retry *config_retry(const struct config *c, const char *name);
const struct conf_type *config_type(const struct config *c, const char *name);
const struct conf_gate *config_gate(const struct config *c, const char *name);

/* No gate and no 'gates: none': a run refuses. */
bool config_gated(const struct config *c);

/* The variable that holds the model's key: its own, or the provider's. */
const char *model_key_env(const struct conf_model *m);
/* The provider's own variable and address. */
const char *provider_key_env(enum provider_kind kind);
const char *provider_base_url(enum provider_kind kind);
const char *provider_word(enum provider_kind kind);
/* http or https to 127.0.0.0/8, [::1] or localhost. */
bool url_loopback(const char *url);

/*
 * Every key that is set or has a default: name, value as text (the entries of
 * a list a line each), origin.
 */
typedef struct err *config_each_fn(void *ctx, const char *key, const char *value,
    enum config_origin origin);
struct err *config_each(const struct config *c, config_each_fn *fn, void *ctx) MUST_USE;

/* One key's value as text; lists a line each.  ERR_NOT_FOUND naming the nearest. */
struct err *config_get(const struct config *c, const char *key, struct buf *out) MUST_USE;

const char *config_origin_word(enum config_origin origin);

/* The commented .factory/config.yml: each key, what it is for, its default. */
void config_template(struct buf *out);

/* The key list as mdoc, for git-factory-config(5). */
void config_mdoc(struct buf *out);

#endif
