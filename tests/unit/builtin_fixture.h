/*
 * builtin_fixture.h - the gates that need no command, on changes that a shell
 * command makes in a repository of the test's own.
 */
#ifndef BUILTIN_FIXTURE_H
#define BUILTIN_FIXTURE_H

#include "git_fixture.h"

#include "base/clock.h"
#include "conf/config.h"
#include "gate/gate.h"
#include "git/tree.h"
#include "model/verdict.h"
#include "sys/jail.h"

/* What the gates say of the last commit, under the policy given. */
static inline void
judge_within(const char *policy, bool person, const struct strs *scope, struct verdicts *out)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(gates_close_p) struct gates *g = NULL;
	struct jail_policy jail = {0};
	struct clock clock = clock_system();
	struct config c;
	struct gates_opts o = {.config = &c, .policy = &jail, .clock = &clock, .person = person,
	    .scope = scope};
	struct oid tree;

	ok(repo_open(".", &r));
	config_init(&c);
	ok(config_parse("config", str_of(policy), &c));
	ok(config_check(&c));
	o.repo = r;
	o.base = sh_oid("HEAD~1");
	o.head = sh_oid("HEAD");
	tree = sh_oid("HEAD^{tree}");
	ok(gates_open(&o, &g));
	ok(gates_run(g, &tree, NULL, GATE_FULL, out));
	config_free(&c);
}

static inline void
judge_as(const char *policy, bool person, struct verdicts *out)
{
	judge_within(policy, person, NULL, out);
}

static inline void
judge_last(const char *policy, struct verdicts *out)
{
	judge_as(policy, false, out);
}

static inline void
commit_all(void)
{
	sh("git add -A -f . && git commit -q --allow-empty -m next");
}

static inline const struct verdict *
verdict_of(const struct verdicts *vs, const char *gate)
{
	size_t i;

	for (i = 0; i < vs->n; i++)
		if (strcmp(vs->v[i].gate, gate) == 0)
			return &vs->v[i];
	fail_msg("no verdict of '%s'", gate);
	return NULL;
}

/* "blocks bidi src/x.c:3" and so on, a line each, but what only tells. */
static inline char *
findings_of(const struct verdict *v, bool notes)
{
	struct buf b = BUF_INIT(MIB);
	size_t i;

	for (i = 0; i < v->findings.n; i++) {
		const struct finding *f = &v->findings.v[i];

		if (f->kind == FINDING_NOTE && !notes)
			continue;
		buf_addf(&b, "%s%s %s %s", b.n == 0 ? "" : "\n", finding_word(f->kind), f->rule, f->file);
		if (f->line > 0)
			buf_addf(&b, ":%lld", (long long)f->line);
	}
	return buf_steal(&b);
}

/* Write the file (NULL: delete it) and commit; what the gate then finds. */
static inline char *
found_after(const char *gate, const char *policy, const char *path, const char *text)
{
	AUTO(verdicts_free) struct verdicts vs = {0};
	const char *slash = strrchr(path, '/');

	if (slash != NULL)
		sh("mkdir -p '%.*s'", (int)(slash - path), path);
	if (text == NULL)
		sh("rm -f '%s'", path);
	else
		ok(file_replace(AT_FDCWD, path, str_of(text), 0644, false));
	commit_all();
	judge_last(policy, &vs);
	return findings_of(verdict_of(&vs, gate), false);
}

static inline void
finds_(const char *gate, const char *policy, const char *path, const char *text, const char *want,
    int line)
{
	AUTO(mem_free_p) char *got = found_after(gate, policy, path, text);

	if (strcmp(got, want) != 0)
		fail_msg("line %d: %s of %s says\n%s\nand not\n%s", line, gate, path, got, want);
}

/* The findings that block or flag, as findings_of() writes them; "" for none. */
#define finds(gate, path, text, want) finds_(gate, "gates: none\n", path, text, want, __LINE__)
#define finds_by(gate, policy, path, text, want) finds_(gate, policy, path, text, want, __LINE__)

#endif
