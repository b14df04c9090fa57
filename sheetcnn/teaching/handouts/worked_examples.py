"""The worked sections: one pixel of a convolution, a pooling window, an output of a dense layer, softmax."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from sheetcnn.languages import text
from sheetcnn.model.graph import Node
from sheetcnn.model.ops.pooling import Mean, Pool, Selection
from sheetcnn.pages.receptive import receptive_fields
from sheetcnn.pages.trace.conv_values import Trace
from sheetcnn.pages.trace.dense import DenseTrace, can_trace_dense
from sheetcnn.pages.trace.pool import PoolTrace, can_trace_pool
from sheetcnn.pages.trace.softmax import SoftmaxTrace, can_trace_softmax
from sheetcnn.shape import Array
from sheetcnn.sheets.layout import Layout
from sheetcnn.sheets.sheet_plan import PageContext
from sheetcnn.teaching.handouts.context import HandoutContext, Pixel
from sheetcnn.teaching.paper.document import (
    Code,
    DocumentPart,
    Figure,
    Heading,
    Math,
    PageBreak,
    Paragraph,
    Scale,
    Table,
    number_text,
    side_by_side,
)

MOST_INPUTS = 6
"""Input maps that are worked one by one: the ones that contribute most."""
MOST_TERMS = 8
MOST_CLASSES = 12
LONGEST = 600
"""Characters of a formula that are printed."""


def convolution(handout: HandoutContext) -> Iterator[DocumentPart]:
    """Windows, kernel slices, products, partial sums, bias and activation of the chosen pixel."""
    trace, pixel, say = handout.trace, handout.pixel, handout.say
    if trace is None or pixel is None:
        return
    node = trace.node
    context = handout.context(
        **{trace.key("map"): pixel.map, trace.key("row"): pixel.row, trace.key("column"): pixel.column},
        **{trace.key("input"): 1},
    )
    yield PageBreak()
    yield _pixel_heading(handout, pixel)
    every = trace.kernel.inputs_of(pixel.map - 1)
    terms = [_InputTerm(trace, context, n) for n in range(len(every))]
    order = sorted(range(len(terms)), key=lambda n: -abs(terms[n].partial))[:MOST_INPUTS]
    words = (
        "The kernel of map {map} has a slice for each of {n} input maps. Each slice is laid over its "
        "map: nine numbers become nine products, or as many as the slice has squares, and their sum."
    )
    yield Paragraph(say(text(words, map=pixel.map, n=len(terms))))
    scale: Scale = "sequential" if handout.graph.nonnegative[node.inputs[0]] else "diverging"
    high = max(float(np.abs(p.window).max()) for p in terms) or 1.0
    deep = max(float(np.abs(p.slice).max()) for p in terms) or 1.0
    side = min(6.5, 42.0 / trace.size[1] / 1.7)
    for n in sorted(order):
        term = terms[n]
        name = say(text("{layer}, map {n}", layer=node.inputs[0], n=every[n] + 1))
        total = say(text("products, sum {sum}", sum=number_text(term.partial)))
        yield side_by_side(
            Figure(name, term.window, scale, 2, high, side=side),
            Figure(say("its slice of the kernel"), term.slice, "diverging", 3, deep, side=side, sign="×"),
            Figure(total, term.window * term.slice, "diverging", 2, side=side, sign="="),
        )
    rest = sum(terms[n].partial for n in range(len(terms)) if n not in order)
    if len(terms) > len(order):
        words = "the other {n} input maps together: {sum}"
        others = text(words, n=len(terms) - len(order), sum=number_text(rest))
        yield Paragraph(say(others), small=True)
    parts = [terms[n].partial for n in sorted(order)] + ([rest] if len(terms) > len(order) else [])
    before, after, bias = trace.before(context), trace.after(context), trace.bias(context)
    if "bias" in {p.name for p in trace.weights.parameters}:
        parts.append(bias)
    yield _sum_line("z", parts, before)
    if node.activation is not None:
        yield _activation_line(say(text(node.activation.title)), before, after)
    once = "The bias is added once, and the activation is applied once, to the whole sum."
    yield Paragraph(say(once), small=True)
    yield from _cell_formula(handout, node.name, pixel.map - 1, pixel.row - 1, pixel.column - 1)


def _pixel_heading(handout: HandoutContext, pixel: Pixel) -> Heading:
    place = text("map {map}, row {row}, column {column}", map=pixel.map, row=pixel.row, column=pixel.column)
    return Heading(handout.say(text("One pixel of {layer}: {place}", layer=pixel.layer, place=place)))


class _InputTerm:
    """Window, slice and partial sum of one input map."""

    def __init__(self, trace: Trace, context: PageContext, n: int) -> None:
        if trace.listed < trace.inputs:  # a page that shows one chosen input map
            context = replace(context, choices={**context.choices, trace.key("input"): n + 1})
            n = 0
        self.window, self.slice = trace.window(context, n), trace.slice(context, n)
        self.partial = trace.partial(context, n)


def _sum_line(name: str, parts: list[float], total: float) -> Math:
    """`z = 0.12 − 0.30 + 1.2 = 1.02`."""
    rest = (("+ " if part >= 0 else "− ") + number_text(abs(part)) for part in parts[1:])
    plain = " ".join((number_text(parts[0]), *rest))
    signs = plain.replace("−", "-")
    result = number_text(total)
    return Math(f"{name} = {signs} = {result.replace('−', '-')}", f"{name} = {plain} = {result}")


def _activation_line(title: str, before: float, after: float) -> Math:
    """`ReLU(1.02) = 1.02`."""
    name = "".join(c for c in title if c.isalnum() or c == " ")
    line = f"({number_text(before)}) = {number_text(after)}"
    return Math(f'upright("{name}"){line.replace("−", "-")}', f"{title}{line}")


def _cell_formula(
    handout: HandoutContext, tensor: str, channel: int, y: int = 0, x: int = 0
) -> Iterator[DocumentPart]:
    """The cell of the workbook that computes the same."""
    found = handout.formula(tensor, channel, y, x)
    if found is None:
        return
    sheet, cell, formula = found
    where = text("in the workbook: sheet {sheet}, cell {cell}", sheet=sheet, cell=cell)
    if len(formula) > LONGEST:
        where = text("{where} (its first {n} of {all} characters)", where=where, n=LONGEST, all=len(formula))
        formula = formula[:LONGEST] + " …"
    yield Code(formula, handout.say(where))


def _last(handout: HandoutContext, can_trace: Callable[[Layout, Node], bool]) -> Node | None:
    """The last layer that a trace can show."""
    layout = handout.plan.layout
    nodes = [n for n in handout.graph.nodes if n.name not in layout.aliases and can_trace(layout, n)]
    return nodes[-1] if nodes else None


def pooling(handout: HandoutContext) -> Iterator[DocumentPart]:
    """The window of one pixel of the last pooling layer that can be shown."""
    layout, say = handout.plan.layout, handout.say
    node = _last(handout, can_trace_pool)
    if node is None:
        return
    assert isinstance(node.op, Pool)  # noqa: S101  (for mypy)
    trace = PoolTrace(layout, node, node.op, node.op.receptive_window(handout.graph.input_shapes(node)))
    out = handout.maps(node.name)
    channel, y, x = (int(n) for n in np.unravel_index(int(np.argmax(out)), out.shape))
    choices = {trace.key("map"): channel + 1, trace.key("row"): y + 1, trace.key("column"): x + 1}
    context = handout.context(**choices)
    yield _pixel_heading(handout, Pixel(node.name, channel + 1, y + 1, x + 1))
    words, window, marked = _pooled(trace, context)
    scale: Scale = "sequential" if handout.graph.nonnegative[node.inputs[0]] else "diverging"
    caption = text("{layer}, map {n}", layer=node.inputs[0], n=channel + 1)
    yield side_by_side(Figure(say(caption), window, scale, 2, side=7, marked=marked))
    yield Paragraph(say(words))
    yield from _cell_formula(handout, node.name, channel, y, x)


def _pooled(trace: PoolTrace, context: PageContext) -> tuple[str, Array, list[tuple[int, int, int, int]]]:
    """How a window becomes one value: the words, its pixels (NaN for padding), the cells to be marked.

    A kind of explanation that has no case here is an error of types.
    """
    window, value = trace.window(context), number_text(trace.result(context))
    match trace.op.explanation:
        case Selection(sentence=sentence, outside=outside) as selection:
            row, column = (trace.winner(selection, context, axis) for axis in (0, 1))
            rows, cols = trace.place(context, 0), trace.place(context, 1)
            marked = [(int(np.argmax(rows == row)), int(np.argmax(cols == column)), 1, 1)]
            words = text(sentence, value=value, row=int(row), column=int(column))
            return words, np.where(window == outside, np.nan, window), marked
        case Mean(sentence=sentence):
            total, count = number_text(float(window.sum())), int(trace.counted(context))
            return text(sentence, sum=total, n=count, value=value), window, []


def dense(handout: HandoutContext) -> Iterator[DocumentPart]:
    """The largest terms of the greatest output of the last dense layer."""
    layout, say = handout.plan.layout, handout.say
    node = _last(handout, can_trace_dense)
    if node is None:
        return
    trace = DenseTrace.of(layout, node)
    output = int(np.argmax(handout.maps(node.name)))
    context = handout.context(**{trace.key: output + 1})
    yield Heading(say(text("One output of {layer}: number {n}", layer=node.name, n=output + 1)))
    terms, values, weights = trace.terms(context), trace.values(context), trace.row(context)
    order = np.argsort(-np.abs(terms), kind="stable")[:MOST_TERMS].tolist()
    rows = [
        (_origin(handout, trace, n), number_text(values[n]), number_text(weights[n]), number_text(terms[n]))
        for n in order
    ]
    rest = len(terms) - len(order)
    if rest:
        others = float(terms.sum() - terms[order].sum())
        rows.append((say(text("{n} other terms", n=rest)), "", "", number_text(others)))
    if "bias" in {p.name for p in trace.weights.parameters}:
        rows.append((say("bias"), "", "", number_text(trace.bias(context))))
    rows.append((say("together"), "", "", number_text(trace.before(context))))
    heads = (say("comes from"), say("value"), say("weight"), say("term"))
    yield Table(heads, rows, numbers=(1, 2, 3), widths=(3, 1, 1, 1))
    if node.activation is not None:
        yield _activation_line(say(text(node.activation.title)), trace.before(context), trace.after(context))
    yield from _cell_formula(handout, node.name, output)


def _origin(handout: HandoutContext, trace: DenseTrace, n: int) -> str:
    maps, say = trace.maps, handout.say
    if maps is None:
        return say(text("{layer}, value {n}", layer=trace.node.inputs[0], n=n + 1))
    name, shape = maps
    size = shape.height * shape.width
    row, col = n % size // shape.width + 1, n % shape.width + 1
    place = text("map {map}, row {row}, column {column}", map=n // size + 1, row=row, column=col)
    return say(text("{layer}, {place}", layer=name, place=place))


def softmax(handout: HandoutContext) -> Iterator[DocumentPart]:
    """Values, shifted values, exponentials and probabilities, the most probable first."""
    layout, say, labels = handout.plan.layout, handout.say, handout.graph.labels
    node = _last(handout, can_trace_softmax)
    if node is None:
        return
    trace = SoftmaxTrace(layout, node)
    steps = trace.steps(handout.context())
    yield Heading(say(text("{layer}: from values to probabilities", layer=node.name)))
    order = np.argsort(-steps[:, 3], kind="stable")[:MOST_CLASSES].tolist()
    names = labels if len(labels) == len(steps) else [str(n + 1) for n in range(len(steps))]
    rows = [(names[n], *(number_text(v, 4) for v in steps[n])) for n in order]
    heads = (say("class"), say("value"), say("value − greatest"), say("exp of it"), say("share of the sum"))
    yield Table(heads, rows, numbers=(1, 2, 3, 4), widths=(1.4, 1, 1.3, 1, 1.3))
    if len(steps) > len(order):
        yield Paragraph(say(text("… and {n} more classes", n=len(steps) - len(order))), small=True)
    total, greatest = number_text(float(steps[:, 2].sum()), 4), number_text(float(steps[:, 0].max()), 4)
    words = "The greatest value is {greatest}; the exponentials add up to {sum}."
    yield Paragraph(say(text(words, greatest=greatest, sum=total)))


def receptive(handout: HandoutContext) -> Iterator[DocumentPart]:
    """The part of the input that the worked pixel depends on, framed on the picture."""
    pixel, say = handout.pixel, handout.say
    field = receptive_fields(handout.graph).get(pixel.layer) if pixel is not None else None
    if pixel is None or field is None:
        return
    source = handout.maps(handout.graph.source)
    (top, bottom), (left, right) = (
        span.seen(n - 1, size)
        for span, n, size in zip(field, (pixel.row, pixel.column), source.shape[1:], strict=True)
    )
    yield Heading(say(text("What this pixel of {layer} sees", layer=pixel.layer)))
    mark = (top, left, bottom - top + 1, right - left + 1)
    side = min(4.0, 70.0 / max(source.shape[1:]))
    yield side_by_side(Figure(handout.graph.source, source[0], "picture", side=side, marked=(mark,)))
    words = "rows {top} to {bottom} and columns {left} to {right} of the input: {n} of {all} pixels"
    ends = {"top": top + 1, "bottom": bottom + 1, "left": left + 1, "right": right + 1}
    yield Paragraph(say(text(words, **ends, n=mark[2] * mark[3], all=source[0].size)))
