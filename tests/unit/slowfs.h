/*
 * slowfs.h - a folder whose files take their time: ten of them, "0" to "9",
 * each with its name and a newline in it, and a delay for each read.  It
 * knows how many reads waited at the same time.
 *
 * FUSE spoken by a thread of the test, mounted in a mount namespace of the
 * test's own, so that nothing stays.  Linux, as root, with /dev/fuse.
 */
#ifndef TEST_SLOWFS_H
#define TEST_SLOWFS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

#define SLOWFS_FILES 10

struct slowfs {
	int fd;
	const char *path;
	pthread_t thread;
	int64_t delay_ms[SLOWFS_FILES];
	struct {
		uint64_t unique;	/* 0: nobody waits */
		int64_t due;
	} reads[SLOWFS_FILES];
	int waiting, most;	/* reads at the same time: now, and ever */
	int beside;		/* answers that were given while another read waited */
};

static void
slowfs_answer(struct slowfs *s, uint64_t unique, int error, const void *data, size_t n)
{
	struct fuse_out_header h = {.len = (uint32_t)(sizeof(h) + n), .error = -error, .unique = unique};
	char reply[512];

	memcpy(reply, &h, sizeof(h));
	if (n > 0)
		memcpy(reply + sizeof(h), data, n);
	if (write(s->fd, reply, h.len) != (ssize_t)h.len)
		fprintf(stderr, "slowfs: %s\n", strerror(errno));
}

/* The root is node 1, the files are 2 to 11. */
static struct fuse_attr
slowfs_attr(uint64_t node)
{
	struct fuse_attr a = {.ino = node, .nlink = 1, .mode = node == 1 ? 040755 : 0100644, .size = node == 1 ? 0 : 2};

	return a;
}

static void
slowfs_lookup(struct slowfs *s, const struct fuse_in_header *h, const char *name)
{
	struct fuse_entry_out e = {.entry_valid = 60, .attr_valid = 60};

	if (name[0] < '0' || name[0] > '9' || name[1] != '\0') {
		slowfs_answer(s, h->unique, ENOENT, NULL, 0);
		return;
	}
	e.nodeid = 2 + (uint64_t)(name[0] - '0');
	e.attr = slowfs_attr(e.nodeid);
	slowfs_answer(s, h->unique, 0, &e, sizeof(e));
}

static void
slowfs_request(struct slowfs *s, const struct fuse_in_header *h, int64_t now)
{
	struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096, .max_background = 16};
	struct fuse_attr_out attr = {.attr_valid = 60, .attr = slowfs_attr(h->nodeid)};
	struct fuse_open_out open = {0};
	size_t file = (size_t)h->nodeid - 2;

	switch (h->opcode) {
	case FUSE_INIT:
		slowfs_answer(s, h->unique, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		slowfs_lookup(s, h, (const char *)(h + 1));
		break;
	case FUSE_GETATTR:
		slowfs_answer(s, h->unique, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		slowfs_answer(s, h->unique, 0, &open, sizeof(open));
		break;
	case FUSE_READ:
		s->reads[file].unique = h->unique;
		s->reads[file].due = now + s->delay_ms[file];
		s->most = ++s->waiting > s->most ? s->waiting : s->most;
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		slowfs_answer(s, h->unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		slowfs_answer(s, h->unique, ENOSYS, NULL, 0);
	}
}

static void
slowfs_due(struct slowfs *s, int64_t now)
{
	char text[2] = {0, '\n'};
	int i;

	for (i = 0; i < SLOWFS_FILES; i++) {
		if (s->reads[i].unique == 0 || s->reads[i].due > now)
			continue;
		text[0] = (char)('0' + i);
		s->beside += s->waiting > 1;
		slowfs_answer(s, s->reads[i].unique, 0, text, sizeof(text));
		s->reads[i].unique = 0;
		s->waiting--;
	}
}

static void *
slowfs_serve(void *arg)
{
	struct slowfs *s = arg;
	struct clock c = clock_system();
	static char request[64 * 1024] __attribute__((aligned(8)));
	struct pollfd p = {.fd = s->fd, .events = POLLIN};

	for (;;) {
		ssize_t n;

		if (poll(&p, 1, 5) > 0) {
			n = read(s->fd, request, sizeof(request));
			if (n < 0 && errno == ENODEV)
				return NULL;	/* unmounted */
			if (n > 0)
				slowfs_request(s, (const struct fuse_in_header *)(const void *)request, clock_mono(&c));
		}
		slowfs_due(s, clock_mono(&c));
	}
}

/* false when this machine or user may not. */
static bool
slowfs_mount(struct slowfs *s, const char *path)
{
	char options[128];

	s->path = path;
	s->fd = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (s->fd < 0)
		return false;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", s->fd);
	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("slowfs", path, "fuse.slowfs", MS_NOSUID | MS_NODEV, options) != 0) {
		close(s->fd);
		return false;
	}
	assert_int_equal(pthread_create(&s->thread, NULL, slowfs_serve, s), 0);
	return true;
}

static void
slowfs_unmount(struct slowfs *s)
{
	assert_int_equal(umount2(s->path, MNT_DETACH), 0);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

#endif
