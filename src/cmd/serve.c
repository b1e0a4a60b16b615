/*
 * git factory serve - webhooks in, work out.
 *
 * This process only keeps others alive: a receiver, which has the webhooks'
 * keys and parses what strangers send as far as HTTP and a signature go; a
 * dispatcher, which has the forge's token and looks at what the deliveries
 * hint at; and, with --work, a node.  It binds the socket and holds it, so that
 * none of their restarts refuses a connection.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "forge/forge.h"
#include "forge/webhook.h"
#include "git/repo.h"
#include "line/policy.h"
#include "plant/tend.h"
#include "store/state.h"
#include "sys/proc.h"
#include "wire/server.h"

#define LISTEN "127.0.0.1:8417"
#define GOODBYE_MS 15000
#define WORK_GOODBYE_MS (60 * 60 * 1000)	/* what runs comes to its end */
#define ROOM_FD 10	/* children's descriptors have numbers from here on */

extern char **environ;

struct serve_opts {
	const char *where;
	const char *sweep;
	struct opt_list keys;
	int64_t rate;
	int64_t connections;
	int64_t per_address;
	int64_t body;
	int64_t slots;
	bool work;
	bool quiet;
};

static const struct opt serve_table[] = {
	OPT_STRING('l', "listen", "ADDRESS:PORT", struct serve_opts, where, "where deliveries come in; " LISTEN " by default"),
	OPT_STRINGS('k', "key", "VARIABLE", struct serve_opts, keys,
	    "environment variable that holds a webhook's secret; " HOOK_KEY " by default, several for a change of it"),
	OPT_NUMBER(0, "rate", "N", struct serve_opts, rate, 1, 1000000, "take in so many deliveries a second"),
	OPT_NUMBER(0, "connections", "N", struct serve_opts, connections, 1, 100000, "so many at once"),
	OPT_NUMBER(0, "per-address", "N", struct serve_opts, per_address, 0, 100000,
	    "so many of them from one address; 0, the default, for behind a proxy: any number"),
	OPT_NUMBER(0, "body", "MIB", struct serve_opts, body, 1, 25, "the largest delivery"),
	OPT_STRING(0, "sweep", "SPAN", struct serve_opts, sweep, "look at all issues and pull requests this often, like 5m"),
	OPT_FLAG('w', "work", struct serve_opts, work, "also run the tasks, as git factory work does"),
	OPT_NUMBER(0, "slots", "N", struct serve_opts, slots, 1, 10000, "with --work: so many runs at once, instead of node.slots"),
	OPT_FLAG('q', "quiet", struct serve_opts, quiet, "no progress"),
	OPT_END,
};

static const struct serve_opts defaults = {.where = LISTEN, .sweep = "5m", .rate = 2000, .connections = 1000,
    .per_address = 0, .body = 25};

/* ---- the children ---- */

struct staff {
	struct strs argv[3];
	const char **argv_v[3];
	struct strs env[3];
	const char **env_v[3];
	int fds[3][3];
	struct tend_child children[3];
	size_t n;
};

static void
staff_free(struct staff *s)
{
	size_t i;

	for (i = 0; i < NITEMS(s->argv); i++) {
		strs_free(&s->argv[i]);
		strs_free(&s->env[i]);
		free(s->argv_v[i]);
		free(s->env_v[i]);
	}
}

static bool
is_key(const struct serve_opts *o, const char *entry)
{
	size_t i, n;

	n = strlen(HOOK_KEY);
	if (o->keys.n == 0)
		return strncmp(entry, HOOK_KEY, n) == 0 && entry[n] == '=';
	for (i = 0; i < o->keys.n; i++) {
		n = strlen(o->keys.v[i]);
		if (strncmp(entry, o->keys.v[i], n) == 0 && entry[n] == '=')
			return true;
	}
	return false;
}

/* The receiver is given the keys and no more; the others all but the keys. */
static void
share_env(const struct serve_opts *o, bool receiver, struct strs *out)
{
	static const char *const plain[] = {"PATH=", "LANG=", "LC_ALL=", "TZ=", "LD_LIBRARY_PATH=", "GIT_FACTORY_DATE="};
	size_t i, k;

	for (i = 0; environ[i] != NULL; i++) {
		bool key = is_key(o, environ[i]), wanted = false;

		for (k = 0; k < NITEMS(plain); k++)
			wanted = wanted || strncmp(environ[i], plain[k], strlen(plain[k])) == 0;
		if (receiver ? key || wanted : !key)
			strs_add(out, environ[i]);
	}
}

static struct strs *
begin_child(struct staff *s, const char *name, const char *verb, int fd, int more)
{
	struct strs *argv = &s->argv[s->n];

	strs_add(argv, proc_self());
	strs_add(argv, verb);
	s->fds[s->n][0] = fd;
	s->fds[s->n][1] = more;
	s->fds[s->n][2] = -1;
	s->children[s->n].name = name;
	s->children[s->n].keep_fds = s->fds[s->n];
	return argv;
}

static void
end_child(struct staff *s, const struct serve_opts *o, bool receiver)
{
	share_env(o, receiver, &s->env[s->n]);
	s->argv_v[s->n] = strs_list(&s->argv[s->n]);
	s->env_v[s->n] = strs_list(&s->env[s->n]);
	s->children[s->n].argv = s->argv_v[s->n];
	s->children[s->n].env = s->env_v[s->n];
	s->n++;
}

static void
make_staff(const struct serve_opts *o, int64_t sweep, const char *dir, int sock, const int bell[2], struct staff *s)
{
	struct strs *argv = begin_child(s, "receiver", "--receiver", sock, bell[1]);
	size_t i;

	strs_addf(argv, "--dir=%s", dir);
	strs_addf(argv, "--fd=%d", sock);
	strs_addf(argv, "--bell=%d", bell[1]);
	strs_addf(argv, "--rate=%" PRId64, o->rate);
	strs_addf(argv, "--connections=%" PRId64, o->connections);
	strs_addf(argv, "--per-address=%" PRId64, o->per_address);
	strs_addf(argv, "--body=%" PRId64, o->body);
	for (i = 0; i < o->keys.n; i++)
		strs_addf(argv, "--key=%s", o->keys.v[i]);
	end_child(s, o, true);
	argv = begin_child(s, "dispatcher", "--dispatcher", bell[0], -1);
	strs_addf(argv, "--dir=%s", dir);
	strs_addf(argv, "--bell=%d", bell[0]);
	strs_addf(argv, "--sweep=%" PRId64, sweep);
	if (o->quiet)
		strs_add(argv, "--quiet");
	end_child(s, o, false);
	if (!o->work)
		return;
	argv = begin_child(s, "work", "work", -1, -1);
	if (o->slots > 0)
		strs_addf(argv, "--slots=%" PRId64, o->slots);
	if (o->quiet)
		strs_add(argv, "--quiet");
	end_child(s, o, false);
}

static void
on_tend(void *arg, enum tend_what what, const char *name, int status, int64_t wait_ms)
{
	struct app *app = arg;
	char span[CLOCK_TEXT];

	clock_format_span((wait_ms + 999) / 1000, span);
	switch (what) {
	case TEND_ENDED:
		out_printf(&app->note, "the %s ended with status %d; it is started again%s%s\n", name, status,
		    wait_ms > 0 ? " in " : "", wait_ms > 0 ? span : "");
		break;
	case TEND_AGAIN:
		out_printf(&app->note, "starting all again\n");
		break;
	case TEND_STOP:
		out_printf(&app->note, "what is in hand comes to its end (once more to stop it)\n");
		break;
	}
	err_ignore(out_flush(&app->note));
}

/* Above what the children keep for themselves, and not handed to other programs. */
static struct err *
move_up(int *fd)
{
	int up = fcntl(*fd, F_DUPFD_CLOEXEC, ROOM_FD);

	if (up < 0)
		return err_sys("cannot copy a descriptor");
	close(*fd);
	*fd = up;
	return NULL;
}

static struct err *
open_bell(int bell[2])
{
	if (pipe2(bell, O_CLOEXEC | O_NONBLOCK) != 0)
		return err_sys("cannot make a pipe");
	TRY(move_up(&bell[0]));
	return move_up(&bell[1]);
}

/* What would end a child again and again is found here, at once. */
static struct err *
check(const struct serve_opts *o, int64_t *sweep)
{
	AUTO(hook_keys_free_p) struct hook_keys *keys = NULL;

	if (!clock_parse_span(o->sweep, sweep) || *sweep < 10 || *sweep > 24 * 3600)
		return err_new(ERR_USAGE, "--sweep must be a span from 10s to 1d, not '%s'", o->sweep);
	if (o->slots > 0 && !o->work)
		return err_new(ERR_USAGE, "--slots goes with --work");
	return hook_keys_of(&o->keys, &keys);
}

/* A server without a forge would only look as if it worked. */
static struct err *
check_forge(struct desk *d)
{
	AUTO(policy_free) struct policy p = {0};
	AUTO(forge_close_p) struct forge *f = NULL;
	AUTO(mem_free_p) char *why = NULL;

	TRY(policy_open_shared(d->repo, state_remote(d->state) != NULL, &p));
	TRY(policy_trusted(&p));
	TRY(forge_open(d->repo, &p.cfg, NULL, &f, &why));
	if (f != NULL)
		return NULL;
	return err_hint(err_new(ERR_CONFIG, "there is no forge here%s%s", why != NULL ? ": " : "", why != NULL ? why : ""),
	    "name it in .factory/config.yml, 'forge: github' for one");
}

static struct err *
serve(struct app *app, const void *opts, const struct args *args UNUSED)
{
	AUTO(desk_close) struct desk d = {0};
	AUTO(staff_free) struct staff staff = {0};
	AUTO(mem_free_p) char *dir = NULL;
	const struct serve_opts *o = opts;
	struct tend_opts t = {.children = staff.children, .goodbye_ms = o->work ? WORK_GOODBYE_MS : GOODBYE_MS,
	    .on_event = on_tend, .arg = app};
	const char *factory;
	int64_t sweep;
	int sock, port, bell[2];
	struct err *e;

	TRY(check(o, &sweep));
	TRY(desk_open(app, &d));
	TRY(check_forge(&d));
	TRY(repo_factory_dir(d.repo, &factory));
	dir = path_join(factory, "deliveries");
	TRY(server_listen(o->where, &sock, &port));
	TRY(move_up(&sock));
	TRY(open_bell(bell));
	if (app->repo_path != NULL)
		setenv("GIT_DIR", app->repo_path, 1);
	make_staff(o, sweep, dir, sock, bell, &staff);
	t.n = staff.n;
	if (!o->quiet)
		out_printf(&app->note, "listening on port %d; webhooks post to /hook\n", port);
	err_ignore(out_flush(&app->note));
	desk_close(&d);
	d = (struct desk){0};
	e = tend(&t);
	/* Whoever stops a server has what they asked for. */
	if (err_is(e, ERR_INTERRUPTED)) {
		err_ignore(e);
		return NULL;
	}
	return e;
}

const struct verb cmd_serve[] = {
	{.noun = "serve", .args = "", .doc = "take in the webhooks of a forge, and look at what they speak of",
	    .opts = serve_table, .opts_size = sizeof(struct serve_opts), .defaults = &defaults, .run = serve},
	VERB_END,
};
