/*
 * hooks: a forge that delivers webhooks at a steady rate.
 *
 *	hooks send PORT KEY RATE SECONDS BYTES CONNECTIONS ACKED
 *	hooks check DIR ACKED
 *
 * 'send' posts signed deliveries, each of its own id and body, at RATE a second
 * whether answers come or not, over kept connections; one that breaks is opened
 * again and its delivery sent once more.  It prints what was sent, answered,
 * and the times of answers: since a delivery was due, and since it was handed
 * to a connection, between which it waits here for one that is free.  It
 * writes the numbers that were acknowledged to the file ACKED.  'check' reads what is stored and prints how many of those
 * are missing, and how many are there twice.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "store/deliveries.h"
#include "wire/crypto.h"

#define TAIL_NS (10 * INT64_C(1000000000))	/* for answers after the last was sent */

struct line {
	int fd;			/* -1: to be opened */
	int64_t n;		/* the delivery under way, 0 for none */
	int64_t due, handed;	/* ns */
	int64_t retry;		/* ns, not before */
	struct buf out;
	size_t sent;
	char in[4096];
	size_t have;
};

static struct {
	int port;
	const char *key;
	int64_t rate, total, bytes;
	struct line *lines;
	size_t nlines;
	VEC(int64_t) times, own;	/* us since it was due, since it was handed out */
	VEC(int64_t) acked;
	int64_t next, statuses[6], again;
} x;

static void
die(struct err *e)
{
	if (e == NULL)
		return;
	fprintf(stderr, "hooks: %s\n", err_msg(e));
	exit(1);
}

static void
request(struct line *l)
{
	AUTO(buf_free) struct buf body = BUF_INIT(64 * MIB);
	uint8_t mac[CRYPTO_SHA256];

	buf_addf(&body, "{\"action\":\"labeled\",\"n\":%lld,\"issue\":{\"number\":%lld},\"pad\":\"", (long long)l->n, (long long)l->n);
	while (body.n + 2 < (size_t)x.bytes)
		buf_addc(&body, 'x');
	buf_adds(&body, "\"}");
	die(crypto_hmac_sha256(str_of(x.key), buf_str(&body), mac));
	buf_clear(&l->out);
	buf_addf(&l->out, "POST /hook HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	    "X-GitHub-Event: issues\r\nX-GitHub-Delivery: bench-%lld\r\nX-Hub-Signature-256: sha256=", (long long)l->n);
	hex_add(&l->out, mac, sizeof(mac));
	buf_addf(&l->out, "\r\nContent-Length: %zu\r\n\r\n", body.n);
	buf_addstr(&l->out, buf_str(&body));
	l->sent = l->have = 0;
}

static void
broken(struct line *l)
{
	fd_close_p(&l->fd);
	l->fd = -1;
	l->sent = l->have = 0;
	l->retry = clock_mono_ns() + 20 * 1000000;
	x.again += l->n != 0;
}

static void
open_line(struct line *l)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)x.port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1;

	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd < 0 || connect(l->fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		broken(l);
		return;
	}
	setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	fcntl(l->fd, F_SETFL, O_NONBLOCK);
}

static void
push(struct line *l)
{
	ssize_t n;

	if (l->n == 0 || l->fd < 0 || l->sent == l->out.n)
		return;
	n = send(l->fd, l->out.p + l->sent, l->out.n - l->sent, MSG_NOSIGNAL);
	if (n > 0)
		l->sent += (size_t)n;
	else if (n < 0 && errno != EAGAIN)
		broken(l);
}

/* Answers are short: header and body come in one piece, or a few. */
static void
pull(struct line *l)
{
	ssize_t n = recv(l->fd, l->in + l->have, sizeof(l->in) - 1 - l->have, 0);
	char *end;
	const char *length;
	int status;

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			broken(l);
		return;
	}
	l->have += (size_t)n;
	l->in[l->have] = '\0';
	end = strstr(l->in, "\r\n\r\n");
	length = strcasestr(l->in, "content-length:");
	if (end == NULL || length == NULL || l->have < (size_t)(end - l->in) + 4 + strtoul(length + 15, NULL, 10))
		return;
	status = atoi(l->in + 9);
	x.statuses[status / 100 < 6 ? status / 100 : 0]++;
	if (status / 100 != 2) {	/* it asks to come again */
		l->sent = l->have = 0;
		l->retry = clock_mono_ns() + 100 * 1000000;
		x.again++;
		return;
	}
	vec_push(&x.times, (clock_mono_ns() - l->due) / 1000);
	vec_push(&x.own, (clock_mono_ns() - l->handed) / 1000);
	vec_push(&x.acked, l->n);
	l->n = 0;
	l->have = 0;
}

static int
by_time(const void *a, const void *b)
{
	int64_t p = *(const int64_t *)a, q = *(const int64_t *)b;

	return p < q ? -1 : p > q;
}

static double
part(const int64_t *times, size_t n, size_t percent) /* ms */
{
	return n == 0 ? 0 : (double)times[percent == 100 ? n - 1 : n * percent / 100] / 1e3;
}

static void
report(int64_t ns, const char *path)
{
	AUTO(buf_free) struct buf text = BUF_INIT(256 * MIB);
	size_t i;

	vec_sort(&x.times, by_time);
	vec_sort(&x.own, by_time);
	for (i = 0; i < x.acked.n; i++)
		buf_addf(&text, "%lld\n", (long long)x.acked.v[i]);
	die(file_replace(AT_FDCWD, path, buf_str(&text), 0600, false));
	printf("sent %lld, acknowledged %zu, again %lld, %.0f a second, ms: median %.2f, 99%% %.2f, max %.2f"
	    " (once on a connection %.2f, %.2f, %.2f)\n",
	    (long long)(x.next - 1), x.acked.n, (long long)x.again, (double)x.acked.n * 1e9 / (double)ns,
	    part(x.times.v, x.times.n, 50), part(x.times.v, x.times.n, 99), part(x.times.v, x.times.n, 100),
	    part(x.own.v, x.own.n, 50), part(x.own.v, x.own.n, 99), part(x.own.v, x.own.n, 100));
}

/* What is due goes to a line that is free. */
static bool
hand_out(int64_t start, int64_t now)
{
	int64_t due;
	size_t i;

	for (i = 0; i < x.nlines && x.next <= x.total; i++) {
		due = start + x.next * INT64_C(1000000000) / x.rate;
		if (due > now)
			return true;
		if (x.lines[i].n != 0)
			continue;
		x.lines[i].n = x.next++;
		x.lines[i].due = due;
		x.lines[i].handed = clock_mono_ns();
		request(&x.lines[i]);
	}
	return x.next <= x.total;
}

static void
send_all(const char *path)
{
	struct pollfd *fds = mem_calloc(x.nlines, sizeof(*fds));
	int64_t start = clock_mono_ns(), now, end = 0, last = start;
	size_t i;
	bool more;

	for (;;) {
		now = clock_mono_ns();
		more = hand_out(start, now);
		if (!more && end == 0)
			end = now + TAIL_NS;
		if (!more && (x.acked.n == (size_t)x.total || now > end))
			break;
		for (i = 0; i < x.nlines; i++) {
			struct line *l = &x.lines[i];

			if (l->n != 0 && l->fd < 0 && now >= l->retry)
				open_line(l);
			if (now >= l->retry)
				push(l);
			fds[i] = (struct pollfd){.fd = l->n != 0 ? l->fd : -1, .events = (short)(POLLIN |
			    (l->sent < l->out.n && now >= l->retry ? POLLOUT : 0))};
		}
		if (poll(fds, x.nlines, 1) > 0)
			for (i = 0; i < x.nlines; i++)
				if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
					pull(&x.lines[i]);
		if (x.acked.n > 0)
			last = now;
	}
	free(fds);
	report(last - start, path);
}

static int
check(const char *dir, const char *path)
{
	AUTO(delivery_reader_close_p) struct delivery_reader *r = NULL;
	AUTO(buf_free) struct buf text = BUF_INIT(256 * MIB);
	VEC(unsigned char) seen = {0};
	struct delivery d;
	struct str rest, line;
	bool got, skipped;
	int64_t n, stored = 0, twice = 0, missing = 0, acked = 0;
	const char *at;

	die(delivery_reader_open(dir, &r));
	for (;;) {
		die(delivery_next(r, &d, &got, &skipped));
		if (!got)
			break;
		at = memmem(d.body.p, d.body.n, "\"n\":", 4);
		n = at == NULL ? 0 : strtoll(at + 4, NULL, 10);
		while ((int64_t)seen.n <= n)
			vec_push(&seen, 0);
		twice += seen.v[n] != 0;
		seen.v[n] = 1;
		stored++;
	}
	die(file_read(AT_FDCWD, path, &text));
	for (rest = buf_str(&text); str_line(&rest, &line); acked++)
		if (!str_int(line, 1, INT64_MAX, &n) || n >= (int64_t)seen.n || !seen.v[n])
			missing++;
	printf("stored %lld, acknowledged %lld, missing %lld, twice %lld\n", (long long)stored, (long long)acked,
	    (long long)missing, (long long)twice);
	vec_free(&seen);
	return missing == 0 && twice == 0 ? 0 : 1;
}

int
main(int argc, char *argv[])
{
	size_t i;

	if (argc == 4 && strcmp(argv[1], "check") == 0)
		return check(argv[2], argv[3]);
	if (argc != 9 || strcmp(argv[1], "send") != 0) {
		fprintf(stderr, "usage: hooks send PORT KEY RATE SECONDS BYTES CONNECTIONS ACKED | check DIR ACKED\n");
		return 129;
	}
	x.port = atoi(argv[2]);
	x.key = argv[3];
	x.rate = atoll(argv[4]);
	x.total = x.rate * atoll(argv[5]);
	x.bytes = atoll(argv[6]);
	x.nlines = (size_t)atoll(argv[7]);
	x.next = 1;
	x.lines = mem_calloc(x.nlines, sizeof(*x.lines));
	for (i = 0; i < x.nlines; i++) {
		x.lines[i].fd = -1;
		buf_init(&x.lines[i].out, 64 * MIB);
	}
	send_all(argv[8]);
	return x.acked.n == (size_t)x.total ? 0 : 1;
}
