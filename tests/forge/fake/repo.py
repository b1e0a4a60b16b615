"""Bare repositories: what a forge does in them, and git's own smart HTTP.

What follows from commits alone is asked of git once; branches are read from
their files, for a test spends most of its time in starting programs.
"""
import functools
import os
import re
import subprocess
import tempfile

PATH = os.environ["PATH"]
ENV = {"PATH": PATH, "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "LC_ALL": "C"}
PULL_REF = {"gitlab": "refs/merge-requests/%d/head"}

# What a forge's own hooks refuse: a protected branch, a workflow without the right.
HOOK = """#!/bin/sh
while read -r old new ref; do
	branch=${ref#refs/heads/}
	if [ -n "$FAKE_PROTECTED" ] && printf '%s\\n' "$FAKE_PROTECTED" | grep -qxF -e "$branch"; then
		echo "GH006: Protected branch update failed for $ref." >&2
		exit 1
	fi
	case $new in *[!0]*) ;; *) continue ;; esac
	if [ -n "$FAKE_NO_WORKFLOWS" ] && git diff-tree -r --name-only "$(git rev-parse HEAD)" "$new" 2>/dev/null |
		grep -q '^[.]github/workflows/'; then
		echo 'refusing to allow a Personal Access Token to create or update workflow without `workflow` scope' >&2
		exit 1
	fi
done
"""


WHOLE = re.compile(r"[0-9a-f]{40}\Z")


def by_commits(function):
    """The same answer for the same commits, by their whole names."""
    @functools.wraps(function)
    def asked(self, *shas):
        if not all(WHOLE.match(sha) for sha in shas):
            return function(self, *shas)
        key = (function.__name__, *shas)
        if key not in self.known:
            self.known[key] = function(self, *shas)
        return self.known[key]
    return asked


class Repo:
    def __init__(self, folder, parent=None):
        self.folder = folder
        self.known = {}
        self.pushes = 0
        self.packed = 0, {}
        self.tamper = None
        os.makedirs(folder)
        run(["git", "init", "-q", "--bare", "--template=", "-b", "main", folder])
        self.git("config", "http.receivepack", "true")
        self.git("config", "receive.autogc", "false")
        if parent:
            self.fetch_from(parent)
            self.git("fetch", "-q", parent.folder, "refs/heads/*:refs/heads/*")
        hook = folder + "/hooks/pre-receive"
        os.makedirs(folder + "/hooks", exist_ok=True)
        with open(hook, "w", encoding="utf-8") as out:
            out.write(HOOK)
        os.chmod(hook, 0o755)

    def git(self, *args, check=True, env=None, data=None):
        done = run(["git", "-C", self.folder, *args], check=check, env=env, data=data)
        return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None

    def branch(self, name):
        return self.ref("refs/heads/" + name)

    def ref(self, name):
        """None when there is none."""
        try:
            with open(self.folder + "/" + name, encoding="ascii") as ref:
                return ref.read().strip()
        except OSError:
            return self.packed_refs().get(name)

    def packed_refs(self):
        try:
            with open(self.folder + "/packed-refs", encoding="utf-8") as packed:
                when = os.fstat(packed.fileno()).st_mtime_ns
                if when != self.packed[0]:
                    lines = (line.split() for line in packed if line[0] not in "#^")
                    self.packed = when, {name: sha for sha, name in lines}
        except OSError:
            return {}
        return self.packed[1]

    def pushed(self):
        """A forge keeps its repositories in order, or each push costs more than the one before."""
        self.pushes += 1
        if self.pushes % 100 == 0:
            self.git("repack", "-q", "-d")
            self.git("pack-refs", "--all")

    def branches(self):
        listed = self.git("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads")
        return [line.rsplit(" ", 1) for line in listed.splitlines()]

    def is_commit(self, sha):
        if sha not in self.known:
            found = self.git("rev-parse", "--verify", "-q", sha + "^{commit}", check=False)
            if found != sha:
                return found
            self.known[sha] = sha
        return sha

    def delete_branch(self, name):
        self.git("update-ref", "-d", "refs/heads/" + name)

    def set_branch(self, name, sha):
        self.git("update-ref", "refs/heads/" + name, sha)

    def set_pull_ref(self, kind, number, sha):
        self.git("update-ref", PULL_REF.get(kind, "refs/pull/%d/head") % number, sha)

    def fetch_from(self, other):
        self.git("fetch", "-q", other.folder, "+refs/heads/*:refs/factory-fake/*")
        for line in self.git("for-each-ref", "--format=%(refname)", "refs/factory-fake").splitlines():
            self.git("update-ref", "-d", line)

    @by_commits
    def contains(self, sha, part):
        return run(["git", "-C", self.folder, "merge-base", "--is-ancestor", part, sha], check=False).returncode == 0

    @by_commits
    def count(self, base, head):
        return int(self.git("rev-list", "--count", base + ".." + head))

    @by_commits
    def commits(self, base, head):
        return self.git("rev-list", "--reverse", base + ".." + head).split()

    @by_commits
    def commit(self, sha):
        """Tree, parents, author, e-mail, time, message."""
        text = self.git("show", "-s", "--format=%T%n%P%n%an%n%ae%n%at%n%B", sha)
        tree, parents, name, mail, when, message = text.split("\n", 5)
        return {"tree": tree, "parents": parents.split(), "name": name, "mail": mail, "when": int(when),
                "message": message}

    @by_commits
    def files(self, base, head):
        """Status and path of what differs from the merge base."""
        listed = self.git("diff", "--name-status", "--no-renames", base + "..." + head)
        return [line.split("\t", 1) for line in listed.splitlines()]

    @by_commits
    def lines(self, base, head):
        added = removed = 0
        for line in self.git("diff", "--numstat", base + "..." + head).splitlines():
            plus, minus, _ = line.split("\t", 2)
            added += int(plus) if plus != "-" else 0
            removed += int(minus) if minus != "-" else 0
        return added, removed

    def merges(self, base, head):
        return self.merged_tree(base, head) is not None

    @by_commits
    def merged_tree(self, base, head):
        said = self.git("merge-tree", "--write-tree", base, head, check=False)
        return said.split("\n")[0] if said else None

    def write_file(self, branch, path, text, title, who):
        """One commit on a branch; the branch need not be there."""
        with tempfile.TemporaryDirectory() as folder:
            env = identity(who)
            env["GIT_INDEX_FILE"] = folder + "/index"
            tip = self.branch(branch) or self.branch("main")
            self.git("read-tree", tip, env=env)
            blob = self.git("hash-object", "-w", "--stdin", data=text.encode())
            self.git("update-index", "--add", "--cacheinfo", "100644,%s,%s" % (blob, path), env=env)
            tree = self.git("write-tree", env=env)
            sha = self.git("commit-tree", tree, "-p", tip, "-m", title, env=env)
        self.set_branch(branch, sha)
        return sha

    def merge(self, base, head, method, title, message, who):
        tip = self.branch(base)
        text = title + ("\n\n" + message if message else "")
        env = identity(who)
        if method == "rebase":
            sha = self.rebase(tip, head, env)
        elif method == "fast-forward":
            sha = head
        else:
            parents = ["-p", tip] + (["-p", head] if method == "merge" else [])
            sha = self.git("commit-tree", self.tree_to_land(tip, head), *parents, "-m", text, env=env)
        self.git("update-ref", "refs/heads/" + base, sha, tip)
        return sha

    def tree_to_land(self, tip, head):
        """Of the merge, and what a server's own merge driver or hook puts beside it."""
        tree = self.merged_tree(tip, head)
        if self.tamper is None:
            return tree
        (path, text), self.tamper = self.tamper, None
        with tempfile.TemporaryDirectory() as folder:
            env = {"GIT_INDEX_FILE": folder + "/index"}
            self.git("read-tree", tree, env=env)
            blob = self.git("hash-object", "-w", "--stdin", data=text.encode())
            self.git("update-index", "--add", "--cacheinfo", "100644,%s,%s" % (blob, path), env=env)
            return self.git("write-tree", env=env)

    def rebase(self, tip, head, env):
        with tempfile.TemporaryDirectory() as folder:
            self.git("worktree", "add", "-q", "--detach", folder + "/w", tip)
            work = ["git", "-C", folder + "/w"]
            commits = self.git("rev-list", "--reverse", "--no-merges", tip + ".." + head).split()
            run(work + ["cherry-pick", "--allow-empty", *commits], env=env)
            sha = run(work + ["rev-parse", "HEAD"]).stdout.decode().strip()
            self.git("worktree", "remove", "--force", folder + "/w")
        return sha


def identity(who):
    mail = who.login + "@forge.example"
    return {
        "GIT_AUTHOR_NAME": who.name, "GIT_AUTHOR_EMAIL": mail,
        "GIT_COMMITTER_NAME": who.name, "GIT_COMMITTER_EMAIL": mail}


def run(args, check=True, env=None, data=None):
    return subprocess.run(
        args, input=data if data is not None else b"", env={**ENV, **(env or {})}, check=check,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if not check else subprocess.PIPE)


def smart_http(root, method, path, query, headers, data, user, extra):
    """git http-backend; (status, headers, body)."""
    env = {
        **ENV, "GIT_PROJECT_ROOT": root, "GIT_HTTP_EXPORT_ALL": "1", "REQUEST_METHOD": method, "PATH_INFO": path,
        "QUERY_STRING": query, "CONTENT_TYPE": headers.get("Content-Type") or "", "CONTENT_LENGTH": str(len(data)),
        "HTTP_CONTENT_ENCODING": headers.get("Content-Encoding") or "",
        "GIT_PROTOCOL": headers.get("Git-Protocol") or "", "REMOTE_ADDR": "127.0.0.1", **extra}
    if user:
        env["REMOTE_USER"] = user
    done = subprocess.run(
        ["git", "http-backend"], input=data, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    status, out = 200, []
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"status":
            status = int(value.split()[0])
        elif name:
            out.append((name.decode(), value.strip().decode()))
    return status, out, body
