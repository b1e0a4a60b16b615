#include <unistd.h>

#include "base/err.h"
#include "git/race.h"

struct race
race_start(struct clock clock, int64_t most)
{
	int64_t began = clock_mono(&clock);

	return (struct race){.clock = clock, .until = began + most, .tried = began};
}

bool
race_goes_on(struct race *r, const struct err *e)
{
	int64_t began = r->tried;

	r->tried = clock_mono(&r->clock);
	r->lost++;
	if (!err_is(e, ERR_LOCKED))
		r->locked = 0;
	else if (r->locked == 0)
		r->locked = began;
	return (e == NULL || err_is(e, ERR_STALE) || err_is(e, ERR_LOCKED)) && r->tried < r->until &&
	    (r->locked == 0 || r->tried - r->locked < RACE_LOCKED_MS);
}

void
race_pause(const struct race *r)
{
	int64_t most = r->lost < 6 ? 1 << r->lost : 64;
	unsigned char some = 0;

	if (getentropy(&some, 1) == 0)
		clock_sleep_ms(some % most);
}
