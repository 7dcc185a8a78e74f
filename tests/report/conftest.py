"""Documents that the report tests share."""

from __future__ import annotations

import pytest

from tlsaudit.model.document import Document, Subject
from tools import sample_subjects, samples


@pytest.fixture(scope="session")
def document() -> Document:
    """The sample report, with every kind of subject."""
    return samples.document()


@pytest.fixture(scope="session")
def poor() -> Subject:
    """The subject with implied, waived, inconclusive and untested rules."""
    return sample_subjects.poor()


@pytest.fixture(scope="session")
def mutual() -> Subject:
    """The subject with mutual TLS."""
    return sample_subjects.mutual()


@pytest.fixture(scope="session")
def sound() -> Subject:
    """The subject without a serious finding."""
    return sample_subjects.sound()
