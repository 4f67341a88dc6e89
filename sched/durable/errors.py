"""StorageError: what is wrong with a file; the file is named first."""

from pathlib import Path


class StorageError(RuntimeError):
    """The file of a durable scheduler cannot be used as asked; nothing in it is lost."""

    def __init__(self, path: str | Path, what: str) -> None:
        super().__init__(f"{path}: {what}")
        self.path, self.what = path, what

    def __reduce__(self) -> tuple[type["StorageError"], tuple[str | Path, str]]:
        return type(self), (self.path, self.what)
