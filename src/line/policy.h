/*
 * policy.h - what governs a change: the policy file of a base commit, the
 * user's own git config on top of it, and what the user trusted.
 *
 * A run, a gate and a landing each read policy from the base commit, never
 * from the checkout or the change, so that no change votes for itself.
 */
#ifndef LINE_POLICY_H
#define LINE_POLICY_H

#include "base/def.h"
#include "conf/config.h"
#include "conf/trust.h"
#include "git/oid.h"
#include "git/workspace.h"
#include "sys/jail.h"

struct err;
struct repo;
struct secrets;

struct policy {
	struct config cfg;
	bool found;		/* the commit has a policy file */
	struct oid commit;	/* the base commit */
	struct oid tree;
	char *branch;		/* full name of the base branch's ref */
	struct trust_items loosened;	/* by the file, not by the user */
	char *hash;		/* git's blob id of what is loosened, hex; "" for nothing */
	struct err *untrusted;	/* why it may not be used yet; NULL: it may */
};

/*
 * The base branch and its tip, and the policy in force for changes to it.
 * Which branch: the user's factory.base, else 'base' in the policy of HEAD's
 * commit; when neither names one and the default does not exist, the branch
 * that is checked out.  ERR_REPOSITORY in a repository without any commit,
 * ERR_NOT_FOUND when the branch does not exist, ERR_CONFIG for a broken file.
 */
struct err *policy_open(struct repo *r, struct policy *out) MUST_USE;

/*
 * What the user's config, else the policy of HEAD's commit, else the default
 * calls the base (*named false).  The caller frees *out.
 */
struct err *policy_base_name(struct repo *r, const struct oid *head, char **out, bool *named) MUST_USE;

/*
 * The base branch as it is for a change that is to go to the remote: as it was
 * last seen there when ours is a part of that, else ours.  Not 'shared': ours.
 * ERR_NOT_FOUND when it is gone.
 */
struct err *policy_tip(struct repo *r, const char *branch, bool shared, struct oid *tip) MUST_USE;

/* policy_open(), of that tip. */
struct err *policy_open_shared(struct repo *r, bool shared, struct policy *out) MUST_USE;

/* The same policy, of another commit: the base as it is now, or as it was. */
struct err *policy_at(struct repo *r, const char *branch, const struct oid *commit,
    struct policy *out) MUST_USE;
void policy_free(struct policy *p);	/* also for AUTO */

/* The base branch's name without refs/heads/. */
const char *policy_base(const struct policy *p);

/* Is the policy file of the work tree another than that of HEAD's commit?  It has no say then. */
bool policy_uncommitted(struct repo *r);

/*
 * NULL when policy says how a change is proven, be it 'gates: none'.  Else
 * ERR_CONFIG; the hint knows whether a file lies uncommitted in the work tree.
 */
struct err *policy_proves(struct repo *r, const struct policy *p) MUST_USE;

/* NULL when everything that the policy loosens is trusted, else ERR_UNTRUSTED. */
struct err *policy_trusted(const struct policy *p) MUST_USE;

/*
 * The sandbox for tools and gates of this policy, and for an agent (NULL:
 * none) that is granted more.  Free with jail_policy_free().
 */
struct err *policy_jail(const struct policy *p, const struct conf_agent *agent,
    struct jail_policy *out) MUST_USE;

/* How workspaces are to be: all of the opts but whose files they hold. */
struct workspace_opts policy_workspace(const struct policy *p);

/* "bwrap", "bwrap, network: host", "none": what reports say. */
char *policy_sandbox_word(const struct jail_policy *j) MUST_USE;

#endif
