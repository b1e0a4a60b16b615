#!/bin/sh
# The completions, run by the shells themselves: what each offers is what the
# option tables hold.
. "${0%/*}/../lib.sh"

# What is to be offered, one a line, sorted.
nouns() {
	git-factory --list-verbs | awk -F'\t' '$1 == "verb" { print $2 }' | sort -u
}
verbs() { # NOUN
	git-factory --list-verbs | awk -F'\t' -v n="$1" '$1 == "verb" && $2 == n { print $3 }' | sort -u
}
options() { # NOUN VERB|-
	git-factory --list-verbs | awk -F'\t' -v n="$1" -v v="$2" '
	$1 == "verb" { on = $2 == n && $3 == v }
	on && $1 == "opt" { print "--" $3 }' | sort -u
}
completion() { # KIND
	git-factory --list-verbs | "$ROOT/ci/completion" "$1"
}

# offers LINE: what the shell offers behind it.
offers_all() {
	for name in git-factory 'git factory' 'git -C / factory'; do
		case $name in 'git -C'*) [ "$shell" != zsh ] || continue ;; esac
		is "$(offers "$name ")" "$(nouns)"
		is "$(offers "$name task ")" "$(verbs task)"
		is "$(offers "$name config ge")" get
		is "$(offers "$name task add --")" "$(options task add)"
		is "$(offers "$name run --")" "$(options run -)"
	done
	like "$(offers 'git facto')" '^factory ?$'
}

test_bash() {
	needs bash
	shell=bash
	completion bash >c.bash
	git=/usr/share/bash-completion/completions/git
	[ -f $git ] || skip "no completion of git's own for bash"
	cat >ask.bash <<'ASK'
. "$1"
. "$2"
COMP_LINE=$3
COMP_POINT=${#3}
read -r -a COMP_WORDS <<<"$3"
case $3 in *' ') COMP_WORDS+=('') ;; esac
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
if [ "${COMP_WORDS[0]}" = git ]; then __git_wrap__git_main; else _git_factory; fi
printf '%s\n' "${COMPREPLY[@]}"
ASK
	offers() {
		bash --norc ask.bash "$git" ./c.bash "$1" | sed 's/ *$//' | sort -u
	}
	offers_all
}

test_fish() {
	needs fish
	shell=fish
	mkdir -p share/fish/vendor_completions.d share/fish/vendor_conf.d
	completion fish >share/fish/vendor_completions.d/git-factory.fish
	completion fish-git >share/fish/vendor_conf.d/git-factory.fish
	offers() {
		XDG_DATA_DIRS=$PWD/share:/usr/local/share:/usr/share fish -c "complete -C '$1'" 2>&1 |
			cut -f 1 | grep -vx -e --help | sort -u
	}
	offers_all
}

# zsh completes on a terminal only: one of its own, on which Tab is pressed,
# with a compadd that writes down what it is given.
test_zsh() {
	needs zsh
	shell=zsh
	mkdir functions
	completion zsh >functions/_git-factory
	cat >rc.zsh <<'RC'
fpath=($PWD/functions $fpath)
autoload -U compinit
compinit -u -d ./zcompdump
zstyle ':completion:*' verbose no
compadd() {
	local -a hits
	if [[ " $* " != *' '-[a-zA-Z1-9]#[OAD]' '* ]]; then
		builtin compadd -A hits "$@"
		print -rl -- $hits >>listed
	fi
	builtin compadd "$@"
}
ended() { print DO''NE }
comppostfuncs=(ended)
print REA''DY
RC
	cat >ask.zsh <<'ASK'
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'setopt extendedglob; source ./rc.zsh'
zpty -r z out '*READY*'
zpty -n -w z "$1"$'\t'
zpty -r z out '*DONE*'
zpty -d z
ASK
	offers() {
		rm -f listed
		timeout 20 zsh -f ask.zsh "$1" || echo "status $?"
		grep . listed | sort -u
	}
	offers_all
}

run_tests
