#!/bin/sh
# Gates that people answer: delivered, not landed; whose word counts, of which
# change, and until when.
. "${0%/*}/../lib.sh"

# sample GATE [MORE]: bob and carol may be asked; the factory commits as itself
sample() {
	echo Helo >greet
	mkdir -p .factory
	cat >.factory/config.yml <<-YML
		version: 1
		agent: demo
		agents:
		  demo: {kind: command, command: "sed -i s/Helo/Hello/ greet"}
		gates:
		  tests: {run: "grep -q Hello greet"}
		  security_team: $1
		commit: {name: Factory, email: factory@example.org}
		${2:-}
	YML
	ok git factory init
	git add -A
	git commit -qm 'A sample'
}

deliver() {
	id=$(git factory task add 'Greet in English')
	run git factory run -q "$id"
	status_is 0
}

as() { # NAME COMMAND...
	who=$1
	shift
	run git -c "user.email=$who@example.org" -c "factory.evidence.key=${KEY:-}" "$@"
}

head_of() {
	git factory pr show --json "$1" | jq -r .head
}

BOB='{approve: [bob@example.org, carol@example.org]}'

test_delivered_and_not_landed() {
	sample "$BOB"
	deliver
	is "$(git factory pr show --json 1 | jq -r .state)" open
	like "$(git factory pr show 1)" 'security_team \| inconclusive \| waits for one of bob@example.org, carol@example.org'
	run git factory pr merge 1
	status_is 1
	err_like "pull request 1 waits for the approval 'security_team': one of bob@example.org, carol@example.org"
	err_like 'git factory pr approve 1'
	as bob factory pr approve 1
	status_is 0
	out_is "pull request 1: approved for 'security_team'"
	run git factory gate "$(head_of 1)"
	status_is 0
	out_like '^security_team +pass +approved by bob@example.org'
	ok git factory pr merge 1
	is "$(cat greet)" Hello
}

test_it_waits_in_a_gate_run() {
	sample "$BOB"
	git checkout -qb work
	commit greet Hello
	run git factory gate
	status_is 0
	out_like '^security_team +inconclusive +waits for one of bob@example.org'
	run git factory verify
	status_is 1
	out_like '^security_team +unproven'
}

test_auto_merge_waits() {
	sample "$BOB" 'merge: {auto: true}'
	id=$(git factory task add 'Greet in English')
	run git factory run "$id"
	like "$(cat "$OUT" "$ERR")" "waits for the approval 'security_team'"
	is "$(git factory pr show --json 1 | jq -r .state)" open
}

test_security_who_may() {
	sample '{approve: [bob@example.org, factory@example.org, Ada@Example.org]}'
	deliver
	# Not asked.
	as mallory factory pr approve 1
	status_is 128
	err_like "no gate of 'main' asks 'mallory@example.org'"
	# The factory's own identity, though policy names it.
	as factory factory pr approve 1
	status_is 128
	err_like "'factory@example.org' committed what pull request 1 changes, and cannot approve it"
	run git factory pr merge 1
	status_is 1
	err_like 'waits for the approval'
	# Who asked for the task may.
	run git factory pr approve 1
	status_is 0
	ok git factory pr merge 1
}

test_security_an_approval_by_the_agents_own_identity() {
	sample '{approve: [bob@example.org, factory@example.org]}'
	deliver
	as bob factory pr approve 1
	status_is 0
	git notes --ref=factory show "$(head_of 1)" | sed 's/"by":"bob@/"by":"factory@/' >"$TMP/forged"
	git notes --ref=factory add -f -F "$TMP/forged" "$(head_of 1)" 2>/dev/null
	run git factory pr merge 1
	status_is 1
	err_like 'waits for the approval'
}

test_security_who_runs_the_factory_as_himself() {
	sample '{approve: [ada@example.org]}'
	sed -i '/^commit:/d' .factory/config.yml
	git commit -qam 'No identity of its own'
	deliver
	run git factory pr approve 1
	status_is 128
	err_like "'ada@example.org' committed what pull request 1 changes"
	err_like 'commit: \{email'
}

test_two_of_three() {
	sample '{approve: [bob@example.org, carol@example.org, dave@example.org], approvals: 2}'
	deliver
	as bob factory pr approve 1
	as bob factory pr approve 1
	run git factory pr merge 1
	status_is 1
	err_like "'security_team': one of carol@example.org, dave@example.org"
	as carol factory pr approve 1 --gate security_team
	status_is 0
	ok git factory pr merge 1
}

test_dismissal() {
	sample "$BOB"
	deliver
	as bob factory pr approve 1
	as carol factory pr approve 1 --dismiss
	status_is 0
	out_is "pull request 1: no approval counts any more for 'security_team'"
	run git factory pr merge 1
	status_is 1
	err_like 'waits for the approval'
	GIT_FACTORY_DATE=$((GIT_FACTORY_DATE + 60)) as bob factory pr approve 1
	status_is 0
	ok git factory pr merge 1
}

# The gates run again where the base moved, and know who approved.
test_approved_on_a_base_that_moved() {
	sample "$BOB"
	deliver
	as bob factory pr approve 1
	status_is 0
	commit other more
	run git factory pr merge 1
	status_is 0
	err_like '^security_team: pass, approved by bob@example.org'
	err_unlike 'inconclusive'
}

test_security_a_push_voids_it() {
	sample "$BOB"
	deliver
	as bob factory pr approve 1
	status_is 0
	branch=factory/$id-greet-in-english
	git checkout -q "$branch"
	# Under another message it is the same tree and the same patch.
	git commit -q --amend -m 'Say hello'
	ok git factory pr merge 1 --keep-branch
	git checkout -q main
}

test_security_a_replayed_approval() {
	sample "$BOB"
	deliver
	as bob factory pr approve 1
	old=$(head_of 1)
	git notes --ref=factory show "$old" | grep approval >"$TMP/approval"
	git checkout -q "factory/$id-greet-in-english"
	echo 'rm -rf /' >>greet
	git commit -qam 'More'
	git checkout -q main
	git notes --ref=factory add -f -F "$TMP/approval" "$(git rev-parse "factory/$id-greet-in-english")"
	run git factory pr merge 1
	status_is 1
	err_like 'waits for the approval'
	# Back, and proposed again under another number: that is another question.
	git branch -f "factory/$id-greet-in-english" "$old"
	ok git factory pr merge 1
	git revert --no-edit HEAD >/dev/null
	deliver
	git notes --ref=factory add -f -F "$TMP/approval" "$(head_of 2)"
	run git factory pr merge 2
	status_is 1
	err_like 'pull request 2 waits for the approval'
}

test_security_signed_where_policy_names_keys() {
	needs ssh-keygen
	for k in bob carol; do
		ssh-keygen -q -t ed25519 -N '' -C '' -f "$TMP/$k"
	done
	sample "$BOB" "evidence: {keys: [\"bob@example.org $(cut -d' ' -f1,2 "$TMP/bob.pub")\", \"carol@example.org $(cut -d' ' -f1,2 "$TMP/carol.pub")\"]}"
	deliver
	as bob factory pr approve 1
	status_is 128
	err_like "names keys: an approval has to be signed"
	# With the key of somebody else.
	KEY=$TMP/carol as bob factory pr approve 1
	status_is 128
	err_like 'your key is none of those'
	# One that was signed by carol, made bob's.
	KEY=$TMP/carol as carol factory pr approve 1
	status_is 0
	git notes --ref=factory show "$(head_of 1)" | sed 's/"by":"carol@/"by":"bob@/' >"$TMP/forged"
	git notes --ref=factory add -f -F "$TMP/forged" "$(head_of 1)" 2>/dev/null
	run git factory pr merge 1
	status_is 1
	err_like 'waits for the approval'
	# Without any signature.
	sed 's/,"sig":"[^"]*"}$/}/' "$TMP/forged" | git notes --ref=factory add -f -F - "$(head_of 1)" 2>/dev/null
	run git factory pr merge 1
	status_is 1
	KEY=$TMP/bob as bob factory pr approve 1
	status_is 0
	ok git factory pr merge 1
}

test_policy_that_cannot_be_met() {
	sample '{approve: [bob@example.org], approvals: 2}'
	run git factory gate
	status_is 128
	err_like "'gates.security_team.approvals' asks for more people than 'approve' names"
	sed -i 's/security_team:.*/security_team: {run: "true", approve: [bob@example.org]}/' .factory/config.yml
	git commit -qam 'Both'
	run git factory gate
	status_is 128
	err_like "the gate 'security_team' has 'approve' and 'run'"
	sed -i '/security_team/d' .factory/config.yml
	git commit -qam 'None'
	deliver
	run git factory pr approve 1
	status_is 1
	err_like "no gate of 'main' asks people"
	run git factory pr approve 1 --gate tests
	status_is 1
	err_like "no gate 'tests' of 'main' asks people"
}

run_tests
