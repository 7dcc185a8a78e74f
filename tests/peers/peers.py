"""Asks other scanners about a server, for a second opinion on what it accepts, prefers and shows.

Each function takes the port of a server on loopback and gives an `Opinion` in our own terms. They know fewer
suites and groups than we do: what one of them does not list, it may never have asked.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from tests.lab.process import HOST
from tests.lab.servers import requires
from tlsaudit.data.groups import GROUPS
from tlsaudit.data.suites import SUITES
from tlsaudit.model.facts import Preference
from tlsaudit.model.protocol import ProtocolVersion

_SECONDS = 300
_TLS_VERSIONS = {version.value: version for version in ProtocolVersion}
_CODES = {suite.name: suite.code for suite in SUITES.values()}
_OPENSSL_CODES = {suite.openssl_name: suite.code for suite in SUITES.values() if suite.openssl_name}
_GROUP_CODES = {group.name.lower(): group.code for group in GROUPS.values()} | {"prime256v1": 23, "prime192v1": 19}
_WITH_GROUPS = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)

Versions = tuple[ProtocolVersion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one peer says: the versions accepted, and for SSL 3.0 and later the codes of the cipher suites.

    `groups` are those seen at any of the versions of their key, TLS 1.2 or 1.3. `order` has the suites as the server
    prefers them, where the peer says that it does; `certificates` the SHA-256 of each leaf in hexadecimal. What is
    empty, the peer does not say.
    """

    peer: str
    versions: frozenset[ProtocolVersion]
    suites: Mapping[ProtocolVersion, frozenset[int]]
    groups: Mapping[Versions, frozenset[int]] = field(default_factory=dict)
    preference: Mapping[ProtocolVersion, Preference] = field(default_factory=dict)
    order: Mapping[ProtocolVersion, tuple[int, ...]] = field(default_factory=dict)
    certificates: frozenset[str] = frozenset()


def sslyze(port: int) -> Opinion:
    """sslyze, with its command line in a process of its own: it can hang, and then only the process dies.

    It asks for groups at the highest version alone, and only for those of elliptic curves.
    """
    commands = {
        ProtocolVersion.SSL_2: "ssl_2_0",
        ProtocolVersion.SSL_3: "ssl_3_0",
        ProtocolVersion.TLS_1_0: "tls_1_0",
        ProtocolVersion.TLS_1_1: "tls_1_1",
        ProtocolVersion.TLS_1_2: "tls_1_2",
        ProtocolVersion.TLS_1_3: "tls_1_3",
    }
    options = ["--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3"]
    # By a name: it would send an address as server_name, which RFC 6066 forbids and tlslite refuses.
    words = [*options, "--elliptic_curves", "--certinfo", "--json_out=-", f"localhost:{port}{{{HOST}}}"]
    scanned = json.loads(_run([sys.executable, "-m", "sslyze", *words]))["server_scan_results"][0]["scan_result"]
    if scanned is None:  # no handshake came about
        return Opinion(peer="sslyze", versions=frozenset(), suites={})
    results = {version: scanned[f"{command}_cipher_suites"]["result"] for version, command in commands.items()}
    versions = [version for version, result in results.items() if result["is_tls_version_supported"]]
    return Opinion(
        peer="sslyze",
        versions=frozenset(versions),
        suites={
            version: frozenset(_CODES[each["cipher_suite"]["name"]] for each in result["accepted_cipher_suites"])
            for version, result in results.items()
            if version != ProtocolVersion.SSL_2 and result["accepted_cipher_suites"]
        },
        groups=_sslyze_groups(scanned["elliptic_curves"]["result"], max(versions, key=lambda version: version.rank)),
        certificates=_sslyze_certificates(scanned["certificate_info"]["result"]),
    )


def _sslyze_groups(result: Any, version: ProtocolVersion) -> Mapping[Versions, frozenset[int]]:
    if not result or version not in _WITH_GROUPS:
        return {}
    return {(version,): frozenset(_GROUP_CODES[each["name"].lower()] for each in result["supported_curves"] or ())}


def _sslyze_certificates(result: Any) -> frozenset[str]:
    if not result:
        return frozenset()
    leaves = [each["received_certificate_chain"][0] for each in result["certificate_deployments"]]
    return frozenset(base64.b64decode(leaf["fingerprint_sha256"]).hex() for leaf in leaves)


def sslscan(port: int) -> Opinion:
    """sslscan."""
    requires("sslscan")
    document = ET.fromstring(_run(["sslscan", "--no-colour", "--sni-name=localhost", "--xml=-", f"{HOST}:{port}"]))
    names = {("ssl", "2"): ProtocolVersion.SSL_2, ("ssl", "3"): ProtocolVersion.SSL_3}
    names |= {("tls", name.removeprefix("TLSv")): version for name, version in _TLS_VERSIONS.items()}
    groups = _by_version(
        (_TLS_VERSIONS[each.attrib["sslversion"]], int(each.attrib["id"], 16)) for each in document.iter("group")
    )
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
        groups={(version,): codes for version, codes in groups.items() if version in _WITH_GROUPS},
    )


def nmap(port: int) -> Opinion:
    """nmap's script ssl-enum-ciphers, which asks SSL 3.0 to TLS 1.3."""
    requires("nmap")
    command = ["nmap", "-Pn", "-n", "-p", str(port), "--script", "+ssl-enum-ciphers", "-oX", "-", HOST]
    document = ET.fromstring(_run(command))
    tables = {
        _TLS_VERSIONS[table.attrib["key"]]: table
        for table in document.iterfind(".//script[@id='ssl-enum-ciphers']/table")
    }
    codes = {
        version: tuple(_nmap_code(each.text or "") for each in table.iterfind(".//elem[@key='name']"))
        for version, table in tables.items()
    }
    said = {version: table.findtext("elem[@key='cipher preference']") for version, table in tables.items()}
    preference = {version: Preference(word) for version, word in said.items() if word in set(Preference)}
    return Opinion(
        peer="nmap",
        versions=frozenset(tables),
        suites={version: frozenset(found) for version, found in codes.items()},
        preference=preference,
        order={version: codes[version] for version, word in preference.items() if word is Preference.SERVER},
    )


def _nmap_code(name: str) -> int:
    """nmap writes TLS_AKE_WITH_AES_128_GCM_SHA256 for TLS_AES_128_GCM_SHA256."""
    return _CODES[name.replace("TLS_AKE_WITH_", "TLS_")]


def testssl(port: int) -> Opinion:
    """testssl.sh: protocols (-p), cipher suites of each (-E), their order (-P), groups (-f), and nothing else.

    It gives the groups of all versions as one list.
    """
    requires("testssl")
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "report.json")
        words = ["--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--ip", HOST, "--jsonfile", file]
        _run(["testssl", *map(str, words), "-p", "-E", "-P", "-f", f"localhost:{port}"])
        said = {entry["id"]: entry["finding"] for entry in json.loads(file.read_text())}
    versions = {
        "SSLv2": ProtocolVersion.SSL_2,
        "SSLv3": ProtocolVersion.SSL_3,
        "TLS1": ProtocolVersion.TLS_1_0,
        "TLS1_1": ProtocolVersion.TLS_1_1,
        "TLS1_2": ProtocolVersion.TLS_1_2,
        "TLS1_3": ProtocolVersion.TLS_1_3,
    }
    suites = _by_version(
        (version, int(key.rpartition("_x")[2], 16))
        for name, version in versions.items()
        for key in said
        if key.startswith(f"cipher-{name.lower()}_x") and version is not ProtocolVersion.SSL_2
    )
    order = {
        version: tuple(_OPENSSL_CODES[each] for each in listed.split())
        for name, version in versions.items()
        if (listed := said.get(f"cipherorder_{name.replace('TLS', 'TLSv')}"))
    }
    accepted = frozenset(version for name, version in versions.items() if said[name].startswith("offered"))
    groups = frozenset(_GROUP_CODES[each.lower()] for each in said.get("PFS_ECDHE_curves", "").split())
    return Opinion(
        peer="testssl",
        versions=accepted,
        suites=suites,
        groups={_WITH_GROUPS: groups} if groups and accepted.intersection(_WITH_GROUPS) else {},
        preference={version: Preference.SERVER for version, listed in order.items() if len(listed) > 1},
        order=order,
    )


def _by_version(
    accepted: Iterable[tuple[ProtocolVersion, int]],
) -> Mapping[ProtocolVersion, frozenset[int]]:
    found: dict[ProtocolVersion, set[int]] = {}
    for version, code in accepted:
        found.setdefault(version, set()).add(code)
    return {version: frozenset(codes) for version, codes in found.items()}


def _run(command: Sequence[str]) -> str:
    """The standard output; exit codes tell of compliance, not of success. The whole group dies with the time."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            return process.communicate(timeout=_SECONDS)[0]
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
