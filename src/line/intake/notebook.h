/*
 * notebook.h - what this clone saw of the issues and told there, so that a
 * sweep asks and writes nothing again.  $GIT_COMMON_DIR/factory/forge/issues.github.json;
 * losing it costs requests and nothing else.
 */
#ifndef LINE_INTAKE_NOTEBOOK_H
#define LINE_INTAKE_NOTEBOOK_H

#include "base/def.h"
#include "base/vec.h"

struct err;
struct forge_issue;
struct repo;

struct notes_of_issue {
	int64_t number;
	char *seen;		/* what the issue was like when it was considered, "" */
	int64_t looked;		/* when that was */
	bool done;		/* closed, and so is its task */
	int64_t stage;		/* that it was shown to have come to (enum forge_stage) */
	char *comment;		/* id of ours, "" */
	char *told;		/* what it told (report.h), "" */
	char *ask;		/* what the factory asks for there before it goes on, "" */
};

struct notebook {
	char *path;
	char *project;		/* "github:owner/name": another's notes are dropped */
	bool fresh;		/* nothing was written before */
	bool changed;
	int64_t newest;		/* 'updated' of the issue changed last, that all before were seen of */
	VEC_FIELDS(struct notes_of_issue);
};

/* A file that cannot be read counts as none. */
struct err *notebook_open(struct repo *r, const char *project, struct notebook *out) MUST_USE;
void notebook_free(struct notebook *b);	/* also for AUTO */

/* Of this issue, made when there is none; borrowed until the next one is made. */
struct notes_of_issue *notebook_issue(struct notebook *b, int64_t number);

/*
 * Is it as it was when it was considered?  By all that it tells of itself: a
 * forge's time would miss what happens within one second.
 */
struct err *notebook_seen(struct notebook *b, const struct forge_issue *now, bool *seen) MUST_USE;

/* It was considered like this. */
struct err *notebook_see(struct notebook *b, const struct forge_issue *now) MUST_USE;

void notebook_tell(struct notebook *b, int64_t number, const char *comment, const char *told);

void notebook_ask(struct notebook *b, int64_t number, const char *ask);

/* Nothing when nothing changed. */
struct err *notebook_save(struct notebook *b) MUST_USE;

#endif
