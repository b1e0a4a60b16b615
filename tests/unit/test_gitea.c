/* gitea: each request as it is sent, and answers as its API's description has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "forge/gitea.h"
#include "forge/token.h"
#include "forge_play.h"

#define R "/repos/o/r.x"
#define USER(id, name) "{\"id\":" #id ",\"login\":\"" name "\",\"login_name\":\"\",\"full_name\":\"N\",\"email\":\"\",\"active\":false}"
#define SHA_A "1111111111111111111111111111111111111111"
#define SHA_B "2222222222222222222222222222222222222222"
#define LABEL(id, name) "{\"id\":" #id ",\"name\":\"" name "\",\"exclusive\":false,\"color\":\"ee0701\",\"description\":\"\"}"

#define ISSUE(number, title, labels, updated, more) "{\"id\":400,\"number\":" #number ",\"user\":" USER(2, "ann") ",\"title\":\"" title "\"," \
	"\"body\":\"Fix it\",\"labels\":[" labels "],\"assignee\":null,\"assignees\":null,\"state\":\"open\",\"is_locked\":false," \
	"\"comments\":0,\"created_at\":\"2024-01-01T01:00:00+01:00\",\"updated_at\":\"" updated "\",\"closed_at\":null," \
	"\"html_url\":\"https://forge.example/o/r.x/issues/" #number "\"" more "}"
#define NO_PULL ",\"pull_request\":null"

#define REPO(name) "{\"id\":1,\"full_name\":\"" name "\",\"default_branch\":\"trunk\"}"
#define PULL(number, title, state, head, more) "{\"id\":77,\"number\":" #number ",\"user\":" USER(5, "robo") ",\"title\":\"" title "\"," \
	"\"body\":\"B\",\"labels\":[" LABEL(3, "factory") "],\"requested_reviewers\":[" USER(6, "rita") "],\"state\":\"" state "\"," \
	"\"is_locked\":false,\"html_url\":\"https://forge.example/o/r.x/pulls/" #number "\",\"head\":" head "," \
	"\"base\":{\"label\":\"main\",\"ref\":\"main\",\"sha\":\"" SHA_B "\",\"repo_id\":1,\"repo\":" REPO("o/r.x") "}," \
	"\"created_at\":\"2024-01-01T00:00:00Z\",\"updated_at\":\"2024-01-02T00:00:00Z\"," more "}"
#define HEAD(repo) "{\"label\":\"factory/ab-x\",\"ref\":\"factory/ab-x\",\"sha\":\"" SHA_A "\",\"repo_id\":1,\"repo\":" REPO(repo) "}"
#define GONE "{\"label\":\"factory/ab-x\",\"ref\":\"refs/pull/5/head\",\"sha\":\"" SHA_A "\",\"repo_id\":1,\"repo\":" REPO("o/r.x") "}"
#define OPEN "\"draft\":false,\"merged\":false,\"mergeable\":true,\"merged_by\":null,\"merge_commit_sha\":null"
#define MERGED "\"draft\":false,\"merged\":true,\"mergeable\":false,\"merged_by\":" USER(6, "rita") ",\"merge_commit_sha\":\"" SHA_B "\""

/* Told once more it is as well; off when it is off already, too. */
static void
test_auto_merge(void **state)
{
	const struct forge_merge m = {.head_sha = SHA_A, .method = FORGE_SQUASH, .title = "T", .message = "B"};
	const struct forge_pull pull = {.number = 5};
	const char *sent = "{\"Do\":\"squash\",\"MergeTitleField\":\"T\",\"MergeMessageField\":\"B\",\"head_commit_id\":\"" SHA_A "\","
	    "\"merge_when_checks_succeed\":true}";
	struct forge_guard guard = {0};
	PLAY(p, &forge_gitea, "o/r.x", {"POST " R "/pulls/5/merge", sent, 201, NULL},
	    {"POST " R "/pulls/5/merge", sent, 409, "{\"message\":\"pull request is already scheduled to auto merge when checks succeed\"}"},
	    {"POST " R "/pulls/5/merge", sent, 409, "{\"message\":\"head out of date\"}"},
	    {"DELETE " R "/pulls/5/merge", NULL, 204, NULL}, {"DELETE " R "/pulls/5/merge", NULL, 404, "{\"message\":\"none\"}"},
	    {"GET " R "/branch_protections/main", NULL, 200, "{\"enable_status_check\":true,\"block_on_outdated_branch\":true,\"status_check_contexts\":[\"git-factory\"]}"},
	    {"GET " R "/branch_protections/main", NULL, 200, "{\"enable_status_check\":true,\"block_on_outdated_branch\":true,\"status_check_contexts\":[\"ci\"]}"},
	    {"GET " R "/branch_protections/main", NULL, 403, "{\"message\":\"no\"}"});

	(void)state;
	fine(forge_gitea.auto_merge(&p.f, &pull, &m));
	fine(forge_gitea.auto_merge(&p.f, &pull, &m));
	fails(forge_gitea.auto_merge(&p.f, &pull, &m), ERR_STALE, "out of date");
	fine(forge_gitea.auto_merge_off(&p.f, &pull));
	fine(forge_gitea.auto_merge_off(&p.f, &pull));
	fine(forge_gitea.guarded(&p.f, "main", "git-factory", &guard));
	assert_true(guard.status && guard.whole);
	fine(forge_gitea.guarded(&p.f, "main", "git-factory", &guard));
	assert_true(!guard.status && guard.whole);
	fine(forge_gitea.guarded(&p.f, "main", "git-factory", &guard));
	assert_false(guard.status || guard.whole);
	play_close(&p);
}

static void
test_people(void **state)
{
	AUTO(mem_free_p) char *branch = NULL;
	enum forge_role role = ROLE_NONE;
	struct forge_user u = {0};
	PLAY(p, &forge_gitea, "o/r.x", {"GET /user", NULL, 200, USER(-2, "gitea-actions")},
	    {"GET " R "/collaborators/ann/permission", NULL, 200, "{\"permission\":\"write\",\"role_name\":\"write\",\"user\":" USER(2, "ann") "}"},
	    {"GET " R "/collaborators/o/permission", NULL, 200, "{\"permission\":\"owner\",\"role_name\":\"owner\",\"user\":" USER(1, "o") "}"},
	    {"GET " R "/collaborators/eve/permission", NULL, 404, "{\"message\":\"user does not exist\"}"},
	    {"GET " R "/collaborators/bob/permission", NULL, 403, "{\"message\":\"Only admins can query all permissions\"}"},
	    {"GET " R "/collaborators/joe/permission", NULL, 200, "{\"permission\":\"god\"}"},
	    {"GET " R, NULL, 200, REPO("o/r.x")});
	struct err *e;

	(void)state;
	fine(forge_gitea.whoami(&p.f, &u));
	assert_true(u.bot);
	forge_user_free(&u);
	fine(forge_gitea.role(&p.f, &(struct forge_user){.login = (char *)"ann", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_WRITE);
	fine(forge_gitea.role(&p.f, &(struct forge_user){.login = (char *)"o", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_ADMIN);
	fine(forge_gitea.role(&p.f, &(struct forge_user){.login = (char *)"eve", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_NONE);
	e = forge_gitea.role(&p.f, &(struct forge_user){.login = (char *)"bob", .id = (char *)""}, &role);
	assert_non_null(strstr(err_hint_of(e), "administrator"));
	fails(e, ERR_AUTH, "what 'bob' may do");
	fails(forge_gitea.role(&p.f, &(struct forge_user){.login = (char *)"joe", .id = (char *)""}, &role), ERR_SYNTAX, "'god'");
	fine(forge_gitea.default_branch(&p.f, &branch));
	assert_string_equal(branch, "trunk");
	play_close(&p);
}

/* Kept on disk for a day, and not for another token. */
static void
test_self(void **state)
{
	char dir[] = "/tmp/test_gitea.XXXXXX";
	struct token t = {.kind = TOKEN_PLAIN, .value = (char *)"one", .from = (char *)"$X"};
	struct forge_user u = {0};
	size_t i;
	PLAY(p, &forge_gitea, "o/r.x", {"GET /user", NULL, 200, USER(5, "robo")}, {"GET /user", NULL, 200, USER(6, "other")},
	    {"GET /user", NULL, 200, USER(5, "robot")});

	(void)state;
	p.f.place.api = (char *)"https://forge.example/api/v1";
	p.f.dir = mkdtemp(dir);
	p.f.token = &t;
	for (i = 0; i < 4; i++) {
		t.value = (char *)(i == 2 ? "two" : "one");
		fine(forge_self(&p.f, &u));
		assert_string_equal(u.login, i == 2 ? "other" : "robo");
		assert_string_equal(u.id, i == 2 ? "6" : "5");
		forge_user_free(&u);
	}
	play_ms += 24 * 60 * 60 * 1000;
	fine(forge_self(&p.f, &u));
	assert_string_equal(u.login, "robot");
	forge_user_free(&u);
	play_close(&p);
	assert_null(tree_remove(AT_FDCWD, dir));
}

/* An unknown label is passed over by the server: all issues come. */
static void
test_issues(void **state)
{
	AUTO(forge_issues_free) struct forge_issues all = {0}, none = {0};
	AUTO(forge_issue_free) struct forge_issue one = {0};
	bool unchanged = true;
	PLAY(p, &forge_gitea, "o/r.x",
	    {"GET " R "/issues?type=issues&state=open&labels=factory&limit=50", NULL, 200,
		"[" ISSUE(1, "A", LABEL(3, "factory"), "2024-01-01T00:00:00Z", NO_PULL) "," ISSUE(2, "B", LABEL(4, "x"), "2024-01-05T00:00:00Z", NO_PULL) ","
		ISSUE(3, "C", LABEL(3, "factory"), "2024-01-03T00:00:00Z", NO_PULL) ","
		ISSUE(4, "D", LABEL(3, "factory"), "2024-01-03T00:00:00Z", ",\"pull_request\":{\"merged\":false}") "]"},
	    {"GET " R "/issues?type=issues&state=open&since=2027-01-15T08%3A00%3A00Z&limit=50", NULL, 200, "[]"},
	    {"GET " R "/issues/3", NULL, 200, ISSUE(3, "C", LABEL(3, "factory"), "2024-01-03T00:00:00Z", NO_PULL)},
	    {"GET " R "/issues/4", NULL, 200, ISSUE(4, "D", "", "2024-01-03T00:00:00Z", ",\"pull_request\":{\"merged\":false}")});

	(void)state;
	fine(forge_gitea.issues(&p.f, "factory", 0, &all, &unchanged));
	assert_false(unchanged);
	assert_int_equal(all.n, 2);
	assert_int_equal(all.v[0].number, 3);
	assert_int_equal(all.v[1].number, 1);
	fine(forge_gitea.issues(&p.f, NULL, 1800000000, &none, NULL));
	assert_int_equal(none.n, 0);
	fine(forge_gitea.issue(&p.f, 3, &one));
	assert_string_equal(one.title, "C");
	assert_string_equal(one.labels.v[0], "factory");
	assert_string_equal(one.author.login, "ann");
	assert_int_equal(one.created, 1704067200);
	assert_true(one.open);
	fails(forge_gitea.issue(&p.f, 4, &one), ERR_NOT_FOUND, "is a pull request");
	play_close(&p);
}

#define ITEM(id, type, more) "{\"id\":" #id ",\"type\":\"" type "\",\"user\":" USER(2, "ann") ",\"created_at\":\"2024-01-01T00:00:0" #id "Z\"," \
	"\"updated_at\":\"2024-01-01T00:00:00Z\"" more "}"

static void
test_events(void **state)
{
	static const struct {
		enum forge_deed deed;
		const char *what;
	} want[] = {{DEED_LABELED, "factory"}, {DEED_UNLABELED, "factory"}, {DEED_RENAMED, ""}, {DEED_ASSIGNED, "robo"},
	    {DEED_ARMED, ""}, {DEED_DISARMED, ""}};
	AUTO(forge_events_free) struct forge_events all = {0};
	size_t i;
	PLAY(p, &forge_gitea, "o/r.x",
	    {"GET " R "/issues/3/timeline?limit=30", NULL, 200, "[" ITEM(1, "comment", ",\"body\":\"hi\"") ","
		ITEM(2, "label", ",\"body\":\"1\",\"label\":" LABEL(3, "factory")) "," ITEM(3, "label", ",\"body\":\"\",\"label\":" LABEL(3, "factory")) ","
		ITEM(4, "change_title", ",\"old_title\":\"a\",\"new_title\":\"b\"") ","
		ITEM(5, "assignees", ",\"removed_assignee\":false,\"assignee\":" USER(5, "robo")) ","
		ITEM(6, "assignees", ",\"removed_assignee\":true,\"assignee\":" USER(5, "robo")) "," ITEM(7, "label", ",\"body\":\"1\",\"label\":null") ","
		ITEM(8, "pull_scheduled_merge", "") "," ITEM(9, "pull_cancel_scheduled_merge", "") "]"});

	(void)state;
	fine(forge_gitea.issue_events(&p.f, 3, &all));
	assert_int_equal(all.n, NITEMS(want));
	for (i = 0; i < NITEMS(want); i++) {
		assert_int_equal(all.v[i].deed, want[i].deed);
		assert_string_equal(all.v[i].what, want[i].what);
	}
	assert_int_equal(all.v[0].when, 1704067202);
	assert_string_equal(all.v[0].who.login, "ann");
	assert_int_equal(forge_gitea.can & FORGE_CAN_PROVE_EDITS, 0);
	play_close(&p);
}

#define COMMENT(id, text) "{\"id\":" #id ",\"html_url\":\"https://forge.example/c" #id "\",\"user\":" USER(2, "ann") ",\"body\":\"" text "\"," \
	"\"created_at\":\"2024-01-01T00:00:00Z\",\"updated_at\":\"2024-01-01T00:00:00Z\"}"

static void
test_comments(void **state)
{
	AUTO(forge_comments_free) struct forge_comments all = {0}, some = {0};
	AUTO(mem_free_p) char *id = NULL;
	PLAY(p, &forge_gitea, "o/r.x", {"GET " R "/issues/3/comments", NULL, 200, "[" COMMENT(8, "/factory run") "]"},
	    {"GET " R "/issues/5/comments?since=2027-01-15T08%3A00%3A00Z", NULL, 200, "[]"},
	    {"POST " R "/issues/5/comments", "{\"body\":\"x\"}", 201, COMMENT(9, "x")},
	    {"PATCH " R "/issues/comments/9", "{\"body\":\"y\"}", 200, COMMENT(9, "y")});

	(void)state;
	fine(forge_gitea.comments(&p.f, 3, 0, &all));
	assert_string_equal(all.v[0].id, "8");
	assert_string_equal(all.v[0].body, "/factory run");
	fine(forge_gitea.comments(&p.f, FORGE_OF_PULL(5), 1800000000, &some));
	fine(forge_gitea.comment_add(&p.f, FORGE_OF_PULL(5), "x", &id));
	assert_string_equal(id, "9");
	fine(forge_gitea.comment_edit(&p.f, FORGE_OF_PULL(5), "9", "y"));
	play_close(&p);
}

static void
test_labels(void **state)
{
	AUTO(strs_free) struct strs add = {0}, new = {0}, off = {0};
	int64_t number = 0;
	PLAY(p, &forge_gitea, "o/r.x",
	    {"GET " R "/labels?limit=30", NULL, 200, "[" LABEL(3, "factory") "," LABEL(4, "x") "]"},
	    {"POST " R "/issues", "{\"title\":\"T\",\"body\":\"B\",\"labels\":[3,4]}", 201, ISSUE(9, "T", "", "2024-01-03T00:00:00Z", NO_PULL)},
	    {"POST " R "/issues/5/labels", "{\"labels\":[\"factory\",\"new\"]}", 200, "[" LABEL(3, "factory") "]"},
	    {"POST " R "/labels", "{\"name\":\"new\",\"color\":\"#ededed\"}", 201, LABEL(12, "new")},
	    {"POST " R "/issues/5/labels", "{\"labels\":[12]}", 200, "[" LABEL(12, "new") "]"},
	    {"POST " R "/issues/6/labels", "{\"labels\":[\"factory\",\"new\"]}", 200, "[" LABEL(3, "factory") "," LABEL(12, "new") "]"},
	    {"POST " R "/issues/7/labels", "{\"labels\":[\"factory\",\"new\"]}", 422, "{\"message\":\"json: cannot unmarshal string into int64\"}"},
	    {"GET " R "/labels?limit=30", NULL, 200, "[" LABEL(3, "factory") "]"},
	    {"GET /orgs/o/labels?limit=30", NULL, 404, "{\"message\":\"The target couldn't be found.\"}"},
	    {"POST " R "/labels", "{\"name\":\"new\",\"color\":\"#ededed\"}", 201, LABEL(13, "new")},
	    {"POST " R "/issues/7/labels", "{\"labels\":[3,13]}", 200, "[" LABEL(3, "factory") "," LABEL(13, "new") "]"},
	    {"GET " R "/labels?limit=30", NULL, 200, "[" LABEL(3, "factory") "]"},
	    {"GET /orgs/o/labels?limit=30", NULL, 200, "[" LABEL(30, "of all") "]"},
	    {"DELETE " R "/issues/9/labels/3", NULL, 204, NULL}, {"DELETE " R "/issues/9/labels/30", NULL, 404, "{\"message\":\"gone\"}"});

	(void)state;
	strs_add(&add, "factory");
	strs_add(&add, "x");
	strs_add(&new, "factory");
	strs_add(&new, "new");
	strs_add(&off, "factory");
	strs_add(&off, "of all");
	strs_add(&off, "never there");
	fine(forge_gitea.issue_add(&p.f, "T", "B", &add, &number));
	assert_int_equal(number, 9);
	fine(forge_gitea.pull_labels(&p.f, 5, &new));
	fine(forge_gitea.pull_labels(&p.f, 6, &new));
	fine(forge_gitea.pull_labels(&p.f, 7, &new));
	fine(forge_gitea.issue_labels(&p.f, 9, NULL, &off));
	play_close(&p);
}

#define ASK_OPEN "GET " R "/pulls?state=open&sort=recentupdate&limit=50"
#define ASK_CLOSED "GET " R "/pulls?state=closed&sort=recentupdate&limit=50"
#define ASK_PAIR "GET " R "/pulls/main/factory/ab-x"
#define P_OPEN(n) PULL(n, "T", "open", HEAD("o/r.x"), OPEN)
#define P_MERGED(n) PULL(n, "T", "closed", GONE, MERGED)
#define P_FORK(n) PULL(n, "T", "open", HEAD("eve/r.x"), OPEN)

static void
test_pull_by_head(void **state)
{
	AUTO(forge_pull_free) struct forge_pull at_once = {0}, later = {0}, newest = {0}, any = {0}, none = {0};
	PLAY(p, &forge_gitea, "o/r.x", {ASK_PAIR, NULL, 200, P_OPEN(5)},
	    {ASK_PAIR, NULL, 200, P_MERGED(3)}, {ASK_OPEN, NULL, 200, "[" P_FORK(8) "," P_OPEN(7) "]"},
	    {ASK_PAIR, NULL, 200, P_MERGED(3)}, {ASK_OPEN, NULL, 200, "[" P_FORK(8) "]"}, {ASK_CLOSED, NULL, 200, "[" P_MERGED(6) "," P_MERGED(4) "]"},
	    {ASK_OPEN, NULL, 200, "[]"}, {ASK_CLOSED, NULL, 200, "[" P_MERGED(4) "," P_MERGED(6) "]"},
	    {"GET " R "/pulls/main/none", NULL, 404, "{\"message\":\"not found\"}"});

	(void)state;
	fine(forge_gitea.pull_by_head(&p.f, "factory/ab-x", "main", &at_once));
	assert_int_equal(at_once.number, 5);
	assert_string_equal(at_once.head_project, "o/r.x");
	fine(forge_gitea.pull_by_head(&p.f, "factory/ab-x", "main", &later));
	assert_int_equal(later.number, 7);
	assert_int_equal(later.state, FORGE_OPEN);
	fine(forge_gitea.pull_by_head(&p.f, "factory/ab-x", "main", &newest));
	assert_int_equal(newest.number, 6);
	assert_string_equal(newest.head, "factory/ab-x");
	assert_string_equal(newest.merge_sha, SHA_B);
	assert_string_equal(newest.closed_by, "rita");
	fine(forge_gitea.pull_by_head(&p.f, "factory/ab-x", NULL, &any));
	assert_int_equal(any.number, 6);
	fails(forge_gitea.pull_by_head(&p.f, "none", "main", &none), ERR_NOT_FOUND, "'none'");
	play_close(&p);
}

static void
test_pull(void **state)
{
	const struct forge_new_pull new = {.title = "T", .body = "B", .head = "factory/ab-x", .base = "main", .draft = true};
	const struct forge_pull_edit title = {.title = "U"}, close = {.close = true};
	AUTO(forge_pull_free) struct forge_pull pull = {0}, made = {0}, busy = {0};
	AUTO(forge_pulls_free) struct forge_pulls all = {0};
	PLAY(p, &forge_gitea, "o/r.x", {"GET " R "/pulls/5", NULL, 200, P_OPEN(5)},
	    {"GET " R "/pulls/6", NULL, 200, PULL(6, "T", "open", HEAD("o/r.x"), "\"draft\":false,\"merged\":false,\"mergeable\":false")},
	    {ASK_OPEN, NULL, 200, "[" P_OPEN(5) "]"},
	    {"POST " R "/pulls", "{\"title\":\"WIP: T\",\"body\":\"B\",\"head\":\"factory/ab-x\",\"base\":\"main\"}", 201,
		PULL(5, "WIP: T", "open", HEAD("o/r.x"), "\"draft\":true,\"merged\":false,\"mergeable\":false")},
	    {"POST " R "/pulls", "{\"title\":\"WIP: T\",\"body\":\"B\",\"head\":\"factory/ab-x\",\"base\":\"main\"}", 409,
		"{\"message\":\"pull request already exists for these targets [id: 5, issue_id: 5]\"}"},
	    {"GET " R "/pulls/5", NULL, 200, PULL(5, "WIP: T", "open", HEAD("o/r.x"), "\"draft\":true")},
	    {"PATCH " R "/pulls/5", "{\"title\":\"WIP: U\"}", 201, P_OPEN(5)}, {"PATCH " R "/pulls/5", "{\"state\":\"closed\"}", 201, P_OPEN(5)});

	(void)state;
	fine(forge_gitea.pull(&p.f, 5, &pull));
	assert_int_equal(pull.mergeable, TRI_YES);
	assert_string_equal(pull.head_sha, SHA_A);
	assert_string_equal(pull.base, "main");
	assert_string_equal(pull.reviewers.v[0], "rita");
	assert_string_equal(pull.labels.v[0], "factory");
	fine(forge_gitea.pull(&p.f, 6, &busy));
	assert_int_equal(busy.mergeable, TRI_UNKNOWN);
	fine(forge_gitea.pulls(&p.f, &all, NULL));
	assert_int_equal(all.n, 1);
	fine(forge_gitea.pull_add(&p.f, &new, &made));
	assert_string_equal(made.title, "T");
	assert_true(made.draft);
	fails(forge_gitea.pull_add(&p.f, &new, &made), ERR_EXISTS, "already exists");
	fine(forge_gitea.pull_edit(&p.f, 5, &title, NULL));
	fine(forge_gitea.pull_edit(&p.f, 5, &close, NULL));
	play_close(&p);
}

static void
test_reviewers(void **state)
{
	AUTO(strs_free) struct strs ann = {0}, core = {0};
	PLAY(p, &forge_gitea, "o/r.x",
	    {"POST " R "/pulls/5/requested_reviewers", "{\"reviewers\":[\"ann\"],\"team_reviewers\":[\"core\"]}", 201, "[]"},
	    {"POST " R "/pulls/5/requested_reviewers", "{\"reviewers\":[\"ann\"]}", 422, "{\"message\":\"poster of pr can't be reviewer [user_id: 2]\"}"});

	(void)state;
	strs_add(&ann, "ann");
	strs_add(&core, "core");
	fine(forge_gitea.pull_reviewers(&p.f, 5, &ann, &core));
	fails(forge_gitea.pull_reviewers(&p.f, 5, &ann, NULL), ERR_DENIED,
	    "asking 'ann': Gitea: the reviewers of pull request 5: poster of pr can't be reviewer");
	fine(forge_gitea.pull_reviewers(&p.f, 5, NULL, NULL));
	play_close(&p);
}

#define REVIEW(id, state, dismissed, count) "{\"id\":" #id ",\"user\":" USER(6, "rita") ",\"state\":\"" state "\",\"body\":\"b\"," \
	"\"commit_id\":\"" SHA_A "\",\"stale\":false,\"official\":true,\"dismissed\":" dismissed ",\"comments_count\":" #count "," \
	"\"submitted_at\":\"2024-01-02T00:00:00Z\"}"
#define REVIEWS "[" REVIEW(1, "REQUEST_REVIEW", "false", 0) "," REVIEW(2, "COMMENT", "false", 2) "," REVIEW(3, "REQUEST_CHANGES", "true", 0) "," \
	REVIEW(4, "APPROVED", "false", 0) "]"

static void
test_reviews(void **state)
{
	static const enum forge_verdict want[] = {REVIEW_COMMENTED, REVIEW_DISMISSED, REVIEW_APPROVED};
	AUTO(forge_reviews_free) struct forge_reviews all = {0};
	AUTO(forge_comments_free) struct forge_comments remarks = {0}, none = {0};
	size_t i;
	PLAY(p, &forge_gitea, "o/r.x", {"GET " R "/pulls/5/reviews?limit=30", NULL, 200, REVIEWS},
	    {"GET " R "/pulls/5/reviews/2/comments", NULL, 200,
		"[{\"id\":21,\"body\":\"no\",\"user\":" USER(6, "rita") ",\"resolver\":null,\"path\":\"a.c\",\"commit_id\":\"" SHA_A "\",\"position\":4,"
		"\"original_position\":0,\"html_url\":\"u\",\"created_at\":\"2024-01-02T00:00:00Z\",\"updated_at\":\"2024-01-02T00:00:00Z\"},"
		"{\"id\":22,\"body\":\"gone\",\"user\":null,\"resolver\":" USER(2, "ann") ",\"path\":\"a.c\",\"commit_id\":\"" SHA_A "\",\"position\":0,"
		"\"original_position\":9,\"html_url\":\"u\",\"created_at\":\"2024-01-02T00:00:00Z\",\"updated_at\":\"2024-01-02T00:00:00Z\"}]"},
	    {"GET " R "/pulls/6/reviews?limit=30", NULL, 200, "[" REVIEW(4, "APPROVED", "false", 0) "]"});

	(void)state;
	fine(forge_gitea.reviews(&p.f, 5, &all));
	assert_int_equal(all.n, NITEMS(want));
	for (i = 0; i < NITEMS(want); i++)
		assert_int_equal(all.v[i].verdict, want[i]);
	assert_string_equal(all.v[2].commit, SHA_A);
	fine(forge_gitea.remarks(&p.f, 5, &all, &remarks));
	assert_int_equal(remarks.n, 2);
	assert_int_equal(remarks.v[0].line, 4);
	assert_false(remarks.v[0].resolved);
	assert_string_equal(remarks.v[1].author.login, "");
	assert_int_equal(remarks.v[1].line, 9);
	assert_true(remarks.v[1].resolved);
	fine(forge_gitea.remarks(&p.f, 6, NULL, &none));
	assert_int_equal(none.n, 0);
	play_close(&p);
}

/* Two pages without a Link: a full one, and one that the total promises; and a list that is null. */
static void
test_pages_without_links(void **state)
{
	AUTO(forge_reviews_free) struct forge_reviews full = {0}, told = {0};
	AUTO(forge_events_free) struct forge_events none = {0};
	AUTO(buf_free) struct buf page = BUF_INIT(64 * KIB);
	size_t i;

	(void)state;
	for (i = 0; i < 30; i++)
		buf_addf(&page, "%s" REVIEW(1, "COMMENT", "false", 0), i == 0 ? "[" : ",");
	buf_adds(&page, "]");
	PLAY(p, &forge_gitea, "o/r.x", {"GET " R "/pulls/5/reviews?limit=30", NULL, 200, buf_cstr(&page)},
	    {"GET " R "/pulls/5/reviews?limit=30&page=2", NULL, 200, "[" REVIEW(2, "APPROVED", "false", 0) "]"},
	    {"GET " R "/pulls/5/reviews?limit=30", NULL, 200, "[" REVIEW(1, "COMMENT", "false", 0) "]", "X-Total-Count: 2\r\n"},
	    {"GET " R "/pulls/5/reviews?limit=30&page=2", NULL, 200, "[" REVIEW(2, "APPROVED", "false", 0) "]", "X-Total-Count: 2\r\n"},
	    {"GET " R "/issues/5/timeline?limit=30", NULL, 200, "null"});
	fine(forge_gitea.reviews(&p.f, 5, &full));
	assert_int_equal(full.n, 31);
	fine(forge_gitea.reviews(&p.f, 5, &told));
	assert_int_equal(told.n, 2);
	fine(forge_gitea.issue_events(&p.f, 5, &none));
	assert_int_equal(none.n, 0);
	play_close(&p);
}

#define STATUS(id, context, status) "{\"id\":" #id ",\"status\":\"" status "\",\"target_url\":\"u\",\"description\":\"d\",\"url\":\"\"," \
	"\"context\":\"" context "\",\"creator\":" USER(2, "ann") "}"
#define STATUSES "GET " R "/statuses/" SHA_A "?limit=50"
#define BRANCH(more) "{\"name\":\"main\",\"protected\":true,\"required_approvals\":0," more "\"user_can_push\":true,\"user_can_merge\":true}"

static void
test_checks(void **state)
{
	static const struct {
		const char *name;
		enum forge_check_state state;
		bool required;
	} want[] = {{"ci / build (push)", CHECK_SUCCESS, true}, {"lint", CHECK_FAILURE, false}, {"old", CHECK_SKIPPED, false},
	    {"odd", CHECK_UNKNOWN, false}, {"security", CHECK_UNKNOWN, true}};
	AUTO(forge_checks_free) struct forge_checks all = {0}, none = {0}, every = {0}, hidden = {0}, open = {0};
	size_t i;
	PLAY(p, &forge_gitea, "o/r.x",
	    {STATUSES, NULL, 200, "[" STATUS(3, "ci / build (push)", "success") "," STATUS(1, "ci / build (push)", "failure") ","
		STATUS(4, "lint", "warning") "," STATUS(5, "old", "pending") "," STATUS(6, "old", "skipped") "," STATUS(7, "odd", "later") "]"},
	    {"GET " R "/branches/main", NULL, 200, BRANCH("\"enable_status_check\":true,\"status_check_contexts\":[\"ci/*\",\"ci / build*\",\"security\"],")},
	    {STATUSES, NULL, 200, "[]"}, {"GET " R "/branches/main", NULL, 200, BRANCH("\"enable_status_check\":true,\"status_check_contexts\":[],")},
	    {STATUSES, NULL, 200, "[" STATUS(1, "x", "success") "]"},
	    {"GET " R "/branches/main", NULL, 200, BRANCH("\"enable_status_check\":true,\"status_check_contexts\":null,")},
	    {STATUSES, NULL, 200, "[]"}, {"GET " R "/branches/main", NULL, 200, BRANCH("")},
	    {STATUSES, NULL, 200, "[]"}, {"GET " R "/branches/main", NULL, 200, BRANCH("\"enable_status_check\":false,\"status_check_contexts\":[],")});

	(void)state;
	fine(forge_gitea.checks(&p.f, SHA_A, "main", &all));
	assert_int_equal(all.n, NITEMS(want) + 1);
	for (i = 0; i + 1 < NITEMS(want); i++) {
		assert_string_equal(all.v[i].name, want[i].name);
		assert_int_equal(all.v[i].state, want[i].state);
		assert_int_equal(all.v[i].required, want[i].required);
	}
	assert_string_equal(all.v[4].name, "ci/*");
	assert_int_equal(all.v[4].state, CHECK_UNKNOWN);
	assert_string_equal(all.v[5].name, "security");
	assert_true(all.v[5].required);
	fine(forge_gitea.checks(&p.f, SHA_A, "main", &none));
	assert_string_equal(none.v[0].name, "status check");
	assert_int_equal(none.v[0].state, CHECK_UNKNOWN);
	fine(forge_gitea.checks(&p.f, SHA_A, "main", &every));
	assert_true(every.v[0].required);
	fine(forge_gitea.checks(&p.f, SHA_A, "main", &hidden));
	assert_string_equal(hidden.v[0].name, "rules of the branch");
	fine(forge_gitea.checks(&p.f, SHA_A, "main", &open));
	assert_int_equal(open.n, 0);
	play_close(&p);
}

#define MERGE "POST " R "/pulls/5/merge"
#define SQUASHED "{\"Do\":\"squash\",\"MergeTitleField\":\"T\",\"MergeMessageField\":\"B\",\"head_commit_id\":\"" SHA_A "\"}"

static void
test_merge(void **state)
{
	bool behind = false;
	const struct forge_merge m = {.head_sha = SHA_A, .method = FORGE_SQUASH, .title = "T", .message = "B", .delete_branch = true,
	    .behind = &behind};
	const struct forge_merge rebase = {.head_sha = SHA_A, .method = FORGE_REBASE};
	AUTO(mem_free_p) char *sha = NULL, *again = NULL, *none = NULL;
	PLAY(p, &forge_gitea, "o/r.x", {MERGE, SQUASHED, 200, NULL}, {"GET " R "/pulls/5", NULL, 200, P_MERGED(5)},
	    {"DELETE " R "/branches/factory/ab-x", NULL, 403, "{\"message\":\"branch protected\"}"},
	    {MERGE, "{\"Do\":\"rebase\",\"head_commit_id\":\"" SHA_A "\"}", 200, NULL}, {"GET " R "/pulls/5", NULL, 200, P_MERGED(5)},
	    {MERGE, SQUASHED, 409, "{\"message\":\"head out of date\"}"}, {MERGE, SQUASHED, 409, "{\"message\":\"merge push out of date\"}"},
	    {MERGE, SQUASHED, 405, "{\"message\":\"Please try again later\"}"}, {MERGE, SQUASHED, 405, "{\"message\":\"\"}"},
	    {MERGE, SQUASHED, 201, NULL}, {"GET " R "/pulls/5", NULL, 200, P_OPEN(5)},
	    {MERGE, SQUASHED, 405, "{\"message\":\"The head branch is behind the base branch\"}"});

	(void)state;
	fine(forge_gitea.merge(&p.f, 5, &m, &sha));
	assert_string_equal(sha, SHA_B);
	fine(forge_gitea.merge(&p.f, 5, &rebase, &again));
	fails(forge_gitea.merge(&p.f, 5, &m, &none), ERR_STALE, "head out of date");
	fails(forge_gitea.merge(&p.f, 5, &m, &none), ERR_STATE, "merge push out of date");
	fails(forge_gitea.merge(&p.f, 5, &m, &none), ERR_STATE, "try again later");
	fails(forge_gitea.merge(&p.f, 5, &m, &none), ERR_STATE, "without a reason");
	fails(forge_gitea.merge(&p.f, 5, &m, &none), ERR_STATE, "not merged yet");
	assert_false(behind);
	fails(forge_gitea.merge(&p.f, 5, &m, &none), ERR_STATE, "behind the base branch");
	assert_true(behind);
	assert_null(none);
	play_close(&p);
}

static void
test_branch(void **state)
{
	PLAY(p, &forge_forgejo, "o/r.x", {"DELETE " R "/branches/factory/a%20b", NULL, 204, NULL},
	    {"DELETE " R "/branches/gone", NULL, 404, "{\"message\":\"not found\"}"},
	    {"DELETE " R "/branches/gone", NULL, 500, "{\"message\":\"object does not exist\"}"}, {"GET " R "/branches/gone", NULL, 404, "{}"},
	    {"DELETE " R "/branches/main", NULL, 500, "{\"message\":\"boom\"}"}, {"GET " R "/branches/main", NULL, 200, BRANCH("")},
	    {"POST " R "/statuses/" SHA_A, "{\"state\":\"failure\",\"context\":\"git-factory\",\"description\":\"d\"}", 201, STATUS(1, "x", "failure")},
	    {"POST " R "/actions/workflows/ci.yml/dispatches", "{\"ref\":\"main\"}", 204, NULL});

	(void)state;
	fine(forge_forgejo.branch_delete(&p.f, "factory/a b"));
	fine(forge_forgejo.branch_delete(&p.f, "gone"));
	fine(forge_forgejo.branch_delete(&p.f, "gone"));
	fails(forge_forgejo.branch_delete(&p.f, "main"), ERR_SERVER, "Forgejo");
	fine(forge_forgejo.status(&p.f, SHA_A, "git-factory", CHECK_FAILURE, "d", NULL));
	fine(forge_forgejo.dispatch(&p.f, "ci.yml", "main"));
	play_close(&p);
}

#define EMPTY "{\"title\":\"\"}"

static void
test_rights(void **state)
{
	AUTO(strs_free) struct strs fully = {0}, few = {0}, scopes = {0}, none = {0};
	PLAY(p, &forge_gitea, "o/r.x",
	    {"GET " R, NULL, 200, "{\"id\":1,\"permissions\":{\"admin\":true,\"push\":true,\"pull\":true}}"},
	    {"POST " R "/pulls", EMPTY, 422, "{\"message\":\"[Head]: Required\"}"},
	    {"POST " R "/issues", EMPTY, 422, "{\"message\":\"[Title]: Required\"}"},
	    {"GET " R, NULL, 200, "{\"id\":1,\"permissions\":{\"admin\":false,\"push\":false,\"pull\":true}}"},
	    {"POST " R "/pulls", EMPTY, 404, "{\"message\":\"not found\"}"},
	    {"GET " R, NULL, 200, "{\"id\":1,\"permissions\":{\"admin\":true,\"push\":true,\"pull\":true}}"},
	    {"POST " R "/pulls", EMPTY, 403, "{\"message\":\"token does not have at least one of required scope(s): [write:repository]\"}"},
	    {"POST " R "/issues", EMPTY, 403, "{\"message\":\"token does not have at least one of required scope(s), required=[write:issue], token scope=read:issue\"}"},
	    {"GET " R, NULL, 403, "{\"message\":\"token does not have at least one of required scope(s): [read:repository]\"}"});

	(void)state;
	fine(forge_gitea.rights(&p.f, ~0U, &fully));
	assert_int_equal(fully.n, 0);
	fine(forge_gitea.rights(&p.f, NEED_READ | NEED_PUSH | NEED_PEOPLE, &few));
	assert_int_equal(few.n, 2);
	assert_non_null(strstr(few.v[1], "administrator"));
	fine(forge_gitea.rights(&p.f, NEED_ISSUES | NEED_PULLS, &scopes));
	assert_int_equal(scopes.n, 2);
	assert_non_null(strstr(scopes.v[0], "'write:repository'"));
	assert_non_null(strstr(scopes.v[1], "'write:issue'"));
	fine(forge_gitea.rights(&p.f, NEED_READ, &none));
	assert_non_null(strstr(none.v[0], "'read:repository'"));
	play_close(&p);
}

static void
test_broken(void **state)
{
	AUTO(forge_pull_free) struct forge_pull u = {0};
	AUTO(forge_issues_free) struct forge_issues i = {0};
	PLAY(p, &forge_gitea, "o/r.x", {"GET " R "/pulls/5", NULL, 200, "{\"number\":5}"},
	    {"GET " R "/pulls/5", NULL, 200, PULL(5, "T", "open", "null", OPEN)},
	    {"GET " R "/issues?type=issues&state=open&limit=50", NULL, 200, "[7]"});

	(void)state;
	fails(forge_gitea.pull(&p.f, 5, &u), ERR_SYNTAX, "");
	fails(forge_gitea.pull(&p.f, 5, &u), ERR_SYNTAX, "");
	fails(forge_gitea.issues(&p.f, NULL, 0, &i, NULL), ERR_SYNTAX, "");
	assert_int_equal(i.n, 0);
	play_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_auto_merge),
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_self), cmocka_unit_test(test_issues),
	    cmocka_unit_test(test_events), cmocka_unit_test(test_comments), cmocka_unit_test(test_labels),
	    cmocka_unit_test(test_pull_by_head), cmocka_unit_test(test_pull), cmocka_unit_test(test_reviewers),
	    cmocka_unit_test(test_reviews), cmocka_unit_test(test_pages_without_links), cmocka_unit_test(test_checks), cmocka_unit_test(test_merge),
	    cmocka_unit_test(test_branch), cmocka_unit_test(test_rights), cmocka_unit_test(test_broken)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
