# shellcheck shell=sh disable=SC2154
# real.sh - real input: a published package with its own test suite, a bug
# that it really had, and a model served over HTTP by aimock, which wrote none
# of this and journals what it was asked. Sourced after lib.sh.
#
#	real_package jmespath|sqlparse	its sources as this repository, the bug in it
#	real_model anthropic|openai [OPTION]...  start the mock, write the policy;
#				OPTIONs are those of sessions.js
#	real_policy TEXT	the policy (gates come with it), committed
#	real_run		file the task and run it
#	asked N EXPR		a jq expression on the Nth request the model got (0-based)
#	times_asked		how many requests it got
#	delivered		the pull request's tree has the package as it should be

REAL=$ROOT/tests/real
PEERS=$ROOT/tests/peers

real_package() {
	package=$1
	needs node jq
	case $package in
	jmespath)
		dir=jmespath-0.15.0
		fixed_file=jmespath.js
		failing='should pass test 0 expression: foo\[\?key\]'
		# By another path, for the sandbox may not show that of the checkout.
		ln -sfn "$PEERS/node_modules" "$TMP/node_modules"
		gate="node $TMP/node_modules/mocha/bin/mocha.js --reporter xunit --reporter-option output=report.xml test"
		title='Filters follow JavaScript, not the specification'
		;;
	sqlparse)
		dir=sqlparse-0.4.2
		fixed_file=sqlparse/engine/statement_splitter.py
		failing=test_split_casewhen_procedure
		gate='python3 -B -m pytest -q -p no:cacheprovider --junitxml=report.xml tests'
		title='CASE in a stored procedure ends the statement'
		/usr/bin/python3 -c 'import pytest' 2>/dev/null || skip 'no python3-pytest'
		;;
	esac
	[ -d "$REAL/packages/$dir" ] && [ -d "$PEERS/node_modules" ] || skip 'ci/deps test was not run'
	cp -R "$REAL/packages/$dir/." .
	git add -A -f
	git commit -q -m "Import $dir as it was published"
	good=$(git hash-object "$fixed_file")
	node "$REAL/sessions.js" "$package" seed .
	git commit -q -a -m 'Undo a repair'
	seeded=$(git rev-parse HEAD)
}

real_stop() {
	[ ! -f "$TMP/mock.pid" ] || kill "$(cat "$TMP/mock.pid")" 2>/dev/null || :
	rm -f "$TMP/mock.pid"
}

real_policy() {
	run git factory init
	status_is 0
	{
		printf 'version: 1\nbase: main\n%s\n' "$1"
		printf 'gates:\n  suite:\n    run: "%s"\n    report: report.xml\n    timeout: 5m\n' "$gate"
	} >.factory/config.yml
	git add .factory
	git commit -q -m 'Say how the factory works here'
	seeded=$(git rev-parse HEAD)
}

real_model() {
	protocol=$1
	shift
	node "$REAL/sessions.js" "$package" fixtures "$@" >"$TMP/fixtures.json"
	"$PEERS/run" llmock -p 0 -f "$TMP/fixtures.json" --strict >"$TMP/mock.log" 2>&1 &
	echo $! >"$TMP/mock.pid"
	trap real_stop EXIT
	i=0
	until url=$(sed -n 's/.*listening on \(http.*\)/\1/p' "$TMP/mock.log") && [ -n "$url" ]; do
		i=$((i + 1))
		[ $i -lt 200 ] || fail "the mock did not start: $(cat "$TMP/mock.log")"
		sleep 0.1
	done
	[ ! -e "$TMP/node_modules" ] || git config --global factory.sandbox.read "$TMP/node_modules"
	MOCK_KEY=key-for-the-mock-only
	export MOCK_KEY
	real_policy "agent: mock
models:
  mock: {provider: $protocol, model: mock-1, base_url: \"$url\", api_key: {env: MOCK_KEY}}
agents:
  mock: {kind: builtin, model: mock}
limits: {iterations: 3}"
}

real_task() {
	{
		echo "# $title"
		echo
		echo 'The suite of this package fails. Find out which behaviour is wrong, and'
		echo 'mend it in the sources, not in the tests.'
		echo
		echo '## Acceptance'
		echo
		echo '- The whole suite passes.'
	} >"$TMP/task.md"
	run git factory task add -F "$TMP/task.md" "$title"
	status_is 0
	task=$(tr -d '\n' <"$OUT")
}

real_run() {
	real_task
	echo dirt >untracked-by-the-user
	before=$(git rev-parse HEAD && git status --porcelain)
	run git factory run "$task"
	is "$(git rev-parse HEAD && git status --porcelain)" "$before"
}

asked() {
	curl -s "$url/__aimock/journal" |
		jq -r "[.[] | select(.path | test(\"messages|completions\"))][$1] | $2"
}

times_asked() {
	curl -s "$url/__aimock/journal" | jq '[.[] | select(.path | test("messages|completions"))] | length'
}

# The second attempt's request names the failing test; no earlier one does.
told_of_the_failure() { # FIRST-REQUEST-AFTER-THE-GATES
	unlike "$(asked $(($1 - 1)) .body.messages)" "$failing"
	like "$(asked "$1" .body.messages)" "$failing"
}

delivered() {
	status_is 0
	branch=$(git for-each-ref --format='%(refname:short)' "refs/heads/factory/$task-*")
	isnt "$branch" ''
	is "$(git rev-parse "$branch:$fixed_file")" "$good"
	is "$(git diff --name-only "$seeded" "$branch")" "$fixed_file"
	is "$(git rev-list --count "$seeded..$branch")" 1
	run git factory pr list --json
	status_is 0
	like "$(cat "$OUT")" "$task"
	run git log -1 --notes=factory --format='%N' "$branch"
	out_like '"run"'
}

not_delivered() {
	is "$(git for-each-ref refs/heads/factory/ refs/factory/pulls/)" ''
	is "$(git rev-parse main)" "$seeded"
}
