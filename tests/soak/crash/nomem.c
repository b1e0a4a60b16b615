/*
 * nomem.c - an allocator for tests: the Nth allocation finds no memory.
 *
 * Linked into git-factory in front of the C library's (make strikers), so that
 * the libraries that it opens get this one as well: libgit2, SQLite, curl and
 * the C library itself.  The program that was started says by its own name
 * where the plan is: the file PROGRAM.plan, which all processes that run this
 * program share; so a child that inherits no environment is counted too.
 * Without that file, memory is as always.  Where the file has room for it, it
 * is told from which place each allocation came: who called whom.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fnv.h"

#define DEEP 64		/* callers that are told apart */

/* crash.py writes the first three, and reads the others. */
struct plan {
	int64_t at;		/* which one fails; 0: none */
	int64_t all_after;	/* and all that come later */
	int64_t room;		/* for places */
	_Atomic int64_t count;
	_Atomic int64_t failed;
	_Atomic int64_t where;	/* the caller's address in the program, for addr2line */
	uint64_t place[];	/* of each allocation */
};

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

extern const char __executable_start, etext;

static struct plan none;
static struct plan *_Atomic plan;

static struct plan *
open_plan(void)
{
	static const char suffix[] = ".plan";
	char name[PATH_MAX + sizeof(suffix)];
	struct plan *p = &none;
	int saved = errno, fd;
	ssize_t n = readlink("/proc/self/exe", name, PATH_MAX);
	struct stat st;
	void *m;

	if (n > 0) {
		memcpy(name + n, suffix, sizeof(suffix));
		fd = open(name, O_RDWR | O_CLOEXEC);
		m = fd < 0 || fstat(fd, &st) != 0 ? MAP_FAILED :
		    mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (fd >= 0)
			close(fd);
		if (m != MAP_FAILED)
			p = m;
	}
	errno = saved;
	return p;
}

struct walk {
	uint64_t sum;
	int deep;
};

/* Where in its library: that is loaded elsewhere each time. */
static _Unwind_Reason_Code
step(struct _Unwind_Context *at, void *arg)
{
	void *pc = (void *)_Unwind_GetIP(at);
	struct dl_find_object found;
	struct walk *w = arg;
	uintptr_t offset;

	if (_dl_find_object(pc, &found) != 0)
		return _URC_END_OF_STACK;
	offset = (uintptr_t)pc - (uintptr_t)found.dlfo_map_start;
	w->sum = fnv64(w->sum, &offset, sizeof(offset));
	w->sum = fnv64(w->sum, found.dlfo_link_map->l_name, strlen(found.dlfo_link_map->l_name));
	return ++w->deep == DEEP ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static uint64_t
place(void)
{
	struct walk w = {.sum = FNV64_BASIS};
	int saved = errno;

	_Unwind_Backtrace(step, &w);
	errno = saved;
	return w.sum;
}

static bool
fails(const void *caller)
{
	struct plan *p = plan;
	int64_t n;

	if (p == NULL)
		p = plan = open_plan();
	if (p == &none)
		return false;
	n = atomic_fetch_add(&p->count, 1) + 1;
	if (n <= p->room)
		p->place[n - 1] = place();
	if (p->at == 0 || n < p->at || (n > p->at && !p->all_after))
		return false;
	if (atomic_fetch_add(&p->failed, 1) == 0 && (const char *)caller >= &__executable_start &&
	    (const char *)caller < &etext)
		p->where = (const char *)caller - &__executable_start;
	errno = ENOMEM;
	return true;
}

#define CALLER __builtin_return_address(0)

void *
malloc(size_t n)
{
	return fails(CALLER) ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return fails(CALLER) ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return fails(CALLER) ? NULL : __libc_realloc(p, n);
}

void *
memalign(size_t align, size_t n)
{
	return fails(CALLER) ? NULL : __libc_memalign(align, n);
}

void *
aligned_alloc(size_t align, size_t n)
{
	return fails(CALLER) ? NULL : __libc_memalign(align, n);
}

int
posix_memalign(void **out, size_t align, size_t n)
{
	void *p = fails(CALLER) ? NULL : __libc_memalign(align, n);

	if (p == NULL)
		return ENOMEM;
	*out = p;
	return 0;
}
