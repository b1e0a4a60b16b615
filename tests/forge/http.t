#!/bin/sh
# Requests to a forge: limits in all their dresses, pages, redirects, broken
# and slow answers, and where the token goes.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

# What every look begins with.
LIST='^GET .*/issues '

waited() { # seconds that the clock of the forge was moved on by
	echo $((($(cat "$GIT_FACTORY_FORGE_CLOCK") - $1) / 1000))
}

listening() { # KIND: a forge whose issues are looked at
	forge "$1"
	ctl person login=robo role=admin >/dev/null
	ctl issue_open who=ada title=Task body='Print it' >/dev/null
}

in_line() {
	run git factory intake
	status_is 0
}

limited() { # KIND
	listening "$1"
	for disguise in 'status=429 retry_after=30' 'status=403 retry_after=30' 'status=403' 'status=429' \
		'status=422 retry_after=30' 'status=422'; do
		# GitHub alone says 403 and 422.
		case $1/$disguise in
		github/*) ;;
		*/status=429*) ;;
		*) continue ;;
		esac
		least=60
		case $disguise in *retry_after*) least=30 ;; esac
		# shellcheck disable=SC2086
		fault secondary "$LIST" $disguise
		began=$(cat "$GIT_FACTORY_FORGE_CLOCK")
		in_line
		[ "$(waited "$began")" -ge $least ] || fail "$disguise: waited $(waited "$began") s"
		[ "$(waited "$began")" -le 150 ] || fail "$disguise: waited $(waited "$began") s"
		is "$(ctl faults_left)" 0
	done
}
test_a_limit_in_each_disguise_is_waited_out() {
	needs_fake
	on_each_forge limited
}

test_the_hour_of_a_token_is_waited_for_or_told() {
	needs_fake
	listening github
	now=$(($(cat "$GIT_FACTORY_FORGE_CLOCK") / 1000))
	fault status "$LIST" status=403 reset=$((now + 100))
	began=$(cat "$GIT_FACTORY_FORGE_CLOCK")
	in_line
	[ "$(waited "$began")" -ge 99 ] || fail "waited $(waited "$began") s"
	# An hour is nothing to wait for here: it says when.
	ctl limits hourly=0 >/dev/null
	run git factory intake
	isnt "$status" 0
	err_like 'limit'
	err_unlike 'token-of-robo'
	ctl limits hourly=5000 >/dev/null
	forge_done
}

# Sees all open issues with the label, and what each would become.
seen() { git factory intake --dry-run --json 2>/dev/null | jq "[.[].issue | select(. != null)] | unique | length"; }

several_pages() {
	forge "$1"
	ctl person login=robo role=admin >/dev/null
	ctl issue_open who=ada title=Task body='Print it' labels=factory many=250 >/dev/null
	is "$(seen)" 250
}
test_all_of_250_on_several_pages_are_seen() {
	needs_fake
	on_each_forge several_pages
}

changes_while_read() {
	forge "$1"
	ctl person login=robo role=admin >/dev/null
	ctl issue_open who=ada title=Task body='Print it' labels=factory many=120 >/dev/null
	# One more appears after the first page: all others move on by one.
	fault after '^GET .*/issues ' do=issue_open who=ada title=Late body='Print it' labels=factory
	n=$(seen)
	is "$(ctl faults_left)" 0
	[ "$n" -ge 120 ] || fail "$n of 120"
	is "$(seen)" 121
}
test_pages_that_change_while_they_are_read_lose_nothing() {
	needs_fake
	on_each_forge changes_while_read
}

broken() { # FAULT [NAME=VALUE]
	listening "$kind"
	fault "$1" "$LIST" times=9 ${2:+"$2"}
	run git factory intake
	isnt "$status" 0
	err_like .
	err_unlike 'token-of-robo|AddressSanitizer|Segmentation'
	ctl faults_clear >/dev/null
	in_line
	is "$(issue_json 1 | jq '.comments | length')" 0
}
broken_answers() {
	kind=$1
	for how in truncate wrongtype html; do
		broken $how
	done
}
test_a_broken_answer_is_an_error_and_changes_nothing() {
	needs_fake
	on_each_forge broken_answers
}

# By git's own keys; else it is a byte a second for half a minute.
drop_by_drop() {
	listening "$1"
	git config http.lowSpeedLimit 100
	git config http.lowSpeedTime 1
	fault slow "$LIST" times=9 seconds=0.1
	began=$(date +%s)
	run git factory intake
	isnt "$status" 0
	err_like 'bytes came in 1 s'
	[ $(($(date +%s) - began)) -le 20 ] || fail "it took $(($(date +%s) - began)) s"
	ctl faults_clear >/dev/null
	in_line
}
test_an_answer_that_comes_drop_by_drop_is_not_waited_for() {
	needs_fake
	on_each_forge drop_by_drop
}

# As a proxy may leave it: the answer as it should be has that very ETag.
broken_under_its_tag() {
	listening "$1"
	fault wrongtype "$LIST" tagged=1
	run git factory intake
	isnt "$status" 0
	is "$(ctl faults_left)" 0
	in_line
	in_line
}
test_a_broken_answer_is_not_kept_under_its_etag() {
	needs_fake
	on_each_forge broken_under_its_tag
}

test_a_read_that_failed_is_asked_again() {
	needs_fake
	listening github
	fault status "$LIST" status=502
	in_line
	fault reset "$LIST"
	in_line
	is "$(ctl faults_left)" 0
	forge_done
}

moved() {
	listening "$1"
	for code in 301 302 307 308; do
		fault redirect "$LIST" status=$code
		run git factory intake
		is "$(ctl faults_left)" 0
	done
	# The other host was asked without the token, if at all.
	forge_done
	in_line
}
test_security_a_redirect_takes_no_token_to_another_host() {
	needs_fake
	on_each_forge moved
}

test_security_insteadof_takes_no_token_to_another_host() {
	needs_fake
	listening github
	canary=http://localhost:$(forge_port canary)
	git config --global "url.$canary/.insteadOf" "$FORGE/"
	run git factory intake
	# Git goes where it is sent; the forge's token does not.
	is "$(ctl_jq "[.[] | select(.what == \"other host\")]" violations)" "[]"
}

test_security_a_private_address_is_not_asked() {
	needs_fake
	forge github
	for url in http://169.254.169.254/latest http://10.0.0.1/api/v3 "http://token@127.0.0.1:1/api/v3"; do
		sed -i '/^forge:/d' .factory/config.yml
		printf 'forge: {kind: github, url: "%s", project: acme/app}\n' "$url" >>.factory/config.yml
		git commit -qam 'Another forge'
		run timeout 30 git factory intake
		isnt "$status" 0
		isnt "$status" 124
		err_unlike 'token-of-robo'
	done
}

run_tests
