#!/usr/bin/env python3
"""Check that traces of the program are executions of the model (queue.pml).

Usage: tests/soak/model/follow.py TRACE...

Each file is what GIT_FACTORY_TRACE recorded in one clone (base/trace.h); its
name without suffix is the node's.  Lines with the events "killed", "stopped"
and "resumed" and a time are whoever did that to the node's process.

For each task the pushes that touch its lease and its runs become the steps
that the model has to take: who claims, beats, delivers, gives back and folds
what, and whether the remote took it.  A push may have arrived at any moment
between its first line and its answer, so only what was answered before
another was sent is known to come before it.  The folds of a node are those of
any of its processes, so they are a node of their own.  spin looks for an
execution; one line for each task says whether there is one, and the exit
status is 1 when one is missing.
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = ['', 'CLAIMS', 'CLAIMS_STALE', 'BEATS', 'BEATS_STALE', 'GIVES', 'DELIVERS', 'DELIVERS_STALE', 'FOLDS',
         'FOLDS_STALE', 'KILLED', 'STOPPED', 'RESUMED', 'EDITS_STATE']
LEASES, RUNS, STATE = 'refs/factory/leases/', 'refs/factory/runs/', 'refs/factory/state'
NEVER = 1 << 62


class Step:
    """What a node did: 'frm' and 'to' are lease objects, '' for none."""

    def __init__(self, node, kind, begin, end, frm='', to='', runs=()):
        self.node, self.kind, self.begin, self.end = node, kind, begin, end
        self.frm, self.to, self.runs = frm, to, list(runs)


class Push:
    def __init__(self, node, pid, at):
        self.node, self.pid, self.begin, self.end = node, pid, at, NEVER
        self.answer, self.refs = None, {}


def read(files):
    """All pushes in the order of their beginning, the lease's events, and what was done to processes."""
    pushes, events, done = {}, [], []
    for path in files:
        node = os.path.splitext(os.path.basename(path))[0]
        with open(path) as f:
            for line in f:
                e = json.loads(line)
                key = (node, e.get('pid'), e.get('push'))
                if e['event'] == 'send':
                    p = pushes.setdefault(key, Push(node, e['pid'], e['at']))
                    p.refs[e['ref']] = (e.get('from', ''), e.get('to', ''))
                elif e['event'] in ('answer', 'readback'):
                    pushes[key].end, pushes[key].answer = e['at'], e['answer']
                elif e['event'] in ('killed', 'stopped', 'resumed'):
                    done.append(Step(node, e['event'].upper(), e['at'], e['at']))
                else:
                    events.append((node, e))
    return sorted(pushes.values(), key=lambda p: p.begin), events, done


class Trace:
    def __init__(self, task, pushes, events, done):
        self.task = task
        mine = [e for _, e in events if e.get('task') == task]
        self.run_of = {e['to']: e['run'] for e in mine if e['event'] in ('claim', 'takeover', 'beat') and 'to' in e}
        self.claims = {e['to'] for e in mine if e['event'] in ('claim', 'takeover')}
        self.runs = sorted({e['run'] for e in mine if 'run' in e})
        self.made_by = {}
        self.steps = []
        for p in pushes:
            self.add(p, pushes)
        self.steps += [s for s in done if any(t.node == s.node for t in self.steps)]
        self.steps.sort(key=lambda s: s.begin)

    def arrived(self, p, pushes):
        """An answer that nobody got: later pushes tell."""
        if p.answer is not None:
            return p.answer == 'ok'
        frm, to = p.refs.get(LEASES + self.task, ('', ''))
        others = [(q, q.refs[LEASES + self.task][0]) for q in pushes if q is not p and LEASES + self.task in q.refs]
        if to != '':
            return any(was == to for _, was in others)
        # It took the lease away if nobody else did, and it was claimed anew.
        return frm != '' and any(q.answer == 'ok' and was == '' and q.begin > p.begin for q, was in others) and \
            not any(q.answer == 'ok' and was == frm for q, was in others)

    def add(self, p, pushes):
        lease = p.refs.get(LEASES + self.task)
        runs = [r[len(RUNS):] for r in p.refs if r.startswith(RUNS) and r[len(RUNS):] in self.runs]
        made = [r for r in runs if p.refs[RUNS + r][0] == '']
        gone = [r for r in runs if p.refs[RUNS + r][0] != '']
        ok = self.arrived(p, pushes)
        if p.answer is None and not ok:
            return
        if p.answer == 'failed' or p.answer == 'refused' or p.answer == 'lost':
            return
        frm, to = lease or ('', '')
        if gone or (lease and to == '' and STATE in p.refs):
            self.step(p, 'FOLDS', ok, frm, '', gone, p.node + ' folds')
            if ok and not gone and STATE in p.refs:
                self.steps.append(Step('', 'EDITS_STATE', p.begin, p.end))
        elif made:
            self.step(p, 'DELIVERS', ok, frm, to, made)
        elif lease and to == '':
            if ok:
                self.step(p, 'GIVES', ok, frm, '')
        elif lease:
            self.lease_moves(p, ok, frm, to)
        elif STATE in p.refs and ok:
            self.steps.append(Step('', 'EDITS_STATE', p.begin, p.end))

    def lease_moves(self, p, ok, frm, to):
        claims = to in self.claims if ok and p.answer is not None else frm == '' or self.made_by.get(frm) != (p.node, p.pid)
        if not ok and frm != '' and self.made_by.get(frm, ('',))[0] == p.node:
            claims = False
        self.step(p, 'CLAIMS' if claims else 'BEATS', ok, frm, to, [self.run_of.get(to, '')])

    def step(self, p, kind, ok, frm, to, runs=(), node=None):
        if ok and to:
            self.made_by[to] = (p.node, p.pid)
        self.steps.append(Step(node or p.node, kind if ok else kind + '_STALE', p.begin, p.end, frm, to if ok else '', runs))

    def rows(self):
        rows = collections.defaultdict(list)
        for s in self.steps:
            rows[s.node].append(s)
        return rows

    def nodes(self):
        return sorted({s.node for s in self.steps if s.node})

    def ids(self):
        ids = {'': 0}
        for s in self.steps:
            for x in (s.frm, s.to):
                ids.setdefault(x, len(ids))
        return ids

    def numbers(self, size):
        """What the model is given of it: its arrays, as queue.pml names them."""
        rows, ids, session = self.rows(), self.ids(), self.sessions()
        number = {n: i for i, n in enumerate(self.nodes())}
        number[''] = size.nodes
        cells = (size.nodes + 1) * size.longest
        kind, was, becomes, run_in = (bytearray(cells) for _ in range(4))
        need, steps = bytearray(cells * (size.nodes + 1)), bytearray(size.nodes + 1)
        for n, mine in rows.items():
            steps[number[n]] = len(mine)
            for at, s in enumerate(mine):
                where = number[n] * size.longest + at
                kind[where], was[where], becomes[where] = KINDS.index(s.kind), ids[s.frm], ids[s.to]
                run_in[where] = sum(1 << (1 + self.runs.index(r)) for r in s.runs) if s.kind.startswith('FOLDS') else session[id(s)]
                for m, theirs in rows.items():
                    need[where * (size.nodes + 1) + number[m]] = sum(1 for t in theirs if t.end < s.begin)
        return bytes(kind + was + becomes + run_in + need + steps)

    def sessions(self):
        """Which run a step is of; of a claim that lost, the one that the node claims with next."""
        session = {}
        for steps in self.rows().values():
            last = 0
            for s in reversed(steps):
                if s.runs and s.runs[0] in self.runs and not s.kind.startswith('FOLDS'):
                    last = 1 + self.runs.index(s.runs[0])
                session[id(s)] = last or 7
        return session


class Size:
    """Room for each of several traces, so that spin and the compiler have one model to work on."""

    def __init__(self, traces):
        self.nodes = max(len(t.nodes()) for t in traces)
        self.ids = max(2, *(len(t.ids()) for t in traces))
        self.longest = max(len(row) for t in traces for row in t.rows().values()) + 1

    def promela(self):
        all_nodes, cells = range(self.nodes + 1), (self.nodes + 1) * self.longest
        arrays = [(name, cells) for name in ('kind', 'was', 'becomes', 'run_in')]
        arrays += [('need', cells * (self.nodes + 1)), ('steps', self.nodes + 1)]
        out = ['#define TRACE', '#define FAULTS 0', '#define NODES %d' % self.nodes, '#define IDS %d' % self.ids,
               '#define LONGEST %d' % self.longest]
        out += ['#define %s %d' % (k, i) for i, k in enumerate(KINDS) if k]
        out += ['hidden byte %s[%d];' % a for a in arrays] + ['byte pos[%d];' % (self.nodes + 1)]
        out += ['#define BEFORE(n) (' + ' && '.join('need[NEXT(n) * %d + %d] <= pos[%d]' % (self.nodes + 1, m, m)
                                                    for m in all_nodes) + ')',
                '#define FOLLOWED (' + ' && '.join('pos[%d] == steps[%d]' % (m, m) for m in all_nodes) + ')']
        # One after the other, from the file that the process is given.
        out += ['inline load() {', '\tc_code {']
        out += ['\t\tif (fread(%s, 1, %d, stdin) != %d) abort();' % (name, n, n) for name, n in arrays]
        return '\n'.join(out + ['\t}', '}', '#include "%s/queue.pml"' % HERE, ''])


def build(size, work):
    with open(os.path.join(work, 'trace.pml'), 'w') as f:
        f.write(size.promela())
    for argv in (('spin', '-a', 'trace.pml'),
                 ('cc', '-O1', '-w', '-DSAFETY', '-DNOREDUCE', '-DCOLLAPSE', '-DMEMLIM=4000', '-o', 'pan', 'pan.c')):
        p = subprocess.run(argv, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if p.returncode != 0 or not os.path.exists(os.path.join(work, 'pan.c')):
            sys.exit('follow: %s: %s' % (argv[0], p.stdout))


def look(t, size, work):
    """What spin says of one trace."""
    p = subprocess.run(['timeout', '120', './pan', '-m100000', '-w20'], cwd=work, input=t.numbers(size),
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return p.stdout.decode()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    pushes, events, done = read(sys.argv[1:])
    traces = [Trace(task, pushes, events, done) for task in sorted({e['task'] for _, e in events if 'task' in e})]
    traces = [t for t in traces if any(s.kind == 'CLAIMS' for s in t.steps)]
    if not traces:
        sys.exit('follow: nobody claims anything')
    size, bad = Size(traces), 0
    with tempfile.TemporaryDirectory(prefix='factory-follow.') as work:
        build(size, work)
        for t in traces:
            out = look(t, size, work)
            states = re.search(r'(\d+) states, stored', out)
            followed = 'assertion violated  !(' in out
            wrong = re.search(r'assertion violated (?! !\()[^\n]*', out)
            bad += not followed
            print('trace: task %s, %d steps of %d runs: %s' % (
                t.task, len(t.steps), len(t.runs), 'followed by the model' if followed else
                'BREAKS what must hold: ' + wrong.group(0) if wrong else
                'NOT an execution of the model (%s states looked at)' % (states.group(1) if states else '?')), flush=True)
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
