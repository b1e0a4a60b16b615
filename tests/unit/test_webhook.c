/* webhook: signatures of every forge, right and wrong; what events are about. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "forge/webhook.h"
#include "wire/json.h"

#define HELLO "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define NOW 1700000000

/* Pairs of name and value; the last name is NULL. */
static const char *
header(void *arg, const char *name)
{
	const char *const *h = arg;

	for (; h[0] != NULL; h += 2)
		if (strcmp(h[0], name) == 0)
			return h[1];
	return NULL;
}

static struct hook_keys *
keys_of(const char *const values[], size_t n)
{
	struct hook_keys *k = hook_keys_new();
	size_t i;

	for (i = 0; i < n; i++) {
		AUTO(mem_free_p) char *name = mem_printf("TEST_HOOK_%zu", i);

		setenv(name, values[i], 1);
		assert_null(hook_keys_add(k, name));
		unsetenv(name);
	}
	return k;
}

static void
believed(const char *key, const char *const h[], const char *body, enum hook_from from, const char *event,
    const char *id)
{
	const char *const both[] = {"an older key, still in use", key};
	AUTO(hook_keys_free_p) struct hook_keys *k = keys_of(both, 2);
	AUTO(hook_delivery_free) struct hook_delivery d = {0};
	struct err *e = webhook_check(k, header, (void *)h, str_of(body), NOW, &d);

	if (e != NULL)
		print_error("%s\n", err_msg(e));
	assert_null(e);
	assert_int_equal(d.from, from);
	assert_string_equal(d.event, event);
	assert_string_equal(d.id, id);
}

static void
refused(const char *key, const char *const h[], const char *body, enum err_code code, const char *why)
{
	AUTO(hook_keys_free_p) struct hook_keys *k = keys_of(&key, 1);
	struct hook_delivery d = {.event = (char *)"untouched"};
	struct err *e = webhook_check(k, header, (void *)h, str_of(body), NOW, &d);

	assert_non_null(e);
	assert_int_equal(err_code(e), code);
	if (strstr(err_msg(e), why) == NULL)
		fail_msg("'%s' lacks '%s'", err_msg(e), why);
	assert_null(strstr(err_msg(e), key));
	assert_string_equal(d.event, "untouched");
	err_free(e);
}

#define SECRET "It's a Secret to Everybody"
#define H(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The vector of GitHub's documentation. */
static void
test_github(void **state)
{
	(void)state;
	believed(SECRET, H("x-github-event", "issues", "x-github-delivery", "72d3162e-cc78",
	    "x-hub-signature-256", "sha256=" HELLO), "Hello, World!", HOOK_GITHUB, "issues", "72d3162e-cc78");
	refused(SECRET, H("x-github-event", "issues", "x-hub-signature-256", "sha256=" HELLO), "Hello, World", ERR_AUTH,
	    "signature by no key of ours");
	refused("another secret", H("x-github-event", "issues", "x-hub-signature-256", "sha256=" HELLO),
	    "Hello, World!", ERR_AUTH, "signature by no key of ours");
	refused(SECRET, H("x-github-event", "issues"), "Hello, World!", ERR_AUTH, "no signature");
	refused(SECRET, H("x-github-event", "issues", "x-hub-signature-256", "sha256="), "Hello, World!", ERR_AUTH,
	    "no signature");
	refused(SECRET, H("x-github-event", "issues", "x-hub-signature-256", HELLO), "Hello, World!", ERR_AUTH,
	    "another form");
	refused(SECRET, H("x-github-event", "issues", "x-hub-signature", "sha1=" HELLO), "Hello, World!", ERR_AUTH,
	    "no signature");
	refused(SECRET, H("x-hub-signature-256", "sha256=" HELLO), "Hello, World!", ERR_SYNTAX, "no webhook");
}

/* A Gitea that signs, as it sends: the headers of GitHub are there too. */
static void
test_gitea(void **state)
{
	(void)state;
	believed(SECRET, H("x-github-event", "push", "x-github-delivery", "1", "x-hub-signature-256", "sha256=" HELLO,
	    "x-gitea-event", "push", "x-gitea-delivery", "2", "x-gitea-signature", HELLO), "Hello, World!", HOOK_GITEA,
	    "push", "2");
	believed(SECRET, H("x-github-event", "push", "x-gitea-event", "push", "x-gitea-delivery", "2",
	    "x-gitea-signature", HELLO, "x-forgejo-event", "push", "x-forgejo-delivery", "3", "x-forgejo-signature",
	    HELLO), "Hello, World!", HOOK_FORGEJO, "push", "3");
	/* Without a secret it sends an empty signature. */
	refused(SECRET, H("x-gitea-event", "push", "x-gitea-signature", "", "x-github-event", "push",
	    "x-hub-signature-256", "sha256="), "Hello, World!", ERR_AUTH, "no signature");
	/* A good signature in the headers of another forge does not help. */
	refused(SECRET, H("x-gitea-event", "push", "x-gitea-signature", "00", "x-github-event", "push",
	    "x-hub-signature-256", "sha256=" HELLO), "Hello, World!", ERR_AUTH, "another form");
}

static void
test_gitlab_token(void **state)
{
	(void)state;
	believed(SECRET, H("x-gitlab-event", "Issue Hook", "x-gitlab-token", SECRET, "idempotency-key", "f5e5f430"), "{}",
	    HOOK_GITLAB, "Issue Hook", "f5e5f430");
	/* Older ones have no key of idempotency, and the oldest no id at all. */
	believed(SECRET, H("x-gitlab-event", "Issue Hook", "x-gitlab-token", SECRET, "x-gitlab-event-uuid", "e1",
	    "x-gitlab-webhook-uuid", "w1"), "{}", HOOK_GITLAB, "Issue Hook", "w1");
	believed(SECRET, H("x-gitlab-event", "Issue Hook", "x-gitlab-token", SECRET), "abc", HOOK_GITLAB, "Issue Hook",
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	refused(SECRET, H("x-gitlab-event", "Issue Hook", "x-gitlab-token", "It's a Secret"), "{}", ERR_AUTH,
	    "another token");
	refused(SECRET, H("x-gitlab-event", "Issue Hook", "x-gitlab-token", ""), "{}", ERR_AUTH, "no token");
	refused(SECRET, H("x-gitlab-event", "Issue Hook"), "{}", ERR_AUTH, "no token");
}

/* Computed apart, by python's hmac: key 32 times 'k', "msg_1.<time>.{}" */
#define STANDARD "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
#define MAC_NOW "3sOcjp9LSFloZNG4djSBtbk6gHDplP0wungD5l+W7DU="
#define MAC_OLD "lcjDjhJXdVVbnzup264BYb/uKPBrIWZcPrho60gymR8="

static void
test_gitlab_signed(void **state)
{
	const char *other = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	AUTO(mem_free_p) char *several = mem_printf("%s v2,zz v1,%s", other, MAC_NOW);

	(void)state;
	believed(STANDARD, H("x-gitlab-event", "Note Hook", "webhook-id", "msg_1", "webhook-timestamp", "1700000000",
	    "webhook-signature", "v1," MAC_NOW, "idempotency-key", "not signed"), "{}", HOOK_GITLAB, "Note Hook", "msg_1");
	believed(STANDARD, H("x-gitlab-event", "Note Hook", "webhook-id", "msg_1", "webhook-timestamp", "1700000000",
	    "webhook-signature", several), "{}", HOOK_GITLAB, "Note Hook", "msg_1");
	/* The time and the id are part of what is signed. */
	refused(STANDARD, H("x-gitlab-event", "Note Hook", "webhook-id", "msg_2", "webhook-timestamp", "1700000000",
	    "webhook-signature", "v1," MAC_NOW), "{}", ERR_AUTH, "by no key");
	refused(STANDARD, H("x-gitlab-event", "Note Hook", "webhook-id", "msg_1", "webhook-timestamp", "1700000001",
	    "webhook-signature", "v1," MAC_NOW), "{}", ERR_AUTH, "by no key");
	refused(STANDARD, H("x-gitlab-event", "Note Hook", "webhook-id", "msg_1", "webhook-timestamp", "1699999699",
	    "webhook-signature", "v1," MAC_OLD), "{}", ERR_AUTH, "signed 301 s ago");
	refused(STANDARD, H("x-gitlab-event", "Note Hook", "webhook-id", "msg_1", "webhook-timestamp", "soon",
	    "webhook-signature", "v1," MAC_NOW), "{}", ERR_AUTH, "without an id and a time");
	refused(STANDARD, H("x-gitlab-event", "Note Hook", "webhook-timestamp", "1700000000", "webhook-signature",
	    "v1," MAC_NOW), "{}", ERR_AUTH, "without an id and a time");
	/* The signing token is no token to be sent. */
	refused(STANDARD, H("x-gitlab-event", "Note Hook", "x-gitlab-token", STANDARD), "{}", ERR_AUTH, "another token");
	refused(STANDARD, H("x-gitlab-event", "Note Hook", "x-gitlab-token", STANDARD, "webhook-signature", other,
	    "webhook-id", "msg_1", "webhook-timestamp", "1700000000"), "{}", ERR_AUTH, "by no key");
	/* A hook with both, of a server that only has the token. */
	believed(SECRET, H("x-gitlab-event", "Note Hook", "x-gitlab-token", SECRET, "webhook-id", "msg_1",
	    "webhook-timestamp", "1", "webhook-signature", other), "{}", HOOK_GITLAB, "Note Hook", "msg_1");
}

#define LINEAR_NOW "{\"type\":\"Issue\",\"webhookTimestamp\":1700000000123}"
#define LINEAR_OLD "{\"type\":\"Issue\",\"webhookTimestamp\":1600000000123}"

static void
test_linear(void **state)
{
	(void)state;
	believed(SECRET, H("linear-event", "Issue", "linear-delivery", "d1", "linear-signature", "caea408818f03efc66a30cf595f60fa9bcdd390233f151efd487d5a8cd00dad6"), LINEAR_NOW,
	    HOOK_LINEAR, "Issue", "d1");
	refused(SECRET, H("linear-event", "Issue", "linear-delivery", "d1", "linear-signature", "366ed0dfb06b8485d0d78c1721984e03a4acee9211e848e99cdf58557f5653be"), LINEAR_OLD,
	    ERR_AUTH, "signed 100000000 s ago");
	refused(SECRET, H("linear-event", "Issue", "linear-delivery", "d1", "linear-signature", "50b0123e6e44430d2c43ecca0ee520d961ffd326425c07859f70a57161c3ebcd"), "{}", ERR_AUTH,
	    "does not say when");
	refused(SECRET, H("linear-event", "Issue", "linear-delivery", "d1", "linear-signature", "caea408818f03efc66a30cf595f60fa9bcdd390233f151efd487d5a8cd00dad6"), LINEAR_OLD,
	    ERR_AUTH, "by no key");
}

/* What becomes a file's name or a line of a log is short and prints. */
static void
test_words(void **state)
{
	AUTO(mem_free_p) char *lengthy = mem_printf("%0200d", 7);
	const char *const bad[] = {"", "../x", "a/b", "a\nb", "\x1b[2J", "\xc3\xa4", lengthy};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(bad); i++) {
		refused(SECRET, H("x-github-event", "issues", "x-github-delivery", bad[i], "x-hub-signature-256",
		    "sha256=" HELLO), "Hello, World!", ERR_SYNTAX, "delivery id of a webhook is no short");
		refused(SECRET, H("x-github-event", bad[i], "x-github-delivery", "1", "x-hub-signature-256",
		    "sha256=" HELLO), "Hello, World!", ERR_SYNTAX, "event of a webhook is no short");
	}
}

static void
test_keys(void **state)
{
	static const char *const bad[][2] = {{NULL, "is not set"}, {"", "is not set"}, {"short", "is too short"},
	    {"whsec_not/base64", "is no base64"}, {"whsec_", "is too short"}};
	AUTO(hook_keys_free_p) struct hook_keys *k = hook_keys_new();
	struct hook_delivery d = {0};
	struct err *e;
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(bad); i++) {
		AUTO(hook_keys_free_p) struct hook_keys *none = hook_keys_new();

		if (bad[i][0] != NULL)
			setenv("TEST_HOOK", bad[i][0], 1);
		e = hook_keys_add(none, "TEST_HOOK");
		assert_int_equal(err_code(e), ERR_CONFIG);
		assert_non_null(strstr(err_msg(e), bad[i][1]));
		err_free(e);
	}
	unsetenv("TEST_HOOK");
	e = webhook_check(k, header, (void *)H("x-gitea-event", "push", "x-gitea-signature", HELLO),
	    STR("Hello, World!"), NOW, &d);
	assert_int_equal(err_code(e), ERR_AUTH);
	err_free(e);
}

/* "what action project sender issue pull comment|command|label|ref|head" */
static void
says(enum hook_from from, const char *event, const char *body, const char *want)
{
	AUTO(hook_event_free) struct hook_event h = {0};
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);
	struct err *e = webhook_parse(from, event, str_of(body), &h);

	if (e != NULL)
		print_error("%s\n", err_msg(e));
	assert_null(e);
	buf_addf(&b, "%s %s %s %s %lld %lld %s|%s|%s|%s|%s", hook_what_name(h.what), h.action, h.project, h.sender,
	    (long long)h.issue, (long long)h.pull, h.comment, h.command, h.label, h.ref, h.head);
	assert_string_equal(buf_cstr(&b), want);
}

#define SHA "da1560886d4f094c3e6c9ef40349f7d38b5d27d7"
#define REPO "\"repository\":{\"full_name\":\"o/r\"},\"sender\":{\"login\":\"ann\"}"

static void
test_events_github(void **state)
{
	(void)state;
	says(HOOK_GITHUB, "issues", "{\"action\":\"labeled\",\"issue\":{\"number\":42},\"label\":{\"name\":\"factory\"}," REPO "}",
	    "issue labeled o/r ann 42 0 ||factory||");
	says(HOOK_GITHUB, "issue_comment", "{\"action\":\"created\",\"issue\":{\"number\":42,\"pull_request\":null},"
	    "\"comment\":{\"id\":7,\"body\":\"/factory run abc \\r\\nand more\"}," REPO "}",
	    "comment created o/r ann 42 0 7|/factory run abc|||");
	says(HOOK_GITHUB, "issue_comment", "{\"action\":\"created\",\"issue\":{\"number\":42,\"pull_request\":{\"url\":\"u\"}},"
	    "\"comment\":{\"id\":7,\"body\":\"/factorybot run\"}," REPO "}", "comment created o/r ann 0 42 7||||");
	/* An edited comment commands nothing. */
	says(HOOK_GITHUB, "issue_comment", "{\"action\":\"edited\",\"issue\":{\"number\":42},"
	    "\"comment\":{\"id\":7,\"body\":\"/factory run\"}," REPO "}", "ignored edited o/r ann 42 0 7||||");
	/* Nor does what the factory writes itself, of which it would hear again and again. */
	says(HOOK_GITHUB, "issue_comment", "{\"action\":\"created\",\"issue\":{\"number\":42},"
	    "\"comment\":{\"id\":7,\"body\":\"<!-- git-factory:task=k3xq7abc told=01 -->\\n/factory run\"}," REPO "}",
	    "ignored created o/r ann 42 0 7||||");
	says(HOOK_GITHUB, "pull_request", "{\"action\":\"closed\",\"number\":9,\"pull_request\":{\"number\":9,\"head\":{\"sha\":\"" SHA "\"}}," REPO "}",
	    "pull closed o/r ann 0 9 ||||" SHA);
	says(HOOK_GITHUB, "pull_request_review", "{\"action\":\"submitted\",\"pull_request\":{\"number\":9},"
	    "\"review\":{\"id\":80,\"body\":\"/factory revise shorter\"}," REPO "}",
	    "review submitted o/r ann 0 9 80|/factory revise shorter|||");
	says(HOOK_GITHUB, "check_run", "{\"action\":\"completed\",\"check_run\":{\"head_sha\":\"" SHA "\",\"check_suite\":{\"head_sha\":\"x\"},"
	    "\"pull_requests\":[{\"number\":3},{\"number\":4}]}," REPO "}", "checks completed o/r ann 0 3 ||||" SHA);
	says(HOOK_GITHUB, "status", "{\"id\":1,\"sha\":\"" SHA "\"," REPO "}", "checks  o/r ann 0 0 ||||" SHA);
	says(HOOK_GITEA, "status", "{\"context\":\"ci/git-factory\",\"sha\":\"" SHA "\"," REPO "}", "checks  o/r ann 0 0 ||||" SHA);
	/* Of what we write ourselves, and of what means nothing to us. */
	says(HOOK_GITEA, "status", "{\"context\":\"git-factory\",\"sha\":\"" SHA "\"," REPO "}", "ignored  o/r ann 0 0 ||||" SHA);
	says(HOOK_GITEA, "pull_request", "{\"action\":\"label_updated\",\"number\":5,\"pull_request\":{\"number\":5}," REPO "}",
	    "ignored label_updated o/r ann 0 5 ||||");
	says(HOOK_GITHUB, "pull_request", "{\"action\":\"unlabeled\",\"number\":5,\"pull_request\":{\"number\":5}," REPO "}",
	    "ignored unlabeled o/r ann 0 5 ||||");
	says(HOOK_GITHUB, "push", "{\"ref\":\"refs/heads/main\",\"after\":\"" SHA "\"," REPO "}",
	    "push  o/r ann 0 0 |||refs/heads/main|" SHA);
	says(HOOK_GITHUB, "push", "{\"ref\":\"refs/heads/x\",\"after\":\"0000000000000000000000000000000000000000\"," REPO "}",
	    "push  o/r ann 0 0 |||refs/heads/x|");
	says(HOOK_GITHUB, "ping", "{\"zen\":\"x\"," REPO "}", "ping  o/r ann 0 0 ||||");
	says(HOOK_GITHUB, "star", "this is not even JSON", "ignored    0 0 ||||");
}

/* Gitea's words, as its modules/structs/hook.go has them. */
static void
test_events_gitea(void **state)
{
	(void)state;
	says(HOOK_GITEA, "issues", "{\"action\":\"label_updated\",\"number\":5,\"issue\":{\"id\":77,\"number\":5}," REPO "}",
	    "issue label_updated o/r ann 5 0 ||||");
	says(HOOK_FORGEJO, "issue_comment", "{\"action\":\"created\",\"issue\":{\"number\":6,\"pull_request\":{\"merged\":false}},"
	    "\"comment\":{\"id\":11,\"body\":\"/factory stop\"},\"is_pull\":true," REPO "}",
	    "comment created o/r ann 0 6 11|/factory stop|||");
	says(HOOK_GITEA, "pull_request_rejected", "{\"action\":\"reviewed\",\"number\":6,\"pull_request\":{\"number\":6},"
	    "\"review\":{\"type\":\"pull_request_review_rejected\",\"content\":\"/factory revise it\"}," REPO "}",
	    "review reviewed o/r ann 0 6 |/factory revise it|||");
	says(HOOK_GITEA, "repository", "{}", "ignored    0 0 ||||");
}

#define PROJECT "\"user\":{\"username\":\"ann\"},\"project\":{\"path_with_namespace\":\"g/s/r\"}"

/* Shortened from GitLab's own examples, doc/user/project/integrations/webhook_events.md. */
static void
test_events_gitlab(void **state)
{
	(void)state;
	says(HOOK_GITLAB, "Issue Hook", "{\"object_kind\":\"issue\"," PROJECT ",\"object_attributes\":{\"id\":301,\"iid\":23,\"action\":\"update\"}}",
	    "issue update g/s/r ann 23 0 ||||");
	says(HOOK_GITLAB, "Confidential Issue Hook", "{\"object_kind\":\"issue\"," PROJECT ",\"object_attributes\":{\"iid\":24}}",
	    "issue  g/s/r ann 24 0 ||||");
	says(HOOK_GITLAB, "Note Hook", "{\"object_kind\":\"note\"," PROJECT ",\"object_attributes\":{\"id\":1241,\"note\":\"/factory run\","
	    "\"noteable_type\":\"Issue\",\"action\":\"create\"},\"issue\":{\"id\":92,\"iid\":17}}",
	    "comment create g/s/r ann 17 0 1241|/factory run|||");
	says(HOOK_GITLAB, "Note Hook", "{\"object_kind\":\"note\"," PROJECT ",\"object_attributes\":{\"id\":1244,\"note\":\"/factory run\","
	    "\"noteable_type\":\"MergeRequest\"},\"merge_request\":{\"id\":7,\"iid\":1}}",
	    "comment  g/s/r ann 0 1 1244|/factory run|||");
	says(HOOK_GITLAB, "Note Hook", "{\"object_kind\":\"note\"," PROJECT ",\"object_attributes\":{\"id\":1245,\"note\":\"x\","
	    "\"noteable_type\":\"Snippet\"},\"snippet\":{\"id\":53}}", "ignored  g/s/r ann 0 0 1245||||");
	says(HOOK_GITLAB, "Merge Request Hook", "{\"object_kind\":\"merge_request\"," PROJECT ",\"object_attributes\":{\"id\":99,\"iid\":1,"
	    "\"action\":\"approved\",\"last_commit\":{\"id\":\"" SHA "\"}}}", "pull approved g/s/r ann 0 1 ||||" SHA);
	says(HOOK_GITLAB, "Pipeline Hook", "{\"object_kind\":\"pipeline\"," PROJECT ",\"object_attributes\":{\"id\":31,\"iid\":3,"
	    "\"ref\":\"master\",\"sha\":\"" SHA "\"},\"merge_request\":{\"id\":1,\"iid\":8}}",
	    "checks  g/s/r ann 0 8 ||||" SHA);
	says(HOOK_GITLAB, "Push Hook", "{\"object_kind\":\"push\",\"ref\":\"refs/heads/master\",\"after\":\"" SHA "\","
	    "\"user_username\":\"jsmith\",\"project\":{\"path_with_namespace\":\"mike/diaspora\"}}",
	    "push  mike/diaspora jsmith 0 0 |||refs/heads/master|" SHA);
	says(HOOK_GITLAB, "System Hook", "{\"event_name\":\"project_create\"}", "ignored    0 0 ||||");
}

static void
test_events_linear(void **state)
{
	(void)state;
	says(HOOK_LINEAR, "Issue", "{\"type\":\"Issue\",\"action\":\"update\",\"actor\":{\"id\":\"u1\",\"name\":\"Ann\"},"
	    "\"data\":{\"id\":\"9a\",\"number\":12,\"identifier\":\"ENG-12\",\"team\":{\"key\":\"ENG\"}}}",
	    "issue update ENG u1 12 0 ||||");
	says(HOOK_LINEAR, "Comment", "{\"type\":\"Comment\",\"action\":\"create\",\"actor\":{\"id\":\"u1\"},"
	    "\"data\":{\"id\":\"c1\",\"body\":\"/factory run\",\"issue\":{\"id\":\"9a\",\"identifier\":\"ENG-12\",\"team\":{\"key\":\"ENG\"}}}}",
	    "comment create ENG u1 12 0 c1|/factory run|||");
	says(HOOK_LINEAR, "Project", "{\"type\":\"Project\",\"action\":\"create\",\"data\":{}}", "ignored create   0 0 ||||");
}

static void
test_events_broken(void **state)
{
	static const struct {
		const char *event, *body, *why;
	} rows[] = {{"issues", "payload=%7B%7D", "the webhook's body:1:8"}, {"issues", "{\"issue\":{\"number\":\"7\"}}", "names no issue"},
	    {"issues", "{\"issue\":{\"number\":-7}}", "names no issue"}, {"push", "{}", "names no ref"},
	    {"status", "{\"sha\":\"$(touch x)\"}", "names no commit"}, {"pull_request", "[]", "names no pull request"},
	    {"issues", "{\"issue\":{\"number\":7,\"number\":8}}", "'number'"}, {"issues", "", "the webhook's body"}};
	struct hook_event h = {.action = (char *)"untouched"};
	struct err *e;
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(rows); i++) {
		e = webhook_parse(HOOK_GITHUB, rows[i].event, str_of(rows[i].body), &h);
		assert_int_equal(err_code(e), ERR_SYNTAX);
		if (strstr(err_msg(e), rows[i].why) == NULL)
			fail_msg("'%s' lacks '%s'", err_msg(e), rows[i].why);
		err_free(e);
		assert_string_equal(h.action, "untouched");
	}
}

static void
check_published(const struct node *group, size_t counts[HOOK_PUSH + 1])
{
	const char *event = node_get_str(group, "name");
	const struct node *one = node_get(group, "examples")->child;

	for (; one != NULL; one = one->next) {
		AUTO(buf_free) struct buf body = BUF_INIT(BUF_TEXT);
		AUTO(hook_event_free) struct hook_event h = {0};
		struct jw w;
		struct err *e;

		jw_init(&w, &body, false);
		jw_node(&w, one);
		e = webhook_parse(HOOK_GITHUB, event, buf_str(&body), &h);
		if (e != NULL)
			fail_msg("%s: %s", event, err_msg(e));
		counts[h.what]++;
		if (h.what >= HOOK_ISSUE && h.project[0] == '\0')
			fail_msg("%s: no project", event);
		if (h.what >= HOOK_ISSUE && h.sender[0] == '\0')
			fail_msg("%s: no sender", event);
		if (h.what == HOOK_COMMENT && h.comment[0] == '\0')
			fail_msg("%s: no comment", event);
	}
}

/* All example payloads that GitHub's own @octokit/webhooks-examples publishes. */
static void
test_published(void **state)
{
	const char *path = "tests/peers/node_modules/@octokit/webhooks-examples/api.github.com/index.json";
	size_t counts[HOOK_PUSH + 1] = {0}, all = 0, i;
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	struct arena a = {0};
	struct node *groups = NULL;
	const struct node *group;

	(void)state;
	if (access(path, R_OK) != 0)
		skip();
	assert_null(file_read(AT_FDCWD, path, &text));
	assert_null(json_parse(&a, path, buf_str(&text), &groups));
	for (group = groups->child; group != NULL; group = group->next)
		check_published(group, counts);
	for (i = 0; i < NITEMS(counts); i++)
		all += counts[i];
	assert_int_equal(all, 329);
	assert_int_equal(counts[HOOK_PING], 4);
	assert_int_equal(counts[HOOK_ISSUE], 29);
	assert_int_equal(counts[HOOK_COMMENT], 0);	/* nine thank somebody */
	assert_int_equal(counts[HOOK_PULL], 25);	/* and four of labels */
	assert_int_equal(counts[HOOK_REVIEW], 12);
	assert_int_equal(counts[HOOK_CHECKS], 27);
	assert_int_equal(counts[HOOK_PUSH], 7);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_github), cmocka_unit_test(test_gitea),
	    cmocka_unit_test(test_gitlab_token), cmocka_unit_test(test_gitlab_signed), cmocka_unit_test(test_linear),
	    cmocka_unit_test(test_words), cmocka_unit_test(test_keys), cmocka_unit_test(test_events_github),
	    cmocka_unit_test(test_events_gitea), cmocka_unit_test(test_events_gitlab),
	    cmocka_unit_test(test_events_linear), cmocka_unit_test(test_events_broken),
	    cmocka_unit_test(test_published)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
