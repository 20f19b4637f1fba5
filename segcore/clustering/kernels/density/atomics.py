"""Updates of an element that several threads may change at once.

Written as LLVM because numba has none for arrays on the CPU. Loads need none of these: a load of an aligned int32 is never torn.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_ELEMENTS = types.Array(types.int32, 1, "C")

# Typed loosely: a checker would take the caller's arguments for those of the function that writes the code.
_compiled: Any = intrinsic


def _element(context: Any, builder: ir.IRBuilder, array: ir.Value, index: ir.Value) -> ir.Value:
    return builder.gep(context.make_array(_ELEMENTS)(context, builder, array).data, [index])


@_compiled
def replace(typing: Any, values: Any, index: Any, old: Any, new: Any) -> Any:
    """Put ``new`` at ``values[index]`` if ``old`` is there; return whether it was. All are int32 but the index, which is int64."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        array, index, old, new = arguments
        answer = builder.cmpxchg(_element(context, builder, array, index), old, new, "acq_rel", "acquire")
        return builder.extract_value(answer, 1)

    return types.boolean(_ELEMENTS, types.int64, types.int32, types.int32), generate


@_compiled
def lower(typing: Any, values: Any, index: Any, value: Any) -> Any:
    """Put ``value``, an int32, at ``values[index]`` if it is less than what is there."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        array, index, value = arguments
        builder.atomic_rmw("min", _element(context, builder, array, index), value, "monotonic")
        return context.get_dummy_value()

    return types.void(_ELEMENTS, types.int64, types.int32), generate
