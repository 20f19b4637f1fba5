"""Compile every kernel: ``python -m segcore.kernels``, which ``make install`` runs."""

from __future__ import annotations

import importlib
import pkgutil

import segcore.kernels


def main() -> None:
    """Call ``compile_kernels`` of each file beside this one, and drop what older files were compiled to."""
    segcore.kernels.drop_other_code()
    for module in pkgutil.iter_modules(segcore.kernels.__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"segcore.kernels.{module.name}").compile_kernels()


if __name__ == "__main__":
    main()
