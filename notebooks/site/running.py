"""Where a notebook can be run: what the site says below its title, and below a question."""

from collections.abc import Callable

# What a browser does not have, and a notebook uses: some of its cells fail there, or play it.
BEYOND_A_BROWSER = {
    "03_workers": "threads",
    "07_memory": "processes",
    "08_engineering": "threads",
    "09_real_world": "processes",
    "deeper/03_pools": "threads",
    "deeper/04_dead_letters": "threads",
    "deeper/08_stopping": "processes",
    "deeper/08_time_is_up": "threads",
}


def front(pathto: Callable[..., str]) -> str:
    """HTML for the landing page of a site that has JupyterLite beside it."""
    address = in_lite("00_start_here", pathto)
    return f'<a href="{address}">Start in your browser</a>: nothing to install.'


def on_binder(page: str, repository: str) -> str:
    """The address at which Binder makes an environment of a repository, and opens a notebook."""
    return f"https://mybinder.org/v2/gh/{repository}/HEAD?labpath=notebooks/{page}.ipynb"


def in_lite(page: str, pathto: Callable[..., str]) -> str:
    return f"{pathto('lite/notebooks/index.html', 1)}?path={page}.ipynb"


def where(page: str, pathto: Callable[..., str], *, in_browser: bool) -> str:
    """HTML that ends a sentence below a question: where it can be answered. As in `links`."""
    browser = f'<a href="{in_lite(page, pathto)}">in your browser</a> or ' if in_browser else ""
    return f'{browser}<a href="{pathto("guide/start")}">on your machine</a>'


def links(page: str, pathto: Callable[..., str], *, in_browser: bool, repository: str) -> str:
    """HTML for a page such as "deeper/02_clocks".

    pathto     Sphinx's: the address of another page, or with 1 that of a file, from this one
    in_browser whether JupyterLite is beside the site
    repository "owner/name" on GitHub, from which Binder makes an environment; "" if there is none
    """
    missing = BEYOND_A_BROWSER.get(page)
    said = []
    if in_browser:
        link = f'<a href="{in_lite(page, pathto)}">Run it in your browser</a>'
        said.append(link + (f", but for its {missing}." if missing else ": nothing to install."))
    if missing and repository:
        said.append(f'<a href="{on_binder(page, repository)}">Run all of it on Binder</a>.')
    here = f'<a href="{pathto("guide/start")}">open it on your machine</a>'
    said.append(f"Or {here}." if said else f"To answer, and to write your own: {here}.")
    return f"Nothing runs on this page. {' '.join(said)}"
