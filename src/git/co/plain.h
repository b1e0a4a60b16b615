/*
 * plain.h - is a checkout one whose files are the bytes of their blobs, and
 * where git does nothing else than write them?
 *
 * It is when nothing that git would read says otherwise: its configuration,
 * the environment, attributes of the user and the machine, an operation that
 * is under way.  What is not known counts as saying otherwise.  The
 * attributes in the repository itself are left to who looks at its files.
 *
 * Facts: git-config(1), gitattributes(5), git(1) on its variables,
 * gitrepository-layout(5); where a git below /usr has its system's files.
 */
#ifndef GIT_CO_PLAIN_H
#define GIT_CO_PLAIN_H

#include "base/def.h"

struct repo;

bool plain_checkout(struct repo *r) MUST_USE;

#endif
