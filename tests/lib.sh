# shellcheck shell=sh disable=SC2034,SC2209
# lib.sh - the ground under the black-box tests (POSIX sh, TAP).
#
#	#!/bin/sh
#	# What this file shows.
#	. "${0%/*}/../lib.sh"
#
#	test_add_prints_the_id() {
#		run git factory task add "Say hello"
#		status_is 0
#		like "$(cat out)" '^[a-z2-7]{8}$'
#	}
#	run_tests
#
# run_tests calls every function named test_* in the order of the file, each
# in a subshell under 'set -e', in a fresh repository with one commit; the
# first check that does not hold ends that test.  "test_security_..." marks a
# test that may not be skipped on Linux.
#
# FACTORY_TEST=test_name in the environment runs that one only.
#
# Around the tests: a HOME of their own, no system or user configuration, no
# credential, a fixed clock, locale and time zone, and a short PATH that
# begins with the build directory, so that 'git factory' is the binary under
# test.  Nothing is left behind.
#
#	run CMD...		run it: stdout in the file $OUT, stderr in $ERR,
#				exit status in $status; never fails itself
#	run_counted ARG...	'run git-factory ARG...', in which each sandbox that is
#				started counts: 'sandboxes' prints how many
#	status_is N		the last run's exit status
#	out_is TEXT		the last run's stdout, exactly (final newline aside)
#	out_like ERE, err_like ERE, out_unlike ERE, err_unlike ERE
#	ok CMD...		the command succeeds; fails CMD...: it does not
#	is ACTUAL EXPECTED	equal strings; isnt: different ones
#	like TEXT ERE, unlike TEXT ERE
#	exists PATH, missing PATH
#	fail MESSAGE		this test fails
#	skip REASON		this test cannot be run here
#	needs PROGRAM...	skip unless all are on PATH
#	commit PATH TEXT [MSG]	write the file and commit it
#	init			git factory init, then a policy with "gates: none",
#				committed
#	json FILE EXPR		evaluate a jq expression on FILE, print it raw
#	as_user CMD...		run as an ordinary user (skips when not root)

set -u
unset CDPATH
umask 022

ROOT=$(cd "${0%/*}/../.." && pwd) || exit 1
lib_only=${FACTORY_TEST:-}
BUILD=${FACTORY_BUILD:-$ROOT/build}
case $BUILD in /*) ;; *) BUILD=$ROOT/$BUILD ;; esac
PLATFORM=$(uname -s)
SELF=$(cd "${0%/*}" && pwd)/${0##*/}

# Only these survive of the caller's environment.
for lib_var in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
	case $lib_var in
	PATH | PWD | TMPDIR | ASAN_OPTIONS | UBSAN_OPTIONS | CI) ;;
	*) unset "$lib_var" 2>/dev/null || : ;;
	esac
done
PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/bin:/usr/sbin:/sbin
if [ -d /opt/homebrew/bin ]; then
	PATH=$PATH:/opt/homebrew/bin
fi

TMP=$(mktemp -d "${TMPDIR:-/tmp}/factory-test.XXXXXX") || exit 1
TMP=$(cd "$TMP" && pwd -P) || exit 1
chmod 755 "$TMP"

# The folder of the programs, or where an ordinary user may not go there (a
# checkout below /root), of copies that one can run.
AT=$BUILD
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null &&
	! setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$BUILD/git-factory"; then
	AT=$TMP/programs
	mkdir -p "$AT/testing"
	cp "$BUILD/git-factory" "$AT/"
	[ ! -e "$BUILD/testing/git-factory" ] || cp "$BUILD/testing/git-factory" "$AT/testing/"
fi
PATH=$AT:$PATH
HOME=$TMP/home
XDG_CONFIG_HOME=$HOME/.config
XDG_CACHE_HOME=$HOME/.cache
XDG_DATA_HOME=$HOME/.local/share
XDG_STATE_HOME=$HOME/.local/state
LC_ALL=C
TZ=UTC
TERM=dumb
PAGER=cat
EDITOR=false
GIT_CONFIG_NOSYSTEM=1
GIT_TERMINAL_PROMPT=0
GIT_CEILING_DIRECTORIES=$TMP
GIT_AUTHOR_DATE='1767225600 +0000'
GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
GIT_FACTORY_DATE=1767225600
export PATH HOME XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME XDG_STATE_HOME \
	LC_ALL TZ TERM PAGER EDITOR GIT_CONFIG_NOSYSTEM GIT_TERMINAL_PROMPT \
	GIT_CEILING_DIRECTORIES GIT_AUTHOR_DATE GIT_COMMITTER_DATE GIT_FACTORY_DATE
mkdir -p "$HOME"
git config --global user.name 'Ada Tester'
git config --global user.email ada@example.org
git config --global init.defaultBranch main
git config --global advice.detachedHead false
git config --global gc.auto 0

OUT=$TMP/out
ERR=$TMP/err
status=0
lib_finished=no

lib_cleanup() {
	cd / || :
	chmod -R u+rwX "$TMP" 2>/dev/null
	rm -rf "$TMP" 2>/dev/null
	if [ "$lib_finished" = no ]; then
		echo "Bail out! $SELF ended before run_tests did"
		exit 1
	fi
}
trap lib_cleanup EXIT
trap 'exit 1' HUP INT TERM

run() {
	"$@" >"$OUT" 2>"$ERR" </dev/null && status=0 || status=$?
}

run_counted() {
	lib_bwrap=$(command -v bwrap) || skip "no bwrap"
	mkdir -p "$TMP/counted"
	: >"$TMP/counted/starts"
	# Whoever starts it may be somebody else by then.
	chmod 666 "$TMP/counted/starts"
	printf '#!/bin/sh\necho x >>"%s"\nexec "%s" "$@"\n' "$TMP/counted/starts" "$lib_bwrap" >"$TMP/counted/bwrap"
	chmod +x "$TMP/counted/bwrap"
	run env PATH="$TMP/counted:$PATH" "$BUILD/git-factory" "$@"
}

sandboxes() {
	wc -l <"$TMP/counted/starts"
}

lib_show_run() {
	echo "exit status: $status"
	echo "stdout:"
	sed 's/^/  /' "$OUT"
	echo "stderr:"
	sed 's/^/  /' "$ERR"
}

fail() {
	echo "failed: $*"
	exit 1
}

skip() {
	echo "$*" >"$TMP/skipped"
	exit 77
}

needs() {
	for lib_program; do
		command -v "$lib_program" >/dev/null || skip "no $lib_program"
	done
}

status_is() {
	if [ "$status" != "$1" ]; then
		lib_show_run
		fail "exit status $status, not $1"
	fi
}

out_is() {
	if [ "$(cat "$OUT")" != "$1" ]; then
		lib_show_run
		fail "stdout is not: $1"
	fi
}

lib_match() { # FILE ERE yes|no NAME
	if grep -Eq -e "$2" "$1"; then lib_found=yes; else lib_found=no; fi
	if [ "$lib_found" != "$3" ]; then
		lib_show_run
		if [ "$3" = yes ]; then
			fail "$4 has no line like: $2"
		fi
		fail "$4 has a line like: $2"
	fi
}
out_like() { lib_match "$OUT" "$1" yes stdout; }
err_like() { lib_match "$ERR" "$1" yes stderr; }
out_unlike() { lib_match "$OUT" "$1" no stdout; }
err_unlike() { lib_match "$ERR" "$1" no stderr; }

ok() {
	"$@" || fail "status $? of: $*"
}

fails() {
	if "$@"; then
		fail "succeeded: $*"
	fi
}

is() {
	if [ "$1" != "$2" ]; then
		printf 'got:      %s\nexpected: %s\n' "$1" "$2"
		fail "not equal"
	fi
}

isnt() {
	[ "$1" != "$2" ] || fail "equal: $1"
}

like() {
	printf '%s\n' "$1" | grep -Eq -e "$2" || fail "not like $2: $1"
}

unlike() {
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		fail "like $2: $1"
	fi
}

exists() {
	[ -e "$1" ] || [ -L "$1" ] || fail "missing: $1"
}

missing() {
	if [ -e "$1" ] || [ -L "$1" ]; then
		fail "exists: $1"
	fi
}

commit() {
	mkdir -p "$(dirname "$1")"
	printf '%s\n' "$2" >"$1"
	git add -- "$1"
	git commit -q -m "${3:-Write $1}"
}

init() {
	run git factory init
	status_is 0
	printf 'version: 1\nbase: main\ngates: none\n' >.factory/config.yml
	git add .factory
	git commit -q -m 'Let the factory in'
}

json() {
	jq -r "$2" "$1"
}

as_user() {
	[ "$(id -u)" = 0 ] || skip "not root"
	needs setpriv
	chown -R 65534:65534 "$TMP"
	setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
}

lib_fresh() {
	chmod -R u+rwX "$TMP/repo" 2>/dev/null
	rm -rf "$TMP/repo" "$TMP/skipped" "$HOME/.config" "$HOME/.cache" "$HOME/.local"
	: >"$OUT"
	: >"$ERR"
	git init -q "$TMP/repo" && cd "$TMP/repo" && commit README "sample" "Begin"
}

run_tests() {
	lib_n=0
	lib_bad=0
	lib_tests=$(sed -n 's/^\(test_[a-z0-9_]*\)() *{.*/\1/p' "$SELF")
	# shellcheck disable=SC2086
	set -- ${lib_only:-$lib_tests}
	echo "1..$#"
	for lib_test; do
		lib_n=$((lib_n + 1))
		# Nothing that the test before left is there for this one to take for its
		# own: what a server that it starts in the background has said, say.
		find "$TMP" -maxdepth 1 -type f -exec rm -f {} +
		lib_fresh >"$TMP/log" 2>&1 || {
			cat "$TMP/log"
			echo "Bail out! no fresh repository"
			exit 1
		}
		(
			set -e
			trap - EXIT
			"$lib_test"
		) >"$TMP/log" 2>&1
		lib_status=$?
		if [ $lib_status = 0 ] && [ ! -f "$TMP/skipped" ]; then
			echo "ok $lib_n - $lib_test"
		elif [ $lib_status = 0 ] || { [ $lib_status = 77 ] && [ -f "$TMP/skipped" ]; }; then
			echo "ok $lib_n - $lib_test # SKIP $(cat "$TMP/skipped")"
		else
			lib_bad=$((lib_bad + 1))
			echo "not ok $lib_n - $lib_test"
			sed 's/^/#   /' "$TMP/log"
		fi
		cd "$TMP" || exit 1
	done
	lib_finished=yes
	[ $lib_bad = 0 ]
	exit
}
