#include "sys/capture.h"

void
capture_init(struct capture *c, size_t max, size_t tail)
{
	*c = (struct capture){0};
	c->max_tail = tail < max ? tail : max;
	c->max_head = max - c->max_tail;
	buf_init(&c->head, c->max_head);
	buf_init(&c->tail, 2 * c->max_tail + 1);
}

/* The window is cut only when it has doubled: each byte is moved at most once. */
static void
slide(struct capture *c, const char *p, size_t n)
{
	if (n >= c->max_tail) {
		buf_clear(&c->tail);
		buf_add(&c->tail, p + (n - c->max_tail), c->max_tail);
		return;
	}
	if (c->tail.n + n > 2 * c->max_tail)
		buf_cut(&c->tail, 0, c->tail.n - c->max_tail);
	buf_add(&c->tail, p, n);
}

void
capture_add(struct capture *c, const char *p, size_t n)
{
	size_t room = c->max_head - c->head.n;
	size_t first = n < room ? n : room;

	c->total += n;
	buf_add(&c->head, p, first);
	if (n > first && c->max_tail > 0)
		slide(c, p + first, n - first);
}

void
capture_end(struct capture *c, struct proc_output *out)
{
	if (c->tail.n > c->max_tail)
		buf_cut(&c->tail, 0, c->tail.n - c->max_tail);
	out->gap = c->head.n;
	out->dropped = c->total - c->head.n - c->tail.n;
	out->b = c->head;
	out->b.max = c->max_head + c->max_tail;
	buf_add(&out->b, c->tail.p, c->tail.n);
	buf_free(&c->tail);
	*c = (struct capture){0};
}

void
capture_free(struct capture *c)
{
	buf_free(&c->head);
	buf_free(&c->tail);
}
