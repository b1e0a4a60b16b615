#!/bin/sh
# Waivers: what a person lets pass until a day, and adoption on old code.
. "${0%/*}/../lib.sh"

# A scanner: complains of each line that holds the word bad.
sample() {
	cat >scan.sh <<'END'
{
	echo '<?xml version="1.0"?><checkstyle version="8">'
	for f in src/*.c; do
		echo "<file name=\"$f\">"
		grep -n bad "$f" | sed 's/\([0-9]*\):.*/<error line="\1" severity="error" message="bad word" source="words"\/>/'
		echo '</file>'
	done
	echo '</checkstyle>'
} >report.xml
END
	mkdir -p src .factory
	printf 'int a;\n' >src/a.c
	printf 'version: 1\nbase: main\ngates:\n  words: {run: sh scan.sh, report: report.xml, against: none}\n' >.factory/config.yml
	git add -A
	git commit -q -m 'Sample with a scanner'
}

# waivers LINES...: in the base, where they count
waivers() {
	git checkout -q main
	printf '%s\n' "$@" >.factory/waivers.yml
	git add -A
	git commit -q -m 'Waive'
}

change() { # FILE TEXT
	git checkout -q -B work
	commit "$1" "$2"
}

findings() { # KIND
	json "$OUT" "[.verdicts[].findings[] | select(.kind == \"$1\") | .file] | join(\" \")"
}

test_a_waiver_lets_pass_and_is_told() {
	sample
	waivers '- gate: words' '  path: src/a.c' '  owner: ada@example.org' '  reason: old' '  expires: 2026-01-31'
	change src/a.c 'int bad;'
	run git factory gate
	status_is 0
	out_like '^words +pass .*, 1 waived'
	out_like '^  waived: src/a.c:1: .*\(.factory/waivers.yml:1:3, ada@example.org until 2026-01-31: old\)'
	run git factory gate --json
	is "$(findings waived)" src/a.c
	is "$(findings blocks)" ''
	commit src/b.c 'int bad;'
	run git factory gate --json
	status_is 1
	is "$(findings waived)" src/a.c
	is "$(findings blocks)" src/b.c
}

test_waived_in_every_form() {
	sample
	waivers '- {gate: words, rule: "wor*", owner: ada, reason: old, expires: 2026-01-31}'
	change src/a.c 'int bad;'
	run git factory gate --sarif
	status_is 0
	is "$(json "$OUT" '.runs[0].results[0].suppressions[0].justification')" \
	    '.factory/waivers.yml:1:3, ada until 2026-01-31: old'
	run git factory gate --markdown
	out_like 'waived: .factory/waivers.yml:1:3, ada until 2026-01-31: old'
}

# The change cannot waive itself.
test_security_waivers_of_the_base() {
	sample
	change src/a.c 'int bad;'
	commit .factory/waivers.yml '- {gate: words, path: src/, owner: ada, reason: old, expires: 2026-01-31}'
	run git factory gate
	status_is 1
	out_like '^words +fail'
	out_like '^  flagged: .factory/waivers.yml'
}

test_security_no_waiver_beyond_its_day() {
	sample
	waivers '- {gate: words, path: src/, owner: ada, reason: old, expires: 2026-01-01}'
	change src/a.c 'int bad;'
	run git factory gate --only words
	status_is 0
	run env GIT_FACTORY_DATE=1767312000 git-factory gate --only words
	status_is 1
}

# What has ended, lacks an owner or cannot be read is told with its place, until it is mended.
test_waivers_are_kept_in_order() {
	sample
	waivers '# old' '- {gate: words, path: src/, owner: ada, reason: old, expires: 2025-01-31}'
	change src/b.c 'int b;'
	run git factory gate
	status_is 1
	out_like '^waivers +fail +1 waiver to mend'
	out_like "\.factory/waivers.yml:2:3: the waiver for 'words' that ada answers for ended with 2025-01-31"
	# The change that mends it passes, though its base is what it is.
	git rm -q .factory/waivers.yml
	git commit -q -m 'Mend'
	run git factory gate
	status_is 0
	out_like '^waivers +pass'
	waivers '- {gate: words, path: src/, reason: old, expires: 2026-01-31}'
	change src/b.c 'int b;'
	run git factory gate --json
	status_is 1
	is "$(json "$OUT" '.verdicts[] | select(.gate == "waivers") | .findings[] | .file, .line, .text' | tr '\n' '|')" \
	    ".factory/waivers.yml|1|.factory/waivers.yml:1:3: a waiver without 'owner'|"
	# A file that is half broken waives nothing.
	waivers '- {gate: words, path: src/, owner: ada, reason: old, expires: 2026-01-31}' '- {gate: words}'
	change src/b.c 'int bad;'
	run git factory gate
	status_is 1
	out_like '^words +fail'
}

test_baseline() {
	sample
	commit src/a.c 'int bad;' 'Old code'
	printf '# ours\n- {gate: words, path: src/z.c, owner: ada, reason: r, expires: 2026-01-31}' >.factory/waivers.yml
	before=$(cat .factory/waivers.yml)
	printf 'bad\n' >src/b.c
	git add src/b.c
	index=$(git ls-files -s | git hash-object --stdin)
	run git factory gate --baseline --base HEAD~1
	status_is 0
	out_like '^1 waiver until 2026-04-01 added to .factory/waivers.yml: look at it and commit it'
	is "$(head -2 .factory/waivers.yml)" "$before"
	is "$(git ls-files -s | git hash-object --stdin)" "$index"
	is "$(git status --porcelain | tr '\n' ';')" 'A  src/b.c;?? .factory/waivers.yml;'
	# Before it is committed, too, nothing is waived twice.
	before=$(cat .factory/waivers.yml)
	run git factory gate --baseline --base HEAD~1
	status_is 0
	out_is 'all that blocks is waived in .factory/waivers.yml already: commit it'
	is "$(cat .factory/waivers.yml)" "$before"
	git add .factory/waivers.yml
	git commit -q -m 'Adopt the gates'
	run git factory gate --base HEAD~1 --json
	status_is 1
	is "$(findings blocks)" 'src/a.c src/b.c'
	# Again: only what is not waived yet.
	run git factory gate --baseline --base HEAD
	status_is 0
	out_like '^1 waiver until'
	is "$(grep -c 'path: /src/[ab].c' .factory/waivers.yml)" 2
	git commit -q -am 'Adopt the rest'
	git checkout -q -b work
	commit src/a.c 'int bad; int more;'
	run git factory gate
	status_is 0
}

# A gate without an answer has nothing to waive.
test_baseline_of_a_broken_gate() {
	sample
	printf 'version: 1\nbase: main\ngates:\n  words: {run: "true", report: report.xml}\n' >.factory/config.yml
	git commit -q -am 'Break it'
	run git factory gate --baseline
	status_is 1
	err_like '1 gate gave no answer that could be waived'
	missing .factory/waivers.yml
	mkdir "$TMP/else"
	rm -rf .factory
	ln -s "$TMP/else" .factory
	run git factory gate --baseline --base HEAD~1
	missing "$TMP/else/waivers.yml"
}

run_tests
