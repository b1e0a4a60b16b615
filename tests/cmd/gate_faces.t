#!/bin/sh
# git factory gate as a plain CI gate: which gates, against what, told how;
# advisory gates.
. "${0%/*}/../lib.sh"

# policy GATES...: .factory/config.yml with these lines below 'gates:', committed
policy() {
	mkdir -p .factory
	{
		printf 'version: 1\nbase: main\ngates:\n'
		for line; do
			printf '  %s\n' "$line"
		done
	} >.factory/config.yml
	git add -A
	git commit -q -m 'Sample with gates'
}

# change FILE TEXT: on a branch
change() {
	git checkout -q -B work
	commit "$1" "$2"
}

# An advisory gate is told with the line of policy that makes it one, and stops nothing.
test_advisory() {
	policy 'good: {run: "true"}' 'style:' '  run: echo too long; false' '  blocking: false'
	change other hello
	run git factory gate
	status_is 0
	out_like '^style +fail'
	run git factory gate --json
	status_is 0
	is "$(json "$OUT" .passed)" true
	is "$(json "$OUT" '.verdicts[] | select(.gate == "style") | .verdict, .advisory, .by' | tr '\n' ' ')" \
	    'fail true .factory/config.yml:5 '
	is "$(json "$OUT" '.verdicts[] | select(.gate == "good") | .advisory')" null
}

# How often it said no to what landed and stayed, by the evidence in the notes.
test_record_of_an_advisory_gate() {
	policy 'style: {run: "false", blocking: false}' 'other: {run: "true", blocking: false}'
	for v in pass fail fail error fail; do
		commit "$v" "$v$(git rev-parse HEAD)"
		git notes --ref=factory add -m "{\"event\":\"landed\",\"gates\":[{\"gate\":\"style\",\"verdict\":\"$v\"}]}"
		git notes --ref=factory append -m '{"event":"attempt","gates":[{"gate":"style","verdict":"fail"}]}'
		git notes --ref=factory append -m 'no JSON'
	done
	git revert --no-edit HEAD >/dev/null
	change new hello
	run git factory gate
	status_is 0
	out_like '^style +fail +advisory: status 1, .* \(no to 3 of the last 4 that landed and stayed\)'
	out_unlike '^other .*landed'
	run git factory gate --json
	is "$(json "$OUT" '.verdicts[] | select(.gate == "style") | .measures[] | select(.name == "refused") | .value')" 3
}

# What a change does not concern is not run, and says so.
test_not_concerned() {
	policy 'web: {run: "false", paths: ["web/**"]}' 'core: {run: "true", paths: ["core/**"]}'
	change core/x hello
	run git factory gate --json
	status_is 0
	is "$(json "$OUT" '.verdicts[] | select(.idle) | .gate')" web
}

test_only() {
	policy 'a: {run: "true"}' 'b: {run: "false"}' 'c: {run: "true"}'
	change other hello
	run git factory gate --only c --only a
	status_is 0
	is "$(cut -d' ' -f1 "$OUT" | tr '\n' ' ')" 'a c '
	run git factory gate --only b
	status_is 1
	err_like '1 of 1 gates did not pass'
	run git factory gate --only a --only nosuch
	status_is 1
	err_like "no gate 'nosuch'"
	err_like 'protected, tests-kept, .*, a, b, c$'
}

# A policy that lies in the work tree alone is not the one that judges.
test_a_policy_that_is_not_committed() {
	mkdir .factory
	printf 'version: 1\n' >.factory/config.yml
	run git factory gate
	status_is 0
	err_like '^your .factory/config.yml has no say until it is committed: commit it'
	git add .factory
	git commit -qm 'A policy'
	printf 'gates: {tests: {run: "true"}}\n' >>.factory/config.yml
	run git factory gate
	status_is 128
	err_like 'commit it: only what is committed counts'
	git commit -qam 'A gate'
	run git factory gate
	status_is 0
	err_unlike 'commit it'
	echo '# more' >>.factory/config.yml
	run git factory gate
	status_is 0
	err_like 'has no say until it is committed'
}

# Without a policy file the built-in gates run, and it says so; nothing is written.
test_no_policy() {
	commit tests/test_a.py 'def test_a():
	assert f() == 1'
	git checkout -q -b work
	git rm -q tests/test_a.py
	git commit -q -m 'Drop a test'
	before=$(find .git/refs .git/packed-refs -type f 2>/dev/null | sort)
	run git factory gate
	status_is 1
	out_like '^tests-kept +fail'
	err_like '^refs/heads/main has no .factory/config.yml: only the built-in gates ran'
	is "$(find .git/refs .git/packed-refs -type f 2>/dev/null | sort)" "$before"
	is "$(git status --porcelain)" ''
}

test_a_base_by_name() {
	policy 'sum: {run: "test \"$(cat sum)\" = 4"}'
	commit sum 4
	git checkout -q -b stable
	commit old 1
	git checkout -q -b work
	commit sum 5
	run git factory gate --base stable
	status_is 1
	run git factory gate --json --base HEAD~1
	status_is 1
	is "$(json "$OUT" .base)" "$(git rev-parse stable)"
	run git factory gate --base nowhere
	status_is 1
	err_like "base 'nowhere' is not in this clone"
	run git factory gate --base HEAD
	err_like '^HEAD has no change that HEAD does not have'
}

# As CI checks out: no local branch, HEAD detached, one branch or one commit.
ci_clone() { # ARGS of git clone
	cd "$TMP/repo" && rm -rf "$TMP/ci"
	git clone -q "$@" "file://$TMP/repo" "$TMP/ci"
	cd "$TMP/ci"
}

test_in_ci() {
	policy 'sum: {run: "test \"$(cat sum)\" = 4"}'
	commit sum 4
	change other hello
	git checkout -q --detach
	git merge -q --no-ff -m 'Merge the pull request' main || :
	git branch pull HEAD
	git checkout -q main
	ci_clone
	git checkout -q --detach origin/work
	git branch -q -D main
	run git factory gate
	status_is 0
	out_like '^sum +pass'
	is "$(git for-each-ref | grep -c factory)" 0
	# One branch: what is missing is told with the command that mends it.
	ci_clone --single-branch -b work
	run git factory gate
	status_is 1
	err_like "base 'main' is not in this clone"
	sh -c "$(sed -n "s/^hint: '\(git fetch[^']*\)'.*/\1/p" "$ERR")" 2>/dev/null
	run git factory gate
	status_is 0
	# One commit.
	ci_clone --single-branch -b work --depth 1
	run git factory gate
	status_is 1
	sh -c "$(sed -n "s/^hint: '\(git fetch[^']*\)'.*/\1/p" "$ERR")" 2>/dev/null
	run git factory gate
	status_is 0
	out_like '^sum +pass'
}

# What CI makes for a pull request is a merge with the base: two commits are enough.
test_two_commits_are_enough() {
	policy 'sum: {run: "test \"$(cat sum)\" = 4"}'
	commit sum 4
	change sum 5
	git checkout -q main
	commit another 1
	git checkout -q -b pull
	git merge -q --no-ff -m 'Merge the pull request' work
	ci_clone --single-branch -b pull --depth 1
	git checkout -q --detach
	git fetch -q --depth 1 origin +refs/heads/main:refs/remotes/origin/main
	run git factory gate
	status_is 1
	out_like '^sum +fail'
}

# A pull request into another branch than policy's: the CI system says which.
test_base_of_the_pull_request() {
	policy 'sum: {run: "test \"$(cat sum)\" = 4"}'
	commit sum 4
	git checkout -q -b release
	printf 'version: 1\nbase: main\ngates:\n  five: {run: "test \\"$(cat sum)\\" = 5"}\n' >.factory/config.yml
	git commit -q -am 'Another policy'
	git checkout -q -b work
	commit sum 5
	ci_clone
	git checkout -q --detach origin/work
	run git factory gate
	status_is 1
	run env GITHUB_BASE_REF=release git-factory gate
	status_is 0
	out_like '^five +pass'
	run env SYSTEM_PULLREQUEST_TARGETBRANCH=refs/heads/release git-factory gate
	status_is 0
	run env CI_MERGE_REQUEST_TARGET_BRANCH_NAME=gone git-factory gate
	status_is 1
	err_like "base 'gone' that CI_MERGE_REQUEST_TARGET_BRANCH_NAME names is not in this clone"
}

# A gate whose report says what a CI system, a reader or a terminal might obey.
hostile() {
	cat >report.sh <<'END'
cat >report.xml <<'XML'
<testsuite name="a">
<testcase classname="c" name="::error file=x::| `x` &lt;img src=x&gt; @ada ##[add-path]x" file="a,b:c|`.py" line="3">
<failure message="]]&gt; %0A::set-env &#x202e;| @ada [l](javascript:x)">::error::injected
##vso[task.x] ```
~~~
&lt;/details&gt; # Approved by @ada
</failure></testcase>
<testcase classname="c" name="good"/>
</testsuite>
XML
exit 1
END
	policy 'unit: {run: sh report.sh, report: report.xml}' 'style: {run: "exit 3", blocking: false}' \
	    'web: {run: "false", paths: ["web/**"]}' 'broken: {run: "true", report: none.xml}'
	change other hello
}

need_peers() {
	"$ROOT/tests/peers/run" || skip "tests/peers/install was not run"
}

peer() {
	"$ROOT/tests/peers/run" "$@"
}

# As the runner finds commands: "::" where a line begins, "##[" anywhere.
commands() { # FILE
	grep -E '^[[:space:]]*::|##(vso)?\[' "$1" || :
}

test_security_no_text_is_a_command() {
	hostile
	run git factory gate
	status_is 1
	out_like '^unit +fail'
	is "$(commands "$OUT")" ''
	is "$(commands "$ERR")" ''
	run git factory gate --github
	status_is 1
	is "$(commands "$OUT" | grep -Ecv '^::(error|warning|notice) [^:]*::')" 0
	is "$(commands "$OUT" | grep -c '^::error ')" 2
	out_like '^::error file=a%2Cb%3Ac\|`\.py,line=3,title=unit/c'
	out_like '^::error title=broken::'
	out_like '^::warning title=style::'
	unlike "$(cat "$OUT")" "$(printf '\342\200\256')"
}

test_step_summary() {
	hostile
	: >"$TMP/summary"
	run env GITHUB_STEP_SUMMARY="$TMP/summary" git-factory gate --github
	status_is 1
	like "$(cat "$TMP/summary")" '^### git factory: 2 of [0-9]+ gates block'
	run git factory gate --markdown
	is "$(cat "$OUT")" "$(cat "$TMP/summary")"
}

# The validator of SARIF's authors, with its rules for GitHub's code scanning.
test_sarif_is_valid() {
	[ "$(uname -sm)" = 'Linux x86_64' ] || skip "no validator for $(uname -sm)"
	need_peers
	hostile
	run git factory gate --sarif
	status_is 1
	mv "$OUT" "$TMP/gate.sarif"
	run peer sarif validate "$TMP/gate.sarif" --rule-kind 'Sarif;Ghas' --output "$TMP/out.sarif"
	status_is 0
	out_unlike ': error '
	is "$(json "$TMP/out.sarif" '[.runs[].results[] | select(.level == "error")] | length')" 0
	is "$(json "$TMP/gate.sarif" '[.runs[0].results[] | .level] | sort | join(" ")')" 'error error warning'
	# It is one that finds faults.
	jq 'del(.runs[0].results[0].message) | .runs[0].results[1].locations = []' "$TMP/gate.sarif" >"$TMP/bad.sarif"
	run peer sarif validate "$TMP/bad.sarif" --rule-kind 'Sarif;Ghas' --output "$TMP/out2.sarif"
	out_like 'error JSON1002: .*message'
}

test_junit_is_read_by_others() {
	need_peers
	hostile
	run git factory gate --junit
	status_is 1
	cp "$OUT" "$TMP/gate.xml"
	run peer junit2json "$TMP/gate.xml"
	status_is 0
	is "$(json "$OUT" '[.testsuite[] | select(.failures + .errors > 0) | .name] | join(" ")')" 'unit broken'
	is "$(json "$OUT" '[.testsuite[] | select(.skipped > 0) | .name] | join(" ")')" 'style web'
	is "$(json "$OUT" '[.testsuite[].testcase[] | select(.failure or .error)] | length')" \
	    "$(json "$OUT" '[.testsuite[] | .failures + .errors] | add')"
}

test_markdown_is_text() {
	need_peers
	hostile
	run git factory gate --markdown
	status_is 1
	cp "$OUT" "$TMP/gate.md"
	run peer marked --gfm "$TMP/gate.md"
	status_is 0
	out_unlike '<(a|img|script|h1)[ >]'
	out_like '<strong>fail</strong>'
	# Mentions count where no code is.
	unlike "$(tr '\n' ' ' <"$OUT" | sed 's/<code[^>]*>[^<]*<.code>//g')" '@ada'
	cells=$(grep -c '<td>' "$OUT")
	run git factory gate --json
	is "$cells" "$(json "$OUT" '.verdicts | length * 3')"
}

test_one_form_at_a_time() {
	run git factory gate --json --sarif
	status_is 129
}

# For each block: why, by which line of policy, who may lift it, and how to see it again.
test_why() {
	policy 'good: {run: "true"}' 'bad: {run: "false"}'
	change other hello
	run git factory gate --base main
	status_is 1
	out_like '^  policy: .factory/config.yml:5; may lift it: nobody'
	out_like '^  again:  git factory gate --only bad --base main$'
	run git factory gate --json
	is "$(json "$OUT" '.blocked_by[] | .gate, .policy, .again' | tr '\n' ' ')" \
	    'bad .factory/config.yml:5 git factory gate --only bad '
}

run_tests
