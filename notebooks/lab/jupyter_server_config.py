"""What Jupyter does in this environment when it is started without `make lab`.

`make` links this file into .venv/etc/jupyter, where every Jupyter of the environment looks. As with
`make lab`, a question that was saved unanswered is saved without its buttons, which would be dead.
"""

import runpy
import warnings
from pathlib import Path

launch = runpy.run_path(str(Path(__file__).resolve().with_name("launch.py")))
# Jupyter reads a setting twice, and takes the second time for another one.
warnings.filterwarnings("ignore", "Overriding existing pre_save_hook")
c = get_config()  # type: ignore[name-defined]  # noqa: F821
c.ContentsManager.pre_save_hook = launch["keep_no_dead_widgets"]
