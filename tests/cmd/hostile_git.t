#!/bin/sh
# A hostile agent in the real run, against git: its config, attributes, names
# and protocols, and what is delivered.
#
# The core runs no git on an agent's files, and reads no .git of an agent's.
# There is no defence to turn off there, so the switches git-dir, git-attrs
# and protocols turn on what a careless factory would do beside it, in the
# testing build alone (src/git/ws/naive.c): 'git status' in the agent's
# repository, 'git add' under its attributes, 'git submodule update'.
#
# No switch can be for: a .git that is replaced as a whole (a mount in it keeps
# it where it is), and the names of branches (they are made of letters, digits
# and '-', not checked).  These are shown failing, no more.
. "${0%/*}/../lib.sh"
. "${0%/*}/../hostile.sh"

# ---- config, hooks, the file system monitor ----

test_security_config_of_the_workspace() {
	session_of "git config core.fsmonitor 'touch $CANARY'; echo x >more" | sample
	kept_out git-dir
}

# A hook that the agent leaves where the user's own git looks for hooks: a
# person let it land, and landing itself runs none.
test_security_hooks_do_not_run_at_landing() {
	session_of "mkdir hooks; printf '#!/bin/sh\ntouch $CANARY\n' >hooks/post-merge; chmod +x hooks/post-merge" | sample
	git config core.hooksPath hooks
	kept_out git-config pr merge --protected 1
}

test_security_twelve_commands_run_nothing_of_the_agents() {
	session_of "git config core.fsmonitor 'touch $CANARY'; git config core.hooksPath .evil
mkdir .evil; for h in pre-commit post-commit post-checkout post-merge reference-transaction post-index-change; do
printf '#!/bin/sh\ntouch $CANARY\n' >.evil/\$h; chmod +x .evil/\$h; done
git config filter.evil.clean 'touch $CANARY; cat'; git config filter.evil.process 'touch $CANARY'
git config diff.evil.textconv 'touch $CANARY; cat'; git config diff.external 'touch $CANARY'
git config alias.status '!touch $CANARY'; git config core.pager 'touch $CANARY'; git config core.sshCommand 'touch $CANARY'
mkdir -p .git/info; echo '* filter=evil diff=evil' >.git/info/attributes; echo '* filter=evil diff=evil' >.gitattributes
echo x >more" | sample
	for who in $WHO; do
		outside
		attack "$who" "$RELEASE"
		status_is 0
		for verb in status log 'pr list' 'pr show 1' 'pr diff 1' 'pr diff --stat 1' 'gate HEAD' 'task list' \
			'replay 1' 'pr merge --protected 1' 'log --json' 'status --json'; do
			# shellcheck disable=SC2086
			run victim "$who" "$RELEASE" $verb
		done
		missing "$CANARY"
		victim "$who" git cat-file -e main:more
	done
}

# ---- drivers by attributes ----

# The drivers are the user's own; the attributes that start them are not.
test_security_attributes_start_no_driver() {
	session_of "echo '* filter=mine diff=mine' >.gitattributes; echo x >more" | sample
	git config --global filter.mine.clean "touch $CANARY; cat"
	git config --global diff.mine.textconv "touch $CANARY; cat"
	kept_out git-attrs pr diff 1
	git config --global --remove-section filter.mine
	kept_out git-attrs pr diff 1
	git config --global --remove-section diff.mine
}

# ---- another .git ----

# In the sandbox .git holds a mount, so that it cannot be moved away; a pointer
# to another repository can be laid into it.
test_security_git_cannot_be_replaced() {
	session_of "mv .git elsewhere || rm -rf .git; echo 'gitdir: /tmp' >.git; ln -sfn /tmp .git; test -d .git -a ! -L .git || echo P'WNED'" | sample
	for who in $WHO; do
		attack "$who" "$RELEASE"
		fails grep -q PWNED "$TMP/journal"
		branch=$(victim "$who" git for-each-ref --format='%(refname)' refs/heads/factory)
		is "$(victim "$who" git ls-tree -r --name-only "$branch" | grep -c '^.git')" 0
	done
}

test_security_a_pointer_is_not_followed() {
	session_of "git init -q elsewhere; cp -r .git/objects .git/refs elsewhere/.git/; git -C elsewhere config core.fsmonitor 'touch $CANARY'
echo ../elsewhere/.git >.git/commondir" | sample
	kept_out git-dir
}

# A submodule in the index, whose .git is a file that points to another place.
test_security_a_pointer_in_a_folder_is_not_followed() {
	session_of "git init -q elsewhere; git -C elsewhere -c user.name=x -c user.email=x@x commit -q --allow-empty -m x
mkdir sub; mv elsewhere/.git repo; echo 'gitdir: ../repo' >sub/.git
git --git-dir=repo config core.fsmonitor 'touch $CANARY'; git --git-dir=repo config core.worktree ../sub
git update-index --add --cacheinfo 160000,\$(git --git-dir=repo rev-parse HEAD),sub" | sample
	kept_out git-dir
	is "$(victim root git ls-tree -r "$(victim root git for-each-ref --format='%(refname)' refs/heads/factory)" | grep -c '^160000')" 0
}

test_security_a_nested_bare_repository_is_told() {
	session_of "git init -q --bare sub/bare.git; git -C sub/bare.git config core.fsmonitor 'touch $CANARY'
touch sub/bare.git/refs/x sub/bare.git/objects/x" | sample
	for who in $WHO; do
		outside
		attack "$who" "$RELEASE" git-dir
		status_is 0
		run victim "$who" "$RELEASE" pr show 1
		out_like "'sub/bare.git' looks like a git repository of its own"
		missing "$CANARY"
		attack "$who" "$TESTING" git-dir
		run victim "$who" "$RELEASE" pr show 1
		out_unlike 'looks like a git repository'
	done
}

# ---- protocols ----

test_security_submodules_are_not_fetched() {
	session_of "printf '[submodule \"s\"]\n\tpath = s\n\turl = ext::sh -c touch%%20$CANARY\n' | sed 's/%20/% /' >.gitmodules
git add .gitmodules; git update-index --add --cacheinfo 160000,\$(git rev-parse HEAD),s; mkdir s" | sample
	kept_out protocols
	is "$(victim root git ls-tree -r main | grep -c '^160000')" 0
}

# Policy names a remote of this clone, and git would run what its address says.
test_security_a_remote_by_ext() {
	session_of true | sample 'gates: none' 'state: {remote: odd}'
	git config remote.odd.url "ext::sh -c touch% $CANARY"
	for who in $WHO; do
		outside
		attack "$who" "$RELEASE" protocols
		status_is 128
		err_like "protocol 'ext', which is not allowed"
		missing "$CANARY"
		attack "$who" "$TESTING" protocols
		exists "$CANARY"
	done
}

# ---- names ----

test_security_names_with_control_characters() {
	session_of "awk 'BEGIN { for (i = 1; i <= 1000; i++) printf \"%s%d%c\",
i % 5 == 0 ? \"--upload-pack=\" : i % 5 == 1 ? \"cr\\r\" : i % 5 == 2 ? \"nl\\n\" : i % 5 == 3 ? \"-\" : \"esc\\033]0;\", i, 0 }' | xargs -0 touch --" | sample
	for who in $WHO; do
		attack "$who" "$RELEASE" names
		status_is 0
		branch=$(victim "$who" git for-each-ref --format='%(refname)' refs/heads/factory)
		victim "$who" git ls-tree -rz --name-only "$branch" >"$TMP/names"
		fails grep -q "$(printf '[\r\033]')" "$TMP/names"
		is "$(tr '\0' '\n' <"$TMP/names" | grep -c '^-')" 400
		# They are delivered, shown and landed, and none is taken for an option.
		run victim "$who" "$RELEASE" pr diff --stat 1
		status_is 0
		run victim "$who" "$RELEASE" pr merge 1
		status_is 0
		attack "$who" "$TESTING" names
		branch=$(victim "$who" git for-each-ref --format='%(refname)' refs/heads/factory)
		victim "$who" git ls-tree -rz --name-only "$branch" >"$TMP/names"
		ok grep -q "$(printf '\r')" "$TMP/names"
	done
}

# A title names a branch; whatever it says, the name is one.
test_security_branches_of_odd_titles() {
	session_of true | sample
	for title in '--upload-pack=touch x' '../../heads/main' '.lock' 'a..b' '@{-1}' '-d' 'HEAD' '~^:?*[\'; do
		id=$("$RELEASE" task add -- "$title")
		ok "$RELEASE" run -q "$id" >"$OUT" 2>"$ERR" </dev/null
		name=$(git for-each-ref --format='%(refname)' "refs/heads/factory/$id*")
		like "$name" '^refs/heads/factory/[a-z2-7]{8}(-[a-z0-9-]*[a-z0-9])?$'
		ok git check-ref-format --branch "${name#refs/heads/}" >/dev/null
	done
	missing x
}

# Of these libgit2 refuses most by itself; what HFS+ takes for .git is left to us.
test_security_looks_like_git() {
	session_of "for d in .GIT sub/GIT~1 .git. '.git ' .git::\\\$INDEX_ALLOCATION \"\$(printf '.g\\342\\200\\214it')\"; do
mkdir -p \"\$d\"; echo '[core]' >\"\$d/config\"; done" | sample
	for who in $WHO; do
		attack "$who" "$RELEASE" git-names
		status_is 0
		branch=$(victim "$who" git for-each-ref --format='%(refname)' refs/heads/factory)
		fails victim "$who" git cat-file -e "$branch:$(printf '.g\342\200\214it')/config"
		is "$(victim "$who" git ls-tree -rz --name-only "$branch" | tr '\0' '\n' | grep -c config)" 1
	done
}

test_security_looks_like_git_where_only_we_look() {
	session_of "d=\"\$(printf '.g\\342\\200\\214it')\"; mkdir \"\$d\"; echo '[core]' >\"\$d/config\"" | sample
	for who in $WHO; do
		attack "$who" "$TESTING" git-names
		status_is 0
		branch=$(victim "$who" git for-each-ref --format='%(refname)' refs/heads/factory)
		ok victim "$who" git cat-file -e "$branch:$(printf '.g\342\200\214it')/config"
	done
}

run_tests
