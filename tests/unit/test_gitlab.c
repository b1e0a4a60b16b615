/* gitlab: each request as it is sent, and answers as GitLab's manual has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "forge/gitlab.h"
#include "forge_play.h"

#define P "/projects/g%2Fs%2Fr"
#define USER(id, name) "{\"id\":" #id ",\"username\":\"" name "\",\"name\":\"N\",\"state\":\"active\",\"locked\":false," \
	"\"avatar_url\":null,\"web_url\":\"https://forge.example/" name "\"}"
#define SHA_A "1111111111111111111111111111111111111111"
#define SHA_B "2222222222222222222222222222222222222222"
#define SHA_C "3333333333333333333333333333333333333333"

#define ISSUE(iid, title, labels) "{\"id\":41,\"iid\":" #iid ",\"project_id\":4,\"title\":\"" title "\","                \
	"\"description\":\"Fix it\",\"state\":\"opened\",\"created_at\":\"2016-01-04T15:31:46.176Z\","                 \
	"\"updated_at\":\"2016-01-04T15:31:51.081Z\",\"closed_at\":null,\"labels\":" labels ",\"milestone\":null,"       \
	"\"assignees\":[" USER(1, "root") "],\"author\":" USER(18, "eileen") ",\"user_notes_count\":1,"                \
	"\"discussion_locked\":null,\"confidential\":false,\"web_url\":\"https://forge.example/g/s/r/-/issues/" #iid "\"}"

/* 'more' are members that matter to the test. */
#define PULL(iid, title, state, more) "{\"id\":155,\"iid\":" #iid ",\"project_id\":4,\"title\":\"" title "\",\"description\":null," \
	"\"state\":\"" state "\",\"created_at\":\"2022-05-13T07:26:38.402Z\",\"updated_at\":\"2022-05-14T03:38:31.354Z\"," \
	"\"target_branch\":\"main\",\"source_branch\":\"factory/ab-x\",\"author\":" USER(2, "robo") ",\"assignees\":[],"       \
	"\"reviewers\":[" USER(7, "rita") "],\"labels\":[\"factory\"],\"merge_status\":\"can_be_merged\","                 \
	"\"sha\":\"" SHA_A "\",\"user_notes_count\":0,\"has_conflicts\":false,"                                           \
	"\"web_url\":\"https://forge.example/g/s/r/-/merge_requests/" #iid "\"," more "}"
#define OURS "\"source_project_id\":4,\"target_project_id\":4"
#define FORKED "\"source_project_id\":9,\"target_project_id\":4"

static void
test_people(void **state)
{
	enum forge_role role = ROLE_NONE;
	struct forge_user u = {0};
	PLAY(p, &forge_gitlab, "g/s/r",
	    {"GET /user", NULL, 200, "{\"id\":5,\"username\":\"project_12_bot_0ab\",\"bot\":false}"},
	    {"GET /users?username=Ann", NULL, 200, "[" USER(7, "annie") "," USER(8, "ann") "]"},
	    {"GET " P "/members/all/8", NULL, 200, "{\"id\":8,\"username\":\"ann\",\"state\":\"active\",\"access_level\":30}"},
	    {"GET /users?username=bob", NULL, 200, "[" USER(9, "bob") "]"},
	    {"GET " P "/members/all/9", NULL, 404, "{\"message\":\"404 Not found\"}"},
	    {"GET /users?username=eve", NULL, 200, "[]"},
	    {"GET /users?username=joe", NULL, 200, "[" USER(10, "joe") "]"},
	    {"GET " P "/members/all/10", NULL, 200, "{\"id\":10,\"username\":\"joe\",\"state\":\"blocked\",\"access_level\":50}"},
	    {"GET " P "/members/all/77", NULL, 200, "{\"id\":77,\"username\":\"kay\",\"state\":\"active\",\"access_level\":40}"});

	(void)state;
	fine(forge_gitlab.whoami(&p.f, &u));
	assert_string_equal(u.login, "project_12_bot_0ab");
	assert_string_equal(u.id, "5");
	assert_true(u.bot);
	forge_user_free(&u);
	fine(forge_gitlab.role(&p.f, &(struct forge_user){.login = (char *)"Ann", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_WRITE);
	fine(forge_gitlab.role(&p.f, &(struct forge_user){.login = (char *)"bob", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_NONE);
	role = ROLE_ADMIN;
	fine(forge_gitlab.role(&p.f, &(struct forge_user){.login = (char *)"eve", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_NONE);
	role = ROLE_ADMIN;
	fine(forge_gitlab.role(&p.f, &(struct forge_user){.login = (char *)"joe", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_NONE);
	/* Whose number is known is asked for by that: names change hands. */
	fine(forge_gitlab.role(&p.f, &(struct forge_user){.login = (char *)"kay", .id = (char *)"77"}, &role));
	assert_int_equal(role, ROLE_MAINTAIN);
	play_close(&p);
}

static void
test_issues(void **state)
{
	AUTO(forge_issues_free) struct forge_issues all = {0}, some = {0};
	AUTO(forge_issue_free) struct forge_issue one = {0};
	bool unchanged = true;
	PLAY(p, &forge_gitlab, "g/s/r",
	    {"GET " P "/issues?state=opened&labels=factory&order_by=updated_at&sort=desc&per_page=100", NULL, 200,
		"[" ISSUE(6, "New", "[]") "," ISSUE(1, "Old", "[\"factory\",\"a b\"]") "]"},
	    {"GET " P "/issues?state=opened&updated_after=2027-01-15T08%3A00%3A00Z&order_by=updated_at&sort=desc&per_page=100",
		NULL, 200, "[]"},
	    {"GET " P "/issues/6", NULL, 200, ISSUE(6, "New", "[\"x\"]")},
	    {"GET " P "/issues/7", NULL, 404, "{\"message\":\"404 Not found\"}"});

	(void)state;
	fine(forge_gitlab.issues(&p.f, "factory", 0, &all, &unchanged));
	assert_int_equal(all.n, 2);
	assert_false(unchanged);
	assert_int_equal(all.v[0].number, 6);
	assert_string_equal(all.v[1].labels.v[1], "a b");
	fine(forge_gitlab.issues(&p.f, NULL, 1800000000, &some, NULL));
	assert_int_equal(some.n, 0);
	fine(forge_gitlab.issue(&p.f, 6, &one));
	assert_string_equal(one.title, "New");
	assert_string_equal(one.body, "Fix it");
	assert_string_equal(one.author.login, "eileen");
	assert_string_equal(one.author.id, "18");
	assert_string_equal(one.assignees.v[0], "root");
	assert_true(one.open);
	assert_false(one.locked);
	assert_int_equal(one.created, 1451921506);
	fails(forge_gitlab.issue(&p.f, 7, &one), ERR_NOT_FOUND, "issue 7");
	assert_int_equal(one.number, 6);
	play_close(&p);
}

#define NOTE(id, body, system, when) "{\"id\":" #id ",\"body\":\"" body "\",\"author\":" USER(3, "ann") ","             \
	"\"created_at\":\"" when "\",\"updated_at\":\"" when "\",\"system\":" system ",\"noteable_id\":41,"          \
	"\"noteable_type\":\"Issue\",\"noteable_iid\":6,\"resolvable\":false,\"confidential\":false,\"internal\":false}"
#define LABELED(id, action, label, when) "{\"id\":" #id ",\"user\":" USER(3, "ann") ",\"created_at\":\"" when "\","     \
	"\"resource_type\":\"Issue\",\"resource_id\":41,\"label\":" label ",\"action\":\"" action "\"}"

static void
test_events(void **state)
{
	static const struct {
		enum forge_deed deed;
		const char *what;
	} want[] = {{DEED_LABELED, "factory"}, {DEED_EDITED, ""}, {DEED_RENAMED, ""}, {DEED_UNLABELED, "factory"},
	    {DEED_ASSIGNED, "robo"}, {DEED_ASSIGNED, "bob"}, {DEED_EDITED, ""}, {DEED_EDITED, ""}};
	AUTO(forge_events_free) struct forge_events all = {0};
	size_t i;
	PLAY(p, &forge_gitlab, "g/s/r",
	    {"GET " P "/issues/6/resource_label_events?per_page=100", NULL, 200,
		"[" LABELED(142, "add", "{\"id\":73,\"name\":\"factory\"}", "2020-01-01T00:00:01.900Z") ","
		LABELED(143, "remove", "{\"id\":73,\"name\":\"factory\"}", "2020-01-01T00:00:03Z") ","
		LABELED(144, "add", "null", "2020-01-01T00:00:04Z") "]"},
	    {"GET " P "/issues/6/notes?activity_filter=only_activity&order_by=created_at&sort=asc&per_page=100", NULL, 200,
		"[" NOTE(1, "changed the description", "true", "2020-01-01T00:00:01.100Z") ","
		NOTE(2, "changed title from **a** to **b**", "true", "2020-01-01T00:00:02Z") ","
		NOTE(3, "assigned to @robo and @bob and unassigned @eve", "true", "2020-01-01T00:00:05Z") ","
		NOTE(4, "mentioned in merge request !5", "true", "2020-01-01T00:00:06Z") ","
		NOTE(5, "marked the task **x** as completed", "true", "2020-01-01T00:00:06Z") ","
		NOTE(6, "marked the checklist item **x** as incomplete", "true", "2020-01-01T00:00:07Z") ","
		NOTE(7, "changed the description", "false", "2020-01-01T00:00:08Z") "]"});

	(void)state;
	fine(forge_gitlab.issue_events(&p.f, 6, &all));
	assert_int_equal(all.n, NITEMS(want));
	for (i = 0; i < NITEMS(want); i++) {
		assert_int_equal(all.v[i].deed, want[i].deed);
		assert_string_equal(all.v[i].what, want[i].what);
		assert_string_equal(all.v[i].who.login, "ann");
	}
	play_close(&p);
}

static void
test_comments(void **state)
{
	AUTO(forge_comments_free) struct forge_comments on_issue = {0}, on_pull = {0};
	AUTO(mem_free_p) char *id = NULL;
	PLAY(p, &forge_gitlab, "g/s/r",
	    {"GET " P "/issues/6/notes?activity_filter=only_comments&order_by=created_at&sort=asc&per_page=100", NULL, 200,
		"[" NOTE(302, "/factory run", "false", "2020-01-01T00:00:01Z") "," NOTE(303, "closed", "true", "2020-01-02T00:00:01Z") ","
		NOTE(304, "late", "false", "2020-01-03T00:00:00Z") "]"},
	    {"GET " P "/merge_requests/6/notes?activity_filter=only_comments&order_by=created_at&sort=asc&per_page=100", NULL, 200,
		"[" NOTE(302, "early", "false", "2020-01-01T00:00:00Z") "," NOTE(305, "late", "false", "2020-01-03T00:00:00Z") "]"},
	    {"POST " P "/merge_requests/6/notes", "{\"body\":\"a \\\"b\\\"\"}", 201, NOTE(306, "x", "false", "2020-01-01T00:00:01Z")},
	    {"PUT " P "/issues/6/notes/302", "{\"body\":\"c\"}", 200, NOTE(302, "c", "false", "2020-01-01T00:00:01Z")});

	(void)state;
	fine(forge_gitlab.comments(&p.f, 6, 0, &on_issue));
	assert_int_equal(on_issue.n, 2);
	assert_string_equal(on_issue.v[0].body, "/factory run");
	assert_string_equal(on_issue.v[0].url, "https://forge.example/g/r/-/issues/6#note_302");
	assert_null(on_issue.v[0].path);
	fine(forge_gitlab.comments(&p.f, FORGE_OF_PULL(6), 1577923200, &on_pull));
	assert_int_equal(on_pull.n, 1);
	assert_string_equal(on_pull.v[0].id, "305");
	assert_string_equal(on_pull.v[0].url, "https://forge.example/g/r/-/merge_requests/6#note_305");
	fine(forge_gitlab.comment_add(&p.f, FORGE_OF_PULL(6), "a \"b\"", &id));
	assert_string_equal(id, "306");
	fine(forge_gitlab.comment_edit(&p.f, 6, "302", "c"));
	play_close(&p);
}

static void
test_labels(void **state)
{
	AUTO(strs_free) struct strs add = {0}, remove = {0}, bad = {0};
	int64_t number = 0;
	PLAY(p, &forge_gitlab, "g/s/r",
	    {"POST " P "/issues", "{\"title\":\"T\",\"description\":\"B\",\"labels\":\"a,b c\"}", 201, ISSUE(9, "T", "[]")},
	    {"PUT " P "/issues/9", "{\"add_labels\":\"a,b c\",\"remove_labels\":\"d\"}", 200, ISSUE(9, "T", "[]")},
	    {"PUT " P "/merge_requests/4", "{\"add_labels\":\"a,b c\"}", 200, PULL(4, "T", "opened", OURS)});

	(void)state;
	strs_add(&add, "a");
	strs_add(&add, "b c");
	strs_add(&remove, "d");
	strs_add(&bad, "a,b");
	fine(forge_gitlab.issue_add(&p.f, "T", "B", &add, &number));
	assert_int_equal(number, 9);
	fine(forge_gitlab.issue_labels(&p.f, 9, &add, &remove));
	fine(forge_gitlab.issue_labels(&p.f, 9, NULL, NULL));
	fails(forge_gitlab.issue_labels(&p.f, 9, &bad, NULL), ERR_CONFIG, "comma");
	fine(forge_gitlab.pull_labels(&p.f, 4, &add));
	play_close(&p);
}

#define BY_HEAD(head, more) "GET " P "/merge_requests?state=all&source_branch=" head more "&order_by=created_at&sort=desc&per_page=100"

static void
test_pull_by_head(void **state)
{
	AUTO(forge_pull_free) struct forge_pull open = {0}, newest = {0}, none = {0};
	PLAY(p, &forge_gitlab, "g/s/r",
	    {BY_HEAD("factory%2Fab-x", "&target_branch=main"), NULL, 200, "[" PULL(8, "C", "opened", FORKED) ","
		PULL(7, "B", "closed", OURS) "," PULL(5, "A", "opened", OURS) "]"},
	    {BY_HEAD("factory%2Fab-x", ""), NULL, 200, "[" PULL(5, "A", "closed", OURS) ","
		PULL(7, "B", "merged", OURS ",\"merge_commit_sha\":null,\"squash_commit_sha\":\"" SHA_B "\",\"merged_by\":" USER(3, "ann")) "]"},
	    {BY_HEAD("none", ""), NULL, 200, "[]"});

	(void)state;
	fine(forge_gitlab.pull_by_head(&p.f, "factory/ab-x", "main", &open));
	assert_int_equal(open.number, 5);
	assert_string_equal(open.merge_sha, "");
	fine(forge_gitlab.pull_by_head(&p.f, "factory/ab-x", NULL, &newest));
	assert_int_equal(newest.number, 7);
	assert_int_equal(newest.state, FORGE_MERGED);
	assert_string_equal(newest.merge_sha, SHA_B);
	assert_string_equal(newest.closed_by, "ann");
	fails(forge_gitlab.pull_by_head(&p.f, "none", NULL, &none), ERR_NOT_FOUND, "merge request of 'none'");
	play_close(&p);
}

static void
test_pull(void **state)
{
	static const struct {
		const char *status;
		enum forge_tri want;
	} rows[] = {{"mergeable", TRI_YES}, {"ci_still_running", TRI_YES}, {"not_approved", TRI_YES}, {"conflict", TRI_NO},
	    {"need_rebase", TRI_YES}, {"checking", TRI_UNKNOWN}, {"unchecked", TRI_UNKNOWN}};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(rows); i++) {
		AUTO(forge_pull_free) struct forge_pull pull = {0};
		AUTO(mem_free_p) char *body = mem_printf(PULL(5, "Draft: A", "opened", OURS ",\"draft\":true,"
		    "\"detailed_merge_status\":\"%s\""), rows[i].status);
		PLAY(p, &forge_gitlab, "g/s/r", {"GET " P "/merge_requests/5", NULL, 200, body});

		fine(forge_gitlab.pull(&p.f, 5, &pull));
		assert_int_equal(pull.mergeable, rows[i].want);
		assert_int_equal(pull.behind, strcmp(rows[i].status, "need_rebase") == 0);
		assert_true(pull.draft);
		assert_string_equal(pull.title, "A");
		assert_string_equal(pull.body, "");
		assert_string_equal(pull.head, "factory/ab-x");
		assert_string_equal(pull.head_project, "g/s/r");
		assert_string_equal(pull.head_sha, SHA_A);
		assert_string_equal(pull.reviewers.v[0], "rita");
		assert_string_equal(pull.closed_by, "");
		play_close(&p);
	}
}

static void
test_pull_write(void **state)
{
	const struct forge_new_pull new = {.title = "T", .body = "B", .head = "factory/ab-x", .base = "main", .draft = true};
	const struct forge_new_pull again = {.title = "T", .body = "B", .head = "factory/ab-x", .base = "main"};
	const struct forge_pull_edit title = {.title = "U"}, close = {.close = true, .body = "C"};
	AUTO(forge_pull_free) struct forge_pull made = {0};
	PLAY(p, &forge_gitlab, "g/s/r",
	    {"POST " P "/merge_requests", "{\"source_branch\":\"factory/ab-x\",\"target_branch\":\"main\",\"title\":\"Draft: T\",\"description\":\"B\"}",
		201, PULL(5, "Draft: T", "opened", OURS ",\"draft\":true")},
	    {"POST " P "/merge_requests", "{\"source_branch\":\"factory/ab-x\",\"target_branch\":\"main\",\"title\":\"T\",\"description\":\"B\"}",
		409, "{\"message\":[\"Another open merge request already exists for this source branch: !5\"]}"},
	    {"GET " P "/merge_requests/5", NULL, 200, PULL(5, "Draft: T", "opened", OURS ",\"draft\":true")},
	    {"PUT " P "/merge_requests/5", "{\"title\":\"Draft: U\"}", 200, PULL(5, "Draft: U", "opened", OURS ",\"draft\":true")},
	    {"PUT " P "/merge_requests/5", "{\"description\":\"C\",\"state_event\":\"close\"}", 200, PULL(5, "T", "closed", OURS)});

	(void)state;
	fine(forge_gitlab.pull_add(&p.f, &new, &made));
	assert_int_equal(made.number, 5);
	fails(forge_gitlab.pull_add(&p.f, &again, &made), ERR_EXISTS, "already exists for this source branch: !5");
	fine(forge_gitlab.pull_edit(&p.f, 5, &title, NULL));
	fine(forge_gitlab.pull_edit(&p.f, 5, &close, NULL));
	play_close(&p);
}

static void
test_reviewers(void **state)
{
	AUTO(strs_free) struct strs ann = {0}, rita = {0}, nobody = {0}, team = {0};
	PLAY(p, &forge_gitlab, "g/s/r",
	    {"GET " P "/merge_requests/5", NULL, 200, PULL(5, "T", "opened", OURS)},
	    {"GET /users?username=ann", NULL, 200, "[" USER(8, "ann") "]"},
	    {"PUT " P "/merge_requests/5", "{\"reviewer_ids\":[7,8]}", 200, PULL(5, "T", "opened", OURS)},
	    {"GET " P "/merge_requests/5", NULL, 200, PULL(5, "T", "opened", OURS)},
	    {"GET /users?username=rita", NULL, 200, "[" USER(7, "rita") "]"},
	    {"GET " P "/merge_requests/5", NULL, 200, PULL(5, "T", "opened", OURS)},
	    {"GET /users?username=nobody", NULL, 200, "[]"});

	(void)state;
	strs_add(&ann, "ann");
	strs_add(&rita, "rita");
	strs_add(&nobody, "nobody");
	strs_add(&team, "core");
	fine(forge_gitlab.pull_reviewers(&p.f, 5, &ann, NULL));
	fine(forge_gitlab.pull_reviewers(&p.f, 5, &rita, NULL));
	fails(forge_gitlab.pull_reviewers(&p.f, 5, &nobody, NULL), ERR_DENIED, "'nobody'");
	fails(forge_gitlab.pull_reviewers(&p.f, 5, NULL, &team), ERR_DENIED, "'core'");
	play_close(&p);
}

static void
test_reviews(void **state)
{
	AUTO(forge_reviews_free) struct forge_reviews all = {0};
	PLAY(p, &forge_gitlab, "g/s/r",
	    {"GET " P "/merge_requests/5/reviewers", NULL, 200,
		"[{\"user\":" USER(7, "rita") ",\"state\":\"requested_changes\",\"created_at\":\"2020-01-01T00:00:00Z\"},"
		"{\"user\":" USER(8, "ann") ",\"state\":\"unreviewed\",\"created_at\":\"2020-01-01T00:00:00Z\"},"
		"{\"user\":" USER(9, "bob") ",\"state\":\"approved\",\"created_at\":\"2020-01-01T00:00:00Z\"}]"},
	    {"GET " P "/merge_requests/5/approvals", NULL, 200, "{\"id\":5,\"iid\":5,\"approvals_required\":2,\"approvals_left\":1,"
		"\"approved_by\":[{\"user\":" USER(9, "bob") ",\"approved_at\":\"2020-01-02T00:00:00Z\"}]}"});

	(void)state;
	fine(forge_gitlab.reviews(&p.f, 5, &all));
	assert_int_equal(all.n, 2);
	assert_int_equal(all.v[0].verdict, REVIEW_CHANGES);
	assert_string_equal(all.v[0].author.login, "rita");
	assert_int_equal(all.v[1].verdict, REVIEW_APPROVED);
	assert_string_equal(all.v[1].author.login, "bob");
	assert_string_equal(all.v[1].id, "approval:9");
	assert_int_equal(all.v[1].when, 1577923200);
	play_close(&p);
}

#define REMARK(id, type, more) "{\"id\":" #id ",\"type\":" type ",\"body\":\"no\",\"author\":" USER(3, "ann") ",\"system\":false," \
	"\"created_at\":\"2020-01-01T00:00:00Z\",\"updated_at\":\"2020-01-01T00:00:00Z\",\"resolvable\":true,\"resolved\":true" more "}"

static void
test_remarks(void **state)
{
	AUTO(forge_comments_free) struct forge_comments all = {0};
	PLAY(p, &forge_gitlab, "g/s/r",
	    {"GET " P "/merge_requests/5/discussions?per_page=100", NULL, 200,
		"[{\"id\":\"6a9\",\"individual_note\":true,\"notes\":[" REMARK(1, "null", "") "]},"
		"{\"id\":\"6b0\",\"individual_note\":false,\"notes\":["
		REMARK(2, "\"DiffNote\"", ",\"position\":{\"head_sha\":\"" SHA_A "\",\"old_path\":\"a.c\",\"new_path\":\"b.c\",\"old_line\":null,\"new_line\":27}") ","
		REMARK(3, "\"DiffNote\"", ",\"position\":{\"head_sha\":\"" SHA_A "\",\"old_path\":\"a.c\",\"new_path\":\"b.c\",\"old_line\":3,\"new_line\":null}") "]}]"});

	(void)state;
	fine(forge_gitlab.remarks(&p.f, 5, NULL, &all));
	assert_int_equal(all.n, 2);
	assert_string_equal(all.v[0].path, "b.c");
	assert_int_equal(all.v[0].line, 27);
	assert_string_equal(all.v[0].commit, SHA_A);
	assert_true(all.v[0].resolved);
	assert_string_equal(all.v[1].path, "a.c");
	assert_int_equal(all.v[1].line, 3);
	play_close(&p);
}

#define PROJECT(more) "{\"id\":4,\"path_with_namespace\":\"g/s/r\",\"default_branch\":\"trunk\"," \
	"\"permissions\":{\"project_access\":null,\"group_access\":{\"access_level\":30,\"notification_level\":3}}" more "}"
#define MUST ",\"only_allow_merge_if_pipeline_succeeds\":true"
#define STATUS(id, name, status, may_fail) "{\"id\":" #id ",\"sha\":\"" SHA_A "\",\"ref\":\"x\",\"status\":\"" status "\"," \
	"\"name\":\"" name "\",\"target_url\":\"https://ci.example/1\",\"description\":null,\"allow_failure\":" may_fail ",\"author\":" USER(3, "ann") "}"
#define STATUSES "GET " P "/repository/commits/" SHA_A "/statuses?per_page=100"

static void
test_checks(void **state)
{
	static const struct {
		const char *name;
		enum forge_check_state state;
		bool required;
	} want[] = {{"build", CHECK_SUCCESS, true}, {"lint", CHECK_NEUTRAL, false}, {"deploy", CHECK_SKIPPED, false},
	    {"slow", CHECK_PENDING, true}, {"gone", CHECK_CANCELLED, true}, {"odd", CHECK_UNKNOWN, true}};
	AUTO(forge_checks_free) struct forge_checks all = {0};
	size_t i;
	PLAY(p, &forge_gitlab, "g/s/r",
	    {"GET " P, NULL, 200, PROJECT(MUST)},
	    {STATUSES, NULL, 200, "[" STATUS(9, "build", "failed", "false") "," STATUS(10, "build", "success", "false") ","
		STATUS(8, "build", "failed", "false") "," STATUS(11, "lint", "failed", "true") "," STATUS(12, "deploy", "manual", "true") ","
		STATUS(13, "slow", "waiting_for_resource", "false") "," STATUS(14, "gone", "canceled", "false") ","
		STATUS(15, "odd", "new_word", "false") "]"});

	(void)state;
	fine(forge_gitlab.checks(&p.f, SHA_A, "main", &all));
	assert_int_equal(all.n, NITEMS(want));
	for (i = 0; i < NITEMS(want); i++) {
		assert_string_equal(all.v[i].name, want[i].name);
		assert_int_equal(all.v[i].state, want[i].state);
		assert_int_equal(all.v[i].required, want[i].required);
	}
	play_close(&p);
}

/* None at all, and settings that may not be read, are not green. */
static void
test_checks_missing(void **state)
{
	AUTO(forge_checks_free) struct forge_checks none = {0}, hidden = {0}, free_of = {0}, result = {0};
	PLAY(p, &forge_gitlab, "g/s/r",
	    {"GET " P, NULL, 200, PROJECT(MUST)}, {STATUSES, NULL, 200, "[]"},
	    {"GET " P, NULL, 200, PROJECT("")}, {STATUSES, NULL, 200, "[]"},
	    {"GET " P, NULL, 200, PROJECT(",\"only_allow_merge_if_pipeline_succeeds\":false")}, {STATUSES, NULL, 200, "[]"},
	    {"GET " P, NULL, 200, PROJECT(MUST ",\"merge_pipelines_enabled\":true")},
	    {STATUSES, NULL, 200, "[]"},
	    {"GET " P "/repository/commits/" SHA_A "/merge_requests", NULL, 200, "[" PULL(4, "X", "closed", OURS) "," PULL(5, "T", "opened", OURS) "]"},
	    {"GET " P "/merge_requests/5", NULL, 200, PULL(5, "T", "opened", OURS ",\"head_pipeline\":{\"id\":1,\"sha\":\"" SHA_B "\",\"status\":\"failed\"}")});

	(void)state;
	fine(forge_gitlab.checks(&p.f, SHA_A, "main", &none));
	assert_int_equal(none.n, 1);
	assert_string_equal(none.v[0].name, "pipeline");
	assert_int_equal(none.v[0].state, CHECK_UNKNOWN);
	assert_true(none.v[0].required);
	fine(forge_gitlab.checks(&p.f, SHA_A, "main", &hidden));
	assert_string_equal(hidden.v[0].name, "rules of the branch");
	assert_int_equal(hidden.v[0].state, CHECK_UNKNOWN);
	fine(forge_gitlab.checks(&p.f, SHA_A, "main", &free_of));
	assert_int_equal(free_of.n, 0);
	fine(forge_gitlab.checks(&p.f, SHA_A, "main", &result));
	assert_int_equal(result.n, 1);
	assert_string_equal(result.v[0].name, "pipeline of the merge result");
	assert_int_equal(result.v[0].state, CHECK_FAILURE);
	play_close(&p);
}

#define SENT "{\"state\":\"success\",\"name\":\"git-factory\",\"description\":\"all\",\"target_url\":\"https://x\"}"

static void
test_status(void **state)
{
	const char *named = "GET " P "/repository/commits/" SHA_A "/statuses?name=git-factory&per_page=100";
	PLAY(p, &forge_gitlab, "g/s/r",
	    {"POST " P "/statuses/" SHA_A, SENT, 201, STATUS(9, "git-factory", "success", "false")},
	    {"POST " P "/statuses/" SHA_A, SENT, 400, "{\"message\":\"Cannot transition status via :success from :success\"}"},
	    {named, NULL, 200, "[" STATUS(9, "git-factory", "success", "false") "]"},
	    {"POST " P "/statuses/" SHA_A, SENT, 400, "{\"message\":\"ref is invalid\"}"},
	    {named, NULL, 200, "[" STATUS(9, "git-factory", "pending", "false") "]"});

	(void)state;
	fine(forge_gitlab.status(&p.f, SHA_A, "git-factory", CHECK_SUCCESS, "all", "https://x"));
	fine(forge_gitlab.status(&p.f, SHA_A, "git-factory", CHECK_SUCCESS, "all", "https://x"));
	fails(forge_gitlab.status(&p.f, SHA_A, "git-factory", CHECK_SUCCESS, "all", "https://x"), ERR_STATE, "ref is invalid");
	play_close(&p);
}

#define AGAIN "GET " P "/merge_requests/5"
#define MERGE "PUT " P "/merge_requests/5/merge"
#define SQUASHED "{\"sha\":\"" SHA_A "\",\"squash\":true,\"should_remove_source_branch\":true,\"squash_commit_message\":\"T\\n\\nB\"}"

static void
test_merge(void **state)
{
	const struct forge_merge squash = {.head_sha = SHA_A, .method = FORGE_SQUASH, .title = "T", .message = "B", .delete_branch = true};
	const struct forge_merge merge = {.head_sha = SHA_A, .method = FORGE_MERGE, .title = "T"};
	AUTO(mem_free_p) char *one = NULL, *two = NULL, *three = NULL, *none = NULL;
	PLAY(p, &forge_gitlab, "g/s/r",
	    {MERGE, SQUASHED, 200, PULL(5, "T", "merged", OURS ",\"merge_commit_sha\":null,\"squash_commit_sha\":\"" SHA_B "\"")},
	    {MERGE, "{\"sha\":\"" SHA_A "\",\"squash\":false,\"should_remove_source_branch\":false,\"merge_commit_message\":\"T\"}", 200,
		PULL(5, "T", "merged", OURS ",\"merge_commit_sha\":\"" SHA_C "\",\"squash_commit_sha\":\"" SHA_B "\"")},
	    {MERGE, SQUASHED, 200, PULL(5, "T", "merged", OURS ",\"merge_commit_sha\":null,\"squash_commit_sha\":null")},
	    {MERGE, SQUASHED, 409, "{\"message\":\"SHA does not match HEAD of source branch: " SHA_B "\"}"},
	    {MERGE, SQUASHED, 409, "{\"message\":\"Merge request is being merged\"}"},
	    {AGAIN, NULL, 200, PULL(5, "T", "opened", OURS ",\"detailed_merge_status\":\"mergeable\"")},
	    {MERGE, SQUASHED, 405, "{\"message\":\"405 Method Not Allowed\"}"},
	    {AGAIN, NULL, 200, PULL(5, "T", "opened", OURS ",\"detailed_merge_status\":\"ci_must_pass\"")},
	    {MERGE, SQUASHED, 405, "{\"message\":\"405 Method Not Allowed\"}"},
	    {AGAIN, NULL, 200, PULL(5, "T", "opened", OURS ",\"detailed_merge_status\":\"of_days_to_come\"")},
	    {MERGE, SQUASHED, 422, "{\"message\":\"Branch cannot be merged\"}"},
	    {AGAIN, NULL, 404, "{\"message\":\"404 Not found\"}"},
	    {MERGE, SQUASHED, 401, "{\"message\":\"401 Unauthorized\"}"},
	    {MERGE, SQUASHED, 200, PULL(5, "T", "opened", OURS)});

	(void)state;
	fine(forge_gitlab.merge(&p.f, 5, &squash, &one));
	assert_string_equal(one, SHA_B);
	fine(forge_gitlab.merge(&p.f, 5, &merge, &two));
	assert_string_equal(two, SHA_C);
	fine(forge_gitlab.merge(&p.f, 5, &squash, &three));
	assert_string_equal(three, SHA_A);
	fails(forge_gitlab.merge(&p.f, 5, &squash, &none), ERR_STALE, "SHA does not match");
	fails(forge_gitlab.merge(&p.f, 5, &squash, &none), ERR_STATE, "is being merged");
	fails(forge_gitlab.merge(&p.f, 5, &squash, &none), ERR_STATE, "a pipeline must succeed first");
	fails(forge_gitlab.merge(&p.f, 5, &squash, &none), ERR_STATE, "of_days_to_come");
	fails(forge_gitlab.merge(&p.f, 5, &squash, &none), ERR_STATE, "cannot be merged");
	fails(forge_gitlab.merge(&p.f, 5, &squash, &none), ERR_AUTH, "merge request 5");
	fails(forge_gitlab.merge(&p.f, 5, &squash, &none), ERR_STATE, "'opened'");
	assert_null(none);
	play_close(&p);
}

static void
test_auto_merge(void **state)
{
	const struct forge_merge m = {.head_sha = SHA_A, .method = FORGE_REBASE};
	const struct forge_pull pull = {.number = 5};
	const char *sent = "{\"sha\":\"" SHA_A "\",\"squash\":false,\"should_remove_source_branch\":false,\"auto_merge\":true,"
	    "\"merge_when_pipeline_succeeds\":true}";
	PLAY(p, &forge_gitlab, "g/s/r", {MERGE, sent, 200, PULL(5, "T", "opened", OURS)},
	    {MERGE, sent, 405, "{\"message\":\"405 Method Not Allowed\"}"}, {AGAIN, NULL, 500, "{}"}, {AGAIN, NULL, 500, "{}"},
	    {AGAIN, NULL, 500, "{}"});

	(void)state;
	fine(forge_gitlab.auto_merge(&p.f, &pull, &m));
	fails(forge_gitlab.auto_merge(&p.f, &pull, &m), ERR_STATE, "Not Allowed");
	play_close(&p);
}

static void
test_branch(void **state)
{
	AUTO(mem_free_p) char *name = NULL;
	PLAY(p, &forge_gitlab, "g/s/r", {"GET " P, NULL, 200, PROJECT("")},
	    {"DELETE " P "/repository/branches/factory%2Fab-x", NULL, 204, NULL},
	    {"DELETE " P "/repository/branches/factory%2Fab-x", NULL, 404, "{\"message\":\"404 Branch Not Found\"}"},
	    {"DELETE " P "/repository/branches/main", NULL, 403, "{\"message\":\"403 Forbidden\"}"});

	(void)state;
	fine(forge_gitlab.default_branch(&p.f, &name));
	assert_string_equal(name, "trunk");
	fine(forge_gitlab.branch_delete(&p.f, "factory/ab-x"));
	fine(forge_gitlab.branch_delete(&p.f, "factory/ab-x"));
	fails(forge_gitlab.branch_delete(&p.f, "main"), ERR_AUTH, "the branch 'main'");
	play_close(&p);
}

static void
test_rights(void **state)
{
	AUTO(strs_free) struct strs fully = {0}, few = {0}, job = {0};
	PLAY(p, &forge_gitlab, "g/s/r",
	    {"GET /personal_access_tokens/self", NULL, 200, "{\"id\":1,\"scopes\":[\"api\"]}"}, {"GET " P, NULL, 200, PROJECT("")},
	    {"GET /personal_access_tokens/self", NULL, 200, "{\"id\":1,\"scopes\":[\"read_api\"]}"},
	    {"GET " P, NULL, 200, "{\"id\":4,\"default_branch\":\"main\",\"permissions\":{\"project_access\":{\"access_level\":10},\"group_access\":null}}"},
	    {"GET /personal_access_tokens/self", NULL, 401, "{\"message\":\"401 Unauthorized\"}"}, {"GET " P, NULL, 200, PROJECT("")});

	(void)state;
	fine(forge_gitlab.rights(&p.f, ~0U, &fully));
	assert_int_equal(fully.n, 0);
	fine(forge_gitlab.rights(&p.f, NEED_READ | NEED_PUSH | NEED_ISSUES, &few));
	assert_int_equal(few.n, 4);
	assert_non_null(strstr(few.v[0], "'write_repository'"));
	assert_non_null(strstr(few.v[1], "'api'"));
	assert_non_null(strstr(few.v[2], "Reporter"));
	assert_non_null(strstr(few.v[3], "Developer"));
	fine(forge_gitlab.rights(&p.f, NEED_READ, &job));
	assert_int_equal(job.n, 0);
	play_close(&p);
}

/* Answers that are not what the manual says end in an error, and nothing is filled. */
static void
test_broken(void **state)
{
	AUTO(forge_issue_free) struct forge_issue i = {0};
	AUTO(forge_pull_free) struct forge_pull u = {0};
	AUTO(forge_checks_free) struct forge_checks c = {0};
	PLAY(p, &forge_gitlab, "g/s/r", {"GET " P "/issues/6", NULL, 200, "{\"iid\":\"six\"}"},
	    {"GET " P "/issues/6", NULL, 200, "[]"}, {"GET " P "/issues/6", NULL, 200, "<html>"},
	    {"GET " P "/merge_requests/5", NULL, 200, PULL(5, "T", "opened", "\"draft\":\"yes\"")},
	    {"GET " P, NULL, 200, PROJECT(MUST)}, {STATUSES, NULL, 200, "{\"message\":\"x\"}"});

	(void)state;
	fails(forge_gitlab.issue(&p.f, 6, &i), ERR_SYNTAX, "iid");
	fails(forge_gitlab.issue(&p.f, 6, &i), ERR_SYNTAX, "");
	fails(forge_gitlab.issue(&p.f, 6, &i), ERR_SYNTAX, "");
	assert_null(i.title);
	fails(forge_gitlab.pull(&p.f, 5, &u), ERR_SYNTAX, "draft");
	fails(forge_gitlab.checks(&p.f, SHA_A, "main", &c), ERR_SYNTAX, "");
	assert_int_equal(c.n, 0);
	play_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_people), cmocka_unit_test(test_issues),
	    cmocka_unit_test(test_events), cmocka_unit_test(test_comments), cmocka_unit_test(test_labels),
	    cmocka_unit_test(test_pull_by_head), cmocka_unit_test(test_pull), cmocka_unit_test(test_pull_write),
	    cmocka_unit_test(test_reviewers), cmocka_unit_test(test_reviews), cmocka_unit_test(test_remarks),
	    cmocka_unit_test(test_checks), cmocka_unit_test(test_checks_missing), cmocka_unit_test(test_status),
	    cmocka_unit_test(test_merge), cmocka_unit_test(test_auto_merge), cmocka_unit_test(test_branch),
	    cmocka_unit_test(test_rights), cmocka_unit_test(test_broken)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
