#include "base/vec.h"
#include "gate/builtin/builtin.h"
#include "gate/glob.h"
#include "gate/room.h"

/* Where a file went to and where it came from: both are its change. */
struct err *
scope_judge(struct inspect *in)
{
	const struct strs *scope = in->s->gates->o.scope;
	const struct diff *d = &in->s->diff;
	size_t i;

	for (i = 0; scope != NULL && scope->n != 0 && i < d->n; i++)
		if (inspect_sees(in, d->v[i].path) && !glob_paths(scope, d->v[i].path, 0))
			inspect_find(in, FINDING_BLOCKS, "scope", d->v[i].path, 0, "is outside of what the task allows");
	return NULL;
}
