#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "git/lg2.h"

/* What no honest object is sized like; refused is enough. */
#define HONEST_MAX (1024 * MIB)

static void *
get(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return n > HONEST_MAX ? malloc(n) : mem_grow(NULL, n, 1);
}

static void *
resize(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return n > HONEST_MAX ? realloc(p, n) : mem_grow(p, n, 1);
}

#if LIBGIT2_VER_MAJOR == 1 && LIBGIT2_VER_MINOR < 7
static void *
get_zeroed(size_t n, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return n != 0 && size > HONEST_MAX / n ? calloc(n, size) : mem_calloc(n, size);
}

static char *
copy(const char *s, const char *file, int line)
{
	(void)file;
	(void)line;
	return mem_strdup(s);
}

static char *
copy_most(const char *s, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return mem_strndup(s, strnlen(s, n));
}

static char *
copy_part(const char *s, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return mem_strndup(s, n);
}

static void *
resize_array(void *p, size_t n, size_t size, const char *file, int line)
{
	return size != 0 && n > SIZE_MAX / size ? NULL : resize(p, n * size, file, line);
}

static void *
get_array(size_t n, size_t size, const char *file, int line)
{
	return resize_array(NULL, n, size, file, line);
}
#endif

const git_allocator lg2_allocator = {
    .gmalloc = get,
    .grealloc = resize,
    .gfree = free,
#if LIBGIT2_VER_MAJOR == 1 && LIBGIT2_VER_MINOR < 7
    .gcalloc = get_zeroed,
    .gstrdup = copy,
    .gstrndup = copy_most,
    .gsubstrdup = copy_part,
    .greallocarray = resize_array,
    .gmallocarray = get_array,
#endif
};
