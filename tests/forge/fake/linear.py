"""Linear, which stands beside any of the forges: one team, ENG, its people and its issues.

It listens on a port of its own (linear=PORT) and begins anew with each forge.
Every request is held against what Linear takes: the one path, a key of
somebody, without 'Bearer' before it, and fields and arguments that it has; the
rest is held against its published schema afterwards (peers/linear.mjs), from
the file linear.jsonl. Remarks (<!-- -->) are taken out of comments, as there.
"""
import json
import re

import graphql
import serve
from github_graphql import nodes
from state import Refused, Thing, iso

STATES = [("Triage", "triage", 0), ("Backlog", "backlog", 0), ("Todo", "unstarted", 1), ("In Review", "started", 1002),
          ("In Progress", "started", 2), ("Shipped", "completed", 1003), ("Done", "completed", 3),
          ("Canceled", "canceled", 4), ("Duplicate", "duplicate", 5)]


def stamp(when):
    return iso(when) and iso(when)[:-1] + ".000Z"


class Linear:
    def __init__(self, control):
        self.control = control
        self.people = {}
        self.issues = {}
        self.requests = []
        self.faults = []
        self.states = [{"__typename": "WorkflowState", "id": "state-%d" % n, "name": name, "type": kind, "position": at}
                       for n, (name, kind, at) in enumerate(STATES)]
        for login, admin, guest, app in (("ada", True, False, False), ("bob", False, False, False),
                                         ("gail", False, True, False), ("robo", False, False, True)):
            self.people[login] = {
                "__typename": "User", "id": "user-" + login, "name": login.title(), "displayName": login,
                "active": True, "admin": admin, "guest": guest, "app": app,
                "teams": lambda filter=None, login=login, **_: nodes("Team", [self.team()])()}

    def now(self):
        return self.control.world.now()

    def violation(self, text):
        self.control.server.violations.append({"what": "linear", "text": text, "request": "POST /graphql"})

    # -- what it shows

    def team(self):
        return {"__typename": "Team", "id": "team-eng", "key": "ENG", "name": "Engineering",
                "states": nodes("WorkflowState", lambda **_: self.states)}

    def comment(self, c):
        return {"__typename": "Comment", "id": c.id, "body": c.body, "url": "https://linear.app/x/issue/ENG-1#" + c.id,
                "createdAt": stamp(c.created), "updatedAt": stamp(c.updated), "user": self.people[c.who],
                "botActor": None}

    def event(self, e):
        found = {"__typename": "IssueHistory", "id": e.id, "createdAt": stamp(e.when), "actor": self.people[e.who],
                 "botActor": None, "addedLabels": None, "removedLabels": None, "updatedDescription": None,
                 "toTitle": None, "toAssignee": None}
        found.update(e.what)
        return found

    def issue(self, x):
        return {"__typename": "Issue", "id": x.id, "number": x.number, "identifier": "ENG-%d" % x.number,
                "title": x.title, "description": x.body, "url": "https://linear.app/x/issue/ENG-%d" % x.number,
                "createdAt": stamp(x.created), "updatedAt": stamp(x.updated), "archivedAt": None, "trashed": None,
                "state": self.states[x.state], "labels": nodes("IssueLabel", [self.label(n) for n in x.labels]),
                "creator": self.people[x.who], "botActor": None, "assignee": None, "team": self.team(),
                "history": nodes("IssueHistory", [self.event(e) for e in x.events[::-1]]),
                "comments": nodes("Comment", [self.comment(c) for c in x.comments[::-1]])}

    @staticmethod
    def label(name):
        return {"__typename": "IssueLabel", "id": "label-" + name, "name": name}

    # -- what is asked

    def find(self, id):
        for x in self.issues.values():
            if id in (x.id, "ENG-%d" % x.number):
                return x
        raise Refused("missing", "Entity not found: Issue")

    def chosen(self, filter, orderBy=None):
        found = list(self.issues.values())
        for name, value in filter.items():
            (what, how), = value.items()
            if (name, what, list(how)) == ("team", "key", ["eq"]):
                found = [x for x in found if how["eq"] == "ENG"]
            elif (name, what, list(how)) == ("state", "type", ["nin"]):
                found = [x for x in found if self.states[x.state]["type"] not in how["nin"]]
            elif (name, what, list(how)) == ("labels", "name", ["eq"]):
                found = [x for x in found if how["eq"] in x.labels]
            elif (name, what) == ("updatedAt", "gte"):
                found = [x for x in found if stamp(x.updated) >= how[:-1] + ".000Z"]
            else:
                raise graphql.Bad("a filter that nobody asked with before: %s" % {name: value})
        key = (lambda x: x.updated) if orderBy == "updatedAt" else (lambda x: x.created)
        return [self.issue(x) for x in sorted(found, key=key, reverse=True)]

    def issues_of(self, first=50, after=None, orderBy=None, filter=None):
        return nodes("Issue", self.chosen(filter or {}, orderBy))(first=first, after=after)

    def users(self, filter):
        (what, how), = filter.items()
        if what != "displayName" or list(how) != ["eq"]:
            raise graphql.Bad("a filter of people that nobody asked with before: %s" % filter)
        return nodes("User", [p for name, p in self.people.items() if name == how["eq"]])()

    def comment_add(self, who, x, body):
        c = Thing(id="%08d-comment" % (len(x.comments) + 1), who=who, created=self.now(), updated=self.now(),
                  body=re.sub(r"<!--.*?-->\n?", "", body, flags=re.S))
        x.comments.append(c)
        x.updated = self.now()
        return c

    def roots(self, who):
        def create(input):
            c = self.comment_add(who, self.find(input["issueId"]), input["body"])
            return {"__typename": "CommentPayload", "success": True, "comment": self.comment(c)}

        def update(id, input):
            c = next(c for x in self.issues.values() for c in x.comments if c.id == id)
            if c.who != who:
                raise Refused("forbidden", "only who wrote it")
            c.body, c.updated = re.sub(r"<!--.*?-->\n?", "", input["body"], flags=re.S), self.now()
            return {"__typename": "CommentPayload", "success": True, "comment": self.comment(c)}

        def move(id, input):
            x = self.find(id)
            if list(input) != ["stateId"]:
                raise graphql.Bad("a change of %s" % list(input))
            x.state = [s["id"] for s in self.states].index(input["stateId"])
            x.moves.append(self.states[x.state]["name"])
            x.updated = self.now()
            return {"__typename": "IssuePayload", "success": True, "issue": self.issue(x)}

        return {"query": {"__typename": "Query", "viewer": self.people[who], "issues": self.issues_of, "users": self.users,
                          "issue": lambda id: self.issue(self.find(id))},
                "mutation": {"__typename": "Mutation", "commentCreate": create, "commentUpdate": update,
                             "issueUpdate": move}}

    @staticmethod
    def refusal(status, code, text):
        return status, {"errors": [{"message": text, "extensions": {"code": code, "userPresentableMessage": text}}],
                        "data": None}

    def answer(self, path, headers, data):
        """(status, body) of one request."""
        key = headers.get("Authorization") or ""
        who = key.removeprefix("lin_api_of_")
        if path != "/graphql" or (headers.get("Content-Type") or "").partition(";")[0] != "application/json":
            self.violation("POST %s of %s" % (path, headers.get("Content-Type")))
        if not headers.get("User-Agent"):
            self.violation("no User-Agent")
        if who not in self.people:
            self.violation("a key of nobody: " + key)
            return self.refusal(401, "AUTHENTICATION_ERROR", "Authentication required, not authenticated")
        for fault in self.faults:
            if fault["match"] in data.decode() and fault["times"] > 0:
                fault["times"] -= 1
                return self.refusal(400, fault["code"], "Rate limit exceeded")
        asked = json.loads(data)
        if set(asked) - {"query", "variables"}:
            self.violation("fields that are none: %s" % sorted(asked))
        try:
            return 200, {"data": graphql.execute(asked["query"], asked.get("variables"), None, self.roots(who), {})}
        except Refused as refused:
            return self.refusal(400, "FORBIDDEN" if refused.why == "forbidden" else "INPUT_ERROR", refused.text)
        except (graphql.Bad, TypeError, ValueError, KeyError) as bad:
            self.violation("%r: %s" % (bad, asked))
            return self.refusal(400, "GRAPHQL_VALIDATION_FAILED", str(bad))

    def serve(self, path, headers, data):
        with self.control.world.lock:
            status, said = self.answer(path, headers, data)
        entry = {"body": data.decode(), "status": status, "answer": said}
        self.requests.append(entry)
        with open(self.control.folder + "/linear.jsonl", "a", encoding="utf-8") as out:
            out.write(json.dumps(entry) + "\n")
        return status, said

    # -- what people do there (control.py: linear_VERB)

    def event_new(self, x, who, **what):
        x.updated = self.now()
        x.events.append(Thing(id="event-%d-%d" % (x.number, len(x.events)), who=who, when=self.now(), what=what))

    def act_open(self, who, title, body):
        n = len(self.issues) + 1
        self.issues[n] = Thing(id="issue-%d" % n, number=n, title=title, body=body, who=who, created=self.now(),
                               updated=self.now(), state=2, labels=[], events=[], comments=[], moves=[])
        return {"number": n}

    def act_label(self, who, number, label):
        x = self.issues[int(number)]
        x.labels.append(label)
        self.event_new(x, who, addedLabels=[self.label(label)])

    def act_comment(self, who, number, body):
        return {"id": self.comment_add(who, self.issues[int(number)], body).id}

    def act_move(self, who, number, state):
        x = self.issues[int(number)]
        x.state = [s["name"] for s in self.states].index(state)
        self.event_new(x, who)

    def act_fault(self, match, code, times="1"):
        self.faults.append({"match": match, "code": code, "times": int(times)})

    def act_show(self, number):
        x = self.issues[int(number)]
        return {"state": self.states[x.state]["name"], "type": self.states[x.state]["type"], "moves": x.moves,
                "requests": len(self.requests), "comments": [{"who": c.who, "body": c.body} for c in x.comments]}


def handler(control):
    class Handler(serve.Quiet):
        def do_POST(self):
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, said = control.linear.serve(self.path, self.headers, data)
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
