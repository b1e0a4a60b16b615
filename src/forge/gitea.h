/*
 * gitea.h - the REST API of Gitea and Forgejo, version 1, behind the table of
 * forge.h.  They differ in little that matters here, so one code speaks both.
 *
 * What is different here:
 * - labels are put on by name where the server knows that, else by number; an
 *   unknown one is passed over in silence, so the answer tells which to make;
 *   a list by an unknown label is a list of all, so what comes is looked
 *   through again;
 * - there are no ETags, and issues cannot be sorted by their last change: a
 *   poll is cheap with 'since' only, and *unchanged is always false;
 * - edits of a text leave no trace that can be read;
 * - who has which rights is told to administrators of the repository only;
 * - a draft is one by its title's prefix, which is put on and taken off here;
 * - a merge that waits for checks ignores which head it is meant for, and only
 *   the timeline tells that it waits; with nothing to wait for it is done at
 *   once; what the rules of a branch ask for is told to administrators only;
 * - 'Please try again later' is the answer to whoever merges what is looked at
 *   yet, and to whoever merges what is in conflict;
 * - whether a pull request can be merged is told when it can; else it may
 *   still be looked at, so that is 'unknown';
 * - at most 50 of a list come at once, whatever is asked for.
 *
 * Facts: Gitea's templates/swagger/v1_json.tmpl, routers/api/v1/repo/pull.go,
 * services/convert/pull.go, services/forms/repo_form.go; Forgejo has the same.
 */
#ifndef FORGE_GITEA_H
#define FORGE_GITEA_H

#include "forge/forge.h"

extern const struct forge_api forge_gitea;
extern const struct forge_api forge_forgejo;

#endif
