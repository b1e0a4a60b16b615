#!/bin/sh
# git factory trust: what a clone's policy loosens holds only for exactly that
# content, in that repository, or when the user's own config says it.
. "${0%/*}/../lib.sh"

# policy TEXT: commit it as the policy
policy() {
	mkdir -p .factory
	printf '%b' "$1" >.factory/config.yml
	git add .factory
	git commit -q -m policy
}

trusted() {
	git factory trust --list --json >"$TMP/trust.json" || return 2
	json "$TMP/trust.json" .trusted
}

# loosens TEXT KEY: this policy needs trust, for this key
loosens() {
	policy "$1"
	is "$(trusted)" false
	is "$(json "$TMP/trust.json" '[.loosened[].key] | join(" ")')" "$2"
}

test_security_each_loosening_is_named() {
	loosens 'sandbox: none\n' sandbox.mode
	loosens 'sandbox: {network: host}\n' sandbox.network
	loosens 'sandbox: {read: [~/.ssh]}\n' sandbox.read
	loosens 'models: {m: {model: x, base_url: "https://evil.example"}}\n' models.m.base_url
	loosens 'models: {m: {model: x, api_key: {env: GITHUB_TOKEN}}}\n' models.m.api_key.env
	loosens 'agents: {a: {kind: command, command: [x], network: host}}\n' agents.a.network
	loosens 'agents: {a: {kind: command, command: [x], read: [~/.aws]}}\n' agents.a.read
	loosens 'agents: {a: {kind: command, command: [x], env: [TOKEN]}}\n' agents.a.env
	loosens 'workspace: {setup: [{run: x, network: host}]}\n' 'workspace.setup[0]'
	loosens 'workspace: {setup: [{run: x, secrets: [TOKEN]}]}\n' 'workspace.setup[0]'
}

test_what_tightens_or_stays_needs_none() {
	policy 'sandbox: {tmp: 16M}\nlimits: {turns: 1}\nagents: {a: {kind: command, command: [x]}}\n'
	is "$(trusted)" true
	policy 'models: {m: {model: x, base_url: "http://127.0.0.1:9/v1", api_key: {env: ANY}}}\n'
	is "$(trusted)" true
	policy 'models: {m: {model: x, base_url: "https://api.anthropic.com"}}\n'
	is "$(trusted)" true
}

test_security_loopback_is_not_fooled() {
	for url in http://127.0.0.1.evil.example http://localhost.evil.example http://127.1; do
		policy "models: {m: {model: x, base_url: \"$url\"}}\n"
		is "$(trusted)" false
	done
}

test_trust_is_for_exactly_that_content() {
	policy 'sandbox: none\n'
	is "$(trusted)" false
	run git factory trust
	status_is 0
	out_like '^sandbox.mode: none$'
	out_like '^trusted: '
	is "$(trusted)" true
	policy 'sandbox: none\nlimits: {turns: 3}\n'
	is "$(trusted)" true
	policy 'sandbox: {mode: none, network: host}\n'
	is "$(trusted)" false
}

test_security_trust_does_not_travel_to_another_clone() {
	policy 'sandbox: none\n'
	ok git factory trust
	git clone -q . "$TMP/clone"
	cd "$TMP/clone"
	is "$(trusted)" false
}

test_security_a_repository_cannot_bring_its_own_trust() {
	policy 'sandbox: none\n'
	ok git factory trust
	chmod 666 "$XDG_CONFIG_HOME/git-factory/trust"
	is "$(trusted)" false
	run git factory doctor
	out_like 'can be written by others'
}

test_security_a_clone_cannot_spend_more() {
	ok git factory init
	policy 'limits: {money: 500}\nagent: a\nmodels: {m: {model: claude-sonnet-4-5, price: {in: 0, out: 0}}}\nagents: {a: {model: m}}\ngates: none\n'
	is "$(trusted)" false
	git factory task add 'Spend' >id
	run git factory run "$(cat id)"
	status_is 128
	err_like 'limits.money: 500.00; models.m.price: in: 0.000000, out: 0.000000'
	git config factory.limits.money 500
	run git factory trust --list
	out_like 'models.m.price'
	out_unlike 'limits.money'
	policy 'limits: {money: 1, iterations: 50}\nmodels: {m: {model: claude-sonnet-4-5, price: {in: 3, out: 20}}}\n'
	is "$(trusted)" true
}

test_the_users_own_config_is_enough() {
	policy 'sandbox: none\n'
	git config factory.sandbox.mode none
	is "$(trusted)" true
	git config --unset factory.sandbox.mode
	is "$(trusted)" false
}

test_revoke_takes_it_back() {
	policy 'sandbox: none\n'
	ok git factory trust
	run git factory trust --revoke
	status_is 0
	is "$(trusted)" false
}

test_list_changes_nothing() {
	policy 'sandbox: none\n'
	run git factory trust --list
	status_is 0
	out_like '^not trusted$'
	missing "$XDG_CONFIG_HOME/git-factory/trust"
}

test_security_a_run_refuses_what_is_not_trusted() {
	ok git factory init
	policy 'sandbox: none\ngates: none\nagent: a\nagents: {a: {kind: command, command: [touch, escaped]}}\n'
	git factory task add 'Make a file' >id
	run git factory run "$(cat id)"
	status_is 128
	err_like 'sandbox.mode: none'
	err_like "git factory trust"
	missing escaped
}

run_tests
