#!/bin/sh
# The walk of one task: claim, workspace, agent, gates, pull request, landing.
. "${0%/*}/../lib.sh"

# A program with a bug, a test that shows it, and a recorded session that
# mends it at the second try.
sample() {
	printf '#!/bin/sh\necho "Helo, $1"\n' >greet
	printf '#!/bin/sh\ntest "$(./greet you)" = "Hello, you" || { echo "not ok greet_says_hello"; exit 1; }\n' >check
	chmod +x greet check
	mkdir -p .factory
	cat >.factory/config.yml <<-'YML'
		version: 1
		agent: demo
		models:
		  demo: {provider: recorded, model: recorded, recording: .factory/session.jsonl}
		agents:
		  demo: {kind: builtin, model: demo}
		gates:
		  tests: {run: ./check, timeout: 1m}
	YML
	session >.factory/session.jsonl
	ok git factory init
	git add -A
	git commit -qm 'A sample'
}

answer() { # BLOCK...: one recorded answer
	printf '{"reply":{"stop":"tools","blocks":['
	sep=
	for block; do
		printf '%s%s' "$sep" "$block"
		sep=,
	done
	printf ']},"usage":{"in":100,"out":10}}\n'
}
call() { # ID NAME INPUT
	printf '{"id":"%s","name":"%s","input":%s}' "$@"
}
session() {
	answer "$(call a read_file '{"path":"greet"}')"
	answer "$(call b edit '{"path":"greet","old":"Helo","new":"Hallo"}')" \
		"$(call c finish '{"summary":"Say hello right"}')"
	answer "$(call d run '{"command":"sed -i s/Hallo/Hello/ greet; ./check"}')"
	answer "$(call e finish '{"summary":"Say hello, as the test wants it"}')"
}

file_task() {
	id=$(git factory task add "Greet in English")
}

test_a_task_becomes_a_pull_request() {
	sample
	file_task
	echo 'my own work' >mine
	run git factory run "$id"
	status_is 0
	out_like "delivered as pull request 1"
	out_like 'tests +pass'
	out_like '2 iterations, 4 model calls'
	is "$(git factory pr show --json 1 | jq -r .state)" open
	is "$(git show "factory/$id-greet-in-english:greet" | tail -n 1)" 'echo "Hello, $1"'
	is "$(git factory task show --json "$id" | jq -r .state)" delivered
	# The user's checkout is as it was.
	is "$(git status --porcelain)" '?? mine'
	is "$(git symbolic-ref HEAD)" refs/heads/main
	is "$(tail -n 1 greet)" 'echo "Helo, $1"'
	is "$(git for-each-ref refs/factory/leases)" ''
}

test_the_commit_says_who_made_it() {
	sample
	file_task
	ok git factory run -q "$id"
	branch=factory/$id-greet-in-english
	is "$(git log -1 --format=%s "$branch")" 'Greet in English'
	is "$(git log -1 --format='%(trailers:key=Factory-Task,valueonly)' "$branch")" "$id"
	is "$(git log -1 --format=%an "$branch")" 'Ada Tester'
	note=$(git log -1 --notes=factory --format=%N "$branch")
	is "$(printf '%s\n' "$note" | jq -r 'select(.event == "attempt") | .task')" "$id"
	is "$(printf '%s\n' "$note" | jq -r 'select(.event == "attempt") | .gates[] | select(.gate == "tests") | .verdict')" pass
	is "$(printf '%s\n' "$note" | jq -r 'select(.event == "proof") | .verdict.gate')" tests
}

test_a_proof_that_cannot_be_kept_ends_the_run_and_the_next_start_makes_it() {
	sample
	file_task
	mkdir -p .git/factory/gates
	: >.git/factory/gates/proofs
	run git factory run -q "$id"
	status_is 128
	err_like "gates/proofs/"
	rm .git/factory/gates/proofs
	ok git factory run -q "$id"
	note=$(git log -1 --notes=factory --format=%N "factory/$id-greet-in-english")
	is "$(printf '%s\n' "$note" | jq -r 'select(.event == "proof") | .verdict.gate')" tests
}

test_what_landed_is_what_was_tested() {
	sample
	file_task
	ok git factory run -q "$id"
	tested=$(git factory pr show --json 1 | jq -r .tested)
	ok git factory pr merge 1
	is "$(git rev-parse 'main^{tree}')" "$tested"
	is "$(./greet you)" 'Hello, you'
	is "$(git status --porcelain)" ''
	is "$(git factory pr show --json 1 | jq -r .state)" merged
	is "$(git factory task show --json "$id" | jq -r .state)" landed
	is "$(git branch --list 'factory/*')" ''
	run git factory run "$id"
	status_is 1
	err_like "^error: task '$id' cannot be started: landed"
	run git factory task close -m 'not any more' "$id"
	status_is 1
	err_like "^error: task '$id' has landed"
	is "$(git factory task show --json "$id" | jq -r .close)" ''
	ok sh -c 'git log -1 --notes=factory --format=%N main | jq -r .event | grep -qx landed'
	run git factory pr merge 1
	status_is 1
	err_like 'is merged'
}

# Its branch stays; wanted after all there is another pull request.
test_a_task_that_is_closed_closes_its_pull_request() {
	sample
	file_task
	ok git factory run -q "$id"
	run git factory task close --json -m 'done by hand' "$id"
	status_is 0
	err_like '^pull request 1 is closed, too; its branch stays$'
	is "$(jq -r '"\(.state) \(.close) \(.pull)"' "$OUT")" 'closed done by hand 1'
	is "$(git factory pr show --json 1 | jq -r .state)" closed
	ok git rev-parse -q --verify "factory/$id-greet-in-english"
	run git factory pr merge 1
	err_like 'pull request 1 is closed'
	# Once more it is only said anew.
	run git factory task close -m 'really' "$id"
	status_is 0
	err_unlike 'pull request'
	ok git factory task close --reopen "$id"
	is "$(git factory task show --json "$id" | jq -r '"\(.state) \(.pull)"')" 'ready 0'
	ok git factory run -q "$id"
	is "$(git factory pr list --all --json | jq -r 'map(.state) | sort | join(" ")')" 'closed open'
	ok git factory pr merge 2
	is "$(git factory task show --json "$id" | jq -r .state)" landed
}

# Each once, in their order; the factory and who lands it are named already.
test_who_committed_to_the_branch_is_named_in_what_lands() {
	sample
	file_task
	ok git factory run -q "$id"
	branch=factory/$id-greet-in-english
	git checkout -q "$branch"
	for who in 'Bob <bob@x.example>' 'Ada <ada@x.example>' 'Bobby <BOB@x.example>' \
	    "$(git log -1 --format='%an <%ae>' main)"; do
		echo "$who" >>notes
		git add notes
		git commit -q --author="$who" -m "Note of $who"
	done
	git checkout -q main
	ok git factory pr merge --squash 1
	is "$(git log -1 --format='%(trailers:key=Co-authored-by,valueonly)' main | sed '/^$/d')" 'Bob <bob@x.example>
Ada <ada@x.example>'
	is "$(git log -1 --format='%(trailers:key=Factory-Task,valueonly)' main | head -n 1)" "$id"
	ok git factory verify main
}

test_policy_may_land_what_passed() {
	sample
	echo 'merge: {auto: true}' >>.factory/config.yml
	git commit -qam 'Land by itself'
	file_task
	run git factory run "$id"
	status_is 0
	out_like '^landed as '
	is "$(git factory task show --json "$id" | jq -r .state)" landed
	is "$(git rev-parse 'HEAD^{tree}')" "$(git factory pr show --json 1 | jq -r .tested)"
	is "$(git status --porcelain)" ''
	# In one step: delivered and landed, with the evidence of both, and no branch in between.
	like "$(git log -1 --format=%s refs/factory/state)" '^run [a-z2-7]{8}: delivered and landed '"$id"
	is "$(git rev-list --count refs/factory/pulls/1)" 1
	is "$(git factory pr show --json 1 | jq -r '.state, .landed')" "merged
$(git rev-parse HEAD)"
	is "$(git notes --ref=factory show HEAD | jq -r 'select(.event == "attempt" or .event == "landed").event')" 'attempt
landed'
	is "$(git for-each-ref --format='%(refname)' refs/heads/factory refs/factory/leases)" ''
}

test_a_person_may_ask_to_look_first() {
	sample
	echo 'merge: {auto: true}' >>.factory/config.yml
	git commit -qam 'Land by itself'
	file_task
	ok git factory task edit "$id" --label no-auto-merge
	run git factory run "$id"
	status_is 0
	is "$(git factory task show --json "$id" | jq -r .state)" delivered
	is "$(git factory pr show --json 1 | jq -r .state)" open
	ok git factory pr merge 1
}

test_policy_may_land_where_nobody_has_the_base_checked_out() {
	sample
	echo 'merge: {auto: true}' >>.factory/config.yml
	git commit -qam 'Land by itself'
	file_task
	git checkout -q --detach
	run git factory run "$id"
	status_is 0
	out_like '^landed as '
	is "$(git rev-parse 'main^{tree}')" "$(git factory pr show --json 1 | jq -r .tested)"
	is "$(git rev-parse main^)" "$(git rev-parse HEAD)"
}

test_a_merge_commit_of_what_policy_lands_names_the_pull_request() {
	sample
	echo 'merge: {auto: true, method: merge}' >>.factory/config.yml
	git commit -qam 'Land by itself'
	file_task
	ok git factory run -q "$id"
	like "$(git log -1 --format=%s)" '^Merge pull request 1: '
}

test_what_policy_cannot_land_waits_for_a_person() {
	sample
	echo 'merge: {auto: true}' >>.factory/config.yml
	git commit -qam 'Land by itself'
	file_task
	echo '# mine' >>greet
	run git factory run "$id"
	status_is 0
	err_like 'pull request 1 waits for a person: .*would be overwritten'
	out_like 'next: git factory pr show 1'
	is "$(git factory task show --json "$id" | jq -r .state)" delivered
	is "$(tail -n 1 greet)" '# mine'
	is "$(git log --format=%s -1)" 'Land by itself'
}

test_a_conflict_says_between_what() {
	sample
	file_task
	ok git factory run -q "$id"
	commit greet '#!/bin/sh
echo other' 'The same line'
	run git factory pr merge 1
	status_is 1
	err_like "'greet' was changed on both sides, by the pull request and on 'main'"
}

test_a_turn_that_changes_nothing_says_so() {
	sample
	printf 'agents: {idle: {kind: command, command: ["true"]}}\nlimits: {iterations: 1}\n' >"$TMP/more"
	sed -i '/^agents:/,/^  demo:.*builtin/d; s/^agent: demo/agent: idle/' .factory/config.yml
	cat "$TMP/more" >>.factory/config.yml
	git commit -qam 'An idle agent'
	file_task
	run git factory run "$id"
	status_is 1
	err_like '^== nothing was changed'
	err_like '1 iteration did not pass the gates'
}

# One document, one newline.
test_what_programs_read_ends_in_one_newline() {
	sample
	file_task
	run git factory run -q --json "$id"
	is "$(tail -c 2 "$OUT" | tr '\n' .)" '}.'
	run_id=$(git factory log --json | jq -r '.[0].id')
	for verb in status 'task list' "task show $id" 'task graph' log "show $run_id" 'pr list' 'pr show 1' 'config list' \
	    'config get base' doctor 'node list' gc plan trust 'hook list' gate 'gate --sarif' verify; do
		case $verb in *--*) ;; *) verb="$verb --json" ;; esac
		# shellcheck disable=SC2086
		run git factory $verb
		like "$verb $(tail -c 2 "$OUT" | tr '\n' .)" '[]}]\.$'
	done
}

test_a_dirty_overlap_is_not_landed() {
	sample
	file_task
	ok git factory run -q "$id"
	echo '# mine' >>greet
	before=$(git rev-parse main)
	run git factory pr merge 1
	status_is 1
	err_like 'would be overwritten'
	is "$(git rev-parse main)" "$before"
	is "$(tail -n 1 greet)" '# mine'
	is "$(git factory pr show --json 1 | jq -r .state)" open
}

# Policy says who may land in spite of a gate, and each time is on record.
test_a_gate_is_overridden_by_whom_policy_names() {
	sample
	file_task
	ok git factory run -q "$id"
	commit check '#!/bin/sh
echo "not ok nothing_passes"; exit 1' 'Break the test'
	run git factory pr merge --override tests 1
	status_is 129
	run git factory pr merge --override tests --reason 'the test is broken' 1
	status_is 128
	err_like "'ada@example.org' may not override the gate 'tests'"
	sed -i 's/tests: {run/tests: {override: [eve@example.org], run/' .factory/config.yml
	git commit -qam 'Let Eve'
	run git factory gate "$(git rev-parse "$(git for-each-ref --format='%(refname)' refs/heads/factory | head -1)")"
	status_is 1
	out_like 'policy: .factory/config.yml:8; may lift it: eve@example.org'
	run git factory pr merge --override tests --reason 'the test is broken' 1
	status_is 128
	err_like 'policy names eve@example.org'
	# The one that is not named still blocks.
	git config user.email eve@example.org
	run git factory pr merge --override protected --reason 'the test is broken' 1
	status_is 1
	run git factory pr merge --override test --reason 'the test is broken' 1
	status_is 129
	err_like "there is no gate 'test'"
	err_like "did you mean 'tests'"
	run git factory pr merge --override tests --reason 'the test is
Factory-Run: broken' 1
	status_is 0
	is "$(git log -1 --format='%(trailers:key=Factory-Override,valueonly)' main | head -1)" \
	    'tests by eve@example.org: the test is Factory-Run: broken'
	is "$(git notes --ref=factory show main | jq -r 'select(.event == "override") | .gate, .verdict, .by, .policy' | tr '\n' ' ')" \
	    'tests fail eve@example.org .factory/config.yml:8 '
}

test_a_moved_base_is_gated_again() {
	sample
	file_task
	ok git factory run -q "$id"
	commit check '#!/bin/sh
echo "not ok nothing_passes"; exit 1' 'Break the test'
	run git factory pr merge 1
	status_is 1
	err_like 'fails on the base as it is now'
	git reset -q --hard HEAD~1
	commit other 'unrelated' 'Something else'
	ok git factory pr merge 1
	is "$(git show main:other)" unrelated
	is "$(./greet you)" 'Hello, you'
}

test_running_again_writes_nothing() {
	sample
	file_task
	ok git factory run -q "$id"
	head=$(git rev-parse "factory/$id-greet-in-english")
	pull=$(git rev-parse refs/factory/pulls/1)
	run git factory run "$id"
	status_is 0
	err_like 'nothing changed'
	is "$(git rev-parse "factory/$id-greet-in-english")" "$head"
	is "$(git rev-parse refs/factory/pulls/1)" "$pull"
	is "$(git for-each-ref --format='%(refname)' refs/factory/pulls)" refs/factory/pulls/1
}

test_a_persons_commit_is_never_overwritten() {
	sample
	file_task
	ok git factory run -q "$id"
	branch=factory/$id-greet-in-english
	git worktree add -q "$TMP/review" "$branch"
	(cd "$TMP/review" && echo '# reviewed' >>greet && git commit -qam 'Review')
	head=$(git rev-parse "$branch")
	run git factory run -q "$id"
	status_is 1
	err_like 'not overwritten'
	is "$(git rev-parse "$branch")" "$head"
	is "$(git factory task show --json "$id" | jq -r .state)" escalated
}

test_a_closed_pull_request_stays_closed() {
	sample
	file_task
	ok git factory run -q "$id"
	ok git factory pr close 1
	run git factory run -q "$id"
	status_is 1
	err_like 'closed by a person'
	is "$(git factory pr show --json 1 | jq -r .state)" closed
}

test_an_agent_that_cannot_says_why() {
	sample
	answer "$(call a give_up '{"question":"Which language?"}')" >"$TMP/gives-up.jsonl"
	file_task
	run git factory run -q --recording "$TMP/gives-up.jsonl" "$id"
	status_is 1
	err_like 'Which language'
	is "$(git factory task show --json "$id" | jq -r .question)" 'Which language?'
	is "$(git for-each-ref refs/heads/factory)" ''
	is "$(git for-each-ref refs/factory/pulls)" ''
}

test_iterations_end() {
	sample
	sed -i 's/^agent:/limits: {iterations: 2}\nretry: {test-failure: {max: 0}}\nagent:/' .factory/config.yml
	{
		answer "$(call a edit '{"path":"greet","old":"Helo","new":"Hallo"}')" "$(call b finish '{"summary":"x"}')"
		answer "$(call c edit '{"path":"greet","old":"Hallo","new":"Hullo"}')" "$(call d finish '{"summary":"x"}')"
	} >.factory/session.jsonl
	git commit -qam 'Two tries'
	file_task
	run git factory run -q "$id"
	status_is 1
	err_like '2 iterations did not pass'
	err_like 'greet_says_hello'
	attempt=$(git for-each-ref --format='%(refname)' refs/factory/attempts)
	is "$(git show "$attempt:greet" | tail -n 1)" 'echo "Hullo, $1"'
}

test_a_run_replays_to_the_bit() {
	sample
	file_task
	run git factory run -q --json "$id"
	status_is 0
	runid=$(jq -r .id "$OUT")
	tree=$(jq -r .tree "$OUT")
	before=$(git for-each-ref)
	run git factory replay --json "$runid"
	status_is 0
	is "$(jq -r .tree "$OUT")" "$tree"
	is "$(git for-each-ref)" "$before"
	rm -r ".git/factory/runs/$runid"
	run git factory replay "$runid"
	status_is 1
	err_like 'pruned'
}

test_a_killed_run_goes_on() {
	sample
	file_task
	# Undisturbed, in a copy of the repository, for comparison.
	cp -R . "$TMP/copy"
	(cd "$TMP/copy" && git factory run -q "$id")
	want=$(git -C "$TMP/copy" rev-parse "factory/$id-greet-in-english^{tree}")
	for step in 1 2 3 4 5 6 7; do
		"$BUILD/git-factory" run "$id" >"$OUT" 2>"$ERR" &
		pid=$!
		n=0
		while kill -0 "$pid" 2>/dev/null && [ "$n" -lt 400 ] &&
			[ "$(cat .git/factory/runs/*/journal.jsonl 2>/dev/null | wc -l)" -lt "$step" ]; do
			sleep 0.01
			n=$((n + 1))
		done
		kill -9 "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	run git factory run "$id"
	status_is 0
	is "$(git rev-parse "factory/$id-greet-in-english^{tree}")" "$want"
	is "$(git for-each-ref --format=x refs/factory/pulls | wc -l | tr -d ' ')" 1
	is "$(git for-each-ref refs/factory/leases)" ''
}

test_nothing_to_run_is_said() {
	sample
	run git factory run
	status_is 1
	err_like 'no task is ready|nothing'
	run git factory run zzzz
	status_is 1
}

test_policy_is_the_bases_own() {
	sample
	file_task
	# An uncommitted policy has no say.
	sed -i 's|run: ./check|run: "true"|' .factory/config.yml
	run git factory run -q --recording /dev/null "$id"
	isnt "$status" 0
	git checkout -q .factory/config.yml
	ok git factory run -q --fresh "$id"
}

test_no_gates_is_refused() {
	sample
	sed -i '/^gates:/,$d' .factory/config.yml
	git commit -qam 'No gates'
	file_task
	run git factory run "$id"
	status_is 128
	err_like 'no gates'
	printf 'gates: none\n' >>.factory/config.yml
	git commit -qam 'By name'
	ok git factory run -q "$id"
}

test_an_outside_agent_is_any_command() {
	sample
	cat >>.factory/config.yml <<-'YML'
		limits: {iterations: 3}
	YML
	sed -i 's/^  demo: {kind: builtin.*/&\n  sed: {kind: command, command: [sh, -c, "cat >\/dev\/null; sed -i s\/Helo\/Hello\/ greet"]}/' .factory/config.yml
	git commit -qam 'Another agent'
	file_task
	run git factory run --agent sed "$id"
	status_is 0
	is "$(git show "factory/$id-greet-in-english:greet" | tail -n 1)" 'echo "Hello, $1"'
	run git factory replay "$(git factory pr show --json 1 | jq -r .run)"
	status_is 1
	err_like 'outside agent'
}

# A kill inside the step that delivers leaves the refs that are written first.
test_a_step_that_was_cut_short_is_ended() {
	needs strace
	sample
	file_task
	for nth in 1 2 3 4 5 6 7 8 9 10 11 12; do
		strace -qq -o /dev/null -e trace=rename,renameat,renameat2 \
			-e inject=rename,renameat,renameat2:signal=KILL:when=$((nth + 8)) \
			"$BUILD/git-factory" run -q "$id" >"$OUT" 2>"$ERR" && break || :
	done
	run "$BUILD/git-factory" run -q "$id"
	status_is 0
	is "$(git factory task show --json "$id" | jq -r .state)" delivered
	is "$(git for-each-ref --format=x refs/factory/pulls | wc -l | tr -d ' ')" 1
	for nth in 1 2 3 4 5 6; do
		strace -qq -o /dev/null -e trace=rename,renameat,renameat2 \
			-e inject=rename,renameat,renameat2:signal=KILL:when="$nth" \
			"$BUILD/git-factory" pr merge 1 >"$OUT" 2>"$ERR" && break || :
	done
	"$BUILD/git-factory" pr merge 1 || :
	is "$(git factory task show --json "$id" | jq -r .state)" landed
	is "$(git factory pr show --json 1 | jq -r .state)" merged
	is "$(./greet you)" 'Hello, you'
}

# For a moment, and what holds the lock for longer is left alone.
test_another_git_in_the_checkout_is_waited_for() {
	sample
	file_task
	run git factory run -q "$id"
	status_is 0
	: >.git/index.lock
	run git factory pr merge 1
	isnt "$status" 0
	err_like 'wait for the git that works there'
	ok test -e .git/index.lock
	is "$(git factory pr show --json 1 | jq -r .state)" open
	rm .git/index.lock
	# By then git has written the files, and goes on from there.
	: >.git/HEAD.lock
	{
		sleep 0.4
		rm .git/HEAD.lock
	} &
	run git factory pr merge 1
	status_is 0
	wait
	is "$(git factory pr show --json 1 | jq -r .state)" merged
	is "$(./greet you)" 'Hello, you'
	is "$(git status --porcelain)" ''
}

test_an_interrupt_loses_nothing() {
	sample
	{
		answer "$(call a edit '{"path":"greet","old":"Helo","new":"Hello"}')"
		answer "$(call b run '{"command":"sleep 1"}')"
		answer "$(call c finish '{"summary":"done"}')"
	} >.factory/session.jsonl
	git commit -qam 'A slow session'
	file_task
	"$BUILD/git-factory" run "$id" >"$OUT" 2>"$ERR" &
	pid=$!
	n=0
	until grep -qs '"edit"' .git/factory/runs/*/journal.jsonl; do
		n=$((n + 1))
		[ "$n" -lt 200 ] || fail 'the run did not get there'
		sleep 0.05
	done
	sleep 0.2
	# A shell without job control starts it with SIGINT ignored.
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	status_is 130
	err_like 'goes on'
	is "$(git for-each-ref refs/factory/leases refs/heads/factory refs/factory/pulls)" ''
	run "$BUILD/git-factory" run "$id"
	status_is 0
	err_like 'was not finished: it goes on'
	is "$(git show "factory/$id-greet-in-english:greet" | tail -n 1)" 'echo "Hello, $1"'
}

test_caps_are_hard() {
	sample
	sed -i 's/^agent:/limits: {turns: 2}\nagent:/' .factory/config.yml
	git commit -qam 'Two turns'
	file_task
	run git factory run -q "$id"
	status_is 1
	err_like 'limits.turns'
	is "$(git factory task show --json "$id" | jq -r .state)" escalated
	attempt=$(git for-each-ref --format='%(refname)' refs/factory/attempts)
	is "$(git show "$attempt:greet" | tail -n 1)" 'echo "Hallo, $1"'
}

test_several_runs_at_once() {
	sample
	for n in 1 2 3; do
		ids="${ids:-} $(git factory task add "Greet, the ${n}th" 2>/dev/null)"
	done
	pids=
	for id in $ids; do
		"$BUILD/git-factory" run -q "$id" >"$TMP/out.$id" 2>&1 &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || fail "a run failed: $(cat "$TMP"/out.*)"
	done
	is "$(git factory pr list --json | jq -r '[.[].number] | sort | join(" ")')" '1 2 3'
	is "$(git factory task list --json | jq -r '[.[].state] | unique | join(" ")')" delivered
	is "$(git log --format=%H refs/notes/factory -- | wc -l | tr -d ' ')" 3
	is "$(git status --porcelain)" ''
}

test_the_quick_form_comes_first_where_there_is_one() {
	sample
	sed -i 's|tests: {run: ./check,|tests: {run: ./check, fast: ./check quickly,|' .factory/config.yml
	git commit -qam 'A quick form'
	file_task
	ok git factory run -q "$id"
	is "$(jq -r 'select(.step | test("gates")) | .step' .git/factory/runs/*/journal.jsonl | tr '\n' ,)" \
		'fast gates,fast gates,gates,'
}

test_without_a_quick_form_nothing_runs_twice() {
	sample
	file_task
	ok git factory run -q "$id"
	is "$(jq -r 'select(.step | test("gates")) | .step' .git/factory/runs/*/journal.jsonl | tr '\n' ,)" 'gates,gates,'
}

test_one_task_has_one_run() {
	sample
	{
		answer "$(call a run '{"command":"sleep 1"}')"
		answer "$(call c give_up '{"question":"?"}')"
	} >.factory/session.jsonl
	git commit -qam 'A slow session'
	file_task
	"$BUILD/git-factory" run -q "$id" >/dev/null 2>&1 &
	pid=$!
	n=0
	until [ -n "$(git for-each-ref refs/factory/leases)" ]; do
		n=$((n + 1))
		[ "$n" -lt 200 ] || fail 'no lease'
		sleep 0.02
	done
	run git factory run "$id"
	status_is 1
	err_like 'works on it|running'
	wait "$pid" || :
}

run_tests
