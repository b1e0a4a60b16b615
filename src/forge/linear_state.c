#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "forge/answer.h"
#include "forge/linear_in.h"

#define STATE "id name type position"

/* Where a state stands in the workflow; types that are not known here are an end. */
struct spot {
	size_t type;
	double position;
};

static struct spot
spot_of(const struct node *state)
{
	static const char *const order[] = {"triage", "backlog", "unstarted", "started"};
	const struct node *position = node_get(state, "position");
	const char *type = node_get_str(state, "type");
	struct spot s = {.position = position != NULL ? position->real : 0};

	while (s.type < NITEMS(order) && (type == NULL || strcmp(type, order[s.type]) != 0))
		s.type++;
	return s;
}

static bool
is_further(const struct node *a, const struct node *b)
{
	struct spot x = spot_of(a), y = spot_of(b);

	return x.type != y.type ? x.type > y.type : x.position > y.position;
}

static bool
is_wanted(const struct node *state, enum forge_stage stage, const char *name)
{
	const char *is = node_get_str(state, name[0] != '\0' ? "name" : "type");

	if (is == NULL || node_get_str(state, "id") == NULL)
		return false;
	return name[0] != '\0' ? strcasecmp(is, name) == 0 :
	    strcmp(is, stage == STAGE_DONE ? "completed" : "started") == 0;
}

/* The first of the type, as Linear shows them. */
static const struct node *
choose(const struct node *states, enum forge_stage stage, const char *name)
{
	const struct node *n = NULL, *best = NULL;

	while (ask_next(states, &n))
		if (is_wanted(n, stage, name) && (best == NULL || is_further(best, n)))
			best = n;
	return best;
}

static struct err *
no_state(const struct ask *a, const struct node *states, const char *name)
{
	AUTO(buf_free) struct buf names = BUF_INIT(4 * KIB);
	const struct node *n = NULL;

	while (ask_next(states, &n))
		if (node_get_str(n, "name") != NULL)
			buf_addf(&names, "%s'%s'", names.n > 0 ? ", " : "", node_get_str(n, "name"));
	return err_hint(err_new(ERR_CONFIG, "Linear: team '%s' has no state '%s'", a->f->place.project, name),
	    "name one of %s in linear.started, linear.review or linear.completed", buf_cstr(&names));
}

static struct err *
move(struct forge *f, const char *what, const char *issue, const char *state)
{
	AUTO(ask_free) struct ask a = {0};
	const struct node *payload;

	ask_open(&a, f, "POST", "%s", what);
	linear_query(&a, "mutation($id:String!,$input:IssueUpdateInput!){issueUpdate(id:$id,input:$input){success}}");
	jw_kstr(&a.json, "id", issue);
	jw_key(&a.json, "input");
	jw_obj(&a.json);
	jw_kstr(&a.json, "stateId", state);
	jw_end(&a.json);
	TRY(linear_send(&a, false, "issueUpdate", &payload));
	return linear_done(&a, payload);
}

struct err *
linear_issue_stage(struct forge *f, int64_t number, enum forge_stage stage, const char *name, char **moved)
{
	AUTO(ask_free) struct ask a = {0};
	AUTO(mem_free_p) char *id = NULL;
	const struct node *issue, *states, *to;

	ask_open(&a, f, "POST", "the state of issue %" PRId64, number);
	linear_query(&a, "query($id:String!){issue(id:$id){id identifier state{" STATE "} team{states(first:250){nodes{"
	    STATE "}}}}}");
	linear_id(&a, number);
	TRY(linear_send(&a, true, "issue", &issue));
	TRY(linear_this(&a, issue, number));
	TRY(answer_str(issue, "id", FORGE_LINE_MAX, &id));
	states = node_get(node_get(node_get(issue, "team"), "states"), "nodes");
	to = choose(states, stage, name);
	if (to == NULL)
		return no_state(&a, states, name[0] != '\0' ? name : stage == STAGE_DONE ? "completed" : "started");
	if (!is_further(to, node_get(issue, "state"))) {
		*moved = NULL;
		return NULL;
	}
	TRY(move(f, a.what, id, node_get_str(to, "id")));
	*moved = mem_strdup(node_get_str(to, "name"));
	return NULL;
}
