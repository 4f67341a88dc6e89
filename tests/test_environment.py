"""The three lists of what is installed agree: pyproject.toml, constraints.txt, environment.yml."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {
    extra: [Requirement(line) for line in lines]
    for extra, lines in PROJECT["optional-dependencies"].items()
}

# conda-forge's names where they are not those of the Python package index.
CONDA_NAMES = {"matplotlib-base": "matplotlib"}


def pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in pinned}


def conda() -> tuple[dict[str, Requirement], list[str]]:
    """What conda installs, by the names of the package index, and what pip adds to it."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge"]
    packages = [Requirement(line) for line in environment["dependencies"] if isinstance(line, str)]
    (by_pip,) = [line["pip"] for line in environment["dependencies"] if isinstance(line, dict)]
    return {CONDA_NAMES.get(package.name, package.name): package for package in packages}, by_pip


def test_the_package_itself_needs_nothing_installed() -> None:
    assert PROJECT["dependencies"] == []


def test_every_constraint_is_a_version_and_nothing_more() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    odd = [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9._]+", line)]
    assert odd == []
    assert len(pins()) == len(lines), "a package is pinned twice"


def test_every_requirement_is_pinned_to_a_version_that_it_allows() -> None:
    pinned = pins()
    ours = PROJECT["name"]
    wanted = [need for extra in EXTRAS.values() for need in extra if need.name != ours]
    missing = [need.name for need in wanted if canonicalize_name(need.name) not in pinned]
    assert missing == []
    refused = [str(n) for n in wanted if pinned[canonicalize_name(n.name)] not in n.specifier]
    assert refused == []


def test_every_pinned_version_installs_on_the_oldest_python_that_is_promised() -> None:
    """Some packages ask for a bug-fix release of Python that a long-lived system does not have."""
    oldest = Version(PROJECT["requires-python"].removeprefix(">=") + ".0")
    asked = {
        distribution.name: ",".join(distribution.metadata.get_all("Requires-Python") or [])
        for distribution in importlib.metadata.distributions()
        if canonicalize_name(distribution.name) in pins()
    }
    assert len(asked) > len(EXTRAS["dev"])  # it looks at what is installed: that must be there
    assert {n: spec for n, spec in asked.items() if oldest not in SpecifierSet(spec)} == {}


def test_dev_includes_what_the_tests_run_on() -> None:
    (ours,) = [need for need in EXTRAS["dev"] if need.name == PROJECT["name"]]
    assert ours.extras == set(EXTRAS) - {"dev"}


def test_conda_installs_what_the_extra_lab_does() -> None:
    packages, by_pip = conda()
    python, pip = packages.pop("python"), packages.pop("pip")
    assert str(python.specifier) == PROJECT["requires-python"]
    assert not pip.specifier
    ours = [need for need in EXTRAS["lab"] if need.name == PROJECT["name"]]
    assert by_pip == [f"-e .[{','.join(sorted(*(need.extras for need in ours)))}]"]
    bounds = {need.name: need.specifier for need in EXTRAS["lab"] if need not in ours}
    assert {name: package.specifier for name, package in packages.items()} == bounds
