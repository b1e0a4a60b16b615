#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "forge/forge.h"
#include "forge/github.h"
#include "forge/github_part.h"
#include "forge/rest.h"
#include "forge/token.h"
#include "listener.h"
#include "wire/json.h"

#define USER(login) "{\"login\":\"" login "\",\"id\":7,\"type\":\"User\"}"
#define SHA "0123456789abcdef0123456789abcdef01234567"
#define TIMES "\"created_at\":\"2026-11-21T10:00:00Z\",\"updated_at\":\"2026-11-21T11:00:00Z\""
#define ISSUE(n, more) "{\"number\":" n ",\"node_id\":\"I_" n "\",\"title\":\"a title\",\"body\":null,\"state\":\"open\"," \
	"\"locked\":false,\"html_url\":\"https://x/" n "\",\"user\":" USER("ada") ",\"labels\":[{\"name\":\"factory\"}]," \
	"\"assignees\":[" USER("bob") "]," TIMES more "}"
#define PULL(n, state, merged, more) "{\"number\":" n ",\"node_id\":\"PR_" n "\",\"title\":\"a title\",\"body\":\"text\"," \
	"\"state\":\"" state "\",\"merged_at\":" merged ",\"merge_commit_sha\":\"" SHA "\",\"draft\":false," \
	"\"html_url\":\"https://x/" n "\",\"user\":" USER("robo") ",\"labels\":[],\"requested_reviewers\":[" USER("ada") "]," \
	"\"head\":{\"ref\":\"factory/x\",\"sha\":\"" SHA "\",\"repo\":{\"full_name\":\"ada/engine\"}}," \
	"\"base\":{\"ref\":\"main\"}," TIMES more "}"

/* ---- a forge that says what it is told ---- */

struct scene {
	struct listener l;
	struct token token;
	struct forge f;
	struct answer a[8];
	char *text[8];
	size_t n;
};

static void
says(struct scene *s, const char *status, const char *headers, const char *body)
{
	char *text = mem_printf("HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers, strlen(body), body);

	assert_true(s->n < NITEMS(s->a));
	s->text[s->n] = text;
	s->a[s->n++] = (struct answer){.p = text, .n = strlen(text)};
}

static void
begin(struct scene *s)
{
	struct rest_opts o = {.name = "GitHub", .auth = token_header, .auth_arg = &s->token};

	s->l = listener_start(s->a, s->n);
	s->token = (struct token){.kind = TOKEN_PLAIN, .value = mem_strdup("canary"), .from = mem_strdup("a test"),
	    .forge = FORGE_GITHUB};
	s->f = (struct forge){.api = &forge_github, .token = &s->token};
	s->f.place = (struct forge_place){FORGE_GITHUB, mem_printf("%s/api/v3", s->l.base), mem_strdup("https://x"),
	    mem_strdup("x"), mem_strdup("ada/engine"), false};
	o.api = s->f.place.api;
	s->f.rest = rest_open(&o);
}

static void
end(struct scene *s)
{
	size_t i;

	rest_close(s->f.rest);
	token_free(&s->token);
	forge_place_free(&s->f.place);
	listener_stop(&s->l);
	for (i = 0; i < s->n; i++)
		free(s->text[i]);
}

static void
saw(struct scene *s, const char *part)
{
	AUTO(mem_free_p) char *request = listener_request(&s->l);

	if (request == NULL || strstr(request, part) == NULL)
		fail_msg("no '%s' in: %s", part, request == NULL ? "(nothing)" : request);
}

static void
fine(struct err *e)
{
	if (e != NULL)
		fail_msg("%s", err_msg(e));
}

static void
expect(struct err *e, enum err_code code, const char *part)
{
	if (!err_is(e, code) || strstr(err_msg(e), part) == NULL)
		fail_msg("%s: %s", e == NULL ? "fine" : err_row(err_code(e))->word, e == NULL ? "" : err_msg(e));
	err_free(e);
}

/* ---- issues ---- */

static void
test_issues(void **state UNUSED)
{
	struct scene s = {0};
	AUTO(forge_issues_free) struct forge_issues v = {0};
	AUTO(forge_issue_free) struct forge_issue i = {0};

	says(&s, "200 OK", "", "[" ISSUE("2", "") "," ISSUE("3", ",\"pull_request\":{}") "," ISSUE("2", "") "]");
	says(&s, "200 OK", "", ISSUE("2", ""));
	says(&s, "200 OK", "", ISSUE("3", ",\"pull_request\":{}"));
	begin(&s);
	fine(s.f.api->issues(&s.f, "a b&c", 0, &v, NULL));
	assert_int_equal(v.n, 1);
	assert_string_equal(v.v[0].author.login, "ada");
	assert_string_equal(v.v[0].author.id, "7");
	assert_string_equal(v.v[0].body, "");
	assert_string_equal(v.v[0].labels.v[0], "factory");
	assert_string_equal(v.v[0].assignees.v[0], "bob");
	assert_int_equal(v.v[0].updated - v.v[0].created, 3600);
	saw(&s, "GET /api/v3/repos/ada/engine/issues?state=open&sort=updated&direction=desc&per_page=100&labels=a%20b%26c HTTP");
	fine(s.f.api->issue(&s.f, 2, &i));
	assert_string_equal(i.id, "I_2");
	forge_issue_free(&i);
	expect(s.f.api->issue(&s.f, 3, &i), ERR_NOT_FOUND, "pull request");
	end(&s);
}

/* The same question is asked with the ETag of its answer, also one since a time. */
static void
test_poll(void **state UNUSED)
{
	struct scene s = {0};
	char dir[] = "/tmp/test_github.XXXXXX";
	struct rest_opts o = {.name = "GitHub", .dir = mkdtemp(dir)};
	bool unchanged = true;
	size_t i;

	says(&s, "200 OK", "ETag: \"a\"\r\n", "[" ISSUE("2", "") "]");
	says(&s, "304 Same", "", "");
	begin(&s);
	rest_close(s.f.rest);
	o.api = s.f.place.api;
	s.f.rest = rest_open(&o);
	for (i = 0; i < 2; i++) {
		AUTO(forge_issues_free) struct forge_issues v = {0};

		fine(s.f.api->issues(&s.f, NULL, 1800000000, &v, &unchanged));
		assert_int_equal(v.n, 1);
		assert_int_equal(unchanged, i == 1);
		saw(&s, i == 0 ? "&since=2027-01-15T08%3A00%3A00Z HTTP" : "If-None-Match: \"a\"");
	}
	end(&s);
	assert_null(tree_remove(AT_FDCWD, dir));
}

/* THREATS 1, 2: asked of the permission's own address, and the answer is about who was asked for. */
static void
test_role(void **state UNUSED)
{
	struct scene s = {0};
	enum forge_role role = ROLE_ADMIN;

	says(&s, "200 OK", "", "{\"permission\":\"write\",\"role_name\":\"maintain\",\"user\":" USER("Bob") "}");
	says(&s, "200 OK", "", "{\"permission\":\"read\",\"role_name\":\"our own\",\"user\":" USER("bob") "}");
	says(&s, "404 No", "", "{\"message\":\"Not Found\"}");
	says(&s, "200 OK", "", "{\"permission\":\"admin\",\"role_name\":\"admin\",\"user\":" USER("ada") "}");
	says(&s, "403 No", "", "{\"message\":\"Must have push access\"}");
	begin(&s);
	fine(s.f.api->role(&s.f, &(struct forge_user){.login = (char *)"bob", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_MAINTAIN);
	saw(&s, "GET /api/v3/repos/ada/engine/collaborators/bob/permission HTTP");
	fine(s.f.api->role(&s.f, &(struct forge_user){.login = (char *)"bob", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_READ);
	fine(s.f.api->role(&s.f, &(struct forge_user){.login = (char *)"nobody", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_NONE);
	role = ROLE_READ;
	expect(s.f.api->role(&s.f, &(struct forge_user){.login = (char *)"bob", .id = (char *)""}, &role), ERR_PROTOCOL, "another");
	expect(s.f.api->role(&s.f, &(struct forge_user){.login = (char *)"../../user", .id = (char *)""}, &role), ERR_AUTH, "push access");
	assert_int_equal(role, ROLE_READ);
	fine(s.f.api->role(&s.f, &(struct forge_user){.login = (char *)"", .id = (char *)""}, &role));
	assert_int_equal(role, ROLE_NONE);
	end(&s);
}

/* THREATS 3, 4: edits and labels in one order; in the same second the edit came after. */
static void
test_events(void **state UNUSED)
{
	struct scene s = {0};
	AUTO(forge_events_free) struct forge_events v = {0};

	says(&s, "200 OK", "", "{\"data\":{\"repository\":{\"issue\":{\"createdAt\":\"2026-11-21T10:00:00Z\","
	    "\"lastEditedAt\":\"2026-11-21T10:00:09Z\",\"editor\":{\"__typename\":\"User\",\"login\":\"eve\"},"
	    "\"userContentEdits\":{\"nodes\":[{\"editedAt\":\"2026-11-21T10:00:05Z\",\"editor\":null},"
	    "{\"editedAt\":\"2026-11-21T10:00:00Z\",\"editor\":null}]},"
	    "\"timelineItems\":{\"pageInfo\":{\"hasNextPage\":true,\"endCursor\":\"c1\"},\"nodes\":["
	    "{\"__typename\":\"LabeledEvent\",\"createdAt\":\"2026-11-21T10:00:05Z\",\"label\":{\"name\":\"factory\"},"
	    "\"actor\":{\"__typename\":\"Bot\",\"login\":\"renovate\",\"databaseId\":29}}]}}}}}");
	says(&s, "200 OK", "", "{\"data\":{\"repository\":{\"issue\":{\"createdAt\":\"2026-11-21T10:00:00Z\","
	    "\"lastEditedAt\":\"2026-11-21T10:00:09Z\",\"editor\":null,\"userContentEdits\":null,"
	    "\"timelineItems\":{\"pageInfo\":{\"hasNextPage\":false,\"endCursor\":null},\"nodes\":["
	    "{\"__typename\":\"Unheard\"},{\"__typename\":\"AssignedEvent\",\"createdAt\":\"2026-11-21T10:00:07Z\","
	    "\"assignee\":{\"login\":\"robo\"},\"actor\":{\"__typename\":\"User\",\"login\":\"ada\"}}]}}}}}");
	begin(&s);
	fine(s.f.api->issue_events(&s.f, 2, &v));
	saw(&s, "POST /api/graphql HTTP");
	saw(&s, "\"after\":\"c1\"");
	assert_int_equal(v.n, 4);
	assert_int_equal(v.v[0].deed, DEED_LABELED);
	assert_string_equal(v.v[0].what, "factory");
	assert_string_equal(v.v[0].who.login, "renovate[bot]");
	assert_true(v.v[0].who.bot);
	assert_int_equal(v.v[1].deed, DEED_EDITED);
	assert_int_equal(v.v[1].when, v.v[0].when);
	assert_int_equal(v.v[2].deed, DEED_ASSIGNED);
	assert_string_equal(v.v[2].what, "robo");
	assert_int_equal(v.v[3].deed, DEED_EDITED);
	assert_string_equal(v.v[3].who.login, "eve");
	end(&s);
}

static void
test_graphql_errors(void **state UNUSED)
{
	struct scene s = {0};
	AUTO(forge_events_free) struct forge_events v = {0};
	struct forge_pull p = {.number = 5, .id = (char *)(uintptr_t)"PR_5"};
	struct forge_merge m = {.head_sha = SHA, .title = "t"};

	says(&s, "200 OK", "", "{\"data\":{\"repository\":{\"issue\":null}},\"errors\":[{\"type\":\"NOT_FOUND\",\"message\":\"no issue\"}]}");
	says(&s, "200 OK", "", "{\"errors\":[{\"type\":\"FORBIDDEN\",\"message\":\"not accessible\"}]}");
	says(&s, "200 OK", "", "{\"data\":{\"repository\":null}}");
	says(&s, "200 OK", "", "{\"errors\":[{\"type\":\"UNPROCESSABLE\",\"message\":\"Pull request is in clean status\"}]}");
	says(&s, "200 OK", "", "{\"errors\":[{\"type\":\"UNPROCESSABLE\",\"message\":\"Head branch was modified\"}]}");
	says(&s, "200 OK", "", "{\"data\":{\"enablePullRequestAutoMerge\":{\"pullRequest\":{\"number\":5}}}}");
	begin(&s);
	expect(s.f.api->issue_events(&s.f, 2, &v), ERR_NOT_FOUND, "no issue");
	expect(s.f.api->issue_events(&s.f, 2, &v), ERR_AUTH, "not accessible");
	expect(s.f.api->issue_events(&s.f, 2, &v), ERR_NOT_FOUND, "none of this number");
	expect(s.f.api->auto_merge(&s.f, &p, &m), ERR_STATE, "clean status");
	expect(s.f.api->auto_merge(&s.f, &p, &m), ERR_STALE, "modified");
	fine(s.f.api->auto_merge(&s.f, &p, &m));
	saw(&s, "userContentEdits");
	end(&s);
}

/* ---- pull requests ---- */

/* The filter of the forge is not believed, and an open one goes before a newer closed one. */
static void
test_by_head(void **state UNUSED)
{
	struct scene s = {0};
	AUTO(forge_pull_free) struct forge_pull p = {0};
	struct forge_pull none = {0};

	says(&s, "200 OK", "", "[" PULL("9", "closed", "null", "") "," PULL("5", "open", "null", "") ","
	    PULL("4", "closed", "\"2026-11-21T12:00:00Z\"", "") "]");
	says(&s, "200 OK", "", "[" PULL("9", "open", "null", "") "]");
	begin(&s);
	fine(s.f.api->pull_by_head(&s.f, "factory/x", "main", &p));
	assert_int_equal(p.number, 5);
	assert_int_equal(p.state, FORGE_OPEN);
	assert_string_equal(p.merge_sha, "");
	assert_string_equal(p.reviewers.v[0], "ada");
	saw(&s, "&head=ada:factory%2Fx&base=main HTTP");
	expect(s.f.api->pull_by_head(&s.f, "factory/y", NULL, &none), ERR_NOT_FOUND, "factory/y");
	end(&s);
}

/* FORGES 3: one that is there is told apart from all else that 422 means. */
static void
test_add(void **state UNUSED)
{
	struct scene s = {0};
	struct forge_new_pull new = {"t", "b", "factory/x", "main", true};
	AUTO(forge_pull_free) struct forge_pull p = {0};

	says(&s, "422 No", "", "{\"message\":\"Validation Failed\",\"errors\":[{\"resource\":\"PullRequest\",\"code\":\"custom\","
	    "\"message\":\"A pull request already exists for ada:factory/x.\"}]}");
	says(&s, "422 No", "", "{\"message\":\"Validation Failed\",\"errors\":[{\"resource\":\"PullRequest\",\"field\":\"head\",\"code\":\"invalid\"}]}");
	says(&s, "502 Bad", "", "");
	says(&s, "201 Made", "", PULL("6", "open", "null", ",\"mergeable\":null,\"mergeable_state\":\"behind\""));
	begin(&s);
	expect(s.f.api->pull_add(&s.f, &new, &p), ERR_EXISTS, "already exists");
	expect(s.f.api->pull_add(&s.f, &new, &p), ERR_STATE, "head invalid");
	expect(s.f.api->pull_add(&s.f, &new, &p), ERR_SERVER, "502");
	fine(s.f.api->pull_add(&s.f, &new, &p));
	assert_int_equal(p.number, 6);
	assert_int_equal(p.mergeable, TRI_UNKNOWN);
	assert_true(p.behind);
	saw(&s, "{\"title\":\"t\",\"head\":\"factory/x\",\"base\":\"main\",\"body\":\"b\",\"draft\":true,\"maintainer_can_modify\":true}");
	end(&s);
}

/* FORGES 14: with the head that was tested, or not at all. */
static void
test_merge(void **state UNUSED)
{
	struct scene s = {0};
	bool behind = false;
	struct forge_merge m = {SHA, FORGE_SQUASH, "a title", "a message", true, &behind};
	AUTO(mem_free_p) char *sha = NULL;

	says(&s, "409 No", "", "{\"message\":\"Head branch was modified. Review and try the merge again.\"}");
	says(&s, "405 No", "", "{\"message\":\"Pull Request is not mergeable\"}");
	says(&s, "409 No", "", "{\"message\":\"Head branch is out of date. Review and try the merge again.\"}");
	says(&s, "200 OK", "", "{\"merged\":true,\"message\":\"done\",\"sha\":\"" SHA "\"}");
	says(&s, "200 OK", "", PULL("5", "closed", "\"2026-11-21T12:00:00Z\"", ",\"merged_by\":" USER("ada")));
	says(&s, "204 Gone", "", "");
	begin(&s);
	expect(s.f.api->merge(&s.f, 5, &m, &sha), ERR_STALE, "modified");
	expect(s.f.api->merge(&s.f, 5, &m, &sha), ERR_STATE, "not mergeable");
	assert_false(behind);
	expect(s.f.api->merge(&s.f, 5, &m, &sha), ERR_STATE, "out of date");
	assert_true(behind);
	assert_null(sha);
	fine(s.f.api->merge(&s.f, 5, &m, &sha));
	assert_string_equal(sha, SHA);
	saw(&s, "PUT /api/v3/repos/ada/engine/pulls/5/merge HTTP");
	saw(&s, "\"sha\":\"" SHA "\"");
	saw(&s, "\"merge_method\":\"squash\"");
	saw(&s, "\"commit_title\":\"a title\"");
	saw(&s, "GET /api/v3/repos/ada/engine/pulls/5 HTTP");
	saw(&s, "DELETE /api/v3/repos/ada/engine/git/refs/heads/factory/x HTTP");
	end(&s);
}

/* A branch that is gone is fine, one that may not go is told. */
static void
test_branch_delete(void **state UNUSED)
{
	struct scene s = {0};

	says(&s, "422 No", "", "{\"message\":\"Reference does not exist\"}");
	says(&s, "422 No", "", "{\"message\":\"Cannot delete protected branch\"}");
	begin(&s);
	fine(s.f.api->branch_delete(&s.f, "factory/x"));
	expect(s.f.api->branch_delete(&s.f, "factory/x"), ERR_STATE, "protected");
	end(&s);
}

/* ---- checks ---- */

#define RUN(name, status, conclusion, app) "{\"name\":\"" name "\",\"status\":\"" status "\",\"conclusion\":" conclusion \
	",\"html_url\":null,\"output\":{\"title\":null},\"app\":{\"id\":" app "}}"

static const struct forge_check *
check(const struct forge_checks *v, const char *name)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		if (strcmp(v->v[i].name, name) == 0)
			return &v->v[i];
	fail_msg("no check '%s'", name);
	return NULL;
}

/* FORGES 15: a required one that is missing, or by another App, is not green. */
static void
test_checks(void **state UNUSED)
{
	struct scene s = {0};
	AUTO(forge_checks_free) struct forge_checks v = {0};

	says(&s, "200 OK", "", "{\"total_count\":3,\"check_runs\":[" RUN("build", "completed", "\"success\"", "1") ","
	    RUN("test", "completed", "\"timed_out\"", "1") "," RUN("forged", "completed", "\"success\"", "2") "," RUN("slow", "in_progress", "null", "1") "]}");
	says(&s, "200 OK", "", "{\"state\":\"success\",\"statuses\":[{\"context\":\"ci/x\",\"state\":\"error\",\"target_url\":null,\"description\":\"d\"}]}");
	says(&s, "200 OK", "", "{\"protected\":true,\"protection\":{\"enabled\":true,\"required_status_checks\":{\"enforcement_level\":\"everyone\","
	    "\"contexts\":[\"build\",\"absent\"],\"checks\":[{\"context\":\"build\",\"app_id\":1},{\"context\":\"absent\",\"app_id\":null}]}}}");
	says(&s, "200 OK", "", "[{\"type\":\"deletion\"},{\"type\":\"required_status_checks\",\"parameters\":{\"required_status_checks\":"
	    "[{\"context\":\"forged\",\"integration_id\":1}]}}]");
	begin(&s);
	fine(s.f.api->checks(&s.f, SHA, "main", &v));
	assert_int_equal(check(&v, "build")->state, CHECK_SUCCESS);
	assert_true(check(&v, "build")->required);
	assert_int_equal(check(&v, "test")->state, CHECK_TIMED_OUT);
	assert_false(check(&v, "test")->required);
	assert_int_equal(check(&v, "slow")->state, CHECK_PENDING);
	assert_int_equal(check(&v, "ci/x")->state, CHECK_FAILURE);
	assert_int_equal(check(&v, "absent")->state, CHECK_UNKNOWN);
	assert_true(check(&v, "absent")->required);
	assert_int_equal(v.n, 7);
	assert_string_equal(v.v[6].name, "forged");
	assert_int_equal(v.v[6].state, CHECK_UNKNOWN);
	end(&s);
}

static void
test_checks_denied(void **state UNUSED)
{
	struct scene s = {0};
	AUTO(forge_checks_free) struct forge_checks v = {0};

	says(&s, "403 No", "", "{\"message\":\"Resource not accessible by personal access token\"}");
	says(&s, "200 OK", "", "{\"statuses\":[]}");
	says(&s, "200 OK", "", "{\"protected\":false}");
	says(&s, "403 No", "", "{\"message\":\"Upgrade to GitHub Pro or make this repository public to enable this feature.\"}");
	begin(&s);
	fine(s.f.api->checks(&s.f, SHA, "main", &v));
	assert_int_equal(v.n, 1);
	assert_int_equal(check(&v, "check runs")->state, CHECK_UNKNOWN);
	assert_true(check(&v, "check runs")->required);
	end(&s);
}

/* ---- rights ---- */

static void
test_rights_classic(void **state UNUSED)
{
	struct scene s = {0};
	AUTO(strs_free) struct strs missing = {0};

	says(&s, "200 OK", "X-OAuth-Scopes: public_repo, read:org\r\n",
	    "{\"private\":true,\"permissions\":{\"push\":true},\"default_branch\":\"main\"}");
	begin(&s);
	fine(s.f.api->rights(&s.f, NEED_PUSH | NEED_WORKFLOWS, &missing));
	assert_int_equal(missing.n, 2);
	assert_string_equal(missing.v[0], "the scope 'repo', to push branches");
	assert_string_equal(missing.v[1], "the scope 'workflow', to push changes of workflow files");
	end(&s);
}

static void
test_rights_tried(void **state UNUSED)
{
	struct scene s = {0};
	AUTO(strs_free) struct strs missing = {0};

	says(&s, "200 OK", "", "{\"private\":true,\"permissions\":{\"push\":false}}");
	says(&s, "422 No", "", "{\"message\":\"Object does not exist\"}");
	says(&s, "403 No", "", "{\"message\":\"Resource not accessible by personal access token\"}");
	begin(&s);
	fine(s.f.api->rights(&s.f, NEED_PUSH | NEED_STATUS, &missing));
	assert_int_equal(missing.n, 2);
	assert_non_null(strstr(missing.v[0], "role 'write'"));
	assert_string_equal(missing.v[1], "the permission 'statuses: write', to set a status");
	end(&s);
}

/* ---- who, and what is no answer ---- */

static void
test_guarded(void **state UNUSED)
{
	struct scene s = {0};
	struct forge_guard guard = {0};

	says(&s, "200 OK", "", "[{\"type\":\"required_status_checks\",\"parameters\":{\"strict_required_status_checks_policy\":true,"
	    "\"required_status_checks\":[{\"context\":\"ci\"},{\"context\":\"git-factory\"}]}}]");
	/* Two rules that make it together; one that lacks a half; what may not be read. */
	says(&s, "200 OK", "", "[{\"type\":\"deletion\"},{\"type\":\"required_status_checks\",\"parameters\":{"
	    "\"strict_required_status_checks_policy\":false,\"required_status_checks\":[{\"context\":\"git-factory\"}]}}]");
	says(&s, "200 OK", "", "{\"required_status_checks\":{\"strict\":true,\"contexts\":[\"ci\"],\"checks\":[]}}");
	says(&s, "200 OK", "", "[]");
	says(&s, "200 OK", "", "{\"required_status_checks\":{\"strict\":true,\"contexts\":[\"ci\"],\"checks\":[]}}");
	says(&s, "200 OK", "", "[]");
	says(&s, "403 No", "", "{\"message\":\"Resource not accessible\"}");
	begin(&s);
	fine(s.f.api->guarded(&s.f, "main", "git-factory", &guard));
	assert_true(guard.status && guard.whole);
	guard = (struct forge_guard){0};
	fine(s.f.api->guarded(&s.f, "main", "git-factory", &guard));
	assert_true(guard.status && guard.whole);
	fine(s.f.api->guarded(&s.f, "main", "git-factory", &guard));
	assert_true(!guard.status && guard.whole);
	fine(s.f.api->guarded(&s.f, "main", "git-factory", &guard));
	assert_false(guard.status || guard.whole);
	end(&s);
}

static void
test_whoami(void **state UNUSED)
{
	struct scene s = {0};
	AUTO(forge_user_free) struct forge_user u = {0}, v = {0};

	says(&s, "200 OK", "", USER("robo"));
	says(&s, "403 No", "", "{\"message\":\"Resource not accessible by integration\"}");
	says(&s, "200 OK", "", "{\"data\":{\"viewer\":{\"__typename\":\"User\",\"login\":\"app[bot]\",\"databaseId\":9}}}");
	begin(&s);
	fine(s.f.api->whoami(&s.f, &u));
	assert_string_equal(u.login, "robo");
	assert_false(u.bot);
	saw(&s, "Authorization: Bearer canary");
	fine(s.f.api->whoami(&s.f, &v));
	assert_string_equal(v.login, "app[bot]");
	assert_true(v.bot);
	end(&s);
}

/* Answers of other shapes are errors at their place, and never more. */
static void
test_hostile(void **state UNUSED)
{
	static const char *const bad[] = {"null", "[]", "7", "\"x\"", "{}", "{\"number\":-1}", "{\"number\":\"1\"}",
	    "{\"number\":1,\"node_id\":[]}", "[[[]]]", "{\"number\":9223372036854775807,\"node_id\":\"\",\"title\":{}}"};
	size_t i;

	for (i = 0; i < NITEMS(bad); i++) {
		AUTO(arena_free) struct arena mem = {0};
		struct node *n;
		struct forge_issue issue = {0};
		struct forge_pull p = {0};
		struct forge_review r = {0};
		struct forge_check c = {0};
		AUTO(forge_events_free) struct forge_events v = {0};

		assert_null(json_parse(&mem, "t", str_of(bad[i]), &n));
		expect(gh_read_issue(n, &issue), ERR_SYNTAX, "");
		expect(gh_read_pull(n, &p), ERR_SYNTAX, "");
		expect(gh_read_review(n, &r), ERR_SYNTAX, "");
		expect(gh_read_run(n, &c), ERR_SYNTAX, "");
		expect(gh_read_events(n, &v), ERR_SYNTAX, "");
		assert_null(issue.id);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_issues),
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_role),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_graphql_errors),
		cmocka_unit_test(test_by_head),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_branch_delete),
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_checks_denied),
		cmocka_unit_test(test_rights_classic),
		cmocka_unit_test(test_rights_tried),
		cmocka_unit_test(test_guarded),
		cmocka_unit_test(test_whoami),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
