#!/usr/bin/python3
"""How fast runs are delivered, and how long until they are part of the state.

Usage: delivered.py TRACE RUNS SECONDS

Reads GIT_FACTORY_TRACE's lines (src/base/trace.h) as they are written, and
notes when each run's delivery was answered and when the state that holds it
was. Ends when RUNS runs are part of the state, or after SECONDS. Prints, in
seconds from its own start: deliveries, the last one's time, folded runs, the
median and the 99th percentile from delivery to fold, the longest, and the
time of the last fold.
"""
import json
import sys
import time

PATH, RUNS, SECONDS = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
delivered, folded = {}, {}
began = time.monotonic()


def note(line, at):
    event = json.loads(line)
    seen = {"deliver": delivered, "fold": folded}.get(event["event"])
    if seen is not None and "run" in event:
        seen.setdefault(event["run"], at)


with open(PATH) as trace:
    part = ""
    while len(folded) < RUNS and time.monotonic() - began < SECONDS:
        text = trace.read()
        at = time.monotonic() - began
        lines = (part + text).split("\n")
        part = lines.pop()
        for each in lines:
            note(each, at)
        if not text:
            time.sleep(0.01)

# Who folds may be told so before who delivered is.
took = sorted(max(0.0, folded[run] - at) for run, at in delivered.items() if run in folded)


def percentile(p):
    return took[min(len(took) - 1, int(len(took) * p))] if took else float("nan")


print(len(delivered), "%.2f" % max(delivered.values(), default=0), len(took), "%.1f" % percentile(0.5),
      "%.1f" % percentile(0.99), "%.1f" % percentile(1), "%.1f" % max(folded.values(), default=0))
