/*
 * JUnit XML: what is taken and what is refused stands in junit.h.
 */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "gate/report/facts.h"
#include "gate/report/format.h"

/* What the innermost open element collects text for. */
enum sink { SINK_NONE, SINK_FAILURE, SINK_PRINTED };

struct reader {
	struct reading reading;
	struct strs suites;	/* names of the open ones, outermost first */
	unsigned depth;
	bool in_case;
	bool todo;
	bool skipped, failed, flaky;
	char *name, *class, *path;
	int64_t line;
	enum sink sink;
	struct buf message, text, printed;
	bool claims_failures;
	size_t failures;
};

/* ---- text ---- */

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* One line, with what differs from run to run taken out. */
static void
add_name(struct buf *out, const char *s)
{
	size_t n;

	for (; *s != '\0'; s++) {
		for (n = 0; s[0] == '0' && s[1] == 'x' && is_hex(s[2 + n]); n++)
			;
		if (n >= 6) {
			buf_adds(out, "0x*");
			s += n + 1;
		} else {
			buf_addc(out, (unsigned char)*s < ' ' ? ' ' : *s);
		}
	}
}

static char *
plain_dup(const char *s)
{
	struct buf b = BUF_INIT(BUF_TEXT);

	if (s != NULL)
		junit_plain(&b, str_of(s));
	return buf_steal(&b);
}

/* Keep both ends, cut where a line does, as the top and the end tell most. */
static void
cut_middle(struct buf *b, size_t max)
{
	static const char gap[] = "\n...\n";
	size_t head = max / 3, tail = max - head - sizeof(gap);

	if (b->n <= max)
		return;
	buf_cut(b, head, b->n - head - tail);
	buf_insert(b, head, gap, sizeof(gap) - 1);
}

/* ---- cases ---- */

/* Node's runner gives every case the class "test". */
static bool
class_tells(const char *class, const char *name)
{
	return class[0] != '\0' && strcmp(class, "test") != 0 && strcmp(class, "suite") != 0 &&
	    strcmp(class, name) != 0;
}

static void
make_id(const struct reader *r, struct buf *id)
{
	size_t i;

	assert(r->name != NULL && r->class != NULL);
	if (class_tells(r->class, r->name)) {
		add_name(id, r->class);
		buf_adds(id, "::");
	} else {
		for (i = 0; i < r->suites.n; i++) {
			if (r->suites.v[i][0] == '\0')
				continue;
			add_name(id, r->suites.v[i]);
			buf_adds(id, " > ");
		}
	}
	add_name(id, r->name);
	buf_trunc(id, id->n < JUNIT_NAME_MAX ? id->n : JUNIT_NAME_MAX);
}

static enum junit_status
case_status(const struct reader *r)
{
	if (r->failed && !(r->skipped && r->todo))
		return JUNIT_FAILED;
	if (r->skipped)
		return JUNIT_SKIPPED;
	return r->flaky ? JUNIT_FLAKY : JUNIT_PASSED;
}

static struct err *
record_case(struct reader *r)
{
	AUTO(buf_free) struct buf id = BUF_INIT(BUF_TEXT);
	enum junit_status status = case_status(r);
	struct junit_more more;
	struct junit_case c;

	make_id(r, &id);
	cut_middle(&r->message, JUNIT_NAME_MAX);
	/* CTest and some others leave the reason in what the test printed. */
	if (str_trim(buf_str(&r->text)).n == 0 && status == JUNIT_FAILED) {
		buf_clear(&r->text);
		buf_addstr(&r->text, buf_str(&r->printed));
	}
	cut_middle(&r->text, JUNIT_TEXT_MAX);
	if (r->failed)
		r->failures++;
	more = (struct junit_more){r->class, r->path, r->line, buf_cstr(&r->message), buf_cstr(&r->text)};
	c = (struct junit_case){.id = buf_cstr(&id), .name = r->name, .more = &more, .status = status};
	return junit_put(&r->reading.facts->tests, &c);
}

static void
case_clear(struct reader *r)
{
	free(r->name);
	free(r->class);
	free(r->path);
	r->name = r->class = r->path = NULL;
	r->line = 0;
	r->in_case = r->todo = r->skipped = r->failed = r->flaky = false;
	buf_clear(&r->message);
	buf_clear(&r->text);
	buf_clear(&r->printed);
}

static void
case_open(struct reader *r, const char *const *attrs)
{
	const char *class = xml_attr(attrs, "classname"), *line = xml_attr(attrs, "line");
	const char *status = xml_attr(attrs, "status"), *result = xml_attr(attrs, "result");

	case_clear(r);
	r->in_case = true;
	r->name = plain_dup(xml_attr(attrs, "name"));
	r->class = plain_dup(class != NULL ? class : xml_attr(attrs, "class"));
	r->path = plain_dup(xml_attr(attrs, "file"));
	if (line != NULL && !str_int(str_of(line), 0, INT32_MAX, &r->line))
		r->line = 0;
	if (status != NULL && (strcmp(status, "notrun") == 0 || strcmp(status, "disabled") == 0 ||
	    strcmp(status, "skipped") == 0))
		r->skipped = true;
	if (result != NULL && strcmp(result, "skipped") == 0)
		r->skipped = true;
}

/* ---- elements ---- */

static bool
says_failures(const char *const *attrs, const char *name)
{
	const char *v = xml_attr(attrs, name);
	int64_t n;

	return v != NULL && str_int(str_of(v), 1, INT64_MAX, &n);
}

static void
start_suite(struct reader *r, const char *name, const char *const *attrs)
{
	const char *label = "";

	if (says_failures(attrs, "failures") || says_failures(attrs, "errors"))
		r->claims_failures = true;
	/* The root's name is the program's and differs where suites are split. */
	if (strcmp(name, "testsuite") == 0)
		label = xml_attr(attrs, "name");
	vec_push(&r->suites, plain_dup(label));
}

static void
start_failure(struct reader *r, const char *const *attrs)
{
	const char *message = xml_attr(attrs, "message");

	/* The first one tells most: what follows is often its echo. */
	if (r->message.n == 0 && message != NULL)
		junit_plain(&r->message, str_of(message));
	r->sink = SINK_FAILURE;
}

static bool
is_failure(const char *name)
{
	return strcmp(name, "failure") == 0 || strcmp(name, "error") == 0 ||
	    strcmp(name, "rerunFailure") == 0 || strcmp(name, "rerunError") == 0;
}

static bool
is_flake(const char *name)
{
	return strcmp(name, "flakyFailure") == 0 || strcmp(name, "flakyError") == 0;
}

static bool
is_suite(const char *name)
{
	return strcmp(name, "testsuite") == 0 || strcmp(name, "testsuites") == 0;
}

static void
start_in_case(struct reader *r, const char *name, const char *const *attrs)
{
	const char *type = xml_attr(attrs, "type");

	if (is_failure(name)) {
		r->failed = true;
		start_failure(r, attrs);
	} else if (is_flake(name)) {
		r->flaky = true;
		start_failure(r, attrs);
	} else if (strcmp(name, "skipped") == 0) {
		r->skipped = true;
		r->todo = type != NULL && strcmp(type, "todo") == 0;
	} else if (strcmp(name, "system-out") == 0 || strcmp(name, "system-err") == 0) {
		r->sink = SINK_PRINTED;
	}
}

/* A failure of a whole suite (set-up code, a class that does not load). */
static void
start_in_suite(struct reader *r, const char *name, const char *const *attrs)
{
	static const char *const none[] = {NULL};

	if (!is_failure(name))
		return;
	case_open(r, none);
	free(r->name);
	r->name = mem_strdup("(suite)");
	r->failed = true;
	start_failure(r, attrs);
}

static struct err *
on_start(void *arg, const char *qname, const char *const *attrs)
{
	struct reader *r = arg;
	const char *name = xml_local(qname);

	if (r->depth++ == 0) {
		buf_init(&r->message, BUF_TEXT);
		buf_init(&r->text, BUF_TEXT);
		buf_init(&r->printed, BUF_TEXT);
	}
	if (r->depth == 1 && !is_suite(name))
		return err_new(ERR_SYNTAX, "the root of a JUnit report is 'testsuites' or "
		    "'testsuite', not '%s'", name);
	if (r->in_case)
		start_in_case(r, name, attrs);
	else if (is_suite(name))
		start_suite(r, name, attrs);
	else if (strcmp(name, "testcase") == 0)
		case_open(r, attrs);
	else
		start_in_suite(r, name, attrs);
	return NULL;
}

static struct err *
on_text(void *arg, struct str text)
{
	struct reader *r = arg;

	if (r->sink == SINK_FAILURE)
		junit_plain(&r->text, text);
	else if (r->sink == SINK_PRINTED)
		junit_plain(&r->printed, text);
	return NULL;
}

static struct err *
on_end(void *arg, const char *qname)
{
	struct reader *r = arg;
	const char *name = xml_local(qname);
	bool suite_failure = r->in_case && strcmp(name, "testcase") != 0 && r->name != NULL &&
	    strcmp(r->name, "(suite)") == 0 && is_failure(name);

	r->depth--;
	r->sink = SINK_NONE;
	if (r->in_case && (strcmp(name, "testcase") == 0 || suite_failure)) {
		TRY(record_case(r));
		case_clear(r);
	} else if (!r->in_case && is_suite(name) && r->suites.n != 0) {
		free(r->suites.v[--r->suites.n]);
	}
	return NULL;
}

static struct err *
end(void *state)
{
	const struct reader *r = state;

	return r->claims_failures && r->failures == 0 ?
	    err_new(ERR_SYNTAX, "the report counts failures and names none") : NULL;
}

static void
reader_free(void *state)
{
	struct reader *r = state;

	case_clear(r);
	buf_free(&r->message);
	buf_free(&r->text);
	buf_free(&r->printed);
	strs_free(&r->suites);
}

static bool
is_junit(struct str head)
{
	return format_root(head, "testsuites") || format_root(head, "testsuite");
}

const struct format format_junit = {
	.name = "junit",
	.tools = "pytest, Node, GoogleTest, CTest, Surefire and whatever writes JUnit XML",
	.kinds = FACTS_TESTS,
	.syntax = SYNTAX_XML,
	.is = is_junit,
	.size = sizeof(struct reader),
	.xml = {on_start, on_text, on_end},
	.end = end,
	.free = reader_free,
};
