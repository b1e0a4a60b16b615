"""HTTP: routes that say what they accept, violations, conditional requests, git.

Every request is held against the route that it names: a path that no route
has, a parameter or a field of the body that the forge does not know, a
missing User-Agent, Accept or token, a token of nobody, are violations. The
forge answers as the real one would; the violation is written down.
"""
import base64
import hashlib
import json
import os
import re
import socket
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import faults
import repo
from faults import Answer
from state import Refused


class Request:
    def __init__(self, method, target, headers, data):
        self.method = method
        self.path, _, self.query_text = target.partition("?")
        self.query = urllib.parse.parse_qs(self.query_text, keep_blank_values=True)
        self.headers = headers
        self.data = data
        self.body = {}
        self.token = None
        self.user = None
        self.base = "http://" + (headers.get("Host") or "127.0.0.1")

    def get(self, name, default=None):
        return self.query.get(name, [default])[-1]

    def number(self, name, default, most=None):
        text = self.get(name)
        try:
            value = int(text) if text else default
        except ValueError:
            value = default
        value = max(value, 1)
        return min(value, most) if most else value


TYPES = {
    "str": lambda v: isinstance(v, str),
    "str?": lambda v: v is None or isinstance(v, str),
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "bool": lambda v: isinstance(v, bool),
    "[str]": lambda v: isinstance(v, list) and all(isinstance(x, str) for x in v),
    "[int]": lambda v: isinstance(v, list) and all(isinstance(x, int) for x in v),
    "[any]": lambda v: isinstance(v, list),
    "list": lambda v: isinstance(v, (str, list)),
    "id": lambda v: isinstance(v, (str, int)) and not isinstance(v, bool),
    "{}": lambda v: isinstance(v, dict),
    "any": lambda v: True,
}


class Router:
    """Routes of one forge: @api("GET", "/repos/{owner}/{name}", query="a b")."""

    def __init__(self):
        self.routes = []

    def __call__(self, method, path, query="", body=None, needs="", auth="token"):
        pattern = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", path)
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)

        def add(function):
            self.routes.append((
                method, re.compile(pattern + r"\Z"), set(query.split()), body, needs.split(), auth, function))
            return function
        return add

    def find(self, method, path):
        for route in self.routes:
            found = route[1].match(path)
            if found and route[0] == method:
                args = {k: urllib.parse.unquote(v) for k, v in found.groupdict().items()}
                return route, args
        return None, None

    def methods(self, path):
        return [route[0] for route in self.routes if route[1].match(path)]


class Server:
    def __init__(self, world, forge, folder):
        self.world = world
        self.forge = forge
        self.folder = folder
        self.violations = []
        self.requests = []
        self.faults = faults.Faults()
        self.limits = forge.limits(world)
        self.lenient = set()
        self.active = 0
        self.most_active = 0
        self.log_lock = threading.Lock()

    def copy(self, folder):
        """The same in another folder, to which git's part was copied; its faults and limits are fresh."""
        with self.world.lock, self.log_lock:
            other = Server(self.world.copy(folder), self.forge, folder)
            other.violations = list(self.violations)
            other.requests = list(self.requests)
            other.lenient = set(self.lenient)
        return other

    def violation(self, what, text, request):
        if what in self.lenient:
            return
        with self.log_lock:
            self.violations.append({"what": what, "text": text, "request": request.method + " " + request.path})

    def log(self, request, answer, sort, forced):
        entry = {
            "method": request.method, "path": request.path, "query": request.query_text, "status": answer.status,
            "sort": sort, "forced": forced, "user": request.user.login if request.user else None,
            "body": request.data.decode("utf-8", "replace") if sort != "git" else "", "when": self.world.now()}
        with self.log_lock:
            self.requests.append(entry)
        if sort != "git":
            self.traffic(request, answer, entry)

    def traffic(self, request, answer, entry):
        """Both sides of it, for who holds them against a description."""
        whole = {**entry, "headers": dict(request.headers.items()), "answer": None if isinstance(
            answer.body, bytes) else answer.body, "answer_headers": answer.headers, "api": self.forge.strip(
                request.path)}
        names = [self.folder + "/traffic.jsonl"]
        if self.world.kind == "github":
            names.append(os.path.dirname(self.folder) + "/github.jsonl")
        with self.log_lock:
            for name in names:
                with open(name, "a", encoding="utf-8") as out:
                    out.write(json.dumps(whole) + "\n")

    # -- an API request

    def check(self, request, route):
        _, _, query, body, needs, _, _ = route
        if not request.headers.get("User-Agent"):
            self.violation("user-agent", "no User-Agent", request)
        accept = request.headers.get("Accept") or ""
        if not re.search(self.forge.accept, accept):
            self.violation("accept", "Accept: " + accept, request)
        for name in request.query:
            if name not in query:
                self.violation("parameter", "unknown parameter " + name, request)
        for name in needs:
            if name not in request.query:
                self.violation("parameter", "no parameter " + name, request)
        self.check_body(request, body)

    def check_body(self, request, wanted):
        if wanted is None:
            if request.data and request.data != b"{}":
                self.violation("body", "a body where none is expected", request)
            return
        kind = (request.headers.get("Content-Type") or "").partition(";")[0].strip()
        if request.data and kind == "application/x-www-form-urlencoded" and self.world.kind == "gitlab":
            pairs = urllib.parse.parse_qsl(request.data.decode(), keep_blank_values=True)
            request.body = dict(pairs)
            return
        if request.data and kind != "application/json":
            self.violation("content-type", "Content-Type: " + kind, request)
        try:
            request.body = json.loads(request.data or b"{}")
        except ValueError:
            self.violation("body", "not JSON", request)
            raise Answer(400, {"message": "Problems parsing JSON"}) from None
        if not isinstance(request.body, dict):
            if "[]" in wanted and isinstance(request.body, list):
                request.body = {wanted["[]"]: request.body}
                return
            raise Answer(400, {"message": "Body should be a JSON object"})
        for name, value in request.body.items():
            if name not in wanted:
                self.violation("body", "unknown field " + name, request)
            elif not TYPES[wanted[name].rstrip("!")](value):
                self.violation("body", "field %s is no %s: %r" % (name, wanted[name], value), request)
                raise Answer(422, {"message": "Invalid request.\n\nFor '%s', %r is not a %s." % (
                    name, value, wanted[name])})
        if request.body in getattr(self.forge, "probes", ()):
            return
        for name, kind in wanted.items():
            if kind.endswith("!") and name not in request.body:
                self.violation("body", "no field " + name, request)
                raise Answer(422, {"message": "Invalid request.\n\n\"%s\" wasn't supplied." % name})

    def who(self, request, auth):
        text = self.forge.token_of(request)
        if text is None:
            if auth == "token":
                self.violation("token", "no token", request)
            return
        if auth == "jwt":
            request.app = self.forge.app_of(request, text)
            return
        token = self.world.tokens.get(text)
        if token is None or (token.expires and token.expires <= self.world.now()):
            self.violation("token", "a token of nobody" if token is None else "an expired token", request)
            raise Answer(401, self.forge.bad_token)
        request.token = token
        request.user = self.forge.act_as(request, token.user) or token.user

    def api(self, request, path):
        route, args = self.forge.api.find(request.method, path)
        if route is None:
            others = self.forge.api.methods(path)
            self.violation("path", "unknown path" if not others else "unknown method", request)
            raise Answer(404 if not others else 405, self.forge.not_found)
        request.world, request.server = self.world, self
        self.check(request, route)
        self.who(request, route[5])
        with self.world.lock:
            limited = self.limits.count(request)
            if limited:
                raise limited
            try:
                return route[6](self.world, request, **args)
            except Refused as refused:
                raise self.forge.refusal(refused, request) from None

    def answer(self, request, path):
        """One API request, its fault included: (answer, fault or None)."""
        fault = self.faults.take(request.method + " " + request.path, request.data)
        if fault and fault.before:
            fault.before()
        if fault and fault.instead:
            return fault.instead(request, self), fault
        try:
            answer = self.api(request, path)
        except Answer as raised:
            answer = raised
        self.limits.headers(request, answer)
        self.conditional(request, answer)
        if fault and fault.after:
            fault.after()
        return answer, fault

    def conditional(self, request, answer):
        if not self.forge.etags or request.method != "GET" or answer.status != 200:
            return
        text = json.dumps(answer.body, sort_keys=True).encode()
        tag = 'W/"%s"' % hashlib.sha256(text + str(answer.headers.get("Link")).encode()).hexdigest()
        answer.headers["ETag"] = tag
        wanted = [t.strip() for t in (request.headers.get("If-None-Match") or "").split(",")]
        if tag in wanted or tag[2:] in wanted:
            answer.status = 304
            answer.body = None
            self.limits.give_back(request, answer)

    # -- git

    def git_user(self, request):
        header = request.headers.get("Authorization") or ""
        kind, _, rest = header.partition(" ")
        if kind.lower() == "basic":
            name, _, word = base64.b64decode(rest + "==").decode("utf-8", "replace").partition(":")
            tokens = [word, name]
        elif kind.lower() in ("bearer", "token"):
            tokens = [rest]
        else:
            return None
        for text in tokens:
            token = self.world.tokens.get(text)
            if token and not (token.expires and token.expires <= self.world.now()):
                return token
        self.violation("token", "git with a token of nobody", request)
        return None

    def git(self, request, path, rest):
        fault = self.faults.take(request.method + " " + request.path, b"")
        if fault and fault.before:
            fault.before()
        if fault and fault.instead:
            return fault.instead(request, self), fault
        token = self.git_user(request)
        project = self.world.projects.get(path.lower())
        writes = "git-receive-pack" in rest or "service=git-receive-pack" in request.query_text
        if project is None or (project.private and token is None) or (writes and token is None):
            return Answer(401, b"", {"WWW-Authenticate": 'Basic realm="forge"'}), fault
        request.user, request.token = (token.user, token) if token else (None, None)
        if token and not self.world.may(project, token.user, "write" if writes else "read"):
            return Answer(403, b"Write access to repository not granted.\n"), fault
        if writes and not self.forge.may_push(token):
            return Answer(403, b"The token may not write contents.\n"), fault
        data = request.data
        extra = {}
        if token:
            extra["FAKE_PROTECTED"] = "\n".join(
                b for b, rules in project.protection.items() if rules.pushers is not None
                and token.user.login not in rules.pushers)
            extra["FAKE_NO_WORKFLOWS"] = "" if self.forge.may_workflows(token) else "1"
        status, headers, body = repo.smart_http(
            self.world.folder + "/git", request.method, "/" + project.path + ".git/" + rest, request.query_text,
            request.headers, data, token.user.login if token else None, extra)
        if rest == "git-receive-pack":
            with self.world.lock:
                self.world.refs_moved(project, token.user)
                project.repo.pushed()
        if fault and fault.after:
            fault.after()
        return Answer(status, body, headers), fault


GIT = re.compile(r"/(?P<path>.+?)(?:\.git)?/(?P<rest>info/refs|git-upload-pack|git-receive-pack)\Z")


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *args):
        pass


def handler(control):
    class Handler(Quiet):
        def read_body(self):
            if self.headers.get("Transfer-Encoding", "") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            data = b""
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                data += self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    return data

        def serve(self):
            request = Request(self.command, self.path, self.headers, self.read_body())
            server = control.server
            with server.log_lock:
                server.active += 1
                server.most_active = max(server.active, server.most_active)
            try:
                self.dispatch(server, request)
            finally:
                with server.log_lock:
                    server.active -= 1

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = serve

        def dispatch(self, server, request):
            git = GIT.match(request.path)
            if git:
                answer, fault = server.git(request, urllib.parse.unquote(git["path"]), git["rest"])
                self.finish_with(server, request, answer, "git", fault)
                return
            path = server.forge.strip(request.path)
            if path is None:
                server.violation("path", "not below the API", request)
                answer, fault = Answer(404, server.forge.not_found), None
            else:
                answer, fault = server.answer(request, path)
            sort = "unchanged" if answer.status == 304 else server.forge.sort(request, path)
            self.finish_with(server, request, answer, sort, fault)

        def finish_with(self, server, request, answer, sort, fault):
            body = answer.body
            kind = None
            if body is None:
                body = b""
            elif not isinstance(body, bytes):
                body, kind = json.dumps(body).encode(), server.forge.content_type
            server.log(request, answer, sort, fault.name if fault else None)
            if fault and fault.body:
                # The tag of a body is not that of another one.
                if not fault.tagged:
                    answer.headers.pop("ETag", None)
                body = fault.body(body)
            if fault and fault.cut:
                fault.cut()
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(answer.status)
            headers = dict(answer.headers)
            if kind and "Content-Type" not in headers:
                headers["Content-Type"] = kind
            for name, value in headers.items():
                if name.lower() != "content-length":
                    self.send_header(name, value)
            if answer.status not in (204, 304):
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if answer.status not in (204, 304) and self.command != "HEAD":
                self.send_body(body, fault)

        def send_body(self, body, fault):
            try:
                if fault and fault.slow:
                    for byte in body:
                        self.wfile.write(bytes([byte]))
                        self.wfile.flush()
                        fault.slow()
                else:
                    self.wfile.write(body)
            except OSError:
                self.close_connection = True

    return Handler


class Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        import sys
        import traceback
        if isinstance(sys.exc_info()[1], OSError):
            return
        self.failed.append(traceback.format_exc())
        traceback.print_exc()


def listen(handler_class, failed, host="127.0.0.1"):
    http = Http((host, 0), handler_class)
    http.failed = failed
    threading.Thread(target=http.serve_forever, daemon=True).start()
    return http.server_address[1]


def canary(control):
    """Another host: whoever asks it is written down; a credential there is a violation."""
    class Handler(Quiet):
        def serve(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, self.headers, b"")
            server = control.server
            server.faults.canary.append(request.method + " " + self.path)
            for name in ("Authorization", "Private-Token", "Job-Token", "Cookie"):
                if self.headers.get(name):
                    server.violation("other host", "a credential on another host: " + name, request)
            texts = [t for t in server.world.tokens if t in self.path or any(t in v for v in self.headers.values())]
            if texts:
                server.violation("other host", "a token on another host", request)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = serve

    return Handler


def write_port(folder, **ports):
    part = folder + "/ports.part"
    with open(part, "w", encoding="utf-8") as out:
        for name, port in ports.items():
            out.write("%s=%s\n" % (name, port))
    os.rename(part, folder + "/ports")
