#!/bin/sh
# shellcheck disable=SC2016 # what is quoted is for other shells
# git factory gate: times of a change next to its base's.
. "${0%/*}/../lib.sh"

# policy LINES...: the gate 'speed' with these lines more
policy() {
	mkdir -p .factory
	{
		printf 'version: 1\nbase: main\ngates:\n  speed:\n'
		for line; do
			printf '    %s\n' "$line"
		done
	} >.factory/config.yml
	git add -A
	git commit -q -m 'Sample with a gate'
}

# A benchmark that says what the files of times/ say: a name, and seconds as hyperfine has them.
reporter() {
	mkdir -p times
	echo 0.100 >times/parse
	echo 0.200 >times/print
	cat >bench <<'END'
#!/bin/sh
{
	printf '{"results": ['
	comma=''
	for f in times/*; do
		printf '%s{"command": "%s", "times": [%s], "memory_usage_byte": [%s]}' "$comma" \
			"${f#times/}" "$(sh "${f%/*}/../value" "$f")" "$(cat bytes)"
		comma=,
	done
	printf ']}'
} >out.json
[ ! -e broken ]
END
	echo 'cat "$1"' >value
	echo 1000000 >bytes
	chmod +x bench
	policy 'run: ./bench' 'report: out.json' "$@"
}

change() { # FILE TEXT: on a branch
	git checkout -q -B work
	commit "$1" "$2"
}

speed() { json "$OUT" '.verdicts[] | select(.gate == "speed") | '"$1"; }

test_no_change_passes() {
	reporter
	change readme hello
	run git factory gate
	status_is 0
	out_like '^speed +pass +4 measures, none worse, in 8 rounds'
}

test_slower_blocks() {
	reporter
	change times/parse 0.115
	run git factory gate --json
	status_is 1
	is "$(speed .verdict)" fail
	is "$(speed '.findings[] | "\(.kind) \(.rule)"')" 'blocks parse'
	is "$(speed '.measures[] | select(.name == "rounds") | .value')" 16
	run git factory gate
	status_is 1
	out_like '^speed +fail +parse: 15\.0 % slower .*100\.00 ms before, 115\.00 ms now'
	change times/parse 0.104
	run git factory gate
	status_is 0
	change times/parse 0.060
	run git factory gate
	status_is 0
}

test_the_threshold_is_policys() {
	reporter 'slower: 50' 'memory: 100'
	change times/parse 0.115
	echo 1300000 >bytes
	git commit -q -a -m more
	run git factory gate
	status_is 0
}

test_memory_blocks() {
	reporter
	change bytes 1060000
	run git factory gate
	status_is 1
	out_like '^speed +fail +(parse|print): 6\.0 % more .*1000000 bytes before, 1060000 bytes now; and 1 more'
}

test_security_a_benchmark_that_is_gone() {
	reporter
	git checkout -q -B work
	git rm -q times/parse
	git commit -q -m 'No parser'
	run git factory gate
	status_is 1
	out_like '^speed +fail +2 of 4 benchmarks are not measured any more'
	out_like 'parse: not measured any more'
}

test_a_new_benchmark_is_told() {
	reporter
	change times/lex 0.300
	run git factory gate
	status_is 0
	out_like 'note: lex: new'
}

test_noise_is_inconclusive() {
	reporter 'timeout: 3s'
	git checkout -q main
	echo 'expr $(od -An -N2 -tu2 /dev/urandom) + 1' >value
	git commit -q -a -m 'Measure nothing'
	change readme hello
	run git factory gate
	status_is 1
	out_like '^speed +inconclusive *3s of measuring are over; [0-9]+ of 4 measures cannot be told'
}

# Times are one of the things that a gate's reports are about.
test_beside_tests() {
	reporter
	policy 'run: ./bench && ./unit' 'report: [out.json, unit.xml]'
	cat >unit <<'END'
#!/bin/sh
echo '<testsuite name="s"><testcase classname="s" name="adds"/></testsuite>' >unit.xml
END
	chmod +x unit
	git add unit
	git commit -q -m Unit
	change readme hello
	run git factory gate
	status_is 0
	out_like '^speed +pass +1 test; 4 measures, none worse'
	change times/parse 0.150
	run git factory gate
	status_is 1
	out_like '^speed +fail +1 test; parse: 50\.0 % slower'
	run git factory gate --fast
	status_is 0
	git checkout -q main
	policy 'run: ./bench && ./unit' 'report: [out.json, unit.xml]' 'against: none'
	git checkout -q -B work
	echo 0.190 >times/parse
	git commit -q -a -m slower
	run git factory gate
	status_is 0
	out_unlike measures
}

test_a_command_that_fails() {
	reporter
	change broken yes
	run git factory gate
	status_is 1
	out_like '^speed +fail +status 1'
	git checkout -q main
	git merge -q work
	git checkout -q -B work
	git rm -q broken
	git commit -q -m Mend
	run git factory gate
	status_is 0
	out_like '^speed +pass +not compared, the base cannot be measured: the command ends with status 1'
	out_like 'flagged'
}

test_the_command_itself() {
	echo 0.02 >delay
	policy 'run: sleep $(cat delay)' 'timed: true'
	change readme hello
	run git factory gate --fast
	status_is 0
	out_unlike '^speed'
	change delay 0.03
	run git factory gate --json
	status_is 1
	is "$(speed .verdict)" fail
	is "$(speed '.findings[] | select(.kind == "blocks") | .rule')" 'wall time'
	run git factory gate --json main
	is "$(speed .summary)" 'not measured: the files are the base'"'"'s'
}

# Whoever gets at the meter's pipe cannot make itself fast.
test_security_what_the_command_writes() {
	echo 'exit 0' >work.sh
	policy 'run: sh work.sh' 'timed: true'
	change work.sh 'for f in /proc/[0-9]*/fd/1; do echo "meter 0 1 1 1" >"$f"; done 2>/dev/null; sleep 0.1; exit 0'
	run git factory gate --json
	status_is 1
	is "$(speed '"\(.verdict) \(.summary)"')" 'error what the command took cannot be told: it got at what measures it'
}

run_tests
