#!/bin/sh
# git factory gate: exit status and report, known, flaky and tolerated
# failures, tests kept, protected paths, deadlines, planted reports.
. "${0%/*}/../lib.sh"

# A runner in a few lines: each line of a file in tests/ is "name command",
# and the report says which commands succeeded.
runner() {
	mkdir -p tests
	cat >runner <<'END'
#!/bin/sh
# usage: runner [NAME]; writes out/report.xml
mkdir -p out
bad=0
{
	echo '<testsuites><testsuite name="sample">'
	for f in tests/*.list; do
		while read -r name command; do
			[ -z "${1:-}" ] || [ "$1" = "$name" ] || continue
			echo "<testcase classname=\"${f#tests/}\" name=\"$name\">"
			if [ "$command" = skip ]; then
				echo '<skipped/>'
			elif ! said=$(sh -c "$command" 2>&1); then
				echo "<failure message=\"$name failed\">$said</failure>"
				bad=1
			fi
			echo '</testcase>'
		done <"$f"
	done
	echo '</testsuite></testsuites>'
} >out/report.xml
exit $bad
END
	chmod +x runner
	printf 'adds test "$(cat sum)" = 4\nsubs true\n' >tests/a.list
	echo 4 >sum
}

# policy LINES...: the gate 'unit' with these lines more
policy() {
	mkdir -p .factory
	{
		printf 'version: 1\nbase: main\ngates:\n  unit:\n'
		for line; do
			printf '    %s\n' "$line"
		done
	} >.factory/config.yml
	git add -A
	git commit -q -m 'Sample with gates'
}

sample() {
	runner
	policy 'run: ./runner' 'report: out/report.xml' "$@"
}

# change FILE TEXT: on a branch
change() {
	git checkout -q -B work
	commit "$1" "$2"
}

verdict() { # GATE
	json "$OUT" ".verdicts[] | select(.gate == \"$1\") | .verdict // .kind // .status"
}

test_passes() {
	sample
	change other hello
	run git factory gate
	status_is 0
	out_like '^unit +pass +2 tests'
	out_like '^tests-kept +pass'
	out_like '^protected +pass'
	is "$(git status --porcelain)" ''
	is "$(git for-each-ref | grep -c factory)" 0
}

test_failure_is_evidence() {
	sample
	change sum 5
	run git factory gate
	status_is 1
	out_like '^unit +fail +1 of 2 tests failed'
	out_like '^--- a.list::adds'
	err_like '1 of [0-9]+ gates did not pass'
	run git factory gate --json
	status_is 1
	is "$(json "$OUT" .passed)" false
	is "$(json "$OUT" '[.verdicts[].findings[]? | select(.kind == "blocks") | .rule] | join(" ")')" a.list::adds
	is "$(json "$OUT" .commit)" "$(git rev-parse HEAD)"
}

test_a_named_revision() {
	sample
	change sum 5
	git checkout -q main
	run git factory gate work
	status_is 1
	run git factory gate
	status_is 0
	run git factory gate nowhere
	status_is 1
	err_like "nowhere"
}

# What is judged is the merge with the base as it is now.
test_merge_with_the_base() {
	sample
	change other hello
	git checkout -q main
	commit sum 5
	git checkout -q work
	run git factory gate
	status_is 1
	out_like 'on the base too'
	git checkout -q main
	commit other bye
	run git factory gate work
	status_is 1
	err_like "conflicts with the base .* in 'other'"
}

test_known_failures_block() {
	runner
	printf 'adds test "$(cat sum)" = 4\nold false\n' >tests/a.list
	policy 'run: ./runner' 'report: out/report.xml'
	change other hello
	run git factory gate
	status_is 1
	out_like '1 of 2 tests failed, 1 on the base too'
	out_like 'a.list::old \[fails on the base too\]'
}

test_tolerated_failures_do_not() {
	runner
	printf 'adds test "$(cat sum)" = 4\nold false\n' >tests/a.list
	policy 'run: ./runner' 'report: out/report.xml' 'tolerate: ["a.list::old"]'
	change other hello
	run git factory gate
	status_is 0
	out_like '1 tolerated'
	change sum 5
	run git factory gate
	status_is 1
}

# Alone it passes, in company it does not, and so it is on the base: told, and
# not blocking.  Where the base never fails, it is the change that broke it.
test_flaky_is_told() {
	runner
	sed -i 's/^bad=0/bad=0; export ALONE="${1:-}"/' runner
	printf 'adds test -n "$ALONE"\nsubs true\n' >tests/a.list
	policy 'run: ./runner' 'report: out/report.xml' 'one: ./runner {test}'
	change other hello
	run git factory gate
	status_is 0
	out_like '1 flaky'
	out_like '  flaky: a.list::adds.*passed 3 of 3 times alone, and failed 1 of 2 times on the base'
	run git factory gate --json
	is "$(jq '.verdicts[] | select(.gate == "unit") | .measures[] | select(.name == "flaky a.list::adds") | .value' "$OUT")" 250000
	# What was seen on a base is known for a while: the base is not tried again.
	change other more
	run git factory gate
	status_is 0
	out_like 'seen to flake on a base before'
	rm "$(git rev-parse --git-common-dir)/factory/gates/flakes.jsonl"
	change sum 5
	run git factory gate
	status_is 0
	change tests/a.list 'adds false
subs true'
	run git factory gate --person
	status_is 1
	out_unlike flaky:
}

test_what_flakes_only_since_the_change_blocks() {
	runner
	sed -i 's/^bad=0/bad=0; export ALONE="${1:-}"/' runner
	printf 'adds test -n "$ALONE$(cat sum)"\nsubs true\n' >tests/a.list
	policy 'run: ./runner' 'report: out/report.xml' 'one: ./runner {test}'
	change sum ''
	run git factory gate
	status_is 1
	out_like 'passed 3 of 3 times alone, but never failed in 11 runs on the base'
	# A new test is not even tried.
	git checkout -q main
	change tests/b.list 'new test -n "$ALONE"'
	run git factory gate
	status_is 1
	out_like 'b.list::new.*new or changed, so it is not forgiven'
}

# A name from a report is data: it ends no quote, and is no option.
test_security_test_names_run_nothing() {
	runner
	mkdir .factory
	cat >.factory/config.yml <<'END'
version: 1
base: main
gates:
  unit:
    run: "mkdir -p out; cat names >out/report.xml; ! grep -q failure names"
    report: out/report.xml
    one: "echo {test} \"{test}\" '{test}'; test ! -e pwned"
END
	name='$(touch pwned)&apos;;touch pwned;&quot;`touch pwned`'
	echo "<testsuite><testcase name=\"$name\"/><testcase name=\"--help\"/></testsuite>" >names
	git add -A
	git commit -q -m policy
	change names "<testsuite><testcase name=\"$name\"><failure/></testcase><testcase name=\"--help\"/></testsuite>"
	run git factory gate
	status_is 1
	out_like 'passed 3 of 3 times alone'
	change names "<testsuite><testcase name=\"$name\"/><testcase name=\"--help\"><failure/></testcase></testsuite>"
	run git factory gate
	status_is 1
	out_unlike alone
}

test_status_and_report_must_agree() {
	runner
	policy "run: './runner || true'" 'report: out/report.xml'
	change sum 5
	run git factory gate
	status_is 1
	out_like '^unit +error .*status 0, but its report has 1 failed'
	git checkout -q main
	policy "run: './runner; exit 3'" 'report: out/report.xml'
	change other hello
	run git factory gate
	status_is 1
	out_like '^unit +error .*status 3, but no test'
}

test_no_report_is_an_error() {
	runner
	policy 'run: "true"' 'report: out/report.xml'
	change other hello
	run git factory gate
	status_is 1
	out_like '^unit +error +no report'
	git checkout -q main
	policy "run: 'mkdir -p out && cp bad out/report.xml'" 'report: out/report.xml'
	for bad in '' '<html/>' '<testsuite/>' '<testsuite><testcase name="a">' 'not xml'; do
		git checkout -q main
		change bad "$bad"
		run git factory gate
		status_is 1
		out_like '^unit +error'
	done
}

# The change brings a report that says what it likes.  Without the defence it
# is believed.
test_security_planted_report() {
	runner
	policy 'run: "true"' 'report: out/report.xml'
	change out/report.xml '<testsuite><testcase name="adds"/></testsuite>'
	run git factory gate
	status_is 1
	out_like '^unit +error +no report'
	run env GIT_FACTORY_TEST_OFF=report "${FACTORY_TESTING_BUILD:-$BUILD/testing}/git-factory" gate
	status_is 0
	out_like '^unit +pass +1 test$'
}

test_security_report_through_a_link() {
	runner
	policy "run: 'rm -rf out; ln -s real out; cp good real/report.xml'" 'report: out/report.xml'
	change real/keep x
	change good '<testsuite><testcase name="adds"/></testsuite>'
	run git factory gate
	status_is 1
	out_like '^unit +error .*link'
	git checkout -q main
	policy "run: 'mkdir -p out; ln -s /etc/passwd out/report.xml'" 'report: out/report.xml'
	change other hello
	run git factory gate
	status_is 1
	out_like '^unit +error .*link'
}

test_a_pattern_of_reports() {
	runner
	policy "run: 'mkdir -p out/a out/b; cp one out/a/TEST-1.xml; cp two out/b/TEST-2.xml; exit 1'" \
	    "report: 'out/*/TEST-*.xml'"
	git checkout -q -B work
	commit one '<testsuite><testcase name="adds"/></testsuite>'
	commit two '<testsuite><testcase name="subs"><failure/></testcase></testsuite>'
	run git factory gate
	status_is 1
	out_like '1 of 2 tests failed'
}

test_without_report_the_status_decides() {
	runner
	policy 'run: "test \"$(cat sum)\" = 4"'
	change other hello
	run git factory gate
	status_is 0
	out_like '^unit +pass +status 0'
	change sum 5
	run git factory gate
	status_is 1
	out_like '^unit +fail +status 1'
}

# Hung, deaf to TERM, with a child that left its group: gone at the deadline.
test_security_deadline() {
	runner
	policy "run: 'trap \"\" TERM; (setsid sleep 987 &); echo started; sleep 987'" 'timeout: 2s'
	change other hello
	run git factory gate
	status_is 1
	out_like '^unit +error +the command was killed at its deadline'
	out_like started
	fails pgrep -f 'sleep 987'
}

test_fast_leaves_out_what_is_late() {
	runner
	mkdir -p .factory
	cat >.factory/config.yml <<'END'
version: 1
base: main
gates:
  unit:
    run: "false"
    fast: exit 0
  slow:
    run: "false"
    fast: false
END
	git add -A
	git commit -q -m policy
	change other hello
	run git factory gate --fast
	status_is 0
	out_unlike '^slow'
	run git factory gate
	status_is 1
	out_like '^slow +fail'
}

# 'fast: "true"' names a program; 'fast: true' leaves the gate whole.
test_fast_in_quotes_is_a_command() {
	runner
	policy 'run: "false"' 'fast: "true"'
	change other hello
	run git factory gate --fast
	status_is 0
	git checkout -q main
	policy 'run: "false"' 'fast: true'
	run git factory gate --fast
	status_is 1
	policy 'run: "true"' "fast: 'false'"
	run git factory gate --fast
	status_is 1
	run git factory gate
	status_is 0
}

test_paths_choose() {
	sample 'paths: ["lib/**"]'
	change sum 5
	run git factory gate
	status_is 0
	out_like '^unit +pass +not run'
	change lib/x 1
	run git factory gate
	status_is 1
}

# Policy is the base's: the change cannot vote for itself.
test_security_policy_of_the_base() {
	sample
	change sum 5
	sed -i 's/run: .*/run: "true"/' .factory/config.yml
	git commit -q -am 'Pass'
	run git factory gate
	status_is 1
	out_like '^unit +fail'
	out_like '^protected +pass +1 protected path changed: flagged'
}

test_security_protected_paths() {
	sample
	for f in .github/workflows/ci.yml .GitHub/x .gitlab-ci.yml docs/CODEOWNERS .husky/pre-push \
	    .pre-commit-config.yaml sub/.gitea/x .forgejo/x; do
		git checkout -q main
		change "$f" x
		run git factory gate
		status_is 0
		out_like "^  flagged: $f: a protected path was changed"
		run git factory gate --person
		status_is 0
		out_like "^  note: $f: "
	done
	git checkout -q main
	change runner 'exit 0'
	run git factory gate
	status_is 1
	out_like "^protected +fail +1 protected path changed"
	out_like '^  runner: a script that a gate runs was changed'
}

test_security_tests_are_kept() {
	runner
	printf 'def test_a():\n    assert f() == 1\n\ndef test_b():\n    assert f()\n' >test_x.py
	policy 'run: "true"'
	change test_x.py 'def test_a():
    assert f() == 1'
	run git factory gate
	status_is 1
	out_like "test_x.py:4: the test 'test_b' was removed"
	git checkout -q main
	change test_x.py 'import pytest
def test_a():
    assert f() == 1

@pytest.mark.skip
def test_b():
    assert f()'
	run git factory gate
	status_is 1
	out_like 'a marker that keeps tests from running: @pytest.mark.skip'
	git checkout -q main
	change test_x.py 'def test_a():
    pass

def test_b():
    assert f()'
	run git factory gate
	status_is 1
	out_like "the test 'test_a' asserts nothing any more"
	git checkout -q -B work main
	git rm -q test_x.py
	git commit -q -m Delete
	run git factory gate
	status_is 1
	out_like "'test_a' was removed"
	run git factory gate --person
	status_is 0
	out_like "note: test_x.py:1: the test 'test_a' was removed"
	git checkout -q -B work main
	mkdir -p deep
	git mv test_x.py deep/test_y.py
	git commit -q -m Move
	run git factory gate
	status_is 0
}

# What files do not show, the reports do.
test_security_tests_of_the_report_are_kept() {
	sample
	change tests/a.list 'adds test "$(cat sum)" = 4'
	run git factory gate
	status_is 1
	out_like "'a.list::subs' of the gate 'unit' passed on the base and is gone"
	git checkout -q main
	change tests/a.list 'adds test "$(cat sum)" = 4
subs skip'
	run git factory gate
	status_is 1
	out_like "'a.list::subs' of the gate 'unit' passed on the base and is skipped"
}

# What is remembered of the base saves a run and decides nothing.
test_memory_of_the_base() {
	runner
	sed -i 's/^bad=0/bad=0; echo "ran on $(cat other 2>\/dev\/null || echo base)" >\&2/' runner
	policy 'run: ./runner' 'report: out/report.xml'
	change other change
	ok git factory gate
	set -- .git/factory/gates/??/"$(git rev-parse 'main^{tree}')"-*.json
	is $# 1
	exists "$1"
	rm -r .git/factory/gates/proofs
	sed -i 's/subs/nosuch/g' "$1"
	run git factory gate
	status_is 0
	out_like '^tests-kept +pass'
	fails grep -q nosuch "$1"
	echo '{"time": 1' >"$1"
	run git factory gate --rerun
	status_is 0
}

test_a_folder_of_its_own() {
	runner
	mkdir web
	mv runner tests sum web/
	policy 'run: ./runner' 'report: out/report.xml' 'dir: web'
	change web/sum 5
	run git factory gate
	status_is 1
	out_like '^--- a.list::adds'
	git checkout -q -B work main
	git rm -rq web
	git commit -q -m 'Without web'
	run git factory gate --person
	status_is 1
	out_like "^unit +error +the gate's folder"
}

# What policy says of workspaces holds for those of gates, too.
test_the_workspace_is_as_policy_says() {
	policy 'run: "head -c 20000000 /dev/zero >big"'
	change other hello
	run git factory gate
	status_is 0
	git config factory.workspace.size 4M
	run git factory gate
	status_is 1
	out_like 'No space left'
	git config factory.workspace.kind pool
	run git factory gate
	status_is 0
}

test_interrupted() {
	runner
	policy 'run: "sleep 986"'
	change other hello
	git-factory gate >"$OUT" 2>"$ERR" &
	pid=$!
	n=0
	while ! pgrep -f 'sleep 986' >/dev/null; do
		n=$((n + 1))
		[ "$n" -lt 100 ] || fail 'the gate does not start'
		sleep 0.1
	done
	kill -TERM "$pid"
	wait "$pid" && status=0 || status=$?
	status_is 130
	fails pgrep -f 'sleep 986'
}

test_security_sandbox() {
	runner
	policy "run: 'cat $HOME/canary && exit 0; echo x >$HOME/written; echo x >sum; exit 0'"
	echo canary-value >"$HOME/canary"
	chmod -R go+rX "$TMP"
	change other hello
	run git factory gate
	missing "$HOME/written"
	is "$(cat sum)" 4
	out_unlike canary-value
}

test_no_gates() {
	mkdir -p .factory
	commit .factory/config.yml 'version: 1
base: main'
	run git factory gate
	status_is 128
	err_like 'nothing says how a change is proven'
	commit .factory/config.yml 'version: 1
base: main
gates: none'
	run git factory gate
	status_is 0
	out_like '^tests-kept +pass'
}

test_bad_configuration() {
	runner
	policy 'run: "true"' 'report: ../x.xml'
	run git factory gate
	status_is 128
	err_like "report.*'../x.xml'"
	policy 'run: "true"' 'one: "x {test}"'
	run git factory gate
	status_is 128
	err_like "has 'one' and no 'report'"
}

# One command may report tests and coverage; each place must have a report.
test_reports_of_several_kinds() {
	runner
	cat >both <<'END'
#!/bin/sh
./runner || bad=1
[ -e nocover ] || printf 'SF:%s/sum\nDA:1,1\nend_of_record\n' "$PWD" >out/lcov.info
exit ${bad:-0}
END
	chmod +x both
	policy 'run: ./both' 'report: [out/report.xml, out/*.info]'
	change other hello
	run git factory gate
	status_is 0
	out_like '^unit +pass +2 tests'
	change nocover yes
	run git factory gate
	status_is 1
	out_like "^unit +error +no report at 'out/\*\.info'"
}

# A scanner's word and its exit status are two witnesses, too.
test_findings() {
	cat >scan <<'END'
#!/bin/sh
[ ! -e broken ] || exit 2
printf '<?xml version="1.0"?><checkstyle version="8">' >out.xml
grep -n TODO src/*.c | while IFS=: read -r file line text; do
	printf '<file name="%s/%s"><error line="%s" severity="error" message="%s" source="todo"/></file>' \
		"$PWD" "$file" "$line" "a TODO"
done >>out.xml
echo '</checkstyle>' >>out.xml
! grep -q '<error' out.xml
END
	chmod +x scan
	mkdir src
	echo 'int x;' >src/a.c
	policy 'run: ./scan' 'report: out.xml'
	change src/b.c 'int y;'
	run git factory gate
	status_is 0
	change src/b.c '/* TODO */'
	run git factory gate --json
	status_is 1
	is "$(json "$OUT" '.verdicts[] | select(.gate == "unit") | .findings[0] | "\(.rule) \(.file):\(.line) \(.text)"')" \
		'todo src/b.c:1 a TODO'
	change broken yes
	run git factory gate
	status_is 1
	out_like '^unit +error +no report'
}

# Each waits for a file that the other makes, so only side by side can both pass.
test_side_by_side() {
	mkdir -m 777 "$TMP/meet"
	git config --global factory.sandbox.mode none
	git config factory.limits.gates 2
	cat >meet <<END
#!/bin/sh
# usage: meet MINE THEIRS TRIES
touch $TMP/meet/\$1
i=0
until [ -e $TMP/meet/\$2 ]; do
	sleep 0.1
	i=\$((i + 1))
	[ \$i -lt \$3 ] || exit 1
done
END
	chmod +x meet
	mkdir .factory
	printf 'version: 1\nbase: main\ngates:\n  one: {run: ./meet a b 100}\n  two: {run: ./meet b a 100}\n' >.factory/config.yml
	git add -A
	git commit -qm 'Two gates'
	change x y
	run git factory gate
	status_is 0
	out_like '^one +pass'
	out_like '^two +pass'
	# One after the other, the first waits in vain.
	rm "$TMP"/meet/*
	git config factory.limits.gates 1
	git checkout -q main
	sed -i 's/ 100/ 3/' .factory/config.yml
	git commit -qam 'Less patience'
	change x z
	run git factory gate
	status_is 1
	out_like '^one +fail'
}

# The first that blocks ends the others, which prove nothing then.
test_fail_fast() {
	mkdir .factory
	for gates in 1 2; do
		printf 'version: 1\nbase: main\nlimits: {fail_fast: true, gates: %s}\n' $gates >.factory/config.yml
		printf 'gates:\n  slow: {run: sleep %s}\n  bad: {run: "false"}\n' $((gates * 50 - 50)) >>.factory/config.yml
		printf '  last: {run: sleep 50}\n' >>.factory/config.yml
		git add .factory
		git commit -qm "Policy $gates"
		change x $gates
		run git factory gate
		status_is 1
		out_like '^bad +fail'
		out_like "^last +inconclusive +not run: 'bad' blocked before"
		git checkout -q main
	done
	out_like "^slow +inconclusive +not run: 'bad' blocked before"
}

# A program that is not there is no pass, and another version proves anew.
test_needs() {
	mkdir "$TMP/tools"
	printf '#!/bin/sh\necho 1.0\n' >"$TMP/tools/frob"
	chmod +x "$TMP/tools/frob"
	git config --global factory.sandbox.read "$TMP/tools"
	git config --global factory.sandbox.path "$TMP/tools:/usr/bin:/bin"
	policy 'run: "true"' 'needs: [frob --version, sh]'
	change x y
	run git factory gate
	status_is 0
	run git factory gate --json
	is "$(json "$OUT" '.verdicts[] | select(.gate == "unit") | .known != null')" true
	printf '#!/bin/sh\necho 2.0.0\n' >"$TMP/tools/frob"
	run git factory gate --json
	is "$(json "$OUT" '.verdicts[] | select(.gate == "unit") | .known != null')" false
	rm "$TMP/tools/frob"
	run git factory gate
	status_is 1
	out_like "^unit +error +it needs 'frob', which is not on the sandbox's PATH"
}

test_an_unknown_format() {
	sample 'format: junitt'
	change other hello
	run git factory gate
	status_is 128
	err_like "'junitt' is no format of a report"
	err_like 'cobertura'
}

test_dirty_checkout_is_left_alone() {
	sample
	change other hello
	echo mine >sum
	echo mine >untracked
	git add untracked
	before=$(git status --porcelain)
	run git factory gate
	status_is 0
	is "$(git status --porcelain)" "$before"
	is "$(cat sum)" mine
}

run_tests
