#!/bin/sh
# The model of claims, leases and deliveries: two nodes, and the mistakes that
# it must find. 'make soak' explores it with every fault.
. "${0%/*}/../lib.sh"

test_the_model_holds_and_finds_each_mistake() {
	needs spin cc
	run "$ROOT/tests/soak/model/run" --small
	cat "$OUT" "$ERR"
	status_is 0
	is "$(grep -c 'the mistake is found' "$OUT")" 4
}

run_tests
