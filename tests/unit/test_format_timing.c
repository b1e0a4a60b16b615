/* Benchmarks: reports of real tools (tests/formats), and small ones. */
#include "format_fixture.h"

/* ---- hyperfine ---- */

#define HYPERFINE(rows) "{\"results\":[" rows "]}"

static void
hyperfine_samples(void **state)
{
	static const char text[] = HYPERFINE("{\"command\":\"a b\",\"mean\":1.0,\"times\":[0.5,1],\"exit_codes\":[0,0],"
	    "\"memory_usage_byte\":[4096,8192]},{\"times\":[0.25],\"command\":\"c\",\"user\":0}");

	(void)state;
	format_reads("hyperfine", text, "timing a b 0.5 s\ntiming a b 1 s\ntiming a b 4096 bytes\n"
	    "timing a b 8192 bytes\ntiming c 0.25 s\n");
	format_cut_short("hyperfine", text, TRAILER);
}

static void
hyperfine_refusals(void **state)
{
	(void)state;
	format_refused("hyperfine", "{}", "r: the report has no 'results'");
	format_refused("hyperfine", HYPERFINE(""), "r: the report has no measurement");
	format_refused("hyperfine", HYPERFINE("{\"command\":\"a\",\"mean\":1}"), "r:1:*: a result without 'times'");
	format_refused("hyperfine", HYPERFINE("{\"command\":\"a\",\"times\":[]}"), "r:1:*: a result without 'times'");
	format_refused("hyperfine", HYPERFINE("{\"times\":[1]}"), "r:1:*: a result without 'command'");
	format_refused("hyperfine", HYPERFINE("{\"command\":\"a\",\"times\":[null]}"), "r:1:*: a measurement that is no number");
	format_refused("hyperfine", HYPERFINE("{\"command\":\"a\",\"times\":[-1]}"), "r:1:*: 'a' cannot have taken -1 s");
	format_refused("hyperfine", HYPERFINE("{\"command\":\"a\",\"times\":[1e16]}"), "r:1:*: 'a' cannot have taken 1e+16 s");
	format_refused("hyperfine", HYPERFINE("{\"command\":\"a\",\"times\":[1],\"exit_codes\":[1]}"),
	    "r:1:*: a run of the command failed");
	format_refused("hyperfine", HYPERFINE("{\"command\":\"a\",\"times\":[1]},{\"command\":\"a\",\"times\":[2]}"),
	    "r:1:*: the command 'a' stands twice");
}

/* ---- Google Benchmark ---- */

#define GBENCH(rows) "{\"context\":{\"num_cpus\":2},\"benchmarks\":[" rows "]}"

static void
gbench_samples(void **state)
{
	static const char text[] = GBENCH(
	    "{\"name\":\"a/8\",\"run_type\":\"iteration\",\"repetition_index\":0,\"real_time\":5e+2,\"cpu_time\":1,\"time_unit\":\"us\"},"
	    "{\"name\":\"a/8\",\"run_type\":\"iteration\",\"repetition_index\":1,\"real_time\":400,\"time_unit\":\"us\",\"max_bytes_used\":77},"
	    "{\"name\":\"a/8_mean\",\"run_type\":\"aggregate\",\"real_time\":450,\"time_unit\":\"us\"},"
	    "{\"name\":\"old_BigO\",\"aggregate_name\":\"BigO\",\"real_time\":1,\"time_unit\":\"ns\"},"
	    "{\"name\":\"none\",\"skipped\":true,\"skip_message\":\"no device\"}");

	(void)state;
	format_reads("gbench", text, "timing a/8 0.0005 s\ntiming a/8 0.0004 s\ntiming a/8 77 bytes\n");
	format_cut_short("gbench", text, TRAILER);
}

static void
gbench_refusals(void **state)
{
	(void)state;
	format_refused("gbench", "{\"benchmarks\":[]}", "r: the report has no 'context'");
	format_refused("gbench", "{\"context\":{}}", "r: the report has no 'benchmarks'");
	format_refused("gbench", GBENCH("{\"name\":\"a_mean\",\"run_type\":\"aggregate\"}"), "r: the report has no single run");
	format_refused("gbench", GBENCH("{\"real_time\":1}"), "r:1:*: a benchmark without 'name'");
	format_refused("gbench", GBENCH("{\"name\":\"a\",\"time_unit\":\"ns\"}"), "r:1:*: 'a' has no 'real_time'");
	format_refused("gbench", GBENCH("{\"name\":\"a\",\"real_time\":1}"), "r:1:*: 'a' has no 'time_unit'");
	format_refused("gbench", GBENCH("{\"name\":\"a\",\"error_occurred\":true,\"error_message\":\"x\"}"),
	    "r:1:*: the benchmark 'a' failed");
	format_refused("gbench", GBENCH("{\"name\":\"a\",\"repetition_index\":0,\"real_time\":1,\"time_unit\":\"s\"},"
	    "{\"name\":\"a\",\"repetition_index\":0,\"real_time\":2,\"time_unit\":\"s\"}"), "r:1:*: run 0 of 'a' stands twice");
}

/* ---- pytest-benchmark ---- */

#define PYTESTBENCH(rows) "{\"machine_info\":{},\"benchmarks\":[" rows "],\"version\":\"5.1.0\"}"

static void
pytestbench_samples(void **state)
{
	static const char text[] = PYTESTBENCH("{\"name\":\"t\",\"fullname\":\"test_x.py::t[1]\",\"stats\":{\"rounds\":2,\"data\":[0.5,2],\"min\":0.5}}");

	(void)state;
	format_reads("pytestbench", text, "timing test_x.py::t[1] 0.5 s\ntiming test_x.py::t[1] 2 s\n");
	format_cut_short("pytestbench", text, TRAILER);
}

static void
pytestbench_refusals(void **state)
{
	(void)state;
	format_refused("pytestbench", "{\"version\":\"1\"}", "r: the report has no 'benchmarks'");
	format_refused("pytestbench", "{\"benchmarks\":[]}", "r: the report has no 'version'");
	format_refused("pytestbench", PYTESTBENCH(""), "r: the report has no measurement");
	format_refused("pytestbench", PYTESTBENCH("{\"fullname\":\"a\",\"stats\":{\"rounds\":2,\"mean\":1}}"),
	    "r:1:*: 'a' has no rounds in 'stats.data'");
	format_refused("pytestbench", PYTESTBENCH("{\"fullname\":\"a\",\"stats\":{\"rounds\":2,\"data\":[1]}}"),
	    "r:1:*: 'a' counts 2 rounds, and has 1");
	format_refused("pytestbench", PYTESTBENCH("{\"stats\":{\"rounds\":1,\"data\":[1]}}"), "r:1:*: a benchmark without 'fullname'");
	format_refused("pytestbench", PYTESTBENCH("{\"fullname\":\"a\",\"stats\":{\"rounds\":1,\"data\":[1]}},"
	    "{\"fullname\":\"a\",\"stats\":{\"rounds\":1,\"data\":[1]}}"), "r:1:*: the benchmark 'a' stands twice");
	format_refused("pytestbench", PYTESTBENCH("{\"fullname\":\"a\",\"stats\":{\"rounds\":1,\"data\":[\"1\"]}}"),
	    "r:1:*: a round that is no number");
}

/* ---- Criterion ---- */

static void
criterion_samples(void **state)
{
	static const char text[] = "{\"sampling_mode\":\"Linear\",\"iters\":[10.0,20.0],\"times\":[1000.0,4000.0]}";

	(void)state;
	format_reads("criterion", text, "timing r 1e-07 s\ntiming r 2e-07 s\n");
	format_cut_short("criterion", text, TRAILER);
}

static void
criterion_refusals(void **state)
{
	(void)state;
	format_refused("criterion", "{}", "r: the report has no 'iters'");
	format_refused("criterion", "{\"iters\":[1]}", "r: the report has no 'times'");
	format_refused("criterion", "{\"iters\":[],\"times\":[]}", "r: 0 samples have 0 times");
	format_refused("criterion", "{\"iters\":[1,2],\"times\":[1]}", "r: 2 samples have 1 times");
	format_refused("criterion", "{\"iters\":[0],\"times\":[1]}", "r: a sample without an iteration");
	format_refused("criterion", "{\"mean\":{\"confidence_interval\":{},\"point_estimate\":1}}",
	    "r:1:*: Criterion's estimates are no measurements");
}

/* Of several files of one run each has its name from its path. */
static void
criterion_is_named_by_its_path(void **state)
{
	static const char *const paths[][2] = {
	    {"target/criterion/sum/new/sample.json", "sum"},
	    {"/work/target/criterion/flat/prod/512/new/sample.json", "flat/prod/512"},
	    {"bench/sample.json", "bench"},
	};
	AUTO(facts_free) struct facts f = {0};
	size_t i;

	(void)state;
	for (i = 0; i < NITEMS(paths); i++) {
		struct report *r = format_open(format_named("criterion"), paths[i][0], &f);

		assert_null(format_feed(r, STR("{\"iters\":[1],\"times\":[1]}")));
		assert_null(format_end(r));
		format_close(r);
		assert_string_equal(f.timings.v[i]->name, paths[i][1]);
	}
}

/* ---- go test -bench ---- */

static void
gobench_samples(void **state)
{
	static const char text[] = "goos: linux\npkg: ex.org/a\nBenchmarkX\nhello\nBenchmarkX-2   \t 100\t 8.5 ns/op\t 3 MB/s\t 16 B/op\t 2 allocs/op\n"
	    "BenchmarkX-2   \t 100\t 9 ns/op\nPASS\nok  \tex.org/a\t0.9s\n?   \tex.org/a/c\t[no test files]\n"
	    "pkg: ex.org/b\nBenchmarkY\t1\t7 apples/op\t1e+09 ns/op\nPASS\n";

	(void)state;
	format_reads("gobench", text, "timing ex.org/a.BenchmarkX-2 8.5e-09 s\ntiming ex.org/a.BenchmarkX-2 9e-09 s\n"
	    "timing ex.org/a.BenchmarkX-2 16 bytes\ntiming ex.org/a.BenchmarkX-2 2 allocations\ntiming ex.org/b.BenchmarkY 1 s\n");
	format_cut_short("gobench", text, BORDERS);
}

static void
gobench_refusals(void **state)
{
	(void)state;
	format_refused("gobench", "", "r: the report has no measurement");
	format_refused("gobench", "BenchmarkX 1 2 ns/op\n", "r: the last package does not end with PASS");
	format_refused("gobench", "BenchmarkX 1 2 ns/op", "r:1: the last line is cut short");
	format_refused("gobench", "pkg: a\npkg: b\n", "r:2: the package before did not end with PASS");
	format_refused("gobench", "BenchmarkX 1 2\n", "r:1: 'BenchmarkX' has a value without a number or a unit");
	format_refused("gobench", "BenchmarkX 1 NaN ns/op\n", "r:1: 'BenchmarkX' has a value without a number or a unit");
	format_refused("gobench", "--- FAIL: BenchmarkX\n", "r:1: a test or benchmark failed");
	format_refused("gobench", "PASS\n", "r: the report has no measurement");
}

/* ---- what tools wrote ---- */

static void
recorded(void **state)
{
	(void)state;
	format_recorded("hyperfine", "hyperfine-1.15.json", TRAILER);
	format_recorded("gbench", "benchmark-1.7.1.json", TRAILER);
	format_recorded("gbench", "benchmark-1.9.5.json", TRAILER);
	format_recorded("pytestbench", "pytest-benchmark-3.2.json", TRAILER);
	format_recorded("pytestbench", "pytest-benchmark-5.3.json", TRAILER);
	format_recorded("criterion", "criterion-0.5-linear.json", TRAILER);
	format_recorded("criterion", "criterion-0.5-flat.json", TRAILER);
	format_recorded("gobench", "go-1.26.txt", BORDERS);
	format_recorded("gobench", "go-1.26-v.txt", BORDERS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hyperfine_samples),
		cmocka_unit_test(hyperfine_refusals),
		cmocka_unit_test(gbench_samples),
		cmocka_unit_test(gbench_refusals),
		cmocka_unit_test(pytestbench_samples),
		cmocka_unit_test(pytestbench_refusals),
		cmocka_unit_test(criterion_samples),
		cmocka_unit_test(criterion_refusals),
		cmocka_unit_test(criterion_is_named_by_its_path),
		cmocka_unit_test(gobench_samples),
		cmocka_unit_test(gobench_refusals),
		cmocka_unit_test(recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
