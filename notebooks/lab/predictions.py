"""predict and reveal: commit to an answer, run the code, compare.

The answer that stands when a prediction is first revealed is the one that counts. Until then it
can be changed; a different one after that is a second thought: shown, and not counted.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from . import after, progress, session
from .asking import Form, field, radio
from .progress import Answer, Prediction, Scalar

WHAT_IS_ONE = "write a word in quotes, a number, True, False, or a short list of them."
ROUNDING = Fraction(1, 10**9)
LONGEST_LIST = 20
LONGEST_TEXT = 200
MOST_DIGITS = 1000  # of a whole number; Python itself turns at most 4,300 into text
MOST_SHOWN = 30


class _NoAnswer(TypeError):  # noqa: N818
    """In a learner's words, why something is no answer."""


@dataclass
class Question:
    """What is asked of the learner, and how near a number must come."""

    choices: list[Answer] | None
    unit: str
    within: float | None
    form: Form | None = None


questions: dict[str, Question] = {}  # asked in this kernel
_HERE = object()  # no answer is given in the call: ask for one


def predict(
    id: str,  # noqa: A002
    answer: Any = _HERE,
    *,
    choices: Sequence[Any] | None = None,
    number: str | None = None,
    within: float | None = None,
) -> None:
    """Say what you expect, before the code runs: by a click, or in the call.

    id: which prediction this is, "<notebook>-<name>": leave it as it is.
    answer: where nothing can be clicked: a word, a number, True or False, or a short list of them.
    choices: if given, the answer is one of these.
    number: in place of choices: the answer is how many of these, such as "seconds", or which one,
        such as "which second".
    within: the factor by which a number may be off and still be right.
    """
    notebook = notebook_of(id)
    session.used(notebook)
    _is_factor(within)
    question = questions.get(id)
    if choices is not None or number is not None:
        listed = None if choices is None else [_as_answer(c) for c in choices]
        question = Question(listed, number or "", within)
    if answer is _HERE:
        if question is None:
            raise ValueError(f'predict({id!r}): give choices=[...] or number="what of"')
        questions[id] = question
        _ask(id, question)
    elif (problem := _refused(question, answer)) is not None:
        print(problem)
    else:
        said = _keep(id, question, answer)
        print(said)
        asked = questions.get(id)
        if asked is not None and asked.form is not None:  # buttons further up, no longer needed
            asked.form.replace(said)


def _ask(id_: str, question: Question) -> None:
    kept = progress.load(notebook_of(id_)).predictions.get(id_, Prediction())
    given = kept.answer if kept.second is None else kept.second
    if given is not None:
        question.form = Form(f"Predicted: {show(given)}")
        return
    how = f'predict("{id_}", answer=...)'
    if question.choices is not None:
        labels = [show(choice) for choice in question.choices]
        choices = question.choices
        above = _above(id_, "What do you expect?", "what do you expect?")
        widget = radio(above, labels, lambda n: _clicked(id_, choices[n]))
        plain = f"What do you expect? {_one_of(choices)}"
    else:
        asks = f"{_asked_for(question.unit)}?"
        if question.within is not None:
            asks += f" (Right if off by a factor of {show(question.within)} at most.)"
        plain = f"What do you expect: {asks}"
        widget = field(_above(id_, plain, asks), "a number", lambda text: _typed(id_, text))
    question.form = Form(f"{plain}\nWithout buttons, answer with {how}", widget)


def _above(id_: str, alone: str, numbered: str) -> str:
    """The line above an answer. Recall questions are asked several at a time, by number."""
    recalled = re.fullmatch(r"recall-(\d+)", id_[3:])
    return f"Question {recalled[1]}: {numbered}" if recalled else alone


def _clicked(id_: str, answer: Answer) -> None:
    """What a click does: the answer is kept, and takes the place of the question."""
    if answer is None:
        return
    form = questions[id_].form
    said = _keep(id_, questions[id_], answer)
    if form is not None:
        form.replace(said)


def _typed(id_: str, text: str) -> str:
    """What Enter does in a field; what is wrong with the answer, or nothing."""
    problem = _refused(questions[id_], text)
    if problem is None:
        _clicked(id_, _number_in(text, questions[id_].unit))
    return problem or ""


def _refused(question: Question | None, answer: Any) -> str | None:
    """Why something is no answer to this question, in a learner's words; None if it is one."""
    try:
        given = _as_answer(answer)
    except _NoAnswer as error:
        return f"This is not an answer yet: {error}"
    if given is None or given == "":
        return "Not yet: give your prediction, as in answer=3, and run this cell again."
    if question is None:
        return None
    if question.choices is not None:
        if not any(agree(given, c) for c in question.choices):
            return f"{show(given)} is not among the answers here. {_one_of(question.choices)}"
    elif question.unit and _number_in(given, question.unit) is None:
        asked = _asked_for(question.unit)
        return f"This is not an answer yet: {asked}? Write a number, such as 1,000."
    return None


def _asked_for(unit: str) -> str:
    return unit if unit.startswith("which ") else f"how many {unit}"


def _number_in(given: Answer, unit: str) -> Answer:
    """The number that a learner has written: 3600, 3,600, 3_600, 1e6, "50 seconds", "second 3",
    where that is the unit; or None."""
    if isinstance(given, str):
        bare = given.strip()
        one = re.escape(unit.removeprefix("which ").removesuffix("s"))
        if unit:
            bare = re.sub(rf"^{one}\s|{one}s?$", "", bare, flags=re.I)
        bare = re.sub(r"(?<=\d)[,_ ](?=\d\d\d)", "", bare.strip())
        try:
            number = int(bare) if re.fullmatch(r"[+-]?\d+", bare) else float(bare)
        except ValueError:
            return None
        return number if math.isfinite(number) else None
    return given if isinstance(given, int | float) and not isinstance(given, bool) else None


def _keep(id_: str, question: Question | None, answer: Any) -> str:
    """Keep an answer that is one; the line that says so."""
    notebook = notebook_of(id_)
    given = _as_answer(answer)
    if question is not None and question.choices is not None:
        given = next(c for c in question.choices if agree(given, c))
    elif question is not None and question.unit:
        given = _number_in(given, question.unit)
    page = progress.load(notebook)
    prediction = page.predictions.setdefault(id_, Prediction())
    note = ""
    if not prediction.revealed:
        prediction.answer = given
    elif agree(given, prediction.answer):
        prediction.second = None
    else:
        prediction.second = given
        note = f" (a second thought: your first answer, {show(prediction.answer)}, counts)"
    progress.save(notebook, page)
    return f"Predicted: {show(given)}{note}"


def reveal(id: str, happened: Any, *, within: float | None = None) -> None:  # noqa: A002
    """Compare a prediction with what happened in this run, and show what is to be read after it.

    That is the text under "## <name>" in lab/after/<notebook>.md, where nobody reads it too early.
    Where nothing was predicted, it says so, and closes nothing: an answer given later counts.

    id: the same as in `predict`.
    happened: what the code did.
    within: as in `predict`, where it is better stated: the learner should know.
    """
    notebook = notebook_of(id)
    session.used(notebook)
    _is_factor(within)
    question = questions.get(id)
    if within is None and question is not None:
        within = question.within
    truth = _as_outcome(happened)
    page = progress.load(notebook)
    prediction = page.predictions.setdefault(id, Prediction())
    if prediction.answer is not None:
        prediction.revealed = True
        prediction.happened = truth
        prediction.right = agree(prediction.answer, truth, within)
    progress.save(notebook, page)

    shown = prediction.answer if prediction.second is None else prediction.second
    if shown is None:
        print(f"What happened: {show(truth)}")
        print("Not predicted. You still can, above: it counts.")
    else:
        counted = "" if prediction.second is None else " (a second thought)"
        print(f"You predicted: {show(shown)}{counted}")
        print(f"What happened: {show(truth)}")
        print(_judgement(id, shown, truth, within))
    after.show(id)


def _is_factor(within: float | None) -> None:
    if within is not None and not within >= 1:
        raise ValueError(f"within must be a factor of 1 or more, got {within!r}")


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


# Said in turn, by the name of the prediction: the same one at each run, another one next time.
SURPRISES = (
    "Not what you expected. Good: now there is something to explain.",
    "It came out differently. What did you take for granted?",
    "No. Go through the code once more with this in mind.",
    "Different from what you thought; most people think so at first.",
    "Not this time. Which line decides it?",
    "It surprised you: worth a second look at the cell above.",
    "Your guess and the program part here. Where exactly?",
    "Off, and for a reason. Can you find it before you read on?",
    "The program has another opinion.",
)


def _judgement(id_: str, answer: Answer, truth: Answer, within: float | None) -> str:
    right = agree(answer, truth, within)
    lesson = SURPRISES[sum(map(ord, id_)) % len(SURPRISES)]
    if within is None or not isinstance(truth, int | float):
        return "Right." if right else lesson
    factor = f"a factor of {show(within)}"
    return f"Right: within {factor}." if right else f"Off by more than {factor}. {lesson}"


def _one_of(choices: Sequence[Any]) -> str:
    *most, last = [repr(c) for c in choices]
    return f"Choose {', '.join(most)} or {last}." if most else f"Choose {last}."


def notebook_of(prediction_id: str) -> str:
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
