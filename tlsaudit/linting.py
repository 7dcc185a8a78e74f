"""Configuration files in, a report document out: the same rules and the same report as for live endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tlsaudit import __version__
from tlsaudit.app import Anchors, summarise
from tlsaudit.config.inline import Ignore, read_ignores
from tlsaudit.config.read import Anchors as Stores
from tlsaudit.config.read import (
    Assumptions,
    Context,
    Evaluator,
    Found,
    Recognised,
    Tree,
    Unparsable,
    read_tree,
    recognise_files,
)
from tlsaudit.data import versions
from tlsaudit.document import declared_part
from tlsaudit.file_document import Writer, unparsable
from tlsaudit.ignores import Ignores
from tlsaudit.judge import judge
from tlsaudit.model import document as doc
from tlsaudit.model.configuration import ServerNames
from tlsaudit.model.errors import DecodeError, InputError
from tlsaudit.model.knowledge import surely
from tlsaudit.model.limits import Expectation
from tlsaudit.model.result import Severity
from tlsaudit.policy import Policy
from tlsaudit.rules import (
    KEY_RULES,
    LISTENER_RULES,
    PLAIN_UPSTREAM_RULES,
    RULESET,
    UNSERVED_RULES,
    UPSTREAM_RULES,
    Rule,
)
from tlsaudit.score import SCORING

_RULES = {"listener": LISTENER_RULES, "upstream": UPSTREAM_RULES, "certificate": KEY_RULES}


@dataclass(frozen=True, slots=True, kw_only=True)
class LintOptions:
    """What a lint is given. `kind` is the type of every file, None: what is in them says it."""

    policy: Policy
    anchors: Anchors
    assume: Assumptions = field(default_factory=Assumptions)
    kind: str | None = None
    exclude: tuple[str, ...] = ()
    """Patterns of paths below each path that is given, which are not looked at."""
    as_of: datetime | None = None
    expect: Expectation = field(default_factory=Expectation)
    fail_on: Severity | None = Severity.HIGH


@dataclass(frozen=True, slots=True)
class Linted:
    """The report, how many files were recognised, and what whoever runs this should know, a sentence each."""

    document: doc.Document
    files: int
    notes: tuple[str, ...] = ()
    names: Mapping[str, ServerNames] = field(default_factory=dict)
    """Whom the listeners answer for, by the ids of their subjects."""


def lint(paths: Sequence[Path], options: LintOptions) -> Linted:
    """Judge every listener and upstream of the files below `paths`.

    Raises InputError where a path does not exist, or nothing below one is recognised: a gate that was pointed at the
    wrong place must not pass.
    """
    started = datetime.now(UTC)
    as_of = options.as_of or started
    trees = [(path, Tree(path, options.exclude)) for path in paths]
    recognised = [(tree, _recognised(path, tree, options.kind)) for path, tree in trees]
    trusting = options.anchors.trusting
    context = Context(
        assume=options.assume,
        evaluator=Evaluator(),
        anchors=Stores(stores=trusting.stores, deciding=trusting.deciding),
    )
    comments, wrong = _comments(recognised)
    ignores = Ignores(comments, as_of=as_of)
    subjects: dict[str, doc.Subject] = {}
    names: dict[str, ServerNames] = {}
    for tree, files in recognised:
        for subject, served in _subjects(tree, files, context, options, as_of):
            subjects.setdefault(subject.id, ignores.apply(subject))
            if served is not None:
                names.setdefault(subject.id, served)
    listed = list(subjects.values())
    notes = (*wrong, *ignores.notes(), *_left_out([tree for tree, _ in recognised]))
    document = doc.Document(
        tool=doc.Tool(name="tlsaudit", version=__version__),
        mode="lint",
        policy=doc.PolicyReference(id=options.policy.id, version=options.policy.version, sha256=options.policy.sha256),
        data=doc.DataVersions(
            ruleset=RULESET,
            scoring=SCORING,
            registry=versions.registry_date(),
            trust_stores=dict(options.anchors.dates),
        ),
        as_of=as_of,
        started_at=started,
        finished_at=datetime.now(UTC),
        subjects=listed,
        notes=list(notes),
        summary=summarise(listed, options.fail_on),
    )
    number = sum(len(each) for _, files in recognised for each in files.values())
    return Linted(document, number, notes, names)


def _left_out(trees: Sequence[Tree]) -> Iterator[str]:
    """What was not judged, although it lies in the tree."""
    unused = [set(tree.exclusion.unused()) for tree in trees]
    for pattern in sorted(set.intersection(*unused)) if unused else ():
        yield f"--exclude {pattern!r} fits no file"
    for tree in trees:
        if first := next(iter(tree.exclusion.left_out), None):
            number = len(tree.exclusion.left_out)
            files = "1 file was" if number == 1 else f"{number:,} files were"
            yield f"{files} left out, as --exclude says: {first}{', ...' * (number > 1)}"
        yield from _said(tree.leads_out, "leads out of the scanned folder and was not followed")
        yield from _said(tree.not_entered, "is other people's software and was not looked into")
        yield from _said(tree.set_aside.values(), "looks like a backup copy and was not read")
        for kind in dict.fromkeys(tree.quoted.values()):
            holding = (file for file, each in tree.quoted.items() if each == kind)
            yield from _said(holding, f"holds {kind} text, which was not judged")
        if tree.is_repository:
            yield from _said(tree.locked, "holds a private key, which is as safe as its passphrase")


def _said(files: Iterable[str], what: str) -> Iterator[str]:
    """One sentence for all of them."""
    first, *more = (*files, "")
    if first:
        others = f" (and {len(more) - 1} more like it)" if len(more) > 1 else ""
        yield f"{first} {what}{others}"


def _recognised(path: Path, tree: Tree, kind: str | None) -> Recognised:
    found = recognise_files(tree, kind)
    if not found and not tree.unread:
        hint = "" if tree.start.is_dir() else "; say with --type what it is"
        hint = next((f"; {each}" for each in _left_out([tree])), hint)
        raise InputError(f"nothing that is known here under {str(path)!r}{hint}")
    return found


def _comments(recognised: Sequence[tuple[Tree, Recognised]]) -> tuple[list[Ignore], list[str]]:
    """The inline comments of all files that were recognised."""
    found: dict[Ignore, None] = {}
    wrong: dict[str, None] = {}
    for tree, files in recognised:
        for path in (path for paths in files.values() for path in paths):
            try:
                text = tree.read(path).decode("utf-8", "replace")
            except DecodeError:
                continue
            comments, problems = read_ignores(text, tree.shown(path))
            found |= dict.fromkeys(comments)
            wrong |= dict.fromkeys(problems)
    return list(found), list(wrong)


def _subjects(
    tree: Tree, files: Recognised, context: Context, options: LintOptions, as_of: datetime
) -> Iterator[tuple[doc.Subject, ServerNames | None]]:
    writer = Writer()
    for found in read_tree(tree, files, context):
        location = doc.Location(file=found.file, line=found.line)
        if isinstance(found, Unparsable):
            yield unparsable(location, code=found.code, message=found.message), None
        else:
            yield _judged(writer, found, location, options, as_of), found.names


def _rules(found: Found) -> Sequence[Rule]:
    upstream = found.facts.upstream
    if upstream is not None and surely(upstream.tls, False):
        return PLAIN_UPSTREAM_RULES
    if found.is_in_clear:
        return UNSERVED_RULES
    return _RULES[found.kind]


def _judged(writer: Writer, found: Found, location: doc.Location, options: LintOptions, as_of: datetime) -> doc.Subject:
    judgement = judge(
        found.facts,
        options.policy,
        as_of=as_of,
        expect=options.expect,
        mode="lint",
        subject_id=found.id,
        rules=_rules(found),
    )
    subject = writer.configured(
        found.facts,
        judgement,
        kind=found.kind,
        subject_id=found.id,
        name=found.name,
        location=location,
        requested=found.requested,
    )
    return subject.model_copy(update={"declared": declared_part(options.expect)})
