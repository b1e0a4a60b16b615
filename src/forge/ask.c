#include "forge/ask.h"

#include <string.h>

#include "base/err.h"

#define PATH_MAX_BYTES (16 * KIB)
#define BODY_MAX (4 * FORGE_TEXT_MAX)

void
ask_open(struct ask *a, struct forge *f, const char *method, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(a->what, sizeof(a->what), fmt, ap);
	va_end(ap);
	a->f = f;
	buf_init(&a->path, PATH_MAX_BYTES);
	buf_init(&a->body, BODY_MAX);
	a->call = (struct rest_call){.what = a->what, .method = method};
}

void
ask_path(struct ask *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&a->path, fmt, ap);
	va_end(ap);
}

void
ask_part(struct ask *a, const char *part)
{
	rest_part(&a->path, part);
}

void
ask_query(struct ask *a, const char *key, const char *value)
{
	if (value == NULL)
		return;
	buf_addf(&a->path, "%c%s=", a->queried ? '&' : '?', key);
	rest_part(&a->path, value);
	a->queried = true;
}

static void
ask_key(struct ask *a, const char *key)
{
	if (a->json.out == NULL) {
		jw_init(&a->json, &a->body, false);
		jw_obj(&a->json);
	}
	jw_key(&a->json, key);
}

void
ask_str(struct ask *a, const char *key, const char *value)
{
	if (value == NULL)
		return;
	ask_key(a, key);
	jw_str(&a->json, value);
}

void
ask_flag(struct ask *a, const char *key, bool value)
{
	ask_key(a, key);
	jw_bool(&a->json, value);
}

void
ask_list(struct ask *a, const char *key)
{
	ask_key(a, key);
	jw_list(&a->json);
}

static struct err *
finish(struct ask *a)
{
	if (a->json.out != NULL)
		jw_end(&a->json);
	TRY(buf_check(&a->path, a->what));
	TRY(buf_check(&a->body, a->what));
	a->call.path = buf_cstr(&a->path);
	a->call.body = buf_str(&a->body);
	return NULL;
}

struct err *
ask_send(struct ask *a)
{
	TRY(finish(a));
	return rest_do(a->f->rest, &a->call, &a->reply);
}

struct err *
ask_took(struct ask *a, struct err *e)
{
	return rest_took(a->f->rest, a->call.path, e);
}

struct err *
ask_each(struct ask *a, bool newest, rest_item *fn, void *arg, bool *unchanged)
{
	TRY(finish(a));
	return rest_each(a->f->rest, &a->call, NULL, newest, fn, arg, unchanged);
}

void
ask_free(struct ask *a)
{
	rest_reply_free(&a->reply);
	buf_free(&a->path);
	buf_free(&a->body);
	*a = (struct ask){0};
}

struct err *
ask_refused(struct ask *a, enum err_code code)
{
	AUTO(buf_free) struct buf words = BUF_INIT(KIB);

	rest_words(&a->reply, &words);
	return err_new(code, "%s: %s: %s", a->f->api->name, a->what,
	    words.n > 0 ? buf_cstr(&words) : "refused without a reason");
}

bool
ask_said(struct ask *a, const char *words)
{
	AUTO(buf_free) struct buf b = BUF_INIT(KIB);

	rest_words(&a->reply, &b);
	return strcasestr(buf_cstr(&b), words) != NULL;
}

bool
ask_next(const struct node *list, const struct node **n)
{
	if (*n != NULL)
		*n = (*n)->next;
	else
		*n = list != NULL && list->kind == NODE_LIST ? list->child : NULL;
	return *n != NULL;
}
