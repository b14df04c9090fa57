"""A page of terms."""

from __future__ import annotations

from collections.abc import Iterator

from sheetcnn.teaching.handouts.context import HandoutContext
from sheetcnn.teaching.paper.document import DocumentPart, Heading, PageBreak, Terms

TERMS = (
    ("feature map", "What one kernel finds all over its input: a grid of numbers, shown as a picture."),
    ("channel", "One of the maps that a layer reads or gives: red, green and blue, or one map per kernel."),
    ("kernel", "The weights of one output map: a small grid, or slice, for every input map."),
    ("weight", "A trained number that a value is multiplied with."),
    ("bias", "A trained number that is added once to the sum of an output map."),
    ("window", "The pixels of the input that lie under the kernel."),
    (
        "convolution",
        "Window times kernel at every place: products are added up over all input maps, then the bias.",
    ),
    ("stride", "How many pixels the window moves from one output pixel to the next."),
    ("padding", "Blank pixels around the input, so that windows may reach over its edge; they count as 0."),
    ("dilation", "Gaps between the pixels of a window, so that it sees further with as many weights."),
    ("pre-activation", "The sum with its bias, before the activation."),
    ("activation", "A function applied to each sum, such as ReLU; also the number that comes out."),
    ("ReLU", "max(0, x): a negative sum becomes 0."),
    ("pooling", "The greatest value, or the mean, of each window of each map alone."),
    ("receptive field", "The pixels of the input image that one number depends on."),
    ("flatten", "All maps one after the other, row by row, as one column of numbers."),
    ("dense layer", "Every output is a weighted sum of all values, plus a bias."),
    ("logits", "The values before softmax: any numbers; the greatest wins."),
    ("softmax", "Numbers from 0 to 1 that add up to 1: exp of each value over the sum of all of them."),
    ("parameters", "All trained numbers: weights and biases."),
    ("multiply-adds", "Multiplications of a weight with a value: how much work a layer is."),
)


def glossary(handout: HandoutContext) -> Iterator[DocumentPart]:
    """One page."""
    say = handout.say
    yield PageBreak()
    yield Heading(say("Terms"))
    yield Terms([(say(term), say(meaning)) for term, meaning in TERMS])
