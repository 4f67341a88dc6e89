"""Letters: which fonts draw them, how wide they are, and where a text is cut or broken."""

from bisect import bisect_right
from functools import lru_cache
from typing import Any

FONT = "DejaVu Sans"  # comes with matplotlib: metrics are the same on every machine
FALLBACKS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Noto Sans KR",
    "Source Han Sans", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback",
    "IPAexGothic", "IPAGothic", "NanumGothic", "Microsoft YaHei", "SimHei", "Yu Gothic", "Meiryo",
    "MS Gothic", "Malgun Gothic", "PingFang SC", "PingFang HK", "Hiragino Sans",
    "Hiragino Sans GB", "Heiti TC", "Apple SD Gothic Neo", "Arial Unicode MS",
)  # fmt: skip
"""Fonts with Chinese, Japanese or Korean letters, of which those that are installed are used."""


def families() -> tuple[str, ...]:
    """The fonts of all text: our own, and after it those installed that have what it lacks."""
    from matplotlib.font_manager import fontManager

    return _families(FALLBACKS, len(fontManager.ttflist))


@lru_cache(maxsize=8)
def _families(fallbacks: tuple[str, ...], _known: int) -> tuple[str, ...]:
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return (FONT, *(name for name in fallbacks if name in installed))


def drawable(text: str, instead: str = "") -> str:
    """The text without what none of the fonts can draw. O(its length).

    Emoji and other signs are left out. Where a letter is missing, what is left of the name would
    mislead: it becomes ``instead`` (``task 7``), or has an ellipsis for each run of such letters.
    """
    if text.isascii():
        return text
    has = _has(families())
    drawn = [char.isspace() or ord(char) in has for char in text]
    if all(drawn):
        return text
    kept: list[str] = []
    for char, fine in zip(text, drawn, strict=True):
        if fine:
            kept.append(char)
        elif char.isalpha():
            if instead:
                return instead
            if kept[-1:] != ["…"]:
                kept.append("…")
    return "".join(kept).strip() or instead or "…"


@lru_cache(maxsize=8)
def _has(fonts: tuple[str, ...]) -> frozenset[int]:
    """The characters that one of the fonts can draw, and draw in bold too."""
    from matplotlib.font_manager import get_font

    plain, bold = (
        {char for path in _files(fonts, weight) for char in get_font(path).get_charmap()}
        for weight in ("normal", "bold")
    )
    return frozenset(plain & bold)


def _files(fonts: tuple[str, ...], weight: str) -> list[str]:
    from matplotlib.font_manager import FontProperties, findfont

    return [str(findfont(FontProperties(family=font, weight=weight))) for font in fonts]


def text_width(text: str, size: float, bold: bool = False) -> float:
    """How wide a text is, in inches, at a size in points."""
    return _width(drawable(text), "bold" if bold else "normal", families()) * size


@lru_cache(maxsize=4096)
def _width(text: str, weight: str, fonts: tuple[str, ...]) -> float:
    """How wide a text is, in inches, at one point."""
    from matplotlib.font_manager import get_font

    font: Any = get_font(_files(fonts, weight))
    font.set_size(100, 72)  # large, so that no rounding to pixels matters
    font.set_text(text)
    width: float = font.get_width_height()[0] / 64 / 100 / 72
    return width * 1.04  # letters on a screen keep to whole pixels


def fit(text: str, size: float, width: float, bold: bool = False) -> str:
    """Shorten in the middle: both "Payment 12" and "Payment 13" keep what tells them apart."""
    if text_width(text, size, bold) <= width:
        return text

    def short(keep: int) -> str:
        return text[: keep - keep // 2].rstrip() + "…" + text[len(text) - keep // 2 :].lstrip()

    keep = bisect_right(range(len(text)), width, key=lambda k: text_width(short(k), size, bold))
    return short(max(0, keep - 1))


def wrap(text: str, size: float, width: float, bold: bool = False) -> list[str]:
    """Break a text into lines of at most that many inches."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size, bold) <= width:
            lines[-1] += " " + word
        else:
            lines.append(fit(word, size, width, bold))
    return lines
