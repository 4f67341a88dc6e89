"""Sphinx's configuration: `make site`. What it reads is told in reading.py.

A page loads nothing from anywhere else: no font, no script, no badge. Notebooks are not run: what
they show is what is stored in them.

Built by `make lite` (the tag lite), each notebook has a link to its copy that runs in the browser;
in a workflow on GitHub, one to Binder too, where a browser is not enough.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import reading  # noqa: E402
import running  # noqa: E402

import sched  # noqa: E402

project = "sched"
author = "The sched authors"
project_copyright = "the sched authors. MIT License"
version = release = sched.__version__
root_doc = "index"
exclude_patterns = ["lab", "site", "progress", "**/.ipynb_checkpoints"]

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]

nb_execution_mode = "off"
nb_custom_formats = {".ipynb": ["reading.read", {}, False]}
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
nb_merge_streams = True
myst_heading_anchors = 4
myst_heading_slug_func = "reading.slug"
suppress_warnings = ["mystnb.unknown_mime_type"]

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 80
add_module_names = False

html_theme = "furo"
html_title = "sched"
# Pictures that were drawn once more for a phone: see reading.pictures.
NARROW = sorted((HERE.parents[1] / "benchmarks" / "results").glob("*_narrow.png"))
html_scaled_image_link = False  # it has a link already
html_static_path = ["static", *map(str, NARROW)]
templates_path = ["templates"]
html_additional_pages = {"404": "404.html"}
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_copy_source = False
html_domain_indices = False  # of modules: all but one are in the interface
html_show_sphinx = False
# Colours of the code that can be told apart by everybody, on light and on dark.
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

PARAMETERS = re.compile(r'<dl>\n(<dd><em class="sig-param".*?)</dl>', re.S)


def read_page(app: Sphinx, docname: str, source: list[str]) -> None:
    """Markdown pages: the files that they show, and links that lead into this site."""
    path = Path(app.env.doc2path(docname))
    if path.suffix == ".md":
        source[0] = reading.page(source[0], path)


def note_anchors(app: Sphinx, doctree: nodes.document) -> None:
    """Let links lead to what has its id from HTML, as the words of the glossary have."""
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for node in doctree.findall(nodes.raw):
        for name in re.findall(r'<a id="([^"]+)">', node.astext()):
            slugs.setdefault(name, (node.line, name, name))


def wrap_sentences(_app: Sphinx, doctree: nodes.document) -> None:
    """Let what a cell has printed be wrapped where that moves no columns."""
    for node in doctree.findall(nodes.literal_block):
        if "output" in node["classes"] and reading.is_prose(node.astext()):
            node["classes"].append("wraps")


def fit_a_phone(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Pictures that were drawn for it, and long names."""

    def narrow(name: str) -> str | None:
        there = f"{name}_narrow.png"
        known = there in [path.name for path in NARROW]
        return context["pathto"](f"_static/{there}", 1) if known else None

    context["body"] = reading.breakable(reading.pictures(context.get("body", ""), narrow))


def mend_for_screen_readers(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Headings of the menu have a level, a list of parameters is none of definitions, and what is
    folded is called what can be read on it."""
    menu = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = menu.replace('"heading"', '"heading" aria-level="2"')
    body = PARAMETERS.sub(as_divisions, context.get("body", ""))
    context["body"] = body.replace(' aria-label="Toggle hidden content"', "")


def as_divisions(found: re.Match[str]) -> str:
    return '<div class="sig-params">' + re.sub("(</?)dd>", r"\1div>", found[1]) + "</div>"


def set_out_arguments(
    _app: Sphinx, _what: str, _name: str, _obj: object, _options: object, lines: list[str]
) -> None:
    lines[:] = reading.docstring(lines)


def say_where_to_run_it(
    app: Sphinx, page: str, _template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Below the title of a notebook, and below each question in it. On the first page, too."""
    if doctree is None:
        return
    if Path(app.env.doc2path(page)).suffix == ".ipynb":
        said = running.links(
            page,
            context["pathto"],
            in_browser=app.tags.has("lite"),
            repository=os.environ.get("GITHUB_REPOSITORY", ""),
        )
        where = running.where(page, context["pathto"], in_browser=app.tags.has("lite"))
        for verb in ("Answer", "Try"):
            place = reading.PLACE.format(verb)
            context["body"] = context["body"].replace(
                place, f'<p class="run-it">{verb} it {where}.</p>'
            )
    elif page == root_doc and app.tags.has("lite"):
        said = running.front(context["pathto"])
    else:
        return
    said = f'<p class="run-it">{said}</p>'
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{said}", 1)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", read_page)
    app.connect("doctree-read", note_anchors)
    app.connect("doctree-read", wrap_sentences)
    app.connect("autodoc-process-docstring", set_out_arguments)
    app.connect("html-page-context", say_where_to_run_it)
    app.connect("html-page-context", fit_a_phone)
    app.connect("html-page-context", mend_for_screen_readers, priority=900)  # after the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}
