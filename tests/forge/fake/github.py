"""GitHub's REST API, as its published description has it (version 2022-11-28)."""
import base64
import json
import re
import subprocess
import tempfile
import urllib.parse

import faults
import github_graphql
from faults import Answer
from github_things import (
    branch, check_run, ci_run, comment, commit, event, installation, integration, issue, label, pull,
    remark, repository, review, status, team, user)
from serve import Router
from state import ROLES, Refused, iso, parse_iso

accept = r"application/vnd\.github|application/json"
etags = True
content_type = "application/json; charset=utf-8"
DOCS = "https://docs.github.com/rest"
bad_token = {"message": "Bad credentials", "documentation_url": DOCS, "status": "401"}
not_found = {"message": "Not Found", "documentation_url": DOCS, "status": "404"}
api = Router()
limits = faults.GitHubLimits
REPO = "/repos/{owner}/{name}"
BLOCKED = {
    "merged": "Pull Request is not mergeable", "not open": "Pull Request is not mergeable",
    "draft": "Pull Request is still a draft",
    "failed check": "Required status check is failing.",
    "waiting check": "Required status check is expected.",
    "review": "At least 1 approving review is required by reviewers with write access.",
    "behind": "Head branch is out of date. Review and try the merge again."}


def strip(path):
    """At the root like api.github.com, below /api/v3 like GitHub Enterprise."""
    if path == "/api/graphql":
        return "/graphql"
    return path[7:] if path.startswith("/api/v3/") else path


def sort(request, path):
    if path == "/graphql":
        return "write" if b"mutation" in request.data else "read"
    return "read" if request.method in ("GET", "HEAD") else "write"


def token_of(request):
    kind, _, text = (request.headers.get("Authorization") or "").partition(" ")
    return text.strip() if kind.lower() in ("token", "bearer") else None


def act_as(request, who):
    return None


def may_push(token):
    return bool(token.scopes & {"repo", "contents"})


def may_workflows(token):
    return bool(token.scopes & {"workflow", "workflows"})


def refusal(refused, request):
    message = {"documentation_url": DOCS}
    if refused.why == "missing":
        return Answer(404, dict(not_found))
    if refused.why == "forbidden":
        if request.user and request.method == "GET":
            return Answer(404, dict(not_found))
        return Answer(403, {"message": "Resource not accessible by personal access token", **message, "status": "403"})
    if refused.why == "stale":
        return Answer(409, {"message": "Head branch was modified. Review and try the merge again.", **message})
    if refused.why == "conflict":
        return Answer(405, {"message": "Pull Request is not mergeable", **message})
    if refused.why == "checking":
        return Answer(405, {"message": "Base branch was modified. Review and try the merge again.", **message})
    if refused.why == "blocked":
        return Answer(405, {"message": BLOCKED[refused.text], **message})
    if refused.why == "exists":
        text = "A pull request already exists for %s:%s." % (refused.text.source.owner.login, refused.text.head)
        return invalid("PullRequest", custom=text)
    if refused.why == "own":
        return Answer(422, {"message": "Unprocessable Entity", "errors": [refused.text], **message, "status": "422"})
    if refused.why == "empty":
        return invalid("PullRequest", custom=refused.text)
    return invalid("PullRequest", field=refused.text)


def invalid(resource, field=None, custom=None):
    error = {"resource": resource, "code": "custom" if custom else "invalid"}
    if field:
        error["field"] = field
    if custom:
        error["message"] = custom
    return Answer(422, {"message": "Validation Failed", "errors": [error],
                        "documentation_url": DOCS + "/pulls/pulls#create-a-pull-request", "status": "422"})


def place(world, request, owner, name, least="read"):
    project = world.project(owner + "/" + name)
    if request.user is None and not project.private and least == "read":
        return project
    if request.user is None or not world.may(project, request.user, "read"):
        raise Refused("missing", "hidden")
    world.need(project, request.user, least)
    return project


def may_scope(request, *wanted):
    """Fine-grained permissions: those of an installation are words as 'issues'."""
    scopes = request.token.scopes
    if not scopes & (set(wanted) | {"repo"}):
        raise Answer(403, {"message": "Resource not accessible by integration", "documentation_url": DOCS,
                           "status": "403"}, {"x-accepted-github-permissions": "; ".join(w + "=write" for w in wanted)})


def page(request, items, word):
    """One page of a list, with Link."""
    size, at = request.number("per_page", 30, 100), request.number("page", 1)
    last = max((len(items) + size - 1) // size, 1)
    links = []
    for rel, number, there in (("prev", at - 1, at > 1), ("next", at + 1, at < last), ("last", last, at < last),
                               ("first", 1, at > 1)):
        if there:
            query = {k: v[-1] for k, v in request.query.items()}
            query["page"] = str(number)
            links.append('<%s%s?%s>; rel="%s"' % (request.base, request.path, urllib.parse.urlencode(query), rel))
    found = [word(x) for x in items[(at - 1) * size:at * size]]
    return Answer(200, found, {"Link": ", ".join(links)} if links else {})


# -- who am I, may they

@api("GET", "/user")
def get_user(world, r):
    if r.token.app:
        raise Answer(403, {"message": "Resource not accessible by integration", "documentation_url": DOCS})
    scopes = ", ".join(sorted(r.token.scopes))
    return Answer(200, user(r, r.user, full=True), {"X-OAuth-Scopes": scopes})


@api("GET", "/users/{login}")
def get_login(world, r, login):
    return Answer(200, user(r, world.known(login), public=True))


@api("GET", "/rate_limit")
def rate_limit(world, r):
    one = {"limit": 5000, "used": 0, "remaining": 5000, "reset": world.now() + 3600}
    return Answer(200, {"resources": {"core": one, "search": one, "graphql": one}, "rate": one})


@api("GET", REPO)
def get_repo(world, r, owner, name):
    p = place(world, r, owner, name)
    scopes = ", ".join(sorted(r.token.scopes)) if r.token else ""
    return Answer(200, repository(r, p, world, full=True), {"X-OAuth-Scopes": scopes})


@api("GET", REPO + "/collaborators/{login}/permission")
def permission(world, r, owner, name, login):
    p = place(world, r, owner, name)
    if not world.may(p, r.user, "write") and not r.token.app:
        raise Answer(403, {"message": "Must have push access to view collaborator permission.",
                           "documentation_url": DOCS})
    who = world.known(login)
    role = world.role(p, who)
    old = {"triage": "read", "maintain": "write"}.get(role, role)
    answer = user(r, who)
    answer["permissions"] = permissions(role)
    answer["role_name"] = role
    return Answer(200, {"permission": old, "role_name": role, "user": answer})


def permissions(role):
    at = ROLES.index(role)
    return {"pull": at >= 1, "triage": at >= 2, "push": at >= 3, "maintain": at >= 4, "admin": at >= 5}


@api("GET", REPO + "/collaborators/{login}")
def is_collaborator(world, r, owner, name, login):
    p = place(world, r, owner, name)
    if login.lower() not in p.roles:
        raise Refused("missing", login)
    return Answer(204)


@api("GET", "/orgs/{org}/teams/{slug}")
def get_team(world, r, org, slug):
    if slug not in world.teams:
        raise Refused("missing", slug)
    return Answer(200, team(r, world.teams[slug], world, full=True))


# -- labels

@api("GET", REPO + "/labels", query="per_page page")
def labels(world, r, owner, name):
    p = place(world, r, owner, name)
    return page(r, list(p.labels.values()), lambda x: label(r, p, x))


@api("POST", REPO + "/labels", body={"name": "str!", "color": "str", "description": "str"})
def label_new(world, r, owner, name):
    p = place(world, r, owner, name, "write")
    if r.body["name"].lower() in p.labels:
        raise Answer(422, {"message": "Validation Failed", "documentation_url": DOCS, "errors": [
            {"resource": "Label", "code": "already_exists", "field": "name"}]})
    x = world.label(p, r.body["name"])
    x.color, x.text = r.body.get("color", x.color), r.body.get("description")
    return Answer(201, label(r, p, x), {"Location": label(r, p, x)["url"]})


# -- issues

ISSUES = "milestone state assignee type creator mentioned labels sort direction since per_page page"


@api("GET", REPO + "/issues", query=ISSUES)
def issues(world, r, owner, name):
    p = place(world, r, owner, name)
    wanted = [x.lower() for x in (r.get("labels") or "").split(",") if x]
    state, since = r.get("state", "open"), parse_iso(r.get("since", "")) or 0
    found = [
        x for x in list(p.issues.values()) + list(p.pulls.values())
        if state in ("all", x.state) and x.updated >= since
        and all(w in [n.lower() for n in x.labels] for w in wanted)
        and (not r.get("assignee") or r.get("assignee") in x.assignees)
        and (not r.get("creator") or r.get("creator") == x.author.login)]
    key = {"updated": lambda x: (x.updated, x.number), "comments": lambda x: len(x.comments)}.get(
        r.get("sort", "created"), lambda x: (x.created, x.number))
    found.sort(key=key, reverse=r.get("direction", "desc") == "desc")
    return page(r, found, lambda x: issue(r, p, x, world))


@api("POST", REPO + "/issues", body={
    "title": "id!", "body": "str", "labels": "[any]", "assignees": "[str]", "milestone": "any", "assignee": "str?"})
def issue_new(world, r, owner, name):
    p = place(world, r, owner, name)
    may_scope(r, "issues")
    names = r.body.get("labels", []) if world.may(p, r.user, "triage") else []
    x = world.issue_new(p, r.user, str(r.body["title"]), r.body.get("body"), names)
    if r.body.get("assignees") and world.may(p, r.user, "triage"):
        world.assign(x, r.user, r.body["assignees"])
    answer = issue(r, p, x, world, full=True)
    return Answer(201, answer, {"Location": answer["url"]})


@api("GET", REPO + "/issues/{number}")
def issue_get(world, r, owner, name, number):
    p = place(world, r, owner, name)
    return Answer(200, issue(r, p, world.issue(p, number), world, full=True))


@api("PATCH", REPO + "/issues/{number}", body={
    "title": "id", "body": "str?", "state": "str", "state_reason": "str?", "labels": "[any]",
    "assignees": "[str]", "milestone": "any"})
def issue_edit(world, r, owner, name, number):
    p = place(world, r, owner, name)
    may_scope(r, "issues", "pull_requests")
    x = world.issue(p, number)
    if x.author is not r.user:
        world.need(p, r.user, "triage")
    world.edit_text(x, r.user, r.body.get("title"), r.body.get("body", x.body) or "")
    if "state" in r.body:
        world.set_open(x, r.user, r.body["state"] == "open", r.body.get("state_reason"))
    if "labels" in r.body:
        for old in [n for n in list(x.labels) if n not in r.body["labels"]]:
            world.label_remove(p, x, r.user, old)
        world.label_add(p, x, r.user, r.body["labels"])
    if "assignees" in r.body:
        world.assign(x, r.user, r.body["assignees"])
    return Answer(200, issue(r, p, x, world, full=True))


@api("GET", REPO + "/issues/{number}/events", query="per_page page")
def issue_events(world, r, owner, name, number):
    p = place(world, r, owner, name)
    return page(r, world.issue(p, number).events, lambda x: event(r, p, x))


@api("GET", REPO + "/issues/{number}/timeline", query="per_page page")
def timeline(world, r, owner, name, number):
    p = place(world, r, owner, name)
    x = world.issue(p, number)
    found = [(e.when, e.id, event(r, p, e)) for e in x.events]
    found += [(c.created, c.id, {**comment(r, p, c, world), "event": "commented", "actor": user(r, c.author)})
              for c in x.comments]
    return page(r, [e for _, _, e in sorted(found, key=lambda e: e[:2])], lambda e: e)


@api("GET", REPO + "/issues/{number}/labels", query="per_page page")
def issue_labels(world, r, owner, name, number):
    p = place(world, r, owner, name)
    return page(r, world.issue(p, number).labels, lambda x: label(r, p, world.label(p, x)))


@api("POST", REPO + "/issues/{number}/labels", body={"labels": "[any]!", "[]": "labels"})
def issue_label_add(world, r, owner, name, number):
    p = place(world, r, owner, name, "triage")
    may_scope(r, "issues", "pull_requests")
    x = world.issue(p, number)
    world.label_add(p, x, r.user, [n if isinstance(n, str) else n["name"] for n in r.body["labels"]])
    return Answer(200, [label(r, p, world.label(p, n)) for n in x.labels])


@api("DELETE", REPO + "/issues/{number}/labels/{word}")
def issue_label_remove(world, r, owner, name, number, word):
    p = place(world, r, owner, name, "triage")
    may_scope(r, "issues", "pull_requests")
    x = world.issue(p, number)
    try:
        world.label_remove(p, x, r.user, word)
    except Refused:
        raise Answer(404, {**not_found, "message": "Label does not exist"}) from None
    return Answer(200, [label(r, p, world.label(p, n)) for n in x.labels])


@api("POST", REPO + "/issues/{number}/assignees", body={"assignees": "[str]!"})
def assign(world, r, owner, name, number):
    p = place(world, r, owner, name, "triage")
    x = world.issue(p, number)
    world.assign(x, r.user, x.assignees + r.body["assignees"])
    return Answer(201, issue(r, p, x, world, full=True))


@api("GET", REPO + "/issues/{number}/comments", query="since per_page page")
def comments(world, r, owner, name, number):
    p = place(world, r, owner, name)
    since = parse_iso(r.get("since", "")) or 0
    return page(r, [c for c in world.issue(p, number).comments if c.updated >= since],
                lambda x: comment(r, p, x, world))


@api("POST", REPO + "/issues/{number}/comments", body={"body": "str!"})
def comment_new(world, r, owner, name, number):
    p = place(world, r, owner, name)
    may_scope(r, "issues", "pull_requests")
    if len(r.body["body"]) > 65536:
        raise invalid("IssueComment", custom="body is too long (maximum is 65536 characters)")
    x = world.comment_new(p, world.issue(p, number), r.user, r.body["body"])
    answer = comment(r, p, x, world)
    return Answer(201, answer, {"Location": answer["url"]})


@api("GET", REPO + "/issues/comments/{number}")
def comment_get(world, r, owner, name, number):
    p = place(world, r, owner, name)
    return Answer(200, comment(r, p, world.comment(p, number), world))


@api("PATCH", REPO + "/issues/comments/{number}", body={"body": "str!"})
def comment_edit(world, r, owner, name, number):
    p = place(world, r, owner, name)
    may_scope(r, "issues", "pull_requests")
    x = world.comment(p, number)
    if x.author is not r.user:
        world.need(p, r.user, "write")
    world.comment_edit(x, r.body["body"])
    return Answer(200, comment(r, p, x, world))


@api("DELETE", REPO + "/issues/comments/{number}")
def comment_delete(world, r, owner, name, number):
    p = place(world, r, owner, name)
    x = world.comment(p, number)
    if x.author is not r.user:
        world.need(p, r.user, "write")
    x.issue.comments.remove(x)
    return Answer(204)


# -- pull requests

@api("GET", REPO + "/pulls", query="state head base sort direction per_page page")
def pulls(world, r, owner, name):
    p = place(world, r, owner, name)
    state, head = r.get("state", "open"), r.get("head")
    found = [
        x for x in p.pulls.values()
        if state in ("all", x.state) and (not r.get("base") or r.get("base") == x.base)
        # A head without its owner is silently no filter at all.
        and (not head or ":" not in head or head == x.source.owner.login + ":" + x.head)]
    sort_by = r.get("sort", "created")
    found.sort(key=lambda x: (x.updated if sort_by == "updated" else x.created, x.number),
               reverse=r.get("direction", "asc" if sort_by != "created" else "desc") == "desc")
    return page(r, found, lambda x: pull(r, p, x, world))


@api("POST", REPO + "/pulls", body={
    "title": "str!", "head": "str!", "base": "str!", "body": "str", "draft": "bool",
    "maintainer_can_modify": "bool", "head_repo": "str", "issue": "int"})
def pull_new(world, r, owner, name):
    p = place(world, r, owner, name)
    may_scope(r, "pull_requests")
    who, _, head = r.body["head"].rpartition(":")
    source = p
    if who and who.lower() != p.owner.login.lower():
        source = next((x for x in world.projects.values() if x.parent is p and x.owner.login == who), None)
        if source is None:
            raise Refused("invalid", "head")
    elif not world.may(p, r.user, "write"):
        raise Refused("forbidden", "push")
    x = world.pull_new(p, r.user, r.body["title"], r.body.get("body"), head, r.body["base"], source,
                       r.body.get("draft", False))
    x.maintainer_can_modify = source is not p and r.body.get("maintainer_can_modify", True)
    answer = pull(r, p, x, world, full=True)
    return Answer(201, answer, {"Location": answer["url"]})


@api("GET", REPO + "/pulls/{number}")
def pull_get(world, r, owner, name, number):
    p = place(world, r, owner, name)
    return Answer(200, pull(r, p, world.pull(p, number), world, full=True))


@api("PATCH", REPO + "/pulls/{number}", body={
    "title": "str", "body": "str", "state": "str", "base": "str", "maintainer_can_modify": "bool"})
def pull_edit(world, r, owner, name, number):
    p = place(world, r, owner, name)
    may_scope(r, "pull_requests")
    x = world.pull(p, number)
    if x.author is not r.user:
        world.need(p, r.user, "write")
    world.edit_text(x, r.user, r.body.get("title"), r.body.get("body"))
    if "base" in r.body:
        x.base, x.base_sha = r.body["base"], p.repo.branch(r.body["base"])
        if x.base_sha is None:
            raise Refused("invalid", "base")
    if "state" in r.body:
        world.set_open(x, r.user, r.body["state"] == "open")
    return Answer(200, pull(r, p, x, world, full=True))


@api("GET", REPO + "/pulls/{number}/files", query="per_page page")
def pull_files(world, r, owner, name, number):
    p = place(world, r, owner, name)
    x = world.pull(p, number)
    words = {"A": "added", "M": "modified", "D": "removed"}
    web = r.base + "/" + p.path
    return page(r, p.repo.files(x.base_sha, x.head_sha), lambda f: {
        "sha": x.head_sha, "filename": f[1], "status": words.get(f[0], "changed"), "additions": 1, "deletions": 0,
        "changes": 1, "blob_url": web + "/blob/" + x.head_sha + "/" + f[1],
        "raw_url": web + "/raw/" + x.head_sha + "/" + f[1], "contents_url": r.base + "/repos/" + p.path})


@api("GET", REPO + "/pulls/{number}/commits", query="per_page page")
def pull_commits(world, r, owner, name, number):
    p = place(world, r, owner, name)
    x = world.pull(p, number)
    return page(r, p.repo.commits(x.base_sha, x.head_sha), lambda sha: commit(r, p, sha))


@api("POST", REPO + "/pulls/{number}/requested_reviewers", body={"reviewers": "[str]", "team_reviewers": "[str]"})
def reviewers(world, r, owner, name, number):
    p = place(world, r, owner, name, "write")
    may_scope(r, "pull_requests")
    x = world.pull(p, number)
    for login in r.body.get("reviewers", []):
        if login.lower() not in p.roles:
            raise Answer(422, {"message": "Reviews may only be requested from collaborators. One or more of the users"
                               " or teams you specified is not a collaborator of the %s repository." % p.path,
                               "documentation_url": DOCS})
        if login == x.author.login:
            raise Answer(422, {"message": "Review cannot be requested from pull request author.",
                               "documentation_url": DOCS})
    for slug in r.body.get("team_reviewers", []):
        if slug not in world.teams:
            raise Answer(422, {"message": "Could not resolve to a node with the global id of '%s'." % slug,
                               "documentation_url": DOCS})
    for login in r.body.get("reviewers", []):
        if login not in x.reviewers:
            x.reviewers.append(login)
            world.happened(x, r.user, "review_requested", whom=world.known(login))
    x.teams += [t for t in r.body.get("team_reviewers", []) if t not in x.teams]
    return Answer(201, pull(r, p, x, world))


@api("GET", REPO + "/pulls/{number}/reviews", query="per_page page")
def reviews(world, r, owner, name, number):
    p = place(world, r, owner, name)
    x = world.pull(p, number)
    return page(r, x.reviews, lambda v: review(r, p, x, v, world))


@api("POST", REPO + "/pulls/{number}/reviews", body={
    "commit_id": "str", "body": "str", "event": "str", "comments": "[any]"})
def review_new(world, r, owner, name, number):
    p = place(world, r, owner, name)
    x = world.pull(p, number)
    state = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}.get(
        r.body.get("event"), "PENDING")
    remarks = [{"path": c["path"], "line": c["line"], "body": c["body"]} for c in r.body.get("comments", [])]
    v = world.review_new(p, x, r.user, state, r.body.get("body"), remarks, r.body.get("commit_id"))
    return Answer(200, review(r, p, x, v, world))


@api("PUT", REPO + "/pulls/{number}/reviews/{which}/dismissals", body={"message": "str!", "event": "str"})
def review_dismiss(world, r, owner, name, number, which):
    p = place(world, r, owner, name, "write")
    x = world.pull(p, number)
    v = next((v for v in x.reviews if v.id == int(which)), None)
    if v is None:
        raise Refused("missing", which)
    v.state = "DISMISSED"
    return Answer(200, review(r, p, x, v, world))


@api("GET", REPO + "/pulls/{number}/comments", query="sort direction since per_page page")
def remarks(world, r, owner, name, number):
    p = place(world, r, owner, name)
    x = world.pull(p, number)
    since = parse_iso(r.get("since", "")) or 0
    return page(r, [c for c in x.remarks if c.updated >= since], lambda c: remark(r, p, x, c, world))


@api("PUT", REPO + "/pulls/{number}/merge", body={
    "commit_title": "str", "commit_message": "str", "sha": "str", "merge_method": "str"})
def merge(world, r, owner, name, number):
    p = place(world, r, owner, name, "write")
    may_scope(r, "contents")
    method = r.body.get("merge_method", "merge")
    if method not in ("merge", "squash", "rebase"):
        raise Answer(422, {"message": "Invalid request.\n\n%s is not a member of [\"merge\", \"squash\", \"rebase\"]."
                           % method, "documentation_url": DOCS})
    sha = world.merge(p, world.pull(p, number), r.user, method, r.body.get("commit_title"),
                      r.body.get("commit_message"), r.body.get("sha"))
    return Answer(200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


@api("GET", REPO + "/pulls/{number}/merge")
def is_merged(world, r, owner, name, number):
    p = place(world, r, owner, name)
    if not world.pull(p, number).merged:
        raise Refused("missing", number)
    return Answer(204)


# -- commits, checks, branches

@api("GET", REPO + "/commits/{ref}")
def commit_get(world, r, owner, name, ref):
    p = place(world, r, owner, name)
    sha = p.repo.is_commit(ref)
    if sha is None:
        raise Answer(422, {"message": "No commit found for SHA: " + ref, "documentation_url": DOCS})
    return Answer(200, commit(r, p, sha))


def commit_of(p, ref):
    sha = p.repo.is_commit(ref)
    if sha is None:
        raise Refused("missing", ref)
    return sha


@api("GET", REPO + "/commits/{ref}/status", query="per_page page")
def combined(world, r, owner, name, ref):
    p = place(world, r, owner, name)
    may_scope(r, "statuses")
    sha = commit_of(p, ref)
    found = world.statuses(p, sha)
    states = {s.state for s in found}
    state = "failure" if states & {"failure", "error"} else "pending" if not found or "pending" in states else "success"
    answer = page(r, found, lambda s: status(r, p, s, simple=True))
    answer.body = {
        "state": state, "statuses": answer.body, "sha": sha, "total_count": len(found),
        "repository": repository(r, p, world), "commit_url": r.base + "/repos/" + p.path + "/commits/" + sha,
        "url": r.base + "/repos/" + p.path + "/commits/" + sha + "/status"}
    return answer


@api("GET", REPO + "/commits/{ref}/statuses", query="per_page page")
def statuses(world, r, owner, name, ref):
    p = place(world, r, owner, name)
    return page(r, p.statuses.get(commit_of(p, ref), [])[::-1], lambda s: status(r, p, s))


@api("GET", REPO + "/commits/{ref}/check-runs", query="check_name status filter app_id per_page page")
def check_runs(world, r, owner, name, ref):
    p = place(world, r, owner, name)
    may_scope(r, "checks")
    found = [c for c in p.runs.get(commit_of(p, ref), []) if (c.latest or r.get("filter") == "all")
             and (not r.get("check_name") or c.name == r.get("check_name"))]
    answer = page(r, found, lambda c: check_run(r, p, c, world))
    answer.body = {"total_count": len(found), "check_runs": answer.body}
    return answer


@api("POST", REPO + "/check-runs", body={
    "name": "str!", "head_sha": "str!", "status": "str", "conclusion": "str", "details_url": "str",
    "external_id": "str", "started_at": "str", "completed_at": "str", "output": "{}", "actions": "[any]"})
def check_run_new(world, r, owner, name):
    p = place(world, r, owner, name, "write")
    if not r.token.app:
        raise Answer(403, {"message": "You must authenticate via a GitHub App.", "documentation_url": DOCS})
    done = "conclusion" in r.body
    c = world.run_new(p, commit_of(p, r.body["head_sha"]), r.body["name"],
                      "completed" if done else r.body.get("status", "queued"), r.body.get("conclusion"),
                      (r.body.get("output") or {}).get("summary"), r.token.app.slug)
    answer = check_run(r, p, c, world)
    return Answer(201, answer, {"Location": answer["url"]})


@api("POST", REPO + "/statuses/{sha}", body={
    "state": "str!", "target_url": "str?", "description": "str?", "context": "str"})
def status_new(world, r, owner, name, sha):
    p = place(world, r, owner, name, "write")
    may_scope(r, "statuses")
    if r.body["state"] not in ("error", "failure", "pending", "success"):
        raise invalid("Status", field="state")
    if len(r.body.get("description") or "") > 140:
        raise invalid("Status", custom="description is too long (maximum is 140 characters)")
    if not re.fullmatch("[0-9a-f]{40}", sha) or not p.repo.is_commit(sha):
        raise Answer(422, {"message": "No commit found for SHA: " + sha, "documentation_url": DOCS})
    s = world.status_new(p, sha, r.user, r.body.get("context", "default"), r.body["state"],
                         r.body.get("description"), r.body.get("target_url"))
    answer = status(r, p, s)
    return Answer(201, answer, {"Location": answer["url"]})


@api("GET", REPO + "/branches", query="protected per_page page")
def branches(world, r, owner, name):
    p = place(world, r, owner, name)
    return page(r, p.repo.branches(), lambda b: {
        "name": b[0], "protected": b[0] in p.protection, "commit": {
            "sha": b[1], "url": r.base + "/repos/" + p.path + "/commits/" + b[1]}})


@api("GET", REPO + "/branches/{ref}")
def branch_get(world, r, owner, name, ref):
    p = place(world, r, owner, name)
    if not p.repo.branch(ref):
        raise Answer(404, {**not_found, "message": "Branch not found"})
    return Answer(200, branch(r, p, ref, commit(r, p, p.repo.branch(ref))))


@api("GET", REPO + "/branches/{ref}/protection")
def protection(world, r, owner, name, ref):
    p = place(world, r, owner, name)
    may_scope(r, "administration")
    if not world.may(p, r.user, "admin"):
        raise Answer(404, not_found)
    rules = p.protection.get(ref)
    if rules is None:
        raise Answer(404, {**not_found, "message": "Branch not protected"})
    url = r.base + "/repos/" + p.path + "/branches/" + ref + "/protection"
    return Answer(200, {
        "url": url,
        "required_status_checks": {
            "url": url + "/required_status_checks", "strict": rules.strict, "contexts": rules.required,
            "contexts_url": url + "/required_status_checks/contexts",
            "checks": [{"context": c, "app_id": None} for c in rules.required]},
        "enforce_admins": {"url": url + "/enforce_admins", "enabled": True}})


@api("GET", REPO + "/rules/branches/{ref*}", query="per_page page")
def rules(world, r, owner, name, ref):
    p = place(world, r, owner, name)
    found, set_ = [], p.protection.get(ref)
    if set_ and set_.ruleset:
        source = {"ruleset_source_type": "Repository", "ruleset_source": p.path, "ruleset_id": 42}
        if set_.required:
            found.append({"type": "required_status_checks", **source, "parameters": {
                "strict_required_status_checks_policy": set_.strict,
                "required_status_checks": [{"context": c} for c in set_.required]}})
        if set_.reviews:
            found.append({"type": "pull_request", **source, "parameters": {
                "dismiss_stale_reviews_on_push": False, "require_code_owner_review": False,
                "require_last_push_approval": False, "required_approving_review_count": set_.reviews,
                "required_review_thread_resolution": False}})
    return page(r, found, lambda x: x)


@api("GET", REPO + "/git/ref/{ref*}")
def ref_get(world, r, owner, name, ref):
    p = place(world, r, owner, name)
    sha = p.repo.ref("refs/" + ref)
    if sha is None:
        raise Refused("missing", ref)
    url = r.base + "/repos/" + p.path + "/git/"
    return Answer(200, {"ref": "refs/" + ref, "node_id": "REF_x", "url": url + "refs/" + ref, "object": {
        "sha": sha, "type": "commit", "url": url + "commits/" + sha}})


@api("DELETE", REPO + "/git/refs/{ref*}")
def ref_delete(world, r, owner, name, ref):
    p = place(world, r, owner, name, "write")
    may_scope(r, "contents")
    if p.repo.ref("refs/" + ref) is None:
        raise Answer(422, {"message": "Reference does not exist", "documentation_url": DOCS, "status": "422"})
    p.repo.git("update-ref", "-d", "refs/" + ref)
    world.refs_moved(p, r.user)
    return Answer(204)


@api("GET", REPO + "/contents/{path*}", query="ref")
def contents(world, r, owner, name, path):
    p = place(world, r, owner, name)
    ref = r.get("ref") or p.base
    text = p.repo.git("show", ref + ":" + path, check=False)
    if text is None:
        raise Refused("missing", path)
    url = r.base + "/repos/" + p.path
    return Answer(200, {
        "type": "file", "encoding": "base64", "size": len(text), "name": path.split("/")[-1], "path": path,
        "content": base64.b64encode(text.encode()).decode(), "sha": p.repo.git("rev-parse", ref + ":" + path),
        "url": url + "/contents/" + path, "git_url": url, "html_url": r.base + "/" + p.path, "download_url": None,
        "_links": {"git": url, "self": url, "html": url}})


@api("POST", REPO + "/actions/workflows/{which}/dispatches", body={
    "ref": "str!", "inputs": "{}", "return_run_details": "bool"})
def dispatch(world, r, owner, name, which):
    p = place(world, r, owner, name, "write")
    may_scope(r, "actions")
    if which not in p.workflows:
        raise Refused("missing", which)
    if p.repo.is_commit(r.body["ref"]) is None:
        raise Answer(422, {"message": "No ref found for: " + r.body["ref"], "documentation_url": DOCS})
    world.dispatched.append({"workflow": which, "ref": r.body["ref"], "inputs": r.body.get("inputs", {})})
    return Answer(204)


@api("GET", REPO + "/actions/runs/{number}", query="exclude_pull_requests")
def get_ci_run(world, r, owner, name, number):
    p = place(world, r, owner, name)
    may_scope(r, "actions")
    if number not in world.ci_runs:
        raise Refused("missing", number)
    return Answer(200, ci_run(r, p, int(number), world.ci_runs[number]))


# -- Apps

def app_of(request, text):
    """The App whose key signed this JSON web token, by openssl."""
    world = request.world
    head, _, rest = text.partition(".")
    claims, _, signature = rest.partition(".")
    try:
        facts = json.loads(base64.urlsafe_b64decode(claims + "=="))
        kind = json.loads(base64.urlsafe_b64decode(head + "=="))
    except ValueError:
        raise Answer(401, {"message": "A JSON web token could not be decoded", "documentation_url": DOCS}) from None
    app = world.apps.get(str(facts.get("iss")))
    now = world.now()
    if app is None or kind.get("alg") != "RS256" or not verified(app, head + "." + claims, signature):
        raise Answer(401, {"message": "A JSON web token could not be decoded", "documentation_url": DOCS})
    if not now < facts.get("exp", 0) <= now + 600 or facts.get("iat", 0) > now:
        raise Answer(401, {"message": "'Expiration time' claim ('exp') is too far in the future",
                           "documentation_url": DOCS})
    return app


def verified(app, text, signature):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("key", app.public.encode()), ("sig", base64.urlsafe_b64decode(signature + "==")),
                           ("text", text.encode())):
            with open(folder + "/" + name, "wb") as out:
                out.write(data)
        return subprocess.run(
            ["openssl", "dgst", "-sha256", "-verify", folder + "/key", "-signature", folder + "/sig",
             folder + "/text"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


@api("GET", "/app", auth="jwt")
def app_get(world, r):
    return Answer(200, integration(r, r.app))


@api("GET", REPO + "/installation", auth="jwt")
def installation_of(world, r, owner, name):
    world.project(owner + "/" + name)
    return Answer(200, installation(r, r.app, world))


@api("POST", "/app/installations/{number}/access_tokens", auth="jwt", body={
    "repositories": "[str]", "repository_ids": "[int]", "permissions": "{}"})
def installation_token(world, r, number):
    if int(number) != r.app.installation:
        raise Refused("missing", number)
    text = "ghs_%d" % world.next_id()
    rights = r.body.get("permissions") or r.app.permissions
    for what, level in rights.items():
        if what not in r.app.permissions or (level == "write" and r.app.permissions[what] != "write"):
            raise Answer(422, {"message": "The permissions requested are not granted to this installation.",
                               "documentation_url": DOCS})
    world.token(text, r.app.slug + "[bot]", rights, r.app, world.now() + 3600)
    world.person(r.app.slug + "[bot]").bot = True
    return Answer(201, {"token": text, "expires_at": iso(world.now() + 3600), "permissions": rights,
                        "repository_selection": "selected"})


# -- GraphQL

@api("POST", "/graphql", body={"query": "str!", "variables": "any", "operationName": "str?"})
def graphql_query(world, r):
    return Answer(200, github_graphql.run(world, r))
