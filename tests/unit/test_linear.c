/* linear: each query as it is sent (all of them hold against Linear's published schema), and answers to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/config.h"
#include "forge/linear.h"
#include "forge_play.h"

#define PERSON "{id displayName app}"
#define ISSUE_FIELDS "id number identifier title description url createdAt updatedAt archivedAt trashed state{type} " \
	"labels(first:50){nodes{name}} creator" PERSON " botActor{id name} assignee" PERSON
#define QUERY(text, variables) "{\"query\":\"" text "\",\"variables\":{" variables "}}"
#define PAGE "pageInfo{hasNextPage endCursor}"
#define LIST(after, more) QUERY("query($filter:IssueFilter!,$after:String){issues(first:50,after:$after,orderBy:updatedAt,filter:$filter)" \
	"{nodes{" ISSUE_FIELDS "} " PAGE "}}", "\"filter\":{\"team\":{\"key\":{\"eq\":\"ENG\"}},\"state\":{\"type\":{\"nin\":"       \
	"[\"completed\",\"canceled\",\"duplicate\"]}}" more "},\"after\":" after)
#define ONE(n) QUERY("query($id:String!){issue(id:$id){" ISSUE_FIELDS "}}", "\"id\":\"ENG-" #n "\"")
#define HISTORY QUERY("query($id:String!,$after:String){issue(id:$id){identifier history(first:50,after:$after){nodes{createdAt actor" PERSON \
	" botActor{id name} addedLabels{name} removedLabels{name} updatedDescription toTitle toAssignee{displayName}} " PAGE "}}}",  \
	"\"id\":\"ENG-42\",\"after\":null")
#define TALK QUERY("query($id:String!,$after:String){issue(id:$id){identifier comments(first:50,after:$after){nodes{id body url createdAt "   \
	"updatedAt user" PERSON " botActor{id name}} " PAGE "}}}", "\"id\":\"ENG-42\",\"after\":null")
#define ROLE(login) QUERY("query($login:String!,$team:String!){users(filter:{displayName:{eq:$login}}){nodes{id displayName active admin guest " \
	"app teams(first:1,filter:{key:{eq:$team}}){nodes{id}}}}}", "\"login\":\"" login "\",\"team\":\"ENG\"")

#define G "POST /graphql"
#define DATA(text) "{\"data\":{" text "}}"
#define LAST "\"pageInfo\":{\"hasNextPage\":false,\"endCursor\":\"z\"}"
#define USER(name) "{\"id\":\"u-" name "\",\"displayName\":\"" name "\",\"app\":false}"
#define ISSUE(n, identifier, type, more) "{\"id\":\"9a-" #n "\",\"number\":" #n ",\"identifier\":\"" identifier "\",\"title\":\"T\",\"description\":null," \
	"\"url\":\"https://linear.app/x/issue/ENG-" #n "\",\"createdAt\":\"2026-01-01T00:00:00.000Z\",\"updatedAt\":\"2026-01-02T00:00:00.000Z\"," \
	"\"state\":{\"type\":\"" type "\"},\"labels\":{\"nodes\":[{\"name\":\"factory\"}]}," more "}"
#define BY_ANN "\"archivedAt\":null,\"trashed\":null,\"creator\":" USER("ann") ",\"botActor\":null,\"assignee\":" USER("robo")
#define BY_BOT "\"archivedAt\":null,\"trashed\":null,\"creator\":null,\"botActor\":{\"id\":\"b1\",\"name\":\"Sentry\"},\"assignee\":null"

static void
test_people(void **state)
{
	enum forge_role role = ROLE_ADMIN;
	struct forge_user u = {0};
	PLAY(p, &forge_linear, "ENG",
	    {G, QUERY("query{viewer" PERSON "}", ""), 200, DATA("\"viewer\":{\"id\":\"u1\",\"displayName\":\"robo\",\"app\":true}")},
	    {G, ROLE("ann"), 200, DATA("\"users\":{\"nodes\":[{\"id\":\"u2\",\"displayName\":\"ann\",\"active\":true,\"admin\":false,\"guest\":false,"
		"\"app\":false,\"teams\":{\"nodes\":[{\"id\":\"t\"}]}}]}")},
	    {G, ROLE("bob"), 200, DATA("\"users\":{\"nodes\":[{\"id\":\"u3\",\"displayName\":\"bob\",\"active\":true,\"admin\":false,\"guest\":false,"
		"\"app\":false,\"teams\":{\"nodes\":[]}}]}")},
	    {G, ROLE("eve"), 200, DATA("\"users\":{\"nodes\":[{\"id\":\"u4\",\"displayName\":\"eve\",\"active\":true,\"admin\":false,\"guest\":true,"
		"\"app\":false,\"teams\":{\"nodes\":[{\"id\":\"t\"}]}}]}")},
	    {G, ROLE("joe"), 200, DATA("\"users\":{\"nodes\":[{\"id\":\"u5\",\"displayName\":\"joe\",\"active\":false,\"admin\":true,\"guest\":false,"
		"\"app\":false,\"teams\":{\"nodes\":[{\"id\":\"t\"}]}}]}")},
	    {G, ROLE("nobody"), 200, DATA("\"users\":{\"nodes\":[]}")});

	(void)state;
	fine(forge_linear.whoami(&p.f, &u));
	assert_string_equal(u.login, "robo");
	assert_true(u.bot);
	forge_user_free(&u);
	fine(forge_linear.role(&p.f, &(struct forge_user){.login = (char *)"ann", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_WRITE);
	fine(forge_linear.role(&p.f, &(struct forge_user){.login = (char *)"bob", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_READ);
	fine(forge_linear.role(&p.f, &(struct forge_user){.login = (char *)"eve", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_READ);
	fine(forge_linear.role(&p.f, &(struct forge_user){.login = (char *)"joe", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_NONE);
	role = ROLE_ADMIN;
	fine(forge_linear.role(&p.f, &(struct forge_user){.login = (char *)"nobody", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_NONE);
	play_close(&p);
}

static void
test_issues(void **state)
{
	AUTO(forge_issues_free) struct forge_issues all = {0}, some = {0};
	PLAY(p, &forge_linear, "ENG",
	    {G, LIST("null", ",\"labels\":{\"name\":{\"eq\":\"factory\"}}"), 200, DATA("\"issues\":{\"nodes\":[" ISSUE(42, "ENG-42", "started", BY_ANN)
		"],\"pageInfo\":{\"hasNextPage\":true,\"endCursor\":\"c1\"}}")},
	    {G, LIST("\"c1\"", ",\"labels\":{\"name\":{\"eq\":\"factory\"}}"), 200, DATA("\"issues\":{\"nodes\":[" ISSUE(7, "ENG-7", "backlog", BY_BOT) "]," LAST "}")},
	    {G, LIST("null", ",\"updatedAt\":{\"gte\":\"2027-01-15T08:00:00Z\"}"), 200, DATA("\"issues\":{\"nodes\":[]," LAST "}")});

	(void)state;
	fine(forge_linear.issues(&p.f, "factory", 0, &all, NULL));
	assert_int_equal(all.n, 2);
	assert_int_equal(all.v[0].number, 42);
	assert_string_equal(all.v[0].author.login, "ann");
	assert_string_equal(all.v[0].assignees.v[0], "robo");
	assert_string_equal(all.v[0].labels.v[0], "factory");
	assert_string_equal(all.v[0].body, "");
	assert_string_equal(all.v[1].author.login, "Sentry");
	assert_true(all.v[1].author.bot);
	fine(forge_linear.issues(&p.f, NULL, 1800000000, &some, NULL));
	assert_int_equal(some.n, 0);
	play_close(&p);
}

static void
test_issue(void **state)
{
	AUTO(forge_issue_free) struct forge_issue open = {0}, done = {0}, gone = {0};
	PLAY(p, &forge_linear, "ENG", {G, ONE(42), 200, DATA("\"issue\":" ISSUE(42, "ENG-42", "started", BY_ANN))},
	    {G, ONE(43), 200, DATA("\"issue\":" ISSUE(43, "ENG-43", "completed", BY_ANN))},
	    {G, ONE(44), 200, DATA("\"issue\":" ISSUE(12, "OPS-12", "started", BY_ANN))},
	    {G, ONE(45), 200, DATA("\"issue\":null")},
	    {G, ONE(46), 400, "{\"errors\":[{\"message\":\"Entity not found: Issue\",\"extensions\":{\"code\":\"INPUT_ERROR\",\"type\":\"invalid input\","
		"\"userPresentableMessage\":\"Could not find referenced Issue.\"}}],\"data\":null}"},
	    {G, ONE(47), 200, DATA("\"issue\":" ISSUE(47, "ENG-47", "started", "\"archivedAt\":\"2026-01-03T00:00:00Z\",\"creator\":null"))});

	(void)state;
	fine(forge_linear.issue(&p.f, 42, &open));
	assert_true(open.open);
	assert_string_equal(open.url, "https://linear.app/x/issue/ENG-42");
	assert_int_equal(open.updated, 1767312000);
	fine(forge_linear.issue(&p.f, 43, &done));
	assert_false(done.open);
	fails(forge_linear.issue(&p.f, 44, &gone), ERR_NOT_FOUND, "'ENG-44' is 'OPS-12' now");
	fails(forge_linear.issue(&p.f, 45, &gone), ERR_NOT_FOUND, "issue 45");
	fails(forge_linear.issue(&p.f, 46, &gone), ERR_NOT_FOUND, "Could not find");
	fine(forge_linear.issue(&p.f, 47, &gone));
	assert_false(gone.open);
	assert_string_equal(gone.author.login, "");
	play_close(&p);
}

#define ENTRY(when, more) "{\"createdAt\":\"2026-01-01T00:00:0" #when "Z\",\"actor\":" USER("ann") ",\"botActor\":null" more "}"

static void
test_events(void **state)
{
	static const struct {
		enum forge_deed deed;
		const char *what;
	} want[] = {{DEED_LABELED, "factory"}, {DEED_EDITED, ""}, {DEED_ASSIGNED, "robo"}, {DEED_UNLABELED, "factory"}, {DEED_RENAMED, ""}};
	AUTO(forge_events_free) struct forge_events all = {0};
	size_t i;
	PLAY(p, &forge_linear, "ENG", {G, HISTORY, 200, DATA("\"issue\":{\"identifier\":\"ENG-42\",\"history\":{\"nodes\":["
		ENTRY(3, ",\"removedLabels\":[{\"name\":\"factory\"}],\"toTitle\":\"new\"") "," ENTRY(2, ",\"toAssignee\":{\"displayName\":\"robo\"}") ","
		ENTRY(1, ",\"updatedDescription\":true,\"addedLabels\":[{\"name\":\"factory\"}],\"removedLabels\":null,\"toAssignee\":null,\"toTitle\":null")
		"]," LAST "}}")});

	(void)state;
	fine(forge_linear.issue_events(&p.f, 42, &all));
	assert_int_equal(all.n, NITEMS(want));
	for (i = 0; i < NITEMS(want); i++) {
		assert_int_equal(all.v[i].deed, want[i].deed);
		assert_string_equal(all.v[i].what, want[i].what);
		assert_string_equal(all.v[i].who.login, "ann");
	}
	assert_int_equal(forge_linear.can, 0);
	play_close(&p);
}

#define COMMENT(id, day, who) "{\"id\":\"" id "\",\"body\":\"/factory run\",\"url\":\"u\",\"createdAt\":\"2026-01-0" #day "T00:00:00Z\"," \
	"\"updatedAt\":\"2026-01-0" #day "T00:00:00Z\"," who "}"
#define ADD QUERY("mutation($input:CommentCreateInput!){commentCreate(input:$input){success comment{id}}}", \
	"\"input\":{\"issueId\":\"ENG-42\",\"body\":\"a\\nb\"}")

static void
test_comments(void **state)
{
	AUTO(forge_comments_free) struct forge_comments all = {0};
	AUTO(mem_free_p) char *id = NULL;
	PLAY(p, &forge_linear, "ENG",
	    {G, TALK, 200, DATA("\"issue\":{\"identifier\":\"ENG-42\",\"comments\":{\"nodes\":[" COMMENT("c3", 3, "\"user\":null,\"botActor\":null") ","
		COMMENT("c2", 2, "\"user\":" USER("ann") ",\"botActor\":null") "," COMMENT("c1", 1, "\"user\":" USER("ann") ",\"botActor\":null") "]," LAST "}}")},
	    {G, ADD, 200, DATA("\"commentCreate\":{\"success\":true,\"comment\":{\"id\":\"c9\"}}")},
	    {G, ADD, 200, DATA("\"commentCreate\":{\"success\":false,\"comment\":null}")},
	    {G, QUERY("mutation($id:String!,$input:CommentUpdateInput!){commentUpdate(id:$id,input:$input){success}}",
		"\"id\":\"c9\",\"input\":{\"body\":\"c\"}"), 200, DATA("\"commentUpdate\":{\"success\":true}")});

	(void)state;
	fine(forge_linear.comments(&p.f, 42, 1767312000, &all));
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[0].id, "c2");
	assert_string_equal(all.v[0].author.login, "ann");
	assert_string_equal(all.v[1].author.login, "");
	fine(forge_linear.comment_add(&p.f, 42, "a\nb", &id));
	assert_string_equal(id, "c9");
	fails(forge_linear.comment_add(&p.f, 42, "a\nb", &id), ERR_STATE, "not done");
	fine(forge_linear.comment_edit(&p.f, 42, "c9", "c"));
	play_close(&p);
}

#define STAGE QUERY("query($id:String!){issue(id:$id){id identifier state{id name type position} team{states(first:250){nodes{" \
	"id name type position}}}}}", "\"id\":\"ENG-42\"")
#define STATE(id, name, type, at) "{\"id\":\"" id "\",\"name\":\"" name "\",\"type\":\"" type "\",\"position\":" at "}"
#define STANDS(now) DATA("\"issue\":{\"id\":\"u-42\",\"identifier\":\"ENG-42\",\"state\":" now ",\"team\":{\"states\":{\"nodes\":[" \
	STATE("s4", "Review", "started", "10.5") "," STATE("s1", "Todo", "unstarted", "1000") "," STATE("s3", "Doing", "started", "2") "," \
	STATE("s5", "Done", "completed", "0") "," STATE("s6", "Dropped", "canceled", "1") "]}}}")
#define MOVE(to) QUERY("mutation($id:String!,$input:IssueUpdateInput!){issueUpdate(id:$id,input:$input){success}}", \
	"\"id\":\"u-42\",\"input\":{\"stateId\":\"" to "\"}")
#define MOVED(fine) DATA("\"issueUpdate\":{\"success\":" fine "}")

/* Forward only, and by the type's first state unless one is named. */
static void
test_stages(void **state)
{
	AUTO(mem_free_p) char *doing = NULL, *review = NULL, *done = NULL;
	char *none = NULL;
	struct err *e;
	PLAY(p, &forge_linear, "ENG",
	    {G, STAGE, 200, STANDS(STATE("s1", "Todo", "unstarted", "1000"))}, {G, MOVE("s3"), 200, MOVED("true")},
	    {G, STAGE, 200, STANDS(STATE("s3", "Doing", "started", "2"))}, {G, MOVE("s4"), 200, MOVED("true")},
	    {G, STAGE, 200, STANDS(STATE("s4", "Review", "started", "10.5"))},
	    {G, STAGE, 200, STANDS(STATE("s4", "Review", "started", "10.5"))}, {G, MOVE("s5"), 200, MOVED("true")},
	    {G, STAGE, 200, STANDS(STATE("s6", "Dropped", "canceled", "1"))},
	    {G, STAGE, 200, STANDS(STATE("s1", "Todo", "unstarted", "1000"))},
	    {G, STAGE, 200, STANDS(STATE("s1", "Todo", "unstarted", "1000"))}, {G, MOVE("s3"), 200, MOVED("false")});

	(void)state;
	fine(forge_linear.issue_stage(&p.f, 42, STAGE_STARTED, "", &doing));
	assert_string_equal(doing, "Doing");
	fine(forge_linear.issue_stage(&p.f, 42, STAGE_REVIEW, "review", &review));
	assert_string_equal(review, "Review");
	fine(forge_linear.issue_stage(&p.f, 42, STAGE_STARTED, "", &none));
	assert_null(none);
	fine(forge_linear.issue_stage(&p.f, 42, STAGE_DONE, "", &done));
	assert_string_equal(done, "Done");
	fine(forge_linear.issue_stage(&p.f, 42, STAGE_STARTED, "", &none));
	assert_null(none);
	e = forge_linear.issue_stage(&p.f, 42, STAGE_DONE, "Shipped", &none);
	assert_non_null(strstr(err_hint_of(e), "'Todo', 'Doing'"));
	fails(e, ERR_CONFIG, "no state 'Shipped'");
	fails(forge_linear.issue_stage(&p.f, 42, STAGE_STARTED, "", &none), ERR_STATE, "not done");
	assert_null(none);
	play_close(&p);
}

static void
test_errors(void **state)
{
	AUTO(forge_issue_free) struct forge_issue i = {0};
	struct err *e;
	PLAY(p, &forge_linear, "ENG",
	    {G, ONE(42), 400, "{\"errors\":[{\"message\":\"Rate limit exceeded\",\"extensions\":{\"code\":\"RATELIMITED\"}}]}"},
	    {G, ONE(42), 400, "{\"errors\":[{\"message\":\"Cannot query field\",\"extensions\":{\"code\":\"GRAPHQL_VALIDATION_FAILED\"}}]}"},
	    {G, ONE(42), 200, "{\"errors\":[{\"message\":\"no\",\"extensions\":{\"code\":\"FORBIDDEN\"}}],\"data\":{\"issue\":" ISSUE(42, "ENG-42", "started", BY_ANN) "}}"},
	    {G, ONE(42), 401, "{\"errors\":[{\"message\":\"Authentication required\",\"extensions\":{\"code\":\"AUTHENTICATION_ERROR\"}}]}"},
	    {G, ONE(42), 200, "{}"}, {G, ONE(42), 200, DATA("\"issue\":{\"identifier\":\"ENG-42\"}")});

	(void)state;
	e = forge_linear.issue(&p.f, 42, &i);
	assert_int_equal(err_wait_s(e), 60);
	fails(e, ERR_RATE_LIMIT, "issue 42");
	fails(forge_linear.issue(&p.f, 42, &i), ERR_STATE, "Cannot query field");
	fails(forge_linear.issue(&p.f, 42, &i), ERR_AUTH, "no");
	fails(forge_linear.issue(&p.f, 42, &i), ERR_AUTH, "issue 42");
	fails(forge_linear.issue(&p.f, 42, &i), ERR_SYNTAX, "'issue'");
	fails(forge_linear.issue(&p.f, 42, &i), ERR_SYNTAX, "number");
	assert_null(i.id);
	play_close(&p);
}

/* Without a key there is nothing to be asked with, and the message says where one is to be had. */
static void
test_open(void **state)
{
	struct config c = {.linear.team = ""};
	struct forge *f = (struct forge *)&c;
	struct err *e;

	(void)state;
	fine(linear_open(NULL, &c, NULL, &f));
	assert_null(f);
	c.linear.team = "ENG";
	unsetenv("LINEAR_API_KEY");
	e = linear_open(NULL, &c, NULL, &f);
	assert_non_null(strstr(err_hint_of(e), "personal API keys"));
	fails(e, ERR_AUTH, "'linear.team: ENG'");
	assert_null(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_people), cmocka_unit_test(test_issues),
	    cmocka_unit_test(test_issue), cmocka_unit_test(test_events), cmocka_unit_test(test_comments),
	    cmocka_unit_test(test_stages), cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_open)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
