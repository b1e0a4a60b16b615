/*
 * durable.h - files that reach the disk together.
 *
 *	struct durable d = DURABLE_INIT;
 *	err = durable_open(&d, folder);
 *	durable_start(fd), durable_add(&d, fd);	... for each file
 *	err = durable_written(&d);	their data is on its way no more
 *	rename(...), durable_folder(&d, where);
 *	err = durable_commit(&d);
 *
 * On ext4 and XFS, whose journals keep order, all data is written out at once
 * and one fsync of a small file commits whatever was created, renamed or removed
 * before it (git's core.fsyncMethod=batch, git-config(1)); elsewhere each file
 * and each folder is fsynced.  There a rename that comes after
 * durable_written() is never seen without what the files hold.
 */
#ifndef GIT_DURABLE_H
#define GIT_DURABLE_H

#include "base/def.h"
#include "base/vec.h"

struct err;

struct durable {
	int dir;		/* an open folder of the file system in question */
	bool ordered;
	struct {
		VEC_FIELDS(int);
	} files;		/* being written out */
	struct strs folders;	/* to be fsynced where there is no order */
};

#define DURABLE_INIT {.dir = -1}

/* Start to write a file out, before it is added: the disk works meanwhile. */
int durable_start(int fd) MUST_USE;

/* For one file: what is in it now reaches the disk before what is renamed after this. */
int durable_order(int fd) MUST_USE;

/* 'folder' must be writable. */
struct err *durable_open(struct durable *d, const char *folder) MUST_USE;

/* One that is to be written out; 'fd' is closed in time, also on failure. */
struct err *durable_add(struct durable *d, int fd) MUST_USE;

/* Wait for the data of all of them.  ERR_IO, ERR_DISK_FULL. */
struct err *durable_written(struct durable *d) MUST_USE;

/* A name in this folder has changed, or will before durable_commit(). */
void durable_folder(struct durable *d, const char *folder);

struct err *durable_commit(struct durable *d) MUST_USE;

void durable_close(struct durable *d);	/* also for AUTO */

#endif
