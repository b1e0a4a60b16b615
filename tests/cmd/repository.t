#!/bin/sh
# Repositories of every kind: what can be used is used, and all else is
# refused with one line and a remedy, before anything is written.
. "${0%/*}/../lib.sh"

refused() { # WHAT-THE-LINE-SAYS REMEDY
	for verb in init status; do
		# Not through git, which has lines of its own about some of these.
		run git-factory "$verb"
		status_is 128
		is "$(wc -c <"$OUT" | tr -d ' ')" 0
		is "$(grep -c '^fatal: ' "$ERR")" 1
		is "$(wc -l <"$ERR" | tr -d ' ')" 2
		err_like "^fatal: .*$1"
		err_like "^hint: .*$2"
	done
	missing .git/factory
	missing .factory
}

used() {
	run git factory init
	status_is 0
	run git factory status
	status_is 0
	ok git rev-parse -q --verify refs/factory/state
}

test_no_repository() {
	mkdir "$TMP/outside" && cd "$TMP/outside"
	refused 'is not in a git repository' "git init"
}

test_git_file_that_leads_nowhere() {
	mkdir "$TMP/astray" && cd "$TMP/astray"
	echo 'gitdir: /nowhere' >.git
	refused "names the git folder '/nowhere', which is not one" 'git worktree repair'
}

test_sha256() {
	mkdir "$TMP/sha256" && cd "$TMP/sha256"
	git init -q --object-format=sha256 .
	refused 'sha256' 'fast-import'
}

# git 2.39 makes no such repository; this is how a newer one marks it.
test_reftable() {
	git config core.repositoryFormatVersion 1
	git config extensions.refStorage reftable
	refused 'keeps its refs as reftable' 'git refs migrate --ref-format=files'
}

test_unknown_extension() {
	git config core.repositoryFormatVersion 1
	git config extensions.frobnicate true
	refused "extension 'frobnicate'" 'git config --unset extensions.frobnicate'
}

test_newer_format() {
	git config core.repositoryFormatVersion 9
	refused 'repository format 9' 'newer'
}

test_security_owner() {
	[ "$(id -u)" = 0 ] || skip "not root"
	chown -R 12345 .
	refused 'belongs to another user' "safe.directory $PWD"
	git config --global safe.directory "$PWD"
	run git factory init
	git config --global --unset safe.directory
	status_is 0
}

test_security_bare_found_in_passing() {
	git clone -q --bare . "$TMP/bare.git"
	git config --global safe.bareRepository explicit
	cd "$TMP/bare.git"
	run git factory status
	git config --global --unset safe.bareRepository
	status_is 128
	err_like "^fatal: .*safe.bareRepository is 'explicit'"
}

test_empty() {
	rm -rf .git README
	git init -q .
	used
	run git factory run
	isnt "$status" 0
	is "$(grep -Ec '^(fatal|error): ' "$ERR")" 1
}

test_detached() {
	git checkout -q --detach
	used
	fails git symbolic-ref -q HEAD
}

test_bare() {
	git clone -q --bare . "$TMP/server.git"
	cd "$TMP/server.git"
	used
}

test_linked_worktree_shares_the_state() {
	used
	run git factory task add 'From the main worktree'
	status_is 0
	git worktree add -q "$TMP/linked"
	cd "$TMP/linked"
	run git factory task list
	status_is 0
	out_like 'From the main worktree'
}

test_shallow() {
	commit a 1
	commit b 2
	git clone -q --depth 1 "file://$PWD" "$TMP/shallow"
	cd "$TMP/shallow"
	used
}

test_split_index_and_dirty_work_tree_stay_untouched() {
	commit kept 1
	git config core.splitIndex true
	git update-index --split-index
	echo changed >kept
	echo staged >staged
	git add staged
	echo new >untracked
	git status --porcelain >"$TMP/before"
	cp .git/index "$TMP/index"
	used
	run git factory task add 'A task'
	status_is 0
	git status --porcelain | grep -v ' .factory/' >"$TMP/after"
	ok cmp "$TMP/before" "$TMP/after"
	is "$(cat kept)" changed
	is "$(git diff --cached --name-only)" staged
}

test_started_by_a_hook() {
	used
	mkdir -p "$TMP/elsewhere"
	git init -q "$TMP/elsewhere"
	cat >.git/hooks/post-commit <<-'EOF'
		#!/bin/sh
		env | grep -q '^GIT_INDEX_FILE=' || exit 1
		git factory task add 'Filed by a hook' >"$HOME/hook.out" 2>&1
	EOF
	chmod +x .git/hooks/post-commit
	commit again 1
	run git factory task list
	status_is 0
	out_like 'Filed by a hook'
}

# What was prepared for workspaces has another owner in it, or other inodes.
test_a_copy_of_the_repository_works() {
	for kind in overlay pool; do
		rm -rf "$TMP/repo" "$TMP/copy"
		git init -q "$TMP/repo"
		cd "$TMP/repo"
		init
		cat >.factory/config.yml <<-EOT
			version: 1
			base: main
			agent: a
			agents: {a: {kind: command, command: [sh, -c, "cat dir/old made/by >new; echo more >>dir/old; echo x >>made/by"]}}
			gates: none
			workspace: {kind: $kind, setup: [{run: "mkdir made; echo setup >made/by"}]}
		EOT
		commit dir/old one
		git commit -q -a -m Policy
		id=$(git factory task add First 2>/dev/null)
		run git factory run -q "$id"
		status_is 0
		cp -r "$TMP/repo" "$TMP/copy"
		cd "$TMP/copy"
		commit dir/old two
		id=$(git factory task add Second 2>/dev/null)
		run git factory run -q "$id"
		status_is 0
		is "$(git show "factory/$id-second:new" | tr '\n' ' ')" 'two setup '
		is "$(git show "factory/$id-second:dir/old" | tr '\n' ' ')" 'two more '
	done
}

test_names_that_are_no_text() {
	name=$(printf 'two\nlines \303\050')
	printf 'x\n' >"$name"
	git add .
	git commit -q -m 'An odd name'
	used
	is "$(git ls-files -z | tr -cd '\0' | wc -c | tr -d ' ')" 2
}

run_tests
