#include <string.h>

#include "base/buf.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/vec.h"
#include "conf/config.h"
#include "gate/builtin/builtin.h"
#include "gate/builtin/protect.h"
#include "gate/glob.h"
#include "gate/room.h"
#include "git/diff.h"
#include "git/repo.h"
#include "git/tree.h"
#include "git/userconf.h"
#include "model/verdict.h"

/* In any folder, for a repository of several projects has several of them. */
static const char *const patterns[] = {
	/* the factory, owners, and files that steer everybody's git */
	".factory", "CODEOWNERS", ".gitattributes", ".gitmodules",
	/* CI */
	".github", ".gitlab-ci.yml", ".gitlab", ".gitea", ".forgejo", ".woodpecker",
	".woodpecker.yml", ".woodpecker.yaml", ".drone.yml", ".circleci", ".travis.yml",
	".buildkite", ".cirrus.yml", ".cirrus.star", ".builds", ".build.yml", ".sourcehut.yml",
	"Jenkinsfile", "azure-pipelines.yml", "bitbucket-pipelines.yml", "appveyor.yml",
	".appveyor.yml",
	/* hooks */
	".husky", ".githooks", ".pre-commit-config.yaml", ".pre-commit-config.yml",
	".pre-commit-hooks.yaml", "lefthook.yml", "lefthook.yaml", ".lefthook.yml",
	".lefthook.yaml", ".lefthook", ".overcommit.yml", ".lintstagedrc*",
	/* what runs by itself in a person's shell, editor or agent */
	".envrc", ".claude", ".codex", ".cursor", ".gemini", ".mcp.json", "**/.vscode/tasks.json",
	/* short names of the above on Windows */
	"FACTOR~?", "CODEOW~?", "GITATT~?", "GITMOD~?", "GITHUB~?", "GITLAB~?", "GITEA~?",
	"FORGEJ~?", "WOODPE~?", "CIRCLE~?", "TRAVIS~?", "BUILDK~?", "HUSKY~?", "GITHOO~?",
	"PRE-CO~?", "LEFTHO~?", "JENKIN~?", "AZURE-~?", "BITBUC~?", "APPVEY~?", "ENVRC~?",
	"CLAUDE~?",
};

/* What decides how tests run and what they need to reach. */
static const char *const harness[] = {
	"conftest.py", "pytest.ini", ".pytest.ini", "tox.ini", "noxfile.py", ".coveragerc", "jest.config.*",
	"jest.setup.*", "vitest.config.*", "vitest.setup.*", ".mocharc.*", "karma.conf.*", "playwright.config.*",
	"cypress.config.*", ".nycrc", ".nycrc.*", ".c8rc*", "ava.config.*", "phpunit.xml", "phpunit.xml.dist",
	".rspec", "codecov.yml", ".codecov.yml", "sonar-project.properties",
};

/* One component as a careless file system reads it. */
static void
add_component(struct buf *out, struct str c)
{
	ptrdiff_t colon = str_chr(c, ':');
	struct str rest;
	int32_t cp;

	if (colon > 0)
		c = str_take(c, (size_t)colon);
	while (c.n > 0 && (c.p[c.n - 1] == '.' || c.p[c.n - 1] == ' '))
		c.n--;
	for (rest = c; rest.n != 0; c = rest) {
		cp = utf8_next(&rest);
		if (cp >= 0 && text_hidden(cp))
			continue;
		/* Full-width forms fold to ASCII under compatibility mappings. */
		if (cp >= 0xff01 && cp <= 0xff5e)
			buf_addc(out, (char)(cp - 0xff01 + '!'));
		else if (cp == 0x17f)
			buf_addc(out, 's');
		else if (cp == 0x212a)
			buf_addc(out, 'k');
		else
			buf_add(out, c.p, (size_t)(rest.p - c.p));
	}
}

static void
loose_path(struct buf *out, const char *path)
{
	struct str rest = str_of(path), piece;

	while (str_next(&rest, '/', &piece)) {
		if (out->n != 0)
			buf_addc(out, '/');
		add_component(out, piece);
	}
}

bool
protect_match(const char *path, const struct strs *more)
{
	AUTO(buf_free) struct buf loose = BUF_INIT(BUF_TEXT);
	size_t i;

	loose_path(&loose, path);
	for (i = 0; i < NITEMS(patterns); i++)
		if (glob_path(patterns[i], buf_cstr(&loose), GLOB_ICASE))
			return true;
	return more != NULL && (glob_paths(more, path, GLOB_ICASE) ||
	    glob_paths(more, buf_cstr(&loose), GLOB_ICASE));
}

/* The next word of a command, as far as that can be told without a shell. */
static struct str
word(struct str *rest)
{
	struct str w;
	size_t n;

	*rest = str_trim(*rest);
	for (n = 0; n < rest->n && strchr(" \t\n;&|<>()", rest->p[n]) == NULL; n++)
		;
	w = str_take(*rest, n);
	*rest = str_skip(*rest, n);
	return w;
}

/* A gate's own script decides what the gate says. */
static struct err *
add_script(struct repo *r, const struct oid *base_tree, const struct conf_gate *gate,
    const char *command, struct strs *out)
{
	AUTO(mem_free_p) char *path = NULL;
	struct str rest = str_of(command), w = word(&rest);
	struct tree_entry e;
	bool shell = str_is(w, "sh") || str_is(w, "bash") || str_is(w, "dash");

	if (shell)
		w = word(&rest);
	/* A bare word is looked up in PATH, but not by a shell that is given it. */
	if (w.n == 0 || str_starts(w, "-") || str_starts(w, "/") || (!shell && !str_has(w, '/')))
		return NULL;
	while (str_starts(w, "./"))
		w = str_skip(w, 2);
	path = mem_printf("%s%s%.*s", gate->dir, gate->dir[0] == '\0' ? "" : "/", STR_ARG(w));
	TRY(tree_find(r, base_tree, path, &e));
	if (e.mode == MODE_FILE || e.mode == MODE_EXEC || e.mode == MODE_LINK)
		strs_addf(out, "/%s", path);
	return NULL;
}

static struct err *
add_hooks(struct repo *r, struct strs *out)
{
	AUTO(mem_free_p) char *hooks = NULL;
	const char *top = repo_workdir(r);
	size_t n;

	TRY(userconf_path(r, "core.hooksPath", &hooks));
	if (hooks == NULL || hooks[0] == '\0')
		return NULL;
	if (hooks[0] != '/') {
		strs_addf(out, "/%s", strncmp(hooks, "./", 2) == 0 ? hooks + 2 : hooks);
	} else if (top != NULL) {
		n = strlen(top);
		if (strncmp(hooks, top, n) == 0 && hooks[n] == '/' && hooks[n + 1] != '\0')
			strs_add(out, hooks + n);
	}
	return NULL;
}

/* Paths that take a person's word, and scripts that speak for a gate. */
struct patterns {
	struct strs flagged;
	struct strs scripts;
};

static void
patterns_free(struct patterns *p)
{
	strs_free(&p->flagged);
	strs_free(&p->scripts);
}

static struct err *
patterns_of(struct repo *r, const struct config *c, const struct oid *base_tree, struct patterns *out)
{
	size_t i;

	for (i = 0; i < c->protect.n; i++)
		strs_add(&out->flagged, c->protect.v[i]);
	for (i = 0; i < c->gates.n; i++) {
		TRY(add_script(r, base_tree, &c->gates.v[i], c->gates.v[i].run, &out->scripts));
		TRY(add_script(r, base_tree, &c->gates.v[i], c->gates.v[i].fast, &out->scripts));
	}
	return add_hooks(r, &out->flagged);
}

static bool
is_script(const struct patterns *p, const char *path)
{
	AUTO(buf_free) struct buf loose = BUF_INIT(BUF_TEXT);

	loose_path(&loose, path);
	return glob_paths(&p->scripts, path, GLOB_ICASE) || glob_paths(&p->scripts, buf_cstr(&loose), GLOB_ICASE);
}

/* ---- judging ---- */

/* One that is new takes nothing away, unless policy names it. */
static bool
is_harness(const struct config *c, const struct diff_file *f)
{
	size_t i;

	if (glob_paths(&c->harness, f->path, GLOB_ICASE))
		return true;
	for (i = 0; f->status != 'A' && i < NITEMS(harness); i++)
		if (glob_path(harness[i], f->path, GLOB_ICASE))
			return true;
	return false;
}

/* By choice: what is built in changes with its lock file alone. */
static bool
is_lock(const struct conf_gate *set, const char *path)
{
	static const char *const locks[] = {"package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml",
	    "bun.lock", "bun.lockb", "Cargo.lock", "poetry.lock", "pdm.lock", "uv.lock", "Pipfile.lock",
	    "requirements*.txt", "go.sum", "Gemfile.lock", "composer.lock", "flake.lock", "gradle.lockfile",
	    "Package.resolved", "mix.lock", "pubspec.lock", "packages.lock.json", ".terraform.lock.hcl"};
	size_t i;

	for (i = 0; set != NULL && set->locks && i < NITEMS(locks); i++)
		if (glob_path(locks[i], path, 0))
			return true;
	return false;
}

struct err *
protect_judge(struct inspect *in)
{
	const struct gates *g = in->s->gates;
	AUTO(patterns_free) struct patterns p = {0};
	size_t i;

	TRY(patterns_of(g->o.repo, g->o.config, &g->base_tree, &p));
	for (i = 0; i < in->s->diff.n; i++)
		if (is_harness(g->o.config, &in->s->diff.v[i]))
			inspect_find(in, FINDING_FLAGGED, "harness", in->s->diff.v[i].path, 0,
			    "decides how the tests run");
	/* A renamed file is gone from one place and new at the other. */
	for (i = 0; i < in->s->diff.n && defence_on(DEFENCE_PROTECTED); i++) {
		const char *path = in->s->diff.v[i].path;

		if (is_script(&p, path))
			inspect_find(in, FINDING_BLOCKS, GATE_PROTECTED, path, 0,
			    "a script that a gate runs was changed");
		else if (protect_match(path, &p.flagged))
			inspect_find(in, FINDING_FLAGGED, GATE_PROTECTED, path, 0, "a protected path was changed");
		else if (is_lock(in->set, path))
			inspect_find(in, FINDING_FLAGGED, "lock-file", path, 0, "says which dependencies are built in");
	}
	return NULL;
}

struct err *
gates_protected(struct repo *r, const struct config *c, const struct oid *base, const struct oid *tree,
    struct strs *out)
{
	AUTO(patterns_free) struct patterns p = {0};
	AUTO(diff_free) struct diff d = {0};
	size_t i;

	TRY(patterns_of(r, c, base, &p));
	TRY(diff_trees(r, base, tree, false, &d));
	for (i = 0; i < d.n && defence_on(DEFENCE_PROTECTED); i++)
		if (is_script(&p, d.v[i].path) || protect_match(d.v[i].path, &p.flagged))
			strs_add(out, d.v[i].path);
	return NULL;
}
