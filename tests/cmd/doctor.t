#!/bin/sh
# git factory doctor: what is missing, each with its remedy; the exit status
# tells whether all is well.
. "${0%/*}/../lib.sh"

# level CHECK: the worst level of this check in the last --json report
level() {
	json "$OUT" "[.findings[] | select(.check == \"$1\") | .level] |
	    if index(\"bad\") then \"bad\" elif index(\"note\") then \"note\" else \"ok\" end"
}

policy() {
	mkdir -p .factory
	printf '%b' "$1" >.factory/config.yml
	git add .factory
	git commit -q -m policy
}

test_a_ready_repository_is_fine() {
	needs bwrap
	ok git factory init
	policy 'version: 1\nagent: a\nagents: {a: {kind: command, command: ["true"]}}\ngates: none\n'
	run git factory doctor
	status_is 0
	out_like '^ok +git +git version'
	out_like '^ok +sandbox'
	run git factory doctor --json
	status_is 0
	is "$(json "$OUT" .fine)" true
}

test_every_bad_finding_has_a_remedy() {
	run git factory doctor --json
	status_is 1
	is "$(json "$OUT" .fine)" false
	is "$(level state)" bad
	is "$(level policy)" bad
	is "$(json "$OUT" '[.findings[] | select(.level == "bad" and .remedy == null)] | length')" 0
}

test_outside_of_a_repository() {
	mkdir "$TMP/nowhere"
	cd "$TMP/nowhere"
	run git factory doctor --json
	status_is 1
	is "$(level repository)" bad
}

test_security_names_a_missing_key_and_never_a_value() {
	ok git factory init
	policy 'agent: a\nagents: {a: {model: m}}\nmodels: {m: {model: x}}\ngates: none\n'
	run git factory doctor
	status_is 1
	out_like 'ANTHROPIC_API_KEY is not set'
	ANTHROPIC_API_KEY=sk-canary-value-1 run git factory doctor
	out_like 'ANTHROPIC_API_KEY is set'
	out_unlike canary
	err_unlike canary
}

# What a run would refuse, doctor has said before.
test_a_model_without_a_price_is_named() {
	ok git factory init
	policy 'agent: a\nagents: {a: {model: m}}\nmodels: {m: {model: nobody-knows-it}}\ngates: none\n'
	ANTHROPIC_API_KEY=sk-canary-value-1 run git factory doctor
	status_is 1
	out_like "^bad +model +m: no price is known for 'nobody-knows-it'"
	ok git factory task add 'Work'
	ANTHROPIC_API_KEY=sk-canary-value-1 run git factory run -q
	status_is 128
	err_like "the model 'nobody-knows-it' has no price"
	git config factory.models.m.price.in 3
	git config factory.models.m.price.out 15
	ANTHROPIC_API_KEY=sk-canary-value-1 run git factory doctor
	out_unlike 'no price'
	policy 'agent: a\nagents: {a: {model: m}}\nmodels: {m: {model: nobody-knows-it, base_url: "http://127.0.0.1:9"}}\ngates: none\n'
	git config --remove-section factory.models.m.price
	ANTHROPIC_API_KEY=sk-canary-value-1 run git factory doctor
	out_unlike 'no price'
}

test_untrusted_policy_is_named() {
	ok git factory init
	policy 'sandbox: {read: [/srv]}\ngates: none\n'
	run git factory doctor --json
	status_is 1
	is "$(level trust)" bad
	ok git factory trust
	run git factory doctor --json
	is "$(level trust)" ok
}

test_broken_policy_is_named_with_its_place() {
	ok git factory init
	policy 'gtaes: none\n'
	run git factory doctor
	status_is 1
	out_like "config.yml:1:1: unknown key 'gtaes'; did you mean 'gates'"
}

# ... and the run says the same, before anything is done.
test_submodules_and_lfs_pointers_are_named() {
	needs bwrap
	ok git factory init
	policy 'agent: a\nagents: {a: {kind: command, command: ["true"]}}\ngates: none\n'
	git update-index --add --cacheinfo "160000,$(git rev-parse HEAD),lib"
	git commit -q -m submodule
	run git factory doctor
	status_is 1
	out_like "^bad +workspace +'lib' is a submodule"
	out_like 'git config factory.workspace.submodules empty'
	ok git factory task add 'Work'
	run git factory run -q
	status_is 128
	err_like "'lib' is a submodule"
	is "$(git for-each-ref refs/factory/leases refs/factory/runs 'refs/heads/factory/*')" ''
	git config factory.workspace.submodules empty
	run git factory doctor
	status_is 0

	printf '*.bin filter=lfs -text\n' >.gitattributes
	printf 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n' >big.bin
	git add .gitattributes big.bin
	git commit -q -m pointer
	run git factory doctor
	status_is 1
	out_like "^bad +workspace +'big.bin' is a Git LFS pointer"
	run git factory run -q
	status_is 128
	err_like "'big.bin' is a Git LFS pointer"
	git config factory.workspace.lfs pointers
	run git factory doctor
	status_is 0
}

test_shallow_clone() {
	commit two 2
	git clone -q --depth 1 "file://$PWD" "$TMP/shallow"
	cd "$TMP/shallow"
	run git factory doctor
	status_is 1
	out_like 'shallow'
	out_like 'git fetch --unshallow'
}

test_security_a_missing_sandbox_is_bad() {
	needs bwrap
	mkdir "$TMP/bin"
	for p in git sh env; do ln -s "$(command -v "$p")" "$TMP/bin/$p"; done
	ln -s "$BUILD/git-factory" "$TMP/bin/git-factory"
	if [ -e /usr/bin/bwrap ] && ! env -i PATH="$TMP/bin" HOME="$HOME" git-factory doctor | grep -q '^bad *sandbox'; then
		skip 'the sandbox is found without PATH'
	fi
	run env -i PATH="$TMP/bin" HOME="$HOME" git-factory doctor
	out_like '^bad +sandbox'
	out_like 'apt-get install bubblewrap'
}

run_tests
