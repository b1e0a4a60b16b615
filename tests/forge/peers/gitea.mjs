// Drives the fake Gitea, or Forgejo, with a client that others wrote, and
// holds what it answers against that client's types.
//	node gitea.mjs gitea-js|forgejo-js FORGE CONTROL FOLDER
import { createRequire } from 'node:module'
import path from 'node:path'
import { act, typed } from './typed.mjs'

const [client, forge, control, folder] = process.argv.slice(2)
const need = createRequire(path.join(process.env.NODE_PATH, 'x.js'))
const module = need(client)
const make = module.giteaApi || module.forgejoApi
const as = (who) => make(forge, { token: 'token-of-' + who, customFetch: fetch })
const api = as('robo')
const at = ['acme', 'app']
const things = typed(folder, client)
const equal = (a, b) => { if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(`${JSON.stringify(a)} is not ${JSON.stringify(b)}`) }
const refused = async (promise, status) => equal((await promise.then((r) => r, (e) => e)).status, status)
// The server says null of what is not; the client's types leave it out.
const known = (v) => Array.isArray(v) ? v.map(known) : v && typeof v === 'object'
	? Object.fromEntries(Object.entries(v).filter(([, x]) => x !== null).map(([k, x]) => [k, known(x)])) : v
const add = (type, value) => things.add(type, known(value))

add('User', (await api.user.userGetCurrent()).data)
add('Repository', (await api.repos.repoGet(...at)).data)
add('RepoCollaboratorPermission', (await as('ada').repos.repoGetRepoPermissions(...at, 'bob')).data)
equal((await as('ada').repos.repoGetRepoPermissions(...at, 'bob')).data.permission, 'write')
await refused(api.repos.repoGetRepoPermissions(...at, 'ada'), 403)

const label = (await api.repos.issueCreateLabel(...at, { name: 'docs', color: '#ff0000' })).data
add('Label', label)
equal((await api.repos.issueListIssues(...at, { labels: 'factory', state: 'open', type: 'issues' })).data.map((i) => i.title), ['Say hello'])
const issue = (await api.repos.issueCreateIssue(...at, { title: 'From outside', body: 'b', labels: [label.id] })).data
add('Issue', issue)
await refused(api.repos.issueEditIssue(...at, issue.number, { title: 'Another', body: 'c' }), 201)
equal((await api.repos.issueAddLabel(...at, issue.number, { labels: ['factory', 'unknown'] })).data.map((l) => l.name), ['docs', 'factory'])
await api.repos.issueRemoveLabel(...at, issue.number, label.id, {})
const comment = (await api.repos.issueCreateComment(...at, issue.number, { body: 'hello' })).data
add('Comment', comment)
equal((await api.repos.issueEditComment(...at, comment.id, { body: 'hello again' })).data.body, 'hello again')
equal((await api.repos.issueGetComments(...at, issue.number)).data.map((c) => c.body), ['hello again'])
const timeline = (await api.repos.issueGetCommentsAndTimeline(...at, issue.number)).data
timeline.forEach((e) => add('TimelineComment', e))
equal(timeline.map((e) => [e.type, e.body]), [['label', '1'], ['change_title', ''], ['label', '1'], ['label', ''], ['comment', 'hello again']])

const pull = (await api.repos.repoCreatePullRequest(...at, { title: 'WIP: Do it', head: 'factory/x', base: 'main', body: 'Because' })).data
add('PullRequest', pull)
equal(pull.draft, true)
await refused(api.repos.repoCreatePullRequest(...at, { title: 'Do it', head: 'factory/x', base: 'main' }), 409)
await refused(api.repos.repoCreatePullRequest(...at, { title: 'Do it', head: 'main', base: 'main' }), 422)
equal((await api.repos.repoListPullRequests(...at, { state: 'open' })).data.map((p) => p.number), [pull.number])
equal((await api.repos.repoGetPullRequestByBaseHead(...at, 'main', 'factory/x')).data.number, pull.number)
const sha = pull.head.sha
await refused(api.repos.repoMergePullRequest(...at, pull.number, { Do: 'squash', head_commit_id: sha }), 405)
await api.repos.repoEditPullRequest(...at, pull.number, { title: 'Do it' })
await api.repos.repoCreatePullReviewRequests(...at, pull.number, { reviewers: ['bob'] })
await act(control, 'review', { who: 'bob', number: pull.number, state: 'CHANGES_REQUESTED', body: 'No', path: 'result', line: 1, remark: 'Here' })
await as('bob').repos.repoCreatePullReview(...at, pull.number, { event: 'APPROVED', body: 'Now yes' })
const reviews = (await api.repos.repoListPullReviews(...at, pull.number)).data
equal(reviews.map((r) => r.state), ['REQUEST_REVIEW', 'REQUEST_CHANGES', 'APPROVED'])
reviews.forEach((r) => add('PullReview', r))
const remarks = (await api.repos.repoGetPullReviewComments(...at, pull.number, reviews[1].id)).data
equal(remarks.map((r) => [r.path, r.body]), [['result', 'Here']])
add('PullReviewComment', remarks[0])

await refused(api.repos.repoMergePullRequest(...at, pull.number, { Do: 'squash', head_commit_id: sha }), 405)
equal((await api.repos.repoGetCombinedStatusByRef(...at, sha)).data.state, client === 'gitea-js' ? 'pending' : '')
add('CommitStatus', (await api.repos.repoCreateStatus(...at, sha, { state: 'pending', context: 'factory', description: 'Working' })).data)
await act(control, 'check', { sha, name: 'ci/test', conclusion: 'success' })
equal((await api.repos.repoListStatusesByRef(...at, sha)).data.map((s) => [s.context, s.status]), [['ci/test', 'success'], ['factory', 'pending']])
add('CombinedStatus', (await api.repos.repoGetCombinedStatusByRef(...at, sha)).data)
add('Branch', (await api.repos.repoGetBranch(...at, 'main')).data)
add('BranchProtection', (await as('ada').repos.repoGetBranchProtection(...at, 'main')).data)
await refused(api.repos.repoMergePullRequest(...at, pull.number, { Do: 'squash', head_commit_id: '0'.repeat(40) }), 409)
await refused(api.repos.repoMergePullRequest(...at, pull.number, { Do: 'squash', head_commit_id: sha, MergeTitleField: 'Do it', delete_branch_after_merge: true }), 200)
const merged = (await api.repos.repoGetPullRequest(...at, pull.number)).data
add('PullRequest', merged)
equal([merged.merged, merged.merge_commit_sha.length], [true, 40])
await refused(api.repos.repoGetBranch(...at, 'factory/x'), 404)
await refused(api.repos.repoDeleteBranch(...at, 'factory/x'), 404)
things.check()
