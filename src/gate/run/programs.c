#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "conf/config.h"
#include "gate/memory/memory.h"
#include "gate/room.h"
#include "gate/run/exec.h"
#include "gate/run/programs.h"
#include "git/tree.h"
#include "sys/jail.h"
#include "sys/proc.h"

static struct str
program_of(const char *need)
{
	struct str rest = str_of(need), word = {0};

	str_next(&rest, ' ', &word);
	return word;
}

/* NULL when it is nowhere; free it. */
static char *
where(const struct gates *g, struct str program)
{
	const char *path = g->o.policy->path != NULL ? g->o.policy->path : JAIL_PATH;
	AUTO(mem_free_p) char *name = str_dup(program);

	return proc_find(path, name);
}

struct str
programs_missing(const struct gates *g, const struct conf_gate *gate)
{
	size_t i;

	for (i = 0; i < gate->needs.n; i++) {
		struct str program = program_of(gate->needs.v[i]);
		AUTO(mem_free_p) char *found = where(g, program);

		if (found == NULL)
			return program;
	}
	return (struct str){0};
}

/* By what the answer is remembered: the question, and the file that was asked. */
static struct err *
question(const char *need, const char *file, struct oid *out)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	struct stat st;

	if (stat(file, &st) == -1)
		return err_sys("cannot look at '%s'", file);
	buf_addf(&b, "need %s\n%s %lld %lld.%09ld\n", need, file, (long long)st.st_size,
	    (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return blob_hash(buf_str(&b), out);
}

static struct err *
ask(const struct gates *g, const struct conf_gate *gate, const char *need, struct buf *answer)
{
	struct exec_spec spec = {.gate = gate, .command = need, .report = EXEC_REPORT_NONE,
	    .tree = &g->base_tree, .setup = g->o.base_setup, .on_base = true, .quiet = true};
	AUTO(outcome_free) struct outcome o = {0};
	struct oid id;

	TRY(exec_run(g, &spec, &o));
	TRY(blob_hash(str_of(o.kind == OUTCOME_BROKEN ? o.why : o.output), &id));
	buf_addf(answer, "%d %s", o.status, oid_hex(&id).s);
	return NULL;
}

static struct err *
identify(const struct gates *g, const struct conf_gate *gate, const char *need, struct buf *out)
{
	struct str program = program_of(need);
	AUTO(buf_free) struct buf answer = BUF_INIT(BUF_TEXT);
	AUTO(mem_free_p) char *file = where(g, program);
	struct oid key;

	if (file == NULL || program.n == strlen(need)) {
		buf_addf(out, "need %s %s\n", need, file == NULL ? "missing" : "there");
		return NULL;
	}
	TRY(question(need, file, &key));
	err_ignore(memory_line(g->o.repo, &key, &answer));
	if (answer.n == 0) {
		TRY(ask(g, gate, need, &answer));
		/* Else it is asked again. */
		err_ignore(memory_keep_line(g, &key, buf_str(&answer)));
	}
	buf_addf(out, "need %s %s\n", need, buf_cstr(&answer));
	return NULL;
}

struct err *
programs_identity(const struct gates *g, const struct conf_gate *gate, struct buf *out)
{
	size_t i;

	for (i = 0; i < gate->needs.n; i++)
		TRY(identify(g, gate, gate->needs.v[i], out));
	return NULL;
}
