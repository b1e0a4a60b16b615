/*
 * git-factory --receiver - the part of 'git factory serve' that strangers talk to.
 */
#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "face/receiver.h"
#include "forge/webhook.h"
#include "sys/sigs.h"

struct receive_opts {
	struct opt_list keys;
	const char *dir;
	int64_t fd, bell;
	int64_t rate, connections, per_address, body;
};

static const struct opt receive_table[] = {
	OPT_STRINGS(0, "key", "VARIABLE", struct receive_opts, keys, "environment variable that holds a secret"),
	OPT_STRING(0, "dir", "DIR", struct receive_opts, dir, "where deliveries are stored"),
	OPT_NUMBER(0, "fd", "N", struct receive_opts, fd, 3, 1000, "the socket"),
	OPT_NUMBER(0, "bell", "N", struct receive_opts, bell, 3, 1000, "the pipe to the dispatcher"),
	OPT_NUMBER(0, "rate", "N", struct receive_opts, rate, 1, 1000000, "deliveries a second"),
	OPT_NUMBER(0, "connections", "N", struct receive_opts, connections, 1, 100000, "so many at once"),
	OPT_NUMBER(0, "per-address", "N", struct receive_opts, per_address, 0, 100000, "so many from one address"),
	OPT_NUMBER(0, "body", "MIB", struct receive_opts, body, 1, 25, "the largest delivery"),
	OPT_END,
};

static const struct receive_opts receive_defaults = {.fd = -1, .bell = -1, .rate = 2000, .connections = 1000, .body = 25};

struct err *
hook_keys_of(const struct opt_list *names, struct hook_keys **out)
{
	AUTO(hook_keys_free_p) struct hook_keys *keys = hook_keys_new();
	size_t i;

	if (names->n == 0)
		TRY(hook_keys_add(keys, HOOK_KEY));
	for (i = 0; i < names->n; i++)
		TRY(hook_keys_add(keys, names->v[i]));
	*out = STEAL(keys);
	return NULL;
}

static struct err *
receive(struct app *app UNUSED, const void *opts, const struct args *args UNUSED)
{
	AUTO(hook_keys_free_p) struct hook_keys *keys = NULL;
	const struct receive_opts *o = opts;
	struct receiver_opts r = {.fd = (int)o->fd, .dir = o->dir, .bell_fd = (int)o->bell, .rate = o->rate,
	    .max_body = (size_t)o->body * MIB, .connections = (unsigned)o->connections,
	    .per_address = (unsigned)o->per_address, .stop_fd = sigs_fd()};

	TRY(hook_keys_of(&o->keys, &keys));
	r.keys = keys;
	return receiver_run(&r);
}

const struct verb cmd_receiver[] = {
	{.noun = "--receiver", .args = "", .doc = "take in webhooks", .opts = receive_table,
	    .opts_size = sizeof(struct receive_opts), .defaults = &receive_defaults, .flags = VERB_INTERNAL, .run = receive},
	VERB_END,
};
