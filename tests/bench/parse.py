#!/usr/bin/env python3
"""What a script does with a report: parse.py FORMAT FILE, by the standard library."""
import json
import sys
import xml.etree.ElementTree as ET

form, path = sys.argv[1:]
n = 0
if form == 'sarif':
    with open(path) as f:
        n = sum(len(r['results']) for r in json.load(f)['runs'])
elif form == 'lcov':
    with open(path) as f:
        n = sum(line.startswith('DA:') for line in f)
else:
    tag = {'junit': 'testcase', 'cobertura': 'line'}[form]
    for _, e in ET.iterparse(path):
        n += e.tag == tag
        if e.tag in ('testcase', 'class'):
            e.clear()
print(n)
