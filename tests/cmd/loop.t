#!/bin/sh
# The agent of our own: its tools' order, and what must be there before it asks.
. "${0%/*}/../lib.sh"

policy() { # MODEL
	mkdir -p .factory
	printf 'version: 1\nagent: own\nmodels: {own: %s}\nagents: {own: {kind: builtin, model: own}}\ngates: none\n' \
	    "$1" >.factory/config.yml
	ok git factory init
	git add -A
	git commit -qm Policy
	id=$(git factory task add 'Write a file')
}

test_no_request_without_a_sandbox() {
	needs bwrap
	# Nobody listens there: a request would say so.
	policy '{provider: anthropic, model: m, base_url: "http://127.0.0.1:9"}'
	mkdir "$TMP/bin"
	for p in git git-factory sh env; do ln -s "$(command -v $p)" "$TMP/bin/$p"; done
	PATH=$TMP/bin run git factory run "$id"
	status_is 128
	err_like "bubblewrap \\('bwrap'\\) is not installed"
	err_like 'apt-get install bubblewrap'
	is "$(cat .git/factory/runs/*/transcript.jsonl)" ''
	# The same when it is there and cannot: its words, and the remedy.
	printf '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2\nexit 1\n' >"$TMP/bin/bwrap"
	chmod +x "$TMP/bin/bwrap"
	PATH=$TMP/bin run git factory run "$id"
	status_is 128
	err_like 'cannot make the sandbox: bwrap: No permissions'
	err_like '^hint: '
	is "$(cat .git/factory/runs/*/transcript.jsonl)" ''
	# Neither left anything behind that stands in the way.
	run git factory run "$id"
	status_is 128
	err_like '127.0.0.1'
}

run_tests
