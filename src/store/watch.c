#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/oid.h"
#include "git/ref.h"
#include "git/repo.h"
#include "store/state.h"
#include "store/watch.h"
#include "sys/host.h"

#define HEAD "watch 1 "

struct sight {
	struct oid oid;
	int64_t first, last;	/* ms */
};

struct watch {
	VEC_FIELDS(struct sight);
};

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	vec_free(w);
	free(w);
}

void
watch_free_p(struct watch **w)
{
	watch_free(*w);
}

/* The boot alone: containers of one host share its clock.  NULL where it is not known. */
static char *
this_boot(void)
{
	AUTO(mem_free_p) char *boot = host_boot();

	boot[strcspn(boot, " ")] = '\0';
	return *boot != '\0' ? STEAL(boot) : NULL;
}

static bool
parse_sight(struct str line, struct sight *out)
{
	struct str id, first, last;

	return str_next(&line, ' ', &id) && oid_parse(id, &out->oid) && str_next(&line, ' ', &first) &&
	    str_int(first, 0, INT64_MAX, &out->first) && str_next(&line, ' ', &last) &&
	    str_int(last, out->first, INT64_MAX, &out->last) && line.n == 0;
}

/* Nothing at all unless every byte is as it was written, in this boot. */
static bool
parse(struct str text, const char *boot, int64_t now, struct watch *out)
{
	struct str line;
	struct sight s;

	if (!str_line(&text, &line) || !str_starts(line, HEAD) || !str_is(str_skip(line, strlen(HEAD)), boot))
		return false;
	while (str_line(&text, &line)) {
		if (str_is(line, "end"))
			return text.n == 0;
		/* A clock that went back is not the clock that was read then. */
		if (!parse_sight(line, &s) || s.last > now)
			return false;
		vec_push(out, s);
	}
	return false;
}

static struct err *
path_of(struct state *s, char **out)
{
	const char *dir;

	TRY(repo_factory_dir(state_repo(s), &dir));
	*out = path_join(dir, "watch");
	return NULL;
}

struct watch *
watch_open(struct state *s)
{
	AUTO(buf_free) struct buf text = BUF_INIT(WATCH_FILE_MAX);
	AUTO(mem_free_p) char *boot = this_boot();
	AUTO(mem_free_p) char *path = NULL;
	struct watch *w = mem_alloc(sizeof(*w));
	struct err *e = path_of(s, &path);

	if (e == NULL)
		e = file_read(AT_FDCWD, path, &text);
	if (e != NULL || boot == NULL || !parse(buf_str(&text), boot, clock_mono(state_clock(s)), w))
		vec_clear(w);
	err_ignore(e);
	return w;
}

static const struct sight *
find(const struct watch *w, const struct oid *oid)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (oid_eq(&w->v[i].oid, oid))
			return &w->v[i];
	return NULL;
}

struct err *
watch_look(struct state *s, const struct refs *leases, int64_t began_ms)
{
	AUTO(buf_free) struct buf text = BUF_INIT(WATCH_FILE_MAX);
	AUTO(watch_free_p) struct watch *before = watch_open(s);
	AUTO(mem_free_p) char *boot = this_boot();
	AUTO(mem_free_p) char *path = NULL;
	int64_t now = clock_mono(state_clock(s));
	const struct sight *old;
	struct sight new;
	size_t i;

	if (boot == NULL)
		return NULL;
	TRY(path_of(s, &path));
	if (leases->n == 0 && before->n == 0)
		return NULL;
	buf_addf(&text, HEAD "%s\n", boot);
	for (i = 0; i < leases->n; i++) {
		old = find(before, &leases->v[i].oid);
		new = old != NULL ? *old : (struct sight){leases->v[i].oid, now, now};
		if (began_ms > new.last)
			new.last = began_ms;
		buf_addf(&text, "%s %" PRId64 " %" PRId64 "\n", oid_hex(&new.oid).s, new.first, new.last);
	}
	buf_adds(&text, "end\n");
	TRY(buf_check(&text, "what was seen of leases"));
	return file_replace(AT_FDCWD, path, buf_str(&text), 0600, false);
}

int64_t
watch_seen(const struct watch *w, const struct oid *lease)
{
	const struct sight *found = find(w, lease);

	return found != NULL ? found->last - found->first : 0;
}
