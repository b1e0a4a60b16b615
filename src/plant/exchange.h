/*
 * exchange.h - when a supervisor has the remote, and after it the forge,
 * brought up to date, and whether what we know of others is fresh.
 */
#ifndef PLANT_EXCHANGE_H
#define PLANT_EXCHANGE_H

#include "base/def.h"
#include "base/err.h"
#include "plant/errand.h"

/* argv of children that say with FRAME_ENDED how it went; NULL: there is none. */
struct exchange_opts {
	const char *const *sync;	/* talks to the remote each interval; NULL: none of the others is, either */
	const char *const *publish;	/* does so after runs, where nodes keep out of each other's way */
	const char *const *mirror;	/* brings the forge in line after each of these */
	int64_t interval_ms;
};

/* What we know of the others' leases. */
enum exchange_view {
	VIEW_STALE,	/* some may have been taken or let go since, here or there */
	VIEW_LOOKING,	/* what is under way began after that */
	VIEW_FRESH	/* or as good as can be: the remote was out of reach */
};

/* To be read; times are ms of one monotonic clock. */
struct exchange {
	const struct exchange_opts *o;
	struct errand sync, mirror;
	bool due;		/* something ended since the last start of sync */
	bool mirror_due;	/* an exchange did */
	bool synced;		/* what others did by our start is known */
	bool awaited;		/* somebody goes on once the view is fresh */
	enum exchange_view view;
	enum err_code unshared;	/* what the last met, ERR_CODES for nothing; an ERR_IO of any stays */
};

/* The first is due at once.  The options are borrowed. */
void exchange_init(struct exchange *x, const struct exchange_opts *o, int64_t now);

/* What is under way is killed. */
void exchange_stop(struct exchange *x);

/* A lease was taken or let go. */
void exchange_moved(struct exchange *x);

/* So was one by the end of a run, which the remote is to know of. */
void exchange_ended(struct exchange *x);

/* If the view is not fresh it will be soon, and 'fresh' below tells. */
bool exchange_is_fresh(struct exchange *x);

struct exchange_news {
	bool any;	/* one came to its end: the repository may have changed */
	bool fresh;	/* exchange_is_fresh() said no, and would say yes now */
};

/*
 * Start what is due; with 'last' no run will come after it.  How long until
 * the next may be, or one under way may have ended without a sign at its
 * errand_fd(); -1: nothing will.
 */
int64_t exchange_turn(struct exchange *x, int64_t now, bool last, struct exchange_news *out);

/* Something is under way, or due by more than an interval. */
bool exchange_busy(const struct exchange *x);

#endif
