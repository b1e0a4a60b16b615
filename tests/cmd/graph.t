#!/bin/sh
# What comes after what: readiness, circles, closing and opening again.
. "${0%/*}/../lib.sh"

add() {
	git factory task add "$@" 2>/dev/null
}

path() { # ID: of an open task in the state
	echo "tasks/$(echo "$1" | cut -c1)/$(echo "$1" | cut -c2)/$1.md"
}

# Write the field 'after' of a task by hand, on the branch.
hand() { # ID AFTER...
	[ -d .git/worktrees/view ] || { rm -rf "$TMP/view"; git worktree add -q "$TMP/view" factory-state; }
	git -C "$TMP/view" merge -q --ff-only refs/factory/state
	file=$TMP/view/$(path "$1")
	list=$(shift; echo "$*" | sed 's/ /, /g')
	sed -i.old -e '/^after:/d' -e "s/^title:/after: [$list]\ntitle:/" "$file"
	rm "$file.old"
	git -C "$TMP/view" add .
	git -C "$TMP/view" commit -qm 'by hand'
}

test_a_task_waits_for_all_that_it_comes_after() {
	init
	a=$(add A)
	b=$(add B)
	c=$(add --after "$a" --after "$b" C)
	run git factory task ready "$c"
	status_is 1
	err_like "waits for $a \(queued\)"
	ok git factory task close "$a"
	run git factory task ready "$c"
	status_is 1
	err_like "waits for $b \(queued\)"
	ok git factory task close "$b"
	run git factory task ready "$c"
	status_is 0
}

test_opening_again_makes_others_wait_again() {
	init
	a=$(add A)
	b=$(add --after "$a" B)
	ok git factory task close "$a"
	run git factory task next
	out_is "$b"
	ok git factory task close --reopen "$a"
	run git factory task next
	out_is "$a"
	run git factory status
	out_like '^1 ready, 1 waiting'
}

test_taking_away_frees() {
	init
	a=$(add -p 4 A)
	b=$(add -p 0 --after "$a" B)
	ok git factory task dep -r "$b" "$a"
	run git factory task next
	out_is "$b"
	run git factory task show --raw "$b"
	out_unlike 'after'
}

test_delivered_is_enough_where_it_says_so() {
	init
	a=$(add A)
	b=$(add --after "$a:delivered" B)
	run git factory task show "$b"
	out_like "after +$a:delivered"
	run git factory task ready "$b"
	status_is 1
	run git factory task dep "$b" "$a"
	out_like "^after +$a"
	run git factory task show --raw "$b"
	out_like "^after: \[$a\]\$"
	run git factory task dep "$b" "$(echo "$a" | cut -c1-5):delivered"
	run git factory task show --raw "$b"
	out_like "^after: .*$a:delivered"
	run git factory task add --after "$a:landed" C
	status_is 1
}

test_circles_are_refused_and_named() {
	init
	a=$(add A)
	b=$(add --after "$a" B)
	c=$(add --after "$b" C)
	run git factory task dep "$a" "$c"
	status_is 1
	err_like "circle.*: $a after $c after $b after $a"
	run git factory task dep "$a" "$a"
	status_is 1
	err_like "$a after $a"
	git factory task show --raw "$a" | sed "s/^title:/after: [$c]\ntitle:/" >"$TMP/edit"
	run git factory task edit -F "$TMP/edit" "$a"
	status_is 1
	err_like "$a after $c after $b after $a"
	rm "$TMP/edit"
	# Over a task that is closed: it may be opened again.
	ok git factory task close "$b"
	run git factory task dep "$a" "$c"
	status_is 1
	run git factory task show "$a"
	out_unlike after
}

test_circles_made_by_hand_hold_up_only_their_members() {
	init
	a=$(add -p 0 A)
	b=$(add -p 0 B)
	c=$(add -p 0 --after "$a" C)
	d=$(add D)
	hand "$a" "$b"
	hand "$b" "$a"
	run git factory task next
	status_is 0
	out_is "$d"
	err_like "circle: ($a after $b after $a|$b after $a after $b); end it with 'git factory task dep -r"
	run git factory task ready "$a"
	status_is 1
	err_like "waits in a circle: .*$a"
	run git factory task ready "$c"
	status_is 1
	err_like "waits for $a"
	run git factory status
	out_like '^1 ready, 3 waiting'
	# A member may be changed, and the circle mended.
	ok git factory task edit --title 'A anew' "$a"
	ok git factory task dep -r "$b" "$a"
	run git factory task next
	out_is "$b"
	err_unlike circle
}

test_a_task_after_itself_by_hand() {
	init
	a=$(add A)
	hand "$a" "$a"
	run git factory task next
	status_is 1
	err_like "$a after $a"
	ok git factory task close "$a"
	run git factory task list --all
	err_unlike circle
}

test_a_task_that_does_not_exist_is_waited_for() {
	init
	a=$(add A)
	hand "$a" zzzzzzzz
	run git factory task ready "$a"
	status_is 1
	err_like "'zzzzzzzz', which does not exist"
}

test_the_cache_agrees_with_the_files() {
	needs jq
	init
	a=$(add A)
	b=$(add --after "$a" B)
	c=$(add --after "$b:delivered" --after "$a" C)
	d=$(add --hold 'not yet' --after "$c" D)
	ok git factory task close "$a"
	hand "$c" "$d"
	hand "$b" "$b"
	git factory task list --all --json >"$TMP/warm" 2>/dev/null
	rm .git/factory/cache.db
	git factory task list --all --json >"$TMP/cold" 2>/dev/null
	ok cmp "$TMP/warm" "$TMP/cold"
	git factory status >"$TMP/warm" 2>/dev/null
	rm .git/factory/cache.db
	git factory status >"$TMP/cold" 2>/dev/null
	ok cmp "$TMP/warm" "$TMP/cold"
	rm "$TMP/warm" "$TMP/cold"
}

run_tests
