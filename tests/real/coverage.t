#!/bin/sh
# Coverage of changed lines next to what gcovr, coverage.py and diff-cover say
# of the same reports.
. "${0%/*}/../lib.sh"

# policy COMMAND REPORT: the gate 'cov', all files committed with it
policy() {
	mkdir -p .factory
	{
		printf 'version: 1\nbase: main\ngates:\n  cov:\n'
		printf '    run: %s\n    report: %s\n    coverage: 1\n' "$1" "$2"
	} >.factory/config.yml
	printf '%s\n' report.xml report.json report.info '*.gc*' prog .coverage >.gitignore
	git add -A
	git commit -q -m Base
	git checkout -q -B work
}

measure() { json "$OUT" ".verdicts[] | select(.gate == \"cov\") | .measures[] | select(.name == \"$1\") | .value"; }

judged() {
	git add -A
	git commit -q -m Change
	run git factory gate --only cov --json
}

c_project() {
	needs gcc gcovr jq
	cat >calc.c <<'END'
#include "calc.h"

int
calc(int op, int a, int b)
{
	if (op == '+')
		return a + b;
	if (op == '-')
		return a - b;
	return 0;
}
END
	printf 'int calc(int, int, int);\nstatic inline int twice(int x)\n{\n\treturn 2 * x;\n}\n' >calc.h
	printf '#include "calc.h"\nint\nmain(void)\n{\n\treturn calc(43, 1, 1) == 2 ? 0 : twice(1);\n}\n' >main.c
}

# A change with lines that are reached, that are not, and that are no code.
c_change() {
	sed -i "s|return 0;|if (op == '*') {\n\t\t/* times */\n\t\ta *= b;\n\t\treturn a;\n\t}\n\treturn 0;|" calc.c
	sed -i 's|calc(43, 1, 1) == 2|calc(43, 1, 1) == 2 \&\& calc(0, 0, 0) == 0|' main.c
}

build='gcc --coverage -O0 -o prog calc.c main.c && ./prog'

# What gcovr itself counts, in the user's own checkout.
gcovr_says() {
	sh -c "$build"
	gcovr --json-summary -o sum.json
	json sum.json "\"\\(.line_covered) \\(.line_total - .line_covered)\""
	rm -f ./*.gc* prog sum.json
}

# Each form in which the same numbers can be written.
test_counts_are_gccs_in_each_format() {
	c_project
	needs lcov
	for form in 'gcovr --xml -o report.xml|report.xml' 'lcov -q -c -d . -o report.info|report.info' \
		'gcov -t --json-format *.gcda >report.json|report.json'; do
		git checkout -q -f main
		policy "$build && ${form%|*}" "${form#*|}"
		c_change
		judged
		status_is 0
		is "$(measure changed_covered_lines) $(measure changed_uncovered_lines)" '2 2'
		is "$(measure covered_lines) $(measure uncovered_lines)" "$(gcovr_says)"
		git checkout -q main
		git branch -q -D work
	done
}

# "changed uncovered"
diff_cover() {
	PYTHONPATH=$ROOT/tests/real/packages/diff-cover /usr/bin/python3 -B -m diff_cover.diff_cover_tool \
		report.xml --compare-branch=main --format json:dc.json --quiet >/dev/null
	json dc.json '"\(.total_num_lines) \(.total_num_violations)"'
	rm dc.json
}

py_project() {
	/usr/bin/python3 -c 'import coverage' 2>/dev/null || skip 'no python3-coverage'
	mkdir pkg
	: >pkg/__init__.py
	for name in rechnen 'größe' 漢字; do
		for i in 1 2 3 4 5 6; do
			printf 'def f%s(x):\n    if x > %s:\n        x = x + %s\n\n    return x\n\n\n' $i $i $i
		done >"pkg/$name.py"
	done
	cat >t.py <<'END'
import importlib, os
for name in sorted(os.listdir("pkg")):
    m = importlib.import_module("pkg." + name[:-3]) if name.endswith(".py") else None
    for f in ("f1", "f3", "f5"):
        getattr(m, f, lambda x: x)(2)
END
	measure="/usr/bin/python3 -B -m coverage run --source=pkg t.py && /usr/bin/python3 -m coverage xml -q -o report.xml"
	policy "$measure" report.xml
}

test_changed_lines_are_diff_covers() {
	[ -d "$ROOT/tests/real/packages/diff-cover" ] || skip 'ci/deps test was not run'
	/usr/bin/python3 -c 'import jinja2, pygments' 2>/dev/null || skip 'no python3-jinja2'
	py_project
	for edit in "sed -i '3s/x + 1/1 + x/' pkg/größe.py" \
		"sed -i 's/^    return x/    y = x\n    if y > 9:\n        y = 0\n    return y/' pkg/漢字.py" \
		"git mv pkg/rechnen.py 'pkg/neu.py' && sed -i '20i\\    # more\n    x = x + 0' pkg/neu.py" \
		"printf 'def f5(x):\n    return x\n\n\ndef g(x):\n    return x\n' >pkg/other.py"; do
		sh -c "$edit"
		judged
		status_is 0
		covered=$(measure changed_covered_lines)
		missed=$(measure changed_uncovered_lines)
		sh -c "$measure"
		is "$((covered + missed)) $missed" "$(diff_cover)"
		isnt "$((covered + missed))" 0
	done
}

# Here it is not right: code that was moved is no new code.
test_moved_code_is_free() {
	py_project
	sed -n '8,21p' pkg/rechnen.py >pkg/teil.py
	sed -i '8,21d' pkg/rechnen.py
	judged
	status_is 0
	is "$(measure changed_covered_lines) $(measure changed_uncovered_lines)" '0 0'
}

run_tests
