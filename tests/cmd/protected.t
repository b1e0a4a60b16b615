#!/bin/sh
# A change of protected paths is delivered, flagged, and lands by a person's
# word alone; a script that a gate runs is not the agent's to change.
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
	printf ']}}\n'
}

# sample COMMAND...: a recorded agent that runs one of them in each iteration
sample() {
	mkdir -p .factory
	cat >.factory/config.yml <<-'YML'
		version: 1
		agent: a
		models: {m: {provider: recorded, model: recorded, recording: .factory/session.jsonl}}
		agents: {a: {kind: builtin, model: m}}
		protect: ["infra/**"]
		gates: {tests: {run: ./check}}
	YML
	printf '#!/bin/sh\ntest "$(cat README)" = "sample"\n' >check
	chmod +x check
	for command; do
		answer "$(call a run "{\"command\":\"$command\"}")" "$(call c finish '{"summary":"done"}')"
	done >.factory/session.jsonl
	ok git factory init
	git add -A
	git commit -qm 'A sample'
	id=$(git factory task add 'Add the workflow')
}

test_it_is_delivered_and_flagged() {
	sample 'mkdir -p .github/workflows infra; echo on >.github/workflows/ci.yml; echo b >infra/b'
	run git factory run "$id"
	status_is 0
	out_like 'protected +pass +2 protected paths changed: flagged for a person'
	out_like '1 iteration,'
	err_like "'.github/workflows/ci.yml' is a protected path"
	git factory pr show 1 >"$OUT"
	out_like "'infra/b' is a protected path: it lands only with 'git factory pr merge --protected'"
	git factory show --json "$(git factory log --json | jq -r '.[0].id')" >"$OUT"
	is "$(json "$OUT" '[.. | objects | select(.kind? == "flagged") | .file] | join(" ")')" \
		'.github/workflows/ci.yml infra/b'
}

test_security_it_lands_by_a_persons_word_alone() {
	sample 'mkdir -p .github; echo x >.github/x; echo y >plain'
	ok git factory run -q "$id"
	before=$(git rev-parse main)
	run git factory pr merge 1
	status_is 1
	err_like "pull request 1 changes protected paths: '.github/x'$"
	err_like 'pr merge --protected 1'
	is "$(git rev-parse main)" "$before"
	is "$(git factory pr list --json | jq -r '.[0].state')" open
	run git factory pr merge --protected 1
	status_is 0
	is "$(git show main:.github/x)" x
}

# What counts as protected is said by the base that it lands on.
test_security_a_change_cannot_take_its_own_protection_away() {
	sample "sed -i /protect:/d .factory/config.yml; mkdir infra; echo x >infra/x"
	ok git factory run -q "$id"
	run git factory pr merge 1
	status_is 1
	err_like "'.factory/config.yml', 'infra/x'$"
}

test_what_was_unprotected_needs_it_when_the_base_says_so() {
	sample 'mkdir deploy; echo x >deploy/x'
	ok git factory run -q "$id"
	sed -i 's|infra/|deploy/|' .factory/config.yml
	git commit -qam 'Protect the deployment'
	run git factory pr merge 1
	status_is 1
	err_like "protected paths: 'deploy/x'$"
}

test_an_ordinary_change_needs_no_word() {
	sample 'echo x >plain'
	ok git factory run -q "$id"
	run git factory pr merge 1
	status_is 0
}

test_security_the_gates_script_is_put_back() {
	sample 'echo exit >check' 'git checkout check; echo x >plain'
	run git factory run "$id"
	status_is 0
	out_like '2 iterations,'
	err_like 'protected: fail, 1 protected path changed'
	is "$(git diff --name-only main "$(git for-each-ref --format='%(refname)' refs/heads/factory)")" plain
}

# A task that names its scope holds its agent to it.
test_security_a_task_has_its_scope() {
	sample 'mkdir -p src; echo x >src/a; echo y >b' 'rm b'
	printf -- '---\nscope: ["src/**"]\n---\n# Within\n\nAdd a file.\n' >"$TMP/task"
	id=$(git factory task add -F "$TMP/task")
	git factory task show --json "$id" >"$OUT"
	is "$(json "$OUT" '.scope[0]')" 'src/**'
	run git factory run "$id"
	status_is 0
	out_like '2 iterations,'
	err_like 'scope: fail, 1 change outside of the scope'
	is "$(git diff --name-only main "$(git for-each-ref --format='%(refname)' refs/heads/factory)")" src/a
}

run_tests
