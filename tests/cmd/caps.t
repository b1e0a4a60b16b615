#!/bin/sh
# What bounds a run, and who may raise it: its deadline, money and tokens.
. "${0%/*}/../lib.sh"

call() { # ID NAME INPUT
	printf '{"id":"%s","name":"%s","input":%s}' "$@"
}
answer() { # BLOCK...
	printf '{"reply":{"stop":"tools","blocks":['
	sep=
	for block; do
		printf '%s%s' "$sep" "$block"
		sep=,
	done
	printf ']},"usage":{"in":100,"out":10}}\n'
}

# sample LINE...: policy with a recorded agent that writes one file
sample() {
	mkdir -p .factory
	{
		echo 'version: 1'
		echo 'agent: a'
		echo 'models: {m: {provider: recorded, model: recorded, recording: .factory/session.jsonl}}'
		echo 'agents: {a: {kind: builtin, model: m}}'
		for line; do echo "$line"; done
	} >.factory/config.yml
	answer "$(call a write_file '{"path":"new","content":"x\n"}')" "$(call c finish '{"summary":"done"}')" \
		>.factory/session.jsonl
	ok git factory init
	git add -A
	git commit -qm 'A sample'
	id=$(git factory task add 'Write a file')
}

seconds() { # CMD...: how many it took, in $took
	took=$(date +%s)
	run "$@"
	took=$(($(date +%s) - took))
}

test_a_gate_ends_with_the_run() {
	sample 'limits: {timeout: 2s}' 'gates: {slow: {run: "sleep 60"}}'
	seconds git factory run "$id"
	status_is 1
	ok test "$took" -lt 20
	err_like "\(timeout\): no time is left for the gate 'slow'"
	git factory task show --json "$id" >"$OUT"
	is "$(json "$OUT" .error)" timeout
}

test_setup_ends_with_the_run() {
	sample 'limits: {timeout: 2s}' 'workspace: {setup: [{run: sleep 60}]}' 'gates: none'
	seconds git factory run "$id"
	ok test "$took" -lt 20
	err_like "setup 'sleep 60' passed its deadline.*limits.timeout|limits.timeout"
}

# The gates of a landing run in nobody's run, and what they say is shown.
test_security_a_landing_redacts_what_gates_say() {
	ANTHROPIC_API_KEY=sk-ant-0123456789abcdefghij
	export ANTHROPIC_API_KEY
	sample "gates: {tests: {run: 'true'}}"
	printf %s "$ANTHROPIC_API_KEY" | base64 -w0 >key
	git add -A
	git commit -qm 'A key in disguise'
	ok git factory run -q "$id"
	sed -i "s/^gates.*/gates: {tests: {run: 'touch \"report-\$(base64 -d key).xml\"', report: 'report-*.xml'}}/" \
		.factory/config.yml
	git commit -qam 'Another gate'
	run git factory pr merge 1
	status_is 1
	err_like 'report-\[redacted:ANTHROPIC_API_KEY\]'
	err_unlike 'sk-ant'
}

test_a_cost_that_nobody_counted_is_told_as_a_guess() {
	sample 'gates: none'
	ok git factory run -q "$id"
	git factory show "$(git factory log --json | jq -r '.[0].id')" >"$OUT"
	out_like '^ *cost +\$0'
	sed -i 's/"usage":.*/"usage":{"in":1200,"out":10},"cost":12300,"guessed":true}/' .factory/session.jsonl
	git commit -qam 'A server that does not count'
	run git factory run "$(git factory task add Again)"
	status_is 0
	out_like ', about \$0.0123, sandbox'
	like "$(cat "$OUT")" '^run [a-z2-7]{8} of'
	run_id=$(sed -n 's/^run \([a-z2-7]*\) of.*/\1/p' "$OUT")
	git factory log >"$OUT"
	out_like "^$run_id .* ~\\\$0.0123 "
	git factory show "$run_id" >"$OUT"
	out_like '^ *cost +about \$0.0123; 1 turns'
	git factory pr show 2 >"$OUT"
	out_like 'cost about \$0.0123\.'
}

run_tests
