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
	for p in git git-factory sh env; do ln -s "$(command -v "$p")" "$TMP/bin/$p"; done
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

answer() { # BLOCK...: one recorded answer
	printf '{"reply":{"stop":"tools","blocks":['
	sep=
	for block; do
		printf '%s%s' "$sep" "$block"
		sep=,
	done
	printf ']},"usage":{"in":100,"out":10}}\n'
}
call() { # ID NAME INPUT
	printf '{"id":"%s","name":"%s","input":%s}' "$@"
}

# Reads around writes, all in one answer.
mixed_session() {
	{
		answer "$(call a read_file '{"path":"poem"}')" "$(call b search '{"pattern":"^r"}')" \
			"$(call c write_file '{"path":"poem","content":"violets\n"}')" \
			"$(call d read_file '{"path":"poem"}')" "$(call e list '{}')" "$(call f search '{"pattern":"^v.*s$"}')" \
			"$(call g run '{"command":"cat poem; echo sugar >poem"}')" \
			"$(call h read_file '{"path":"poem"}')" "$(call i read_file '{"path":"gone"}')" \
			"$(call j read_file '{"path":"poem","lines":1}')"
		answer "$(call k finish '{"summary":"A poem"}')"
	} >"$TMP/session.jsonl"
	echo roses >poem
	git add poem
	policy '{provider: anthropic, model: m, base_url: "http://127.0.0.1:9"}'
}
# What the tools answered, in the order of the record.
outcomes() {
	jq -r 'select(.step | test("read|write|list|search|run")) | "\(.step): \(.out.text)"' .git/factory/runs/*/journal.jsonl
}

test_reads_and_writes_keep_their_order() {
	needs bwrap
	mixed_session
	run git factory run --json --recording "$TMP/session.jsonl" "$id"
	status_is 0
	record=$(cat "$OUT")
	is "$(outcomes | grep -Ev '^(list:|[.]|README|poem 8|$)')" 'read_file: roses
search: poem:1: roses
write_file: wrote 8 bytes to '"'poem'"'
read_file: violets
search: poem:1: violets
run: violets
[exit status 0]
read_file: sugar
read_file: '"'gone' does not exist"'
read_file: sugar'
	like "$(outcomes)" '^poem 8$'
	# The answers go back in the order of the calls, whenever they were ready.
	is "$(grep -c '   < ' "$ERR")" 10
	run git factory replay --json "$(echo "$record" | jq -r .id)"
	status_is 0
	is "$(jq -r .tree "$OUT")" "$(echo "$record" | jq -r .tree)"
}

# Killed between the records of reads that were done together, it goes on
# behind the last one, and ends with the same record.
test_a_kill_among_reads_changes_nothing() {
	needs bwrap
	needs strace
	mixed_session
	ok git factory run -q --recording "$TMP/session.jsonl" "$id"
	outcomes >"$TMP/undisturbed"
	for nth in 2 5 6 9; do
		rm -rf .git/factory/runs
		id=$(git factory task add "Write it again, $nth")
		strace -qq -o /dev/null -e trace=fdatasync -e inject=fdatasync:signal=KILL:when="$nth" \
			"$BUILD/git-factory" run -q --recording "$TMP/session.jsonl" "$id" >"$OUT" 2>"$ERR" && return 1
		run git factory run -q --recording "$TMP/session.jsonl" "$id"
		status_is 0
		is "$(outcomes)" "$(cat "$TMP/undisturbed")"
	done
}

run_tests
