"""`tlsaudit diff`: what is new, fixed and changed between two reports or targets."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlsaudit.cli import gate, options, outputs, scan
from tlsaudit.cli.report import read_report
from tlsaudit.model.errors import InputError

if TYPE_CHECKING:
    from tlsaudit.linting import Linted
    from tlsaudit.model.difference import Difference
    from tlsaudit.model.document import Document, Mode
    from tlsaudit.model.facts import ClientAuthMode
    from tlsaudit.model.limits import Expectation
    from tlsaudit.model.result import Severity
    from tlsaudit.model.target import Target
    from tlsaudit.policy import Policy

_FILES = frozenset(
    {".json", ".jsonl", ".ndjson", ".html", ".conf", ".cfg", ".yaml", ".yml", ".toml", ".ini", ".xml", ".txt"}
)
"""Suffixes of files; none of them is the last label of a host's name."""
_REPORTS = frozenset({".json", ".jsonl", ".ndjson"})
_BEGINS_LIKE_JSON = re.compile(rb"\s*\{\s*[\"}]")
_FORMATS = ("text", "json")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """How targets among the two are audited; None: as the report beside them was. And how configurations are read."""

    policy: str | None
    mode: str | None
    ca_file: tuple[Path, ...]
    timeout: float
    as_of: str | None
    proxy: str | None
    client_auth: ClientAuthMode | None = None
    """What the command line declares; before what the report does."""
    client_auth_set: ClientAuthMode | None = None
    """What the settings declare, where the report declares nothing."""
    kind: str | None = None
    assume: str = ""
    exclude: tuple[str, ...] = ()
    listener: str | None = None


@dataclass(frozen=True, slots=True)
class Conf:
    """A configuration file, or a folder of them."""

    path: Path


def diff(
    context: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", hidden=True)],
    new: Annotated[str, typer.Argument(metavar="NEW", hidden=True)],
    format_: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text or json.")] = "text",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Where it goes; - is standard output.")
    ] = outputs.STANDARD_OUTPUT,
    fail_on: options.FailOn = "high",
    policy: Annotated[
        str | None,
        typer.Option(metavar="ID|FILE", help="Policy to judge a target by; without it, that of the report beside it."),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(metavar="MODE", help="How much to ask a target, as for scan; without it, what the report asked."),
    ] = None,
    ca_file: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="CA certificates that decide on the trust of a target; repeatable."),
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="How long one connection may take.")] = 5.0,
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="Judge a target as of this date or time instead of now.")
    ] = None,
    expect_client_auth: Annotated[
        str | None,
        typer.Option(
            metavar="MODE",
            help="What client authentication should be: none, optional or required; without it, what was declared for "
            "the report beside a target.",
        ),
    ] = None,
    proxy: Annotated[
        str | None, typer.Option(metavar="URL", help="http://HOST:PORT or socks5://HOST:PORT, as for scan.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="What a configuration is, as for lint.")
    ] = (None),
    assume: Annotated[
        str, typer.Option(metavar="PRODUCT=VERSION,...", help="What a configuration is for, as for lint.")
    ] = "",
    exclude: options.Exclude = None,
    listener: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which listener of a configuration is compared with the endpoint; without it, the one that answers "
            "for its name and port.",
        ),
    ] = None,
) -> int:
    """Compare OLD with NEW: each a report (JSON), a target that is audited now, or a configuration file or folder.

    A configuration beside an endpoint is drift: what is in the file and not on the wire, and the other way round. The
    endpoints may then be a list as well (@FILE).

    Ends with 0 where nothing new fails at or above --fail-on, 1 where something does, 3 where something could not be
    compared.
    """
    if format_ not in _FORMATS:
        raise InputError(f"unknown format {format_!r}; known: {', '.join(_FORMATS)}")
    lowest = options.severity(fail_on)
    if output != outputs.STANDARD_OUTPUT:
        outputs.refuse_unwritable(Path(output))
    scan.refuse_timeout(timeout)
    declared = scan.declared_client_auth(expect_client_auth)
    source = context.get_parameter_source("expect_client_auth")
    is_flag = source is not None and source.name == "COMMANDLINE"
    asked = _Asked(
        policy=policy,
        mode=mode,
        ca_file=tuple(ca_file or ()),
        timeout=timeout,
        as_of=as_of,
        proxy=proxy,
        client_auth=declared if is_flag else None,
        client_auth_set=None if is_flag else declared,
        kind=kind,
        assume=assume,
        exclude=tuple(exclude or ()),
        listener=listener,
    )
    difference, broken = _difference(old, new, asked, lowest)

    from tlsaudit.report import Style
    from tlsaudit.report.difference import render_json, render_text

    if output != outputs.STANDARD_OUTPUT:
        outputs.write_file(
            Path(output), render_json(difference) if format_ == "json" else render_text(difference, Style())
        )
    else:
        outputs.put(render_json(difference) if format_ == "json" else render_text(difference, outputs.style()))
    from tlsaudit.tally import EXIT_INTERNAL

    return EXIT_INTERNAL if broken else difference.summary.exit_code


def _difference(old: str, new: str, asked: _Asked, lowest: Severity | None) -> tuple[Difference, bool]:
    """What differs, and whether an audit broke in the middle."""
    from tlsaudit.compare import compare
    from tlsaudit.tally import EXIT_INTERNAL

    sources = [_source(old), _source(new)]
    files = [source for source in sources if isinstance(source, Conf)]
    if len(files) == 1:
        wire = new if isinstance(sources[0], Conf) else old
        return _drift(files[0], wire, next(each for each in sources if not isinstance(each, Conf)), asked, lowest)
    if files:
        linted = [_linted(each, asked) for each in files]
        gate.tell(note for each in linted for note in each.notes)
        return compare(linted[0].document, linted[1].document, names=(old, new), fail_on=lowest), False
    if any(isinstance(source, list) for source in sources):
        raise InputError("a list of targets (@FILE) can only be compared with a configuration")
    documents = _documents([source for source in sources if not isinstance(source, (Conf, list))], asked)
    made = [document for document, source in zip(documents, sources, strict=True) if not isinstance(source, Path)]
    for subject in (subject for document in made for subject in document.subjects):
        scan.tell_problem(subject)
    broken = any(document.summary.exit_code == EXIT_INTERNAL for document in made)
    return compare(documents[0], documents[1], names=(old, new), fail_on=lowest), broken


def _drift(
    file: Conf, name: str, wire: Path | Target | list[Target], asked: _Asked, lowest: Severity | None
) -> tuple[Difference, bool]:
    """A configuration beside endpoints: those of a report, or audited now."""
    from tlsaudit import drifting
    from tlsaudit.tally import EXIT_INTERNAL

    linted = _linted(file, asked)
    if isinstance(wire, Path):
        document = read_report(wire)
    else:
        if not isinstance(wire, list) and not any(each.error is not None for each in linted.document.subjects):
            drifting.listener_for(linted, wire.server_name, wire.port, asked.listener)  # before anything is dialled
        (document,) = _audited([wire if isinstance(wire, list) else [wire]], asked, None, "inventory")
        for subject in document.subjects:
            scan.tell_problem(subject)
    how = drifting.Compared(
        listener=asked.listener,
        assumed=bool(asked.assume),
        declared=asked.client_auth is not None,
        fail_on=lowest,
        sources=(str(file.path), name),
    )
    return drifting.compare(linted, document, how), document.summary.exit_code == EXIT_INTERNAL


def _linted(file: Conf, asked: _Asked) -> Linted:
    from tlsaudit import app, linting
    from tlsaudit.cli.lint import known_type
    from tlsaudit.config import read
    from tlsaudit.model.limits import Expectation
    from tlsaudit.policy import load_policy

    given = linting.LintOptions(
        policy=load_policy(asked.policy or "owasp"),
        anchors=app.load_anchors(*asked.ca_file),
        assume=read.parse_assumptions(asked.assume),
        kind=known_type(asked.kind),
        exclude=asked.exclude,
        as_of=options.moment(asked.as_of),
        expect=Expectation(client_auth=asked.client_auth or asked.client_auth_set),
    )
    return linting.lint([file.path], given)


def _source(text: str) -> Path | Conf | Target | list[Target]:
    """The file or the target that an argument names; what looks like a file is one. Raises InputError."""
    if text.startswith("@"):
        from tlsaudit.cli import targets

        return list(targets.read([text], large=False, sni=None).targets)
    path = Path(text)
    looks_like_one = ("/" in text and "://" not in text) or path.suffix.lower() in _FILES
    if looks_like_one or path.is_file():
        if path.is_dir() or (path.is_file() and not _is_report(path)):
            return Conf(path)
        return path

    from tlsaudit.model.target import parse_target

    return parse_target(text)


def _is_report(path: Path) -> bool:
    """Whether a file is one by its suffix, or begins like one; templates of configurations may begin with `{{` too."""
    if path.suffix.lower() in _REPORTS:
        return True
    try:
        with path.open("rb") as file:
            return _BEGINS_LIKE_JSON.match(file.read(4096)) is not None
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}") from None


def _documents(sources: list[Path | Target], asked: _Asked) -> list[Document]:
    """Both reports: those of files as they are, those of targets made now, both at once, as the other was made."""
    stored = {place: read_report(each) for place, each in enumerate(sources) if isinstance(each, Path)}
    wanted = {place: each for place, each in enumerate(sources) if not isinstance(each, Path)}
    found = {**stored}
    if wanted:
        beside = next(iter(stored.values()), None)
        if beside is not None:
            (target,) = wanted.values()
            beside = _only(beside, target)
            found = dict.fromkeys(stored, beside)
        made = _audited([[each] for each in wanted.values()], asked, beside, "full")
        found |= dict(zip(wanted, made, strict=True))
    return [found[0], found[1]]


def _only(document: Document, target: Target) -> Document:
    """Of a report of many, the subject that a target is compared with. Raises InputError where there is none."""
    chosen = [subject for subject in document.subjects if subject.id == target.id]
    if not chosen and len(document.subjects) != 1:
        raise InputError(f"the report has {len(document.subjects)} subjects, and none of them is {target.id}")
    return document.model_copy(update={"subjects": chosen or document.subjects})


def _audited(lists: list[list[Target]], asked: _Asked, beside: Document | None, mode_else: Mode) -> list[Document]:
    """A report for each list of targets."""
    from tlsaudit import app
    from tlsaudit.policy import load_policy

    scan_options = app.ScanOptions(
        policy=load_policy(asked.policy) if asked.policy is not None else _judged_by(beside),
        anchors=app.load_anchors(*asked.ca_file),
        mode=_mode(asked.mode, beside, mode_else),
        timeout=asked.timeout,
        as_of=options.moment(asked.as_of),
        expect=_expected(asked, beside),
        proxy=scan.proxy_of(asked.proxy),
    )
    if beside is not None and not asked.ca_file and app.trusts_given_files(beside):
        raise InputError("CA files decided on trust in the report: say --ca-file")

    async def all_of_them() -> list[Document]:
        return await asyncio.gather(*(app.scan(targets, scan_options) for targets in lists))

    return asyncio.run(all_of_them())


def _judged_by(beside: Document | None) -> Policy:
    """The policy of the report. Raises InputError where that is not at hand: by another one, failures seem fixed."""
    from tlsaudit.policy import load_policy, policy_ids

    if beside is None:
        return load_policy("owasp")
    named = beside.policy
    known = load_policy(named.id) if named.id in policy_ids() else None
    if known is None or known.sha256 != named.sha256:
        shown = f"{named.id!r} {named.version} ({named.sha256[:8]})"
        raise InputError(
            f"the report was judged by {shown}, which does not come with this tlsaudit: say --policy, best with the "
            "file that judged it"
        )
    return known


def _expected(asked: _Asked, beside: Document | None) -> Expectation:
    """What is declared of a target: what the report beside it was judged by, unless the command line says otherwise."""
    from tlsaudit.model.limits import Expectation

    expect = Expectation()
    if beside is not None and beside.subjects:
        expect = beside.subjects[0].expectation()
    return replace(expect, client_auth=asked.client_auth or expect.client_auth or asked.client_auth_set)


def _mode(text: str | None, beside: Document | None, otherwise: Mode) -> Mode:
    if text is None:
        return beside.mode if beside is not None else otherwise
    return scan.mode_of(text)
