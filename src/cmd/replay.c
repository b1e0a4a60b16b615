/*
 * git factory replay - do a recorded run over, without a model.
 */
#include <stdlib.h>

#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/show.h"
#include "line/replay.h"
#include "model/run.h"
#include "store/ledger.h"
#include "sys/sigs.h"
#include "wire/json.h"

struct replay_opts {
	bool json;
};

static const struct opt replay_table[] = {
	OPT_FLAG(0, "json", struct replay_opts, json, "print JSON"),
	OPT_END,
};

static struct err *
replay(struct app *app, const void *opts, const struct args *args)
{
	const struct replay_opts *o = opts;
	AUTO(desk_close) struct desk d = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(KIB);
	AUTO(run_free) struct run record;
	struct line_opts line = {0};
	struct oid tree;
	struct jw w;

	run_init(&record);
	TRY(desk_queue(app, &d));
	TRY(ledger_get(d.queue, args->v[0], &record));
	line.state = d.state;
	line.agent = record.agent;
	line.cancel_fd = sigs_fd();
	line.cancel = sigs_flag();
	TRY(line_replay(&line, &record, &tree));
	if (!o->json) {
		out_printf(&app->out, "run %s gives the tree %s again\n", record.id, oid_hex(&tree).s);
		return NULL;
	}
	jw_init(&w, &text, true);
	jw_obj(&w);
	jw_kstr(&w, "run", record.id);
	jw_kstr(&w, "tree", oid_hex(&tree).s);
	jw_kbool(&w, "identical", true);
	jw_end(&w);
	out_raw(&app->out, buf_str(&text));
	return NULL;
}

const struct verb cmd_replay[] = {
	{"replay", NULL, "RUN", "do a recorded run over, without a model", replay_table, sizeof(struct replay_opts), NULL, 1, 1, 0, replay},
	VERB_END,
};
