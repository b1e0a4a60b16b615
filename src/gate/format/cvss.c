#include <math.h>
#include <string.h>

#include "gate/format/cvss.h"

enum metric { AV, AC, PR, UI, S, C, I, A, METRICS };

static const char *const names[METRICS] = {"AV", "AC", "PR", "UI", "S", "C", "I", "A"};

static const struct {
	enum metric metric;
	char value;
	double weight;
} weights[] = {
	{AV, 'N', 0.85}, {AV, 'A', 0.62}, {AV, 'L', 0.55}, {AV, 'P', 0.2},
	{AC, 'L', 0.77}, {AC, 'H', 0.44},
	{PR, 'N', 0.85}, {PR, 'L', 0.62}, {PR, 'H', 0.27},
	{UI, 'N', 0.85}, {UI, 'R', 0.62},
	{S, 'U', 0}, {S, 'C', 1},
	{C, 'H', 0.56}, {C, 'L', 0.22}, {C, 'N', 0},
	{I, 'H', 0.56}, {I, 'L', 0.22}, {I, 'N', 0},
	{A, 'H', 0.56}, {A, 'L', 0.22}, {A, 'N', 0},
};

enum severity
cvss_severity(double score)
{
	return score >= 9 ? SEVERITY_CRITICAL : score >= 7 ? SEVERITY_ERROR :
	    score >= 4 ? SEVERITY_WARNING : SEVERITY_NOTE;
}

/* One metric, "AV:N"; others than the base metrics are passed over. */
static void
take(struct str piece, double weight[METRICS])
{
	size_t i;

	for (i = 0; i < NITEMS(weights); i++) {
		const char *name = names[weights[i].metric];
		size_t n = strlen(name);

		if (piece.n == n + 2 && str_starts(piece, name) && piece.p[n] == ':' &&
		    piece.p[n + 1] == weights[i].value)
			weight[weights[i].metric] = weights[i].weight;
	}
}

/* To the next tenth, in a way that a double's own error does not change. */
static double
round_up(double score)
{
	long whole = lround(score * 100000);

	return whole % 10000 == 0 ? (double)whole / 100000 : (double)(whole / 10000 + 1) / 10;
}

double
cvss_score(struct str vector)
{
	double weight[METRICS] = {-1, -1, -1, -1, -1, -1, -1, -1}, missing, impact, exploitability;
	struct str piece;
	size_t i;
	bool changed;

	if (!str_starts(vector, "CVSS:3.0/") && !str_starts(vector, "CVSS:3.1/"))
		return -1;
	while (str_next(&vector, '/', &piece))
		take(piece, weight);
	for (i = 0; i < METRICS; i++)
		if (weight[i] < 0)
			return -1;
	changed = weight[S] > 0;
	if (changed && weight[PR] < 0.85)
		weight[PR] = weight[PR] < 0.5 ? 0.5 : 0.68;
	missing = 1 - (1 - weight[C]) * (1 - weight[I]) * (1 - weight[A]);
	impact = changed ? 7.52 * (missing - 0.029) - 3.25 * pow(missing - 0.02, 15) : 6.42 * missing;
	exploitability = 8.22 * weight[AV] * weight[AC] * weight[PR] * weight[UI];
	if (impact <= 0)
		return 0;
	return round_up(fmin((changed ? 1.08 : 1) * (impact + exploitability), 10));
}
