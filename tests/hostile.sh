# shellcheck shell=sh disable=SC2034,SC2154
# hostile.sh - what the hostile tests share: scripted agents in the real run,
# as root and as an ordinary user.
#
# Each attack fails with the released binary, and succeeds in the testing
# build with just the defence off that is said to stop it, so that none of the
# tests passes for another reason.  Sourced after lib.sh.
#
#	session_of COMMAND	a session that runs it, leaves a change, is done
#	sample [LINE...]	a repository with the session of stdin; policy
#				lines more (without: a gate that passes)
#	attack WHO BINARY [OFF]	one run of a task in a copy of it, $TMP/victim
#				(attack_quiet= shows what the run shows,
#				attack_in='CMD...' runs it inside of that)
#	victim WHO CMD...	a command there, as who ran it
#	stopped OFF		the attack prints PWNED when it has what it wanted
#	kept_out OFF [CMD...]	... it touches $CANARY, in a folder outside;
#				CMD is done in the victim's repository after it

TESTING=${FACTORY_TESTING_BUILD:-$AT/testing}/git-factory
RELEASE=$AT/git-factory

# As whom: an ordinary user cannot try it as root.
if [ "$(id -u)" = 0 ]; then WHO='root user'; else WHO=user; fi

call() { # ID NAME INPUT
	printf '{"id":"%s","name":"%s","input":%s}' "$@"
}
answer() { # BLOCK...
	printf '{"reply":{"stop":"tools","blocks":['
	sep=
	for block; do
		printf '%s%s' "$sep" "$block"
		sep=,
	done
	printf ']}}\n'
}
text() { # a JSON string of standard input
	jq -Rs .
}

# A session that runs one command, leaves a change, and says that it is done.
session_of() { # COMMAND
	answer "$(call a run "{\"command\":$(printf %s "$1" | text)}")"
	answer "$(call b write_file '{"path":"change","content":"made\n"}')" "$(call c finish '{"summary":"done"}')"
}

sample() { # [POLICY LINE...]
	mkdir -p .factory
	{
		echo 'version: 1'
		echo 'agent: evil'
		echo 'models: {evil: {provider: recorded, model: recorded, recording: .factory/session.jsonl}}'
		echo 'agents: {evil: {kind: builtin, model: evil}}'
		echo 'limits: {iterations: 1}'
		if [ $# -eq 0 ]; then echo 'gates: {ok: {run: "true"}}'; fi
		for line; do echo "$line"; done
	} >.factory/config.yml
	cat >.factory/session.jsonl
	"$RELEASE" init >/dev/null
	git add -A
	git commit -qm 'A sample'
}

# One run of a task as root or as an ordinary user; what the tools answered is
# in the journal.
attack() { # root|user BINARY [DEFENCE]
	who=$1 binary=$2 off=${3:-}
	rm -rf "$TMP/victim"
	cp -R . "$TMP/victim"
	set -- env PATH="${attack_path:-$PATH}" GIT_FACTORY_TEST_OFF="$off" "$binary"
	if [ "$who" = user ] && [ "$(id -u)" = 0 ]; then
		chown -R 65534:65534 "$TMP"
		set -- setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
	elif [ "$(id -u)" = 0 ]; then
		chown -R 0:0 "$TMP"
	fi
	# shellcheck disable=SC2086
	[ -z "${attack_in:-}" ] || set -- $attack_in "$@"
	(
		cd "$TMP/victim" || exit 1
		for _ in ${attack_runs:-once}; do
			"$@" task add 'Be evil' >"$TMP/id" 2>"$ERR" &&
				"$@" run ${attack_quiet--q} "$(cat "$TMP/id")" >"$OUT" 2>"$ERR" </dev/null || exit
		done
	) && status=0 || status=$?
	cat "$TMP"/victim/.git/factory/runs/*/journal.jsonl >"$TMP/journal" 2>/dev/null || :
}

# A command in the repository that was attacked, as who attacked it.
victim() { # root|user CMD...
	if [ "$1" = user ] && [ "$(id -u)" = 0 ]; then
		shift
		set -- user setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
	fi
	shift
	(cd "$TMP/victim" && "$@")
}

# The attack prints PWNED when it has what it wanted.
stopped() { # DEFENCE
	for who in $WHO; do
		attack "$who" "$RELEASE" "$1"
		grep -q '"step"' "$TMP/journal" || { lib_show_run; fail "as $who the attack did not even run"; }
		if grep -q 'PWNED' "$TMP/journal"; then
			cat "$TMP/journal"
			fail "as $who it got through"
		fi
		attack "$who" "$TESTING" "$1"
		grep -q 'PWNED' "$TMP/journal" || {
			cat "$TMP/journal"
			lib_show_run
			fail "as $who it fails without '$1', too: this shows nothing"
		}
	done
}

CANARY=$TMP/outside/canary
outside() {
	rm -rf "$TMP/outside"
	mkdir -m 777 "$TMP/outside"
}

kept_out() { # DEFENCE [CMD...]
	off=$1
	shift
	for who in $WHO; do
		outside
		attack "$who" "$RELEASE" "$off"
		grep -q '"step"' "$TMP/journal" || { lib_show_run; fail "as $who the attack did not even run"; }
		[ $# -eq 0 ] || run victim "$who" "$RELEASE" "$@"
		missing "$CANARY"
		attack "$who" "$TESTING" "$off"
		[ $# -eq 0 ] || run victim "$who" env GIT_FACTORY_TEST_OFF="$off" "$TESTING" "$@"
		[ -e "$CANARY" ] || {
			cat "$TMP/journal"
			lib_show_run
			fail "as $who it fails without '$off', too: this shows nothing"
		}
	done
}
