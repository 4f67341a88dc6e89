"""explain: the learner says it in their own words. Kept as it is written, never marked."""

from collections.abc import Callable

from . import after, progress, session
from .asking import Form, area, in_a_notebook
from .predictions import notebook_of

LONGEST = 2000  # letters
forms: dict[str, Form] = {}
_told: dict[str, Callable[..., None]] = {}  # what is called before each cell


def explain(id: str, question: str = "", *, text: str | None = None) -> None:  # noqa: A002
    """Ask for an explanation in the learner's own words.

    id: "<notebook>-<name>"; ours is in lab/after/<notebook>.md, under "## <name>".
    question: what is to be explained.
    text: where nothing can be written into the page: the words themselves.
    """
    notebook = notebook_of(id)
    session.used(notebook)
    if text is not None:
        print(_keep(id, str(text)))
        return
    kept = progress.load(notebook).words.get(id, "")
    asks = question or "Say it in your own words."
    plain = f'{asks}\nWithout a text area, write explain("{id}", text="...")'
    box = area(asks, kept, LONGEST, lambda written: _keep(id, written))
    forms[id] = Form(_with_words(plain, kept), box)
    _say_at_the_next_cell(id, plain)


def _with_words(plain: str, words: str) -> str:
    return f"{plain}\nYours: {words}" if words else plain


def _say_at_the_next_cell(id_: str, plain: str) -> None:
    """What is written belongs into the plain form too, which is what is saved: but not while it is
    being written, for then the text area would be made anew.
    """
    if not in_a_notebook():
        return
    from IPython import get_ipython

    def say(*_: object) -> None:
        words = progress.load(notebook_of(id_)).words.get(id_, "")
        forms[id_].say(_with_words(plain, words))

    shell = get_ipython()
    assert shell is not None
    if id_ in _told:
        shell.events.unregister("pre_run_cell", _told[id_])
    _told[id_] = say
    shell.events.register("pre_run_cell", say)


def _keep(id_: str, text: str) -> str:
    # Half a letter, as copying sometimes leaves, can be kept in no file.
    text = text[:LONGEST].encode("utf-8", "replace").decode()
    notebook = notebook_of(id_)
    page = progress.load(notebook)
    page.words[id_] = text
    progress.save(notebook, page)
    left = LONGEST - len(text)
    return "Kept." if left > 200 else f"Kept. {left} letters are left."


def explained(notebook: str | None = None) -> None:
    """Show, at the end, what was said in one's own words, beside ours."""
    number = notebook or session.notebook()
    words = progress.load(number).words if number else {}
    if not any(words.values()):
        print("Nothing is written in your own words yet.")
        return
    for id_, text in words.items():
        if not text.strip():
            continue
        ours = after.text(id_)
        parts = [f"**Yours** ({id_[3:].replace('-', ' ')})", _quoted(text)]
        parts += ["**Ours**", ours] if ours else []
        _show("\n\n".join(parts))


def _quoted(text: str) -> str:
    fence = "~" * 3
    while fence in text:
        fence += "~"
    return f"{fence}text\n{text}\n{fence}"  # as it was written: not as Markdown


def _show(markdown: str) -> None:
    if in_a_notebook():
        from IPython.display import display

        bundle = {"text/plain": markdown, "text/markdown": markdown}
        display(bundle, raw=True)  # type: ignore[no-untyped-call]
    else:
        print(markdown)
