#!/bin/sh
# A hostile agent and a hostile server in the real run, against what goes in
# and out as data: secrets, text for people, sizes, patterns, requests.
#
# No switch can be for: YAML aliases (the reader has none), control characters
# in a title (no field of a task holds any), what is captured of a flood (all
# buffers have a ceiling), a giant file or a deep folder (no reader of ours
# could take them), netrc (the library's default is off).  These are shown
# failing, no more.
. "${0%/*}/../lib.sh"
. "${0%/*}/../hostile.sh"

# The run knows this key; the sandbox has it not.  What is hostile here knows
# it, spelt so (rot13) that it is found nowhere by accident.
KEY=sk-ant-Canary0123456789-tweetWhale
SPELT=$(printf %s "$KEY" | tr a-zA-Z n-za-mN-ZA-M)
spelt="printf %s $SPELT | tr a-zA-Z n-za-mN-ZA-M"
knows_the_key() {
	ANTHROPIC_API_KEY=$KEY
	export ANTHROPIC_API_KEY
}

# Is the key, or either of its halves, anywhere in what the run left or said?
seen() {
	grep -raqs "$1" "$TMP/victim/.git/factory/runs" "$OUT" "$ERR" || {
		victim root git -c safe.directory='*' for-each-ref --format='%(refname)' refs/factory refs/heads/factory refs/notes |
			while read -r ref; do
				victim root git -c safe.directory='*' grep -aq "$1" "$ref" 2>/dev/null && echo "$ref"
				victim root git -c safe.directory='*' log --notes=factory "$ref" 2>/dev/null | grep "$1"
			done | grep -q .
	}
}

# ---- what leaves with the change ----

test_security_a_secret_in_the_change() {
	knows_the_key
	session_of true | sample
	for dress in cat base64 'base64 -w7' 'od -An -v -tx1' rev 'iconv -t utf-16' 'sed s/-/%2D/g'; do
		session_of "{ echo start; $spelt | $dress; echo; } >leak" >.factory/session.jsonl
		git commit -qam "Leak by $dress"
		attack root "$RELEASE" output-scan
		status_is 1
		err_like "the change writes a secret into 'leak'"
		is "$(victim root git for-each-ref refs/heads/factory)" ''
	done
}

test_security_a_secret_leaves_without_the_scan() {
	knows_the_key
	session_of "{ $spelt | base64; } >leak; touch \"\$($spelt)\"" | sample
	for who in $WHO; do
		attack "$who" "$RELEASE" output-scan
		status_is 1
		is "$(victim "$who" git for-each-ref refs/heads/factory)" ''
		attack "$who" "$TESTING" output-scan
		status_is 0
		branch=$(victim "$who" git for-each-ref --format='%(refname)' refs/heads/factory)
		is "$(victim "$who" git show "$branch:leak" | base64 -d)" "$KEY"
		ok victim "$who" git cat-file -e "$branch:$KEY"
	done
}

# ---- what is said and kept ----

test_security_a_secret_in_what_is_said() {
	knows_the_key
	session_of "$spelt; echo; $spelt | base64; head -c 40000 /dev/zero | tr '\\0' .; $spelt; head -c 40000 /dev/zero | tr '\\0' ." | sample
	for who in $WHO; do
		attack "$who" "$RELEASE" redact
		status_is 0
		fails seen Canary0123
		ok grep -q 'redacted:ANTHROPIC_API_KEY' "$TMP/journal"
		attack "$who" "$TESTING" redact
		ok seen "$KEY"
	done
}

# The commit's message and the pull request are the model's own words.
test_security_a_secret_in_the_summary() {
	knows_the_key
	answer "$(call b write_file '{"path":"change","content":"made\n"}')" \
		"$(call c finish "{\"summary\":\"I found $KEY\"}")" | sample
	for who in $WHO; do
		attack "$who" "$RELEASE" redact
		status_is 0
		ok victim "$who" git log --format=%B --branches=factory >"$TMP/message"
		ok grep -q 'I found .redacted:ANTHROPIC_API_KEY' "$TMP/message"
		run victim "$who" "$RELEASE" pr show 1
		out_unlike Canary0123
		attack "$who" "$TESTING" redact
		run victim "$who" "$RELEASE" pr show 1
		out_like "$KEY"
	done
}

# Written byte by byte, so that the stream is cut at each of them.
test_security_a_secret_in_pieces() {
	knows_the_key
	printf '' | sample 'gates: {ok: {run: "true"}}'
	sed -i '/^agents:/d' .factory/config.yml
	cat >>.factory/config.yml <<-YML
		agents:
		  evil:
		    kind: command
		    command: "{ $spelt; echo; } | fold -w1 | while read -r c; do printf %s \$c; sleep 0.01; done; echo; echo x >change"
	YML
	git commit -qam 'An outside agent'
	attack_quiet=
	for who in $WHO; do
		attack "$who" "$RELEASE" redact
		status_is 0
		fails seen Canary0123
		err_like 'redacted:ANTHROPIC_API_KEY'
		attack "$who" "$TESTING" redact
		ok seen "$KEY"
	done
}

# ---- what people read ----

test_security_output_cannot_steer_the_terminal() {
	session_of "printf '\\033]0;owned\\007 and \\033[2J'; echo" | sample
	attack_quiet=
	for who in $WHO; do
		attack "$who" "$RELEASE" visible
		ok grep -q 'owned' "$ERR"
		fails grep -q "$(printf '[\033\007]')" "$OUT" "$ERR"
		attack "$who" "$TESTING" visible
		ok grep -q "$(printf '\033')" "$OUT" "$ERR"
	done
}

# A title holds none, from wherever it comes; a body may, and is shown in words.
test_security_tasks_cannot_steer_the_terminal() {
	session_of true | sample
	printf -- '---\ntitle: "x\\e]0;owned\\ay"\n---\nbody\n' >"$TMP/task"
	run "$RELEASE" task add -F "$TMP/task"
	isnt "$status" 0
	err_like "'title' must not hold control characters"
	printf 'Body \033]0;owned\007\n' >"$TMP/task"
	id=$("$RELEASE" task add -F "$TMP/task" 'A title')
	run "$RELEASE" task show "$id"
	out_like 'Body .*owned'
	fails grep -q "$(printf '\033')" "$OUT"
	run env GIT_FACTORY_TEST_OFF=visible "$TESTING" task show "$id"
	ok grep -q "$(printf '\033')" "$OUT"
}

test_security_hidden_characters_are_shown() {
	session_of "printf 'access = \"user\\342\\200\\256\"\n' >code.py" | sample
	for who in $WHO; do
		attack "$who" "$RELEASE" hidden
		status_is 0
		run victim "$who" "$RELEASE" pr show 1
		out_like 'turns the order in which this line is read'
		attack "$who" "$TESTING" hidden
		run victim "$who" "$RELEASE" pr show 1
		out_unlike 'turns the order in which this line is read'
	done
}

# A person decides: where policy lets changes land by themselves, this one does not.
test_security_hidden_characters_do_not_land_by_themselves() {
	session_of "printf 'access = \"user\\342\\200\\256\"\n' >code.py" | sample 'gates: none' 'merge: {auto: true}'
	for who in $WHO; do
		attack "$who" "$RELEASE" hidden
		status_is 0
		fails victim "$who" git cat-file -e main:code.py
		run victim "$who" "$RELEASE" pr merge 1
		status_is 0
		attack "$who" "$TESTING" hidden
		ok victim "$who" git cat-file -e main:code.py
	done
}

# ---- sizes and depths ----

test_security_floods_are_bounded() {
	session_of "head -c 2000000000 /dev/zero | tr '\\0' x" | sample
	attack root "$RELEASE"
	status_is 0
	ok test "$(wc -c <"$TMP/journal")" -lt 1000000
}

test_security_a_deep_report() {
	session_of "{ for i in \$(seq 100); do echo '<testsuite>'; done; echo '<testcase name=\"a\"/>'
for i in \$(seq 100); do echo '</testsuite>'; done; } >deep" | sample 'gates: {t: {run: "test ! -f deep || cp deep r.xml", report: r.xml}}'
	for who in $WHO; do
		attack "$who" "$RELEASE" ceilings
		status_is 1
		out_like 't +error'
		attack "$who" "$TESTING" ceilings
		status_is 0
	done
}

# Policy of a clone: 200,000 brackets, and an alias bomb, in bounded memory.
test_security_policy_that_explodes() {
	session_of true | sample
	head -c 200000 /dev/zero | tr '\0' '[' >.factory/config.yml
	git commit -qam 'Deep'
	for who in $WHO; do
		attack "$who" "$RELEASE"
		status_is 128
		err_like 'config.yml:1:[0-9]+'
	done
}

test_security_an_alias_bomb() {
	session_of true | sample
	{
		echo 'a: &a [x,x,x,x,x,x,x,x,x]'
		for p in ab bc cd de ef fg gh hi; do
			echo "${p#?}: &${p#?} [*${p%?},*${p%?},*${p%?},*${p%?},*${p%?},*${p%?},*${p%?},*${p%?},*${p%?}]"
		done
	} >.factory/config.yml
	git commit -qam 'Bomb'
	for who in $WHO; do
		attack "$who" "$RELEASE"
		status_is 128
		err_like 'config.yml:1:4: '
	done
}

# A tree that a thousand folders deep, and a file larger than any, stay behind.
test_security_giant_files_are_not_taken() {
	session_of "truncate -s 300M giant; d=.; for i in \$(seq 150); do d=\$d/d; done; mkdir -p \$d; echo x >\$d/f" | sample
	for who in $WHO; do
		attack "$who" "$RELEASE"
		status_is 0
		run victim "$who" "$RELEASE" pr show 1
		out_like 'not taken: giant: larger than 256 MiB'
		out_like 'over 128 folders deep|too deep|folders deep'
	done
}

# A tree that holds itself ten times over, ten folders deep.
test_security_a_tree_that_explodes() {
	session_of true | sample
	blob=$(echo x | git hash-object -w --stdin)
	tree=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '100644 blob %s\tf%s\n' "$blob" $i; done | git mktree)
	for _ in 1 2 3 4 5 6 7 8 9; do
		tree=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %s\td%s\n' "$tree" $i; done | git mktree)
	done
	tree=$({ git ls-tree HEAD; printf '040000 tree %s\tbomb\n' "$tree"; } | git mktree)
	git update-ref refs/heads/main "$(git commit-tree -p HEAD -m bomb "$tree")"
	for who in $WHO; do
		attack_in='prlimit --as=4000000000' attack "$who" "$RELEASE" ceilings
		status_is 128
		err_like 'there are more than 2097152 files'
		attack_in='prlimit --as=1000000000 timeout 10' attack "$who" "$TESTING" ceilings
		err_unlike 'there are more than'
	done
}

# ---- patterns without end ----

test_security_patterns_end() {
	answer "$(call a write_file "{\"path\":\"long\",\"content\":\"$(printf 'a%.0s' $(seq 21))!\"}")" \
		"$(call b search '{"pattern":"(a+)+$"}')" "$(call c finish '{"summary":"done"}')" | sample
	for who in $WHO; do
		attack "$who" "$RELEASE" regex
		ok grep -q '"step":"search".*too many steps' "$TMP/journal"
		attack "$who" "$TESTING" regex
		fails grep -q 'too many steps' "$TMP/journal"
	done
}

# ---- where requests go ----

# Two servers: the first sends on to the second, which writes down what comes.
servers() {
	needs python3
	rm -f "$TMP/ports" "$TMP/second"
	python3 -u - "$TMP/second" >"$TMP/ports" 2>/dev/null <<-'PY' &
		import http.server, sys, threading
		class Second(http.server.BaseHTTPRequestHandler):
		    def do_POST(self):
		        with open(sys.argv[1], "a") as f: f.write(str(self.headers))
		        self.send_error(400)
		    do_GET = do_POST
		second = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Second)
		class First(http.server.BaseHTTPRequestHandler):
		    def do_POST(self):
		        self.send_response(307)
		        self.send_header("Location", "http://localhost:%d/x" % second.server_port)
		        self.end_headers()
		first = http.server.ThreadingHTTPServer(("127.0.0.1", 0), First)
		threading.Thread(target=second.serve_forever).start()
		print(first.server_port, flush=True)
		first.serve_forever()
	PY
	server=$!
	trap 'kill $server' EXIT
	until [ -s "$TMP/ports" ]; do sleep 0.05; done
	read -r first <"$TMP/ports"
}

live_model() { # BASE_URL
	printf '' | sample 'gates: none'
	sed -i "s|^models: .*|models: {evil: {model: claude-sonnet-4-5, base_url: \"$1\"}}|; s|^limits: .*||" .factory/config.yml
	git commit -qam 'A live model'
}

test_security_a_redirect_gets_no_key() {
	knows_the_key
	servers
	live_model "http://127.0.0.1:$first"
	printf 'machine localhost login a password netrc-canary\ndefault login b password netrc-canary\n' >"$HOME/.netrc"
	for who in $WHO; do
		attack "$who" "$RELEASE" redirect
		status_is 128
		missing "$TMP/second"
		attack "$who" "$TESTING" redirect
		ok grep -q "$KEY" "$TMP/second"
		fails grep -q 'netrc-canary\|Basic' "$TMP/second"
		rm -f "$TMP/second"
	done
	kill "$server"
	trap - EXIT
}

# A name leads to the address of a cloud's metadata, in a network made for it.
test_security_link_local_addresses() {
	needs ip unshare python3
	knows_the_key
	live_model 'https://api.anthropic.com'
	git config factory.models.evil.base-url 'http://metadata.test:8080'
	git config factory.models.evil.price.in 3
	git config factory.models.evil.price.out 15
	printf '127.0.0.1 localhost\n169.254.169.254 metadata.test\n' >"$TMP/hosts"
	cat >"$TMP/wrap" <<-END
		#!/bin/sh
		ip link set lo up && ip addr add 169.254.169.254/32 dev lo && mount --bind "$TMP/hosts" /etc/hosts || exit 99
		python3 -c 'import http.server, sys
		class S(http.server.BaseHTTPRequestHandler):
		    def do_POST(self):
		        with open("$TMP/second", "a") as f: f.write(str(self.headers))
		        self.send_error(400)
		http.server.HTTPServer(("169.254.169.254", 8080), S).serve_forever()' 2>/dev/null &
		until grep -q ':1F90 ' /proc/net/tcp; do sleep 0.05; done
		"\$@" && s=0 || s=\$?
		kill %1 2>/dev/null || kill \$!
		exit \$s
	END
	chmod +x "$TMP/wrap"
	attack_in="unshare -nm $TMP/wrap"
	[ "$(id -u)" = 0 ] || attack_in="unshare -rnm $TMP/wrap unshare -U --map-user=$(id -u) --map-group=$(id -g)"
	for who in $WHO; do
		attack "$who" "$RELEASE" address
		status_is 128
		err_like 'link-local'
		missing "$TMP/second"
		attack "$who" "$TESTING" address
		ok grep -q "$KEY" "$TMP/second"
		rm -f "$TMP/second"
	done
}

run_tests
