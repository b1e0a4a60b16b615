#!/bin/sh
# Links to other machines: asked for where policy and the user say so, told of
# when they are dead, and never a reason to stop anything.
. "${0%/*}/../lib.sh"

# A server of pages on this machine: $PORT; what was asked of it is in $TMP/asked.
serve() {
	needs python3
	cat >"$TMP/serve.py" <<-'EOF'
		import http.server, sys, time
		class Pages(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        with open(sys.argv[1] + "/asked", "a") as f:
		            f.write(self.path + "\n")
		        if self.path == "/slow":
		            time.sleep(30)
		        known = {"/here": 200, "/moved": 301, "/broken": 500, "/large": 200, "/closed": 403}
		        self.send_response(known.get(self.path, 404))
		        self.send_header("Location", "/gone")
		        self.end_headers()
		        if self.path == "/large":
		            self.wfile.write(b"x" * 1000000)
		    def log_message(self, *a):
		        pass
		server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
		server.daemon_threads = True
		with open(sys.argv[1] + "/port.new", "w") as f:
		    f.write(str(server.server_port))
		import os
		os.rename(sys.argv[1] + "/port.new", sys.argv[1] + "/port")
		server.serve_forever()
	EOF
	rm -f "$TMP/port"
	: >"$TMP/asked"
	python3 "$TMP/serve.py" "$TMP" </dev/null >"$TMP/serve.out" 2>&1 &
	server=$!
	trap 'kill $server 2>/dev/null' EXIT
	n=0
	until [ -s "$TMP/port" ]; do
		n=$((n + 1))
		[ $n -lt 200 ] || fail "no server: $(cat "$TMP/serve.out")"
		sleep 0.05
	done
	PORT=$(cat "$TMP/port")
}

# policy LINES...: below the gate 'links'
policy() {
	mkdir -p .factory
	{
		printf 'version: 1\nbase: main\ngates:\n  links:\n    builtin: links\n'
		for line; do
			printf '    %s\n' "$line"
		done
	} >.factory/config.yml
	printf 'An [old one](http://127.0.0.1:%s/old).\n' "$PORT" >page.md
	git add -A
	git commit -q -m 'Sample with links'
	git checkout -q -b work
}

allow() {
	git config factory.gates.links.remote true
	git config factory.gates.links.inside 127.0.0.1
}

link() { # PATH...
	for path; do
		printf 'A [new one](http://127.0.0.1:%s%s).\n' "$PORT" "$path"
	done >>page.md
	git commit -q -am 'New links'
}

test_dead_links_are_told() {
	serve
	policy
	allow
	link /here /gone '/gone#again' /moved /broken /large /closed
	run git factory gate --only links
	status_is 0
	out_like '^links +pass'
	out_like "page.md:3.*'http://127.0.0.1:$PORT/gone' is not there"
	out_like "'http://127.0.0.1:$PORT/broken' answers with a failure of its own"
	for path in here moved large closed; do
		out_unlike "/$path' "
	done
	# Each once, nothing that was there before, and where a page moved to is its own affair.
	is "$(cat "$TMP/asked")" "$(printf '%s\n' /here /gone /moved /broken /large /closed)"
}

test_who_does_not_answer_is_told() {
	serve
	policy
	allow
	link /slow
	printf 'And [another](http://127.0.0.1:1/x).\n' >>page.md
	git commit -q -am 'A port that is closed'
	run git factory gate --only links
	status_is 0
	out_like "/slow' does not answer in time"
	out_like "'http://127.0.0.1:1/x' cannot be reached"
}

test_not_too_many() {
	serve
	policy
	allow
	link $(seq -f '/n%g' 1 25)
	run git factory gate --only links --json
	status_is 0
	is "$(wc -l <"$TMP/asked")" 20
	out_like 'this link and 4 more were not asked for'
}

test_security_nobody_is_asked_unless_policy_says_so() {
	serve
	policy
	link /gone
	ok git factory gate --only links
	is "$(cat "$TMP/asked")" ""
}

test_security_policy_needs_trust() {
	serve
	policy 'remote: true' 'inside: [127.0.0.1]'
	link /gone
	run git factory gate --only links
	isnt "$status" 0
	err_like 'gates.links.remote'
	is "$(cat "$TMP/asked")" ""
}

# What is not reachable from everywhere is not asked: this machine, its network, a cloud's.
test_security_only_public_addresses() {
	serve
	policy
	git config factory.gates.links.remote true
	link /gone
	printf 'A [b](http://localhost:%s/b) [c](http://[::1]:%s/c) [d](http://[::ffff:127.0.0.1]:%s/d) [e](http://0x7f.1:%s/e)\n' \
		"$PORT" "$PORT" "$PORT" "$PORT" >>page.md
	printf '[f](http://169.254.169.254/f) [g](http://10.0.0.1/g) [h](file:///etc/passwd) [i](http://u:p@127.0.0.1:%s/i)\n' \
		"$PORT" >>page.md
	git commit -q -am 'More links'
	run git factory gate --only links --json
	status_is 0
	is "$(cat "$TMP/asked")" ""
	out_like "/gone' was not asked: its address is not public"
	out_like "/f' was not asked: its address is not public"
	is "$(grep -c 'was not asked' "$OUT")" 7
	# Nor is one that policy names, when it is a cloud's.
	git config factory.gates.links.inside '*'
	run git factory gate --only links --json
	out_like "169.254.169.254/f' was not asked"
}

test_security_not_in_hooks_and_not_when_nothing_is_run() {
	serve
	policy
	allow
	link /gone
	ok git factory gate --only links --fast
	ok git factory gate --only links --person
	git factory verify --only links >"$OUT" 2>&1 || :
	is "$(cat "$TMP/asked")" ""
	ok git factory gate --only links
	is "$(cat "$TMP/asked")" /gone
}

run_tests
