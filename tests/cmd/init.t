#!/bin/sh
# git factory init: makes its state, touches nothing else, may be repeated.
. "${0%/*}/../lib.sh"

everything() {
	git for-each-ref
	git status --porcelain --untracked-files=all
	git config --list --local
	ls .git .git/hooks
	git stash list
	cat .git/HEAD
}

test_init_makes_state_view_and_policy() {
	echo dirty >>README
	git add README
	echo more >>README
	everything >"$TMP/before"
	run git factory init
	status_is 0
	out_like '^state +refs/factory/state$'
	out_like "branch 'factory-state'"
	out_like 'git factory doctor'
	everything >"$TMP/after"
	diff "$TMP/before" "$TMP/after" | grep '^[<>]' | sed 's/[0-9a-f]\{40\}//' | sort >"$TMP/changes"
	is "$(cat "$TMP/changes")" ">  commit	refs/factory/state
>  commit	refs/heads/factory-state
> ?? .factory/config.yml
> factory"
	ok git rev-parse -q --verify refs/factory/state
	is "$(git rev-parse factory-state)" "$(git rev-parse refs/factory/state)"
	exists .factory/config.yml
	is "$(git diff --cached --name-only)" README
	like "$(cat .factory/config.yml)" '^version: 1'
}

test_the_template_is_valid_as_written() {
	run git factory init
	status_is 0
	git add .factory
	git commit -q -m policy
	run git factory status
	status_is 0
}

test_init_again_changes_nothing() {
	ok git factory init >/dev/null
	echo 'version: 1 # mine' >.factory/config.yml
	everything >"$TMP/before"
	run git factory init
	status_is 0
	out_like 'nothing was changed'
	everything >"$TMP/after"
	ok cmp "$TMP/before" "$TMP/after"
	is "$(cat .factory/config.yml)" 'version: 1 # mine'
}

test_init_json() {
	needs jq
	run git factory init --json
	status_is 0
	is "$(json "$OUT" '.created, .policy_written, .policy')" 'true
true
.factory/config.yml'
}

test_a_committed_policy_is_not_written_again() {
	mkdir .factory
	echo 'version: 1' >.factory/config.yml
	git add .factory
	git commit -q -m policy
	rm -r .factory
	run git factory init
	status_is 0
	missing .factory
}

test_policy_may_name_the_view_or_none() {
	commit .factory/config.yml 'version: 1
state: {branch: none}'
	run git factory init
	status_is 0
	fails git rev-parse -q --verify refs/heads/factory-state
	ok git factory task add 'No view' >/dev/null
	commit .factory/config.yml 'version: 1
state: {branch: todo}'
	ok git factory task add 'A view' >/dev/null
	is "$(git rev-parse todo)" "$(git rev-parse refs/factory/state)"
}

test_init_in_bare_empty_and_detached() {
	git init -q --bare "$TMP/bare.git"
	(cd "$TMP/bare.git" && run git factory init && status_is 0 && git rev-parse -q --verify refs/factory/state && [ ! -e .factory ])
	rm -rf "$TMP/bare.git"
	git init -q "$TMP/empty"
	(cd "$TMP/empty" && run git factory init && status_is 0 && run git factory task add Hello && status_is 0)
	rm -rf "$TMP/empty"
	git checkout -q --detach
	run git factory init
	status_is 0
}

test_a_linked_worktree_shares_the_state() {
	init
	git worktree add -q "$TMP/linked" -b side
	(cd "$TMP/linked" && git factory task add Elsewhere >/dev/null)
	run git factory task list
	out_like 'Elsewhere'
	git worktree remove "$TMP/linked"
}

test_a_clone_goes_on() {
	init
	id=$(git factory task add 'Made before the clone')
	git clone -q . "$TMP/clone"
	cd "$TMP/clone"
	run git factory task show "$id"
	status_is 1
	err_like "git factory init"
	run git factory init
	status_is 0
	run git factory task show "$id"
	status_is 0
	cd "$TMP/repo"
	rm -rf "$TMP/clone"
}

test_somebody_elses_branch_is_respected() {
	git branch factory-state
	run git factory init
	status_is 1
	err_like 'is no state of a factory'
	fails git rev-parse -q --verify refs/factory/state
}

test_forms_for_issues() {
	run git factory init --issues github
	status_is 0
	out_like '^file +.github/ISSUE_TEMPLATE/factory-task.yml$'
	out_like '^file +.github/ISSUE_TEMPLATE/factory-structured.yml$'
	for type in $(git factory config list | sed -n 's/^types\.\(.*\)\.severity=.*/\1/p'); do
		ok grep -q -- "^ *- $type\$" .github/ISSUE_TEMPLATE/factory-task.yml
	done
	# What the structured one offers is a task as it stands.
	sed -n '/value: |/,/validations:/s/^        //p' .github/ISSUE_TEMPLATE/factory-structured.yml >"$TMP/spec.yml"
	run git factory task add -F "$TMP/spec.yml" 'From the form'
	status_is 0
	echo mine >.github/ISSUE_TEMPLATE/factory-task.yml
	run git factory init --issues github --json
	is "$(json "$OUT" '.files_written | length')" 0
	is "$(cat .github/ISSUE_TEMPLATE/factory-task.yml)" mine
	ok git factory init --issues gitlab >/dev/null
	exists .gitlab/issue_templates/factory-structured.md
	ok git factory init --issues forgejo >/dev/null
	exists .forgejo/ISSUE_TEMPLATE/factory-task.yml
	fails git factory init --issues bugzilla
	ln -s "$TMP" .gitea
	run git factory init --issues gitea
	status_is 128
	err_like 'is not a folder'
}

test_security_policy_folder_as_link_is_refused() {
	mkdir "$TMP/outside"
	ln -s "$TMP/outside" .factory
	run git factory init
	status_is 128
	err_like 'not a folder'
	missing "$TMP/outside/config.yml"
	rm -r "$TMP/outside"
}

test_outside_of_a_repository() {
	mkdir "$TMP/plain"
	cd "$TMP/plain"
	run git factory init
	status_is 128
	err_like '^fatal: '
	missing .factory
	cd "$TMP/repo"
	rmdir "$TMP/plain"
}

test_nobody_to_commit_as() {
	git config --global --unset user.name
	git config --global --unset user.email
	run git -c user.useConfigOnly=true factory init
	git config --global user.name 'Ada Tester'
	git config --global user.email ada@example.org
	status_is 128
	err_like 'git config'
	fails git rev-parse -q --verify refs/factory/state
}

test_from_inside_a_hook() {
	ok git factory init >/dev/null
	mkdir -p .git/hooks
	cat >.git/hooks/post-commit <<-'E'
	#!/bin/sh
	git factory task add "From the hook" >"$TMP/hook" 2>&1
	E
	chmod +x .git/hooks/post-commit
	export TMP
	git commit -q --allow-empty -m hooked
	run git factory task list
	out_like 'From the hook'
	rm -f "$TMP/hook"
}

run_tests
