#!/bin/sh
# The program as a person calls it. Usage: cli.t TABCUT
tabcut=$1
golden=${0%/*}/golden
n=0 failed=0

check() { # NAME WANTED-STATUS WANTED-OUTPUT COMMAND...
	name=$1 want=$2 out=$3
	shift 3
	n=$((n + 1))
	got=$("$@" 2>&1)
	status=$?
	if [ "$status" = "$want" ] && [ "$got" = "$out" ]; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		echo "# status $status: $got"
		failed=1
	fi
}

check 'columns in the order asked for' 0 "$(cat "$golden/names.out")" \
	"$tabcut" 1,4 "$golden/people.csv"
check 'a range' 0 'born,"city, country"' sh -c "head -1 $golden/people.csv | $tabcut 2-3"
check 'another separator' 0 'b;c' sh -c "echo 'a;b;c' | $tabcut -d';' 2-"
check 'a tab' 0 b sh -c "printf 'a\tb\n' | $tabcut -d'\\t' 2"
check 'a sum' 0 17.25 sh -c "tail -n +2 $golden/people.csv | $tabcut -s 4"
check 'a sum of what is no number' 1 "tabcut: line 1: 'paid' is no number" \
	"$tabcut" -s 4 "$golden/people.csv"
check 'a sum that is too large' 1 'tabcut: line 2: the sum is too large' \
	sh -c "printf '92233720368547758\n1\n' | $tabcut -s 1"
check 'a number that is too large' 1 'tabcut: line 1: the sum is too large' \
	sh -c "echo 99999999999999999999 | $tabcut -s 1"
check 'short records' 0 'b,a
c' sh -c "printf 'a,b\nc\n' | $tabcut 2,1"
check 'a missing column adds nothing' 0 2.00 sh -c "printf '1,2\n3\n' | $tabcut -s 2"
check 'an open quote' 1 'tabcut: line 2: a quoted field is not closed' \
	sh -c "printf 'a\n\"b\n' | $tabcut 1 >/dev/null"
check 'help' 0 'usage: tabcut [-s] [-d SEP] COLUMNS [FILE]' "$tabcut" -h
check 'no columns' 2 'usage: tabcut [-s] [-d SEP] COLUMNS [FILE]' "$tabcut"
check 'an unknown option' 2 '' sh -c "$tabcut -x 1 2>/dev/null"
check 'a wrong list' 2 "tabcut: '3-1' is no list of columns" "$tabcut" 3-1
check 'a wrong separator' 2 "tabcut: 'ab' is no separator" "$tabcut" -d ab 1
check 'a missing file' 1 "tabcut: cannot open '/nowhere'" "$tabcut" 1 /nowhere
check 'a full disk' 1 'tabcut: cannot write' sh -c "echo a | $tabcut 1 >/dev/full"

echo "1..$n"
exit $failed
