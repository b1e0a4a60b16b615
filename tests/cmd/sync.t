#!/bin/sh
# git factory sync: clones of one remote, by path, http and ssh, share their
# tasks; what a remote refuses, loses or rewrites is told and harms nothing.
. "${0%/*}/../lib.sh"
. "${0%/*}/../remote.sh"

on() { # NODE VERB...: a verb in that clone
	on_node=$1
	shift
	(cd "$TMP/$on_node" && git factory "$@")
}

syncs() {
	run on "$1" sync
	status_is 0
}

state_of() {
	git -C "$1" rev-parse refs/factory/state
}

# One state everywhere, also as the branch on the remote.
agree() {
	for agree_node; do
		is "$(state_of "$TMP/$agree_node")" "$(state_of "$HUBS/hub.git")"
	done
	is "$(git -C "$HUBS/hub.git" rev-parse factory-state)" "$(state_of "$HUBS/hub.git")"
}

# Two nodes at ADDRESS file and change tasks side by side and end the same.
exchange() {
	node a "$1/hub.git"
	node b "$1/hub.git"
	syncs a
	syncs b
	exchange_id=$(on a task add -p 1 "Say hello")
	on b task add "Say good night" >/dev/null
	syncs a
	out_like '^sent 1 commit$'
	syncs b
	syncs a
	agree a b
	is "$(on a task list --json | jq length)" 2
	on a task edit -p 0 "$exchange_id" >/dev/null
	on b task edit --title "Say hello, loudly" "$exchange_id" >/dev/null
	syncs a
	syncs b
	syncs a
	agree a b
	is "$(on b task show --json "$exchange_id" | jq -r '"\(.priority) \(.title)"')" "0 Say hello, loudly"
	syncs b
	out_is "nothing to exchange"
}

test_by_path() {
	remote_fresh
	factory_hub
	exchange "$HUBS"
}

test_by_http_with_the_users_credential_helper() {
	remote_fresh
	factory_hub
	serve_http ada:geheim7
	git config --global credential.helper '!f() { echo username=ada; echo password=geheim7; }; f'
	exchange "$HTTP"
	git config --global --unset credential.helper
	run on a sync
	status_is 128
	err_like 'credential'
}

test_by_ssh() {
	remote_fresh
	factory_hub
	serve_ssh
	exchange "$SSH"
}

test_nothing_to_do_is_one_request() {
	remote_fresh
	factory_hub
	serve_http
	node a "$HTTP/hub.git"
	syncs a
	: >"$HTTP_LOG"
	syncs a
	out_is "nothing to exchange"
	# One connection of protocol 2: what can you do, and which refs are there.
	is "$(cut -d' ' -f1 "$HTTP_LOG" | tr '\n' ' ')" "GET POST "
}

test_an_answer_that_is_lost_is_read_back() {
	remote_fresh
	factory_hub
	serve_http
	node a "$HTTP/hub.git"
	syncs a
	on a task add "Say hello" >/dev/null
	cut_answer
	GIT_FACTORY_TRACE=$TMP/trace
	export GIT_FACTORY_TRACE
	syncs a
	unset GIT_FACTORY_TRACE
	out_like '^sent 1 commit'
	missing "$SERVERS/http.cut"
	like "$(cat "$TMP/trace")" '"event":"readback".*"answer":"ok"'
	agree a
	syncs a
	out_is "nothing to exchange"
}

test_a_refused_push_moves_nothing() {
	remote_fresh
	factory_hub
	node a "$HUBS/hub.git"
	syncs a
	on a task add "Say hello" >/dev/null
	printf '#!/bin/sh\necho "not today" >&2\nexit 1\n' >"$HUBS/hub.git/hooks/pre-receive"
	chmod +x "$HUBS/hub.git/hooks/pre-receive"
	before=$(git -C "$HUBS/hub.git" for-each-ref)
	run on a sync
	status_is 128
	err_like "refused 'refs/factory/state'.*pre-receive hook declined"
	is "$(git -C "$HUBS/hub.git" for-each-ref)" "$before"
	rm "$HUBS/hub.git/hooks/pre-receive"
	syncs a
	agree a
}

test_a_rule_against_the_branch_stops_only_the_branch() {
	remote_fresh
	factory_hub
	node a "$HUBS/hub.git"
	syncs a
	on a task add "Say hello" >/dev/null
	# shellcheck disable=SC2016
	printf '#!/bin/sh\n[ "$1" != refs/heads/factory-state ]\n' >"$HUBS/hub.git/hooks/update"
	chmod +x "$HUBS/hub.git/hooks/update"
	syncs a
	err_like "does not let its branch 'factory-state' follow"
	is "$(state_of "$TMP/a")" "$(state_of "$HUBS/hub.git")"
}

test_a_remote_without_atomic_pushes_is_refused() {
	remote_fresh
	factory_hub
	git -C "$HUBS/hub.git" config receive.advertiseAtomic false
	node a "$HUBS/hub.git"
	syncs a
	on a task add "Say hello" >/dev/null
	run on a sync --json
	status_is 128
	is "$(json "$OUT" .error.word)" config
	like "$(json "$OUT" .error.hint)" 'atomic pushes'
	# No task is run for it, by hand or by a node.
	for verb in 'run -q' 'work --until-empty -q'; do
		# shellcheck disable=SC2086
		run on a $verb
		status_is 128
		err_like 'atomic pushes'
	done
	is "$(git -C "$TMP/a" for-each-ref refs/factory/leases refs/factory/runs refs/factory/attempts)" ''
	is "$(on a task list --json | jq -r '.[].state')" ready
}

test_a_rewound_remote_is_an_alarm() {
	remote_fresh
	factory_hub
	node a "$HUBS/hub.git"
	node b "$HUBS/hub.git"
	syncs a
	on a task add "Say hello" >/dev/null
	syncs a
	syncs b
	git -C "$HUBS/hub.git" update-ref refs/factory/state refs/factory/state~1
	on b task add "Say good night" >/dev/null
	before=$(git -C "$HUBS/hub.git" for-each-ref; git -C "$TMP/b" for-each-ref)
	run on b sync --json
	status_is 128
	is "$(json "$OUT" .error.word)" rewound
	is "$(git -C "$HUBS/hub.git" for-each-ref; git -C "$TMP/b" for-each-ref)" "$before"
	# The hint's command, word by word.
	hint=$(json "$OUT" .error.hint | sed -n "s/.*'\(git update-ref[^']*\)'.*/\1/p")
	(cd "$TMP/b" && $hint)
	syncs b
	is "$(on b task list --json | jq length)" 2
	is "$(git -C "$HUBS/hub.git" ls-tree -r --name-only refs/factory/state tasks | wc -l)" 2
}

test_offline_work_waits_in_git() {
	remote_fresh
	factory_hub
	node a "$HUBS/hub.git"
	syncs a
	mv "$HUBS/hub.git" "$HUBS/away.git"
	id=$(on a task add "Say hello")
	run on a sync
	status_is 128
	err_like 'hub.git'
	mv "$HUBS/away.git" "$HUBS/hub.git"
	syncs a
	out_like '^sent 1 commit$'
	git -C "$HUBS/hub.git" ls-tree -r --name-only refs/factory/state | grep -q "$id"
}

test_people_edit_the_branch_on_the_remote() {
	remote_fresh
	factory_hub
	node a "$HUBS/hub.git"
	syncs a
	git clone -q -b factory-state "$HUBS/hub.git" "$TMP/page"
	(cd "$TMP/page" && mkdir -p tasks && commit tasks/idea.md '# Say hello' && git push -q)
	syncs a
	err_like "'tasks/idea.md' is now task [a-z2-7]{8}"
	is "$(on a task list --json | jq -r '.[].title')" "Say hello"
	agree a
	git -C "$TMP/page" pull -q --ff-only
	agree a
}

test_clones_as_ci_makes_them() {
	remote_fresh
	factory_hub
	(cd "$TMP/seed" && commit more text && git push -q origin main)
	git -C "$HUBS/hub.git" config uploadpack.allowFilter true
	node full "$HUBS/hub.git"
	syncs full
	on full task add "Say hello" >/dev/null
	syncs full
	for how in "--depth=1" "--single-branch --depth=1 --no-tags" "--filter=blob:none" "--filter=tree:0"; do
		rm -rf "$TMP/ci"
		# shellcheck disable=SC2086
		git clone -q $how "file://$HUBS/hub.git" "$TMP/ci"
		git -C "$TMP/ci" config factory.remote origin
		syncs ci
		like "$(on ci task list --json | jq -r '.[].title')" '^Say hello$'
		on ci task add "From $how" >/dev/null
		syncs ci
		out_like '^sent 1 commit$'
		agree ci
	done
	syncs full
	is "$(on full task list --json | jq length)" 5
}

test_a_clone_without_the_base_says_what_brings_it() {
	remote_fresh
	factory_hub
	(cd "$TMP/seed" && git checkout -q -b topic && commit topic text && git push -q origin topic)
	git clone -q --single-branch -b topic "file://$HUBS/hub.git" "$TMP/one"
	run on one sync
	status_is 1
	err_like "base branch 'main' does not exist"
	hint=$(sed -n "s/.*'\(git fetch [^']*\)'.*/\1/p" "$ERR")
	(cd "$TMP/one" && $hint)
	syncs one
	agree one
	# The user's own word needs no base.
	git clone -q --single-branch -b topic "file://$HUBS/hub.git" "$TMP/two"
	git -C "$TMP/two" config factory.remote origin
	syncs two
	agree two
}

test_doctor_tries_the_remote() {
	remote_fresh
	factory_hub
	serve_http
	node a "$HTTP/hub.git"
	syncs a
	before=$(git -C "$HUBS/hub.git" for-each-ref)
	run on a doctor
	out_like '^ok +remote +origin \(http://127.0.0.1:[0-9]+/hub.git\) takes atomic pushes'
	is "$(git -C "$HUBS/hub.git" for-each-ref)" "$before"
	git -C "$HUBS/hub.git" config receive.advertiseAtomic false
	run on a doctor
	status_is 1
	out_like '^bad +remote .*does not support --atomic'
	out_like '-> use a remote with atomic pushes, or one node alone'
	git -C "$HUBS/hub.git" config --unset receive.advertiseAtomic
	# shellcheck disable=SC2016
	printf '#!/bin/sh\ncase $1 in refs/factory/*) exit 1 ;; esac\n' >"$HUBS/hub.git/hooks/update"
	chmod +x "$HUBS/hub.git/hooks/update"
	run on a doctor
	out_like '^bad +remote .*refused .refs/factory/probe/'
	rm "$HUBS/hub.git/hooks/update"
	is "$(git -C "$HUBS/hub.git" for-each-ref)" "$before"
	git -C "$TMP/a" config factory.remote nowhere
	run on a doctor
	out_like "^bad +remote +there is no remote 'nowhere'"
}

test_a_bare_clone_is_a_node() {
	remote_fresh
	factory_hub
	git clone -q --bare "$HUBS/hub.git" "$TMP/bare"
	git -C "$TMP/bare" config factory.remote origin
	syncs bare
	on bare task add "Say hello" >/dev/null
	syncs bare
	agree bare
}

test_the_policy_of_a_clone_says_which_remote() {
	remote_fresh
	factory_hub
	git clone -q "$HUBS/hub.git" "$TMP/c"
	syncs c
	agree c
	git -C "$TMP/c" config factory.remote none
	run on c sync
	status_is 128
	err_like 'no remote is named'
}

test_dry_run_moves_nothing() {
	remote_fresh
	factory_hub
	node a "$HUBS/hub.git"
	syncs a
	on a task add "Say hello" >/dev/null
	before=$(git -C "$HUBS/hub.git" for-each-ref; git -C "$TMP/a" for-each-ref)
	run on a sync -n
	status_is 0
	out_like '^would send 1 commit'
	is "$(git -C "$HUBS/hub.git" for-each-ref; git -C "$TMP/a" for-each-ref)" "$before"
}

test_a_file_carries_what_a_push_would() {
	remote_fresh
	factory_hub
	node a "$HUBS/hub.git"
	node b "$HUBS/hub.git"
	syncs a
	syncs b
	id=$(on a task add "Say hello")
	run on a sync --export "$TMP/out.bundle"
	status_is 0
	out_like '^exported 1 commit'
	like "$(git -C "$TMP/b" bundle list-heads "$TMP/out.bundle")" ' refs/factory/transaction$'
	git -C "$TMP/b" bundle verify -q "$TMP/out.bundle"
	isnt "$(state_of "$HUBS/hub.git")" "$(state_of "$TMP/a")"
	run on b sync --apply "$TMP/out.bundle"
	status_is 0
	agree a
	run on b sync --apply "$TMP/out.bundle"
	status_is 0
	on a task add "More" >/dev/null
	syncs a
	run on b sync --apply "$TMP/out.bundle"
	status_is 128
	err_like 'not where the file expects it'
	syncs b
	like "$(on b task list)" "$id"
	run on a sync --export "$TMP/none.bundle"
	status_is 0
	missing "$TMP/none.bundle"
}

# A run without the right to push branches, and a process that has it.
test_a_run_hands_its_delivery_to_another_process() {
	remote_fresh
	factory_hub
	(
		cd "$TMP/seed"
		for block in '{"id":"a","name":"write_file","input":{"path":"done","content":"yes\n"}}' \
			'{"id":"b","name":"finish","input":{"summary":"It is done"}}'; do
			printf '{"reply":{"stop":"tools","blocks":[%s]},"usage":{"in":100,"out":10}}\n' "$block"
		done >.factory/session.jsonl
		cat >.factory/config.yml <<-'YML'
			version: 1
			agent: demo
			models:
			  demo: {provider: recorded, model: recorded, recording: .factory/session.jsonl}
			agents:
			  demo: {kind: builtin, model: demo}
			gates: none
			state: {remote: origin}
		YML
		git add .factory && git commit -qm 'A sample' && git push -q origin main
	)
	node worker "$HUBS/hub.git"
	node deliverer "$HUBS/hub.git"
	syncs worker
	id=$(on worker task add "Do it")
	syncs worker
	# shellcheck disable=SC2016
	printf '#!/bin/sh\ncase $1 in refs/heads/factory/*) [ -e "%s" ] ;; esac\n' "$TMP/may" >"$HUBS/hub.git/hooks/update"
	chmod +x "$HUBS/hub.git/hooks/update"
	run on worker run -q --export "$TMP/step.bundle" --json "$id"
	status_is 0
	the_run=$(json "$OUT" .id)
	is "$(git -C "$HUBS/hub.git" for-each-ref refs/heads/factory refs/factory/runs)" ""
	like "$(git -C "$HUBS/hub.git" for-each-ref)" "refs/factory/leases/$id"
	: >"$TMP/may"
	run on deliverer sync --apply "$TMP/step.bundle"
	status_is 128
	err_like "say so: '--run $the_run'"
	run on deliverer sync --apply "$TMP/step.bundle" --run "$the_run"
	status_is 0
	like "$(git -C "$HUBS/hub.git" for-each-ref)" "refs/heads/factory/$id-do-it"
	syncs deliverer
	is "$(on deliverer task show --json "$id" | jq -r .state)" delivered
	is "$(on deliverer pr list --json | jq -r '.[].task')" "$id"
	is "$(git -C "$HUBS/hub.git" for-each-ref refs/factory/leases refs/factory/runs)" ""
	syncs worker
	agree worker deliverer
}

test_security_a_file_moves_only_what_it_may() {
	remote_fresh
	factory_hub
	node a "$HUBS/hub.git"
	syncs a
	on a task add "Say hello" >/dev/null
	on a sync --export "$TMP/good.bundle" >/dev/null
	syncs a
	before=$(git -C "$HUBS/hub.git" for-each-ref)
	main=$(git -C "$TMP/a" rev-parse main)
	zero=0000000000000000000000000000000000000000
	for ref in refs/heads/main refs/heads/factory/k3xq7abc-x refs/tags/v1 refs/factory/leases/k3xq7abc \
		refs/factory/runs/k3yzabcd HEAD --mirror refs/heads/a..b; do
		for old in $zero "$main"; do
			new=$(git -C "$TMP/a" rev-parse refs/factory/state)
			blob=$(printf '{"version":1,"run":"","refs":[{"name":"%s","old":"%s","new":"%s"}]}' "$ref" "$old" "$new" |
				git -C "$TMP/a" hash-object -w --stdin)
			{
				printf '# v2 git bundle\n%s refs/factory/transaction\n\n' "$blob"
				printf '%s\n%s\n' "$blob" "$new" | git -C "$TMP/a" pack-objects --revs --stdout -q
			} >"$TMP/evil.bundle"
			run on a sync --apply "$TMP/evil.bundle"
			status_is 128
			is "$(git -C "$HUBS/hub.git" for-each-ref)" "$before"
		done
	done
	head -c 300 "$TMP/good.bundle" >"$TMP/cut.bundle"
	run on a sync --apply "$TMP/cut.bundle"
	status_is 128
	run on a sync --apply README
	status_is 128
	err_like 'no transaction of git factory'
	is "$(git -C "$HUBS/hub.git" for-each-ref)" "$before"
}

test_security_no_password_is_told() {
	remote_fresh
	factory_hub
	serve_http ada:geheim7
	node a "$HUBS/hub.git"
	syncs a
	on a task add "Say hello" >/dev/null
	git -C "$TMP/a" remote set-url origin "http://ada:wrong9@127.0.0.1:${HTTP##*:}/hub.git"
	run on a sync
	status_is 128
	err_unlike wrong9
	git -C "$TMP/a" remote set-url origin "http://ada:wrong9@127.0.0.1:1/hub.git"
	run on a sync --json
	status_is 128
	out_unlike wrong9
	is "$(json "$OUT" .error.word)" network
}

test_security_no_file_of_a_clone_says_where_to() {
	remote_fresh
	factory_hub
	serve_http
	node a "$HUBS/hub.git"
	git -C "$TMP/a" config --unset factory.remote
	for remote in "$HTTP/hub.git" "$HUBS/hub.git" '--upload-pack=touch pwned' 'ext::sh -c touch% pwned' ../hubs/hub.git; do
		(cd "$TMP/a" && printf 'version: 1\ngates: none\nstate:\n  remote: "%s"\n' "$remote" >.factory/config.yml &&
			git commit -q -am "Go there")
		run on a sync
		status_is 128
	done
	(cd "$TMP/a" && git checkout -q origin/main -- .factory && printf '[url "%s/"]\n\tinsteadOf = %s/\n' "$HTTP" "$HUBS" >.gitconfig &&
		cp .gitconfig .factory/gitconfig && git add . && git commit -q -m "Read me")
	syncs a
	missing "$TMP/a/pwned"
	missing "$HTTP_LOG"
}

run_tests
