/* git/pack: many objects at once. */
#include "git_fixture.h"

#include "git/pack.h"
#include "git/tree.h"

static struct oid
put(struct repo *r, const char *text)
{
	struct oid oid;

	ok(blob_write(r, str_of(text), &oid));
	return oid;
}

static void
what_was_begun_is_read_back_and_ended_in_one_pack(void **state UNUSED)
{
	AUTO(pack_free_p) struct pack *p = NULL;
	AUTO(buf_free) struct buf text = BUF_INIT(KIB);
	AUTO(tree_edit_free) struct tree_edit edit = {0};
	struct oid blob, tree;
	struct repo *r;

	ok(repo_open(NULL, &r));
	sh("git count-objects >before");
	ok(pack_begin(r, &p));
	blob = put(r, "the first of this pack\n");
	(void)put(r, "the second of this pack\n");
	ok(tree_edit_write(r, &edit, "a/b", STR("the third of this pack\n")));
	ok(tree_apply(r, &oid_zero, &edit, &tree));
	ok(blob_read(r, &blob, &text));
	assert_string_equal(buf_cstr(&text), "the first of this pack\n");
	sh("! git cat-file -e %s 2>/dev/null", oid_hex(&blob).s);
	ok(pack_end(p));
	sh("git cat-file -e %s && git cat-file -e %s:a/b", oid_hex(&blob).s, oid_hex(&tree).s);
	sh("git count-objects | cmp - before && test $(ls .git/objects/pack/*.pack | wc -l) = 1");
	sh("git fsck --strict >/dev/null 2>&1");
	buf_clear(&text);
	ok(tree_read(r, &tree, "a/b", &text));
	assert_string_equal(buf_cstr(&text), "the third of this pack\n");
	pack_free_p(&p);
	repo_close(r);
}

static void
what_is_not_ended_has_not_happened(void **state UNUSED)
{
	struct oid blob, after;
	struct pack *p;
	struct repo *r;

	ok(repo_open(NULL, &r));
	ok(pack_begin(r, &p));
	blob = put(r, "never\n");
	pack_free_p(&p);
	after = put(r, "after\n");
	sh("! git cat-file -e %s 2>/dev/null && git cat-file -e %s", oid_hex(&blob).s, oid_hex(&after).s);
	ok(pack_begin(r, &p));
	ok(pack_end(p));
	pack_free_p(&p);
	sh("test ! -e .git/objects/pack || test -z \"$(ls .git/objects/pack)\"");
	repo_close(r);
}

/* Of every length of the number that tells it, stored and deflated, and one that is written again. */
static void
objects_of_any_size(void **state UNUSED)
{
	static const size_t sizes[] = {0, 1, 15, 16, 2047, 2048, 262143, 262144, 3 * MIB};
	AUTO(pack_free_p) struct pack *p = NULL;
	AUTO(tree_edit_free) struct tree_edit edit = {0};
	AUTO(buf_free) struct buf text = BUF_INIT(4 * MIB), back = BUF_INIT(4 * MIB);
	struct oid blobs[NITEMS(sizes)], tree;
	char name[32];
	struct repo *r;
	size_t i;

	ok(repo_open(NULL, &r));
	ok(pack_begin(r, &p));
	for (i = 0; i < 2 * NITEMS(sizes); i++) {
		buf_clear(&text);
		while (text.n < sizes[i / 2])
			buf_addc(&text, (char)(text.n * text.n >> 7));
		ok(blob_write(r, buf_str(&text), &blobs[i / 2]));
	}
	for (i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "many/%zu", i);
		tree_edit_put(&edit, name, 0100644, &blobs[i % NITEMS(sizes)]);
	}
	ok(tree_apply(r, &oid_zero, &edit, &tree));
	ok(pack_end(p));
	pack_free_p(&p);
	sh("git fsck --strict >/dev/null 2>&1 && git verify-pack .git/objects/pack/*.idx");
	sh("test $(git count-objects -v | sed -n 's/in-pack: //p') = %zu", NITEMS(sizes) + 2);
	sh("test $(git ls-tree %s:many | wc -l) = 3000", oid_hex(&tree).s);
	for (i = 0; i < NITEMS(sizes); i++) {
		buf_clear(&back);
		ok(blob_read(r, &blobs[i], &back));
		assert_int_equal(back.n, sizes[i]);
	}
	assert_memory_equal(back.p, text.p, text.n);
	repo_close(r);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST_REPO(what_was_begun_is_read_back_and_ended_in_one_pack),
	    TEST_REPO(what_is_not_ended_has_not_happened),
	    TEST_REPO(objects_of_any_size),
	};

	return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
