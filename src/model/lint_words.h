/*
 * lint_words.h - the phrases by which lint.c knows what a spec states.
 * Private to model/.  Lower case, matched at word boundaries; a trailing '*'
 * takes any ending.
 */
#ifndef MODEL_LINT_WORDS_H
#define MODEL_LINT_WORDS_H

enum lint_signal {
	SIGNAL_BEHAVIOUR = 1,
	SIGNAL_IO = 2,
	SIGNAL_CONSTRAINT = 4,
	SIGNAL_VERIFY = 8
};

struct lint_phrase {
	const char *text;
	unsigned signals;
};

/* Ends in a row without text. */
extern const struct lint_phrase lint_phrases[];

struct lint_vague {
	const char *text;
	const char *add;	/* what to say instead */
};

extern const struct lint_vague lint_vague[];

/* Words that begin a line which dictates how, and what it then speaks of. */
extern const char *const lint_how_verbs[];
extern const char *const lint_how_nouns[];
/* Dictating wherever they stand. */
extern const char *const lint_how_phrases[];

#endif
