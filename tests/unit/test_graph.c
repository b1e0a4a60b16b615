/* model/graph, model/after: circles, orders and ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "model/after.h"
#include "model/graph.h"

static void
an_entry_is_an_id_and_how_far(void **state UNUSED)
{
	static const char *const none[] = {"", "k3xq7ab", "k3xq7abcd", "K3XQ7ABC", "k3xq7abc:", "k3xq7abc:landed",
	    ":delivered", "k3xq7abc:delivered:delivered", "k3xq7abc :delivered"};
	AUTO(buf_free) struct buf b = BUF_INIT(64);
	struct after a;
	size_t i;

	for (i = 0; i < NITEMS(none); i++)
		assert_false(after_parse(str_of(none[i]), &a));
	assert_true(after_parse(STR("k3xq7abc"), &a));
	assert_false(a.delivered);
	assert_true(after_parse(STR("k3xq7abc:delivered"), &a));
	assert_true(a.delivered);
	assert_string_equal(a.id.s, "k3xq7abc");
	after_format(&a, &b);
	assert_string_equal(buf_cstr(&b), "k3xq7abc:delivered");
	assert_true(after_met(true, TASK_DELIVERED));
	assert_false(after_met(false, TASK_DELIVERED));
	assert_true(after_met(true, TASK_CLOSED) && after_met(false, TASK_LANDED));
	assert_false(after_met(true, TASK_ESCALATED) || after_met(true, TASK_QUEUED));
}

static void
entries_are_kept_by_id(void **state UNUSED)
{
	AUTO(strs_free) struct strs list = {0};
	struct after a = {.id = {"k3xq7abc"}, .delivered = true};

	strs_add(&list, "k3xq7abc");
	strs_add(&list, "m7radq2e");
	after_put(&list, &a);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[1], "k3xq7abc:delivered");
	assert_true(after_has(&list, "k3xq7abc"));
	after_drop(&list, "k3xq7abc");
	assert_false(after_has(&list, "k3xq7abc"));
	assert_int_equal(list.n, 1);
}

static void
neighbours_come_once_and_in_order(void **state UNUSED)
{
	AUTO(graph_free_p) struct graph *g = graph_new(4);
	const size_t *to;
	size_t n;

	graph_add(g, 3, 2);
	graph_add(g, 3, 0);
	graph_add(g, 3, 2);
	to = graph_ahead(g, 3, &n);
	assert_int_equal(n, 2);
	assert_true(to[0] == 0 && to[1] == 2);
	to = graph_behind(g, 2, &n);
	assert_true(n == 1 && to[0] == 3);
	(void)graph_ahead(g, 1, &n);
	assert_int_equal(n, 0);
	graph_add(g, 1, 3);
	to = graph_behind(g, 3, &n);
	assert_true(n == 1 && to[0] == 1);
}

static void
only_members_are_in_a_circle(void **state UNUSED)
{
	AUTO(graph_free_p) struct graph *g = graph_new(8);
	struct graph_path p = {0};
	bool in[8] = {false};

	/* 0 after 1 after 2 after 0; 3 waits for them, they wait for 4; 5 after itself. */
	graph_add(g, 0, 1);
	graph_add(g, 1, 2);
	graph_add(g, 2, 0);
	graph_add(g, 3, 0);
	graph_add(g, 1, 4);
	graph_add(g, 5, 5);
	graph_add(g, 6, 7);
	assert_int_equal(graph_circles(g, in), 4);
	assert_true(in[0] && in[1] && in[2] && in[5]);
	assert_false(in[3] || in[4] || in[6] || in[7]);
	graph_circle(g, 1, &p);
	assert_int_equal(p.n, 3);
	assert_true(p.v[0] == 1 && p.v[1] == 2 && p.v[2] == 0);
	graph_circle(g, 5, &p);
	assert_true(p.n == 1 && p.v[0] == 5);
	graph_circle(g, 3, &p);
	assert_int_equal(p.n, 0);
	vec_free(&p);
}

static void
the_shortest_circle_is_named(void **state UNUSED)
{
	AUTO(graph_free_p) struct graph *g = graph_new(5);
	struct graph_path p = {0};

	graph_add(g, 0, 1);
	graph_add(g, 1, 2);
	graph_add(g, 2, 3);
	graph_add(g, 3, 0);
	graph_add(g, 0, 4);
	graph_add(g, 4, 0);
	graph_circle(g, 0, &p);
	assert_true(p.n == 2 && p.v[0] == 0 && p.v[1] == 4);
	vec_free(&p);
}

static void
order_is_by_number_where_it_may(void **state UNUSED)
{
	AUTO(graph_free_p) struct graph *g = graph_new(6);
	size_t order[6], depth[6];
	static const size_t want[] = {1, 2, 0, 4, 3, 5};

	graph_add(g, 0, 2);
	graph_add(g, 0, 1);
	graph_add(g, 3, 4);
	graph_add(g, 3, 0);
	graph_add(g, 5, 1);
	graph_order(g, order, depth);
	assert_memory_equal(order, want, sizeof(want));
	assert_true(depth[1] == 0 && depth[0] == 1 && depth[3] == 2 && depth[5] == 1);
}

static void
order_places_circles_too(void **state UNUSED)
{
	AUTO(graph_free_p) struct graph *g = graph_new(5);
	size_t order[5];

	static const size_t want[] = {4, 1, 3, 0, 2};

	/* 0 waits for the circle of 1, 2 and 3, which is cut at 1. */
	graph_add(g, 0, 1);
	graph_add(g, 0, 3);
	graph_add(g, 1, 2);
	graph_add(g, 2, 3);
	graph_add(g, 3, 1);
	graph_order(g, order, NULL);
	assert_memory_equal(order, want, sizeof(want));
}

static void
long_chains_are_walked_without_recursion(void **state UNUSED)
{
	size_t n = 200000, i;
	AUTO(graph_free_p) struct graph *g = graph_new(n);
	bool *in = calloc(n, sizeof(*in)), *marked = calloc(n, sizeof(*marked));
	size_t *depth = calloc(n, sizeof(*depth));
	struct graph_path p = {0};

	for (i = 1; i < n; i++)
		graph_add(g, i, i - 1);
	assert_int_equal(graph_circles(g, in), 0);
	graph_order(g, NULL, depth);
	assert_int_equal(depth[n - 1], n - 1);
	graph_reach(g, n / 2, true, marked);
	assert_true(marked[0] && marked[n / 2] && !marked[n / 2 + 1]);
	graph_add(g, 0, n - 1);
	assert_int_equal(graph_circles(g, in), n);
	graph_circle(g, 7, &p);
	assert_int_equal(p.n, n);
	assert_true(p.v[0] == 7 && p.v[1] == 6 && p.v[n - 1] == 8);
	vec_free(&p);
	free(in);
	free(marked);
	free(depth);
}

/* Against the plain definition, on small graphs of every kind. */
static void
circles_are_what_reaches_itself(void **state UNUSED)
{
	size_t n = 7, round, i, k, m;
	unsigned seed = 12345;

	for (round = 0; round < 2000; round++) {
		AUTO(graph_free_p) struct graph *g = graph_new(n);
		bool reach[7][7] = {{false}}, in[7] = {false};

		for (i = 0; i < 1 + round % 12; i++) {
			size_t a = (seed = seed * 1103515245 + 12345) / 65536 % n;
			size_t b = (seed = seed * 1103515245 + 12345) / 65536 % n;

			graph_add(g, a, b);
			reach[a][b] = true;
		}
		for (k = 0; k < n; k++)
			for (i = 0; i < n; i++)
				for (m = 0; m < n; m++)
					reach[i][m] |= reach[i][k] && reach[k][m];
		(void)graph_circles(g, in);
		for (i = 0; i < n; i++)
			assert_int_equal(in[i], reach[i][i]);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_entry_is_an_id_and_how_far),
	    cmocka_unit_test(entries_are_kept_by_id),
	    cmocka_unit_test(neighbours_come_once_and_in_order),
	    cmocka_unit_test(only_members_are_in_a_circle),
	    cmocka_unit_test(the_shortest_circle_is_named),
	    cmocka_unit_test(order_is_by_number_where_it_may),
	    cmocka_unit_test(order_places_circles_too),
	    cmocka_unit_test(long_chains_are_walked_without_recursion),
	    cmocka_unit_test(circles_are_what_reaches_itself),
	};

	return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
