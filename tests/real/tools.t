#!/bin/sh
# The gates on what real tools write: each has its say about a change next to
# the base, which has findings of its own.
. "${0%/*}/../lib.sh"

SCANNERS=$ROOT/tests/peers/scanners/node_modules

# By another path, for the sandbox may not show that of the checkout.
npm_tools() {
	[ -d "$SCANNERS" ] || skip 'ci/deps test was not run'
	needs node jq
	ln -sfn "$SCANNERS" "$TMP/node_modules"
	git config --global factory.sandbox.read "$TMP/node_modules"
	node=$(dirname "$(command -v node)")
	for bin in "$ROOT"/tests/peers/node/node_modules/node-linux-*/bin; do
		[ ! -d "$bin" ] || node=$bin
	done
	[ "$node" = /usr/bin ] || git config --global --add factory.sandbox.read "$node"
	git config --global factory.sandbox.path "$node:/usr/bin:/bin"
}

policy() { # LINES...: of the gate 'tool'; all files are committed with it
	mkdir -p .factory
	printf 'version: 1\nbase: main\ngates:\n  tool:\n' >.factory/config.yml
	printf '    %s\n' "$@" >>.factory/config.yml
	git add -A
	git commit -q -m Base
	git checkout -q -b work
}

judged() {
	git add -A
	git commit -q -m Change
	run git factory gate --only tool --json
}

# told KIND: rule file:line of each finding of that kind
told() {
	json "$OUT" "[.verdicts[] | select(.gate == \"tool\") | .findings[]? | select(.kind == \"$1\")
		| \"\\(.rule) \\(.file):\\(.line // 0)\"] | join(\", \")"
}
summary() { json "$OUT" '.verdicts[] | select(.gate == "tool") | .summary'; }

# One more line above moves the old finding, which stays the base's.
test_cppcheck() {
	needs cppcheck
	mkdir src
	printf 'int old(void)\n{\n\tint a[2] = {0, 0};\n\treturn a[2];\n}\n' >src/old.c
	policy 'run: cppcheck -q --xml src 2>out.xml' 'report: out.xml'
	printf '/* more */\n%s\n' "$(cat src/old.c)" >src/old.c
	judged
	status_is 0
	is "$(told old)" 'arrayIndexOutOfBounds src/old.c:5'
	printf 'int mine(int *p)\n{\n\tint *q = 0;\n\treturn *q + *p;\n}\n' >src/new.c
	judged
	status_is 1
	is "$(told blocks)" 'nullPointer src/new.c:4'
}

test_flawfinder() {
	needs flawfinder
	printf '#include <string.h>\nvoid old(char *d, char *s)\n{\n\tstrcpy(d, s);\n}\n' >old.c
	policy 'run: flawfinder --sarif . >out.sarif' 'report: out.sarif'
	echo 'int unrelated;' >other.c
	judged
	status_is 0
	sed -i 's/strcpy(d, s);/strcpy(d, s);\n\tstrcpy(d, s);/' old.c
	judged
	status_is 1
	like "$(told blocks)" 'old.c:[45]$'
}

test_bandit() {
	needs bandit
	printf 'import subprocess\n\n\ndef old(c):\n    subprocess.call(c, shell=True)\n' >old.py
	policy 'run: bandit -q -r . -f json -o out.json' 'report: out.json'
	git mv old.py renamed.py
	judged
	status_is 0
	printf 'def new(text):\n    return eval(text)  # nosec\n' >new.py
	judged
	status_is 1
	# It names no place of what it was told to be silent about.
	is "$(told blocks)" 'nosec new.py:0'
	sed -i 's/  # nosec//' new.py
	judged
	status_is 1
	is "$(told blocks)" 'B307 new.py:2'
}

test_eslint_with_sarif() {
	npm_tools
	printf 'export default [{rules: {"no-eval": "error", "no-unused-vars": "error"}}];\n' >eslint.config.mjs
	printf 'export const a = eval("1");\n' >old.js
	policy "run: node $TMP/node_modules/eslint/bin/eslint.js -f $TMP/node_modules/@microsoft/eslint-formatter-sarif/sarif.js -o out.sarif ." \
		'report: out.sarif'
	printf '// more\nexport const a = eval("1");\n' >old.js
	judged
	status_is 0
	is "$(told old)" 'no-eval old.js:2'
	printf '/* eslint-disable no-eval */\nexport const b = eval("2");\n' >new.js
	judged
	status_is 1
	is "$(told blocks)" 'no-eval new.js:2'
}

test_secretlint() {
	npm_tools
	ln -s "$TMP/node_modules" node_modules
	echo node_modules >.gitignore
	echo '{"rules": [{"id": "@secretlint/secretlint-rule-preset-recommend"}]}' >.secretlintrc.json
	policy "run: ln -s $TMP/node_modules node_modules; node node_modules/secretlint/bin/secretlint.js --format @secretlint/secretlint-formatter-sarif '*.txt' >out.sarif" \
		'report: out.sarif'
	echo nothing >a.txt
	judged
	status_is 0
	# Put together here, so that no scanner of this repository sees it whole.
	printf 'line\ntoken = "ghp_%s"\n' wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx >b.txt
	judged
	status_is 1
	like "$(told blocks)" 'b.txt:2$'
}

test_ast_grep() {
	npm_tools
	set -- "$TMP"/node_modules/@ast-grep/cli-linux-*/ast-grep
	[ -x "$1" ] || skip 'no ast-grep for this machine'
	cat >rule.yml <<-'END'
	id: no-eval
	language: javascript
	severity: error
	message: eval runs text
	rule: {pattern: eval($A)}
	END
	printf 'const a = eval("1");\n' >old.js
	policy "run: $1 scan -r rule.yml --format sarif . >out.sarif" 'report: out.sarif'
	printf '\n\nconst a = eval("1");\n' >old.js
	judged
	status_is 0
	printf '\n\nconst a = eval("1");\nconst b = eval("2");\n' >old.js
	judged
	status_is 1
	is "$(told blocks)" 'no-eval old.js:4'
}

c_sources() {
	cat >sum.c <<-'END'
	int sum(int a, int b);
	int
	sum(int a, int b)
	{
		if (a > 100)
			return 100;
		return a + b;
	}
	END
	cat >test.c <<-'END'
	int sum(int a, int b);
	int
	main(void)
	{
		return sum(1, 2) != 3;
	}
	END
}

c_change() { # LINES: more of them in sum()
	sed -i "s/return a + b;/$1/" sum.c
}

c_coverage() { # COMMAND REPORT
	c_sources
	policy "run: gcc --coverage -O0 -o t sum.c test.c && ./t && $1" "report: $2" 'coverage: 80'
	c_change 'a += b;\n\treturn a;'
	judged
	status_is 0
	c_change 'if (b > 100)\n\t\treturn 100;\n\tif (b < -100)\n\t\treturn -100;\n\treturn a + b;'
	git checkout -q main -- sum.c
	c_change 'if (b > 100)\n\t\treturn 100;\n\tif (b < -100)\n\t\treturn -100;\n\treturn a + b;'
	judged
	status_is 1
	like "$(told blocks)" 'sum.c:8'
	like "$(told blocks)" 'sum.c:10'
}

test_gcovr() {
	needs gcovr gcc
	c_coverage 'gcovr --cobertura out.xml' out.xml
}

test_lcov() {
	needs lcov gcc
	c_coverage 'lcov -q -c -d . -o out.info' out.info
}

test_gcov_json() {
	needs gcov gcc
	c_coverage 'gcov -j t-sum.gcda >/dev/null && gunzip -f t-sum.gcov.json.gz' t-sum.gcov.json
}

test_pytest_with_coverage() {
	/usr/bin/python3 -c 'import pytest, pytest_cov' 2>/dev/null || skip 'no python3-pytest-cov'
	printf 'def sign(n):\n    if n < 0:\n        return -1\n    return 1\n' >m.py
	printf 'import m\n\n\ndef test_sign():\n    assert m.sign(1) == 1\n' >test_m.py
	policy 'run: /usr/bin/python3 -B -m pytest -q -p no:cacheprovider --junitxml=out.xml --cov=. --cov-report=xml:cov.xml' \
		'report: [out.xml, cov.xml]' 'coverage: 100'
	printf 'def sign(n):\n    if n < 0:\n        return -1\n    if n == 0:\n        return 0\n    return 1\n' >m.py
	judged
	status_is 1
	is "$(told blocks)" 'coverage m.py:5'
	printf '\n\ndef test_zero():\n    assert m.sign(0) == 0\n' >>test_m.py
	judged
	status_is 0
	like "$(summary)" '2 tests'
}

test_node_with_c8() {
	npm_tools
	printf 'exports.sign = (n) => {\n\tif (n < 0)\n\t\treturn -1;\n\treturn 1;\n};\n' >m.js
	printf 'const test = require("node:test");\nconst m = require("./m.js");\ntest("sign", () => { if (m.sign(1) !== 1) throw Error("no"); });\n' >m.test.js
	policy "run: node $TMP/node_modules/c8/bin/c8.js -r lcovonly -o cov node --test --test-reporter=tap --test-reporter-destination=out.tap" \
		'report: [out.tap, cov/lcov.info]' 'coverage: 100'
	printf 'exports.sign = (n) => {\n\tif (n < 0)\n\t\treturn -1;\n\tif (n === 0) {\n\t\treturn 0;\n\t}\n\treturn 1;\n};\n' >m.js
	judged
	status_is 1
	like "$(told blocks)" 'm.js:5'
	printf 'test("zero", () => { if (m.sign(0) !== 0) throw Error("no"); });\n' >>m.test.js
	judged
	status_is 0
}

run_tests
