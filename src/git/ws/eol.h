/*
 * ws/eol.h - line endings as git converts them.  Pure.
 *
 * Facts: convert.c of git 2.39 (crlf_to_git, crlf_to_worktree, gather_stats)
 * with core.autocrlf and core.eol unset on a system whose own line end is LF.
 */
#ifndef GIT_WS_EOL_H
#define GIT_WS_EOL_H

#include "base/buf.h"
#include "base/str.h"

enum ws_eol {
	EOL_ASIS,	/* nothing is converted */
	EOL_TEXT,	/* text: LF in the workspace and in the repository */
	EOL_TEXT_CRLF,	/* text eol=crlf */
	EOL_AUTO,	/* text=auto: only what looks like text */
	EOL_AUTO_CRLF
};

/*
 * From the repository to the workspace and back.  true: the converted bytes
 * were appended to out; false: they stay as they are, nothing was appended.
 */
bool eol_smudge(enum ws_eol eol, struct str in, struct buf *out);

/*
 * 'base_crlf': the base's blob of this path is text that holds CRLF; then
 * the auto kinds leave it alone, as git does.
 */
bool eol_clean(enum ws_eol eol, struct str in, bool base_crlf, struct buf *out);

/* Text by git's guess, with CRLF in it. */
bool eol_has_crlf(struct str in);

#endif
