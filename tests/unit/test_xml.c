#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "wire/xml.h"

static struct err *
log_start(void *arg, const char *name, const char *const *attrs)
{
	size_t i;

	if (strcmp(name, "boom") == 0)
		return err_new(ERR_STATE, "no boom here");
	buf_addf(arg, "<%s", name);
	for (i = 0; attrs[i] != NULL; i += 2)
		buf_addf(arg, " %s=[%s]", attrs[i], attrs[i + 1]);
	buf_addc(arg, '>');
	return NULL;
}

static struct err *
log_text(void *arg, struct str s)
{
	buf_addf(arg, "(%.*s)", STR_ARG(s));
	return NULL;
}

static struct err *
log_end(void *arg, const char *name)
{
	buf_addf(arg, "</%s>", name);
	return NULL;
}

static const struct xml_handler logger = {log_start, log_text, log_end};

static void
reads(struct str text, const char *expect)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	struct err *e = xml_parse("r.xml", text, &logger, &b);

	if (e != NULL)
		fail_msg("%.*s: %s", STR_ARG(text), err_msg(e));
	assert_string_equal(buf_cstr(&b), expect);
}

static void
refused(struct str text, enum err_code code, const char *message)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	AUTO(err_free_p) struct err *e = xml_parse("r.xml", text, &logger, &b);

	if (e == NULL)
		fail_msg("accepted: %.*s", STR_ARG(text));
	assert_int_equal(err_code(e), code);
	assert_string_equal(err_msg(e), message);
}

static void
test_order(void **state UNUSED)
{
	reads(STR("<?xml version=\"1.0\"?>\n<a x=\"1\" y='&lt;'>one &amp; <![CDATA[<two>]]> three<b/></a>"),
	    "<a x=[1] y=[<]>(one & <two> three)<b></b></a>");
	reads(STR("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9\x1b</a>"), "<a>(\xc3\xa9?)</a>");
	reads(STR("\xef\xbb\xbf<a/>"), "<a></a>");
	reads(STR("\xff\xfe<\0a\0/\0>\0"), "<a></a>");
}

static void
test_mended(void **state UNUSED)
{
	reads(STR("<a m='\x1b[31mred'>\x1b[0m\0\x08<![CDATA[\x1b[1m&#27;]]></a>"),
	    "<a m=[?[31mred]>(?[0m???[1m&#27;)</a>");
	reads(STR("<a>&#27;&#x1B;&#x1b;&#0;&#8;&#x0000;&#65535;&#xD800;&#65;&#x41;</a>"),
	    "<a>(???\t\t???AA)</a>");
	reads(STR("<?xml version='1.0' encoding='UTF-8'?><a>\xff\xc3(\xed\xa0\x80\xc3\xa9</a>"),
	    "<a>(?\?(???\xc3\xa9)</a>");
}

static void
test_refused(void **state UNUSED)
{
	refused(STR(""), ERR_SYNTAX, "r.xml:1:1: no element found");
	refused(STR("<a>\n<b></a>"), ERR_SYNTAX, "r.xml:2:6: mismatched tag");
	refused(STR("<a>\n"), ERR_SYNTAX, "r.xml:2:1: no element found");
	refused(STR("<a/><b/>"), ERR_SYNTAX, "r.xml:1:5: junk after document element");
	refused(STR("<a x=1/>"), ERR_SYNTAX, "r.xml:1:6: not well-formed (invalid token)");
	refused(STR("<a>&nope;</a>"), ERR_SYNTAX, "r.xml:1:4: undefined entity");
	refused(STR("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"), ERR_SYNTAX,
	    "r.xml:1:13: a document type is not allowed here");
	refused(STR("<!DOCTYPE a SYSTEM 'x.dtd' [<!ENTITY x 'y'>]><a>&x;</a>"), ERR_SYNTAX,
	    "r.xml:1:28: a document type is not allowed here");
	refused(STR("<!DOCTYPE a PUBLIC \"-//A//B\" 'file:///etc/passwd'><a>&x;</a>"), ERR_SYNTAX,
	    "r.xml:1:54: undefined entity");
	refused(STR("<!DOCTYPE a SYSTEM 'x'><!DOCTYPE a SYSTEM 'y'><a/>"), ERR_SYNTAX,
	    "r.xml:1:46: a document type is not allowed here");
	refused(STR("<!DOCTYPE a SYSTEM 'x>'<a/>"), ERR_SYNTAX, "r.xml:1:24: not well-formed (invalid token)");
	refused(STR("<a>\n <boom/></a>"), ERR_STATE, "r.xml:2:2: no boom here");
}

static void
test_doctype(void **state UNUSED)
{
	reads(STR("<!DOCTYPE a SYSTEM 'http://x/[a>].dtd'><a/>"), "<a></a>");
	reads(STR("\xef\xbb\xbf<?xml version='1.0'?>\n<!-- <!DOCTYPE b []> -->\n<!DOCTYPE a PUBLIC \"-//\"\n\"d\" >\n<a/>"),
	    "<a></a>");
}

/* However much comes at once, a document type counts within the first KiB only. */
static void
test_doctype_is_near(void **state UNUSED)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	AUTO(err_free_p) struct err *e = NULL;

	buf_adds(&b, "<!DOCTYPE a SYSTEM '");
	while (b.n < 1100)
		buf_addc(&b, 'x');
	buf_adds(&b, "'><a/>");
	e = xml_parse("r.xml", buf_str(&b), &(struct xml_handler){0}, NULL);
	assert_true(err_is(e, ERR_SYNTAX));
}

static void
test_depth(void **state UNUSED)
{
	AUTO(buf_free) struct buf b = BUF_INIT(BUF_TEXT);
	int i;

	for (i = 0; i < 100000; i++)
		buf_adds(&b, "<a>");
	refused(buf_str(&b), ERR_LIMIT, "r.xml:1:193: nested deeper than 64 levels");
}

static void
test_names(void **state UNUSED)
{
	const char *const attrs[] = {"name", "x", "n:time", "1", NULL};

	assert_string_equal(xml_attr(attrs, "n:time"), "1");
	assert_null(xml_attr(attrs, "time"));
	assert_string_equal(xml_local("j:testcase"), "testcase");
	assert_string_equal(xml_local("testcase"), "testcase");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_mended),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_doctype),
		cmocka_unit_test(test_doctype_is_near),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
