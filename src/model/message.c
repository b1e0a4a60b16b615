#include <string.h>

#include "base/id.h"
#include "model/message.h"

#define SCISSORS " ------------------------ >8 ------------------------"
#define HEADS "refs/heads/factory/"

static bool
is_scissors(struct str line, struct str mark)
{
	return str_starts(line, mark.p) && str_is(str_skip(line, mark.n), SCISSORS);
}

const char *
message_mark(struct str file)
{
	static const char *const marks[] = {"#", ";", "@", "!", "$", "%", "^", "&", "|", ":"};
	const char *last = marks[0];
	struct str line;
	size_t i;

	while (str_line(&file, &line)) {
		if (line.n == 0)
			continue;
		last = marks[0];
		for (i = 0; i < NITEMS(marks); i++)
			if (str_starts(line, marks[i]))
				last = marks[i];
		if (is_scissors(line, str_of(last)))
			break;
	}
	return last;
}

static struct str
without_blanks(struct str line)
{
	while (line.n > 0 && strchr(" \t\r\f\v", line.p[line.n - 1]) != NULL && line.p[line.n - 1] != '\0')
		line.n--;
	return line;
}

void
message_clean(struct str file, const char *mark, bool comments, struct buf *out)
{
	struct str line;
	bool gap = false;

	while (str_line(&file, &line) && !is_scissors(line, str_of(mark))) {
		if (comments && str_starts(line, mark))
			continue;
		line = without_blanks(line);
		if (line.n == 0) {
			gap = out->n > 0;
			continue;
		}
		if (gap)
			buf_addc(out, '\n');
		gap = false;
		buf_addstr(out, line);
		buf_addc(out, '\n');
	}
}

bool
message_melts(struct str message)
{
	return str_starts(message, "fixup! ") || str_starts(message, "squash! ") || str_starts(message, "amend! ");
}

struct str
message_task(struct str branch)
{
	struct str rest, id;

	if (!str_starts(branch, HEADS))
		return (struct str){0};
	rest = str_skip(branch, strlen(HEADS));
	id = str_take(rest, ID_LEN);
	return id_valid(id) && rest.n > ID_LEN && rest.p[ID_LEN] == '-' ? id : (struct str){0};
}
