/*
 * JUnit XML as GitLab, Jenkins and others read it.
 */
#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/text.h"
#include "face/check.h"
#include "face/part.h"
#include "line/check.h"

/* Code points that are visible and no character of XML. */
static bool
unfit(int32_t c)
{
	return (c & 0xfffe) == 0xfffe;
}

static void
add_xml(struct buf *out, struct str s, bool attribute)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	struct str rest;

	text_visible(&b, s, attribute);
	rest = buf_str(&b);
	while (rest.n > 0) {
		struct str before = rest;
		int32_t c = utf8_next(&rest);

		if (c == '&' || c == '<' || c == '>' || c == '"')
			buf_addf(out, "&#%d;", (int)c);
		else if (unfit(c))
			buf_addf(out, "\\u{%x}", (unsigned)c);
		else
			buf_add(out, before.p, before.n - rest.n);
	}
}

static void
add_attribute(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, " %s=\"", name);
	add_xml(out, str_of(value), true);
	buf_addc(out, '"');
}

static void
open_case(struct buf *out, const struct verdict *v, const char *name, const struct finding *f)
{
	buf_adds(out, "    <testcase");
	add_attribute(out, "classname", v->gate);
	add_attribute(out, "name", name);
	if (f != NULL && f->file[0] != '\0')
		add_attribute(out, "file", f->file);
	if (f != NULL && f->file[0] != '\0' && f->line > 0)
		buf_addf(out, " line=\"%lld\"", (long long)f->line);
	if (f == NULL)
		buf_addf(out, " time=\"%lld.%03lld\"", (long long)(v->ms / 1000), (long long)(v->ms % 1000));
	buf_adds(out, ">\n");
}

static void
add_element(struct buf *out, const char *name, const char *message, struct str text)
{
	buf_addf(out, "      <%s", name);
	if (message != NULL)
		add_attribute(out, "message", message);
	buf_addc(out, '>');
	add_xml(out, text, false);
	buf_addf(out, "</%s>\n", name);
}

/* Readers tell tests apart by name, so two findings of one test get a number. */
static void
add_finding(struct buf *out, const struct verdict *v, const struct finding *f, struct map *names)
{
	AUTO(buf_free) struct buf name = BUF_INIT(BUF_TEXT), text = BUF_INIT(BUF_TEXT);
	uintptr_t n;

	buf_adds(&name, f->rule[0] != '\0' ? f->rule : v->gate);
	if (f->file[0] != '\0')
		buf_addf(&name, " %s", f->file);
	n = (uintptr_t)map_get(names, buf_cstr(&name)) + 1;
	map_set(names, buf_cstr(&name), (void *)n);
	if (n > 1)
		buf_addf(&name, " (%zu)", (size_t)n);
	part_text(f, &text);
	open_case(out, v, buf_cstr(&name), f);
	add_element(out, "failure", buf_cstr(&text), STR(""));
	buf_adds(out, "    </testcase>\n");
}

static void
add_told(struct buf *out, const struct check *c, const struct verdict *v)
{
	AUTO(buf_free) struct buf told = BUF_INIT(BUF_TEXT);
	size_t i;

	for (i = 0; i < v->findings.n; i++) {
		const struct finding *f = &v->findings.v[i];

		if (finding_blocks(f->kind) && verdict_blocks(v))
			continue;
		if (f->file[0] != '\0')
			buf_addf(&told, "%s:%lld: ", f->file, (long long)f->line);
		part_text(f, &told);
		buf_addc(&told, '\n');
	}
	if (v->kind != VERDICT_PASS) {
		buf_addf(&told, "policy: %s; may lift it: %s\nagain: ", part_policy(v), part_lift(v));
		part_again(c, v->gate, &told);
		buf_addc(&told, '\n');
	}
	if (told.n != 0)
		add_element(out, "system-out", NULL, buf_str(&told));
}

/* Neither passed nor failed, as JUnit sees it: not concerned, advisory, or for people to answer. */
static bool
is_skipped(const struct verdict *v)
{
	return v->idle || (v->kind != VERDICT_PASS && !verdict_blocks(v));
}

/* The gate itself is a case, so that each gate is counted, and fails when it blocks. */
static void
add_gate(struct buf *out, const struct check *c, const struct verdict *v)
{
	open_case(out, v, v->gate, NULL);
	if (is_skipped(v))
		add_element(out, "skipped", v->summary, STR(""));
	else if (v->kind == VERDICT_FAIL)
		add_element(out, "failure", v->summary, str_of(v->evidence));
	else if (v->kind != VERDICT_PASS)
		add_element(out, "error", v->summary, str_of(v->evidence));
	add_told(out, c, v);
	buf_adds(out, "    </testcase>\n");
}

static size_t
blocking_of(const struct verdict *v)
{
	size_t i, n = 0;

	for (i = 0; verdict_blocks(v) && v->kind == VERDICT_FAIL && i < v->findings.n; i++)
		n += finding_blocks(v->findings.v[i].kind);
	return n;
}

static void
add_suite(struct buf *out, const struct check *c, const struct verdict *v)
{
	size_t i, n = blocking_of(v);
	bool blocks = verdict_blocks(v), skipped = is_skipped(v);
	struct map names = {0};

	buf_adds(out, "  <testsuite");
	add_attribute(out, "name", v->gate);
	buf_addf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"%d\" time=\"%lld.%03lld\">\n", n + 1,
	    n + (blocks && v->kind == VERDICT_FAIL), blocks && v->kind != VERDICT_FAIL, skipped,
	    (long long)(v->ms / 1000), (long long)(v->ms % 1000));
	map_set(&names, v->gate, (void *)(uintptr_t)1);
	add_gate(out, c, v);
	for (i = 0; n > 0 && i < v->findings.n; i++)
		if (finding_blocks(v->findings.v[i].kind))
			add_finding(out, v, &v->findings.v[i], &names);
	map_free(&names, NULL);
	buf_adds(out, "  </testsuite>\n");
}

struct err *
check_junit(const struct check *c, struct buf *out)
{
	size_t i;

	buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"git factory gate\">\n");
	for (i = 0; i < c->verdicts.n; i++)
		add_suite(out, c, &c->verdicts.v[i]);
	buf_adds(out, "</testsuites>\n");
	return buf_check(out, "the JUnit XML of the gates");
}
