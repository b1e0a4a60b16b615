/*
 * github.h - GitHub, also Enterprise Server and ghe.com.
 *
 * Facts: GitHub's OpenAPI description (version 2022-11-28) and GraphQL schema.
 * Beyond them: 'merge_commit_sha' of an open pull request is a trial merge, not
 * what lands; the default list of check runs holds the latest of each name for
 * each App; a private project on a free plan has no branch rules, which is a
 * 403 that says "Upgrade to GitHub"; editing a title is an event of its own and
 * no content edit.
 */
#ifndef FORGE_GITHUB_H
#define FORGE_GITHUB_H

struct forge_api;

extern const struct forge_api forge_github;

#endif
