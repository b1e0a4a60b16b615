"""What GitHub says of its things, each field that its description requires."""
from urllib.parse import quote

from state import iso

USER_URLS = {
    "followers_url": "/followers", "following_url": "/following{/other_user}", "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}", "subscriptions_url": "/subscriptions", "organizations_url": "/orgs",
    "repos_url": "/repos", "events_url": "/events{/privacy}", "received_events_url": "/received_events"}
REPO_URLS = {
    "archive_url": "/{archive_format}{/ref}", "assignees_url": "/assignees{/user}", "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}", "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}", "commits_url": "/commits{/sha}", "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}", "contributors_url": "/contributors", "deployments_url": "/deployments",
    "downloads_url": "/downloads", "events_url": "/events", "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}", "git_refs_url": "/git/refs{/sha}", "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks", "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}", "issues_url": "/issues{/number}", "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}", "languages_url": "/languages", "merges_url": "/merges",
    "milestones_url": "/milestones{/number}", "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}", "releases_url": "/releases{/id}", "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}", "subscribers_url": "/subscribers", "subscription_url": "/subscription",
    "tags_url": "/tags", "teams_url": "/teams", "trees_url": "/git/trees{/sha}"}


def api(r, p):
    return r.base + "/repos/" + p.path


def web(r, p):
    return r.base + "/" + p.path


def user(r, who, full=False, public=False):
    if who is None:
        return None
    url = r.base + "/users/" + who.login
    found = {
        "login": who.login, "id": who.id, "node_id": "U_%d" % who.id, "avatar_url": r.base + "/avatars/%d" % who.id,
        "gravatar_id": "", "url": url, "html_url": r.base + "/" + who.login, "type": "Bot" if who.bot else "User",
        "site_admin": False, "user_view_type": "public"}
    found.update({name: url + end for name, end in USER_URLS.items()})
    if full or public:
        found.update({
            "name": who.name, "company": None, "blog": "", "location": None, "email": None, "hireable": None,
            "bio": None, "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
            "twitter_username": None, "created_at": iso(who.created), "updated_at": iso(who.created)})
    if full:
        found.update({
            "private_gists": 0, "total_private_repos": 0, "owned_private_repos": 0, "disk_usage": 0,
            "collaborators": 0, "two_factor_authentication": True})
    return found


def repository(r, p, world, full=False):
    found = {
        "id": p.id, "node_id": "R_%d" % p.id, "name": p.name, "full_name": p.path, "owner": user(r, p.owner),
        "private": p.private, "html_url": web(r, p), "description": None, "fork": p.parent is not None,
        "url": api(r, p), "git_url": "git:" + web(r, p)[5:] + ".git", "ssh_url": "git@127.0.0.1:" + p.path + ".git",
        "clone_url": web(r, p) + ".git", "svn_url": web(r, p), "mirror_url": None, "homepage": None,
        "language": None, "forks": 0, "forks_count": 0, "stargazers_count": 0, "watchers": 0, "watchers_count": 0,
        "size": 1, "default_branch": p.base, "open_issues": 0, "open_issues_count": 0, "is_template": False,
        "topics": [], "has_issues": True, "has_projects": True, "has_wiki": True, "has_pages": False,
        "has_downloads": True, "has_discussions": False, "archived": False, "disabled": False,
        "visibility": "private" if p.private else "public", "pushed_at": iso(p.updated),
        "created_at": iso(p.created), "updated_at": iso(p.updated), "license": None}
    found.update({name: api(r, p) + end for name, end in REPO_URLS.items()})
    if full:
        from github import permissions
        found.update({"network_count": 0, "subscribers_count": 0})
        if r.user:
            found["permissions"] = permissions(world.role(p, r.user))
            found["allow_squash_merge"] = found["allow_merge_commit"] = found["allow_rebase_merge"] = True
            found["allow_auto_merge"], found["delete_branch_on_merge"] = p.auto_merge, p.delete_merged
    return found


def ci_run(r, p, number, status):
    """A run of GitHub Actions, of which nobody asks more than whether it is over."""
    url = api(r, p) + "/actions/runs/%d" % number
    return {
        "id": number, "node_id": "WFR_%d" % number, "name": "factory", "display_title": "factory", "run_number": 1,
        "status": status, "conclusion": "cancelled" if status == "completed" else None, "event": "schedule",
        "workflow_id": 1, "workflow_url": api(r, p) + "/actions/workflows/1", "path": ".github/workflows/factory.yml",
        "head_branch": p.base, "head_sha": "0" * 40, "head_commit": None, "pull_requests": [],
        "repository": repository(r, p, None), "head_repository": repository(r, p, None), "check_suite_url": url + "/suite",
        "url": url, "html_url": web(r, p) + "/actions/runs/%d" % number, "created_at": iso(p.created),
        "updated_at": iso(p.updated),
        **{name + "_url": url + "/" + name for name in ("jobs", "logs", "artifacts", "cancel", "rerun")}}


def association(world, p, who):
    """What GitHub calls the author; it says nothing of what they may do."""
    if who is p.owner:
        return "OWNER"
    if getattr(who, "member", False):
        return "MEMBER"
    return "COLLABORATOR" if who.login.lower() in p.roles else "NONE"


def label(r, p, x):
    return {"id": x.id, "node_id": "LA_%d" % x.id, "url": api(r, p) + "/labels/" + quote(x.name), "name": x.name,
            "description": x.text, "color": x.color, "default": False}


def labels_of(r, p, x, world):
    return [label(r, p, world.label(p, name)) for name in x.labels]


def issue(r, p, x, world, full=False):
    url = api(r, p) + "/issues/%d" % x.number
    found = {
        "id": x.id, "node_id": ("PR_%d" if x.is_pull else "I_%d") % x.id, "url": url, "repository_url": api(r, p),
        "labels_url": url + "/labels{/name}", "comments_url": url + "/comments", "events_url": url + "/events",
        "html_url": web(r, p) + ("/pull/%d" if x.is_pull else "/issues/%d") % x.number, "number": x.number,
        "state": x.state, "state_reason": x.reason, "title": x.title, "body": x.body or None, "user": user(r, x.author),
        "labels": labels_of(r, p, x, world), "assignee": user(r, world.users[x.assignees[0].lower()]) if x.assignees
        else None, "assignees": [user(r, world.users[a.lower()]) for a in x.assignees], "milestone": None,
        "locked": x.locked, "active_lock_reason": None, "comments": len(x.comments), "closed_at": iso(x.closed),
        "created_at": iso(x.created), "updated_at": iso(x.updated), "author_association": association(
            world, p, x.author), "timeline_url": url + "/timeline", "performed_via_github_app": None}
    if full:
        found["closed_by"] = user(r, x.closed_by)
    if x.is_pull:
        pull_url = api(r, p) + "/pulls/%d" % x.number
        found["pull_request"] = {
            "merged_at": iso(x.merged), "diff_url": found["html_url"] + ".diff", "html_url": found["html_url"],
            "patch_url": found["html_url"] + ".patch", "url": pull_url}
        found["draft"] = x.draft
    return found


def comment(r, p, x, world):
    where = web(r, p) + ("/pull/%d" if x.issue.is_pull else "/issues/%d") % x.issue.number
    return {
        "id": x.id, "node_id": "IC_%d" % x.id, "url": api(r, p) + "/issues/comments/%d" % x.id,
        "html_url": where + "#issuecomment-%d" % x.id, "body": x.body, "user": user(r, x.author),
        "created_at": iso(x.created), "updated_at": iso(x.updated),
        "issue_url": api(r, p) + "/issues/%d" % x.issue.number, "author_association": association(world, p, x.author),
        "performed_via_github_app": None}


def event(r, p, x):
    found = {
        "id": x.id, "node_id": "EV_%d" % x.id, "url": api(r, p) + "/issues/events/%d" % x.id,
        "actor": user(r, x.who), "event": x.event, "commit_id": getattr(x, "commit", None), "commit_url": None,
        "created_at": iso(x.when), "performed_via_github_app": None}
    if found["commit_id"]:
        found["commit_url"] = api(r, p) + "/commits/" + found["commit_id"]
    if x.event in ("labeled", "unlabeled"):
        found["label"] = {"name": x.label.name, "color": x.label.color}
    if x.event == "renamed":
        found["rename"] = {"from": x.old, "to": x.new}
    if x.event in ("assigned", "unassigned"):
        found["assignee"], found["assigner"] = user(r, x.whom), user(r, x.who)
    if x.event == "review_requested":
        found["requested_reviewer"], found["review_requester"] = user(r, x.whom), user(r, x.who)
    if x.event == "closed":
        found["state_reason"] = None
    return found


def team(r, x, world, full=False):
    found = {
        "id": x.id, "node_id": "T_%d" % x.id, "url": r.base + "/teams/%d" % x.id, "name": x.slug, "slug": x.slug,
        "members_url": r.base + "/teams/%d/members{/member}" % x.id, "description": None, "permission": "push",
        "html_url": r.base + "/orgs/acme/teams/" + x.slug, "repositories_url": r.base + "/teams/%d/repos" % x.id,
        "type": "organization", "parent": None}
    if full:
        raise KeyError("teams in full are not played")
    return found


def pull(r, p, x, world, full=False):
    url = api(r, p) + "/pulls/%d" % x.number
    page = web(r, p) + "/pull/%d" % x.number
    issue_url = api(r, p) + "/issues/%d" % x.number
    statuses = api(r, p) + "/statuses/" + x.head_sha

    def end(project, branch, sha):
        return {"label": project.owner.login + ":" + branch, "ref": branch, "sha": sha,
                "user": user(r, project.owner), "repo": repository(r, project, world)}
    found = {
        "id": x.id, "node_id": "PR_%d" % x.id, "url": url, "html_url": page, "diff_url": page + ".diff",
        "patch_url": page + ".patch", "issue_url": issue_url, "number": x.number, "state": x.state,
        "locked": x.locked, "title": x.title, "user": user(r, x.author), "body": x.body or None,
        "created_at": iso(x.created), "updated_at": iso(x.updated), "closed_at": iso(x.closed),
        "merged_at": iso(x.merged), "merge_commit_sha": x.merge_sha,
        "assignee": None, "assignees": [], "requested_reviewers": [
            user(r, world.users[v.lower()]) for v in x.reviewers],
        "requested_teams": [team(r, world.teams[t], world) for t in x.teams],
        # Of a pull request's labels the description has no null.
        "labels": [{**n, "description": n["description"] or ""} for n in labels_of(r, p, x, world)],
        "milestone": None, "draft": x.draft,
        "commits_url": url + "/commits", "review_comments_url": url + "/comments",
        "review_comment_url": api(r, p) + "/pulls/comments{/number}", "comments_url": issue_url + "/comments",
        "statuses_url": statuses, "head": end(x.source, x.head, x.head_sha), "base": end(p, x.base, x.base_sha),
        "author_association": association(world, p, x.author), "auto_merge": auto(r, x),
        "active_lock_reason": None}
    found["_links"] = {
        "self": {"href": url}, "html": {"href": page}, "issue": {"href": issue_url},
        "comments": {"href": issue_url + "/comments"}, "review_comments": {"href": url + "/comments"},
        "review_comment": {"href": found["review_comment_url"]}, "commits": {"href": url + "/commits"},
        "statuses": {"href": statuses}}
    if x.source not in world.projects.values():
        found["head"]["repo"] = None
    if full:
        found.update(pull_more(r, p, x, world))
    return found


def auto(r, x):
    if not x.auto:
        return None
    return {"enabled_by": user(r, x.auto.who), "merge_method": x.auto.method, "commit_title": x.auto.title,
            "commit_message": x.auto.message}


def pull_more(r, p, x, world):
    conflicts = world.conflicts(x) if x.state == "open" else None
    why = world.hindrances(x)
    state = "unknown" if conflicts is None else "dirty" if conflicts else "clean"
    if state == "clean" and why:
        state = {"draft": "draft", "behind": "behind"}.get(why[0], "blocked")
    added, removed = p.repo.lines(x.base_sha, x.head_sha)
    return {
        "merged": x.merged is not None, "mergeable": None if conflicts is None else not conflicts,
        "rebaseable": None if conflicts is None else not conflicts, "mergeable_state": state,
        "merged_by": user(r, x.merged_by), "comments": len(x.comments), "review_comments": len(x.remarks),
        "maintainer_can_modify": x.maintainer_can_modify and x.source is not p,
        "commits": p.repo.count(x.base_sha, x.head_sha), "additions": added, "deletions": removed,
        "changed_files": len(p.repo.files(x.base_sha, x.head_sha))}


def review(r, p, pr, x, world):
    url = api(r, p) + "/pulls/%d" % pr.number
    page = web(r, p) + "/pull/%d#pullrequestreview-%d" % (pr.number, x.id)
    return {
        "id": x.id, "node_id": "PRR_%d" % x.id, "user": user(r, x.author), "body": x.body, "state": x.state,
        "html_url": page, "pull_request_url": url, "author_association": association(world, p, x.author),
        "_links": {"html": {"href": page}, "pull_request": {"href": url}}, "submitted_at": iso(x.when),
        "commit_id": x.commit}


def remark(r, p, pr, x, world):
    url = api(r, p) + "/pulls/comments/%d" % x.id
    page = web(r, p) + "/pull/%d#discussion_r%d" % (pr.number, x.id)
    pull_url = api(r, p) + "/pulls/%d" % pr.number
    found = {
        "id": x.id, "node_id": "PRRC_%d" % x.id, "url": url, "pull_request_review_id": x.review.id if x.review
        else None, "diff_hunk": "@@ -1 +1 @@", "path": x.path, "commit_id": x.commit, "original_commit_id": x.commit,
        "user": user(r, x.author), "body": x.body, "created_at": iso(x.created), "updated_at": iso(x.updated),
        "html_url": page, "pull_request_url": pull_url, "author_association": association(world, p, x.author),
        "_links": {"self": {"href": url}, "html": {"href": page}, "pull_request": {"href": pull_url}},
        "line": x.line, "original_line": x.line, "side": "RIGHT", "start_line": None, "original_start_line": None,
        "start_side": None, "position": 1, "original_position": 1, "subject_type": "line"}
    if x.reply_to:
        found["in_reply_to_id"] = x.reply_to
    return found


def commit(r, p, sha):
    c = p.repo.commit(sha)
    url = api(r, p) + "/commits/" + sha
    who = {"name": c["name"], "email": c["mail"], "date": iso(c["when"])}
    return {
        "sha": sha, "node_id": "C_" + sha, "url": url, "html_url": web(r, p) + "/commit/" + sha,
        "comments_url": url + "/comments", "author": None, "committer": None,
        "parents": [{"sha": s, "url": api(r, p) + "/commits/" + s, "html_url": web(r, p) + "/commit/" + s}
                    for s in c["parents"]],
        "commit": {
            "url": api(r, p) + "/git/commits/" + sha, "author": who, "committer": who,
            "message": c["message"], "comment_count": 0,
            "tree": {"sha": c["tree"], "url": api(r, p) + "/git/trees/" + c["tree"]},
            "verification": {"verified": False, "reason": "unsigned", "payload": None, "signature": None,
                             "verified_at": None}}}


def status(r, p, x, simple=False):
    found = {
        "url": api(r, p) + "/statuses/" + x.sha, "avatar_url": r.base + "/avatars/%d" % x.author.id, "id": x.id,
        "node_id": "SC_%d" % x.id, "state": x.state, "description": x.text, "target_url": x.url,
        "context": x.context, "created_at": iso(x.when), "updated_at": iso(x.when)}
    if not simple:
        found["creator"] = user(r, x.author)
    return found


def check_run(r, p, x, world):
    url = api(r, p) + "/check-runs/%d" % x.id
    return {
        "id": x.id, "node_id": "CR_%d" % x.id, "head_sha": x.sha, "external_id": "", "url": url,
        "html_url": web(r, p) + "/runs/%d" % x.id, "details_url": web(r, p) + "/runs/%d" % x.id,
        "status": x.status, "conclusion": x.conclusion, "started_at": iso(x.started),
        "completed_at": iso(x.completed), "name": x.name, "check_suite": {"id": x.id + 1}, "app": None,
        "output": {"title": None, "summary": x.text, "text": None, "annotations_count": 0,
                   "annotations_url": url + "/annotations"}, "pull_requests": []}


def branch(r, p, name, tip):
    rules = p.protection.get(name)
    url = api(r, p) + "/branches/" + name
    protection = {"enabled": bool(rules)}
    if rules:
        protection["required_status_checks"] = {
            "enforcement_level": "everyone", "contexts": rules.required,
            "checks": [{"context": c, "app_id": None} for c in rules.required]}
    return {
        "name": name, "commit": tip, "protected": bool(rules), "protection": protection,
        "protection_url": url + "/protection", "_links": {"self": url, "html": web(r, p) + "/tree/" + name}}


def integration(r, app):
    return {
        "id": app.id, "slug": app.slug, "node_id": "A_%d" % app.id, "client_id": "Iv1.%d" % app.id,
        "owner": user(r, app.owner), "name": app.slug, "description": None, "external_url": r.base,
        "html_url": r.base + "/apps/" + app.slug, "created_at": iso(app.created), "updated_at": iso(app.created),
        "permissions": app.permissions, "events": ["issues"], "installations_count": 1}


def installation(r, app, world):
    url = r.base + "/app/installations/%d" % app.installation
    return {
        "id": app.installation, "account": user(r, app.owner), "repository_selection": "selected",
        "access_tokens_url": url + "/access_tokens", "repositories_url": r.base + "/installation/repositories",
        "html_url": r.base + "/settings/installations/%d" % app.installation, "app_id": app.id,
        "target_id": app.owner.id, "target_type": "User", "permissions": app.permissions, "events": ["issues"],
        "created_at": iso(app.created), "updated_at": iso(app.created), "single_file_name": None,
        "app_slug": app.slug, "suspended_at": None, "suspended_by": None}
