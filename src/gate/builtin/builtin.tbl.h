/*
 * builtin.tbl.h - the gates that need no command, in the order in which they
 * are told.  Include with BUILTIN(name, on, judge, one, many, clean, mend)
 * defined:
 *   on     runs unless policy says otherwise; the others run where policy
 *          names them
 *   judge  of type builtin_fn
 *   one, many, clean   what a summary calls its findings, and none
 *   mend   what the evidence for an agent begins with
 */

/* protect.h */
BUILTIN("protected", true, protect_judge, "protected path changed", "protected paths changed", "none changed",
    "A gate runs these files, so they are a person's to change. Put them back")
/* kept.h; what reports say is added before it is summed up */
BUILTIN("tests-kept", true, kept_judge, "loss", "losses", "nothing lost",
    "What the base tests must be kept")
/*
 * Added lines and new names: bidirectional controls (bidi); other code points
 * that nobody sees, but those that emoji and scripts are written with
 * (invisible); words that mix Latin letters with look-alikes of other scripts,
 * and look-alikes of a word of the same file (confusable); files that cannot
 * be looked into (unjudged).  Each flags: a person decides.
 */
BUILTIN("unicode", true, unicode_judge, "deceptive line", "deceptive lines", "nothing hidden",
    "These lines hold characters that deceive a reader")
/*
 * Patterns on added lines, per language (constitution.tbl.h): text that
 * becomes code, hosts that the project does not know, places outside of it,
 * checks that are switched off; and the project's own ('rules').
 */
BUILTIN("constitution", true, constitution_judge, "broken rule", "broken rules", "no rule broken",
    "Code may not do this here")
/*
 * Keys and passwords on added lines, by the forms of their issuers with their
 * sums and entropy (secrets.tbl.h), and files that hold nothing else.  In
 * tests and documents passwords are told, and what has the form of a key is
 * flagged.  Stern: a person's change is no exception.
 */
BUILTIN("secrets", true, secrets_judge, "secret", "secrets", "none found",
    "Secrets do not belong into the repository: name an environment variable instead")
/*
 * Unfinished work: what stands for left-out code (placeholder), stubs (stub),
 * a file that ends in the middle (cut), marks of a merge conflict (conflict),
 * errors that vanish (swallowed).
 */
BUILTIN("truncation", true, truncation_judge, "unfinished place", "unfinished places", "nothing unfinished",
    "The work is not whole: write out what is left out")
/*
 * 'files' and 'lines' that a change may have, without generated ones and lines
 * that moved; binary files, large ones and what programs leave behind are
 * flagged.
 */
BUILTIN("size", false, size_judge, "excess", "excesses", "small enough",
    "The change is too large to be looked at: make it smaller, or several of it")
/*
 * Links of Markdown's added lines: to a file that is not there (link), to a
 * heading that is not (anchor, flagged).  Addresses without encryption are
 * told, and with 'remote' those that are dead: remote.h.
 */
BUILTIN("links", false, links_judge, "broken link", "broken links", "none broken",
    "These links lead nowhere")
/*
 * Words of the added prose that hunspell(1) does not know in the language that
 * policy names (word), asked in the sandbox.  What the file's older version
 * has, and 'except', are words, too.
 */
BUILTIN("spelling", false, spelling_judge, "misspelt word", "misspelt words", "all spelt well",
    "These are no words")
/*
 * Changes outside of what the task allows ('scope' of its fields).  On by
 * itself where a task has it.
 */
BUILTIN(GATE_SCOPE, false, scope_judge, "change outside of the scope", "changes outside of the scope", "all within the scope",
    "The task allows no change of these; put them back")
/*
 * The messages of the change's commits, where it has any already: a subject of
 * 72 columns at most (subject), an empty line behind it (second-line), nothing
 * that says it is unfinished (unfinished).
 */
BUILTIN(GATE_MESSAGE, false, message_judge, "message to mend", "messages to mend", "well said",
    "Others will read these messages: say what was done and why, a short subject first")
/*
 * The result's .factory/waivers.yml (conf/waiver.h): what cannot be read
 * (unreadable), and what has ended (ended) and counts no more.  That of the
 * base is what waives.
 */
BUILTIN("waivers", true, waivers_judge, "waiver to mend", "waivers to mend", "none has ended",
    "Waivers have an owner, a reason and a last day. Take out those that ended, or ask who answers for them")
