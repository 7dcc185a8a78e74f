"""`tlsaudit mtls`: audit the client authentication of live endpoints."""

from __future__ import annotations

from typing import Annotated

import typer

from tlsaudit.cli import credentials, gate, options, outputs, scan
from tlsaudit.cli import targets as what
from tlsaudit.model.errors import InputError

_LONGEST_PATH = 2048


def mtls(
    targets: Annotated[list[str], typer.Argument(metavar="TARGET", hidden=True)],
    path: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH", help="A further path to ask for, such as /admin, which may be protected alone; repeatable."
        ),
    ] = None,
    client_cert: credentials.ClientCert = None,
    client_key: credentials.ClientKey = None,
    trials: credentials.Trials = False,
    client_ca: credentials.ClientCaFile = None,
    client_ca_key: credentials.ClientCaKey = None,
    trial: credentials.TrialFiles = None,
    expect_client_auth: Annotated[
        str | None,
        typer.Option(metavar="MODE", help="What client authentication should be: none, optional or required."),
    ] = None,
    policy: options.PolicyId = "owasp",
    formats: options.Formats = None,
    output: options.Outputs = None,
    fail_on: options.FailOn = "high",
    waivers: gate.WaiversFile = None,
    baseline: gate.BaselineFile = None,
    write_baseline: gate.WriteBaseline = None,
    sni: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Server name to send instead of the target's host; empty: send none."),
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="How long one connection may take.")] = 5.0,
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="Judge as of this date or time instead of now.")
    ] = None,
    max_rate: Annotated[
        float | None, typer.Option(metavar="N", help="Open at most N connections a second, over the whole run.")
    ] = None,
    scope: options.ScopeFile = None,
    proxy: Annotated[
        str | None, typer.Option(metavar="URL", help="http://HOST:PORT or socks5://HOST:PORT, as for scan.")
    ] = None,
) -> int:
    """Audit client authentication: is a certificate asked for, needed, at which layer and version, and who gets in.

    Without --trials nothing is presented but the certificate of --client-cert, if there is one.
    """
    pairs = outputs.pair(formats or [], output or [])
    lowest = options.severity(fail_on)
    when = options.moment(as_of)
    scan.refuse_timeout(timeout)
    scan.refuse_limits(max_rate, 1, 1)
    expect = scan.declared_client_auth(expect_client_auth)
    through = scan.proxy_of(proxy)
    paths = tuple(dict.fromkeys(_path(each) for each in path or ()))

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
    listed = what.read(targets, large=False, sni=sni)

    elsewhere = next((target for target in listed.targets if target.starttls), None)
    if elsewhere is not None and paths:
        raise InputError(f"--path is for HTTPS, which {elsewhere.id} is not")

    from tlsaudit import app
    from tlsaudit.policy import load_policy

    judging, anchors, expectation = load_policy(policy), app.load_anchors(), Expectation(client_auth=expect)
    wanted = what.judged_by(listed, judging, anchors, expectation)
    scan_options = app.ScanOptions(
        policy=judging,
        anchors=anchors,
        mode="mtls",
        timeout=timeout,
        as_of=when,
        expect=expectation,
        expectations=wanted.expectations,
        anchors_for=wanted.anchors_for,
        fail_on=lowest,
        max_rate=max_rate,
        proxy=through,
        credentials=presented,
        mutual_paths=tuple(each for each in paths if each != "/"),
        scope=bounds,
        waivers=known.waivers,
        baseline=known.baseline,
    )
    return scan.run_audit(wanted.targets, scan_options, pairs, write_baseline=known.write)


def _path(text: str) -> str:
    """An absolute path as it stands in a request line (RFC 9112 section 3.2.1)."""
    if not text.startswith("/") or len(text) > _LONGEST_PATH:
        raise InputError(
            f"--path {text[:80]!r} is no path: it begins with / and has at most {_LONGEST_PATH} characters"
        )
    if not text.isascii() or not text.isprintable() or " " in text:
        raise InputError(f"--path {text[:80]!a} has characters that a request cannot carry: write them as %XX")
    return text
