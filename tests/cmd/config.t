#!/bin/sh
# git factory config: values with their origin, policy from the base commit,
# and every fault of a policy file named by file, line and column.
. "${0%/*}/../lib.sh"

# policy TEXT: commit it as the policy
policy() {
	mkdir -p .factory
	printf '%b' "$1" >.factory/config.yml
	git add .factory
	git commit -q -m policy
}

# refused TEXT ERE: a policy file with this text is refused, and says so
refused() {
	printf '%b' "$1" >bad.yml
	run git factory config check bad.yml
	status_is 128
	err_like "$2"
	is "$(grep -c . "$ERR")" "${3:-1}"
}

test_list_shows_where_each_value_comes_from() {
	policy 'version: 1\nlimits: {turns: 5}\ngates: {t: {run: make}}\n'
	git config factory.limits.money 1.25
	run git factory config list
	status_is 0
	out_like '^base=main	\(default\)$'
	out_like '^limits\.turns=5	\(policy\)$'
	out_like '^limits\.money=1\.25	\(user\)$'
	out_like '^gates\.t\.run=make	\(policy\)$'
	run git factory config list --json
	status_is 0
	is "$(json "$OUT" '.["limits.money"].origin')" user
	is "$(json "$OUT" '.["limits.turns"].value')" 5
}

test_get_prints_one_value() {
	policy 'protect: [a/**, b]\n'
	run git factory config get protect
	status_is 0
	out_is "a/**
b"
	run git factory config get limits.turn
	status_is 1
	err_like "did you mean 'limits.turns'"
	run git factory config get gates.none.run
	status_is 1
}

test_policy_counts_from_the_base_commit_only() {
	policy 'limits: {turns: 5}\n'
	echo 'limits: {turns: 9}' >.factory/config.yml
	run git factory config get limits.turns
	out_is 5
	git checkout -q -b side
	git commit -qam 'raise it'
	run git factory config get limits.turns
	out_is 5
}

test_the_users_word_comes_on_top() {
	policy 'sandbox: {read: [/evil]}\nmodels: {m: {model: x}}\n'
	git config --add factory.sandbox.read /opt/a
	git config --add factory.sandbox.read /opt/b
	git config factory.models.m.base-url http://127.0.0.1:1/
	run git factory config get sandbox.read
	out_is "/opt/a
/opt/b"
	run git factory config get models.m.base_url
	out_is http://127.0.0.1:1
	git config factory.limits.turns lots
	run git factory config list
	status_is 128
	err_like "git config 'factory.limits.turns': must be an integer"
}

test_check_takes_the_template() {
	ok git factory init
	run git factory config check
	status_is 0
	out_like 'is fine'
}

test_check_names_the_place_of_a_fault() {
	refused 'base: main\nlimts: {turns: 5}\n' "bad.yml:2:1: unknown key 'limts'; did you mean 'limits'"
	refused 'gates:\n  t: {comand: x}\n' "bad.yml:2:7: unknown key 'gates.t.comand'"
	refused 'base: a\nbase: b\n' 'bad.yml:2:1: .* twice'
	refused 'limits:\n  turns: many\n' "bad.yml:2:10: 'limits.turns' must be an integer .* not a string"
	refused 'base: [a]\n' "bad.yml:1:7: 'base' must be .* not a list"
	refused 'base: "a\n' 'bad.yml:[0-9]+:[0-9]+: '
	refused 'version: 2\n' 'bad.yml:1:10: '
	refused 'agents: {a: {model: m}}\n' "'agents.a.model' names 'm', which is no model" 2
}

test_check_bounds_what_it_parses() {
	{
		echo 'a: &a [x, x, x, x, x, x, x, x, x]'
		for i in b c d e f g h; do echo "$i: &$i [*a, *a, *a, *a, *a, *a, *a, *a]"; done
	} >bomb.yml
	run git factory config check bomb.yml
	status_is 128
	err_like 'bomb.yml:1:4: anchors'
	{
		printf 'protect: '
		head -c 200000 /dev/zero | tr '\0' '['
	} >deep.yml
	run timeout 5 git factory config check deep.yml
	status_is 128
	err_like 'deep.yml:1:'
	head -c 2000000 /dev/zero | tr '\0' '#' >large.yml
	run git factory config check large.yml
	status_is 128
}

test_security_a_keys_value_is_refused_and_not_shown() {
	for text in 'models: {m: {api_key: sk-ant-api03-CANARY77}}\n' \
	    'models: {m: {api_key: {env: sk-ant-api03-CANARY77}}}\n' \
	    'gates: {t: {run: "T=ghp_CANARY77canary77canary make"}}\n' \
	    'models: {m: {base_url: "https://me:CANARY77@api.example"}}\n'; do
		printf '%b' "$text" >bad.yml
		run git factory config check bad.yml
		status_is 128
		err_like 'bad.yml:1:'
		err_unlike CANARY77
		out_unlike CANARY77
	done
}

# Nor is it taken from git's configuration, by whom it would only show something either.
test_security_a_keys_value_in_gits_configuration() {
	init
	git config factory.agent sk-ant-api03-CANARY77canary77canary77
	for verb in status log 'config list' run; do
		# shellcheck disable=SC2086
		run git factory $verb
		status_is 128
		err_like "^fatal: git config 'factory.agent': the value looks like a secret"
		err_like '^hint: name an environment variable'
		err_unlike CANARY77
		out_unlike CANARY77
	done
}

run_tests
