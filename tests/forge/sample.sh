# shellcheck shell=sh disable=SC2034,SC2154
# sample.sh - a task that makes the file 'done', and its pull request. Source it
# after lib.sh, whose 'there' and 'branch' it narrows to that one.
#
#	sample KIND [LINE]...	a forge and the task: $id
#	delivered		it was run: the pull request is $n on the forge
#	made KIND [LINE]...	both
#	record EXPR [N]		a jq expression on our record of it
#	there EXPR		and on the forge's
#	branch			its branch

sample() { # KIND [LINE]...
	forge_once with_task "$@"
}
with_task() {
	forge "$@"
	id=$(git factory task add 'Make it done')
}
delivered() {
	ok git factory run -q "$id"
	n=$(record .outside)
}
made() { # KIND [LINE]...
	forge_once sample_delivered "$@"
	n=$(record .outside)
}
sample_delivered() {
	sample "$@"
	delivered
}
record() {
	git factory pr show --json "${2:-1}" | jq -r "$1"
}
there() {
	pull_json "$n" | jq -r "$1"
}
branch() {
	record .branch
}
