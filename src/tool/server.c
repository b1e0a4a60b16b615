#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
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

static struct err *
answer_request(int root, int out, struct str request)
{
	AUTO(arena_free) struct arena arena = {0};
	AUTO(buf_free) struct buf json = BUF_INIT(FRAME_MAX);
	AUTO(err_free_p) struct err *e = NULL;
	struct answer a = {.text = BUF_INIT(4 * MIB)};
	struct node *node = NULL;
	struct jw w;

	e = json_parse(&arena, "request", request, &node);
	if (e == NULL)
		e = serve(root, node, &a);
	if (e != NULL) {
		buf_clear(&a.text);
		buf_adds(&a.text, err_msg(e));
		if (err_hint_of(e) != NULL)
			buf_addf(&a.text, "; %s", err_hint_of(e));
	}
	jw_init(&w, &json, false);
	jw_obj(&w);
	jw_key(&w, "text");
	jw_strn(&w, buf_str(&a.text));
	jw_kbool(&w, "error", e != NULL);
	jw_kbool(&w, "wrote", a.wrote);
	jw_end(&w);
	buf_free(&a.text);
	return frame_write(out, buf_str(&json));
}

static struct err *
serve_all(int in, int out)
{
	AUTO(fd_close_p) int root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(buf_free) struct buf request = BUF_INIT(FRAME_MAX);
	bool end;

	if (root < 0)
		return err_sys("cannot open the workspace");
	TRY(frame_write(out, STR("{}")));
	for (;;) {
		TRY(frame_read(in, NULL, &request, &end));
		if (end)
			return NULL;
		TRY(answer_request(root, out, buf_str(&request)));
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
