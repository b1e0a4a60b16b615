/*
 * gitlab.h - GitLab's REST API, version 4, behind the table of forge.h.
 *
 * What is different here:
 * - issues and merge requests count apart, by 'iid': FORGE_OF_PULL;
 * - what was done to an issue is told by label events and by system notes,
 *   whose English texts do not depend on a language; each edit of a
 *   description and of a title leaves one, so the order is proven;
 * - a review is an approval, or what a reviewer's state says; neither names a
 *   commit;
 * - a draft is one by its title's prefix, which is put on and taken off here;
 * - all jobs of a pipeline are required, or none (project setting "Pipelines
 *   must succeed"); one that may fail is neutral when it does;
 * - teams cannot be asked to review.
 *
 * Facts: https://docs.gitlab.com/api/rest/, its pages "Merge requests",
 * "Issues", "Notes", "Discussions", "Resource label events", "Merge request
 * approvals", "Commits", "Members", "Projects", "Personal access tokens".
 */
#ifndef FORGE_GITLAB_H
#define FORGE_GITLAB_H

#include "forge/forge.h"

extern const struct forge_api forge_gitlab;

#endif
