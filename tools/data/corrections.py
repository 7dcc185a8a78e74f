"""Cells of the sources that are known to be wrong, each with the reason. One that is not needed fails the build.

(source, code, field): (what the source says, what is right, why)
"""

from __future__ import annotations

Correction = tuple[str | int, str | int, str]

_CHACHA = "ChaCha20 has a 256-bit key (RFC 8439 section 2.3)"
_SALSA = "Salsa20 with HMAC-SHA-1: the draft defines no AEAD"
_NAME = "IANA and RFC 6655 write PSK_DHE"

CORRECTIONS: dict[tuple[str, int, str], Correction] = {
    **{("rusticata", code, "bits"): (128, 256, _CHACHA) for code in (0x1303, *range(0xCCA8, 0xCCAF))},
    **{
        ("rusticata", code, "mac"): (mac, "AEAD", "AEGIS is an AEAD")
        for code, mac in ((0x1306, "SHA512"), (0x1307, "SHA256"))
    },
    **{("cryptodatahub", code, "mac"): ("AEAD", "SHA1", _SALSA) for code in range(0xE410, 0xE420)},
    **{("cryptodatahub", code, "kx"): ("RSA_PSK", "PSK", "the name says plain PSK") for code in (0xE416, 0xE417)},
    **{("cryptodatahub", code, "auth"): ("RSA", "PSK", "the name says plain PSK") for code in (0xE416, 0xE417)},
    **{
        ("cryptodatahub", code, "kx"): ("ECDH", "SM2", "GB/T 38636: ECC is encryption to the server's SM2 key")
        for code in (0xE013, 0xE053)
    },
    **{
        ("cryptodatahub", code, "mode"): ("EAX", "CTR", "RFC 9189 section 4.1: CTR with OMAC")
        for code in (0xC100, 0xC101)
    },
    **{("cryptodatahub", code, "mac"): ("SHA256", "AEAD", "RFC 8442: CCM is an AEAD") for code in (0xD003, 0xD005)},
    **{
        ("rusticata", code, "kx"): ("PSK", "DHE_PSK", "PSK_DHE read as PSK with DHE authentication")
        for code in (0xC0AA, 0xC0AB)
    },
    **{
        ("rusticata", code, "auth"): ("DHE", "PSK", "PSK_DHE read as PSK with DHE authentication")
        for code in (0xC0AA, 0xC0AB)
    },
    ("cryptodatahub", 0xC070, "mac"): ("AEAD", "SHA256", "RFC 6209 section 2.3: CBC with HMAC"),
    ("cryptodatahub", 0xC071, "mac"): ("AEAD", "SHA384", "RFC 6209 section 2.3: CBC with HMAC"),
    ("cryptodatahub", 0x0066, "mode"): ("CBC", "", "RC4 is a stream cipher"),
    ("cryptodatahub", 0xC0AA, "name"): ("TLS_DHE_PSK_WITH_AES_128_CCM_8", "TLS_PSK_DHE_WITH_AES_128_CCM_8", _NAME),
    ("cryptodatahub", 0xC0AB, "name"): ("TLS_DHE_PSK_WITH_AES_256_CCM_8", "TLS_PSK_DHE_WITH_AES_256_CCM_8", _NAME),
}
