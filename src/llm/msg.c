#include <stdlib.h>

#include "base/mem.h"
#include "llm/llm.h"

void
llm_msg_init(struct llm_msg *m, enum llm_role role)
{
	*m = (struct llm_msg){.role = role};
}

void
llm_msg_text(struct llm_msg *m, const char *text)
{
	vec_push(&m->blocks, (struct llm_block){.kind = LLM_TEXT, .text = mem_strdup(text)});
}

void
llm_msg_call(struct llm_msg *m, const char *id, const char *name, const char *input)
{
	vec_push(&m->blocks, (struct llm_block){.kind = LLM_TOOL_USE, .id = mem_strdup(id),
	    .name = mem_strdup(name), .input = mem_strdup(input)});
}

void
llm_msg_result(struct llm_msg *m, const char *id, const char *text, bool is_error)
{
	vec_push(&m->blocks, (struct llm_block){.kind = LLM_TOOL_RESULT, .id = mem_strdup(id),
	    .text = mem_strdup(text), .is_error = is_error});
}

void
llm_msg_copy(struct llm_msg *to, const struct llm_msg *from)
{
	size_t i;

	llm_msg_init(to, from->role);
	for (i = 0; i < from->blocks.n; i++) {
		const struct llm_block *b = &from->blocks.v[i];

		vec_push(&to->blocks, (struct llm_block){b->kind, mem_strdup(b->text), mem_strdup(b->id),
		    mem_strdup(b->name), mem_strdup(b->input), b->is_error});
	}
}

void
llm_msg_free(struct llm_msg *m)
{
	size_t i;

	for (i = 0; i < m->blocks.n; i++) {
		free(m->blocks.v[i].text);
		free(m->blocks.v[i].id);
		free(m->blocks.v[i].name);
		free(m->blocks.v[i].input);
	}
	vec_free(&m->blocks);
}

void
llm_reply_free(struct llm_reply *r)
{
	llm_msg_free(&r->msg);
}
