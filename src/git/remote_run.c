#include <string.h>

#include "base/buf.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"
#include "git/cli.h"
#include "git/remote.h"
#include "git/remote_run.h"
#include "git/repo.h"

#define WORDS_MAX (16 * MIB)

struct words {
	VEC_FIELDS(const char *);
};

static void
words_free(struct words *w)
{
	vec_free(w);
}

/*
 * The user's configuration rules, but for what would stall, prompt, move
 * other refs, or leave an object unsynced that a ref is about to name.
 */
static const char *const settings[] = {
	"-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=30", "-c", "credential.interactive=false",
	"-c", "core.fsync=objects,derived-metadata", "-c", "fetch.recurseSubmodules=false",
	"-c", "push.recurseSubmodules=no", "-c", "push.followTags=false", "-c", "fetch.writeCommitGraph=false",
	"-c", "advice.pushUpdateRejected=false",
};

struct err *
remote_run(struct remote *m, const char *const args[], struct proc_result *out)
{
	static const char *const quiet_ssh = "GIT_SSH_COMMAND=ssh -oBatchMode=yes -oConnectTimeout=20 "
	    "-oServerAliveInterval=15 -oServerAliveCountMax=3";
	const char *env[] = {
	    defence_on(DEFENCE_PROTOCOLS) ? "GIT_ALLOW_PROTOCOL=file:git:http:https:ssh" : "GIT_ALLOW_PROTOCOL=ext:file",
	    m->plain_ssh ? quiet_ssh : NULL, NULL};
	AUTO(words_free) struct words words = {0};
	struct cli_opts o = {.deadline_ms = m->deadline_ms, .cancel_fd = m->cancel_fd,
	    .max_out = WORDS_MAX, .env = env};
	size_t i;

	o.dir = repo_workdir(m->repo) != NULL ? repo_workdir(m->repo) : repo_gitdir(m->repo);
	vec_push(&words, "--git-dir");
	vec_push(&words, m->net);
	for (i = 0; i < NITEMS(settings); i++)
		vec_push(&words, settings[i]);
	for (i = 0; args[i] != NULL; i++)
		vec_push(&words, args[i]);
	vec_push(&words, NULL);
	return cli_run(&o, words.v, out);
}

/* ---- what went wrong ---- */

static bool
ends_word(char c)
{
	return c == '\0' || strchr(" \t\r\n'\"<>", c) != NULL;
}

void
remote_redact(struct str text, struct buf *out)
{
	size_t i, end, at;

	for (i = 0; i < text.n; i++) {
		buf_addc(out, text.p[i]);
		if (i < 2 || memcmp(text.p + i - 2, "://", 3) != 0)
			continue;
		at = 0;
		for (end = i + 1; end < text.n && text.p[end] != '/' && !ends_word(text.p[end]); end++)
			if (text.p[end] == '@')
				at = end;
		if (at > 0)
			i = at;
	}
}

/* What its words mean; the first row that fits counts. */
static const struct {
	const char *text;
	enum err_code code;
	const char *hint;
} meanings[] = {
	{"does not support --atomic", ERR_CONFIG,
	    "several nodes need atomic pushes: use a remote that has them, or one node alone ('git config factory.remote none')"},
	{"Authentication failed", ERR_AUTH, "give git the credential for it: see git-credential(1)"},
	{"could not read Username", ERR_AUTH, "give git the credential for it: see git-credential(1)"},
	{"could not read Password", ERR_AUTH, "give git the credential for it: see git-credential(1)"},
	{"unable to get password from user", ERR_AUTH, "give git the credential for it: see git-credential(1)"},
	{"terminal prompts disabled", ERR_AUTH, "give git the credential for it: see git-credential(1)"},
	{"returned error: 401", ERR_AUTH, "give git the credential for it: see git-credential(1)"},
	{"returned error: 403", ERR_AUTH, "the credential may not do this: ask for the right to push"},
	{"Permission denied (", ERR_AUTH, "add your key with ssh-add, or see ssh-agent(1)"},
	{"Host key verification failed", ERR_AUTH, "connect once with ssh by hand and check the host's key"},
	{"returned error: 429", ERR_RATE_LIMIT, NULL},
	{"returned error: 5", ERR_SERVER, NULL},
	{"remote: error: cannot lock ref", ERR_LOCKED,
	    "another push is under way there; where none is, a killed git left the lock: remove that file"},
	{"returned error: 404", ERR_REPOSITORY, "see 'git remote -v'"},
	{"does not appear to be a git repository", ERR_REPOSITORY, "see 'git remote -v'"},
	{"not found", ERR_REPOSITORY, "see 'git remote -v'"},
	{"does not exist", ERR_REPOSITORY, "see 'git remote -v'"},
	{"dubious ownership", ERR_REPOSITORY, "'git config --global --add safe.directory' takes the remote's path"},
	{"not allowed", ERR_DENIED, NULL},
	{"Could not resolve", ERR_NETWORK, NULL},
	{"unable to access", ERR_NETWORK, NULL},
	{"onnection", ERR_NETWORK, NULL},
	{"connect to", ERR_NETWORK, NULL},
	{"hung up", ERR_NETWORK, NULL},
	{"early EOF", ERR_NETWORK, NULL},
	{"RPC failed", ERR_NETWORK, NULL},
	{"unexpected disconnect", ERR_NETWORK, NULL},
	{"No space left", ERR_DISK_FULL, NULL},
	{"Input/output error", ERR_IO, NULL},
	{"shallow update not allowed", ERR_REPOSITORY, "git fetch --unshallow"},
	{"Could not read from remote repository", ERR_NETWORK, NULL},
};

/* The line that says most: the first "fatal:", what the remote itself says, else the first that is no chatter. */
static struct str
telling_line(struct str text)
{
	static const char *const marks[] = {"fatal: ", "remote: error: ", "error: "};
	struct str rest, line, any = {0};
	size_t i;

	for (i = 0; i < NITEMS(marks); i++)
		for (rest = text; str_line(&rest, &line);)
			if (str_starts(line, marks[i]))
				return str_skip(line, strlen(marks[i]));
	for (rest = text; any.n == 0 && str_line(&rest, &line);)
		if (!str_starts(line, "hint:") && !str_starts(line, "warning:") && !str_starts(line, "To "))
			any = str_trim(line);
	return any;
}

struct err *
remote_fault(const struct remote *m, const struct proc_result *r)
{
	AUTO(buf_free) struct buf line = BUF_INIT(BUF_TEXT);
	struct str text = buf_str(&r->err.b);
	struct err *e;
	size_t i;

	if (r->cancelled)
		return err_new(ERR_INTERRUPTED, "talking to the remote '%s' was interrupted", m->name);
	if (r->timed_out)
		return err_new(ERR_TIMEOUT, "the remote '%s' (%s) did not answer in time", m->name, m->shown);
	if (r->status == 0)
		return NULL;
	remote_redact(str_trim(telling_line(text)), &line);
	for (i = 0; i < NITEMS(meanings); i++) {
		if (str_find(text, str_of(meanings[i].text)) < 0)
			continue;
		e = err_new(meanings[i].code, "the remote '%s' (%s): %s", m->name, m->shown, buf_cstr(&line));
		return meanings[i].hint == NULL ? e : err_hint(e, "%s", meanings[i].hint);
	}
	return err_new(ERR_COMMAND, "the remote '%s' (%s): git exited with status %d%s%s", m->name, m->shown,
	    r->status, line.n > 0 ? ": " : "", buf_cstr(&line));
}
