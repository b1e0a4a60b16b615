#!/usr/bin/env python3
"""Check that traces of the program are executions of the model (queue.pml).

Usage: tests/soak/model/follow.py [--keep DIR] TRACE...

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

    def promela(self):
        nodes = sorted({s.node for s in self.steps if s.node})
        number = {n: i for i, n in enumerate(nodes + [''])}
        ids = {'': 0}
        for s in self.steps:
            for x in (s.frm, s.to):
                ids.setdefault(x, len(ids))
        rows = collections.defaultdict(list)
        for s in self.steps:
            rows[s.node].append(s)
        longest = max(map(len, rows.values())) + 1
        out = ['/* Task %s: %d steps of %s. */' % (self.task, len(self.steps), ', '.join(nodes)),
               '#define TRACE', '#define FAULTS 0', '#define NODES %d' % len(nodes), '#define IDS %d' % max(len(ids), 2),
               '#define LONGEST %d' % longest]
        out += ['#define %s %d' % (k, i) for i, k in enumerate(KINDS) if k]
        size = (len(nodes) + 1) * longest
        out += ['hidden byte kind[%d], was[%d], becomes[%d], run_in[%d];' % ((size,) * 4),
                'hidden byte need[%d];' % (size * (len(nodes) + 1)), 'byte pos[%d];' % (len(nodes) + 1),
                '#define BEFORE(n) (' + ' && '.join('need[NEXT(n) * %d + %d] <= pos[%d]' % (len(nodes) + 1, m, m)
                                                    for m in range(len(nodes) + 1)) + ')',
                '#define FOLLOWED (' + ' && '.join('pos[%d] == %d' % (number[n], len(rows[n])) for n in nodes + ['']) + ')',
                'inline load() {']
        session = self.sessions(rows)
        for n in nodes + ['']:
            for at, s in enumerate(rows[n]):
                where = number[n] * longest + at
                run = sum(1 << (1 + self.runs.index(r)) for r in s.runs) if s.kind.startswith('FOLDS') else session[id(s)]
                out.append('\tkind[%d] = %s; was[%d] = %d; becomes[%d] = %d; run_in[%d] = %d;' %
                           (where, s.kind, where, ids[s.frm], where, ids[s.to], where, run))
                for m in nodes + ['']:
                    before = sum(1 for t in rows[m] if t.end < s.begin)
                    if before:
                        out.append('\tneed[%d] = %d;' % (where * (len(nodes) + 1) + number[m], before))
        return '\n'.join(out + ['}', '#include "%s/queue.pml"' % HERE, ''])

    def sessions(self, rows):
        """Which run a step is of; of a claim that lost, the one that the node claims with next."""
        session = {}
        for steps in rows.values():
            last = 0
            for s in reversed(steps):
                if s.runs and s.runs[0] in self.runs and not s.kind.startswith('FOLDS'):
                    last = 1 + self.runs.index(s.runs[0])
                session[id(s)] = last or 7
        return session


def explore(text, work):
    with open(os.path.join(work, 'trace.pml'), 'w') as f:
        f.write(text)
    run = lambda *a: subprocess.run(a, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # -o3: a long trace is loaded by more statements than spin can merge into one.
    p = run('spin', '-a', '-o3', 'trace.pml')
    if p.returncode != 0 or not os.path.exists(os.path.join(work, 'pan.c')):
        sys.exit('follow: spin: ' + p.stdout)
    p = run('cc', '-O1', '-w', '-DSAFETY', '-DNOREDUCE', '-DCOLLAPSE', '-DMEMLIM=4000', '-o', 'pan', 'pan.c')
    if p.returncode != 0:
        sys.exit('follow: cc: ' + p.stdout)
    return run('timeout', '120', './pan', '-m100000', '-w20').stdout


def main():
    args, keep = sys.argv[1:], None
    if args[:1] == ['--keep']:
        keep, args = args[1], args[2:]
    if not args:
        sys.exit(__doc__)
    pushes, events, done = read(args)
    bad = 0
    for task in sorted({e['task'] for _, e in events if 'task' in e}):
        t = Trace(task, pushes, events, done)
        if not any(s.kind == 'CLAIMS' for s in t.steps):
            continue
        with tempfile.TemporaryDirectory(prefix='factory-follow.') as work:
            text = t.promela()
            out = explore(text, work)
        if keep:
            with open(os.path.join(keep, task + '.pml'), 'w') as f:
                f.write(text)
        states = re.search(r'(\d+) states, stored', out)
        followed = 'assertion violated  !(' in out
        wrong = re.search(r'assertion violated (?! !\()[^\n]*', out)
        bad += not followed
        print('trace: task %s, %d steps of %d runs: %s' % (
            task, len(t.steps), len(t.runs), 'followed by the model' if followed else
            'BREAKS what must hold: ' + wrong.group(0) if wrong else
            'NOT an execution of the model (%s states looked at)' % (states.group(1) if states else '?')))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
