"""Hypothesis strategies for what stands in messages."""

from __future__ import annotations

from hypothesis import strategies as st

from tlsaudit.wire import Extension, ExtensionType

u8 = st.integers(0, 2**8 - 1)
u16 = st.integers(0, 2**16 - 1)
u16s = st.lists(u16, min_size=1, max_size=40)
names = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60)
certificates = st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=4).map(tuple)

_parsed = frozenset(ExtensionType)
unparsed_types = u16.filter(lambda code: code not in _parsed)
"""Extension types whose data the decoders do not look at."""

extension_maps = st.dictionaries(unparsed_types, st.binary(max_size=30), max_size=8)
extensions = extension_maps.map(lambda found: tuple(Extension(code, data) for code, data in found.items()))
