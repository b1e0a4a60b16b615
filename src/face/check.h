/*
 * check.h - what the gates said, for people and for programs.
 *
 * Each form is a row of the table below and a file of its own.  Names,
 * messages and output come from the code under test: each form shows them as
 * text and nothing else, whatever they hold.
 */
#ifndef FACE_CHECK_H
#define FACE_CHECK_H

#include "base/def.h"

struct buf;
struct check;
struct err;
struct out;

enum check_form {
	CHECK_JSON,
	CHECK_SARIF,
	CHECK_JUNIT,
	CHECK_MARKDOWN,
	CHECK_GITHUB,
	CHECK_FORMS
};

struct check_face {
	const char *name;	/* of its option */
	/* Appends; a form that has a limit stays below it and says what it left out. */
	struct err *(*write)(const struct check *c, struct buf *out);
};

extern const struct check_face check_faces[CHECK_FORMS];

/* For a person at a terminal: a table, then the failing parts. */
void check_show(struct out *o, const struct check *c);

/* Only what was found, a line each; nothing when nothing was. */
void check_tell(struct out *o, const struct check *c);

/* NULL when it passed, else ERR_GATES_FAILED. */
struct err *check_answer(const struct check *c) MUST_USE;

/* ---- a file for each form ---- */

struct err *check_json(const struct check *c, struct buf *out) MUST_USE;
/* SARIF 2.1.0, within what GitHub's code scanning takes. */
struct err *check_sarif(const struct check *c, struct buf *out) MUST_USE;
/* JUnit XML: a suite for each gate; it has failures exactly when a gate blocks. */
struct err *check_junit(const struct check *c, struct buf *out) MUST_USE;
/* GitHub's flavour, for a comment: within CHECK_MARKDOWN_MAX. */
#define CHECK_MARKDOWN_MAX 65536	/* bytes, which are at least as many as characters */
struct err *check_markdown(const struct check *c, struct buf *out) MUST_USE;
/*
 * Workflow commands of GitHub Actions: at most CHECK_ANNOTATIONS_MAX of each
 * kind, the rest summed up in the last.
 */
#define CHECK_ANNOTATIONS_MAX 10
struct err *check_github(const struct check *c, struct buf *out) MUST_USE;

/*
 * Append the Markdown to the file that GITHUB_STEP_SUMMARY names, where the
 * two have room within a MiB.  Not in a step: nothing.
 */
struct err *check_summary(const struct check *c) MUST_USE;

#endif
