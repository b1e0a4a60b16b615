"""Gitea's API v1, and Forgejo's, which differ in little (world.kind says which)."""
import re
import urllib.parse

import faults
from faults import Answer
from serve import Router
from state import Refused, Thing, iso, parse_iso

accept = r"application/json|\*/\*"
etags = False
content_type = "application/json;charset=utf-8"
bad_token = {"message": "user does not exist [uid: 0, name: ]", "url": "/api/swagger"}
not_found = {"errors": None, "message": "not found", "url": "/api/swagger"}
api = Router()
REPO = "/repos/{owner}/{name}"
MOST = 50
# What a request without a title tells of the token, it asks on purpose.
probes = ({"title": ""},)


class limits(faults.NoLimits):
    def __init__(self, world):
        self.exceeded = 0


def strip(path):
    return path[7:] if path.startswith("/api/v1/") else None


def sort(request, path):
    return "read" if request.method in ("GET", "HEAD") else "write"


def token_of(request):
    kind, _, text = (request.headers.get("Authorization") or "").partition(" ")
    return text.strip() if kind.lower() in ("token", "bearer") else None


def act_as(request, who):
    login = request.headers.get("Sudo")
    return request.world.known(login) if login and "sudo" in request.token.scopes else None


def may_push(token):
    return bool(token.scopes & {"repo", "write:repository", "all"})


def may_workflows(token):
    return may_push(token)


def said(status, text):
    return Answer(status, {"message": text, "url": "/api/swagger"})


def refusal(refused, request):
    why, text = refused.why, refused.text
    if why == "missing":
        return Answer(404, dict(not_found))
    if why == "forbidden":
        return said(403, "user should have a permission to write to a repo")
    if why == "stale":
        return said(409, "head out of date")
    if why == "conflict":
        return said(405, "Please try again later")
    if why in ("checking", "blocked"):
        return said(405, "Please try again later" if why == "checking" else {
            "draft": "Work in progress PRs cannot be merged",
            "merged": "" if request.world.kind == "forgejo" else "The PR is already merged"}.get(
                text, "Does not have enough approvals" if text == "review" else "Not all required status checks"
                " successful" if "check" in text else "The head branch is behind the base branch"))
    if why == "exists":
        x = text
        return said(409, "pull request already exists for these targets [id: %d, issue_id: %d, head_repo_id: %d,"
                    " base_repo_id: %d, head_branch: %s, base_branch: %s]" % (
                        x.id, x.id, x.source.id, x.project.id, x.head, x.base))
    if why == "invalid" and text == "same":
        return said(422, "Invalid PullRequest: There are no changes between the head and the base")
    if why == "invalid" and text in ("head", "base"):
        return Answer(404, dict(not_found))
    return said(422, text)


def place(world, r, owner, name, least="read"):
    project = world.project(owner + "/" + name)
    if r.user is None and not project.private and least == "read":
        return project
    if r.user is None or not world.may(project, r.user, "read"):
        raise Refused("missing", "hidden")
    world.need(project, r.user, least)
    return project


def scope(r, what, write=True):
    """A token's scopes are words as write:issue; 'repo' in tests is all of them."""
    scopes = r.token.scopes if r.token else set()
    wanted = {"write:" + what, "repo", "all"} | (set() if write else {"read:" + what})
    if r.token and not scopes & wanted:
        wanted = "%s:%s" % ("write" if write else "read", what)
        raise said(403, "token does not have at least one of required scope(s)" + (
            ": [%s]" % wanted if r.world.kind == "forgejo" else ", required=[%s], token scope=%s" % (
                wanted, ",".join(sorted(scopes)))))


def linkless(r, items, word, total=True):
    """No Link, and no list at all past the end; a timeline counts the page alone."""
    size, at = r.number("limit", 30, MOST), r.number("page", 1)
    found = [word(x) for x in items[(at - 1) * size:at * size]]
    headers = {"X-Total-Count": str(len(items if total else found)), "Content-Type": content_type}
    return Answer(200, found if found or total else b"null", headers)


def page(r, items, word):
    size, at = r.number("limit", 30, MOST), r.number("page", 1)
    last = max((len(items) + size - 1) // size, 1)
    links = []
    for rel, number, there in (("next", at + 1, at < last), ("last", last, at < last), ("first", 1, at > 1),
                               ("prev", at - 1, at > 1)):
        if there:
            query = {k: v[-1] for k, v in r.query.items()}
            query["page"] = str(number)
            links.append('<%s%s?%s>; rel="%s"' % (r.base, r.path, urllib.parse.urlencode(query), rel))
    headers = {"X-Total-Count": str(len(items)), "Access-Control-Expose-Headers": "X-Total-Count, Link"}
    if links:
        headers["Link"] = ",".join(links)
    return Answer(200, [word(x) for x in items[(at - 1) * size:at * size]], headers)


# -- words

def user(r, who):
    if who is None:
        return None
    return {
        "id": who.id, "login": who.login, "login_name": "", "source_id": 0, "full_name": who.name,
        "email": who.login + "@noreply.localhost", "avatar_url": r.base + "/avatars/%d" % who.id,
        "html_url": r.base + "/" + who.login, "language": "", "is_admin": False, "last_login":
        "0001-01-01T00:00:00Z", "created": iso(who.created), "restricted": False, "active": False,
        "prohibit_login": False, "location": "", "website": "", "description": "", "visibility": "public",
        "followers_count": 0, "following_count": 0, "starred_repos_count": 0}


def repository(r, p, world):
    role = world.role(p, r.user) if r.user else "read"
    url = r.base + "/" + p.path
    return {
        "id": p.id, "owner": user(r, p.owner), "name": p.name, "full_name": p.path, "description": "",
        "empty": not p.repo.branches(), "private": p.private, "fork": p.parent is not None, "template": False,
        "mirror": False, "size": 1, "language": "", "languages_url": r.base + "/api/v1/repos/" + p.path + "/languages",
        "html_url": url, "url": r.base + "/api/v1/repos/" + p.path, "link": "", "ssh_url": "git@127.0.0.1:" + p.path,
        "clone_url": url + ".git", "original_url": "", "website": "", "stars_count": 0, "forks_count": 0,
        "watchers_count": 1, "open_issues_count": len(p.issues), "open_pr_counter": len(p.pulls),
        "release_counter": 0, "default_branch": p.base, "archived": False, "created_at": iso(p.created),
        "updated_at": iso(p.updated), "archived_at": "1970-01-01T00:00:00Z",
        "permissions": {"admin": role == "admin", "push": role in ("write", "maintain", "admin"), "pull": True},
        "has_issues": True, "has_wiki": True, "has_pull_requests": True, "has_projects": True, "has_releases": True,
        "has_packages": True, "has_actions": True, "ignore_whitespace_conflicts": False,
        "allow_merge_commits": True, "allow_rebase": True, "allow_rebase_explicit": True,
        "allow_squash_merge": True, "allow_fast_forward_only_merge": True, "allow_rebase_update": True,
        "default_delete_branch_after_merge": p.delete_merged, "default_merge_style": "merge",
        "default_allow_maintainer_edit": False, "avatar_url": "", "internal": False, "mirror_interval": "",
        "object_format_name": "sha1", "mirror_updated": "0001-01-01T00:00:00Z", "topics": []}


def label(r, p, x):
    return {"id": x.id, "name": x.name, "exclusive": False, "is_archived": False, "color": x.color,
            "description": x.text or "", "url": "%s/api/v1/repos/%s/labels/%d" % (r.base, p.path, x.id)}


def draft(x):
    return bool(re.match(r"(?i)(wip:|\[wip\])", x.title))


def issue(r, p, x, world):
    found = {
        "id": x.id, "url": "%s/api/v1/repos/%s/issues/%d" % (r.base, p.path, x.number), "html_url":
        "%s/%s/%s/%d" % (r.base, p.path, "pulls" if x.is_pull else "issues", x.number), "number": x.number,
        "user": user(r, x.author), "original_author": "", "original_author_id": 0, "title": x.title,
        "body": x.body, "ref": "", "assets": [], "labels": [label(r, p, world.label(p, n)) for n in x.labels],
        "milestone": None, "assignee": user(r, world.users[x.assignees[0].lower()]) if x.assignees else None,
        "assignees": [user(r, world.users[a.lower()]) for a in x.assignees] or None, "state": x.state,
        "is_locked": x.locked, "comments": len(x.comments), "created_at": iso(x.created), "updated_at": iso(x.updated),
        "closed_at": iso(x.closed), "due_date": None, "pull_request": None, "repository": {
            "id": p.id, "name": p.name, "owner": p.owner.login, "full_name": p.path}, "pin_order": 0}
    if x.is_pull:
        found["pull_request"] = {"merged": bool(x.merged), "merged_at": iso(x.merged), "draft": draft(x),
                                 "html_url": found["html_url"]}
    return found


def comment(r, p, x):
    where = "%s/%s/%s/%d" % (r.base, p.path, "pulls" if x.issue.is_pull else "issues", x.issue.number)
    return {
        "id": x.id, "html_url": where + "#issuecomment-%d" % x.id,
        "pull_request_url": where if x.issue.is_pull else "", "issue_url": "" if x.issue.is_pull else where,
        "user": user(r, x.author), "original_author": "", "original_author_id": 0, "body": x.body, "assets": [],
        "created_at": iso(x.created), "updated_at": iso(x.updated)}


def entry(r, p, x, e):
    """A timeline's item that is no comment."""
    where = "%s/%s/issues/%d" % (r.base, p.path, x.number)
    found = {
        "id": e.id, "type": "comment", "html_url": where + "#issuecomment-%d" % e.id, "pull_request_url": "",
        "issue_url": where, "user": user(r, e.who), "body": "", "created_at": iso(e.when), "updated_at": iso(e.when),
        "old_project_id": 0, "project_id": 0, "old_milestone": None, "milestone": None, "tracked_time": None,
        "old_title": "", "new_title": "", "old_ref": "", "new_ref": "", "ref_issue": None, "ref_comment": None,
        "ref_action": "", "ref_commit_sha": "", "review_id": 0, "label": None, "assignee": None,
        "assignee_team": None, "removed_assignee": False, "resolve_doer": None, "dependent_issue": None}
    if e.event in ("labeled", "unlabeled"):
        found.update(type="label", label=label(r, p, e.label), body="1" if e.event == "labeled" else "")
    elif e.event == "renamed":
        found.update(type="change_title", old_title=e.old, new_title=e.new)
    elif e.event in ("assigned", "unassigned"):
        found.update(type="assignees", assignee=user(r, e.whom), removed_assignee=e.event == "unassigned")
    elif e.event == "closed":
        found["type"] = "close"
    elif e.event == "reopened":
        found["type"] = "reopen"
    elif e.event == "merged":
        found["type"] = "merge_pull"
    elif e.event == "armed":
        found["type"] = "pull_scheduled_merge"
    elif e.event == "disarmed":
        found["type"] = "pull_cancel_scheduled_merge"
    elif e.event == "review_requested":
        found.update(type="review_request", assignee=user(r, e.whom))
    return found


def pull(r, p, x, world):
    if x.state == "open":
        x.draft = draft(x)
    conflicts = world.conflicts(x) if x.state == "open" else False
    added, removed = p.repo.lines(x.base_sha, x.head_sha)
    none = None if world.kind == "forgejo" else []

    def end(project, branch, sha):
        mine = project is p
        ref = branch if project.repo.branch(branch) else "refs/pull/%d/head" % x.number
        return {"label": branch if mine else project.owner.login + ":" + branch, "ref": ref, "sha": sha,
                "repo_id": project.id, "repo": repository(r, project, world)}
    url = "%s/%s/pulls/%d" % (r.base, p.path, x.number)
    return {
        "id": x.id, "url": url, "number": x.number, "user": user(r, x.author), "title": x.title, "body": x.body,
        "labels": [label(r, p, world.label(p, n)) for n in x.labels], "milestone": None, "assignee": None,
        "assignees": none, "requested_reviewers": [user(r, world.users[v.lower()]) for v in x.reviewers] or none,
        "requested_reviewers_teams": none, "state": x.state, "draft": x.draft, "is_locked": x.locked,
        "comments": len(x.comments), "review_comments": len(x.remarks), "additions": added, "deletions": removed,
        "changed_files": len(p.repo.files(x.base_sha, x.head_sha)), "html_url": url, "diff_url": url + ".diff",
        "patch_url": url + ".patch", "mergeable": conflicts is False, "merged": bool(x.merged),
        "merged_at": iso(x.merged), "merge_commit_sha": x.merge_sha, "merged_by": user(r, x.merged_by),
        "allow_maintainer_edit": False, "base": end(p, x.base, x.base_sha), "head": end(x.source, x.head, x.head_sha),
        "merge_base": p.repo.git("merge-base", x.base_sha, x.head_sha), "due_date": None,
        "created_at": iso(x.created), "updated_at": iso(x.updated), "closed_at": iso(x.closed), "pin_order": 0}


def review(r, p, x, v):
    states = {"CHANGES_REQUESTED": "REQUEST_CHANGES", "COMMENTED": "COMMENT", "DISMISSED": "APPROVED"}
    url = "%s/%s/pulls/%d" % (r.base, p.path, x.number)
    return {
        "id": v.id, "user": user(r, v.author), "team": None, "state": states.get(v.state, v.state), "body": v.body,
        "commit_id": v.commit, "stale": v.commit != x.head_sha, "official": True, "dismissed":
        v.state == "DISMISSED", "comments_count": len([m for m in x.remarks if m.review is v]),
        "submitted_at": iso(v.when), "updated_at": iso(v.when), "html_url": url + "#issuecomment-%d" % v.id,
        "pull_request_url": url}


def asked(r, p, x, e):
    """Who is asked for a review is a review too."""
    v = Thing(id=e.id, author=e.whom, state="REQUEST_REVIEW", body="", commit="", when=e.when)
    return {**review(r, p, x, v), "stale": False, "official": False}


def remark(r, p, x, m):
    url = "%s/%s/pulls/%d" % (r.base, p.path, x.number)
    return {
        "id": m.id, "body": m.body, "user": user(r, m.author), "resolver": user(r, m.resolved),
        "pull_request_review_id": m.review.id, "created_at": iso(m.created), "updated_at": iso(m.updated),
        "path": m.path, "commit_id": m.commit, "original_commit_id": m.commit, "diff_hunk": "@@ -1 +1 @@",
        "position": m.line, "original_position": 0, "html_url": url + "/files#issuecomment-%d" % m.id,
        "pull_request_url": url}


def status(r, p, s):
    return {
        "id": s.id, "status": s.state, "target_url": s.url or "", "description": s.text or "",
        "url": "%s/api/v1/repos/%s/statuses/%s" % (r.base, p.path, s.sha), "context": s.context,
        "creator": user(r, s.author), "created_at": iso(s.when), "updated_at": iso(s.when)}


# -- who

@api("GET", "/version", auth="none")
def version(world, r):
    return Answer(200, {"version": "11.0.1+gitea-1.22.0" if world.kind == "forgejo" else "1.23.1"})


@api("GET", "/settings/api", auth="none")
def settings(world, r):
    return Answer(200, {"max_response_items": MOST, "default_paging_num": 30, "default_git_trees_per_page": 1000,
                        "default_max_blob_size": 10485760})


@api("GET", "/user")
def get_user(world, r):
    scope(r, "user", False)
    return Answer(200, user(r, r.user))


@api("GET", "/users/{login}")
def get_login(world, r, login):
    scope(r, "user", False)
    return Answer(200, user(r, world.known(login)))


@api("GET", REPO)
def get_repo(world, r, owner, name):
    scope(r, "repository", False)
    return Answer(200, repository(r, place(world, r, owner, name), world))


@api("GET", REPO + "/collaborators/{login}/permission")
def permission(world, r, owner, name, login):
    scope(r, "repository", False)
    p = place(world, r, owner, name)
    if not world.may(p, r.user, "admin") and r.user.login != login:
        raise said(403, "Only admins can query all permissions, repo admins can query all repo permissions,"
                   " collaborators can query only their own")
    who = world.known(login)
    role = world.role(p, who)
    role = {"triage": "read", "maintain": "write"}.get(role, role)
    if who is p.owner:
        role = "owner"
    return Answer(200, {"permission": role, "role_name": role, "user": user(r, who)})


@api("GET", REPO + "/collaborators/{login}")
def is_collaborator(world, r, owner, name, login):
    p = place(world, r, owner, name)
    if login.lower() not in p.roles:
        raise Refused("missing", login)
    return Answer(204)


# -- labels

@api("GET", REPO + "/labels", query="page limit")
def labels(world, r, owner, name):
    p = place(world, r, owner, name)
    scope(r, "issue", False)
    return linkless(r, list(p.labels.values()), lambda x: label(r, p, x))


@api("POST", REPO + "/labels", body={
    "name": "str!", "color": "str!", "description": "str", "exclusive": "bool", "is_archived": "bool"})
def label_new(world, r, owner, name):
    p = place(world, r, owner, name, "write")
    scope(r, "issue")
    if r.body["name"].lower() in p.labels:
        r.server.violation("twice", "a second label of that name, which this forge makes", r)
    x = world.label(p, r.body["name"])
    x.color, x.text = r.body["color"].lstrip("#"), r.body.get("description")
    return Answer(201, label(r, p, x))


@api("GET", "/orgs/{org}/labels", query="page limit")
def org_labels(world, r, org):
    raise Refused("missing", org)


def wanted_labels(world, p, given):
    """By id or by name, never mixed; unknown ones are passed over in silence."""
    if any(isinstance(x, str) for x in given) and any(isinstance(x, int) for x in given):
        raise said(400, "labels should be an array of strings or integers")
    known = list(p.labels.values())
    return [x.name for x in known if x.id in given or x.name in given]


@api("POST", REPO + "/issues/{number}/labels", body={"labels": "[any]!", "updated_at": "str"})
def issue_label_add(world, r, owner, name, number):
    p = place(world, r, owner, name, "triage")
    scope(r, "issue")
    x = world.issue(p, number)
    world.label_add(p, x, r.user, wanted_labels(world, p, r.body["labels"]))
    return Answer(200, [label(r, p, world.label(p, n)) for n in x.labels])


@api("PUT", REPO + "/issues/{number}/labels", body={"labels": "[any]!", "updated_at": "str"})
def issue_label_set(world, r, owner, name, number):
    p = place(world, r, owner, name, "triage")
    scope(r, "issue")
    x = world.issue(p, number)
    new = wanted_labels(world, p, r.body["labels"])
    for old in [n for n in list(x.labels) if n not in new]:
        world.label_remove(p, x, r.user, old)
    world.label_add(p, x, r.user, new)
    return Answer(200, [label(r, p, world.label(p, n)) for n in x.labels])


@api("GET", REPO + "/issues/{number}/labels")
def issue_labels(world, r, owner, name, number):
    scope(r, "issue", False)
    p = place(world, r, owner, name)
    return Answer(200, [label(r, p, world.label(p, n)) for n in world.issue(p, number).labels])


@api("DELETE", REPO + "/issues/{number}/labels/{which}", body={"updated_at": "str"})
def issue_label_remove(world, r, owner, name, number, which):
    p = place(world, r, owner, name, "triage")
    scope(r, "issue")
    found = [x for x in p.labels.values() if str(x.id) == which or (world.kind == "forgejo" and x.name == which)]
    if not found:
        raise said(422, "label does not exist [label_id: %s]" % which)
    x = world.issue(p, number)
    if found[0].name in x.labels:
        world.label_remove(p, x, r.user, found[0].name)
    return Answer(204)


# -- issues

@api("GET", REPO + "/issues", query="state labels q type milestones since before created_by assigned_by"
     " mentioned_by page limit")
def issues(world, r, owner, name):
    p = place(world, r, owner, name)
    scope(r, "issue", False)
    names = [x.lower() for x in (r.get("labels") or "").split(",") if x]
    if names and not any(n in p.labels for n in names):
        return page(r, [], lambda x: x)
    names = [n for n in names if n in p.labels]
    state, since, kind = r.get("state", "open"), parse_iso(r.get("since", "")) or 0, r.get("type")
    found = [
        x for x in list(p.issues.values()) + list(p.pulls.values())
        if state in ("all", x.state) and x.updated >= since
        and (not kind or x.is_pull == (kind == "pulls"))
        and all(n in [m.lower() for m in x.labels] for n in names)]
    found.sort(key=lambda x: (x.created, x.number), reverse=True)
    return page(r, found, lambda x: issue(r, p, x, world))


@api("POST", REPO + "/issues", body={
    "title": "str!", "body": "str", "labels": "[int]", "assignee": "str", "assignees": "[str]", "closed": "bool",
    "due_date": "str", "milestone": "int", "ref": "str"})
def issue_new(world, r, owner, name):
    p = place(world, r, owner, name)
    scope(r, "issue")
    if not r.body["title"]:
        raise said(422, "[Title]: Required")
    names = wanted_labels(world, p, r.body.get("labels", [])) if world.may(p, r.user, "write") else []
    x = world.issue_new(p, r.user, r.body["title"], r.body.get("body"), names)
    return Answer(201, issue(r, p, x, world))


@api("GET", REPO + "/issues/{number}")
def issue_get(world, r, owner, name, number):
    p = place(world, r, owner, name)
    scope(r, "issue", False)
    return Answer(200, issue(r, p, world.issue(p, number), world))


@api("PATCH", REPO + "/issues/{number}", body={
    "title": "str", "body": "str", "state": "str", "assignee": "str", "assignees": "[str]", "milestone": "int",
    "ref": "str", "due_date": "str", "unset_due_date": "bool", "updated_at": "str"})
def issue_edit(world, r, owner, name, number):
    p = place(world, r, owner, name)
    scope(r, "issue")
    x = world.issue(p, number)
    if x.author is not r.user:
        world.need(p, r.user, "write")
    world.edit_text(x, r.user, r.body.get("title"), r.body.get("body"))
    if "state" in r.body:
        world.set_open(x, r.user, r.body["state"] == "open")
    if "assignees" in r.body:
        world.assign(x, r.user, r.body["assignees"])
    return Answer(201, issue(r, p, x, world))


@api("GET", REPO + "/issues/{number}/timeline", query="since before page limit")
def timeline(world, r, owner, name, number):
    p = place(world, r, owner, name)
    scope(r, "issue", False)
    x = world.issue(p, number)
    since = parse_iso(r.get("since", "")) or 0
    found = [(e.when, e.id, entry(r, p, x, e)) for e in x.events]
    for c in x.comments:
        # Of a comment it tells what of an event, and what the comment is.
        base = entry(r, p, x, type("E", (), {
            "id": c.id, "who": c.author, "when": c.created, "event": "commented"}))
        words = comment(r, p, c)
        base.update({k: words[k] for k in base if k in words})
        found.append((c.updated, c.id, base))
    found = [e for e in sorted(found, key=lambda e: e[:2]) if e[0] >= since]
    return linkless(r, found, lambda e: e[2], total=False)


@api("GET", REPO + "/issues/{number}/comments", query="since before")
def comments(world, r, owner, name, number):
    p = place(world, r, owner, name)
    scope(r, "issue", False)
    since = parse_iso(r.get("since", "")) or 0
    found = [c for c in world.issue(p, number).comments if c.updated >= since]
    return Answer(200, [comment(r, p, c) for c in found], {"X-Total-Count": str(len(found))})


@api("POST", REPO + "/issues/{number}/comments", body={"body": "str!", "updated_at": "str"})
def comment_new(world, r, owner, name, number):
    p = place(world, r, owner, name)
    scope(r, "issue")
    return Answer(201, comment(r, p, world.comment_new(p, world.issue(p, number), r.user, r.body["body"])))


@api("GET", REPO + "/issues/comments/{number}")
def comment_get(world, r, owner, name, number):
    scope(r, "issue", False)
    p = place(world, r, owner, name)
    return Answer(200, comment(r, p, world.comment(p, number)))


@api("PATCH", REPO + "/issues/comments/{number}", body={"body": "str!", "updated_at": "str"})
def comment_edit(world, r, owner, name, number):
    p = place(world, r, owner, name)
    scope(r, "issue")
    x = world.comment(p, number)
    if x.author is not r.user:
        world.need(p, r.user, "write")
    world.comment_edit(x, r.body["body"])
    return Answer(200, comment(r, p, x))


@api("DELETE", REPO + "/issues/comments/{number}")
def comment_delete(world, r, owner, name, number):
    p = place(world, r, owner, name)
    x = world.comment(p, number)
    if x.author is not r.user:
        world.need(p, r.user, "write")
    x.issue.comments.remove(x)
    return Answer(204)


# -- pull requests

# 'base' and 'head' are newer than the servers that are about: those pass them over, and so does this.
@api("GET", REPO + "/pulls", query="state sort milestone labels poster page limit base head base_branch")
def pulls(world, r, owner, name):
    p = place(world, r, owner, name)
    scope(r, "repository", False)
    state, order = r.get("state", "open"), r.get("sort")
    found = [x for x in p.pulls.values() if state in ("all", x.state)]
    if order == "oldest":
        found.sort(key=lambda x: x.number)
    elif order == "recentupdate":
        found.sort(key=lambda x: (x.updated, x.number), reverse=True)
    else:
        found.sort(key=lambda x: x.number, reverse=True)
    return page(r, found, lambda x: pull(r, p, x, world))


@api("POST", REPO + "/pulls", body={
    "title": "str!", "head": "str!", "base": "str!", "body": "str", "labels": "[int]", "assignee": "str",
    "assignees": "[str]", "reviewers": "[str]", "team_reviewers": "[str]", "milestone": "int", "due_date": "str"})
def pull_new(world, r, owner, name):
    p = place(world, r, owner, name)
    scope(r, "repository")
    if not r.body["title"]:
        raise said(422, "[Title]: Required")
    who, _, head = r.body["head"].rpartition(":")
    source = world.project(who + "/" + p.name) if who and who != p.owner.login else p
    x = world.pull_new(p, r.user, r.body["title"], r.body.get("body"), head, r.body["base"], source)
    world.label_add(p, x, r.user, wanted_labels(world, p, r.body.get("labels", [])))
    return Answer(201, pull(r, p, x, world))


@api("GET", REPO + "/pulls/{number}")
def pull_get(world, r, owner, name, number):
    p = place(world, r, owner, name)
    scope(r, "repository", False)
    return Answer(200, pull(r, p, world.pull(p, number), world))


@api("PATCH", REPO + "/pulls/{number}", body={
    "title": "str", "body": "str", "state": "str", "base": "str", "labels": "[int]", "assignee": "str",
    "assignees": "[str]", "milestone": "int", "due_date": "str", "unset_due_date": "bool",
    "allow_maintainer_edit": "bool"})
def pull_edit(world, r, owner, name, number):
    p = place(world, r, owner, name)
    scope(r, "repository")
    x = world.pull(p, number)
    if x.author is not r.user:
        world.need(p, r.user, "write")
    world.edit_text(x, r.user, r.body.get("title"), r.body.get("body"))
    if "state" in r.body:
        world.set_open(x, r.user, r.body["state"] == "open")
    if "base" in r.body:
        x.base, x.base_sha = r.body["base"], p.repo.branch(r.body["base"])
    return Answer(201, pull(r, p, x, world))


@api("GET", REPO + "/pulls/{number}/reviews", query="page limit")
def reviews(world, r, owner, name, number):
    p = place(world, r, owner, name)
    x = world.pull(p, number)
    scope(r, "repository", False)
    found = [(v.when, v.id, review(r, p, x, v)) for v in x.reviews]
    found += [(e.when, e.id, asked(r, p, x, e)) for e in x.events if e.event == "review_requested"]
    return linkless(r, sorted(found, key=lambda e: e[:2]), lambda e: e[2])


@api("POST", REPO + "/pulls/{number}/reviews", body={
    "body": "str", "event": "str", "commit_id": "str", "comments": "[any]"})
def review_new(world, r, owner, name, number):
    p = place(world, r, owner, name)
    scope(r, "repository")
    x = world.pull(p, number)
    state = {"APPROVED": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}.get(
        r.body.get("event"), "PENDING")
    if x.author is r.user and state in ("APPROVED", "CHANGES_REQUESTED"):
        raise said(422, "%s your own pull is not allowed" % ("approve" if state == "APPROVED" else "reject"))
    if state == "CHANGES_REQUESTED" and not (r.body.get("body") or "").strip():
        raise said(422, "review event REQUEST_CHANGES requires a body")
    remarks = [{"path": c["path"], "line": c.get("new_position", 1), "body": c["body"]}
               for c in r.body.get("comments", [])]
    return Answer(200, review(r, p, x, world.review_new(p, x, r.user, state, r.body.get("body"), remarks)))


@api("GET", REPO + "/pulls/{number}/reviews/{which}/comments")
def review_comments(world, r, owner, name, number, which):
    scope(r, "repository", False)
    p = place(world, r, owner, name)
    x = world.pull(p, number)
    return Answer(200, [remark(r, p, x, m) for m in x.remarks if m.review.id == int(which)])


@api("POST", REPO + "/pulls/{number}/requested_reviewers", body={"reviewers": "[str]", "team_reviewers": "[str]"})
def reviewers(world, r, owner, name, number):
    p = place(world, r, owner, name, "write")
    scope(r, "repository")
    x = world.pull(p, number)
    for login in r.body.get("reviewers", []):
        if login.lower() not in world.users:
            raise Answer(404, {**not_found, "message": "User '%s' not exist" % login})
        who = world.known(login)
        if who is x.author:
            raise said(422, "poster of pr can't be reviewer [user_id: %d, repo_id: %d]" % (who.id, p.id))
        if login not in x.reviewers:
            x.reviewers.append(login)
            world.happened(x, r.user, "review_requested", whom=who)
    return Answer(201, [asked(r, p, x, e) for e in x.events if e.event == "review_requested"])


def arm(world, r, p, x):
    """Whatever head is meant; and done at once where the branch asks for no check that is missing."""
    if x.merged or x.draft:
        raise Refused("blocked", "merged" if x.merged else "draft")
    if world.conflicts(x) is None or world.conflicts(x):
        raise said(405, "Please try again later")
    if x.auto:
        raise said(409, "pull request is already scheduled to auto merge when checks succeed [pull_id: %d]" % x.id)
    x.auto = Thing(who=r.user, method=r.body["Do"], when=world.now(), title=r.body.get("MergeTitleField"),
                   message=r.body.get("MergeMessageField"))
    world.happened(x, r.user, "armed")
    world.try_auto(p, x.head_sha)
    return Answer(201)


@api("POST", REPO + "/pulls/{number}/merge", body={
    "Do": "str!", "MergeCommitID": "str", "MergeMessageField": "str", "MergeTitleField": "str",
    "delete_branch_after_merge": "bool", "force_merge": "bool", "head_commit_id": "str",
    "merge_when_checks_succeed": "bool"})
def merge(world, r, owner, name, number):
    p = place(world, r, owner, name)
    scope(r, "repository")
    x = world.pull(p, number)
    if x.state == "open":
        x.draft = draft(x)
    elif not x.merged:
        raise Answer(404, dict(not_found))
    if not world.may(p, r.user, "write"):
        raise said(405, "User not allowed to merge PR")
    b = r.body
    if b["Do"] not in ("merge", "rebase", "rebase-merge", "squash", "fast-forward-only", "manually-merged"):
        raise said(422, "[Do]: In")
    if b.get("merge_when_checks_succeed"):
        return arm(world, r, p, x)
    method = {"rebase-merge": "merge", "fast-forward-only": "fast-forward"}.get(b["Do"], b["Do"])
    sha = b.get("head_commit_id")
    if sha and sha != x.head_sha:
        raise Refused("stale", "head moved")
    world.merge(p, x, r.user, method, b.get("MergeTitleField"), b.get("MergeMessageField"))
    if b.get("delete_branch_after_merge") and x.source.repo.branch(x.head):
        x.source.repo.delete_branch(x.head)
    return Answer(200)


@api("DELETE", REPO + "/pulls/{number}/merge")
def cancel_merge(world, r, owner, name, number):
    p = place(world, r, owner, name, "write")
    scope(r, "repository")
    x = world.pull(p, number)
    if x.auto is None:
        raise Answer(404, dict(not_found))
    x.auto = None
    world.happened(x, r.user, "disarmed")
    return Answer(204)


@api("GET", REPO + "/pulls/{number}/merge")
def is_merged(world, r, owner, name, number):
    scope(r, "repository", False)
    p = place(world, r, owner, name)
    if not world.pull(p, number).merged:
        raise Answer(404, dict(not_found))
    return Answer(204)


@api("GET", REPO + "/pulls/{base}/{head*}")
def pull_by_head(world, r, owner, name, base, head):
    """The first that ever was, an old closed one too."""
    scope(r, "repository", False)
    p = place(world, r, owner, name)
    found = [x for x in p.pulls.values() if x.base == base and x.head == head]
    if not found:
        raise Refused("missing", head)
    return Answer(200, pull(r, p, found[0], world))


# -- commits, checks, branches

def commit_of(p, ref):
    sha = p.repo.is_commit(ref)
    if sha is None:
        raise Refused("missing", ref)
    return sha


def all_statuses(world, p, sha):
    """Jobs of Actions are statuses here."""
    words = {"success": "success", "neutral": "success", "skipped": "success", None: "pending"}
    found = [Thing(id=c.id, sha=sha, author=p.owner, context=c.name, state=words.get(c.conclusion, "failure"),
                   text=c.text, url=None, when=c.completed or c.started) for c in p.runs.get(sha, []) if c.latest]
    return p.statuses.get(sha, []) + found


@api("GET", REPO + "/commits/{ref}/statuses", query="sort state page limit")
def statuses(world, r, owner, name, ref):
    p = place(world, r, owner, name)
    scope(r, "repository", False)
    return page(r, sorted(all_statuses(world, p, commit_of(p, ref)), key=lambda s: -s.id), lambda s: status(r, p, s))


@api("GET", REPO + "/statuses/{sha}", query="sort state page limit")
def statuses_of(world, r, owner, name, sha):
    return statuses(world, r, owner, name, sha)


@api("GET", REPO + "/commits/{ref}/status", query="page limit")
def combined(world, r, owner, name, ref):
    scope(r, "repository", False)
    p = place(world, r, owner, name)
    sha = commit_of(p, ref)
    newest = {s.context: s for s in all_statuses(world, p, sha)}
    answer = page(r, list(newest.values()), lambda s: status(r, p, s))
    worst = ["error", "failure", "warning", "pending", "success"]
    states = [s["status"] for s in answer.body]
    url = r.base + "/api/v1/repos/" + p.path + "/commits/" + sha
    there = newest or world.kind == "gitea"
    answer.body = {
        "state": next((w for w in worst if w in states), "pending" if there else ""), "sha": sha if there else "",
        "total_count": len(newest), "statuses": answer.body or None,
        "repository": repository(r, p, world) if there else None,
        "commit_url": url if there else "", "url": url + "/status" if there else ""}
    return answer


@api("POST", REPO + "/statuses/{sha}", body={
    "state": "str!", "target_url": "str", "description": "str", "context": "str"})
def status_new(world, r, owner, name, sha):
    p = place(world, r, owner, name, "write")
    scope(r, "repository")
    if p.repo.is_commit(sha) is None:
        raise said(500, "")
    s = world.status_new(p, commit_of(p, sha), r.user, r.body.get("context", "default"), r.body["state"],
                         r.body.get("description"), r.body.get("target_url"))
    return Answer(201, status(r, p, s))


def branch(r, p, ref, sha):
    c, rules = p.repo.commit(sha), p.protection.get(ref)
    who = {"name": c["name"], "email": c["mail"], "username": ""}
    return {
        "name": ref, "protected": bool(rules), "required_approvals": rules.reviews if rules else 0,
        "enable_status_check": bool(rules and rules.required),
        "status_check_contexts": rules.required if rules else [], "user_can_push": True, "user_can_merge": True,
        "effective_branch_protection_name": ref if rules else "", "commit": {
            "id": sha, "message": c["message"], "url": r.base + "/" + p.path + "/commit/" + sha, "author": who,
            "committer": who, "verification": None, "timestamp": iso(c["when"]), "added": None, "removed": None,
            "modified": None}}


@api("GET", REPO + "/branches", query="page limit")
def branches(world, r, owner, name):
    scope(r, "repository", False)
    p = place(world, r, owner, name)
    return page(r, p.repo.branches(), lambda b: branch(r, p, *b))


@api("GET", REPO + "/branches/{ref*}")
def branch_get(world, r, owner, name, ref):
    scope(r, "repository", False)
    p = place(world, r, owner, name)
    sha = p.repo.branch(ref)
    if sha is None:
        raise Refused("missing", ref)
    return Answer(200, branch(r, p, ref, sha))


@api("DELETE", REPO + "/branches/{ref*}")
def branch_delete(world, r, owner, name, ref):
    p = place(world, r, owner, name, "write")
    scope(r, "repository")
    if p.repo.branch(ref) is None:
        raise Refused("missing", ref)
    if ref == p.base:
        raise said(403, "can not delete default or pull request target branch")
    p.repo.delete_branch(ref)
    world.refs_moved(p, r.user)
    return Answer(204)


@api("GET", REPO + "/branch_protections")
def protections(world, r, owner, name):
    scope(r, "repository", False)
    p = place(world, r, owner, name)
    if not world.may(p, r.user, "admin"):
        raise said(403, "user should be an owner or a collaborator with admin write of a repository")
    return Answer(200, [protection(n, rules) for n, rules in p.protection.items()])


def protection(name, rules):
    return {
        "branch_name": name, "rule_name": name, "enable_push": True, "enable_push_whitelist": False,
        "enable_status_check": bool(rules.required), "status_check_contexts": rules.required,
        "required_approvals": rules.reviews, "block_on_outdated_branch": rules.strict,
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}


@api("GET", REPO + "/branch_protections/{ref*}")
def protection_get(world, r, owner, name, ref):
    scope(r, "repository", False)
    p = place(world, r, owner, name)
    if not world.may(p, r.user, "admin"):
        raise said(403, "user should be an owner or a collaborator with admin write of a repository")
    if ref not in p.protection:
        raise Refused("missing", ref)
    return Answer(200, protection(ref, p.protection[ref]))


@api("POST", REPO + "/actions/workflows/{which}/dispatches", body={
    "ref": "str!", "inputs": "{}", "return_run_info": "bool"})
def dispatch(world, r, owner, name, which):
    p = place(world, r, owner, name, "write")
    scope(r, "repository")
    if which not in p.workflows:
        raise Refused("missing", which)
    world.dispatched.append({"workflow": which, "ref": r.body["ref"], "inputs": r.body.get("inputs", {})})
    return Answer(204)


@api("GET", REPO + "/actions/runs/{number}")
def ci_run(world, r, owner, name, number):
    p = place(world, r, owner, name)
    scope(r, "repository", False)
    if number not in world.ci_runs:
        raise Refused("missing", number)
    over = world.ci_runs[number] == "completed"
    url = "%s/%s/actions/runs/%s" % (r.base, p.path, number)
    found = {"id": int(number), "html_url": url, "event": "schedule"}
    if world.kind == "forgejo":
        found.update({"status": "cancelled" if over else "running", "title": "factory", "workflow_id": "factory.yml"})
    else:
        found.update({"status": world.ci_runs[number], "run_number": 1, "path": "factory.yml@refs/heads/" + p.base})
        found.update({"conclusion": "cancelled"} if over else {})
    return Answer(200, found)
