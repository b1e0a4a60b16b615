/*
 * serve.h - the tools that the server answers itself; inside the sandbox.
 *
 * Each reads its input, appends to answer->text and returns NULL, or an error
 * whose message and hint become the answer.
 */
#ifndef TOOL_SERVE_H
#define TOOL_SERVE_H

#include "base/buf.h"
#include "base/def.h"

struct err;
struct node;

struct answer {
	struct buf text;
	bool wrote;
};

struct err *serve_read_file(int root, const struct node *input, struct answer *a) MUST_USE;
struct err *serve_write_file(int root, const struct node *input, struct answer *a) MUST_USE;
struct err *serve_edit(int root, const struct node *input, struct answer *a) MUST_USE;
struct err *serve_list(int root, const struct node *input, struct answer *a) MUST_USE;
struct err *serve_search(int root, const struct node *input, struct answer *a) MUST_USE;

/* ERR_USAGE unless every member is one of 'known' (NULL-terminated). */
struct err *input_check(const struct node *input, const char *const known[]) MUST_USE;

/* A text member; ERR_USAGE when it is missing or no string. */
struct err *input_text(const struct node *input, const char *key, struct str *out) MUST_USE;

/*
 * A path below the workspace without "./" and doubled slashes; "." for the
 * workspace itself.  missing_ok: "." when it is not given.  Also takes
 * "/factory/x", which is what a command inside sees.
 */
struct err *input_path(const struct node *input, bool missing_ok, char **out) MUST_USE;

/* An integer member within [low, high]. */
struct err *input_int(const struct node *input, const char *key, int64_t low, int64_t high,
    int64_t fallback, int64_t *out) MUST_USE;

/* Is any part of the path .git, in the spelling of any file system? */
bool path_in_git(const char *path);

/* Does it look like text?  As git judges: no NUL in the first 8000 bytes. */
bool text_like(struct str content);

#endif
