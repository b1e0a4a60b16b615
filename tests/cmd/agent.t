#!/bin/sh
# An outside agent's environment, time and secrets are what policy names.
. "${0%/*}/../lib.sh"

# agent SCRIPT [EXTRA]: the policy's agent is this shell script
agent() {
	ok git factory init >/dev/null
	printf '%s\n' "$1" >agent.sh
	printf 'gates: none\nagent: a\nagents: {a: {kind: command, command: [sh, agent.sh]%s}}\n' \
	    "${2:-}" >.factory/config.yml
	git add -A
	git commit -q -m policy
	ok git factory trust >/dev/null
	git factory task add 'Write a file' >"$TMP/id"
}

branch() {
	git for-each-ref --format='%(refname)' 'refs/heads/factory/*'
}

test_security_only_named_variables_are_handed_through() {
	needs bwrap
	agent 'env | sort >seen' ', env: [PLAIN]'
	PLAIN=hello OTHER=canary run git factory run "$(cat "$TMP/id")"
	status_is 0
	git show "$(branch):seen" >"$TMP/seen"
	like "$(cat "$TMP/seen")" '^PLAIN=hello$'
	unlike "$(cat "$TMP/seen")" canary
}

test_security_a_secret_that_an_agent_was_given_does_not_leave() {
	needs bwrap
	# shellcheck disable=SC2016
	agent 'echo "key: $MY_TOKEN"; echo "$MY_TOKEN" | base64 >leak; echo x >fine' ', env: [MY_TOKEN]'
	MY_TOKEN=canary-4711-abcdef run git factory run "$(cat "$TMP/id")"
	isnt "$status" 0
	out_unlike 'canary-4711'
	err_unlike 'canary-4711'
	is "$(branch)" ''
	git rev-list --objects --all | cut -d' ' -f1 | git cat-file --batch >"$TMP/objects"
	is "$(grep -ac 'canary-4711' "$TMP/objects")" 0
	is "$(grep -rc 'canary-4711' .git/factory | grep -vc ':0$')" 0
}

# canaries: how often the secret is in what refs lead to, and what a push could take along
canaries() {
	git rev-list --objects --all | cut -d' ' -f1 | git cat-file --batch | grep -ac 'canary-4711'
}

test_security_a_secret_does_not_leave_with_what_was_tried() {
	needs bwrap
	# shellcheck disable=SC2016
	agent 'if [ -e leak ]; then rm leak; echo x >fine; else echo "$MY_TOKEN" | base64 >leak; echo "$MY_TOKEN" >>leak; fi' \
	    ', env: [MY_TOKEN]'
	sed -i 's/^gates: none$/gates: {fine: {run: "test -e fine"}}/' .factory/config.yml
	printf 'limits: {iterations: 1}\nretry: {gate: {max: 0}}\n' >>.factory/config.yml
	git commit -qam 'One round'
	ok git factory trust >/dev/null
	# It ends with the secret in its files.
	MY_TOKEN=canary-4711-abcdef run git factory run "$(cat "$TMP/id")"
	status_is 1
	err_like "note: not kept with what was tried: the change writes a secret into 'leak'"
	is "$(canaries)" 0
	is "$(git for-each-ref refs/factory/attempts)" ''
	# It had it there on the way.
	sed -i 's/iterations: 1/iterations: 2/' .factory/config.yml
	git commit -qam 'Two rounds'
	ok git factory trust >/dev/null
	MY_TOKEN=canary-4711-abcdef run git factory run "$(cat "$TMP/id")"
	status_is 0
	isnt "$(branch)" ''
	isnt "$(git for-each-ref refs/factory/attempts)" ''
	is "$(canaries)" 0
}

# Nobody gave it that key; what is kept goes wherever the state goes.
test_security_what_looks_like_a_key_is_not_kept() {
	needs bwrap
	agent 'if [ -e leak ]; then rm leak; echo x >fine; else echo "k = AKIA""QZ7RWM4XK2PDTT3B" >leak; fi'
	sed -i 's/^gates: none$/gates: {fine: {run: "test -e fine"}}/' .factory/config.yml
	printf 'limits: {iterations: 1}\nretry: {gate: {max: 0}}\n' >>.factory/config.yml
	git commit -qam 'One round'
	ok git factory trust >/dev/null
	keys() { git rev-list --objects --all | cut -d' ' -f1 | git cat-file --batch | grep -ac 'AKIAQZ7R'; }
	run git factory run "$(cat "$TMP/id")"
	status_is 1
	err_like "note: not kept with what was tried: 'leak'"
	is "$(git for-each-ref refs/factory/attempts)" ''
	is "$(keys)" 0
	sed -i 's/iterations: 1/iterations: 2/' .factory/config.yml
	git commit -qam 'Two rounds'
	ok git factory trust >/dev/null
	run git factory run "$(cat "$TMP/id")"
	status_is 0
	isnt "$(git for-each-ref refs/factory/attempts)" ''
	is "$(keys)" 0
}

test_a_turn_ends_at_its_timeout() {
	needs bwrap
	agent 'sleep 60' ', timeout: 1s'
	run timeout 30 git factory run "$(cat "$TMP/id")"
	isnt "$status" 0
	isnt "$status" 124
}

test_what_it_says_is_told_by_lines() {
	needs bwrap
	agent 'echo x >fine; printf "one "; sleep 0.3; printf "line\ntwo\nthree\n"; seq -f "n %g" 3000; printf last'
	run git factory run "$(cat "$TMP/id")"
	status_is 0
	err_like '^   one line$'
	err_like '^   two$'
	err_like '^   three$'
	is "$(grep -c '^   n ' "$ERR")" 996
	err_like '^   ... it says more, which is not shown$'
}

test_security_setups_output_is_shown_without_its_secret() {
	needs bwrap
	agent 'echo x >fine'
	printf '%s\n' 'workspace: {setup: [{run: "echo got $MY_TOKEN; false", secrets: [MY_TOKEN]}]}' >>.factory/config.yml
	git commit -qam setup
	ok git factory trust >/dev/null
	MY_TOKEN=canary-4711-abcdef run git factory run "$(cat "$TMP/id")"
	isnt "$status" 0
	err_like 'got \[redacted:MY_TOKEN\]'
	out_unlike 'canary-4711'
	err_unlike 'canary-4711'
	git rev-list --objects --all | cut -d' ' -f1 | git cat-file --batch >"$TMP/objects"
	is "$(grep -ac 'canary-4711' "$TMP/objects")" 0
}

run_tests
