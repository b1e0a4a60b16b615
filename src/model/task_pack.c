#include "model/task_pack.h"

#include <string.h>

#include "base/buf.h"
#include "base/fnv.h"
#include "model/task.h"
#include "model/task_field.h"

/*
 * For each field: its place in the table from 1, one byte; then a string with
 * its NUL, a number as 8 bytes, or a list as its length in 8 bytes and its
 * strings.  After PLACE_BODY, where the body stood and whether it is headed.
 */
#define PLACE_BODY 255

static void *
at(const struct task_field *f, struct task *t)
{
	return (char *)t + f->offset;
}

static bool
is_text(const struct task_field *f)
{
	switch (f->kind) {
	case TF_LINE: case TF_WORD: case TF_DIR: case TF_ID: case TF_TEXT:
		return true;
	default:
		return false;
	}
}

/* Over names and kinds. */
uint64_t
task_pack_version(void)
{
	const struct task_field *f;
	uint64_t h = FNV64_BASIS;
	unsigned char kind;

	for (f = task_fields; f->name != NULL; f++) {
		kind = (unsigned char)f->kind;
		h = fnv64(h, f->name, strlen(f->name));
		h = fnv64(h, &kind, 1);
	}
	return h;
}

static void
add_number(struct buf *out, int64_t n)
{
	buf_add(out, (const char *)&n, sizeof(n));
}

static void
add_string(struct buf *out, const char *s)
{
	buf_add(out, s, strlen(s) + 1);
}

static void
pack_field(const struct task_field *f, struct task *t, struct buf *out)
{
	const struct strs *list;
	size_t i;

	if (is_text(f)) {
		add_string(out, *(const char **)at(f, t));
	} else if (f->kind == TF_STATE) {
		add_number(out, t->state);
	} else if (task_field_is_list(f)) {
		list = at(f, t);
		add_number(out, (int64_t)list->n);
		for (i = 0; i < list->n; i++)
			add_string(out, list->v[i]);
	} else {
		add_number(out, *(int64_t *)at(f, t));
	}
}

void
task_pack(const struct task *t, struct buf *out)
{
	const struct task_field *f;
	struct task plain, from = *t;

	task_init(&plain);
	for (f = task_fields; f->name != NULL; f++) {
		if (task_field_same(f, t, &plain))
			continue;
		buf_addc(out, (char)(f - task_fields + 1));
		pack_field(f, &from, out);
	}
	buf_addc(out, (char)PLACE_BODY);
	add_number(out, t->body_line * 2 + t->heading);
}

struct reader {
	const char *p, *end;
	bool bad;
};

static int64_t
read_number(struct reader *r)
{
	int64_t n = 0;

	if (r->end - r->p < (ptrdiff_t)sizeof(n)) {
		r->bad = true;
		return 0;
	}
	memcpy(&n, r->p, sizeof(n));
	r->p += sizeof(n);
	return n;
}

static const char *
read_string(struct reader *r)
{
	const char *s = r->p, *nul = memchr(s, '\0', (size_t)(r->end - s));

	if (nul == NULL) {
		r->bad = true;
		return "";
	}
	r->p = nul + 1;
	return s;
}

static void
unpack_field(const struct task_field *f, struct task *t, struct reader *r)
{
	int64_t n;

	if (is_text(f)) {
		*(const char **)at(f, t) = read_string(r);
	} else if (f->kind == TF_STATE) {
		n = read_number(r);
		r->bad |= n < 0 || n >= TASK_STATES;
		t->state = r->bad ? TASK_QUEUED : (enum task_state)n;
	} else if (task_field_is_list(f)) {
		for (n = read_number(r); n > 0 && !r->bad; n--)
			strs_add(at(f, t), read_string(r));
	} else {
		*(int64_t *)at(f, t) = read_number(r);
	}
}

bool
task_unpack(struct str data, struct task *out)
{
	struct reader r;
	unsigned place, known = 0;

	while (task_fields[known].name != NULL)
		known++;
	/* The strings stay where they are, in a copy that the task owns. */
	r.p = arena_str(&out->mem, data);
	r.end = r.p + data.n;
	r.bad = false;
	while (r.p < r.end && !r.bad) {
		place = (unsigned char)*r.p++;
		if (place == PLACE_BODY) {
			out->body_line = read_number(&r);
			out->heading = (out->body_line & 1) != 0;
			out->body_line /= 2;
			continue;
		}
		if (place == 0 || place > known)
			return false;
		unpack_field(&task_fields[place - 1], out, &r);
	}
	return !r.bad;
}
