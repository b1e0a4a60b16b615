"""What of GitHub's GraphQL is asked of: issues with the history of their text, checks, auto-merge."""
import graphql
from state import Refused, Thing, iso

SUPER = {
    "Issue": ("Node", "Comment", "Labelable", "Closable", "Assignable", "UniformResourceLocatable"),
    "PullRequest": ("Node", "Comment", "Labelable", "Closable", "Assignable", "UniformResourceLocatable"),
    "User": ("Actor", "Node", "UniformResourceLocatable"), "Bot": ("Actor", "Node", "UniformResourceLocatable"),
    "Repository": ("Node",), "LabeledEvent": ("Node",), "UnlabeledEvent": ("Node",),
    "RenamedTitleEvent": ("Node",), "AssignedEvent": ("Node",), "ClosedEvent": ("Node",)}


def nodes(name, found, **more):
    """A connection, by pages as GitHub has them."""
    def page(first=None, after=None, last=None, before=None, **rest):
        items = found(**rest) if callable(found) else found
        begin = int(after) if after else 0
        if last is not None and first is None:
            end = int(before) if before else len(items)
            begin = max(end - last, 0)
        else:
            end = min(begin + (first if first is not None else 100), len(items))
        shown = items[begin:end]
        return {
            "__typename": name + "Connection", "totalCount": len(items), "nodes": shown,
            "edges": [{"__typename": name + "Edge", "node": n, "cursor": str(begin + i + 1)}
                      for i, n in enumerate(shown)],
            "pageInfo": {"__typename": "PageInfo", "hasNextPage": end < len(items), "endCursor": str(end) if shown
                         else None, "startCursor": str(begin + 1) if shown else None, "hasPreviousPage": begin > 0},
            **more}
    return page


class View:
    def __init__(self, world, r):
        self.world = world
        self.r = r

    def actor(self, who):
        if who is None:
            return None
        kind = "Bot" if who.bot else "User"
        found = {"__typename": kind, "login": who.login.removesuffix("[bot]"), "url": self.r.base + "/" + who.login,
                 "id": "U_%d" % who.id, "databaseId": who.id, "avatarUrl": self.r.base + "/avatars/%d" % who.id}
        if kind == "User":
            found["name"] = who.name
        return found

    def label(self, x):
        return {"__typename": "Label", "id": "LA_%d" % x.id, "name": x.name, "color": x.color, "description": x.text}

    def edits(self, x):
        return [{"__typename": "UserContentEdit", "id": "UCE_%d" % e.id, "createdAt": iso(e.when),
                 "editedAt": iso(e.when), "updatedAt": iso(e.when), "editor": self.actor(e.who), "diff": e.body,
                 "deletedAt": None}
                for e in x.edits[::-1]]

    def events(self, x, itemTypes=None, since=None, skip=None, **rest):
        names = {"labeled": "LabeledEvent", "unlabeled": "UnlabeledEvent", "renamed": "RenamedTitleEvent",
                 "assigned": "AssignedEvent", "unassigned": "UnassignedEvent", "closed": "ClosedEvent",
                 "reopened": "ReopenedEvent"}
        found = []
        for e in x.events:
            name = names.get(e.event)
            upper = name and "".join("_" + c if c.isupper() else c for c in name).upper().lstrip("_")
            if name is None or (itemTypes and upper not in itemTypes):
                continue
            one = {"__typename": name, "id": "EV_%d" % e.id, "createdAt": iso(e.when), "actor": self.actor(e.who)}
            if "abeled" in name:
                one["label"] = self.label(e.label)
            if name == "RenamedTitleEvent":
                one["previousTitle"], one["currentTitle"] = e.old, e.new
            if "ssigned" in name:
                one["assignee"] = self.actor(e.whom)
            found.append(one)
        return found

    def text(self, p, x, kind):
        return {
            "__typename": kind, "id": ("PR_%d" if x.is_pull else "I_%d") % x.id, "databaseId": x.id,
            "fullDatabaseId": str(x.id), "number": x.number, "title": x.title, "body": x.body,
            "url": "%s/%s/%s/%d" % (self.r.base, p.path, "pull" if x.is_pull else "issues", x.number),
            "author": self.actor(x.author), "editor": self.actor(x.edits[-1].who) if x.edits else None,
            "createdAt": iso(x.created), "updatedAt": iso(x.updated), "lastEditedAt": iso(x.edited),
            "includesCreatedEdit": bool(x.edits), "locked": x.locked, "closed": x.state == "closed",
            "closedAt": iso(x.closed),
            "labels": nodes("Label", lambda **_: [self.label(self.world.label(p, n)) for n in x.labels]),
            "assignees": nodes("User", [self.actor(self.world.users[a.lower()]) for a in x.assignees]),
            "userContentEdits": nodes("UserContentEdit", self.edits(x)),
            "timelineItems": nodes("TimelineItems", lambda **a: self.events(x, **a)),
            "comments": nodes("IssueComment", lambda **_: [self.comment(p, c) for c in x.comments])}

    def comment(self, p, c):
        return {"__typename": "IssueComment", "id": "IC_%d" % c.id, "databaseId": c.id,
                "fullDatabaseId": str(c.id), "body": c.body, "author": self.actor(c.author),
                "createdAt": iso(c.created), "updatedAt": iso(c.updated), "lastEditedAt": None,
                "url": "%s/%s/issues/%d#issuecomment-%d" % (self.r.base, p.path, c.issue.number, c.id)}

    def issue(self, p, x):
        found = self.text(p, x, "Issue")
        found["state"] = "OPEN" if x.state == "open" else "CLOSED"
        found["stateReason"] = None
        return found

    def pull(self, p, x):
        world = self.world
        found = self.text(p, x, "PullRequest")
        conflicts = world.conflicts(x) if x.state == "open" else None
        yes, no = world.approvals(p, x)
        rules = p.protection.get(x.base)
        found.update({
            "state": "MERGED" if x.merged else "OPEN" if x.state == "open" else "CLOSED", "isDraft": x.draft,
            "merged": x.merged is not None, "mergedAt": iso(x.merged), "headRefName": x.head,
            "baseRefName": x.base, "headRefOid": x.head_sha, "baseRefOid": x.base_sha,
            "isCrossRepository": x.source is not p, "mergedBy": self.actor(x.merged_by),
            "mergeable": "UNKNOWN" if conflicts is None else "CONFLICTING" if conflicts else "MERGEABLE",
            "mergeStateStatus": "BLOCKED" if world.hindrances(x) else "CLEAN",
            "mergeCommit": {"__typename": "Commit", "oid": x.merge_sha} if x.merge_sha else None,
            "reviewDecision": None if not (rules and rules.reviews) else "CHANGES_REQUESTED" if no else
            "APPROVED" if yes >= rules.reviews else "REVIEW_REQUIRED",
            "autoMergeRequest": self.auto(x),
            "reviewThreads": nodes("PullRequestReviewThread", self.threads(x)),
            "commits": nodes("PullRequestCommit", [{
                "__typename": "PullRequestCommit", "commit": self.commit(p, x.head_sha)}]),
            "headRepository": {"__typename": "Repository", "nameWithOwner": x.source.path}})
        return found

    def auto(self, x):
        if not x.auto:
            return None
        return {"__typename": "AutoMergeRequest", "mergeMethod": x.auto.method.upper(),
                "enabledAt": iso(x.auto.when), "commitHeadline": x.auto.title, "commitBody": x.auto.message,
                "enabledBy": self.actor(x.auto.who)}

    def threads(self, x):
        return [{
            "__typename": "PullRequestReviewThread", "id": "PRRT_%d" % m.id, "isResolved": bool(m.resolved),
            "isOutdated": m.commit != x.head_sha, "path": m.path, "line": m.line, "originalLine": m.line,
            "startLine": None, "originalStartLine": None, "subjectType": "LINE", "isCollapsed": False,
            "resolvedBy": self.actor(m.resolved), "comments": nodes(
                "PullRequestReviewComment", [{
                    "__typename": "PullRequestReviewComment", "id": "PRRC_%d" % n.id, "databaseId": n.id,
                    "fullDatabaseId": str(n.id), "body": n.body, "author": self.actor(n.author), "path": n.path,
                    "line": n.line, "url": "%s/%s/pull/%d#discussion_r%d" % (
                        self.r.base, x.project.path, x.number, n.id), "createdAt": iso(n.created), "updatedAt": iso(n.updated),
                    "commit": {"__typename": "Commit", "oid": n.commit},
                    "originalCommit": {"__typename": "Commit", "oid": n.commit}}
                    for n in x.remarks if n is m or n.reply_to == m.id])}
            for m in x.remarks if not m.reply_to]

    def commit(self, p, sha):
        world = self.world
        contexts = [{
            "__typename": "StatusContext", "id": "SC_%d" % s.id, "context": s.context, "state": s.state.upper(),
            "description": s.text, "targetUrl": s.url,
            "isRequired": lambda **_: False} for s in world.statuses(p, sha)]
        contexts += [{
            "__typename": "CheckRun", "id": "CR_%d" % c.id, "name": c.name, "status": c.status.upper(),
            "conclusion": c.conclusion and c.conclusion.upper(), "detailsUrl": self.r.base, "summary": c.text,
            "isRequired": lambda **_: False} for c in p.runs.get(sha, []) if c.latest]
        rollup = None
        if contexts:
            words = [c.get("conclusion") or c.get("state") or "PENDING" for c in contexts]
            state = "PENDING" if "PENDING" in words else "SUCCESS" if set(words) <= {
                "SUCCESS", "NEUTRAL", "SKIPPED"} else "FAILURE"
            rollup = {"__typename": "StatusCheckRollup", "id": "SCR_x", "state": state,
                      "contexts": nodes("StatusCheckRollupContext", contexts)}
        return {"__typename": "Commit", "oid": sha, "statusCheckRollup": rollup}

    def repository(self, owner, name, **_):
        p = self.world.project(owner + "/" + name)
        self.world.need(p, self.r.user, "read")
        return {
            "__typename": "Repository", "id": "R_%d" % p.id, "databaseId": p.id, "nameWithOwner": p.path,
            "name": p.name, "isPrivate": p.private, "autoMergeAllowed": p.auto_merge,
            "viewerPermission": self.world.role(p, self.r.user).upper(),
            "defaultBranchRef": {"__typename": "Ref", "name": p.base},
            "issue": lambda number: self.issue(p, p.issues[number]) if number in p.issues else None,
            "pullRequest": lambda number: self.pull(p, self.world.pull(p, number)),
            "issueOrPullRequest": lambda number: self.issue(p, p.issues[number]) if number in p.issues
            else self.pull(p, self.world.pull(p, number))}

    def viewer(self, **_):
        return self.actor(self.r.user)

    def node(self, id, **_):
        for p in self.world.projects.values():
            for x in p.pulls.values():
                for thread in self.threads(x):
                    if thread["id"] == id:
                        self.world.need(p, self.r.user, "read")
                        return thread
        raise Refused("missing", "Could not resolve to a node with the global id of '%s'" % id)

    def find_pull(self, node):
        for p in self.world.projects.values():
            for x in p.pulls.values():
                if "PR_%d" % x.id == node:
                    return p, x
        raise Refused("missing", "Could not resolve to a node with the global id of '%s'" % node)

    def payload(self, kind, p, x, given):
        return {"__typename": kind, "pullRequest": self.pull(p, x), "actor": self.actor(self.r.user),
                "clientMutationId": given.get("clientMutationId")}

    def enable_auto(self, input):
        p, x = self.find_pull(input["pullRequestId"])
        self.world.need(p, self.r.user, "write")
        if not p.auto_merge:
            raise Refused("invalid", "Auto merge is not allowed for this repository")
        if input.get("expectedHeadOid") and input["expectedHeadOid"] != x.head_sha:
            raise Refused("stale", "Head branch was modified. Review and try the merge again.")
        if not self.world.hindrances(x):
            raise Refused("invalid", "Pull request Pull request is in clean status")
        x.auto = Thing(who=self.r.user, method=input.get("mergeMethod", "MERGE").lower(), when=self.world.now(),
                       title=input.get("commitHeadline"), message=input.get("commitBody"))
        return self.payload("EnablePullRequestAutoMergePayload", p, x, input)

    def disable_auto(self, input):
        p, x = self.find_pull(input["pullRequestId"])
        x.auto = None
        return self.payload("DisablePullRequestAutoMergePayload", p, x, input)

    def ready(self, input):
        p, x = self.find_pull(input["pullRequestId"])
        x.draft = False
        return self.payload("MarkPullRequestReadyForReviewPayload", p, x, input)

    def to_draft(self, input):
        p, x = self.find_pull(input["pullRequestId"])
        x.draft = True
        return self.payload("ConvertPullRequestToDraftPayload", p, x, input)


def run(world, r):
    view = View(world, r)
    roots = {
        "query": {"__typename": "Query", "repository": view.repository, "node": view.node, "viewer": view.viewer()},
        "mutation": {
            "__typename": "Mutation", "enablePullRequestAutoMerge": view.enable_auto,
            "disablePullRequestAutoMerge": view.disable_auto, "markPullRequestReadyForReview": view.ready,
            "convertPullRequestToDraft": view.to_draft}}
    try:
        data = graphql.execute(r.body["query"], r.body.get("variables"), r.body.get("operationName"), roots, SUPER)
        return {"data": data}
    except Refused as refused:
        kinds = {"missing": "NOT_FOUND", "forbidden": "FORBIDDEN"}
        return {"data": None, "errors": [{"type": kinds.get(refused.why, "UNPROCESSABLE"), "path": [],
                                          "locations": [{"line": 1, "column": 1}], "message": refused.text}]}
    except graphql.Bad as bad:
        r.server.violation("graphql", str(bad), r)
        return {"errors": [{"message": str(bad), "locations": [{"line": 1, "column": 1}]}]}
