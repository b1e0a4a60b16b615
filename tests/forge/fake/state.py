"""What a forge knows: people, projects, issues, pull requests, checks.

One World for all kinds of forge; each kind only words it. Every change goes
through a function here, whether a request or the control port asks for it, so
that both mean the same. Refused says why something may not be.
"""
import copy
import datetime
import fcntl
import hashlib
import re
import threading
import time

import repo

ROLES = ["none", "read", "triage", "write", "maintain", "admin"]


class Refused(Exception):
    """why: exists, stale, conflict, blocked, forbidden, invalid, own, empty, missing, checking."""

    def __init__(self, why, text):
        super().__init__(text)
        self.why = why
        self.text = text


class Thing:
    def __init__(self, **fields):
        self.__dict__.update(fields)


class Clock:
    """Seconds since 1970: with the time that passes, or from a file that processes share.

    The file holds milliseconds and is read and written under a lock; nobody
    sleeps by such a clock, who waits adds to it (GIT_FACTORY_FORGE_CLOCK).
    """

    def __init__(self, start):
        self.start = start
        self.begun = time.monotonic()
        self.held = False
        self.offset = 0.0
        self.file = None

    def now(self):
        if self.file:
            return self.shared(0)
        return self.start + self.offset + (0 if self.held else time.monotonic() - self.begun)

    def advance(self, seconds):
        if self.file:
            self.shared(seconds)
        else:
            self.offset += seconds

    def set(self, when):
        self.advance(when - self.now())

    def shared(self, more):
        with open(self.file, "r+", encoding="ascii") as clock:
            fcntl.flock(clock, fcntl.LOCK_EX)
            when = int(clock.read() or "0") + int(more * 1000)
            if more:
                clock.seek(0)
                clock.truncate()
                clock.write("%d\n" % when)
        return when / 1000


def iso(when):
    if when is None:
        return None
    at = datetime.datetime.fromtimestamp(int(when), datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_iso(text):
    """Unix seconds, or None when it is no time."""
    try:
        at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00").replace(" ", "+"))
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=datetime.timezone.utc)
    return at.timestamp()


class World:
    def __init__(self, kind, folder, start):
        self.kind = kind
        self.folder = folder
        self.clock = Clock(start)
        self.lock = threading.RLock()
        self.last_id = 1000
        self.home = None
        self.users = {}
        self.tokens = {}
        self.projects = {}
        self.apps = {}
        self.teams = {}
        self.dispatched = []
        self.ci_runs = {}
        self.mergeable_after = 0
        self.hook = None
        self.person("ghost")

    def copy(self, folder):
        """Another world like this one, whose git is below 'folder'."""
        other = copy.deepcopy(self, {id(self.lock): threading.RLock(), id(self.hook): None})
        other.folder = folder
        for p in other.projects.values():
            p.repo.folder = folder + p.repo.folder[len(self.folder):]
        return other

    def next_id(self):
        self.last_id += 1
        return self.last_id

    def now(self):
        return int(self.clock.now())

    # -- people and what they may do

    def person(self, login, bot=False, name=None):
        user = self.users.get(login.lower())
        if user is None:
            user = Thing(id=self.next_id(), login=login, bot=bot, name=name or login, created=self.now())
            self.users[login.lower()] = user
        return user

    def known(self, login):
        user = self.users.get(login.lower())
        if user is None:
            raise Refused("missing", "no such user: " + login)
        return user

    def token(self, text, login, scopes, app=None, expires=None):
        self.tokens[text] = Thing(
            text=text, user=self.person(login), scopes=set(scopes), app=app, expires=expires, kind="token")
        return self.tokens[text]

    def project(self, path, private=False):
        found = self.projects.get(path.lower())
        if found is None:
            raise Refused("missing", "no such project: " + path)
        return found

    def project_new(self, path, private=False, parent=None):
        owner, _, name = path.rpartition("/")
        p = Thing(
            id=self.next_id(), path=path, owner=self.person(owner.split("/")[0]), namespace=owner, name=name,
            private=private, base="main", roles={}, labels={}, issues={}, pulls={}, last_number=0,
            last_pull=0, protection={}, statuses={}, runs={}, parent=parent, created=self.now(),
            updated=self.now(), delete_merged=False, auto_merge=True, codeowners=True, workflows={})
        p.repo = repo.Repo(self.folder + "/git/" + path + ".git", parent.repo if parent else None)
        p.roles[p.owner.login.lower()] = "admin"
        self.projects[path.lower()] = p
        return p

    def role(self, project, user):
        role = project.roles.get(user.login.lower(), "none")
        if role == "none" and not project.private:
            return "read"
        return role

    def may(self, project, user, least):
        return ROLES.index(self.role(project, user)) >= ROLES.index(least)

    def need(self, project, user, least):
        if not self.may(project, user, least):
            raise Refused("forbidden", "%s may not: %s is needed" % (user.login, least))

    # -- labels

    def label(self, project, name):
        found = project.labels.get(name.lower())
        if found is None:
            found = Thing(id=self.next_id(), name=name, color="ededed", text=None)
            project.labels[name.lower()] = found
        return found

    def happened(self, issue, who, event, **more):
        issue.events.append(Thing(id=self.next_id(), event=event, who=who, when=self.now(), **more))
        issue.updated = self.now()
        self.tell("issue", issue.project, who, issue, event)

    def tell(self, what, project, who, *rest):
        if self.hook:
            getattr(self.hook, what)(project, who, *rest)

    def label_add(self, project, issue, who, names):
        for name in names:
            label = self.label(project, name)
            if label.name not in issue.labels:
                issue.labels.append(label.name)
                self.happened(issue, who, "labeled", label=label)

    def label_remove(self, project, issue, who, name):
        label = project.labels.get(name.lower())
        if label is None or label.name not in issue.labels:
            raise Refused("missing", "Label does not exist")
        issue.labels.remove(label.name)
        self.happened(issue, who, "unlabeled", label=label)

    # -- issues

    def issue_fields(self, project, who, title, body, number):
        return dict(
            id=self.next_id(), number=number, title=title, body=body, author=who, state="open",
            reason=None, labels=[], assignees=[], created=self.now(), updated=self.now(), closed=None,
            closed_by=None, comments=[], events=[], edits=[], edited=None, locked=False, project=project,
            is_pull=False)

    def issue_new(self, project, who, title, body, labels=()):
        project.last_number += 1
        issue = Thing(**self.issue_fields(project, who, title, body or "", project.last_number))
        project.issues[issue.number] = issue
        self.tell("issue", project, who, issue, "opened")
        self.label_add(project, issue, who, labels)
        return issue

    def issue(self, project, number):
        """An issue, or on GitHub and Gitea a pull request by the same numbers."""
        number = int(number)
        if number in project.issues:
            return project.issues[number]
        if self.kind != "gitlab" and number in project.pulls:
            return project.pulls[number]
        raise Refused("missing", "no issue %d" % number)

    def edit_text(self, issue, who, title=None, body=None):
        if title is not None and title != issue.title:
            self.happened(issue, who, "renamed", old=issue.title, new=title)
            issue.title = title
        if body is not None and body != issue.body:
            if not issue.edits:
                issue.edits.append(Thing(id=self.next_id(), who=issue.author, when=issue.created, body=issue.body))
            issue.edits.append(Thing(id=self.next_id(), who=who, when=self.now(), body=body))
            issue.body = body
            issue.edited = self.now()
        issue.updated = self.now()

    def assign(self, issue, who, logins):
        new = [self.known(login).login for login in logins]
        for login in [x for x in new if x not in issue.assignees]:
            self.happened(issue, who, "assigned", whom=self.known(login))
        for login in [x for x in issue.assignees if x not in new]:
            self.happened(issue, who, "unassigned", whom=self.known(login))
        issue.assignees = new

    def set_open(self, issue, who, wanted, reason=None):
        if wanted == (issue.state == "open"):
            return
        if wanted:
            if issue.is_pull:
                self.reopen_check(issue)
            issue.state, issue.closed, issue.closed_by, issue.reason = "open", None, None, "reopened"
            self.happened(issue, who, "reopened")
        else:
            issue.state, issue.closed, issue.closed_by = "closed", self.now(), who
            issue.reason = reason or "completed"
            self.happened(issue, who, "closed")

    def comment_new(self, project, issue, who, body):
        if issue.locked and not self.may(project, who, "write"):
            raise Refused("forbidden", "the conversation is locked")
        comment = Thing(
            id=self.next_id(), author=who, body=body, created=self.now(), updated=self.now(), issue=issue)
        issue.comments.append(comment)
        issue.updated = self.now()
        self.tell("comment", project, who, comment, "created")
        return comment

    def comment(self, project, comment_id):
        for issue in list(project.issues.values()) + list(project.pulls.values()):
            for comment in issue.comments:
                if comment.id == int(comment_id):
                    return comment
        raise Refused("missing", "no such comment")

    def comment_edit(self, comment, body):
        comment.body = body
        comment.updated = self.now()
        comment.issue.updated = self.now()
        self.tell("comment", comment.issue.project, comment.author, comment, "edited")

    # -- pull requests

    def pull_new(self, project, who, title, body, head, base, head_project=None, draft=False):
        source = head_project or project
        if not source.repo.branch(head):
            raise Refused("invalid", "head")
        if not project.repo.branch(base):
            raise Refused("invalid", "base")
        if source is project and head == base:
            raise Refused("invalid", "same")
        for other in project.pulls.values():
            if other.state == "open" and other.head == head and other.source is source and other.base == base:
                raise Refused("exists", other)
        if source is not project:
            project.repo.fetch_from(source.repo)
        sha = source.repo.branch(head)
        if not project.repo.count(project.repo.branch(base), sha):
            raise Refused("empty", "No commits between %s and %s" % (base, head))
        if self.kind == "gitlab":
            project.last_pull += 1
            number = project.last_pull
        else:
            project.last_number += 1
            number = project.last_number
        pull = Thing(**self.issue_fields(project, who, title, body or "", number))
        pull.__dict__.update(
            is_pull=True, head=head, source=source, base=base, head_sha=sha, draft=draft, merged=None,
            merged_by=None, merge_sha=None, squash_sha=None, reviews=[], remarks=[], reviewers=[], teams=[],
            auto=None, checking=self.mergeable_after, base_sha=project.repo.branch(base),
            remove_source=False, squash=False, maintainer_can_modify=True)
        project.pulls[number] = pull
        project.repo.set_pull_ref(self.kind, number, sha)
        self.tell("issue", project, who, pull, "opened")
        return pull

    def pull(self, project, number):
        found = project.pulls.get(int(number))
        if found is None:
            raise Refused("missing", "no pull request %s" % number)
        return found

    def reopen_check(self, pull):
        if pull.merged:
            raise Refused("invalid", "merged")
        if not pull.source.repo.branch(pull.head):
            raise Refused("invalid", "head")

    def refs_moved(self, project, who):
        """After a push: pull requests follow their branches."""
        for other in list(self.projects.values()):
            for pull in list(other.pulls.values()):
                if pull.state == "open" and pull.source is project:
                    self.follow_head(other, pull, who)
                if pull.state == "open" and other is project:
                    self.follow_base(project, pull, who)
        project.updated = self.now()
        self.tell("push", project, who)

    def follow_head(self, project, pull, who):
        sha = pull.source.repo.branch(pull.head)
        if sha == pull.head_sha:
            return
        if sha is None:
            if self.kind != "gitlab":
                self.set_open(pull, who, False)
            return
        if pull.source is not project:
            project.repo.fetch_from(pull.source.repo)
        pull.head_sha = sha
        pull.checking = self.mergeable_after
        project.repo.set_pull_ref(self.kind, pull.number, sha)
        # GitLab ends the waiting with any new head.
        if pull.auto and (self.kind == "gitlab" or not self.may(project, who, "write")):
            pull.auto = None
        pull.updated = self.now()

    def follow_base(self, project, pull, who):
        base = project.repo.branch(pull.base)
        if base is None:
            self.set_open(pull, who, False)
        elif base != pull.base_sha and project.repo.contains(base, pull.head_sha):
            self.merged(project, pull, who, base, None)

    # -- reviews and checks

    def review_new(self, project, pull, who, state, body, remarks=(), commit=None):
        if state == "APPROVED" and who is pull.author:
            raise Refused("own", "Can not approve your own pull request")
        review = Thing(
            id=self.next_id(), author=who, state=state, body=body or "", commit=commit or pull.head_sha,
            when=self.now())
        pull.reviews.append(review)
        for remark in remarks:
            self.remark_new(pull, who, review, **remark)
        if who.login in pull.reviewers:
            pull.reviewers.remove(who.login)
        pull.updated = self.now()
        self.tell("issue", project, who, pull, "reviewed")
        return review

    def remark_new(self, pull, who, review, path, line, body, reply_to=None):
        remark = Thing(
            id=self.next_id(), author=who, body=body, path=path, line=int(line), commit=pull.head_sha,
            created=self.now(), updated=self.now(), review=review, resolved=None, reply_to=reply_to,
            discussion=hashlib.sha1(b"%d" % self.last_id).hexdigest())
        pull.remarks.append(remark)
        return remark

    def status_new(self, project, sha, who, context, state, text=None, url=None):
        if not project.repo.is_commit(sha):
            raise Refused("invalid", "No commit found for SHA: " + sha)
        status = Thing(
            id=self.next_id(), sha=sha, author=who, context=context, state=state, text=text, url=url,
            when=self.now())
        project.statuses.setdefault(sha, []).append(status)
        self.tell("status", project, who, sha, context)
        self.try_auto(project, sha)
        return status

    def run_new(self, project, sha, name, status, conclusion=None, text=None, app="ci"):
        for old in project.runs.get(sha, []):
            if old.name == name and old.app == app:
                old.latest = False
        run = Thing(
            id=self.next_id(), sha=sha, name=name, status=status, conclusion=conclusion, text=text, app=app,
            started=self.now(), completed=self.now() if status == "completed" else None, latest=True)
        project.runs.setdefault(sha, []).append(run)
        self.try_auto(project, sha)
        return run

    def statuses(self, project, sha):
        """The newest of each context."""
        newest = {}
        for status in project.statuses.get(sha, []):
            newest[status.context] = status
        return list(newest.values())

    def is_green(self, project, sha, name):
        found = [s.state == "success" for s in self.statuses(project, sha) if s.context == name]
        found += [
            r.status == "completed" and r.conclusion in ("success", "neutral", "skipped")
            for r in project.runs.get(sha, []) if r.name == name and r.latest]
        return bool(found) and all(found)

    def is_failed(self, project, sha, name):
        found = [s.state in ("failure", "error", "failed") for s in self.statuses(project, sha) if s.context == name]
        found += [
            r.status == "completed" and r.conclusion not in ("success", "neutral", "skipped")
            for r in project.runs.get(sha, []) if r.name == name and r.latest]
        return any(found)

    def approvals(self, project, pull):
        newest = {}
        for review in pull.reviews:
            if review.state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
                newest[review.author.login] = review
        states = [r.state for r in newest.values() if self.may(project, r.author, "write")]
        return states.count("APPROVED"), states.count("CHANGES_REQUESTED")

    # -- merging

    def conflicts(self, pull):
        """None while it is still being found out, as every forge does for a while."""
        if pull.checking > 0:
            pull.checking -= 1
            return None
        project = pull.project
        return not project.repo.merges(project.repo.branch(pull.base), pull.head_sha)

    def hindrances(self, pull):
        """Words that say why it cannot be merged now; empty: it can."""
        project, found = pull.project, []
        rules = project.protection.get(pull.base)
        if pull.state != "open":
            return ["not open"]
        if pull.draft:
            found.append("draft")
        if rules:
            for name in rules.required:
                if self.is_failed(project, pull.head_sha, name):
                    found.append("failed check")
                elif not self.is_green(project, pull.head_sha, name):
                    found.append("waiting check")
            yes, no = self.approvals(project, pull)
            if rules.reviews and (yes < rules.reviews or no):
                found.append("review")
            if rules.strict and not project.repo.contains(pull.head_sha, project.repo.branch(pull.base)):
                found.append("behind")
        return found

    def merge(self, project, pull, who, method, title=None, message=None, sha=None):
        self.need(project, who, "write")
        if pull.merged:
            raise Refused("blocked", "merged")
        hindrances = self.hindrances(pull)
        if hindrances:
            raise Refused("blocked", hindrances[0])
        if sha is not None and sha != pull.head_sha:
            raise Refused("stale", "head moved")
        conflicts = self.conflicts(pull)
        if conflicts is None:
            raise Refused("checking", "still checking")
        if conflicts:
            raise Refused("conflict", "conflict")
        commit = project.repo.merge(
            pull.base, pull.head_sha, method, title or self.merge_title(pull, method), message or "", who)
        self.merged(project, pull, who, commit, method)
        return commit

    @staticmethod
    def merge_title(pull, method):
        if method == "merge":
            return "Merge pull request #%d from %s" % (pull.number, pull.head)
        return "%s (#%d)" % (pull.title, pull.number)

    def merged(self, project, pull, who, commit, method):
        pull.merged, pull.merged_by, pull.merge_sha = self.now(), who, commit
        pull.squash_sha = commit if method == "squash" else None
        pull.state, pull.closed, pull.closed_by = "closed", self.now(), who
        pull.base_sha = project.repo.branch(pull.base)
        self.happened(pull, who, "merged", commit=commit)
        for number in re.findall(r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?) #(\d+)", pull.body):
            if int(number) in project.issues:
                self.set_open(project.issues[int(number)], who, False)
        if (project.delete_merged or pull.remove_source) and pull.source.repo.branch(pull.head):
            pull.source.repo.delete_branch(pull.head)
        self.refs_moved(project, who)

    def try_auto(self, project, sha):
        for pull in list(project.pulls.values()):
            if pull.state == "open" and pull.auto and pull.head_sha == sha and not self.hindrances(pull):
                auto = pull.auto
                try:
                    self.merge(project, pull, auto.who, auto.method, auto.title, auto.message)
                except Refused:
                    pull.auto = None
