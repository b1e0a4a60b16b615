#!/bin/sh
# The fake forges are true: to GitHub's own descriptions of its API, to clients
# of GitLab, Gitea and Forgejo that others wrote, to git, and to their limits.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

# Much is asked wrongly here, on purpose.
FORGE_SAID=
PEERS=$ROOT/tests/peers/forges/node_modules

needs_peers() {
	needs node
	[ -d "$PEERS" ] || skip 'ci/deps test was not run'
}

# A project with a branch to merge, an issue, people.
sample() { # KIND
	forge_bare "$1"
	ctl project path=acme/app >/dev/null
	for who in ada:admin bob:write robo:write eve:none; do
		ctl person login="${who%:*}" role="${who#*:}" >/dev/null
		ctl token text="token-of-${who%:*}" login="${who%:*}" >/dev/null
	done
	forge_git
	git remote add origin "$FORGE/acme/app.git"
	git push -q origin main
	git checkout -q -B factory/x
	commit result yes 'Do it'
	git push -q origin factory/x
	ctl issue_open who=ada title='Say hello' body='As it is' labels=factory >/dev/null
	ctl issue_edit who=ada number=1 body='As it should be' >/dev/null
	ctl protect branch=main required=ci/test >/dev/null
}

driven_by() { # CLIENT [ARG]
	driver=$1
	shift
	NODE_PATH=$PEERS run node "$ROOT/tests/forge/peers/$driver" "$@" "$FORGE" "$CTL" "$TMP/types"
	status_is 0
}

test_github_answers_as_its_published_descriptions_say() {
	needs_peers
	sample github
	driven_by github.mjs
	NODE_PATH=$PEERS run node "$ROOT/tests/forge/peers/described.mjs" "$TMP/described" "$FORGE_SERVERS/fake/now/traffic.jsonl"
	status_is 0
	out_like '^[6-9][0-9] answers, [6-9][0-9] unlike, 0 wrong'
	forge_done
}

test_gitlab_is_understood_by_a_published_client() {
	needs_peers
	sample gitlab
	ctl lenient what=accept,content-type >/dev/null
	driven_by gitlab.mjs
	forge_done
}

test_gitea_is_understood_by_a_published_client() {
	needs_peers
	sample gitea
	ctl lenient what=accept,content-type >/dev/null
	driven_by gitea.mjs gitea-js
	forge_done
}

test_forgejo_is_understood_by_a_published_client() {
	needs_peers
	sample forgejo
	ctl lenient what=accept,content-type >/dev/null
	driven_by gitea.mjs forgejo-js
	forge_done
}

ask() { # METHOD PATH [BODY]
	if [ $# = 3 ]; then
		curl -sS -o "$OUT" -D "$ERR" -w '%{http_code}' -X "$1" -A test -H "Authorization: Bearer token-of-${AS:-robo}" \
			-H 'Accept: application/vnd.github+json' -H 'Content-Type: application/json' -d "$3" "$FORGE$2"
	else
		curl -sS -o "$OUT" -D "$ERR" -w '%{http_code}' -X "$1" -A test -H "Authorization: Bearer token-of-${AS:-robo}" \
			-H 'Accept: application/vnd.github+json' "$FORGE$2"
	fi
}

test_a_push_moves_the_pull_request_and_a_merge_moves_the_branch() {
	sample github
	ctl protect branch=main >/dev/null
	new='{"title":"T","head":"factory/x","base":"main","body":""}'
	is "$(ask POST /repos/acme/app/pulls "$new")" 201
	is "$(ask POST /repos/acme/app/pulls "$new")" 422
	first=$(git rev-parse HEAD)
	is "$(ctl_jq .sha pull number=2)" "$first"
	commit more yes More
	git push -q origin factory/x
	is "$(ctl_jq .sha pull number=2)" "$(git rev-parse HEAD)"
	is "$(ask PUT /repos/acme/app/pulls/2/merge "{\"sha\":\"$first\",\"merge_method\":\"squash\"}")" 409
	is "$(ask PUT /repos/acme/app/pulls/2/merge "{\"sha\":\"$(git rev-parse HEAD)\",\"merge_method\":\"squash\"}")" 200
	is "$(ctl_jq .state pull number=2)" merged
	is "$(ctl_jq . tree)" "$(git rev-parse 'HEAD^{tree}')"
	is "$(ctl_jq 'length' log)" 2
	forge_done
}

test_a_fault_comes_before_instead_and_after() {
	sample github
	fault status 'POST .*/comments' status=502
	fault lost 'POST .*/comments'
	fault before 'GET .*/issues/1' do=issue_close who=ada number=1
	is "$(ask POST /repos/acme/app/issues/1/comments '{"body":"a"}')" 502
	is "$(ask POST /repos/acme/app/issues/1/comments '{"body":"b"}' || :)" 000
	is "$(ctl_jq '.comments[0].body' issue number=1)" b
	is "$(ask GET /repos/acme/app/issues/1)" 200
	is "$(json "$OUT" .state)" closed
	is "$(ctl faults_left)" 0
	is "$(counts forced)" 3
}

test_a_request_that_no_forge_expects_is_written_down() {
	sample github
	ask GET '/repos/acme/app/issues?label=x' >/dev/null
	ask POST /repos/acme/app/issues/1/comments '{"text":"x","body":"x"}' >/dev/null
	ask GET /repos/acme/app/nothing >/dev/null
	AS=nobody ask GET /repos/acme/app >/dev/null
	curl -s -A '' -H "Authorization: Bearer token-of-robo" -H 'Accept: application/json' "$FORGE/repos/acme/app" >/dev/null
	curl -s -H "Authorization: Bearer token-of-robo" "http://127.0.0.1:$(forge_port canary)/" >/dev/null
	is "$(ctl_jq '[.[].what] | join(" ")' violations)" 'parameter body path token user-agent other host other host'
}

test_limits_are_those_of_the_forge_on_a_clock_that_is_moved() {
	sample github
	n=0
	while [ "$(ask POST /repos/acme/app/issues/1/comments '{"body":"again"}')" = 201 ]; do
		n=$((n + 1))
		[ $n -lt 100 ] || fail 'no limit'
	done
	is $n 80
	grep -qi '^retry-after: 60' "$ERR" || fail 'no Retry-After'
	ctl clock advance=61 >/dev/null
	is "$(ask POST /repos/acme/app/issues/1/comments '{"body":"again"}')" 201
	is "$(ctl_jq .exceeded limits)" 1
}

test_what_did_not_change_costs_nothing() {
	sample github
	is "$(ask GET '/repos/acme/app/issues?labels=factory')" 200
	tag=$(sed -n 's/^ETag: //Ip' "$ERR" | tr -d '\r')
	again() {
		curl -sS -o /dev/null -w '%{http_code}' -A test -H 'Authorization: Bearer token-of-robo' \
			-H 'Accept: application/json' -H "If-None-Match: $tag" "$FORGE/repos/acme/app/issues?labels=factory"
	}
	is "$(again)" 304
	is "$(counts unchanged)" 1
	ctl issue_comment who=bob number=1 body=Hm >/dev/null
	is "$(again)" 200
}

# The same deeds by the forge's own API, as people do them on a real one.
test_people_act_by_the_api_as_by_the_control_port() {
	for kind in $FORGES; do
		rm -rf "$TMP/repo" && git init -q -b main "$TMP/repo" && cd "$TMP/repo" && commit README sample Begin
		sample "$kind"
		ctl protect branch=main >/dev/null
		ctl token text=admin login=ada scopes=repo,sudo >/dev/null
		export ADMIN=admin TOKEN_OF_ADA=token-of-ada TOKEN_OF_BOB=token-of-bob TOKEN_OF_ROBO=token-of-robo PROJECT=acme/app
		FORGE_VIA_API=1
		is "$(issue_json 1 | jq -r .body)" 'As it should be'
		n=$(issue_open ada Second Text docs)
		issue_label bob "$n" factory
		issue_unlabel bob "$n" docs
		issue_edit ada "$n" Other
		c=$(comment bob "$n" Hello)
		comment_edit bob "$n" "$c" Hallo
		issue_close ada "$n"
		pull=$(ctl_jq .number pull_open who=robo title=T head=factory/x)
		head=$(commit_as bob factory/x extra/file text)
		status_set robo "$head" factory success
		pull_edit bob "$pull" 'Better words'
		pull_comment bob "$pull" 'A word'
		review bob "$pull" APPROVED '' result 1 Here
		[ "$kind" = gitlab ] || review bob "$pull" CHANGES_REQUESTED No
		api=$(issue_json "$n"; pulls_json; branches_json; statuses_json "$head" | jq '.[].context')
		FORGE_VIA_API=
		control=$(issue_json "$n"; pulls_json; branches_json; statuses_json "$head" | jq '.[].context')
		keys='if type == "object" and .number then {number, title, body, state, author, labels, comments} elif type == "array"
			then map({number, state, head, base, sha, body, merge_sha, reviews: [.reviews[].state], comments}) else . end'
		is "$(echo "$api" | jq -S "$keys")" "$(echo "$control" | jq -S "$keys")"
		FORGE_VIA_API=1
		merged=$(pull_merge bob "$pull" squash)
		branch_delete bob factory/x
		is "$(branches_json | jq -c keys)" '["main"]'
		FORGE_VIA_API=
		is "$(ctl_jq ".[0].merge_sha" pulls)" "$merged"
		forge_done
	done
}
run_tests
