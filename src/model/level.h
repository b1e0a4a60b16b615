/*
 * level.h - how much of people's attention a change takes before it lands.
 *
 *	0	it may land by itself: the gates passed, it is small, nothing it
 *		touches is delicate, and its type may
 *	1	a quick look: a known pattern without a security surface
 *	2	a full review: new modules, public interfaces, authentication,
 *		cryptography, dependencies, CI
 *	3	two people: architecture, the data model
 *
 * Each fact asks for a level and gives its reason; the change has the highest
 * that any of them asks for.  So nothing that is added to a change ever
 * lowers its level.  Paths and lines are the agent's own words: they are
 * compared without case, and reasons quote them as text (text_visible()).
 * Pure: no repository, no clock.
 */
#ifndef MODEL_LEVEL_H
#define MODEL_LEVEL_H

#include "base/def.h"
#include "base/str.h"
#include "base/vec.h"
#include "model/classify.h"

enum level {
	LEVEL_ALONE,
	LEVEL_LOOK,
	LEVEL_REVIEW,
	LEVEL_PAIR
};
#define LEVELS 4

const char *level_word(enum level l);	/* "may land by itself", "a quick look" */

#define LEVEL_SMALL_LINES 100	/* added and deleted; from here on somebody looks */
#define LEVEL_LARGE_LINES 500	/* from here on somebody reads all of it */
#define LEVEL_LARGE_FILES 20
#define LEVEL_WIDE_FOLDERS 4	/* at the top, with code in them: architecture */
#define LEVEL_REASON_FILES 3	/* that one reason names */

/* What a changed file is to those who use, build or run the project. */
enum level_touch {
	TOUCH_CODE = 1,
	TOUCH_TEST = 2,
	TOUCH_PROSE = 4,
#define LEVEL_TOUCH(bit, shift, level, what) bit = 1 << (shift),
#include "model/level.tbl.h"
#undef LEVEL_TOUCH
};

struct level_file {
	const char *path;
	char status;		/* A D M R T */
	size_t lines;		/* added and deleted */
	bool binary;
	bool elsewhere;		/* its type has paths, and it lies in none of them */
	unsigned touches;	/* of its lines: level_line(); what the path tells is found here */
};

/* Who asked for the change. */
enum level_author {
	AUTHOR_TEAM,		/* somebody with write access, or at this machine */
	AUTHOR_UNKNOWN
};

/* Everything is borrowed. */
struct level_facts {
	const struct level_file *files;
	size_t nfiles;
	size_t passed;			/* gates of the project that passed on the merge result */
	size_t unproven;		/* that did not */
	const char *type;
	bool type_known;
	enum risk severity;		/* of the type; not asked for an unknown one */
	bool type_alone;		/* its policy lets it land by itself */
	size_t turned_down;		/* of the type's last pull requests: closed, or taken back */
	size_t accepted;
	enum level_author author;
	const struct strs *flagged;	/* what gates want a person to see; NULL: nothing */
};

/* From the file's name alone. */
unsigned level_path(const char *path);

/* TOUCH_API when an added or deleted line of this file declares what others use, else 0. */
unsigned level_line(const char *path, struct str line);

/*
 * The level, and why: one line each, those of the highest level first.  At
 * level 0 the reasons say what speaks for it.
 */
enum level level_of(const struct level_facts *f, struct strs *reasons);

#endif
