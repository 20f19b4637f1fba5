"""Sentences on the store's directory and who can read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from segcore.wording.quotes import named

SENTENCES: Mapping[str, Callable[..., str]] = {
    "home.tightened": lambda home: (
        f"Other users of this machine could read the store at {named(home)}; from now on only you can. Exported files are unchanged."
    ),
    "home.foreign": lambda home: (
        f"SEGCORE_HOME ({named(home)}) belongs to another user, so what is stored there would not be private: set SEGCORE_HOME to a "
        "directory of your own."
    ),
    "home.shared": lambda home: (
        f"SEGCORE_HOME ({named(home)}) is a directory for the temporary files of all users: set SEGCORE_HOME to a directory inside it, "
        f"such as {named(home.rstrip('/') + '/segcore')}."
    ),
    "home.other_files": lambda home: (
        f"SEGCORE_HOME ({named(home)}) holds other files and can be read by other users: set SEGCORE_HOME to an empty or a new directory, "
        f"such as {named(home.rstrip('/') + '/segcore')}."
    ),
    "home.unknown": lambda asked: (
        f"The home directory in {'the default of SEGCORE_HOME' if asked is None else f'SEGCORE_HOME ({named(asked)})'} is not known: set "
        "SEGCORE_HOME to an absolute path."
    ),
    "home.not_writable": lambda home: (
        f"SEGCORE_HOME ({named(home)}) cannot be written: change its permissions, or set SEGCORE_HOME to another directory. What is "
        "stored there can be read."
    ),
    "home.without_permissions": lambda home: (
        f"Other users can read SEGCORE_HOME ({named(home)}), and its disk keeps no permissions: set SEGCORE_HOME to a directory on another "
        "disk."
    ),
}
