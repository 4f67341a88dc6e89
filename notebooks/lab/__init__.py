"""What the notebooks use to teach: predictions that are kept and scored, and checked exercises.

    from lab import check, predict, reveal, score

A prediction is written down before the code runs (`predict`), compared with what happened
(`reveal`), and counted at the end of the notebook (`score`). An exercise is checked by
`check.<its name>(...)`, which shows the smallest case that goes wrong.
"""

from . import check, in_browser
from .check.apart import within
from .dashboard import dashboard
from .practice import practice
from .predictions import predict, reveal
from .scores import score
from .session import too_old
from .shell import my_scheduler
from .stepping import turns
from .words import explain, explained
from .workshop import mine

in_browser.settle()

if message := too_old():
    print(message)

__all__ = [
    "check",
    "dashboard",
    "explain",
    "explained",
    "mine",
    "my_scheduler",
    "practice",
    "predict",
    "reveal",
    "score",
    "turns",
    "within",
]
