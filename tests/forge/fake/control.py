"""The control port: people act, faults are laid, what was asked is told.

POST /VERB with a form; the answer is JSON. Each verb is a function here, its
parameters the fields of the form. Time moves by a second for each act of a
person, so that what came first can be told by the forge's own stamps; 'clock
hold=1' stops that.
"""
import importlib
import inspect
import json
import os
import shutil
import urllib.parse

import hooks
import linear
import repo
import serve
from state import Refused, Thing, World, iso


class Control:
    def __init__(self, folder, start):
        self.folder = folder
        self.start = start
        self.server = None
        self.linear = None
        self.kept = {}
        self.begun = 0
        self.failed = []
        self.canary_url = ""
        self.verb_begin("github")

    @property
    def world(self):
        return self.server.world

    def do(self, verb, form):
        function = getattr(self, "verb_" + verb, None)
        if function is None:
            raise KeyError("no such verb: " + verb)
        takes = inspect.signature(function).parameters
        unknown = [k for k in form if k not in takes and "rest" not in takes]
        if unknown:
            raise KeyError("%s does not take %s" % (verb, unknown))
        with self.world.lock:
            return function(**form)

    def act(self):
        if not self.world.clock.held:
            self.world.clock.advance(1)

    def place(self, project):
        return self.world.project(project or self.world.home)

    def who(self, login):
        return self.world.known(login)

    # -- which forge, and how far it was once

    def run(self, server):
        """From the next request on; one under way ends with the forge that it began with."""
        server.faults.canary_url = self.canary_url
        old, self.server = self.server, server
        self.linear = linear.Linear(self)
        now = self.folder + "/now"
        os.symlink(server.folder, now + ".part")
        os.rename(now + ".part", now)
        if old:
            shutil.rmtree(old.folder, ignore_errors=True)

    def next_folder(self):
        self.begun += 1
        return "%s/%d" % (self.folder, self.begun)

    def verb_begin(self, kind, clock=""):
        """A forge without anybody and anything."""
        folder = self.next_folder()
        os.makedirs(folder + "/git")
        forge = importlib.import_module("gitea" if kind == "forgejo" else kind)
        self.run(serve.Server(World(kind, folder, self.start), forge, folder))
        self.world.clock.file = clock or None

    def verb_keep(self, name):
        folder = self.folder + "/kept/" + name
        shutil.copytree(self.server.folder, folder)
        self.kept[name] = self.server.copy(folder)

    def verb_again(self, name):
        """As it was when it was kept; whoever keeps its clock sets it back."""
        folder = self.next_folder()
        shutil.copytree(self.kept[name].folder, folder)
        self.run(self.kept[name].copy(folder))

    def verb_hook(self, who, url, secret, project=""):
        """The address of whoever wants to hear what happens from here on; one at a time."""
        self.world.hook = hooks.Hook(self.world.kind, url, secret)
        self.world.hook.heads = dict(self.place(project).repo.branches())
        return {"id": 1}

    # -- who and where

    def verb_project(self, path, private="", base="main", people=""):
        """people: LOGIN:ROLE..., each with a token 'token-of-LOGIN'."""
        p = self.world.project_new(path, bool(private))
        p.base = base
        p.repo.git("symbolic-ref", "HEAD", "refs/heads/" + base)
        self.world.home = self.world.home or path
        for login, _, role in (one.partition(":") for one in people.split()):
            self.verb_person(login, role)
            self.verb_token("token-of-" + login, login)
        return {"id": p.id, "git": p.repo.folder}

    def verb_rename(self, path, to):
        p = self.world.project(path)
        folder = self.world.folder + "/git/" + to + ".git"
        os.rename(p.repo.folder, folder)
        p.repo.folder = folder
        self.world.projects.pop(path.lower())
        self.world.projects[to.lower()] = p
        p.path, p.name, self.world.home = to, to.rpartition("/")[2], to
        return {}

    def verb_person(self, login, role="", project="", bot="", member="", name=""):
        user = self.world.person(login, bool(bot), name or None)
        user.member = bool(member)
        if role == "none":
            self.place(project).roles.pop(login.lower(), None)
        elif role:
            self.place(project).roles[login.lower()] = role
        return {"id": user.id}

    def verb_token(self, text, login, scopes="repo,workflow", ends=""):
        self.world.token(text, login, scopes.split(","), None, int(ends) if ends else None)

    def verb_token_revoke(self, text):
        self.world.tokens.pop(text)

    def verb_team(self, slug):
        self.world.teams[slug] = Thing(id=self.world.next_id(), slug=slug)

    def verb_app(self, slug, public, permissions):
        app = Thing(id=self.world.next_id(), slug=slug, public=public, installation=self.world.next_id(),
                    owner=self.place("").owner, created=self.world.now(),
                    permissions=dict(p.split("=") for p in permissions.split(",")))
        self.world.apps[str(app.id)] = app
        self.world.person(slug + "[bot]", True)
        self.place("").roles[slug + "[bot]"] = "write"
        return {"id": app.id, "installation": app.installation}

    def verb_setting(self, project="", delete_merged="", auto_merge="", private=""):
        p = self.place(project)
        for name, value in (("delete_merged", delete_merged), ("auto_merge", auto_merge), ("private", private)):
            if value:
                setattr(p, name, value == "1")

    def verb_workflow(self, name, project=""):
        self.place(project).workflows[name] = True

    def verb_protect(self, branch="main", required="", reviews="0", strict="", ruleset="", pushers=None, project=""):
        self.place(project).protection[branch] = Thing(
            required=[x for x in required.split(",") if x], reviews=int(reviews), strict=bool(strict),
            ruleset=bool(ruleset), pushers=None if pushers is None else pushers.split(","))

    # -- people and issues

    def verb_issue_open(self, who, title, body="", labels="", project="", many="1"):
        for n in range(int(many)):
            self.act()
            issue = self.world.issue_new(
                self.place(project), self.who(who), title if many == "1" else "%s %d" % (title, n + 1), body,
                [x for x in labels.split(",") if x])
        return {"number": issue.number}

    def verb_issue_edit(self, who, number, title=None, body=None, project=""):
        self.act()
        self.world.edit_text(self.world.issue(self.place(project), number), self.who(who), title, body)

    def verb_issue_label(self, who, number, label, project=""):
        self.act()
        p = self.place(project)
        self.world.label_add(p, self.world.issue(p, number), self.who(who), label.split(","))

    def verb_issue_unlabel(self, who, number, label, project=""):
        self.act()
        p = self.place(project)
        self.world.label_remove(p, self.world.issue(p, number), self.who(who), label)

    def verb_issue_comment(self, who, number, body, project=""):
        self.act()
        p = self.place(project)
        return {"id": self.world.comment_new(p, self.world.issue(p, number), self.who(who), body).id}

    def verb_comment_edit(self, who, id, body, project=""):
        self.act()
        self.world.comment_edit(self.world.comment(self.place(project), id), body)

    def verb_comment_delete(self, who, id, project=""):
        self.act()
        comment = self.world.comment(self.place(project), id)
        comment.issue.comments.remove(comment)

    def verb_issue_assign(self, who, number, logins, project=""):
        self.act()
        p = self.place(project)
        self.world.assign(self.world.issue(p, number), self.who(who), logins.split(","))

    def verb_issue_close(self, who, number, project=""):
        self.act()
        self.world.set_open(self.world.issue(self.place(project), number), self.who(who), False)

    def verb_issue_reopen(self, who, number, project=""):
        self.act()
        self.world.set_open(self.world.issue(self.place(project), number), self.who(who), True)

    def verb_issue_lock(self, number, project=""):
        self.world.issue(self.place(project), number).locked = True

    # -- people and pull requests

    def verb_pull_open(self, who, title, head, base="main", body="", project="", source=""):
        self.act()
        p = self.place(project)
        return {"number": self.world.pull_new(
            p, self.who(who), title, body, head, base, self.world.project(source) if source else p).number}

    def verb_pull_edit(self, who, number, title=None, body=None, project=""):
        self.act()
        self.world.edit_text(self.world.pull(self.place(project), number), self.who(who), title, body)

    def verb_pull_close(self, who, number, project=""):
        self.act()
        self.world.set_open(self.world.pull(self.place(project), number), self.who(who), False)

    def verb_pull_reopen(self, who, number, project=""):
        self.act()
        self.world.set_open(self.world.pull(self.place(project), number), self.who(who), True)

    def verb_pull_label(self, who, number, label, project=""):
        self.act()
        p = self.place(project)
        self.world.label_add(p, self.world.pull(p, number), self.who(who), label.split(","))

    def verb_pull_comment(self, who, number, body, project=""):
        self.act()
        p = self.place(project)
        return {"id": self.world.comment_new(p, self.world.pull(p, number), self.who(who), body).id}

    def verb_pull_merge(self, who, number, method="merge", project=""):
        self.act()
        p = self.place(project)
        return {"sha": self.world.merge(p, self.world.pull(p, number), self.who(who), method)}

    def verb_review(self, who, number, state, body="", path="", line="1", remark="", project=""):
        self.act()
        p = self.place(project)
        remarks = [{"path": path, "line": line, "body": remark}] if path else []
        review = self.world.review_new(p, self.world.pull(p, number), self.who(who), state, body, remarks)
        return {"id": review.id}

    def verb_replies(self, who, number, many, body, project=""):
        """So many more in the thread of the last remark."""
        pull = self.world.pull(self.place(project), number)
        first = pull.remarks[-1]
        for n in range(int(many)):
            self.act()
            self.world.remark_new(pull, self.who(who), first.review, first.path, first.line, "%s %d" % (body, n + 1),
                                  first.id)

    def verb_auto_off(self, number, project=""):
        pull = self.world.pull(self.place(project), number)
        pull.auto = None
        if self.world.kind in ("gitea", "forgejo"):
            self.world.happened(pull, self.who("ada"), "disarmed")

    def verb_tamper(self, path, text, project=""):
        """The next merge lands one file more."""
        self.place(project).repo.tamper = (path, text)

    def verb_mergeable_after(self, reads):
        self.world.mergeable_after = int(reads)
        for p in self.world.projects.values():
            for pull in p.pulls.values():
                pull.checking = int(reads)

    # -- checks

    def sha_of(self, p, sha):
        found = p.repo.is_commit(sha)
        if found is None:
            raise Refused("missing", "no commit " + sha)
        return found

    def verb_status(self, who, sha, context, state, text="", project=""):
        self.act()
        p = self.place(project)
        self.world.status_new(p, self.sha_of(p, sha), self.who(who), context, state, text or None)

    def verb_check(self, sha, name, status="completed", conclusion="", text="", project=""):
        self.act()
        p = self.place(project)
        self.world.run_new(p, self.sha_of(p, sha), name, status, conclusion or None, text or None)

    # -- git

    def verb_commit(self, who, branch, path, text, title="A commit", project=""):
        self.act()
        p = self.place(project)
        sha = p.repo.write_file(branch, path, text, title, self.who(who))
        self.world.refs_moved(p, self.who(who))
        return {"sha": sha}

    def verb_force_push(self, who, branch, to, project=""):
        self.act()
        p = self.place(project)
        p.repo.set_branch(branch, self.sha_of(p, to))
        self.world.refs_moved(p, self.who(who))

    def verb_branch_delete(self, who, branch, project=""):
        self.act()
        p = self.place(project)
        p.repo.delete_branch(branch)
        self.world.refs_moved(p, self.who(who))

    def verb_branch_rename(self, who, branch, to, project=""):
        """Open pull requests are for the new name from then on, and so is HEAD."""
        self.act()
        p = self.place(project)
        p.repo.git("branch", "-m", branch, to)
        if p.base == branch:
            p.base = to
        for x in p.pulls.values():
            if x.state == "open" and x.base == branch:
                x.base = to
        self.world.refs_moved(p, self.who(who))

    def verb_branches(self, project=""):
        return dict(self.place(project).repo.branches())

    def verb_log(self, branch="main", project=""):
        """Subjects, newest first."""
        return self.place(project).repo.git("log", "--format=%s", branch).splitlines()

    def verb_tree(self, ref="main", project=""):
        return self.place(project).repo.git("rev-parse", ref + "^{tree}")

    def verb_fork(self, who, project=""):
        p = self.place(project)
        return {"id": self.world.project_new(who + "/" + p.name, p.private, p).id}

    # -- Linear, which stands beside the forge

    def verb_linear(self, act, **rest):
        if act not in ("show", "fault"):
            self.act()
        return getattr(self.linear, "act_" + act)(**rest)

    # -- time, limits, faults

    def verb_clock(self, advance="", set="", hold="", file=""):
        clock = self.world.clock
        clock.file = file or clock.file
        if advance:
            clock.advance(float(advance))
        if set:
            clock.set(float(set))
        if hold:
            clock.held = hold == "1"
        return {"now": self.world.now()}

    def verb_limits(self, hourly=""):
        if hourly:
            self.server.limits.hourly = int(hourly)
        limits = self.server.limits
        return {"exceeded": getattr(limits, "exceeded", 0), "most": getattr(limits, "most", {})}

    def verb_fault(self, kind, match, times="1", skip="0", do="", **rest):
        if kind in ("before", "after"):
            rest = {"act": lambda form=dict(rest): self.do(do, form)}
        self.server.faults.add(kind, match, times, skip, **rest)

    def verb_faults_left(self):
        return self.server.faults.left()

    def verb_faults_clear(self):
        self.server.faults.rules.clear()

    # -- what happened

    def verb_counts(self):
        """Requests by sort: read, write, unchanged (304), git; forced ones apart."""
        found = {"read": 0, "write": 0, "unchanged": 0, "git": 0, "forced": 0}
        for entry in self.server.requests:
            found["forced" if entry["forced"] else entry["sort"]] += 1
        found["calls"] = found["read"] + found["write"]
        found["most_at_once"] = self.server.most_active
        return found

    def verb_counts_reset(self):
        self.server.requests.clear()
        self.server.most_active = self.server.active

    def verb_requests(self, match=""):
        return [e for e in self.server.requests if match in e["method"] + " " + e["path"] and e["sort"] != "git"]

    def verb_violations(self):
        """Empty, or the test has failed; a fault of the fake's own is one too."""
        own = [{"what": "fake", "text": text, "request": ""} for text in self.failed]
        return self.server.violations + own

    def verb_violations_clear(self):
        found = self.verb_violations()
        self.server.violations.clear()
        return found

    def verb_lenient(self, what):
        self.server.lenient = set(what.split(","))

    def verb_canary(self):
        return self.server.faults.canary

    def verb_ci_run(self, id, status):
        self.world.ci_runs[id] = status

    def verb_dispatched(self):
        return self.world.dispatched

    def verb_issue(self, number, project=""):
        return self.shown(self.place(project).issues[int(number)])

    def verb_issues(self, project=""):
        return [self.shown(x) for x in self.place(project).issues.values()]

    def verb_pull(self, number, project=""):
        return self.shown(self.place(project).pulls[int(number)])

    def verb_pulls(self, project=""):
        return [self.shown(x) for x in self.place(project).pulls.values()]

    def verb_statuses(self, sha, project=""):
        p = self.place(project)
        return [{"context": s.context, "state": s.state, "text": s.text, "who": s.author.login}
                for s in p.statuses.get(self.sha_of(p, sha), [])]

    @staticmethod
    def shown(x):
        found = {
            "number": x.number, "title": x.title, "body": x.body, "state": x.state, "author": x.author.login,
            "labels": x.labels, "assignees": x.assignees, "updated": iso(x.updated),
            "closed_by": x.closed_by.login if x.closed_by else None,
            "comments": [{"id": c.id, "who": c.author.login, "body": c.body} for c in x.comments]}
        if x.is_pull:
            found.update({
                "state": "merged" if x.merged else x.state, "head": x.head, "base": x.base, "sha": x.head_sha,
                "draft": x.draft, "merge_sha": x.merge_sha, "reviewers": x.reviewers, "teams": x.teams,
                "auto": x.auto is not None, "merged_by": x.merged_by.login if x.merged_by else None,
                "reviews": [{"who": v.author.login, "state": v.state, "body": v.body} for v in x.reviews]})
        return found


def handler(control):
    class Handler(serve.Quiet):
        def do_POST(self):
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            form = dict(urllib.parse.parse_qsl(data, keep_blank_values=True))
            status = 200
            try:
                said = control.do(self.path.strip("/"), form)
            except Refused as refused:
                status, said = 409, "%s: %s" % (refused.why, refused.text)
            except (KeyError, TypeError, ValueError, OSError, repo.subprocess.CalledProcessError) as wrong:
                status, said = 400, repr(wrong)
            body = json.dumps(said).encode() + b"\n"
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
