// Asks the fake GitHub for everything that it can say.
//	node github.mjs FORGE CONTROL
const [forge, control] = process.argv.slice(2)

async function ask (method, path, body, token = 'token-of-robo') {
	const got = await fetch(forge + path, {
		method,
		headers: { authorization: 'Bearer ' + token, accept: 'application/vnd.github+json', 'content-type': 'application/json' },
		body: body && JSON.stringify(body)
	})
	const text = await got.text()
	return { status: got.status, body: text ? JSON.parse(text) : null }
}
async function act (verb, form = {}) {
	const got = await fetch(`${control}/${verb}`, { method: 'POST', body: new URLSearchParams(form) })
	if (!got.ok) throw new Error(`${verb}: ${await got.text()}`)
	return got.json()
}
async function expect (status, ...args) {
	const got = await ask(...args)
	if (got.status !== status) throw new Error(`${args[0]} ${args[1]}: ${got.status} ${JSON.stringify(got.body)}`)
	return got.body
}

const repo = '/repos/acme/app'
await act('team', { slug: 'core' })
await act('workflow', { name: 'ci.yml' })
await expect(200, 'GET', '/user')
await expect(200, 'GET', '/users/bob')
await expect(200, 'GET', '/rate_limit')
await expect(200, 'GET', repo)
for (const who of ['ada', 'bob', 'eve', 'robo']) await expect(200, 'GET', `${repo}/collaborators/${who}/permission`)
await expect(204, 'GET', `${repo}/collaborators/bob`)
await expect(404, 'GET', `${repo}/collaborators/eve`)
await expect(201, 'POST', `${repo}/labels`, { name: 'docs', color: 'ff0000', description: 'Words' })
await expect(422, 'POST', `${repo}/labels`, { name: 'docs', color: 'ff0000' })
await expect(200, 'GET', `${repo}/labels`)

await expect(200, 'GET', `${repo}/issues?labels=factory&state=open&per_page=1&page=1&sort=updated&direction=desc`)
const issue = (await expect(201, 'POST', `${repo}/issues`, { title: 'From outside', body: 'b', labels: ['docs'] })).number
await expect(201, 'POST', `${repo}/issues/${issue}/assignees`, { assignees: ['bob'] })
await expect(200, 'PATCH', `${repo}/issues/${issue}`, { title: 'Another title', body: 'c', labels: ['factory', 'docs'] })
await expect(200, 'PATCH', `${repo}/issues/${issue}`, { state: 'closed', state_reason: 'completed' })
await expect(200, 'PATCH', `${repo}/issues/${issue}`, { state: 'open', assignees: [] })
await expect(200, 'GET', `${repo}/issues/${issue}`)
await expect(200, 'POST', `${repo}/issues/${issue}/labels`, { labels: ['x'] })
await expect(200, 'GET', `${repo}/issues/${issue}/labels`)
await expect(200, 'DELETE', `${repo}/issues/${issue}/labels/x`)
await expect(404, 'DELETE', `${repo}/issues/${issue}/labels/x`)
const comment = (await expect(201, 'POST', `${repo}/issues/${issue}/comments`, { body: 'hello' })).id
await expect(200, 'PATCH', `${repo}/issues/comments/${comment}`, { body: 'hello again' })
await expect(200, 'GET', `${repo}/issues/comments/${comment}`)
await expect(200, 'GET', `${repo}/issues/${issue}/comments?since=2020-01-01T00:00:00Z`)
await expect(200, 'GET', `${repo}/issues/${issue}/events`)
await expect(200, 'GET', `${repo}/issues/${issue}/timeline`)
await expect(404, 'GET', `${repo}/issues/999`)

const pull = await expect(201, 'POST', `${repo}/pulls`, { title: 'Do it', head: 'factory/x', base: 'main', body: `Closes #${issue}`, draft: true })
await expect(422, 'POST', `${repo}/pulls`, { title: 'Do it', head: 'factory/x', base: 'main', body: '' })
await expect(422, 'POST', `${repo}/pulls`, { title: 'Do it', head: 'none', base: 'main', body: '' })
const at = `${repo}/pulls/${pull.number}`
await expect(200, 'GET', `${repo}/pulls?state=open&head=acme:factory/x&base=main`)
await expect(200, 'GET', at)
await expect(200, 'PATCH', at, { title: 'Do it well', body: `Closes #${issue}` })
await expect(200, 'GET', `${at}/files`)
await expect(200, 'GET', `${at}/commits`)
await expect(201, 'POST', `${at}/requested_reviewers`, { reviewers: ['bob'], team_reviewers: ['core'] })
await expect(422, 'POST', `${at}/requested_reviewers`, { reviewers: ['eve'] })
await act('review', { who: 'bob', number: pull.number, state: 'CHANGES_REQUESTED', body: 'No', path: 'result', line: 1, remark: 'Here' })
await expect(200, 'GET', `${at}/reviews`)
const remark = (await expect(200, 'GET', `${at}/comments`))[0]
if (remark.line !== 1 || remark.path !== 'result') throw new Error('the remark is elsewhere')
await expect(200, 'POST', `${at}/reviews`, { event: 'APPROVE', body: 'Now yes' }, 'token-of-bob')
await expect(422, 'POST', `${at}/reviews`, { event: 'APPROVE' })
await expect(405, 'PUT', `${at}/merge`, { sha: pull.head.sha, merge_method: 'squash' })
await expect(404, 'GET', `${at}/merge`)

const sha = pull.head.sha
await expect(200, 'GET', `${repo}/commits/${sha}/status`)
await expect(200, 'GET', `${repo}/commits/${sha}/check-runs`)
await expect(201, 'POST', `${repo}/statuses/${sha}`, { state: 'pending', context: 'factory', description: 'Working', target_url: 'https://example.org/' })
await expect(422, 'POST', `${repo}/statuses/${sha}`, { state: 'done', context: 'factory' }).catch(() => {})
await act('check', { sha, name: 'ci/test', conclusion: 'failure', text: 'It fails' })
await act('check', { sha, name: 'ci/test', conclusion: 'success' })
await act('check', { sha, name: 'ci/more', status: 'in_progress' })
await expect(200, 'GET', `${repo}/commits/${sha}/status`)
await expect(200, 'GET', `${repo}/commits/${sha}/statuses`)
await expect(200, 'GET', `${repo}/commits/${sha}/check-runs?filter=latest`)
await expect(403, 'POST', `${repo}/check-runs`, { name: 'x', head_sha: sha })
await expect(200, 'GET', `${repo}/commits/${sha}`)
await expect(200, 'GET', `${repo}/branches/main`)
await expect(404, 'GET', `${repo}/branches/none`)
await expect(200, 'GET', `${repo}/branches/main/protection`, undefined, 'token-of-ada')
await act('protect', { required: 'ci/test', reviews: 1, ruleset: 1, strict: 1 })
await expect(200, 'GET', `${repo}/rules/branches/main`)
await expect(200, 'GET', `${repo}/git/ref/heads/main`)
await expect(200, 'GET', `${repo}/contents/README`)
await expect(204, 'POST', `${repo}/actions/workflows/ci.yml/dispatches`, { ref: 'main', inputs: { a: 'b' } })

const graph = async (query, variables) => {
	const got = await expect(200, 'POST', '/graphql', { query, variables })
	if (got.errors) throw new Error(JSON.stringify(got.errors))
	return got.data
}
await graph(`query($o: String!, $n: String!, $i: Int!) { viewer { login __typename }
	repository(owner: $o, name: $n) { id nameWithOwner viewerPermission autoMergeAllowed
	issue(number: $i) { ...text state labels(first: 5) { nodes { name } }
		timelineItems(first: 50, itemTypes: [LABELED_EVENT, UNLABELED_EVENT, RENAMED_TITLE_EVENT, ASSIGNED_EVENT]) { totalCount
			pageInfo { hasNextPage endCursor }
			nodes { __typename ... on LabeledEvent { createdAt actor { login __typename } label { name } }
				... on UnlabeledEvent { createdAt actor { login __typename } label { name } }
				... on AssignedEvent { createdAt actor { login __typename } assignee { __typename ... on User { login } } }
				... on RenamedTitleEvent { createdAt actor { login __typename } previousTitle currentTitle } } } } } }
	fragment text on Issue { id number title body lastEditedAt editor { login __typename } author { login __typename ... on User { databaseId } ... on Bot { databaseId } }
		userContentEdits(first: 20) { totalCount nodes { editedAt createdAt diff editor { login __typename } } } }`,
{ o: 'acme', n: 'app', i: 1 })
const seen = await graph(`{ repository(owner: "acme", name: "app") { pullRequest(number: ${pull.number}) { id state mergeable mergeStateStatus
	reviewDecision isDraft headRefOid commits(last: 1) { nodes { commit { oid statusCheckRollup { state
		contexts(first: 50) { nodes { __typename ... on StatusContext { context state } ... on CheckRun { name status conclusion } } } } } } }
	reviewThreads(first: 50) { nodes { id isResolved isOutdated path line originalLine startLine subjectType isCollapsed resolvedBy { login } comments(first: 10) { nodes { url body author { login __typename } createdAt } } } } } } }`)
const id = seen.repository.pullRequest.id
await graph('mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }', { id })
await graph(`mutation($id: ID!, $sha: GitObjectID!) { enablePullRequestAutoMerge(input: {pullRequestId: $id,
	mergeMethod: SQUASH, expectedHeadOid: $sha, commitHeadline: "T"}) { pullRequest { autoMergeRequest { mergeMethod enabledAt } } } }`, { id, sha }).catch(async (e) => {
	// In clean status there is nothing to wait for: GitHub says so.
	if (!/clean status/.test(e.message)) throw e
})
await expect(200, 'PUT', `${at}/merge`, { sha, merge_method: 'squash', commit_title: 'Do it well (#3)', commit_message: 'Because' })
await expect(204, 'GET', `${at}/merge`)
await expect(200, 'GET', at)
await expect(204, 'DELETE', `${repo}/git/refs/heads/factory/x`)
await expect(422, 'DELETE', `${repo}/git/refs/heads/factory/x`)
await expect(200, 'GET', `${repo}/issues?state=all`)
