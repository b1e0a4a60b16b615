#!/bin/sh
# git factory hook: gates what is pushed, and breaks no hook that is there.
. "${0%/*}/../lib.sh"

gated() {
	mkdir -p .factory
	commit sum 4
	commit .factory/config.yml 'version: 1
base: main
gates:
  sum:
    run: test "$(cat sum)" = 4'
	git init -q --bare "$TMP/repo/.git/remote.git"
	git remote add origin "$TMP/repo/.git/remote.git"
	git push -q origin main
}

test_gates_what_is_pushed() {
	gated
	run git factory hook install
	status_is 0
	git checkout -q -b work
	commit other hello
	run git push origin work
	status_is 0
	err_like '^sum +pass'
	commit sum 5
	run git push origin work
	status_is 1
	err_like '^sum +fail'
	err_like 'no-verify'
	isnt "$(git -C .git/remote.git rev-parse work)" "$(git rev-parse work)"
	run git push --no-verify origin work
	status_is 0
}

# The base branch is gated on what the remote has of it.
test_a_push_of_the_base() {
	gated
	ok git factory hook install pre-push
	commit .github/x y
	run git push origin main
	status_is 0
	err_like 'note: .github/x'
	commit sum 5
	run git push origin main
	status_is 1
}

test_deletions_tags_and_factory_refs_pass() {
	gated
	git branch gone
	git push -q origin gone
	ok git factory hook install
	commit sum 5
	git tag v1
	git update-ref refs/factory/x HEAD
	run git push origin :gone v1 refs/factory/x
	status_is 0
	err_unlike 'sum'
}

# Nothing to push and nothing that could be read are two things.
test_security_a_push_that_cannot_be_read_is_stopped() {
	gated
	ok git factory hook install
	mkdir bin
	printf '#!/bin/sh\nkill -KILL $$\n' >bin/cat
	chmod +x bin/cat
	git checkout -q -b work
	commit sum 5
	run env PATH="$PWD/bin:$PATH" git push origin work
	status_is 1
	err_like 'nothing was gated'
	is "$(git ls-remote origin work)" ''
}

test_chains_to_the_hook_that_was_there() {
	gated
	printf '#!/bin/sh\ncat >"%s/seen"; echo "$@" >>"%s/seen"\nexit $(cat "%s/answer")\n' \
	    "$TMP" "$TMP" "$TMP" >.git/hooks/pre-push
	chmod +x .git/hooks/pre-push
	before=$(cat .git/hooks/pre-push)
	run git factory hook install
	status_is 0
	out_like 'which was there, is asked first'
	ok git factory hook install
	echo 0 >"$TMP/answer"
	git checkout -q -b work
	commit other hello
	run git push origin work
	status_is 0
	like "$(cat "$TMP/seen")" "^refs/heads/work $(git rev-parse work) refs/heads/work 0000"
	like "$(cat "$TMP/seen")" '^origin '
	err_like '^sum +pass'
	echo 3 >"$TMP/answer"
	commit other more
	run git push origin work
	status_is 1
	err_unlike '^sum'
	run git factory hook remove
	status_is 0
	is "$(cat .git/hooks/pre-push)" "$before"
	missing .git/hooks/pre-push.chained
	run git factory hook remove
	status_is 1
	is "$(cat .git/hooks/pre-push)" "$before"
}

test_remove_leaves_nothing() {
	rm -rf .git/hooks
	ok git factory hook install
	exists .git/hooks/pre-push
	ok git factory hook remove
	missing .git/hooks/pre-push
}

test_hooks_path() {
	git config core.hooksPath my-hooks
	ok git factory hook install
	exists my-hooks/pre-push
	missing .git/hooks/pre-push
	ok git factory hook remove
	commit tracked/README x
	git config core.hooksPath tracked
	run git factory hook install
	status_is 1
	err_like 'tracked folder'
	ok git factory hook install --force
	exists tracked/pre-push
	mkdir "$TMP/shared"
	git config core.hooksPath "$TMP/shared"
	run git factory hook install
	status_is 1
	err_like 'outside of this repository'
	missing "$TMP/shared/pre-push"
	ln -s "$TMP/shared" linked
	git config core.hooksPath linked
	run git factory hook install
	status_is 1
	rm -rf "$TMP/shared"
}

test_from_a_linked_worktree() {
	gated
	git worktree add -q .git/wt -b work
	cd .git/wt
	ok git factory hook install
	exists "$TMP/repo/.git/hooks/pre-push"
	commit sum 5
	run git push origin work
	status_is 1
	err_like '^sum +fail'
}

# What git exports to hooks must not lead the factory's own git astray.
test_inherited_variables() {
	gated
	ok git factory hook install
	git checkout -q -b work
	commit other hello
	export GIT_INDEX_FILE="$TMP/repo/.git/index" GIT_PREFIX=x/
	run git push origin work
	status_is 0
	is "$(git status --porcelain)" ''
}

# A policy with a quick command, and one that takes too long for a commit.
quick() {
	mkdir -p .factory
	commit sum 4
	commit .factory/config.yml "version: 1
base: main
gates:
  sum: {run: 'false', fast: 'test \"\$(cat sum)\" = 4'}
  long: {run: 'false'}"
	ok git factory hook install pre-commit
	missing .git/hooks/pre-push
}

test_gates_what_is_committed() {
	quick
	echo 5 >sum
	git add sum
	run git commit -q -m Five
	status_is 1
	err_like '^sum +fail'
	err_like 'again:  git factory gate --only sum --fast --person --index'
	err_unlike '^long'
	err_like 'no-verify'
	is "$(git log -1 --format=%s)" 'Write .factory/config.yml'
	# The index counts, not the file.
	echo 4 >sum
	run git commit -q -m Five
	status_is 1
	git add sum
	echo 5 >sum
	echo 1 >other
	git add other
	run git commit -q -m Four
	status_is 0
	is "$(cat "$ERR")" ''
	# 'git commit FILE' has an index of its own.
	git add sum
	echo 2 >other
	run git commit -q -m Other other
	status_is 0
	run git commit -q -m Five sum
	status_is 1
	run git commit -q --no-verify -m Five sum
	status_is 0
}

# A key does not get as far as a commit, though the change is a person's.
test_security_a_leaked_key_is_not_committed() {
	quick
	printf 'token = "ghp_%s"\n' 0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R >conf.py
	git add conf.py
	run git commit -q -m Leak
	status_is 1
	err_like '^secrets +fail'
	err_unlike '0a1B2c3D4e5F6g7H8i9J'
	is "$(git log -1 --format=%s)" 'Write .factory/config.yml'
}

test_the_index_is_left_alone() {
	quick
	echo 5 >sum
	echo 1 >new
	git add sum new
	git add -N .factory
	before=$(git hash-object .git/index)
	run git factory gate --index --fast --only sum
	status_is 1
	is "$(git hash-object .git/index)" "$before"
	missing .git/index.lock
	is "$(find .git/factory -name 'index.*')" ''
	run git factory gate --index --json --only sum --fast
	is "$(json "$OUT" .tree)" "$(git write-tree)"
	is "$(json "$OUT" .commit)" null
	run git factory gate --index HEAD
	status_is 129
}

test_the_first_commit() {
	mkdir "$TMP/new" && cd "$TMP/new"
	git init -q .
	ok git factory hook install pre-commit
	echo 1 >a
	git add a
	run git commit -q -m First
	status_is 0
	# Without a policy the built-in gates tell.
	mkdir -p .github
	echo x >.github/CODEOWNERS
	git add .
	run git commit -q -m Owners
	status_is 0
	err_like '^  note: .github/CODEOWNERS'
	rm .git/index
	run git factory gate --index --only tests-kept
	status_is 0
}

test_commits_in_a_linked_worktree_and_after_another_hook() {
	quick
	printf '#!/bin/sh\necho seen >>"%s/commits"\n[ ! -e "%s/no" ]\n' "$TMP" "$TMP" >"$TMP/theirs"
	chmod +x "$TMP/theirs"
	ok git factory hook remove
	missing .git/hooks/pre-commit
	cp "$TMP/theirs" .git/hooks/pre-commit
	ok git factory hook install
	git worktree add -q "$TMP/wt" -b work
	cd "$TMP/wt"
	echo 5 >sum
	run git commit -q -am Five
	status_is 1
	err_like '^sum +fail'
	is "$(cat "$TMP/commits")" seen
	: >"$TMP/no"
	run git commit -q -am Five
	status_is 1
	err_unlike '^sum'
	ok git factory hook remove
	ok cmp "$TMP/theirs" "$TMP/repo/.git/hooks/pre-commit"
	missing "$TMP/repo/.git/hooks/pre-push"
}

test_usage() {
	run git factory hook
	status_is 129
	run git factory hook install post-merge
	status_is 129
	err_like "no hook 'post-merge'"
}

run_tests
