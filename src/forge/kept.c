#include "forge/kept.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/fnv.h"
#include "base/mem.h"
#include "base/vec.h"

#define HEAD_MAX (32 * KIB)

/* Only to spread names: the address itself is in the file. */
static char *
path_of(const char *dir, const char *url)
{
	return mem_printf("%s/answers/%016llx", dir,
	    (unsigned long long)fnv64(FNV64_BASIS, url, strlen(url)));
}

void
kept_free(struct kept *k)
{
	free(k->etag);
	free(k->next);
	buf_free(&k->body);
	*k = (struct kept){0};
}

bool
kept_read(const char *dir, const char *url, struct kept *out)
{
	AUTO(mem_free_p) char *path = path_of(dir, url);
	AUTO(buf_free) struct buf b = BUF_INIT(KEPT_MAX + HEAD_MAX);
	struct str rest, line[4];
	struct err *e = file_read(AT_FDCWD, path, &b);
	int64_t n;
	size_t i;

	err_ignore(e);
	rest = buf_str(&b);
	for (i = 0; i < NITEMS(line); i++)
		if (!str_line(&rest, &line[i]))
			return false;
	if (!str_is(line[0], url) || !str_int(line[3], 0, KEPT_MAX, &n) || (size_t)n != rest.n)
		return false;
	*out = (struct kept){.etag = str_dup(line[1]), .next = str_dup(line[2])};
	buf_init(&out->body, KEPT_MAX);
	buf_addstr(&out->body, rest);
	return true;
}

static bool
is_line(const char *s)
{
	return strpbrk(s, "\r\n") == NULL;
}

void
kept_write(const char *dir, const char *url, const char *etag, const char *next, struct str body)
{
	AUTO(mem_free_p) char *path = path_of(dir, url);
	AUTO(mem_free_p) char *folder = path_join(dir, "answers");
	AUTO(buf_free) struct buf b = BUF_INIT(KEPT_MAX + HEAD_MAX);

	if (body.n > KEPT_MAX || !is_line(url) || !is_line(etag) || !is_line(next))
		return;
	buf_addf(&b, "%s\n%s\n%s\n%zu\n", url, etag, next, body.n);
	buf_addstr(&b, body);
	if (b.over)
		return;
	err_ignore(dir_make(AT_FDCWD, folder, 0700));
	err_ignore(file_replace(AT_FDCWD, path, buf_str(&b), 0600, false));
}

void
kept_drop(const char *dir, const char *url)
{
	AUTO(mem_free_p) char *path = path_of(dir, url);

	unlink(path);
}

struct aged {
	int64_t when;
	const char *name;
};

static int
by_age(const void *a, const void *b)
{
	int64_t x = ((const struct aged *)a)->when, y = ((const struct aged *)b)->when;

	return (x > y) - (x < y);
}

void
kept_trim(const char *dir)
{
	AUTO(mem_free_p) char *folder = path_join(dir, "answers");
	AUTO(strs_free) struct strs names = {0};
	VEC(struct aged) all = {0};
	struct stat st;
	size_t i;

	err_ignore(dir_names(AT_FDCWD, folder, &names));
	for (i = 0; i < names.n && names.n > KEPT_FILES; i++) {
		AUTO(mem_free_p) char *path = path_join(folder, names.v[i]);

		if (stat(path, &st) == 0)
			vec_push(&all, (struct aged){(int64_t)st.st_mtime, names.v[i]});
	}
	vec_sort(&all, by_age);
	for (i = 0; i + KEPT_FILES < all.n; i++) {
		AUTO(mem_free_p) char *path = path_join(folder, all.v[i].name);

		unlink(path);
	}
	vec_free(&all);
}
