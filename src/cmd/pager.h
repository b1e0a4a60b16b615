/*
 * pager.h - long output on a terminal goes through git's pager.
 *
 * Which one: what 'git var GIT_PAGER' says (GIT_PAGER, core.pager, PAGER,
 * less); "cat" means none.  LESS=FRX and LV=-c unless they are set, as in git.
 */
#ifndef CMD_PAGER_H
#define CMD_PAGER_H

#include "base/def.h"

struct app;
struct err;
struct proc;

/* app->out writes into the pager from here on; *out stays NULL when there is none. */
struct err *pager_start(struct app *app, struct proc **out) MUST_USE;

/* End of the output: waits until the reader quits it.  NULL is fine. */
void pager_end(struct app *app, struct proc *p);

#endif
