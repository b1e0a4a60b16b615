#!/bin/sh
# What a run delivers through a remote: folded into the state once, and landed.
. "${0%/*}/../lib.sh"
. "${0%/*}/../share.sh"

test_a_run_is_delivered_and_folded() {
	share
	cd "$TMP/a"
	run git factory run "$id"
	status_is 0
	out_like 'delivered as pull request 1'
	is "$(on_hub for-each-ref --format='%(refname)' refs/factory/leases refs/factory/runs)" ""
	like "$(on_hub for-each-ref --format='%(refname)' refs/heads/factory)" "refs/heads/factory/$id-do-it"
	is "$(state_of a)" delivered
	is "$(git for-each-ref refs/factory/leases)" ""
	cd "$TMP/b"
	ok git factory sync >"$OUT"
	is "$(state_of b)" delivered
	like "$(git factory pr list)" 'Do it'
	on_hub log --notes=factory -1 "factory/$id-do-it" >"$OUT"
	out_like '"event":"attempt"'
	like "$(git factory log)" delivered
}

# A fetch reads leases before runs: a fold that saw the run beside the lease as
# it was before leaves the ended lease, and the next one takes it away.
test_an_ended_lease_that_stayed_is_swept() {
	share
	in_clone a git factory run -q "$id" >"$OUT"
	cd "$TMP/a"
	left=$(git cat-file --batch-all-objects --batch-check='%(objecttype) %(objectname)' |
		sed -n 's/^commit //p' | while read -r o; do
		git cat-file commit "$o" | grep -q '^Ended: ' && echo "$o"
	done | head -n 1)
	ok git push -q origin "$left:refs/factory/leases/$id"
	cd "$TMP/b"
	ok git factory sync >"$OUT"
	is "$(on_hub for-each-ref refs/factory/leases)" ""
	is "$(state_of b)" delivered
}

test_another_clone_lands_it() {
	share
	in_clone a git factory run -q "$id" >"$OUT"
	cd "$TMP/b"
	run git factory pr merge 1
	status_is 0
	is "$(on_hub show main:done)" yes
	is "$(git rev-parse main)" "$(on_hub rev-parse main)"
	is "$(cat ./done)" yes
	is "$(on_hub for-each-ref refs/heads/factory)" ""
	is "$(state_of b)" landed
	on_hub log --notes=factory -1 main >"$OUT"
	out_like '"event":"landed"'
	cd "$TMP/a"
	run git factory pr merge 1
	status_is 1
	err_like 'is merged'
	is "$(state_of a)" landed
	is "$(git rev-parse main)" "$(on_hub rev-parse main~1)"
	# A new run starts from the base as the remote has it.
	git factory sync >"$OUT"
	other=$(git factory task add "Do it again" 2>"$ERR")
	run git factory run -q --json "$other"
	is "$(json "$OUT" .base)" "$(on_hub rev-parse main)"
}

test_a_clone_with_commits_of_its_own_still_lands() {
	share
	in_clone a git factory run -q "$id" >"$OUT"
	cd "$TMP/b"
	commit mine 'not pushed'
	before=$(git rev-parse main)
	run git factory pr merge 1
	status_is 0
	err_like "stays where it is"
	is "$(git rev-parse main)" "$before"
	is "$(on_hub show main:done)" yes
}

test_a_base_that_moves_while_it_lands_is_gated_again() {
	share 1
	in_clone a git factory run -q "$id" >"$OUT"
	cd "$TMP/c"
	commit first 'pushed before'
	git push -q origin main
	cd "$TMP/b"
	git factory pr merge 1 >"$OUT" 2>"$ERR" &
	pid=$!
	sleep 0.7
	cd "$TMP/c"
	commit second 'pushed while the gates ran'
	git push -q origin main
	wait "$pid"
	is "$(on_hub ls-tree --name-only main first second "done" | tr '\n' ' ')" 'done first second '
	is "$(on_hub rev-list --count main)" 5
	is "$(state_of b)" landed
}

test_a_person_closes_it_elsewhere() {
	share
	in_clone a git factory run -q "$id" >"$OUT"
	in_clone b git factory pr close 1 >"$OUT"
	cd "$TMP/a"
	git factory sync >"$OUT"
	is "$(state_of a)" escalated
	is "$(git factory pr show --json 1 | jq -r .state)" closed
}

# A hook that says when the state is pushed, and refuses it: a claim's own look
# has nothing to push.
refuse_state() {
	cat >"$TMP/hub/hooks/pre-receive" <<-'SH'
		#!/bin/sh
		grep -q refs/factory/state || exit 0
		touch reached
		sleep 1
		exit 1
	SH
	chmod +x "$TMP/hub/hooks/pre-receive"
}

test_a_run_killed_before_it_was_folded_is_folded_by_another() {
	share
	refuse_state
	cd "$TMP/a"
	git-factory run "$id" >"$TMP/out.a" 2>"$TMP/err.a" &
	pid=$!
	for _ in $(seq 200); do
		[ ! -f "$TMP/hub/reached" ] || break
		sleep 0.05
	done
	kill -KILL "$pid"
	wait "$pid" || :
	rm "$TMP/hub/hooks/pre-receive"
	run_ref=$(on_hub for-each-ref --format='%(refname)' refs/factory/runs)
	like "$run_ref" 'refs/factory/runs/[a-z2-7]{8}$'
	# Nobody takes the task, however long that lasts.
	cd "$TMP/c"
	git factory sync -n >"$OUT"
	run git factory run -q "$id"
	status_is 128
	err_like 'was worked on meanwhile'
	is "$(on_hub for-each-ref refs/factory/runs refs/factory/leases)" ""
	is "$(on_hub ls-tree -r --name-only refs/factory/state runs/ | sed 's|.*/||')" "${run_ref##*/}.json"
	is "$(state_of c)" delivered
	# The one that was killed finds its run ended.
	cd "$TMP/a"
	run git factory run --json -q "$id"
	status_is 0
	is "$(json "$OUT" .id)" "${run_ref##*/}"
	is "$(json "$OUT" .pull)" 1
	is "$(on_hub for-each-ref refs/factory/pulls | wc -l)" 1
	git factory sync >"$OUT"
	out_is 'nothing to exchange'
}

test_a_fold_that_is_refused_is_told_and_made_up_for() {
	share
	refuse_state
	cd "$TMP/a"
	run git factory run "$id"
	status_is 0
	err_like "becomes part of the state there with the next"
	rm "$TMP/hub/hooks/pre-receive"
	cd "$TMP/b"
	run git factory sync
	out_like 'folded 1 finished run'
	run git factory sync
	out_is 'nothing to exchange'
	is "$(state_of b)" delivered
	cd "$TMP/a"
	git factory sync >"$OUT"
	is "$(state_of a)" delivered
	is "$(git rev-parse refs/factory/state)" "$(on_hub rev-parse refs/factory/state)"
}

# A remote that could not list its refs says that it has none.
test_a_fold_that_saw_nothing_is_told() {
	share
	on_hub config uploadpack.hideRefs refs/factory/runs
	cd "$TMP/a"
	run git factory run "$id"
	status_is 0
	err_like 'becomes part of the state there with the next'
	on_hub config --unset uploadpack.hideRefs
	run git factory sync
	out_like 'folded 1 finished run'
	is "$(state_of a)" delivered
}

# One reason, once: nothing is begun for a remote that is not there by name.
test_work_where_the_remote_is_not_there() {
	share
	cd "$TMP/a"
	git remote set-url origin "$TMP/nowhere.git"
	git factory task close "$id" >/dev/null 2>&1
	run git factory work --until-empty -q
	status_is 128
	is "$(grep -c 'does not appear to be a git repository' "$ERR")" 1
	is "$(tail -n 2 "$ERR")" "fatal: an exchange with the remote failed (repository), for what is said above
hint: mend that; 'git factory sync' does what is left"
	git config factory.remote nosuch
	run git factory work --until-empty
	status_is 128
	is "$(head -n 1 "$ERR")" "fatal: there is no remote 'nosuch' in this repository"
}

test_a_node_whose_exchange_failed_says_so() {
	share
	refuse_state
	cd "$TMP/a"
	run git factory work --once -q
	status_is 128
	err_like '^note: not exchanged with the remote: .*refused'
	err_like '^fatal: an exchange with the remote failed .denied., for what is said above'
	is "$(grep -c refused "$ERR")" 1
	rm "$TMP/hub/hooks/pre-receive"
	ok git factory sync -q
	is "$(state_of a)" delivered
	is "$(on_hub for-each-ref refs/factory/nodes refs/factory/leases)" ""
	# One that failed on the way is no matter when all is told in the end.
	git factory task add 'And that' >"$OUT"
	touch "$TMP/hub/refuse"
	printf '#!/bin/sh\n[ ! -e refuse ] || { rm refuse; exit 1; }\n' >"$TMP/hub/hooks/pre-receive"
	chmod +x "$TMP/hub/hooks/pre-receive"
	run git factory work --once -q
	status_is 0
	err_like 'not exchanged with the remote'
	missing "$TMP/hub/refuse"
	is "$(git -C "$TMP/hub" for-each-ref refs/heads/factory | wc -l)" 2
}

# It was stopped between telling the remote and noting that it did.
test_a_node_takes_back_what_it_did_not_note() {
	share 2
	cd "$TMP/a"
	git factory work --once -q &
	pid=$!
	until_hub refs/factory/leases/
	ok git update-ref -d refs/factory/announced
	ok wait $pid
	is "$(on_hub for-each-ref refs/factory/nodes refs/factory/leases)" ""
	is "$(state_of a)" delivered
}

# What the supervisor starts after runs.
test_a_publisher_folds_only_what_still_waits() {
	share
	refuse_state
	in_clone a git factory run -q "$id" >"$OUT"
	rm "$TMP/hub/hooks/pre-receive"
	ended=$(on_hub for-each-ref --format='%(refname:lstrip=3)' refs/factory/runs)
	cd "$TMP/a"
	mkdir -p .git/factory/waiting
	: >".git/factory/waiting/$ended"
	ok "$BUILD/git-factory" --publisher >"$OUT"
	is "$(on_hub for-each-ref refs/factory/runs refs/factory/leases)" ""
	is "$(state_of a)" delivered
	is "$(ls .git/factory/waiting)" ""
	# Another has folded it: what else is new there can wait for a sync.
	: >".git/factory/waiting/$ended"
	cd "$TMP/b"
	git factory task add "Other" >"$OUT" 2>&1
	ok git factory sync -q
	cd "$TMP/a"
	before=$(git rev-parse refs/factory/state)
	ok "$BUILD/git-factory" --publisher >"$OUT"
	is "$(git rev-parse refs/factory/state)" "$before"
	is "$(ls .git/factory/waiting)" ""
	# With nothing of its own the remote is not even asked.
	mv "$TMP/hub" "$TMP/hub.away"
	ok "$BUILD/git-factory" --publisher >"$OUT"
	mv "$TMP/hub.away" "$TMP/hub"
}

# Depth 1 and one branch: enough to run, to deliver and to land what was made there.
test_a_clone_as_ci_makes_it_runs_and_lands() {
	share
	in_clone b git factory task add 'And that' >"$OUT"
	second=$(cut -c1-8 "$OUT")
	in_clone b git factory run -q "$second"
	in_clone b git commit -q --allow-empty -m 'The base goes on'
	in_clone b git push -q origin main
	git clone -q --depth 1 --single-branch "file://$TMP/hub" "$TMP/ci"
	cd "$TMP/ci"
	is "$(git rev-list --count HEAD)" 1
	run git factory task add 'Too early'
	status_is 1
	err_like "git factory sync"
	run git factory sync -q
	status_is 0
	run timeout 60 git factory work --once -q --json
	status_is 0
	is "$(json "$OUT" .delivered)" 1
	run git factory pr merge 2
	status_is 0
	is "$(on_hub show main:done)" yes
	# What was made on history that this clone lacks: one command brings it.
	run git factory pr merge 1
	status_is 128
	hint=$(sed -n "s/^hint: run '\(git fetch [^']*\)'.*/\1/p" "$ERR")
	isnt "$hint" ''
	$hint -q
	run git factory pr merge 1
	status_is 1
	err_like 'the base has all of pull request 1 already'
}

# What a clone has seen of the pull requests may be old when it folds a run.
test_a_number_that_another_node_took_is_not_taken_again() {
	share
	in_clone a git factory task add 'Do it again' >"$OUT"
	second=$(cut -c1-8 "$OUT")
	in_clone a git factory sync -q
	in_clone b git factory sync -q
	refuse_state
	in_clone a git factory run -q "$id" 2>"$ERR"
	rm "$TMP/hub/hooks/pre-receive"
	# It arrives only when b has delivered, too.
	on_hub for-each-ref --format='%(refname) %(objectname)' refs/factory/runs "refs/factory/leases/$id" >"$TMP/late"
	is "$(wc -l <"$TMP/late")" 2
	while read -r name _; do on_hub update-ref -d "$name"; done <"$TMP/late"
	in_clone b git factory run -q "$second"
	while read -r name oid; do on_hub update-ref "$name" "$oid"; done <"$TMP/late"
	cd "$TMP/a"
	run git factory sync
	status_is 0
	out_like 'folded 1 finished run'
	is "$(git factory pr list --json | jq -r '[.[] | .task] | join(" ")')" "$second $id"
	is "$(on_hub for-each-ref refs/factory/runs refs/factory/leases)" ''
	run git factory sync
	out_is 'nothing to exchange'
}

# The remote's git died after it had moved the pull request and the state, before
# main was; and so did whoever pushed.
test_a_landing_that_the_remote_did_by_half_is_brought_to_its_end() {
	share
	in_clone a git factory run -q "$id" >"$OUT"
	in_clone b git factory sync -q
	was=$(on_hub rev-parse main)
	cat >"$TMP/hub/hooks/reference-transaction" <<-SH
		#!/bin/sh
		[ "\$1" = committed ] && grep -q refs/heads/main || exit 0
		rm hooks/reference-transaction
		git update-ref refs/heads/main $was
		kill -9 \$(cat $TMP/pid) \$PPID
	SH
	chmod +x "$TMP/hub/hooks/reference-transaction"
	cd "$TMP/b"
	run sh -c 'echo $$ >"$1" && exec git-factory pr merge 1' - "$TMP/pid"
	status_is 137
	is "$(on_hub rev-parse main)" "$was"
	run git factory pr merge 1
	is "$(on_hub show main:done)" yes
	is "$(state_of b)" landed
	in_clone a git factory sync -q
	is "$(state_of a)" landed
	is "$(ls "$TMP/b/.git/factory/pushes")" ""
}

test_a_lock_that_the_remotes_git_left_is_told() {
	share
	cd "$TMP/a"
	mkdir -p "$TMP/hub/refs/factory/leases"
	: >"$TMP/hub/refs/factory/leases/$id.lock"
	run timeout 60 git factory work -q --once
	status_is 128
	err_like 'killed git left the lock: remove that file'
	err_like 'not all could run here .server.'
	rm "$TMP/hub/refs/factory/leases/$id.lock"
	ok git factory work -q --once
	is "$(state_of a)" delivered
}

# Of a ref that is in each exchange: no race that is lost, and lost for ever.
test_a_lock_left_on_the_nodes_own_ref_ends_a_cycle() {
	share
	cd "$TMP/a"
	git config factory.node.name first
	mkdir -p "$TMP/hub/refs/factory/nodes"
	: >"$TMP/hub/refs/factory/nodes/first.lock"
	run timeout 100 git factory work -q --once
	status_is 128
	err_like 'killed git left the lock: remove that file'
	err_like 'not all could run here .server.'
	is "$(on_hub for-each-ref refs/factory/leases)" ''
	rm "$TMP/hub/refs/factory/nodes/first.lock"
	ok git factory work -q --once
	is "$(state_of a)" delivered
}

# A git whose pushes arrive, and whose answers do not.
test_an_answer_that_is_lost_is_read_back() {
	share
	cat >"$TMP/git" <<-SH
		#!/bin/sh
		case " \$* " in *' push '*)
			PATH=\${PATH#*:} git "\$@" >/dev/null 2>&1
			echo 'fatal: the remote end hung up unexpectedly' >&2
			exit 128 ;;
		esac
		PATH=\${PATH#*:} exec git "\$@"
	SH
	mkdir -p "$TMP/bin"
	mv "$TMP/git" "$TMP/bin/git"
	chmod +x "$TMP/bin/git"
	cd "$TMP/a"
	PATH=$TMP/bin:$PATH run git-factory run --json -q "$id"
	status_is 0
	is "$(json "$OUT" .pull)" 1
	is "$(on_hub ls-tree -r --name-only refs/factory/state runs/ | wc -l)" 1
	is "$(on_hub for-each-ref refs/factory/runs refs/factory/leases)" ""
}

run_tests
