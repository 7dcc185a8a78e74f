"""What present clients offer at TLS 1.2, in their order (2026-11): browsers, and the library behind most programs.

The browsers' lists are those of their ClientHellos as they are published by many who have recorded them (JA3 strings),
OpenSSL's is what `openssl ciphers -s -tls1_2` of 3.0 prints. At TLS 1.3 there is nothing to choose badly.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

REFERENCE_CLIENTS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "Chrome 133": (
            *(0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x009C, 0x009D, 0x002F, 0x0035),
        ),
        "Firefox 120": (
            *(0xC02B, 0xC02F, 0xCCA9, 0xCCA8, 0xC02C, 0xC030, 0xC00A, 0xC009, 0xC013, 0xC014),
            *(0x009C, 0x009D, 0x002F, 0x0035),
        ),
        "Safari 18": (
            *(0xC02C, 0xC02B, 0xCCA9, 0xC030, 0xC02F, 0xCCA8, 0xC00A, 0xC009, 0xC014, 0xC013),
            *(0x009D, 0x009C, 0x0035, 0x002F, 0xC008, 0xC012, 0x000A),
        ),
        "OpenSSL 3.0": (
            *(0xC02C, 0xC030, 0x009F, 0xCCA9, 0xCCA8, 0xCCAA, 0xC02B, 0xC02F, 0x009E, 0xC024, 0xC028, 0x006B),
            *(0xC023, 0xC027, 0x0067, 0xC00A, 0xC014, 0x0039, 0xC009, 0xC013, 0x0033, 0x009D, 0x009C),
            *(0x003D, 0x003C, 0x0035, 0x002F),
        ),
    }
)
"""Cipher suites by client."""
