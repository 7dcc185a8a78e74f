"""What pipelines take from the repository: the GitHub action, the GitLab job, the pre-commit hook, the container file.

The scripts are run as those systems run them, at a real server. The container cannot be built here, for want of its
base image: what it copies and installs is compared with what is there.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.lab.servers import Lab

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
GITLAB = yaml.safe_load((ROOT / "tools" / "pipeline" / "gitlab.yml").read_text())


def run(*command: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command as a runner starts it: with these variables, and tlsaudit on its path."""
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(cwd), **variables}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=60)


def act(folder: Path, targets: str, **inputs: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """The step "Audit" of the action with these inputs, and its outputs."""
    given = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()}
    given |= {"targets": targets, **{name.replace("_", "-"): value for name, value in inputs.items()}}
    audit = ACTION["runs"]["steps"][-1]
    variables = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], value)
        for name, value in audit["env"].items()
    }
    output = folder / "output"
    done = run(
        *("bash", "-e", "-c", audit["run"]),
        cwd=folder,
        GITHUB_ACTION_PATH=str(ROOT),
        GITHUB_OUTPUT=str(output),
        GITHUB_STEP_SUMMARY=str(folder / "summary.md"),
        PROGRAM=str(BIN / "tlsaudit"),
        **variables,
    )
    lines = output.read_text().splitlines() if output.exists() else []
    return done, dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize(
    "command",
    [
        ("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"),
        ("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", "tools/pipeline/gitlab.yml"),
        ("pre-commit", "validate-manifest", ".pre-commit-hooks.yaml"),
    ],
    ids=lambda command: command[-1],
)
def test_each_is_what_its_reader_takes(command: tuple[str, ...]) -> None:
    done = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_input_stands_in_the_text_of_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]


def test_the_action_installs_from_the_pinned_lists() -> None:
    done = run("bash", "-c", ACTION["runs"]["steps"][0]["run"] + " --dry-run", cwd=ROOT, GITHUB_ACTION_PATH=str(ROOT))
    assert done.returncode == 0, done.stderr


def test_the_action_annotates_sums_up_and_fails(lab: Lab, tmp_path: Path) -> None:
    server = lab.nginx("ssl_protocols TLSv1 TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0;", certificates=(lab.pki.rsa,))
    target = f"localhost@127.0.0.1:{server.port}"
    done, outputs = act(tmp_path, f"\n  {target}  \n", options=f"--ca-file\n{lab.pki.root_file}", mode="inventory")
    assert done.returncode == 1, done.stderr
    assert outputs == {"exit-code": "1", "sarif-file": "tlsaudit.sarif"}
    assert "::error " in done.stdout
    assert "TLS-PROTO-003" in done.stdout
    assert "TLS-PROTO-003" in (tmp_path / "summary.md").read_text()
    assert json.loads((tmp_path / "tlsaudit.sarif").read_text())["version"] == "2.1.0"


def test_the_action_passes_where_nothing_fails(lab: Lab, tmp_path: Path) -> None:
    target = f"localhost@127.0.0.1:{lab.nginx('ssl_protocols TLSv1.2 TLSv1.3;').port}"
    done, outputs = act(tmp_path, target, fail_on="none", mode="inventory")
    assert (done.returncode, outputs["exit-code"]) == (0, "0")


_STRICT = 'policy = "mozilla-modern"\nfail-on = "low"\nmode = "inventory"\n'
_YEAR_OF_HSTS = "add_header Strict-Transport-Security max-age=31536000 always;"


def test_the_settings_of_the_repository_stand(lab: Lab, tmp_path: Path) -> None:
    """By mozilla-modern a year of HSTS is too short, by owasp it is not."""
    server = lab.nginx(f"ssl_protocols TLSv1.3; {_YEAR_OF_HSTS}")
    target = f"localhost@127.0.0.1:{server.port}"
    (tmp_path / "tlsaudit.toml").write_text(f'{_STRICT}ca-file = ["{lab.pki.root_file}"]\n')
    done, _ = act(tmp_path, target)
    assert done.returncode == 1, done.stderr
    assert "TLS-HTTP-002" in done.stdout
    assert act(tmp_path, target, fail_on="none")[0].returncode == 0, "an input is stronger"
    script = "set -eo pipefail\n" + "\n".join(GITLAB["tlsaudit"]["script"])
    variables = GITLAB["tlsaudit"]["variables"] | {"AUDIT_TARGETS": target}
    assert run("bash", "-c", script, cwd=tmp_path, **variables).returncode == 1


@pytest.mark.parametrize("name", ["t.sarif\nexit-code=0", "t.sarif\rexit-code=0"])
def test_a_file_name_makes_no_output_of_its_own(tmp_path: Path, name: str) -> None:
    done, outputs = act(tmp_path, "127.0.0.1:1", sarif_file=name)
    assert (done.returncode, outputs) == (2, {"exit-code": "2"})


def test_an_option_that_audits_nothing_does_not_pass(tmp_path: Path) -> None:
    done, outputs = act(tmp_path, "127.0.0.1:1", options="--help")
    assert (done.returncode, outputs["exit-code"]) == (2, "2")


def test_a_file_that_was_not_written_is_not_named(tmp_path: Path) -> None:
    (tmp_path / "tlsaudit.sarif").write_text("of an earlier step")
    done, outputs = act(tmp_path, "127.0.0.1:99999")
    assert (done.returncode, outputs) == (2, {"exit-code": "2", "sarif-file": ""})
    assert act(tmp_path, "127.0.0.1:1")[1]["sarif-file"] == "tlsaudit.sarif"


@pytest.mark.parametrize("targets", ["", "localhost:1; touch owned", "$(touch owned)", "`touch owned`", "--help"])
def test_an_input_is_data_and_a_bad_one_ends_with_2(tmp_path: Path, targets: str) -> None:
    done, outputs = act(tmp_path, targets)
    assert (done.returncode, outputs["exit-code"]) == (2, "2"), done.stdout
    assert not (tmp_path / "owned").exists()


def test_the_gitlab_job_leaves_the_reports_that_it_names(lab: Lab, tmp_path: Path) -> None:
    job = GITLAB["tlsaudit"]
    server = lab.nginx("ssl_protocols TLSv1.2;")
    script = "set -eo pipefail\n" + "\n".join(job["script"])
    variables = job["variables"] | {"AUDIT_TARGETS": f"localhost@127.0.0.1:{server.port} 127.0.0.1:{server.port}"}
    done = run("bash", "-c", script, cwd=tmp_path, **variables)
    assert done.returncode == 1, done.stderr  # the test CA is not trusted
    named = [*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()]
    assert all((tmp_path / each).stat().st_size for each in named)


def test_the_container_file_copies_what_is_there_and_not_more() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    kept = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert ignored[0] == "*"
    copied: set[str] = set()
    for line in (ROOT / "Containerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from=" not in line:
            copied.update(line.split()[1:-1])
    assert all((ROOT / each).exists() for each in copied)
    assert all(any(Path(each).is_relative_to(entry) for entry in kept) for each in copied)
