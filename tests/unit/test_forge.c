#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/config.h"
#include "conf/trust.h"
#include "forge/forge.h"

/* What an address means; NULL api: nothing. */
static const struct {
	const char *kind, *address, *url, *project;
	enum forge_kind is;
	const char *api, *web, *name;
} places[] = {
	{"auto", "https://github.com/ada/engine.git", "", "", FORGE_GITHUB,
	    "https://api.github.com", "https://github.com/ada/engine", "ada/engine"},
	{"auto", "git@github.com:ada/engine.git", "", "", FORGE_GITHUB,
	    "https://api.github.com", "https://github.com/ada/engine", "ada/engine"},
	{"auto", "ssh://git@ssh.github.com:443/ada/engine", NULL, NULL, FORGE_GITHUB,
	    "https://api.github.com", "https://github.com/ada/engine", "ada/engine"},
	{"auto", "https://GitHub.com/ada/engine/", "", "", FORGE_GITHUB,
	    "https://api.github.com", "https://github.com/ada/engine", "ada/engine"},
	{"auto", "git@gitlab.com:group/sub/engine.git", "", "", FORGE_GITLAB,
	    "https://gitlab.com/api/v4", "https://gitlab.com/group/sub/engine", "group/sub/engine"},
	{"auto", "https://codeberg.org/ada/engine", "", "", FORGE_FORGEJO,
	    "https://codeberg.org/api/v1", "https://codeberg.org/ada/engine", "ada/engine"},
	{"auto", "ssh://git@gitea.com:2222/ada/engine", "", "", FORGE_GITEA,
	    "https://gitea.com/api/v1", "https://gitea.com/ada/engine", "ada/engine"},
	{"github", "https://git.example.org:8443/ada/engine.git", "", "", FORGE_GITHUB,
	    "https://git.example.org:8443/api/v3", "https://git.example.org:8443/ada/engine", "ada/engine"},
	{"github", "git@ada.ghe.com:ada/engine.git", "", "", FORGE_GITHUB,
	    "https://api.ada.ghe.com", "https://ada.ghe.com/ada/engine", "ada/engine"},
	{"forgejo", "ssh://git@git.example.org:2222/ada/engine.git", "", "", FORGE_FORGEJO,
	    "https://git.example.org/api/v1", "https://git.example.org/ada/engine", "ada/engine"},
	{"gitea", "http://127.0.0.1:3000/ada/engine.git", "", "", FORGE_GITEA,
	    "http://127.0.0.1:3000/api/v1", "http://127.0.0.1:3000/ada/engine", "ada/engine"},
	{"gitlab", "/srv/git/engine.git", "https://git.example.org/gitlab/api/v4", "a/b/c", FORGE_GITLAB,
	    "https://git.example.org/gitlab/api/v4", "https://git.example.org/a/b/c", "a/b/c"},
	{"gitea", "https://github.com/ada/engine", "", "", FORGE_GITEA,
	    "https://github.com/api/v1", "https://github.com/ada/engine", "ada/engine"},
	{"none", "https://github.com/ada/engine.git", "", "", FORGE_NONE, NULL, NULL, NULL},
	{"auto", "https://git.example.org/ada/engine.git", "", "", FORGE_NONE, NULL, NULL, NULL},
	{"auto", "https://github.com.example.org/ada/engine", "", "", FORGE_NONE, NULL, NULL, NULL},
	{"auto", "https://example.org/github.com/engine", "", "", FORGE_NONE, NULL, NULL, NULL},
	{"auto", "https://github.com@example.org/ada/engine", "", "", FORGE_NONE, NULL, NULL, NULL},
	{"auto", "https://github.com/ada/engine/more", "", "", FORGE_NONE, NULL, NULL, NULL},
	{"auto", "https://github.com/../engine", "", "", FORGE_NONE, NULL, NULL, NULL},
	{"auto", "https://github.com/a?b/engine", "", "", FORGE_NONE, NULL, NULL, NULL},
	{"auto", "file:///srv/github.com/ada/engine", "", "", FORGE_NONE, NULL, NULL, NULL},
	{"auto", "../github.com:ada/engine", "", "", FORGE_NONE, NULL, NULL, NULL},
	{"auto", "", "", "", FORGE_NONE, NULL, NULL, NULL},
	{NULL, NULL, NULL, NULL, FORGE_NONE, NULL, NULL, NULL},
};

static void
test_places(void **state UNUSED)
{
	size_t i;

	for (i = 0; i < NITEMS(places); i++) {
		struct forge_where w = {places[i].address, places[i].kind, places[i].url, places[i].project};
		AUTO(forge_place_free) struct forge_place p = {0};
		AUTO(err_free_p) struct err *e = forge_place_find(&w, &p);

		if (e != NULL)
			fail_msg("%s: %s", places[i].address, err_msg(e));
		assert_int_equal(p.kind, places[i].is);
		if (places[i].api == NULL) {
			assert_null(p.api);
			continue;
		}
		assert_string_equal(p.api, places[i].api);
		assert_string_equal(p.web, places[i].web);
		assert_string_equal(p.project, places[i].name);
	}
}

/* A forge that is named and cannot be found is no silent none. */
static void
test_no_place(void **state UNUSED)
{
	static const struct forge_where bad[] = {
		{"", "github", "", ""},
		{"/srv/git/engine.git", "gitea", "", ""},
		{"https://git.example.org/engine", "github", "", ""},
		{"http://git.example.org/ada/engine", "gitea", "", ""},
		{"https://git.example.org/ada/engine", "gitea", "http://git.example.org/api/v1", ""},
		{"https://github.com/ada/engine", "github", "", "../../user"},
		{"https://github.com/ada/engine", "github", "", "a/b/c"},
	};
	size_t i;

	for (i = 0; i < NITEMS(bad); i++) {
		AUTO(forge_place_free) struct forge_place p = {0};
		AUTO(err_free_p) struct err *e = forge_place_find(&bad[i], &p);

		if (!err_is(e, ERR_CONFIG) || err_hint_of(e) == NULL)
			fail_msg("%s, %s", bad[i].address, bad[i].kind);
		assert_null(p.api);
	}
}

static void
test_frees(void **state UNUSED)
{
	struct forge_pulls pulls = {0};
	struct forge_comments comments = {0};
	struct forge_checks checks = {0};
	struct forge_pull p = {.id = mem_strdup("1"), .author.login = mem_strdup("ada")};
	struct forge_comment c = {.path = mem_strdup("a.c")};
	struct forge_check k = {.name = mem_strdup("build")};

	strs_add(&p.labels, "factory");
	vec_push(&pulls, p);
	vec_push(&comments, c);
	vec_push(&checks, k);
	forge_pulls_free(&pulls);
	forge_comments_free(&comments);
	forge_checks_free(&checks);
	assert_int_equal(pulls.n + comments.n + checks.n, 0);
	assert_null(pulls.v);
}

static struct err *
no_price(const char *provider UNUSED, const char *model UNUSED, struct conf_price *out UNUSED, bool *known)
{
	*known = false;
	return NULL;
}

static size_t
loosened(const char *text)
{
	AUTO(config_free) struct config c;
	AUTO(trust_items_free) struct trust_items items = {0};

	config_init(&c);
	assert_null(config_parse("config.yml", str_of(text), &c));
	assert_null(trust_items(&c, no_price, &items));
	return items.n;
}

static void
test_config(void **state UNUSED)
{
	AUTO(config_free) struct config c;

	config_init(&c);
	assert_string_equal(c.forge.kind, "auto");
	assert_string_equal(c.forge.label, "factory");
	assert_null(config_parse("config.yml", STR("forge: gitea\n"), &c));
	assert_string_equal(c.forge.kind, "gitea");
	assert_null(config_user(&c, "forge", "none"));
	assert_string_equal(c.forge.kind, "none");
	assert_null(config_user(&c, "forge.token.env", "MY_TOKEN"));
	assert_string_equal(c.forge.token_env, "MY_TOKEN");
}

/* Where the token goes, which one, and what it is used on, is the user's to say. */
static void
test_trust(void **state UNUSED)
{
	AUTO(config_free) struct config c;
	AUTO(err_free_p) struct err *e = NULL;

	assert_int_equal(loosened("forge: github\n"), 0);
	assert_int_equal(loosened("forge: {kind: gitea, label: bot, url: \"http://127.0.0.1:3000/api/v1\"}\n"), 0);
	assert_int_equal(loosened("forge: {url: \"https://evil.example/api/v3\"}\n"), 1);
	assert_int_equal(loosened("forge: {project: ada/other}\n"), 1);
	assert_int_equal(loosened("forge: {token: {env: AWS_SECRET}}\n"), 1);
	assert_int_equal(loosened("linear: {team: ENG}\n"), 1);
	config_init(&c);
	e = config_parse("config.yml", STR("forge: {app: {key: k.pem}}\n"), &c);
	assert_true(err_is(e, ERR_CONFIG));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_no_place),
		cmocka_unit_test(test_frees),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_trust),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
