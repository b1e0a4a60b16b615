/*
 * open.h - what every forge and tracker is opened with.
 *
 * git's http.lowSpeedLimit (bytes a second) and http.lowSpeedTime (seconds)
 * count here too, both set, as for git's own transfers (git-config(1)): an
 * answer that comes slower for so long is ERR_TIMEOUT.
 */
#ifndef FORGE_OPEN_H
#define FORGE_OPEN_H

#include "base/def.h"

struct err;
struct forge_opts;
struct repo;
struct rest_opts;

/* o may be NULL.  ERR_CONFIG for a key that is no number. */
struct err *forge_rest_opts(struct repo *r, const struct forge_opts *o, struct rest_opts *ro) MUST_USE;

#endif
