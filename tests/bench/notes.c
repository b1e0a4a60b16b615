/*
 * notes EXISTING - in the empty repository at hand: make that many notes
 * under refs/notes/ours, then one more N times, one more as libgit2 does it in
 * a fan-out as large under refs/notes/theirs, batches of 1,000 and of 10,000,
 * and many from 32 writers at once.
 *
 * Prints, in milliseconds beyond syncs: one of ours, one of libgit2's, one in
 * either batch; then how many the writers added and how many are there.
 */
#include <dlfcn.h>
#include <string.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "git/commit.h"
#include "git/lg2.h"
#include "git/note.h"
#include "git/ref.h"
#include "git/repo.h"
#include "git/tree.h"
#include "unsynced.h"

#define OURS "refs/notes/ours"
#define THEIRS "refs/notes/theirs"
#define ONE_BY_ONE 40
#define WRITERS 32
#define EACH 10

static uint64_t seed = 0x9e3779b97f4a7c15u;

static struct oid
some_object(void)
{
	struct oid o;
	size_t i;

	for (i = 0; i < sizeof(o.id); i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		o.id[i] = (unsigned char)seed;
	}
	return o;
}

#define LINE "{\"time\":\"2026-01-01T00:00:00Z\",\"event\":\"landed\",\"run\":\"k3xq7abc\",\"cost\":12}"

static void
add_many(struct repo *r, const struct ident *who, size_t n)
{
	struct note_line *lines = mem_alloc((n + 1) * sizeof(*lines));
	size_t i;

	for (i = 0; i < n; i++)
		lines[i] = (struct note_line){some_object(), STR(LINE)};
	need(note_add(r, OURS, lines, n, who));
	free(lines);
}

static double
time_batch(struct repo *r, const struct ident *who, size_t n)
{
	double began = now_ms(), synced = synced_ms;

	add_many(r, who, n);
	return (now_ms() - began - (synced_ms - synced)) / (double)n;
}

/* What libgit2 makes a note with. */
struct theirs {
	__typeof__(&git_note_create) create;
	git_repository *g;
	git_signature *who;
};

/*
 * It keeps a fan-out but makes none: it is given the tree of ours.  Its handle
 * is its own, for one of ours writes objects our way.
 */
static void
theirs_open(struct theirs *t, struct repo *r)
{
	void *lib = dlopen(SO_GIT2, RTLD_NOW);
	__typeof__(&git_repository_open) open_repo;
	__typeof__(&git_libgit2_init) init;
	__typeof__(&git_signature_now) sign;
	struct oid tip;

	need(ref_read(r, OURS, &tip));
	if (!oid_is_zero(&tip))
		need(ref_cas(r, THEIRS, &oid_zero, &tip, "bench"));
	t->create = (__typeof__(&git_note_create))dlsym(lib, "git_note_create");
	sign = (__typeof__(&git_signature_now))dlsym(lib, "git_signature_now");
	open_repo = (__typeof__(&git_repository_open))dlsym(lib, "git_repository_open");
	init = (__typeof__(&git_libgit2_init))dlsym(lib, "git_libgit2_init");
	if (t->create == NULL || sign == NULL || open_repo == NULL || init == NULL)
		exit(1);
	if (init() < 0 || open_repo(&t->g, ".") != 0 || sign(&t->who, "B", "b@example.org") != 0)
		exit(1);
}

static void
add_theirs(const struct theirs *t)
{
	struct oid o = some_object();
	git_oid about = lg2_oid(&o), made;

	if (t->create(&made, t->g, THEIRS, t->who, t->who, &about, LINE "\n", 0) != 0)
		exit(1);
}

/* In turns, so that what else the machine does meets both. */
static void
time_both(struct repo *r, const struct ident *who, double *ours, double *theirs)
{
	double a[ONE_BY_ONE], b[ONE_BY_ONE], began, synced;
	struct theirs t;
	size_t i;

	theirs_open(&t, r);
	for (i = 0; i < ONE_BY_ONE; i++) {
		began = now_ms();
		synced = synced_ms;
		add_many(r, who, 1);
		a[i] = now_ms() - began - (synced_ms - synced);
		began = now_ms();
		synced = synced_ms;
		add_theirs(&t);
		b[i] = now_ms() - began - (synced_ms - synced);
	}
	*ours = median(a, ONE_BY_ONE);
	*theirs = median(b, ONE_BY_ONE);
}

static struct err *
count_one(void *arg, const struct oid *commit, const struct oid *blob)
{
	(void)commit;
	(void)blob;
	++*(size_t *)arg;
	return NULL;
}

static size_t
count(struct repo *r)
{
	size_t n = 0;

	need(note_each(r, OURS, count_one, &n));
	return n;
}

static void
write_some(size_t writer, const struct ident *who)
{
	struct note_line line;
	struct repo *r;
	size_t i;

	need(repo_open(NULL, &r));
	seed = 0x1234567 * (writer + 1);
	for (i = 0; i < EACH; i++) {
		line = (struct note_line){some_object(), STR(LINE)};
		need(note_add(r, OURS, &line, 1, who));
	}
	_exit(0);
}

static size_t
write_at_once(const struct ident *who)
{
	size_t i, n = 0;
	int status;

	for (i = 0; i < WRITERS; i++)
		if (fork() == 0)
			write_some(i, who);
	for (i = 0; i < WRITERS; i++)
		if (wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
			n += EACH;
	return n;
}

int
main(int argc, char *argv[])
{
	struct ident who = {.name = (char[]){"B"}, .email = (char[]){"b@example.org"}, .when = 1767225600};
	size_t existing = argc > 1 ? (size_t)atoi(argv[1]) : 0, before, added;
	double ours, theirs, small, large;
	struct repo *r;

	need(repo_open(NULL, &r));
	sync_off = true;
	if (existing > 0)
		add_many(r, &who, existing);
	sync_off = false;
	time_both(r, &who, &ours, &theirs);
	small = time_batch(r, &who, 1000);
	large = time_batch(r, &who, 10000);
	before = count(r);
	added = write_at_once(&who);
	printf("%.2f %.2f %.3f %.3f %zu %zu\n", ours, theirs, small, large, added, count(r) - before);
	return 0;
}
