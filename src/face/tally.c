#include "face/tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/str.h"

static const char *const result_words[TALLY_RESULTS] = {"accepted", "repeated", "forged", "malformed", "busy", "failed"};

/* Upper bounds, in microseconds. */
static const int64_t bounds[TALLY_BUCKETS] = {500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 500000, 1000000};

void
tally_answer(struct tally_of_server *t, int64_t us)
{
	size_t i;

	for (i = 0; i < TALLY_BUCKETS && us > bounds[i]; i++)
		;
	t->buckets[i]++;
	t->answer_us += us > 0 ? (uint64_t)us : 0;
}

static void
head(struct buf *out, const char *name, const char *kind, const char *help)
{
	buf_addf(out, "# HELP git_factory_%s %s\n# TYPE git_factory_%s %s\n", name, help, name, kind);
}

void
tally_line(struct buf *out, const char *name, const char *kind, const char *help, double value)
{
	head(out, name, kind, help);
	buf_addf(out, "git_factory_%s %.17g\n", name, value);
}

static void
print_times(const struct tally_of_server *t, struct buf *out)
{
	uint64_t sum = 0;
	size_t i;

	head(out, "answer_seconds", "histogram", "From the end of a delivery until it was answered.");
	for (i = 0; i < TALLY_BUCKETS; i++) {
		sum += t->buckets[i];
		buf_addf(out, "git_factory_answer_seconds_bucket{le=\"%g\"} %" PRIu64 "\n", (double)bounds[i] / 1e6, sum);
	}
	sum += t->buckets[TALLY_BUCKETS];
	buf_addf(out, "git_factory_answer_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", sum);
	buf_addf(out, "git_factory_answer_seconds_sum %.6f\n", (double)t->answer_us / 1e6);
	buf_addf(out, "git_factory_answer_seconds_count %" PRIu64 "\n", sum);
}

/* Of this process; nothing where there is no /proc. */
static void
print_memory(struct buf *out)
{
	AUTO(buf_free) struct buf text = BUF_INIT(4 * KIB);
	struct str rest, word;
	int64_t pages;
	struct err *e = file_read(AT_FDCWD, "/proc/self/statm", &text);

	rest = buf_str(&text);
	if (e == NULL && str_next(&rest, ' ', &word) && str_next(&rest, ' ', &word) &&
	    str_int(word, 0, INT64_MAX / 65536, &pages))
		tally_line(out, "resident_bytes", "gauge", "Memory of the process that answers.",
		    (double)(pages * sysconf(_SC_PAGESIZE)));
	err_ignore(e);
}

void
tally_print(const struct tally_of_server *t, const char *(*sender)(size_t i), struct buf *out)
{
	size_t i, k;

	head(out, "deliveries_total", "counter", "Webhook deliveries, by their sender and what became of them.");
	for (i = 0; i < TALLY_SENDERS && sender(i) != NULL; i++)
		for (k = 0; k < TALLY_RESULTS; k++)
			buf_addf(out, "git_factory_deliveries_total{from=\"%s\",result=\"%s\"} %" PRIu64 "\n", sender(i),
			    result_words[k], t->results[i][k]);
	print_times(t, out);
	tally_line(out, "commits_total", "counter", "Writes to the disk, each of one or more deliveries.", (double)t->commits);
	tally_line(out, "start_time_seconds", "gauge", "When this process began, in unix seconds.", (double)t->began);
	print_memory(out);
}
