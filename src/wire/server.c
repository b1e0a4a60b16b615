#include "wire/server.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/lib.h"
#include "base/mem.h"
#include "base/vec.h"

#define HEADERS_MAX (32 * KIB)
#define IDLE_S 30
#define BACKLOG 512

#define MHD_FNS(X)                         \
	X(MHD_start_daemon)                \
	X(MHD_stop_daemon)                 \
	X(MHD_quiesce_daemon)              \
	X(MHD_get_daemon_info)             \
	X(MHD_get_timeout)                 \
	X(MHD_run)                         \
	X(MHD_lookup_connection_value)     \
	X(MHD_suspend_connection)          \
	X(MHD_resume_connection)           \
	X(MHD_create_response_from_buffer) \
	X(MHD_add_response_header)         \
	X(MHD_queue_response)              \
	X(MHD_destroy_response)

struct mhd_fns {
#define MHD_FN(f) __typeof__(f) *f;
	MHD_FNS(MHD_FN)
#undef MHD_FN
};

/* Filled at the first server. */
static struct mhd_fns lib;

enum call_stage {
	CALL_ARRIVES,
	CALL_REFUSED,	/* what follows is dropped; 'refusal' is the answer */
	CALL_KEPT,	/* the caller has it, and the connection waits */
	CALL_ASKED,	/* the caller is being asked */
	CALL_ANSWERED	/* the answer is made */
};

struct server_call {
	struct server *server;
	struct MHD_Connection *connection;
	struct MHD_Response *answer;
	char *method, *path;
	struct buf body;
	size_t held;		/* counted in server->held */
	size_t place;		/* in server->kept */
	int64_t began;		/* monotonic ms */
	enum call_stage stage;
	int status;
};

struct server {
	struct server_opts o;
	struct clock clock;
	struct MHD_Daemon *daemon;
	VEC(struct server_call *) kept;
	size_t held;
	bool resumed;		/* a kept call was answered, and its connection waits to be run */
	int epoll;
};

static struct err *
load(void)
{
	static const char *const names[] = {
#define MHD_FN(f) #f,
		MHD_FNS(MHD_FN)
#undef MHD_FN
	};
	struct mhd_fns fns = {0};

	if (lib.MHD_start_daemon != NULL)
		return NULL;
	TRY(lib_open(SO_MHD, names, (void **)&fns, NITEMS(names)));
	lib = fns;
	return NULL;
}

/* ---- answers ---- */

static struct MHD_Response *
make_answer(const char *type, struct str body, int64_t retry_s)
{
	struct MHD_Response *r = lib.MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)body.p,
	    MHD_RESPMEM_MUST_COPY);
	char text[32];

	if (r == NULL)
		return NULL;
	lib.MHD_add_response_header(r, "Content-Type", type == NULL ? "text/plain; charset=utf-8" : type);
	lib.MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	lib.MHD_add_response_header(r, "Cache-Control", "no-store");
	if (retry_s > 0) {
		snprintf(text, sizeof(text), "%lld", (long long)retry_s);
		lib.MHD_add_response_header(r, "Retry-After", text);
	}
	return r;
}

static void
release(struct server_call *c)
{
	c->server->held -= c->held;
	c->held = 0;
	buf_free(&c->body);
}

void
server_answer(struct server_call *c, int status, const char *type, struct str body, int64_t retry_s)
{
	struct server *s = c->server;
	bool kept = c->stage == CALL_KEPT;

	c->answer = make_answer(type, body, retry_s);
	c->status = status;
	c->stage = CALL_ANSWERED;
	release(c);
	if (!kept)
		return;
	s->kept.v[c->place] = s->kept.v[--s->kept.n];
	s->kept.v[c->place]->place = c->place;
	lib.MHD_resume_connection(c->connection);
	s->resumed = true;
}

static enum MHD_Result
send_answer(struct server_call *c)
{
	return c->answer == NULL ? MHD_NO : lib.MHD_queue_response(c->connection, (unsigned)c->status, c->answer);
}

/* ---- requests ---- */

static struct server_call *
begin(struct server *s, struct MHD_Connection *connection, const char *path, const char *method)
{
	struct server_call *c = mem_alloc(sizeof(*c));

	c->server = s;
	c->connection = connection;
	c->method = mem_strdup(method);
	c->path = mem_strdup(path);
	c->began = clock_mono(&s->clock);
	buf_init(&c->body, s->o.max_body);
	return c;
}

static void
refuse(struct server_call *c, int status, const char *why, int64_t retry_s)
{
	c->answer = make_answer(NULL, str_of(why), retry_s);
	if (c->answer != NULL)
		lib.MHD_add_response_header(c->answer, "Connection", "close");
	c->status = status;
	c->stage = CALL_REFUSED;
	release(c);
}

/* What a length promises is judged before a byte of it is taken. */
static void
judge_length(struct server_call *c)
{
	const char *text = call_header(c, "Content-Length");
	int64_t n;

	if (text == NULL)
		return;
	if (!str_int(str_of(text), 0, INT64_MAX, &n) || (uint64_t)n > c->server->o.max_body)
		refuse(c, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large\n", 0);
}

static void
take(struct server_call *c, const char *p, size_t n)
{
	struct server *s = c->server;

	if (c->stage != CALL_ARRIVES)
		return;
	buf_add(&c->body, p, n);
	s->held += n;
	c->held += n;
	if (c->body.over)
		refuse(c, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large\n", 0);
	else if (s->held > s->o.max_held)
		refuse(c, MHD_HTTP_SERVICE_UNAVAILABLE, "too much at once\n", 1);
}

static enum MHD_Result
ask(struct server_call *c)
{
	struct server *s = c->server;

	c->stage = CALL_ASKED;
	s->o.on_request(s->o.arg, c);
	if (c->stage == CALL_ANSWERED)
		return send_answer(c);
	c->stage = CALL_KEPT;
	c->place = s->kept.n;
	vec_push(&s->kept, c);
	lib.MHD_suspend_connection(c->connection);
	return MHD_YES;
}

static enum MHD_Result
on_access(void *arg, struct MHD_Connection *connection, const char *path, const char *method,
    const char *version UNUSED, const char *data, size_t *size, void **state)
{
	struct server *s = arg;
	struct server_call *c = *state;

	if (c == NULL) {
		*state = c = begin(s, connection, path, method);
		judge_length(c);
		return c->stage == CALL_REFUSED ? send_answer(c) : MHD_YES;
	}
	if (*size > 0) {
		if (clock_mono(&s->clock) - c->began > s->o.arrive_ms)
			return MHD_NO;
		take(c, data, *size);
		*size = 0;
		return MHD_YES;
	}
	return c->stage == CALL_ARRIVES ? ask(c) : send_answer(c);
}

static void
on_completed(void *arg UNUSED, struct MHD_Connection *connection UNUSED, void **state,
    enum MHD_RequestTerminationCode code UNUSED)
{
	struct server_call *c = *state;

	if (c == NULL)
		return;
	release(c);
	if (c->answer != NULL)
		lib.MHD_destroy_response(c->answer);
	free(c->method);
	free(c->path);
	free(c);
	*state = NULL;
}

const char *
call_method(const struct server_call *c)
{
	return c->method;
}

const char *
call_path(const struct server_call *c)
{
	return c->path;
}

const char *
call_header(const struct server_call *c, const char *name)
{
	return lib.MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, name);
}

struct str
call_body(const struct server_call *c)
{
	return buf_str(&c->body);
}

/* ---- the socket ---- */

static struct err *
parse_where(const char *where, char **host, const char **port)
{
	const char *colon = strrchr(where, ':');
	size_t n;

	if (colon == NULL || colon[1] == '\0')
		return err_hint(err_new(ERR_USAGE, "'%s' is no address to listen on", where),
		    "ADDRESS:PORT, like 127.0.0.1:8417");
	n = (size_t)(colon - where);
	*port = colon + 1;
	if (n >= 2 && where[0] == '[' && where[n - 1] == ']')
		*host = str_dup(str_mk(where + 1, n - 2));
	else
		*host = n == 0 ? mem_strdup("127.0.0.1") : str_dup(str_mk(where, n));
	return NULL;
}

static struct err *
bind_to(const struct addrinfo *a, const char *where, int *out)
{
	AUTO(fd_close_p) int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (fd < 0)
		return err_sys("cannot make a socket for '%s'", where);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
		if (errno == EADDRINUSE)
			return err_hint(err_new(ERR_STATE, "another process listens on '%s'", where),
			    "stop it, or choose another port");
		return err_sys("cannot listen on '%s'", where);
	}
	*out = fd;
	fd = -1;
	return NULL;
}

static int
port_of(int fd)
{
	struct sockaddr_storage a = {0};
	socklen_t n = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &n) != 0)
		return 0;
	return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port :
	    ((struct sockaddr_in *)&a)->sin_port);
}

struct err *
server_listen(const char *where, int *fd, int *port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
	AUTO(mem_free_p) char *host = NULL;
	struct addrinfo *list = NULL;
	const char *service = NULL;
	struct err *e;

	TRY(parse_where(where, &host, &service));
	if (getaddrinfo(host, service, &hints, &list) != 0)
		return err_hint(err_new(ERR_USAGE, "'%s' is no address to listen on", where),
		    "ADDRESS:PORT, both in numbers");
	e = bind_to(list, where, fd);
	freeaddrinfo(list);
	TRY(e);
	*port = port_of(*fd);
	return NULL;
}

/* ---- the server ---- */

/* Its messages are about what strangers sent: nobody's business. */
static void
on_log(void *arg UNUSED, const char *fmt UNUSED, va_list ap UNUSED)
{
}

struct err *
server_open(const struct server_opts *o, struct server **out)
{
	AUTO(server_free_p) struct server *s = mem_alloc(sizeof(*s));
	const union MHD_DaemonInfo *info;

	s->o = *o;
	s->clock = clock_system();
	TRY(load());
	s->daemon = lib.MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
	    on_access, s,
	    MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
	    MHD_OPTION_LISTEN_SOCKET, o->fd,
	    MHD_OPTION_CONNECTION_LIMIT, o->connections,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT, o->per_address,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
	    MHD_OPTION_END);
	if (s->daemon == NULL)
		return err_new(ERR_COMMAND, "the library '%s' does not start", SO_MHD);
	info = lib.MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL)
		return err_new(ERR_COMMAND, "the library '%s' has no epoll", SO_MHD);
	s->epoll = info->epoll_fd;
	*out = STEAL(s);
	return NULL;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	/* The library ends the process if it is stopped while one waits. */
	while (s->kept.n > 0)
		server_answer(s->kept.v[0], MHD_HTTP_SERVICE_UNAVAILABLE, NULL, STR("going down\n"), 1);
	if (s->daemon != NULL) {
		lib.MHD_run(s->daemon);
		lib.MHD_stop_daemon(s->daemon);
	}
	vec_free(&s->kept);
	free(s);
}

void
server_free_p(struct server **s)
{
	server_free(*s);
}

int
server_fd(const struct server *s)
{
	return s->epoll;
}

int64_t
server_wait(const struct server *s)
{
	MHD_UNSIGNED_LONG_LONG ms;

	/* Without threads the library does not say so itself. */
	if (s->resumed)
		return 0;
	return lib.MHD_get_timeout(s->daemon, &ms) == MHD_YES ? (int64_t)ms : -1;
}

struct err *
server_run(struct server *s)
{
	s->resumed = false;
	return lib.MHD_run(s->daemon) == MHD_YES ? NULL : err_new(ERR_IO, "the HTTP server does not go on");
}

void
server_quiesce(struct server *s)
{
	int fd = lib.MHD_quiesce_daemon(s->daemon);

	if (fd >= 0)
		close(fd);
}

unsigned
server_connections(const struct server *s)
{
	const union MHD_DaemonInfo *info = lib.MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info == NULL ? 0 : info->num_connections;
}
