#!/bin/sh
# A hostile agent in the real run, against the gates: a change votes for itself
# by its policy, its tests, its reports or their names.
. "${0%/*}/../lib.sh"
. "${0%/*}/../hostile.sh"

# Delivered, for nothing that is in force has changed; and it stays there.
test_security_policy_edited() {
	session_of "mkdir -p .github/workflows; echo 'on: push' >.github/workflows/x.yml; echo >>.factory/config.yml" | sample
	for who in $WHO; do
		for binary in "$RELEASE" "$TESTING"; do
			attack "$who" "$binary" protected
			status_is 0
			run victim "$who" env GIT_FACTORY_TEST_OFF=protected "$binary" pr merge 1
			if [ "$binary" = "$RELEASE" ]; then
				status_is 1
				err_like "changes protected paths: '.factory/config.yml', '.github/workflows/x.yml'"
			else
				status_is 0
			fi
		done
	done
}

# Nor does it land by itself where policy lets changes do so.
test_security_policy_edited_does_not_land_by_itself() {
	session_of "mkdir -p .github/workflows; echo 'on: push' >.github/workflows/x.yml" | sample 'gates: none' 'merge: {auto: true}'
	attack_quiet=
	for who in $WHO; do
		attack "$who" "$RELEASE" protected
		status_is 0
		err_like "waits for a person: pull request 1 changes protected paths: '.github/workflows/x.yml'"
		fails victim "$who" git cat-file -e main:.github/workflows/x.yml
		attack "$who" "$TESTING" protected
		ok victim "$who" git cat-file -e main:.github/workflows/x.yml
	done
}

test_security_gates_come_from_the_base() {
	session_of "sed -i s/false/true/ .factory/config.yml" | sample 'gates: {strict: {run: "false"}}'
	attack root "$TESTING" protected
	status_is 1
	err_like 'strict'
}

test_security_tests_deleted() {
	mkdir -p tests
	printf 'def test_it():\n    assert 1 == 2\n' >tests/test_it.py
	git add -A
	git commit -qm 'A failing test'
	session_of 'rm tests/test_it.py' | sample 'gates: {tests: {run: "! ls tests/*.py"}}'
	for who in $WHO; do
		attack "$who" "$RELEASE" kept-tests
		status_is 1
		err_like 'tests-kept|test_it'
		attack "$who" "$TESTING" kept-tests
		status_is 0
	done
}

test_security_a_planted_report() {
	session_of "echo '<testsuite><testcase name=\"a\"/></testsuite>' >r.xml" | sample 'gates: {t: {run: "true", report: r.xml}}'
	for who in $WHO; do
		attack "$who" "$RELEASE" report
		status_is 1
		err_like 'no report at'
		attack "$who" "$TESTING" report
		status_is 0
	done
}

test_security_a_report_that_is_a_link() {
	echo '<testsuite><testcase name="a"/></testsuite>' >"$TMP/report.xml"
	session_of "echo 'ln -sf $TMP/report.xml r.xml' >change-it" | sample 'gates: {t: {run: "sh ./change-it", report: r.xml}}'
	for who in $WHO; do
		attack "$who" "$RELEASE" report
		status_is 1
		err_like "is a link"
		attack "$who" "$TESTING" report
		status_is 0
	done
}

# Run once more alone, a test of that name is an option, and passes: on the base
# too, where it fails as well, so that it would count as flaky.
test_security_names_that_read_as_options() {
	cat >runner <<'END'
#!/bin/sh
[ "$1" != --version ] || exit 0
echo '<testsuite><testcase name="good"/>' >r.xml
echo "<testcase name=\"$(ls tests)\"><failure/></testcase></testsuite>" >>r.xml
exit 1
END
	chmod +x runner
	mkdir tests
	touch tests/--version
	session_of 'echo more >other' | sample 'gates: {t: {run: ./runner, report: r.xml, one: "./runner {test}"}}'
	for who in $WHO; do
		attack "$who" "$RELEASE" names
		status_is 1
		out_like 't +(fail|error)'
		attack "$who" "$TESTING" names
		status_is 0
		out_like 'flaky'
	done
}

run_tests
