#include "git_fixture.h"

#include <sys/stat.h>

#include "git/co/forward.h"

/*
 * main at its first commit, "next" one ahead: a file changed, one made
 * executable, new ones beside others and in folders that are not there yet.
 */
static struct oid
make_next(void)
{
	sh("mkdir -p deep/er && echo a > deep/er/a && echo b > deep/b && echo run > run.sh && echo z > zero &&"
	   "git add . && git commit -q -m more &&"
	   "git checkout -q -b next && echo two >> README && chmod +x run.sh && : > empty && mkdir -p new/folder &&"
	   "echo n > new/folder/n && echo c > deep/er/c && printf '#!/bin/sh\\n' > deep.sh && chmod +x deep.sh &&"
	   "git add . && git commit -q -m next && git checkout -q main && find . -path ./.git -prune -o -type f -print |"
	   "xargs touch -d '1 hour ago' && git update-index -q --refresh");
	return sh_oid("next");
}

static bool
forward_to(const struct oid *to)
{
	AUTO(repo_close_p) struct repo *r = NULL;
	bool done = false;

	ok(repo_open(".", &r));
	ok(forward_plain(r, to, &done));
	return done;
}

/* All that a person can tell two checkouts by. */
static void
picture(const char *folder, const char *file)
{
	sh("(cd %s && find . -path ./.git -prune -o -printf '%%M %%y %%p\\n' | sort; git ls-files --stage;"
	    "git status --porcelain; git diff HEAD; git for-each-ref; git symbolic-ref HEAD; cat .git/ORIG_HEAD;"
	    "sed 's/> [0-9]*/>/' .git/logs/HEAD .git/logs/refs/heads/main; ls .git | grep -v factory; git rev-list --objects --all | wc -l;"
	    "stat -c '%%a %%G' .git/index .git/ORIG_HEAD) > %s", folder, file);
}

/* Whether this machine's own git, environment and system files are plain at all. */
static bool
can_be_plain(const struct oid *next)
{
	if (forward_to(next))
		return true;
	print_message("not plain here\n");
	return false;
}

static void
does_what_git_does(void **state)
{
	struct oid next = make_next();

	(void)state;
	sh("echo mine > untracked && echo edited >> zero && echo x > staged && git add staged && cp -a . ../git &&"
	   "cd ../git && git update-index -q --refresh; umask 027 && git merge -q --ff-only --no-stat %s", oid_hex(&next).s);
	umask(027);
	if (!can_be_plain(&next)) {
		umask(022);
		skip();
	}
	umask(022);
	picture(".", "../ours.txt");
	picture("../git", "../gits.txt");
	sh("diff -u ../gits.txt ../ours.txt");
	sh("test -z \"$(git fsck --strict --no-dangling 2>&1)\" && git commit -q -m staged &&"
	   "git fsck --strict --no-dangling");
}

/*
 * It is left to git, and nothing has changed.  The index is made anew before:
 * git compares whole seconds and may not have noted the last change of a file.
 */
static void
is_gits(const char *change, const char *back)
{
	struct oid next = sh_oid("next");
	char *before, *after;

	sh("rm .git/index && git reset -q && %s", change);
	before = sh_out("find . -not -path './.git/factory*' -not -path ./.git -not -path './.git/ORIG_HEAD' -type f -printf "
	    "'%%p %%s %%T@ %%i\\n' | sort; git for-each-ref");
	if (forward_to(&next))
		fail_msg("done without git: %s", change);
	after = sh_out("find . -not -path './.git/factory*' -not -path ./.git -not -path './.git/ORIG_HEAD' -type f -printf "
	    "'%%p %%s %%T@ %%i\\n' | sort; git for-each-ref");
	assert_string_equal(before, after);
	free(before);
	free(after);
	sh("%s", back);
}

static void
leaves_settings_to_git(void **state)
{
	static const char *const keys[] = {"core.autocrlf input", "core.eol crlf", "core.symlinks false", "core.fileMode false",
	    "core.ignoreCase true", "core.attributesFile ../a", "core.untrackedCache true", "core.fsmonitor true",
	    "core.sharedRepository group", "core.splitIndex true", "core.trustctime false", "core.sparseCheckout true",
	    "core.unheardOf 1", "index.version 4", "feature.manyFiles true", "branch.main.mergeOptions --no-ff",
	    "attr.tree next", "extensions.worktreeConfig true", "includeIf.gitdir:/nowhere/.path ../x"};
	struct oid next = make_next();
	AUTO(mem_free_p) char *here = sh_out("pwd");
	AUTO(mem_free_p) char *path = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(keys); i++) {
		AUTO(mem_free_p) char *set = mem_printf("cp .git/config ../config; git config %s", keys[i]);

		is_gits(set, "cp ../config .git/config");
	}
	setenv("GIT_ATTR_SOURCE", "next", 1);
	is_gits("true", "true");
	unsetenv("GIT_ATTR_SOURCE");
	path = mem_printf("%s/..:%s", here, getenv("PATH"));
	setenv("PATH", path, 1);
	is_gits("printf '#!/bin/sh\\nexec /usr/bin/git \"$@\"\\n' > ../git && chmod +x ../git", "rm ../git");
	sh("git config --global core.editor vi && git config user.name Somebody");
	if (!can_be_plain(&next))
		skip();
}

static void
leaves_attributes_to_git(void **state)
{
	struct oid next = make_next();

	(void)state;
	is_gits("mkdir -p .git/info && echo '* text' > .git/info/attributes", "rm .git/info/attributes");
	is_gits("mkdir -p ~/.config/git && echo '* text' > ~/.config/git/attributes", "rm ~/.config/git/attributes");
	is_gits("echo '* text' > .gitattributes", "rm .gitattributes");
	is_gits("echo '* text' > deep/er/.gitattributes", "rm deep/er/.gitattributes");
	is_gits("echo '* text' > src/.gitattributes && git add src", "git rm -q -f src/.gitattributes");
	if (!can_be_plain(&next))
		skip();
}

static void
leaves_what_is_in_the_way_to_git(void **state)
{
	struct oid next = make_next();

	(void)state;
	is_gits("echo mine > empty", "rm empty");
	is_gits("mkdir new && echo mine > new/folder", "rm -r new");
	is_gits("echo mine > new", "rm new");
	is_gits("ln -s deep new", "rm new");
	is_gits("echo mine > new && git add new && rm new", "git rm -q --cached new");
	is_gits("mkdir -p new/folder/n && echo x > new/folder/n/x && git add new && rm -r new", "git rm -rq --cached new");
	is_gits("echo mine >> README", "git checkout -q README && touch -d '1 hour ago' README");
	is_gits("touch README", "touch -d '1 hour ago' README");
	is_gits("echo mine >> README && touch -d '1 hour ago' README && git add README",
	    "git reset -q --hard && touch -d '1 hour ago' README");
	is_gits("mv README ../README", "mv ../README README");
	is_gits("chmod +x README", "chmod -x README");
	is_gits("git update-index --assume-unchanged zero", "git update-index --no-assume-unchanged zero");
	is_gits("git update-index --skip-worktree zero", "git update-index --no-skip-worktree zero");
	is_gits("echo i > intended && git add -N intended", "git rm -q --cached intended; rm intended");
	is_gits("git update-index --index-version 4", "git update-index --index-version 2");
	is_gits("git update-index --untracked-cache 2> ../log", "git update-index --no-untracked-cache");
	is_gits("git update-index --split-index", "git update-index --no-split-index");
	is_gits(": > .git/index.lock", "rm .git/index.lock");
	is_gits(": > .git/MERGE_HEAD", "rm .git/MERGE_HEAD");
	is_gits("printf x | dd of=.git/index bs=1 seek=100 conv=notrunc 2> ../log", "true");
	is_gits("touch -d '2 hours ago' .git/index", "true");
	sh("rm .git/index && git reset -q");
	if (!can_be_plain(&next))
		skip();
}

static void
leaves_other_changes_to_git(void **state)
{
	static const char *const changes[] = {"git rm -q zero", "ln -s zero other && git add other",
	    "echo '* text' > .gitattributes && git add .gitattributes", "rm zero && ln -s README zero && git add zero",
	    "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub"};
	size_t i;

	(void)state;
	(void)make_next();
	for (i = 0; i < NITEMS(changes); i++) {
		sh("git branch -q -D next && git checkout -q -b next && %s && git commit -q -m next && git checkout -q -f main &&"
		   "git clean -fdq && find . -path ./.git -prune -o -type f -print | xargs touch -d '1 hour ago' &&"
		   "git update-index -q --refresh", changes[i]);
		is_gits("true", "true");
	}
	/* Nor is main taken to where it does not lead, or to where it is. */
	sh("git branch -q -D next && git commit -q --allow-empty -m more && git branch next HEAD~1");
	is_gits("true", "git branch -q -f next main");
	is_gits("true", "true");
}

/* What may have changed in the index's own second is compared by its content from then on. */
static void
keeps_racy_edits_in_sight(void **state)
{
	struct oid next = make_next();

	(void)state;
	sh("echo abc > zero && touch -d '1 hour' zero && git add zero && git commit -q -m zero -- zero && git branch -f next &&"
	   "git checkout -q next && echo n > n && git add n && git commit -q -m n && git checkout -q main &&"
	   "touch -d '1 hour' zero && git update-index zero");
	next = sh_oid("next");
	if (!can_be_plain(&next))
		skip();
	sh("git ls-files --debug zero | grep -q 'size: 0' && git ls-files --debug README | grep -vq 'size: 0' &&"
	   "test -z \"$(git status --porcelain)\" && git diff --quiet HEAD");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_REPO(does_what_git_does),
		TEST_REPO(leaves_settings_to_git),
		TEST_REPO(leaves_attributes_to_git),
		TEST_REPO(leaves_what_is_in_the_way_to_git),
		TEST_REPO(leaves_other_changes_to_git),
		TEST_REPO(keeps_racy_edits_in_sight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
