"""What goes wrong on purpose, and the limits that forges really have."""
import json
import re
import time

LIMITED = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
           "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"}


class Answer(Exception):
    """Raised or returned: what to send."""

    def __init__(self, status, body=None, headers=()):
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers)


class Fault:
    """What happens to one request: instead of it, before or after it, or to its answer."""

    def __init__(self, name):
        self.name = name
        self.before = self.after = self.instead = self.body = self.cut = self.slow = None
        self.tagged = False


def mangle(value):
    """The same shape with every scalar of another type."""
    if isinstance(value, dict):
        return {k: mangle(v) for k, v in value.items()}
    if isinstance(value, list):
        return [mangle(v) for v in value]
    if isinstance(value, (str, bool)):
        return 7
    return "seven"


class Faults:
    """A list of rules; the first that fits a request and is not used up strikes."""

    def __init__(self):
        self.rules = []
        self.canary = []
        self.canary_url = ""

    def add(self, kind, match, times=1, skip=0, **more):
        if not hasattr(self, "make_" + kind) and kind not in ("before", "after"):
            raise KeyError("no such fault: " + kind)
        self.rules.append({"kind": kind, "match": re.compile(match), "times": int(times), "skip": int(skip),
                           "more": more})

    def take(self, target, data):
        text = target + " " + data.decode("utf-8", "replace")
        for rule in self.rules:
            if rule["times"] == 0 or not rule["match"].search(text):
                continue
            if rule["skip"] > 0:
                rule["skip"] -= 1
                continue
            rule["times"] -= 1
            fault = Fault(rule["kind"])
            if rule["kind"] in ("before", "after"):
                setattr(fault, rule["kind"], rule["more"]["act"])
            else:
                getattr(self, "make_" + rule["kind"])(fault, **rule["more"])
            return fault
        return None

    def left(self):
        return sum(max(rule["times"], 0) for rule in self.rules)

    @staticmethod
    def make_status(fault, status="503", text=None, retry_after=None, reset=None):
        headers = {"Retry-After": retry_after} if retry_after else {}
        if reset:
            headers.update({"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset})
        body = text.encode() if text else {"message": "Server Error"}
        fault.instead = lambda request, server: Answer(int(status), body, headers)

    @staticmethod
    def make_secondary(fault, status="403", retry_after=None):
        """The three disguises: 403, 429, or 422 with the code 'abuse'."""
        body = dict(LIMITED)
        if status == "422":
            body = {"message": "Validation Failed", "documentation_url": LIMITED["documentation_url"],
                    "errors": [{"resource": "Issue", "field": "base", "code": "abuse"}]}
        headers = {"Retry-After": retry_after} if retry_after else {}
        fault.instead = lambda request, server: Answer(int(status), body, headers)

    def make_redirect(self, fault, status="302", to=None):
        fault.instead = lambda request, server: Answer(int(status), {"message": "Moved"}, {
            "Location": (to or self.canary_url) + request.path})

    @staticmethod
    def make_html(fault, status="200"):
        fault.instead = lambda request, server: Answer(
            int(status), b"<html><body>Unicorn!</body></html>", {"Content-Type": "text/html"})

    @staticmethod
    def make_hang(fault, seconds="600"):
        """Nothing is done, nothing is said."""
        def instead(request, server):
            time.sleep(float(seconds))
            fault.cut = lambda: None
            return Answer(500)
        fault.instead = instead

    @staticmethod
    def make_reset(fault):
        def instead(request, server):
            fault.cut = lambda: None
            return Answer(500)
        fault.instead = instead

    @staticmethod
    def make_lost(fault):
        """It is done; the answer never comes."""
        fault.cut = lambda: None

    @staticmethod
    def make_late(fault, seconds="600"):
        """It is done; nothing is said until who asked has given up."""
        fault.cut = lambda: time.sleep(float(seconds))

    @staticmethod
    def make_bad_gateway(fault, status="502"):
        """It is done; the answer says that it failed."""

        def instead(request, server):
            try:
                server.api(request, server.forge.strip(request.path))
            except Answer:
                pass
            return Answer(int(status), b"<html>Bad Gateway</html>", {"Content-Type": "text/html"})
        fault.instead = instead

    @staticmethod
    def make_slow(fault, seconds="1"):
        fault.slow = lambda: time.sleep(float(seconds))

    @staticmethod
    def make_truncate(fault):
        fault.body = lambda body: body[:len(body) // 2]

    @staticmethod
    def make_wrongtype(fault, tagged=""):
        """tagged: under the ETag of the answer as it should be."""
        fault.tagged = bool(tagged)
        fault.body = lambda body: json.dumps(mangle(json.loads(body or b"{}"))).encode()

    @staticmethod
    def make_huge(fault, size="300000000"):
        fault.body = lambda body: b'{"body":"' + b"a" * int(size) + b'"}'


class NoLimits:
    def count(self, request):
        return None

    def headers(self, request, answer):
        pass

    def give_back(self, request, answer):
        pass


class GitHubLimits:
    """5,000 an hour and token; 80 writes of content a minute, 500 an hour; and points a minute, one for
    what reads and five for what writes: 900 of REST, 2,000 of GraphQL."""

    def __init__(self, world):
        self.world = world
        self.used = {}
        self.begun = {}
        self.points = {}
        self.writes = {}
        self.exceeded = 0
        self.hourly = 5000
        self.most = {}

    def saw(self, what, n):
        self.most[what] = max(n, self.most.get(what, 0))

    def key(self, request):
        return request.token.text if request.token else ""

    def count(self, request):
        now, key = self.world.clock.now(), self.key(request)
        if now >= self.begun.get(key, 0) + 3600:
            self.begun[key], self.used[key] = now, 0
        reset = int(self.begun[key] + 3600)
        if self.used[key] >= self.hourly:
            self.exceeded += 1
            return Answer(403, {"message": "API rate limit exceeded for user ID 1.", "documentation_url":
                                LIMITED["documentation_url"]}, {"x-ratelimit-reset": str(reset)})
        self.used[key] += 1
        self.saw("requests an hour", self.used[key])
        graphql = request.path.endswith("/graphql")
        reads = b"mutation" not in request.data if graphql else request.method == "GET"
        if self.points_of(key + " graphql" * graphql, now, 1 if reads else 5) > (2000 if graphql else 900):
            self.exceeded += 1
            return Answer(403, LIMITED, {"Retry-After": "60"})
        if reads or graphql:
            return None
        self.within("writes", key, now)
        if self.is_content(request):
            minute, hour = self.within("contents", key, now)
            if hour > 500 or minute > 80:
                self.exceeded += 1
                return Answer(403, LIMITED, {"Retry-After": "60"})
        return None

    def points_of(self, what, now, points):
        """With these, in the last minute."""
        recent = [(t, n) for t, n in self.points.get(what, []) if t > now - 60] + [(now, points)]
        self.points[what] = recent
        most = sum(n for _, n in recent)
        self.saw("GraphQL points a minute" if what.endswith(" graphql") else "points a minute", most)
        return most

    def within(self, what, key, now):
        """With this one, in the last minute and in the last hour."""
        recent = [t for t in self.writes.get((what, key), []) if t > now - 3600] + [now]
        self.writes[(what, key)] = recent
        minute = len([t for t in recent if t > now - 60])
        self.saw(what + " a minute", minute)
        self.saw(what + " an hour", len(recent))
        return minute, len(recent)

    @staticmethod
    def is_content(request):
        return request.path.endswith(("/issues", "/comments", "/pulls", "/reviews", "/requested_reviewers", "/merge"))

    def headers(self, request, answer):
        key = self.key(request)
        used = self.used.get(key, 0)
        answer.headers.setdefault("x-ratelimit-limit", str(self.hourly))
        answer.headers.setdefault("x-ratelimit-remaining", str(max(self.hourly - used, 0)))
        answer.headers.setdefault("x-ratelimit-used", str(used))
        answer.headers.setdefault("x-ratelimit-resource", "core")
        answer.headers.setdefault("x-ratelimit-reset", str(int(self.begun.get(key, 0) + 3600)))

    def give_back(self, request, answer):
        """A 304 costs nothing of the hour's."""
        key = self.key(request)
        if key in self.used:
            self.used[key] -= 1
            answer.headers["x-ratelimit-used"] = str(self.used[key])
            answer.headers["x-ratelimit-remaining"] = str(self.hourly - self.used[key])


class GitLabLimits:
    """2,000 a minute; 60 notes, 200 issues; 429 as plain text, as GitLab.com has it."""

    def __init__(self, world):
        self.world = world
        self.calls = {}
        self.exceeded = 0

    def count(self, request):
        now, key = self.world.clock.now(), request.token.text if request.token else ""
        sorts = [("all", 2000)]
        if request.method == "POST" and request.path.endswith("/notes"):
            sorts.append(("notes", 60))
        if request.method == "POST" and request.path.endswith("/issues"):
            sorts.append(("issues", 200))
        for sort, most in sorts:
            recent = [t for t in self.calls.get((key, sort), []) if t > now - 60] + [now]
            self.calls[(key, sort)] = recent
            if len(recent) > most:
                self.exceeded += 1
                return Answer(429, b"Retry later\n", {"Content-Type": "text/plain", "Retry-After": "60"})
        return None

    def headers(self, request, answer):
        now, key = self.world.clock.now(), request.token.text if request.token else ""
        recent = [t for t in self.calls.get((key, "all"), []) if t > now - 60]
        answer.headers.setdefault("RateLimit-Limit", "2000")
        answer.headers.setdefault("RateLimit-Observed", str(len(recent)))
        answer.headers.setdefault("RateLimit-Remaining", str(max(2000 - len(recent), 0)))
        answer.headers.setdefault("RateLimit-Reset", str(int(now) + 60))

    def give_back(self, request, answer):
        pass
