"""GitLab's API v4."""
import re
import urllib.parse

import faults
from faults import Answer
from serve import Router
from state import Refused, Thing, iso, parse_iso

accept = r"application/json|\*/\*"
etags = True
content_type = "application/json"
bad_token = {"message": "401 Unauthorized"}
not_found = {"error": "404 Not Found"}
api = Router()
limits = faults.GitLabLimits
P = "/projects/{id}"
MR = P + "/merge_requests/{iid}"
ISSUE = P + "/issues/{iid}"
LEVELS = {"none": 0, "read": 10, "triage": 20, "write": 30, "maintain": 40, "admin": 50}


def strip(path):
    return path[7:] if path.startswith("/api/v4/") else None


def sort(request, path):
    return "read" if request.method in ("GET", "HEAD") else "write"


def token_of(request):
    for name in ("Private-Token", "Job-Token"):
        if request.headers.get(name):
            return request.headers.get(name)
    kind, _, text = (request.headers.get("Authorization") or "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else None


def act_as(request, who):
    login = request.headers.get("Sudo")
    return request.world.known(login) if login and "sudo" in request.token.scopes else None


def may_push(token):
    return bool(token.scopes & {"repo", "api", "write_repository"})


def may_workflows(token):
    return True


def said(status, text, word="message"):
    return Answer(status, {word: text})


def refusal(refused, request):
    why, text = refused.why, refused.text
    if why == "missing":
        return said(404, "404 " + ("Project Not Found" if "project" in text else "Not found"))
    if why == "forbidden":
        return said(403, "403 Forbidden")
    if why == "stale":
        return said(409, "SHA does not match HEAD of source branch: " + request.stale)
    if why == "conflict":
        return said(422, "Branch cannot be merged")
    if why in ("checking", "blocked"):
        return said(405, "405 Method Not Allowed")
    if why == "exists":
        return said(409, ["Another open merge request already exists for this source branch: !%d" % text.number])
    if why == "empty":
        return said(409, "no commits")
    return said(400, {"source_branch" if text == "head" else "target_branch": ["is invalid"]})


def place(world, r, id, least="read"):
    found = [p for p in world.projects.values() if str(p.id) == id or p.path.lower() == id.lower()]
    if not found or (r.user is None and found[0].private) or (r.user and not world.may(found[0], r.user, "read")):
        raise Refused("missing", "no such project")
    if r.user is None and least != "read":
        raise Answer(401, dict(bad_token))
    if least != "read":
        world.need(found[0], r.user, least)
    return found[0]


def may_write(r):
    if r.token and not r.token.scopes & {"repo", "api"}:
        raise Answer(403, {"error": "insufficient_scope", "scope": "api", "error_description":
                           "The request requires higher privileges than provided by the access token."})


def page(r, items, word):
    size, at = r.number("per_page", 20, 100), r.number("page", 1)
    last = max((len(items) + size - 1) // size, 1)
    links = []
    for rel, number, there in (("prev", at - 1, at > 1), ("next", at + 1, at < last), ("first", 1, True),
                               ("last", last, True)):
        if there:
            query = {k: v[-1] for k, v in r.query.items()}
            query.update(page=str(number), per_page=str(size))
            links.append('<%s%s?%s>; rel="%s"' % (r.base, r.path, urllib.parse.urlencode(query), rel))
    return Answer(200, [word(x) for x in items[(at - 1) * size:at * size]], {
        "Link": ", ".join(links), "X-Page": str(at), "X-Per-Page": str(size), "X-Total": str(len(items)),
        "X-Total-Pages": str(last), "X-Next-Page": str(at + 1) if at < last else "",
        "X-Prev-Page": str(at - 1) if at > 1 else ""})


# -- words

def user(r, who):
    if who is None:
        return None
    return {"id": who.id, "username": who.login, "public_email": "", "name": who.name, "state": "active",
            "locked": False, "avatar_url": r.base + "/avatars/%d" % who.id, "web_url": r.base + "/" + who.login}


def full_user(r, who):
    return {
        **user(r, who), "created_at": iso(who.created), "bio": "", "bot": who.bot, "location": "", "skype": "",
        "linkedin": "", "twitter": "", "discord": "", "website_url": "", "github": "", "organization": "",
        "job_title": "", "pronouns": None, "work_information": None, "local_time": None, "followers": 0,
        "following": 0, "is_followed": False}


def own_user(r, who):
    return {
        **full_user(r, who), "last_sign_in_at": iso(who.created), "confirmed_at": iso(who.created),
        "last_activity_on": iso(who.created)[:10], "email": who.login + "@forge.example", "theme_id": 3,
        "color_scheme_id": 1, "projects_limit": 100000, "current_sign_in_at": iso(who.created), "identities": [],
        "can_create_group": True, "can_create_project": True, "two_factor_enabled": False, "external": False,
        "private_profile": False, "commit_email": who.login + "@forge.example", "shared_runners_minutes_limit": None}


def project(r, p, world):
    web = r.base + "/" + p.path
    url = r.base + "/api/v4/projects/%d" % p.id
    level = LEVELS[p.roles.get(r.user.login.lower(), "none")] if r.user else 0
    return {
        "id": p.id, "description": None, "name": p.name, "name_with_namespace": p.path.replace("/", " / "),
        "path": p.name, "path_with_namespace": p.path, "created_at": iso(p.created), "default_branch": p.base,
        "tag_list": [], "topics": [], "ssh_url_to_repo": "git@127.0.0.1:" + p.path + ".git",
        "http_url_to_repo": web + ".git", "web_url": web, "readme_url": None, "forks_count": 0, "avatar_url": None,
        "star_count": 0, "last_activity_at": iso(p.updated), "visibility": "private" if p.private else "public",
        "namespace": {"id": p.owner.id, "name": p.namespace, "path": p.namespace, "kind": "group", "full_path":
                      p.namespace, "parent_id": None, "avatar_url": None, "web_url": r.base + "/groups/" + p.namespace},
        "_links": {n: url + "/" + n for n in ("issues", "merge_requests", "labels", "events", "members")} | {
            "self": url, "repo_branches": url + "/repository/branches"},
        "empty_repo": not p.repo.branches(), "archived": False, "issues_enabled": True,
        "merge_requests_enabled": True, "jobs_enabled": True, "merge_method":
        "rebase_merge" if p.base in p.protection and p.protection[p.base].strict else "merge", "squash_option": "default_off",
        "only_allow_merge_if_pipeline_succeeds": bool(p.protection.get(p.base) and p.protection[p.base].required),
        "only_allow_merge_if_all_discussions_are_resolved": False, "allow_merge_on_skipped_pipeline": None,
        "remove_source_branch_after_merge": p.delete_merged, "creator_id": p.owner.id, "updated_at": iso(p.updated),
        "ci_push_repository_for_job_token_allowed": False, "permissions": {
            "project_access": {"access_level": level, "notification_level": 3} if level else None,
            "group_access": None}}


def label(r, p, x):
    return {"id": x.id, "name": x.name, "color": "#" + x.color, "description": x.text, "description_html": "",
            "text_color": "#333333", "archived": False}


def texts(r, p, x, world, sigil, kind):
    web = "%s/%s/-/%s/%d" % (r.base, p.path, kind, x.number)
    return web, {
        "id": x.id, "iid": x.number, "project_id": p.id, "title": x.title, "description": x.body,
        "state": "merged" if getattr(x, "merged", None) else "opened" if x.state == "open" else "closed",
        "created_at": iso(x.created), "updated_at": iso(x.updated), "closed_at": iso(x.closed) if not getattr(
            x, "merged", None) else None, "closed_by": user(r, x.closed_by) if not getattr(x, "merged", None)
        else None, "labels": sorted(x.labels), "milestone": None,
        "assignees": [user(r, world.users[a.lower()]) for a in x.assignees],
        "assignee": user(r, world.users[x.assignees[0].lower()]) if x.assignees else None,
        "author": user(r, x.author), "user_notes_count": len(x.comments), "upvotes": 0, "downvotes": 0,
        "web_url": web, "discussion_locked": x.locked or None, "time_stats": {
            "time_estimate": 0, "total_time_spent": 0, "human_time_estimate": None, "human_total_time_spent": None},
        "task_completion_status": {"count": 0, "completed_count": 0}, "references": {
            "short": "%s%d" % (sigil, x.number), "relative": "%s%d" % (sigil, x.number),
            "full": "%s%s%d" % (p.path, sigil, x.number)}, "imported": False, "imported_from": "none"}


def issue(r, p, x, world, full=False):
    url = "%s/api/v4/projects/%d/issues/%d" % (r.base, p.id, x.number)
    _, found = texts(r, p, x, world, "#", "issues")
    found.update({
        "type": "ISSUE", "issue_type": "issue", "merge_requests_count": 0, "due_date": None, "confidential": False,
        "has_tasks": False, "task_status": "", "severity": "UNKNOWN", "moved_to_id": None, "blocking_issues_count": 0,
        "service_desk_reply_to": None, "_links": {
            "self": url, "notes": url + "/notes", "award_emoji": url + "/award_emoji",
            "project": "%s/api/v4/projects/%d" % (r.base, p.id), "closed_as_duplicate_of": None}})
    if full:
        found["subscribed"] = True
    return found


def pipeline(r, p, x, world, full=False):
    """What runs of the head there are make one; none: no pipeline at all."""
    runs = [c for c in p.runs.get(x.head_sha, []) if c.latest] + world.statuses(p, x.head_sha)
    if not runs:
        return None
    words = [job_status(c) for c in runs]
    state = next((w for w in ("failed", "canceled", "running", "pending") if w in words), "success")
    at = iso(x.updated)
    found = {
        "id": runs[0].id + 5000, "iid": 1, "project_id": p.id, "sha": x.head_sha, "ref": x.head, "status": state,
        "source": "push", "created_at": at, "updated_at": at, "name": None,
        "web_url": "%s/%s/-/pipelines/%d" % (r.base, p.path, runs[0].id + 5000)}
    if full:
        found.update({
            "before_sha": "0" * 40, "tag": False, "yaml_errors": None, "user": user(r, x.author), "started_at": at,
            "finished_at": at, "committed_at": None, "duration": 1, "queued_duration": 1, "coverage": None,
            "archived": False, "detailed_status": {
                "icon": "status_" + state, "text": state, "label": state, "group": state, "tooltip": state,
                "has_details": True, "details_path": "/x", "illustration": None, "favicon": "/f.png"}})
    return found


def job_status(c):
    if hasattr(c, "context"):
        return {"failure": "failed", "error": "failed"}.get(c.state, c.state)
    words = {"success": "success", "neutral": "success", "skipped": "skipped", "cancelled": "canceled"}
    return words.get(c.conclusion, "failed") if c.status == "completed" else "running"


def merge_request(r, p, x, world, full=False):
    conflicts = world.conflicts(x) if x.state == "open" else False
    why = world.hindrances(x)
    detailed = "unchecked" if conflicts is None else "conflict" if conflicts else "mergeable"
    if why and conflicts is False:
        detailed = {"draft": "draft_status", "not open": "not_open", "failed check": "ci_must_pass",
                    "waiting check": "ci_must_pass", "review": "not_approved", "behind": "need_rebase"}[why[0]]
    _, found = texts(r, p, x, world, "!", "merge_requests")
    found.update({
        "merged_by": user(r, x.merged_by), "merge_user": user(r, x.merged_by), "merged_at": iso(x.merged),
        "target_branch": x.base, "source_branch": x.head, "source_project_id": x.source.id,
        "target_project_id": p.id, "draft": is_draft(x), "work_in_progress": is_draft(x),
        "reviewers": [user(r, world.users[v.lower()]) for v in x.reviewers],
        "merge_when_pipeline_succeeds": x.auto is not None, "merge_status": "unchecked" if conflicts is None else
        "cannot_be_merged" if conflicts else "can_be_merged", "detailed_merge_status": detailed, "sha": x.head_sha,
        "merge_commit_sha": x.merge_sha if x.merge_sha != x.squash_sha else None, "squash_commit_sha": x.squash_sha,
        "should_remove_source_branch": None, "force_remove_source_branch": x.remove_source,
        "reference": "!%d" % x.number, "squash": x.squash, "squash_on_merge": x.squash, "merge_after": None,
        "prepared_at": iso(x.created), "has_conflicts": bool(conflicts), "blocking_discussions_resolved": True,
        "approvals_before_merge": None, "allow_collaboration": False, "title_html": x.title, "description_html": ""})
    if full:
        found.update({
            "subscribed": False, "changes_count": str(len(p.repo.files(x.base_sha, x.head_sha))),
            "latest_build_started_at": None, "latest_build_finished_at": None,
            "first_deployed_to_production_at": None, "pipeline": pipeline(r, p, x, world),
            "head_pipeline": pipeline(r, p, x, world, True), "diff_refs": {
                "base_sha": x.base_sha, "head_sha": x.head_sha, "start_sha": x.base_sha},
            "merge_error": None, "first_contribution": False,
            "user": {"can_merge": bool(r.user) and world.may(p, r.user, "write")}})
    return found


def is_draft(x):
    return bool(re.match(r"(?i)(draft:|\[draft\]|\(draft\))", x.title))


def note(r, p, c, issue_, system=False):
    kind = "MergeRequest" if issue_.is_pull else "Issue"
    return {
        "id": c.id, "type": None, "body": c.body, "attachment": None, "author": user(r, c.author),
        "created_at": iso(c.created), "updated_at": iso(c.updated), "system": system, "noteable_id": issue_.id,
        "noteable_type": kind, "project_id": p.id, "resolvable": False, "confidential": False, "internal": False,
        "imported": False, "imported_from": "none", "noteable_iid": issue_.number, "commands_changes": {}}


def notes_of(r, p, x):
    """Comments, and what GitLab says itself of a changed text: with its time, without what it was."""
    found = [(c.created, c.id, note(r, p, c, x)) for c in x.comments]
    for e in x.edits[1:]:
        found.append((e.when, e.id, note(r, p, Thing(
            id=e.id, body="changed the description", author=e.who, created=e.when, updated=e.when), x, True)))
    words = {"renamed": lambda e: "changed title from **%s** to **%s**" % (e.old, e.new),
             "assigned": lambda e: "assigned to @" + e.whom.login,
             "unassigned": lambda e: "unassigned @" + e.whom.login,
             "review_requested": lambda e: "requested review from @" + e.whom.login}
    for e in x.events:
        if e.event in words:
            found.append((e.when, e.id, note(r, p, Thing(
                id=e.id, body=words[e.event](e), author=e.who, created=e.when, updated=e.when), x, True)))
    return found


def status(r, p, s, world):
    run = not hasattr(s, "context")
    return {
        "id": s.id, "sha": s.sha, "ref": p.base, "status": job_status(s), "name": s.name if run else s.context,
        "target_url": None if run else s.url, "description": s.text, "created_at": iso(s.started if run else s.when),
        "started_at": iso(s.started) if run else None, "finished_at": iso(s.completed if run else s.when),
        "allow_failure": False, "coverage": None, "pipeline_id": s.id + 5000,
        "author": user(r, p.owner if run else s.author)}


# -- who and where

@api("GET", "/version")
def version(world, r):
    return Answer(200, {"version": "17.8.1-ee", "revision": "4fe1a2b3c4d"})


@api("GET", "/user")
def get_user(world, r):
    return Answer(200, own_user(r, r.user))


@api("GET", "/personal_access_tokens/self")
def own_token(world, r):
    return Answer(200, {
        "id": 1, "name": "t", "revoked": False, "created_at": iso(r.user.created), "description": "",
        "scopes": sorted("api" if s == "repo" else s for s in r.token.scopes), "user_id": r.user.id,
        "last_used_at": None, "active": True, "expires_at": None})


@api("GET", "/users", query="username search per_page page")
def users(world, r):
    name = (r.get("username") or "").lower()
    return page(r, [u for u in world.users.values() if u.login.lower() == name], lambda u: user(r, u))


@api("GET", "/users/{number}")
def get_login(world, r, number):
    for who in world.users.values():
        if str(who.id) == number:
            return Answer(200, full_user(r, who))
    raise said(404, "404 User Not Found")


@api("GET", P, query="license statistics with_custom_attributes")
def get_project(world, r, id):
    return Answer(200, project(r, place(world, r, id), world))


def member(r, p, who, world):
    return {**user(r, who), "access_level": LEVELS[p.roles[who.login.lower()]], "created_at": iso(who.created),
            "expires_at": None, "membership_state": "active", "created_by": user(r, p.owner)}


@api("GET", P + "/members/all/{number}")
@api("GET", P + "/members/{number}")
def get_member(world, r, id, number):
    p = place(world, r, id)
    for login in p.roles:
        if login in world.users and str(world.users[login].id) == number and p.roles[login] != "none":
            return Answer(200, member(r, p, world.users[login], world))
    raise said(404, "404 Not found")


@api("GET", P + "/members/all", query="query user_ids state per_page page")
@api("GET", P + "/members", query="query user_ids state per_page page")
def members(world, r, id):
    p = place(world, r, id)
    wanted = r.get("query", "").lower()
    found = [world.users[n] for n, role in p.roles.items() if n in world.users and wanted in n and role != "none"]
    return page(r, found, lambda u: member(r, p, u, world))


@api("GET", P + "/labels", query="with_counts include_ancestor_groups search per_page page")
def labels(world, r, id):
    p = place(world, r, id)
    return page(r, list(p.labels.values()), lambda x: {**label(r, p, x), "subscribed": False, "priority": None,
                                                       "is_project_label": True})


@api("POST", P + "/labels", body={"name": "str!", "color": "str!", "description": "str", "priority": "int"})
def label_new(world, r, id):
    p = place(world, r, id, "triage")
    may_write(r)
    if r.body["name"].lower() in p.labels:
        raise said(409, "Label already exists")
    x = world.label(p, r.body["name"])
    x.color, x.text = r.body["color"].lstrip("#"), r.body.get("description")
    return Answer(201, {**label(r, p, x), "subscribed": False, "priority": None, "is_project_label": True})


# -- issues

def listed(world, r, items, order="created_at"):
    wanted = [w.lower() for w in (r.get("labels") or "").split(",") if w]
    state = r.get("state", "all")
    after = parse_iso(r.get("updated_after", "")) or 0

    def fits(x):
        shown = "merged" if getattr(x, "merged", None) else "opened" if x.state == "open" else "closed"
        return (state in ("all", shown) and x.updated >= after
                and all(w in [n.lower() for n in x.labels] for w in wanted)
                and (not r.get("source_branch") or r.get("source_branch") == x.head)
                and (not r.get("target_branch") or r.get("target_branch") == x.base)
                and (not r.get("iids[]") or str(x.number) in r.query["iids[]"])
                and (not r.get("author_username") or r.get("author_username") == x.author.login))
    found = [x for x in items if fits(x)]
    by = r.get("order_by", order)
    found.sort(key=lambda x: (x.updated if by == "updated_at" else x.created, x.number),
               reverse=r.get("sort", "desc") == "desc")
    return found


LIST = ("state labels with_labels_details milestone scope author_id author_username assignee_id assignee_username"
        " iids[] search created_after created_before updated_after updated_before order_by sort per_page page")


@api("GET", P + "/issues", query=LIST + " confidential issue_type due_date")
def issues(world, r, id):
    p = place(world, r, id)
    return page(r, listed(world, r, p.issues.values()), lambda x: issue(r, p, x, world))


def names(value):
    return [x for x in (value if isinstance(value, list) else value.split(",")) if x]


@api("POST", P + "/issues", body={
    "title": "str!", "description": "str", "labels": "list", "assignee_ids": "[int]", "assignee_id": "int",
    "confidential": "bool", "issue_type": "str", "milestone_id": "int", "due_date": "str", "created_at": "str"})
def issue_new(world, r, id):
    p = place(world, r, id)
    may_write(r)
    x = world.issue_new(p, r.user, r.body["title"], r.body.get("description"), names(r.body.get("labels", "")))
    return Answer(201, issue(r, p, x, world, True))


def issue_of(p, iid):
    if int(iid) not in p.issues:
        raise Refused("missing", "404 Issue Not Found")
    return p.issues[int(iid)]


@api("GET", ISSUE)
def issue_get(world, r, id, iid):
    p = place(world, r, id)
    return Answer(200, issue(r, p, issue_of(p, iid), world, True))


def edit_labels(world, r, p, x):
    if "labels" in r.body:
        new = names(r.body["labels"])
        for old in [n for n in list(x.labels) if n not in new]:
            world.label_remove(p, x, r.user, old)
        world.label_add(p, x, r.user, new)
    world.label_add(p, x, r.user, names(r.body.get("add_labels", "")))
    for name in names(r.body.get("remove_labels", "")):
        if name in x.labels:
            world.label_remove(p, x, r.user, name)


def logins(world, ids):
    return [u.login for i in ids for u in world.users.values() if u.id == i]


@api("PUT", ISSUE, body={
    "title": "str", "description": "str", "labels": "list", "add_labels": "list", "remove_labels": "list",
    "state_event": "str", "assignee_ids": "[int]", "discussion_locked": "bool", "confidential": "bool",
    "milestone_id": "int", "updated_at": "str"})
def issue_edit(world, r, id, iid):
    p = place(world, r, id)
    may_write(r)
    x = issue_of(p, iid)
    if x.author is not r.user:
        world.need(p, r.user, "triage")
    world.edit_text(x, r.user, r.body.get("title"), r.body.get("description"))
    edit_labels(world, r, p, x)
    if "assignee_ids" in r.body:
        world.assign(x, r.user, logins(world, r.body["assignee_ids"]))
    if "state_event" in r.body:
        world.set_open(x, r.user, r.body["state_event"] == "reopen")
    return Answer(200, issue(r, p, x, world, True))


def label_events(r, p, x):
    found = [e for e in x.events if e.event in ("labeled", "unlabeled")]
    return page(r, found, lambda e: {
        "id": e.id, "user": user(r, e.who), "created_at": iso(e.when), "resource_type":
        "MergeRequest" if x.is_pull else "Issue", "resource_id": x.id, "label": label(r, p, e.label),
        "action": "add" if e.event == "labeled" else "remove"})


def state_events(r, p, x):
    found = [e for e in x.events if e.event in ("closed", "reopened", "merged")]
    return page(r, found, lambda e: {
        "id": e.id, "user": user(r, e.who), "created_at": iso(e.when), "resource_type":
        "MergeRequest" if x.is_pull else "Issue", "resource_id": x.id, "source_commit": None,
        "source_merge_request_id": None, "state": e.event})


@api("GET", ISSUE + "/resource_label_events", query="per_page page")
def issue_label_events(world, r, id, iid):
    p = place(world, r, id)
    return label_events(r, p, issue_of(p, iid))


@api("GET", ISSUE + "/resource_state_events", query="per_page page")
def issue_state_events(world, r, id, iid):
    p = place(world, r, id)
    return state_events(r, p, issue_of(p, iid))


@api("GET", MR + "/resource_label_events", query="per_page page")
def mr_label_events(world, r, id, iid):
    p = place(world, r, id)
    return label_events(r, p, world.pull(p, iid))


@api("GET", MR + "/resource_state_events", query="per_page page")
def mr_state_events(world, r, id, iid):
    p = place(world, r, id)
    return state_events(r, p, world.pull(p, iid))


def thing_of(world, p, kind, iid):
    if kind == "issues":
        return issue_of(p, iid)
    if kind != "merge_requests":
        raise Refused("missing", kind)
    return world.pull(p, iid)


@api("GET", P + "/{kind}/{iid}/notes", query="sort order_by activity_filter per_page page")
def notes(world, r, id, kind, iid):
    p = place(world, r, id)
    x = thing_of(world, p, kind, iid)
    found = notes_of(r, p, x)
    if x.is_pull:
        found += [(m.created, m.id, remark(r, p, x, m)) for m in x.remarks]
    if r.get("order_by") == "updated_at":
        found.sort(key=lambda n: (n[2]["updated_at"], n[1]), reverse=r.get("sort", "desc") == "desc")
    else:
        found.sort(key=lambda n: n[:2], reverse=r.get("sort", "desc") == "desc")
    return page(r, found, lambda n: n[2])


@api("POST", P + "/{kind}/{iid}/notes", body={
    "body": "str!", "internal": "bool", "confidential": "bool", "created_at": "str",
    "merge_request_diff_head_sha": "str"})
def note_new(world, r, id, kind, iid):
    p = place(world, r, id)
    may_write(r)
    x = thing_of(world, p, kind, iid)
    return Answer(201, note(r, p, world.comment_new(p, x, r.user, r.body["body"]), x))


@api("GET", P + "/{kind}/{iid}/notes/{number}")
def note_get(world, r, id, kind, iid, number):
    p = place(world, r, id)
    c = world.comment(p, number)
    return Answer(200, note(r, p, c, c.issue))


@api("PUT", P + "/{kind}/{iid}/notes/{number}", body={"body": "str!", "confidential": "bool"})
def note_edit(world, r, id, kind, iid, number):
    p = place(world, r, id)
    may_write(r)
    c = world.comment(p, number)
    if c.author is not r.user:
        world.need(p, r.user, "maintain")
    world.comment_edit(c, r.body["body"])
    return Answer(200, note(r, p, c, c.issue))


@api("DELETE", P + "/{kind}/{iid}/notes/{number}")
def note_delete(world, r, id, kind, iid, number):
    p = place(world, r, id)
    c = world.comment(p, number)
    if c.author is not r.user:
        world.need(p, r.user, "maintain")
    c.issue.comments.remove(c)
    return Answer(204)


# -- merge requests

@api("GET", P + "/merge_requests", query=LIST + " source_branch target_branch view reviewer_id reviewer_username"
     " with_merge_status_recheck wip draft approved_by_ids[]")
def merge_requests(world, r, id):
    p = place(world, r, id)
    return page(r, listed(world, r, p.pulls.values()), lambda x: merge_request(r, p, x, world))


@api("POST", P + "/merge_requests", body={
    "source_branch": "str!", "target_branch": "str!", "title": "str!", "description": "str", "labels": "list",
    "reviewer_ids": "[int]", "assignee_id": "int", "assignee_ids": "[int]", "remove_source_branch": "bool",
    "squash": "bool", "target_project_id": "int", "allow_collaboration": "bool", "milestone_id": "int",
    "merge_after": "str"})
def mr_new(world, r, id):
    p = place(world, r, id)
    may_write(r)
    target = next((x for x in world.projects.values() if x.id == r.body.get("target_project_id")), p)
    if target is p:
        world.need(p, r.user, "write")
    x = world.pull_new(target, r.user, r.body["title"], r.body.get("description"), r.body["source_branch"],
                       r.body["target_branch"], p)
    x.remove_source, x.squash = r.body.get("remove_source_branch", False), r.body.get("squash", False)
    world.label_add(target, x, r.user, names(r.body.get("labels", "")))
    x.reviewers += logins(world, r.body.get("reviewer_ids", []))
    x.draft = is_draft(x)
    return Answer(201, merge_request(r, target, x, world, True))


@api("GET", MR, query="include_diverged_commits_count include_rebase_in_progress render_html")
def mr_get(world, r, id, iid):
    p = place(world, r, id)
    x = world.pull(p, iid)
    x.draft = is_draft(x)
    return Answer(200, merge_request(r, p, x, world, True))


@api("PUT", MR, body={
    "title": "str", "description": "str", "target_branch": "str", "state_event": "str", "labels": "list",
    "add_labels": "list", "remove_labels": "list", "reviewer_ids": "[int]", "assignee_ids": "[int]",
    "assignee_id": "int", "remove_source_branch": "bool", "squash": "bool", "discussion_locked": "bool",
    "allow_collaboration": "bool", "milestone_id": "int"})
def mr_edit(world, r, id, iid):
    p = place(world, r, id)
    may_write(r)
    x = world.pull(p, iid)
    if x.author is not r.user:
        world.need(p, r.user, "write")
    world.edit_text(x, r.user, r.body.get("title"), r.body.get("description"))
    x.draft = is_draft(x)
    edit_labels(world, r, p, x)
    if "target_branch" in r.body:
        x.base, x.base_sha = r.body["target_branch"], p.repo.branch(r.body["target_branch"])
    if "reviewer_ids" in r.body:
        x.reviewers = logins(world, r.body["reviewer_ids"])
    if "remove_source_branch" in r.body:
        x.remove_source = r.body["remove_source_branch"]
    if "state_event" in r.body:
        world.set_open(x, r.user, r.body["state_event"] == "reopen")
    return Answer(200, merge_request(r, p, x, world, True))


@api("PUT", MR + "/merge", body={
    "merge_commit_message": "str", "squash_commit_message": "str", "squash": "bool", "sha": "str",
    "should_remove_source_branch": "bool", "merge_when_pipeline_succeeds": "bool", "auto_merge": "bool"})
def mr_merge(world, r, id, iid):
    p = place(world, r, id)
    may_write(r)
    x = world.pull(p, iid)
    if not world.may(p, r.user, "write"):
        raise said(401, "401 Unauthorized")
    x.draft = is_draft(x)
    squash = r.body.get("squash", x.squash)
    text = r.body.get("squash_commit_message" if squash else "merge_commit_message") or ""
    title, _, message = text.partition("\n")
    r.stale = x.head_sha
    if r.body.get("sha") and r.body["sha"] != x.head_sha:
        raise Refused("stale", "head moved")
    auto = r.body.get("auto_merge") or r.body.get("merge_when_pipeline_succeeds")
    if auto and any("check" in h for h in world.hindrances(x)):
        x.auto = Thing(who=r.user, method="squash" if squash else "merge", when=world.now(), title=title,
                       message=message)
    else:
        x.remove_source = r.body.get("should_remove_source_branch", x.remove_source)
        world.merge(p, x, r.user, "squash" if squash else "merge", title or None, message.strip())
    return Answer(200, merge_request(r, p, x, world, True))


@api("POST", MR + "/cancel_merge_when_pipeline_succeeds")
def mr_cancel(world, r, id, iid):
    p = place(world, r, id)
    may_write(r)
    x = world.pull(p, iid)
    if x.state != "open":
        raise said(405, "405 Method Not Allowed")
    if x.auto is None:
        raise said(406, "406 Not Acceptable")
    x.auto = None
    return Answer(201, {"status": "success"})


@api("GET", MR + "/approvals")
def approvals(world, r, id, iid):
    p = place(world, r, id)
    x = world.pull(p, iid)
    yes, _ = world.approvals(p, x)
    rules = p.protection.get(x.base)
    needed = rules.reviews if rules else 0
    newest = {v.author.login: v for v in x.reviews}
    by = [{"user": user(r, v.author), "approved_at": iso(v.when)} for v in newest.values() if v.state == "APPROVED"]
    shown = merge_request(r, p, x, world)
    return Answer(200, {
        **{k: shown[k] for k in ("id", "iid", "project_id", "title", "description", "state", "created_at",
                                 "updated_at", "merge_status")},
        "approved": yes >= needed, "approvals_required": needed, "approvals_left": max(needed - yes, 0),
        "require_password_to_approve": False, "approved_by": by, "suggested_approvers": [], "approvers": [],
        "approver_groups": [], "user_has_approved": False, "user_can_approve": True, "approval_rules_left": [],
        "has_approval_rules": needed > 0})


@api("POST", MR + "/approve", body={"sha": "str"})
def approve(world, r, id, iid):
    p = place(world, r, id)
    x = world.pull(p, iid)
    if r.body.get("sha") and r.body["sha"] != x.head_sha:
        r.stale = x.head_sha
        raise Refused("stale", "head moved")
    world.review_new(p, x, r.user, "APPROVED", "")
    answer = approvals(world, r, id, iid)
    answer.status = 201
    return answer


@api("GET", MR + "/reviewers", query="per_page page")
def mr_reviewers(world, r, id, iid):
    p = place(world, r, id)
    x = world.pull(p, iid)
    words = {"APPROVED": "approved", "CHANGES_REQUESTED": "requested_changes", "COMMENTED": "reviewed"}
    found = [(world.users[n.lower()], "unreviewed", x.created) for n in x.reviewers]
    newest = {v.author.login: v for v in x.reviews}
    found += [(v.author, words.get(v.state, "unapproved"), v.when) for v in newest.values()]
    return page(r, found, lambda f: {"user": user(r, f[0]), "state": f[1], "created_at": iso(f[2])})


def remark(r, p, x, m):
    found = note(r, p, m, x)
    found.update({
        "type": "DiffNote", "resolvable": True, "resolved": bool(m.resolved), "resolved_by": user(r, m.resolved),
        "resolved_at": iso(m.updated) if m.resolved else None, "commit_id": None, "suggestions": [], "position": {
            "base_sha": x.base_sha, "start_sha": x.base_sha, "head_sha": m.commit, "old_path": m.path,
            "new_path": m.path, "position_type": "text", "old_line": None, "new_line": m.line, "line_range": None}})
    return found


@api("GET", MR + "/discussions", query="per_page page")
def discussions(world, r, id, iid):
    p = place(world, r, id)
    x = world.pull(p, iid)
    found = [(n[0], n[1], {"id": "%040x" % n[1], "individual_note": True, "notes": [n[2]]}) for n in notes_of(r, p, x)]
    # A review's own text is a note like any other.
    for v in x.reviews:
        if v.body:
            one = note(r, p, Thing(id=v.id, body=v.body, author=v.author, created=v.when, updated=v.when), x)
            found.append((v.when, v.id, {"id": "%040x" % v.id, "individual_note": True, "notes": [one]}))
    for m in [m for m in x.remarks if not m.reply_to]:
        thread = [remark(r, p, x, n) for n in x.remarks if n is m or n.reply_to == m.id]
        found.append((m.created, m.id, {"id": m.discussion, "individual_note": False, "notes": thread}))
    return page(r, sorted(found, key=lambda d: d[:2]), lambda d: d[2])


@api("POST", MR + "/discussions", body={"body": "str!", "position": "{}", "commit_id": "str"})
def discussion_new(world, r, id, iid):
    p = place(world, r, id)
    may_write(r)
    x = world.pull(p, iid)
    at = r.body["position"]
    m = world.remark_new(x, r.user, None, at["new_path"], at["new_line"], r.body["body"])
    return Answer(201, {"id": m.discussion, "individual_note": False, "notes": [remark(r, p, x, m)]})


@api("GET", MR + "/pipelines", query="per_page page")
def mr_pipelines(world, r, id, iid):
    p = place(world, r, id)
    one = pipeline(r, p, world.pull(p, iid), world)
    return page(r, [one] if one else [], lambda x: x)


@api("GET", P + "/pipelines/{number}")
def ci_run(world, r, id, number):
    p = place(world, r, id)
    if number not in world.ci_runs:
        raise said(404, "404 Not found")
    return Answer(200, {
        "id": int(number), "iid": 1, "project_id": p.id, "sha": "0" * 40, "ref": p.base, "source": "schedule",
        "status": "canceled" if world.ci_runs[number] == "completed" else "running",
        "web_url": "%s/%s/-/pipelines/%s" % (r.base, p.path, number)})


# -- commits, checks, branches

def commit_of(p, ref):
    sha = p.repo.is_commit(ref)
    if sha is None:
        raise said(404, "404 Commit Not Found")
    return sha


@api("GET", P + "/repository/commits/{sha}", query="stats")
def commit_get(world, r, id, sha):
    p = place(world, r, id)
    return Answer(200, commit(r, p, commit_of(p, sha)))


def commit(r, p, sha):
    c = p.repo.commit(sha)
    return {
        "id": sha, "short_id": sha[:8], "created_at": iso(c["when"]), "parent_ids": c["parents"],
        "title": c["message"].split("\n")[0], "message": c["message"], "author_name": c["name"],
        "author_email": c["mail"], "authored_date": iso(c["when"]), "committer_name": c["name"],
        "committer_email": c["mail"], "committed_date": iso(c["when"]), "trailers": {}, "extended_trailers": {},
        "web_url": "%s/%s/-/commit/%s" % (r.base, p.path, sha)}


@api("GET", P + "/repository/commits/{sha}/statuses",
     query="ref stage name pipeline_id order_by sort all per_page page")
def statuses(world, r, id, sha):
    p = place(world, r, id)
    sha = commit_of(p, sha)
    found = world.statuses(p, sha) + [c for c in p.runs.get(sha, []) if c.latest]
    return page(r, found, lambda s: status(r, p, s, world))


@api("POST", P + "/statuses/{sha}", query="state", body={
    "state": "str", "ref": "str", "name": "str", "context": "str", "target_url": "str", "description": "str",
    "coverage": "any", "pipeline_id": "int"})
def status_new(world, r, id, sha):
    p = place(world, r, id, "write")
    may_write(r)
    state = r.body.get("state") or r.get("state")
    if state not in ("pending", "running", "success", "failed", "canceled", "skipped"):
        raise said(400, "state does not have a valid value", "error")
    name = r.body.get("name") or r.body.get("context") or "default"
    old = [s.state for s in world.statuses(p, sha) if s.context == name]
    if old == [state] and state in ("pending", "running"):
        raise said(400, "Cannot transition status via :%s from :%s (Reason(s): Status cannot transition via \"%s\")"
                   % ("run" if state == "running" else "enqueue", state, state))
    s = world.status_new(p, commit_of(p, sha), r.user, name, state, r.body.get("description"),
                         r.body.get("target_url"))
    return Answer(201, status(r, p, s, world))


@api("GET", P + "/repository/commits/{sha}/merge_requests", query="state per_page page")
def commit_requests(world, r, id, sha):
    p = place(world, r, id)
    sha = commit_of(p, sha)
    return page(r, [x for x in p.pulls.values() if x.head_sha == sha], lambda x: merge_request(r, p, x, world))


def branch(r, p, name, sha):
    return {
        "name": name, "merged": False, "protected": name in p.protection or name == p.base,
        "default": name == p.base, "developers_can_push": False, "developers_can_merge": False, "can_push": True,
        "web_url": "%s/%s/-/tree/%s" % (r.base, p.path, name), "commit": commit(r, p, sha)}


@api("GET", P + "/repository/branches", query="search regex per_page page")
def branches(world, r, id):
    p = place(world, r, id)
    return page(r, p.repo.branches(), lambda b: branch(r, p, *b))


@api("GET", P + "/repository/branches/{ref}")
def branch_get(world, r, id, ref):
    p = place(world, r, id)
    if p.repo.branch(ref) is None:
        raise said(404, "404 Branch Not Found")
    return Answer(200, branch(r, p, ref, p.repo.branch(ref)))


@api("DELETE", P + "/repository/branches/{ref}")
def branch_delete(world, r, id, ref):
    p = place(world, r, id, "write")
    may_write(r)
    if p.repo.branch(ref) is None:
        raise said(404, "404 Branch Not Found")
    p.repo.delete_branch(ref)
    world.refs_moved(p, r.user)
    return Answer(204)


@api("GET", P + "/protected_branches/{ref}")
def protected(world, r, id, ref):
    p = place(world, r, id, "write")
    if ref not in p.protection:
        raise said(404, "404 Not found")
    level = {"id": 1, "access_level": 40, "access_level_description": "Maintainers", "user_id": None,
             "group_id": None}
    return Answer(200, {"id": 1, "name": ref, "push_access_levels": [level], "merge_access_levels": [level],
                        "allow_force_push": False, "code_owner_approval_required": False})


@api("GET", P + "/approval_rules", query="per_page page")
def approval_rules(world, r, id):
    place(world, r, id)
    return page(r, [], lambda x: x)


@api("GET", P + "/external_status_checks", query="per_page page")
def status_checks(world, r, id):
    place(world, r, id)
    return page(r, [], lambda x: x)


@api("POST", P + "/pipeline", query="ref", body={"ref": "str", "variables": "[any]", "inputs": "{}"})
def pipeline_new(world, r, id):
    p = place(world, r, id, "write")
    ref = r.body.get("ref") or r.get("ref")
    world.dispatched.append({"workflow": "", "ref": ref, "inputs": r.body.get("variables", [])})
    sha = commit_of(p, ref)
    return Answer(201, {"id": world.next_id(), "iid": 1, "project_id": p.id, "sha": sha, "ref": ref,
                        "status": "created", "source": "api", "created_at": iso(world.now()), "updated_at":
                        iso(world.now()), "web_url": r.base + "/" + p.path})
