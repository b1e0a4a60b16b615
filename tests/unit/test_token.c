#include "git_fixture.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "conf/config.h"
#include "forge/forge.h"
#include "forge/rest.h"
#include "forge/token.h"
#include "wire/crypto.h"
#include "wire/http.h"

static const char *const names[] = {"FACTORY_FORGE_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_TOKEN",
    "GITLAB_TOKEN", "CI_JOB_TOKEN", "GITEA_TOKEN", "FORGEJO_TOKEN", "GITHUB_SERVER_URL", "CI_SERVER_URL", "GH_HOST",
    "GITLAB_HOST", "GITHUB_ACTIONS", "GH_CONFIG_DIR", "GLAB_CONFIG_DIR"};

static void
clean_env(void)
{
	size_t i;

	for (i = 0; i < NITEMS(names); i++)
		unsetenv(names[i]);
}

/* What is found for a place, as "FROM HEADER", or "none", or the error. */
static char *
found_for(struct repo *r, const struct config *c, enum forge_kind kind, const char *host, bool known, bool named)
{
	struct forge_place p = {kind, mem_printf("https://%s/api", host), mem_printf("https://%s/ada/engine", host),
	    mem_strdup(host), mem_strdup("ada/engine"), known};
	AUTO(token_free) struct token t = {0};
	AUTO(buf_free) struct buf header = BUF_INIT(BUF_TEXT);
	AUTO(err_free_p) struct err *e = token_find(r, c, &p, named, &t);

	forge_place_free(&p);
	if (e != NULL)
		return mem_strdup(err_msg(e));
	if (t.kind == TOKEN_NONE)
		return mem_strdup("none");
	assert_null(token_header(&t, &header));
	return mem_printf("%s %s%s", t.from, buf_cstr(&header), t.kind == TOKEN_ACTIONS ? " (Actions)" : "");
}

static void
expect(struct repo *r, const struct config *c, enum forge_kind kind, const char *host, bool known, const char *want)
{
	AUTO(mem_free_p) char *got = found_for(r, c, kind, host, known, false);

	assert_string_equal(got, want);
}

static int
begin(void **state)
{
	clean_env();
	return fixture_setup(state);
}

/* Each forge's own variable, in its own header. */
static void
test_env(void **state UNUSED)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(config_free) struct config c;

	config_init(&c);
	sh("git init -q -b main .");
	assert_null(repo_open(NULL, &r));
	expect(r, &c, FORGE_GITHUB, "github.com", true, "none");
	setenv("GITHUB_TOKEN", "gh\n", 1);
	expect(r, &c, FORGE_GITHUB, "github.com", true, "$GITHUB_TOKEN Authorization: Bearer gh");
	setenv("GH_TOKEN", "own", 1);
	expect(r, &c, FORGE_GITHUB, "github.com", true, "$GH_TOKEN Authorization: Bearer own");
	setenv("GITLAB_TOKEN", "gl", 1);
	expect(r, &c, FORGE_GITLAB, "gitlab.com", true, "$GITLAB_TOKEN PRIVATE-TOKEN: gl");
	setenv("GITEA_TOKEN", "gt", 1);
	expect(r, &c, FORGE_FORGEJO, "codeberg.org", true, "$GITEA_TOKEN Authorization: token gt");
	setenv("FACTORY_FORGE_TOKEN", "all", 1);
	expect(r, &c, FORGE_GITLAB, "gitlab.com", true, "$FACTORY_FORGE_TOKEN PRIVATE-TOKEN: all");
	setenv("FACTORY_FORGE_TOKEN", "two words", 1);
	expect(r, &c, FORGE_GITHUB, "github.com", true,
	    "the token from $FACTORY_FORGE_TOKEN is none: it holds spaces, line breaks or nothing");
}

/* A token is sent to nobody that it is not for: a clone's policy may name any kind. */
static void
test_env_elsewhere(void **state UNUSED)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(config_free) struct config c;
	size_t i;

	config_init(&c);
	sh("git init -q -b main .");
	assert_null(repo_open(NULL, &r));
	for (i = 0; i < 8; i++)
		setenv(names[i], "canary", 1);
	assert_null(config_parse("config.yml", STR("forge: github\n"), &c));
	expect(r, &c, FORGE_GITHUB, "evil.example", false, "none");
	expect(r, &c, FORGE_GITLAB, "evil.example", false, "none");
	expect(r, &c, FORGE_FORGEJO, "evil.example", false, "none");
	/* The user's word for it, or the CI system's own, is another thing. */
	setenv("CI_SERVER_URL", "https://git.example.org", 1);
	unsetenv("FACTORY_FORGE_TOKEN");
	unsetenv("GITLAB_TOKEN");
	expect(r, &c, FORGE_GITLAB, "git.example.org", false, "$CI_JOB_TOKEN JOB-TOKEN: canary");
	expect(r, &c, FORGE_GITLAB, "git.example.org.evil.example", false, "none");
	assert_null(config_user(&c, "forge.kind", "github"));
	expect(r, &c, FORGE_GITHUB, "ghe.example.org", false, "$GH_ENTERPRISE_TOKEN Authorization: Bearer canary");
}

static void
test_actions(void **state UNUSED)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(config_free) struct config c;

	config_init(&c);
	sh("git init -q -b main .");
	assert_null(repo_open(NULL, &r));
	setenv("GITHUB_TOKEN", "t", 1);
	setenv("GITHUB_ACTIONS", "true", 1);
	setenv("GITHUB_SERVER_URL", "https://github.com", 1);
	expect(r, &c, FORGE_GITHUB, "github.com", true, "$GITHUB_TOKEN Authorization: Bearer t (Actions)");
	expect(r, &c, FORGE_FORGEJO, "codeberg.org", true, "none");
	setenv("GITHUB_SERVER_URL", "https://codeberg.org", 1);
	expect(r, &c, FORGE_FORGEJO, "codeberg.org", true, "$GITHUB_TOKEN Authorization: token t (Actions)");
}

/* The variable that is named, and no other. */
static void
test_named(void **state UNUSED)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(config_free) struct config c;

	config_init(&c);
	sh("git init -q -b main .");
	assert_null(repo_open(NULL, &r));
	setenv("GITHUB_TOKEN", "other", 1);
	assert_null(config_user(&c, "forge.token.env", "MY_OWN"));
	unsetenv("MY_OWN");
	expect(r, &c, FORGE_GITHUB, "github.com", true, "the variable 'MY_OWN', which forge.token.env names, is not set");
	setenv("MY_OWN", "mine", 1);
	expect(r, &c, FORGE_GITHUB, "github.com", true, "$MY_OWN Authorization: Bearer mine");
	unsetenv("MY_OWN");
}

static void
put(const char *path, const char *text)
{
	AUTO(mem_free_p) char *dir = mem_strndup(path, (size_t)(strrchr(path, '/') - path));

	assert_null(dir_make(AT_FDCWD, dir, 0700));
	assert_null(file_replace(AT_FDCWD, path, str_of(text), 0600, false));
}

/* What gh and glab keep is for its host alone; a file that is broken is no reason to fail. */
static void
test_tools(void **state UNUSED)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(config_free) struct config c;

	config_init(&c);
	sh("git init -q -b main .");
	assert_null(repo_open(NULL, &r));
	setenv("GH_CONFIG_DIR", "gh", 1);
	setenv("GLAB_CONFIG_DIR", "glab", 1);
	put("gh/hosts.yml", "github.com:\n    users:\n        ada:\n    git_protocol: https\n    user: ada\n    oauth_token: gho_x\n");
	put("glab/config.yml", "# comment\nhosts:\n    gitlab.com:\n        token: !!null glpat-y\n        api_host: gitlab.com\n"
	    "    git.example.org:\n        token: z\n        is_oauth2: \"true\"\n");
	expect(r, &c, FORGE_GITHUB, "github.com", true, "gh Authorization: Bearer gho_x");
	expect(r, &c, FORGE_GITHUB, "evil.example", false, "none");
	expect(r, &c, FORGE_GITLAB, "gitlab.com", true, "glab PRIVATE-TOKEN: glpat-y");
	expect(r, &c, FORGE_GITLAB, "git.example.org", false, "glab Authorization: Bearer z");
	put("gh/hosts.yml", "github.com: [\n");
	expect(r, &c, FORGE_GITHUB, "github.com", true, "none");
}

/* git's helpers are asked for a forge that is named, and not for one that was only detected. */
static void
test_git(void **state UNUSED)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(config_free) struct config c;
	AUTO(mem_free_p) char *got = NULL, *none = NULL, *said = NULL;

	config_init(&c);
	sh("git init -q -b main .");
	sh("git config credential.helper '!f() { cat >asked; echo username=x; echo password=p; }; f'");
	assert_null(repo_open(NULL, &r));
	none = found_for(r, &c, FORGE_GITEA, "codeberg.org", true, false);
	assert_string_equal(none, "none");
	got = found_for(r, &c, FORGE_GITEA, "git.example.org", false, true);
	assert_string_equal(got, "git's credential helper Authorization: token p");
	sh("git config credential.helper '!f() { exit 1; }; f'");
	said = found_for(r, &c, FORGE_GITEA, "git.example.org", false, true);
	assert_string_equal(said, "none");
}

/* ---- a GitHub App ---- */

static void
make_key(void)
{
	sh("openssl genrsa -out app.pem 2048 2>/dev/null && chmod 600 app.pem && "
	    "openssl rsa -in app.pem -pubout -out app.pub 2>/dev/null");
}

/* openssl, which is not ours, believes it. */
static void
test_jwt(void **state UNUSED)
{
	AUTO(buf_free) struct buf jwt = BUF_INIT(BUF_TEXT), raw = BUF_INIT(BUF_TEXT), b64 = BUF_INIT(BUF_TEXT);
	struct str rest, head, claims;
	size_t i;

	make_key();
	assert_null(token_jwt("123", "app.pem", 1800000000, &jwt));
	rest = buf_str(&jwt);
	assert_true(str_next(&rest, '.', &head));
	assert_true(str_next(&rest, '.', &claims));
	assert_null(file_replace(AT_FDCWD, "signed", str_take(buf_str(&jwt), head.n + 1 + claims.n), 0600, false));
	for (i = 0; i < rest.n; i++)
		buf_addc(&b64, rest.p[i] == '-' ? '+' : rest.p[i] == '_' ? '/' : rest.p[i]);
	for (; b64.n % 4 != 0;)
		buf_addc(&b64, '=');
	assert_true(base64_read(buf_str(&b64), &raw));
	assert_null(file_replace(AT_FDCWD, "signature", buf_str(&raw), 0600, false));
	sh("openssl dgst -sha256 -verify app.pub -signature signature signed >/dev/null");
	buf_clear(&b64);
	buf_clear(&raw);
	buf_addstr(&b64, claims);
	for (; b64.n % 4 != 0;)
		buf_addc(&b64, '=');
	assert_true(base64_read(buf_str(&b64), &raw));
	assert_string_equal(buf_cstr(&raw), "{\"iat\":1799999940,\"exp\":1800000540,\"iss\":\"123\"}");
}

static int64_t clock_s;

static int64_t
fake_wall(const struct clock *c UNUSED)
{
	return clock_s;
}

static int64_t
fake_mono(const struct clock *c UNUSED)
{
	return clock_s * 1000;
}

/* The App's part of GitHub: an installation, and a token of an hour. */
struct app_server {
	int tokens;
	char *body;
};

static struct err *
serve_app(void *arg, const struct http_request *req, struct http_reply *reply)
{
	struct app_server *s = arg;
	char ends[CLOCK_TEXT];

	*reply = (struct http_reply){.status = 200};
	buf_init(&reply->body, MIB);
	if (strstr(req->url, "/access_tokens") == NULL) {
		buf_adds(&reply->body, "{\"id\": 77}");
		return NULL;
	}
	assert_non_null(strstr(req->url, "/app/installations/77/access_tokens"));
	free(s->body);
	s->body = str_dup(req->body);
	clock_format(clock_s + 3600, ends);
	reply->status = 201;
	buf_addf(&reply->body, "{\"token\":\"ghs_%d\",\"expires_at\":\"%s\",\"permissions\":{\"issues\":\"write\"}}",
	    ++s->tokens, ends);
	return NULL;
}

static void
header_is(struct token *t, const char *want)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);

	assert_null(token_header(t, &b));
	assert_string_equal(buf_cstr(&b), want);
}

/* Fetched once, kept until five minutes before its end, and for this project alone. */
static void
test_app(void **state UNUSED)
{
	static const struct clock clock = {fake_wall, fake_mono, 0};
	AUTO(repo_close_p) struct repo *r = NULL;
	AUTO(config_free) struct config c;
	AUTO(token_free) struct token t = {0};
	struct app_server s = {0};
	struct forge_place p = {FORGE_GITHUB, mem_strdup("https://api.github.com"), mem_strdup("https://github.com/ada/engine"),
	    mem_strdup("github.com"), mem_strdup("ada/engine"), true};
	struct rest_opts o = {.name = "GitHub", .api = p.api, .send = serve_app, .send_arg = &s, .clock = &clock};
	struct err *e;

	config_init(&c);
	sh("git init -q -b main .");
	make_key();
	assert_null(repo_open(NULL, &r));
	assert_null(config_user(&c, "forge.app.id", "123"));
	assert_null(config_user(&c, "forge.app.key", "app.pem"));
	assert_int_equal(chmod("app.pem", 0644), 0);
	e = token_find(r, &c, &p, true, &t);
	assert_true(err_is(e, ERR_CONFIG));
	assert_non_null(strstr(err_msg(e), "can be read by others"));
	err_free(e);
	assert_int_equal(chmod("app.pem", 0600), 0);
	assert_null(token_find(r, &c, &p, true, &t));
	assert_int_equal(t.kind, TOKEN_APP);
	assert_null(token_permissions(&t));
	token_reach(&t, &p, &o);
	clock_s = 1800000000;
	header_is(&t, "Authorization: Bearer ghs_1");
	assert_string_equal(s.body, "{\"repositories\":[\"engine\"]}");
	assert_true(strs_has(token_permissions(&t), "issues=write"));
	clock_s += 3600 - 301;
	header_is(&t, "Authorization: Bearer ghs_1");
	clock_s += 2;
	header_is(&t, "Authorization: Bearer ghs_2");
	free(s.body);
	forge_place_free(&p);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_env),
		TEST(test_env_elsewhere),
		TEST(test_actions),
		TEST(test_named),
		TEST(test_tools),
		TEST(test_git),
		TEST(test_jwt),
		TEST(test_app),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
