#!/bin/sh
# git factory work: many runs at once, supervised; git factory node.
. "${0%/*}/../lib.sh"
. "${0%/*}/../remote.sh"

# Where agents leave a trace: as root they run as somebody else.
SHARED=$TMP/shared

# policy AGENT [MORE]: the agent is a shell command; no sandbox unless asked.
policy() {
	rm -rf "$SHARED"
	mkdir -m 777 "$SHARED" "$SHARED/now"
	init >/dev/null
	git config factory.sandbox.mode none
	mkdir -p .factory
	cat >.factory/config.yml <<EOT
version: 1
base: main
agent: doer
agents:
  doer: {kind: command, command: [sh, -c, '$1']}
gates: none
${2:-}
EOT
	git add .factory
	git commit -q -m Policy
}

# tasks N: that many, urgent ones first as filed.
tasks() {
	i=0
	while [ $i -lt "$1" ]; do
		i=$((i + 1))
		git factory task add "Task $i" >/dev/null 2>&1 || return 1
	done
}

MAKE_FILE='date +%s%N >made-$(date +%s%N)'

# How many processes have this in their command line; the pattern must not match itself.
count_of() {
	grep -las -e "$1" /proc/[0-9]*/cmdline 2>/dev/null | wc -l
}
# within SECONDS CMD...: it comes true in time.
within() {
	left=$(($1 * 20))
	shift
	until "$@"; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.05
	done
}
none_of() { [ "$(count_of "$1")" = 0 ]; }
some_of() { [ "$(count_of "$1")" -gt 0 ]; }
PLAIN_INT='env --default-signal=INT'
INT=INT
$PLAIN_INT true 2>/dev/null || { PLAIN_INT='' INT=TERM; }
# A work command in the background: $pid is the guard's.
start_work() {
	# A shell starts what is in the background with SIGINT ignored.
	$PLAIN_INT "$BUILD/git-factory" work "$@" >"$TMP/work.out" 2>"$TMP/work.err" </dev/null &
	pid=$!
	# A test that fails leaves nobody at work.
	trap 'kill -TERM "$pid" 2>/dev/null && kill -TERM "$pid" 2>/dev/null && wait "$pid"; stop_servers' EXIT
}
supervisor_of() { cat /proc/"$1"/task/*/children | tr -d ' '; }
end_work() {
	wait "$pid" && status=0 || status=$?
	cp "$TMP/work.out" "$OUT"
	cp "$TMP/work.err" "$ERR"
}
states() { git factory task list --json | jq -r ".[] | .state" | sort | uniq -c | tr -s ' ' | tr '\n' ',' ; }

test_until_empty() {
	policy "$MAKE_FILE"
	tasks 5
	run git factory work --slots 2 --until-empty
	status_is 0
	out_is '5 delivered'
	err_like ': delivered after'
	is "$(states)" ' 5 delivered,'
	is "$(git for-each-ref refs/factory/leases refs/factory/nodes | wc -l)" 0
	run git factory work --until-empty --json
	status_is 0
	is "$(json "$OUT" '.delivered')" 0
}

test_lands_by_policy() {
	policy "$MAKE_FILE" 'merge: {auto: true}'
	tasks 6
	run git factory work --slots 2 --until-empty
	status_is 0
	out_is '6 landed'
	is "$(git rev-list --count --grep=Factory-Task main)" 6
}

# As git's own commands do at their end, and as it is configured.
test_git_may_pack_the_repository() {
	policy "$MAKE_FILE"
	for n in 1 2 3; do
		git commit -q --allow-empty -m "$n"
		git repack -q
	done
	git config gc.auto 6700
	git config gc.autoPackLimit 2
	packs() { find .git/objects/pack -name '*.pack' | wc -l; }
	is "$(packs)" 3
	git config maintenance.auto false
	ok git factory work --once >/dev/null 2>&1
	is "$(packs)" 3
	git config maintenance.auto true
	ok git factory work --once >/dev/null 2>&1
	is "$(packs)" 1
}

# This shell holds the turn to land, and there is a commit that the base does not hold yet.
hold_turn() {
	policy "$MAKE_FILE" 'merge: {auto: true}'
	sed -i "s|^gates: none|gates: {suite: {run: \"echo x >>$SHARED/gated\"}}|" .factory/config.yml
	git commit -qam 'A gate'
	exec 9>>.git/factory/land.lock
	flock 9
	tasks 1
	was=$(git rev-parse main)
	echo more >"more"
	git add more
	next=$(git commit-tree -p main -m Next "$(git write-tree)")
	git reset -q --hard
}
# A task that lands by itself, in the background, until it waits for its turn.
begin_run() {
	git factory run >"$OUT" 2>"$ERR" 9>&- &
	pid=$!
}
give_turn() {
	exec 9>&-
	wait $pid || fail "the run: $(cat "$OUT" "$ERR")"
	out_like '^landed as '
	is "$(git rev-parse 'main^{tree}')" "$(git factory pr show --json 1 | jq -r .tested)"
	like "$(git log -1 --format=%s refs/factory/state)" ': delivered and landed'
}
ran_gates() { [ "$(grep -c x "$SHARED/gated" 2>/dev/null)" = "$1" ]; }
at_its_end() { grep -q '"step":"end"' .git/factory/runs/*/journal.jsonl 2>/dev/null; }
proven_on() { jq -r 'select(.step == "gates").out.base' .git/factory/runs/*/journal.jsonl; }

test_what_lands_after_another_is_gated_on_it() {
	needs flock
	hold_turn
	begin_run
	within 30 at_its_end || fail "the run: $(cat "$OUT" "$ERR")"
	ran_gates 1 || fail 'the gates did not run once'
	ok git merge -q --ff-only "$next"
	give_turn
	ran_gates 2 || fail 'the gates did not run again'
	is "$(git rev-parse main^)" "$next"
}

test_what_is_proven_ahead_lands_on_the_landing_before_it() {
	needs flock
	hold_turn
	printf %s "$next" >&9
	begin_run
	within 30 ran_gates 1 || fail "the run: $(cat "$OUT" "$ERR")"
	git merge -q --ff-only "$next"
	give_turn
	ran_gates 1 || fail 'the gates ran again'
	is "$(proven_on)" "$next"
	is "$(git rev-parse main^)" "$next"
}

test_what_is_proven_ahead_of_a_landing_that_fails_is_proven_again() {
	needs flock
	hold_turn
	printf %s "$next" >&9
	begin_run
	within 30 ran_gates 1 || fail "the run: $(cat "$OUT" "$ERR")"
	give_turn
	ran_gates 2 || fail 'the gates did not run again'
	is "$(proven_on)" "$was"
	is "$(git rev-parse main^)" "$was"
}

test_capacity_is_never_exceeded() {
	policy "mkdir $SHARED/now/\$\$; ls $SHARED/now | wc -l >>$SHARED/counts; sleep 0.3; rmdir $SHARED/now/\$\$; $MAKE_FILE"
	tasks 9
	run git factory work --slots 3 --until-empty -q
	status_is 0
	is "$(wc -l <"$SHARED/counts")" 9
	is "$(sort -n "$SHARED/counts" | tail -n 1 | tr -d ' ')" 3
}

test_two_supervisors_share_a_repository() {
	policy "echo x >>$SHARED/starts; sleep 0.2; $MAKE_FILE"
	tasks 8
	start_work --slots 2 --until-empty
	run git factory work --slots 2 --until-empty
	status_is 0
	end_work
	status_is 0
	is "$(states)" ' 8 delivered,'
	is "$(wc -l <"$SHARED/starts")" 8
}

test_one_run_at_a_time_where_policy_says_so() {
	policy "mkdir $SHARED/now/\$\$; ls $SHARED/now | wc -l >>$SHARED/counts; sleep 0.2; rmdir $SHARED/now/\$\$; $MAKE_FILE" \
		'limits: {parallel: 1}'
	tasks 4
	start_work --slots 3 --until-empty
	run git factory work --slots 3 --until-empty
	status_is 0
	end_work
	status_is 0
	is "$(states)" ' 4 delivered,'
	is "$(sort -n "$SHARED/counts" | tail -n 1 | tr -d ' ')" 1
}

test_once_and_max() {
	policy "$MAKE_FILE"
	tasks 6
	run git factory work --slots 2 --once
	status_is 0
	out_is '2 delivered'
	run git factory work --slots 2 --once --max 3
	status_is 0
	out_is '3 delivered'
	run git factory work --max 3
	status_is 129
	err_like 'max is for a cycle'
}

# A timer starts the next cycle: what comes later is left to that.
test_once_waits_for_nothing() {
	policy "exit 3"
	tasks 2
	run timeout 60 git factory work --slots 3 --once
	status_is 0
	out_is '2 waiting'
	is "$(states)" ' 2 waiting,'
	run timeout 60 git factory work --once
	status_is 0
	out_is 'nothing ran'
	# The clock of these tests stands at midnight.
	tasks 1
	run timeout 60 git factory work --once --hours 06:00-22:00
	status_is 0
	out_is 'nothing ran'
	# Until it is empty, both are waited for, but not for ever.
	run timeout 60 git factory work --until-empty --for 2s -q
	status_is 0
	is "$(states)" ' 3 waiting,'
}

# A git that was killed here left it: no other is faster, and nobody gives it back.
test_a_lock_that_stays_is_told() {
	policy "$MAKE_FILE"
	tasks 1
	id=$(git factory task next)
	mkdir -p .git/refs/factory/leases
	lock=.git/refs/factory/leases/$id.lock
	: >"$lock"
	run timeout 30 git factory work --once
	status_is 128
	out_is 'nothing ran'
	err_like "remove '.*/$lock'"
	err_like 'not all could run here .locked.'
	# Others run, and until it is empty it is tried again.
	tasks 1
	run timeout 30 git factory work --until-empty --for 10s
	status_is 128
	out_is '1 delivered'
	rm "$lock"
	: >.git/refs/factory/state.lock
	run timeout 60 git factory work --until-empty
	status_is 128
	out_is '1 waiting'
	err_like "remove '.*/refs/factory/state.lock'"
	rm .git/refs/factory/state.lock
	ok git factory work --until-empty -q
	is "$(states)" ' 2 delivered,'
}

# The process in which a write failed cannot go on; the next cycle may.
test_a_disk_that_fails_ends_a_cycle() {
	needs strace
	policy "$MAKE_FILE"
	tasks 1
	id=$(git factory task next)
	run timeout 30 strace -f -o /dev/null -e trace=sync_file_range,fsync -P "$PWD/.git/refs/factory/leases/$id.lock" \
		-e inject=sync_file_range,fsync:error=EIO git-factory work --once
	status_is 128
	out_is 'nothing ran'
	err_like 'Input/output error'
	err_like 'not all could run here .io.'
	ok git factory work --once -q
	is "$(states)" ' 1 delivered,'
}

test_options_that_make_no_sense() {
	policy "$MAKE_FILE"
	while read -r said words; do
		# shellcheck disable=SC2086
		run git factory work $words
		status_is 129
		err_like "$said"
	done <<-'EOT'
		.--for.must.be.a.span --for soon
		.--for.must.be.a.span --for 0s
		.--for.must.be.a.span --for -1h
		.--every.must.be.a.span --every 2
		.--interval.must.be.a.span --interval 0s
		.--interval.must.be.a.span --interval 999999999999h
		slots.*1 --slots 0
		slots.*1 --slots -3
		slots.*1 --slots many
		max.*1 --max 0 --once
		hours.must.be.like --hours 22
		hours.must.be.like --hours 06:00-25:00
		hours.must.be.like --hours 06:00-22:00-23:00
		.--once.is.one.cycle --once --every 2h
		.--max.is.for.a.cycle --max 3 --until-empty
		too.many.arguments --once now
	EOT
	git config factory.node.hours whenever
	run git factory work --once
	isnt "$status" 0
	err_like "node.hours.*06:00-22:00"
	git config factory.node.hours 06:00-22:00
	git config factory.node.slots 0
	run git factory work --once
	isnt "$status" 0
	err_like "node.slots"
}

test_hours() {
	# The clock of these tests stands at midnight UTC.
	policy "$MAKE_FILE"
	tasks 1
	run git factory work --hours 06:00-22:00 --for 1s
	status_is 0
	out_is 'nothing ran'
	git config factory.node.hours 01:00-02:00
	run git factory work --for 1s
	out_is 'nothing ran'
	run git factory work --hours 23:00-01:00 --until-empty
	status_is 0
	out_is '1 delivered'
	run git factory work --hours 6-22
	status_is 129
	err_like '06:00-22:00'
}

test_needs() {
	policy "$MAKE_FILE"
	run git factory task add --need gpu 'Train'
	status_is 0
	id=$(cut -c1-8 <"$OUT")
	git factory task add --need "os:$(uname -s | tr 'A-Z' 'a-z')" --need tool:sh 'Plain' >/dev/null 2>&1
	run git factory status
	out_like "waiting +$id"
	out_like 'needs gpu: no node has it'
	out_like '^1 ready, 1 waiting'
	run git factory task show "$id" --json
	is "$(json "$OUT" '.ready, .why' | tr '\n' ' ')" 'false needs gpu: no node has it '
	run git factory work --until-empty
	status_is 0
	out_is '1 delivered'
	run git factory task next
	status_is 1
	err_like '1 in need of another node'
	run git factory run "$id"
	status_is 1
	err_like 'needs gpu'
	git config --add factory.node.labels gpu
	run git factory task next
	status_is 0
	run git factory work --until-empty
	out_is '1 delivered'
}

test_node_list() {
	policy "sleep 1; $MAKE_FILE"
	git config factory.node.name attic
	git config factory.node.labels 'gpu, tape'
	tasks 1
	start_work --slots 2 --until-empty
	within 10 sh -c 'git factory node list | grep -q "run .*attempt 1"'
	run git factory node list
	out_like '^attic  alive  1 of 2 slots'
	out_like 'has gpu, tape, '
	out_like 'attempt 1, since .*Task 1'
	run git factory node list --json
	is "$(json "$OUT" '.[0] | .name, .state, .slots, .labels[0], .pid, .runs[0].attempt' | tr '\n' ' ')" \
		"attic alive 2 gpu $pid 1 "
	end_work
	status_is 0
	run git factory node list
	out_like 'No node is at work'
	git factory task add Another >/dev/null 2>&1
	start_work --slots 1
	within 10 sh -c 'git factory node list | grep -q attempt'
	kill -9 "$pid"
	within 10 sh -c 'git factory node list | grep -q "^attic  gone"'
}

# What is left when a run is over: one in a session of its own that ignores
# signals, one that left its parent twice.
brood() { # N: told from those of other tests and of other runs of this file
	LONG=300.$1$$
	LEFT="300[.]$1$$"
	BROOD="setsid sh -c \"trap : TERM INT HUP; sleep $LONG; sleep $LONG\" >/dev/null 2>&1 & (setsid sh -c \"(setsid sleep $LONG >/dev/null 2>&1 &)\" &) ; sleep 0.3"
}

test_security_nothing_survives_a_run_that_ends() {
	[ "$PLATFORM" = Linux ] || skip 'needs Linux'
	brood 1
	policy "$BROOD; $MAKE_FILE"
	tasks 1
	run git factory work --until-empty
	out_is '1 delivered'
	none_of "$LEFT" || fail "$(count_of "$LEFT") survive"
	tasks 1
	run git factory run -q
	status_is 0
	none_of "$LEFT" || fail "$(count_of "$LEFT") survive a run by hand"
}

# By hand there is no supervisor: what stands between the run and the command sees to it.
test_security_nothing_survives_a_run_by_hand_that_is_killed() {
	[ "$PLATFORM" = Linux ] || skip 'needs Linux'
	brood 3
	policy "$BROOD; touch $SHARED/there; trap : TERM INT HUP; sleep $LONG; sleep $LONG"
	tasks 1
	"$BUILD/git-factory" run -q >/dev/null 2>&1 &
	pid=$!
	within 10 test -e "$SHARED/there"
	some_of "$LEFT"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || :
	within 5 none_of "$LEFT" || fail "$(count_of "$LEFT") survive"
	# One that left its gate behind is not let go by the gate's end either.
	policy "$MAKE_FILE"
	sed -i '/^gates:/d' .factory/config.yml
	printf '%s\n' "gates: {one: {run: '$BROOD'}, two: {run: 'touch $SHARED/gate; sleep $LONG'}}" >>.factory/config.yml
	git commit -qam 'Gates that leave something'
	"$BUILD/git-factory" run --fresh -q >/dev/null 2>&1 &
	pid=$!
	within 10 test -e "$SHARED/gate"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || :
	within 5 none_of "$LEFT" || fail "$(count_of "$LEFT") survive their gate"
}

test_security_nothing_survives_the_deadline() {
	[ "$PLATFORM" = Linux ] || skip 'needs Linux'
	brood 2
	policy "$BROOD; touch $SHARED/there; sleep $LONG" 'retry: {timeout: {max: 0}}'
	git config factory.limits.timeout 2s
	tasks 1
	start_work --once
	within 10 test -e "$SHARED/there"
	some_of "$LEFT"
	end_work
	none_of "$LEFT" || fail "$(count_of "$LEFT") survive"
	is "$(states)" ' 1 escalated,'
	is "$(git factory task list --json | jq -r '.[0].error')" timeout
}

# The same in the sandbox, where the kernel does it.
test_security_nothing_survives_the_deadline_in_the_sandbox() {
	[ "$PLATFORM" = Linux ] || skip 'needs Linux'
	brood 3
	policy "$BROOD; sleep $LONG" 'retry: {timeout: {max: 0}}'
	git config factory.sandbox.mode bwrap
	git config factory.limits.timeout 3s
	tasks 1
	start_work --once
	within 10 some_of "$LEFT"
	end_work
	none_of "$LEFT" || fail "$(count_of "$LEFT") survive"
	is "$(states)" ' 1 escalated,'
}

# Each command's sandbox leaves a dead process to the worker.
test_the_dead_are_reaped() {
	[ "$PLATFORM" = Linux ] || skip 'needs Linux'
	needs bwrap
	policy true
	ok git config factory.sandbox.mode bwrap
	say='{"reply":{"stop":"tools","blocks":[{"id":"a","name":"%s","input":{%s}}]},"usage":{"in":1,"out":1}}\n'
	for i in 1 2 3 4 5 6 7 8; do
		# shellcheck disable=SC2059
		printf "$say" run "\"command\":\"echo $i >f\""
	done >.factory/session.jsonl
	# shellcheck disable=SC2059
	printf "$say$say" run '"command":"sleep 2"' finish '"summary":"done"' >>.factory/session.jsonl
	sed -i -e 's/^agent: .*/agent: m/' -e 's/^agents:/&\n  m: {kind: builtin, model: m}/' .factory/config.yml
	echo 'models: {m: {provider: recorded, model: m, recording: .factory/session.jsonl}}' >>.factory/config.yml
	git add .factory
	git commit -q -m Session
	tasks 1
	start_work --once --slots 1
	within 10 sh -c 'ls .git/factory/runs/*/journal.jsonl && [ "$(grep -c "\"step\":\"run\"" .git/factory/runs/*/journal.jsonl)" = 8 ]'
	worker=$(supervisor_of "$(supervisor_of "$pid")")
	dead=$(grep -las '^State:.Z' /proc/[0-9]*/status | xargs grep -ls "^PPid:.$worker\$" | wc -l)
	end_work
	out_is '1 delivered'
	[ "$dead" -le 1 ] || fail "$dead dead children"
}

# A worker that can end nothing itself any more.
test_security_a_worker_that_hangs_is_killed() {
	[ "$PLATFORM" = Linux ] || skip 'needs Linux'
	brood 4
	policy "$BROOD; sleep $LONG" 'retry: {timeout: {max: 0}}'
	git config factory.limits.heartbeat 1s
	tasks 1
	start_work --once --slots 1
	within 10 some_of "$LEFT"
	supervisor=$(supervisor_of "$pid")
	kill -STOP "$(supervisor_of "$supervisor")"
	end_work
	out_like '1 killed'
	err_like 'killed, for it showed no progress'
	none_of "$LEFT" || fail "$(count_of "$LEFT") survive"
	is "$(states)" ' 1 escalated,'
	is "$(git factory task list --json | jq -r '.[0].error')" timeout
}

test_security_workers_die_with_the_supervisor() {
	[ "$PLATFORM" = Linux ] || skip 'needs Linux'
	brood 5
	policy "$BROOD; touch $SHARED/there; sleep $LONG"
	tasks 2
	start_work --slots 2
	within 10 test -e "$SHARED/there"
	supervisor=$(supervisor_of "$pid")
	kill -9 "$supervisor"
	end_work
	status_is 128
	err_like 'killed by signal 9'
	none_of "$LEFT" || fail "$(count_of "$LEFT") survive"
	none_of '[-]-node-pid='"$pid" || fail 'a worker survives'
}

test_security_workers_die_with_the_guard() {
	[ "$PLATFORM" = Linux ] || skip 'needs Linux'
	brood 6
	policy "if test -e $SHARED/there; then $MAKE_FILE; else $BROOD; touch $SHARED/there; sleep $LONG; fi"
	tasks 1
	start_work --slots 2
	within 10 test -e "$SHARED/there"
	kill -9 "$pid"
	within 10 none_of "$LEFT" || fail "$(count_of "$LEFT") survive"
	within 10 none_of '[-]-node-pid='"$pid" || fail 'a worker survives'
	# The next start goes on with the same run.
	run git factory work --until-empty
	status_is 0
	out_is '1 delivered'
}

test_first_signal_drains() {
	policy "touch $SHARED/there; sleep 1; $MAKE_FILE"
	tasks 3
	start_work --slots 1
	within 10 test -e "$SHARED/there"
	kill -$INT "$pid"
	end_work
	status_is 130
	err_like 'no more is started'
	out_is '1 delivered'
	is "$(states)" ' 1 delivered, 2 ready,'
}

test_second_signal_stops() {
	policy "touch $SHARED/there; sleep 2; $MAKE_FILE"
	tasks 1
	start_work --slots 1
	within 10 test -e "$SHARED/there"
	kill -$INT "$pid"
	within 5 grep -q 'no more' "$TMP/work.err"
	kill -$INT "$pid"
	end_work
	status_is 130
	err_like 'nothing is lost'
	is "$(states)" ' 1 ready,'
	run git factory work --until-empty
	status_is 0
	out_is '1 delivered'
}

test_a_dead_worker_is_replaced() {
	[ "$PLATFORM" = Linux ] || skip 'needs Linux'
	brood 7
	policy "test -e $SHARED/there || { touch $SHARED/there; sleep $LONG; }; $MAKE_FILE"
	tasks 1
	start_work --slots 1 --until-empty -q --json
	within 10 test -e "$SHARED/there"
	supervisor=$(supervisor_of "$pid")
	kill -9 "$(supervisor_of "$supervisor")"
	end_work
	status_is 0
	err_like 'its process ended in the middle'
	is "$(json "$OUT" '.delivered, .died' | xargs)" '1 1'
	none_of "$LEFT" || fail 'the agent survives'
}

test_new_work_is_seen() {
	policy "$MAKE_FILE"
	start_work --slots 1 --interval 1h
	sleep 3
	# With nothing to do there is no worker.
	is "$(supervisor_of "$(supervisor_of "$pid")")" ''
	tasks 1
	within 5 sh -c 'git factory status | grep -q "1 delivered"'
	kill -TERM "$pid"
	end_work
	status_is 130
	out_is '1 delivered'
}

test_this_machine_is_at_fault() {
	# Policy of a clone that nobody has trusted.
	policy "$MAKE_FILE" 'sandbox: {mode: none}'
	git config --unset factory.sandbox.mode
	tasks 2
	run git factory work --until-empty
	status_is 128
	err_like 'git factory trust'
	err_like 'no run can be started here'
	is "$(states)" ' 2 ready,'
}

# Once it runs again nothing is wrong any more.
test_this_machine_was_mended() {
	policy "$MAKE_FILE" 'sandbox: {mode: none}'
	git config --unset factory.sandbox.mode
	tasks 1
	start_work --slots 1 --for 8s
	within 5 grep -q 'no run can be started here' "$TMP/work.err"
	git factory trust >/dev/null
	tasks 1
	end_work
	status_is 0
	out_is '2 delivered'
}

test_several_cycles() {
	policy "$MAKE_FILE"
	tasks 4
	run git factory work --every 1s --max 1 --for 3500ms
	status_is 129
	run git factory work --every 2s --max 1 --for 3s
	status_is 0
	out_is '2 delivered'
}

# A hub with a policy, and two nodes that reach it by HTTP.
two_nodes() {
	remote_fresh
	factory_hub
	rm -rf "$SHARED"
	mkdir -m 777 "$SHARED"
	git -C "$TMP/seed" config factory.sandbox.mode none
	(
		cd "$TMP/seed" || exit
		cat >.factory/config.yml <<EOT
version: 1
base: main
agent: doer
agents:
  doer: {kind: command, command: [sh, -c, '$1']}
gates: none
state: {remote: origin}
EOT
		git commit -q -a -m Policy
		git push -q origin main
	)
	serve_http
	for two_name in a b; do
		node $two_name "$HTTP/hub.git"
		git -C "$TMP/$two_name" config factory.node.name $two_name
		git -C "$TMP/$two_name" config factory.sandbox.mode none
	done
}

one_at_a_time() {
	(
		cd "$TMP/seed" || exit
		echo 'limits: {parallel: 1}' >>.factory/config.yml
		git commit -q -a -m 'One at a time'
		git push -q origin main
		git -C "$TMP/a" pull -q
		git -C "$TMP/b" pull -q
	)
}

test_two_nodes_share_a_remote() {
	two_nodes "echo x >>$SHARED/starts; sleep 0.3; $MAKE_FILE"
	cd "$TMP/a"
	git factory sync -q
	tasks 6
	git factory sync -q
	git -C "$TMP/b" factory sync -q
	"$BUILD/git-factory" work --slots 2 --until-empty >"$TMP/a.out" 2>&1 &
	a=$!
	cd "$TMP/b"
	run git factory work --slots 2 --until-empty
	status_is 0
	wait $a || fail "$(cat "$TMP/a.out")"
	is "$(wc -l <"$SHARED/starts")" 6
	for clone in a b; do
		cd "$TMP/$clone"
		git factory sync -q
		is "$(states)" ' 6 delivered,'
	done
	# Both had a part in it.
	git factory log --json >"$TMP/log.json"
	is "$(jq -r '.[].node' "$TMP/log.json" | sort -u | tr '\n' ' ')" 'a b '
	is "$(git -C "$HUBS/hub.git" for-each-ref refs/factory/leases refs/factory/runs | wc -l)" 0
	is "$(git -C "$HUBS/hub.git" for-each-ref refs/heads/factory | wc -l)" 6
}

test_one_run_at_a_time_on_all_nodes() {
	two_nodes "mkdir $SHARED/now/\$\$; ls $SHARED/now | wc -l >>$SHARED/counts; sleep 0.3; rmdir $SHARED/now/\$\$; $MAKE_FILE"
	mkdir -m 777 "$SHARED/now"
	one_at_a_time
	cd "$TMP/a"
	git factory sync -q
	tasks 3
	git factory sync -q
	git -C "$TMP/b" factory sync -q
	"$BUILD/git-factory" work --slots 2 --until-empty >"$TMP/a.out" 2>&1 &
	a=$!
	cd "$TMP/b"
	run git factory work --slots 2 --until-empty
	status_is 0
	wait $a || fail "$(cat "$TMP/a.out")"
	is "$(sort -n "$SHARED/counts" | tail -n 1 | tr -d ' ')" 1
	is "$(wc -l <"$SHARED/counts")" 3
	git factory sync -q
	is "$(states)" ' 3 delivered,'
}

# What a node gave up it still sees as taken until it looks again: that is no end of its work.
test_until_empty_waits_for_what_only_seems_to_be_taken() {
	two_nodes "echo x >>$SHARED/starts; while [ ! -e $SHARED/go ]; do sleep 0.05; done; $MAKE_FILE"
	one_at_a_time
	cd "$TMP/a"
	git factory sync -q
	tasks 2
	git factory sync -q
	git -C "$TMP/b" factory sync -q
	"$BUILD/git-factory" run -q >"$TMP/a.out" 2>&1 &
	a=$!
	within 10 test -s "$SHARED/starts"
	cd "$TMP/b"
	start_work --until-empty
	# It has tried, has given up, and has looked whether it may.
	sleep 5
	kill -0 "$pid" 2>/dev/null && waits=yes || waits="it ended: $(cat "$TMP/work.out" "$TMP/work.err")"
	: >"$SHARED/go"
	is "$waits" yes
	wait $a || fail "$(cat "$TMP/a.out")"
	end_work
	status_is 0
	out_like '^1 delivered'
	is "$(states)" ' 2 delivered,'
}

test_an_idle_node_asks_once_in_an_interval() {
	two_nodes "$MAKE_FILE"
	cd "$TMP/a"
	git factory sync -q
	start_work --interval 2s
	sleep 3
	asked=$(grep -c 'GET .*info/refs' "$HTTP_LOG")
	lines=$(wc -l <"$HTTP_LOG")
	sleep 8
	asked=$(($(grep -c 'GET .*info/refs' "$HTTP_LOG") - asked))
	# Cheap: the names of refs are listed, and nothing is sent either way.
	lines=$(($(wc -l <"$HTTP_LOG") - lines))
	[ "$lines" -le $((2 * asked + 1)) ] || fail "$lines messages for $asked requests: $(tail -n 12 "$HTTP_LOG")"
	[ $asked -le 4 ] || fail "$asked requests in 8 s"
	[ $asked -ge 2 ] || fail "$asked requests in 8 s: it does not look"
	# Others see who is there.
	cd "$TMP/b"
	git factory sync -q
	run git factory node list
	out_like '^a  '
	# What another files is taken up.
	tasks 1
	git factory sync -q
	cd "$TMP/a"
	within 10 sh -c 'git factory status | grep -q "1 delivered"'
	kill -TERM "$pid"
	end_work
	status_is 130
	run git factory node list
	out_like 'No node is at work'
	cd "$TMP/b"
	git factory sync -q
	is "$(states)" ' 1 delivered,'
	run git factory node list
	out_like 'No node is at work'
}

# Nobody named them: each is a node of its own all the same.
test_two_clones_on_one_host_are_two_nodes() {
	two_nodes "$MAKE_FILE"
	for i in a b; do
		git -C "$TMP/$i" config --unset factory.node.name
	done
	cd "$TMP/a"
	git factory sync -q
	start_work --interval 1s
	cd "$TMP/b"
	git factory sync -q
	"$BUILD/git-factory" work --interval 1s >/dev/null 2>&1 &
	other=$!
	within 10 sh -c 'git factory sync -q; [ "$(git factory node list | grep -Ec "^$(hostname)-[a-z2-7]{4}  (alive|seen) ")" = 2 ]'
	kill -TERM "$pid" "$other"
	wait "$other" || :
	end_work
	git factory sync -q
	run git factory node list
	out_like 'No node is at work'
}

run_tests
