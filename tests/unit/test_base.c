/* base/: errors, buffers, slices, vectors, maps, arenas, ids, clocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fnv.h"
#include "base/id.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"

static void
err_context_goes_in_front(void **state UNUSED)
{
	struct err *e = err_new(ERR_STALE, "ref '%s' moved", "x");

	e = err_hint(err_wrap(e, "cannot deliver\nit"), "run it again");
	assert_string_equal(err_msg(e), "cannot deliver it: ref 'x' moved");
	assert_string_equal(err_hint_of(e), "run it again");
	assert_int_equal(err_code(e), ERR_STALE);
	assert_int_equal(err_status(e), 128);
	err_free(e);
	assert_null(err_wrap(NULL, "nothing"));
	assert_int_equal(err_status(NULL), 0);
}

static void
err_follows_errno(void **state UNUSED)
{
	static const struct {
		int no;
		enum err_code code;
	} rows[] = {{ENOSPC, ERR_DISK_FULL}, {EDQUOT, ERR_DISK_FULL}, {EACCES, ERR_DENIED},
	    {ETIMEDOUT, ERR_TIMEOUT}, {EIO, ERR_IO}};
	struct err *e;
	size_t i;

	for (i = 0; i < NITEMS(rows); i++) {
		errno = rows[i].no;
		e = err_sys("cannot write");
		assert_int_equal(err_code(e), rows[i].code);
		err_free(e);
	}
}

static void
err_table_is_whole(void **state UNUSED)
{
	int i, k;

	for (i = 0; i < ERR_CODES; i++) {
		const struct err_row *row = err_row(i);

		assert_true(row->status == 1 || row->status >= 128);
		assert_non_null(row->prose);
		for (k = 0; k < i; k++)
			assert_string_not_equal(row->word, err_row(k)->word);
	}
}

static void
buf_keeps_its_ceiling(void **state UNUSED)
{
	AUTO(buf_free) struct buf b = BUF_INIT(8);
	struct err *e;

	buf_adds(&b, "12345678");
	assert_null(buf_check(&b, "it"));
	buf_addc(&b, '9');
	assert_int_equal(b.n, 8);
	e = buf_check(&b, "it");
	assert_int_equal(err_code(e), ERR_LIMIT);
	err_free(e);
	buf_clear(&b);
	buf_addf(&b, "%d-%s", 42, "ab");
	assert_string_equal(buf_cstr(&b), "42-ab");
	assert_false(b.over);
	buf_addf(&b, "%s", "too long");
	assert_true(b.over);
}

static void
buf_inserts_and_cuts(void **state UNUSED)
{
	AUTO(buf_free) struct buf b = BUF_INIT(100);
	AUTO(mem_free_p) char *s = NULL;

	buf_adds(&b, "ace");
	buf_insert(&b, 1, "b", 1);
	buf_insert(&b, 3, "d", 1);
	buf_insert(&b, 5, "f", 1);
	assert_string_equal(buf_cstr(&b), "abcdef");
	buf_cut(&b, 1, 2);
	assert_string_equal(buf_cstr(&b), "adef");
	buf_cut(&b, 2, 100);
	assert_string_equal(buf_cstr(&b), "ad");
	s = buf_steal(&b);
	assert_string_equal(s, "ad");
	assert_int_equal(b.n, 0);
}

static void
str_cuts(void **state UNUSED)
{
	struct str rest = STR("a,,b,"), piece;
	const char *want[] = {"a", "", "b"};
	size_t i;

	for (i = 0; i < NITEMS(want); i++) {
		assert_true(str_next(&rest, ',', &piece));
		assert_true(str_is(piece, want[i]));
	}
	assert_false(str_next(&rest, ',', &piece));
	rest = STR("one\r\ntwo");
	assert_true(str_line(&rest, &piece) && str_is(piece, "one"));
	assert_true(str_line(&rest, &piece) && str_is(piece, "two"));
	assert_false(str_line(&rest, &piece));
	assert_true(str_is(str_trim(STR(" \t x y\n")), "x y"));
	assert_int_equal(str_find(STR("abcabc"), STR("ca")), 2);
	assert_int_equal(str_find(STR("ab"), STR("abc")), -1);
}

static void
str_int_is_exact(void **state UNUSED)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t value;
	} rows[] = {
		{"0", true, 0}, {"-1", true, -1}, {"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN}, {"9223372036854775808", false, 0},
		{"", false, 0}, {"-", false, 0}, {"1x", false, 0}, {" 1", false, 0}, {"+1", false, 0},
		{"99999999999999999999", false, 0},
	};
	int64_t v;
	size_t i;

	for (i = 0; i < NITEMS(rows); i++) {
		v = 7;
		assert_int_equal(str_int(str_of(rows[i].text), INT64_MIN, INT64_MAX, &v), rows[i].ok);
		assert_true(v == (rows[i].ok ? rows[i].value : 7));
	}
	assert_false(str_int(STR("5"), 0, 4, &v));
}

static void
str_distance_counts_edits(void **state UNUSED)
{
	static const struct {
		const char *a, *b;
		size_t d;
	} rows[] = {{"", "", 0}, {"a", "", 1}, {"priority", "priorty", 1}, {"ab", "ba", 1},
	    {"kitten", "sitting", 3}, {"same", "same", 0}};
	size_t i;

	for (i = 0; i < NITEMS(rows); i++)
		assert_int_equal(str_distance(str_of(rows[i].a), str_of(rows[i].b)), rows[i].d);
}

static void
vec_grows_and_drops(void **state UNUSED)
{
	VEC(int) v = {0};
	AUTO(strs_free) struct strs s = {0};
	int i;

	for (i = 0; i < 1000; i++)
		vec_push(&v, i);
	vec_drop(&v, 0);
	vec_drop(&v, 500);
	assert_int_equal(v.n, 998);
	assert_int_equal(v.v[0], 1);
	assert_int_equal(v.v[500], 502);
	vec_free(&v);
	strs_add(&s, "b");
	strs_addf(&s, "%c", 'a');
	strs_sort(&s);
	assert_string_equal(s.v[0], "a");
	assert_true(strs_has(&s, "b"));
	assert_false(strs_has(&s, "c"));
}

static void
map_remembers_order(void **state UNUSED)
{
	struct map m = {0};
	char key[16];
	int i;

	for (i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_null(map_set(&m, key, (void *)(intptr_t)(i + 1)));
	}
	for (i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_int_equal((intptr_t)map_get(&m, key), i + 1);
		assert_string_equal(m.entries[i].key, key);
	}
	assert_null(map_get(&m, "k1000"));
	assert_int_equal((intptr_t)map_set(&m, "k3", NULL), 4);
	assert_null(map_get(&m, "k3"));
	map_free(&m, NULL);
	assert_null(map_get(&m, "k1"));
	/* Keys that live elsewhere are neither copied nor freed. */
	assert_null(map_set_kept(&m, key, &m));
	assert_ptr_equal(m.entries[0].key, key);
	assert_ptr_equal(map_get(&m, key), &m);
	map_free(&m, NULL);
}

static void
arena_holds_what_it_is_given(void **state UNUSED)
{
	AUTO(arena_free) struct arena a = {0};
	char *big = arena_alloc(&a, 100000);
	char *s = arena_printf(&a, "%05d", 42);
	size_t i;

	for (i = 0; i < 100000; i++)
		assert_int_equal(big[i], 0);
	assert_string_equal(s, "00042");
	assert_int_equal((uintptr_t)arena_alloc(&a, 1) % _Alignof(max_align_t), 0);
	assert_null(arena_strdup(&a, NULL));
}

static void
ids_are_letters(void **state UNUSED)
{
	struct id a = id_new(), b = id_new(), c;

	assert_true(id_valid(str_of(a.s)));
	assert_string_not_equal(a.s, b.s);
	assert_true(id_parse(str_of(a.s), &c));
	assert_string_equal(a.s, c.s);
	assert_false(id_valid(STR("abcdefg")));
	assert_false(id_valid(STR("abcdefg1")));
	assert_false(id_valid(STR("ABCDEFGH")));
	assert_true(id_prefix(STR("abcd")));
	assert_false(id_prefix(STR("abc")));
	assert_false(id_prefix(STR("../../x")));
}

static void
clock_reads_what_it_writes(void **state UNUSED)
{
	static const struct {
		const char *text;
		int64_t s;
	} spans[] = {{"90s", 90}, {"20m", 1200}, {"1h30m", 5400}, {"1d", 86400}};
	static const char *const bad[] = {"", "5", "m", "1m1h", "1.5h", "-1s", "1h1h"};
	char text[CLOCK_TEXT];
	int64_t t;
	size_t i;

	clock_format(1795255965, text);
	assert_string_equal(text, "2026-11-21T10:12:45Z");
	assert_true(clock_parse(text, &t));
	assert_int_equal(t, 1795255965);
	assert_false(clock_parse("2026-02-30T00:00:00Z", &t));
	assert_false(clock_parse("2026-11-21", &t));
	for (i = 0; i < NITEMS(spans); i++) {
		assert_true(clock_parse_span(spans[i].text, &t));
		assert_int_equal(t, spans[i].s);
	}
	for (i = 0; i < NITEMS(bad); i++)
		assert_false(clock_parse_span(bad[i], &t));
	clock_format_span(5400, text);
	assert_string_equal(text, "1h30m");
}

/* Room alone is no text. */
static void
test_buf_reserve(void **state)
{
	AUTO(buf_free) struct buf b = BUF_INIT(100);

	(void)state;
	buf_reserve(&b, 0);
	assert_string_equal(buf_cstr(&b), "");
	buf_reserve(&b, 1000);
	assert_string_equal(buf_cstr(&b), "");
	assert_null(buf_check(&b, "room"));
	buf_adds(&b, "abc");
	buf_reserve(&b, 50);
	assert_string_equal(buf_cstr(&b), "abc");
}

/* Vectors of draft-eastlake-fnv; what is stored hangs on them. */
static void
fnv_is_fnv_1a(void **state UNUSED)
{
	assert_true(fnv64(FNV64_BASIS, "", 0) == UINT64_C(0xcbf29ce484222325));
	assert_true(fnv64(FNV64_BASIS, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(fnv64(FNV64_BASIS, "foobar", 6) == UINT64_C(0x85944171f73967e8));
	assert_true(fnv64(fnv64(FNV64_BASIS, "foo", 3), "bar", 3) == UINT64_C(0x85944171f73967e8));
	assert_true(fnv32(FNV32_BASIS, "", 0) == UINT32_C(0x811c9dc5));
	assert_true(fnv32(FNV32_BASIS, "a", 1) == UINT32_C(0xe40c292c));
	assert_true(fnv32(FNV32_BASIS, "foobar", 6) == UINT32_C(0xbf9cf968));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf_reserve),
		cmocka_unit_test(err_context_goes_in_front),
		cmocka_unit_test(err_follows_errno),
		cmocka_unit_test(err_table_is_whole),
		cmocka_unit_test(buf_keeps_its_ceiling),
		cmocka_unit_test(buf_inserts_and_cuts),
		cmocka_unit_test(str_cuts),
		cmocka_unit_test(str_int_is_exact),
		cmocka_unit_test(str_distance_counts_edits),
		cmocka_unit_test(vec_grows_and_drops),
		cmocka_unit_test(map_remembers_order),
		cmocka_unit_test(arena_holds_what_it_is_given),
		cmocka_unit_test(ids_are_letters),
		cmocka_unit_test(fnv_is_fnv_1a),
		cmocka_unit_test(clock_reads_what_it_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
