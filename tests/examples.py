"""How many examples property tests draw: a third of them in ``make test``; ``make test-all`` sets ``SEGCORE_THOROUGH=1`` and draws all."""

import os


def few(count):
    return count if os.environ.get("SEGCORE_THOROUGH") == "1" else max(10, count // 3)
