load helper

setup() {
	cd "$BATS_TEST_TMPDIR"
	make_archives 2024-08-09 2024-08-08
	for f in *.tar.gz; do
		sha256sum "$f" >"$f.sha256"
	done
}

@test "all is well" {
	run "$SNAPKEEP" verify .
	[ "$status" -eq 0 ]
	[ "$output" = '2 archives, 0 bad' ]
}

@test "a damaged archive" {
	echo more >>home-2024-08-08.tar.gz
	run "$SNAPKEEP" verify .
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = 'home-2024-08-08.tar.gz: damaged' ]
	[ "${lines[1]}" = '2 archives, 1 bad' ]
}

@test "a missing or empty checksum" {
	rm home-2024-08-08.tar.gz.sha256
	: >home-2024-08-09.tar.gz.sha256
	run "$SNAPKEEP" verify .
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = 'home-2024-08-08.tar.gz: no checksum' ]
	[ "${lines[1]}" = 'home-2024-08-09.tar.gz: damaged' ]
}
