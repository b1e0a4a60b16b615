#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/redact.h"
#include "conf/secrets.h"
#include "sys/capture.h"
#include "sys/proc.h"

#define KEY "sk-ant/api+03_Zq9<x>&\"k'7\\Wm=="
#define MARK "[redacted:KEY]"

static struct redactor *
make(const char *value)
{
	AUTO(secrets_free) struct secrets s = {0};

	secrets_add(&s, "KEY", str_of(value));
	return redact_new(&s);
}

/* The text through a redactor, cut once at 'cut'. */
static char *
through(struct redactor *r, struct str text, size_t cut)
{
	struct buf out;

	buf_init(&out, BUF_TEXT);
	redact_feed(r, str_take(text, cut), &out);
	redact_feed(r, str_skip(text, cut), &out);
	redact_finish(r, &out);
	return buf_steal(&out);
}

/* Whatever the cut, 'dressed' between 'before' and 'after' becomes the mark. */
static void
check_form(const char *value, const char *before, struct str dressed, const char *after)
{
	AUTO(redact_free_p) struct redactor *r = make(value);
	AUTO(buf_free) struct buf text = BUF_INIT(MIB), want = BUF_INIT(MIB), out = BUF_INIT(MIB);
	size_t cut;

	buf_adds(&text, before);
	buf_addstr(&text, dressed);
	buf_adds(&text, after);
	buf_addf(&want, "%s" MARK "%s", before, after);
	for (cut = 0; cut <= text.n; cut++) {
		AUTO(mem_free_p) char *got = through(r, buf_str(&text), cut);

		assert_string_equal(got, buf_cstr(&want));
	}
	for (cut = 0; cut < text.n; cut++)
		redact_feed(r, str_take(str_skip(buf_str(&text), cut), 1), &out);
	redact_finish(r, &out);
	assert_string_equal(buf_cstr(&out), buf_cstr(&want));
}

static void
check_text(const char *value, const char *dressed)
{
	check_form(value, "a: ", str_of(dressed), " .");
	check_form(value, "", str_of(dressed), "");
}

/* What 'text' becomes as the output of a child, captured within ceilings. */
static char *
captured(struct redactor *r, struct str text, size_t max, size_t tail)
{
	struct capture c;
	AUTO(proc_result_free) struct proc_result result = {0};
	struct buf out;

	capture_init(&c, max + REDACT_MARGIN, tail + REDACT_MARGIN);
	capture_add(&c, text.p, text.n);
	capture_end(&c, &result.out);
	buf_init(&out, BUF_TEXT);
	redact_output(r, &result.out, max, tail, &out);
	return buf_steal(&out);
}

static void
assert_no_piece(const char *text, const char *secret)
{
	char piece[6] = "";
	size_t i;

	for (i = 0; i + 5 <= strlen(secret); i++) {
		memcpy(piece, secret + i, 5);
		if (strstr(text, piece) != NULL)
			fail_msg("'%s' of the secret is left", piece);
	}
}

/* A ceiling may fall anywhere into a secret: no half of it is left on either side. */
static void
test_ceilings(void **state)
{
	static const char secret[] = "Kq7-9vX2-bN4m-Zt81", other[] = "kZrG5w0Jc3-Lp6Ydu";
	enum { MAX = 600, TAIL = 200, ALL = 300000 };
	AUTO(redact_free_p) struct redactor *r = make(secret);
	AUTO(mem_free_p) char *text = mem_alloc(ALL + 1);
	size_t at;

	(void)state;
	for (at = MAX - TAIL - 20; at < MAX - TAIL + 2; at++) {
		AUTO(mem_free_p) char *got = NULL;

		memset(text, '.', ALL);
		memcpy(text + at, secret, sizeof(secret) - 1);
		memcpy(text + ALL - TAIL - (at - (MAX - TAIL - 20)), secret, sizeof(secret) - 1);
		memcpy(text + ALL - TAIL - REDACT_MARGIN - (at - (MAX - TAIL - 20)), secret, sizeof(secret) - 1);
		memcpy(text + ALL - 20, other, sizeof(other) - 1);
		got = captured(r, str_mk(text, ALL), MAX, TAIL);
		assert_no_piece(got, secret);
		assert_non_null(strstr(got, other));
		assert_non_null(strstr(got, " bytes left out]\n"));
		assert_true(strlen(got) < MAX + 40);
	}
	/* Within the margin nothing is missing yet, and the ceiling holds all the same. */
	for (at = 0; at + sizeof(secret) <= 1000; at++) {
		AUTO(mem_free_p) char *got = NULL;

		memset(text, '.', 1000);
		memcpy(text + at, secret, sizeof(secret) - 1);
		got = captured(r, str_mk(text, 1000), MAX, TAIL);
		assert_no_piece(got, secret);
		assert_true(strlen(got) < MAX + 40);
	}
}

static void
test_output_without_secrets(void **state)
{
	AUTO(mem_free_p) char *whole = captured(NULL, STR("0123456789"), 10, 4);
	AUTO(mem_free_p) char *cut = captured(NULL, STR("0123456789ab"), 10, 4);

	(void)state;
	assert_string_equal(whole, "0123456789");
	assert_string_equal(cut, "012345\n[2 bytes left out]\n89ab");
}

static void
test_plain(void **state)
{
	(void)state;
	check_text(KEY, KEY);
	check_text("abcdefgh", "abcdefgh");
	check_text("aaaaaaaab", "aaaaaaaab");
	check_form("aaaaaaaab", "aaaaaaa", str_of("aaaaaaaab"), "");
}

static void
each_byte(struct buf *b, const char *value, const char *fmt)
{
	buf_clear(b);
	for (; *value != '\0'; value++) {
		char one[32];

		_Pragma("GCC diagnostic push")
		_Pragma("GCC diagnostic ignored \"-Wformat-nonliteral\"")
		snprintf(one, sizeof(one), fmt, (unsigned char)*value);
		_Pragma("GCC diagnostic pop")
		buf_adds(b, one);
	}
}

static void
test_bytewise_escapes(void **state)
{
	static const char *const formats[] = {"%%%02x", "%%%02X", "%%25%02X",
		"\\u%04x", "\\u%04X", "\\\\u%04x", "\\x%02x", "\\u{%x}", "\\%03o",
		"&#%u;", "&#%u", "&#00%u;", "&#x%x;", "&#X00%X;", "=%02X", "%02x",
		"%02X", "%02x ", "%02x:", "0x%02x, ", "%02x\\n", "%c\n", "%c "};
	AUTO(buf_free) struct buf b = BUF_INIT(MIB);
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(formats); i++) {
		struct str dressed;

		each_byte(&b, KEY, formats[i]);
		dressed = buf_str(&b);
		/* What stands between bytes is not part of the value. */
		while (dressed.n > 0 && strchr(" :,\n", dressed.p[dressed.n - 1]) != NULL)
			dressed.n--;
		if (str_ends(dressed, "\\n"))
			dressed.n -= 2;
		if (str_starts(dressed, "0x"))
			check_form(KEY, "<0x", str_skip(dressed, 2), ">");
		else
			check_form(KEY, "<", dressed, ">");
	}
}

static void
test_mixed_escapes(void **state)
{
	(void)state;
	check_text(KEY, "sk-ant\\/api+03_Zq9<x>&\\\"k'7\\\\Wm==");	/* JSON */
	check_text(KEY, "sk-ant/api\\u002b03_Zq9\\u003cx\\u003E\\u0026\\\"k'7\\\\Wm\\u003d=");
	check_text(KEY, "sk-ant%2Fapi%2b03_Zq9%3Cx%3E%26%22k%277%5CWm%3D%3d");	/* URL */
	check_text(KEY, "sk-ant/api+03_Zq9&lt;x&gt;&amp;&quot;k&#39;7\\Wm==");	/* HTML */
	check_text(KEY, "sk-ant&sol;api&plus;03&lowbar;Zq9&#x3c;x>&amp;&quot;k&apos;7&bsol;Wm=%3D");
	check_text("abcdefgh", "a\\u0062%63&#100;\\x65f\\147h");
}

static void
base64(struct buf *b, struct str in, const char *alphabet, size_t wrap)
{
	size_t i, n = 0;

	for (i = 0; i < in.n; i += 3) {
		uint32_t v = (uint32_t)(unsigned char)in.p[i] << 16;
		size_t k, have = in.n - i < 3 ? in.n - i : 3;

		if (have > 1)
			v |= (uint32_t)(unsigned char)in.p[i + 1] << 8;
		if (have > 2)
			v |= (unsigned char)in.p[i + 2];
		for (k = 0; k <= have; k++) {
			buf_addc(b, alphabet[v >> (18 - 6 * k) & 63]);
			if (wrap != 0 && ++n % wrap == 0)
				buf_addc(b, '\n');
		}
	}
}

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char urlsafe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* No bit of the value is left: what remains decodes to the neighbours only. */
static void
test_base64_offsets(void **state)
{
	static const char *const alphabets[] = {standard, urlsafe};
	size_t offset, tail, alphabet, wrap;

	(void)state;
	for (alphabet = 0; alphabet < 2; alphabet++)
	for (wrap = 0; wrap < 12; wrap += 5)
	for (offset = 0; offset < 4; offset++)
	for (tail = 0; tail < 4; tail++) {
		AUTO(redact_free_p) struct redactor *r = make(KEY);
		AUTO(buf_free) struct buf raw = BUF_INIT(KIB), text = BUF_INIT(KIB);
		size_t cut, whole;

		buf_addf(&raw, "%.*s" KEY "%.*s", (int)offset, "xyz", (int)tail, "uvw");
		base64(&text, buf_str(&raw), alphabets[alphabet], wrap);
		whole = offset * 8 / 6;		/* digits of the head alone */
		for (cut = 0; cut <= text.n; cut++) {
			AUTO(mem_free_p) char *got = through(r, buf_str(&text), cut);
			const char *mark = strstr(got, MARK);
			size_t left;

			assert_non_null(mark);
			assert_null(strstr(mark + 1, MARK));
			left = (size_t)(mark - got);
			assert_true(left <= whole + 1);
			assert_true(strlen(mark + strlen(MARK)) <= tail * 8 / 6 + 2);
		}
	}
}

static void
test_base64_escaped(void **state)
{
	/* Its base64 has '+' and '/': "fvs/Pz8+Pj4/fn5+" */
	(void)state;
	check_form("~\xfb\?\?\?>>>\?~~~", "x ", str_of("fvs/Pz8+Pj4/fn5+"), " y");
	check_form("~\xfb\?\?\?>>>\?~~~", "x ", str_of("fvs_Pz8-Pj4_fn5-"), " y");
	check_form("~\xfb\?\?\?>>>\?~~~", "x ", str_of("fvs%2FPz8%2BPj4%2ffn5%2b"), " y");
	check_form("~\xfb\?\?\?>>>\?~~~", "x ", str_of("fvs\\/Pz8+Pj4\\u002ffn5\\u002B"), " y");
	check_form("~\xfb\?\?\?>>>\?~~~", "x ", str_of("fvs&#47;Pz8&plus;Pj4&#x2f;fn5&#43;"), " y");
}

static void
test_utf16(void **state)
{
	AUTO(redact_free_p) struct redactor *r = make(KEY);
	int big;

	(void)state;
	for (big = 0; big < 2; big++) {
		AUTO(buf_free) struct buf text = BUF_INIT(KIB);
		const char *p;
		size_t cut;

		for (p = "<" KEY ">"; *p != '\0'; p++) {
			if (big)
				buf_addc(&text, '\0');
			buf_addc(&text, *p);
			if (!big)
				buf_addc(&text, '\0');
		}
		for (cut = 0; cut <= text.n; cut++) {
			AUTO(buf_free) struct buf out = BUF_INIT(KIB);

			redact_feed(r, str_take(buf_str(&text), cut), &out);
			redact_feed(r, str_skip(buf_str(&text), cut), &out);
			redact_finish(r, &out);
			/* The zero byte of a neighbour may go with it. */
			assert_in_range(out.n, strlen(MARK) + 3, strlen(MARK) + 4);
			assert_true(str_find(buf_str(&out), STR(MARK)) >= 0);
		}
	}
}

static void
test_reversed(void **state)
{
	char reversed[sizeof(KEY)];
	size_t i, n = strlen(KEY);

	(void)state;
	for (i = 0; i < n; i++)
		reversed[i] = KEY[n - 1 - i];
	reversed[n] = '\0';
	check_text(KEY, reversed);
	check_text(KEY, "==mW\\\\7'k\\\"&\\u003ex<9qZ_30+ipa\\/tna-ks");
}

static void
test_beyond_ascii(void **state)
{
	(void)state;
	check_text("pässwörd-€-\xf0\x9f\x94\x91", "pässwörd-€-\xf0\x9f\x94\x91");
	check_text("pässwörd-€-\xf0\x9f\x94\x91", "p\\u00e4ssw\\u00f6rd-\\u20AC-\\ud83d\\uDD11");
	check_text("pässwörd-€-\xf0\x9f\x94\x91", "p%C3%A4ssw%c3%b6rd-%E2%82%AC-%F0%9F%94%91");
	check_text("pässwörd-€-\xf0\x9f\x94\x91", "p&#228;ssw&#xF6;rd-&#8364;-&#x1F511;");
	check_text("pässwörd-€-\xf0\x9f\x94\x91", "\xf0\x9f\x94\x91-€-dröwssäp");
	check_text("bad\xff\xfe" "bytes", "bad\xff\xfe" "bytes");
}

static void
test_several(void **state)
{
	AUTO(secrets_free) struct secrets s = {0};
	AUTO(redact_free_p) struct redactor *r = NULL;
	AUTO(buf_free) struct buf out = BUF_INIT(MIB);

	(void)state;
	secrets_add(&s, "SHORT", STR("abc"));
	secrets_add(&s, "A", STR("first-value"));
	secrets_add(&s, "B", STR("second-value"));
	secrets_add(&s, "C", STR("first-value-and-more"));
	r = redact_new(&s);
	redact_str(r, STR("abc first-valuesecond-value first-value-and-more first-value-an"), &out);
	assert_string_equal(buf_cstr(&out),
	    "abc [redacted:A][redacted:B] [redacted:C] [redacted:A]-an");
	assert_int_equal(redact_count(r), 4);
	assert_true(redact_found(r, STR("x66697273742d76616c7565x")));
	assert_false(redact_found(r, STR("nothing here")));
}

static void
test_untouched(void **state)
{
	AUTO(redact_free_p) struct redactor *r = make(KEY);
	AUTO(buf_free) struct buf text = BUF_INIT(4 * MIB), out = BUF_INIT(8 * MIB);
	uint32_t x = 1;
	size_t i;

	(void)state;
	for (i = 0; i < 300 * KIB; i++) {
		x = x * 1103515245u + 12345;
		buf_addc(&text, (char)(x >> 16));
	}
	redact_str(r, buf_str(&text), &out);
	assert_int_equal(out.n, text.n);
	assert_memory_equal(out.p, text.p, text.n);
}

/* A beginning that is drawn out for ever may not hold the stream for ever. */
static void
test_bounded(void **state)
{
	AUTO(redact_free_p) struct redactor *r = make(KEY);
	AUTO(buf_free) struct buf out = BUF_INIT(16 * MIB);
	char blank[4096];
	size_t i;

	(void)state;
	memset(blank, '\n', sizeof(blank));
	redact_feed(r, STR("sk-a"), &out);
	for (i = 0; i < 2048; i++)
		redact_feed(r, str_mk(blank, sizeof(blank)), &out);
	assert_true(out.n >= 2048 * sizeof(blank) - REDACT_HOLD_MAX - 64 * KIB);
	redact_feed(r, STR(KEY), &out);
	redact_finish(r, &out);
	assert_true(str_ends(buf_str(&out), MARK));
}

static void
test_secrets(void **state)
{
	AUTO(secrets_free) struct secrets s = {0};
	struct err *e;
	bool found;

	(void)state;
	setenv("TEST_SECRET", "  value-of-it\n", 1);
	assert_null(secrets_env(&s, "TEST_SECRET", &found));
	assert_true(found);
	assert_string_equal(secrets_get(&s, "TEST_SECRET")->value, "value-of-it");
	assert_null(secrets_env(&s, "TEST_NO_SECRET", &found));
	assert_false(found);
	setenv("TEST_SECRET2", "two\nlines", 1);
	e = secrets_env(&s, "TEST_SECRET2", &found);
	assert_true(err_is(e, ERR_CONFIG));
	assert_null(strstr(err_msg(e), "lines"));
	err_free(e);
}

static void
test_looks(void **state)
{
	(void)state;
	assert_true(secret_looks(STR("sk-ant-api03-abcdefgh")));
	assert_true(secret_looks(STR("ghp_abcdefghijklmnop1234")));
	assert_true(secret_looks(STR("Bearer 9fJk2LmQ8xZr5TvB1nWc7YpD3sHg6UaE0")));
	assert_false(secret_looks(STR("npm test")));
	assert_false(secret_looks(STR("0123456789abcdef0123456789abcdef01234567")));
	assert_false(secret_looks(STR("https://api.anthropic.com/v1/messages")));
	assert_false(secret_looks(STR("src/generated/SomeVeryLongFileNameWithManyWords2024.java")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_ceilings),
		cmocka_unit_test(test_output_without_secrets),
		cmocka_unit_test(test_bytewise_escapes),
		cmocka_unit_test(test_mixed_escapes),
		cmocka_unit_test(test_base64_offsets),
		cmocka_unit_test(test_base64_escaped),
		cmocka_unit_test(test_utf16),
		cmocka_unit_test(test_reversed),
		cmocka_unit_test(test_beyond_ascii),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_untouched),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
