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

struct sights {
	VEC_FIELDS(struct sight);
};

static void
sights_free(struct sights *s)
{
	vec_free(s);
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
parse(struct str text, const char *boot, int64_t now, struct sights *out)
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

static void
load(struct state *s, const char *path, struct sights *out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(WATCH_FILE_MAX);
	AUTO(mem_free_p) char *boot = this_boot();
	struct err *e = file_read(AT_FDCWD, path, &text);

	if (e != NULL || boot == NULL || !parse(buf_str(&text), boot, clock_mono(state_clock(s)), out))
		vec_clear(out);
	err_ignore(e);
}

static const struct sight *
find(const struct sights *s, const struct oid *oid)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (oid_eq(&s->v[i].oid, oid))
			return &s->v[i];
	return NULL;
}

struct err *
watch_look(struct state *s, const struct refs *leases, int64_t began_ms)
{
	AUTO(buf_free) struct buf text = BUF_INIT(WATCH_FILE_MAX);
	AUTO(sights_free) struct sights before = {0};
	AUTO(mem_free_p) char *boot = this_boot();
	AUTO(mem_free_p) char *path = NULL;
	int64_t now = clock_mono(state_clock(s));
	const struct sight *old;
	struct sight new;
	size_t i;

	if (boot == NULL)
		return NULL;
	TRY(path_of(s, &path));
	load(s, path, &before);
	if (leases->n == 0 && before.n == 0)
		return NULL;
	buf_addf(&text, HEAD "%s\n", boot);
	for (i = 0; i < leases->n; i++) {
		old = find(&before, &leases->v[i].oid);
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
watch_seen(struct state *s, const struct oid *lease)
{
	AUTO(sights_free) struct sights all = {0};
	AUTO(mem_free_p) char *path = NULL;
	const struct sight *found;
	struct err *e = path_of(s, &path);

	if (e == NULL)
		load(s, path, &all);
	err_ignore(e);
	found = find(&all, lease);
	return found != NULL ? found->last - found->first : 0;
}
