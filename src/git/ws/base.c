/*
 * ws/base.c - see ws/base.h.
 */
#include "git/ws/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

#define SLOTS_MAX 64
#define TRIES_MAX 20
#define DELTA_MIN 16	/* files that are laid over any slot */
#define WORN_FILES 4
#define WORN_ROWS 500

/* Files that a slot's index lists: git's own format, the count at its place. */
static size_t
slot_size(const struct ws_slot *s)
{
	AUTO(fd_close_p) int fd = openat(s->dir, slot_index(false), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	unsigned char head[12];

	if (fd < 0 || read(fd, head, sizeof(head)) != (ssize_t)sizeof(head))
		return 0;
	return (size_t)head[8] << 24 | (size_t)head[9] << 16 | (size_t)head[10] << 8 | head[11];
}

/* Writing the index anew costs as much as a file for each of some hundred rows. */
bool
slot_is_worn(const struct ws_slot *s, size_t delta)
{
	return delta >= WORN_FILES && delta >= WORN_FILES + slot_size(s) / WORN_ROWS;
}

/* What may be laid over a slot of so many files before another slot is the better way. */
static size_t
delta_max(const struct ws_slot *s)
{
	size_t tenth = slot_size(s) / 10;

	return tenth < DELTA_MIN ? DELTA_MIN : tenth > SLOT_DELTA_MAX ? SLOT_DELTA_MAX : tenth;
}

enum pass {
	PASS_SAME,	/* a slot that holds this very tree */
	PASS_NEAR,	/* one that differs by little */
	PASS_WORN,	/* one that differs by more than is worth its move, but others are in it */
	PASS_MOVE,	/* an idle one */
	PASS_MAKE,
	PASS_COUNT
};

enum found {
	FOUND_NONE,
	FOUND_IT,
	FOUND_AGAIN	/* it was taken in between: look again */
};

/* Which slots of a kind are there, as bits: most of SLOTS_MAX are not. */
static struct err *
list_slots(const char *kind, uint64_t *out)
{
	DIR *dir = opendir(kind);
	struct dirent *entry;
	int64_t k;

	_Static_assert(SLOTS_MAX <= 64, "one bit a slot");
	*out = 0;
	if (dir == NULL)
		return errno == ENOENT ? NULL : err_sys("cannot list '%s'", kind);
	while ((entry = readdir(dir)) != NULL)
		if (str_int(str_of(entry->d_name), 0, SLOTS_MAX - 1, &k))
			*out |= (uint64_t)1 << k;
	closedir(dir);
	return NULL;
}

/* One search for a slot. */
struct search {
	const struct ws_terms *t;
	const struct oid *tree;
	char *kind;
	bool exact;
	uint64_t there;
	int choosing;		/* lock: one process at a time decides to move or make */
	struct ws_slot slot;
	struct tree_edit delta;
	enum found found;
};

/* Is slot s good as it is?  Locks it shared when it is. */
static struct err *
try_shared(struct search *sr, struct ws_slot *s, enum pass pass)
{
	AUTO(tree_edit_free) struct tree_edit edit = {0};
	struct slot_state st;
	bool got;

	TRY(slot_lock(sr->t, s, LOCK_SH | LOCK_NB, &got));
	if (!got && slot_announced(s, sr->tree))
		TRY(slot_lock(sr->t, s, LOCK_SH, &got));
	st = slot_state_read(s->dir);
	if (!got || !slot_sound(sr->t, &st))
		return NULL;
	if (!oid_eq(&st.tree, sr->tree)) {
		if (pass == PASS_SAME)
			return NULL;
		TRY(slot_diff(sr->t, &st.tree, sr->tree, &edit));
		if (pass == PASS_NEAR ? slot_is_worn(s, edit.n) : edit.n > delta_max(s))
			return NULL;
	}
	s->tree = st.tree;
	sr->delta = edit;
	edit = (struct tree_edit){0};
	sr->found = FOUND_IT;
	return NULL;
}

/* Move an idle slot, or make one; then everybody may read it. */
static struct err *
try_move(struct search *sr, struct ws_slot *s)
{
	struct slot_state st;
	bool got;

	TRY(slot_lock(sr->t, s, LOCK_EX | LOCK_NB, &got));
	if (!got)
		return NULL;
	TRY(slot_announce(s, sr->tree));
	fd_close_p(&sr->choosing);
	TRY(slot_move(sr->t, s, false, sr->tree));
	/* Going from exclusive to shared lets others in between: look what is there now. */
	TRY(slot_lock(sr->t, s, LOCK_SH, &got));
	st = slot_state_read(s->dir);
	sr->found = got && oid_eq(&st.tree, sr->tree) && slot_sound(sr->t, &st) ?
	    FOUND_IT : FOUND_AGAIN;
	return NULL;
}

static struct err *
look(struct search *sr, enum pass pass)
{
	for (unsigned k = 0; k < SLOTS_MAX && sr->found == FOUND_NONE; k++) {
		AUTO(slot_close) struct ws_slot s = WS_SLOT_INIT;
		bool there;

		if (((sr->there >> k & 1) != 0) == (pass == PASS_MAKE))
			continue;
		TRY(slot_open(sr->kind, k, pass == PASS_MAKE, &s, &there));
		if (!there && pass != PASS_MAKE)
			continue;
		if (pass <= PASS_WORN)
			TRY(try_shared(sr, &s, pass));
		else if (pass == PASS_MOVE || !there)
			TRY(try_move(sr, &s));
		if (sr->found == FOUND_IT) {
			sr->slot = s;
			s = (struct ws_slot)WS_SLOT_INIT;
		}
	}
	return NULL;
}

static struct err *
look_up_to(struct search *sr, enum pass last)
{
	for (int pass = 0; pass <= (int)last && sr->found == FOUND_NONE; pass++)
		if (pass == PASS_SAME || pass > PASS_WORN || !sr->exact)
			TRY(look(sr, (enum pass)pass));
	return NULL;
}

/*
 * First without the lock, since most find what they want; then with it, so
 * that many who want the same new tree at once make it once.
 */
static struct err *
search(struct search *sr)
{
	AUTO(mem_free_p) char *path = path_join(sr->kind, "choosing");

	sr->found = FOUND_NONE;
	TRY(list_slots(sr->kind, &sr->there));
	TRY(look_up_to(sr, PASS_WORN));
	if (sr->found != FOUND_NONE)
		return NULL;
	sr->choosing = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (sr->choosing < 0 || flock(sr->choosing, LOCK_EX) != 0)
		return err_sys("cannot lock '%s'", path);
	TRY(list_slots(sr->kind, &sr->there));
	return look_up_to(sr, PASS_MAKE);
}

struct err *
slot_base(const struct ws_terms *t, const struct oid *tree, bool exact, struct ws_slot *out,
    struct tree_edit *delta)
{
	struct search sr = {.t = t, .tree = tree, .exact = exact, .choosing = -1,
	    .slot = WS_SLOT_INIT};
	struct err *e = slot_kind_dir(t, false, &sr.kind);

	for (int tries = 0; e == NULL && sr.found != FOUND_IT && tries < TRIES_MAX; tries++) {
		e = search(&sr);
		fd_close_p(&sr.choosing);
		if (sr.found == FOUND_NONE)
			break;
	}
	if (e == NULL && sr.found != FOUND_IT)
		e = err_new(ERR_LIMIT, "%d slots in '%s' are in use", SLOTS_MAX, sr.kind);
	if (e == NULL)
		e = slot_check(t, &sr.slot, tree);
	free(sr.kind);
	if (e != NULL) {
		slot_close(&sr.slot);
		tree_edit_free(&sr.delta);
		return e;
	}
	*out = sr.slot;
	*delta = sr.delta;
	return NULL;
}

/* To a tree that it is not far from; *moved false: it is, or others are in the slot. */
static struct err *
follow(const struct ws_terms *t, struct ws_slot *s, const struct oid *tree, bool *moved)
{
	AUTO(tree_edit_free) struct tree_edit edit = {0};
	struct slot_state st;

	TRY(slot_lock(t, s, LOCK_EX | LOCK_NB, moved));
	if (!*moved)
		return NULL;
	st = slot_state_read(s->dir);
	*moved = slot_sound(t, &st);
	if (!*moved || oid_eq(&st.tree, tree))
		return NULL;
	TRY(slot_diff(t, &st.tree, tree, &edit));
	*moved = edit.n <= delta_max(s);
	if (!*moved)
		return NULL;
	TRY(slot_announce(s, tree));
	return slot_move(t, s, false, tree);
}

static struct err *
follow_any(const struct ws_terms *t, struct ws_slot *s, const struct oid *tree)
{
	AUTO(mem_free_p) char *kind = NULL;
	uint64_t there;
	bool moved;

	TRY(follow(t, s, tree, &moved));
	if (moved)
		return NULL;
	TRY(slot_kind_dir(t, false, &kind));
	TRY(list_slots(kind, &there));
	for (unsigned k = 0; k < SLOTS_MAX && !moved; k++) {
		AUTO(slot_close) struct ws_slot other = WS_SLOT_INIT;
		bool found = false;

		if ((there >> k & 1) != 0)
			TRY(slot_open(kind, k, false, &other, &found));
		if (found)
			TRY(follow(t, &other, tree, &moved));
	}
	return NULL;
}

void
slot_follow(const struct ws_terms *t, struct ws_slot *s, const struct oid *tree)
{
	err_ignore(follow_any(t, s, tree));
}

struct err *
slot_pool(const struct ws_terms *t, struct ws_slot *out)
{
	AUTO(mem_free_p) char *kind = NULL;

	TRY(slot_kind_dir(t, true, &kind));
	for (unsigned k = 0; k < SLOTS_MAX; k++) {
		AUTO(slot_close) struct ws_slot s = WS_SLOT_INIT;
		struct slot_state st;
		bool there, got;

		TRY(slot_open(kind, k, true, &s, &there));
		TRY(slot_lock(t, &s, LOCK_EX | LOCK_NB, &got));
		if (!got)
			continue;
		st = slot_state_read(s.dir);
		if (st.uid < 0)
			TRY(slot_empty(t, &s, true, &st));
		s.tree = st.tree;
		*out = s;
		s = (struct ws_slot)WS_SLOT_INIT;
		return NULL;
	}
	return err_new(ERR_LIMIT, "%d workspaces of '%s' are in use", SLOTS_MAX, kind);
}

/*
 * Cut short, it is an empty slot that is as old as it was, and no slot that
 * lacks some of its files.
 */
static struct err *
slot_remove(const struct ws_slot *s, struct timespec used)
{
	struct timespec times[2] = {used, used};

	futimens(s->lock, times);
	TRY(tree_remove(s->dir, "state"));
	TRY(tree_remove(s->dir, "files"));
	TRY(tree_remove(s->dir, "git"));
	return tree_remove(AT_FDCWD, s->path);
}

static struct err *
sweep_kind(const struct ws_terms *t, bool pool, int64_t before)
{
	AUTO(mem_free_p) char *kind = NULL;
	uint64_t slots;
	struct stat st;

	TRY(slot_kind_dir(t, pool, &kind));
	TRY(list_slots(kind, &slots));
	for (unsigned k = 1; k < SLOTS_MAX; k++) {
		AUTO(slot_close) struct ws_slot s = WS_SLOT_INIT;
		bool there, got;

		if ((slots >> k & 1) == 0)
			continue;
		TRY(slot_open(kind, k, false, &s, &there));
		if (!there || fstat(s.lock, &st) != 0 || st.st_mtim.tv_sec > before)
			continue;
		TRY(slot_lock(t, &s, LOCK_EX | LOCK_NB, &got));
		if (got)
			TRY(slot_remove(&s, st.st_mtim));
	}
	return NULL;
}

struct err *
slot_sweep(const struct ws_terms *t, int64_t older_than_s)
{
	struct clock clock = clock_system();
	int64_t before = clock_wall(&clock) - older_than_s;

	TRY(sweep_kind(t, false, before));
	return sweep_kind(t, true, before);
}
