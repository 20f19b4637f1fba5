"""One row against 8, 16 or 32 centres at a time, in vector registers.

Written as LLVM because numba must assume that arrays overlap, and then keeps every running sum in memory. Single precision with fused
multiply-add serves only to bound scores; whatever the bounds leave open is decided elsewhere, in double precision.

Arrays are one-dimensional, contiguous and float32 unless noted. Centres are stored in panels: for each panel its centres' biases,
then for each number of a row its centres' weights of it.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = (8, 16, 32)
CANDIDATES = 8
STEP = 4

_FLOATS = types.Array(types.float32, 1, "C")
_DOUBLES = types.Array(types.float64, 1, "C")
_INDEX = ir.IntType(64)
_FLOAT = ir.FloatType()

# Typed loosely: a checker would take the caller's arguments for those of the function that writes the code.
_compiled: Any = intrinsic


def _data(context: Any, builder: ir.IRBuilder, kind: Any, value: ir.Value) -> ir.Value:
    return context.make_array(kind)(context, builder, value).data


def _splat(builder: ir.IRBuilder, scalar: ir.Value, kind: ir.VectorType) -> ir.Value:
    nothing = ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(nothing, scalar, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), kind.count), None))


def _vector_at(builder: ir.IRBuilder, data: ir.Value, index: ir.Value, kind: ir.VectorType) -> ir.Value:
    return builder.bitcast(builder.gep(data, [index]), kind.as_pointer())


def _scored(
    builder: ir.IRBuilder, row: ir.Value, start: ir.Value, panels: ir.Value, first: ir.Value, width: ir.Value, kind: ir.VectorType
) -> ir.Value:
    """Return the scores of the row at ``row[start:start + width]`` against the panel at ``panels[first:]``; ``width`` is in ``STEP``."""
    lanes = ir.Constant(_INDEX, kind.count)
    sums = [
        cgutils.alloca_once_value(builder, builder.load(_vector_at(builder, panels, first, kind), align=4)),
        cgutils.alloca_once_value(builder, ir.Constant(kind, None)),
    ]
    weights = builder.add(first, lanes)
    with cgutils.for_range(builder, builder.udiv(width, ir.Constant(_INDEX, STEP))) as loop:
        feature = builder.mul(loop.index, ir.Constant(_INDEX, STEP))
        running = [builder.load(total) for total in sums]
        for step in range(STEP):
            place = builder.add(feature, ir.Constant(_INDEX, step))
            value = _splat(builder, builder.load(builder.gep(row, [builder.add(start, place)])), kind)
            weight = builder.load(_vector_at(builder, panels, builder.add(weights, builder.mul(place, lanes)), kind), align=4)
            product = builder.fmul(value, weight, flags=("contract",))
            running[step % 2] = builder.fadd(running[step % 2], product, flags=("contract",))
        for total, value in zip(sums, running, strict=True):
            builder.store(value, total)
    return builder.fadd(builder.load(sums[0]), builder.load(sums[1]))


@_compiled
def lowest_other(
    typing: Any, rows: Any, start: Any, width: Any, panels: Any, n_panels: Any, lanes: Any, own: Any, far: Any, scores: Any
) -> Any:
    """Fill ``scores[:n_panels * lanes]`` for the row at ``rows[start:start + width]``; return the lowest but centre ``own``'s.

    ``lanes`` is one of ``LANES``; ``far`` is returned without another centre.
    """
    signature = types.float32(_FLOATS, types.int64, types.int64, _FLOATS, types.int64, types.int64, types.int64, types.float32, _FLOATS)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
        row, panels, scores = (_data(context, builder, signature.args[index], values[index]) for index in (0, 3, 8))
        _, start, width, _, n_panels, chosen, own, far, _ = values
        lowest = cgutils.alloca_once_value(builder, far)
        for lanes in LANES:
            with builder.if_then(builder.icmp_signed("==", chosen, ir.Constant(_INDEX, lanes))):
                kind, numbers = ir.VectorType(_FLOAT, lanes), ir.VectorType(_INDEX, lanes)
                fars = _splat(builder, far, kind)
                running = cgutils.alloca_once_value(builder, fars)
                with cgutils.for_range(builder, n_panels) as loop:
                    size = builder.mul(builder.add(width, ir.Constant(_INDEX, 1)), chosen)
                    scored = _scored(builder, row, start, panels, builder.mul(loop.index, size), width, kind)
                    first = builder.mul(loop.index, chosen)
                    builder.store(scored, _vector_at(builder, scores, first, kind), align=4)
                    places = _splat(builder, builder.sub(own, first), numbers)
                    other = builder.select(builder.icmp_signed("==", ir.Constant(numbers, list(range(lanes))), places), fars, scored)
                    builder.store(_lower(builder, other, builder.load(running)), running)
                builder.store(_lowest_lane(builder, builder.load(running)), lowest)
        return builder.load(lowest)

    return signature, generate


def _lower(builder: ir.IRBuilder, one: ir.Value, other: ir.Value) -> ir.Value:
    return builder.select(builder.fcmp_ordered("<", one, other), one, other)


def _lowest_lane(builder: ir.IRBuilder, vector: ir.Value) -> ir.Value:
    lanes = vector.type.count
    nothing, number = ir.Constant(vector.type, ir.Undefined), ir.IntType(32)
    half = lanes // 2
    while half:
        turned = ir.Constant(ir.VectorType(number, lanes), [(lane + half) % lanes for lane in range(lanes)])
        vector = _lower(builder, builder.shuffle_vector(vector, nothing, turned), vector)
        half //= 2
    return builder.extract_element(vector, ir.Constant(number, 0))


@_compiled
def add_gains(typing: Any, rows: Any, start: Any, width: Any, panels: Any, panel: Any, most: Any, gains: Any) -> Any:
    """Add what ``most`` is above the row's scores against one panel to its ``gains``; return which it is above, as bits."""
    signature = types.int64(_FLOATS, types.int64, types.int64, _FLOATS, types.int64, types.float32, _FLOATS)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
        row, panels, gains = (_data(context, builder, signature.args[index], values[index]) for index in (0, 3, 6))
        _, start, width, _, panel, most, _ = values
        kind = ir.VectorType(_FLOAT, CANDIDATES)
        lanes = ir.Constant(_INDEX, CANDIDATES)
        size = builder.mul(builder.add(width, ir.Constant(_INDEX, 1)), lanes)
        scored = _scored(builder, row, start, panels, builder.mul(panel, size), width, kind)
        gain = builder.fsub(_splat(builder, most, kind), scored)
        nothing = ir.Constant(kind, None)
        above = builder.fcmp_ordered(">", gain, nothing)
        place = _vector_at(builder, gains, builder.mul(panel, lanes), kind)
        builder.store(builder.fadd(builder.load(place, align=4), builder.select(above, gain, nothing)), place, align=4)
        return builder.zext(builder.bitcast(above, ir.IntType(CANDIDATES)), _INDEX)

    return signature, generate


@_compiled
def add_row(typing: Any, sums: Any, at: Any, rows: Any, start: Any, mean: Any, count: Any, sign: Any) -> Any:
    """Add ``sign * (rows[start:start + count] - mean)`` to ``sums[at:at + count]``; all are float64, and ``sign`` is 1 or -1."""
    signature = types.void(_DOUBLES, types.int64, _DOUBLES, types.int64, _DOUBLES, types.int64, types.float64)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
        sums, rows, mean = (_data(context, builder, signature.args[index], values[index]) for index in (0, 2, 4))
        _, at, _, start, _, count, sign = values
        wide = ir.VectorType(ir.DoubleType(), STEP)
        whole = builder.udiv(count, ir.Constant(_INDEX, STEP))

        def add(index: ir.Value, kind: ir.Type, factor: ir.Value) -> None:
            places = [(sums, builder.add(at, index)), (rows, builder.add(start, index)), (mean, index)]
            total, row, centre = (builder.bitcast(builder.gep(data, [place]), kind.as_pointer()) for data, place in places)
            value = builder.fsub(builder.load(row, align=8), builder.load(centre, align=8))
            builder.store(builder.fadd(builder.load(total, align=8), builder.fmul(factor, value)), total, align=8)

        factor = _splat(builder, sign, wide)
        with cgutils.for_range(builder, whole) as loop:
            add(builder.mul(loop.index, ir.Constant(_INDEX, STEP)), wide, factor)
        done = builder.mul(whole, ir.Constant(_INDEX, STEP))
        with cgutils.for_range(builder, builder.sub(count, done)) as loop:
            add(builder.add(done, loop.index), ir.DoubleType(), sign)
        return context.get_dummy_value()

    return signature, generate


@_compiled
def fetch(typing: Any, rows: Any, start: Any, width: Any) -> Any:
    """Have ``rows[start:start + width]`` brought into the caches, without waiting for it; ``width`` is at most 32."""
    signature = types.void(_FLOATS, types.int64, types.int64)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
        rows = _data(context, builder, signature.args[0], values[0])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        for place in (values[1], builder.sub(builder.add(values[1], values[2]), ir.Constant(_INDEX, 1))):
            where = builder.bitcast(builder.gep(rows, [place]), byte)
            builder.call(prefetch, [where, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return signature, generate
