/*
 * text.h - UTF-8, and text from outside made safe to show.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"
#include "base/str.h"

/*
 * Decode one code point off the front of *s.  -1 for malformed input (one
 * byte is consumed), overlong forms, surrogates and values over U+10FFFF
 * (RFC 3629).
 */
int32_t utf8_next(struct str *s);
bool utf8_valid(struct str s);
void utf8_add(struct buf *b, uint32_t codepoint);

/*
 * Can steer a reader or a terminal without being seen: C0 and C1 controls
 * but tab and newline, bidirectional controls, zero-width and tag characters,
 * unassigned specials (Unicode TR 36; "Trojan Source", CVE-2021-42574).
 */
bool text_hidden(int32_t codepoint);

/*
 * Append s so that it prints and nothing more: hidden code points and bytes
 * that are not UTF-8 become \xNN or \u{NNNN}; with one_line, newlines and tabs
 * become one space.
 */
void text_visible(struct buf *b, struct str s, bool one_line);

/* Its first bytes, at most max, that end with a whole character. */
struct str text_cut(struct str s, size_t max);

/* Columns on a terminal, one per code point that is not combining. */
size_t text_width(struct str s);

/*
 * A branch-safe slug of at most max bytes: lower-case ASCII letters, digits
 * and single '-'; "task" when nothing remains.
 */
void text_slug(struct buf *b, struct str s, size_t max);

#endif
