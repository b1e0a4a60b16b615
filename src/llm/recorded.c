#include "base/err.h"
#include "base/mem.h"
#include "llm/provider.h"
#include "llm/transcript.h"

static void
say(const struct llm *l, const struct llm_msg *m)
{
	size_t i;

	for (i = 0; l->cfg.on_text != NULL && i < m->blocks.n; i++)
		if (m->blocks.v[i].kind == LLM_TEXT)
			l->cfg.on_text(l->cfg.arg, str_of(m->blocks.v[i].text));
}

static struct err *
complete(struct llm *l, const struct llm_request *req UNUSED, struct llm_reply *reply)
{
	const struct transcript_answer *a = transcript_peek(l->script);
	struct llm_reply r;

	if (a == NULL)
		return err_hint(err_new(ERR_STATE, "the recording '%s' ends after %zu answers",
		    l->cfg.transcript, transcript_used(l->script)),
		    "the run did not go as recorded; run the task with a model");
	if (a->redacted)
		return err_new(ERR_STATE, "the recording '%s' cannot be replayed: a secret was taken out of "
		    "answer %zu", l->cfg.transcript, transcript_used(l->script) + 1);
	r = a->reply;
	llm_msg_copy(&r.msg, &a->reply.msg);
	say(l, &r.msg);
	transcript_skip(l->script);
	*reply = r;
	return NULL;
}

const struct llm_provider llm_recorded = {"recorded", NULL, complete};
