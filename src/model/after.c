#include "model/after.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"

struct str
after_split(struct str entry, bool *delivered)
{
	*delivered = str_ends(entry, AFTER_DELIVERED);
	return *delivered ? str_take(entry, entry.n - strlen(AFTER_DELIVERED)) : entry;
}

bool
after_parse(struct str entry, struct after *out)
{
	struct after a;

	if (!id_parse(after_split(entry, &a.delivered), &a.id))
		return false;
	*out = a;
	return true;
}

void
after_format(const struct after *a, struct buf *out)
{
	buf_addf(out, "%s%s", a->id.s, a->delivered ? AFTER_DELIVERED : "");
}

bool
after_met(bool delivered, enum task_state state)
{
	return task_archived(state) || (delivered && state == TASK_DELIVERED);
}

static bool
is_of(const char *entry, const char *id)
{
	struct after a;

	return after_parse(str_of(entry), &a) && strcmp(a.id.s, id) == 0;
}

bool
after_has(const struct strs *list, const char *id)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (is_of(list->v[i], id))
			return true;
	return false;
}

void
after_drop(struct strs *list, const char *id)
{
	size_t i;

	for (i = list->n; i-- > 0;)
		if (is_of(list->v[i], id)) {
			free(list->v[i]);
			vec_drop(list, i);
		}
}

void
after_put(struct strs *list, const struct after *a)
{
	after_drop(list, a->id.s);
	strs_addf(list, "%s%s", a->id.s, a->delivered ? AFTER_DELIVERED : "");
}
