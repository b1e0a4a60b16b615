#!/bin/sh
# The files that 'git factory init --ci gitlab' writes, run job by job: an issue
# becomes a merge request, by jobs of which only those that run nothing of the
# tree have the token that may write.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

SPEC='When the file `done` is missing, the programme must make it.

## Expected
`test -f done` ends with 0.

## How to verify
Run the tests.'

# What git-factory is built from: here, it is built already.
tools() {
	rm -rf "$TMP/tools"
	git init -q "$TMP/tools"
	mkdir "$TMP/tools/ci"
	printf '#!/bin/sh\necho "%s"\n' "$BUILD" >"$TMP/tools/ci/install"
	chmod +x "$TMP/tools/ci/install"
	git -C "$TMP/tools" add ci
	git -C "$TMP/tools" commit -qm Tools
	TOOLS=file://$TMP/tools@$(git -C "$TMP/tools" rev-parse HEAD)
}

# The project of lib.sh, with the pipeline on its main.
project() {
	needs node
	forge gitlab
	tools
	run git factory init --ci gitlab --action "$TOOLS"
	status_is 0
	git add -A
	git commit -qm 'Run the factory'
	git push -q origin main
}

# The variables as .gitlab/factory.yml asks for them: each for its environment.
VARIABLES='[{"name": "FACTORY_FORGE_TOKEN", "value": "token-of-robo", "environment": "factory/write"},
	{"name": "ANTHROPIC_API_KEY", "value": "key-of-the-model", "environment": "factory/run"}]'

# pipeline SOURCE [NAME=VALUE]...: the jobs and how they ended.
pipeline() {
	rm -rf "$TMP/jobs"
	mkdir -p "$TMP/jobs"
	PROJECT=$PROJECT FORGE=$FORGE JOB_TOKEN=token-of-rita API_TOKEN=token-of-robo VARIABLES=$VARIABLES \
		TMPDIR=$TMP/jobs NODE_PATH="$ROOT/tests/peers/node_modules" \
		node "$ROOT/tests/forge/gitlab.js" "$PWD" "$1" "$TMP/jobs" "$@"
}
start() { # SOURCE [NAME=VALUE]...
	start_from=$1
	shift
	run pipeline "$start_from" "$@"
}

ask() { # TITLE: an issue that ada labelled; its number
	ask_n=$(issue_open ada "$1" "$SPEC")
	issue_label ada "$ask_n" factory
	echo "$ask_n"
}

nothing_came() {
	is "$(there length)" 0
	is "$(git ls-remote origin 'refs/heads/factory/*')" ''
}

test_labelled_issues_become_merge_requests() {
	project
	n=$(ask 'Make done')
	ask 'Make done as well' >/dev/null
	start trigger
	status_is 0
	out_like '^factory-plan success'
	is "$(grep -c '^run-[a-z2-7]* success' "$OUT")" 2
	is "$(grep -c '^deliver-[a-z2-7]* success' "$OUT")" 2
	is "$(there '[.[] | select(.state == "open")] | length')" 2
	issue_json "$n" | jq -e '[.comments[] | select(.who == "robo")] | length == 1' >/dev/null || fail "$(issue_json "$n")"
	# Again by the schedule: nothing is ready, and nothing more is opened.
	start schedule
	status_is 0
	out_like 'nothing-is-ready success'
	out_unlike '^run-'
	is "$(there length)" 2
	# Neither a branch's pipeline nor a merge request's has any of it.
	start merge_request_event
	status_is 0
	out_is ''
	forge_done
}

# Text is text, to every job; and only who may can ask.
test_what_was_asked_for_by_hand_and_by_strangers() {
	project
	evil="x\$(touch $TMP/owned)\`touch $TMP/owned\`'; touch $TMP/owned; \"\$[[ inputs.task ]]"
	n=$(issue_open eve "$evil" "$SPEC")
	comment eve "$n" "/factory run
\$(touch $TMP/owned)" >/dev/null
	git push -q origin "main:refs/heads/factory/\$(touch\${IFS}owned)"
	start trigger
	status_is 0
	out_like 'nothing-is-ready'
	issue_label ada "$n" "$evil"
	issue_label ada "$n" factory
	start web "FACTORY_TASK=$evil

$SPEC"
	[ ! -e "$TMP/owned" ] || fail 'a text ran'
	is "$(find "$TMP/jobs" -name owned)" ''
	is "$(there '[.[] | select(.state == "open")] | length')" 2
}

# Whoever holds the machine of 'run' or 'gate' can leave what they like.
test_what_jobs_leave_is_not_believed() {
	project
	n=$(ask 'Make done')
	cat >"$TMP/hook" <<-'SH'
		case $JOB in
		run-*)
			# Files and variables that a later job would trip over.
			printf 'PATH=%s\nBASH_ENV=%s/x\nDIGEST=0\nRUN=aaaaaaaa\n' "$DIR/bin" "$DIR" >"$FORGED/dotenv"
			mkdir -p "$FORGED/.git"
			printf '[core]\n\tfsmonitor = touch %s\n' "$OWNED" >"$FORGED/.git/config"
			echo "touch $OWNED" >"$FORGED/x"
			touch "$ATTACKED"
			;;
		gate-*)
			echo "BASH_ENV=$DIR/x" >"$FORGED/dotenv"
			echo "touch $OWNED" >"$FORGED/x"
			echo forged >"$FORGED/left.bundle"
			;;
		esac
	SH
	HOOK=$TMP/hook OWNED=$TMP/owned ATTACKED=$TMP/attacked
	export HOOK OWNED ATTACKED
	start trigger
	status_is 0
	exists "$TMP/attacked"
	missing "$TMP/owned"
	out_like '^deliver-[a-z2-7]* success'
	is "$(there '[.[] | select(.state == "open")] | length')" 1
	pull_json 1 | jq -r .sha >"$TMP/sha"
	git fetch -q origin
	is "$(git show "$(cat "$TMP/sha"):done")" yes
}

test_a_forged_file_is_not_delivered() {
	project
	ask 'Make done' >/dev/null
	echo 'case $JOB in run-*) head -c 2000 /dev/urandom >"$FORGED/step.bundle" ;; esac' >"$TMP/hook"
	HOOK=$TMP/hook
	export HOOK
	start trigger
	status_is 1
	out_like '^collect-[a-z2-7]* success'
	out_like '^gate-[a-z2-7]* failure'
	out_like '^deliver-[a-z2-7]* skipped'
	nothing_came
}

# The job of the agent: its token, its variables.
test_the_run_cannot_push() {
	project
	ask 'Make done' >/dev/null
	cat >"$TMP/hook" <<-'SH'
		case $JOB in
		run-* | gate-*)
			work=$(echo "$TMPDIR"/tmp.*/work | tr ' ' '\n' | tail -n 1)
			cd "$work" && export HOME="$DIR" || exit
			git -c user.name=x -c user.email=x@example.org commit -q --allow-empty -m Evil
			unset FACTORY_FORGE_TOKEN
			CI_JOB_TOKEN=$JOB_TOKEN git push -q origin HEAD:main 2>>"$ATTACK_LOG" && echo pushed >>"$ATTACK_LOG"
			;;
		esac
	SH
	HOOK=$TMP/hook ATTACK_LOG=$TMP/attack.log
	export HOOK ATTACK_LOG
	before=$(git ls-remote origin main)
	start trigger
	[ "$(grep -c 'not allowed\|403\|denied' "$TMP/attack.log")" -ge 2 ] || fail "nobody attacked: $(cat "$TMP/attack.log")"
	! grep -q pushed "$TMP/attack.log" || fail 'it could push'
	is "$(git ls-remote origin main)" "$before"
	# And without its variable, no job can.
	VARIABLES='[]'
	start schedule
	status_is 1
	out_is 'factory-plan failure
factory-tasks skipped'
	err_like 'make a project access token'
}

lint() {
	(cd "$1" && "$ROOT/tests/peers/run" gitlab-ci-local --list-all --no-color) >"$OUT" 2>&1 || fail "$(cat "$OUT")"
}

test_init_writes_files_that_lint() {
	project
	lint .
	out_like '^deliver-none'
	cp -R . "$TMP/child"
	printf "include:\n- {local: .gitlab/factory.yml, inputs: {task: 'k3xq7abc', run: 'm2w7qa4b'}}\n" >"$TMP/child/.gitlab-ci.yml"
	lint "$TMP/child"
	out_like '^deliver-k3xq7abc .*collect-k3xq7abc,gate-k3xq7abc'
	# It would tell.
	sed 's/^  interruptible: false/  interruptable: false/' .gitlab/factory.yml >"$TMP/child/.gitlab/factory.yml"
	(cd "$TMP/child" && fails "$ROOT/tests/peers/run" gitlab-ci-local --list-all >/dev/null 2>&1)
	rm -rf "$TMP/child"
	# What is there stays; what is to be done is said.
	echo 'stages: [mine]' >.gitlab-ci.yml
	rm .gitlab/factory.yml
	run git factory init --ci gitlab --action "$TOOLS"
	status_is 0
	is "$(cat .gitlab-ci.yml)" 'stages: [mine]'
	out_like 'file +.gitlab/factory.yml'
	out_like 'include: \[\{local: .gitlab/factory.yml\}\]'
	out_like 'may not push by default'
	out_like 'project access token'
	run git factory init --ci gitlab --action acme/git-factory@0123456789abcdef0123456789abcdef01234567
	status_is 129
	err_like 'is not URL@ID'
}

run_tests
