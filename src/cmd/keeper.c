/*
 * git factory lease-keeper - beat for the run that started it (line/keeper.h).
 */
#include <unistd.h>

#include "base/err.h"
#include "base/id.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "line/keeper.h"

struct keeper_opts {
	bool json;
};

static const struct opt keeper_table[] = {
	OPT_FLAG(0, "json", struct keeper_opts, json, "say why it ended as JSON"),
	OPT_END,
};

static struct err *
run(struct app *app, const void *opts, const struct args *args)
{
	AUTO(desk_close) struct desk d = {0};
	struct id task, run;

	(void)opts;
	if (!id_parse(str_of(args->v[0]), &task) || !id_parse(str_of(args->v[1]), &run))
		return err_new(ERR_USAGE, "not the ids of a task and a run");
	TRY(desk_open(app, &d));
	return keeper_main(d.state, &task, &run, getppid(), STDIN_FILENO);
}

const struct verb cmd_keeper[] = {
	{"lease-keeper", NULL, "TASK RUN", "beat for the run that started this", keeper_table,
	    sizeof(struct keeper_opts), NULL, 2, 2, VERB_INTERNAL, run},
	VERB_END,
};
