#include "conf/config.h"
#include "conf/key.h"

#define TOP(m) PLACE_CONFIG, offsetof(struct config, m)
#define MODEL(m) PLACE_MODEL, offsetof(struct conf_model, m)
#define AGENT(m) PLACE_AGENT, offsetof(struct conf_agent, m)
#define GATE(m) PLACE_GATE, offsetof(struct conf_gate, m)
#define RETRY(m) PLACE_RETRY, offsetof(struct conf_retry, m)
#define SETUP(m) PLACE_SETUP, offsetof(struct conf_setup, m)

#define HOUR 3600
#define DAY (24 * HOUR)
#define MUCH 1000000000000

static const char *const providers[] = {"anthropic", "openai", "recorded", NULL};
static const char *const agent_kinds[] = {"builtin", "command", NULL};
static const char *const networks[] = {"none", "host", NULL};
static const char *const sandboxes[] = {"bwrap", "none", NULL};
static const char *const merges[] = {"squash", "merge", "rebase", NULL};
static const char *const workspaces[] = {"auto", "overlay", "pool", NULL};

const struct place places[] = {
	[PLACE_CONFIG] = {"", 0, 0, false},
	[PLACE_MODEL] = {"models.", offsetof(struct config, models), sizeof(struct conf_model), true},
	[PLACE_AGENT] = {"agents.", offsetof(struct config, agents), sizeof(struct conf_agent), true},
	[PLACE_GATE] = {"gates.", offsetof(struct config, gates), sizeof(struct conf_gate), true},
	[PLACE_RETRY] = {"retry.", offsetof(struct config, retries), sizeof(struct conf_retry), true},
	[PLACE_SETUP] = {"workspace.setup.", offsetof(struct config, setup),
	    sizeof(struct conf_setup), false},
};

const struct key keys[] = {
	{"version", KEY_INT, TOP(version), "1", NULL,
	    "Format of this file", 1, 1, NULL},
	{"base", KEY_BRANCH, TOP(base), "main", NULL,
	    "Branch that changes are made for", 0, 0, NULL},
	{"agent", KEY_LINE, TOP(agent), "", "coder",
	    "Which of the agents below does the work", 0, 0, NULL},

	{"models.<name>.provider", KEY_ENUM, MODEL(provider), "anthropic", NULL,
	    "Protocol that the model's server speaks", 0, 0, providers},
	{"models.<name>.model", KEY_LINE, MODEL(model), "", "claude-sonnet-4-5",
	    "The model's id, as its provider knows it", 0, 0, NULL},
	{"models.<name>.base_url", KEY_URL, MODEL(base_url), "", "https://api.anthropic.com",
	    "Address of the server; the provider's own by default. Any other needs trust, unless it is on loopback",
	    0, 0, NULL},
	{"models.<name>.api_key.env", KEY_ENV, MODEL(key_env), "", "ANTHROPIC_API_KEY",
	    "Environment variable that holds the key; the provider's own by default. The key itself is never written into a file",
	    0, 0, NULL},
	{"models.<name>.max_tokens", KEY_INT, MODEL(max_tokens), "16000", NULL,
	    "Tokens of one answer at most", 1, 10000000, NULL},
	{"models.<name>.price.in", KEY_PRICE, MODEL(price.in), "", "3.00",
	    "Dollars for a million tokens sent, where the built-in table does not know the model (needs trust, unless the table has it and says no more)", 0, 0, NULL},
	{"models.<name>.price.out", KEY_PRICE, MODEL(price.out), "", "15.00",
	    "Dollars for a million tokens answered", 0, 0, NULL},
	{"models.<name>.price.cache_read", KEY_PRICE, MODEL(price.cache_read), "", "0.30",
	    "Dollars for a million tokens read from the provider's cache; as much as sent ones by default", 0, 0, NULL},
	{"models.<name>.price.cache_write", KEY_PRICE, MODEL(price.cache_write), "", "3.75",
	    "Dollars for a million tokens written to the provider's cache; as much as sent ones by default", 0, 0, NULL},
	{"models.<name>.recording", KEY_REL, MODEL(recording), "", ".factory/session.jsonl",
	    "For the provider 'recorded': the file in the repository that holds the answers", 0, 0, NULL},

	{"agents.<name>.kind", KEY_ENUM, AGENT(kind), "builtin", NULL,
	    "The factory's own loop on a model, or an outside agent's command", 0, 0, agent_kinds},
	{"agents.<name>.model", KEY_LINE, AGENT(model), "", "sonnet",
	    "For 'builtin': one of the models above", 0, 0, NULL},
	{"agents.<name>.command", KEY_ARGV, AGENT(command), "", "[claude, -p]",
	    "For 'command': program and arguments; the task comes on its standard input", 0, 0, NULL},
	{"agents.<name>.read", KEY_PATHS, AGENT(read), "", "[~/.claude]",
	    "Paths outside of the workspace that it may read, such as its login (needs trust)", 0, 0, NULL},
	{"agents.<name>.env", KEY_ENVS, AGENT(env), "", "[ANTHROPIC_API_KEY]",
	    "Environment variables that are handed to it, by name (needs trust)", 0, 0, NULL},
	{"agents.<name>.network", KEY_ENUM, AGENT(network), "none", NULL,
	    "Its network: none, or the host's (needs trust, and is outside of what the sandbox promises)", 0, 0, networks},
	{"agents.<name>.timeout", KEY_SPAN, AGENT(timeout), "30m", NULL,
	    "How long it may work on one iteration", 1, DAY, NULL},

	{"gates.<name>.run", KEY_LINE, GATE(run), "", "make test",
	    "Shell command whose exit status 0 means passed", 0, 0, NULL},
	{"gates.<name>.fast", KEY_FAST, GATE(fast), "", "make quicktest",
	    "A quicker command for while the agent iterates, or false to run this gate only before delivery; true, the default, runs all of it", 0, 0, NULL},
	{"gates.<name>.one", KEY_LINE, GATE(one), "", "\"pytest {test}\"",
	    "Runs the single test {test}: a failed one is run once more alone, and is flaky if it passes then", 0, 0, NULL},
	{"gates.<name>.report", KEY_REL, GATE(report), "", "report.xml",
	    "JUnit XML that the command writes; it must agree with the exit status", 0, 0, NULL},
	{"gates.<name>.timeout", KEY_SPAN, GATE(timeout), "10m", NULL,
	    "The command and all that it started are killed after this", 1, DAY, NULL},
	{"gates.<name>.paths", KEY_LINES, GATE(paths), "", "[\"src/**\"]",
	    "Run it only when the change touches one of these patterns; always by default", 0, 0, NULL},
	{"gates.<name>.tolerate", KEY_LINES, GATE(tolerate), "", "[\"test_network*\"]",
	    "Names of tests (patterns) that may fail", 0, 0, NULL},
	{"gates.<name>.dir", KEY_REL, GATE(dir), "", "packages/web",
	    "Folder in which it runs; the top by default", 0, 0, NULL},

	{"protect", KEY_LINES, TOP(protect), "", "[\"infra/**\"]",
	    "Patterns of paths whose change lands only by a person's word, beside policy, hooks, CI and CODEOWNERS", 0, 0, NULL},

	{"workspace.kind", KEY_WORD, TOP(workspace.kind), "auto", NULL,
	    "How the agent's files are provided", 0, 0, workspaces},
	{"workspace.size", KEY_BYTES, TOP(workspace.size), "2G", NULL,
	    "Bytes that one run may write", MIB, (int64_t)1 << 50, NULL},
	{"workspace.setup.run", KEY_LINE, SETUP(run), "", "npm ci",
	    "Command that prepares the files, before any agent sees them; its result is kept as a read-only layer", 0, 0, NULL},
	{"workspace.setup.key", KEY_LINES, SETUP(key), "", "[package-lock.json]",
	    "Files on whose content it depends: it runs again only when one of them changes", 0, 0, NULL},
	{"workspace.setup.network", KEY_ENUM, SETUP(network), "none", NULL,
	    "Its network: none, or the host's (needs trust)", 0, 0, networks},
	{"workspace.setup.secrets", KEY_ENVS, SETUP(secrets), "", "[NPM_TOKEN]",
	    "Environment variables that it alone is given, by name (needs trust)", 0, 0, NULL},
	{"workspace.setup.timeout", KEY_SPAN, SETUP(timeout), "20m", NULL,
	    "How long it may take", 1, DAY, NULL},
	{"workspace.setup.dir", KEY_REL, SETUP(dir), "", "packages/web",
	    "Folder in which it runs; the top by default", 0, 0, NULL},

	{"sandbox.mode", KEY_ENUM, TOP(sandbox.mode), "bwrap", NULL,
	    "Where tools, tests and agents run: in bubblewrap, or unprotected (needs trust)", 0, 0, sandboxes},
	{"sandbox.network", KEY_ENUM, TOP(sandbox.network), "none", NULL,
	    "Network inside: none, or the host's (needs trust)", 0, 0, networks},
	{"sandbox.read", KEY_PATHS, TOP(sandbox.read), "", "[/opt/toolchain]",
	    "Paths of this machine that are readable inside, beside /usr (needs trust; better in your own git config)", 0, 0, NULL},
	{"sandbox.path", KEY_LINE, TOP(sandbox.path), "", "/opt/toolchain/bin:/usr/bin:/bin",
	    "PATH inside", 0, 0, NULL},
	{"sandbox.tmp", KEY_BYTES, TOP(sandbox.tmp), "512M", NULL,
	    "Size of /tmp inside", MIB, (int64_t)1 << 50, NULL},
	{"sandbox.processes", KEY_INT, TOP(sandbox.processes), "4096", NULL,
	    "Processes at once inside", 16, 1000000, NULL},

	{"limits.turns", KEY_INT, TOP(limits.turns), "100", NULL,
	    "Model calls of one run (more than the default needs trust)", 1, 1000000, NULL},
	{"limits.tokens", KEY_INT, TOP(limits.tokens), "5000000", NULL,
	    "Tokens of one run, sent and answered (more than the default needs trust)", 1, MUCH, NULL},
	{"limits.money", KEY_MONEY, TOP(limits.micro), "5.00", NULL,
	    "Dollars of one run (more than the default needs trust)", 0, MUCH, NULL},
	{"limits.iterations", KEY_INT, TOP(limits.iterations), "7", NULL,
	    "Rounds of change, gates and evidence before a person is asked", 1, 100, NULL},
	{"limits.timeout", KEY_SPAN, TOP(limits.timeout), "30m", NULL,
	    "How long one run may take", 1, 7 * DAY, NULL},
	{"limits.command", KEY_SPAN, TOP(limits.command), "5m", NULL,
	    "How long one command of the agent may take", 1, DAY, NULL},
	{"limits.failures", KEY_INT, TOP(limits.failures), "16", NULL,
	    "Failures of a task, of all classes together, that are met by another try before a person is asked", 0, 1000, NULL},

	{"retry.<name>.max", KEY_INT, RETRY(max), "", "12",
	    "Failures of this class (see git-factory-tasks(5)) that are met by another try; the class's own number by default", 0, 1000, NULL},
	{"retry.<name>.wait", KEY_SPAN, RETRY(wait), "", "1m",
	    "Wait before the first try, doubled for each further one", 0, 7 * DAY, NULL},
	{"retry.<name>.ceiling", KEY_SPAN, RETRY(ceiling), "", "1h",
	    "The longest wait", 0, 7 * DAY, NULL},
	{"retry.<name>.deadline", KEY_INT, RETRY(deadline), "", "100",
	    "Deadline of the next attempt, in percent of the last one's", 10, 1000, NULL},
	{"retry.<name>.agent", KEY_LINE, RETRY(agent), "", "coder",
	    "Who makes the next attempt; the same agent by default", 0, 0, NULL},

	{"commit.name", KEY_LINE, TOP(commit.name), "", "Factory",
	    "Name on the commits; git's own identity by default", 0, 0, NULL},
	{"commit.email", KEY_LINE, TOP(commit.email), "", "factory@example.org",
	    "E-mail address on the commits", 0, 0, NULL},
	{"commit.signoff", KEY_BOOL, TOP(commit.signoff), "false", NULL,
	    "Add a Signed-off-by line", 0, 0, NULL},
	{"merge.method", KEY_ENUM, TOP(merge.method), "squash", NULL,
	    "How a pull request lands", 0, 0, merges},
	{"merge.auto", KEY_BOOL, TOP(merge.automatic), "false", NULL,
	    "Land a change that passed every gate without asking a person", 0, 0, NULL},
	{"state.branch", KEY_VIEW, TOP(state_branch), "factory-state", NULL,
	    "Branch that shows the tasks and takes in edits of them, or none", 0, 0, NULL},
	{"state.remote", KEY_REMOTE, TOP(state_remote), "none", NULL,
	    "Git remote that the tasks are shared through, by the name that each clone gives it, or none. factory.remote in your own git config stands in for it", 0, 0, NULL},
	{"lease.ttl", KEY_SPAN, TOP(lease.ttl), "15m", NULL,
	    "Other nodes respect a run that gives no sign for this long; its own node gives one three times as often", 1, DAY, NULL},
	{"prompt.roles", KEY_REL, TOP(prompt.roles), ".factory/roles", NULL,
	    "Folder of the roles' instructions", 0, 0, NULL},
	{"prompt.conventions", KEY_REL, TOP(prompt.conventions), ".factory/conventions.md", NULL,
	    "File with the project's conventions, given to every agent", 0, 0, NULL},
	{NULL, KEY_LINE, TOP(base), NULL, NULL, NULL, 0, 0, NULL},
};
