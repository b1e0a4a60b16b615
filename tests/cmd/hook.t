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

# ---- messages ----

# A policy that looks at messages; HEAD is on a branch of a task, $id.
worded() {
	commit .factory/config.yml 'version: 1
base: main
gates:
  commit-message: {builtin: commit-message}'
	ok git factory init >/dev/null
	id=$(git factory task add 'Say hello')
	ok git factory hook install commit-msg >/dev/null
	git checkout -q -b "factory/$id-say-hello"
}

change() {
	date +%N >>other
	git add other
}

test_messages_are_judged() {
	worded
	git checkout -q main
	change
	run git commit -m 'A subject that goes on and on, far beyond what anybody would want to read in a list of commits'
	status_is 1
	err_like '^error: the message: the subject has more than 72 columns'
	err_like "^hint: it is kept: 'git commit -e -F .*COMMIT_EDITMSG' goes on from it, --no-verify"
	run git commit -m 'A subject
and no empty line'
	status_is 1
	err_like 'no empty line behind the subject'
	run git commit -q -F .git/COMMIT_EDITMSG --no-verify
	status_is 0
	change
	run git commit -q -m 'A subject'
	status_is 0
	is "$(cat "$ERR")" ''
	# Unfinished work is a person's own.
	change
	run git commit -q -m 'wip'
	status_is 0
	err_like "^note: the message: 'wip' is not for others yet"
	change
	run git commit -q --fixup HEAD
	status_is 0
	is "$(cat "$ERR")" ''
	# What an editor leaves: comments are none of the message, and an empty one is git's to refuse.
	change
	printf '#!/bin/sh\n{ echo; echo "# no"; echo Subject; echo "#"; echo; cat "$1"; } >"$1.n" && mv "$1.n" "$1"\n' >"$TMP/edit"
	chmod +x "$TMP/edit"
	run env GIT_EDITOR="$TMP/edit" git commit -q -v
	status_is 0
	is "$(git log -1 --format=%B)" Subject
	change
	run env GIT_EDITOR=true git commit -q
	status_is 1
	err_like 'empty commit message'
	# Where policy lets it be told, or does not ask, it stops nothing.
	sed -i 's/builtin: commit-message/&, blocking: false/' .factory/config.yml
	git commit -q --no-verify -a -m 'Tell'
	change
	run git commit -q -m 'A subject
and no empty line'
	status_is 0
	err_like '^note: the message: no empty line'
	git rm -q -r .factory
	git commit -q --no-verify -m 'No policy'
	change
	run git commit -q -m 'A subject
and no empty line'
	status_is 0
	is "$(cat "$ERR")" ''
}

trailers() { git log -1 --format=%B | git interpret-trailers --parse | tr '\n' ' '; }

test_the_task_is_named_once() {
	worded
	change
	run git commit -q -m 'Say it

The text.

Signed-off-by: Ada <ada@example.org>'
	status_is 0
	is "$(cat "$ERR")" ''
	is "$(trailers)" "Signed-off-by: Ada <ada@example.org> Factory-Task: $id "
	run git commit -q --amend --no-edit
	status_is 0
	is "$(trailers)" "Signed-off-by: Ada <ada@example.org> Factory-Task: $id "
	# Somebody wrote another one.
	change
	ok git commit -q -m 'Say more

Factory-Task: bbbbbbbb'
	is "$(trailers)" 'Factory-Task: bbbbbbbb '
	# Above the diff of -v, and where a line of dashes is part of the text.
	change
	ok env GIT_EDITOR="sed -i '1s/^/Say it all/'" git commit -q -v
	is "$(git log -1 --format=%B)" "Say it all

Factory-Task: $id"
	change
	ok git commit -q -m 'Cut

---
here'
	is "$(git log -1 --format=%B | grep . | tail -n 1)" "Factory-Task: $id"
	# Not where it does no good.
	change
	ok git commit -q --fixup HEAD
	is "$(trailers)" ''
	change
	run env GIT_EDITOR=true git commit -q
	status_is 1
	for mark in auto ';' '%'; do
		run env GIT_EDITOR=true git -c core.commentChar="$mark" commit -q -v -e -m '# One'
		status_is 0
		is "$(trailers)" "Factory-Task: $id "
		change
		run env GIT_EDITOR="sed -i '/^# One/d'" git -c core.commentChar="$mark" commit -q -v -e -m '# One'
		status_is 1
		err_like 'empty commit message'
	done
	git reset -q --hard
	git checkout -q -b side HEAD~
	commit beside 1
	is "$(trailers)" ''
	git checkout -q -
	ok git merge -q --no-ff -m 'Merge it' side
	is "$(trailers)" ''
}

# A branch that only looks like one of the factory's.
test_names_of_branches() {
	worded
	for name in factory/refactor-it factory/$id factory/zz-x "x/factory/$id-x" \
	    "factory/$(echo "$id" | tr a-z A-Z)-x"; do
		git checkout -q -b "$name"
		change
		ok git commit -q -m 'A subject'
		is "$(trailers)" ''
	done
	git checkout -q --detach
	change
	ok git commit -q -m 'A subject'
	is "$(trailers)" ''
	git checkout -q -b "factory/$id-;\$(touch\${IFS}hit)"
	change
	ok git commit -q -m 'A subject'
	is "$(trailers)" "Factory-Task: $id "
	missing hit
	# In a linked worktree.
	git worktree add -q "$TMP/beside" -b "factory/$id-beside"
	cd "$TMP/beside"
	change
	ok git commit -q -m 'A subject'
	is "$(trailers)" "Factory-Task: $id "
}

test_security_hostile_messages() {
	worded
	change
	printf '\033]0;title\007%0100d\n\n\376\377\n' 1 >"$TMP/message"
	run git commit -q -F "$TMP/message"
	status_is 1
	err_like 'more than 72 columns'
	fails grep -q "$(printf '\033')" "$ERR"
	printf 'A subject\n\n--trailer x\n\376\377 $(touch hit)\n' >"$TMP/message"
	run git -c i18n.commitEncoding=ISO-8859-1 commit -q -F "$TMP/message"
	status_is 0
	is "$(git log -1 --format=%B | grep . | tail -n 1)" "Factory-Task: $id"
	missing hit
	# git takes no NUL, and neither do we.
	change
	printf 'A subject\n\n\000x\n' >"$TMP/message"
	run git commit -q -F "$TMP/message"
	err_like 'a NUL byte'
}

# ---- afterwards ----

test_edited_tasks_are_taken_in() {
	init
	ok git factory hook install >/dev/null
	id=$(git factory task add 'Say hello')
	change
	run git commit -q -m Other
	status_is 0
	is "$(cat "$ERR")" ''
	git checkout -q factory-state
	file=$(git ls-files tasks | head -n 1)
	sed -i 's/^title: .*/title: Say goodbye/' "$file"
	run git commit -q -a -m 'Edit'
	status_is 0
	is "$(cat "$ERR")" ''
	like "$(git show "refs/factory/state:$file")" '^title: Say goodbye'
	# A mistake is told at once, and the commit is made.
	sed -i 's/^priority: .*/priority: [/; 1a priority: [' "$file"
	run git commit -q -a -m 'Break it'
	status_is 0
	err_like "^note: .*$id.md:[0-9]+"
	is "$(git log -1 --format=%s)" 'Break it'
	# By a merge, too.
	ok git checkout -q -b mine
	git checkout -q factory-state
	ok git reset -q --hard HEAD~
	git checkout -q mine
	git revert --no-edit HEAD >/dev/null
	git checkout -q factory-state
	run git merge -q --no-ff -m Merge mine
	status_is 0
	like "$(git show "refs/factory/state:$file")" '^title: Say goodbye'
}

test_a_merge_that_nothing_proves_is_told() {
	gated
	ok git factory hook install post-merge >/dev/null
	git checkout -q -b work
	commit other 1
	git checkout -q main
	run git merge -q work
	status_is 0
	err_like "^note: nothing proves what was merged here for sum: 'git factory gate --base ORIG_HEAD'"
	# Known: nothing is said.
	git checkout -q work
	commit other 2
	ok git factory gate --base main >/dev/null
	git checkout -q main
	run git merge -q work
	status_is 0
	is "$(cat "$ERR")" ''
	# What the remote has, others prove; another branch is no base; a squash is none yet.
	git push -q origin main
	git checkout -q work
	commit other 3
	git push -q origin work:main
	git checkout -q main
	run git pull -q origin main
	status_is 0
	err_unlike 'nothing proves'
	git checkout -q -b away
	commit away 1
	git checkout -q work
	run git merge -q away
	err_unlike 'nothing proves'
	git checkout -q main
	run git merge -q --squash away
	err_unlike 'nothing proves'
	# It says nothing where it cannot know, and breaks nothing.
	git reset -q --hard
	git rm -q -r .factory
	git commit -q -m 'No policy'
	git checkout -q away
	commit away 2
	git checkout -q main
	run git merge -q -m Merge away
	status_is 0
	is "$(cat "$ERR")" ''
}

test_they_never_fail_a_commit() {
	quick
	ok git factory hook install post-commit post-merge >/dev/null
	ok git factory init >/dev/null
	printf '#!/bin/sh\necho broken >&2; exit 3\n' >"$TMP/git-factory"
	chmod +x "$TMP/git-factory"
	git checkout -q factory-state
	echo x >x
	git add x
	run env PATH="$TMP:$PATH" git commit -q --no-verify -m X
	status_is 0
	is "$(git log -1 --format=%s)" X
}

# ---- whose hooks there are ----

state_of() { # HOOK
	ok git factory hook list --json >"$OUT"
	json "$OUT" ".hooks[] | select(.hook == \"$1\") | .state"
}

why_of() {
	json "$OUT" ".hooks[] | select(.hook == \"$1\") | .why"
}

test_list() {
	run git factory hook list
	status_is 0
	out_like "^folder +$TMP/repo/.git/hooks"
	out_like '^pre-commit +missing$'
	out_unlike 'pre-receive|manager'
	printf '#!/bin/sh\nexit 0\n' >.git/hooks/pre-push
	chmod +x .git/hooks/pre-push
	is "$(state_of pre-push)" foreign
	ok git factory hook install >/dev/null
	is "$(state_of pre-push)" installed
	is "$(json "$OUT" '.hooks[] | select(.hook == "pre-push") | .chained')" "$TMP/repo/.git/hooks/pre-push.chained"
	run git factory hook list
	out_like '^pre-push +installed, asks .*pre-push.chained first'
	chmod -x .git/hooks/pre-push.chained
	is "$(state_of pre-push)" broken
	like "$(why_of pre-push)" 'chained. is not asked: it is not executable'
	chmod +x .git/hooks/pre-push.chained
	chmod -x .git/hooks/commit-msg
	is "$(state_of commit-msg)" broken
	like "$(why_of commit-msg)" 'not executable'
	printf '#!/nowhere/python\n' >.git/hooks/post-commit
	is "$(state_of post-commit)" broken
	like "$(why_of post-commit)" "it needs '/nowhere/python'"
	ln -sf gone .git/hooks/post-merge
	is "$(state_of post-merge)" broken
	like "$(why_of post-merge)" 'link to what is gone'
	is "$(PATH=/usr/bin:/bin "$BUILD/git-factory" hook list --json | jq -r '.hooks[] | select(.hook == "pre-commit") | .why')" \
	    'git-factory is not on PATH'
	git init -q --bare "$TMP/bare"
	cd "$TMP/bare"
	run git factory hook list
	out_like '^pre-receive +missing'
	out_unlike '^pre-commit'
	rm -rf "$TMP/bare"
}

# As husky 9 leaves it: its hooks look into the folder above for their own name.
test_beside_husky() {
	mkdir -p .husky/_
	for hook in pre-commit commit-msg post-commit post-merge pre-push; do
		printf '#!/usr/bin/env sh\n. "$(dirname "$0")/h"' >.husky/_/$hook
		chmod +x .husky/_/$hook
	done
	printf '#!/usr/bin/env sh\nn=$(basename "$0")\ns=$(dirname "$(dirname "$0")")/$n\n[ ! -f "$s" ] && exit 0\nsh -e "$s" "$@"\n' >.husky/_/h
	echo '*' >.husky/_/.gitignore
	echo "echo theirs >>'$TMP/husky'" >.husky/pre-commit
	git config core.hooksPath .husky/_
	git ls-files -o .husky | xargs md5sum >"$TMP/before"
	for force in '' --force; do
		# shellcheck disable=SC2086
		run git factory hook install $force
		status_is 1
		err_like "is husky's, which writes it anew"
		err_like "^hint: have '.*/.husky/pre-commit' run this for pre-commit: git factory hook run pre-commit"
	done
	ok md5sum --quiet -c "$TMP/before"
	is "$(state_of pre-commit)" foreign
	is "$(json "$OUT" .manager)" husky
	# What it says does it.
	sed -n 's/^hint: .* for pre-commit: //p' "$ERR" >>.husky/pre-commit
	is "$(state_of pre-commit)" called
	printf 'token = "ghp_%s"\n' 0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R >conf.py
	git add conf.py
	run git commit -q -m Leak
	status_is 1
	err_like '^secrets +fail'
	is "$(cat "$TMP/husky")" theirs
	git reset -q
	git add .husky/pre-commit
	run git commit -q -m 'A hook'
	status_is 0
	rm -f "$TMP/husky"
}

# lefthook writes its own again; pre-commit's framework keeps ours, and a hook that goes by its name stays.
test_beside_others() {
	printf '#!/bin/sh\ncall_lefthook()\n{\n\tlefthook "$@"\n}\ncall_lefthook run "pre-commit" "$@"\n' >.git/hooks/pre-commit
	chmod +x .git/hooks/pre-commit
	run git factory hook install pre-commit
	status_is 1
	err_like "is lefthook's, which writes it anew"
	err_like "^hint: have '.*/lefthook.yml' run this for pre-commit"
	is "$(state_of pre-commit)" foreign
	is "$(json "$OUT" .manager)" lefthook
	printf 'pre-commit:\n  commands:\n    factory:\n      run: git factory hook run pre-commit\n' >lefthook.yml
	is "$(state_of pre-commit)" called
	run git factory hook install pre-commit
	status_is 0
	out_like 'calls git factory already'
	rm lefthook.yml
	ok git factory hook install --force pre-commit >/dev/null
	is "$(state_of pre-commit)" installed
	rm .git/hooks/pre-commit*
	printf '#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\nHERE="$(cd "$(dirname "$0")" && pwd)"\necho "$HERE" >"%s/here"\n' "$TMP" >.git/hooks/pre-commit
	chmod +x .git/hooks/pre-commit
	ok git factory hook install pre-commit >/dev/null
	is "$(state_of pre-commit)" installed
	is "$(json "$OUT" .manager)" pre-commit
	commit x 1
	is "$(cat "$TMP/here")" "$PWD/.git/hooks"
	printf '#!/bin/sh\nexec "dispatch-$(basename "$0")"\n' >.git/hooks/pre-push
	chmod +x .git/hooks/pre-push
	before=$(cat .git/hooks/pre-push)
	run git factory hook install
	status_is 1
	err_like 'goes by its own name'
	is "$(cat .git/hooks/pre-push)" "$before"
	missing .git/hooks/commit-msg
	ok git factory hook install commit-msg >/dev/null
	rm -f "$TMP/here"
}

test_usage() {
	run git factory hook
	status_is 129
	run git factory hook install post-checkout
	status_is 129
	err_like "no hook 'post-checkout'"
	err_like 'pre-receive and post-receive'
	run git factory hook run post-checkout
	status_is 129
	run git factory hook run commit-msg
	status_is 129
}

run_tests
