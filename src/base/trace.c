#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/trace.h"

#define LINE_MAX_BYTES (8 * KIB)

static const char *
trace_file(void)
{
	const char *path = getenv("GIT_FACTORY_TRACE");

	return path == NULL || *path == '\0' ? NULL : path;
}

bool
trace_on(void)
{
	return trace_file() != NULL;
}

int64_t
trace_push(void)
{
	return clock_mono_ns();
}

static void
add_plain(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (strchr("./_:@+- ", *s) != NULL || (*s >= '0' && *s <= '9') ||
		    (*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z'))
			buf_addc(b, *s);
		else
			buf_addf(b, "\\u%04x", (unsigned char)*s);
	}
}

static void
add_str(struct buf *b, const char *key, const char *value)
{
	if (value == NULL)
		return;
	buf_addf(b, ",\"%s\":\"", key);
	add_plain(b, value);
	buf_addc(b, '"');
}

static void
add_id(struct buf *b, const char *key, const char *hex)
{
	if (hex != NULL && strspn(hex, "0") != strlen(hex))
		add_str(b, key, hex);
}

void
trace_event(const struct trace *t)
{
	AUTO(buf_free) struct buf b = BUF_INIT(LINE_MAX_BYTES);
	const char *path = trace_file();
	AUTO(fd_close_p) int fd = -1;

	if (path == NULL)
		return;
	buf_addf(&b, "{\"at\":%lld,\"pid\":%lld", (long long)clock_mono_ns(), (long long)getpid());
	add_str(&b, "event", t->event);
	add_str(&b, "node", t->node);
	add_str(&b, "task", t->task);
	add_str(&b, "run", t->run);
	if (t->attempt != 0)
		buf_addf(&b, ",\"attempt\":%lld", (long long)t->attempt);
	if (t->push != 0)
		buf_addf(&b, ",\"push\":%lld", (long long)t->push);
	add_str(&b, "ref", t->ref);
	add_id(&b, "from", t->from);
	add_id(&b, "to", t->to);
	add_str(&b, "answer", t->answer);
	buf_adds(&b, "}\n");
	if (b.over)
		return;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		err_ignore(file_write_all(fd, b.p, b.n));
}
