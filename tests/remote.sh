# shellcheck shell=sh
# remote.sh - remotes for black-box tests: real servers on this machine, that
# a test starts and that end with it. Source it after lib.sh.
#
#	hub			make the bare repository $HUBS/hub.git
#	node NAME URL		clone URL into $TMP/NAME, 'factory.remote' set to origin
#	serve_http [USER:PASS]	git http-backend over $HUBS: $HTTP is its address,
#				"http://127.0.0.1:PORT", $HTTP_LOG its log of
#				requests; 'cut_answer' loses the next push's answer
#	serve_ssh		an sshd over $HUBS: $SSH is the address of that
#				folder, GIT_SSH_COMMAND is set; skips without one
#
# A hub is let into the factory by its first node: see 'factory_hub'.
#
#	factory_hub		a hub whose main has a policy with 'gates: none' and
#				'state.remote: origin', and a state
#
# Everything is below $HUBS, which each test finds empty.

HUBS=$TMP/hubs
SERVERS=$TMP/servers

# The repository that lib.sh made is not looked at: nodes are clones.
remote_fresh() {
	stop_servers
	rm -rf "$HUBS" "$SERVERS"
	mkdir -p "$HUBS" "$SERVERS"
	trap stop_servers EXIT
	cd "$TMP" || return 1
}

stop_servers() {
	for remote_pid in "$SERVERS"/*.pid; do
		[ -f "$remote_pid" ] || continue
		kill "$(cat "$remote_pid")" 2>/dev/null || :
		rm -f "$remote_pid"
	done
}

hub() {
	git init -q --bare -b main "$HUBS/hub.git"
	git -C "$HUBS/hub.git" config http.receivepack true
}

node() {
	rm -rf "${TMP:?}/$1"
	git clone -q "$2" "$TMP/$1"
	git -C "$TMP/$1" config factory.remote origin
}

factory_hub() {
	hub
	rm -rf "$TMP/seed"
	git init -q -b main "$TMP/seed"
	(
		cd "$TMP/seed" || exit
		commit README sample Begin
		git remote add origin "$HUBS/hub.git"
		git factory init >/dev/null
		printf 'version: 1\nbase: main\ngates: none\nstate:\n  remote: origin\n' >.factory/config.yml
		git add .factory
		git commit -q -m 'Let the factory in'
		git push -q origin main
		git factory sync >/dev/null
	)
}

# wait_for FILE SAID: until the file is there that a server writes when it is
# ready; else what it said fails the test.
wait_for() {
	remote_n=0
	until [ -s "$1" ]; do
		remote_n=$((remote_n + 1))
		[ $remote_n -lt 200 ] || fail "no server: $(cat "$2")"
		sleep 0.05
	done
}

serve_http() {
	needs python3
	rm -f "$SERVERS/http"
	python3 "$ROOT/tests/remote/http-backend.py" "$HUBS" "$SERVERS/http" "$@" \
		</dev/null >"$SERVERS/http.out" 2>&1 &
	echo $! >"$SERVERS/http.pid"
	wait_for "$SERVERS/http" "$SERVERS/http.out"
	HTTP=http://127.0.0.1:$(cat "$SERVERS/http")
	HTTP_LOG=$SERVERS/http.log
	export HTTP HTTP_LOG
}

cut_answer() {
	: >"$SERVERS/http.cut"
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

serve_ssh() {
	[ -x /usr/sbin/sshd ] || skip "no sshd: install openssh-server"
	needs ssh ssh-keygen python3
	ssh_port=$(free_port)
	ssh-keygen -q -t ed25519 -N '' -f "$SERVERS/host"
	ssh-keygen -q -t ed25519 -N '' -f "$SERVERS/user"
	# sshd gives its children a clean environment: say where git and HOME are.
	cat >"$SERVERS/sshd_config" <<-EOF
		Port $ssh_port
		ListenAddress 127.0.0.1
		HostKey $SERVERS/host
		PidFile $SERVERS/sshd.run
		AuthorizedKeysFile $SERVERS/user.pub
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		MaxStartups 200
		AcceptEnv GIT_PROTOCOL
		SetEnv HOME=$HOME GIT_CONFIG_NOSYSTEM=1 PATH=$PATH
	EOF
	# An sshd of root needs the folder that it drops its privileges in.
	if [ "$(id -u)" = 0 ] && [ ! -d /run/sshd ]; then
		mkdir -p /run/sshd 2>/dev/null || skip "no /run/sshd for sshd"
	fi
	/usr/sbin/sshd -D -e -f "$SERVERS/sshd_config" </dev/null >"$SERVERS/ssh.out" 2>&1 &
	echo $! >"$SERVERS/ssh.pid"
	wait_for "$SERVERS/sshd.run" "$SERVERS/ssh.out"
	GIT_SSH_COMMAND="ssh -F /dev/null -p $ssh_port -i $SERVERS/user -oIdentitiesOnly=yes -oBatchMode=yes \
-oStrictHostKeyChecking=no -oUserKnownHostsFile=$SERVERS/known -oLogLevel=ERROR"
	SSH=ssh://$(id -un)@127.0.0.1:$ssh_port$HUBS
	export GIT_SSH_COMMAND SSH
	ssh_says=$(git ls-remote "$SSH/none.git" 2>&1 || :)
	case $ssh_says in
	*"not appear to be a git repo"*) ;;
	*) skip "sshd lets nobody in here: $(echo "$ssh_says" | head -n 1)" ;;
	esac
}
