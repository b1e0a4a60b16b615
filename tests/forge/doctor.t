#!/bin/sh
# git factory doctor on the forge: whose token it is, where it came from, and
# what it lacks; a GitHub App; nothing that is not meant is told to anybody.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

# What doctor says of the forge, with its exit status left aside.
doctor() {
	run git factory doctor --json
	json "$OUT" '.findings[] | select(.check == "forge") | .level + ": " + .text' >"$TMP/said"
}

says() { grep -q -e "$1" "$TMP/said" || fail "no '$1' in: $(cat "$TMP/said")"; }
says_not() { ! grep -q -e "$1" "$TMP/said" || fail "'$1' in: $(cat "$TMP/said")"; }

whose() { # KIND
	forge "$1"
	doctor
	says "as 'robo' by the token from \$FACTORY_FORGE_TOKEN"
	ok git config factory.forge.token.env MY_OWN
	doctor
	says "bad: the variable 'MY_OWN'"
}

test_it_says_whose_token_it_is() {
	needs_fake
	on_each_forge whose
}

test_security_an_expired_token_is_told_and_not_shown() {
	needs_fake
	forge github
	ctl token text=token-of-old login=robo ends=1 >/dev/null
	FACTORY_FORGE_TOKEN=token-of-old doctor
	says '^bad: .*401'
	out_unlike token-of-old
	# The one thing that this forge holds against us.
	is "$(ctl violations | jq -r '.[].text' | sort -u)" 'an expired token'
}

test_security_it_names_what_the_token_lacks() {
	needs_fake
	forge github
	ctl setting private=1 >/dev/null
	doctor
	says 'ok: the token may do all'
	mkdir -p .github/workflows
	echo 'on: {push: {branches: [main]}}' >.github/workflows/ci.yml
	git add .github && git commit -q -m 'Run something' && git push -q origin main
	ctl token text=token-of-robo login=robo scopes=public_repo >/dev/null
	doctor
	says "bad: the token lacks the scope 'repo', to open and merge"
	says "note: the token lacks the scope 'workflow'"
	ctl person login=robo role=read >/dev/null
	doctor
	says "bad: the token lacks the role 'write'"
	out_unlike token-of-robo
	forge_done
}

app() { # PERMISSIONS
	ctl app slug=factory public="$(cat "$TMP/app.pub")" permissions="$1" | jq -r .id
}

test_security_a_github_app_works_for_this_project_alone() {
	needs_fake
	needs openssl
	forge github
	openssl genrsa -out "$TMP/app.pem" 2048 2>/dev/null
	openssl rsa -in "$TMP/app.pem" -pubout -out "$TMP/app.pub" 2>/dev/null
	chmod 644 "$TMP/app.pem"
	id=$(app metadata=read,contents=write,issues=write,pull_requests=write,checks=read,statuses=write)
	ok git config factory.forge.app.id "$id"
	ok git config factory.forge.app.key "$TMP/app.pem"
	doctor
	says "can be read by others"
	chmod 600 "$TMP/app.pem"
	doctor
	says "as 'factory\[bot\]' by the token from the GitHub App $id"
	says 'ok: the token may do all'
	id=$(app metadata=read,contents=read,issues=write,pull_requests=write,checks=read)
	ok git config factory.forge.app.id "$id"
	doctor
	says "bad: the token lacks the permission 'contents: write'"
	says "bad: the token lacks the permission 'statuses: write'"
	says_not 'issues'
	forge_done
}

# A clone's policy names another address: nothing is sent before it is trusted.
test_security_an_untrusted_address_is_asked_nothing() {
	needs_fake
	forge github 'sandbox: {network: host}'
	run git factory doctor --json
	is "$(json "$OUT" '[.findings[] | select(.check == "forge")] | length')" 0
	is "$(counts calls)" 0
}

test_a_token_that_may_not_say_whose_it_is() {
	needs_fake
	forge gitea
	ctl token text=token-of-robo login=robo scopes=read:issue,read:repository >/dev/null
	run git factory doctor
	out_like 'give the token the scopes read:user, write:repository and write:issue'
	forge_done
}

test_none_is_fine_and_one_without_a_token_is_told() {
	git remote add origin https://github.com/ada/engine.git
	mkdir -p .factory
	printf 'version: 1\nagent: a\nagents: {a: {kind: command, command: ["true"]}}\ngates: none\n' >.factory/config.yml
	git add .factory && git commit -q -m policy
	ok git factory init
	doctor
	says "note: 'https://github.com/ada/engine' is not used"
	ok git config factory.forge none
	doctor
	says 'ok: none is used'
	ok git config factory.forge github
	git config --global --unset-all credential.helper || :
	doctor
	says "bad: 'forge: github' is set, and there is no token"
}

run_tests
