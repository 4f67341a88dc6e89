"""The examples of README and of the pages of the site run as they stand, and print what is said.

A block of ```python is a program of its own; the block of ```text that follows it, with nothing
between, is what it prints. README is the front door: it stays short, and its links lead somewhere.
"""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "notebooks" / "guide"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md"]
PAGES += sorted(GUIDE.glob("*.md"))
PAGES += [ROOT / "notebooks" / "glossary.md", ROOT / "notebooks" / "teachers.md"]
PATIENCE = 300  # seconds; a machine may be busy with other things
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.M | re.S)

each_page = pytest.mark.parametrize("path", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())


def printed(program: str, folder: Path) -> str:
    """What a program prints, or how it ends where it fails."""
    folder.mkdir()
    (folder / "example.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "example.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.stdout if done.returncode == 0 else done.stderr


def test_each_example_prints_what_is_said(tmp_path: Path) -> None:
    examples = [
        (f"{path.stem} {number}", program, said)
        for path in PAGES
        for number, (program, said) in enumerate(EXAMPLE.findall(path.read_text(encoding="utf-8")))
    ]
    assert len(examples) >= 8
    with ThreadPoolExecutor(2) as threads:
        outputs = threads.map(lambda e: printed(e[1], tmp_path / e[0]), examples)
    wrong = [
        (name, said, out)
        for (name, _, said), out in zip(examples, outputs, strict=True)
        if said != out
    ]
    assert wrong == []


def test_an_example_that_fails_or_prints_something_else_is_found(tmp_path: Path) -> None:
    page = "```python\n1 / 0\n```\n\n```text\n1\n```\n\n```python\nprint(2)\n```\nmore\n"
    (fails, said), (prints, nothing) = EXAMPLE.findall(page)
    assert "ZeroDivisionError" in printed(fails, tmp_path / "a")
    assert (said, nothing) == ("1\n", "")
    assert printed(prints, tmp_path / "b") == "2\n"


def test_readme_shows_a_picture_and_an_example_on_its_first_screen_and_is_short() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("![") for line in lines[:10])
    assert "```python" in lines[:15]
    assert len(lines) - lines.index("## The notebooks") < 60


@each_page
def test_a_link_leads_somewhere(path: Path) -> None:
    text = re.sub(
        r"^```.*?^```$|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.M | re.S
    )
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        place = unquote(target).partition("#")[0]
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / place).exists(), f"the link leads nowhere: {target}"


@each_page
def test_a_picture_is_described(path: Path) -> None:
    assert re.findall(r"!\[\s*\]\(|<img(?![^>]*alt=)", path.read_text(encoding="utf-8")) == []
