#include "forge/forge.h"

#include <stdlib.h>

static const char *const check_words[] = {
	[CHECK_PENDING] = "pending",
	[CHECK_SUCCESS] = "success",
	[CHECK_FAILURE] = "failure",
	[CHECK_CANCELLED] = "cancelled",
	[CHECK_TIMED_OUT] = "timed out",
	[CHECK_NEUTRAL] = "neutral",
	[CHECK_SKIPPED] = "skipped",
	[CHECK_UNKNOWN] = "unknown",
};

static const char *const role_words[] = {
	[ROLE_NONE] = "none",
	[ROLE_READ] = "read",
	[ROLE_TRIAGE] = "triage",
	[ROLE_WRITE] = "write",
	[ROLE_MAINTAIN] = "maintain",
	[ROLE_ADMIN] = "admin",
};

const char *
forge_check_word(enum forge_check_state s)
{
	return check_words[s];
}

const char *
forge_role_word(enum forge_role r)
{
	return role_words[r];
}

void
forge_user_free(struct forge_user *u)
{
	free(u->login);
	free(u->id);
	*u = (struct forge_user){0};
}

void
forge_issue_free(struct forge_issue *i)
{
	free(i->id);
	free(i->title);
	free(i->body);
	free(i->url);
	free(i->stamp);
	forge_user_free(&i->author);
	strs_free(&i->labels);
	strs_free(&i->assignees);
	*i = (struct forge_issue){0};
}

void
forge_event_free(struct forge_event *e)
{
	free(e->what);
	forge_user_free(&e->who);
	*e = (struct forge_event){0};
}

void
forge_comment_free(struct forge_comment *c)
{
	free(c->id);
	forge_user_free(&c->author);
	free(c->body);
	free(c->url);
	free(c->path);
	free(c->commit);
	*c = (struct forge_comment){0};
}

void
forge_pull_free(struct forge_pull *p)
{
	free(p->id);
	free(p->title);
	free(p->body);
	free(p->url);
	forge_user_free(&p->author);
	free(p->head);
	free(p->head_project);
	free(p->head_sha);
	free(p->base);
	free(p->merge_sha);
	free(p->closed_by);
	strs_free(&p->labels);
	strs_free(&p->reviewers);
	*p = (struct forge_pull){0};
}

void
forge_review_free(struct forge_review *r)
{
	free(r->id);
	forge_user_free(&r->author);
	free(r->commit);
	free(r->body);
	*r = (struct forge_review){0};
}

void
forge_check_free(struct forge_check *c)
{
	free(c->name);
	free(c->url);
	free(c->text);
	*c = (struct forge_check){0};
}

#define LIST_FREE(thing)                                \
	void                                            \
	forge_##thing##s_free(struct forge_##thing##s *v) \
	{                                               \
		size_t i;                               \
                                                        \
		for (i = 0; i < v->n; i++)              \
			forge_##thing##_free(&v->v[i]); \
		vec_free(v);                            \
	}

LIST_FREE(issue)
LIST_FREE(event)
LIST_FREE(comment)
LIST_FREE(pull)
LIST_FREE(review)
LIST_FREE(check)
