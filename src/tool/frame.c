#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "tool/frame.h"

struct err *
frame_write(int fd, struct str json)
{
	unsigned char head[4] = {(unsigned char)(json.n >> 24), (unsigned char)(json.n >> 16),
	    (unsigned char)(json.n >> 8), (unsigned char)json.n};

	if (json.n > FRAME_MAX)
		return err_new(ERR_LIMIT, "a message to or from the file tools is too long");
	TRY(file_write_all(fd, head, sizeof(head)));
	return file_write_all(fd, json.p, json.n);
}

static struct err *
wait_readable(int fd, const struct frame_wait *wait)
{
	struct pollfd p[2] = {{.fd = fd, .events = POLLIN},
	    {.fd = wait->cancel_fd > 0 ? wait->cancel_fd : -1, .events = POLLIN}};
	struct clock c = clock_system();
	int64_t left;
	int ready;

	do {
		left = wait->until > 0 ? wait->until - clock_mono(&c) : 60000;
		if (left <= 0)
			return err_new(ERR_TIMEOUT, "the file tools did not answer in time");
		ready = poll(p, 2, (int)(left < 60000 ? left : 60000));
	} while (ready == 0 || (ready < 0 && errno == EINTR));
	if (p[1].revents != 0)
		return err_new(ERR_INTERRUPTED, "interrupted");
	return ready > 0 ? NULL : err_sys("cannot wait for the file tools");
}

/* Exactly n bytes, or none at the end when that is allowed. */
static struct err *
read_bytes(int fd, const struct frame_wait *wait, char *p, size_t n, bool *end)
{
	size_t have = 0;
	ssize_t got;

	while (have < n) {
		if (wait != NULL)
			TRY(wait_readable(fd, wait));
		got = read(fd, p + have, n - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys("cannot read from the file tools");
		if (got == 0 && have == 0 && end != NULL) {
			*end = true;
			return NULL;
		}
		if (got == 0)
			return err_new(ERR_PROTOCOL, "a message of the file tools is cut");
		have += (size_t)got;
	}
	return NULL;
}

struct err *
frame_read(int fd, const struct frame_wait *wait, struct buf *out, bool *end)
{
	unsigned char head[4];
	char chunk[16 * KIB];
	size_t left;

	*end = false;
	TRY(read_bytes(fd, wait, (char *)head, sizeof(head), end));
	if (*end)
		return NULL;
	left = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	if (left > FRAME_MAX)
		return err_new(ERR_PROTOCOL, "a message of the file tools is too long");
	buf_clear(out);
	while (left > 0) {
		size_t n = left < sizeof(chunk) ? left : sizeof(chunk);

		TRY(read_bytes(fd, wait, chunk, n, NULL));
		buf_add(out, chunk, n);
		left -= n;
	}
	return buf_check(out, "a message of the file tools");
}
