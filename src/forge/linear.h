/*
 * linear.h - Linear's issues behind the table of forge.h, beside any forge.
 *
 * A tracker has no repository: of the table there are whoami, role, issues,
 * issue, issue_events, comments, comment_add, comment_edit and issue_stage; all
 * others are NULL.  Its place is of kind FORGE_LINEAR, its project the key of one team
 * ("ENG"), so that issue 42 is what Linear calls ENG-42.
 *
 * - A login is a display name, which is unique among all users of one
 *   workspace.  Who is a member of the team, and no guest, may write.
 * - Linear may put an edit into an entry of its history that is older, so what
 *   came first is not proven.
 * - An issue that is done, cancelled, a duplicate, archived or in the trash is
 *   closed; one that was moved to another team is not found.
 * - An issue moves forward through the workflow of its team: from one type of
 *   state to the next (triage, backlog, unstarted, started, then the ends), and
 *   within a type by the states' positions.
 *
 * GIT_FACTORY_LINEAR_API in the environment is another address of the API, on
 * loopback only.
 *
 * Facts: the GraphQL schema of @linear/sdk 98, of which tests/forge/peers/
 * linear.graphql has what is asked for, and which says how states are ordered;
 * https://linear.app/developers ("Getting started"; "Rate limiting": HTTP 400
 * with the code RATELIMITED).
 */
#ifndef FORGE_LINEAR_H
#define FORGE_LINEAR_H

#include "forge/forge.h"

extern const struct forge_api forge_linear;

/*
 * The team that linear.team names, with the key in LINEAR_API_KEY.  *out NULL
 * when it names none; ERR_AUTH when there is no key.  Closed by forge_close().
 */
struct err *linear_open(struct repo *r, const struct config *c, const struct forge_opts *o,
    struct forge **out) MUST_USE;

#endif
