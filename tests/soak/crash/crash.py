#!/usr/bin/env python3
"""Kill every verb that writes at each call that changes something, and fail
each such call; then start it again, and the end must be the same.

Usage: tests/soak/crash/crash.py [--build DIR] [--seed N] [--sample N]
           [--minutes N] [-j N] [--only WORD] [--replay CASE] [--list]

A scene is a repository, a verb, and how a person would go on after trouble.
The undisturbed run gives the end that every other one must reach.  A case is
"SCENE/ACTION/N": the Nth changing call over the verb's whole tree of
processes (strike.c) meets

    kill       the calling process is killed
    killall    all of them are: the machine is gone
    EIO        the call fails once
    ENOSPC     this call and all later ones fail: the disk is full

What must hold: after a kill, what was answered is there; no process outlives
the verb; the next start, unaided, reaches the same end: refs, trees, tasks,
records, notes, nothing left over, and git fsck has no complaint.  After an
error: one line, a documented exit status, refs as before or as they are to
be, and no success where an fsync failed.

With --sample each scene gives that many cases, chosen by the seed, which is
printed; without it all cases run, and again with every repetition until the
minutes are over.  Exit 1 when one case was violated; each is printed so that
--replay can show it again.
"""
import argparse
import concurrent.futures
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
ACTIONS = ('kill', 'killall', 'EIO', 'ENOSPC')
DATE = '1767225600'

POLICY = '''version: 1
base: main
agent: writer
agents:
  writer: {kind: command, command: [sh, -c, "echo made >made"]}
gates: {suite: {run: "test -e README"}}
'''
BARE_POLICY = POLICY.replace('gates:', 'sandbox: {mode: none}\ngates:', 1)


BEGIN = """
git init -q --template= . && mkdir -p .git/info && echo sample >README
mkdir .factory && cat >.factory/config.yml <<'P'
%sP
git add -A && git commit -qm Begin && git factory init >/dev/null
"""
READY = BEGIN % POLICY + """
git factory task add First >/dev/null 2>&1
git factory task add Second >/dev/null 2>&1
"""
# A clone of hub.git that changed what another clone changed and pushed meanwhile.
SHARED = BEGIN % POLICY + """
echo hub.git >>.git/info/exclude
git init -q --bare --template= -b main hub.git
git remote add origin hub.git && git config --unset-all remote.origin.fetch
git config factory.remote origin && git push -q origin main
git factory task add First >/dev/null 2>&1
git factory sync -q
git clone -q --template= hub.git other && cd other
git config factory.remote origin && git factory sync -q
git factory task edit -p 0 $(id First) >/dev/null
git factory sync -q
cd .. && rm -rf other
git factory task edit -l red $(id First) >/dev/null
git factory task add Second >/dev/null 2>&1
"""
DELIVERED = READY + "git factory run -q $(id First) >/dev/null 2>&1\n"
# Long ago: what was tried then is over age; and a run whose process is gone.
SWEPT = BEGIN % POLICY.replace('gates:', '  sleeper: {kind: command, command: [sleep, "60"]}\ngates:') + """
git factory task add First >/dev/null 2>&1
git factory task add Second >/dev/null 2>&1
GIT_FACTORY_DATE=1760000000 git factory run -q $(id First) >/dev/null 2>&1
GIT_FACTORY_DATE=1760000000 git factory pr merge 1 >/dev/null 2>&1
timeout -s KILL 2 git-factory run -q --agent sleeper $(id Second) >/dev/null 2>&1 || :
mkdir -p .git/factory/setup/deadbeef && : >.git/factory/setup/deadbeef.lock
mkdir -p .git/factory/base/1/files .git/factory/base/1/git && echo x >.git/factory/base/1/files/x
echo 'tree 1111111111111111111111111111111111111111' >.git/factory/base/1/state && : >.git/factory/base/1/lock
touch -d 2020-01-01 .git/factory/setup/deadbeef.lock .git/factory/base/1/lock
"""
# How a person names a task.
HELP = """
LOCKS='.git/index.lock .git/HEAD.lock .git/ORIG_HEAD.lock .git/refs/heads/main.lock'
id() { git factory task list --all --json | jq -r --arg t "$1" '.[] | select(.title == $t) | .id'; }
state() { git factory task show --json "$1" | jq -r .state; }
pull() { git factory pr show --json "$1" | jq -r .state; }
"""

# name: the repository, the verb, and how a person goes on after it was cut
# short (None: the verb again). {First} stands for the id of that task.
SCENES = {
    'init': ('git init -q --template= . && echo sample >README && git add -A && git commit -qm Begin',
             'git-factory init', None),
    'add': (READY, 'git-factory task add -l new Third', '[ -n "$(id Third)" ] || {verb}'),
    'edit': (READY, 'git-factory task edit -p 0 -l red --title Urgent {First}', None),
    'dep': (READY, 'git-factory task dep {Second} {First}', None),
    'close': (READY, 'git-factory task close -m over {First}', '{verb} || [ "$(state {First})" = closed ]'),
    'inbox': (READY + """
git worktree add -q ../view factory-state && cd ../view
f=$(grep -l Second -r tasks) && echo 'Told by hand.' >>"$f" && git commit -qam 'By hand'
cd "$OLDPWD" && git worktree remove --force ../view
""", 'git-factory task edit -p 1 {First}', None),
    'status': (READY + 'rm -f .git/factory/cache.db', 'git-factory status', None),
    'hook': (READY, 'git-factory hook install', None),
    'unhook': (READY + 'git factory hook install >/dev/null', 'git-factory hook remove', '{verb} || [ ! -e .git/hooks/pre-push ]'),
    'gate': (READY, 'git-factory gate', None),
    'run': (READY, 'git-factory run {First}', None),
    'gc': (SWEPT, 'git-factory gc', None),
    # Where git itself died or failed in the checkout, a person does what it
    # says: remove its lock, or the files that it wrote and did not record.
    'merge': (DELIVERED, 'git-factory pr merge 1', """
        out=$({verb} 2>&1) || case $out in
        *.lock*exists*) rm -f $LOCKS; {verb} || { git clean -fdq; {verb}; } ;;
        *'would be overwritten'*) git clean -fdq; {verb} ;;
        esac || [ "$(pull 1)" = merged ]
        rm -f $LOCKS
    """),
    # Where it was the remote's own process that was killed, somebody removes
    # its locks over there.
    'sync': (SHARED, 'git-factory sync', "{verb} || { find hub.git -name '*.lock' -delete; {verb}; }"),
    'refuse': (DELIVERED, 'git-factory pr close 1', '{verb} || [ "$(pull 1)" = closed ]'),
}


HEX = re.compile(rb'\b[0-9a-f]{40}\b')
# Of a run's record: what a clock or a process number made.
TIMES = re.compile(rb'("ms": |"name": "ms",\s*"value": )[0-9]+')


# What 'git factory gc' takes away by age: a file that was being replaced, a run
# that never began, files of a workspace of the second kind, an emptied slot.
WASTE = re.compile(r'\.[a-z2-7]{8}\.tmp$|^\S+ \.git/factory/(runs/[a-z2-7]{8}|pool|base/1)(/|$)')


class Repo:
    """A repository as it is, without what differs from run to run."""

    def __init__(self, path):
        self.path = path
        self.cat = subprocess.Popen(['git', '-C', path, 'cat-file', '--batch'],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        out = subprocess.run(['git', '-C', path, 'for-each-ref', '--format=%(objectname) %(refname)'],
                             stdout=subprocess.PIPE, check=True).stdout
        self.refs = {line[41:].decode(): line[:40].decode() for line in out.splitlines()}

    def close(self):
        self.cat.stdin.close()
        self.cat.wait()

    def object(self, name):
        self.cat.stdin.write(name.encode() + b'\n')
        self.cat.stdin.flush()
        head = self.cat.stdout.readline().split()
        if len(head) != 3:
            raise LookupError(name)
        data = self.cat.stdout.read(int(head[2]))
        self.cat.stdout.read(1)
        return head[1].decode(), data

    def files(self, tree, under=''):
        """(path, mode, object id) of every blob below a tree."""
        data = self.object(tree)[1]
        while data:
            head, rest = data.split(b'\0', 1)
            mode, name = head.split(b' ', 1)
            oid, data = rest[:20].hex(), rest[20:]
            path = under + name.decode('utf-8', 'surrogateescape')
            if mode == b'40000':
                yield from self.files(oid, path + '/')
            else:
                yield path, mode.decode(), oid

    def commit(self, oid):
        kind, data = self.object(oid)
        if kind != 'commit':
            raise LookupError(oid + ' is a ' + kind)
        head, message = data.split(b'\n\n', 1) if b'\n\n' in data else (data, b'')
        tree = [line[5:].decode() for line in head.split(b'\n') if line.startswith(b'tree ')][0]
        return tree, message

    def names(self):
        """What stands for the ids and object names of this repository."""
        names = {}
        state = self.refs.get('refs/factory/state')
        blobs = list(self.files(self.commit(state)[0])) if state else []
        for path, _, oid in blobs:
            m = re.match(r'(?:tasks|archive)/././([a-z2-7]{8})\.md$', path)
            if m:
                title = re.search(rb'^(?:title: |# )(.*)$', self.object(oid)[1], re.M)
                names[m.group(1).encode()] = b'<' + (title.group(1) if title else b'?') + b'>'
        runs = []
        for path, _, oid in blobs:
            m = re.match(r'runs/././([a-z2-7]{8})\.json$', path)
            if m:
                record = json.loads(self.object(oid)[1])
                runs.append((names.get(record['task'].encode(), b'?'), record.get('attempt', 0), m.group(1).encode()))
        for task, attempt, run in sorted(runs):
            names[run] = b'<run %d of %s>' % (attempt, task)
        for ref in sorted(self.refs, reverse=True):
            names[self.refs[ref].encode()] = b'@' + ref.encode()
        return names

    def normal(self):
        names = self.names()
        words = re.compile(b'|'.join(sorted(map(re.escape, names), key=len, reverse=True)) or rb'(?!)')

        def plain(data):
            for _ in range(2):
                data = words.sub(lambda m: names[m.group(0)], data)
            return TIMES.sub(rb'\g<1>0', HEX.sub(b'#', data)).decode('utf-8', 'replace')

        lines = []
        for ref, oid in self.refs.items():
            kind = self.object(oid)[0]
            if kind != 'commit':
                lines.append(plain(ref.encode()) + ' is a ' + kind)
                continue
            tree, message = self.commit(oid)
            ours = ref.startswith('refs/factory/') or ref in ('refs/heads/factory-state', 'refs/notes/factory')
            if not ours or ref.startswith('refs/factory/attempts/'):
                lines.append(plain(ref.encode()) + ' ' + tree + ' ' + repr(plain(message)))
                continue
            for path, mode, blob in self.files(tree):
                data = self.object(blob)[1]
                if ref == 'refs/notes/factory':
                    path = plain(path.replace('/', '').encode())
                    data = '\n'.join(sorted(plain(data).split('\n'))).encode()
                lines.append(plain(ref.encode()) + ' ' + plain(re.sub(r'/././', '/', path).encode()) +
                             ' ' + mode + ' ' + repr(plain(data)))
            lines.append(plain(ref.encode()))
        return sorted(lines + self.left(plain))

    def left(self, plain):
        """What lies about: locks, folders of runs, the checkout."""
        out = []
        for top, folders, files in os.walk(os.path.join(self.path, '.git')):
            rel = os.path.relpath(top, self.path)
            folders[:] = [d for d in folders if os.path.join(rel, d) not in ('.git/objects', '.git/logs')]
            for f in files:
                path = os.path.join(rel, f)
                if not re.search(r'cache\.db|COMMIT_EDITMSG|ORIG_HEAD|/index$|^\.git/refs/', path) or path.endswith('.lock'):
                    out.append('file ' + plain(path.encode()))
            if rel.startswith('.git/factory'):
                out += ['folder ' + plain(os.path.join(rel, d).encode()) for d in folders]
        out = [line for line in out if not WASTE.search(line)]
        status = subprocess.run(['git', '-C', self.path, 'status', '--porcelain', '-b'], stdout=subprocess.PIPE, check=True)
        return out + ['status ' + s for s in status.stdout.decode().splitlines()]


def normal(path):
    repo = Repo(path)
    try:
        return repo.normal()
    finally:
        repo.close()


class Violation(Exception):
    pass


class Scene:
    def __init__(self, name, work, strike):
        self.name, self.work, self.strike = name, work, strike
        self.setup, self.verb, self.again = SCENES[name]
        self.template = os.path.join(work, name, 'repo')
        self.serial = 0
        self.lock = threading.Lock()

    def prepare(self):
        os.makedirs(self.template)
        shell(HELP + 'set -e\n' + self.setup, self.template)
        tasks = subprocess.run(['git-factory', 'task', 'list', '--all', '--json'], cwd=self.template,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout if self.name != 'init' else b'[]'
        for t in json.loads(tasks):
            self.verb = self.verb.replace('{' + t['title'] + '}', t['id'])
            if self.again:
                self.again = self.again.replace('{' + t['title'] + '}', t['id'])
        self.again = (self.again or '{verb}').replace('{verb}', self.verb)
        self.before = normal(self.template)
        with Copy(self) as c:
            status, _, err, seen = c.run(0, 'kill')
            if status != 0:
                raise SystemExit('%s: the undisturbed verb ends with %d: %s' % (self.name, status, err))
            self.calls = [line.split(' ', 2)[2] for line in seen if line.startswith('call ')]
            self.after = [normal(c.path)]
            # Done, and done again by whoever did not know.
            if subprocess.run(['sh', '-c', HELP + self.again], cwd=c.path, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
                self.after.append(normal(c.path))

    def cases(self, actions):
        return ['%s/%s/%d' % (self.name, a, n) for a in actions for n in range(1, len(self.calls) + 1)]

    def case(self, action, n):
        with Copy(self) as c:
            status, out, err, seen = c.run(n, action)
            what = ' '.join(line for line in seen if not line.startswith('call'))
            left = [line for line in seen if line.startswith('left')]
            if 'hung' in seen:
                raise Violation('it hangs: ' + what)
            if left:
                raise Violation('a process outlives it: ' + '; '.join(left))
            if action in ('EIO', 'ENOSPC'):
                self.after_error(c, status, err, seen, what)
            elif self.name == 'add' and out.strip():
                self.acknowledged(c, out.split()[-1].decode())
            shell(HELP + self.again, c.path, 'starting it again', quiet=True)
            c.same(self.after, what)
            fsck = subprocess.run(['git', '-C', c.path, 'fsck', '--no-dangling', '--no-progress'],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if fsck.returncode != 0:
                raise Violation('git fsck: ' + fsck.stdout.decode('utf-8', 'replace') + what)

    def acknowledged(self, c, task):
        if subprocess.run(['git-factory', 'task', 'show', task], cwd=c.path, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode != 0:
            raise Violation('task %s was answered, and is not there' % task)

    def after_error(self, c, status, err, seen, what):
        err = err.decode('utf-8', 'replace')
        if 'missed' in seen:
            return
        if status not in (0, 1, 128, 130):
            raise Violation('exit status %d: %s %s' % (status, err, what))
        if status != 0 and len(re.findall(r'^(?:fatal|error): ', err, re.M)) != 1:
            raise Violation('not one line of error: %r %s' % (err, what))
        if status == 0 and re.search(r'^struck (fsync|fdatasync|sync_file_range)', '\n'.join(seen), re.M):
            raise Violation('success, though an fsync failed: ' + what)
        if status == 0:
            c.same(self.after, 'success is said; ' + what, loose=True)


class Copy:
    """One repository for one case."""

    def __init__(self, scene):
        self.scene = scene
        with scene.lock:
            scene.serial += 1
            self.top = os.path.join(scene.work, scene.name, 'case%d' % scene.serial)
        # Its own folder: a linked worktree or a slot may lie beside it.
        self.path = os.path.join(self.top, 'repo')

    def __enter__(self):
        os.mkdir(self.top)
        subprocess.run(['cp', '-a', self.scene.template, self.path], check=True)
        return self

    def __exit__(self, *exc):
        subprocess.run(['rm', '-rf', self.top], stderr=subprocess.DEVNULL)

    def run(self, n, action):
        note = os.path.join(self.top, 'strike')
        argv = [self.scene.strike, '-r', self.path, '-o', note, '-n', str(n), '-a', action]
        argv += {'ENOSPC': ['-s'], 'EIO': []}.get(action, ['-m'])
        p = subprocess.run(argv + ['--'] + self.scene.verb.split(), cwd=self.path,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with open(note, errors='replace') as f:
            return p.returncode, p.stdout, p.stderr, f.read().splitlines()

    def same(self, wanted, what, loose=False):
        got = normal(self.path)
        if self.scene.name == 'run':
            got, *wanted = (one_attempt(x) for x in (got, *wanted))
        if loose:
            # Waste that an error left is the next start's to clear away.
            got, *wanted = ([s for s in x if not s.startswith(('file ', 'folder '))] for x in (got, *wanted))
        if got not in wanted:
            wanted = min(wanted, key=lambda w: len(set(w) ^ set(got)))
            raise Violation('another end: %s\n%s' % (what, '\n'.join(difference(wanted, got))))


def one_attempt(lines):
    """As if the attempt that delivered had been the only one, and its first."""
    lines = [s for s in lines if ' runs/' not in s or '"outcome": "delivered"' in s]
    return sorted({re.sub(r'<run \d+ of', '<run 1 of', re.sub(
        r'((?:iterations|attempts?)"?: |, )\d+( iterations?)?', r'\g<1>1', s)) for s in lines})


def difference(wanted, got):
    less, more = [s for s in wanted if s not in got], [s for s in got if s not in wanted]
    for a in list(less):
        # The same file with other content: the place where it begins to differ.
        b = next((x for x in more if x.split(" '")[0] == a.split(" '")[0] and " '" in a), None)
        if b:
            less.remove(a)
            more.remove(b)
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            yield '  ~ %s: %r is %r' % (a.split(" '")[0], a[max(0, at - 30):at + 60], b[max(0, at - 30):at + 60])
    yield from ['  - ' + s[:300] for s in less] + ['  + ' + s[:300] for s in more]


def shell(script, where, what='setting up', quiet=False):
    p = subprocess.run(['sh', '-c', script], cwd=where, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if p.returncode != 0:
        raise Violation('%s ends with %d: %s' % (what, p.returncode, p.stdout.decode('utf-8', 'replace')))
    return p.stdout


def environment(build, work):
    home = os.path.join(work, 'home')
    os.makedirs(home)
    keep = {k: v for k, v in os.environ.items() if k in ('PATH', 'TMPDIR', 'ASAN_OPTIONS', 'UBSAN_OPTIONS')}
    os.environ.clear()
    os.environ.update(keep, HOME=home, XDG_CONFIG_HOME=home + '/.config', LC_ALL='C', TZ='UTC', TERM='dumb',
                      GIT_CONFIG_NOSYSTEM='1', GIT_CEILING_DIRECTORIES=work, GIT_TERMINAL_PROMPT='0',
                      GIT_AUTHOR_DATE=DATE + ' +0000', GIT_COMMITTER_DATE=DATE + ' +0000', GIT_FACTORY_DATE=DATE,
                      PATH=build + ':' + keep.get('PATH', '/usr/bin:/bin'))
    for key, value in (('user.name', 'Ada Tester'), ('user.email', 'ada@example.org'),
                       ('init.defaultBranch', 'main'), ('gc.auto', '0')):
        subprocess.run(['git', 'config', '--global', key, value], check=True)


def run_case(scenes, case):
    name, action, n = case.split('/')
    try:
        scenes[name].case(action, int(n))
    except Violation as v:
        return case, str(v)
    return None


def arguments():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument('--build', default=os.path.join(TOP, 'build'))
    p.add_argument('--seed', type=int, default=random.randrange(1 << 31))
    p.add_argument('--sample', type=int, default=0)
    p.add_argument('--minutes', type=float, default=0)
    p.add_argument('-j', type=int, default=2)
    p.add_argument('--only', default='')
    p.add_argument('--actions', default=','.join(ACTIONS))
    p.add_argument('--replay')
    p.add_argument('--list', action='store_true')
    return p.parse_args()


def choose(args, scenes):
    cases, dice = [], random.Random(args.seed)
    for s in scenes.values():
        mine = s.cases(args.actions.split(','))
        cases += dice.sample(mine, min(args.sample, len(mine))) if args.sample else mine
    dice.shuffle(cases)
    return cases


def play(args, scenes, cases):
    """Every case once, or what fits into the minutes; then the violations."""
    end = time.monotonic() + args.minutes * 60 if args.minutes else None
    bad, done = [], 0
    with concurrent.futures.ThreadPoolExecutor(args.j) as pool:
        while True:
            waiting = set()
            for case in cases:
                if end and time.monotonic() > end:
                    break
                if len(waiting) >= 4 * args.j:
                    ready, waiting = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
                    bad += [r.result() for r in ready if r.result()]
                waiting.add(pool.submit(run_case, scenes, case))
                done += 1
            bad += [r.result() for r in concurrent.futures.wait(waiting).done if r.result()]
            if not end or time.monotonic() > end:
                return bad, done


def main():
    args = arguments()
    build = os.path.abspath(args.build)
    shm = '/dev/shm' if os.access('/dev/shm', os.W_OK | os.X_OK) and 'TMPDIR' not in os.environ else None
    work = os.path.realpath(tempfile.mkdtemp(prefix='factory-crash.', dir=shm))
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, lambda *_: sys.exit(130))
    try:
        environment(build, work)
        names = [args.replay.split('/')[0]] if args.replay else [n for n in SCENES if args.only in n]
        scenes = {n: Scene(n, work, os.path.join(build, 'tests/soak/strike')) for n in names}
        for s in scenes.values():
            s.prepare()
        cases = [args.replay] if args.replay else choose(args, scenes)
        if args.list:
            for s in scenes.values():
                print('%s: %d calls' % (s.name, len(s.calls)), *s.calls, sep='\n  ')
            return 0
        bad, done = play(args, scenes, cases)
    finally:
        subprocess.run(['rm', '-rf', work])
    for case, why in bad:
        print('violated: %s\n  %s\n  again: tests/soak/crash/crash.py --replay %s' % (case, why.replace('\n', '\n  '), case))
    print('crash: %d cases of %d scenes, seed %d, %d violated' % (done, len(scenes), args.seed, len(bad)))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
