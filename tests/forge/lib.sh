# shellcheck shell=sh disable=SC2034,SC2154
# lib.sh - forges for black-box tests: GitHub, GitLab, Gitea and Forgejo as a
# stateful fake plays them (tests/forge/fake), or a real one. Source it after
# tests/lib.sh.
#
#	forge KIND [LINE]...	a forge, its project acme/app with a policy (LINEs
#				are added to it) and a state, cloned into
#				$TMP/repo, which is where the test goes on; $KIND
#	on_each_forge CMD...	the same scenario on all four, one after another
#	forge_bare KIND		the forge alone, with its people, no project
#	forge_done		no request broke the rules: on_each_forge asks that,
#				after 'forge' the test itself does
#	ctl VERB [NAME=VALUE]...	the fake's control port (fake/control.py has the
#				verbs); JSON on stdout
#	ctl_jq EXPR VERB ...	a jq expression on that
#
# People: ada (admin of acme/app), bob (write), tess (triage), rita (read), eve
# (nobody); git-factory itself is robo (write, a bot), whose token is in
# FACTORY_FORGE_TOKEN. On a real forge they are made by its API.
#
# What people do, and how things look, without regard to what plays the forge:
#
#	issue_open WHO TITLE [BODY [LABELS]]	its number
#	issue_label|issue_unlabel WHO N LABEL	issue_edit WHO N BODY
#	issue_close WHO N			comment WHO N BODY: its id
#	comment_edit WHO N ID BODY		commit_as WHO BRANCH PATH TEXT
#	pull_edit|pull_close|pull_reopen WHO N [BODY]	pull_merge WHO N merge|squash|rebase
#	pull_comment WHO N BODY			review WHO N APPROVED|CHANGES_REQUESTED|
#						  COMMENTED BODY [PATH LINE REMARK]
#	status_set WHO SHA CONTEXT pending|success|failure
#	branch_delete WHO BRANCH		role WHO read|write|admin
#	project_rename OWNER/NAME
#	issue_json N, pull_json N, pulls_json, statuses_json SHA, branches_json
#		as fake/control.py shows them: .state (open closed merged), .title,
#		.body, .labels, .comments[].{id,who,body}, .head, .base, .sha, ...
#
# With FORGE_TEST_URL (the forge's address), FORGE_TEST_KIND and
# FORGE_TEST_TOKEN (an administrator's) in the environment of tests/forge/real,
# the scenarios that need no fault of the fake run against that forge; people
# then act through tests/forge/person.
#
#	counts NAME		requests so far: read, write, calls (both), unchanged
#				(304), git, forced (that a fault struck)
#	fault KIND MATCH [NAME=VALUE]...	fake/faults.py has the kinds; MATCH is
#				an ERE on "METHOD PATH BODY"
#	needs_fake		skips against a real forge
#
#	deliver KIND [LINE]...	'forge', and a task that was run: $id
#	one_pull_request	the forge has just that task's, as it should be
#	there EXPR		a jq expression on all of the forge's pull requests
#	branch			the first branch of the factory that was fetched
#	head_sha, green		the pull request's head; its check succeeds
#	late KIND [STRICT]	one that may land by itself, and lacks its required check
#	lands, waits ERE	'git factory pr merge 1' does, or says why it does not

FAKE=$ROOT/tests/forge/fake
FORGES="github gitlab gitea forgejo"
FORGE_SERVERS=$TMP/forges
# A real forge: tests/forge/real writes what it was given here.
[ ! -f "${TMPDIR:-/nowhere}/forge-test" ] || . "$TMPDIR/forge-test"

# One fake for all tests of a file: what it plays is said again and again.
forge_start() {
	FORGE_PID=
	[ -z "${FORGE_TEST_URL:-}" ] && command -v python3 >/dev/null || return 0
	mkdir -p "$FORGE_SERVERS/kept"
	env -i PATH="$PATH" PYTHONDONTWRITEBYTECODE=1 python3 "$FAKE" "$FORGE_SERVERS/fake" "$GIT_FACTORY_DATE" \
		</dev/null >"$FORGE_SERVERS/fake.out" 2>&1 &
	FORGE_PID=$!
}
forge_stop() {
	[ -z "$FORGE_PID" ] || kill "$FORGE_PID" 2>/dev/null || :
	wait
	if [ -n "$FORGE_SAID" ] && [ -f "$FORGE_SERVERS/fake/github.jsonl" ]; then
		cp "$FORGE_SERVERS/fake/github.jsonl" "$FORGE_SAID"
	fi
}
# What was said to GitHub: described.after.t looks through it at the end.
FORGE_SAID=
case $0 in
*.t)
	FORGE_SAID=$BUILD/forge-said/${0##*/}.jsonl
	mkdir -p "${FORGE_SAID%/*}"
	rm -f "$FORGE_SAID"
	;;
esac
forge_start
trap 'forge_stop; lib_cleanup' EXIT

# Where the fake listens, and its clock, which waiting for a limit moves.
forge_here() { # KIND
	KIND=$1
	export KIND
	needs python3 curl jq
	forge_n=0
	until [ -s "$FORGE_SERVERS/fake/ports" ]; do
		forge_n=$((forge_n + 1))
		[ $forge_n -lt 400 ] || fail "no forge: $(cat "$FORGE_SERVERS/fake.out")"
		sleep 0.05
	done
	FORGE=http://127.0.0.1:$(forge_port forge)
	CTL=http://127.0.0.1:$(forge_port control)
	GIT_FACTORY_FORGE_CLOCK=$FORGE_SERVERS/clock
	GIT_FACTORY_FORGE_TRACE=$FORGE_SERVERS/trace
	FACTORY_FORGE_TOKEN=token-of-robo
	PROJECT=acme/app
	export FORGE CTL GIT_FACTORY_FORGE_CLOCK GIT_FACTORY_FORGE_TRACE FACTORY_FORGE_TOKEN
}

forge_bare() { # KIND
	if [ -n "${FORGE_TEST_URL:-}" ]; then
		KIND=$FORGE_TEST_KIND
		FORGE=$FORGE_TEST_URL
		ADMIN=$FORGE_TEST_TOKEN
		GIT_FACTORY_FORGE_TRACE=$TMP/trace
		rm -f "$GIT_FACTORY_FORGE_TRACE"
		export KIND FORGE ADMIN GIT_FACTORY_FORGE_TRACE
		FACTORY_FORGE_TOKEN=$(person robo token)
		export FACTORY_FORGE_TOKEN
		return
	fi
	forge_here "$1"
	echo "${GIT_FACTORY_DATE}000" >"$GIT_FACTORY_FORGE_CLOCK"
	rm -f "$GIT_FACTORY_FORGE_TRACE"
	ctl begin kind="$KIND" clock="$GIT_FACTORY_FORGE_CLOCK" >/dev/null
}

forge_port() { sed -n "s/^$1=//p" "$FORGE_SERVERS/fake/ports"; }

forge_name_of() { # HOW KIND [LINE]...
	forge_name=$(printf '%s\n' "$@" | cksum | tr ' ' -)
	forge_kept=$FORGE_SERVERS/kept/$forge_name
}

# What was set up once in a file is there again: the forge, its clock and the
# clone. The first argument names the way that it is set up.
forge_once() { # HOW KIND [LINE]...
	if [ -n "${FORGE_TEST_URL:-}" ]; then
		"$@"
		return
	fi
	forge_name_of "$@"
	if [ -d "$forge_kept" ]; then
		cd "$TMP" || return
		forge_here "$2"
		ctl again name="$forge_name" >/dev/null
		rm -rf "$TMP/repo"
		cp -a "$forge_kept/repo" "$TMP/repo"
		cp "$forge_kept/clock" "$GIT_FACTORY_FORGE_CLOCK"
		cp "$forge_kept/trace" "$GIT_FACTORY_FORGE_TRACE"
		cp "$forge_kept/gitconfig" "$HOME/.gitconfig"
		[ ! -f "$forge_kept/id" ] || id=$(cat "$forge_kept/id")
		cd "$TMP/repo" || return
		return
	fi
	id=
	"$@"
	forge_name_of "$@"
	ctl keep name="$forge_name" >/dev/null
	mkdir "$forge_kept.part"
	cp -a "$TMP/repo" "$forge_kept.part/repo"
	cp "$GIT_FACTORY_FORGE_CLOCK" "$forge_kept.part/clock"
	cat "$GIT_FACTORY_FORGE_TRACE" >"$forge_kept.part/trace" 2>/dev/null || :
	cp "$HOME/.gitconfig" "$forge_kept.part/gitconfig"
	[ -z "$id" ] || echo "$id" >"$forge_kept.part/id"
	mv "$forge_kept.part" "$forge_kept"
}

forge() { # KIND [LINE]...
	forge_once forge_begin "$@"
}

forge_begin() { # KIND [LINE]...
	cd "$TMP" || return
	forge_bare "$1"
	shift
	if [ -n "${FORGE_TEST_URL:-}" ]; then
		PROJECT=$(person ada project "app-$$-$(date +%s)")
	else
		ctl project path=$PROJECT people='ada:admin bob:write tess:triage rita:read robo:write eve:none' >/dev/null
		ctl person login=robo bot=1 >/dev/null
	fi
	forge_git
	rm -rf "$TMP/repo"
	git init -q --template= -b main "$TMP/repo"
	cd "$TMP/repo" || return
	git remote add origin "$FORGE/$PROJECT.git"
	forge_policy "$@"
	commit README sample Begin
	git push -q origin main
	run git factory init
	status_is 0
	run git factory sync
	status_is 0
}

# Git asks whoever keeps the user's passwords, as it would at home.
forge_git() {
	git config --global credential.helper "!f() { echo username=robo; echo password=$FACTORY_FORGE_TOKEN; }; f"
}

forge_policy() { # LINE...
	mkdir -p .factory
	{
		printf 'version: 1\nbase: main\nagent: demo\nforge: %s\nstate: {remote: origin}\n' "$KIND"
		printf 'models:\n  demo: {provider: recorded, model: recorded, recording: .factory/session.jsonl}\n'
		printf 'agents:\n  demo: {kind: builtin, model: demo}\n'
		printf 'gates:\n  tests: {run: "test -f done", timeout: 1m}\n'
		[ $# = 0 ] || printf '%s\n' "$@"
	} >.factory/config.yml
	{
		forge_answer '{"id":"a","name":"write_file","input":{"path":"done","content":"yes\n"}}'
		forge_answer '{"id":"b","name":"finish","input":{"summary":"It is done"}}'
	} >.factory/session.jsonl
	git add .factory
}

forge_answer() { # BLOCK: one recorded answer of the model
	printf '{"reply":{"stop":"tools","blocks":[%s]},"usage":{"in":100,"out":10}}\n' "$1"
}

on_each_forge() {
	forge_failed=
	for forge_kind in ${FORGE_TEST_KIND:-$FORGES}; do
		(
			set -e
			"$1" "$forge_kind"
			forge_done
		) || {
			[ $? != 77 ] || [ ! -f "$TMP/skipped" ] || exit 77
			forge_failed="$forge_failed $forge_kind"
		}
	done
	[ -z "$forge_failed" ] || fail "on$forge_failed"
}

forge_done() {
	[ -z "${FORGE_TEST_URL:-}" ] || return 0
	forge_broken=$(ctl violations)
	[ "$forge_broken" = '[]' ] || fail "requests that a forge does not expect: $forge_broken"
}

needs_fake() { # [WHY]
	[ -z "${FORGE_TEST_URL:-}" ] || skip "${1:-a real forge cannot be made to fail so}"
}

# People take their time; what happens within a second cannot be told apart.
tick() {
	if [ -n "${FORGE_TEST_URL:-}" ]; then
		sleep 2
	else
		echo $(($(cat "$GIT_FACTORY_FORGE_CLOCK") + 5000)) >"$GIT_FACTORY_FORGE_CLOCK"
	fi
}

# What tests/forge/person can make of a real one's rules.
rules_can_be_made() {
	case ${FORGE_TEST_URL:+real}$KIND in
	realgithub | realgitlab) skip 'the rules of a branch are not made on a real one of this kind' ;;
	esac
}

ctl() { # VERB [NAME=VALUE]...
	needs_fake 'a real forge has no control port'
	forge_verb=$1
	shift
	for forge_pair; do
		set -- "$@" --data-urlencode "$forge_pair"
		shift
	done
	forge_code=$(curl -sS -o "$TMP/ctl.out" -w '%{http_code}' -X POST "$@" "$CTL/$forge_verb" 2>"$TMP/ctl.err") || {
		cat "$TMP/ctl.err" >&2
		return 1
	}
	cat "$TMP/ctl.out"
	if [ "$forge_code" != 200 ]; then
		echo "ctl $forge_verb $*: $(cat "$TMP/ctl.out")" >&2
		return 1
	fi
}

ctl_jq() { # EXPR VERB ...
	forge_expr=$1
	shift
	ctl "$@" | jq -r "$forge_expr"
}

counts() { ctl_jq ".$1" counts; }
fault() { # KIND MATCH ...
	needs_fake
	forge_fault=$1 forge_match=$2
	shift 2
	ctl fault kind="$forge_fault" match="$forge_match" "$@" >/dev/null
}

# Through the control port, or as tests/forge/person has it.
person() { "$ROOT/tests/forge/person" "$@"; }
via_api() { [ -n "${FORGE_TEST_URL:-}${FORGE_VIA_API:-}" ]; }
act() { # VERB WHO NAME=VALUE...
	act_verb=$1 act_who=$2
	shift 2
	if via_api; then
		PROJECT=$PROJECT person "$act_who" "$act_verb" "$@"
	else
		ctl "$act_verb" who="$act_who" "$@"
	fi
}
show() { # VERB NAME=VALUE...
	if via_api; then
		PROJECT=$PROJECT person ada "$@"
	else
		ctl "$@"
	fi
}

issue_open() { act issue_open "$1" title="$2" body="${3:-}" labels="${4:-}" | jq .number; }
issue_label() { act issue_label "$1" number="$2" label="$3" >/dev/null; }
issue_unlabel() { act issue_unlabel "$1" number="$2" label="$3" >/dev/null; }
issue_edit() { act issue_edit "$1" number="$2" body="$3" >/dev/null; }
issue_close() { act issue_close "$1" number="$2" >/dev/null; }
comment() { act issue_comment "$1" number="$2" body="$3" | jq .id; }
comment_edit() { act comment_edit "$1" id="$3" body="$4" >/dev/null; }
commit_as() { act commit "$1" branch="$2" path="$3" text="$4" | jq -r .sha; }
branch_delete() { act branch_delete "$1" branch="$2" >/dev/null; }
pull_edit() { act pull_edit "$1" number="$2" body="$3" >/dev/null; }
pull_close() { act pull_close "$1" number="$2" >/dev/null; }
pull_reopen() { act pull_reopen "$1" number="$2" >/dev/null; }
pull_merge() { act pull_merge "$1" number="$2" method="$3" | jq -r .sha; }
protect() { # NAME=VALUE...: rules of a branch
	rules_can_be_made
	if via_api; then act protect ada "$@" >/dev/null; else ctl protect "$@" >/dev/null; fi
}
auto_off() {
	if via_api; then act auto_off ada number="$1" >/dev/null; else ctl auto_off number="$1" >/dev/null; fi
}
pull_comment() { act pull_comment "$1" number="$2" body="$3" | jq .id; }
review() { act review "$1" number="$2" state="$3" body="$4" path="${5:-}" line="${6:-1}" remark="${7:-}" >/dev/null; }
status_set() { act status "$1" sha="$2" context="$3" state="$4" >/dev/null; }
# The project has another name, and the clone in use knows it.
project_rename() { # OWNER/NAME
	if via_api; then
		act rename ada to="$1" >/dev/null
	else
		ctl rename path="$PROJECT" to="$1" >/dev/null
	fi
	PROJECT=$1
	git remote set-url origin "$FORGE/$PROJECT.git"
}
role() { # WHO ROLE, by ada
	if via_api; then
		act role ada login="$1" role="$2" >/dev/null
	else
		ctl person login="$1" role="$2" >/dev/null
	fi
}
issue_json() { show issue number="$1"; }
pull_json() { show pull number="$1"; }
pulls_json() { show pulls; }
statuses_json() { show statuses sha="$1"; }
branches_json() { show branches; }

# -- a task that was run, and its pull request

deliver() { # KIND [LINE]...: $id is the task
	forge_once forge_deliver "$@"
}

forge_deliver() { # KIND [LINE]...
	forge "$@"
	id=$(git factory task add 'Write the file done')
	run git factory run "$id"
	status_is 0
}

# Changes when something was written to the forge: what all there looks like, where
# nobody counts.
written() {
	if [ -n "${FORGE_TEST_URL:-}" ]; then
		pulls_json
		branches_json
		statuses_json "$(pulls_json | jq -r '.[0].sha')"
	else
		counts write
	fi
}

there() { pulls_json | jq -r "$1"; } # EXPR on all pull requests of the forge
branch() { git for-each-ref --format='%(refname:lstrip=3)' refs/remotes/origin/factory | head -n 1; }

# What follows of itself, a real forge does a while later.
becomes() { # EXPR VALUE: of 'there'
	for _ in $(seq 60); do
		[ -n "${FORGE_TEST_URL:-}" ] && [ "$(there "$1")" != "$2" ] || break
		sleep 0.5
	done
	is "$(there "$1")" "$2"
}

one_pull_request() {
	is "$(there length)" 1
	is "$(there '.[0].state')" open
	is "$(there '.[0].base')" main
	like "$(there '.[0].head')" "^factory/$id-"
	like "$(there '.[0].body')" "<!-- git-factory:task=$id"
}

# -- landing it

number() { there '.[0].number'; }
head_sha() { there '.[0].sha'; }
green() { status_set bob "$(head_sha)" ci/test success; }

lands() {
	run git factory pr merge 1
	status_is 0
	is "$(there '.[0].state')" merged
}

# An exit status that refuses, a reason, and nothing that landed.
waits() { # ERE
	run git factory pr merge 1
	isnt "$status" 0
	err_like "$1"
	is "$(there '.[0].state')" open
}

# A base whose rules ask for 'ci/test' and our own check, and for all of the base
# (STRICT; '' for not), and a change for it that may land by itself.
late() { # KIND [STRICT [MERGE [GATE]...]]
	late_kind=$1 late_strict=${2-1} late_merge=${3:-}
	shift $(($# < 3 ? $# : 3))
	forge "$late_kind" "$@" "merge: {auto: true$late_merge}" 'types: {documentation: {auto_merge: true, paths: [done]}}'
	# Gitea and Forgejo tell only an administrator what a branch's rules are.
	role robo admin
	protect branch=main required=git-factory,ci/test strict="$late_strict"
	late_task
}
late_task() {
	id=$(git factory task add 'Write the file done')
	git factory task edit "$id" --type documentation >/dev/null
	run git factory run "$id"
	status_is 0
	# GitLab does not name those that are missing.
	if [ "$KIND" = gitlab ]; then
		status_set bob "$(head_sha)" ci/test pending
		run git factory pr sync
	fi
}
