load helper

setup() {
	. "$LIB/log.sh"
	. "$LIB/config.sh"
	cd "$BATS_TEST_TMPDIR"
}

@test "without a file there are defaults" {
	config_read .
	[ "$days $weeks $months" = '7 4 12' ]
}

@test "numbers are read, comments and empty lines skipped" {
	printf '# mine\n\ndays=3\nweeks=0\nmonths=24' >.snapkeep
	config_read .
	[ "$days $weeks $months" = '3 0 24' ]
}

@test "an unknown key is an error" {
	echo 'dayz=3' >.snapkeep
	run config_read .
	[ "$status" -eq 1 ]
	[ "$output" = "snapkeep: ./.snapkeep: unknown key 'dayz'" ]
}

@test "what is no number is an error" {
	for value in '' x 1x -1 12345 '$(touch here)'; do
		echo "days=$value" >.snapkeep
		run config_read .
		[ "$status" -eq 1 ]
		[ "$output" = "snapkeep: ./.snapkeep: 'days' needs a number below 10000" ]
	done
	[ ! -e here ]
}

@test "keeping nothing is an error" {
	printf 'days=0\nweeks=0\nmonths=0\n' >.snapkeep
	run config_read .
	[ "$status" -eq 1 ]
	[ "$output" = 'snapkeep: ./.snapkeep: this would keep nothing' ]
}
