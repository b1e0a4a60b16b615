/*
 * facts.h - what the reports of one command say, whatever tool wrote them.
 *
 * Formats (format.h) fill it; the gate judges it.  Several reports of one
 * run add up: coverage of one line is the best that any of them has, the
 * same finding of the same tool counts once per report that has it.
 *
 * Everything comes from the code under test.  Ceilings are ERR_LIMIT, never
 * a silent cut, as what is cut could be what blocks.
 */
#ifndef GATE_REPORT_FACTS_H
#define GATE_REPORT_FACTS_H

#include "base/arena.h"
#include "base/def.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"
#include "gate/report/junit.h"

struct err;

#define FACTS_FINDINGS_MAX 100000
#define FACTS_FLAWS_MAX 20000
#define FACTS_NAMES_MAX 200		/* of one vulnerability */
#define FACTS_TIMINGS_MAX 20000
#define FACTS_SAMPLES_MAX 1000000	/* of all timings */
#define FACTS_SAMPLE_MAX 1e15		/* seconds, bytes or whatever */
#define FACTS_TEXT_MAX 500		/* bytes of a finding's text */
#define FACTS_FILES_MAX 500000		/* with coverage */
#define FACTS_LINE_MAX 2000000		/* number of a covered line */
#define FACTS_LINES_MAX (64 * MIB)	/* of all files with coverage */

/* What a report is about, also when it has nothing of it. */
enum facts_kind {
	FACTS_TESTS = 1,
	FACTS_FINDINGS = 2,
	FACTS_COVERAGE = 4,
	FACTS_FLAWS = 8,
	FACTS_TIMINGS = 16
};

enum severity {
	SEVERITY_NOTE,
	SEVERITY_WARNING,
	SEVERITY_ERROR,
	SEVERITY_CRITICAL
};

/* A tool's complaint about a place. */
struct complaint {
	const char *tool;	/* "bandit" */
	const char *rule;	/* "B602" */
	enum severity severity;
	const char *path;	/* in the repository, "" when it has none */
	int64_t line;		/* from 1, 0 when unknown */
	const char *text;	/* one line */
	const char *print;	/* the tool's own fingerprint, "" when it gives none */
	bool suppressed;	/* the tool was told to be silent: said so, and it counts */
};

/* A known vulnerability of something that the project depends on. */
struct flaw {
	const char *id;		/* "GHSA-...", "CVE-..." */
	struct strs aliases;	/* other names of the same */
	const char *package, *version;
	const char *fixed;	/* in which version, "" when none is known */
	enum severity severity;
	const char *text;
	bool suppressed;	/* as with a complaint */
};

struct timing {
	const char *name;
	const char *unit;	/* "s", "bytes" */
	struct { VEC_FIELDS(double); } samples;
};

/* One file's lines: state[n - 1] of line n. */
enum cover_state { COVER_NONE, COVER_MISSED, COVER_HIT };

struct cover {
	const char *path;
	bool tail;	/* only the path's end: the report does not say where sources are */
	struct { VEC_FIELDS(unsigned char); } lines;
};

/* Go's reports name files by their module's path, as go.mod has it. */
struct go_module {
	const char *path;	/* "example.org/m" */
	const char *folder;	/* where its go.mod is, "" for the root */
};

/* {0} is empty. */
struct facts {
	struct arena mem;
	unsigned kinds;		/* FACTS_* that the reports are about */
	const char *root;	/* the repository's top as the command saw it; or NULL */
	const char *folder;	/* where in it the command ran: relative paths begin there; or NULL */
	const struct go_module *modules;	/* borrowed; of two that fit the longer counts */
	size_t nmodules;
	struct junit tests;
	struct { VEC_FIELDS(struct complaint); } complaints;
	struct { VEC_FIELDS(struct cover *); } covers;
	struct map cover_of;	/* path -> struct cover */
	size_t lines;		/* of all of them */
	struct { VEC_FIELDS(struct flaw); } flaws;
	struct map flaw_of;	/* package, version and any name -> index + 1 */
	struct { VEC_FIELDS(struct timing *); } timings;
	struct map timing_of;	/* name -> struct timing */
	size_t samples;
};

void facts_free(struct facts *f);	/* also for AUTO */

/*
 * A path as a report has it ("./a.c", "file:///src/a%20b.c", an absolute one
 * below root, one relative to folder; "a\\b.c" of a tool that says it is a URI
 * does not count) as the repository names it; "" for one that leads out of it.
 * In the arena.
 */
const char *facts_path(struct facts *f, struct str path);

/* The same of a URI reference: %-escapes, "file:"; "" for another scheme. */
const char *facts_uri(struct facts *f, struct str uri);

/* One line, without control characters, cut to FACTS_TEXT_MAX.  In the arena. */
const char *facts_text(struct facts *f, struct str text);

/* Copies all strings; 'path' and 'text' as above. */
struct err *facts_complain(struct facts *f, const struct complaint *c) MUST_USE;

/*
 * One that shares a name with others of the same package in the same version
 * is the same: it keeps the first's id and the worst severity, and is
 * suppressed only if all are.  Takes the aliases, in failure too.
 */
struct err *facts_flaw(struct facts *f, const struct flaw *w) MUST_USE;

/* ERR_SYNTAX for a value below 0, over FACTS_SAMPLE_MAX or that is no number. */
struct err *facts_sample(struct facts *f, const char *name, const char *unit, double value) MUST_USE;

/* A file that a report knows, though it may name no line of it. */
struct err *facts_cover(struct facts *f, struct str path, struct cover **out) MUST_USE;
/* ERR_SYNTAX for a line below 1 or over FACTS_LINE_MAX. */
struct err *facts_line(struct facts *f, struct cover *c, int64_t line, bool hit) MUST_USE;
/* Of a file as the repository names it; NULL when no report knows it. */
const struct cover *facts_cover_of(const struct facts *f, const char *path);

/* "error", "high", "MODERATE", ...: any tool's word; 'otherwise' for one unknown. */
enum severity severity_of(struct str word, enum severity otherwise);
const char *severity_word(enum severity s);

#endif
