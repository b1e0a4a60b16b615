#include <string.h>
#include <sys/utsname.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "conf/config.h"
#include "conf/grant.h"
#include "gate/room.h"
#include "gate/run/programs.h"
#include "git/tree.h"
#include "sys/jail.h"

/* A change in how gates judge is another definition: ci/check-judgement sees to it. */
#define JUDGEMENT "gate 4"	/* as of 22e4739c4e09 */

static void
add_field(struct buf *b, const char *key, const char *value)
{
	buf_addf(b, "%s %zu ", key, strlen(value));
	buf_adds(b, value);
	buf_addc(b, '\n');
}

static void
add_fields(struct buf *b, const char *key, const struct strs *values)
{
	size_t i;

	for (i = 0; i < values->n; i++)
		add_field(b, key, values->v[i]);
}

static void
define_builtin(struct buf *b, const struct config *c, const struct conf_gate *gate)
{
	size_t i;

	if (gate != NULL) {
		add_field(b, "builtin", gate->builtin);
		add_fields(b, "path", &gate->paths);
		add_fields(b, "host", &gate->hosts);
		add_fields(b, "except", &gate->except);
		add_field(b, "language", gate->language);
		add_fields(b, "inside", &gate->inside);
		buf_addf(b, "locks %d remote %d files %lld lines %lld\n", (int)gate->locks, (int)gate->remote,
		    (long long)gate->files, (long long)gate->lines);
	}
	for (i = 0; i < c->rules.n; i++) {
		add_field(b, "rule", c->rules.v[i].name);
		add_field(b, "pattern", c->rules.v[i].pattern);
		add_fields(b, "path", &c->rules.v[i].paths);
		buf_addf(b, "outcome %d\n", (int)c->rules.v[i].outcome);
	}
	add_fields(b, "protect", &c->protect);
	add_fields(b, "harness", &c->harness);
}

/* What a quarantine lets pass is not known to pass when it has ended. */
static struct err *
add_quarantine(const struct gates *g, const struct conf_gate *gate, struct buf *b)
{
	int64_t now = clock_wall(g->o.clock);
	struct grant grant;
	size_t i;

	for (i = 0; i < gate->quarantine.n; i++) {
		TRY(grant_parse(gate->quarantine.v[i], &grant));
		if (now < grant.ends_s)
			add_field(b, "quarantine", gate->quarantine.v[i]);
	}
	return NULL;
}

struct err *
gate_definition(const struct gates *g, const struct conf_gate *gate, const char *name,
    const char *command, const char *setup, struct oid *out)
{
	const struct gates_opts *o = &g->o;
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	struct utsname machine;

	add_field(&b, JUDGEMENT, name);
	if (gate != NULL && gate->builtin[0] == '\0') {
		add_field(&b, "command", command);
		add_field(&b, "one", gate->one);
		add_fields(&b, "report", &gate->report);
		add_fields(&b, "format", &gate->format);
		add_field(&b, "dir", gate->dir);
		TRY(programs_identity(g, gate, &b));
		add_fields(&b, "path", &gate->paths);
		add_fields(&b, "tolerate", &gate->tolerate);
		TRY(add_quarantine(g, gate, &b));
		buf_addf(&b, "against %d severity %d coverage %lld\n", (int)gate->against, gate->severity,
		    (long long)gate->coverage);
		add_field(&b, "setup", setup == NULL ? "" : setup);
		add_field(&b, "PATH", o->policy->path == NULL ? "" : o->policy->path);
		add_fields(&b, "read", &o->policy->read);
		buf_addf(&b, "timed %d slower %lld memory %lld\n", (int)gate->timed,
		    (long long)gate->slower, (long long)gate->memory);
		buf_addf(&b, "timeout %lld jail %d network %d tmp %zu processes %ld\n", (long long)gate->timeout,
		    (int)o->policy->mode, (int)o->policy->host_network, o->policy->tmp_bytes, o->policy->nproc);
		buf_addf(&b, "workspace %d size %zu submodules %d lfs %d\n", (int)o->workspace.kind,
		    o->workspace.bytes, (int)o->workspace.submodules, (int)o->workspace.lfs);
		if (uname(&machine) == 0)
			buf_addf(&b, "machine %s %s\n", machine.sysname, machine.machine);
	} else {
		define_builtin(&b, o->config, gate);
		buf_addf(&b, "base %s person %d\n", oid_hex(&g->base_tree).s, (int)o->person);
	}
	return blob_hash(buf_str(&b), out);
}
