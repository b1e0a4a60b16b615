#include <sys/resource.h>

#include "git_fixture.h"

#include "git/userconf.h"

static struct repo *
opened(const char *path)
{
	struct repo *r = NULL;

	ok(repo_open(path, &r));
	return r;
}

static void
opens_from_below(void **state)
{
	struct fixture *f = *state;
	char *want = mem_printf("%s/repo", f->dir), *git = mem_printf("%s/repo/.git", f->dir);
	struct repo *r = opened("src");
	struct oid tip, head = sh_oid("HEAD");
	char *branch;

	assert_string_equal(repo_workdir(r), want);
	assert_string_equal(repo_gitdir(r), git);
	assert_string_equal(repo_commondir(r), git);
	assert_false(repo_is_bare(r) || repo_is_linked(r) || repo_is_shallow(r));
	ok(repo_head(r, &branch, &tip));
	assert_string_equal(branch, "refs/heads/main");
	assert_true(oid_eq(&tip, &head));
	free(branch);
	repo_close(r);

	/* From inside the git folder, as some hooks are started. */
	r = opened(".git/refs");
	assert_string_equal(repo_workdir(r), want);
	repo_close(r);
	free(want);
	free(git);
}

static void
refuses_what_is_no_repository(void **state)
{
	struct repo *r = NULL;

	(void)state;
	setenv("GIT_CEILING_DIRECTORIES", "/tmp", 1);
	fails(repo_open(".", &r), ERR_REPOSITORY, "is not in a git repository");
	sh("echo nonsense > .git");
	fails(repo_open(".", &r), ERR_REPOSITORY, "names none");
	sh("echo 'gitdir: /nowhere' > .git");
	fails(repo_open(".", &r), ERR_REPOSITORY, "'/nowhere', which is not one");
	fails(repo_open("missing", &r), ERR_IO, "cannot enter 'missing'");
	assert_null(r);
}

static void
what_cannot_be_read_is_not_none(void **state)
{
	struct rlimit was, none;
	struct repo *r = NULL;
	struct err *e;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	e = repo_open(".", &r);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	fails(e, ERR_IO, ".git/HEAD': Too many open files");
	assert_null(r);
}

static void
opens_an_empty_one(void **state)
{
	struct repo *r;
	struct oid tip;
	char *branch;

	(void)state;
	sh("git init -q -b trunk .");
	r = opened(NULL);
	ok(repo_head(r, &branch, &tip));
	assert_string_equal(branch, "refs/heads/trunk");
	assert_true(oid_is_zero(&tip));
	fails(repo_resolve(r, "HEAD", &tip), ERR_NOT_FOUND, "'refs/heads/trunk' has no commit yet");
	free(branch);
	repo_close(r);
}

static void
opens_a_detached_one(void **state)
{
	struct oid tip, head = sh_oid("HEAD");
	struct repo *r;
	char *branch;

	(void)state;
	sh("git checkout -q --detach");
	r = opened(NULL);
	ok(repo_head(r, &branch, &tip));
	assert_null(branch);
	assert_true(oid_eq(&tip, &head));
	repo_close(r);
}

static void
opens_a_bare_one(void **state)
{
	struct repo *r = NULL;
	struct oid tip;

	(void)state;
	sh("git clone -q --bare . ../bare.git");
	r = opened("../bare.git/refs");
	assert_true(repo_is_bare(r));
	assert_null(repo_workdir(r));
	ok(repo_resolve(r, "main", &tip));
	repo_close(r);

	sh("git config --global safe.bareRepository explicit");
	r = NULL;
	fails(repo_open("../bare.git", &r), ERR_REPOSITORY, "safe.bareRepository is 'explicit'");
	setenv("GIT_DIR", "../bare.git", 1);
	r = opened(NULL);
	unsetenv("GIT_DIR");
	repo_close(r);
}

static void
opens_a_linked_worktree(void **state)
{
	struct fixture *f = *state;
	char *want = mem_printf("%s/linked", f->dir), *common = mem_printf("%s/repo/.git", f->dir);
	struct repo *r;
	char *path, *branch;
	struct oid tip;

	sh("git worktree add -q -b side ../linked");
	r = opened("../linked");
	assert_true(repo_is_linked(r));
	assert_string_equal(repo_workdir(r), want);
	assert_string_equal(repo_commondir(r), common);
	ok(repo_head(r, &branch, &tip));
	assert_string_equal(branch, "refs/heads/side");
	ok(repo_resolve(r, "HEAD", &tip));
	free(branch);

	repo_close(r);
	/* As a hook there is told: by GIT_DIR. */
	r = opened(".git/worktrees/linked");
	assert_string_equal(repo_workdir(r), want);
	assert_false(repo_is_bare(r));

	ok(repo_checked_out(r, "refs/heads/side", &path));
	assert_string_equal(path, want);
	free(path);
	ok(repo_checked_out(r, "refs/heads/main", &path));
	assert_non_null(strstr(path, "/repo"));
	free(path);
	ok(repo_checked_out(r, "refs/heads/none", &path));
	assert_null(path);
	sh("rm -rf ../linked");
	ok(repo_checked_out(r, "refs/heads/side", &path));
	assert_null(path);
	repo_close(r);
	free(want);
	free(common);
}

static void
counts_a_branch_in_rebase_as_checked_out(void **state)
{
	struct repo *r;
	char *path;

	(void)state;
	sh("git checkout -q -b topic && echo 1 > a && git add a && git commit -qm a &&"
	   "git checkout -q main && echo 2 > a && git add a && git commit -qm b && git checkout -q topic");
	sh("! git rebase -q main >/dev/null 2>&1");
	r = opened(NULL);
	ok(repo_checked_out(r, "refs/heads/topic", &path));
	assert_non_null(path);
	free(path);
	repo_close(r);
}

static void
refuses_formats_with_a_remedy(void **state)
{
	static const struct {
		const char *make, *says, *remedy;
	} rows[] = {
		{"git init -q --object-format=sha256 .", "has sha256 object ids", "fast-import"},
		{"git init -q . && git config core.repositoryFormatVersion 1 &&"
		 "git config extensions.refStorage reftable", "keeps its refs as reftable", "git refs migrate"},
		{"git init -q . && git config core.repositoryFormatVersion 7", "repository format 7", "newer"},
		{"git init -q . && git config core.repositoryFormatVersion 1 &&"
		 "git config extensions.frobnicate true", "the extension 'frobnicate'", "--unset"},
		{"git init -q . && git config core.repositoryFormatVersion many", "is no number", NULL},
		{"git init -q . && echo '[core' >> .git/config", "not closed", NULL},
	};
	struct repo *r = NULL;
	struct err *e;
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(rows); i++) {
		sh("rm -rf .git && %s", rows[i].make);
		e = repo_open(".", &r);
		assert_non_null(e);
		if (rows[i].remedy != NULL) {
			assert_non_null(err_hint_of(e));
			assert_non_null(strstr(err_hint_of(e), rows[i].remedy));
		}
		fails(e, ERR_REPOSITORY, rows[i].says);
	}
}

static void
reads_on_with_known_extensions(void **state)
{
	struct repo *r;
	struct oid tip, head = sh_oid("HEAD");
	char *value;

	(void)state;
	/* By file: an older git program reads fewer of these than we do. */
	sh("printf '[core]\\n\\trepositoryFormatVersion = 1\\n[extensions]\\n\\tworktreeConfig\\n"
	   "\\tpreciousObjects = true\\n\\trelativeWorktrees = true\\n\\tobjectFormat = sha1\\n' >> .git/config &&"
	   "printf '[factory]\\n\\there = yes\\n' > .git/config.worktree");
	r = opened(NULL);
	ok(repo_resolve(r, "main", &tip));
	assert_true(oid_eq(&tip, &head));
	ok(userconf_str(r, "factory.here", &value));
	assert_string_equal(value, "yes");
	free(value);
	repo_close(r);
}

static void
refuses_a_foreign_owner(void **state)
{
	struct repo *r = NULL;
	struct err *e;

	(void)state;
	if (geteuid() != 0)
		skip();
	sh("chown -R 12345 .");
	e = repo_open(".", &r);
	assert_non_null(e);
	assert_non_null(strstr(err_hint_of(e), "git config --global --add safe.directory /tmp/"));
	fails(e, ERR_REPOSITORY, "belongs to another user");
	setenv("SUDO_UID", "12345", 1);
	ok(repo_open(".", &r));
	repo_close(r);
	unsetenv("SUDO_UID");
	/* What the repository says of itself does not count. */
	sh("git config --file .git/config safe.directory '*'");
	r = NULL;
	fails(repo_open(".", &r), ERR_REPOSITORY, "belongs to another user");
	sh("git config --global safe.directory \"$(dirname \"$(pwd)\")/*\"");
	ok(repo_open(".", &r));
	repo_close(r);
	r = NULL;
	sh("git config --global --add safe.directory ''");
	fails(repo_open(".", &r), ERR_REPOSITORY, "belongs to another user");
}

static void
knows_a_shallow_clone(void **state)
{
	struct repo *r;

	(void)state;
	sh("git commit -q --allow-empty -m two && git clone -q --depth 1 \"file://$(pwd)\" ../shallow");
	r = opened("../shallow");
	assert_true(repo_is_shallow(r));
	repo_close(r);
}

static void
does_not_mind_a_split_index(void **state)
{
	struct repo *r;
	struct oid tip;

	(void)state;
	sh("git update-index --split-index && git config core.splitIndex true");
	r = opened(NULL);
	ok(repo_resolve(r, "main", &tip));
	repo_close(r);
}

static void
resolves_what_people_type(void **state)
{
	struct oid first = sh_oid("HEAD"), second, got;
	struct repo *r;
	char abbreviated[9];

	(void)state;
	sh("git tag -a -m note v1 && git commit -q --allow-empty -m two");
	second = sh_oid("HEAD");
	r = opened(NULL);
	ok(repo_resolve(r, "v1", &got));
	assert_true(oid_eq(&got, &first));
	ok(repo_resolve(r, "main~1", &got));
	assert_true(oid_eq(&got, &first));
	snprintf(abbreviated, sizeof(abbreviated), "%.8s", oid_hex(&second).s);
	ok(repo_resolve(r, abbreviated, &got));
	assert_true(oid_eq(&got, &second));
	fails(repo_resolve(r, "nothing", &got), ERR_NOT_FOUND, "no commit is named 'nothing'");
	fails(repo_resolve(r, "--all", &got), ERR_NOT_FOUND, "no commit is named");
	fails(repo_resolve(r, "main:README", &got), ERR_NOT_FOUND, "is no commit");
	fails(repo_resolve(r, "a..b", &got), ERR_NOT_FOUND, "a..b");
	repo_close(r);
}

static void
keeps_a_private_folder(void **state)
{
	struct repo *r = opened(NULL);
	const char *dir;
	char *mode;

	(void)state;
	ok(repo_factory_dir(r, &dir));
	assert_non_null(strstr(dir, "/repo/.git/factory"));
	mode = sh_out("stat -c %%a .git/factory");
	assert_string_equal(mode, "700");
	free(mode);
	repo_close(r);
}

static void
reads_the_users_settings(void **state)
{
	struct repo *r;
	int64_t n;
	char *value;
	bool b;

	(void)state;
	sh("git config --global factory.slots 3 && git config --global factory.Mixed.Case.key sub &&"
	   "git config factory.slots 2k && git config --global factory.read ~/tools &&"
	   "git config --global --add factory.many a && git config --add factory.many b &&"
	   "git config factory.off no && git config factory.words hello");
	setenv("GIT_CONFIG_PARAMETERS", "'factory.line'='it'\\''s' 'factory.old=way' 'factory.flag'", 1);
	r = opened(NULL);
	ok(userconf_int(r, "factory.slots", 1, &n));
	assert_int_equal(n, 2048);
	ok(userconf_int(r, "factory.none", 7, &n));
	assert_int_equal(n, 7);
	ok(userconf_bool(r, "factory.off", true, &b));
	assert_false(b);
	ok(userconf_str(r, "Factory.Mixed.Case.KEY", &value));
	assert_string_equal(value, "sub");
	free(value);
	ok(userconf_str(r, "factory.line", &value));
	assert_string_equal(value, "it's");
	free(value);
	ok(userconf_str(r, "factory.old", &value));
	assert_string_equal(value, "way");
	free(value);
	ok(userconf_bool(r, "factory.flag", false, &b));
	assert_true(b);
	ok(userconf_str(r, "factory.unset", &value));
	assert_null(value);
	fails(userconf_bool(r, "factory.words", true, &b), ERR_CONFIG, "'factory.words' must be true or false");
	fails(userconf_int(r, "factory.words", 1, &n), ERR_CONFIG, "must be a whole number, not 'hello'");
	{
		AUTO(strs_free) struct strs all = {0};

		ok(userconf_all(r, "factory.many", &all));
		assert_int_equal(all.n, 2);
		assert_string_equal(all.v[0], "a");
		assert_string_equal(all.v[1], "b");
	}
	repo_close(r);
	unsetenv("GIT_CONFIG_PARAMETERS");
}

static void
clears_what_a_hook_inherits(void **state)
{
	(void)state;
	setenv("GIT_INDEX_FILE", "/x", 1);
	setenv("GIT_DIR", ".git", 1);
	repo_env_clear();
	assert_null(getenv("GIT_INDEX_FILE"));
	assert_null(getenv("GIT_DIR"));
}

/* As git writes them: tmp-objdir.c quotes a folder with a ':' in its name. */
static void
reads_where_objects_are(void **state)
{
	AUTO(strs_free) struct strs folders = {0}, none = {0};

	(void)state;
	repo_folders_told("/srv/a:b/incoming", "/srv/x:\"/srv/a:b\\\"c\":/srv/y::", &folders);
	assert_int_equal(folders.n, 4);
	assert_string_equal(folders.v[0], "/srv/a:b/incoming");
	assert_string_equal(folders.v[1], "/srv/x");
	assert_string_equal(folders.v[2], "/srv/a:b\"c");
	assert_string_equal(folders.v[3], "/srv/y");
	repo_folders_told(NULL, NULL, &none);
	repo_folders_told("", "\"/srv/open", &none);
	assert_int_equal(none.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(opens_from_below),
		cmocka_unit_test(reads_where_objects_are),
		TEST_DIR(refuses_what_is_no_repository),
		TEST_REPO(what_cannot_be_read_is_not_none),
		TEST_DIR(opens_an_empty_one),
		TEST_REPO(opens_a_detached_one),
		TEST_REPO(opens_a_bare_one),
		TEST_REPO(opens_a_linked_worktree),
		TEST_REPO(counts_a_branch_in_rebase_as_checked_out),
		TEST_DIR(refuses_formats_with_a_remedy),
		TEST_REPO(reads_on_with_known_extensions),
		TEST_REPO(refuses_a_foreign_owner),
		TEST_REPO(knows_a_shallow_clone),
		TEST_REPO(does_not_mind_a_split_index),
		TEST_REPO(resolves_what_people_type),
		TEST_REPO(keeps_a_private_folder),
		TEST_REPO(reads_the_users_settings),
		TEST_DIR(clears_what_a_hook_inherits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
