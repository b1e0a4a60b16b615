/*
 * retarget.h - pull requests whose base has another name by now.
 */
#ifndef LINE_PULLS_RETARGET_H
#define LINE_PULLS_RETARGET_H

#include "base/def.h"

struct err;
struct forge_pull;
struct outside;
struct pull;

/*
 * Is the pull request's base gone where the forge has its branches?  That is
 * asked once in a look, and told once (LINE_NOTE) with the remedy; nothing is
 * asked while 'there' (NULL: it is not on the forge yet) is for that base, too.
 * Where policy names another one by now, and so does the forge for one that it
 * has, the record goes on for that, and *gone is false.
 */
struct err *retarget(struct outside *o, struct pull *p, const struct forge_pull *there, bool *gone) MUST_USE;

#endif
