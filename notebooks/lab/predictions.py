"""predict and reveal: commit to an answer, run the code, compare.

The answer that stands when a prediction is first revealed is the one that counts. Until then it
can be changed; a different one after that is a second thought: shown, and not counted.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from . import progress, session
from .progress import Answer, Prediction, Scalar

WHAT_IS_ONE = "write a word in quotes, a number, True, False, or a short list of them."
ROUNDING = Fraction(1, 10**9)
LONGEST_LIST = 20
LONGEST_TEXT = 200
MOST_DIGITS = 1000  # of a whole number; Python itself turns at most 4,300 into text
MOST_SHOWN = 30


class _NoAnswer(TypeError):  # noqa: N818
    """In a learner's words, why something is no answer."""


def predict(id: str, answer: Any = None, *, choices: Sequence[Any] | None = None) -> None:  # noqa: A002
    """Write down what you expect: put your answer in the place of the second argument.

    id: which prediction this is, "<notebook>-<name>": leave it as it is.
    answer: a word, a number, True or False, or a short list of them; None for "not yet".
    choices: if given, the answer is one of these.
    """
    notebook = _notebook_of(id)
    session.used(notebook)
    try:
        given = _as_answer(answer)
    except TypeError as error:
        print(f"This is not an answer yet: {error}")
        return
    if given is None or given == "":
        print("Not yet: write your prediction in place of None, and run this cell again.")
        return
    if choices is not None:
        chosen = [c for c in map(_as_answer, choices) if agree(given, c)]
        if not chosen:
            print(f"{show(given)} is not among the answers here. {_one_of(choices)}")
            return
        given = chosen[0]
    page = progress.load(notebook)
    prediction = page.predictions.setdefault(id, Prediction())
    note = ""
    if not prediction.revealed:
        prediction.answer = given
    elif prediction.answer is None:
        prediction.second = given
        note = " (after the reveal: shown as a second thought, and not counted)"
    elif agree(given, prediction.answer):
        prediction.second = None
    else:
        prediction.second = given
        note = f" (a second thought: your first answer, {show(prediction.answer)}, counts)"
    progress.save(notebook, page)
    print(f"Predicted: {show(given)}{note}")


def reveal(id: str, happened: Any, why: str = "", *, within: float | None = None) -> None:  # noqa: A002
    """Compare a prediction with what happened in this run.

    id: the same as in `predict`.
    happened: what the code did.
    why: a sentence printed below.
    within: for numbers, the factor by which a prediction may be off and still be right.
    """
    notebook = _notebook_of(id)
    session.used(notebook)
    if within is not None and not within >= 1:
        raise ValueError(f"within must be a factor of 1 or more, got {within!r}")
    truth = _as_outcome(happened)
    page = progress.load(notebook)
    prediction = page.predictions.setdefault(id, Prediction())
    prediction.revealed = True
    prediction.happened = truth
    prediction.right = prediction.answer is not None and agree(prediction.answer, truth, within)
    progress.save(notebook, page)

    shown = prediction.answer if prediction.second is None else prediction.second
    if shown is None:
        print("You predicted: nothing yet. Next time, write your answer in `predict` first.")
        print(f"What happened: {show(truth)}")
    else:
        counted = "" if prediction.second is None else " (a second thought)"
        print(f"You predicted: {show(shown)}{counted}")
        print(f"What happened: {show(truth)}")
        print(_judgement(shown, truth, within))
    if why:
        print(why)


def agree(answer: Answer, truth: Answer, within: float | None = None) -> bool:
    """Whether two answers are the same; numbers may differ by a factor, words in their case."""
    if isinstance(answer, list) or isinstance(truth, list):
        return (
            isinstance(answer, list)
            and isinstance(truth, list)
            and len(answer) == len(truth)
            and all(agree(a, t, within) for a, t in zip(answer, truth, strict=True))
        )
    if isinstance(truth, bool) or isinstance(answer, bool) or truth is None or answer is None:
        return answer is truth
    if isinstance(truth, str) and isinstance(answer, str):
        return " ".join(answer.casefold().split()) == " ".join(truth.casefold().split())
    a, t = _exact(answer), _exact(truth)  # "12" for 12 is an answer too
    if a is None or t is None:
        return answer == truth  # infinity; and nothing is the same as "not a number"
    small, large = sorted((abs(a), abs(t)))
    if within is not None and a * t > 0:
        return large <= small * Fraction(within) * (1 + ROUNDING)
    return abs(a - t) <= large * ROUNDING


def _exact(number: str | int | float) -> Fraction | None:
    """A number as it is, however large; None if it is none, or not finite."""
    try:
        if isinstance(number, str):  # by way of float: "1e999999999" would fill the memory
            number = int(number) if number.strip("+-").isdigit() else float(number)
        return Fraction(number)
    except (ValueError, OverflowError):
        return None


def show(answer: Answer) -> str:
    """An answer as it is printed: words without quotes, 1,000,000 with commas."""
    if isinstance(answer, list):
        return "[" + ", ".join(show(item) for item in answer) + "]"
    if answer is None:
        return "nothing"
    if isinstance(answer, bool | str):
        return str(answer)
    if isinstance(answer, int):
        digits = str(abs(answer))
        if len(digits) <= MOST_SHOWN:
            return f"{answer:,}"
        sign = "-" if answer < 0 else ""
        return f"{sign}{digits[0]}.{digits[1:6]}e+{len(digits) - 1}"
    return f"{answer:,.6g}"


def _judgement(answer: Answer, truth: Answer, within: float | None) -> str:
    right = agree(answer, truth, within)
    if within is None or not isinstance(truth, int | float):
        return "Right." if right else "Not what you expected: this is where there is most to learn."
    if right:
        return f"Right: within a factor of {show(within)}."
    return f"Off by more than a factor of {show(within)}: this is where there is most to learn."


def _one_of(choices: Sequence[Any]) -> str:
    *most, last = [repr(c) for c in choices]
    return f"Choose {', '.join(most)} or {last}." if most else f"Choose {last}."


def _notebook_of(prediction_id: str) -> str:
    """The number in front of an id. Ids are the notebook author's: a bad one is an error."""
    if not isinstance(prediction_id, str) or not re.fullmatch(r"\d\d-[a-z0-9-]+", prediction_id):
        raise ValueError(f'id must look like "01-order", got {prediction_id!r}')
    return prediction_id[:2]


def _as_answer(value: Any) -> Answer:
    """A prediction or an outcome as it is kept; if it is none, TypeError in a learner's words."""
    try:
        if isinstance(value, list | tuple):
            items = list(value)
            if len(items) > LONGEST_LIST:
                raise _NoAnswer(f"a list of at most {LONGEST_LIST} items, please.")
            return [_as_scalar(item) for item in items]
        return _as_scalar(value)
    except _NoAnswer:
        raise
    except Exception:  # something of the learner's own, which answers no question that it is asked
        raise _NoAnswer(WHAT_IS_ONE) from None


def _as_scalar(value: Any) -> Scalar:
    if value is None or value is Ellipsis:
        return None
    # Each by the way of the built-in type: a class of the learner's may have another.
    if isinstance(value, str):
        text = str.strip(value)
        if len(text) > LONGEST_TEXT:
            raise _NoAnswer(f"a text of at most {LONGEST_TEXT} letters, please.")
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise _NoAnswer("it holds half a letter, as copying sometimes leaves: write it anew.")
        return text
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        number = int.__index__(value)
        if abs(number) >= 10**MOST_DIGITS:
            raise _NoAnswer(f"a number of at most {MOST_DIGITS:,} digits, please.")
        return number
    if isinstance(value, float):
        return float.__float__(value)
    item = getattr(value, "item", None)  # a number of numpy's
    if callable(item) and getattr(value, "shape", None) == ():
        return _as_scalar(item())
    raise _NoAnswer(WHAT_IS_ONE)


def _as_outcome(value: Any) -> Answer:
    """What happened, which may be anything that a learner's own code gave."""
    try:
        return _as_answer(value)
    except _NoAnswer:
        kind = type(value).__name__
        return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"[:LONGEST_TEXT]
