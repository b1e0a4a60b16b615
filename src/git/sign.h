/*
 * sign.h - signatures by ssh keys, made and checked as git does: by
 * ssh-keygen(1) -Y, with lines of allowed signers as gpg.ssh.allowedSignersFile
 * has them ("alice@example.org ssh-ed25519 AAAA...").
 *
 * What is signed is a line of JSON; the signature is its last member, and
 * covers the line without that.  The purpose (ssh's namespace) is part of what
 * is signed: a signature for one does not count for another.
 */
#ifndef GIT_SIGN_H
#define GIT_SIGN_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"

struct err;
struct repo;
struct strs;

#define SIGN_PROOF "git-factory-proof"
#define SIGN_APPROVAL "git-factory-approval"

/*
 * Sign a line that ends in '}'.  'key' is a path, as user.signingKey has it: of
 * a private key, or of a public one whose other half the agent has; or
 * "key::" and a public key.  ERR_COMMAND, ERR_TIMEOUT when a passphrase is
 * asked for.
 */
struct err *sign_line(struct repo *r, const char *key, const char *purpose,
    struct buf *line) MUST_USE;

/*
 * The line without its signature, and that, borrowed from the line; false when
 * it has none.  Pure.
 */
bool sign_open(struct str line, struct buf *text, struct str *signature);

/*
 * Who signed, of those that the lines of 'signers' allow: one by the name 'as'
 * (NULL: any).  *who is NULL when nobody did, or when the text is another.
 */
struct err *sign_who(struct repo *r, const struct strs *signers, const char *purpose,
    struct str text, struct str signature, const char *as, char **who) MUST_USE;

#endif
