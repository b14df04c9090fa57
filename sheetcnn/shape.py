"""Shapes and pairs: the few words about sizes that every layer speaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class ShapeMismatchError(ValueError):
    """An op cannot take inputs of these shapes; the graph adds which layer it was."""


@dataclass(frozen=True)
class Shape:
    """The shape of one activation, without a batch axis.

    Either feature maps `(C, H, W)` or a vector `(N,)`.
    """

    dims: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.dims) not in (1, 3) or any(d < 1 for d in self.dims):
            raise ValueError(f"a shape is (C, H, W) or (N,) with sizes of at least 1, not {self.dims}")

    @classmethod
    def maps(cls, channels: int, height: int, width: int) -> Shape:
        """Feature maps `(C, H, W)`."""
        return cls((channels, height, width))

    @classmethod
    def vector(cls, size: int) -> Shape:
        """A vector `(N,)`."""
        return cls((size,))

    @property
    def is_vector(self) -> bool:
        """Whether this is `(N,)`."""
        return len(self.dims) == 1

    @property
    def channels(self) -> int:
        """C of `(C, H, W)`, N of `(N,)`."""
        return self.dims[0]

    @property
    def height(self) -> int:
        """H; 1 for a vector."""
        return 1 if self.is_vector else self.dims[1]

    @property
    def width(self) -> int:
        """W; 1 for a vector."""
        return 1 if self.is_vector else self.dims[2]

    @property
    def size(self) -> int:
        """The number of values."""
        return self.channels * self.height * self.width

    def __str__(self) -> str:
        return "×".join(map(str, self.dims))


@dataclass(frozen=True)
class Margin:
    """How many cells lie beyond each edge of a map: padding, and what a window overhangs."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def union(self, other: Margin) -> Margin:
        """The smallest margin that holds both."""
        return Margin(
            max(self.top, other.top),
            max(self.bottom, other.bottom),
            max(self.left, other.left),
            max(self.right, other.right),
        )

    @property
    def any(self) -> bool:
        """Whether any side is not 0."""
        return bool(self.top or self.bottom or self.left or self.right)


NO_MARGIN = Margin()
