"""Asks other scanners about a server, for a second opinion: which versions and cipher suites it accepts.

Each function takes the port of a server on loopback and gives an `Opinion` in our own terms. They know fewer
suites than we do: what one of them does not list, it may never have asked.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from tests.lab.process import HOST
from tests.lab.servers import requires
from tlsaudit.data.suites import SUITES
from tlsaudit.model.protocol import ProtocolVersion

_SECONDS = 300
_TLS_VERSIONS = {version.value: version for version in ProtocolVersion}
_CODES = {suite.name: suite.code for suite in SUITES.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one peer says: the versions accepted, and for SSL 3.0 and later the codes of the cipher suites."""

    peer: str
    versions: frozenset[ProtocolVersion]
    suites: Mapping[ProtocolVersion, frozenset[int]]


def sslyze(port: int) -> Opinion:
    """sslyze, with its command line in a process of its own: it can hang, and then only the process dies."""
    commands = {
        ProtocolVersion.SSL_2: "ssl_2_0",
        ProtocolVersion.SSL_3: "ssl_3_0",
        ProtocolVersion.TLS_1_0: "tls_1_0",
        ProtocolVersion.TLS_1_1: "tls_1_1",
        ProtocolVersion.TLS_1_2: "tls_1_2",
        ProtocolVersion.TLS_1_3: "tls_1_3",
    }
    options = ["--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", "--json_out=-"]
    # By a name: it would send an address as server_name, which RFC 6066 forbids and tlslite refuses.
    target = f"localhost:{port}{{{HOST}}}"
    document = json.loads(_run([sys.executable, "-m", "sslyze", *options, target]))
    scanned = document["server_scan_results"][0]["scan_result"]
    results = {version: scanned[f"{command}_cipher_suites"]["result"] for version, command in commands.items()}
    return Opinion(
        peer="sslyze",
        versions=frozenset(version for version, result in results.items() if result["is_tls_version_supported"]),
        suites={
            version: frozenset(_CODES[each["cipher_suite"]["name"]] for each in result["accepted_cipher_suites"])
            for version, result in results.items()
            if version != ProtocolVersion.SSL_2 and result["accepted_cipher_suites"]
        },
    )


def sslscan(port: int) -> Opinion:
    """sslscan."""
    requires("sslscan")
    document = ET.fromstring(_run(["sslscan", "--no-colour", "--xml=-", f"{HOST}:{port}"]))
    names = {("ssl", "2"): ProtocolVersion.SSL_2, ("ssl", "3"): ProtocolVersion.SSL_3}
    names |= {("tls", name.removeprefix("TLSv")): version for name, version in _TLS_VERSIONS.items()}
    return Opinion(
        peer="sslscan",
        versions=frozenset(
            names[each.attrib["type"], each.attrib["version"]]
            for each in document.iter("protocol")
            if each.attrib["enabled"] == "1"
        ),
        suites=_by_version(
            (_TLS_VERSIONS[each.attrib["sslversion"]], int(each.attrib["id"], 16)) for each in document.iter("cipher")
        ),
    )


def nmap(port: int) -> Opinion:
    """nmap's script ssl-enum-ciphers, which asks SSL 3.0 to TLS 1.3."""
    requires("nmap")
    command = ["nmap", "-Pn", "-n", "-p", str(port), "--script", "+ssl-enum-ciphers", "-oX", "-", HOST]
    document = ET.fromstring(_run(command))
    tables = {
        _TLS_VERSIONS[table.attrib["key"]]: [each.text or "" for each in table.iterfind(".//elem[@key='name']")]
        for table in document.iterfind(".//script[@id='ssl-enum-ciphers']/table")
    }
    return Opinion(
        peer="nmap",
        versions=frozenset(tables),
        suites=_by_version((version, _nmap_code(name)) for version, names in tables.items() for name in names),
    )


def _nmap_code(name: str) -> int:
    """nmap writes TLS_AKE_WITH_AES_128_GCM_SHA256 for TLS_AES_128_GCM_SHA256."""
    return _CODES[name.replace("TLS_AKE_WITH_", "TLS_")]


def _by_version(
    accepted: Iterable[tuple[ProtocolVersion, int]],
) -> Mapping[ProtocolVersion, frozenset[int]]:
    found: dict[ProtocolVersion, set[int]] = {}
    for version, code in accepted:
        found.setdefault(version, set()).add(code)
    return {version: frozenset(codes) for version, codes in found.items()}


def _run(command: Sequence[str]) -> str:
    """The standard output; exit codes tell of compliance, not of success."""
    return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False).stdout
