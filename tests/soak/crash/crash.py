#!/usr/bin/env python3
"""Kill every verb that writes at each call that changes something, and fail
each such call; then start it again, and the end must be the same.

Usage: tests/soak/crash/crash.py [--build DIR] [--seed N] [--sample N]
           [--minutes N] [-j N] [--only WORD[,WORD]...] [--actions ACTION[,ACTION]...]
           [--calls EXPRESSION] [--places] [--counted FILE] [--replay CASE] [--list]

A scene (scenes.py) is a repository, a verb, and how a person would go on
after trouble.  The undisturbed run gives the end that every other one must
reach.  A case is "SCENE/ACTION/N": the Nth call, or allocation, over the
verb's whole tree of processes meets (and "SCENE/twice/N.M" the Mth of what
makes up for it)

  of the calls that change a file below the repository
    kill       the calling process is killed
    killall    all of them are: the machine is gone
    twice      killall, and once more while it is made up for
    EIO        the call fails once
    ENOSPC     this call and all later ones fail: the disk is full
  of those that read as well
    EINTR      a signal came
    short      half of the bytes are read or written
  of those that read only
    unread     EIO
  of those that make a descriptor, or a process
    EMFILE     none is left
    EAGAIN     nor can there be a process more
  of the allocations of git-factory and of each library that it opens (nomem.c)
    nomem      no memory, once
    nomore     nor later

What must hold: after a kill, what was answered is there; no process outlives
the verb; the next start, unaided, reaches the same end: refs, trees, tasks,
records, notes, nothing left over, and git fsck has no complaint.  Where one
process was killed, what the others say is true.  After an error: no crash, one
line, a documented exit status, refs as before or as they are to be, and no
success where an fsync failed.  A success that leaves something to do says what
(scenes.py, LEFT), and that alone makes the end.

With --sample each scene gives that many cases, chosen by the seed, which is
printed; without it all cases run, those that are rare among the first, and
again with every repetition until the minutes are over.  How many there were of
each scene and action is printed at the end.  --calls EXPRESSION chooses those
whose call, as --list prints it, matches.  --places: of the allocations of all
scenes that come from one place, by the same way through the callers, the first.
--counted: the cases that FILE has count, new ones are added to it, and those
that it has least often come first, before them those that were violated when
last played: so a long test is made in parts, and whatever ends one of them
loses nothing.  It is of one machine and one state of these files, and names the
program of each case.  Exit 1 when one case was violated; each is printed so
that --replay can show it again.
"""
import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import random
import re
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

sys.dont_write_bytecode = True
from scenes import ALONE, AT_ONCE, FAILED, GIT_SAYS, GONE_ON, HELP, LEFT, NODES, OTHERWISE, RUNS, SCENES, WORKED  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
# How strike.c does it.
ACTIONS = {
    'kill': '-a kill -k cs', 'killall': '-a killall -k cs', 'twice': '-a killall -k cs',
    'EIO': '-a EIO', 'ENOSPC': '-a ENOSPC -s', 'EINTR': '-a EINTR -k cr', 'short': '-a short -k cr',
    'unread': '-a EIO -k r', 'EMFILE': '-a EMFILE -k d', 'EAGAIN': '-a EAGAIN -k p', 'nomem': '', 'nomore': ''}
KILLS = ('kill', 'killall', 'twice')
DATE = '1767225600'
PLAN = struct.Struct('6q')  # what nomem.c begins with
PLACES = 1 << 20  # there is room for so many allocations

HEX = re.compile(rb'\b[0-9a-f]{40}\b')
# Of a run's record: what a clock or a process number made.
TIMES = re.compile(rb'("ms": ?|"name": ?"ms",\s*"value": ?)[0-9]+')
# A gate's answer that an attempt before had kept already.
KNOWN = re.compile(rb',\s*"known": ?\{[^{}]*\}')


# What 'git factory gc' takes away by age: a file that was being replaced, a run
# that never began, files of a workspace of the second kind, an emptied slot; and
# what was being fetched, which the next fetch does; and answers of gates, which
# save time, and what they say is looked at apart; and the folder of notes of pushes;
# and the folders in which, on ext4, files are begun without a name: nothing else is in them
# but a folder that was being made.
WASTE = re.compile(r'\.[a-z2-7]{8}\.tmp$|^\S+ \.git/factory/((runs/[a-z2-7]{8}|pool|base/1|net|gates)(/|$)|pushes$)'
                   r'|^folder \.git/factory/apart(/[0-9]+-[0-9]+(/making-[0-7]+)?)?$')


class Violation(Exception):
    pass


class Repo:
    """A repository as it is, without what differs from run to run.

    Read here as far as that can be done, for starting git costs more than all
    else: what is packed, and a checkout that was changed, git is asked about."""

    def __init__(self, path):
        self.path, self.cat, self.seen = path, None, {}
        self.git = os.path.join(path, '.git') if os.path.isdir(os.path.join(path, '.git')) else path
        self.refs = dict(self.packed())
        for top, _, files in os.walk(os.path.join(self.git, 'refs')):
            for f in files:
                if not f.endswith('.lock'):
                    self.loose(os.path.join(top, f))

    def packed(self):
        try:
            with open(os.path.join(self.git, 'packed-refs')) as f:
                return [(line[41:].rstrip('\n'), line[:40]) for line in f if line[0] not in '#^']
        except FileNotFoundError:
            return []

    def loose(self, path):
        with open(path) as f:
            text = f.read()
        name = os.path.relpath(path, self.git)
        if text.startswith('ref: '):
            text = subprocess.run(['git', '-C', self.path, 'rev-parse', name], stdout=subprocess.PIPE, check=True).stdout.decode()
        if not re.fullmatch('[0-9a-f]{40}\n', text):
            raise Violation('the ref %s holds %r' % (name, text))
        self.refs[name] = text[:40]

    def close(self):
        if self.cat:
            self.cat.stdin.close()
            self.cat.wait()

    def object(self, name):
        """LookupError: the repository lacks it."""
        if name not in self.seen:
            try:
                with open('%s/objects/%s/%s' % (self.git, name[:2], name[2:]), 'rb') as f:
                    whole = zlib.decompress(f.read())
                if hashlib.sha1(whole).hexdigest() != name:
                    raise Violation('the object %s is not what its name says' % name)
                head, data = whole.split(b'\0', 1)
                self.seen[name] = head.split()[0].decode(), data
            except FileNotFoundError:
                self.seen[name] = self.packed_object(name)
        return self.seen[name]

    def packed_object(self, name):
        if not self.cat:
            self.cat = subprocess.Popen(['git', '-C', self.path, 'cat-file', '--batch'],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.cat.stdin.write(name.encode() + b'\n')
        self.cat.stdin.flush()
        head = self.cat.stdout.readline().split()
        if len(head) != 3:
            raise LookupError('%s has no object %s (%r)' % (self.path, name, head))
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

    def plain_words(self):
        """What puts their names for them, and takes out what differs from run to run."""
        names = self.names()
        words = re.compile(b'|'.join(sorted(map(re.escape, names), key=len, reverse=True)) or rb'(?!)')

        def plain(data):
            for _ in range(2):
                data = words.sub(lambda m: names[m.group(0)], data)
            return KNOWN.sub(b'', TIMES.sub(rb'\g<1>0', HEX.sub(b'#', data))).decode('utf-8', 'replace')
        return plain

    def normal(self):
        plain = self.plain_words()
        lines = []
        for ref, oid in self.refs.items():
            # What the remote was last seen with: it is looked at itself.
            if ref.startswith('refs/factory/remote/'):
                continue
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
        if not os.path.isdir(os.path.join(self.path, '.git')):
            return out
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
        return out + ['status ' + s for s in (['## main'] if self.clean() else self.status())]

    def status(self):
        done = subprocess.run(['git', '-C', self.path, 'status', '--porcelain', '-b'], stdout=subprocess.PIPE, check=True)
        return done.stdout.decode().splitlines()

    def clean(self):
        """On main, which follows nothing; index and files are its tree's, and there is no other file."""
        with open(os.path.join(self.git, 'HEAD')) as f, open(os.path.join(self.git, 'config')) as g:
            if f.read() != 'ref: refs/heads/main\n' or '[branch' in g.read() or 'refs/heads/main' not in self.refs:
                return False
        tree = {p: (m, o) for p, m, o in self.files(self.commit(self.refs['refs/heads/main'])[0])}
        return self.index() == tree == dict(self.checkout())

    def index(self):
        try:
            with open(os.path.join(self.git, 'index'), 'rb') as f:
                data = f.read()
        except FileNotFoundError:
            return None
        if data[:8] != b'DIRC\0\0\0\2' or hashlib.sha1(data[:-20]).digest() != data[-20:]:
            return None
        entries, at = {}, 12
        for _ in range(struct.unpack('>I', data[8:12])[0]):
            mode, flags = struct.unpack('>I', data[at + 24:at + 28])[0], struct.unpack('>H', data[at + 60:at + 62])[0]
            end = data.index(b'\0', at + 62)
            # What is long, conflicts, or is not told simply, git tells.
            if flags & 0xf000:
                return None
            entries[data[at + 62:end].decode('utf-8', 'surrogateescape')] = '%o' % mode, data[at + 40:at + 60].hex()
            at += (end - at + 8) & ~7
        return entries

    def checkout(self):
        for top, folders, files in os.walk(self.path):
            if top == self.path:
                folders[:] = [d for d in folders if d not in ('.git', 'hub.git')]
            for f in files:
                path = os.path.join(top, f)
                if os.path.islink(path):
                    mode, data = '120000', os.readlink(path).encode()
                else:
                    mode = '100755' if os.stat(path).st_mode & 0o100 else '100644'
                    with open(path, 'rb') as g:
                        data = g.read()
                yield os.path.relpath(path, self.path), (mode, hashlib.sha1(b'blob %d\0%s' % (len(data), data)).hexdigest())


def repos(path):
    """It, and the remote that lies in it, if one does, with what is put before their lines."""
    for where, prefix in ((path, ''), (os.path.join(path, 'hub.git'), 'hub ')):
        if os.path.isdir(where):
            repo = Repo(where)
            try:
                yield prefix, repo
            finally:
                repo.close()


def normal(path):
    try:
        return [prefix + s for prefix, repo in repos(path) for s in repo.normal()]
    except LookupError as e:
        raise Violation('a ref without what it points to: %s' % e) from e


def names_of_refs(path):
    """An attempt is kept by its own ref, or by what mirrors the remote's."""
    return {prefix + name.replace('/remote/attempts/', '/attempts/')
            for prefix, repo in repos(path) for name in map(repo.plain_words(), map(str.encode, repo.refs))}


def answers(path):
    """What gates said, as it was kept: a later run believes it."""
    found = {}
    top = os.path.join(path, '.git/factory/gates')
    for where, _, files in os.walk(top):
        for f in files:
            name = os.path.join(os.path.relpath(where, top), f)
            if not f.endswith('.tmp'):
                with open(os.path.join(where, f), 'rb') as g:
                    found[name] = TIMES.sub(rb'\g<1>0', g.read())
    return found


class Scene:
    def __init__(self, name, work, build, talk):
        self.name, self.work, self.talk = name, work, talk
        self.strike = os.path.join(build, 'tests/soak/strike')
        self.poor = os.path.join(work, 'poor')
        self.setup, self.verb, self.again = SCENES[name]
        self.left = LEFT
        self.template = os.path.join(work, name, 'repo')
        self.serial = 0
        self.lock = threading.Lock()
        self.seen = {}
        self.places = {}  # of the allocations
        self.slowest = 0, ''
        self.spares = []  # copies that a verb has left as they were

    def prepare(self):
        os.makedirs(self.template)
        shell(HELP + 'set -e\n' + self.setup, self.template)
        tasks = subprocess.run(['git-factory', 'task', 'list', '--all', '--json'], cwd=self.template,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout if self.name != 'init' else b'[]'
        for t in json.loads(tasks):
            self.verb = self.verb.replace('{' + t['title'] + '}', t['id'])
            if self.again:
                self.again = self.again.replace('{' + t['title'] + '}', t['id'])
            self.left = [(scenes, words, mend.replace('{' + t['title'] + '}', t['id'])) for scenes, words, mend in self.left]
        if '{run}' in self.verb:
            self.verb = self.verb.replace('{run}', os.listdir(os.path.join(self.template, '.git/factory/runs'))[0])
        self.again = (self.again or '{verb}').replace('{verb}', self.verb)
        self.before = normal(self.template)
        with Copy(self) as c:
            status, _, err, seen = c.run(0, 'kill')
            if status != 0:
                raise SystemExit('%s: the undisturbed verb ends with %d: %s' % (self.name, status, err))
            self.seen['kill'] = seen
            self.after = [normal(c.path)]
            self.answers = answers(c.path)
            # Done, and done again by whoever did not know.
            if subprocess.run(['sh', '-c', HELP + self.again], cwd=c.path, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
                self.after.append(normal(c.path))
        if os.path.isdir(os.path.join(self.template, 'hub.git')):
            with Copy(self) as c:
                shell('set -e\n%s\ngit factory sync -q' % self.verb, c.path)
                self.refs = names_of_refs(c.path)
        if self.name in OTHERWISE:
            with Copy(self) as c:
                shell(HELP + OTHERWISE[self.name].replace('{verb}', self.verb), c.path)
                self.after.append(normal(c.path))

    def watch(self, action):
        """What strike saw of a verb to which nothing was done."""
        action = 'kill' if action in KILLS else action
        if action not in self.seen:
            with Copy(self) as c:
                self.seen[action] = c.run(0, action)[3]
        return self.seen[action]

    def count(self, action):
        """How many there are for an action."""
        return int(next(line for line in reversed(self.watch(action)) if line.startswith('calls ')).split()[1])

    def calls(self, action):
        """What they are; of allocations that is not known."""
        return [line.split(' ', 2)[2] for line in self.watch(action) if line.startswith('call ')]

    def cases(self, actions, calls, known):
        """All of them, or those at calls that match; of allocations those from places that are not known yet."""
        return ['%s/%s/%d' % (self.name, a, n) for a in actions for n in self.numbers(a, known)
                if not calls or re.search(calls, ''.join(self.calls(a)[n - 1:n]))]

    def numbers(self, action, known):
        every = range(1, self.count(action) + 1)
        if known is None or action not in ('nomem', 'nomore'):
            return every
        chosen = []
        for n in every:
            place = action, self.places[action][n - 1]
            if place not in known:
                known.add(place)
                chosen.append(n)
        print('%s: %d of %d %s' % (self.name, len(chosen), len(every), action), flush=True)
        return chosen

    def copy(self):
        with self.lock:
            spare = self.spares.pop() if self.spares else None
        return spare or Copy(self)

    def case(self, action, n, m):
        with self.copy() as c:
            status, out, err, seen = c.run(n, action)
            err = err.decode('utf-8', 'replace')
            what = ' '.join(line for line in seen if not line.startswith('call'))
            c.say('%s: exit status %d, %s\n%s' % (self.verb, status, what, err))
            left = [line for line in seen if line.startswith('left')]
            # git's processes may wait for each other for ever when one cannot begin.
            if self.name in GIT_SAYS and left and not any(re.search('git[- ]factory', line) for line in left):
                return
            if 'hung' in seen:
                raise Violation('it hangs: ' + what)
            if left:
                raise Violation('a process outlives it: ' + '; '.join(left))
            if any(line.startswith('crashed') for line in seen):
                raise Violation('it crashes: ' + what)
            if action not in KILLS and 'missed' not in seen:
                self.told(action, status, err, what)
            # The remote's git takes a folder of what it received for empty when it cannot
            # be read, and moves the refs without what was there: no end is to be had then.
            if re.search(r'struck getdents\S* \S*/hub\.git/objects/\S*incoming-', what):
                return
            # A folder of its refs, too, and says that they are gone: what is there after the
            # next look may not be lost by that, and more may be left.
            if status == 0 and re.search(r'struck (openat \S*/hub\.git/(\./)?refs/(\S*/)?$|getdents\S* \S*/hub\.git/refs)', what):
                c.say(shell('git factory sync -q', c.path, 'the next look').decode('utf-8', 'replace'))
                c.none_lost(what)
                c.sound(what)
                return
            # Nothing was done: the template's ends are known.
            if action != 'twice' and (status != 0 or action in KILLS) and not out.strip() and c.untouched():
                return
            # All was done, in spite of it: the end is that of the undisturbed verb.
            if action in ('nomem', 'nomore') and status == 0 and normal(c.path) == self.after[0]:
                return
            c.whole(what)
            if action not in KILLS[1:] and 'missed' not in seen and status == 0:
                self.after_success(c, action, err + out.decode('utf-8', 'replace'), seen, what)
            elif action in KILLS and self.name == 'add' and out.strip():
                self.acknowledged(c, out.split()[-1].decode())
            if action == 'twice':
                c.again(m)
                c.whole(what)
            if n % 2 == 0:
                c.unlock_hub()
            began = time.monotonic()
            c.say(shell(HELP + self.again, c.path, 'starting it again').decode('utf-8', 'replace'))
            self.slowest = max(self.slowest, (time.monotonic() - began, '%s/%s/%d' % (self.name, action, n)))
            c.same(self.after, what)
            c.sound(what)

    def acknowledged(self, c, task):
        if subprocess.run(['git-factory', 'task', 'show', task], cwd=c.path, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode != 0:
            raise Violation('task %s was answered, and is not there' % task)

    def told(self, action, status, err, what):
        """An error is said: in one line, with a status that is documented."""
        if status not in (0, 1, 128, 130):
            raise Violation('exit status %d: %s %s' % (status, err, what))
        told = re.findall(r'^(?:fatal|error): .*', err, re.M)
        if self.name in GIT_SAYS:
            self.git_told(status, told, err, what)
            return
        # Without any memory each process says so, as those of a node do of that and
        # of a full disk.
        many = action in ('ENOSPC', 'nomem') and self.name in NODES
        if status != 0 and (not told if many else len(set(told) if action == 'nomore' else told) != 1):
            raise Violation('not one line of error: %r %s' % (err, what))

    def git_told(self, status, told, err, what):
        """Our hook says one line, and git no more than that the push failed; or git says all."""
        ours = [line for line in told if not GIT_SAYS[self.name].match(line)]
        if ours and (status == 0 or told != ours[:1] + [FAILED]):
            raise Violation("not one line of ours, and git's: %r %s" % (err, what))
        # Where it passed, no more is due of it: what gates said is kept to save time only.
        passed = re.search('^suite +pass', err, re.M)
        if status != 0 and not ours and (not told or ('/.git/factory' in what and not passed)):
            raise Violation('a fault of ours is not told: %r %s' % (err, what))

    def after_success(self, c, action, said, seen, what):
        mends = [mend for scenes, words, mend in self.left if self.name in scenes and re.search(words, said, re.M)]
        if not mends and action not in ('EINTR', 'kill') and any(re.match('struck (fsync|fdatasync|sync_file_range)', s) for s in seen):
            raise Violation('success, though an fsync failed: ' + what)
        # It said what is left to do, and how: that, and no more, makes the end;
        # where the remote's git was killed, once its locks are gone.
        if action == 'kill' and mends:
            c.unlock_hub()
        for mend in mends:
            c.say(shell(HELP + mend.replace('{verb}', self.verb), c.path, 'what success left to do').decode('utf-8', 'replace'))
        c.same(self.after, 'success is said: %r %s' % (said, what), loose=True)


class Copy:
    """One repository for one case, or for the next one too when this one did nothing to it."""

    def __init__(self, scene):
        self.scene = scene
        with scene.lock:
            scene.serial += 1
            self.top = os.path.join(scene.work, scene.name, 'case%d' % scene.serial)
        # Its own folder: a linked worktree or a slot may lie beside it.
        self.path = os.path.join(self.top, 'repo')
        self.note = os.path.join(self.top, 'strike')
        self.was = self.spare = None

    def __enter__(self):
        if self.was is None:
            os.mkdir(self.top)
            subprocess.run(['cp', '-a', self.scene.template, self.path], check=True)
            self.was = self.stats()
            # Times go on in steps: what is done from here on has another one.
            time.sleep(0.011)
        self.spare = False
        return self

    def __exit__(self, kind, *_):
        if self.spare and kind is None:
            os.unlink(self.note)
            with self.scene.lock:
                self.scene.spares.append(self)
        else:
            subprocess.run(['rm', '-rf', self.top], stderr=subprocess.DEVNULL)

    def stats(self):
        """Of all files: what cannot stay the same when one is changed."""
        found = {}
        for top, folders, files in os.walk(self.path):
            for name in [''] + files:
                path = os.path.join(top, name)
                st = os.lstat(path)
                found[path] = st.st_ino, st.st_mode, st.st_size, st.st_mtime_ns, st.st_ctime_ns
        return found, [f for f in os.listdir(self.top) if f != 'strike' and not f.startswith('git-factory')]

    def untouched(self):
        self.spare = self.stats() == self.was
        return self.spare

    def run(self, n, action):
        argv = [self.scene.strike, '-r', self.path, '-o', self.note, '-t', '150']
        if action in ('nomem', 'nomore'):
            plan = self.plan(n, action == 'nomore')
            argv += ['-k', '']
        else:
            plan = None
            argv += ['-n', str(n)] + ACTIONS[action].split()
        env = dict(os.environ, PATH=self.top + ':' + os.environ['PATH']) if plan else None
        p = subprocess.run(argv + ['--'] + self.scene.verb.split(), cwd=self.path, env=env,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with open(self.note, errors='replace') as f:
            seen = f.read().splitlines()
        if plan:
            with open(plan, 'rb') as f:
                _, _, _, count, failed, where = PLAN.unpack(f.read(PLAN.size))
                if not n:
                    self.scene.places[action] = struct.unpack('%dQ' % count, f.read(8 * count))
            seen = [line for line in seen if not line.startswith('calls ')] + ['calls %d' % count]
            seen += ['struck allocation at 0x%x' % where] if failed else ['missed'] if n else []
        return p.returncode, p.stdout, p.stderr, seen

    def plan(self, n, more):
        """The git-factory of this case, and what its allocator is to do."""
        program = os.path.join(self.top, 'git-factory')
        if not os.path.exists(program):
            os.link(self.scene.poor, program)
        with open(program + '.plan', 'wb') as f:
            f.write(PLAN.pack(n, more, 0 if n else PLACES, 0, 0, 0))
            f.truncate(PLAN.size + (0 if n else 8 * PLACES))
        return program + '.plan'

    def again(self, n):
        """Go on, and be killed again at the Nth call."""
        subprocess.run([self.scene.strike, '-r', self.path, '-n', str(n), '-a', 'killall', 'sh', '-c', HELP + self.scene.again],
                       cwd=self.path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def unlock_hub(self):
        """Whoever looks after the remote was there first."""
        for top, _, files in os.walk(os.path.join(self.path, 'hub.git')):
            for f in files:
                if f.endswith('.lock'):
                    os.unlink(os.path.join(top, f))

    def say(self, text):
        if self.scene.talk and text:
            print('  ' + text.rstrip().replace('\n', '\n  '), flush=True)

    def whole(self, what):
        """What moves together has moved together, as soon as anybody looks."""
        name = self.scene.name
        if name not in AT_ONCE and name not in ALONE:
            return
        subprocess.run(['git-factory', 'status'], cwd=self.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        got = refs_of(normal(self.path))
        if name in AT_ONCE and got not in [refs_of(x) for x in [self.scene.before] + self.scene.after]:
            wanted = min([self.scene.before] + self.scene.after, key=lambda w: len(set(w) ^ set(got)))
            raise Violation('half done: %s\\n%s' % (what, '\\n'.join(difference(refs_of(wanted), got))))
        if name in ALONE:
            has = {word: any(re.search(words, s) for s in got) for word, words in ALONE[name].items()}
            if len(set(has.values())) != 1:
                raise Violation('half delivered: %r %s' % (has, what))

    def sound(self, what):
        for path in (self.path, os.path.join(self.path, 'hub.git')):
            if os.path.isdir(path):
                fsck = subprocess.run(['git', '-C', path, 'fsck', '--no-dangling', '--no-progress'],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                if fsck.returncode != 0:
                    raise Violation('git fsck: ' + fsck.stdout.decode('utf-8', 'replace') + what)

    def none_lost(self, what):
        lost = self.scene.refs - names_of_refs(self.path)
        if lost:
            raise Violation('lost: %s %s' % (', '.join(sorted(lost)), what))

    def same(self, wanted, what, loose=False):
        got = normal(self.path)
        for name, said in answers(self.path).items():
            if said != self.scene.answers.get(name, said) or not isinstance(json.loads(said), dict):
                raise Violation('what a gate said was kept as %r: %s' % (said, what))
        if self.scene.name in WORKED:
            got, *wanted = ([s for s in x if not GONE_ON.search(s)] for x in (got, *wanted))
        if self.scene.name in RUNS:
            got, *wanted = (one_attempt(x) for x in (got, *wanted))
        if loose:
            # Waste that an error left is the next start's to clear away.
            got, *wanted = ([s for s in x if not s.startswith(('file ', 'folder '))] for x in (got, *wanted))
        if got not in wanted:
            wanted = min(wanted, key=lambda w: len(set(w) ^ set(got)))
            raise Violation('another end: %s\n%s' % (what, '\n'.join(difference(wanted, got))))


def refs_of(lines):
    return [s for s in lines if s.startswith('refs/')]


def one_attempt(lines):
    """As if the attempt that delivered had been the only one, and its first."""
    lines = [s for s in lines if not re.search('(^|/| )runs/', s) or '"outcome": "delivered"' in s]
    lines = {re.sub(r'<run \d+ of', '<run 1 of', re.sub(
        r'((?:iterations|attempts?)"?: |, )\d+( iterations?)?', r'\g<1>1', s)) for s in lines}
    # Two attempts that made the same commit have a line each in its note.
    return sorted({'\\n'.join(sorted(set(s.rstrip("'").split('\\n')))) if 'refs/notes/factory ' in s else s for s in lines})


def difference(wanted, got):
    less, more = (list((collections.Counter(x) - collections.Counter(y)).elements()) for x, y in ((wanted, got), (got, wanted)))
    for a in list(less):
        # The same file with other content: the place where it begins to differ.
        b = next((x for x in more if x.split(" '")[0] == a.split(" '")[0] and " '" in a), None)
        if b:
            less.remove(a)
            more.remove(b)
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            yield '  ~ %s: %r is %r' % (a.split(" '")[0], a[max(0, at - 30):at + 60], b[max(0, at - 30):at + 60])
    for sign, lines in (('-', less), ('+', more)):
        yield from ['  %s %s' % (sign, s[:300]) for s in lines[:8]]
        if len(lines) > 8:
            yield '  %s and %d more' % (sign, len(lines) - 8)


def shell(script, where, what='setting up'):
    p = subprocess.run(['timeout', '-s', 'KILL', '150', 'sh', '-c', script], cwd=where, stdin=subprocess.DEVNULL,
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
                       ('init.defaultBranch', 'main'), ('gc.auto', '0'), ('factory.node.name', 'first')):
        subprocess.run(['git', 'config', '--global', key, value], check=True)


def run_case(scenes, case):
    name, action, at = case.split('/')
    n, _, m = at.partition('.')
    try:
        scenes[name].case(action, int(n), int(m or n))
    except (Violation, LookupError, ValueError, OSError, subprocess.SubprocessError) as v:
        print('violated: %s\n  %s\n  again: tests/soak/crash/crash.py --replay %s' % (
            case, (str(v) if isinstance(v, Violation) else repr(v)).replace('\n', '\n  '), case), flush=True)
        return True
    return False


def arguments():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument('--build', default=os.path.join(TOP, 'build'))
    p.add_argument('--seed', type=int, default=random.randrange(1 << 31))
    p.add_argument('--sample', type=int, default=0)
    p.add_argument('--minutes', type=float, default=0)
    p.add_argument('-j', type=int, default=2)
    p.add_argument('--only', default='')
    p.add_argument('--calls', default='')
    p.add_argument('--actions', default=','.join(ACTIONS))
    p.add_argument('--places', action='store_true')
    p.add_argument('--counted')
    p.add_argument('--replay')
    p.add_argument('--list', action='store_true')
    return p.parse_args()


def choose(args, scenes):
    cases, dice, known = [], random.Random(args.seed), set() if args.places else None
    for s in scenes.values():
        mine = s.cases(args.actions.split(','), args.calls, known)
        cases += dice.sample(mine, min(args.sample, len(mine))) if args.sample else mine
    dice.shuffle(cases)
    # A part of them is as much of each scene and action: their numbers differ a hundredfold.
    rank, place = collections.Counter(), {}
    for case in cases:
        pair = case.rsplit('/', 1)[0]
        place[case] = rank[pair]
        rank[pair] += 1
    return sorted(cases, key=place.get)


class Counted:
    """The cases that were played, in a file or not: of one machine and one harness."""

    def __init__(self, path, build):
        self.path, self.times, self.lock = path, collections.Counter(), threading.Lock()
        self.bad, self.violations = {}, 0  # when last played, and in all
        here, code = os.path.join(TOP, 'tests/soak/crash'), hashlib.sha1()
        for name in sorted(f for f in os.listdir(here) if f.endswith(('.py', '.c'))):
            with open(os.path.join(here, name), 'rb') as f:
                code.update(f.read())
        self.terms = '# %s, harness %s' % (os.uname().nodename, code.hexdigest()[:12])
        with open(os.path.join(build, 'git-factory'), 'rb') as f:
            self.program = hashlib.sha1(f.read()).hexdigest()[:12]
        if path:
            self.read()

    def read(self):
        with open(self.path, 'a+') as f:
            f.seek(0)
            lines = f.read().split('\n')
            if lines == ['']:
                f.write(self.terms + '\n')
            elif lines[0] != self.terms:
                raise SystemExit("%s: its cases are not of '%s': name another file" % (self.path, self.terms[2:]))
            elif lines[-1]:
                f.write('\n')  # cut short by what ended the last part
        for words in map(str.split, lines[1:]):
            if len(words) == 3 and words[1] in ('held', 'violated'):
                self.note(words[0], words[1] == 'violated')

    def note(self, case, bad):
        self.times[case.split('.')[0]] += 1
        self.bad.pop(case, None)
        if bad:
            self.bad[case] = True
            self.violations += 1

    def add(self, case, bad):
        with self.lock:
            self.note(case, bad)
            if self.path:
                with open(self.path, 'a') as f:
                    f.write('%s %s %s\n' % (case, 'violated' if bad else 'held', self.program))
        return bad

    def order(self, cases):
        """Those that are due next."""
        known = set(cases)
        first = [case for case in self.bad if case.split('.')[0] in known]
        least = min((self.times[case] for case in cases), default=0)
        return first + [case for case in cases if self.times[case] == least]


def second(case, scenes, dice):
    """Where the second of two kills is to be, if it is not said."""
    name, action, at = case.split('/')
    return case if action != 'twice' or '.' in at else '%s.%d' % (case, dice.randrange(scenes[name].count(action)) + 1)


def play(args, scenes, cases, counted):
    """Every case once, or what fits into the minutes; and how many were violated."""
    end = time.monotonic() + args.minutes * 60 if args.minutes else None
    dice = random.Random('%d %d' % (args.seed, counted.times.total()))
    bad, done, count = 0, 0, collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(args.j) as pool:
        while True:
            waiting = set()
            for case in counted.order(cases):
                if end and time.monotonic() > end:
                    break
                if len(waiting) >= 4 * args.j:
                    ready, waiting = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
                    bad += sum(r.result() for r in ready)
                case = second(case, scenes, dice)
                waiting.add(pool.submit(lambda case: counted.add(case, run_case(scenes, case)), case))
                done += 1
                count[case.rsplit('/', 1)[0]] += 1
            bad += sum(r.result() for r in concurrent.futures.wait(waiting).done)
            if not end or time.monotonic() > end:
                tell(count)
                return bad, done


def tell(count):
    """How many of each scene and action."""
    for name in dict.fromkeys(pair.split('/')[0] for pair in sorted(count)):
        print('%s: %s' % (name, ', '.join('%d %s' % (count[pair], pair.split('/')[1])
                                          for pair in sorted(count) if pair.split('/')[0] == name)))


def main():
    args = arguments()
    build = os.path.abspath(args.build)
    shm = '/dev/shm' if os.access('/dev/shm', os.W_OK | os.X_OK) and 'TMPDIR' not in os.environ else None
    work = os.path.realpath(tempfile.mkdtemp(prefix='factory-crash.', dir=shm))
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, lambda *_: sys.exit(130))
    try:
        environment(build, work)
        names = [args.replay.split('/')[0]] if args.replay else [n for n in SCENES if any(word in n for word in args.only.split(','))]
        scenes = {n: Scene(n, work, build, bool(args.replay)) for n in names}
        # Of one file system with the cases, so that each has its own by a link.
        subprocess.run(['cp', os.path.join(build, 'tests/soak/git-factory'), os.path.join(work, 'poor')], stderr=subprocess.DEVNULL)
        for s in scenes.values():
            s.prepare()
        cases = [args.replay] if args.replay else choose(args, scenes)
        counted = Counted(args.counted, build)
        if args.list:
            for s in scenes.values():
                print('%s: %s' % (s.name, ', '.join('%d %s' % (s.count(a), a) for a in args.actions.split(','))),
                      *s.calls(args.actions.split(',')[0]), sep='\n  ')
            return 0
        bad, done = play(args, scenes, cases, counted)
    finally:
        subprocess.run(['rm', '-rf', work])
    print('slowest start again: %.1f s (%s)' % max(s.slowest for s in scenes.values()))
    print('crash: %d cases of %d scenes, seed %d, %d violated' % (done, len(scenes), args.seed, bad))
    if args.counted:
        print('crash: %d cases in %s, %d violated, %d of them when last played' % (
            counted.times.total(), args.counted, counted.violations, len(counted.bad)))
    return 1 if bad or counted.bad else 0


if __name__ == '__main__':
    sys.exit(main())
