#include "model/attest.h"

#include "base/clock.h"
#include "base/err.h"
#include "wire/json.h"
#include "wire/node.h"

void
attest_free(struct attest *a)
{
	verdict_free(&a->verdict);
	verdict_free(&a->kept);
	*a = (struct attest){0};
}

static const char *
keep(struct attest *a, const struct node *n, const char *key)
{
	const char *value = node_get_str(n, key);

	return value == NULL ? "" : arena_strdup(&a->verdict.mem, value);
}

bool
attest_lasts(const struct verdict *v)
{
	size_t i;

	if ((v->kind != VERDICT_PASS && v->kind != VERDICT_FAIL) || v->fleeting || v->idle)
		return false;
	for (i = 0; i < v->findings.n; i++)
		if (v->findings.v[i].kind == FINDING_FLAKY)
			return false;
	return true;
}

static void
some(struct jw *w, const char *key, const char *value)
{
	if (value[0] != '\0')
		jw_kstr(w, key, value);
}

static void
put_verdict(struct jw *w, const char *key, const struct verdict *v, bool note)
{
	struct verdict plain = *v;

	/* Where it is known from is told anew each time. */
	plain.known.time = 0;
	if (note)
		plain.evidence = "";
	jw_key(w, key);
	verdict_write(w, &plain);
}

void
attest_write(const struct attest *a, bool note, struct buf *out)
{
	char time[CLOCK_TEXT];
	struct jw w;

	clock_format(a->time, time);
	jw_init(&w, out, false);
	jw_obj(&w);
	jw_kstr(&w, "time", time);
	jw_kstr(&w, "event", ATTEST_EVENT);
	jw_kstr(&w, "node", a->node);
	jw_kstr(&w, "key", a->key);
	jw_kstr(&w, "seen", a->seen);
	some(&w, "against", a->against);
	some(&w, "commit", a->commit);
	some(&w, "patch_id", a->patch);
	put_verdict(&w, "verdict", &a->verdict, note);
	if (a->kept.findings.n != 0 || a->kept.dropped != 0)
		put_verdict(&w, "kept", &a->kept, note);
	if (!note) {
		some(&w, "signer", a->signer);
		some(&w, "signers", a->signers);
	}
	if (a->unsteady)
		jw_kbool(&w, "unsteady", true);
	jw_end(&w);
}

static struct err *
read_into(const char *file, const struct node *n, struct attest *a)
{
	const char *time = node_get_str(n, "time"), *event = node_get_str(n, "event");
	const struct node *kept = node_get(n, "kept");

	if (time == NULL || !clock_parse(time, &a->time) || event == NULL || !str_is(str_of(event), ATTEST_EVENT) ||
	    node_get_str(n, "key") == NULL || node_get_str(n, "seen") == NULL)
		return node_err(n, "not a gate's proof");
	TRY(verdict_read(file, node_get(n, "verdict"), &a->verdict));
	if (kept != NULL)
		TRY(verdict_read(file, kept, &a->kept));
	a->key = keep(a, n, "key");
	a->seen = keep(a, n, "seen");
	a->against = keep(a, n, "against");
	a->commit = keep(a, n, "commit");
	a->patch = keep(a, n, "patch_id");
	a->node = keep(a, n, "node");
	a->signer = keep(a, n, "signer");
	a->signers = keep(a, n, "signers");
	a->unsteady = node_get_bool(n, "unsteady", false);
	return NULL;
}

struct err *
attest_read(const char *file, struct str line, struct attest *out)
{
	AUTO(arena_free) struct arena mem = {0};
	AUTO(attest_free) struct attest a = {0};
	struct node *n;

	TRY(json_parse(&mem, file, line, &n));
	TRY(read_into(file, n, &a));
	*out = a;
	a = (struct attest){0};
	return NULL;
}
