"""What runs in the child process: sslyze's vulnerability probes. Nothing else of tlsaudit imports sslyze or nassl.

The child gets a request (JSON) and a socket, and writes one JSON object a line for each question, as it is answered:

    {"question": "robot", "verdict": "not_vulnerable", "detail": "...", "count": 0}

sslyze's own connectivity test is not used: it opens further connections, can hang for ever, and finds out what the
facts already say. Each question connects to a port of its own on loopback, the relay's; nothing is resolved here.
sslyze sends Heartbleed and CCS probes without server name (its issue 202); here they carry the name that all other
questions carried, since a server may refuse to answer without.
"""

from __future__ import annotations

import contextlib
import json
import math
import signal
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from sslyze.connection_helpers.tls_connection import SslConnection
from sslyze.plugins.heartbleed_plugin import HeartbleedImplementation
from sslyze.plugins.openssl_ccs_injection_plugin import OpenSslCcsInjectionImplementation
from sslyze.plugins.plugin_base import ScanJob, ScanJobResult
from sslyze.plugins.robot._robot_tester import RobotScanResultEnum
from sslyze.plugins.robot.implementation import RobotImplementation
from sslyze.plugins.session_renegotiation_plugin import (
    SessionRenegotiationExtraArgument,
    SessionRenegotiationImplementation,
)
from sslyze.plugins.session_resumption.implementation import (
    SessionResumptionSupportExtraArgument,
    SessionResumptionSupportImplementation,
)
from sslyze.server_connectivity import (
    ClientAuthRequirementEnum,
    ServerConnectivityInfo,
    ServerTlsProbingResult,
    TlsVersionEnum,
)
from sslyze.server_setting import ServerNetworkConfiguration, ServerNetworkLocation

from tlsaudit.model.vulnerability import RENEGOTIATIONS_ASKED, Verdict

_VERSIONS = {
    "SSLv3": TlsVersionEnum.SSL_3_0,
    "TLSv1.0": TlsVersionEnum.TLS_1_0,
    "TLSv1.1": TlsVersionEnum.TLS_1_1,
    "TLSv1.2": TlsVersionEnum.TLS_1_2,
}
_LONGEST_DETAIL = 200
_GRACE_SECONDS = 2

Answer = dict[str, str | int]


class _Named(ServerConnectivityInfo):
    """A server that is always asked with its name, or always without."""

    def get_preconfigured_tls_connection(
        self,
        override_tls_version: TlsVersionEnum | None = None,
        ca_certificates_path: Path | None = None,
        should_use_legacy_openssl: bool | None = None,
        should_enable_server_name_indication: bool = True,  # noqa: ARG002 - sslyze's signature
    ) -> SslConnection:
        return super().get_preconfigured_tls_connection(
            override_tls_version=override_tls_version,
            ca_certificates_path=ca_certificates_path,
            should_use_legacy_openssl=should_use_legacy_openssl,
            should_enable_server_name_indication=bool(self.network_configuration.tls_server_name_indication),
        )


def answer(request: bytes, sock: socket.socket) -> None:
    """Answer every question of `request` on `sock`, all at once."""
    asked = json.loads(request)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the kernel's: it works while C code hangs, and without a parent
    signal.alarm(math.ceil(asked["seconds"]) + _GRACE_SECONDS)
    with sock, ThreadPoolExecutor(max_workers=len(asked["questions"])) as pool:
        running: dict[Future[Answer], str] = {
            pool.submit(_QUESTIONS[each["name"]], _server(asked, each)): each["name"] for each in asked["questions"]
        }
        for done in as_completed(running):
            line = json.dumps({"question": running[done], **_outcome(done)})
            with contextlib.suppress(OSError):  # nobody listens any more
                sock.sendall(line.encode() + b"\n")


def _server(asked: Mapping[str, Any], question: Mapping[str, Any]) -> ServerConnectivityInfo:
    return _Named(
        server_location=ServerNetworkLocation(hostname="localhost", ip_address="127.0.0.1", port=question["port"]),
        network_configuration=ServerNetworkConfiguration(
            tls_server_name_indication=asked["server_name"] or "",
            # Longer than the relay waits, so that it is the relay which says that a server fell silent.
            network_timeout=math.ceil(asked["timeout"]) + _GRACE_SECONDS,
            network_max_retries=1,
        ),
        tls_probing_result=ServerTlsProbingResult(
            highest_tls_version_supported=_VERSIONS[question["version"]],
            cipher_suite_supported=question["ciphers"],
            client_auth_requirement=ClientAuthRequirementEnum.DISABLED,
            supports_ecdh_key_exchange=True,
        ),
    )


def _outcome(done: Future[Answer]) -> Answer:
    """What a question gave; sslyze raises whatever OpenSSL and the network say, and all of it is no answer."""
    error = done.exception()
    if error is None:
        return done.result()
    detail = f"{type(error).__name__}: {getattr(error, 'error_message', error)}"
    return {"verdict": "", "detail": detail[:_LONGEST_DETAIL]}


def _run(job: ScanJob) -> Any:
    return job.function_to_call(*job.function_arguments)


def _verdict(vulnerable: bool, detail: str = "") -> Answer:
    return {"verdict": Verdict.VULNERABLE if vulnerable else Verdict.NOT_VULNERABLE, "detail": detail}


def _heartbleed(server: ServerConnectivityInfo) -> Answer:
    (job,) = HeartbleedImplementation.scan_jobs_for_scan_command(server)
    return _verdict(_run(job))


def _ccs_injection(server: ServerConnectivityInfo) -> Answer:
    (job,) = OpenSslCcsInjectionImplementation.scan_jobs_for_scan_command(server)
    return _verdict(_run(job))


def _robot(server: ServerConnectivityInfo) -> Answer:
    """One round where all five answers are the same; where they differ, two more, which have to agree with it."""
    first, *others = RobotImplementation.scan_jobs_for_scan_command(server)
    answers = _run(first)
    distinct = set(answers.values())
    if "" in distinct:
        return {"verdict": "", "detail": "the server did not take part in a handshake with static RSA"}
    if len(distinct) == 1:
        return _verdict(vulnerable=False, detail=f"the same answer to every padding: {distinct.pop()}")
    rounds = [answers, *(_run(job) for job in others)]
    found = RobotImplementation.result_for_completed_scan_jobs(server, [ScanJobResult(each, None) for each in rounds])
    if found.robot_result is RobotScanResultEnum.UNKNOWN_INCONSISTENT_RESULTS:
        return {"verdict": "", "detail": "the answers differ from one round to the next"}
    strength = "weak" if found.robot_result is RobotScanResultEnum.VULNERABLE_WEAK_ORACLE else "strong"
    return _verdict(vulnerable=True, detail=f"{strength} oracle: {'; '.join(sorted(distinct))}")


def _renegotiation(server: ServerConnectivityInfo) -> Answer:
    """How many renegotiations the server grants; sslyze's first job asks for what the ServerHello has shown."""
    extra = SessionRenegotiationExtraArgument(client_renegotiation_attempts=RENEGOTIATIONS_ASKED)
    job = SessionRenegotiationImplementation.scan_jobs_for_scan_command(server, extra)[1]
    _, (_, count) = _run(job)
    return {"verdict": Verdict.VULNERABLE if count else Verdict.NOT_VULNERABLE, "detail": "", "count": count}


def _resumption_by_ticket(server: ServerConnectivityInfo) -> Answer:
    """Whether one session is resumed by a ticket; sslyze's first job is about session ids."""
    _, job = SessionResumptionSupportImplementation.scan_jobs_for_scan_command(
        server, SessionResumptionSupportExtraArgument(number_of_resumptions_to_attempt=1)
    )
    _, resumed = _run(job)
    return _resumed(resumed)


def _resumption_by_id(server: ServerConnectivityInfo) -> Answer:
    """Whether one session is resumed by its id, which the server then repeats (RFC 5246 section 7.4.1.3).

    Not sslyze's job: it closes without close_notify, and OpenSSL forgets a session that ended so.
    """
    first = _session(server)
    session_id = _session_id(first)
    return _resumed(bool(session_id) and _session_id(_session(server, first)) == session_id)


def _session(server: ServerConnectivityInfo, resumed: Any = None) -> Any:
    """The session of one handshake without tickets, closed with close_notify."""
    version = server.tls_probing_result.highest_tls_version_supported
    connection = server.get_preconfigured_tls_connection(override_tls_version=version)
    client = connection.ssl_client
    client.disable_stateless_session_resumption()
    if resumed is not None:
        client.set_session(resumed)
    try:
        connection.connect()
        session = client.get_session()
        with contextlib.suppress(OSError):  # the server has closed already
            client._ssl.shutdown()  # noqa: SLF001 - the public call flushes first, so that the alert is never sent
            client._flush_ssl_engine()  # noqa: SLF001
    finally:
        sock = client.get_underlying_socket()
        if sock is not None:
            sock.close()
    return session


def _session_id(session: Any) -> str:
    """The id in OpenSSL's description of a session, which is all that nassl has of it."""
    return str(session.as_text()).partition("Session-ID:")[2].partition("Session-ID-ctx:")[0].strip()


def _resumed(resumed: bool) -> Answer:
    return {"verdict": "resumed" if resumed else "not_resumed", "detail": ""}


_QUESTIONS: Mapping[str, Callable[[ServerConnectivityInfo], Answer]] = {
    "heartbleed": _heartbleed,
    "ccs_injection": _ccs_injection,
    "robot": _robot,
    "renegotiation": _renegotiation,
    "resumption_by_id": _resumption_by_id,
    "resumption_by_ticket": _resumption_by_ticket,
}
