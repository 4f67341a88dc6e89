"""One output that asks: buttons where they work, and a plain form that says how to answer without.

The front end chooses between the two. A click replaces the output by a line of text, so that a
notebook that is opened again shows no buttons that do nothing. (An output that was never clicked is
saved without its buttons, by each server of the environment that `make` made.)
"""

import sys
from base64 import b64encode
from collections.abc import Callable
from typing import Any

WIDGET = "application/vnd.jupyter.widget-view+json"
# A button that is taken away after a click leaves the keys with nothing, and Shift+Enter would wait
# for another click. They go to the next cell, where they were before the click. Shown for a moment
# only, so that nothing of it is saved; where there is no such page, it does nothing.
KEYS_TO_THE_NEXT_CELL = """\
if (document.activeElement === document.body) {
  const cell = document.querySelector(
    ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell.jp-mod-active");
  const next = cell && cell.nextElementSibling;
  const to = next && next.classList.contains("jp-Cell") ? next : cell;
  if (to) to.focus({preventScroll: true});
}"""


class Form:
    """An output that was shown, and can be replaced."""

    def __init__(self, plain: str, widget: Any = None) -> None:
        self.text = plain
        self.widget = widget
        self._display: Any = None
        if in_a_notebook():
            from IPython.display import display

            self._display = display(self._bundle(), raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            print(plain)

    def _bundle(self) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": self.text}
        if self.widget is not None:
            model = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
            bundle[WIDGET] = model
        return bundle

    def say(self, plain: str) -> None:
        """Change the plain form, which is what is saved; the buttons stay."""
        if plain != self.text:
            self.text = plain
            if self._display is not None:
                self._display.update(self._bundle(), raw=True)

    def replace(self, text: str, png: bytes | None = None) -> None:
        """Show a text in place of the buttons; or a picture, where one can be shown."""
        self.text = text
        if self._display is not None:
            if self.widget is not None:
                keys = {"text/plain": text, "application/javascript": KEYS_TO_THE_NEXT_CELL}
                self._display.update(keys, raw=True)
            picture = {} if png is None else {"image/png": b64encode(png).decode()}
            self._display.update({"text/plain": text, **picture}, raw=True)
        if self.widget is not None:
            self.widget.close_all_of_it()


def in_a_notebook() -> bool:
    """Whether there is a kernel that can show something; a terminal cannot."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    shell = get_ipython()
    return shell is not None and "Terminal" not in type(shell).__name__


def widgets() -> Any:
    """ipywidgets; None where there are none, or nothing that could show them."""
    if not in_a_notebook():
        return None
    try:
        import ipywidgets
    except ImportError:
        return None
    return ipywidgets


class Box:
    """A widget with its parts: they go together."""

    def __init__(self, box: Any, *parts: Any) -> None:
        self.box, self.parts = box, parts
        self.model_id = box.model_id

    def close_all_of_it(self) -> None:
        for part in (*self.parts, self.box):
            part.close()


def radio(question: str, labels: list[str], chosen: Callable[[int], None]) -> Any:
    """Radio buttons, none of them pressed; `chosen` gets the place of the one that is."""
    w = widgets()
    if w is None:
        return None
    buttons = w.RadioButtons(
        options=[(label, place) for place, label in enumerate(labels)],
        value=None,
        layout=w.Layout(width="auto"),
    )
    buttons.observe(lambda change: chosen(change["new"]), names="value")
    head = w.HTML(escaped(question))
    box = Box(w.VBox([head, buttons]), head, buttons)
    box.input = buttons  # type: ignore[attr-defined]
    return box


def field(question: str, hint: str, given: Callable[[str], str]) -> Any:
    """An empty text field; `given` gets what is in it, and returns what is wrong with it, or ""."""
    w = widgets()
    if w is None:
        return None
    text = w.Text(placeholder=hint, continuous_update=False)
    fits = w.Layout(width="auto", flex="0 0 auto")  # in a narrow window the field gives way
    button = w.Button(description="This is my answer", layout=fits)
    head, problem = w.HTML(escaped(question)), w.HTML()

    def take(_: object) -> None:
        if text.value.strip():
            problem.value = escaped(given(text.value))

    text.observe(take, names="value")
    button.on_click(take)
    box = Box(w.VBox([head, w.HBox([text, button]), problem]), head, text, button, problem)
    box.input = text  # type: ignore[attr-defined]
    return box


def area(question: str, value: str, longest: int, written: Callable[[str], str]) -> Any:
    """A text area; `written` gets what is in it at each change, and returns a line to show."""
    w = widgets()
    if w is None:
        return None
    text = w.Textarea(value=value, rows=5, layout=w.Layout(width="95%"))
    head, told = w.HTML(escaped(question)), w.HTML()

    def keep(change: Any) -> None:
        told.value = escaped(written(change["new"][:longest]))

    text.observe(keep, names="value")
    box = Box(w.VBox([head, text, told]), head, text, told)
    box.input = text  # type: ignore[attr-defined]
    return box


def escaped(text: str) -> str:
    from html import escape

    return escape(text).replace("\n", "<br>")
