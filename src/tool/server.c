#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "sys/jail.h"
#include "tool/frame.h"
#include "tool/serve.h"
#include "tool/tool.h"
#include "wire/json.h"

static const struct {
	const char *name;
	struct err *(*serve)(int root, const struct node *input, struct answer *a);
} served[] = {
    {"read_file", serve_read_file}, {"write_file", serve_write_file}, {"edit", serve_edit},
    {"list", serve_list}, {"search", serve_search},
};

static struct err *
serve(int root, const struct node *request, struct answer *a)
{
	const char *tool = node_get_str(request, "tool");
	const struct node *input = node_get(request, "input");
	size_t i;

	if (tool == NULL || input == NULL || input->kind != NODE_MAP)
		return err_new(ERR_PROTOCOL, "the request names no tool and input");
	for (i = 0; i < NITEMS(served); i++) {
		if (strcmp(served[i].name, tool) == 0)
			return served[i].serve(root, input, a);
	}
	return err_new(ERR_NOT_FOUND, "there is no tool '%s'", tool);
}

/* ---- a group of calls ---- */

struct call {
	struct arena arena;
	struct node *request;
	struct err *broken;	/* the request cannot be read */
};

struct group {
	int root, out;
	struct call *calls;
	size_t n;
	pthread_mutex_t lock;	/* around what is below, and 'out' */
	size_t next;
	struct err *e;		/* nobody reads our answers */
};

static void
format_answer(size_t call, const struct answer *a, const struct err *e, struct buf *json)
{
	struct jw w;

	jw_init(&w, json, false);
	jw_obj(&w);
	jw_kint(&w, "call", (int64_t)call);
	jw_key(&w, "text");
	jw_strn(&w, buf_str(&a->text));
	jw_kbool(&w, "error", e != NULL);
	jw_kbool(&w, "wrote", a->wrote);
	jw_end(&w);
}

static void
answer_call(struct group *g, size_t i, struct buf *json)
{
	struct answer a = {.text = BUF_INIT(4 * MIB)};
	struct err *e = STEAL(g->calls[i].broken);

	if (e == NULL)
		e = serve(g->root, g->calls[i].request, &a);
	if (e != NULL) {
		buf_clear(&a.text);
		buf_adds(&a.text, err_msg(e));
		if (err_hint_of(e) != NULL)
			buf_addf(&a.text, "; %s", err_hint_of(e));
	}
	format_answer(i, &a, e, json);
	err_free(e);
	buf_free(&a.text);
}

/* Takes one call after the other until none is left. */
static void *
work(void *arg)
{
	struct group *g = arg;

	pthread_mutex_lock(&g->lock);
	while (g->next < g->n && g->e == NULL) {
		AUTO(buf_free) struct buf json = BUF_INIT(FRAME_MAX);
		size_t mine = g->next++;
		struct err *e;

		pthread_mutex_unlock(&g->lock);
		answer_call(g, mine, &json);
		pthread_mutex_lock(&g->lock);
		e = frame_write(g->out, buf_str(&json));
		if (g->e == NULL)
			g->e = STEAL(e);
		err_free(e);
	}
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

/*
 * Reading is mostly waiting, and searching keeps a core busy, so the calls of
 * a group are done side by side.  They share nothing but the root's
 * descriptor.  This thread is one of the workers: when no other can be had,
 * it does all of it.
 */
static void
work_side_by_side(struct group *g)
{
	pthread_t threads[TOOL_WORKERS - 1];
	size_t n = 0, wanted = (g->n < TOOL_WORKERS ? g->n : TOOL_WORKERS) - 1;

	while (n < wanted && pthread_create(&threads[n], NULL, work, g) == 0)
		n++;
	work(g);
	while (n > 0)
		pthread_join(threads[--n], NULL);
}

static struct err *
read_call(int in, struct call *c)
{
	AUTO(buf_free) struct buf request = BUF_INIT(FRAME_MAX);
	bool end;

	TRY(frame_read(in, NULL, &request, &end));
	if (end)
		return err_new(ERR_PROTOCOL, "a group of calls is cut");
	c->broken = json_parse(&c->arena, "request", buf_str(&request), &c->request);
	return NULL;
}

/* All calls are read before the first is answered: neither side waits for the other's pipe. */
static struct err *
serve_group(int root, int in, int out, size_t n)
{
	struct call calls[FRAME_GROUP] = {0};
	struct group g = {.root = root, .out = out, .calls = calls, .n = n};
	size_t i;

	for (i = 0; i < n && g.e == NULL; i++)
		g.e = read_call(in, &calls[i]);
	pthread_mutex_init(&g.lock, NULL);
	if (g.e == NULL)
		work_side_by_side(&g);
	pthread_mutex_destroy(&g.lock);
	for (i = 0; i < n; i++) {
		err_free(calls[i].broken);
		arena_free(&calls[i].arena);
	}
	return g.e;
}

static struct err *
read_group(int in, size_t *n)
{
	AUTO(arena_free) struct arena arena = {0};
	AUTO(buf_free) struct buf head = BUF_INIT(FRAME_MAX);
	struct node *node;
	int64_t calls;
	bool end;

	TRY(frame_read(in, NULL, &head, &end));
	if (end) {
		*n = 0;
		return NULL;
	}
	TRY(json_parse(&arena, "group", buf_str(&head), &node));
	calls = node_get_int(node, "calls", 0);
	if (calls < 1 || calls > FRAME_GROUP)
		return err_new(ERR_PROTOCOL, "a group of %lld calls", (long long)calls);
	*n = (size_t)calls;
	return NULL;
}

static struct err *
serve_all(int in, int out)
{
	AUTO(fd_close_p) int root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t n = 0;

	if (root < 0)
		return err_sys("cannot open the workspace");
	TRY(frame_write(out, STR("{}")));
	for (;;) {
		TRY(read_group(in, &n));
		if (n == 0)
			return NULL;
		TRY(serve_group(root, in, out, n));
	}
}

int
tool_server_main(int in, int out)
{
	struct err *e;
	struct buf line = BUF_INIT(4 * KIB);
	int status;

	jail_close_self();
	e = serve_all(in, out);
	status = err_status(e);
	if (e != NULL) {
		/* For whoever waits for us: stderr is captured, nobody reads along. */
		buf_addf(&line, "%s\n", err_msg(e));
		err_ignore(file_write_all(STDERR_FILENO, line.p, line.n));
		buf_free(&line);
	}
	err_free(e);
	return status;
}
