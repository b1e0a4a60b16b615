load helper

setup() {
	cd "$BATS_TEST_TMPDIR"
}

@test "days, then weeks, then months" {
	make_archives 2024-08-09 2024-08-08 2024-08-07 2024-08-05 2024-08-02 2024-07-26 \
		2024-07-25 2024-06-30 2024-06-01 2024-05-31
	printf 'days=2\nweeks=3\nmonths=3\n' >.snapkeep
	run "$SNAPKEEP" plan .
	[ "$status" -eq 0 ]
	[ "$output" = "$(cat "$BATS_TEST_DIRNAME/golden/plan.out")" ]
}

@test "two of one day count as one" {
	make_archives 2024-08-09
	echo x >work-2024-08-09.tar.gz
	echo days=2 >.snapkeep
	printf 'weeks=0\nmonths=0\n' >>.snapkeep
	run "$SNAPKEEP" plan .
	[ "${lines[0]}" = 'keep day work-2024-08-09.tar.gz' ]
	[ "${lines[1]}" = 'drop - home-2024-08-09.tar.gz' ]
}

@test "other files are left alone" {
	touch notes.txt home-latest.tar.gz
	make_archives 2024-02-31 2024-02-28
	run "$SNAPKEEP" plan .
	[ "${lines[0]}" = "'home-2024-02-31.tar.gz' has no date that exists: left alone" ]
	[ "${lines[1]}" = 'keep day home-2024-02-28.tar.gz' ]
	[ "${#lines[@]}" -eq 2 ]
}

@test "names with blanks" {
	echo x >'my files-2024-08-09.tar.gz'
	run "$SNAPKEEP" plan .
	[ "$output" = 'keep day my files-2024-08-09.tar.gz' ]
}

@test "prune deletes what the plan drops, with its checksum" {
	make_archives 2024-08-09 2024-08-08 2024-08-07
	touch home-2024-08-08.tar.gz.sha256 home-2024-08-09.tar.gz.sha256
	printf 'days=1\nweeks=0\nmonths=0\n' >.snapkeep
	run "$SNAPKEEP" prune .
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 'deleted home-2024-08-08.tar.gz' ]
	[ "$(echo *)" = 'home-2024-08-09.tar.gz home-2024-08-09.tar.gz.sha256' ]
}

@test "prune deletes nothing when a setting is wrong" {
	make_archives 2024-08-09 2024-08-08
	echo days=x >.snapkeep
	run "$SNAPKEEP" prune .
	[ "$status" -eq 1 ]
	[ -f home-2024-08-08.tar.gz ]
}

@test "prune of nothing" {
	SNAPKEEP_QUIET=yes run "$SNAPKEEP" prune .
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	run "$SNAPKEEP" prune .
	[ "$output" = "nothing to keep in '.': nothing is deleted" ]
}

@test "wrong calls" {
	run "$SNAPKEEP"
	[ "$status" -eq 2 ]
	run "$SNAPKEEP" purge .
	[ "$status" -eq 2 ]
	[ "$output" = 'usage: snapkeep plan|prune|verify DIR' ]
	run "$SNAPKEEP" plan nowhere
	[ "$status" -eq 1 ]
	[ "$output" = "snapkeep: 'nowhere' is no folder" ]
}
