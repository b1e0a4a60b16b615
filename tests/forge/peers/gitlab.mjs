// Drives the fake GitLab with @gitbeaker/rest, which others wrote, and holds
// what it answers against that client's types.
//	node gitlab.mjs FORGE CONTROL FOLDER
import { createRequire } from 'node:module'
import path from 'node:path'
import { act, typed } from './typed.mjs'

const need = createRequire(path.join(process.env.NODE_PATH, 'x.js'))
const { Gitlab } = need('@gitbeaker/rest')
const [forge, control, folder] = process.argv.slice(2)
const as = (who) => new Gitlab({ host: forge, token: 'token-of-' + who })
const api = as('robo')
const id = 'acme/app'
const things = typed(folder, '@gitbeaker/core')
const equal = (a, b) => { if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(`${JSON.stringify(a)} is not ${JSON.stringify(b)}`) }
const refused = async (promise, status) => {
	const e = await promise.then(() => null, (e) => e)
	equal(e?.cause?.response?.status, status)
}

things.add('ExpandedUserSchema', await api.Users.showCurrentUser(), 'is_admin last_sign_in_at note namespace_id created_by')
things.add('SimpleProjectSchema', await api.Projects.show(id))
const bob = (await api.Users.all({ username: 'bob' }))[0]
const member = await api.ProjectMembers.show(id, bob.id, { includeInherited: true })
equal(member.access_level, 30)
await refused(api.ProjectMembers.show(id, 999999, { includeInherited: true }), 404)

const label = await api.ProjectLabels.create(id, 'docs', '#ff0000')
equal((await api.ProjectLabels.all(id)).map((l) => l.name).includes(label.name), true)
const opened = await api.Issues.all({ projectId: id, labels: 'factory', state: 'opened', perPage: 1 })
equal(opened.map((i) => i.title), ['Say hello'])
const issue = await api.Issues.create(id, 'From outside', { description: 'b', labels: 'docs' })
things.add('IssueSchema', issue, 'due_date')
things.add('IssueSchema', await api.Issues.edit(id, issue.iid, { addLabels: 'factory', removeLabels: 'docs', description: 'c' }), 'due_date')
things.add('IssueSchema', await api.Issues.show(issue.iid, { projectId: id }), 'due_date')
equal((await api.IssueLabelEvents.all(id, issue.iid)).map((e) => [e.action, e.label.name]), [['add', 'docs'], ['add', 'factory'], ['remove', 'docs']])
const note = await api.IssueNotes.create(id, issue.iid, 'hello')
things.add('NoteSchema', note)
equal((await api.IssueNotes.edit(id, issue.iid, note.id, { body: 'hello again' })).body, 'hello again')
const notes = await api.IssueNotes.all(id, issue.iid, { sort: 'asc' })
equal(notes.map((n) => [n.body, n.system]), [['changed the description', true], ['hello again', false]])
notes.forEach((n) => things.add('NoteSchema', n))

const mr = await api.MergeRequests.create(id, 'factory/x', 'main', 'Do it', { description: 'Because', labels: 'docs' })
things.add('ExpandedMergeRequestSchema', mr)
await refused(api.MergeRequests.create(id, 'factory/x', 'main', 'Do it'), 409)
equal((await api.MergeRequests.all({ projectId: id, sourceBranch: 'factory/x', state: 'opened' })).map((m) => m.iid), [mr.iid])
equal((await api.MergeRequests.edit(id, mr.iid, { title: 'Draft: Do it', reviewerIds: [bob.id] })).draft, true)
await refused(api.MergeRequests.merge(id, mr.iid, { sha: mr.sha }), 405)
await api.MergeRequests.edit(id, mr.iid, { title: 'Do it well' })
await act(control, 'review', { who: 'bob', number: mr.iid, state: 'CHANGES_REQUESTED', body: 'No', path: 'result', line: 1, remark: 'Here' })
const threads = await api.MergeRequestDiscussions.all(id, mr.iid)
equal(threads.flatMap((t) => t.notes.map((n) => n.body)).includes('Here'), true)
things.add('DiscussionSchema', threads.at(-1))
await as('bob').MergeRequestApprovals.approve(id, mr.iid)
const approvals = await api.MergeRequestApprovals.showConfiguration(id, { mergerequestIId: mr.iid })
// The client's types are older than this field.
approvals.approved_by.forEach((a) => delete a.approved_at)
things.add('MergeRequestLevelMergeRequestApprovalSchema', approvals)
equal(approvals.approved_by.map((a) => a.user.username), ['bob'])

await refused(api.MergeRequests.merge(id, mr.iid, { sha: mr.sha }), 405)
equal((await api.MergeRequests.show(id, mr.iid)).detailed_merge_status, 'ci_must_pass')
things.add('CommitStatusSchema', await api.Commits.editStatus(id, mr.sha, 'pending', { name: 'factory' }), 'target_url')
await act(control, 'check', { sha: mr.sha, name: 'ci/test', conclusion: 'success' })
await api.Commits.editStatus(id, mr.sha, 'success', { name: 'factory', targetUrl: 'https://example.org/' })
const statuses = await api.Commits.allStatuses(id, mr.sha)
equal(statuses.map((s) => [s.name, s.status]).sort(), [['ci/test', 'success'], ['factory', 'success']])
await refused(api.MergeRequests.merge(id, mr.iid, { sha: '0'.repeat(40) }), 409)
const shown = await api.MergeRequests.show(id, mr.iid)
equal(shown.detailed_merge_status, 'mergeable')
// GitLab says null of what is not; the client's types leave it out.
const known = (x) => { if (x.head_pipeline) delete x.head_pipeline.committed_at; return x }
things.add('ExpandedMergeRequestSchema', known(shown))
things.add('BranchSchema', await api.Branches.show(id, 'main'))
const merged = await api.MergeRequests.merge(id, mr.iid, { sha: mr.sha, squash: true, shouldRemoveSourceBranch: true, squashCommitMessage: 'Do it well\n\nBecause' })
equal([merged.state, merged.squash_commit_sha.length], ['merged', 40])
things.add('ExpandedMergeRequestSchema', known(merged))
await refused(api.Branches.show(id, 'factory/x'), 404)
await refused(api.Branches.remove(id, 'factory/x'), 404)
equal((await api.Commits.show(id, merged.squash_commit_sha)).message, 'Do it well\n\nBecause')
things.check()
