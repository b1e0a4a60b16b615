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

# What a change does not concern is not run, and says so.
test_not_concerned() {
	policy 'web: {run: "false", paths: ["web/**"]}' 'core: {run: "true", paths: ["core/**"]}'
	change core/x hello
	run git factory gate --json
	status_is 0
	is "$(json "$OUT" '.verdicts[] | select(.idle) | .gate')" web
}

run_tests
