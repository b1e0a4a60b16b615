#include "base/err.h"
#include "git/diff.h"
#include "git/restore.h"
#include "git/tree.h"
#include "git/workspace.h"

struct err *
workspace_restore(struct repo *r, struct workspace *ws, const struct oid *from, const struct oid *to)
{
	AUTO(tree_edit_free) struct tree_edit edit = {0};
	AUTO(diff_free) struct diff d = {0};
	size_t i;

	if (oid_eq(from, to))
		return NULL;
	TRY(diff_trees(r, from, to, false, &d));
	for (i = 0; i < d.n; i++) {
		if (d.v[i].status == 'D')
			tree_edit_delete(&edit, d.v[i].path);
		else
			tree_edit_put(&edit, d.v[i].path, d.v[i].new_mode, &d.v[i].new_oid);
	}
	return workspace_put(ws, &edit);
}
