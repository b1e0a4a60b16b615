#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "forge/pull.h"
#include "gate/run/manual.h"
#include "git/commit.h"
#include "git/diff.h"
#include "git/note.h"
#include "git/noteindex.h"
#include "git/ref.h"
#include "git/sign.h"
#include "line/approve.h"
#include "line/policy.h"
#include "line/publish.h"
#include "store/ledger.h"
#include "store/state.h"
#include "store/sync.h"
#include "wire/json.h"

#define APPROVAL "approval"
#define DISMISSAL "dismissal"
#define LINE_MAX_BYTES (64 * KIB)

static bool
is_among(const char *who, const struct strs *all)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (strcasecmp(who, all->v[i]) == 0)
			return true;
	return false;
}

/* ---- what is to be approved ---- */

void
approving_free(struct approving *a)
{
	strs_free(&a->makers);
	*a = (struct approving){0};
}

static struct err *
add_maker(void *arg, const struct commit *c, bool *more UNUSED)
{
	struct strs *makers = arg;

	if (!is_among(c->author.email, makers))
		strs_add(makers, c->author.email);
	if (!is_among(c->committer.email, makers))
		strs_add(makers, c->committer.email);
	return NULL;
}

struct err *
approving_open(struct repo *r, const struct policy *base, const struct oid *head, int64_t pull,
    struct approving *out)
{
	AUTO(approving_free) struct approving a = {.repo = r, .config = &base->cfg, .head = *head, .pull = pull};
	struct oid fork, from;

	TRY(commit_tree(r, head, &a.tree));
	TRY(commit_merge_base(r, &base->commit, head, &fork));
	TRY(commit_tree(r, &fork, &from));
	TRY(diff_patch_id(r, &from, &a.tree, &a.patch));
	TRY(commit_walk(r, head, &base->commit, add_maker, &a.makers));
	if (base->cfg.commit.email[0] != '\0')
		strs_add(&a.makers, base->cfg.commit.email);
	*out = a;
	a = (struct approving){0};
	return NULL;
}

/* ---- on record ---- */

struct word {
	const char *by;		/* as policy spells it */
	int64_t time;
	bool dismisses;
};

struct words {
	VEC_FIELDS(struct word);
};

static void
words_free(struct words *w)
{
	vec_free(w);
}

static bool
is_oid(const struct node *n, const char *key, const struct oid *want)
{
	const char *text = node_get_str(n, key);

	return text != NULL && strcmp(text, oid_hex(want).s) == 0;
}

/* Is it of this very change and for this gate? */
static bool
is_for(const struct approving *a, const struct conf_gate *gate, const struct node *n)
{
	const char *name = node_get_str(n, "gate");

	return name != NULL && strcmp(name, gate->name) == 0 && is_oid(n, "tree", &a->tree) &&
	    is_oid(n, "patch_id", &a->patch) &&
	    (a->pull == 0 || node_get_int(n, "pull", 0) == a->pull);
}

static const char *
named(const struct conf_gate *gate, const char *who)
{
	size_t i;

	for (i = 0; who != NULL && i < gate->approve.n; i++)
		if (strcasecmp(who, gate->approve.v[i]) == 0)
			return gate->approve.v[i];
	return NULL;
}

static struct err *
is_theirs(const struct approving *a, const char *who, struct str text, struct str signature, bool *theirs)
{
	AUTO(mem_free_p) char *signer = NULL;

	*theirs = a->config->evidence.keys.n == 0;
	if (*theirs || signature.n == 0)
		return NULL;
	TRY(sign_who(a->repo, &a->config->evidence.keys, SIGN_APPROVAL, text, signature, who, &signer));
	*theirs = signer != NULL;
	return NULL;
}

static struct err *
see_line(const struct approving *a, const struct conf_gate *gate, struct str line, struct words *out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LINE_MAX_BYTES);
	AUTO(arena_free) struct arena mem = {0};
	const char *event, *time;
	struct str signature = {0};
	struct word w = {0};
	struct node *n;
	struct err *e;
	bool theirs;

	if (!sign_open(line, &text, &signature))
		buf_addstr(&text, line);
	e = json_parse(&mem, "a note", buf_str(&text), &n);
	if (e != NULL) {
		err_ignore(e);
		return NULL;
	}
	event = node_get_str(n, "event");
	time = node_get_str(n, "time");
	if (event == NULL || time == NULL || !clock_parse(time, &w.time) ||
	    (strcmp(event, APPROVAL) != 0 && strcmp(event, DISMISSAL) != 0) || !is_for(a, gate, n))
		return NULL;
	w.dismisses = strcmp(event, DISMISSAL) == 0;
	w.by = named(gate, node_get_str(n, "by"));
	if (w.by == NULL || (!w.dismisses && is_among(w.by, &a->makers)))
		return NULL;
	TRY(is_theirs(a, w.by, buf_str(&text), signature, &theirs));
	if (theirs)
		vec_push(out, w);
	return NULL;
}

static struct err *
see_note(const struct approving *a, const struct conf_gate *gate, const struct oid *commit,
    struct words *out)
{
	AUTO(buf_free) struct buf note = BUF_INIT(NOTE_MAX);
	struct str rest, line;

	TRY(note_read(a->repo, REF_NOTES, commit, &note));
	rest = buf_str(&note);
	while (str_line(&rest, &line))
		if (str_find(line, STR("\"by\":")) >= 0)
			TRY(see_line(a, gate, line, out));
	return NULL;
}

static bool
is_dismissed(const struct words *all, int64_t time)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (all->v[i].dismisses && all->v[i].time >= time)
			return true;
	return false;
}

struct err *
approvals_of(const struct approving *a, const struct conf_gate *gate, struct strs *by)
{
	AUTO(noteindex_hits_free) struct noteindex_hits hits = {0};
	AUTO(words_free) struct words all = {0};
	size_t i;

	TRY(noteindex_find(a->repo, REF_NOTES, &a->patch, &hits));
	for (i = 0; i < hits.n; i++)
		TRY(see_note(a, gate, &hits.v[i], &all));
	for (i = 0; i < all.n; i++)
		if (!all.v[i].dismisses && !is_dismissed(&all, all.v[i].time) && !is_among(all.v[i].by, by))
			strs_add(by, all.v[i].by);
	return NULL;
}

static bool
asks(const struct conf_gate *gate)
{
	return gate->approve.n > 0 && gate->blocking;
}

bool
approvals_asked(const struct config *base)
{
	size_t i;

	for (i = 0; i < base->gates.n; i++)
		if (asks(&base->gates.v[i]))
			return true;
	return false;
}

struct err *
approvals_suffice(const struct approving *a)
{
	size_t i;

	for (i = 0; i < a->config->gates.n; i++) {
		const struct conf_gate *gate = &a->config->gates.v[i];
		AUTO(buf_free) struct buf waits = BUF_INIT(BUF_TEXT);
		AUTO(strs_free) struct strs by = {0};

		if (!asks(gate))
			continue;
		TRY(approvals_of(a, gate, &by));
		if (!manual_enough(gate, &by, &waits))
			return err_hint(err_new(ERR_STATE, "pull request %" PRId64 " waits for the approval '%s': %s",
			    a->pull, gate->name, buf_cstr(&waits)),
			    "after a look at 'git factory pr diff %" PRId64 "', one of them says 'git factory pr approve %"
			    PRId64 "'", a->pull, a->pull);
	}
	return NULL;
}

/* ---- putting it on record ---- */

struct giving {
	const struct approve_opts *o;
	struct state *state;
	struct repo *repo;
	struct pull pull;
	struct policy base;
	struct ident who;
	struct approving what;
	struct strs lines;
};

static void
giving_free(struct giving *g)
{
	pull_free(&g->pull);
	policy_free(&g->base);
	ident_free(&g->who);
	approving_free(&g->what);
	strs_free(&g->lines);
}

static struct err *
exchange(struct giving *g)
{
	AUTO(sync_result_free) struct sync_result r = {0};
	size_t folded;

	return state_remote(g->state) != NULL ? publish(g->state, &r, &folded) : NULL;
}

/* The head as it would land, and the base's policy as it is now. */
static struct err *
look(struct giving *g, int64_t number)
{
	const char *heads = state_remote(g->state) != NULL ? REMOTE_HEADS : "refs/heads/";
	AUTO(mem_free_p) char *base = NULL;
	AUTO(mem_free_p) char *seen = NULL;
	AUTO(mem_free_p) char *branch = NULL;
	struct oid tip, head;

	TRY(pull_read(g->repo, number, &g->pull));
	if (g->pull.state != PULL_OPEN)
		return err_new(ERR_STATE, "pull request %" PRId64 " is %s", number, pull_state_name(g->pull.state));
	base = mem_printf("refs/heads/%s", g->pull.base);
	seen = mem_printf("%s%s", heads, g->pull.base);
	branch = mem_printf("%s%s", heads, g->pull.branch);
	TRY(ref_read(g->repo, seen, &tip));
	if (oid_is_zero(&tip))
		return err_new(ERR_NOT_FOUND, "the base branch '%s' does not exist", g->pull.base);
	TRY(policy_at(g->repo, base, &tip, &g->base));
	TRY(ref_read(g->repo, branch, &head));
	if (oid_is_zero(&head))
		head = g->pull.head;
	TRY(ident_user(g->repo, NULL, NULL, clock_wall(state_clock(g->state)), &g->who));
	return approving_open(g->repo, &g->base, &head, number, &g->what);
}

static struct err *
may_give(const struct giving *g)
{
	if (g->o->dismiss || !is_among(g->who.email, &g->what.makers))
		return NULL;
	return err_hint(err_new(ERR_DENIED, "'%s' committed what pull request %" PRId64 " changes, and cannot approve it",
	    g->who.email, g->pull.number),
	    "somebody else must; the factory's own commits have an identity of their own with 'commit: {email: ...}' in the policy");
}

static struct err *
make_line(struct giving *g, const struct conf_gate *gate)
{
	AUTO(buf_free) struct buf line = BUF_INIT(LINE_MAX_BYTES);
	char time[CLOCK_TEXT];
	struct jw w;

	clock_format(g->who.when, time);
	jw_init(&w, &line, false);
	jw_obj(&w);
	jw_kstr(&w, "time", time);
	jw_kstr(&w, "event", g->o->dismiss ? DISMISSAL : APPROVAL);
	jw_kstr(&w, "by", named(gate, g->who.email));
	jw_kstr(&w, "gate", gate->name);
	jw_kint(&w, "pull", g->pull.number);
	jw_kstr(&w, "commit", oid_hex(&g->what.head).s);
	jw_kstr(&w, "tree", oid_hex(&g->what.tree).s);
	jw_kstr(&w, "patch_id", oid_hex(&g->what.patch).s);
	jw_end(&w);
	if (g->base.cfg.evidence.key[0] != '\0')
		TRY(sign_line(g->repo, g->base.cfg.evidence.key, SIGN_APPROVAL, &line));
	strs_add(&g->lines, buf_cstr(&line));
	return NULL;
}

/* Would it be believed?  Better said now than when it is to land. */
static struct err *
check_line(const struct giving *g, const struct conf_gate *gate, const char *line)
{
	AUTO(words_free) struct words all = {0};

	TRY(see_line(&g->what, gate, str_of(line), &all));
	if (all.n > 0)
		return NULL;
	if (g->base.cfg.evidence.key[0] == '\0')
		return err_hint(err_new(ERR_CONFIG, "the policy of '%s' names keys: an approval has to be signed", g->pull.base),
		    "git config factory.evidence.key PATH, with your ssh key");
	return err_hint(err_new(ERR_DENIED, "your key is none of those that the policy of '%s' names for '%s'", g->pull.base,
	    g->who.email), "see evidence.keys in .factory/config.yml, and factory.evidence.key in your git config");
}

static struct err *
add_lines(struct giving *g, struct strs *gates)
{
	const struct config *c = &g->base.cfg;
	bool any = false, mine = false;
	size_t i;

	for (i = 0; i < c->gates.n; i++) {
		const struct conf_gate *gate = &c->gates.v[i];

		if (gate->approve.n == 0 || (g->o->gate != NULL && strcmp(g->o->gate, gate->name) != 0))
			continue;
		any = true;
		if (named(gate, g->who.email) == NULL)
			continue;
		mine = true;
		TRY(make_line(g, gate));
		TRY(check_line(g, gate, g->lines.v[g->lines.n - 1]));
		strs_add(gates, gate->name);
	}
	if (!any && g->o->gate != NULL)
		return err_new(ERR_NOT_FOUND, "no gate '%s' of '%s' asks people", g->o->gate, g->pull.base);
	if (!any)
		return err_new(ERR_STATE, "no gate of '%s' asks people", g->pull.base);
	return mine ? NULL : err_hint(err_new(ERR_DENIED, "no gate of '%s' asks '%s'", g->pull.base, g->who.email),
	    "git's user.email says who you are; gates.<name>.approve in the base's policy, who is asked");
}

struct err *
approve_pull(const struct approve_opts *o, int64_t number, struct strs *gates)
{
	AUTO(giving_free) struct giving g = {.o = o, .state = o->line->state};
	VEC(struct note_line) notes = {0};
	struct err *e;
	size_t i;

	g.repo = state_repo(g.state);
	TRY(exchange(&g));
	TRY(look(&g, number));
	TRY(may_give(&g));
	TRY(add_lines(&g, gates));
	for (i = 0; i < g.lines.n; i++)
		vec_push(&notes, (struct note_line){g.what.head, str_of(g.lines.v[i])});
	e = ledger_note_all(g.state, notes.v, notes.n);
	vec_free(&notes);
	TRY(e);
	return exchange(&g);
}
