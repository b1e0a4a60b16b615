"""Webhooks: what happened is posted, as each forge words it, to whoever asked for it.

Only what git factory reads of them. They leave in order, one after the other,
beside the requests that they tell of, and none is sent twice.
"""
import hashlib
import hmac
import json
import queue
import threading
import urllib.request

WORDS = {"opened": "open", "closed": "close", "reopened": "reopen", "merged": "merge"}  # of GitLab
GITLAB = {"issue": "Issue Hook", "merge_request": "Merge Request Hook", "note": "Note Hook",
          "pipeline": "Pipeline Hook", "push": "Push Hook"}


class Hook:
    def __init__(self, kind, url, secret):
        self.kind, self.url, self.secret = kind, url, secret
        self.heads = {}
        self.sent = 0
        self.waiting = queue.Queue()
        threading.Thread(target=self.send_all, daemon=True).start()

    def send_all(self):
        while True:
            event, body = self.waiting.get()
            self.sent += 1
            data = json.dumps(body).encode()
            asked = urllib.request.Request(self.url, data, {
                "Content-Type": "application/json", **self.headers(event, data, "%d" % self.sent)})
            try:
                urllib.request.urlopen(asked, timeout=10).close()
            except OSError:
                pass  # it is not there any more

    def headers(self, event, data, number):
        if self.kind == "gitlab":
            return {"X-Gitlab-Event": GITLAB[event], "X-Gitlab-Token": self.secret, "Idempotency-Key": number}
        sign = hmac.new(self.secret.encode(), data, hashlib.sha256).hexdigest()
        found = {"X-GitHub-Event": event, "X-GitHub-Delivery": number, "X-Hub-Signature-256": "sha256=" + sign}
        if self.kind != "github":
            found.update({"X-Gitea-Event": event, "X-Gitea-Delivery": number, "X-Gitea-Signature": sign})
        if self.kind == "forgejo":
            found.update({"X-Forgejo-Event": event, "X-Forgejo-Delivery": number, "X-Forgejo-Signature": sign})
        return found

    def put(self, project, who, event, body):
        if self.kind == "gitlab":
            body = {"object_kind": event, "project": {"path_with_namespace": project.path},
                    "user": {"username": who.login}, **body}
        else:
            body = {"repository": {"full_name": project.path}, "sender": {"login": who.login}, **body}
        self.waiting.put((event, body))

    # -- what there is to tell

    def issue(self, project, who, x, what):
        """Of an issue or a pull request."""
        if self.kind == "gitlab":
            self.put(project, who, "merge_request" if x.is_pull else "issue", {"object_attributes": {
                "iid": x.number, "action": WORDS.get(what, "update"),
                **({"last_commit": {"id": x.head_sha}} if x.is_pull else {})}})
            return
        if self.kind != "github" and what in ("labeled", "unlabeled"):
            what = "label_updated"
        what = {"renamed": "edited", "merged": "closed"}.get(what, what)
        body = {"action": what, "number": x.number}
        body["pull_request" if x.is_pull else "issue"] = {
            "number": x.number, **({"head": {"sha": x.head_sha}} if x.is_pull else {})}
        self.put(project, who, "pull_request" if x.is_pull else "issues", body)

    def comment(self, project, who, comment, what):
        x = comment.issue
        if self.kind == "gitlab":
            self.put(project, who, "note", {"object_attributes": {
                "id": comment.id, "note": comment.body, "action": {"created": "create"}.get(what, "update"),
                "noteable_type": "MergeRequest" if x.is_pull else "Issue"},
                "merge_request" if x.is_pull else "issue": {"iid": x.number}})
            return
        self.put(project, who, "issue_comment", {
            "action": what, "comment": {"id": comment.id, "body": comment.body},
            "issue": {"number": x.number, **({"pull_request": {}} if x.is_pull else {})}})

    def status(self, project, who, sha, context):
        if self.kind == "gitlab":
            self.put(project, who, "pipeline", {"object_attributes": {"sha": sha}})
        else:
            self.put(project, who, "status", {"sha": sha, "context": context})

    def push(self, project, who):
        """Of branches; other refs are of no interest to forges."""
        now = dict(project.repo.branches())
        for name in sorted(set(now) | set(self.heads)):
            if now.get(name) != self.heads.get(name):
                self.put(project, who, "push", {"ref": "refs/heads/" + name, "after": now.get(name) or "0" * 40})
        self.heads = now
