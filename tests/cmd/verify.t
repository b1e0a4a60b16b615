#!/bin/sh
# Evidence in the notes of commits: whose counts, for which tree, and what
# git factory verify says of it.
. "${0%/*}/../lib.sh"
. "${0%/*}/../remote.sh"

# policy GATES...: the lines below 'gates:'; the key of ci is named
policy() {
	needs ssh-keygen
	for who in ci mallory; do
		[ -f "$TMP/$who" ] || ssh-keygen -q -t ed25519 -N '' -C '' -f "$TMP/$who"
	done
	mkdir -p .factory
	{
		printf 'version: 1\nbase: main\nevidence:\n  keys: ["ci@example.org %s"]\ngates:\n' "$(cut -d' ' -f1,2 "$TMP/ci.pub")"
		for line; do
			printf '  %s\n' "$line"
		done
	} >.factory/config.yml
	git add -A
	git commit -q -m 'Sample with gates'
}

change() { # FILE TEXT, on a branch
	git checkout -q -B work
	commit "$1" "$2"
}

# What this machine knows by itself is gone: it is another one.
elsewhere() {
	rm -rf .git/factory
}

without_sandbox() { # VERB...
	run env PATH="$TMP/bin" "$BUILD/git-factory" "$@"
}

# ssh-keygen, and no sandbox.
tools() {
	mkdir -p "$TMP/bin"
	ln -sf "$(command -v ssh-keygen)" "$TMP/bin/ssh-keygen"
}

sample() {
	tools
	policy 'unit: {run: "test -f a"}'
	change a 1
}

KNOWN='known from 2026-01-01T00:00:00Z on '

test_signed_evidence_counts_elsewhere() {
	sample
	git config factory.evidence.key "$TMP/ci"
	ok git factory gate --note
	like "$(git notes --ref=factory show HEAD)" '"event":"proof".*"sig":"[A-Za-z0-9+/=]+"}$'
	elsewhere
	without_sandbox gate
	status_is 0
	out_like "^unit +pass .*$KNOWN.*, signed by ci@example.org"
	without_sandbox verify --json
	status_is 0
	is "$(json "$OUT" '.gates[] | select(.gate == "unit") | .known.known.signer')" ci@example.org
	is "$(json "$OUT" .verified)" true
	# Known now, without asking for the signature again.
	rm "$TMP/bin/ssh-keygen"
	without_sandbox gate
	status_is 0
	# Whoever is no longer named is no longer believed.
	git config --add factory.evidence.keys "eve@example.org $(cut -d' ' -f1,2 "$TMP/mallory.pub")"
	tools
	without_sandbox gate
	status_is 128
}

test_security_a_forged_note() {
	sample
	ok git factory gate --note
	elsewhere
	# Without a signature.
	without_sandbox gate
	status_is 128
	run git factory verify
	status_is 1
	out_like 'unit +unproven'
	out_like "pass of 2026-01-01T00:00:00Z on .*: not signed, and from elsewhere"
	# With the signature of somebody else.
	git update-ref -d refs/notes/factory
	git config factory.evidence.key "$TMP/mallory"
	ok git factory gate --note
	elsewhere
	without_sandbox gate
	status_is 128
	run git factory verify
	status_is 1
	out_like 'not signed by a key that policy names'
}

test_security_a_note_that_was_changed() {
	sample
	git config factory.evidence.key "$TMP/ci"
	ok git factory gate --note
	git notes --ref=factory show HEAD >"$TMP/line"
	elsewhere
	sed 's/"node":"[^"]*"/"node":"other"/' "$TMP/line" | git notes --ref=factory add -f -F - HEAD
	without_sandbox gate
	status_is 128
	# The signature has to be the last of it.
	sed 's/}$/,"x":1}/' "$TMP/line" | git notes --ref=factory add -f -F - HEAD
	without_sandbox gate
	status_is 128
	# One for another purpose.
	sed 's/,"sig":"[^"]*"}$/}/' "$TMP/line" | tr -d '\n' >"$TMP/plain"
	ssh-keygen -q -Y sign -f "$TMP/ci" -n git-factory-approval <"$TMP/plain" >"$TMP/sig"
	sig=$(grep -v -e ----- "$TMP/sig" | tr -d '\n')
	sed "s|}\$|,\"sig\":\"$sig\"}|" "$TMP/plain" | git notes --ref=factory add -f -F - HEAD
	without_sandbox gate
	status_is 128
	git notes --ref=factory add -f -F "$TMP/line" HEAD
	without_sandbox gate
	status_is 0
}

test_security_a_note_for_another_tree() {
	sample
	git config factory.evidence.key "$TMP/ci"
	ok git factory gate --note
	git notes --ref=factory show HEAD >"$TMP/line"
	git rm -q a
	commit b 2
	git notes --ref=factory add -f -F "$TMP/line" HEAD
	elsewhere
	without_sandbox gate
	status_is 128
	without_sandbox verify
	status_is 1
	out_like 'unit +unproven'
	out_like ': for another tree$'
	run git factory verify --rerun
	status_is 1
	out_like '^unit +fail +it ran again: fail'
}

test_security_the_change_names_no_keys() {
	tools
	policy 'unit: {run: "test -f a"}'
	git checkout -q -B work
	sed -i "s|keys: .*|keys: [\"eve@example.org $(cut -d' ' -f1,2 "$TMP/mallory.pub")\"]|" .factory/config.yml
	git add -A
	commit a 1
	git config factory.evidence.key "$TMP/mallory"
	run git factory gate --note
	elsewhere
	without_sandbox gate
	status_is 128
}

# What the command printed is not in notes.
test_a_fail_elsewhere_that_tells_nothing_is_run_here() {
	tools
	policy 'unit: {run: "test -f a"}'
	change b 1
	git config factory.evidence.key "$TMP/ci"
	run git factory gate --note
	status_is 1
	elsewhere
	without_sandbox gate
	status_is 128
	run git factory verify
	status_is 1
	out_like 'fail of .*: it did not pass'
}

# A test whose name says what is wrong.
unit="--only unit --only tests-kept"
told() { # KEY
	tools
	policy 'unit: {run: "sh t.sh", report: r.xml}'
	commit t.sh 'echo "<testsuite><testcase name=\"a\"/></testsuite>" >r.xml'
	change t.sh 'echo "<testsuite><testcase name=\"a\"><failure message=\"it is wrong\"/></testcase></testsuite>" >r.xml; exit 1'
	git config factory.evidence.key "$TMP/$1"
	run git factory gate $unit --note
	status_is 1
	elsewhere
}

test_a_fail_elsewhere_counts() {
	told ci
	without_sandbox gate $unit
	status_is 1
	out_like "^unit +fail +1 of 1 tests failed, $KNOWN.*, signed by ci@example.org"
	out_like 'it is wrong'
	run git factory verify $unit
	status_is 1
	out_like "^unit +fail .*$KNOWN.*, signed by ci@example.org"
}

test_security_a_fail_by_anybody_does_not_count() {
	told mallory
	without_sandbox gate $unit
	status_is 128
}

# Two that policy names, of whom one says otherwise.
test_security_neither_counts_of_two_that_differ() {
	told ci
	git notes --ref=factory show HEAD >"$TMP/line"
	sed -e 's/,"sig":"[^"]*"}$/}/' -e 's/"verdict":"fail"/"verdict":"pass"/' "$TMP/line" | tr -d '\n' >"$TMP/pass"
	ssh-keygen -q -Y sign -f "$TMP/ci" -n git-factory-proof <"$TMP/pass" >"$TMP/sig"
	sed "s|}\$|,\"sig\":\"$(grep -v -e ----- "$TMP/sig" | tr -d '\n')\"}|" "$TMP/pass" >"$TMP/other"
	echo >>"$TMP/other"
	git notes --ref=factory add -f -F "$TMP/other" HEAD
	without_sandbox gate $unit
	status_is 0
	elsewhere
	cat "$TMP/other" "$TMP/line" | git notes --ref=factory add -f -F - HEAD
	without_sandbox gate $unit
	status_is 128
	run git factory verify $unit
	status_is 1
	out_like 'contradicted'
}

# Two clones of one remote, and nothing between them but that.
two_nodes() {
	remote_fresh
	hub
	serve_http
	rm -rf "$TMP/seed"
	git init -q -b main "$TMP/seed"
	cd "$TMP/seed" || return 1
	policy 'unit: {run: "test -f a"}'
	git push -q "$HUBS/hub.git" main
	node a "$HTTP/hub.git"
	cd "$TMP/a" || return 1
	change a 1
}

# push [KEY]: node a proves it, signs with the key, and pushes; node b has it
push() {
	[ $# -eq 0 ] || git config factory.evidence.key "$TMP/$1"
	run_counted gate --note
	status_is 0
	is "$(sandboxes)" 1
	git push -q origin work refs/notes/factory
	like "$(cat "$HTTP_LOG")" 'git-receive-pack'
	node b "$HTTP/hub.git"
	cd "$TMP/b" || return 1
	git checkout -q work
	git fetch -q origin refs/notes/factory:refs/notes/factory
}

test_signed_evidence_over_a_remote() {
	two_nodes
	push ci
	run_counted gate
	status_is 0
	out_like "^unit +pass .*$KNOWN.*, signed by ci@example.org"
	is "$(sandboxes)" 0
	run_counted verify
	status_is 0
	is "$(sandboxes)" 0
}

test_security_unsigned_evidence_over_a_remote() {
	two_nodes
	push
	run_counted verify
	status_is 1
	out_like 'not signed, and from elsewhere'
	run_counted gate
	status_is 0
	out_like '^unit +pass +status 0$'
	is "$(sandboxes)" 1
}

test_security_evidence_by_another_key_over_a_remote() {
	two_nodes
	push mallory
	run_counted verify
	status_is 1
	out_like 'not signed by a key that policy names'
	run_counted gate
	status_is 0
	out_like '^unit +pass +status 0$'
	is "$(sandboxes)" 1
}

test_squash_and_rebase() {
	sample
	commit a 2
	git config factory.evidence.key "$TMP/ci"
	ok git factory gate --note
	elsewhere
	git checkout -q main
	git merge -q --squash work
	git commit -q -m 'One commit of two'
	without_sandbox verify
	status_is 0
	out_like '^[0-9a-f]{12} landed on [0-9a-f]{12}, tree '
	out_like "^unit +proven .*signed by ci@example.org in the note of $(git rev-parse work | cut -c1-12)"
	# The same change on a base that moved.
	git checkout -q -b moved main~1
	commit other 1
	git branch -f main moved
	git cherry-pick work~1 work >/dev/null
	without_sandbox verify
	status_is 1
	out_like '^[0-9a-f]{12} merged with '
	out_like "pass of .*in the note of $(git rev-parse work | cut -c1-12): the same change, but on another tree"
	run git factory verify --rerun
	status_is 0
	out_like '^unit +proven .*it ran again: pass'
	without_sandbox verify
	status_is 0
}

test_nothing_is_set_up_for_what_is_known() {
	tools
	policy 'unit: {run: "test -f made -a -f a"}'
	printf 'workspace: {setup: [{run: "touch made", key: [lock]}]}\n' >>.factory/config.yml
	git commit -qam 'With setup'
	change a 1
	git config factory.evidence.key "$TMP/ci"
	ok git factory gate --note
	elsewhere
	without_sandbox gate
	status_is 0
	out_like '^unit +pass .*signed by ci@example.org'
	without_sandbox verify
	status_is 0
	GIT_FACTORY_DATE=$((1767225600 + 31 * 86400)) without_sandbox gate
	status_is 128
}

test_what_the_factory_lands_is_proven() {
	tools
	policy 'unit: {run: "test -f a"}'
	printf 'agent: demo\nagents: {demo: {kind: command, command: "touch a"}}\n' >>.factory/config.yml
	git add -A
	git commit -qm 'With an agent'
	ok git factory init
	git config factory.evidence.key "$TMP/ci"
	id=$(git factory task add 'Make a')
	ok git factory run -q "$id"
	commit other 1
	ok git factory pr merge 1
	elsewhere
	without_sandbox verify main
	status_is 0
	out_like '^[0-9a-f]{12} landed on '
	out_like '^unit +proven .*signed by ci@example.org'
	like "$(git notes --ref=factory show main)" '"event":"landed"'
}

test_the_answer_differs() {
	tools
	mkdir -p "$TMP/outside"
	git config factory.sandbox.read "$TMP/outside"
	policy "unit: {run: 'test -f $TMP/outside/ok'}" 'more: {run: "true"}'
	change a 1
	: >"$TMP/outside/ok"
	ok git factory gate
	ok git factory verify
	rm "$TMP/outside/ok"
	run git factory verify --rerun --only more
	status_is 0
	run git factory verify --rerun
	status_is 1
	out_like '^unit +differs .*known from .*; it ran again: fail, status 1'
	out_like '^more +proven'
	run git factory verify
	status_is 1
	out_like '^unit +unproven'
}

test_without_a_key_it_is_said() {
	sample
	git config factory.evidence.key "$TMP/nokey"
	run git factory gate --note
	status_is 0
	err_like 'the evidence is not signed: .*ssh-keygen.*No such file.*; factory.evidence.key must be a key without'
	like "$(git notes --ref=factory show HEAD)" '"event":"proof"'
	unlike "$(git notes --ref=factory show HEAD)" '"sig"'
	# What ssh-keygen says below its line of @.
	ssh-keygen -q -t ed25519 -N '' -C '' -f "$TMP/nokey"
	chmod 644 "$TMP/nokey"
	run git factory gate --note
	err_like 'the evidence is not signed: .*UNPROTECTED PRIVATE KEY FILE'
	sed -i 's/^evidence:/&\n  key: x/' .factory/config.yml
	git commit -qam 'A key for everybody'
	git branch -f main
	run git factory gate
	status_is 128
	err_like "'evidence.key' does not belong into a file that all share"
}

run_tests
