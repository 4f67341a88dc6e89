"""`make doctor` names what is missing, and one command that mends it."""

import ast
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab import doctor

ROOT = Path(__file__).resolve().parents[1]


def told(capsys: pytest.CaptureFixture[str], *pythons: str, port: int = 0) -> tuple[int, str]:
    return doctor.main([*pythons] or [sys.executable], port=port), capsys.readouterr().out


def test_a_machine_with_everything_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = told(capsys)
    assert code == 0
    assert "MISSING" not in said
    assert "All that make lab needs is there." in said


@pytest.mark.parametrize("python", ["/no/such/python", shutil.which("false") or "false"])
def test_a_python_that_is_absent_or_too_old_is_missing(
    capsys: pytest.CaptureFixture[str], python: str
) -> None:
    code, said = told(capsys, python)
    assert code == 1
    assert "MISSING  Python 3.11 or later: install it, then make PYTHON=" in said
    assert told(capsys, python, sys.executable)[0] == 0, "another one will do"


def test_a_python_that_is_too_old_can_say_so() -> None:
    """Python 3.6 knows the syntax, and no annotation asks it for what it has not, as list[str]."""
    tree = ast.parse(Path(doctor.__file__).read_text(encoding="utf-8"), feature_version=(3, 6))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    evaluated = [
        a.annotation for f in functions for a in ast.walk(f.args) if isinstance(a, ast.arg)
    ]
    evaluated += [function.returns for function in functions]
    evaluated += [node.annotation for node in ast.walk(tree) if isinstance(node, ast.AnnAssign)]
    assert len(evaluated) >= 10
    assert [each for each in evaluated if not isinstance(each, ast.Name | ast.Constant)] == []


def test_a_python_without_venv_and_pip_is_told_with_its_cure(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bare = tmp_path / "python3"
    bare.write_text(
        f"""#!/bin/sh\ncase "$2" in *pip*) exit 1;; *) exec "{sys.executable}" "$@";; esac\n"""
    )
    bare.chmod(0o755)
    code, said = told(capsys, str(bare))
    assert code == 1
    assert f"MISSING  venv and pip of {bare}: apt install python3-venv" in said


def test_a_port_that_is_taken_is_no_obstacle(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        port = one.getsockname()[1]
        code, said = told(capsys, port=port)
    assert code == 0
    assert f"note     no free port {port} (make lab takes another)" in said
    assert "make lab ARGS=--port=9999" in said


def test_a_full_disk_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(ROOT)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    code, said = told(capsys)
    assert code == 1
    assert "GB of disk (0 free)" in said


def test_a_machine_without_chromium_and_git_can_run_the_notebooks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, said = told(capsys)
    assert code == 0
    assert "apt install chromium" in said
    assert "apt install git" in said


@pytest.mark.skipif(os.name != "posix", reason="make doctor is for a shell")
def test_make_doctor_looks_with_the_pythons_that_make_would_take() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "notebooks/lab/doctor.py $(PYTHONS)" in makefile
    run = subprocess.run(
        ["make", f"PYTHON={sys.executable}", "doctor"], cwd=ROOT, capture_output=True, text=True
    )
    assert f"venv and pip of {sys.executable}" in run.stdout
