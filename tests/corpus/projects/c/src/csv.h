/* csv.h - records of comma separated values, as RFC 4180 has them. */
#ifndef CSV_H
#define CSV_H

#include <stdio.h>

#include "buf.h"

#define CSV_FIELDS_MAX 4096

enum csv_status {
	CSV_OK,
	CSV_END,	/* no more records */
	CSV_QUOTE,	/* a quoted field does not end, or goes on behind its quote */
	CSV_LIMIT,	/* too many fields, or too long a record */
	CSV_READ	/* the file cannot be read */
};

struct csv {
	FILE *file;
	char sep;
	long line;		/* of the record's start, from 1 */
	long next;		/* line where the next one starts */
	struct buf text;	/* all fields, one after the other */
	size_t ends[CSV_FIELDS_MAX];
	size_t n;
};

void csv_open(struct csv *c, FILE *file, char sep);	/* the file is borrowed */
void csv_close(struct csv *c);

/* Read one record. Its fields are valid until the next call. */
enum csv_status csv_next(struct csv *c);
const char *csv_message(enum csv_status status);

/* Field i, from 0: not ended by a zero byte; NULL behind the last one. */
const char *csv_field(const struct csv *c, size_t i, size_t *len);

/* Write one, quoted if it has to be. */
bool csv_write(struct buf *out, const char *p, size_t n, char sep);

#endif
