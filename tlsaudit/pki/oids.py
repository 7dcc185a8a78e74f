"""Object identifiers by the names of their RFCs. What is not listed keeps its dotted form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

COMMON_NAME = "2.5.4.3"
EMAIL_ADDRESS = "1.2.840.113549.1.9.1"

ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {
        # RFC 4514 section 3
        "2.5.4.3": "CN",
        "2.5.4.6": "C",
        "2.5.4.7": "L",
        "2.5.4.8": "ST",
        "2.5.4.9": "STREET",
        "2.5.4.10": "O",
        "2.5.4.11": "OU",
        "0.9.2342.19200300.100.1.25": "DC",
        "0.9.2342.19200300.100.1.1": "UID",
        # Registered LDAP descriptors (RFC 4519, RFC 2985), which RFC 4514 allows beside its own table
        "2.5.4.4": "SN",
        "2.5.4.5": "serialNumber",
        "2.5.4.12": "title",
        "2.5.4.15": "businessCategory",
        "2.5.4.17": "postalCode",
        "2.5.4.42": "givenName",
        "2.5.4.46": "dnQualifier",
        "2.5.4.97": "organizationIdentifier",
        "1.2.840.113549.1.9.1": "emailAddress",
        "1.2.840.113549.1.9.2": "unstructuredName",
        "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionLocality",
        "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionStateOrProvince",
        "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionCountry",
    }
)

CURVES: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        # name as in the IANA registry of TLS supported groups, field size in bits
        "1.2.840.10045.3.1.1": ("secp192r1", 192),
        "1.2.840.10045.3.1.7": ("secp256r1", 256),
        "1.3.132.0.1": ("sect163k1", 163),
        "1.3.132.0.2": ("sect163r1", 163),
        "1.3.132.0.3": ("sect239k1", 239),
        "1.3.132.0.8": ("secp160r1", 160),
        "1.3.132.0.9": ("secp160k1", 160),
        "1.3.132.0.10": ("secp256k1", 256),
        "1.3.132.0.15": ("sect163r2", 163),
        "1.3.132.0.16": ("sect283k1", 283),
        "1.3.132.0.17": ("sect283r1", 283),
        "1.3.132.0.24": ("sect193r1", 193),
        "1.3.132.0.25": ("sect193r2", 193),
        "1.3.132.0.26": ("sect233k1", 233),
        "1.3.132.0.27": ("sect233r1", 233),
        "1.3.132.0.30": ("secp160r2", 160),
        "1.3.132.0.31": ("secp192k1", 192),
        "1.3.132.0.32": ("secp224k1", 224),
        "1.3.132.0.33": ("secp224r1", 224),
        "1.3.132.0.34": ("secp384r1", 384),
        "1.3.132.0.35": ("secp521r1", 521),
        "1.3.132.0.36": ("sect409k1", 409),
        "1.3.132.0.37": ("sect409r1", 409),
        "1.3.132.0.38": ("sect571k1", 571),
        "1.3.132.0.39": ("sect571r1", 571),
        "1.3.36.3.3.2.8.1.1.7": ("brainpoolP256r1", 256),
        "1.3.36.3.3.2.8.1.1.11": ("brainpoolP384r1", 384),
        "1.3.36.3.3.2.8.1.1.13": ("brainpoolP512r1", 512),
        "1.2.156.10197.1.301": ("curveSM2", 256),
    }
)

HASHES: Mapping[str, str] = MappingProxyType(
    {
        "1.2.840.113549.2.2": "md2",
        "1.2.840.113549.2.4": "md4",
        "1.2.840.113549.2.5": "md5",
        "1.3.14.3.2.26": "sha1",
        "2.16.840.1.101.3.4.2.4": "sha224",
        "2.16.840.1.101.3.4.2.1": "sha256",
        "2.16.840.1.101.3.4.2.2": "sha384",
        "2.16.840.1.101.3.4.2.3": "sha512",
        "2.16.840.1.101.3.4.2.7": "sha3_224",
        "2.16.840.1.101.3.4.2.8": "sha3_256",
        "2.16.840.1.101.3.4.2.9": "sha3_384",
        "2.16.840.1.101.3.4.2.10": "sha3_512",
    }
)


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """`key` is the type of the key that makes the signature: rsa, pss, ec, dsa, ed25519, ed448, or None."""

    name: str
    key: str | None
    hash: str | None


SIGNATURES: Mapping[str, SignatureAlgorithm] = MappingProxyType(
    {
        # RFC 3279, 4055
        "1.2.840.113549.1.1.2": SignatureAlgorithm("md2WithRSAEncryption", "rsa", "md2"),
        "1.2.840.113549.1.1.3": SignatureAlgorithm("md4WithRSAEncryption", "rsa", "md4"),
        "1.2.840.113549.1.1.4": SignatureAlgorithm("md5WithRSAEncryption", "rsa", "md5"),
        "1.2.840.113549.1.1.5": SignatureAlgorithm("sha1WithRSAEncryption", "rsa", "sha1"),
        "1.2.840.113549.1.1.10": SignatureAlgorithm("rsassaPss", "pss", None),
        "1.2.840.113549.1.1.11": SignatureAlgorithm("sha256WithRSAEncryption", "rsa", "sha256"),
        "1.2.840.113549.1.1.12": SignatureAlgorithm("sha384WithRSAEncryption", "rsa", "sha384"),
        "1.2.840.113549.1.1.13": SignatureAlgorithm("sha512WithRSAEncryption", "rsa", "sha512"),
        "1.2.840.113549.1.1.14": SignatureAlgorithm("sha224WithRSAEncryption", "rsa", "sha224"),
        # OIW: the numbers of older software
        "1.3.14.3.2.3": SignatureAlgorithm("md5WithRSAEncryption", "rsa", "md5"),
        "1.3.14.3.2.27": SignatureAlgorithm("dsa-with-sha1", "dsa", "sha1"),
        "1.3.14.3.2.29": SignatureAlgorithm("sha1WithRSAEncryption", "rsa", "sha1"),
        # RFC 3279, 5758
        "1.2.840.10040.4.3": SignatureAlgorithm("dsa-with-sha1", "dsa", "sha1"),
        "2.16.840.1.101.3.4.3.1": SignatureAlgorithm("dsa-with-sha224", "dsa", "sha224"),
        "2.16.840.1.101.3.4.3.2": SignatureAlgorithm("dsa-with-sha256", "dsa", "sha256"),
        "2.16.840.1.101.3.4.3.3": SignatureAlgorithm("dsa-with-sha384", "dsa", "sha384"),
        "2.16.840.1.101.3.4.3.4": SignatureAlgorithm("dsa-with-sha512", "dsa", "sha512"),
        "1.2.840.10045.4.1": SignatureAlgorithm("ecdsa-with-SHA1", "ec", "sha1"),
        "1.2.840.10045.4.3.1": SignatureAlgorithm("ecdsa-with-SHA224", "ec", "sha224"),
        "1.2.840.10045.4.3.2": SignatureAlgorithm("ecdsa-with-SHA256", "ec", "sha256"),
        "1.2.840.10045.4.3.3": SignatureAlgorithm("ecdsa-with-SHA384", "ec", "sha384"),
        "1.2.840.10045.4.3.4": SignatureAlgorithm("ecdsa-with-SHA512", "ec", "sha512"),
        # NIST, the SHA-3 family
        "2.16.840.1.101.3.4.3.9": SignatureAlgorithm("ecdsa-with-SHA3-224", "ec", "sha3_224"),
        "2.16.840.1.101.3.4.3.10": SignatureAlgorithm("ecdsa-with-SHA3-256", "ec", "sha3_256"),
        "2.16.840.1.101.3.4.3.11": SignatureAlgorithm("ecdsa-with-SHA3-384", "ec", "sha3_384"),
        "2.16.840.1.101.3.4.3.12": SignatureAlgorithm("ecdsa-with-SHA3-512", "ec", "sha3_512"),
        "2.16.840.1.101.3.4.3.13": SignatureAlgorithm("rsassa-pkcs1-v1_5-with-sha3-224", "rsa", "sha3_224"),
        "2.16.840.1.101.3.4.3.14": SignatureAlgorithm("rsassa-pkcs1-v1_5-with-sha3-256", "rsa", "sha3_256"),
        "2.16.840.1.101.3.4.3.15": SignatureAlgorithm("rsassa-pkcs1-v1_5-with-sha3-384", "rsa", "sha3_384"),
        "2.16.840.1.101.3.4.3.16": SignatureAlgorithm("rsassa-pkcs1-v1_5-with-sha3-512", "rsa", "sha3_512"),
        # RFC 8410
        "1.3.101.112": SignatureAlgorithm("Ed25519", "ed25519", None),
        "1.3.101.113": SignatureAlgorithm("Ed448", "ed448", None),
        # Named, but not verified here
        "2.16.840.1.101.3.4.3.17": SignatureAlgorithm("ML-DSA-44", None, None),
        "2.16.840.1.101.3.4.3.18": SignatureAlgorithm("ML-DSA-65", None, None),
        "2.16.840.1.101.3.4.3.19": SignatureAlgorithm("ML-DSA-87", None, None),
        "1.2.156.10197.1.501": SignatureAlgorithm("SM2-with-SM3", None, "sm3"),
    }
)

PURPOSES: Mapping[str, str] = MappingProxyType(
    {
        # RFC 5280 section 4.2.1.12
        "2.5.29.37.0": "anyExtendedKeyUsage",
        "1.3.6.1.5.5.7.3.1": "serverAuth",
        "1.3.6.1.5.5.7.3.2": "clientAuth",
        "1.3.6.1.5.5.7.3.3": "codeSigning",
        "1.3.6.1.5.5.7.3.4": "emailProtection",
        "1.3.6.1.5.5.7.3.8": "timeStamping",
        "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    }
)

KEY_USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
"""The bits of RFC 5280 section 4.2.1.3, bit 0 first."""

SUBJECT_KEY_ID = "2.5.29.14"
KEY_USAGE = "2.5.29.15"
SUBJECT_ALT_NAME = "2.5.29.17"
BASIC_CONSTRAINTS = "2.5.29.19"
NAME_CONSTRAINTS = "2.5.29.30"
CRL_DISTRIBUTION_POINTS = "2.5.29.31"
CERTIFICATE_POLICIES = "2.5.29.32"
AUTHORITY_KEY_ID = "2.5.29.35"
EXTENDED_KEY_USAGE = "2.5.29.37"
AUTHORITY_INFO_ACCESS = "1.3.6.1.5.5.7.1.1"
TLS_FEATURE = "1.3.6.1.5.5.7.1.24"
SCT_LIST = "1.3.6.1.4.1.11129.2.4.2"
CT_POISON = "1.3.6.1.4.1.11129.2.4.3"
OCSP_NO_CHECK = "1.3.6.1.5.5.7.48.1.5"

UNDERSTOOD = frozenset(
    {
        SUBJECT_KEY_ID,
        KEY_USAGE,
        SUBJECT_ALT_NAME,
        BASIC_CONSTRAINTS,
        NAME_CONSTRAINTS,
        CRL_DISTRIBUTION_POINTS,
        CERTIFICATE_POLICIES,
        AUTHORITY_KEY_ID,
        EXTENDED_KEY_USAGE,
        AUTHORITY_INFO_ACCESS,
        TLS_FEATURE,
        SCT_LIST,
        OCSP_NO_CHECK,
        "2.5.29.18",  # issuerAltName
        "2.5.29.33",  # policyMappings, which matter only to who asks for a policy
        "2.5.29.36",  # policyConstraints
        "2.5.29.46",  # freshestCRL
        "2.5.29.54",  # inhibitAnyPolicy
    }
)
"""Extensions that may be critical. CT poison is not among them: being unknown is its purpose (RFC 6962 section 3.1)."""

REVOCATION_REASONS: Mapping[int, str] = MappingProxyType(
    {
        0: "unspecified",
        1: "keyCompromise",
        2: "cACompromise",
        3: "affiliationChanged",
        4: "superseded",
        5: "cessationOfOperation",
        6: "certificateHold",
        8: "removeFromCRL",
        9: "privilegeWithdrawn",
        10: "aACompromise",
    }
)
"""CRLReason (RFC 5280 section 5.3.1)."""
