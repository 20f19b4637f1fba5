"""Compile every kernel: ``python -m segcore.clustering.kernels``, which ``make install`` runs."""

from __future__ import annotations

import importlib
import pkgutil

import segcore.clustering.kernels


def main() -> None:
    """Call ``compile_kernels`` of each file below this folder, and drop code compiled from older files."""
    segcore.clustering.kernels.drop_other_code()
    for module in pkgutil.walk_packages(segcore.clustering.kernels.__path__, "segcore.clustering.kernels."):
        if not module.ispkg and not module.name.endswith("__main__"):
            getattr(importlib.import_module(module.name), "compile_kernels", lambda: None)()


if __name__ == "__main__":
    main()
