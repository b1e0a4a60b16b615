# What the tests share.
SNAPKEEP=$BATS_TEST_DIRNAME/../bin/snapkeep
LIB=$BATS_TEST_DIRNAME/../lib

make_archives() { # DATE...
	for date; do
		echo "$date" >"$BATS_TEST_TMPDIR/home-$date.tar.gz"
	done
}
