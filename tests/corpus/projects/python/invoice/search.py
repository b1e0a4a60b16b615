"""A small index over the texts of invoices, for 'invoice find'."""

from __future__ import annotations

import re
from collections import defaultdict

_WORD = re.compile(r"\w+")


class Index:
    def __init__(self) -> None:
        self.postings: dict[str, set[int]] = defaultdict(set)

    def add(self, number: int, text: str) -> None:
        for word in _WORD.findall(text.lower()):
            self.postings[word].add(number)

    def find(self, query: str) -> list[int]:
        """The numbers that have all words of the query, smallest first."""
        words = _WORD.findall(query.lower())
        if not words:
            return []
        found = set(self.postings.get(words[0], ()))
        for word in words[1:]:
            found &= self.postings.get(word, set())
        return sorted(found)
