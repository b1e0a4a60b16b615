#include <string.h>

#include "conf/config.h"
#include "gate/builtin/builtin.h"
#include "gate/glob.h"

/* Made by a program: nobody reads its lines, so they do not count. */
static bool
is_generated(const char *path)
{
	static const char *const globs[] = {"package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml",
	    "*.lock", "go.sum", "*.min.js", "*.min.css", "*.map", "*.snap", "*.pb.go", "*_pb2.py", "*.g.dart",
	    "*.generated.*", "vendor/", "node_modules/", "dist/", "third_party/"};
	size_t i;

	for (i = 0; i < NITEMS(globs); i++)
		if (glob_path(globs[i], path, 0))
			return true;
	return false;
}

static void
judge_kind(struct inspect *in, const struct change_file *f)
{
	if (f->status == 'D' || oid_eq(&f->old_oid, &f->new_oid))
		return;
	if (f->large)
		inspect_find(in, FINDING_FLAGGED, "large", f->path, 0, "is too large for its lines to be read");
	else if (f->binary)
		inspect_find(in, FINDING_FLAGGED, "binary", f->path, 0, "is binary: nobody can read what changed");
	else if (glob_path("node_modules/", f->path, 0) || glob_path("*.pyc", f->path, 0) ||
	    glob_path("*.o", f->path, 0) || glob_path(".DS_Store", f->path, 0))
		inspect_find(in, FINDING_FLAGGED, "generated", f->path, 0, "is made by a program: it does not belong here");
}

struct err *
size_judge(struct inspect *in)
{
	int64_t files = in->set == NULL ? SIZE_FILES : in->set->files;
	int64_t most = in->set == NULL ? SIZE_LINES : in->set->lines, nfiles = 0, lines = 0;
	size_t i, k;

	for (i = 0; i < change_count(in->change); i++) {
		const struct change_file *f = change_at(in->change, i);

		if (!inspect_sees(in, f->path))
			continue;
		judge_kind(in, f);
		if (is_generated(f->path))
			continue;
		nfiles++;
		lines += (int64_t)f->deleted.n;
		for (k = 0; k < f->added.n; k++)
			lines += !f->added.v[k].moved;
	}
	verdict_measure(in->v, "files", nfiles, "count");
	verdict_measure(in->v, "lines", lines, "count");
	if (nfiles > files)
		inspect_find(in, FINDING_BLOCKS, "files", "", 0, "%lld files are changed, and %lld may be: split it",
		    (long long)nfiles, (long long)files);
	if (lines > most)
		inspect_find(in, FINDING_BLOCKS, "lines", "", 0, "%lld lines are changed, and %lld may be: split it",
		    (long long)lines, (long long)most);
	return NULL;
}
