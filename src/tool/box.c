#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/defence.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/redact.h"
#include "sys/jail.h"
#include "tool/frame.h"
#include "tool/serve.h"
#include "tool/tool.h"
#include "wire/json.h"

#define RUN_MS (10 * 60 * 1000)
#define RUN_DEFAULT_S 120
#define CALL_MS 60000

struct toolbox {
	struct toolbox_opts opts;
	struct jail_policy bare;	/* DEFENCE_TOOL_JAIL is off */
	struct jail *server;		/* NULL: to be started */
	bool ready;			/* the server has said so */
};

struct err *
toolbox_open(const struct toolbox_opts *opts, struct toolbox **out)
{
	struct toolbox *tb = mem_alloc(sizeof(*tb));

	tb->opts = *opts;
	tb->bare.mode = JAIL_NONE;
	if (tb->opts.run_ms <= 0)
		tb->opts.run_ms = RUN_MS;
	*out = tb;
	return NULL;
}

static void
stop_server(struct toolbox *tb)
{
	jail_stop(tb->server);
	tb->server = NULL;
	tb->ready = false;
}

void
toolbox_rest(struct toolbox *tb)
{
	if (tb->server != NULL)
		jail_close_in(tb->server);
}

void
toolbox_close(struct toolbox *tb)
{
	if (tb == NULL)
		return;
	stop_server(tb);
	free(tb);
}

void
toolbox_close_p(struct toolbox **tb)
{
	toolbox_close(*tb);
	*tb = NULL;
}

struct err *
toolbox_start(struct toolbox *tb)
{
	AUTO(fd_close_p) int self = -1;
	AUTO(strs_free) struct strs env = {0};
	char path[JAIL_SELF_PATH];
	const char *argv[] = {path, "--tool-server", NULL};
	struct jail_cmd cmd = {.argv = argv, .pipes = true, .lean = true, .max_out = 4 * KIB, .env = &env};
	bool jailed = defence_on(DEFENCE_TOOL_JAIL);

	if (tb->server != NULL)
		return NULL;
	TRY(jail_self(&self, path));
	cmd.exe_fd = self;
#ifdef FACTORY_TESTING
	if (getenv("GIT_FACTORY_TEST_OFF") != NULL)
		strs_addf(&env, "GIT_FACTORY_TEST_OFF=%s", getenv("GIT_FACTORY_TEST_OFF"));
#endif
	return jail_launch(jailed ? tb->opts.policy : &tb->bare, tb->opts.view, &cmd, &tb->server);
}

/* A server that says nothing did not start: its last words say why. */
static struct err *
why_not_started(struct toolbox *tb)
{
	AUTO(proc_result_free) struct proc_result r = {0};
	struct err *e;

	TRY(jail_wait(tb->server, &r));
	e = proc_check(&r, "git-factory --tool-server");
	if (e == NULL)
		e = err_new(ERR_SANDBOX, "it ended");
	return err_recode(err_wrap(e, "cannot start the file tools"), ERR_SANDBOX);
}

static struct err *
await_server(struct toolbox *tb)
{
	AUTO(buf_free) struct buf hello = BUF_INIT(FRAME_MAX);
	struct clock c = clock_system();
	struct frame_wait wait = {.cancel_fd = tb->opts.cancel_fd, .until = clock_mono(&c) + CALL_MS};
	bool end = false;

	TRY(jail_enter(tb->server));
	TRY(frame_read(jail_out(tb->server), &wait, &hello, &end));
	return end ? why_not_started(tb) : NULL;
}

struct err *
toolbox_enter(struct toolbox *tb)
{
	struct err *e;

	TRY(toolbox_start(tb));
	e = jail_enter(tb->server);
	if (e != NULL)
		stop_server(tb);
	return e;
}

struct err *
toolbox_ready(struct toolbox *tb)
{
	struct err *e;

	if (tb->ready)
		return NULL;
	TRY(toolbox_start(tb));
	e = await_server(tb);
	if (e == NULL) {
		tb->ready = true;
		return NULL;
	}
	stop_server(tb);
	return err_is(e, ERR_INTERRUPTED) ? e : err_recode(e, ERR_SANDBOX);
}

static void
say(struct tool_result *out, bool is_error, const char *text)
{
	out->text = mem_strdup(text);
	out->is_error = is_error;
}

/* The error as the model reads it. */
static void
say_err(struct tool_result *out, const struct err *e)
{
	const char *hint = err_hint_of(e);

	out->text = hint != NULL ? mem_printf("%s; %s", err_msg(e), hint) : mem_strdup(err_msg(e));
	out->is_error = true;
}

static struct err *
read_answer(struct str json, size_t n, struct tool_result *out)
{
	AUTO(arena_free) struct arena arena = {0};
	struct node *node;
	const char *text;
	int64_t call;

	TRY(json_parse(&arena, "answer", json, &node));
	text = node_get_str(node, "text");
	call = node_get_int(node, "call", -1);
	if (text == NULL || call < 0 || call >= (int64_t)n || out[call].text != NULL)
		return err_new(ERR_PROTOCOL, "the file tools gave no answer");
	out[call].text = mem_strdup(text);
	out[call].is_error = node_get_bool(node, "error", true);
	out[call].wrote = node_get_bool(node, "wrote", true);
	return NULL;
}

static struct err *
send_calls(struct toolbox *tb, const struct tool_call *calls, size_t n)
{
	AUTO(buf_free) struct buf request = BUF_INIT(FRAME_MAX);
	size_t i;

	buf_addf(&request, "{\"calls\":%zu}", n);
	TRY(frame_write(jail_in(tb->server), buf_str(&request)));
	for (i = 0; i < n; i++) {
		buf_clear(&request);
		buf_addf(&request, "{\"tool\":\"%s\",\"input\":", calls[i].name);
		buf_addstr(&request, calls[i].input);
		buf_addc(&request, '}');
		TRY(buf_check(&request, "the input of a tool"));
		TRY(frame_write(jail_in(tb->server), buf_str(&request)));
	}
	return NULL;
}

/* Each answer has its time: with more calls than workers, some start late. */
static struct err *
receive_answers(struct toolbox *tb, size_t n, int64_t deadline_ms, struct tool_result *out)
{
	AUTO(buf_free) struct buf answer = BUF_INIT(FRAME_MAX);
	struct clock c = clock_system();
	struct frame_wait wait = {.cancel_fd = tb->opts.cancel_fd};
	int64_t deadline = deadline_ms > 0 ? clock_mono(&c) + deadline_ms : INT64_MAX;
	size_t i;
	bool end;

	for (i = 0; i < n; i++) {
		wait.until = clock_mono(&c) + CALL_MS;
		if (wait.until > deadline)
			wait.until = deadline;
		TRY(frame_read(jail_out(tb->server), &wait, &answer, &end));
		if (end)
			return err_new(ERR_IO, "the file tools ended");
		TRY(read_answer(buf_str(&answer), n, out));
	}
	return NULL;
}

static struct err *
call_server(struct toolbox *tb, const struct tool_call *calls, size_t n, int64_t deadline_ms,
    struct tool_result *out)
{
	AUTO(err_free_p) struct err *e = NULL;
	size_t i;

	TRY(toolbox_ready(tb));
	e = send_calls(tb, calls, n);
	if (e == NULL)
		e = receive_answers(tb, n, deadline_ms, out);
	if (e == NULL)
		return NULL;
	stop_server(tb);
	if (err_is(e, ERR_INTERRUPTED))
		return STEAL(e);
	/* The next call starts another one. */
	for (i = 0; i < n; i++) {
		if (out[i].text != NULL)
			continue;
		say_err(&out[i], e);
		out[i].wrote = tool_find(calls[i].name)->writes;
	}
	return NULL;
}

/* Text that JSON can carry, whatever a command printed. */
static void
add_output(struct buf *b, struct str s)
{
	struct str rest = s;

	while (rest.n > 0) {
		const char *p = rest.p;
		int32_t c = utf8_next(&rest);

		if (c > 0)
			buf_add(b, p, (size_t)(rest.p - p));
		else
			utf8_add(b, 0xfffd);
	}
}

static void
describe(const struct toolbox *tb, const struct proc_result *r, int64_t limit_ms, struct buf *b)
{
	AUTO(buf_free) struct buf clean = BUF_INIT(2 * TOOL_RUN_MAX);

	redact_output(tb->opts.redact, &r->out, TOOL_RUN_MAX, TOOL_RUN_MAX / 2, &clean);
	add_output(b, buf_str(&clean));
	if (b->n > 0 && b->p[b->n - 1] != '\n')
		buf_addc(b, '\n');
	if (r->timed_out)
		buf_addf(b, "[killed after %lld s]", (long long)(limit_ms / 1000));
	else
		buf_addf(b, "[exit status %d]", r->status);
}

static struct err *
run_input(struct str json, struct arena *arena, struct str *command, int64_t *seconds)
{
	static const char *const known[] = {"command", "timeout_s", NULL};
	struct node *input;

	TRY(json_parse(arena, "input", json, &input));
	if (input->kind != NODE_MAP)
		return err_new(ERR_USAGE, "the input must be an object");
	TRY(input_check(input, known));
	TRY(input_text(input, "command", command));
	if (command->n > 128 * KIB - 1)
		return err_new(ERR_LIMIT, "the command is too long");
	return input_int(input, "timeout_s", 1, 24 * 60 * 60, RUN_DEFAULT_S, seconds);
}

static struct err *
call_run(struct toolbox *tb, struct str input, int64_t deadline_ms, struct tool_result *out)
{
	AUTO(arena_free) struct arena arena = {0};
	AUTO(proc_result_free) struct proc_result r = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(4 * TOOL_RUN_MAX);
	const char *argv[] = {"/bin/sh", "-c", NULL, NULL};
	struct jail_cmd cmd = {.argv = argv, .cwd = tb->opts.cwd, .err_to_out = true, .shares = true,
	    .max_out = TOOL_RUN_MAX + REDACT_MARGIN, .tail = TOOL_RUN_MAX / 2 + REDACT_MARGIN,
	    .cancel_fd = tb->opts.cancel_fd};
	struct str command;
	int64_t seconds;
	struct err *e = run_input(input, &arena, &command, &seconds);

	if (e != NULL) {
		say_err(out, e);
		err_free(e);
		return NULL;
	}
	argv[2] = command.p;
	cmd.deadline_ms = seconds * 1000 < tb->opts.run_ms ? seconds * 1000 : tb->opts.run_ms;
	if (deadline_ms > 0 && deadline_ms < cmd.deadline_ms)
		cmd.deadline_ms = deadline_ms;
	TRY(jail_run(tb->opts.policy, tb->opts.view, &cmd, &r));
	if (r.cancelled)
		return err_new(ERR_INTERRUPTED, "interrupted");
	describe(tb, &r, cmd.deadline_ms, &text);
	say(out, r.timed_out || r.status != 0, buf_cstr(&text));
	out->wrote = true;
	return NULL;
}

static bool
is_served(const struct tool_def *def)
{
	return def != NULL && !def->is_end && strcmp(def->name, "run") != 0;
}

static struct err *
call_one(struct toolbox *tb, const struct tool_call *call, int64_t deadline_ms, struct tool_result *out)
{
	const struct tool_def *def = tool_find(call->name);

	if (is_served(def))
		return call_server(tb, call, 1, deadline_ms, out);
	if (def != NULL && !def->is_end)
		return call_run(tb, call->input, deadline_ms, out);
	say(out, true, def == NULL ? "there is no such tool" : "this is not a tool to call here");
	return NULL;
}

struct err *
toolbox_calls(struct toolbox *tb, const struct tool_call *calls, size_t n, int64_t deadline_ms,
    struct tool_result *out)
{
	struct tool_result *r = mem_calloc(n, sizeof(*r));
	struct err *e = NULL;
	size_t i, some;

	if (n == 1)
		e = call_one(tb, calls, deadline_ms, r);
	for (i = 0; n > 1 && i < n && e == NULL; i += some) {
		some = n - i < FRAME_GROUP ? n - i : FRAME_GROUP;
		e = call_server(tb, calls + i, some, deadline_ms, r + i);
	}
	for (i = 0; i < n; i++) {
		if (e == NULL)
			out[i] = r[i];
		else
			tool_result_free(&r[i]);
	}
	free(r);
	return e;
}

struct err *
toolbox_call(struct toolbox *tb, const char *name, struct str input, int64_t deadline_ms,
    struct tool_result *out)
{
	struct tool_call call = {name, input};

	return toolbox_calls(tb, &call, 1, deadline_ms, out);
}
