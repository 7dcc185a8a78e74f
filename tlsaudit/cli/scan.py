"""`tlsaudit scan`: audit live endpoints."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlsaudit.cli import credentials, gate, options, outputs, progress, streams
from tlsaudit.cli import targets as what
from tlsaudit.model.errors import InputError
from tlsaudit.model.facts import ClientAuthMode

if TYPE_CHECKING:
    from tlsaudit.app import ScanOptions
    from tlsaudit.model.document import Mode, Subject
    from tlsaudit.model.target import Target
    from tlsaudit.proxies import Proxy

_SECONDS_MAX = 600.0
_CONNECTIONS_MAX = 65536
_PROXY_VARIABLE = "TLSAUDIT_PROXY"


def scan(
    targets: Annotated[list[str], typer.Argument(metavar="TARGET", hidden=True)],
    policy: options.PolicyId = "owasp",
    mode: Annotated[
        str | None,
        typer.Option(
            metavar="MODE",
            help="gate: only what the policy forbids, with few connections; inventory: what is spoken and served; "
            "full: also how odd questions are taken, and whether Heartbleed, CCS injection, ROBOT and renegotiation "
            "work, which looks like an attack. Without it, full for targets named here, inventory for lists and "
            "networks.",
        ),
    ] = None,
    formats: options.Formats = None,
    output: options.Outputs = None,
    fail_on: options.FailOn = "high",
    waivers: gate.WaiversFile = None,
    baseline: gate.BaselineFile = None,
    write_baseline: gate.WriteBaseline = None,
    ca_file: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="CA certificates (PEM or DER) that decide on trust instead of Mozilla's; repeatable."
        ),
    ] = None,
    sni: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Server name to send and to match, instead of the target's host; empty: send none."
        ),
    ] = None,
    http_port: Annotated[
        str | None,
        typer.Option(
            metavar="PORT",
            help="Where the same hosts speak plain HTTP, to see whether it leads to TLS; none: nowhere. Without it, 80 "
            "beside 443.",
        ),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="How long one connection may take; an endpoint takes a few of them."),
    ] = 5.0,
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="Judge as of this date or time instead of now.")
    ] = None,
    expect_client_auth: Annotated[
        str | None,
        typer.Option(metavar="MODE", help="What client authentication should be: none, optional or required."),
    ] = None,
    client_cert: credentials.ClientCert = None,
    client_key: credentials.ClientKey = None,
    trials: credentials.Trials = False,
    client_ca: credentials.ClientCaFile = None,
    client_ca_key: credentials.ClientCaKey = None,
    trial: credentials.TrialFiles = None,
    fetch: options.Fetch = False,
    fetch_anywhere: options.FetchAnywhere = False,
    crl: options.CrlFiles = None,
    ct_log_list: options.CtLogsFile = None,
    blocklist: options.Blocklist = None,
    scope: options.ScopeFile = None,
    all_addresses: Annotated[
        bool,
        typer.Option("--all-addresses", help="Audit every address of a name, and say what differs between them."),
    ] = False,
    yes_large: Annotated[
        bool, typer.Option("--yes-large", help="Yes, audit networks of more than 1,024 addresses.")
    ] = False,
    max_rate: Annotated[
        float | None, typer.Option(metavar="N", help="Open at most N connections a second, over the whole run.")
    ] = None,
    per_address: Annotated[
        int, typer.Option(metavar="N", help="At most N connections at once to one address and port.")
    ] = 10,
    connections: Annotated[int, typer.Option(metavar="N", help="At most N connections at once in all.")] = 256,
    proxy: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help=f"http://HOST:PORT or socks5://HOST:PORT, USER:PASSWORD@ before the host; {_PROXY_VARIABLE} in the "
            "environment hides that from other users of this machine.",
        ),
    ] = None,
) -> int:
    """Audit live endpoints: protocol versions, cipher suites, groups, certificates, client authentication, HTTP.

    TARGET is HOST, HOST:PORT, [IPV6]:PORT, HOST@ADDRESS:PORT, https://HOST or a network such as 10.0.0.0/24:8443;
    postgres://HOST is asked for TLS in plain text first. @FILE is a list of them, one a line, and - the same from
    standard input; @FILE.yaml is an inventory, which also says what is expected of them.
    """
    pairs = outputs.pair(formats or [], output or [])
    lowest = options.severity(fail_on)
    when = options.moment(as_of)
    refuse_timeout(timeout)
    expect = declared_client_auth(expect_client_auth)
    refuse_limits(max_rate, per_address, connections)
    if fetch_anywhere and not fetch:
        raise InputError("--fetch-anywhere goes with --fetch")
    through = proxy_of(proxy)
    if through is not None and all_addresses:
        raise InputError("--all-addresses cannot go with a proxy: the proxy resolves names, and tells nobody")

    from tlsaudit.model.limits import Expectation

    given = credentials.Given(
        client_cert=client_cert,
        client_key=client_key,
        trials=trials,
        client_ca=client_ca,
        client_ca_key=client_ca_key,
        trial=trial or (),
    )
    known = gate.read(waivers, baseline, write_baseline, reports=pairs)
    bounds = what.read_scope(scope, through)
    presented = credentials.read(given, targets, scoped=bounds is not None)
    listed = what.read(targets, large=yes_large, sni=sni, http_port=http_port)

    from tlsaudit import app
    from tlsaudit.policy import load_policy

    logs = app.load_logs(ct_log_list)
    blocked = app.load_keys(blocklist) if blocklist is not None else {}
    judging, anchors = load_policy(policy), app.load_anchors(*(ca_file or ()), logs=logs, blocklist=blocked)
    expectation = Expectation(client_auth=expect)
    wanted = what.judged_by(listed, judging, anchors, expectation)
    scan_options = app.ScanOptions(
        policy=judging,
        anchors=anchors,
        mode=_mode(mode, targets),
        timeout=timeout,
        as_of=when,
        expect=expectation,
        expectations=wanted.expectations,
        anchors_for=wanted.anchors_for,
        fail_on=lowest,
        all_addresses=all_addresses,
        max_rate=max_rate,
        per_address=per_address,
        connections=connections,
        proxy=through,
        credentials=presented,
        scope=bounds,
        waivers=known.waivers,
        baseline=known.baseline,
        fetch=fetch,
        fetch_anywhere=fetch_anywhere,
        crls=app.load_crls(*(crl or ())),
    )
    return run_audit(wanted.targets, scan_options, pairs, write_baseline=known.write)


def run_audit(
    targets: Sequence[Target],
    scan_options: ScanOptions,
    pairs: Sequence[tuple[str, str]],
    *,
    write_baseline: Path | None = None,
) -> int:
    """Run the scan and write its reports: lines while it goes on, everything else at its end."""
    from tlsaudit import app

    line_files = [file for name, file in pairs if name == streams.LINES]
    whole = [pair for pair in pairs if pair[0] != streams.LINES]
    collector = gate.Collector(path=write_baseline)
    on_screen = outputs.STANDARD_OUTPUT in line_files and sys.stdout.isatty()  # the lines themselves show how far it is
    with (
        progress.bar(len(targets), wanted=not on_screen) as advance,
        streams.Lines(line_files) as lines,
    ):

        async def emit(subject: Subject) -> None:
            await lines.put(subject)
            collector.add(subject)
            if not whole:
                tell_problem(subject)

        run = app.Scan(targets, scan_options, emit=emit, advance=advance, keep=bool(whole))
        interrupted = False
        gc.freeze()  # tables and code stay: looking through them again takes a tenth of a run's time
        try:
            asyncio.run(run.run())
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        if whole:
            outputs.complain(f"interrupted: {run.finished} of {len(targets)} endpoints are done and in the report")
            outputs.write(run.document(), whole)
        else:
            written = "1 line is" if lines.written == 1 else f"{lines.written} lines are"
            outputs.complain(f"interrupted: {written} written, of {len(targets)} targets")
        raise KeyboardInterrupt
    document = run.document() if whole else None
    for subject in document.subjects if document else ():
        tell_problem(subject)
    gate.tell(run.notes())
    collector.write(as_of=run.as_of, policy=scan_options.policy.id, mode=scan_options.mode)
    if document is not None:
        outputs.write(document, whole)
    return run.tally.exit_code


def tell_problem(subject: Subject) -> None:
    """Say on standard error why a subject could not be audited as a whole."""
    if subject.error is not None:
        outputs.complain(f"{subject.name}: {subject.error.message}")


def refuse_timeout(timeout: float) -> None:
    """Raise InputError for a `--timeout` that is none."""
    if not 0 < timeout <= _SECONDS_MAX:
        raise InputError(f"--timeout {timeout:g} is not between 0 and {_SECONDS_MAX:g} seconds")


def refuse_limits(max_rate: float | None, per_address: int, connections: int) -> None:
    """Raise InputError for limits that are none."""
    if max_rate is not None and not 0 < max_rate <= _CONNECTIONS_MAX:
        raise InputError(f"--max-rate {max_rate:g} is not above 0 and at most {_CONNECTIONS_MAX} connections a second")
    for name, value in (("--per-address", per_address), ("--connections", connections)):
        if not 1 <= value <= _CONNECTIONS_MAX:
            raise InputError(f"{name} {value} is not between 1 and {_CONNECTIONS_MAX} connections")


def proxy_of(given: str | None) -> Proxy | None:
    """The proxy of the option, or of the settings; an empty one is none."""
    if not given:
        return None

    from tlsaudit.proxies import parse_proxy

    return parse_proxy(given)


def _mode(text: str | None, targets: Sequence[str]) -> Mode:
    """The mode that was asked for, else the one that suits: attacks are tried only at what was named one by one."""
    if text is not None:
        return mode_of(text)
    from tlsaudit.targets import are_named

    return "full" if are_named(targets) else "inventory"


def mode_of(text: str) -> Mode:
    """The mode that `--mode` names."""
    match text:
        case "gate" | "inventory" | "full":
            return text
        case _:
            raise InputError(f"--mode {text!r} is none of gate, inventory, full")


def declared_client_auth(text: str | None) -> ClientAuthMode | None:
    """The mode that `--expect-client-auth` names."""
    if text is None:
        return None
    try:
        return ClientAuthMode(text)
    except ValueError:
        raise InputError(f"--expect-client-auth {text!r} is none of none, optional, required") from None
