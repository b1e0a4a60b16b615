#!/bin/sh
# git factory gate on reports: what the base has too does not block, what the
# change brings does; quarantine and its end.
. "${0%/*}/../lib.sh"

# A scanner: each line with 'bad' in it is a finding of rule B, its severity
# by the word after it.  Where 'bad' is, it ends with 1.
scanner() {
	cat >scan <<'END'
#!/bin/sh
echo '<?xml version="1.0"?><checkstyle version="1">'
for f in *.c; do
	echo "<file name=\"$f\">"
	grep -n bad "$f" | while IFS=: read -r line text; do
		echo "<error line=\"$line\" severity=\"${text##*bad }\" message=\"bad thing\" source=\"B\"/>"
	done
	echo '</file>'
done
echo '</checkstyle>'
! grep -q bad ./*.c
END
	chmod +x scan
	{ seq 1 20; echo 'bad error'; seq 21 40; } >a.c
}

# Lines that end in '+' are covered, in '-' they are not.
measure() {
	cat >cover <<'END'
#!/bin/sh
for f in *.py; do
	echo "SF:$f"
	grep -n '[-+]$' "$f" | sed -e 's/^\([0-9]*\):.*+$/DA:\1,1/' -e 's/^\([0-9]*\):.*-$/DA:\1,0/'
	echo end_of_record
done
END
	chmod +x cover
	{ seq -f 'line %g +' 1 20; seq -f 'line %g -' 21 25; } >a.py
}

# policy LINES...: the gate 'g'
policy() {
	mkdir -p .factory
	{
		printf 'version: 1\nbase: main\ngates:\n  g:\n'
		for line; do
			printf '    %s\n' "$line"
		done
	} >.factory/config.yml
	git add -A
	git commit -q -m 'Sample with gates'
	git checkout -q -b work
}

changed() {
	git add -A
	git commit -q -m 'A change'
}

test_only_new_findings_block() {
	scanner
	policy "run: './scan >report.xml'" 'report: report.xml'
	{ echo first; cat a.c; } >x && mv x a.c
	git mv a.c 'b c.c'
	changed
	run git factory gate
	status_is 0
	out_like '^g +pass +no new findings, 1 from before'
	# What nobody asks about is counted, and shown only where all is.
	for form in '' --markdown --github; do
		run git factory gate $form
		out_unlike 'bad thing'
	done
	run git factory gate --sarif
	is "$(jq -r '.runs[0].results[] | select(.message.text | test("bad thing")) | .baselineState' "$OUT")" unchanged
	echo 'bad info' >>'b c.c'
	changed
	run git factory gate
	status_is 0
	out_like "no new findings, 1 below 'warning', 1 from before"
	sed -i '5s/.*/bad error/' 'b c.c'
	changed
	run git factory gate
	status_is 1
	out_like "^g +fail +1 new finding, 1 below 'warning', 1 from before"
	out_like 'b c.c:5: \[.* B, error\] bad thing'
	run git factory gate --json
	is "$(jq -c '[.verdicts[] | select(.gate == "g") | .findings[] | [.kind, .line, .severity]]' "$OUT")" \
		'[["blocks",5,"error"],["note",43,"note"],["old",22,"error"]]'
}

test_against_none_compares_nothing() {
	scanner
	policy "run: './scan >report.xml'" 'report: report.xml' 'against: none'
	echo more >>a.c
	changed
	run git factory gate
	status_is 1
	out_like '^g +fail +1 new finding'
}

# The scanner is new: nothing is known of what the base had.
test_a_base_without_answer_forgives_nothing() {
	scanner
	mv scan later
	policy "run: './scan >report.xml'" 'report: report.xml'
	mv later scan
	changed
	run git factory gate
	status_is 1
	out_like '^g +fail +1 new finding'
	sed -i 's/bad error//' a.c
	changed
	run git factory gate
	status_is 0
	out_like '^g +pass +no findings'
}

test_uncovered_changed_lines_block_and_are_listed() {
	measure
	policy "run: './cover >report.info'" 'report: report.info'
	git mv a.py b.py
	changed
	run git factory gate
	status_is 0
	out_like '^g +pass +no changed line to cover'
	sed -i '3a new -\nnew -\nnew +' b.py
	changed
	run git factory gate
	status_is 1
	out_like '^g +fail +1 of 3 changed lines covered, 2 uncovered lines more than before'
	out_like 'b.py: 4-5$'
	run git factory gate --json
	is "$(jq -c '[.verdicts[] | select(.gate == "g") | .findings[] | [.kind, .file, .line]]' "$OUT")" \
		'[["blocks","b.py",4]]'
}

test_a_threshold_is_for_changed_lines() {
	measure
	policy "run: './cover >report.info'" 'report: report.info' 'coverage: 60'
	sed -i '3a new -\nnew -\nnew +\nnew +\nnew +' a.py
	changed
	run git factory gate
	status_is 0
	out_like '^g +pass +3 of 5 changed lines covered'
	sed -i '3a new -' a.py
	changed
	run git factory gate
	status_is 1
	out_like '^g +fail +3 of 6 changed lines covered, below 60 %'
	run git config factory.gates.g.coverage 101
	run git factory gate
	status_is 128
	err_like 'from 1 to 100'
}

# One command, several reports: one verdict of all.
test_several_kinds_in_one_gate() {
	measure
	scanner
	policy "run: './cover >report.info; ./scan >report.xml'" 'report: [report.info, report.xml]'
	echo 'bad error' >>a.c
	sed -i '3a new -' a.py
	changed
	run git factory gate
	status_is 1
	out_like '^g +fail +1 new finding, 1 from before, 0 of 1 changed lines covered'
}

test_quarantine_ends_by_itself() {
	cat >suite <<'END'
#!/bin/sh
echo "<testsuite><testcase name=\"uploads\"><failure message=\"no\"/></testcase></testsuite>" >report.xml
false
END
	chmod +x suite
	policy 'run: ./suite' 'report: report.xml' 'quarantine: ["upload* by alice until 2027-01-31"]'
	echo more >other
	changed
	GIT_FACTORY_DATE=1801439999
	export GIT_FACTORY_DATE
	run git factory gate
	status_is 0
	out_like '1 of 1 tests failed, 1 in quarantine'
	run git factory gate --json
	out_like 'no \[in quarantine by alice until 2027-01-31\]'
	# What passed because of it is not known to pass when it is over.
	GIT_FACTORY_DATE=1801440000
	run git factory gate
	status_is 1
	unset GIT_FACTORY_DATE
	git checkout -q main
	git config factory.gates.g.quarantine 'uploads by alice'
	run git factory gate
	status_is 128
	err_like "does not say who answers for it until when"
}

run_tests
