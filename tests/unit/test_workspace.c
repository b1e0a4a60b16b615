/*
 * test_workspace.c - workspaces of both kinds, as whoever runs this and as an
 * ordinary user.  The oracle is git itself: the same shell script is run in a
 * workspace and in a clone, and both must give the same tree.
 */
#include "git_fixture.h"
#include "ws_test.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>

#include "git/commit.h"
#include "git/tree.h"
#include "git/workspace.h"

struct room {
	enum ws_kind kind;
	char *dir;
	struct repo *r;
	struct workspace *ws;
	bool submodules, lfs;	/* as in workspace_opts */
};

static int
setup_kind(void **state, enum ws_kind kind)
{
	struct room *m = mem_alloc(sizeof(*m));

	m->kind = kind;
	m->dir = scratch_make();
	assert_int_equal(chdir(m->dir), 0);
	hermetic_env(m->dir);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	sh("git init -q -b main repo && cd repo && mkdir -p src/deep docs && "
	    "echo one >a && echo two >b && echo x >src/x && echo y >src/deep/y && "
	    "printf '#!/bin/sh\\n' >run.sh && chmod +x run.sh && ln -s a link && "
	    "echo d >docs/d && printf '*.o\\n/out/\\n' >.gitignore && "
	    "git add -A && git commit -qm first");
	ok(repo_open("repo", &m->r));
	*state = m;
	return 0;
}

static int
setup_overlay(void **state)
{
	return setup_kind(state, WS_OVERLAY);
}

static int
setup_pool(void **state)
{
	return setup_kind(state, WS_POOL);
}

static int
teardown(void **state)
{
	struct room *m = *state;

	workspace_close(m->ws);
	repo_close(m->r);
	assert_int_equal(chdir("/"), 0);
	scratch_free(m->dir);
	free(m);
	return 0;
}

static struct oid
head(const char *rev)
{
	char *out = sh_out("git -C repo rev-parse --verify -q '%s'", rev);
	struct oid oid;

	assert_true(oid_parse(str_of(out), &oid));
	free(out);
	return oid;
}

static void
open_at(struct room *m, const char *rev)
{
	struct workspace_opts o = {.commit = head(rev), .kind = m->kind, .bytes = 64 * MIB,
	    .submodules = m->submodules, .lfs = m->lfs};

	workspace_close(m->ws);
	m->ws = NULL;
	ok(workspace_open(m->r, &o, &m->ws));
	assert_int_equal(workspace_kind(m->ws), m->kind);
}

static int
run_view(const struct view *v, const char *script)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (v->userns_fd >= 0 && (setns(v->userns_fd, CLONE_NEWUSER) != 0 ||
		    setns(v->mntns_fd, CLONE_NEWNS) != 0))
			_exit(90);
		if (v->uid != geteuid() && (setgroups(0, NULL) != 0 ||
		    setresgid(v->gid, v->gid, v->gid) != 0 ||
		    setresuid(v->uid, v->uid, v->uid) != 0))
			_exit(91);
		if (chdir(v->path) != 0)
			_exit(92);
		setenv("HOME", "/", 1);
		execl("/bin/sh", "sh", "-ec", script, (char *)NULL);
		_exit(93);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void
in_ws(struct room *m, const char *script)
{
	int rc = run_view(workspace_view(m->ws), script);

	if (rc != 0)
		fail_msg("exit %d in the workspace: %s", rc, script);
}

/* The tree that git itself makes of the script, run in a clone. */
static struct oid
by_git(const char *rev, const char *script)
{
	struct oid oid;
	FILE *f = fopen("script", "w");
	char *out;

	assert_non_null(f);
	assert_true(fputs(script, f) >= 0);
	fclose(f);
	sh("rm -rf clone && git clone -q repo clone 2>/dev/null && cd clone && git checkout -q '%s' && "
	    "sh -e ../script && git add -A", rev);
	out = sh_out("cd clone && git write-tree");
	assert_true(oid_parse(str_of(out), &oid));
	free(out);
	return oid;
}

static struct oid
collect(struct room *m, struct ws_report *rep)
{
	struct oid tree;

	ok(workspace_collect(m->ws, &tree, rep));
	return tree;
}

static void
trees_equal(const struct oid *a, const struct oid *b)
{
	if (!oid_eq(a, b)) {
		char *diff = sh_out("git -C repo cat-file -p %s; echo; git -C clone cat-file -p %s",
		    oid_hex(a).s, oid_hex(b).s);

		print_error("%s\n", diff);
		free(diff);
	}
	assert_string_equal(oid_hex(a).s, oid_hex(b).s);
}

/* Open at HEAD, run the script, compare with git. */
static void
same_as_git(struct room *m, const char *script)
{
	struct oid want = by_git("HEAD", script), got;

	open_at(m, "HEAD");
	in_ws(m, script);
	got = collect(m, NULL);
	trees_equal(&got, &want);
}

/* ---- what a workspace holds ---- */

static void
it_holds_the_commit_s_files_and_is_clean(void **state)
{
	struct room *m = *state;
	struct oid base = head("HEAD^{tree}"), got;

	open_at(m, "HEAD");
	in_ws(m, "test \"$(cat a)\" = one && test \"$(cat src/deep/y)\" = y && test -x run.sh && "
	    "test \"$(readlink link)\" = a && test ! -x a");
	got = collect(m, NULL);
	assert_string_equal(oid_hex(&got).s, oid_hex(&base).s);
}

static void
tools_find_a_repository_at_the_base(void **state)
{
	struct room *m = *state;

	open_at(m, "HEAD");
	in_ws(m, "test \"$(git log --format=%s)\" = first");
	in_ws(m, "test -z \"$(git status --porcelain)\"");
	in_ws(m, "echo changed >a && test \"$(git status --porcelain)\" = ' M a' && "
	    "git diff | grep -q +changed && git stash -q 2>/dev/null; git checkout -q a");
	/* What is done to that repository does not reach the user's. */
	in_ws(m, "git -c user.name=x -c user.email=x commit -q --allow-empty -m evil");
	sh("cd repo && test \"$(git log --all --format=%%s)\" = first");
}

static void
a_plain_base_object_store_is_read_only(void **state)
{
	struct room *m = *state;

	open_at(m, "HEAD");
	if (workspace_view(m->ws)->mntns_fd >= 0)
		in_ws(m, "! touch .git/base/0/x 2>/dev/null");
}

/* ---- the change ---- */

static void
changes_of_every_kind(void **state)
{
	same_as_git(*state, "echo more >>a; rm b; echo new >new; mkdir -p n/e/w; echo f >n/e/w/f; "
	    "chmod -x run.sh; chmod +x docs/d; ln -sf b link; ln -s nowhere dangling; mkdir empty");
}

static void
a_deleted_folder(void **state)
{
	same_as_git(*state, "rm -r src");
}

static void
a_renamed_folder(void **state)
{
	same_as_git(*state, "mv src moved && echo z >moved/z");
}

static void
a_folder_made_anew(void **state)
{
	same_as_git(*state, "rm -r src && mkdir -p src/deep && echo only >src/only && echo y2 >src/deep/y2");
}

static void
a_folder_made_anew_with_an_old_file(void **state)
{
	same_as_git(*state, "mv src old && mkdir src && mv old/deep src/deep && rm -r old");
}

static void
a_file_becomes_a_folder_and_back(void **state)
{
	same_as_git(*state, "rm a docs/d && rmdir docs && mkdir a && echo in >a/in && echo f >docs");
}

static void
a_file_becomes_an_empty_folder(void **state)
{
	same_as_git(*state, "rm a && mkdir a");
}

static void
a_file_becomes_a_link_and_a_link_a_file(void **state)
{
	same_as_git(*state, "ln -sf b a && rm link && echo l >link && ln -s src s && rm -r docs && ln -s src docs");
}

static void
rewritten_with_the_same_content_is_no_change(void **state)
{
	struct room *m = *state;
	struct tree_edit edit = {0};

	open_at(m, "HEAD");
	in_ws(m, "cp a t && rm a && mv t a && touch b src/x && chmod +x b && chmod -x b");
	ok(workspace_changes(m->ws, &edit, NULL));
	assert_int_equal(edit.n, 0);
	tree_edit_free(&edit);
}

static void
same_size_and_same_mtime_is_still_seen(void **state)
{
	same_as_git(*state, "touch -r a ref && echo eno >a && touch -r ref a && rm ref");
}

static void
names_that_are_awkward(void **state)
{
	same_as_git(*state, "echo 1 >' lead' && echo 2 >\"$(printf 'caf\\351')\" && "
	    "echo 3 >'*' && echo 4 >-n && echo 5 >'a b\"c' && mkdir '[x]' && echo 6 >'[x]/;y'");
}

static void
awkward_names_in_the_base_stay(void **state)
{
	struct room *m = *state;
	struct ws_report rep = {0};
	struct oid got, want;

	sh("cd repo && echo 1 >\"$(printf 'new\\nline')\" && echo 2 >'back\\slash' && "
	    "echo 3 >\"$(printf '\\377')\" && git add -A && git commit -qm awkward");
	want = by_git("HEAD", "echo t >t");
	open_at(m, "HEAD");
	in_ws(m, "test -f \"$(printf 'new\\nline')\" && echo t >t");
	got = collect(m, &rep);
	trees_equal(&got, &want);
	assert_int_equal(rep.refused.n, 0);
	ws_report_free(&rep);
	/* A new name with a control character is refused, and said. */
	in_ws(m, "echo 1 >\"$(printf 'another\\nline')\"");
	got = collect(m, &rep);
	trees_equal(&got, &want);
	assert_int_equal(rep.refused.n, 1);
	ws_report_free(&rep);
}

static bool
reported(const struct strs *list, const char *start)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_starts(str_of(list->v[i]), start))
			return true;
	return false;
}

static void
ignored_files_are_reported_only(void **state)
{
	struct room *m = *state;
	struct ws_report rep = {0};
	struct oid got, want;

	sh("cd repo && echo tracked >t.o && mkdir out && echo kept >out/kept && git add -f t.o out/kept && "
	    "git commit -qm ignored-but-tracked");
	want = by_git("HEAD", "echo more >>t.o; echo more >>out/kept; echo n >src/n.c");
	open_at(m, "HEAD");
	in_ws(m, "echo more >>t.o; echo more >>out/kept; echo n >src/n.c; echo o >src/n.o; "
	    "echo new >out/new; mkdir out/sub; echo s >out/sub/s; echo '!n.o' >src/.gitignore; "
	    "rm src/.gitignore");
	got = collect(m, &rep);
	trees_equal(&got, &want);
	assert_true(reported(&rep.ignored, "src/n.o"));
	assert_true(reported(&rep.ignored, "out/new"));
	assert_true(reported(&rep.ignored, "out/sub/"));
	assert_int_equal(rep.ignored.n, 3);
	ws_report_free(&rep);
}

/* The agent cannot unignore, nor ignore, by writing a .gitignore of its own. */
static void
only_the_base_s_ignore_rules_count(void **state)
{
	struct room *m = *state;
	struct ws_report rep = {0};
	struct tree_edit edit = {0};

	open_at(m, "HEAD");
	in_ws(m, "echo '*' >src/.gitignore; echo n >src/new; echo '!*.o' >docs/.gitignore; echo o >docs/o.o");
	ok(workspace_changes(m->ws, &edit, &rep));
	assert_int_equal(edit.n, 3);
	assert_string_equal(edit.v[0].path, "docs/.gitignore");
	assert_string_equal(edit.v[2].path, "src/new");
	assert_true(reported(&rep.ignored, "docs/o.o"));
	tree_edit_free(&edit);
	ws_report_free(&rep);
}

static void
special_files_and_repositories_are_refused(void **state)
{
	struct room *m = *state;
	struct ws_report rep = {0};
	struct oid got, base = head("HEAD^{tree}");

	open_at(m, "HEAD");
	in_ws(m, "mkfifo pipe; git init -q nested; mkdir -p docs/.GIT; echo x >docs/.GIT/config; "
	    "mkdir 'git~1'; echo x >'git~1/x'; rm b; mkfifo b");
	got = collect(m, &rep);
	assert_true(reported(&rep.refused, "pipe: "));
	assert_true(reported(&rep.refused, "b: "));
	assert_true(reported(&rep.refused, "nested/.git: "));
	assert_true(reported(&rep.refused, "docs/.GIT: "));
	assert_true(reported(&rep.refused, "git~1: "));
	assert_string_equal(oid_hex(&got).s, oid_hex(&base).s);
	ws_report_free(&rep);
}

static void
the_workspace_s_own_git_is_never_read(void **state)
{
	struct room *m = *state;
	struct oid got, base = head("HEAD^{tree}");

	open_at(m, "HEAD");
	in_ws(m, "rm -rf .git 2>/dev/null || true; mv .git/HEAD .git/H 2>/dev/null || true; "
	    "echo '[core] hooksPath=/tmp' >.git/config; mkdir -p .git/hooks; ln -s / .git/hooks/x");
	got = collect(m, NULL);
	assert_string_equal(oid_hex(&got).s, oid_hex(&base).s);
}

static void
links_lead_nowhere_outside(void **state)
{
	struct room *m = *state;
	struct tree_edit edit = {0};

	open_at(m, "HEAD");
	in_ws(m, "rm -r src && ln -s /etc src && ln -s /etc/passwd pw");
	ok(workspace_changes(m->ws, &edit, NULL));
	for (size_t i = 0; i < edit.n; i++)
		assert_true(edit.v[i].mode == MODE_LINK || edit.v[i].mode == 0);
	tree_edit_free(&edit);
	/* And writing through them stays inside. */
	struct oid blob;
	ok(blob_write(m->r, STR("evil\n"), &blob));
	tree_edit_put(&edit, "src/hosts-ws-test", MODE_FILE, &blob);
	ok(workspace_put(m->ws, &edit));
	assert_int_not_equal(access("/etc/hosts-ws-test", F_OK), 0);
	in_ws(m, "test ! -L src && test -f src/hosts-ws-test");
	tree_edit_free(&edit);
}

/* ---- line endings ---- */

static void
line_endings_follow_the_base(void **state)
{
	struct room *m = *state;
	struct oid got, want;
	static const char script[] =
	    "printf 'n\\r\\n' >>w.bat; printf 'n\\n' >>auto.txt; printf 'q\\r\\n' >new.bat; "
	    "printf 'q\\r\\n' >new.txt; printf 'r\\r\\n' >plain.bin; printf 'z\\r\\n' >>legacy.txt; "
	    "printf 'm\\r\\nn\\n' >mixed.bat; printf 's\\r\\n' >sub/n.txt";

	sh("cd repo && printf '*.bat text eol=crlf\\n*.txt text=auto\\n*.bin -text\\n' >.gitattributes && "
	    "mkdir sub && printf '[attr]crlf2 text eol=crlf\\n' >>.gitattributes && "
	    "printf '*.txt eol=crlf\\n\"q q\" text\\n' >sub/.gitattributes && "
	    "printf 'l\\r\\nm\\r\\n' >w.bat && printf 'a\\nb\\n' >auto.txt && printf 'x\\r\\n' >x.bin && "
	    "printf 'one\\n' >sub/s.txt && git add -A && git commit -qm attributes && "
	    "b=$(printf 'k\\r\\n' | git hash-object -w --stdin) && "
	    "git update-index --add --cacheinfo 100644,$b,legacy.txt && "
	    "git update-index --add --cacheinfo 100644,$b,raw.bat && git commit -qm legacy");
	want = by_git("HEAD", script);
	open_at(m, "HEAD");
	in_ws(m, "printf 'l\\r\\nm\\r\\n' | cmp - w.bat && printf 'a\\nb\\n' | cmp - auto.txt && "
	    "printf 'one\\r\\n' | cmp - sub/s.txt && printf 'k\\r\\n' | cmp - legacy.txt");
	in_ws(m, script);
	got = collect(m, NULL);
	/* git would renormalise raw.bat on the way; what nobody touched stays as it is. */
	struct tree_entry was, is;
	struct oid base = head("HEAD^{tree}");
	ok(tree_find(m->r, &base, "raw.bat", &was));
	ok(tree_find(m->r, &got, "raw.bat", &is));
	assert_true(oid_eq(&was.oid, &is.oid));
	struct tree_edit edit = {0};
	struct tree_entry gits;
	char *raw = sh_out("git -C clone rev-parse %s:raw.bat", oid_hex(&want).s);
	assert_true(oid_parse(str_of(raw), &gits.oid));
	free(raw);
	sh("cd repo && git fetch -q ../clone HEAD 2>/dev/null; cd ../clone && "
	    "git cat-file blob %s | git -C ../repo hash-object -w --stdin >/dev/null", oid_hex(&gits.oid).s);
	tree_edit_put(&edit, "raw.bat", MODE_FILE, &gits.oid);
	ok(tree_apply(m->r, &got, &edit, &got));
	tree_edit_free(&edit);
	trees_equal(&got, &want);
	/* Touched, not changed: byte-identical. */
	open_at(m, "HEAD");
	in_ws(m, "for f in *.bat *.txt sub/*; do cp $f t; rm $f; mv t $f; done");
	got = collect(m, NULL);
	assert_string_equal(oid_hex(&got).s, oid_hex(&base).s);
}

static void
changed_attributes_change_the_files(void **state)
{
	struct room *m = *state;

	sh("cd repo && printf 'l\\n' >f.txt && git add -A && git commit -qm lf && "
	    "printf '*.txt text eol=crlf\\n' >.gitattributes && git add -A && git commit -qm crlf");
	open_at(m, "HEAD~1");
	in_ws(m, "printf 'l\\n' | cmp - f.txt");
	open_at(m, "HEAD");
	in_ws(m, "printf 'l\\r\\n' | cmp - f.txt");
	open_at(m, "HEAD~1");
	in_ws(m, "printf 'l\\n' | cmp - f.txt");
}

/* ---- the user's own checkout ---- */

static void
a_dirty_checkout_stays_as_it_is(void **state)
{
	struct room *m = *state;
	static const char look[] = "cd repo && git status --porcelain && git stash list && git reflog && "
	    "git branch -a && cat .git/config && ls .git/hooks && git ls-files -s && "
	    "find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha1sum";
	char *before, *after;

	sh("cd repo && echo dirty >a && echo staged >b && git add b && echo un >untracked && "
	    "echo i >i.o && echo s >src/x && git stash -q -- src/x");
	before = sh_out("%s", look);
	open_at(m, "HEAD");
	in_ws(m, "test \"$(cat a)\" = one && echo agent >a && rm -r src && git config core.hooksPath /tmp");
	collect(m, NULL);
	ok(workspace_reset(m->ws, &oid_zero, &oid_zero));
	workspace_close(m->ws);
	m->ws = NULL;
	after = sh_out("%s", look);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* ---- what cannot be had ---- */

static void
submodules_are_refused_unless_allowed(void **state)
{
	struct room *m = *state;
	struct workspace_opts o;
	struct oid got, base;

	sh("cd repo && git update-index --add --cacheinfo 160000,%s,lib && git commit -qm sub",
	    "1234567812345678123456781234567812345678");
	o = (struct workspace_opts){.commit = head("HEAD"), .kind = m->kind};
	fails(workspace_open(m->r, &o, &m->ws), ERR_REPOSITORY, "submodule");
	m->submodules = true;
	open_at(m, "HEAD");
	in_ws(m, "test -d lib && echo n >n && rm n");
	got = collect(m, NULL);
	base = head("HEAD^{tree}");
	assert_string_equal(oid_hex(&got).s, oid_hex(&base).s);
	/* A slot that was filled so does not make it right. */
	workspace_close(m->ws);
	m->ws = NULL;
	m->submodules = false;
	fails(workspace_open(m->r, &o, &m->ws), ERR_REPOSITORY, "submodule");
	/* And the next commit without it is fine again. */
	sh("cd repo && git rm -q --cached lib && git commit -qm nosub");
	open_at(m, "HEAD");
}

static void
lfs_pointers_are_refused_unless_allowed(void **state)
{
	struct room *m = *state;
	struct workspace_opts o;
	struct ws_report rep = {0};
	struct oid got, base;

	sh("cd repo && printf '*.psd filter=lfs diff=lfs merge=lfs -text\\n' >.gitattributes && "
	    "printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:00\\nsize 1\\n' >i.psd && "
	    "git -c filter.lfs.required=false add -A && git commit -qm lfs");
	o = (struct workspace_opts){.commit = head("HEAD"), .kind = m->kind};
	fails(workspace_open(m->r, &o, &m->ws), ERR_REPOSITORY, "LFS");
	m->lfs = true;
	open_at(m, "HEAD");
	in_ws(m, "grep -q git-lfs i.psd && echo binary >new.psd");
	got = collect(m, &rep);
	base = head("HEAD^{tree}");
	assert_string_equal(oid_hex(&got).s, oid_hex(&base).s);
	assert_true(reported(&rep.refused, "new.psd: "));
	ws_report_free(&rep);
}

static void
a_tree_that_nobody_may_check_out_is_refused(void **state)
{
	struct room *m = *state;
	struct workspace_opts o = {.kind = m->kind};
	char *tree = sh_out("cd repo && b=$(git rev-parse HEAD:a) && "
	    "printf '100644 blob %%s\\t..\\n' $b | git mktree --missing");

	assert_true(oid_parse(str_of(tree), &o.tree));
	free(tree);
	fails(workspace_open(m->r, &o, &m->ws), ERR_REPOSITORY, "cannot be checked out");
	tree = sh_out("cd repo && b=$(git rev-parse HEAD:a) && t=$(printf '100644 blob %%s\\tconfig\\n' $b | "
	    "git mktree) && printf '040000 tree %%s\\t.GIT\\n' $t | git mktree");
	assert_true(oid_parse(str_of(tree), &o.tree));
	free(tree);
	fails(workspace_open(m->r, &o, &m->ws), ERR_REPOSITORY, "cannot be checked out");
}

/* ---- moving ---- */

/* A commit with n more files, without a file or object for each. */
static void
commit_many(int n)
{
	sh("cd repo && b=$(git rev-parse HEAD:a) && "
	    "m=$(seq %d | sed \"s/^/100644 blob $b\t/\" | git mktree) && "
	    "t=$( (git ls-tree HEAD && printf '040000 tree %%s\tmany\n' $m) | git mktree) && "
	    "git reset -q --soft $(git commit-tree -p HEAD -m many $t)", n);
}

static void
from_commit_to_commit(void **state)
{
	struct room *m = *state;
	struct oid got, want;

	sh("cd repo && git rm -qr src && echo s >src && rm b && mkdir b && echo in >b/in && "
	    "rm docs/d && echo more >>a && chmod -x run.sh && ln -sf b link && "
	    "git add -A && git commit -qm second");
	for (int i = 0; i < 4; i++) {
		const char *rev = i % 2 ? "HEAD" : "HEAD~1";
		char *rev_tree = mem_printf("%s^{tree}", rev);

		open_at(m, rev);
		in_ws(m, i % 2 ? "test -f src && test -f b/in && test ! -e docs && test ! -x run.sh" :
		    "test -f src/deep/y && test -f b && test -f docs/d && test -x run.sh");
		in_ws(m, "test -z \"$(git status --porcelain)\"");
		got = collect(m, NULL);
		want = head(rev_tree);
		assert_string_equal(oid_hex(&got).s, oid_hex(&want).s);
		free(rev_tree);
	}
	want = by_git("HEAD", "rm -r b && echo b >b && echo n >src2");
	open_at(m, "HEAD");
	in_ws(m, "rm -r b && echo b >b && echo n >src2");
	got = collect(m, NULL);
	trees_equal(&got, &want);
}

static void
a_large_step_moves_the_slot(void **state)
{
	struct room *m = *state;
	struct oid got, want;

	commit_many(1600);
	open_at(m, "HEAD~1");
	open_at(m, "HEAD");
	in_ws(m, "test $(ls many | wc -l) = 1600 && test -z \"$(git status --porcelain)\"");
	got = collect(m, NULL);
	want = head("HEAD^{tree}");
	assert_string_equal(oid_hex(&got).s, oid_hex(&want).s);
	open_at(m, "HEAD~1");
	in_ws(m, "test ! -e many && test -z \"$(git status --porcelain)\"");
}

static void
an_idle_slot_follows_the_base(void **state)
{
	struct room *m = *state;
	struct oid tree;

	if (m->kind == WS_POOL)
		return;
	commit_many(150);
	open_at(m, "HEAD~1");
	open_at(m, "HEAD");
	workspace_close(m->ws);
	m->ws = NULL;
	tree = head("HEAD^{tree}");
	sh("grep -q 'tree %s' repo/.git/factory/base/0/state", oid_hex(&tree).s);
	open_at(m, "HEAD");
	in_ws(m, "test $(ls many | wc -l) = 150 && test -z \"$(git status --porcelain)\"");
}

/* Where others are in the slot that is to follow, an idle one that is near does. */
static void
another_slot_follows_for_one_in_use(void **state)
{
	struct room *m = *state;
	struct workspace *held;
	struct oid tree;

	if (m->kind == WS_POOL)
		return;
	open_at(m, "HEAD");
	held = m->ws;
	m->ws = NULL;
	commit_many(17);
	open_at(m, "HEAD");
	sh("test -d repo/.git/factory/base/1");
	sh("git -C repo reset -q --soft HEAD~1");
	commit_many(9);
	open_at(m, "HEAD");
	in_ws(m, "test $(ls many | wc -l) = 9 && test -z \"$(git status --porcelain)\"");
	workspace_close(m->ws);
	m->ws = NULL;
	workspace_close(held);
	tree = head("HEAD^{tree}");
	sh("grep -q 'tree %s' repo/.git/factory/base/1/state && test ! -e repo/.git/factory/base/2", oid_hex(&tree).s);
	open_at(m, "HEAD");
	in_ws(m, "test $(ls many | wc -l) = 9 && test -z \"$(git status --porcelain)\"");
}

static void
reset_is_pristine(void **state)
{
	struct room *m = *state;
	struct oid got, base = head("HEAD^{tree}"), second;

	open_at(m, "HEAD");
	in_ws(m, "echo x >>a; rm -r src; mkdir -p junk/deep; echo j >junk/deep/j; rm .git/index .git/HEAD; "
	    "echo o >x.o; mkdir -m 0 closed; ln -s / root");
	ok(workspace_reset(m->ws, &oid_zero, &oid_zero));
	in_ws(m, "test ! -e junk && test ! -e x.o && test ! -e closed && test -f src/x && test ! -e root && "
	    "test -z \"$(git status --porcelain)\"");
	got = collect(m, NULL);
	assert_string_equal(oid_hex(&got).s, oid_hex(&base).s);
	sh("cd repo && echo 2 >a && git commit -qam second");
	second = head("HEAD");
	ok(workspace_reset(m->ws, &second, &oid_zero));
	in_ws(m, "test \"$(cat a)\" = 2 && test \"$(git log -1 --format=%s)\" = second");
}

static void
recorded_changes_can_be_put_back(void **state)
{
	struct room *m = *state;
	struct tree_edit first = {0}, again = {0};

	open_at(m, "HEAD");
	in_ws(m, "echo more >>a; rm b; rm -r src; echo f >src; mkdir n; echo x >n/x; chmod +x n/x; ln -s n l");
	ok(workspace_changes(m->ws, &first, NULL));
	assert_true(first.n > 4);
	ok(workspace_reset(m->ws, &oid_zero, &oid_zero));
	ok(workspace_put(m->ws, &first));
	in_ws(m, "test -f src && test -x n/x && test ! -e b && echo writable >>n/x && git checkout -q b 2>/dev/null; rm -f b");
	in_ws(m, "echo x >n/x");
	ok(workspace_changes(m->ws, &again, NULL));
	assert_int_equal(first.n, again.n);
	for (size_t i = 0; i < first.n; i++) {
		assert_string_equal(first.v[i].path, again.v[i].path);
		assert_int_equal(first.v[i].mode, again.v[i].mode);
		assert_true(oid_eq(&first.v[i].oid, &again.v[i].oid));
	}
	tree_edit_free(&first);
	tree_edit_free(&again);
}

static void
depth_is_no_weapon(void **state)
{
	struct room *m = *state;
	struct ws_report rep = {0};
	struct oid got, base = head("HEAD^{tree}");

	open_at(m, "HEAD");
	in_ws(m, "i=0; while [ $i -lt 1500 ]; do mkdir d && cd d; i=$((i + 1)); done; echo x >f");
	got = collect(m, &rep);
	assert_string_equal(oid_hex(&got).s, oid_hex(&base).s);
	assert_int_equal(rep.refused.n, 1);
	ws_report_free(&rep);
	ok(workspace_reset(m->ws, &oid_zero, &oid_zero));
	in_ws(m, "test ! -e d");
}

/* ---- setup ---- */

static void
setup_results_are_a_layer(void **state)
{
	struct room *m = *state;
	struct workspace_opts o = {.commit = head("HEAD"), .kind = m->kind, .setup = "0123abcd"};
	struct strs dropped = {0};
	struct oid got, base = head("HEAD^{tree}");
	bool found;

	FAILS(workspace_open(m->r, &o, &m->ws), ERR_NOT_FOUND);
	open_at(m, "HEAD");
	in_ws(m, "mkdir -p node_modules/x src/gen && echo lib >node_modules/x/i.js && "
	    "ln -s x/i.js node_modules/l && echo g >src/gen/g && echo changed >>a && "
	    "echo t >src/deep/t && chmod +x src/gen/g");
	ok(workspace_setup_save(m->ws, "0123abcd", &dropped));
	if (m->kind == WS_OVERLAY) {
		assert_int_equal(dropped.n, 1);
		assert_string_equal(dropped.v[0], "a");
	}
	strs_free(&dropped);
	ok(workspace_setup_find(m->r, "0123abcd", &found));
	assert_true(found);
	for (int i = 0; i < 2; i++) {
		workspace_close(m->ws);
		m->ws = NULL;
		ok(workspace_open(m->r, &o, &m->ws));
		in_ws(m, "test \"$(cat node_modules/x/i.js)\" = lib && test \"$(cat a)\" = one && "
		    "test -x src/gen/g && test -f src/deep/t && test \"$(cat node_modules/l)\" = lib");
		got = collect(m, NULL);
		assert_string_equal(oid_hex(&got).s, oid_hex(&base).s);
		/* Poison it: the next run starts from the layer, not from this. */
		in_ws(m, "echo evil >node_modules/x/i.js; rm src/deep/t");
	}
	FAILS(workspace_setup_find(m->r, "../x", &found), ERR_BUG);
}

/* ---- many at once, and after a kill ---- */

static int
slots(const char *kind)
{
	char *n = sh_out("ls -d repo/.git/factory/%s/[0-9]* 2>/dev/null | wc -l", kind);
	int count = atoi(n);

	free(n);
	return count;
}

/* Who holds a slot may just be making its folders anew: nobody else does anything to them. */
static void
a_held_slot_is_left_alone(void **state)
{
	struct room *m = *state;
	const char *kind = m->kind == WS_POOL ? "pool" : "base";
	AUTO(mem_free_p) char *lock = mem_printf("repo/.git/factory/%s/0/lock", kind);
	int fd;

	commit_many(2);
	open_at(m, "HEAD~1");
	workspace_close(m->ws);
	m->ws = NULL;
	fd = open(lock, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	sh("cd repo/.git/factory/%s/0 && rm -rf state files git", kind);
	open_at(m, "HEAD");
	assert_int_equal(slots(kind), 2);
	sh("cd repo/.git/factory/%s/0 && test ! -e files && test ! -e git", kind);
	close(fd);
	workspace_close(m->ws);
	m->ws = NULL;
	open_at(m, "HEAD");
	in_ws(m, "test -f src/x");
}

static void
several_at_once(void **state)
{
	struct room *m = *state;
	pid_t pids[4];
	int status;

	commit_many(300);
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct workspace_opts o = {.commit = head("HEAD"), .kind = m->kind};
			struct workspace *ws = NULL;
			struct repo *r = NULL;
			char *script = mem_printf("test $(ls many | wc -l) = 300; echo %d >mine; sleep 0.3; "
			    "test $(cat mine) = %d", i, i);

			if (repo_open("repo", &r) != NULL || workspace_open(r, &o, &ws) != NULL)
				_exit(1);
			_exit(run_view(workspace_view(ws), script));
		}
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(slots(m->kind == WS_POOL ? "pool" : "base"), m->kind == WS_POOL ? 4 : 1);
}

static void
killed_in_the_middle(void **state)
{
	struct room *m = *state;
	int status, pipes[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		struct workspace_opts o = {.commit = head("HEAD"), .kind = m->kind};
		struct workspace *ws = NULL;
		struct repo *r = NULL;

		if (repo_open("repo", &r) != NULL || workspace_open(r, &o, &ws) != NULL ||
		    run_view(workspace_view(ws), "echo half >a; rm -r src") != 0)
			_exit(1);
		if (write(pipes[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &c, 1), 1);
	close(pipes[0]);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	open_at(m, "HEAD");
	in_ws(m, "test \"$(cat a)\" = one && test -f src/x");
	assert_int_equal(slots(m->kind == WS_POOL ? "pool" : "base"), 1);
	sh("! grep -q %s /proc/self/mounts", m->dir);
}

static void
a_move_that_was_cut_short_is_finished(void **state)
{
	struct room *m = *state;
	const char *kind = m->kind == WS_POOL ? "pool" : "base";
	struct oid got, want;

	sh("cd repo && mkdir many && echo 1 >many/1 && echo 2 >many/2 && echo 2 >a && "
	    "git add -A && git commit -qm many");
	open_at(m, "HEAD~1");
	workspace_close(m->ws);
	m->ws = NULL;
	/* As a kill in the middle leaves it. */
	sh("cd repo/.git/factory/%s/0 && echo to %s >>state && mkdir files/many && echo 1 >files/many/1 && "
	    "echo half >files/many/2 && echo 2 >files/a && chown -R --reference=files files/many", kind, oid_hex(&(struct oid){{0}}).s);
	sh("cd repo/.git/factory/%s/0 && sed -i 's/^to .*/to %s/' state", kind,
	    oid_hex(&(struct oid[]){head("HEAD^{tree}")}[0]).s);
	open_at(m, "HEAD~1");
	in_ws(m, "test \"$(cat a)\" = one && test ! -e many");
	got = collect(m, NULL);
	want = head("HEAD~1^{tree}");
	assert_string_equal(oid_hex(&got).s, oid_hex(&want).s);
}

static void
spoilt_by_a_power_loss(void **state)
{
	struct room *m = *state;
	const char *kind = m->kind == WS_POOL ? "pool" : "base";

	open_at(m, "HEAD");
	workspace_close(m->ws);
	m->ws = NULL;
	sh("cd repo/.git/factory/%s/0 && sed -i 's/^boot .*/boot other/' state && : >files/a && rm files/b",
	    kind);
	open_at(m, "HEAD");
	in_ws(m, "test \"$(cat a)\" = one && test \"$(cat b)\" = two");
}

static void
idle_slots_and_layers_are_swept(void **state)
{
	struct room *m = *state;
	struct workspace_opts o = {.commit = head("HEAD"), .kind = m->kind};
	AUTO(workspace_close_p) struct workspace *second = NULL;
	const char *kind = m->kind == WS_POOL ? "pool" : "base";
	bool found;

	open_at(m, "HEAD");
	ok(workspace_setup_save(m->ws, "deadbeef", NULL));
	commit_many(m->kind == WS_POOL ? 10 : 1600);
	o.commit = head("HEAD");
	ok(workspace_open(m->r, &o, &second));
	assert_int_equal(slots(kind), 2);
	ok(workspace_sweep(m->r, -10));
	assert_int_equal(slots(kind), 2);
	workspace_close_p(&second);
	ok(workspace_sweep(m->r, 100));
	assert_int_equal(slots(kind), 2);
	ok(workspace_sweep(m->r, -10));
	assert_int_equal(slots(kind), 1);
	ok(workspace_setup_find(m->r, "deadbeef", &found));
	assert_false(found);
}

static void
the_ceiling_holds_and_the_core_survives(void **state)
{
	struct room *m = *state;
	struct workspace_opts o = {.commit = head("HEAD"), .kind = m->kind, .bytes = 2 * MIB};
	struct tree_edit edit = {0};

	if (m->kind == WS_POOL)
		return;		/* a pool lies on the user's disk: the sandbox's limits hold there */
	ok(workspace_open(m->r, &o, &m->ws));
	assert_int_not_equal(run_view(workspace_view(m->ws),
	    "dd if=/dev/zero of=big bs=65536 count=100 2>/dev/null"), 0);
	ok(workspace_changes(m->ws, &edit, NULL));
	tree_edit_free(&edit);
}

static void
an_unborn_repository_has_an_empty_workspace(void **state)
{
	struct room *m = *state;
	struct workspace_opts o = {.kind = m->kind};
	struct tree_edit edit = {0};

	ok(workspace_open(m->r, &o, &m->ws));
	in_ws(m, "test \"$(ls)\" = '' && echo x >x && git status --porcelain | grep -q x");
	ok(workspace_changes(m->ws, &edit, NULL));
	assert_int_equal(edit.n, 1);
	tree_edit_free(&edit);
}

static void
the_probe_agrees(void **state)
{
	struct room *m = *state;

	ok(workspace_probe(m->r));
}

#define BOTH(fn)                                                               \
	{.name = #fn " [overlay]", .test_func = fn, .setup_func = setup_overlay, \
	    .teardown_func = teardown},                                        \
	{.name = #fn " [pool]", .test_func = fn, .setup_func = setup_pool,      \
	    .teardown_func = teardown}

static int
group(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(it_holds_the_commit_s_files_and_is_clean),
		BOTH(tools_find_a_repository_at_the_base),
		BOTH(a_plain_base_object_store_is_read_only),
		BOTH(changes_of_every_kind),
		BOTH(a_deleted_folder),
		BOTH(a_renamed_folder),
		BOTH(a_folder_made_anew),
		BOTH(a_folder_made_anew_with_an_old_file),
		BOTH(a_file_becomes_a_folder_and_back),
		BOTH(a_file_becomes_an_empty_folder),
		BOTH(a_file_becomes_a_link_and_a_link_a_file),
		BOTH(rewritten_with_the_same_content_is_no_change),
		BOTH(same_size_and_same_mtime_is_still_seen),
		BOTH(names_that_are_awkward),
		BOTH(awkward_names_in_the_base_stay),
		BOTH(ignored_files_are_reported_only),
		BOTH(only_the_base_s_ignore_rules_count),
		BOTH(special_files_and_repositories_are_refused),
		BOTH(the_workspace_s_own_git_is_never_read),
		BOTH(links_lead_nowhere_outside),
		BOTH(line_endings_follow_the_base),
		BOTH(changed_attributes_change_the_files),
		BOTH(a_dirty_checkout_stays_as_it_is),
		BOTH(submodules_are_refused_unless_allowed),
		BOTH(lfs_pointers_are_refused_unless_allowed),
		BOTH(a_tree_that_nobody_may_check_out_is_refused),
		BOTH(from_commit_to_commit),
		BOTH(a_large_step_moves_the_slot),
		BOTH(an_idle_slot_follows_the_base),
		BOTH(another_slot_follows_for_one_in_use),
		BOTH(reset_is_pristine),
		BOTH(recorded_changes_can_be_put_back),
		BOTH(depth_is_no_weapon),
		BOTH(setup_results_are_a_layer),
		BOTH(a_held_slot_is_left_alone),
		BOTH(several_at_once),
		BOTH(killed_in_the_middle),
		BOTH(a_move_that_was_cut_short_is_finished),
		BOTH(spoilt_by_a_power_loss),
		BOTH(idle_slots_and_layers_are_swept),
		BOTH(the_ceiling_holds_and_the_core_survives),
		BOTH(an_unborn_repository_has_an_empty_workspace),
		BOTH(the_probe_agrees),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
	return run_as_both(group);
}
