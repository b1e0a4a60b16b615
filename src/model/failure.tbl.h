/*
 * failure.tbl.h - every class of failure and what is done about it.
 *
 * The one table behind failure.h, the defaults of policy's retry.<class>.*
 * keys and FAILURES of git-factory-tasks(5).  How often a failure of the class
 * is met by another try before a person is asked, seconds before the first
 * try (doubled for each further one, up to the ceiling), and the deadline of
 * the next attempt in percent of the last one's.  Include with
 * FAILURE_ROW(code, word, next, max, wait, ceiling, deadline, prose) defined.
 */
FAILURE_ROW(FAILURE_ORPHANED, "orphaned", NEXT_RESUME, 5, 0, 0, 100, "the process of the run died")
FAILURE_ROW(FAILURE_TIMEOUT, "timeout", NEXT_ANEW, 1, 0, 0, 200, "the run passed its deadline")
FAILURE_ROW(FAILURE_DEPENDENCY, "dependency", NEXT_RESUME, 3, 300, 3600, 100, "what the work needs could not be set up")
FAILURE_ROW(FAILURE_TESTS, "test-failure", NEXT_ANEW, 1, 0, 0, 100, "tests fail on the change")
FAILURE_ROW(FAILURE_GATE, "gate", NEXT_ANEW, 1, 0, 0, 100, "another gate than the tests holds the change back")
FAILURE_ROW(FAILURE_NETWORK, "network", NEXT_RESUME, 12, 60, 3600, 100, "a server could not be reached, or failed")
FAILURE_ROW(FAILURE_RATE_LIMIT, "rate-limit", NEXT_RESUME, 12, 60, 3600, 100, "a server asks to wait")
FAILURE_ROW(FAILURE_CONTEXT, "context", NEXT_ANEW, 1, 0, 0, 100, "the model's context is exhausted")
FAILURE_ROW(FAILURE_AMBIGUOUS, "ambiguous", NEXT_ANEW, 0, 0, 0, 100, "the agent cannot tell what is wanted")
FAILURE_ROW(FAILURE_BUDGET, "budget", NEXT_ANEW, 0, 0, 0, 100, "a cap on turns, tokens or money is reached")
FAILURE_ROW(FAILURE_CONFLICT, "conflict", NEXT_ANEW, 2, 0, 0, 100, "the base or the branch was changed in the same place")
FAILURE_ROW(FAILURE_AGENT, "agent", NEXT_ANEW, 1, 60, 3600, 100, "the agent broke down, or did not keep to the protocol")
FAILURE_ROW(FAILURE_SECRET, "secret", NEXT_ANEW, 0, 0, 0, 100, "the change holds a secret")
FAILURE_ROW(FAILURE_MACHINE, "machine", NEXT_MEND, 0, 0, 0, 100, "something of this machine or of policy is to be mended first")
FAILURE_ROW(FAILURE_FAULT, "fault", NEXT_RESUME, 2, 60, 3600, 100, "git-factory or the operating system failed")
