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

test_usage() {
	run git factory hook
	status_is 129
	run git factory hook install post-merge
	status_is 129
	err_like "no hook 'post-merge'"
}

run_tests
