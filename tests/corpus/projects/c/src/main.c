/* tabcut - columns of CSV files. See README.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "columns.h"
#include "csv.h"
#include "sum.h"

struct options {
	char sep;
	bool sum;
	const char *list;
	const char *path;	/* NULL: standard input */
};

static const char usage[] = "usage: tabcut [-s] [-d SEP] COLUMNS [FILE]\n";

static bool
separator(const char *arg, char *out)
{
	if (strcmp(arg, "\\t") == 0)
		*out = '\t';
	else if (arg[0] != '\0' && arg[1] == '\0' && arg[0] != '"' && arg[0] != '\n')
		*out = arg[0];
	else
		return false;
	return true;
}

static int
parse_options(int argc, char **argv, struct options *o)
{
	int ch;

	*o = (struct options){.sep = ','};
	while ((ch = getopt(argc, argv, "d:sh")) != -1) {
		switch (ch) {
		case 'd':
			if (!separator(optarg, &o->sep)) {
				fprintf(stderr, "tabcut: '%s' is no separator\n", optarg);
				return 2;
			}
			break;
		case 's':
			o->sum = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (argc - optind < 1 || argc - optind > 2) {
		fputs(usage, stderr);
		return 2;
	}
	o->list = argv[optind];
	o->path = argc - optind == 2 ? argv[optind + 1] : NULL;
	return 0;
}

static bool
put_record(const struct csv *c, const struct columns *cols, struct buf *line)
{
	size_t r, i, len;
	const char *p;

	buf_clear(line);
	for (r = 0; r < cols->n; r++) {
		for (i = cols->ranges[r].from; i <= cols->ranges[r].to; i++) {
			p = csv_field(c, i, &len);
			if (p == NULL)
				break;
			if ((line->n != 0 && !buf_addc(line, c->sep)) ||
			    !csv_write(line, p, len, c->sep))
				return false;
		}
	}
	return buf_addc(line, '\n') && fwrite(line->p, 1, line->n, stdout) == line->n;
}

static bool
add_record(const struct csv *c, const struct columns *cols, int64_t *total)
{
	size_t len = 0;
	const char *p = csv_field(c, cols->ranges[0].from, &len);
	int64_t v;

	if (p == NULL)
		return true;
	switch (sum_parse(p, len, &v)) {
	case SUM_OK:
		if (sum_add(total, v) == SUM_OK)
			return true;
		/* FALLTHROUGH */
	case SUM_RANGE:
		fprintf(stderr, "tabcut: line %ld: the sum is too large\n", c->line);
		return false;
	default:
		fprintf(stderr, "tabcut: line %ld: '%.*s' is no number\n", c->line, (int)len, p);
		return false;
	}
}

static int
run(const struct options *o, const struct columns *cols, FILE *file)
{
	struct csv c;
	struct buf line = {0};
	enum csv_status status;
	int64_t total = 0;
	char text[24];
	int result = 0;

	csv_open(&c, file, o->sep);
	while (result == 0 && (status = csv_next(&c)) != CSV_END) {
		if (status != CSV_OK) {
			fprintf(stderr, "tabcut: line %ld: %s\n", c.line, csv_message(status));
			result = 1;
		} else if (o->sum) {
			result = add_record(&c, cols, &total) ? 0 : 1;
		} else if (!put_record(&c, cols, &line)) {
			fputs("tabcut: cannot write\n", stderr);
			result = 1;
		}
	}
	if (result == 0 && o->sum) {
		sum_format(total, text, sizeof(text));
		printf("%s\n", text);
	}
	buf_free(&line);
	csv_close(&c);
	return result;
}

int
main(int argc, char **argv)
{
	struct options o;
	struct columns cols;
	FILE *file = stdin;
	int result = parse_options(argc, argv, &o);

	if (result != 0)
		return result;
	if (!columns_parse(o.list, &cols)) {
		fprintf(stderr, "tabcut: '%s' is no list of columns\n", o.list);
		return 2;
	}
	if (o.path != NULL && (file = fopen(o.path, "r")) == NULL) {
		fprintf(stderr, "tabcut: cannot open '%s'\n", o.path);
		return 1;
	}
	result = run(&o, &cols, file);
	if (file != stdin)
		fclose(file);
	if (fflush(stdout) != 0 && result == 0) {
		fputs("tabcut: cannot write\n", stderr);
		result = 1;
	}
	return result;
}
