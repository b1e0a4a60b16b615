/*
 * git-factory - an autonomous software factory that lives inside git.
 *
 * The map. Floors from the top; a file includes only lower floors, siblings
 * on one floor are mutually blind (ci/check-layers), and ci/check-map keeps
 * this list complete.
 *
 * --- cmd: one file per subcommand: options in, one call, output out ---
 * cmd/cmd              what a verb is and is given
 * cmd/config           what governs changes here, and where it comes from
 * cmd/dispatcher       the part of serve that looks at what deliveries speak of
 * cmd/doctor           what this machine and this repository still need
 * cmd/gate             a revision, merged with its base, against the gates
 * cmd/gc               remove what runs left behind and nobody needs any more
 * cmd/help             what the verbs are, told
 * cmd/hook             the factory in git's own hooks
 * cmd/hook_run         what such a hook calls
 * cmd/init             let the factory into a repository
 * cmd/intake           from the issues of a forge to tasks, and back
 * cmd/keeper           beat for the run that started it
 * cmd/log              what was run, newest first
 * cmd/node             the machines that work on this repository
 * cmd/pager            long output through git's pager
 * cmd/plan             what may begin now, for machines that are given their work
 * cmd/pr               the pull requests inside the repository
 * cmd/receiver         the part of serve that strangers talk to
 * cmd/replay           do a recorded run over, without a model
 * cmd/run              take one task to a pull request
 * cmd/said             what policy said, remembered
 * cmd/serve            webhooks in, work out: what keeps the parts of a server alive
 * cmd/show             what verbs about tasks and runs share
 * cmd/show_run         one run: what it did, what proved it
 * cmd/status           where everything stands, at a glance
 * cmd/sync             exchange tasks, records and notes with the remote
 * cmd/task             write down what is to be done, and look at it
 * cmd/task_dep         what a task comes after, and what waits for it
 * cmd/task_edit        a task in the user's editor
 * cmd/task_graph       what comes after what, drawn
 * cmd/task_import      many tasks as a file of JSON lines
 * cmd/task_lint        is a spec good enough to start on?
 * cmd/trust            allow what this repository's policy loosens
 * cmd/verify           what proves a commit
 * cmd/work             run tasks, many at once, for as long as there are any
 * cmd/worker           the internal verb of a process that a supervisor starts
 *
 * --- face: what is shown outside ---
 * face/check           what the gates said, in every form
 * face/check_github    annotations and step summary of GitHub Actions
 * face/check_json      JSON
 * face/check_junit     JUnit XML
 * face/check_markdown  Markdown, for a comment
 * face/check_sarif     SARIF 2.1.0
 * face/check_table     a table for a person
 * face/dispatcher      what webhooks brought, dealt with in order
 * face/hookdir         git's hooks of a repository: whose they are
 * face/part            what these forms share
 * face/receiver        webhooks in: checked, on the disk, answered
 * face/tally           what a server counts, for Prometheus
 *
 * --- plant: many runs: supervised, scheduled, counted ---
 * plant/errand         a child that talks to the remote, or to the forge, for all runs
 * plant/exchange       when a supervisor has the remote, and then the forge, brought up to date
 * plant/guard          the process that stays behind when the supervisor goes
 * plant/hygiene        what runs leave behind that nobody needs: leases, runs, attempts
 * plant/leftovers      the same of files: transcripts, workspaces
 * plant/schedule       when a node starts a run, and when it is done for today
 * plant/supervise      workers in slots: started, watched, killed when it is time
 * plant/tend           keep a few children alive that serve
 * plant/worker         one process that runs one task after another, when it is told to
 *
 * --- line: one task from claim to landing ---
 * line/approve          who approved a pull request, on record
 * line/await           runs that this clone delivered, until they are part of the state
 * line/base            what a revision is merged with and judged against
 * line/baseline        what blocks now becomes waivers
 * line/check           a revision that somebody has, against the gates, without any agent
 * line/ci              the files by which a forge's own CI runs the factory
 * line/claim           how a run comes to its lease, keeps it, and learns that it lost it
 * line/close           a pull request that will not land
 * line/credit          who else wrote what lands as one commit
 * line/deaths          how often the process of a run died at one step
 * line/deliver         how a run ends: a pull request, or a question
 * line/hindsight       how often advisory gates were wrong
 * line/kind            of what type a task is, as policy has the types
 * line/hooks/merged    was something merged here that nothing proves?
 * line/hooks/message   the message of a commit in the making
 * line/hooks/receive   what is asked of a push
 * line/intake/decide   what the orders on an issue make of its task
 * line/intake/guess    a model's word on the type of a task without signs
 * line/intake/inside   what the parts of the intake share
 * line/intake/intake   from issues of a forge to tasks, and back
 * line/intake/look     one issue as the forge has it, and what was ordered on it
 * line/intake/moved    tasks of a project that was renamed since
 * line/intake/notebook  what this clone saw of the issues and told there
 * line/intake/order    what people say to the factory in comments
 * line/intake/pin      the text of an issue: which one was asked for, what may be seen of it
 * line/intake/report   the one comment of the factory on an issue
 * line/intake/show     how a task stands, on its issue
 * line/intake/sweep    all issues that changed, and all tasks that have one
 * line/judge           the gates of a policy on a tree, with the setup that they need
 * line/keeper          the heartbeat of a lease that is shared through a remote
 * line/land/along      a landing as a part of the step that delivers
 * line/land/land       a pull request of this repository onto its base branch
 * line/land/landing    one landing under way: what its parts share
 * line/land/move       the step that moves the base and puts on record what landed
 * line/land/ready      what lands, and whether it may
 * line/lent            claims for jobs of the forge's CI whose run is over
 * line/next            whose turn it is to land, and on what
 * line/override        a person's word against a gate
 * line/parcel          what a run leaves behind, before it is part of the state
 * line/past            what the attempts before this one say to it
 * line/plan            which tasks machines may begin now, and the claims for them
 * line/policy          policy of a base commit, the user's word, and trust
 * line/prove           the gates on a change's merge result, as a step
 * line/publish         deliveries through a remote, and from there into the state
 * line/pulls/armed     what the forge was told to merge in due time
 * line/pulls/catchup   a branch that has all of its base, where a forge asks for it
 * line/pulls/dispatch  workflows that a landing should start, and does not
 * line/pulls/feedback  what reviewers say of our pull requests, for the next attempt
 * line/pulls/freeze    nothing lands while nobody knows what the base holds
 * line/pulls/level     the facts for a pull request's review level
 * line/pulls/merge     landing through a forge, and what landed compared with what was tested
 * line/pulls/mirror    a forge's pull requests in line with our records, and back
 * line/pulls/outside   the forge, its branches and people, as this room needs them
 * line/pulls/over      the pull request of a task that was closed by other means than the verb
 * line/pulls/owners    who is asked to review
 * line/pulls/retarget  pull requests whose base has another name by now
 * line/pulls/take      a person goes on by hand
 * line/pulls/text      what a pull request says, here and on a forge
 * line/renamed          a base branch that the remote has no more
 * line/replay          do a recorded run over, without a model
 * line/retry           how a run ends that is not delivered
 * line/run             one task from claim to a pull request
 * line/scan            a last look at what a change would carry out of the sandbox
 * line/setup           what a workspace needs before work starts
 * line/staff           the model, the workspace and the agent of a run
 * line/verify          what proves a commit, and what else is there
 * line/walk            one run under way: what its steps share
 * line/work            generate, prove, tell what failed, change
 *
 * --- agent: whoever changes the files, and what it is told ---
 * agent/agent          whoever changes the files, behind one table
 * agent/context        what an agent is told
 * agent/loop           our own: ask the model, call tools, tell it what they answered
 * agent/outside        any command, in the sandbox
 *
 * --- store: queue, lease, ledger, journal: the factory's state ---
 * store/apply          a transaction from a file, onto the remote or here
 * store/cache          an index of the state in SQLite
 * store/change         one change of one task
 * store/combine        the states of two clones, merged without asking
 * store/circle         tasks that come after themselves, over any number of others
 * store/current        the run that a task of this clone goes on with
 * store/deliveries     what webhooks brought, in order, until it is dealt with
 * store/delivery_reader read it, and say how far
 * store/delivery_record how it lies on the disk
 * store/import         many tasks at once, from a file of JSON lines
 * store/inbox          the branch that people see and edit
 * store/inside         what queue and ledger share
 * store/journal        what a run has done so far, so that a killed run goes on
 * store/lease          who works on a task: at most one run
 * store/lease_kind     what the kinds of leases share
 * store/lease_lent     taken by who may push, for who may not
 * store/lease_local    leases of a repository on its own
 * store/lease_remote   leases of several clones of one remote
 * store/ledger         run records and evidence
 * store/nodes          the machines that work on this repository, and what each has
 * store/permit         what a transaction that somebody else wrote may move
 * store/queue          the tasks, and which may run
 * store/refresh        bring the cache to a tip of the state
 * store/settle         what follows from a person's edit
 * store/state          one tree behind one ref
 * store/sync           state and notes of this clone and of the remote become one
 * store/sync_refs      pull requests and attempts between clone and remote
 * store/watch          how long leases on a remote were seen unchanged
 * store/write          how a commit of the state is written
 *
 * --- llm: models: providers, transcripts, prices ---
 * llm/anthropic        the Messages API of Anthropic
 * llm/llm              ask a language model, retry, count the cost
 * llm/msg              messages, built and copied
 * llm/openai           chat completions as OpenAI and many others offer them
 * llm/price            what models cost
 * llm/provider         what llm.c and the providers share
 * llm/recorded         answers from a transcript
 * llm/stream           one streamed request
 * llm/transcript       the exchange as a file of JSON lines
 * llm/turn             an answer put together from pieces
 *
 * --- tool: what an agent may do, inside the sandbox ---
 * tool/box             the agent's side: a server in the sandbox, and run
 * tool/files           read_file, write_file, edit, list
 * tool/frame           messages between the box and its server
 * tool/input           what a call was given
 * tool/search          search
 * tool/serve           the tools that the server answers itself
 * tool/server          the sandbox's side
 * tool/tool            the table of tools
 *
 * --- gate: proving a tree ---
 * gate/begin           where every verdict begins and ends
 * gate/builtin/builtin the gates that need no command, and how one of them is run
 * gate/builtin/constitution what code may not do
 * gate/builtin/kept    tests are kept: none deleted, emptied or skipped
 * gate/builtin/lang    the language of a file
 * gate/builtin/links   links of Markdown
 * gate/builtin/message what commits say
 * gate/builtin/protect paths that decide what happens to a change
 * gate/builtin/remote  do new links to other machines lead anywhere
 * gate/builtin/rule    patterns on the added lines of a change
 * gate/builtin/scope   what a task may change
 * gate/builtin/secrets keys and passwords
 * gate/builtin/size    how much a change touches
 * gate/builtin/source  one changed file: with and without comments and texts
 * gate/builtin/spelling words of prose that a speller does not know
 * gate/builtin/truncation work that is not whole
 * gate/builtin/unicode characters that deceive a reader
 * gate/builtin/waivers waivers that cannot be read or have ended
 * gate/builtin/weaker  tests that are still there and check less
 * gate/change          what a change does, line by line
 * gate/evidence        the failing part, for whoever is to mend it
 * gate/format/bandit   bandit's JSON
 * gate/format/cargoaudit cargo audit
 * gate/format/checkstyle Checkstyle's XML
 * gate/format/clover   Clover's XML
 * gate/format/cobertura coverage as Cobertura has it
 * gate/format/coveragepy coverage.py's JSON
 * gate/format/cppcheck cppcheck's XML
 * gate/format/criterion Criterion's samples
 * gate/format/cvss     how bad a vulnerability is, from its vector or score
 * gate/format/eslint   ESLint's JSON
 * gate/format/gbench   Google Benchmark's JSON
 * gate/format/gcov     gcov's JSON
 * gate/format/gitleaks gitleaks' JSON
 * gate/format/gobench  go test -bench
 * gate/format/gocover  Go's cover profile
 * gate/format/grype    grype's JSON
 * gate/format/hand     the finding or vulnerability that a reader has in hand
 * gate/format/hyperfine hyperfine's JSON
 * gate/format/jacoco   JaCoCo's XML
 * gate/format/junit    JUnit XML
 * gate/format/lcov     LCOV's trace files
 * gate/format/npmaudit npm audit
 * gate/format/osv      osv-scanner's JSON
 * gate/format/pipaudit pip-audit
 * gate/format/pytestbench pytest-benchmark's JSON
 * gate/format/sarif    SARIF 2.1.0
 * gate/format/tap      TAP, versions 12 to 14
 * gate/format/trivy    trivy's JSON
 * gate/gate            all gates on one tree
 * gate/glob            patterns for paths and for names of tests
 * gate/judge/cover     coverage of two runs, line by line, followed through the change
 * gate/judge/coverage  uncovered lines next to the base's, and changed ones
 * gate/judge/findings  findings of scanners next to the base's
 * gate/judge/flake     does a failing test fail now and then, whatever the change?
 * gate/judge/flaws     known vulnerabilities next to the base's
 * gate/judge/hunk      which lines of a change belong together
 * gate/judge/judge     what the reports of a candidate mean next to the base's
 * gate/judge/tests     failing tests: known, flaky, in quarantine
 * gate/judge/timing    benchmarks of a change next to the base's
 * gate/memory/answer   what the reports of a command said, as JSON
 * gate/memory/definition the id of everything that decides what a gate says
 * gate/memory/flakes   tests that were seen to flake on this machine
 * gate/memory/known    verdicts that are known: the same gate on the same content
 * gate/memory/memory   what gates said, kept on this machine from one run to the next
 * gate/memory/seen     what a gate sees of a tree
 * gate/memory/vouch    what other machines proved, signed, in the notes of commits
 * gate/open            gates that policy may have, opened
 * gate/relpath         paths of reports and documents in the repository's own form
 * gate/report/facts    what the reports of one command say, whatever tool wrote them
 * gate/report/format   report formats: which one it is, and how it is fed
 * gate/report/junit    the tests of a run, by their names
 * gate/report/report   report files that the code under test wrote
 * gate/room            what the files of this room share
 * gate/run/ahead       commands of several gates side by side
 * gate/run/base_run    what a gate's command did on the base
 * gate/run/command     a gate of policy, judged with what the base does
 * gate/run/exec        one command of a gate in a pristine workspace of one tree
 * gate/run/manual      gates that people answer
 * gate/run/perf        is a change slower than its base, on this machine, now?
 * gate/run/programs    the programs that a gate says it needs
 * gate/run/rerun       one failing test once more, alone
 * gate/run/turn        gates of policy on their way to their verdicts
 * gate/testfile        what a test file declares
 * gate/testlang        the languages and frameworks whose tests are known
 * gate/waive           waivers at work
 *
 * --- forge: pull requests ---
 * forge/answer         members of an answer into strings and numbers
 * forge/ask            one question to a forge, put together piece by piece
 * forge/forge          GitHub, GitLab, Gitea and Forgejo behind one table of functions
 * forge/gitea          Gitea and Forgejo: people, branches, rights
 * forge/gitea_check    reviews, statuses and merges of them
 * forge/gitea_in       what the files of gitea share
 * forge/gitea_issue    issues, comments and labels of them
 * forge/gitea_pull     pull requests of them
 * forge/github         GitHub: people, issues, comments
 * forge/github_check   GitHub: checks, status, merge
 * forge/github_graphql GitHub: what REST cannot say
 * forge/github_part    what the parts of GitHub's table share
 * forge/github_pull    GitHub: pull requests
 * forge/github_rights  GitHub: what the token may do
 * forge/gitlab         GitLab: people, branches, rights
 * forge/gitlab_check   pipelines, statuses and merges of it
 * forge/gitlab_in      what the files of gitlab share
 * forge/gitlab_issue   issues, notes and labels of it
 * forge/gitlab_pull    merge requests of it
 * forge/gitlab_review  reviewers, approvals and discussions of it
 * forge/kept           answers on disk: what "nothing changed" stands for
 * forge/linear         issues of Linear, beside any forge
 * forge/linear_state   how far an issue is there (forge/linear_in: what both share)
 * forge/open           the forge of this clone, by configuration and remote
 * forge/pace           when the next request may be sent
 * forge/person         accounts in its answers, and whose the token is
 * forge/place          which project of which server a remote's address means
 * forge/pull           pull requests inside the repository, for when there is no forge
 * forge/reply          what an answer says of limits, redirects and the next page
 * forge/rest           requests to an API: limits, ETags, pages, redirects, read-back
 * forge/token          what proves to a forge who asks, and where it is found
 * forge/token_app      the token of a GitHub App's installation
 * forge/webhook        is it from a forge that has our key?
 * forge/webhook_event  what a forge says that happened
 *
 * --- git: repositories, objects, refs, notes, workspaces ---
 * git/apart            new files that lie apart from deleted ones
 * git/blob             blobs, for tree.h
 * git/bundle           a transaction of refs in a file
 * git/cli              the git program, for what libgit2 does not do
 * git/co/checkout      a person's work tree that follows its branch
 * git/co/forward       a plain checkout forwarded without starting git
 * git/co/plain         is a checkout one in which git only writes files
 * git/co/userindex     the index of a person's checkout, edited without git
 * git/commit           commits and their history
 * git/conffile         one git config file, read without libgit2
 * git/deflate          zlib streams
 * git/diff             what changed between two trees
 * git/durable          files that reach the disk together
 * git/format           may this repository be used
 * git/ident            who commits
 * git/lg2              libgit2, opened at its first use
 * git/lg2_mem          its memory
 * git/linediff         two trees line by line, with renames followed
 * git/loose            one ref as the file that git keeps it in
 * git/merge            merging in memory
 * git/note             lines attached to commits
 * git/noteindex        which notes speak of what
 * git/notetree         the tree behind a notes ref
 * git/objsync          objects reach the disk before a ref that leads to them does
 * git/odb              how objects are written, and when packs are looked for again
 * git/oid              object ids
 * git/owner            may this user trust its configuration
 * git/pack             many objects at once, as one pack instead of a file each
 * git/path             which paths may be in a tree
 * git/place            where a repository lives, found without git
 * git/pushlog          what is being pushed, so that a remote that died over it is helped on
 * git/race             how long who loses a race for a ref goes on trying
 * git/ref              refs of the local repository
 * git/reflock          one writer of refs at a time
 * git/remote           the repository that several clones share
 * git/remote_fetch     what it has, mirrored here by the git program
 * git/remote_push      one atomic, guarded push, read back when in doubt
 * git/remote_run       the git program against a remote, and what went wrong
 * git/repo             the repository at hand
 * git/restore          bring a pristine workspace to a recorded tree
 * git/sha1             the trailers of an index and a pack
 * git/shallow          the history of a shallow clone, by the git program
 * git/sign             signatures by ssh keys
 * git/staged           what a person has in the index, as a tree
 * git/tip              what a ref holds, read without libgit2
 * git/tree             blobs and trees, without an index or a checkout
 * git/tree_edit        edits of a tree, for tree.h
 * git/treediff         two trees side by side, for diff.h
 * git/txn              all refs of one step move together or not at all
 * git/userconf         the user's git configuration
 * git/workspace        one commit's files for somebody who is not trusted
 * git/worktree         where a linked worktree is, from its git folder's side
 * git/ws/attr          what a tree's own .gitattributes and .gitignore say
 * git/ws/base          which slot a workspace gets
 * git/ws/collect       what was changed, as edits of the base's tree
 * git/ws/eol           line endings as git converts them
 * git/ws/git           the throw-away repository that tools find
 * git/ws/idle          what no run uses, told without touching it
 * git/ws/index         git's index file
 * git/ws/match         the patterns of .gitignore and .gitattributes
 * git/ws/naive         what comes of letting git read an agent's files, for the hostile tests
 * git/ws/overlay       a workspace as an overlay
 * git/ws/pool          a workspace as a checkout that is kept
 * git/ws/priv          what the files of the workspace share
 * git/ws/setup         what setup made, kept as a layer
 * git/ws/slot          slots: files of some tree, kept from run to run
 * git/ws/write         put files of a tree into a folder
 *
 * --- conf: policy, trust, secrets ---
 * conf/config          policy and the user's word
 * conf/config_doc      the template and the manual, from the table
 * conf/config_read     YAML into values
 * conf/grant           what policy lets pass for a while, and who answers for it
 * conf/key             what a key is: kinds of values
 * conf/key_table       every configuration key
 * conf/nfa             the automaton behind redact.h
 * conf/redact          known secrets never leave, in whatever dress
 * conf/secrets         the secret values that this process knows, by name
 * conf/trust           what policy loosens, and what the user allowed
 * conf/type_table      the built-in types of tasks
 * conf/waiver          findings that a person lets pass until a day
 *
 * --- model: tasks, runs, verdicts, budgets: pure ---
 * model/attest         what a gate found out, as one line that outlives the run
 * model/after          what a task comes after: the entries of its field 'after'
 * model/budget         caps on one run, checked before each model call
 * model/classify       of what type a task is, from signs that need no judgement
 * model/failure        why a run was not delivered, and what happens next
 * model/graph          what comes after what: a graph of tasks, by number
 * model/level          how much of people's attention a change takes before it lands
 * model/lines          a three-way merge of texts by lines, in memory
 * model/lint           is a spec good enough to start on
 * model/lint_words     the words that lint looks for
 * model/message        the message of a commit in the making
 * model/match          which machine a task may run on
 * model/run            the record of one run
 * model/slowdown       is a change slower than its base: paired measurements
 * model/spec           a task as structure: contracts, tests, constraints, rollback
 * model/task           a task: front matter and spec
 * model/task_field     the table of its fields
 * model/task_line      a task as one line of JSON, for files that carry many
 * model/task_merge     three versions of a task's file, by owner
 * model/task_pack      its fields as a few bytes that are read back at once
 * model/task_splice    a field changed, all other bytes kept
 * model/task_text      where the parts of a task's file stand
 * model/task_unite     what one task became in two clones
 * model/verdict        what a gate found out about one tree
 *
 * --- wire: the outside's formats and protocols ---
 * wire/crypto          digests and signatures, over libcrypto
 * wire/field           one table per struct maps JSON and YAML both ways
 * wire/field_member    what field and field_write share
 * wire/field_write     structs to JSON and YAML
 * wire/http            one HTTP request at a time
 * wire/http_addr       which addresses may be reached
 * wire/http_status     what a status means
 * wire/json            strict JSON (RFC 8259) in, JSON out
 * wire/jw              the JSON writer of json.h
 * wire/node            one tree for what JSON and YAML say
 * wire/pick            values picked out of JSON while it streams by
 * wire/server          an HTTP server for requests with small answers
 * wire/sse             event streams, fed in pieces
 * wire/xml             XML in, as calls in document order
 * wire/yaml            the plain part of YAML 1.2, and how to write it
 * wire/yaml_scalar     what a plain scalar means
 *
 * --- sys: processes, namespaces, the sandbox ---
 * sys/aside            a second process of ours, for work that two cores can share
 * sys/beneath          files below a folder that somebody hostile writes to
 * sys/capture          a child's output within a ceiling
 * sys/channel          how our own processes talk
 * sys/confine          a process of ours gives up what it does not need
 * sys/host             which machine this is, and whether a process of it still lives
 * sys/jail             the sandbox
 * sys/jail_args        its command line
 * sys/jail_remedy      is there one here, and if not, what to do
 * sys/kin              a process and all that came from it
 * sys/machine          this machine for one alone
 * sys/meter            what a command takes: time, processor, memory
 * sys/outlive          a step that goes on to its end when this process is killed
 * sys/proc             the one way to start a program
 * sys/proc_child       what happens between fork and exec
 * sys/seccomp          the filter of system calls for the sandbox
 * sys/shared           the files that come with the program
 * sys/sigs             Ctrl-C and its kin
 * sys/userns           a mount namespace of our own for one workspace
 * sys/warden           a child that kills what we started when we are killed
 *
 * --- base: memory, errors, strings, containers, clock, files ---
 * base/arena           memory that is released all at once
 * base/buf             one growing buffer of bytes
 * base/clock           the only place that asks what time it is
 * base/def             the few macros that every file may lean on
 * base/defence         the defences that hostile tests switch off
 * base/err             the one way to fail
 * base/file            files and folders, replaced whole
 * base/fnv             FNV-1a, the hash for names and checksums
 * base/id              names of tasks and runs
 * base/lib             open a shared library at its first use
 * base/map             strings to pointers, in order
 * base/mem             memory
 * base/opts            one table per verb: parser, help, completions
 * base/out             what a person or a program reads
 * base/regex           patterns that always come back
 * base/str             read-only slices of bytes, for parsing without copies
 * base/text            UTF-8, and text from outside made safe to show
 * base/trace           what leases and deliveries did, for a checker
 * base/turn            one process at a time
 * base/vec             a typed vector
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/pager.h"
#include "git/repo.h"
#include "sys/meter.h"
#include "sys/sigs.h"
#include "tool/tool.h"
#include "wire/json.h"

static const struct verb *const nouns[] = {
	cmd_init, cmd_doctor, cmd_config, cmd_trust, cmd_task, cmd_run, cmd_work, cmd_node, cmd_plan, cmd_pr,
	cmd_replay, cmd_supervisor, cmd_worker, cmd_publisher,
	cmd_status, cmd_keeper, cmd_log, cmd_show, cmd_gate, cmd_verify, cmd_gc, cmd_hook, cmd_sync,
	cmd_intake, cmd_event, cmd_serve, cmd_receiver, cmd_dispatcher, NULL,
};

/*
 * What git exports to hooks and aliases about the repository at hand
 * (git rev-parse --local-env-vars): inherited, it would redirect every git
 * that the factory runs elsewhere.  GIT_DIR is kept as the place to look, and
 * what 'git -c' said (GIT_CONFIG_PARAMETERS, GIT_CONFIG_COUNT) is the user's.
 * Where objects wait that are pushed is kept for the hook that asks for it.
 */
static char *
take_git_dir(struct strs *folders)
{
	char *dir = mem_strdup(getenv("GIT_DIR"));

	repo_folders_told(getenv("GIT_OBJECT_DIRECTORY"), getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES"), folders);
	repo_env_clear();
	return dir;
}

static const struct verb *
find_noun(const char *word)
{
	size_t i;

	for (i = 0; nouns[i] != NULL; i++)
		if (strcmp(nouns[i]->noun, word) == 0)
			return nouns[i];
	return NULL;
}

/* Patches and JSON keep their bytes: only what a person reads is paged. */
static struct err *
run_paged(struct app *app, const struct verb *v, const void *opts, const struct args *args)
{
	struct proc *pager = NULL;
	struct err *e = NULL;

	if (v->flags & VERB_PAGER && app->out.tty && !app->json)
		e = pager_start(app, &pager);
	if (e == NULL)
		e = v->run(app, opts, args);
	pager_end(app, pager);
	return e;
}

static struct err *
run_verb(struct app *app, const struct verb *v, int argc, char *const argv[])
{
	AUTO(mem_free_p) void *opts = mem_alloc(v->opts_size);
	struct args args = {0};
	struct buf help = BUF_INIT(BUF_TEXT);
	bool wants_help = false;
	struct err *e;

	if (v->defaults != NULL)
		memcpy(opts, v->defaults, v->opts_size);
	e = opts_parse(v->opts, argc, argv, opts, &args, &wants_help);
	if (e == NULL && wants_help) {
		help_verb(v, &help);
		out_raw(&app->out, buf_str(&help));
	} else if (e == NULL && ((int)args.n < v->min_args || (v->max_args >= 0 && (int)args.n > v->max_args))) {
		help_usage(v, &help);
		e = err_hint(err_new(ERR_USAGE, "%s", (int)args.n < v->min_args ? "an argument is missing"
		    : "too many arguments"), "usage: %.*s", (int)help.n - 1, buf_cstr(&help));
	} else if (e == NULL) {
		e = run_paged(app, v, opts, &args);
	}
	if (err_is(e, ERR_USAGE) && err_hint_of(e) == NULL)
		e = err_hint(e, "'git factory %s%s%s -h' tells what it takes", v->noun, v->name != NULL ? " " : "",
		    v->name != NULL ? v->name : "");
	buf_free(&help);
	vec_free(&args);
	return e;
}

static bool
is_help(const char *word)
{
	return strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "help") == 0;
}

/* 'help run', 'help pr merge', 'help pr': what these say with -h. */
static struct err *
show_help(struct app *app, int argc, char *const argv[])
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	const struct verb *noun = find_noun(argv[0]), *v = noun;

	if (noun == NULL)
		return help_unknown(nouns, argv[0], NULL);
	if (noun->name != NULL && argc > 1) {
		while (v->noun != NULL && strcmp(v->name, argv[1]) != 0)
			v++;
		if (v->noun == NULL)
			return help_unknown(nouns, argv[1], noun);
	}
	if (v->name != NULL && argc == 1)
		help_noun(v, &text);
	else
		help_verb(v, &text);
	out_raw(&app->out, buf_str(&text));
	return NULL;
}

/* argv[0] is the word after the program's name. */
static struct err *
dispatch(struct app *app, int argc, char *const argv[])
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	const struct verb *v, *noun;

	if (argc > 1 && is_help(argv[0]))
		return show_help(app, argc - 1, argv + 1);
	if (argc == 0 || is_help(argv[0])) {
		help_overview(nouns, &text);
		out_raw(argc == 0 ? &app->note : &app->out, buf_str(&text));
		return argc == 0 ? err_new(ERR_USAGE, "a verb is missing") : NULL;
	}
	if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "version") == 0) {
		out_printf(&app->out, "git-factory version %s\n", VERSION);
		return NULL;
	}
	if (strcmp(argv[0], "--list-verbs") == 0 || strcmp(argv[0], "--list-errors") == 0) {
		if (strcmp(argv[0], "--list-verbs") == 0)
			help_list(nouns, &text);
		else
			help_errors(&text);
		out_raw(&app->out, buf_str(&text));
		return NULL;
	}
	noun = find_noun(argv[0]);
	if (noun == NULL)
		return help_unknown(nouns, argv[0], NULL);
	if (noun->name == NULL)
		return run_verb(app, noun, argc - 1, argv + 1);
	if (argc > 1)
		for (v = noun; v->noun != NULL; v++)
			if (strcmp(v->name, argv[1]) == 0)
				return run_verb(app, v, argc - 2, argv + 2);
	help_noun(noun, &text);
	if (argc > 1 && is_help(argv[1])) {
		out_raw(&app->out, buf_str(&text));
		return NULL;
	}
	if (argc > 1)
		return help_unknown(nouns, argv[1], noun);
	out_raw(&app->note, buf_str(&text));
	return err_new(ERR_USAGE, "a verb is missing after '%s'", noun->noun);
}

static bool
wants_json(int argc, char *const argv[])
{
	int i;

	for (i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

static void
report(struct app *app, const struct err *e, bool json)
{
	AUTO(buf_free) struct buf text = BUF_INIT(BUF_TEXT);
	const char *kind = err_status(e) == 128 ? "fatal" : "error";
	struct jw w;

	out_printf(&app->note, "%s: %s\n", kind, err_msg(e));
	if (err_hint_of(e) != NULL)
		out_printf(&app->note, "hint: %s\n", err_hint_of(e));
	/* A result that was printed stands for itself: one document, not two. */
	if (!json || app->out.used)
		return;
	jw_init(&w, &text, false);
	jw_obj(&w);
	jw_key(&w, "error");
	jw_obj(&w);
	jw_kstr(&w, "word", err_row(err_code(e))->word);
	jw_kstr(&w, "message", err_msg(e));
	jw_kstr(&w, "hint", err_hint_of(e));
	jw_end(&w);
	jw_end(&w);
	buf_addc(&text, '\n');
	out_raw(&app->out, buf_str(&text));
}

int
main(int argc, char *argv[])
{
	AUTO(strs_free) struct strs folders = {0};
	AUTO(mem_free_p) char *git_dir = take_git_dir(&folders);
	struct app app = {.clock = clock_system(), .repo_path = git_dir, .folders = &folders,
	    .json = wants_json(argc, argv)};
	struct err *e, *flush;
	int status;

	mem_tune();
	if (argc == 2 && strcmp(argv[1], "--tool-server") == 0)
		return tool_server_main(STDIN_FILENO, STDOUT_FILENO);
	if (argc == 3 && strcmp(argv[1], "--meter") == 0)
		return meter_main(argv[2]);
	out_init(&app.out, STDOUT_FILENO);
	out_init(&app.note, STDERR_FILENO);
	e = sigs_open();
	if (e == NULL)
		e = dispatch(&app, argc > 0 ? argc - 1 : 0, argv + 1);
	if (e != NULL)
		report(&app, e, app.json);
	status = e == NULL ? app.status : err_status(e);
	flush = out_flush(&app.out);
	if (e == NULL && flush != NULL) {
		report(&app, flush, false);
		status = err_status(flush);
	}
	err_ignore(out_flush(&app.note));
	err_free(e);
	err_free(flush);
	out_free(&app.out);
	out_free(&app.note);
#ifdef SANITIZED
	return status;
#else
	/* What the libraries would do at exit takes a millisecond, and the kernel does it anyway. */
	_exit(status);
#endif
}
