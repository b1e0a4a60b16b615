/*
 * err.tbl.h - every way to fail: code, word, exit status, retry class, prose.
 *
 * The one table behind err.h, EXIT STATUS of the man pages and the "error"
 * word of --json output.  Exit statuses: 1 the answer is no, 128 fatal, 129
 * usage, 130 interrupted.  Include with ERR_ROW(code, word, status, retry,
 * prose) defined.
 */
ERR_ROW(ERR_GATES_FAILED, "gates-failed", 1, RETRY_NEVER, "a gate failed")
ERR_ROW(ERR_NOTHING_READY, "nothing-ready", 1, RETRY_NEVER, "no task is ready to run")
ERR_ROW(ERR_NOT_FOUND, "not-found", 1, RETRY_NEVER, "no such task, run, pull request or key")
ERR_ROW(ERR_ESCALATED, "escalated", 1, RETRY_PERSON, "the run ended with a question to a person")
ERR_ROW(ERR_AGAIN, "again", 1, RETRY_WAIT, "the attempt failed, and the task is queued for another")
ERR_ROW(ERR_FINDINGS, "findings", 1, RETRY_NEVER, "a check found something to mend")
ERR_ROW(ERR_STATE, "wrong-state", 1, RETRY_NEVER, "the thing is not in a state that allows this")
ERR_ROW(ERR_CONFLICT, "conflict", 1, RETRY_PERSON, "two changes of the same lines need a person")
ERR_ROW(ERR_USAGE, "usage", 129, RETRY_NEVER, "the command line is wrong")
ERR_ROW(ERR_INTERRUPTED, "interrupted", 130, RETRY_NOW, "stopped by a signal; start it again to go on")
ERR_ROW(ERR_AMBIGUOUS, "ambiguous", 128, RETRY_NEVER, "an abbreviated id names several things")
ERR_ROW(ERR_SYNTAX, "syntax", 128, RETRY_PERSON, "a file or an answer cannot be parsed")
ERR_ROW(ERR_CONFIG, "config", 128, RETRY_PERSON, "the configuration is wrong or incomplete")
ERR_ROW(ERR_REPOSITORY, "repository", 128, RETRY_PERSON, "not a git repository, or one that cannot be used")
ERR_ROW(ERR_UNTRUSTED, "untrusted", 128, RETRY_PERSON, "the repository's policy loosens something that you have not trusted")
ERR_ROW(ERR_SANDBOX, "sandbox", 128, RETRY_PERSON, "the sandbox cannot be set up")
ERR_ROW(ERR_DENIED, "denied", 128, RETRY_NEVER, "not permitted")
ERR_ROW(ERR_SECRET, "secret", 128, RETRY_PERSON, "a secret would have left this machine")
ERR_ROW(ERR_LIMIT, "limit", 128, RETRY_NEVER, "a size, count or depth is over its ceiling")
ERR_ROW(ERR_BUDGET, "budget", 128, RETRY_PERSON, "a cap on turns, tokens or money is reached")
ERR_ROW(ERR_CONTEXT, "context", 128, RETRY_NEVER, "the model's context is exhausted")
ERR_ROW(ERR_DEPENDENCY, "dependency", 128, RETRY_BACKOFF, "what the work needs could not be set up")
ERR_ROW(ERR_TIMEOUT, "timeout", 128, RETRY_BACKOFF, "a deadline passed")
ERR_ROW(ERR_STALE, "stale", 128, RETRY_NOW, "a ref moved meanwhile")
ERR_ROW(ERR_REWOUND, "rewound", 128, RETRY_PERSON, "a shared ref lost history that was seen before; nothing was overwritten")
ERR_ROW(ERR_LOCKED, "locked", 128, RETRY_BACKOFF, "another process holds it")
ERR_ROW(ERR_NETWORK, "network", 128, RETRY_BACKOFF, "a connection failed or broke")
ERR_ROW(ERR_RATE_LIMIT, "rate-limit", 128, RETRY_WAIT, "the server asks to wait")
ERR_ROW(ERR_SERVER, "server", 128, RETRY_BACKOFF, "the server failed")
ERR_ROW(ERR_AUTH, "auth", 128, RETRY_PERSON, "the server refused the credential")
ERR_ROW(ERR_PROTOCOL, "protocol", 128, RETRY_BACKOFF, "the other side broke the protocol")
ERR_ROW(ERR_REFUSED, "refused", 128, RETRY_PERSON, "the model refused the request")
ERR_ROW(ERR_COMMAND, "command", 128, RETRY_NEVER, "a program failed or is missing")
ERR_ROW(ERR_IO, "io", 128, RETRY_BACKOFF, "the operating system reports an error")
ERR_ROW(ERR_DISK_FULL, "disk-full", 128, RETRY_PERSON, "no space is left")
ERR_ROW(ERR_BUG, "bug", 128, RETRY_NEVER, "a fault of git-factory itself")
