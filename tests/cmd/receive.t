#!/bin/sh
# The hooks of a repository that others push to: what they ask of a push, and
# what they start.
. "${0%/*}/../lib.sh"
. "${0%/*}/../remote.sh"
. "${0%/*}/../share.sh"

# key NAME: an ssh key
key() {
	needs ssh-keygen
	[ -f "$TMP/$1" ] || ssh-keygen -q -t ed25519 -N '' -C '' -f "$TMP/$1"
}

# guarded [LINE...]: a hub whose main has a gate and these lines of policy, with
# the hooks; the clone $TMP/me is the working folder
guarded() {
	remote_fresh
	hub
	ok git -C "$HUBS/hub.git" factory hook install >"$OUT"
	node me "$HUBS/hub.git" 2>/dev/null
	cd "$TMP/me"
	git checkout -q -B main
	mkdir -p .factory
	{
		printf 'version: 1\nbase: main\ngates:\n  unit: {run: "test -f a"}\n'
		for line; do
			printf '%s\n' "$line"
		done
	} >.factory/config.yml
	commit a 1
	git add -A
	git commit -q -m 'Let the factory in'
	git push -q origin main
}

# A change on main, proven here.
proven() { # FILE TEXT
	commit "$1" "$2"
	ok git factory gate --note --base origin/main >"$OUT"
}

on_hub() { git -C "$HUBS/hub.git" "$@"; }

test_security_the_base_takes_proven_commits_only() {
	guarded
	commit b 2
	run git push origin main
	status_is 1
	err_like "^remote: refs/heads/main: not proven for $(git rev-parse main | cut -c1-12): 'unit'; 'git factory gate --note' proves it"
	err_like '^remote: error: 1 of 1 refs may not be pushed, so nothing is taken'
	isnt "$(on_hub rev-parse main)" "$(git rev-parse main)"
	# With the evidence in the same push, which the hub has not yet.
	ok git factory gate --note --base origin/main >"$OUT"
	run git push origin main refs/notes/factory
	status_is 0
	err_unlike 'remote:'
	is "$(on_hub rev-parse main)" "$(git rev-parse main)"
	# Or before it; several commits at once are one change.
	commit c 3
	proven d 4
	ok git push -q origin refs/notes/factory
	run git push origin main
	status_is 0
	# Evidence of another tree is none.
	commit e 5
	run git push origin main refs/notes/factory
	status_is 1
	err_like "'unit'"
	# What fails is told apart from what nobody knows.
	git rm -q a
	git commit -q -m 'Remove a'
	run git factory gate --note --base origin/main
	status_is 1
	run git push origin main refs/notes/factory
	status_is 1
	err_like "'unit'"
	# Nothing of the hub was left by what was refused.
	is "$(on_hub for-each-ref --format='%(refname)' | tr '\n' ' ')" 'refs/heads/main refs/notes/factory '
}

test_other_branches_are_as_git_has_them() {
	guarded
	git checkout -q -b work
	commit b 2
	run git push origin work
	status_is 0
	git commit -q --amend -m Again
	run git push --force origin work
	status_is 0
	run git push origin :work
	status_is 0
	git tag v1
	run git push origin v1
	status_is 0
	# One ref that is refused holds back all of its push.
	git checkout -q main
	commit c 3
	run git push origin main HEAD:refs/heads/along
	status_is 1
	err_like '1 of 2 refs'
	is "$(on_hub for-each-ref refs/heads/along)" ''
}

test_security_the_base_is_not_rewound_or_deleted() {
	guarded
	proven b 2
	ok git push -q origin main refs/notes/factory
	on_hub config receive.denyDeleteCurrent ignore
	run git push origin :main
	status_is 1
	err_like 'refs/heads/main: the base branch may not be deleted'
	git reset -q --hard HEAD~
	commit c 3
	ok git factory gate --note --base HEAD~ >"$OUT"
	run git push --force origin main refs/notes/factory
	status_is 1
	err_like 'refs/heads/main: the base branch moves forward only'
	git reset -q --hard origin/main
	proven d 4
	run git push origin main refs/notes/factory
	status_is 0
}

# A change does not vote for itself: policy is the base's as it was.
test_security_policy_is_of_before_the_push() {
	guarded
	sed -i 's/test -f a/true/' .factory/config.yml
	git rm -q a
	git commit -q -a -m 'Be easy'
	ok git factory gate --only unit --base HEAD --note >"$OUT"
	run git push origin main refs/notes/factory
	status_is 1
	err_like "'unit'"
	git reset -q --hard origin/main
	printf 'version: 1\ngates: none\n' >.factory/config.yml
	git commit -q -a -m 'Be easier'
	run git push origin main
	status_is 1
	err_like "'unit'"
	# One that nobody could read would hold back all that comes after it.
	git reset -q --hard origin/main
	printf 'version: [\n' >.factory/config.yml
	git commit -q -a -m 'Break it'
	run git push origin main
	status_is 1
	err_like 'refs/heads/main: the policy that it brings: .*config.yml:.*; mend it first'
	# And one that is proven goes through, and is what counts from then on.
	git reset -q --hard origin/main
	sed -i 's/test -f a/test -f b/' .factory/config.yml
	commit b 1
	git add -A
	git commit -q -m 'Ask for b'
	ok git factory gate --note --base origin/main >"$OUT"
	run git push origin main refs/notes/factory
	status_is 0
	git rm -q b
	commit x 1
	ok git factory gate --only unit --note --base HEAD~~ >"$OUT" || :
	run git push origin main refs/notes/factory
	status_is 1
	err_like "'unit'"
}

test_security_evidence_is_signed_where_policy_names_keys() {
	key ci
	key mallory
	guarded "evidence: {keys: [\"ci@example.org $(cut -d' ' -f1,2 "$TMP/ci.pub")\"]}"
	proven b 2
	run git push origin main refs/notes/factory
	status_is 1
	err_like "'unit'; .* with a key that evidence.keys names"
	git config factory.evidence.key "$TMP/mallory"
	ok git factory gate --note --base origin/main >"$OUT"
	run git push origin main refs/notes/factory
	status_is 1
	git config factory.evidence.key "$TMP/ci"
	ok git factory gate --note --base origin/main >"$OUT"
	run git push origin main refs/notes/factory
	status_is 0
}

# What policy loosens is the server's to trust, not the pusher's.
test_security_trust_is_the_servers() {
	guarded 'sandbox: none'
	commit b 2
	run git push origin main
	status_is 1
	err_like "^remote: refs/heads/main: nothing can be judged here: .*sandbox.*git factory trust"
	run git -C "$HUBS/hub.git" factory trust
	status_is 0
	run git push origin main
	status_is 1
	err_like "'unit'; 'git factory gate --note'"
	ok git factory trust >"$OUT"
	ok git factory gate --note --base origin/main >"$OUT"
	run git push origin main refs/notes/factory
	status_is 0
}

# What the built-in gates say is found out anew, of what is pushed.
test_security_built_in_gates_are_asked() {
	guarded
	commit conf.py "$(printf 'token = "ghp_%s"' 0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R)"
	ok git factory gate --only unit --note --base origin/main >"$OUT"
	run git push origin main refs/notes/factory
	status_is 1
	err_like "'secrets' \(fail: 1 secret\)"
	err_unlike '0a1B2c3D4e5F6g7H8i9J'
	git reset -q --hard origin/main
	proven conf.py 'token = load()'
	run git push origin main refs/notes/factory
	status_is 0
}

test_nothing_configured_is_as_git_has_it() {
	remote_fresh
	hub
	ok on_hub factory hook install >"$OUT"
	node me "$HUBS/hub.git" 2>/dev/null
	cd "$TMP/me"
	git checkout -q -B main
	commit a 1
	run git push origin main
	status_is 0
	err_unlike 'remote:'
	git commit -q --amend -m Again
	run git push --force origin main HEAD:refs/factory/mine HEAD:refs/notes/factory
	status_is 0
	err_unlike 'remote:'
	# A policy without gates asks nothing, and says so.
	mkdir .factory
	commit .factory/config.yml 'version: 1
base: main'
	run git push origin main
	status_is 0
	commit b 2
	run git push origin main
	status_is 0
	err_like "^remote: note: the policy of 'refs/heads/main' has no gates"
	commit .factory/config.yml 'version: 1
gates: none'
	ok git push -q origin main
	commit c 3
	run git push origin main
	status_is 0
	err_unlike 'remote:'
	# A broken one is kept out here, too.
	commit .factory/config.yml 'gates: ['
	run git push origin main
	status_is 1
	err_like 'the policy that it brings'
}

# The branch that says which branch is the base is guarded like it.
test_security_which_branch_is_the_base() {
	guarded
	git checkout -q -b work
	commit b 2
	on_hub config factory.base release
	run git push origin main:release
	status_is 0
	run git push origin work:release
	status_is 1
	err_like '^remote: refs/heads/release: not proven'
	run git push origin work:main
	status_is 0
	on_hub config --unset factory.base
	run git push origin work:release
	status_is 0
	commit c 3
	run git push origin work:main
	status_is 1
}

# ... also where nothing is asked of it but that.
test_security_the_base_is_not_renamed_in_passing() {
	guarded
	git checkout -q -b develop
	on_hub config factory.base develop
	ok git push -q origin develop
	git checkout -q main
	printf 'version: 1\nbase: develop\ngates: none\n' >.factory/config.yml
	git commit -q -a -m 'Develop elsewhere'
	ok git push -q origin main
	on_hub config --unset factory.base
	commit b 2
	run git push origin main:develop
	status_is 1
	err_like 'develop: not proven'
	run git push origin main
	status_is 0
	printf 'version: 1\nbase: away\ngates: none\n' >.factory/config.yml
	git commit -q -a -m 'Away'
	run git push origin main
	status_is 1
	err_like "^remote: refs/heads/main: another branch than 'refs/heads/develop' would be the base"
	on_hub config receive.denyDeleteCurrent ignore
	run git push origin :main
	status_is 1
	err_like 'would be the base'
}

# Another name of the base, and what a client may say of it.
test_security_aliases_and_lies() {
	guarded
	on_hub symbolic-ref refs/heads/master refs/heads/main
	commit b 2
	run git push origin main:master
	status_is 1
	err_like '^remote: refs/heads/master: not proven'
	ok git factory gate --note --base origin/main >"$OUT"
	run git push origin main:master refs/notes/factory
	status_is 0
	is "$(on_hub rev-parse main)" "$(git rev-parse main)"
	commit c 3
	new=$(git rev-parse main)
	ok git push -q origin main:refs/heads/work
	for old in 0000000000000000000000000000000000000000 "$(git rev-parse main~2)"; do
		echo "$old $new refs/heads/main" >"$TMP/list"
		fails git -C "$HUBS/hub.git" factory hook run pre-receive <"$TMP/list" 2>"$ERR"
		err_like 'it is not where the push expects it'
	done
	echo "x $new refs/heads/main" >"$TMP/list"
	fails git -C "$HUBS/hub.git" factory hook run pre-receive <"$TMP/list" 2>"$ERR"
	err_like 'a line that is none'
	: >"$TMP/list"
	ok git -C "$HUBS/hub.git" factory hook run pre-receive <"$TMP/list"
}

test_security_refs_of_the_factory() {
	guarded
	proven b 2
	ok git push -q origin main refs/notes/factory
	id=abcdefgh
	for ref in state leases/$id runs/$id attempts/$id pulls/1 nodes/attic; do
		run git push origin "HEAD:refs/factory/$ref"
		status_is 0
	done
	for ref in mine leases/x leases/$id/x runs/ABCDEFGH attempts/1 pulls/0 pulls/x pulls/01 remote/state announced \
	    'leases/--all' 'state/x' ; do
		run git push origin "HEAD:refs/factory/$ref"
		status_is 1
		err_like "refs/factory/$ref: the factory shares no ref of that name"
		is "$(on_hub for-each-ref "refs/factory/$ref")" ''
	done
	# Records only grow; leases come and go.
	for ref in state pulls/1; do
		run git push --force origin "HEAD~:refs/factory/$ref"
		status_is 1
		err_like 'it may only move forward'
		run git push origin ":refs/factory/$ref"
		status_is 1
		err_like 'it may not be deleted'
	done
	blob=$(echo x | git hash-object -w --stdin)
	run git push --force origin "$blob:refs/notes/factory"
	status_is 1
	err_like 'refs/notes/factory: it must be a commit'
	run git push origin :refs/notes/factory
	status_is 1
	run git push --force origin "HEAD~:refs/factory/leases/$id"
	status_is 0
	run git push origin ":refs/factory/leases/$id" ":refs/factory/runs/$id" ":refs/factory/attempts/$id"
	status_is 0
}

# Names are shown as text, and taken for nothing else.
test_security_hostile_names() {
	guarded
	commit b 2
	esc=$(printf 'refs/factory/\342\200\256x;$(touch${IFS}hit)`x`')
	run git push origin "HEAD:$esc" 'HEAD:refs/heads/-x' 'HEAD:refs/heads/$(touch x)'
	isnt "$status" 0
	run git push origin "HEAD:$esc" 'HEAD:refs/heads/$(echo)'
	status_is 1
	err_like '^remote: refs/factory/.u[{]202e[}]x;'
	fails grep -q "^remote: .*$(printf '\342\200\256')" "$ERR"
	missing hit
	missing "$HUBS/hub.git/hit"
	run git push origin 'HEAD:refs/heads/$(echo)'
	status_is 0
}

# emergency: 'override' of policy, and a push that this person signed
test_security_an_override_is_signed_and_named() {
	key ada
	key eve
	guarded '  lint: {run: "false", override: [ada@example.org]}'
	on_hub config receive.certNonceSeed seed
	for who in ada eve; do
		echo "$who@example.org $(cut -d' ' -f1,2 "$TMP/$who.pub")"
	done >"$TMP/signers"
	on_hub config gpg.format ssh
	on_hub config gpg.ssh.allowedSignersFile "$TMP/signers"
	git config gpg.format ssh
	git config user.signingKey "$TMP/ada"
	commit b 2 'Mend it at night

Factory-Override: lint by ada@example.org: the linter is down'
	ok git factory gate --only unit --note --base origin/main >"$OUT"
	# The word alone is anybody's.
	run git push origin main refs/notes/factory
	status_is 1
	err_like "'lint'"
	err_unlike "'unit'"
	git config user.signingKey "$TMP/eve"
	run git push --signed origin main refs/notes/factory
	status_is 1
	git config user.signingKey "$TMP/ada"
	run git push --signed origin main refs/notes/factory
	status_is 0
	# And not without the word, or for a gate that policy does not leave to her.
	commit c 3
	ok git factory gate --only unit --note --base origin/main >"$OUT"
	run git push --signed origin main refs/notes/factory
	status_is 1
	git reset -q --hard origin/main
	git rm -q a
	git commit -q -m 'Remove it

Factory-Override: lint by ada@example.org: the linter is down
Factory-Override: unit by ada@example.org: and so am I'
	run git push --signed origin main
	status_is 1
	err_like "'unit'"
	err_unlike "'lint'"
}

test_over_http() {
	guarded
	serve_http
	git remote set-url origin "$HTTP/hub.git"
	commit b 2
	run git push origin main
	status_is 1
	err_like "^remote: refs/heads/main: not proven .*'unit'"
	ok git factory gate --note --base origin/main >"$OUT"
	run git push origin main refs/notes/factory
	status_is 0
	is "$(on_hub rev-parse main)" "$(git rev-parse main)"
	stop_servers
}

# A hub whose history was cut, at a path that git has to quote: its git is told where the pushed objects are.
test_into_a_shallow_hub_with_a_strange_name() {
	guarded
	proven b 2
	ok git push -q origin main refs/notes/factory
	cut="$TMP/cut:\"x"
	git clone -q --bare --depth 1 "file://$HUBS/hub.git" "$cut"
	ok git -C "$cut" factory hook install >"$OUT"
	git fetch -q
	git reset -q --hard HEAD
	commit c 3
	run git push "$cut" main
	status_is 1
	err_like "main: not proven .*'unit'"
	ok git factory gate --note --base HEAD~ >"$OUT"
	run git push "$cut" main refs/notes/factory
	status_is 0
	git reset -q --hard HEAD~
	commit d 4
	run git push --force "$cut" main
	status_is 1
	err_like 'moves forward only'
	rm -rf "$cut"
}

# A hook that is there is asked first, with the same input.
test_after_another_hook() {
	guarded
	ok on_hub factory hook remove
	printf '#!/bin/sh\ncat >"%s/seen"; echo "asked: $GIT_QUARANTINE_PATH" >>"%s/seen"; exit $(cat "%s/answer")\n' \
	    "$TMP" "$TMP" "$TMP" >"$HUBS/hub.git/hooks/pre-receive"
	chmod +x "$HUBS/hub.git/hooks/pre-receive"
	ok on_hub factory hook install >"$OUT"
	git checkout -q -b work
	commit b 2
	echo 3 >"$TMP/answer"
	run git push origin work
	status_is 1
	like "$(cat "$TMP/seen")" "^0{40} $(git rev-parse work) refs/heads/work"
	like "$(cat "$TMP/seen")" '^asked: /.*incoming'
	echo 0 >"$TMP/answer"
	run git push origin work
	status_is 0
	run git push origin work:main
	status_is 1
	err_like "'unit'"
}

test_security_without_the_program_nothing_is_taken() {
	guarded
	mkdir "$TMP/path"
	for tool in git sh cat; do
		ln -s "$(command -v $tool)" "$TMP/path/$tool"
	done
	git checkout -q -b work
	commit b 2
	run env PATH="$TMP/path" git push origin work
	status_is 1
	err_like "git-factory is not on the server's PATH"
	run git push origin work
	status_is 0
}

# A hub on which a pushed task can be run, and the clone that pushes: $TMP/a.
started() {
	share
	cd "$TMP/a"
	# The hub's own state is not shared any further.
	on_hub() { git -C "$TMP/hub" "$@"; }
	on_hub config factory.remote none
	ok git -C "$TMP/hub" factory hook install >"$OUT"
}

until_quiet() {
	for _ in $(seq 400); do
		[ -z "$(on_hub for-each-ref "$1")" ] || return 0
		sleep 0.05
	done
	cat "$TMP/hub/factory/start.log" || :
	fail "no $1 on the hub"
}

# What the factory itself lands comes with its evidence, also after others moved the base.
test_what_the_factory_lands_is_taken() {
	share 0 'merge: {auto: true}'
	on_hub() { git -C "$TMP/hub" "$@"; }
	ok on_hub factory hook install >"$OUT"
	cd "$TMP/a"
	run git factory run "$id"
	status_is 0
	ok git factory sync >"$OUT"
	is "$(git factory task show --json "$id" | jq -r .state)" landed
	is "$(on_hub show main:done)" yes
	# A person's merge of a pull request.
	git checkout -q main
	git pull -q origin main
	sed -i '/^merge:/d' .factory/config.yml
	git rm -q 'done'
	git commit -q -a -m 'Ask first'
	run git push origin main
	status_is 1
	err_like "'tests'"
	printf 'yes\n' >'done'
	git add 'done'
	git commit -q --amend --no-edit
	ok git factory gate --note --base origin/main >"$OUT"
	ok git factory sync >"$OUT"
	run git push origin main
	status_is 0
	id=$(git factory task add 'Once more')
	printf 'no\n' >'done'
	git commit -q -a -m 'Undo'
	ok git factory gate --note --base origin/main >"$OUT"
	ok git push -q origin main refs/notes/factory
	run git factory run "$id"
	status_is 0
	ok git factory sync >"$OUT"
	commit aside 1
	ok git factory gate --note --base origin/main >"$OUT"
	ok git push -q origin main refs/notes/factory
	run git factory pr merge 2
	status_is 0
	is "$(on_hub show main:done)" yes
	is "$(on_hub show main:aside)" 1
}

# Nothing is at work there any more.
until_done() {
	ok timeout 60 flock "$TMP/hub/factory/start.lock" true
}

test_a_pushed_task_is_started_where_it_is_asked_for() {
	needs flock
	started
	other=$(git factory task add 'Do it, too')
	ok git factory sync >"$OUT"
	sleep 0.3
	missing "$TMP/hub/factory/start"
	missing "$TMP/hub/factory/start.lock"
	on_hub config factory.hook.start work
	# Somebody is at work: the mark is for him, or for whoever comes next.
	mkdir -p "$TMP/hub/factory"
	flock "$TMP/hub/factory/start.lock" sleep 1 &
	git factory task edit --priority 0 "$other"
	ok git factory sync >"$OUT"
	for _ in $(seq 100); do
		[ -e "$TMP/hub/factory/start" ] && break
		sleep 0.02
	done
	exists "$TMP/hub/factory/start"
	wait
	is "$(on_hub for-each-ref refs/factory/pulls)" ''
	git factory task edit --priority 1 "$other"
	ok git factory sync >"$OUT"
	until_quiet refs/factory/pulls/2
	until_done
	missing "$TMP/hub/factory/start"
	like "$(on_hub for-each-ref refs/heads/factory)" "factory/$other-"
	# The clone sees what was done.
	ok git factory sync >"$OUT"
	is "$(git factory task show --json "$other" | jq -r .state)" delivered
	on_hub config factory.hook.start often
	run git -C "$TMP/hub" factory config list
	status_is 128
	err_like 'factory.hook.start must be none or work'
}

run_tests
