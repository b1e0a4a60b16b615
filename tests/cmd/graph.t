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

test_graph_is_drawn() {
	needs jq
	init
	a=$(add 'First "one"')
	b=$(add --after "$a" Second)
	c=$(add --after "$b" --after "$a:delivered" Third)
	d=$(add -p 4 Alone)
	run git factory task graph
	status_is 0
	out_is "$a  ready      First \"one\"
  $b  waiting    Second
    $c  waiting    Third  after $b, $a:delivered
$d  ready      Alone"
	run git factory task graph "$(echo "$b" | cut -c1-6)"
	out_unlike "$d"
	out_like "$c"
	run git factory task graph --dot
	out_like '^digraph'
	out_like "\"$a\" .label=\"$a ready.nFirst .\"one.\"\""
	out_like "\"$a\" -> \"$b\";"
	out_like "\"$a\" -> \"$c\" .style=dashed.;"
	run git factory task graph --mermaid
	out_like '^flowchart'
	out_like "t_$a\[\"$a ready<br/>First #34;one#34;\"\]"
	out_like "t_$a -\.-> t_$c"
	run git factory task graph --json
	is "$(json "$OUT" 'map("\(.id) \(.depth) \(.after | map(.id + ":" + .until) | join(","))") | join(" ")')" \
		"$a 0  $b 1 $a:landed $c 2 $b:landed,$a:delivered $d 0 "
	run git factory task graph --json --dot
	status_is 129
	ok git factory task close "$a"
	run git factory task graph
	out_unlike "$a"
	run git factory task graph "$a"
	status_is 1
	run git factory task graph --all "$a"
	status_is 0
	out_like "^$a  closed"
}

test_graph_shows_circles_and_what_is_missing() {
	init
	a=$(add A)
	b=$(add B)
	hand "$a" "$b"
	hand "$b" "$a" zzzzzzzz
	run git factory task graph
	status_is 0
	out_like "^ *$a  waiting    A  in a circle"
	out_like '^zzzzzzzz  missing'
	run git factory task graph --dot
	out_like "\"$a\" .*color=red"
}

# One line of a file, and what is said of it.
refuses() { # LINE ERE
	echo '{"ref": "ok", "title": "A good one"}' >"$TMP/lines"
	echo "$1" >>"$TMP/lines"
	run git factory task import "$TMP/lines"
	isnt "$status" 0
	err_like "$2"
	rm "$TMP/lines"
}

test_import_files_all_in_one_commit() {
	needs jq
	init
	old=$(add Old)
	before=$(git rev-list --count refs/factory/state)
	cat >"$TMP/lines" <<-END
	{"ref": "second one", "title": "Second", "after": ["first", "$old:delivered"], "labels": ["x", "y"]}
	{"ref": "first", "title": "First", "priority": 0, "type": "fix", "needs": ["gpu"], "estimate": "1h", "body": "# Why\n\nBecause."}

	{"title": "Third", "after": "second one:delivered"}
	END
	run git factory task import "$TMP/lines"
	status_is 0
	is "$(git rev-list --count refs/factory/state)" $((before + 1))
	is "$(git log -1 --format=%s refs/factory/state)" 'import 3 tasks'
	second=$(sed -n 's/  second one$//p' "$OUT")
	first=$(sed -n 's/  first$//p' "$OUT")
	third=$(sed -n 3p "$OUT")
	ok sort -c "$OUT"
	run git factory task show --json "$first"
	is "$(json "$OUT" '.title, .priority, .type, .needs[0], .estimate_s, .body')" "First
0
fix
gpu
3600
# Why

Because."
	run git factory task show --json "$second"
	is "$(json "$OUT" '.after | join(" ")')" "$first $old:delivered"
	run git factory task show --json "$third"
	is "$(json "$OUT" '.after | join(" ")')" "$second:delivered"
	rm "$TMP/lines"
}

# A file for each task, tree and commit would be as many to write, and for git to gather.
test_a_large_import_is_one_pack() {
	init
	loose=$(git count-objects)
	seq 120 | sed 's/.*/{"title": "Task &"}/' >"$TMP/lines"
	ok git factory task import "$TMP/lines"
	is "$(git count-objects)" "$loose"
	is "$(git count-objects -v | sed -n 's/^packs: //p')" 1
	ok git fsck --strict --no-dangling --no-progress
	is "$(git factory task list | wc -l)" 120
	rm "$TMP/lines"
}

test_import_is_all_or_nothing() {
	init
	before=$(git rev-parse refs/factory/state)
	refuses '{"title": "x"' ':2:14: .*ends before'
	refuses '{"title": 1}' ':2:11: .title. must be a string'
	refuses '{"titel": "x"}' ":2:2: unknown key 'titel'; did you mean 'title'"
	refuses '{"title": "x", "state": "landed"}' ":2:16: 'state' is kept by the factory: leave it out"
	refuses '{"title": "x", "after": ["nope"]}' ":2:26: 'nope' is neither a ref .* nor the id"
	refuses '{"title": "x", "after": ["zzzz"]}' ":2:26: 'zzzz' is neither"
	refuses '{"title": "x", "priority": 7}' ':2:28: .*0 to 4, not 7'
	refuses '{"title": "x", "estimate": 20}' ':2:28: .*like 20m'
	refuses '{"ref": "ok", "title": "x"}' ":2:9: the ref 'ok' is that of line 1 already"
	refuses '{"body": "x"}' ":2:1: 'title' is missing"
	refuses '["x"]' ':2:1: must be an object'
	refuses "$(printf '{"title": "\377"}')" ':2:1[0-9]: .*UTF-8'
	is "$(git rev-parse refs/factory/state)" "$before"
	run git factory task list
	out_is ''
	run git factory task import "$TMP/nowhere"
	isnt "$status" 0
	printf '{"title": "x"}\n' >"$TMP/lines"
	run git factory task import -n "$TMP/lines"
	status_is 0
	is "$(git rev-parse refs/factory/state)" "$before"
	rm "$TMP/lines"
}

test_import_refuses_circles() {
	init
	a=$(add A)
	b=$(add B)
	refuses '{"title": "x", "ref": "me", "after": ["ok", "me"]}' ":2:45: a circle.*: 'me' after 'me'"
	cat >"$TMP/lines" <<-END
	{"ref": "a", "title": "A", "after": ["c"]}
	{"title": "B", "ref": "b", "after": ["a"]}
	{"title": "C", "ref": "c", "after": ["$a", "b"]}
	END
	run git factory task import "$TMP/lines"
	status_is 1
	err_like "lines:1:38: a circle.*: 'a' after 'c' after 'b' after 'a'"
	rm "$TMP/lines"
	hand "$a" "$b"
	hand "$b" "$a"
	refuses "{\"title\": \"x\", \"after\": [\"$b\"]}" ":2:26: '$b' waits in a circle: .*$b"
	run git factory task list
	is "$(wc -l <"$OUT" | tr -d ' ')" 2
}

test_export_gives_what_import_takes() {
	needs jq
	init
	cat >"$TMP/lines" <<-'END'
	{"ref":"a","title":"First \"quoted\"","type":"fix","priority":2,"labels":["l"],"needs":["gpu"],"estimate":"1h30m","dir":"lib","hold":"not yet","body":"# Head\n\ntwo\tlines"}
	{"ref":"b","title":"Second","after":["a"]}
	{"ref":"c","title":"Third","after":["b:delivered","a"],"body":"text"}
	END
	run git factory task import "$TMP/lines"
	cp "$OUT" "$TMP/refs"
	done=$(add Done)
	ok git factory task dep "$(sed -n 's/  c$//p' "$TMP/refs")" "$done"
	ok git factory task close "$done"
	git factory task export >"$TMP/out"
	while read -r id ref; do sed -i.old "s/$id/$ref/g" "$TMP/out"; done <"$TMP/refs"
	jq -cS 'del(.priority)' "$TMP/out" >"$TMP/ours"
	jq -cS 'del(.priority)' "$TMP/lines" >"$TMP/theirs"
	ok cmp "$TMP/ours" "$TMP/theirs"
	rm -f "$TMP"/lines "$TMP"/refs "$TMP"/out "$TMP"/out.old "$TMP"/ours "$TMP"/theirs
}

# What an import gave the ids is in its answer: with the refs put back, nothing differs.
test_a_round_trip_gives_the_same_bytes() {
	init
	a=$(add -p 0 -l x -l y --need gpu 'First "one"')
	b=$(add --after "$a" -F README Second)
	add --after "$b:delivered" --after "$a" -t fix Third >/dev/null
	git factory task export >"$TMP/first"
	lib_fresh
	init
	run git factory task import "$TMP/first"
	status_is 0
	sed 's|\(.*\)  \(.*\)|s/"\1\\([":]\\)/"\2\\1/g|' "$OUT" >"$TMP/back"
	git factory task export | sed -f "$TMP/back" >"$TMP/second"
	ok cmp "$TMP/first" "$TMP/second"
	is "$(wc -l <"$TMP/first" | tr -d ' ')" 3
}

test_import_of_many() {
	init
	awk 'BEGIN { for (i = 2000; i > 0; i--) printf "{\"ref\":\"t%d\",\"title\":\"Task %d\",\"after\":[%s]}\n", i, i, (i > 1 ? "\"t" int(i / 2) "\"" : "") }' >"$TMP/lines"
	run git factory task import "$TMP/lines"
	status_is 0
	is "$(wc -l <"$OUT" | tr -d ' ')" 2000
	one=$(sed -n 's/  t1$//p' "$OUT")
	run git factory task next
	out_is "$one"
	ok git factory task close "$one"
	run git factory status
	out_like '^2 ready, 1997 waiting, 1 closed'
	ok git fsck --strict
	rm "$TMP/lines"
}

run_tests
