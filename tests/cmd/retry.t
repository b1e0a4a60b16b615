#!/bin/sh
# What happens to a task whose run was not delivered: its class, what the next
# attempt is told, how long it waits, and when a person is asked.
# shellcheck disable=SC2016
. "${0%/*}/../lib.sh"

# agent SCRIPT [POLICY]: the policy's agent is this shell script, which finds
# its task in the file $TASK; the gate 'tests' wants the file 'good'.
agent() {
	ok git factory init >/dev/null
	printf 'TASK=$(mktemp); cat >$TASK\n%s\n' "$1" >agent.sh
	printf '#!/bin/sh\ntest -e good || { echo "not ok the_file_good_is_there"; exit 1; }\n' >check
	chmod +x check
	printf 'agent: a\nagents:\n  a: {kind: command, command: [sh, agent.sh]}\n%b\n' "${2:-}" >.factory/config.yml
	case ${2:-} in
	*gates:*) ;;
	*) echo 'gates: {tests: {run: ./check, timeout: 1m}}' >>.factory/config.yml ;;
	esac
	grep -q iterations .factory/config.yml || echo 'limits: {iterations: 1}' >>.factory/config.yml
	git add -A
	git commit -qm 'A sample'
	id=$(git factory task add 'Make it good' 2>/dev/null)
}

task() { # EXPR: of the task as JSON
	git factory task show --json "$id" | jq -r "$1"
}

# at SECONDS CMD...: run it so much later than the tests' fixed time
at() {
	at_s=$1
	shift
	GIT_FACTORY_DATE=$((GIT_FACTORY_DATE + at_s)) run "$@"
}

# between N LO HI
between() {
	[ "$1" -ge "$2" ] && [ "$1" -le "$3" ] || fail "$1 is not between $2 and $3"
}

wait_s() { # of the task, from the tests' fixed time
	echo $(($(date -u -d "$(task .retry_at)" +%s) - GIT_FACTORY_DATE))
}

within_5s() { # CMD...: it comes true
	i=0
	while ! "$@" 2>/dev/null; do
		i=$((i + 1))
		[ "$i" -lt 500 ] || fail "not in time: $*"
		sleep 0.01
	done
}

past='grep -q "What was tried before" $TASK'

test_the_next_attempt_is_told_what_failed() {
	needs bwrap
	agent "echo first >bad; $past || exit 0; cp \$TASK told; rm bad; touch good"
	run git factory run "$id"
	status_is 1
	err_like "attempt 1 of task $id failed \(test-failure\): gate 'tests'"
	err_like 'next: another attempt, told what failed: 1 of 1 for test-failure'
	is "$(task .state)" ready
	is "$(task .class)" test-failure
	is "$(task '.tries|join(" ")')" test-failure:1
	is "$(task .attempts)" 1
	run git factory status
	out_like '^ready +'"$id"
	out_like 'test-failure: another attempt, told what failed'
	run git factory task list
	out_like "^$id +ready +p2 +Make it good  \(test-failure\)"
	run git factory log
	out_like "$id +failed"
	out_like 'test-failure: another attempt'
	run git factory task show "$id"
	out_like '^failures +test-failure:1'
	out_like '^next +test-failure: another'
	run git factory run "$id"
	status_is 0
	# The prompt had the evidence, the change, and where it came from.
	git show "factory/$id-make-it-good:told" >"$TMP/told"
	like "$(cat "$TMP/told")" 'Attempt 1 \(run [a-z2-7]{8}\) was not delivered: test-failure'
	like "$(cat "$TMP/told")" 'not ok the_file_good_is_there'
	like "$(cat "$TMP/told")" '^\+first$'
	is "$(task '[.state, .class, .next, (.tries|length)]|@csv')" '"delivered","","",0'
	is "$(git for-each-ref refs/factory/leases)" ''
}

test_a_cap_asks_with_the_whole_story() {
	needs bwrap
	agent 'echo x >bad'
	run git factory run -q "$id"
	first=$(task .run)
	run git factory run -q "$id"
	status_is 1
	err_like "task $id needs a person"
	is "$(task .state)" escalated
	is "$(task .class)" test-failure
	question=$(task .question)
	like "$question" 'a person decides: test-failure came 2 times'
	like "$question" 'the_file_good_is_there'
	like "$question" "attempt 1, run $first: test-failure"
	is "$(git for-each-ref --format=x refs/factory/attempts | wc -l | tr -d ' ')" 2
	run git factory log "$id"
	out_like 'test-failure: a person decides: test-failure came 2 times'
	# Started again by a person, it counts from nothing.
	run git factory run -q "$id"
	status_is 1
	is "$(task .state)" ready
	is "$(task '.tries|join(" ")')" test-failure:1
}

test_a_changed_spec_is_an_answer() {
	needs bwrap
	agent 'echo x >bad'
	run git factory run -q "$id"
	is "$(task .class)" test-failure
	ok git factory task edit "$id" --title 'Make it better' >/dev/null
	is "$(task '[.class, .next, .error, (.tries|length)]|@csv')" '"","","",0'
}

test_all_classes_together_have_a_cap() {
	needs bwrap
	agent "$past && exit 7; echo x >bad" 'limits: {failures: 1, iterations: 1}'
	run git factory run -q "$id"
	is "$(task .class)" test-failure
	run git factory run -q "$id"
	is "$(task .state)" escalated
	is "$(task .class)" agent
	like "$(task .question)" '2 failures of all kinds'
	like "$(task .question)" 'exit status 7'
}

test_another_gate_is_another_class() {
	needs bwrap
	agent 'echo x >bad' 'gates: {lint: {run: "false"}}\nretry: {gate: {max: 0}}'
	run git factory run -q "$id"
	is "$(task '[.state, .class]|join(" ")')" 'escalated gate'
}

test_a_broken_agent_waits_and_gives_way_to_another() {
	needs bwrap
	agent 'exit 3' '  b: {kind: command, command: [touch, good]}\nretry: {agent: {agent: b}}'
	run git factory run -q "$id"
	status_is 1
	err_like 'failed \(agent\).*exit status 3'
	err_like "by agent 'b', not before"
	between "$(wait_s)" 60 75
	is "$(task .state)" waiting
	run git factory run -q
	status_is 1
	err_like 'no task is ready: 1 waiting'
	at 59 git factory task ready "$id"
	status_is 1
	err_like "waits until $(task .retry_at) after a failure \(agent\)"
	at 76 git factory run -q
	status_is 0
	is "$(git factory log --json "$id" | jq -r '[.[].agent]|join(" ")')" 'b a'
}

test_a_timeout_gets_more_time() {
	needs bwrap
	agent 'sleep 3; touch good' 'limits: {timeout: 2s, iterations: 1}'
	run git factory run -q "$id"
	status_is 1
	is "$(task '[.state, .class, .error]|join(" ")')" 'ready timeout timeout'
	like "$(task .next)" 'with 200 % of the time'
	run git factory run -q "$id"
	status_is 0
	is "$(sed -n 's/.*"timeout":\([0-9]*\).*/\1/p' .git/factory/runs/"$(task .run)"/journal.jsonl)" 4
}

test_a_dependency_waits_and_nothing_is_attempted() {
	needs bwrap
	agent 'touch good' 'workspace: {setup: [{run: "echo no such package; exit 4"}]}'
	run git factory run -q "$id"
	status_is 128
	err_like 'no such package'
	is "$(task '[.state, .class, .attempts]|join(" ")')" 'waiting dependency 0'
	between "$(wait_s)" 300 375
	# Mended, and named by a person: no need to wait.
	sed -i 's/exit 4/exit 0/' .factory/config.yml
	git commit -qam 'Mend the setup'
	run git factory run -q "$id"
	status_is 0
	is "$(task '[.state, .class]|join(" ")')" 'delivered '
}

test_a_conflict_starts_from_the_new_base() {
	needs bwrap
	agent 'test -e good && { echo more >>good; exit 0; }; sleep 1; echo mine >good'
	"$BUILD/git-factory" run -q "$id" >"$OUT" 2>"$ERR" &
	pid=$!
	sleep 0.5
	commit good 'theirs' 'The same file'
	wait "$pid" && status=0 || status=$?
	status_is 1
	is "$(task '[.state, .class]|join(" ")')" 'ready conflict'
	run git factory run -q "$id"
	status_is 0
	is "$(git show "factory/$id-make-it-good:good")" "$(printf 'theirs\nmore')"
}

test_a_run_that_dies_at_one_step_ends() {
	needs bwrap
	agent 'sleep 60' 'retry: {orphaned: {max: 1}}'
	for n in 1 2; do
		"$BUILD/git-factory" run -q "$id" >"$OUT" 2>"$ERR" &
		pid=$!
		i=0
		while [ "$(grep -c start .git/factory/runs/*/starts 2>/dev/null)" != "$n" ] && [ "$i" -lt 500 ]; do
			sleep 0.01
			i=$((i + 1))
		done
		kill -9 "$pid"
		wait "$pid" 2>/dev/null || :
	done
	is "$(task .state)" ready
	run timeout 30 git factory run -q "$id"
	status_is 1
	is "$(task '[.state, .class]|join(" ")')" 'escalated orphaned'
	like "$(task .question)" 'died 2 times at the same step'
	# A person may start it again; it is a new run.
	git factory task edit "$id" --title 'Make it good now' >/dev/null
	sed -i 's/sleep 60/touch good/' agent.sh
	git commit -qam 'Mend the agent'
	run git factory run -q "$id"
	status_is 0
}

# Its time is that of all its starts, so a run that dies at ever other steps ends, too.
test_a_run_that_dies_now_and_then_meets_its_deadline() {
	needs bwrap
	agent 'sleep 0.4; echo x >>bad' 'limits: {timeout: 3s, iterations: 100}\nretry: {timeout: {max: 0}}'
	n=0
	while [ "$(task .class)" = '' ] && [ $n -lt 12 ]; do
		n=$((n + 1))
		run timeout -s KILL 1.5 git-factory run -q "$id"
	done
	is "$(task '[.state, .class, .error]|join(" ")')" 'escalated timeout timeout'
	[ $n -gt 1 ] || fail 'it was never killed'
	is "$(cat .git/factory/runs/*/starts | grep -c ^died)" $((n - 1))
	# What it had done is kept, and what it has used is what was worked, not waited.
	used=$(awk '/^died/ {n += $2} /^end/ {n += $2} END {print n}' .git/factory/runs/*/starts)
	between "$used" 2900 6000
	is "$(git for-each-ref refs/factory/attempts | wc -l | tr -d ' ')" 1
}

# What is done is delivered, even where no time is left.
test_a_wait_costs_no_time_and_a_proven_change_is_delivered() {
	needs bwrap flock
	recorded 'limits: {timeout: 5s, iterations: 1}\ngates: {tests: {run: "sleep 0.5; ./check", timeout: 1m}}' \
		'{"id":"a","name":"write_file","input":{"path":"good","content":"1"}}' \
		'{"id":"b","name":"finish","input":{"summary":"done"}}'
	"$BUILD/git-factory" run -q "$id" >"$OUT" 2>"$ERR" &
	pid=$!
	within_5s sh -c 'test -s .git/factory/runs/*/starts'
	# From here on it can move no ref.
	flock -F .git/factory/refs.lock sleep 30 &
	lock=$!
	within_5s sh -c "grep -q '\"step\":\"end\"' .git/factory/runs/*/journal.jsonl"
	sleep 0.2
	kill -9 "$pid"
	wait "$pid" 2>/dev/null || :
	kill "$lock"
	is "$(task .state)" ready
	echo 'end 7000' >>"$(echo .git/factory/runs/*/starts)"
	run git factory run -q "$id"
	status_is 0
	is "$(task .state)" delivered
	is "$(find .git/factory/runs -name journal.jsonl | wc -l | tr -d ' ')" 1
}

test_what_a_dead_run_had_done_is_kept() {
	needs bwrap
	agent 'if grep -q mend $TASK; then sleep 60; fi; echo x >bad' 'limits: {iterations: 2}\nretry: {orphaned: {max: 0}}'
	sed -i 's/exit 1; }/echo mend; exit 1; }/; s/not ok the/not ok; echo mend; echo the/' check
	git commit -qam 'A hint'
	"$BUILD/git-factory" run -q "$id" >"$OUT" 2>"$ERR" &
	pid=$!
	i=0
	while ! grep -q '"step":"gates"' .git/factory/runs/*/journal.jsonl 2>/dev/null && [ "$i" -lt 500 ]; do
		sleep 0.01
		i=$((i + 1))
	done
	kill -9 "$pid"
	wait "$pid" 2>/dev/null || :
	# It goes on once; the step after the gates is where it dies again.
	run timeout -s KILL 1 git factory run -q "$id"
	run timeout 30 git factory run -q "$id"
	status_is 1
	is "$(task '[.state, .class]|join(" ")')" 'escalated orphaned'
	attempt=$(git for-each-ref --format='%(refname)' refs/factory/attempts)
	is "$(git show "$attempt:bad")" x
	run git factory replay "$(task .run)"
	status_is 1
	err_like 'its process was ended'
}

test_a_secret_and_a_machine_ask_at_once() {
	needs bwrap
	agent 'echo "$MY_TOKEN" >good'
	sed -i 's/agent.sh\]/&, env: [MY_TOKEN]/' .factory/config.yml
	git commit -qam 'A variable'
	ok git factory trust >/dev/null
	MY_TOKEN=canary-4711-abcdef run git factory run -q "$id"
	status_is 1
	is "$(task '[.state, .class]|join(" ")')" 'escalated secret'
	# What only this machine lacks is not the task's.
	id=$(git factory task add 'Another' 2>/dev/null)
	sed -i -e 's/^agent: .*/agent: m/' -e 's/^agents:/&\n  m: {kind: builtin, model: m}/' .factory/config.yml
	echo 'models: {m: {provider: anthropic, model: claude-sonnet-4-5}}' >>.factory/config.yml
	git commit -qam 'A model without a key'
	ok git factory trust >/dev/null
	before=$(git rev-parse refs/factory/state)
	run git factory run -q "$id"
	status_is 128
	err_like 'ANTHROPIC_API_KEY is not set'
	is "$(git rev-parse refs/factory/state)" "$before"
	is "$(task '[.state, .class]|join(" ")')" 'ready '
}

test_a_fault_of_the_system_is_waited_out() {
	needs bwrap
	agent 'touch good' 'retry: {fault: {max: 1}}'
	mkdir -p .git/factory
	echo 'in the way' >.git/factory/base
	run git factory run -q "$id"
	status_is 128
	err_like 'base'
	is "$(task '[.state, .class, .error]|join(" ")')" 'waiting fault io'
	like "$(task .next)" 'it goes on where it was: 1 of 1 for fault'
	between "$(wait_s)" 60 75
	# More often than that is for a person.
	run git factory run -q "$id"
	status_is 1
	is "$(task '[.state, .class]|join(" ")')" 'escalated fault'
	rm .git/factory/base
	run git factory run -q "$id"
	status_is 0
}

test_a_supervisor_keeps_to_it() {
	needs bwrap
	agent "$past && { touch good; exit 0; }; echo x >bad"
	run timeout 60 git factory work --until-empty --slots 1
	status_is 0
	is "$(task '[.state, .attempts]|join(" ")')" 'delivered 2'
	# What waits is left alone, and does not keep it busy.
	sed -i 's/^/exit 3; /' agent.sh
	git commit -qam 'Break the agent'
	id=$(git factory task add 'Another' 2>/dev/null)
	run timeout 60 git factory work --once --slots 1
	isnt "$status" 124
	is "$(task '[.state, .class, .attempts]|join(" ")')" 'waiting agent 1'
}

# ---- a model's server that answers as the test says ----

# server LINE...: answers "STATUS HEADER BODY", one for each request, the last for ever
server() {
	needs python3
	printf '%s\n' "$@" >"$TMP/answers"
	cat >"$TMP/server.py" <<-'PY'
		import http.server, sys
		left = [l.rstrip("\n").split(" ", 2) for l in open(sys.argv[1])]
		class H(http.server.BaseHTTPRequestHandler):
		    def do_POST(self):
		        self.rfile.read(int(self.headers.get("Content-Length", 0)))
		        status, header, body = left.pop(0) if len(left) > 1 else left[0]
		        self.send_response(int(status))
		        if header != "-":
		            self.send_header(*header.split(":", 1))
		        self.send_header("Content-Length", str(len(body)))
		        self.end_headers()
		        self.wfile.write(body.encode())
		    def log_message(self, *a): pass
		s = http.server.HTTPServer(("127.0.0.1", 0), H)
		open(sys.argv[2], "w").write("%d\n" % s.server_port)
		s.serve_forever()
	PY
	rm -f "$TMP/port"
	timeout 60 python3 "$TMP/server.py" "$TMP/answers" "$TMP/port" >/dev/null 2>&1 &
	server_pid=$!
	trap 'kill $server_pid 2>/dev/null' EXIT
	n=0
	while [ ! -s "$TMP/port" ] && [ "$n" -lt 500 ]; do
		sleep 0.01
		n=$((n + 1))
	done
}

# model [POLICY]: the policy's agent is our own loop on that server
model() {
	agent '' "  m: {kind: builtin, model: m}\nmodels:\n  m: {provider: anthropic, model: m, base_url: \"http://127.0.0.1:$(cat "$TMP/port")\"}\n${1:-}"
	sed -i 's/^agent: a/agent: m/' .factory/config.yml
	git commit -qam 'A model'
}

test_a_server_says_how_long_to_wait() {
	needs bwrap
	server '429 Retry-After:600 {"error":{"type":"rate_limit_error","message":"slow down"}}'
	model
	run git factory run -q "$id"
	status_is 128
	err_like 'slow down'
	is "$(task '[.state, .class, .attempts]|join(" ")')" 'waiting rate-limit 0'
	like "$(task .next)" 'it goes on where it was: 1 of 12 for rate-limit'
	between "$(wait_s)" 600 750
	run git factory status
	out_like "^waiting +$id"
	out_like 'rate-limit: it goes on where it was.*, not before 2026-01-01T00:1'
	run git factory log
	out_like "$id +waiting"
	at 751 git factory task next
	status_is 0
	out_like "$id"
}

test_waits_grow_and_end_at_the_cap() {
	needs bwrap
	server '503 Retry-After:300 {"error":{"message":"down"}}'
	model 'retry: {network: {max: 2, wait: 20m, ceiling: 30m}}'
	run git factory run -q "$id"
	is "$(task '[.state, .class]|join(" ")')" 'waiting network'
	between "$(wait_s)" 1200 1500
	run git factory run -q "$id"
	between "$(wait_s)" 1800 2250
	is "$(task '.tries|join(" ")')" network:2
	run git factory run -q "$id"
	status_is 1
	is "$(task '[.state, .class]|join(" ")')" 'escalated network'
	like "$(task .question)" 'network came 3 times'
}

test_an_exhausted_context_is_another_attempt() {
	needs bwrap
	server '400 - {"error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 8"}}'
	model
	run git factory run -q "$id"
	status_is 1
	is "$(task '[.state, .class, .error]|join(" ")')" 'ready context context'
}

# ---- a recorded model ----

recorded() { # POLICY ANSWER...
	policy=$1
	shift
	agent '' "  m: {kind: builtin, model: m}\nmodels:\n  m: {provider: recorded, model: m, recording: .factory/session.jsonl}\n$policy"
	sed -i 's/^agent: a/agent: m/' .factory/config.yml
	for answer; do
		printf '{"reply":{"stop":"tools","blocks":[%s]},"usage":{"in":100,"out":10}}\n' "$answer"
	done >.factory/session.jsonl
	git add -A
	git commit -qm 'A session'
}

test_an_ambiguous_spec_is_asked_about() {
	needs bwrap
	recorded '' '{"id":"a","name":"give_up","input":{"question":"Which of the two is meant?"}}'
	run git factory run -q "$id"
	status_is 1
	is "$(task '[.state, .class]|join(" ")')" 'escalated ambiguous'
	like "$(task .question)" '^Which of the two is meant'
	is "$(task .next)" 'a person decides'
}

test_a_budget_is_asked_about_unless_policy_says_otherwise() {
	needs bwrap
	recorded 'limits: {turns: 1, iterations: 1}' \
		'{"id":"a","name":"write_file","input":{"path":"x","content":"1"}}' \
		'{"id":"b","name":"finish","input":{"summary":"done"}}'
	run git factory run -q "$id"
	is "$(task '[.state, .class]|join(" ")')" 'escalated budget'
	sed -i 's/^limits:.*/&\nretry: {budget: {max: 1, wait: 1h}}/' .factory/config.yml
	git commit -qam 'Once more'
	run git factory run -q "$id"
	is "$(task '[.state, .class]|join(" ")')" 'waiting budget'
	between "$(wait_s)" 3600 4500
}

test_policy_names_classes_that_exist() {
	ok git factory init >/dev/null
	printf 'gates: none\nretry: {netwrok: {max: 1}}\n' >bad.yml
	run git factory config check bad.yml
	status_is 128
	err_like "'retry.netwrok': no such class of failure; did you mean 'network'"
	printf 'gates: none\nretry: {network: {wait: soon}}\n' >bad.yml
	run git factory config check bad.yml
	status_is 128
	err_like "'retry.network.wait' must be a span"
}

run_tests
