"""What is read after an answer: one file for each notebook, so that no cell gives it away.

`after/01.md` holds a section "## order" for the prediction "01-order": `reveal` shows it.
"""

import re
from pathlib import Path

from .asking import in_a_notebook

FOLDER = Path(__file__).resolve().parent / "after"


def text(id_: str) -> str:
    """What is to be read after this prediction, as Markdown; nothing if there is nothing."""
    try:
        source = (FOLDER / f"{id_[:2]}.md").read_text(encoding="utf-8")
    except OSError:
        return ""
    for part in re.split(r"^## ", source, flags=re.M)[1:]:
        name, _, body = part.partition("\n")
        if name.strip() == id_[3:]:
            return body.strip()
    return ""


def show(id_: str) -> None:
    """Show it: formatted where that is possible."""
    markdown = text(id_)
    if not markdown:
        return
    if in_a_notebook():
        from IPython.display import display

        bundle = {"text/plain": markdown, "text/markdown": markdown}
        display(bundle, raw=True)  # type: ignore[no-untyped-call]
    else:
        print(markdown)
