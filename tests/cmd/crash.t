#!/bin/sh
# Whatever is killed or fails at whatever call, the next start reaches the same
# end: some calls of most verbs, the same ones each time.  'make soak' plays all
# of it, and all verbs.
. "${0%/*}/../lib.sh"

can_strike() {
	needs python3
	[ "$PLATFORM" = Linux ] || skip 'needs ptrace'
	[ -x "$BUILD/tests/soak/strike" ] || fail "not built: $BUILD/tests/soak/strike"
	"$BUILD/tests/soak/strike" true || skip 'nothing can be traced here'
}

SHARED=sync,fold,share,export,apply,land
SCENES=init,add,edit,dep,close,inbox,status,hook,gate,import,reopen,run,along,merge,gc

crash() { # ACTIONS SAMPLE [SCENES]
	can_strike
	run python3 "$ROOT/tests/soak/crash/crash.py" --build "$BUILD" --only "${3:-$SCENES}" --seed 1 --actions "$1" --sample "$2"
	cat "$OUT" "$ERR"
	status_is 0
}

test_killed_anywhere_the_next_start_converges() { crash kill,killall,twice 7; }

test_an_error_anywhere_is_told_and_nothing_is_half_done() { crash EIO,ENOSPC,unread 7; }

test_too_few_descriptors_and_processes_and_short_answers() { crash EMFILE,EAGAIN,EINTR,short 4; }

test_no_memory_anywhere_is_told_and_nothing_is_half_done() {
	[ -x "$BUILD/tests/soak/git-factory" ] || skip 'its allocator is the sanitizers'"'"
	crash nomem,nomore 2
}

test_killed_anywhere_beside_a_remote_the_next_start_converges() { crash kill,killall,twice 4 "$SHARED"; }

test_an_error_anywhere_beside_a_remote_is_told() { crash EIO,ENOSPC,unread 3 "$SHARED"; }

run_tests
