/* columns.h - which columns are wanted: "3", "1,4", "2-5", "7-". */
#ifndef COLUMNS_H
#define COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#define COLUMNS_MAX 256		/* ranges in one list */
#define COLUMN_LAST 4096	/* "7-" goes on to here */

struct columns {
	struct { size_t from, to; } ranges[COLUMNS_MAX];	/* from 0, inclusive */
	size_t n;
};

/* False for an empty list, a column 0, a range that runs backwards, or junk. */
bool columns_parse(const char *list, struct columns *out);

/* How many of 'width' columns are printed. */
size_t columns_count(const struct columns *c, size_t width);

#endif
