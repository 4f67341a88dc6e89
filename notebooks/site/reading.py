"""What the site makes of what it reads, before Sphinx does: plain functions from text to text.

A notebook    loses the cells that only CI needs, and the one by which a deeper notebook finds
              `lab`; a question lists its choices, and has a place for links to where it can
              be answered; what answers it is folded; where a learner's own words and score
              would be, it says so; what it says of JupyterLab, it says of the site; a picture
              gets its description as alt text, and leads to itself alone.
A page        may show a file from elsewhere in the repository, which is kept there alone:
              `<!-- here: ../../CHANGELOG.md -->`, or the part below one of its headings:
              `<!-- here: ../../README.md # Start -->`. Its links lead where the site has
              what they name: to a page, or to the source of a module. What the site does not
              have is named without a link.
A docstring   states its arguments one below the other.
"""

import ast
import re
from collections.abc import Callable
from html import escape
from itertools import count
from os.path import relpath
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output

NOTEBOOKS = Path(__file__).resolve().parents[1]
ROOT = NOTEBOOKS.parent

# Where the site shows what stands outside of notebooks/.
SHOWN = {
    "README.md": "index.md",
    "CHANGELOG.md": "guide/changelog.md",
    "CONTRIBUTING.md": "guide/contributing.md",
    "benchmarks/README.md": "guide/benchmarks.md",
    "tests/PROMISES.md": "guide/promises.md",
}

# --- notebooks ------------------------------------------------------------------------------------

OF_WHOEVER_ANSWERS = {
    "explained(": "Where you run it: your own words, beside ours.\n",
    "score(": "Where you run it: your score.\n",
}
ANSWER = re.compile(r"^What happened:", re.M)  # what reveal() prints
SHORT = 8  # characters of a cell of a table that stay in one line: 129 ms
ALT = 250  # characters; the whole description stands below the picture
PATH = "import sys\n\nsys.path"
# Columns have gaps or rules; what is drawn has signs for it; a line of code is its own.
LAID_OUT = re.compile(
    r"\S {2,}\S|[\u2190-\u21ff\u2500-\u25ff|]|-{3}|^(?:def|class|from|import) ", re.M
)
TO_WHOEVER_RUNS_IT = re.compile(
    r"^(Without buttons,|Without a text area,|Not predicted\.).*\n?", re.M
)
# What JupyterLab shows and the site does not: what the site says in its place.
AS_IT_IS_HERE = {
    "The bar with three dots is a cell too, folded away. Run it like any other.": (
        "The line **Show the code** is a cell too, folded away: a click opens it."
    ),
}
# Calls that want something of whoever runs them; each stands alone in its cell.
ASKS = re.compile(r"(predict|explain|practice|turns|check)\b")
CHOICES = re.compile(r"^(.*?)(?:Choose|One of) (.+)\.$", re.M)
ASKED = re.compile(r'^predict\(\s*"([^"]+)"', re.M)
REVEALED = re.compile(r'\breveal\(\s*"([^"]+)"')
# Filled in by conf.py when the page is written: a search finds nothing of it.
PLACE = '<p class="run-it" data-verb="{}"></p>'


def read(text: str) -> NotebookNode:
    """A notebook from its file, as the site shows it."""
    return prepared(nbformat.reads(text, as_version=4))  # type: ignore[no-untyped-call]


def tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def prepared(notebook: NotebookNode) -> NotebookNode:
    """The same notebook without what only CI needs, its answers folded, its pictures described."""
    notebook.cells = [
        cell
        for cell in notebook.cells
        if "ci-only" not in tags(cell) and not cell.source.startswith(PATH)
    ]
    unanswered = set[str]()
    for cell, following in zip(notebook.cells, [*notebook.cells[1:], None], strict=True):
        if cell.cell_type != "code":
            for there, here in AS_IT_IS_HERE.items():
                cell.source = cell.source.replace(there, here)
            continue
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            cell.metadata["mystnb"] = {"image": {"alt": description(following)}}
        folded = []
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            folded.append("hide-input")
        asks = ASKS.match(cell.source)
        # What runs between a question and its answer shows the answer, too.
        answers = bool(unanswered and cell.outputs and not asks)
        unanswered |= set(ASKED.findall(cell.source))
        unanswered -= set(REVEALED.findall(cell.source))
        if answers or any(ANSWER.search(output.get("text", "")) for output in cell.outputs):
            folded.append("hide-output")
        if "hide-output" in folded:
            asked = {"code_prompt_show": "Show what happens", "code_prompt_hide": "Hide it"}
            cell.metadata.setdefault("mystnb", {}).update(asked)
        cell.metadata["tags"] = tags(cell) + (["hide-cell"] if len(folded) == 2 else folded)
        for call, said in OF_WHOEVER_ANSWERS.items():
            if cell.source.startswith(call):
                cell.outputs = [new_output("stream", text=said)]  # type: ignore[no-untyped-call]
        if asks and asks[1] in ("predict", "explain"):  # what they ask stands below
            cell.metadata["tags"].append("hide-input")
        is_question = asks is not None and asks[1] in ("predict", "explain", "practice")
        questions = [o for o in cell.outputs if is_question and "text/plain" in o.get("data", {})]
        for output in cell.outputs:
            say_nothing_of_buttons(output)
        for number, output in enumerate(questions, 1):
            several = number if len(questions) > 1 else None
            output.data["text/html"] = question(output.data["text/plain"], several)
        for output in cell.outputs:
            if "text/html" in output.get("data", {}):
                output.data["text/html"] = words_to_the_left(output.data["text/html"])
        cell.outputs = [output for output in cell.outputs if output.get("text") != ""]
        if asks and cell.outputs:
            verb = "Try" if asks[1] in ("turns", "check") else "Answer"
            place = {"text/html": PLACE.format(verb)}
            cell.outputs.append(new_output("display_data", place))  # type: ignore[no-untyped-call]
    return notebook


def question(shown: str, number: int | None = None) -> str:
    """The HTML of a question, its choices a list; number: which it is, where a cell asks several.

    shown: as it was printed, such as "What do you expect? Choose 'a', 'b' or 'c'."
    """
    choices = list[str]()
    if found := CHOICES.search(shown):
        shown, choices = shown[: found.end(1)], listed(found[2])
    given, _, asked = shown.rstrip().rpartition("\n")
    box = "highlight wraps" if is_prose(given) else "highlight"
    return (
        (f'<div class="{box}"><pre>{escape(given)}</pre></div>' if given else "")
        + f"<p>{f'{number}. ' if number else ''}{escape(asked)}</p>"
        + ("<ul>" + "".join(f"<li>{escape(c)}</li>" for c in choices) + "</ul>" if choices else "")
    )


def listed(choices: str) -> list[str]:
    """The choices of "'a', 'b' or 'c'", as buttons show them. Raises ValueError where it is not."""
    for found in [None, *re.finditer(" or ", choices)]:
        text = choices if found is None else f"{choices[: found.start()]}, {choices[found.end() :]}"
        try:
            return [
                f"{c:,}" if isinstance(c, int) else str(c) for c in ast.literal_eval(f"[{text}]")
            ]
        except (SyntaxError, ValueError):
            continue
    raise ValueError(f"choices must be Python's literals, got {choices!r}")


def say_nothing_of_buttons(output: NotebookNode) -> None:
    if "text" in output:
        output.text = TO_WHOEVER_RUNS_IT.sub("", output.text)
    elif "text/plain" in output.get("data", {}):
        shown = TO_WHOEVER_RUNS_IT.sub("", output.data["text/plain"])
        output.data["text/plain"] = shown.rstrip("\n") if shown else shown


def description(cell: NotebookNode | None) -> str:
    """The words below a picture, cut at a line or a sentence where they are long."""
    if cell is None:
        return ""
    if cell.cell_type == "markdown":
        text = re.sub(r"[*_`]|\]\([^)]*\)|\[", "", cell.source)
    else:
        text = "".join(output.get("text", "") for output in cell.outputs)
    text = re.sub(r"^What happened:.*\n?", "", TO_WHOEVER_RUNS_IT.sub("", text), flags=re.M)
    if not text.strip():
        return "The numbers of the table below, as a picture."
    parts = re.split(r"\n+|(?<=[.:;]) ", text.strip())
    said = " ".join(parts[0].split())
    for part in parts[1:]:
        if len(said) + len(part) > ALT:
            return f"{said} (more below)"
        said = f"{said}{'' if said.endswith(('.', ':', ';')) else ';'} {' '.join(part.split())}"
    return said


ROW = re.compile(r"<tr[^>]*>.*?</tr>", re.S)
CELL = re.compile(r"<(t[hd])>(.*?)</\1>", re.S)


def words_to_the_left(table: str) -> str:
    """The HTML of a table, its columns of words marked as such: numbers alone end on the right.

    What is short stays in one line.
    """
    rows = [CELL.findall(row) for row in ROW.findall(table)]
    if len({len(cells) for cells in rows}) != 1:
        return table
    words = {
        column
        for cells in rows
        for column, (kind, text) in enumerate(cells)
        if kind == "td" and re.search("[a-z]{3}", text)
    }

    def marked(row: re.Match[str]) -> str:
        columns = count()

        def cell(found: re.Match[str]) -> str:
            kind, text = found.groups()
            if len(text) <= SHORT:
                text = text.replace(" ", "\N{NO-BREAK SPACE}")
            chosen = ' class="words"' if next(columns) in words else ""
            return f"<{kind}{chosen}>{text}</{kind}>"

        return CELL.sub(cell, row[0])

    return ROW.sub(marked, table)


def is_prose(shown: str) -> bool:
    """Whether lines that a cell has printed may be wrapped: nothing in them is set in columns."""
    return not LAID_OUT.search(shown)


# --- pages ----------------------------------------------------------------------------------------

HERE = re.compile(r"^<!-- here: (\S+?)(?: # (.+?))? -->$", re.M)
LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\[\]]*)\]\((?P<target>[^)\s]+)\)")


def page(text: str, path: Path) -> str:
    """The text of the page at `path`, with the files that it shows."""

    def shown(found: re.Match[str]) -> str:
        other = (path.parent / found[1]).resolve()
        content = other.read_text(encoding="utf-8")
        if found[2]:
            content = section(content, found[2])
        return led(content, other.parent, path.parent).strip()

    parts = HERE.split(text)
    own = [led(part, path.parent, path.parent) for part in parts[::3]]
    files = [shown(found) for found in HERE.finditer(text)]
    return own[0] + "".join(file + after for file, after in zip(files, own[1:], strict=True))


def section(text: str, heading: str) -> str:
    """What stands below a heading, to the next one of its level. Raises ValueError without it."""
    found = re.search(rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,2}} |\Z)", text, re.M | re.S)
    if found is None:
        raise ValueError(f"heading must be in the file, got {heading!r}")
    return found[2]


def led(text: str, folder: Path, page_folder: Path) -> str:
    """Markdown from `folder`, with links that lead from a page in `page_folder`."""

    def there(found: re.Match[str]) -> str:
        target, _, anchor = found["target"].partition("#")
        if not target or re.match(r"[a-z]+:", target):
            return found[0]
        path = (folder / target).resolve()
        if not path.is_relative_to(ROOT):
            return found[0]
        if found["image"]:
            return f"![{found['text']}]({relpath(path, page_folder)})"
        place = path.relative_to(ROOT).as_posix()
        if place in SHOWN or (path.suffix in (".md", ".ipynb") and path.is_relative_to(NOTEBOOKS)):
            page = NOTEBOOKS / SHOWN[place] if place in SHOWN else path
            return f"[{found['text']}]({relpath(page, page_folder)}{'#' * bool(anchor)}{anchor})"
        if place.startswith("sched/") and path.suffix == ".py":
            source = NOTEBOOKS / "_modules" / place
            url = relpath(source.with_suffix(".html"), page_folder)
            return f'<a href="{url}">{found["text"]}</a>'
        return found["text"]

    # What is code is no link.
    parts = re.split(r"(^```.*?^```$|^~~~.*?^~~~$)", text, flags=re.M | re.S)
    return "".join(part if n % 2 else LINK.sub(there, part) for n, part in enumerate(parts))


def slug(title: str) -> str:
    """What a link to a heading ends in, as in Jupyter: the heading, with dashes for spaces."""
    return re.sub(r"\s+", "-", title.strip())


LONG_NAME = re.compile(r'(?<=<span class="pre">)\w{30,}(?=</span>)')


def breakable(body: str) -> str:
    """HTML in which a long name, such as that of a test, is broken where a phone is too narrow."""
    return LONG_NAME.sub(lambda found: found[0].replace("_", "_<wbr>"), body)


PICTURE = re.compile(r'<img [^>]*src="([^"]*?([^"/]+)\.png)"[^>]*>')


def pictures(body: str, narrow: Callable[[str], str | None]) -> str:
    """HTML in which a picture leads to itself alone, and is another one on a phone if there is one.

    narrow: the address of what was drawn for a phone in place of a picture of that name, or None
    """

    def leading(found: re.Match[str]) -> str:
        image, address, name = found.group(0, 1, 2)
        if other := narrow(name):
            source = f'<source media="(max-width: 46em)" srcset="{other}">'
            image = f"<picture>{source}{image}</picture>"
        return f'<a class="picture" href="{address}">{image}</a>'

    return PICTURE.sub(leading, body)


# --- docstrings -----------------------------------------------------------------------------------

ARGUMENT = re.compile(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*|\w+ and \w+): (?=\S)")


def docstring(lines: list[str]) -> list[str]:
    """The lines of a docstring, in which lines such as `delay: seconds` have become a list."""
    result: list[str] = []
    listed = False
    for line in lines:
        found = ARGUMENT.match(line)
        if found and (listed or not result or not result[-1].strip()):
            names = found[1].replace("*", r"\*")
            result.append(f"- **{names}**: {line[found.end() :]}")
            listed = True
        elif listed and line.strip():
            result.append(f"  {line}")
        else:
            listed = False
            result.append(line)
    return result
