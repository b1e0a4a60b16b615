/*
 * armed.h - a pull request that the forge was told to merge once its checks are
 * green: it looked at the head and at people's word then, and looks no more.
 */
#ifndef LINE_PULLS_ARMED_H
#define LINE_PULLS_ARMED_H

#include "base/def.h"

struct err;
struct forge_pull;
struct outside;
struct pull;

/*
 * Take it back where it may not land by itself any more: the head moved, a
 * person took it over, policy changed, or somebody asks for changes, which is
 * read where anything was said since the last look, and counts when it cannot
 * be.  What somebody took back there is noted.  The record is the caller's to
 * note; all is told (LINE_NOTE).
 */
struct err *armed_watch(struct outside *o, struct pull *p, const struct forge_pull *there) MUST_USE;

#endif
