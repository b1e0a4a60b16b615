# shellcheck shell=sh
# log.sh - what is said to people

die() { # MESSAGE
	printf 'snapkeep: %s\n' "$1" >&2
	exit 1
}

note() { # MESSAGE
	if [ "${SNAPKEEP_QUIET:-}" != yes ]; then
		printf '%s\n' "$1" >&2
	fi
}
