"""What the site makes of notebooks and pages, without building it: `make browser` does that."""

import ast
import importlib
import re
import sys
from html import unescape
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

import sched
from lab import predictions
from tests.test_notebook_rules import code, text

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS / "site"))

import reading  # noqa: E402

GUIDE = NOTEBOOKS / "guide"


def prepared(*cells: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    return list(reading.read(nbformat.writes(notebook)).cells)


# -- notebooks


def test_what_no_reader_needs_is_left_out() -> None:
    path = code('import sys\n\nsys.path.insert(0, "..")  # where lab is')
    kept = prepared(text("a"), path, code("x = 1", "ci-only"), code("y = 1"))
    assert [cell.source for cell in kept] == ["a", "y = 1"]


def test_what_answers_a_question_is_folded_and_so_is_what_the_notebook_folds() -> None:
    hidden = code("x", plain="1")
    hidden.metadata["jupyter"] = {"source_hidden": True}
    both = code('if x:\n    reveal("01-a", 1)', "broken", out="What happened: 1")
    both.metadata["jupyter"] = {"source_hidden": True}
    answer = code('x = 1\nreveal("01-a", x)', out="x\nWhat happened: 1\n")
    shown = prepared(answer, hidden, both, code("x", plain="1"))
    folded = [[t for t in cell.metadata["tags"] if t.startswith("hide")] for cell in shown]
    assert folded == [["hide-output"], ["hide-input"], ["hide-cell"], []]


def test_between_a_question_and_its_answer_nothing_is_shown() -> None:
    cells = prepared(
        code('predict("01-a", choices=[1, 2])', plain="What do you expect? Choose 1 or 2."),
        code("x = 1 + 1\nx", plain="2"),
        code('explain("01-b", "Why?")', plain="Why?"),
        code('reveal("01-a", x)', out="Not 1.\nWhat happened: 2\n"),
        code("x", plain="2"),
    )
    folded = ["hide-output" in cell.metadata["tags"] for cell in cells]
    assert folded == [False, True, False, True, False]


def test_each_question_of_the_notebooks_has_its_answer_below_it() -> None:
    """Or all to the end of the notebook would be folded."""
    for path in sorted([*NOTEBOOKS.glob("[0-9]*.ipynb"), *NOTEBOOKS.glob("deeper/[0-9]*.ipynb")]):
        source = "\n".join(cell.source for cell in nbformat.read(path, 4).cells)
        for name in reading.ASKED.findall(source):
            _, asked, below = source.partition(f'"{name}"')
            assert asked and name in reading.REVEALED.findall(below), f"{path.name}: {name}"


def test_what_is_folded_says_what_it_holds() -> None:
    code_alone = code("x", plain="1")
    code_alone.metadata["jupyter"] = {"source_hidden": True}
    answer, other = prepared(code('reveal("01-a", 1)', out="What happened: 1"), code_alone)
    assert answer.metadata["mystnb"]["code_prompt_show"] == "Show what happens"
    assert "mystnb" not in other.metadata  # as conf.py has it: the code


def test_in_a_table_words_begin_on_the_left_and_numbers_end_on_the_right() -> None:
    head = "<tr>\n <th></th>\n <th>n</th>\n <th>why</th>\n</tr>"
    body = "<tr>\n <th>heap</th>\n <td>129 ms</td>\n <td>it is very small</td>\n</tr>"
    table = f'<table border="1"><thead>{head}</thead><tbody>{body}</tbody></table>'
    shown = table.replace("129 ms", "129\N{NO-BREAK SPACE}ms").replace(
        "<th>why", '<th class="words">why'
    )
    shown = shown.replace("<td>it", '<td class="words">it')
    assert reading.words_to_the_left(table) == shown
    (cell,) = prepared(code("x", html=table))
    assert cell.outputs[0].data["text/html"] == shown
    uneven = table.replace("<td>129 ms</td>", "")
    assert reading.words_to_the_left(uneven) == uneven


@pytest.mark.parametrize(
    ("printed", "prose"),
    [
        ("Not yet: push is still to be written.\nTry it.", True),
        ("push 8\n    is 8 < 3?", True),
        ("One of [5, 7], [7, 5].", True),
        ("n      add\n128    2.4", False),
        ("a | b", False),
        ("a\n---\nb", False),
        ("\u2502 heap \u2502", False),
        ("class Broken:\n    pass", False),
    ],
)
def test_sentences_may_be_wrapped_and_columns_may_not(printed: str, prose: bool) -> None:
    assert reading.is_prose(printed) is prose


def test_a_question_says_nothing_of_buttons_that_are_not_there() -> None:
    asks = 'What do you expect? Choose 1 or 2.\nWithout buttons, answer with predict("01-a")'
    told = "What happened: 2\nNot predicted. You still can, above: it counts.\n"
    question, answer, empty, score = prepared(
        code("predict(1)", plain=asks),
        code("reveal(1)", out=told),
        code("reveal(1)", out="Not predicted. You still can.\n"),
        code("score()", out="0 of 3"),
    )
    assert question.outputs[0].data["text/plain"] == "What do you expect? Choose 1 or 2."
    assert answer.outputs[0].text == "What happened: 2\n"
    assert empty.outputs == []
    assert [output.text for output in score.outputs] == ["Where you run it: your score.\n"]


TWO = "<ul><li>[7]</li><li>[5, 7]</li></ul>"


@pytest.mark.parametrize(
    ("call", "printed", "html"),
    [
        (
            "predict",
            "What do you expect? Choose 'a', 'b or c' or 1000.\nWithout buttons, predict(\"01-a\")",
            "<p>What do you expect?</p><ul><li>a</li><li>b or c</li><li>1,000</li></ul>",
        ),
        (
            "predict",
            'What do you expect? Choose 4 or 4.2.\nWithout buttons, predict("01-recall-2")',
            "<p>What do you expect?</p><ul><li>4</li><li>4.2</li></ul>",
        ),
        (
            "predict",
            'What do you expect: how many <seconds>?\nWithout buttons, predict("01-a")',
            "<p>What do you expect: how many &lt;seconds&gt;?</p>",
        ),
        (
            "practice",
            "heap = [5, 7]\nWhat now?\nOne of [7], [5, 7].\nWithout buttons, practice()",
            f'<div class="highlight wraps"><pre>heap = [5, 7]</pre></div><p>What now?</p>{TWO}',
        ),
        (
            "practice",
            "get()    # a\nWhat?\nOne of [7], [5, 7].\nWithout buttons, practice()",
            f'<div class="highlight"><pre>get()    # a</pre></div><p>What?</p>{TWO}',
        ),
        ("explain", "Why?\nWithout a text area, write explain()", "<p>Why?</p>"),
    ],
)
def test_a_question_lists_its_choices(call: str, printed: str, html: str) -> None:
    (cell,) = prepared(code(f"{call}()", plain=printed))
    shown, to_answer = (output.data["text/html"] for output in cell.outputs)
    assert shown == html
    assert to_answer == reading.PLACE.format("Answer")
    assert ("hide-input" in cell.metadata["tags"]) is (call != "practice")


def test_questions_of_one_cell_are_numbered() -> None:
    """As they are above it."""
    cell = code("predict()\npredict()", plain="What do you expect?")
    cell.outputs *= 2
    (cell,) = prepared(cell)
    shown = [output.data["text/html"] for output in cell.outputs]
    assert shown[:2] == ["<p>1. What do you expect?</p>", "<p>2. What do you expect?</p>"]


@pytest.mark.parametrize("there", reading.AS_IT_IS_HERE)
def test_what_a_notebook_says_of_jupyterlab_it_says_of_the_site(there: str) -> None:
    found = [p for p in sorted(NOTEBOOKS.glob("*.ipynb")) if there in p.read_text(encoding="utf-8")]
    assert len(found) == 1
    cells = reading.read(found[0].read_text(encoding="utf-8")).cells
    sources = [cell.source for cell in cells]
    assert not any(there in source for source in sources)
    assert sum(reading.AS_IT_IS_HERE[there] in source for source in sources) == 1


@pytest.mark.parametrize("call", ['turns("count")', "check.push(push)"])
def test_below_what_a_reader_would_try_stands_where(call: str) -> None:
    (cell,) = prepared(code(call, out="Not yet."))
    assert cell.outputs[0].text == "Not yet."
    assert cell.outputs[1].data["text/html"] == reading.PLACE.format("Try")


def test_each_question_of_the_notebooks_has_all_of_its_choices() -> None:
    """As its call names them, though they are read from what it has printed."""
    asked = 0
    for path in sorted([*NOTEBOOKS.glob("[0-9]*.ipynb"), *NOTEBOOKS.glob("deeper/[0-9]*.ipynb")]):
        for cell in reading.read(path.read_text(encoding="utf-8")).cells:
            if cell.cell_type != "code" or not cell.source.startswith("predict("):
                continue
            *questions, _ = (output.data["text/html"] for output in cell.outputs)
            calls = [
                node.value for node in ast.parse(cell.source).body if isinstance(node, ast.Expr)
            ]
            for call, html in zip(calls, questions, strict=True):
                assert isinstance(call, ast.Call)
                named = {k.arg: ast.literal_eval(k.value) for k in call.keywords}
                labels = [predictions.show(choice) for choice in named.get("choices", [])]
                assert [unescape(label) for label in re.findall("<li>(.*?)</li>", html)] == labels
                asked += 1
    assert asked > 90


@pytest.mark.parametrize(
    ("below", "alt"),
    [
        (code("describe(x)", out="A line.\nIt rises: a, 1\n"), "A line. It rises: a, 1"),
        (text("**Two** lines, [one](a.ipynb) of `heap`."), "Two lines, one of heap."),
        (code("x", out="What happened: 1\na, 1\nb, 2\n"), "a, 1; b, 2"),
        (code("x", html="<table></table>"), "The numbers of the table below, as a picture."),
        (code("x", out=f"First.\n{'long ' * 60}\n"), "First. (more below)"),
    ],
)
def test_a_picture_is_described_by_the_words_below_it(
    below: nbformat.NotebookNode, alt: str
) -> None:
    picture, _ = prepared(code("plt.show()", png="iVBORw0KGgo="), below)
    assert picture.metadata["mystnb"] == {"image": {"alt": alt}}


def test_every_picture_that_is_stored_gets_a_description() -> None:
    pictures = 0
    for path in sorted(NOTEBOOKS.rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        for cell in reading.read(path.read_text(encoding="utf-8")).cells:
            if any("image/png" in output.get("data", {}) for output in cell.get("outputs", [])):
                pictures += 1
                assert len(cell.metadata["mystnb"]["image"]["alt"]) > 30, f"{path.name}: {cell.id}"
    assert pictures > 20


# -- pages


def shown(text: str) -> str:
    return reading.page(text, GUIDE / "some.md")


@pytest.mark.parametrize(
    ("link", "led"),
    [
        ("[a](../../README.md)", "[a](../index.md)"),
        ("[a](../../README.md#Start)", "[a](../index.md#Start)"),
        ("[a](../05_performance.ipynb)", "[a](../05_performance.ipynb)"),
        ("[a](files.md)", "[a](files.md)"),
        ("[`h`](../../sched/heap.py)", '<a href="../_modules/sched/heap.html">`h`</a>'),
        ("[a](../../LICENSE)", "a"),
        ("![a](../../benchmarks/results/a.png)", "![a](../../benchmarks/results/a.png)"),
        ("[a](https://a.org/b) [b](#c)", "[a](https://a.org/b) [b](#c)"),
        ("```\n[a](../../LICENSE)\n```", "```\n[a](../../LICENSE)\n```"),
    ],
)
def test_a_link_leads_where_the_site_has_it(link: str, led: str) -> None:
    assert shown(link) == led


def test_a_long_name_can_be_broken_at_its_underscores_and_a_short_one_cannot() -> None:
    long, short = "test_a_task_never_runs_before_its_time", "get_next_task"
    body = f'<code><span class="pre">{long}</span></code> <span class="pre">{short}</span>'
    assert reading.breakable(body) == body.replace(long, long.replace("_", "_<wbr>"))


def test_a_picture_leads_to_itself_and_is_another_on_a_phone_where_that_is_drawn() -> None:
    body = '<p><img alt="A" src="../_images/a.png" /> <img alt="B" src="../_images/b.png" /></p>'
    known = {"a": "../_static/a_narrow.png"}
    first, second = (
        '<img alt="A" src="../_images/a.png" />',
        '<img alt="B" src="../_images/b.png" />',
    )
    source = '<source media="(max-width: 46em)" srcset="../_static/a_narrow.png">'
    assert reading.pictures(body, known.get) == (
        f'<p><a class="picture" href="../_images/a.png"><picture>{source}{first}</picture></a> '
        f'<a class="picture" href="../_images/b.png">{second}</a></p>'
    )


def test_what_is_drawn_for_a_phone_is_shown_on_one() -> None:
    """By name: NAME_narrow.png is shown in place of NAME.png, which some page must show."""
    for path in (NOTEBOOKS.parent / "benchmarks" / "results").glob("*_narrow.png"):
        wide = path.name.replace("_narrow", "")
        assert path.with_name(wide).is_file()
        pages = [NOTEBOOKS.parent / place for place in ("README.md", "benchmarks/README.md")]
        assert any(f"/{wide})" in page.read_text(encoding="utf-8") for page in pages)


def test_a_file_is_shown_with_its_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebooks = tmp_path / "notebooks"
    (notebooks / "guide").mkdir(parents=True)
    monkeypatch.setattr(reading, "ROOT", tmp_path)
    monkeypatch.setattr(reading, "NOTEBOOKS", notebooks)
    (tmp_path / "README.md").write_text("# A\n[b](notebooks/guide/b.md)\n\n## B\nb\n\n## C\nc\n")
    page = "<!-- here: ../../README.md -->\n"
    assert reading.page(page, notebooks / "guide" / "c.md").startswith("# A\n[b](b.md)\n")
    page = "# D\n<!-- here: ../../README.md # B -->\nd\n"
    assert reading.page(page, notebooks / "guide" / "c.md") == "# D\nb\nd\n"
    with pytest.raises(ValueError, match="got 'E'"):
        reading.page("<!-- here: ../../README.md # E -->", notebooks / "guide" / "c.md")


def test_arguments_stand_one_below_the_other() -> None:
    lines = ["Add it. O(1).", "", "delay: seconds,", "or none", "*args, b: more", "", "Raises: not"]
    assert reading.docstring(lines) == [
        "Add it. O(1).",
        "",
        "- **delay**: seconds,",
        "  or none",
        r"- **\*args, b**: more",
        "",
        "- **Raises**: not",
    ]
    assert reading.docstring(["a", "delay: seconds"]) == ["a", "delay: seconds"]


def test_every_page_is_in_the_contents() -> None:
    contents = (NOTEBOOKS / "index.md").read_text(encoding="utf-8")
    pages = {path.relative_to(NOTEBOOKS).with_suffix("").as_posix() for path in GUIDE.glob("*.md")}
    assert {page for page in pages if page not in contents.split()} == set()


MODULES = ["sched", "sched.durable", "sched.engines", "sched.plots"]
STANDARD = {"Event", "scheduler"}  # the standard library's own


@pytest.mark.parametrize("module", [importlib.import_module(name) for name in MODULES])
def test_every_public_name_is_in_the_reference(module: ModuleType) -> None:
    page = (GUIDE / "api.md").read_text(encoding="utf-8")
    if f"automodule:: {module.__name__}\n" in page:
        return
    listed = set(re.findall(rf"auto\w+:: {re.escape(module.__name__)}\.(\w+)$", page, flags=re.M))
    names = set(module.__all__) - (STANDARD if module is sched else set())
    assert names <= listed
