#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "git/commit.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tip.h"
#include "git/tree.h"
#include "model/match.h"
#include "model/task.h"
#include "store/nodes.h"
#include "store/state.h"
#include "sys/host.h"
#include "sys/proc.h"

#define NAME_MAX_BYTES 100
#define TRIES 5
#define QUIET_S (15 * 60)	/* who said nothing for so long writes nothing either */

static void
info_free(struct node_info *i)
{
	free(i->name);
	free(i->host);
	free(i->boot);
	free(i->hours);
	free(i->version);
	strs_free(&i->labels);
	*i = (struct node_info){0};
}

void
node_infos_free(struct node_infos *n)
{
	size_t i;

	for (i = 0; i < n->n; i++)
		info_free(&n->v[i]);
	vec_free(n);
}

bool
node_name_ok(const char *name)
{
	AUTO(mem_free_p) char *ref = mem_printf(REF_NODES "%s", name);

	return *name != '\0' && strlen(name) <= NAME_MAX_BYTES && strchr(name, '/') == NULL &&
	    ref_name_ok(str_of(ref));
}

/* ---- as a commit ---- */

static void
format_info(const struct node_info *i, struct buf *b)
{
	char since[CLOCK_TEXT], beat[CLOCK_TEXT];
	size_t k;

	clock_format(i->since, since);
	clock_format(i->beat, beat);
	buf_addf(b, "node %s\n\nHost: %s\nBoot: %s\nPid: %lld\nStarted: %lld\nSlots: %lld\n", i->name, i->host,
	    i->boot, (long long)i->pid, (long long)i->started, (long long)i->slots);
	buf_addf(b, "Hours: %s\nVersion: %s\nSince: %s\nBeat: %s\n", i->hours, i->version, since, beat);
	if (i->forge)
		buf_adds(b, "Forge: yes\n");
	for (k = 0; k < i->labels.n; k++)
		buf_addf(b, "Label: %s\n", i->labels.v[k]);
}

static bool
parse_line(struct str line, struct node_info *i)
{
	ptrdiff_t at = str_find(line, STR(": "));
	struct str key = str_take(line, at < 0 ? 0 : (size_t)at);
	struct str value = str_skip(line, at < 0 ? line.n : (size_t)at + 2);
	AUTO(mem_free_p) char *text = str_dup(value);
	const struct { const char *key; char **to; } texts[] = {
	    {"Host", &i->host}, {"Boot", &i->boot}, {"Hours", &i->hours}, {"Version", &i->version}};
	size_t k;

	if (str_is(key, "Pid"))
		return str_int(value, 1, INT32_MAX, &i->pid);
	if (str_is(key, "Started"))
		return str_int(value, 0, INT64_MAX, &i->started);
	if (str_is(key, "Slots"))
		return str_int(value, 1, INT32_MAX, &i->slots);
	if (str_is(key, "Since"))
		return clock_parse(text, &i->since);
	if (str_is(key, "Beat"))
		return clock_parse(text, &i->beat);
	if (str_is(key, "Forge"))
		i->forge = str_is(value, "yes");
	if (str_is(key, "Label"))
		strs_add(&i->labels, text);
	for (k = 0; k < NITEMS(texts); k++)
		if (str_is(key, texts[k].key) && *texts[k].to == NULL)
			*texts[k].to = STEAL(text);
	return true;
}

static bool
read_info(struct repo *r, const struct ref *ref, const char *prefix, struct node_info *out)
{
	AUTO(commit_free) struct commit c = {0};
	struct node_info i = {.oid = ref->oid, .name = mem_strdup(ref->name + strlen(prefix))};
	struct err *e = commit_read(r, &ref->oid, &c);
	struct str rest, line;
	bool good = e == NULL;

	err_free(e);
	rest = str_of(good ? c.message : "");
	while (good && str_line(&rest, &line))
		good = parse_line(line, &i);
	if (!good || i.host == NULL || i.slots == 0) {
		info_free(&i);
		return false;
	}
	i.boot = i.boot != NULL ? i.boot : mem_strdup("");
	i.hours = i.hours != NULL ? i.hours : mem_strdup("");
	i.version = i.version != NULL ? i.version : mem_strdup("");
	*out = i;
	return true;
}

static struct err *
write_info(struct repo *r, const struct node_info *i, struct oid *out)
{
	AUTO(buf_free) struct buf message = BUF_INIT(BUF_TEXT);
	AUTO(tree_edit_free) struct tree_edit nothing = {0};
	AUTO(mem_free_p) char *mail = mem_printf("git-factory@%s", i->host);
	char name[] = "git-factory";
	struct ident who = {.name = name, .email = mail, .when = i->beat};
	struct commit_spec spec = {.author = &who};

	TRY(tree_apply(r, &oid_zero, &nothing, &spec.tree));
	format_info(i, &message);
	spec.message = buf_cstr(&message);
	return commit_create(r, &spec, out);
}

/* ---- coming and going ---- */

static bool
same_strs(const struct strs *a, const struct strs *b)
{
	size_t i;

	for (i = 0; i < a->n && i < b->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return a->n == b->n;
}

static bool
says_enough(const struct node_info *then, const struct node_info *now, int64_t apart)
{
	return then->pid == now->pid && then->started == now->started && then->slots == now->slots &&
	    then->forge == now->forge && strcmp(then->hours, now->hours) == 0 && strcmp(then->boot, now->boot) == 0 &&
	    same_strs(&then->labels, &now->labels) && now->beat - then->beat < apart && now->beat >= then->beat;
}

static void
describe(struct state *s, const struct node_word *w, struct node_info *out)
{
	const struct strs *labels = state_labels(s);
	size_t i;

	*out = (struct node_info){.name = mem_strdup(state_node(s)), .host = host_name(), .boot = host_boot(),
	    .hours = mem_strdup(w->hours), .version = mem_strdup(VERSION), .slots = w->slots, .pid = w->pid,
	    .started = host_started(w->pid), .forge = w->forge};
	out->since = out->beat = clock_wall(state_clock(s));
	for (i = 0; labels != NULL && i < labels->n; i++)
		strs_add(&out->labels, labels->v[i]);
}

static struct err *
announce_once(struct state *s, struct node_info *now, int64_t apart)
{
	AUTO(info_free) struct node_info then = {0};
	struct repo *r = state_repo(s);
	struct ref ref = {.name = mem_printf(REF_NODES "%s", now->name)};
	struct oid new;
	struct err *e;

	e = tip_read(r, ref.name, &ref.oid);
	if (e == NULL && !oid_is_zero(&ref.oid) && read_info(r, &ref, REF_NODES, &then) &&
	    then.pid == now->pid && then.started == now->started)
		now->since = then.since;
	if (e == NULL && (then.name == NULL || !says_enough(&then, now, apart))) {
		e = write_info(r, now, &new);
		if (e == NULL)
			e = ref_cas(r, ref.name, &ref.oid, &new, "here");
	}
	free(ref.name);
	return e;
}

struct err *
node_announce(struct state *s, const struct node_word *w, int64_t apart)
{
	AUTO(info_free) struct node_info now = {0};
	struct err *e;
	int tries;

	if (!node_name_ok(state_node(s)))
		return err_hint(err_new(ERR_CONFIG, "'%s' cannot be the name of a node", state_node(s)),
		    "git config factory.node.name NAME");
	describe(s, w, &now);
	for (tries = 0;; tries++) {
		e = announce_once(s, &now, apart);
		if (!err_is(e, ERR_STALE) || tries == TRIES)
			return e;
		err_free(e);
	}
}

struct err *
node_withdraw(struct state *s, int64_t pid)
{
	AUTO(info_free) struct node_info i = {0};
	AUTO(mem_free_p) char *name = mem_printf(REF_NODES "%s", state_node(s));
	struct ref ref = {.name = name};
	struct err *e;

	TRY(tip_read(state_repo(s), name, &ref.oid));
	if (oid_is_zero(&ref.oid) || !read_info(state_repo(s), &ref, REF_NODES, &i) || i.pid != pid)
		return NULL;
	e = ref_cas(state_repo(s), name, &ref.oid, &oid_zero, "gone");
	if (!err_is(e, ERR_STALE))
		return e;
	err_free(e);
	return NULL;
}

/* ---- all of them ---- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct node_info *)a)->name, ((const struct node_info *)b)->name);
}

static bool
is_listed(const struct node_infos *all, const char *name)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (strcmp(all->v[i].name, name) == 0)
			return true;
	return false;
}

static struct err *
add_from(struct repo *r, const char *prefix, bool remote, struct node_infos *out)
{
	AUTO(refs_free) struct refs refs = {0};
	struct node_info info;
	size_t i;

	TRY(ref_list(r, prefix, &refs));
	for (i = 0; i < refs.n; i++) {
		if (is_listed(out, refs.v[i].name + strlen(prefix)) || !read_info(r, &refs.v[i], prefix, &info))
			continue;
		info.remote = remote;
		vec_push(out, info);
	}
	return NULL;
}

struct err *
node_list(struct state *s, struct node_infos *out)
{
	AUTO(node_infos_free) struct node_infos all = {0};

	TRY(add_from(state_repo(s), REF_NODES, false, &all));
	if (state_remote(s) != NULL)
		TRY(add_from(state_repo(s), REMOTE_NODES, true, &all));
	vec_sort(&all, by_name);
	*out = all;
	all = (struct node_infos){0};
	return NULL;
}

struct err *
node_others(struct state *s, struct node_infos *out)
{
	AUTO(node_infos_free) struct node_infos all = {0};
	int64_t since = clock_wall(state_clock(s)) - QUIET_S;
	size_t i;

	TRY(node_list(s, &all));
	for (i = all.n; i-- > 0;) {
		if (all.v[i].remote && all.v[i].beat >= since && !node_dead(&all.v[i]))
			continue;
		info_free(&all.v[i]);
		vec_drop(&all, i);
	}
	*out = all;
	all = (struct node_infos){0};
	return NULL;
}

bool
node_dead(const struct node_info *i)
{
	return host_dead(i->host, i->boot, i->pid, i->started);
}

/* ---- what a task needs ---- */

static bool
on_path(void *arg UNUSED, const char *name)
{
	const char *path = getenv("PATH");
	AUTO(mem_free_p) char *found = NULL;

	if (path != NULL && *name != '\0' && strchr(name, '/') == NULL)
		found = proc_find(path, name);
	return found != NULL;
}

const char *
needs_missing(const struct state *s, const struct task *t)
{
	if (t->needs.n == 0 || state_labels(s) == NULL)
		return NULL;
	return match_missing(&t->needs, state_labels(s), on_path, NULL);
}

char *
needs_why(struct state *s, const char *missing)
{
	AUTO(node_infos_free) struct node_infos all = {0};
	AUTO(buf_free) struct buf who = BUF_INIT(BUF_TEXT);
	size_t i, n = 0;

	err_ignore(node_list(s, &all));
	for (i = 0; i < all.n; i++) {
		if (strcmp(all.v[i].name, state_node(s)) == 0 || node_dead(&all.v[i]) ||
		    !match_need(missing, &all.v[i].labels, NULL, NULL))
			continue;
		buf_addf(&who, "%s%s", n++ > 0 ? ", " : "", all.v[i].name);
	}
	if (n == 0)
		return mem_printf("needs %s: no node has it", missing);
	return mem_printf("needs %s: only %s %s it", missing, buf_cstr(&who), n == 1 ? "has" : "have");
}
