/*
 * odb.h - how objects are written, and when packs are looked for again.
 *
 * libgit2 makes every folder on the way to an object, and lists the packs
 * anew, for each object that it writes: more than the writing itself.  Here
 * an object that is not there yet becomes one loose file, as git makes it
 * (gitrepository-layout(5)): deflated as core.looseCompression has it by
 * default, or with the level 0 where that saves no block of the disk or little
 * (a git gc deflates all), and renamed into its place.  Its descriptor is kept
 * for objsync.h.  Packs are listed anew when their folder has changed, or did so
 * too shortly before the last time for its clock to tell.
 *
 * For repo.c only; all other rooms write through tree.h and commit.h.
 */
#ifndef GIT_ODB_H
#define GIT_ODB_H

#include "base/def.h"

struct err;
struct git_repository;
struct repo;

/* Set up the objects of 'g', the handle of libgit2 that r keeps. */
struct err *odb_open(struct repo *r, struct git_repository *g) MUST_USE;

#endif
