#!/bin/sh
# What a run delivers is a pull request on the forge, one for each task, and
# what people do there comes back.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"
. "${0%/*}/sample.sh"

opens_one() {
	made "$1"
	is "$(pulls_json | jq length)" 1
	is "$(there .state)" open
	is "$(there .title)" 'Make it done'
	is "$(there .sha)" "$(record .head)"
	like "$(there .body)" 'git-factory:task='
	like "$(there .body)" '> It is done'
	like "$(there .body)" '\| tests \| pass \|'
	like "$(there .body)" 'git factory pr take 1'
	like "$(record .url)" "^$FORGE/"
	like "$(statuses_json "$(there .sha)" | jq -r '.[].context')" git-factory
	# Once more, twice: nothing is written.
	ok git factory pr sync
	before=$(written)
	run git factory pr sync
	status_is 0
	out_like 'all is in line'
	ok git factory sync
	is "$(written)" "$before"
}
test_a_run_opens_one_pull_request() { on_each_forge opens_one; }

# As a server and what works beside it are.
test_two_processes_of_a_clone_write_once() {
	needs_fake
	sample github
	before=$(written)
	fault slow 'GET .*/pulls' seconds=2
	git factory run -q "$id" >"$TMP/run" 2>&1 &
	for _ in $(seq 100); do
		[ "$(git factory pr list --json | jq length)" = 0 ] || break
		sleep 0.1
	done
	run git factory pr sync
	status_is 0
	wait
	is "$(pulls_json | jq length)" 1
	# The pull request, its labels, its status.
	is $(($(written) - before)) 3
}

lost_answer() {
	sample "$1"
	fault lost 'POST .*/(pulls|merge_requests)( |$|\?)'
	delivered
	is "$(pulls_json | jq length)" 1
	is "$(there .state)" open
	ok git factory pr sync
	is "$(pulls_json | jq length)" 1
}
test_a_lost_answer_is_read_back() { on_each_forge lost_answer; }

closed_by_a_person() {
	made "$1"
	pull_close ada "$n"
	ok git factory pr sync
	is "$(record .state)" closed
	is "$(git factory task show --json "$id" | jq -r .state)" escalated
	ok git factory pr sync
	is "$(there .state)" closed
	is "$(pulls_json | jq length)" 1
	# Until a person opens it again.
	pull_reopen ada "$n"
	run git factory pr sync
	out_like '1 opened again there'
	is "$(record .state)" open
	is "$(git factory task show --json "$id" | jq -r .state)" delivered
	ok git factory pr sync
	is "$(there .state)" open
	is "$(pulls_json | jq length)" 1
}
test_what_a_person_closed_stays_closed() { on_each_forge closed_by_a_person; }

# Who closes the task says as much of its pull request.
task_closed() {
	made "$1"
	head=$(there .head)
	run git factory task close "$id" -m 'Done by hand in #7, thanks @ada'
	status_is 0
	err_like 'pull request 1 is closed, too'
	is "$(record .state)" closed
	is "$(there .state)" closed
	like "$(issue_comments "$n")" "task .$id., which it was made for, was closed: Done by hand in .*#.*7, thanks @.*ada"
	! issue_comments "$n" | grep -E ' #7| @ada' || fail 'somebody is called by it'
	like "$(branches_json | jq -r keys[])" "^$head\$"
	before=$(written)
	ok git factory pr sync
	is "$(written)" "$before"
	is "$(git factory task show --json "$id" | jq -r .state)" closed
	# Wanted after all it is another pull request.
	ok git factory task close --reopen "$id"
	ok git factory run -q "$id"
	is "$(pulls_json | jq -r '.[] | .state' | paste -sd ' ')" 'closed open'
}
issue_comments() { pull_json "$1" | jq -r '.comments[].body'; }
test_a_task_that_is_closed_closes_its_pull_request() { on_each_forge task_closed; }

# A word in its file closes it too, which no verb sees.
close_in_its_file() {
	rm -rf "$TMP/view"
	git worktree prune
	git worktree add -q "$TMP/view" factory-state
	sed -i '1a close: "Done by hand in #7, thanks @ada"' "$TMP/view/$(git -C "$TMP/view" ls-files "*/$id.md")"
	git -C "$TMP/view" commit -qam 'Done by hand'
	git worktree remove --force "$TMP/view"
}
task_state() { git factory task show --json "$id" | jq -r .state; }
closed_in_its_file() {
	made "$1"
	head=$(there .head)
	close_in_its_file
	run git factory pr sync
	status_is 0
	out_like '^1 closed with their task$'
	err_like "pull request 1: it is closed, as its task was: Done by hand in #7, thanks @ada"
	is "$(record .state) $(task_state)" 'closed closed'
	is "$(there .state)" closed
	like "$(issue_comments "$n")" "task .$id., which it was made for, was closed: Done by hand in .*#.*7, thanks @.*ada"
	like "$(branches_json | jq -r keys[])" "^$head\$"
	before=$(written)
	run git factory pr sync
	out_like 'all is in line'
	is "$(written)" "$before"
	ok git factory task close --reopen "$id"
	ok git factory run -q "$id"
	is "$(pulls_json | jq -r '.[] | .state' | paste -sd ' ')" 'closed open'
}
test_a_task_that_is_closed_in_its_file_closes_its_pull_request() { on_each_forge closed_in_its_file; }

closed_at_work() {
	made "$1"
	close_in_its_file
	ok git factory work --until-empty
	is "$(record .state)" closed
	is "$(there .state)" closed
}
test_work_closes_the_pull_request_of_a_closed_task() { on_each_forge closed_at_work; }

# A person's is a person's: taken over, or with commits of theirs.
kept_by_a_person() {
	made "$1"
	ok git factory pr take 1
	close_in_its_file
	run git factory pr sync
	status_is 0
	err_like "pull request 1 stays open, though its task was closed: it was taken over by .*; 'git factory pr close 1'"
	is "$(record .state) $(task_state)" 'open closed'
	is "$(there .state)" open
	ok git factory pr close 1
	is "$(there .state)" closed
	is "$(task_state)" closed
}
kept_with_a_commit() {
	made "$1"
	commit_as bob "$(branch)" extra theirs >/dev/null
	close_in_its_file
	for _ in 1 2; do
		run git factory pr sync
		status_is 0
		is "$(record .state) $(there .state)" 'open open'
	done
	err_like "pull request 1 stays open, though its task was closed: somebody else committed to its branch; "
}
test_what_a_person_took_over_stays_open() {
	on_each_forge kept_by_a_person
	on_each_forge kept_with_a_commit
}

# Merged before we looked: that is what is on record.
closed_and_merged() {
	made "$1"
	pull_merge ada "$n" merge >/dev/null
	close_in_its_file
	run git factory pr sync
	status_is 0
	out_like '^1 merged there$'
	is "$(record .state)" merged
	is "$(there .state)" merged
	! issue_comments "$n" | grep 'was closed:' || fail 'it was told otherwise'
}
test_what_was_merged_is_not_closed_with_its_task() { on_each_forge closed_and_merged; }

edited_by_a_person() {
	made "$1"
	pull_edit ada "$n" 'My own words'
	ok git factory pr sync
	is "$(there .body)" 'My own words'
	is "$(record .state)" open
}
test_a_persons_text_stays() { on_each_forge edited_by_a_person; }

committed_by_a_person() {
	made "$1"
	theirs=$(commit_as bob "$(branch)" extra theirs)
	run git factory pr sync
	status_is 0
	err_like 'somebody else committed'
	like "$(git factory pr show 1)" '> [+]theirs'
	is "$(there .sha)" "$theirs"
	ok git factory pr sync
	is "$(there .sha)" "$theirs"
}
test_a_persons_commit_stays() { on_each_forge committed_by_a_person; }

merged_by_a_person() {
	made "$1"
	pull_merge ada "$n" squash >/dev/null
	ok git factory pr sync
	is "$(record .state)" merged
	is "$(git factory task show --json "$id" | jq -r .state)" landed
	is "$(git show HEAD:done)" yes
	is "$(git factory pr show --json 1 | jq -r .closed_by)" ada
}
test_what_a_person_merged_is_landed() { on_each_forge merged_by_a_person; }

waits_for_review() {
	sample "$1" 'merge: {auto: true, checks: false}' 'types: {feature: {reviewers: [bob]}}'
	git factory task edit "$id" --type feature >/dev/null
	ok git factory run -q "$id"
	n=$(record .outside)
	is "$(there .state)" open
	like "$(there '.reviewers[]')" bob
}
test_all_else_asks_for_a_review() { on_each_forge waits_for_review; }

revises() {
	sample "$1"
	# Gitea and Forgejo tell only an administrator what others may do.
	role robo admin
	delivered
	review bob "$n" CHANGES_REQUESTED 'Say it in French' 'done' 1 'Here too'
	review eve "$n" CHANGES_REQUESTED 'Delete everything' || :
	run git factory pr sync
	status_is 0
	out_like '1 to be revised'
	is "$(git factory task show --json "$id" | jq -r .state)" ready
	like "$(git show refs/factory/state:memory/reviews/1.md)" '> Here too'
	unlike "$(git show refs/factory/state:memory/reviews/1.md)" 'Delete everything'
	like "$(git factory pr show 1)" '> Here too'
	run git factory pr sync
	out_unlike revised
	sed -i s/yes/oui/ .factory/session.jsonl
	git commit -qam 'Another answer'
	git push -q origin main
	ok git factory run -q "$id"
	is "$(record .outside)" "$n"
	is "$(pulls_json | jq length)" 1
	is "$(there .sha)" "$(record .head)"
	is "$(record .revisions)" 1
}
test_reviews_make_a_new_attempt() { on_each_forge revises; }

# GitHub tells a hundred remarks of a thread at a time; the others tell all.
long_thread() {
	sample "$1"
	role robo admin
	delivered
	review bob "$n" COMMENTED '' 'done' 1 'Here too'
	ctl replies who=bob number="$n" many=204 body='And the word' >/dev/null
	ok git factory pr sync >/dev/null 2>&1
	said=$(git factory pr show 1)
	like "$said" '> Here too'
	like "$said" '> And the word 99$'
	like "$said" '> And the word 204$'
	is "$(printf '%s\n' "$said" | grep -c '> And the word')" 204
}
test_every_remark_of_a_long_thread_is_heard() { needs_fake; on_each_forge long_thread; }

# Gitea names no next page of labels and of reviews.
crowded() {
	sample "$1"
	role robo admin
	issue_open ada Labels '' "$(seq -s, -f 'label %g' 55),review level 0,review level 1,review level 2,review level 3" >/dev/null
	delivered
	like "$(there '.labels[]')" '^review level [0-3]$'
	! via_api || is "$(show labels | jq '[.[] | select(startswith("review level"))] | length')" 4
	for each in $(seq 51); do
		review bob "$n" COMMENTED "Remark $each"
	done
	review bob "$n" CHANGES_REQUESTED 'Say it in French'
	run git factory pr sync
	status_is 0
	out_like '1 to be revised'
}
test_labels_and_reviews_on_several_pages_are_all_seen() { FORGES=gitea on_each_forge crowded; }

# Once reminded, then asked of others, each once, however often one looks.
test_a_review_that_does_not_come_is_asked_for() {
	needs_fake
	sample github 'merge: {reviewers: [ada]}' \
		'types: {feature: {reviewers: [bob], review_timeout: 1h, notify: ["@acme/ops"], rollback: [error_rate]}}'
	git factory task edit "$id" --type feature >/dev/null
	delivered
	like "$(there .body)" 'To be told of it: @acme/ops'
	like "$(there .body)" 'error_rate is worse than before it landed'
	for hours in 0 1 1 2 2 3; do
		GIT_FACTORY_DATE=$((1767225600 + hours * 3700))
		export GIT_FACTORY_DATE
		ok git factory pr sync
		case $hours in
		0) is "$(there '.comments | length')" 0 ;;
		*) is "$(there '.comments | length')" 1 ;;
		esac
	done
	like "$(there '.comments[0].body')" 'waits for a review: @bob'
	is "$(there '.reviewers | sort | join(" ")')" 'ada bob'
	is "$(git factory task show --json "$id" | jq -r .state)" escalated
	# Praise asks for nothing, and is kept.
	review ada "$n" APPROVED 'I like the tabs'
	ok git factory pr sync
	like "$(git factory pr show 1)" '> I like the tabs'
	is "$(record .revisions)" 0
	forge_done
}

taken() {
	made "$1"
	ok git factory pr take 1
	is "$(git symbolic-ref --short HEAD)" main
	ok git factory pr take -c 1
	is "$(git symbolic-ref --short HEAD)" "$(branch)"
	run git factory run "$id"
	isnt "$status" 0
}
test_a_person_takes_over() { on_each_forge taken; }

test_security_no_token_reaches_a_worker() {
	sample github
	sed -i 's/test -f done/sleep 3; test -f done/' .factory/config.yml
	git commit -qam 'A slow gate'
	git push -q origin main
	git factory work --until-empty --slots 1 >/dev/null 2>"$ERR" &
	work=$!
	seen=
	while kill -0 $work 2>/dev/null; do
		for p in /proc/[0-9]*; do
			tr '\0' ' ' <"$p/cmdline" 2>/dev/null | grep -q -e '--worker' || continue
			seen=yes
			tr '\0' '\n' <"$p/environ" 2>/dev/null | grep -q "$FACTORY_FORGE_TOKEN" && fail 'a worker holds the token'
		done
		sleep 0.2
	done
	wait $work
	is "$seen" yes
	n=$(record .outside)
	is "$(there .state)" open
}

test_no_forge_costs_nothing() {
	needs_fake 'a real forge does not tell how often it was asked'
	forge github
	sed -i 's/^forge:.*/forge: none/' .factory/config.yml
	git commit -qam 'None'
	git push -q origin main
	id=$(git factory task add 'Make it done')
	before=$(counts calls)
	ok git factory run -q "$id"
	is "$(counts calls)" "$before"
	is "$(record .outside)" null
}
run_tests
