/*
 * Reports of any size, and how fast they are read.
 *
 *	reports make FORMAT MEGABYTES FILE
 *	reports read FORMAT FILE
 *
 * What is made looks as the tools write it: JUnit as pytest, LCOV as geninfo,
 * Cobertura as gcovr, SARIF as semgrep with its rules behind the results.
 * 'read' feeds the file in the pieces that a gate feeds, and prints how many
 * facts came of it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

#define PIECE (64 * KIB)

/* ---- making ---- */

struct maker {
	const char *format, *head, *tail;
	void (*record)(FILE *f, unsigned i);
};

static void
junit_record(FILE *f, unsigned i)
{
	fprintf(f, "<testcase classname=\"tests.unit.test_module_%u.TestCase\" name=\"test_behaviour_%u\" time=\"0.%03u\">",
	    i / 100, i, i % 1000);
	if (i % 50 == 0)
		fprintf(f, "<failure message=\"AssertionError: assert %u == %u\">def test_behaviour_%u():\n&gt;       assert "
		    "f(%u) == %u\nE       assert %u == %u\n\ntests/unit/test_module.py:%u: AssertionError</failure>",
		    i, i + 1, i, i, i + 1, i, i + 1, i);
	if (i % 2 == 0)
		fprintf(f, "<system-out>a line that the test has printed, number %u\nand another one of them, as "
		    "tests that talk much do, and one more that says how long it took, and in which folder it ran\nsetup: 3 objects, teardown: 3 objects\n</system-out>", i);
	fputs("</testcase>\n", f);
}

static void
lcov_record(FILE *f, unsigned i)
{
	unsigned n;

	fprintf(f, "TN:\nSF:src/module_%u/file_%u.c\nFN:10,function_%u\nFNDA:%u,function_%u\nFNF:1\nFNH:1\n", i / 50, i, i, i, i);
	for (n = 1; n <= 400; n++)
		fprintf(f, "DA:%u,%u\n", n, (n * i) % 7);
	fputs("LF:400\nLH:343\nend_of_record\n", f);
}

static void
cobertura_record(FILE *f, unsigned i)
{
	unsigned n;

	fprintf(f, "<class name=\"file_%u_c\" filename=\"src/module_%u/file_%u.c\" line-rate=\"0.85\" branch-rate=\"0.5\" "
	    "complexity=\"0.0\"><methods/><lines>\n", i, i / 50, i);
	for (n = 1; n <= 400; n++)
		fprintf(f, "<line number=\"%u\" hits=\"%u\" branch=\"false\"/>\n", n, (n * i) % 7);
	fputs("</lines></class>\n", f);
}

static void
sarif_record(FILE *f, unsigned i)
{
	fprintf(f, "%s{\"ruleId\":\"python.lang.security.rule-%u\",\"ruleIndex\":%u,\"level\":\"warning\",\"message\":{\"text\":"
	    "\"Detected a call to subprocess with a value that comes from the request, number %u. This may allow an attacker to run "
	    "commands. Use a list of arguments instead, check each of them against what is allowed, and log what was "
	    "refused, so that an attack is seen while it is going on.\"},\"locations\":[{\"physicalLocation\":"
	    "{\"artifactLocation\":{\"uri\":\"src/module_%u/file_%u.py\",\"uriBaseId\":\"%%SRCROOT%%\"},\"region\":{"
	    "\"startLine\":%u,\"startColumn\":5,\"endLine\":%u,\"endColumn\":60,\"snippet\":{\"text\":\"    subprocess."
	    "run(request.args['command'], shell=True, check=True, timeout=%u)\"}}}}],\"fingerprints\":{\"matchBasedId/v1\":"
	    "\"b7c1d0e9f8a7b6c5d4e3f2a1908f7e6d5c4b3a29181706f5e4d3c2b1a0%08x_0\"},\"properties\":{\"likelihood\":\"HIGH\","
	    "\"impact\":\"HIGH\",\"confidence\":\"MEDIUM\",\"category\":\"security\",\"owasp\":[\"A01:2017 - Injection\","
	    "\"A03:2021 - Injection\"],\"cwe\":[\"CWE-78: Improper Neutralization of Special Elements used in an OS Command\"]"
	    "}}", i == 0 ? "" : ",\n", i % 200, i % 200, i, i / 100, i, i % 900 + 1, i % 900 + 1, i % 60, i);
}

static const struct maker makers[] = {
	{"junit", "<?xml version=\"1.0\" encoding=\"utf-8\"?><testsuites><testsuite name=\"pytest\">\n",
	    "</testsuite></testsuites>\n", junit_record},
	{"lcov", "", "", lcov_record},
	{"cobertura", "<?xml version=\"1.0\"?>\n<coverage line-rate=\"0.85\" version=\"gcovr 5.2\"><sources><source>.</source>"
	    "</sources><packages><package name=\"src\"><classes>\n", "</classes></package></packages></coverage>\n", cobertura_record},
	{"sarif", "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{\"results\":[\n",
	    "],\"tool\":{\"driver\":{\"name\":\"semgrep\",\"semanticVersion\":\"1.100.0\",\"rules\":[]}},\"invocations\":[{"
	    "\"executionSuccessful\":true}]}]}\n", sarif_record},
};

static int
make(const struct maker *m, long bytes, const char *path)
{
	FILE *f = fopen(path, "w");
	unsigned i;

	if (f == NULL) {
		perror(path);
		return 1;
	}
	fputs(m->head, f);
	for (i = 0; ftell(f) < bytes; i++)
		m->record(f, i);
	fputs(m->tail, f);
	return fclose(f) != 0;
}

/* ---- reading ---- */

static struct err *
feed(struct report *r, int fd)
{
	static char piece[PIECE];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0)
		TRY(format_feed(r, str_mk(piece, (size_t)n)));
	return n < 0 ? err_sys("cannot read the report") : format_end(r);
}

static int
take(const struct format *format, const char *path)
{
	AUTO(facts_free) struct facts f = {0};
	struct report *r = format_open(format, path, &f);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct err *e = fd < 0 ? err_sys("cannot open '%s'", path) : feed(r, fd);

	format_close(r);
	if (fd >= 0)
		close(fd);
	if (e != NULL) {
		fprintf(stderr, "%s\n", err_msg(e));
		err_ignore(e);
		return 1;
	}
	printf("%zu\n", f.tests.n + f.complaints.n + f.lines);
	return 0;
}

int
main(int argc, char *argv[])
{
	const struct format *format = argc > 2 ? format_named(argv[2]) : NULL;
	size_t i;

	if (argc == 4 && format != NULL && strcmp(argv[1], "read") == 0)
		return take(format, argv[3]);
	for (i = 0; argc == 5 && strcmp(argv[1], "make") == 0 && i < NITEMS(makers); i++)
		if (strcmp(makers[i].format, argv[2]) == 0)
			return make(&makers[i], atol(argv[3]) * 1000000, argv[4]);
	fprintf(stderr, "usage: reports make FORMAT MEGABYTES FILE | reports read FORMAT FILE\n");
	return 129;
}
