"""Sixteen rows or boxes at a time, in vector registers.

Written as LLVM because numba must assume that arrays overlap, and then keeps every running sum in memory. Single precision and fused
multiply-add serve to rule pairs out or in with a margin; whatever lies within the margin is decided elsewhere, in double precision.

Arrays are one-dimensional, contiguous and float32 unless noted. A group of 16 rows is stored feature after feature, 16 values each;
the number of features is a multiple of ``CHUNK``. Masks are int64, bit ``i`` for lane ``i``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
CHUNK = 4
CHECKED = 2

_FLOATS = types.Array(types.float32, 1, "C")
_COUNTS = types.Array(types.int32, 1, "C")
_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_INTEGERS = ir.VectorType(ir.IntType(32), LANES)
_BITS = ir.IntType(LANES)
_INDEX = ir.IntType(64)
_STRIDE = ir.Constant(_INDEX, LANES)

# Typed loosely: a checker would take the caller's arguments for those of the function that writes the code.
_compiled: Any = intrinsic


class _Code:
    """Writes the code of one function; its arguments are named by their number."""

    def __init__(self, context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> None:
        self.builder = builder
        self.arguments = [
            context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
            for kind, value in zip(signature.args, values, strict=True)
        ]

    def vector(self, array: int, start: ir.Value, kind: ir.VectorType = _VECTOR) -> ir.Value:
        """Point to 16 values of an array."""
        return self.builder.bitcast(self.builder.gep(self.arguments[array], [start]), kind.as_pointer())

    def load(self, array: int, start: ir.Value, kind: ir.VectorType = _VECTOR) -> ir.Value:
        return self.builder.load(self.vector(array, start, kind), align=4)

    def element(self, array: int, index: ir.Value) -> ir.Value:
        """Load one value into all lanes."""
        return self.spread(self.builder.load(self.builder.gep(self.arguments[array], [index])), _VECTOR)

    def spread(self, scalar: ir.Value, kind: ir.VectorType) -> ir.Value:
        nothing = ir.Constant(kind, ir.Undefined)
        one = self.builder.insert_element(nothing, scalar, ir.Constant(ir.IntType(32), 0))
        return self.builder.shuffle_vector(one, nothing, ir.Constant(_INTEGERS, None))

    def strided(self, start: ir.Value, feature: ir.Value) -> ir.Value:
        """Return where the values of a feature begin in the group of 16 rows that begins at ``start``."""
        return self.builder.add(start, self.builder.mul(feature, _STRIDE))

    def largest(self, *vectors: ir.Value) -> ir.Value:
        result = vectors[0]
        for other in vectors[1:]:
            result = self.builder.select(self.builder.fcmp_ordered(">", result, other), result, other)
        return result

    def not_above(self, vector: ir.Value, limit: ir.Value) -> ir.Value:
        """Return the lanes that are not above ``limit`` as 16 bits; a lane that overflowed into NaN is one of them."""
        return self.builder.bitcast(self.builder.fcmp_unordered("<=", vector, self.spread(limit, _VECTOR)), _BITS)

    def within(self, dims: ir.Value, limit: ir.Value, *differences: Callable[[ir.Value], ir.Value]) -> list[tuple[ir.Value, ir.Value]]:
        """Sum the squares of each ``difference(feature)``; returns for each the sums, and which do not exceed ``limit`` as 16 bits.

        Stops early where all exceed it.
        """
        builder = self.builder
        totals = [cgutils.alloca_once_value(builder, ir.Constant(_VECTOR, None)) for _ in differences]
        chunks = builder.udiv(dims, ir.Constant(_INDEX, CHUNK))
        with cgutils.for_range(builder, chunks) as loop:
            first = builder.mul(loop.index, ir.Constant(_INDEX, CHUNK))
            for step in range(CHUNK):
                feature = builder.add(first, ir.Constant(_INDEX, step))
                for total, difference in zip(totals, differences, strict=True):
                    value = difference(feature)
                    square = builder.fmul(value, value, flags=("contract",))
                    builder.store(builder.fadd(builder.load(total), square, flags=("contract",)), total)
            # Leaving is a branch that is guessed wrongly nearly every time, so it is not looked for at every turn.
            turn = builder.urem(loop.index, ir.Constant(_INDEX, CHECKED))
            with builder.if_then(builder.icmp_unsigned("==", turn, ir.Constant(_INDEX, CHECKED - 1))):
                left = ir.Constant(_BITS, 0)
                for total in totals:
                    left = builder.or_(left, self.not_above(builder.load(total), limit))
                with builder.if_then(builder.icmp_unsigned("==", left, ir.Constant(_BITS, 0)), likely=False):
                    loop.do_break()
        sums = [builder.load(total) for total in totals]
        return [(summed, builder.zext(self.not_above(summed, limit), _INDEX)) for summed in sums]


@_compiled
def near_rows(typing: Any, rows: Any, start: Any, points: Any, lane: Any, other: Any, dims: Any, limit: Any, out: Any) -> Any:
    """Return which of the 16 rows at ``rows[start:]`` have a squared distance not above ``limit`` to two rows of the group ``points``.

    The lower 16 bits are for row ``lane``, the next for row ``other``; two at a time keep the adders busy. ``out[:32]`` gets the squared
    distances, which are unfinished (and above the limit) where nothing is found.
    """
    signature = types.int64(_FLOATS, types.int64, _FLOATS, types.int64, types.int64, types.int64, types.float32, _FLOATS)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
        code = _Code(context, builder, signature, values)
        _, start, _, lane, other, dims, limit, _ = code.arguments

        def difference(first: ir.Value) -> Callable[[ir.Value], ir.Value]:
            return lambda feature: builder.fsub(code.load(0, code.strided(start, feature)), code.element(2, code.strided(first, feature)))

        (total, found), (another, more) = code.within(dims, limit, difference(lane), difference(other))
        builder.store(total, code.vector(7, ir.Constant(_INDEX, 0)), align=4)
        builder.store(another, code.vector(7, _STRIDE), align=4)
        return builder.or_(found, builder.shl(more, _STRIDE))

    return signature, generate


@_compiled
def near_box(typing: Any, rows: Any, start: Any, low: Any, high: Any, first: Any, step: Any, dims: Any, limit: Any) -> Any:
    """Return which of the 16 rows at ``rows[start:]`` have a squared distance not above ``limit`` to a box.

    The box reaches from ``low[first + step * feature]`` to the same place of ``high``.
    """
    signature = types.int64(_FLOATS, types.int64, _FLOATS, _FLOATS, types.int64, types.int64, types.int64, types.float32)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
        code = _Code(context, builder, signature, values)
        _, start, _, _, first, step, dims, limit = code.arguments

        def gap(feature: ir.Value) -> ir.Value:
            row, place = code.load(0, code.strided(start, feature)), builder.add(first, builder.mul(step, feature))
            below, above = builder.fsub(code.element(2, place), row), builder.fsub(row, code.element(3, place))
            return code.largest(below, above, ir.Constant(_VECTOR, None))

        return code.within(dims, limit, gap)[0][1]

    return signature, generate


@_compiled
def near_boxes(typing: Any, low: Any, high: Any, start: Any, box_low: Any, box_high: Any, dims: Any, limit: Any, out: Any) -> Any:
    """Return which of the 16 boxes at ``low[start:]``, ``high[start:]`` have a squared distance not above ``limit`` to another box.

    ``out[:16]`` gets the smallest squared distances, which are unfinished (and above the limit) where nothing is found.
    """
    signature = types.int64(_FLOATS, _FLOATS, types.int64, _FLOATS, _FLOATS, types.int64, types.float32, _FLOATS)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
        code = _Code(context, builder, signature, values)
        _, _, start, _, _, dims, limit, _ = code.arguments

        def gap(feature: ir.Value) -> ir.Value:
            place = code.strided(start, feature)
            below = builder.fsub(code.load(0, place), code.element(4, feature))
            above = builder.fsub(code.element(3, feature), code.load(1, place))
            return code.largest(below, above, ir.Constant(_VECTOR, None))

        ((total, found),) = code.within(dims, limit, gap)
        builder.store(total, code.vector(7, ir.Constant(_INDEX, 0)), align=4)
        return found

    return signature, generate


@_compiled
def covered_boxes(typing: Any, low: Any, high: Any, start: Any, box_low: Any, box_high: Any, dims: Any, limit: Any, out: Any) -> Any:
    """Return which of 16 boxes have no point farther from a point of another box than ``limit``, squared; see ``near_boxes``.

    ``out[:16]`` gets the largest squared distances, which are unfinished (and above the limit) where nothing is found.
    """
    signature = types.int64(_FLOATS, _FLOATS, types.int64, _FLOATS, _FLOATS, types.int64, types.float32, _FLOATS)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
        code = _Code(context, builder, signature, values)
        _, _, start, _, _, dims, limit, _ = code.arguments

        def reach(feature: ir.Value) -> ir.Value:
            place = code.strided(start, feature)
            up = builder.fsub(code.load(1, place), code.element(3, feature))
            down = builder.fsub(code.element(4, feature), code.load(0, place))
            return code.largest(up, down)

        ((total, found),) = code.within(dims, limit, reach)
        builder.store(total, code.vector(7, ir.Constant(_INDEX, 0)), align=4)
        return found

    return signature, generate


@_compiled
def lanes_within(typing: Any, values: Any, start: Any, limit: Any) -> Any:
    """Return which of the 16 ``values[start:]`` are not above ``limit``."""
    signature = types.int64(_FLOATS, types.int64, types.float32)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
        code = _Code(context, builder, signature, values)
        _, start, limit = code.arguments
        return builder.zext(code.not_above(code.load(0, start), limit), _INDEX)

    return signature, generate


@_compiled
def count_lanes(typing: Any, counts: Any, at: Any, weights: Any, start: Any, mask: Any, weight: Any) -> Any:
    """Add ``weight`` to those of ``counts[at:at + 16]`` that ``mask`` selects, and return the sum of their ``weights[start:start + 16]``.

    Both arrays are int32.
    """
    signature = types.int32(_COUNTS, types.int64, _COUNTS, types.int64, types.int64, types.int32)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
        code = _Code(context, builder, signature, values)
        _, at, _, start, mask, weight = code.arguments
        chosen = builder.bitcast(builder.trunc(mask, _BITS), ir.VectorType(ir.IntType(1), LANES))
        zero = ir.Constant(_INTEGERS, None)
        added = builder.add(code.load(0, at, _INTEGERS), builder.select(chosen, code.spread(weight, _INTEGERS), zero))
        builder.store(added, code.vector(0, at, _INTEGERS), align=4)
        reduce = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.IntType(32), [_INTEGERS]), f"llvm.vector.reduce.add.v{LANES}i32"
        )
        return builder.call(reduce, [builder.select(chosen, code.load(2, start, _INTEGERS), zero)])

    return signature, generate


@_compiled
def lowest_lane(typing: Any, mask: Any) -> Any:
    """Return the number of the lowest bit set in ``mask``, which is not zero."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
        return builder.cttz(values[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


@_compiled
def lane_count(typing: Any, mask: Any) -> Any:
    """Return how many bits are set in ``mask``."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
        return builder.ctpop(values[0])

    return types.int64(types.int64), generate


@_compiled
def shift_rows(typing: Any, rows: Any, start: Any, shift: Any, dims: Any, out: Any) -> Any:
    """Write the 16 rows at ``rows[start:]``, moved by ``shift``, to ``out``."""
    signature = types.void(_FLOATS, types.int64, _FLOATS, types.int64, _FLOATS)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
        code = _Code(context, builder, signature, values)
        _, start, _, dims, _ = code.arguments
        with cgutils.for_range(builder, dims) as loop:
            moved = builder.fadd(code.load(0, code.strided(start, loop.index)), code.element(2, loop.index))
            builder.store(moved, code.vector(4, builder.mul(loop.index, _STRIDE)), align=4)
        return context.get_dummy_value()

    return signature, generate
