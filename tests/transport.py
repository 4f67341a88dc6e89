"""How the tests speak with a Jupyter kernel."""

import os
import tempfile
import uuid


def transport() -> dict[str, str]:
    """Options of a KernelManager: sockets that are nobody else's.

    Without them a kernel is told five ports that were free a moment ago. Where it starts beside
    tests with servers of their own, now and then one of them is taken before it gets there, and it
    dies. (The default path is in the current folder, and the same for all kernels.)
    """
    if os.name != "posix":
        return {}
    return {"transport": "ipc", "ip": os.path.join(tempfile.gettempdir(), uuid.uuid4().hex)}
