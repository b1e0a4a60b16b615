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

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST_REPO(what_was_begun_is_read_back_and_ended_in_one_pack),
	    TEST_REPO(what_is_not_ended_has_not_happened),
	};

	return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
