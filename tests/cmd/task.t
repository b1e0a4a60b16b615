#!/bin/sh
# git factory task: file, list, show, edit, judge, order and close tasks.
. "${0%/*}/../lib.sh"

add() {
	git factory task add "$@" 2>/dev/null
}

test_add_prints_the_id() {
	init
	run git factory task add 'Say hello'
	status_is 0
	out_like '^[a-z2-7]{8}$'
	is "$(wc -l <"$OUT" | tr -d ' ')" 1
	id=$(cat "$OUT")
	is "$(git log -1 --format=%s refs/factory/state)" 'add task: Say hello'
	run git show "factory-state:tasks/$(echo "$id" | cut -c1)/$(echo "$id" | cut -c2)/$id.md"
	out_like '^title: Say hello$'
	out_like "^id: $id\$"
}

test_add_takes_all_fields() {
	needs jq
	init
	first=$(add First)
	printf 'The whole spec.\n' >"$TMP/spec"
	run git factory task add -t fix -p 0 -l one --label=two --after "$(echo "$first" | cut -c1-5)" \
		--need gpu --estimate 1h30m -C lib --hold 'not yet' -F "$TMP/spec" --json 'Second: "quoted" #1'
	status_is 0
	is "$(json "$OUT" '.title, .type, .priority, (.labels | join(",")), .after[0], .needs[0], .estimate_s, .dir, .hold, .body, .state')" \
		"Second: \"quoted\" #1
fix
0
one,two
$first
gpu
5400
lib
not yet
The whole spec.
held"
	rm "$TMP/spec"
}

test_add_from_a_file_with_front_matter() {
	init
	run sh -c 'printf -- "---\npriority: 1 # soon\nstate: landed\nid: aaaaaaaa\n---\n# The heading\n\nText.\n" | git factory task add -F -'
	status_is 0
	id=$(cat "$OUT")
	isnt "$id" aaaaaaaa
	run git factory task show "$id" --raw
	out_like '^priority: 1 # soon$'
	out_like '^# The heading$'
	run git factory task show "$id"
	out_like 'The heading$'
	out_like 'state +ready'
}

test_add_refuses_what_cannot_be_read_again() {
	init
	run git factory task add
	status_is 129
	run git factory task add '   '
	status_is 129
	run git factory task add "$(printf 'two\nlines')"
	status_is 129
	run git factory task add "$(printf 'bell\007')"
	status_is 129
	run git factory task add -t 'Not A Word' x
	status_is 129
	run git factory task add -p 5 x
	status_is 129
	run git factory task add --estimate soon x
	status_is 129
	run git factory task add --after zzzz x
	status_is 1
	err_like "no task 'zzzz'"
	run sh -c 'printf -- "---\npiority: 1\n---\n# X\n" | git factory task add -F -'
	status_is 128
	err_like "<stdin>:2:1: .*'piority'.*'priority'"
	run git factory task add -F "$TMP/nowhere"
	status_is 1
	run git factory task list
	out_is ''
}

test_before_init() {
	run git factory task list
	status_is 1
	err_like 'git factory init'
	run git factory task add Hello
	status_is 1
}

test_list_orders_and_filters() {
	needs jq
	init
	low=$(add -p 3 Low)
	high=$(add -p 1 -l red High)
	waits=$(add -p 0 --after "$low" Waits)
	run git factory task list
	is "$(cut -c1-8 "$OUT" | tr '\n' ' ')" "$waits $high $low "
	out_like "^$waits  waiting    p0  Waits\$"
	run git factory task list -l red
	is "$(cut -c1-8 "$OUT")" "$high"
	run git factory task list -s waiting --json
	is "$(json "$OUT" '.[].id')" "$waits"
	is "$(json "$OUT" '.[].why')" "waits for $low (queued)"
	run git factory task list -s nonsense
	status_is 129
	run git factory task next
	out_is "$high"
	run git factory task ready
	is "$(cut -c1-8 "$OUT" | tr '\n' ' ')" "$high $low "
	run git factory task ready "$waits"
	status_is 1
	err_like "waits for $low"
	ok git factory task close "$low" >/dev/null
	run git factory task next
	out_is "$waits"
}

test_nothing_ready_says_why() {
	init
	run git factory task next
	status_is 1
	err_like 'no task is ready'
	add --hold later Held >/dev/null
	run git factory task next
	status_is 1
	err_like '1 held'
	run git factory task next --json
	status_is 1
	out_like '"word":"nothing-ready"'
}

test_ids_abbreviate() {
	init
	id=$(add One)
	run git factory task show "$(echo "$id" | cut -c1-4)"
	status_is 0
	run git factory task show "$(echo "$id" | cut -c1-3)"
	status_is 1
	git worktree add -q "$TMP/view" factory-state
	mkdir -p "$TMP/view/tasks/q/q"
	printf -- '# Q1\n' >"$TMP/view/tasks/q/q/qqqqaaaa.md"
	printf -- '# Q2\n' >"$TMP/view/tasks/q/q/qqqqbbbb.md"
	git -C "$TMP/view" add .
	git -C "$TMP/view" commit -qm two
	run git factory task show qqqq
	status_is 128
	err_like 'qqqqaaaa \(Q1\), qqqqbbbb \(Q2\)'
	git worktree remove --force "$TMP/view"
}

test_edit_by_options_and_in_the_editor() {
	init
	id=$(add -l old Title)
	run git factory task edit "$id" --title Other -p 0 -l new --unlabel old --hold 'wait for it'
	status_is 0
	run git factory task show "$id"
	out_like 'Other$'
	out_like 'labels +new$'
	out_like 'state +held'
	run git factory task edit "$id" --release
	run env EDITOR='sed -i s/Other/Third/' git factory task edit "$id"
	status_is 0
	run git factory task show "$id"
	out_like 'Third$'
	out_like 'state +ready'
}

test_a_refused_edit_is_not_lost() {
	init
	id=$(add Title)
	run env EDITOR='sed -i "s/^title:.*/title: [broken/"' git factory task edit "$id"
	status_is 128
	err_like ':[0-9]+:[0-9]+: '
	err_like "kept in '.*$id.md'"
	run git factory task show "$id"
	out_like 'Title$'
	run env EDITOR='sed -i "s/^title:.*/title: mended/"' git factory task edit "$id"
	status_is 0
	err_like 'going on'
	run git factory task show "$id"
	out_like 'mended$'
	missing ".git/factory/edit/$id.md"
}

test_an_editor_that_fails_changes_nothing() {
	init
	id=$(add Title)
	tip=$(git rev-parse refs/factory/state)
	run env EDITOR=false git factory task edit "$id"
	status_is 128
	is "$(git rev-parse refs/factory/state)" "$tip"
	run env EDITOR=true git factory task edit "$id"
	status_is 0
	err_unlike 'going on'
	is "$(git rev-parse refs/factory/state)" "$tip"
}

test_deps() {
	init
	a=$(add A)
	b=$(add B)
	c=$(add C)
	run git factory task dep "$b" "$a"
	status_is 0
	out_like "^after +$a"
	ok git factory task dep "$c" "$b" >/dev/null
	run git factory task dep "$a" "$c"
	status_is 1
	err_like 'wait for the other'
	run git factory task dep "$b"
	out_like "^after +$a"
	out_like "^before +$c"
	run git factory task dep -r "$b" "$a"
	run git factory task ready "$b"
	status_is 0
}

test_close_and_reopen() {
	init
	id=$(add 'Not after all')
	run git factory task close "$id" -m 'made by hand'
	status_is 0
	run git factory task list
	out_is ''
	run git factory task list --all
	out_like "^$id  closed"
	run git factory task show "$id"
	out_like 'close +made by hand'
	ok git factory task close --reopen "$id" >/dev/null
	run git factory task next
	out_is "$id"
}

# What is wrong with the words of a command says where to look.
test_usage_errors_name_the_help() {
	init
	run git factory task add
	status_is 129
	err_like "^hint: 'git factory task add -h' tells what it takes"
	run git factory run --nosuch
	status_is 129
	err_like "^hint: 'git factory run -h'"
	for verb in run 'pr merge' pr; do
		# shellcheck disable=SC2086
		run git factory help $verb
		status_is 0
		out_like "usage: git factory $verb"
		out_unlike 'init '
	done
	run git factory help stauts
	status_is 129
	err_like "did you mean 'status'"
	run git factory run aaaaaaaa
	status_is 1
	err_like "^hint: 'git factory task list -a' has all"
}

test_lint_judges() {
	needs jq
	init
	vague=$(add 'Make it better')
	run git factory task lint "$vague"
	status_is 1
	out_like "^$vague  vague"
	err_like "^hint: 'git factory task edit ID'"
	cat >"$TMP/spec" <<-'E'
	# Reject dates before 1970

	`parse("1969-12-31")` must raise `ValueError` with the message "too early".
	`parse("1970-01-01")` must return the integer 0.

	The public names of the module must not change.

	To verify: `python3 -m unittest tests.test_parse` passes.
	E
	run git factory task lint -F "$TMP/spec"
	status_is 0
	out_unlike 'vague'
	run git factory task lint --json
	status_is 1
	is "$(jq -rs '.[0][0].granularity' "$OUT")" vague
	rm "$TMP/spec"
}

test_show_tells_the_type_and_why() {
	init
	id=$(add 'Parser crashes' -l docs)
	run git factory task show "$id"
	out_like "^type +documentation, low severity: label 'docs'\$"
	run git factory task show --json "$id"
	is "$(json "$OUT" '.type, .kind.type, .kind.severity, .kind.auto_merge')" "
documentation
low
true"
	run git factory task edit --json -l bug "$id"
	is "$(json "$OUT" '.kind.type, .kind.severity, .kind.why')" "unknown
high
label 'docs' (documentation) and 'bug' (bug_fix_isolated) disagree"
	run git factory task lint "$id"
	out_like 'the type is unknown, which never lands by itself: label'
	commit .factory/config.yml 'gates: none
types:
  chore: {severity: critical, words: [crashes]}
'
	ok git factory task edit -t chore "$id"
	run git factory task show "$id"
	out_like '^type +chore, critical severity: the task says so$'
}

test_a_structured_task() {
	init
	cat >"$TMP/t.yml" <<-E
	factory: 1
	title: Sum numbers
	type: bug_fix_isolated
	what: The function add must return the sum.
	tests:
	  - {name: three, given: "1 2", expect: "3", run: make test, file: t/add.sh}
	scope: [src/**]
	E
	run git factory task lint -F "$TMP/t.yml"
	out_like 'Sum numbers +\(bug_fix_isolated, medium severity\)$'
	run git factory task add --json -F "$TMP/t.yml"
	status_is 0
	is "$(json "$OUT" '.title, .type, .scope[0]')" 'Sum numbers
bug_fix_isolated
src/**'
	like "$(json "$OUT" .body)" '^- \[ \] three: given `1 2` the output must be `3`; verify with `make test`$'
	like "$(json "$OUT" .body)" '^test_three\(\) \{$'
	printf 'factory: 1\nwhat: x\ntests:\n  - {name: a, expects: b}\n' >"$TMP/t.yml"
	run git factory task add -F "$TMP/t.yml"
	status_is 128
	err_like "t.yml:4:15: unknown key 'expects'; did you mean 'expect'\?"
}

test_edits_by_hand_are_taken_in() {
	init
	id=$(add 'Say hello')
	path=tasks/$(echo "$id" | cut -c1)/$(echo "$id" | cut -c2)/$id.md
	git worktree add -q "$TMP/view" factory-state
	(
		cd "$TMP/view"
		sed -i.bak 's/^title: .*/title: Say hello twice # really/' "$path" && rm "$path.bak"
		printf '# By hand\n\nWhat is wanted.\n' >tasks/by-hand.md
		git add .
		git commit -qm 'edit by hand'
	)
	run git factory task list
	out_like "^$id .*Say hello twice\$"
	out_like 'By hand$'
	err_like "'tasks/by-hand.md' is now task"
	run git factory task show --raw "$id"
	out_like '# really$'
	ok git merge-base --is-ancestor factory-state refs/factory/state
	# What is checked out is never moved.
	is "$(git -C "$TMP/view" status --porcelain)" ''
	isnt "$(git rev-parse factory-state)" "$(git rev-parse refs/factory/state)"
	ok git -C "$TMP/view" merge -q --ff-only refs/factory/state
	git worktree remove "$TMP/view"
	ok git factory task add Another >/dev/null 2>&1
	is "$(git rev-parse factory-state)" "$(git rev-parse refs/factory/state)"
}

test_a_broken_file_is_named_and_blocks_only_itself() {
	init
	bad=$(add -p 0 Bad)
	good=$(add -p 4 Good)
	path=tasks/$(echo "$bad" | cut -c1)/$(echo "$bad" | cut -c2)/$bad.md
	git worktree add -q "$TMP/view" factory-state
	(
		cd "$TMP/view"
		sed -i.bak 's/^priority: .*/priority: high/' "$path" && rm "$path.bak"
		git commit -qam 'break it'
	)
	run git factory task next
	status_is 0
	out_is "$good"
	run git factory task list
	out_like "^$bad  broken .*$path:[0-9]+:[0-9]+: 'priority'"
	run git factory task show "$bad"
	status_is 128
	err_like "$path:[0-9]+:[0-9]+: 'priority'"
	run git factory task lint
	status_is 1
	out_like "$path:[0-9]+"
	run git factory task edit "$bad" -p 1
	status_is 128
	run env EDITOR='sed -i s/high/1/' git factory task edit "$bad"
	status_is 0
	run git factory task next
	out_is "$bad"
	git worktree remove --force "$TMP/view"
}

test_hostile_yaml_fails_fast() {
	init
	git worktree add -q "$TMP/view" factory-state
	(
		cd "$TMP/view"
		mkdir -p tasks
		{ printf -- '---\ntitle: '; head -c 200000 /dev/zero | tr '\0' '['; printf '\n---\n'; } >tasks/deep.md
		printf -- '---\na: &a [x]\nb: &b [*a,*a]\nc: [*b,*b]\ntitle: x\n---\n' >tasks/bomb.md
		printf -- '---\ntitle: x\ntitle: y\n---\n' >tasks/twice.md
		git add .
		git commit -qm hostile
	)
	run git factory status
	status_is 0
	out_like '^3 broken$'
	git worktree remove --force "$TMP/view"
}

test_titles_cannot_steer_the_terminal() {
	init
	git worktree add -q "$TMP/view" factory-state
	(
		cd "$TMP/view"
		mkdir -p tasks
		printf -- '---\ntitle: "evil \\e]0;x\\a \\u202e"\n---\n' >tasks/evil.md
		git add .
		git commit -qm evil
	)
	run git factory task list
	fails grep -q "$(printf '\033')" "$OUT"
	run git factory status
	fails grep -q "$(printf '\033')" "$OUT"
	git worktree remove --force "$TMP/view"
}

test_eight_at_once_lose_none() {
	init
	for writer in 1 2 3 4 5 6 7 8; do
		(
			for n in 1 2 3; do
				git factory task add "Task $writer-$n" >/dev/null 2>>"$TMP/race" || echo failed >>"$TMP/race"
			done
		) &
	done
	wait
	fails grep -q failed "$TMP/race"
	run git factory task list
	is "$(wc -l <"$OUT" | tr -d ' ')" 24
	is "$(git ls-tree -r --name-only refs/factory/state tasks/ | wc -l | tr -d ' ')" 24
	ok git fsck --strict --no-dangling 2>/dev/null
	rm -f "$TMP/race"
}

test_killed_at_any_moment_nothing_is_lost() {
	init
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24; do
		timeout -s KILL "0.0$((n / 10))$((n % 10))" git-factory task add "Task $n" >>"$TMP/ids" 2>/dev/null || :
	done
	run git factory task add Last
	status_is 0
	cat "$OUT" >>"$TMP/ids"
	run git factory task list
	cut -c1-8 "$OUT" | sort >"$TMP/listed"
	is "$(sort "$TMP/ids" | comm -23 - "$TMP/listed")" ''
	is "$(git ls-tree -r --name-only refs/factory/state tasks/ | wc -l | tr -d ' ')" "$(wc -l <"$TMP/listed" | tr -d ' ')"
	is "$(git rev-parse factory-state)" "$(git rev-parse refs/factory/state)"
	ok git fsck --strict --no-dangling 2>/dev/null
	rm "$TMP/ids" "$TMP/listed"
}

test_the_cache_may_go_at_any_time() {
	init
	id=$(add Kept)
	rm -f .git/factory/cache.db
	run git factory task next
	out_is "$id"
	echo rubbish >.git/factory/cache.db
	run git factory task next
	status_is 0
	out_is "$id"
	rm -f .git/factory/cache.db
	mkdir .git/factory/cache.db
	run git factory task next
	status_is 0
	out_is "$id"
	rmdir .git/factory/cache.db
}

# It takes several times as long as the rest of a small verb.
test_what_is_only_read_needs_no_libgit2() {
	[ "$(uname -s)" = Linux ] || skip 'no loader that tells'
	init
	printf 'version: 1\ntypes:\n  chore: {severity: low, labels: [chore]}\n' >.factory/config.yml
	git add .factory
	git commit -qm policy
	id=$(add Sweep -l chore)
	for verb in 'task list' 'task next' 'task ready' "task show $id" "task show --json $id" status; do
		# shellcheck disable=SC2086
		git factory $verb >/dev/null
		# shellcheck disable=SC2086
		LD_DEBUG=libs LD_DEBUG_OUTPUT=$TMP/libs git-factory $verb >"$TMP/out"
		grep -q 'libgit2' "$TMP"/libs.* && fail "$verb loads it"
		rm "$TMP"/libs.*
	done
	run git factory task show "$id"
	out_like '^ *type  *chore, low severity'
	printf 'version: 1\n' >.factory/config.yml
	git commit -qam 'other policy'
	run git factory task show "$id"
	out_like '^ *type  *unknown, high severity'
}

test_a_read_only_repository_can_be_read() {
	[ "$(id -u)" = 0 ] || skip 'not root'
	init
	id=$(add Kept)
	chmod -R a-w .git
	run as_user git factory task next
	status_is 0
	out_is "$id"
	run as_user git factory task add More
	status_is 128
	err_like '^fatal: '
	chmod -R u+w .git
	rm .git/factory/cache.db .git/factory/view
	chmod -R a-w .git
	run as_user git factory status
	status_is 0
	out_like '^1 ready$'
	chmod -R u+w .git
	chown -R "$(id -u)" "$TMP"
}

test_a_full_disk_changes_nothing() {
	[ "$(uname -s)" = Linux ] || skip 'no namespaces'
	init
	id=$(add Kept)
	cat >"$TMP/full" <<-'E'
	set -e
	mount -t tmpfs -o size=2m none "$2"
	cp -R "$1" "$2/repo"
	cd "$2/repo"
	tip=$(git rev-parse refs/factory/state)
	cat /dev/zero >"$2/fill" 2>/dev/null || :
	! git factory task add More >"$2/../said" 2>&1
	cat "$2/../said"
	[ "$(git rev-parse refs/factory/state)" = "$tip" ]
	git factory task next
	rm "$2/fill"
	git factory task add More
	git fsck --strict --no-dangling
	E
	mkdir "$TMP/small"
	run unshare -Urm sh "$TMP/full" "$PWD" "$TMP/small"
	[ "$status" = 0 ] || unshare -Urm true 2>/dev/null || skip 'no user namespaces'
	status_is 0
	out_like '^fatal: .*[Nn]o space'
	out_like "^$id\$"
	rm -r "$TMP/small" "$TMP/full" "$TMP/said"
}

test_gc_and_packed_refs_are_fine() {
	init
	id=$(add Kept)
	git pack-refs --all
	git gc -q --prune=now
	run git factory task next
	out_is "$id"
	ok git factory task add More >/dev/null 2>&1
	run git factory task list
	is "$(wc -l <"$OUT" | tr -d ' ')" 2
}

run_tests
