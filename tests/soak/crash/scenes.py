"""What crash.py plays: a repository, a verb, and how a person goes on after trouble."""
import re

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
# Many tasks to file at once; one of them comes after another.
LINES = READY + """
for t in Third Fourth Fifth; do
	printf '{"ref":"%s","title":"%s","body":"What and why.","priority":1}\\n' $t $t
done >.git/lines
printf '{"ref":"Sixth","title":"Sixth","after":["Fifth"]}\\n' >>.git/lines
"""
# A clone and a remote with nothing left to exchange.
ONE = SHARED + "git factory sync -q\n"
HUB_LOCKS = "find hub.git -name '*.lock' -delete"
# Who is told that the task was worked on meanwhile looks at it.
# Who is told that it is not part of the state yet does what is said.
RUN_AGAIN = """
out=$({verb} 2>&1) || { %s; out=$({verb} 2>&1); } || [ "$(state {First})" = delivered ] || { echo "$out"; exit 1; }
echo "$out"
case $out in *'becomes part of the state there'*) %s; git factory sync -q ;; esac
""" % (HUB_LOCKS, HUB_LOCKS)
RUN_THERE = ONE + """
git factory run -q --json $(id First) >/dev/null 2>&1
"""
# Another clone's run is delivered on the remote, and nobody folded it yet.
UNFOLDED = ONE + """
printf '#!/bin/sh\\n! grep -q refs/factory/state\\n' >hub.git/hooks-off
mkdir -p hub.git/hooks && mv hub.git/hooks-off hub.git/hooks/pre-receive && chmod +x hub.git/hooks/pre-receive
git clone -q --template= hub.git other && cd other
git config factory.remote origin && git config factory.node.name other && git factory sync -q
git factory run -q $(id First) >/dev/null 2>&1
cd .. && rm -rf other hub.git/hooks
"""
# Another clone's run died on this machine.
ORPHANED = ONE.replace('gates:', '  sleeper: {kind: command, command: [sleep, "60"]}\ngates:') + """
git clone -q --template= hub.git other && cd other
git config factory.remote origin && git config factory.node.name other && git factory sync -q
timeout -s KILL 2 git-factory run -q --agent sleeper $(id First) >/dev/null 2>&1 || :
cd .. && rm -rf other
"""
# A run that may not push wrote down what it would have pushed.
STEP = ONE + """
git factory run -q --export .git/step $(id First) >/dev/null 2>&1
"""
ALONG = READY.replace('gates:', 'merge: {auto: true}\ngates:', 1)
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
id() { git factory task list --all --json | awk -F'"' -v t="$1" '$2 == "id" { id = $4 } $2 == "title" && $4 == t { print id }'; }
state() { git factory task show --json "$1" | awk -F'"' '$2 == "state" && !n++ { print $4 }'; }
pull() { git factory pr show --json "$1" | awk -F'"' '$2 == "state" && !n++ { print $4 }'; }
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
    'import': (LINES, 'git-factory task import .git/lines', '[ -n "$(id Third)" ] || {verb}'),
    'reopen': (READY + 'git factory task close -m over $(id First) >/dev/null',
               'git-factory task close --reopen {First}', '{verb} || [ "$(state {First})" = queued ]'),
    'doctor': (ONE, 'git-factory doctor', '{verb} || { %s; {verb}; }' % HUB_LOCKS),
    'push': (READY + 'git factory hook install >/dev/null && git init -q --bare there.git',
             'git push -q there.git HEAD:main', "{verb} || { find there.git -name '*.lock' -delete; {verb}; }"),
    'run': (READY, 'git-factory run {First}', None),
    'work': (READY + 'git factory task edit --hold later $(id Second) >/dev/null', 'git-factory work --once -q --json --slots 1',
             '{verb}; [ "$(state {First})" = delivered ] || git-factory run {First}'),
    # It delivers and lands in one step, and git is in the checkout before it.
    'along': (ALONG, 'git-factory run {First}',
              'rm -f $LOCKS; git clean -fdq; {verb} || [ "$(state {First})" = landed ]'),
    'share': (ONE, 'git-factory run {First}', RUN_AGAIN),
    'takeover': (ORPHANED, 'git-factory run {First}', RUN_AGAIN),
    'nodes': (ONE + 'git factory task edit --hold later $(id Second) >/dev/null && git factory sync -q', 'git-factory work --once -q --json --slots 1',
              '{verb}; %s; [ "$(state {First})" = delivered ] || git-factory run {First}; git factory sync -q' % HUB_LOCKS),
    'fold': (UNFOLDED, 'git-factory sync', '{verb} || { %s; {verb}; }' % HUB_LOCKS),
    'export': (SHARED, 'git-factory sync --export .git/file', None),
    'apply': (STEP, 'git-factory sync --apply .git/step --run {run}', '{verb} || { %s; {verb}; }; git factory sync -q' % HUB_LOCKS),
    'land': (RUN_THERE, 'git-factory pr merge 1', """
        out=$({verb} 2>&1) || case $out in
        *lock*) rm -f $LOCKS; find hub.git -name '*.lock' -delete; {verb} || { git clean -fdq; {verb}; } ;;
        *'would be overwritten'*) git clean -fdq; {verb} ;;
        *) echo "$out"; false ;;
        esac || [ "$(pull 1)" = merged ] || exit 1
        rm -f $LOCKS
        git fetch -q origin main && { git merge -q --ff-only FETCH_HEAD || { git clean -fdq; git merge -q --ff-only FETCH_HEAD; }; }
    """),
    'gc': (SWEPT, 'git-factory gc', None),
    # Where git itself died or failed in the checkout, a person does what it
    # says: remove its lock, or the files that it wrote and did not record.
    'merge': (DELIVERED, 'git-factory pr merge 1', """
        out=$({verb} 2>&1) || case $out in
        *.lock*exists*) rm -f $LOCKS; {verb} || { git clean -fdq; {verb}; } ;;
        *'would be overwritten'*) git clean -fdq; {verb} ;;
        *) echo "$out"; false ;;
        esac || [ "$(pull 1)" = merged ] || exit 1
        rm -f $LOCKS
    """),
    # Where it was the remote's own process that was killed, somebody removes
    # its locks over there.
    'sync': (SHARED, 'git-factory sync', "{verb} || { find hub.git -name '*.lock' -delete; {verb}; }"),
    'refuse': (DELIVERED, 'git-factory pr close 1', '{verb} || [ "$(pull 1)" = closed ]'),
}

# Where another attempt may be what delivers.
RUNS = ('run', 'along', 'work', 'share', 'takeover', 'nodes')
SHARED_RUNS = ('share', 'takeover', 'nodes')
# A guard, a supervisor, workers and a publisher.
NODES = ('work', 'nodes')
# Where the verb is git's own: what it says itself when a call of its own failed.
# What our hook says is one line, git adds that the push failed, and that is all.
FAILED = "error: failed to push some refs to 'there.git'"
GIT_SAYS = {'push': re.compile('^(?:' + '|'.join((
    re.escape(FAILED),
    r"error: cannot fork\(\) for .*", r"error: cannot create (?:pipe|async thread|standard \w+ pipe for .*): .*",
    r"error: Could not run 'git rev-list'", r"error: pthread_join failed", r"fatal: unable to (?:fork|create thread: .*)",
    r"fatal: send-pack: unable to fork off sideband demultiplexer", r"fatal: git pack-objects failed: .*",
    r"error: src refspec HEAD does not match any", r"error: The destination you provided is not a full refname .*",
    r"error: remote unpack failed: .*", r"error: unpack should have generated .*", r"error: unable to (?:open|write) .*",
    r"fatal: loose object \w{40} \(stored in .*\) is corrupt", r"fatal: couldn't read \S*packed-refs: .*",
    r"fatal: bad object \w{40}",
    r"fatal: not a git repository \(or any of the parent directories\): \.git",
    r"fatal: unknown error occurred while reading the configuration files",
    r"fatal: 'there\.git' does not appear to be a git repository", r"fatal: Could not read from remote repository\.",
    r"fatal: the remote end hung up unexpectedly")) + ')$')}
# What moves at once: after whatever came, this clone's refs are as before, or
# as they are to be.
AT_ONCE = ('add', 'edit', 'dep', 'close', 'import', 'reopen', 'refuse')
DELIVERY = {'the task': "^refs/factory/state tasks/<First>.* delivered", 'the pull request': '^refs/factory/pulls/1$',
            'the branch': '^refs/heads/factory/', 'the evidence': '^refs/notes/factory '}
# And what delivers without a remote: all of this, or nothing.
ALONE = {'run': DELIVERY, 'work': DELIVERY}

# What else may come of it: where the checkout was in the way it is delivered,
# and a person lands it.
MERGE = 'rm -f $LOCKS; git clean -fdq; git reset -q --hard; git-factory pr merge 1'
OTHERWISE = {'along': 'echo mine >made; {verb}; ' + MERGE}

# What a success may leave to do: where, what it then says, and what does it.
LEFT = [
    (SHARED_RUNS + ('fold', 'apply', 'sync'), 'becomes part of the state there|^note: not folded: ', 'git factory sync -q'),
    (('land', 'merge'), 'stays where it is', """
        rm -f $LOCKS
        git clean -fdq && git reset -q --hard
        if [ -d hub.git ]; then git fetch -q origin main && git merge -q --ff-only FETCH_HEAD; fi
    """),
    (('along',), 'waits for a person', MERGE),
    # Of runs that were killed it tells; of others how many ended which way.
    (('work', 'nodes'), '^[a-z2-7]{8}: |^fatal: out of memory|"waiting": [1-9]',
     '[ "$(state {First})" = delivered ] || git-factory run {First}; [ ! -d hub.git ] || git factory sync -q'),
    (('work', 'nodes'), '^note: this node could not be taken off', '{verb}; [ ! -d hub.git ] || git factory sync -q'),
]
# Nobody takes up a run by name that was delivered and then killed: what it left
# in its clone goes with its task.
WORKED = ('along', 'work', 'share', 'takeover', 'nodes')
GONE_ON = re.compile(r'^(file|folder) \.git/factory/(current|setup|waiting)(/|$)|^refs/factory/(attempts|leases)/')
