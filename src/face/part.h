/*
 * part.h - what the forms of check.h share.
 */
#ifndef FACE_PART_H
#define FACE_PART_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"

struct check;
struct err;
struct finding;
struct verdict;

enum part_level { LEVEL_NOTE, LEVEL_WARNING, LEVEL_ERROR };

/* An error blocks; a warning does not, but somebody should look. */
enum part_level part_level(const struct verdict *v, const struct finding *f);

/* finding_word(), but an advisory gate's "found" blocks nothing. */
const char *part_word(const struct verdict *v, const struct finding *f);

/* "unit/a.list::adds"; the gate's name alone where the rule says no more. */
void part_rule(const struct verdict *v, const struct finding *f, struct buf *out);

/* "adds failed (waived: .factory/waivers.yml:3:3, ada ...)": as it came, one line. */
void part_text(const struct finding *f, struct buf *out);

/*
 * What a finding is known by from one commit to the next: its own
 * fingerprint, else a hash of gate, rule, file and text.
 */
struct err *part_print(const struct verdict *v, const struct finding *f, struct buf *out) MUST_USE;

/* The command that judges this gate alone again, quoted for a shell. */
void part_again(const struct check *c, const char *gate, struct buf *out);

/* ".factory/config.yml:4", "built in" */
const char *part_policy(const struct verdict *v);
/* Who may land it in spite of the gate: names, or "nobody". */
const char *part_lift(const struct verdict *v);

/* " (no to 3 of the last 40 that landed)" of an advisory gate whose record is known; else nothing. */
void part_record(const struct verdict *v, struct buf *out);

/* "1 of 4 gates blocks", "4 gates pass" */
void part_sum(const struct check *c, struct buf *out);

/*
 * A line for a terminal or a CI log: visible, on one line, and no command of a
 * CI system, which would be "::" at its start, "##[" or "##vso[" anywhere.
 */
void part_plain(struct buf *out, struct str s);

#endif
