"""Conditions of `.if`: true, false, or not known here (HAProxy's src/cfgcond.c).

Versions are known where they are assumed; the environment only as far as the text sets it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tlsaudit.config.assume import Assumptions, Version
from tlsaudit.config.haproxy.words import is_unresolved

_TOKEN = re.compile(r"\s*(?:(?P<sign>\|\||&&|!|\(|\))|(?P<call>[a-z_]+)\((?P<args>[^()]*)\)|(?P<word>[^\s()|&!]+))")
_DEEPEST = 16
_MOST_TOKENS = 200
_ALWAYS_BUILT = frozenset({"OPENSSL", "SSL"})


def holds(words: list[str], environment: Mapping[str, str], assume: Assumptions) -> bool | None:
    """Whether the condition holds; None: nobody can tell from the text."""
    text = " ".join(words)
    tokens: list[re.Match[str]] = []
    place = 0
    while place < len(text.rstrip()):
        found = _TOKEN.match(text, place)
        if found is None or len(tokens) >= _MOST_TOKENS:
            return None
        tokens.append(found)
        place = found.end()
    if not tokens:
        return False
    parser = _Parser(tokens, environment, assume)
    try:
        verdict = parser.either(0)
    except _OddError:
        return None
    return verdict if parser.is_done() else None


class _OddError(ValueError):
    """A condition that is not understood."""


class _Parser:
    """Recursive descent over `||`, `&&`, `!` and parentheses, with a bound on the depth."""

    def __init__(self, tokens: list[re.Match[str]], environment: Mapping[str, str], assume: Assumptions) -> None:
        self._tokens = tokens
        self._place = 0
        self._environment = environment
        self._assume = assume

    def is_done(self) -> bool:
        """Whether all tokens are used."""
        return self._place == len(self._tokens)

    def either(self, depth: int) -> bool | None:
        """Terms with `||` between them."""
        verdicts = [self._all(depth)]
        while self._take("||"):
            verdicts.append(self._all(depth))
        return True if True in verdicts else None if None in verdicts else False

    def _all(self, depth: int) -> bool | None:
        verdicts = [self._term(depth)]
        while self._take("&&"):
            verdicts.append(self._term(depth))
        return False if False in verdicts else None if None in verdicts else True

    def _term(self, depth: int) -> bool | None:
        if depth > _DEEPEST:
            raise _OddError
        if self._take("!"):
            inner = self._term(depth + 1)
            return None if inner is None else not inner
        if self._take("("):
            inner = self.either(depth + 1)
            if not self._take(")"):
                raise _OddError
            return inner
        if self._place >= len(self._tokens):
            raise _OddError
        token = self._tokens[self._place]
        self._place += 1
        if token["call"]:
            return self._predicate(token["call"], [each.strip() for each in token["args"].split(",")])
        if token["word"] is None or not token["word"].isdigit():
            return None
        return int(token["word"]) != 0

    def _take(self, sign: str) -> bool:
        if self._place < len(self._tokens) and self._tokens[self._place]["sign"] == sign:
            self._place += 1
            return True
        return False

    def _predicate(self, name: str, args: list[str]) -> bool | None:
        if any(is_unresolved(each) for each in args):
            return None
        if name == "defined":
            return True if args[0] in self._environment else None
        if name == "feature":
            return True if args[0] in _ALWAYS_BUILT else None
        if name in {"streq", "strneq", "strstr"} and len(args) == 2:
            found = args[1] in args[0] if name == "strstr" else args[0] == args[1]
            return not found if name == "strneq" else found
        product, _, direction = name.removeprefix("openssl_").rpartition("_")
        if product == "version" and direction in {"atleast", "before"}:
            assumed = self._assume.openssl if name.startswith("openssl_") else self._assume.haproxy
            return _compared(assumed, args[0], direction)
        return None


def _compared(assumed: Version | None, text: str, direction: str) -> bool | None:
    numbers = tuple(int(each) for each in re.findall(r"[0-9]+", text.partition("-")[0])[:4])
    if assumed is None or not numbers:
        return None
    length = max(len(assumed), len(numbers))
    ours, theirs = ((*each, *(0,) * (length - len(each))) for each in (assumed, numbers))
    return ours >= theirs if direction == "atleast" else ours < theirs
