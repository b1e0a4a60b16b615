/* channel: whole frames, frames in pieces, and what is no frame. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/str.h"
#include "sys/channel.h"
#include "sys/sigs.h"

static int ends[2];
static struct channel in;

static int
open_both(void **state)
{
	(void)state;
	assert_int_equal(pipe(ends), 0);
	in = (struct channel){.fd = ends[0]};
	return 0;
}

static int
close_both(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static struct frame
sample(void)
{
	struct frame f = {.kind = FRAME_CLAIMED, .n = {1, INT64_MAX, -1}};

	assert_true(id_parse(STR("k3xq7abc"), &f.task));
	assert_true(id_parse(STR("zzzz2222"), &f.run));
	return f;
}

static void
test_round_trip(void **state)
{
	struct frame f = sample(), got = {0}, bare = {.kind = FRAME_IDLE};
	enum channel_got what;

	(void)state;
	assert_null(channel_send(ends[1], &f));
	assert_null(channel_send(ends[1], &bare));
	assert_null(channel_read(&in, &got, &what));
	assert_int_equal(what, CHANNEL_FRAME);
	assert_int_equal(got.kind, FRAME_CLAIMED);
	assert_string_equal(got.task.s, "k3xq7abc");
	assert_string_equal(got.run.s, "zzzz2222");
	assert_true(got.n[0] == 1 && got.n[1] == INT64_MAX && got.n[2] == -1);
	assert_null(channel_read(&in, &got, &what));
	assert_int_equal(what, CHANNEL_FRAME);
	assert_string_equal(got.task.s, "");
	close(ends[1]);
	assert_null(channel_read(&in, &got, &what));
	assert_int_equal(what, CHANNEL_END);
	ends[1] = dup(0);
}

/* Byte by byte: only the last one completes it. */
static void
test_pieces(void **state)
{
	struct frame f = sample(), got = {0};
	unsigned char raw[sizeof(f)];
	enum channel_got what;
	size_t i;

	(void)state;
	assert_null(channel_send(ends[1], &f));
	assert_int_equal(read(ends[0], raw, sizeof(raw)), sizeof(raw));
	for (i = 0; i < sizeof(raw); i++) {
		assert_int_equal(write(ends[1], raw + i, 1), 1);
		assert_null(channel_read(&in, &got, &what));
		assert_int_equal(what, i + 1 == sizeof(raw) ? CHANNEL_FRAME : CHANNEL_PART);
	}
	assert_string_equal(got.run.s, "zzzz2222");
}

/* Any wrong byte of magic, kind or ids is refused; a cut frame is, too. */
static void
test_damage(void **state)
{
	struct frame f = sample(), got = {0};
	unsigned char raw[sizeof(f)], bad[sizeof(f)];
	enum channel_got what = CHANNEL_PART;
	struct err *e;
	size_t i;

	(void)state;
	assert_null(channel_send(ends[1], &f));
	assert_int_equal(read(ends[0], raw, sizeof(raw)), sizeof(raw));
	for (i = 0; i < offsetof(struct frame, run) + ID_LEN; i++) {
		memcpy(bad, raw, sizeof(bad));
		bad[i] = (unsigned char)(bad[i] ^ 0xa5);
		assert_int_equal(write(ends[1], bad, sizeof(bad)), sizeof(bad));
		e = channel_read(&in, &got, &what);
		assert_true(err_is(e, ERR_PROTOCOL));
		err_free(e);
	}
	assert_int_equal(got.kind, 0);
	assert_int_equal(write(ends[1], raw, 7), 7);
	assert_null(channel_read(&in, &got, &what));
	close(ends[1]);
	e = channel_read(&in, &got, &what);
	assert_true(err_is(e, ERR_PROTOCOL));
	err_free(e);
	ends[1] = dup(0);
}

static void
test_gone(void **state)
{
	struct frame f = sample();
	struct err *e;

	(void)state;
	assert_null(sigs_open());
	close(ends[0]);
	e = channel_send(ends[1], &f);
	assert_non_null(e);
	err_free(e);
	ends[0] = dup(0);
	sigs_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, open_both, close_both),
		cmocka_unit_test_setup_teardown(test_pieces, open_both, close_both),
		cmocka_unit_test_setup_teardown(test_damage, open_both, close_both),
		cmocka_unit_test_setup_teardown(test_gone, open_both, close_both),
	};

	return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
