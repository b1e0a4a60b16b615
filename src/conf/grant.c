#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/grant.h"

#define DAY_S 86400

/* Take " word rest" off the end of *s: what comes after the last 'word'. */
static bool
take_last(struct str *s, const char *word, struct str *rest)
{
	struct str w = str_of(word);
	size_t i;

	for (i = s->n; i >= w.n; i--) {
		if (!str_eq(str_mk(s->p + i - w.n, w.n), w))
			continue;
		*rest = str_trim(str_skip(*s, i));
		*s = str_trim(str_take(*s, i - w.n));
		return true;
	}
	return false;
}

struct err *
grant_parse(const char *text, struct grant *out)
{
	struct str rest = str_trim(str_of(text));
	struct grant g = {0};
	int64_t start = 0;
	bool day = false;

	if (take_last(&rest, " until ", &g.until) && take_last(&rest, " by ", &g.owner)) {
		AUTO(mem_free_p) char *midnight = mem_printf("%.*sT00:00:00Z", STR_ARG(g.until));

		day = clock_parse(midnight, &start);
	}
	if (!day || rest.n == 0 || g.owner.n == 0 || str_has(g.owner, ' '))
		return err_hint(err_new(ERR_CONFIG, "'%s' does not say who answers for it until when", text),
		    "write it as 'test_upload* by alice until 2027-01-31'");
	g.what = rest;
	g.ends_s = start + DAY_S;
	*out = g;
	return NULL;
}
