"""float32 weights as the shortest decimal that gives them back."""

from __future__ import annotations

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sheetcnn.importers.weights import decimal

BITS = st.integers(0, 2**32 - 1)


def shortest(x: np.ndarray) -> list[float]:
    """What reads back the shortest texts of float32, written by another program's algorithm."""
    found: list[float] = orjson.loads(orjson.dumps(x, option=orjson.OPT_SERIALIZE_NUMPY))
    return found


def check(x: np.ndarray) -> None:
    found = decimal(x)
    assert found.dtype == np.float64
    assert found.shape == x.shape
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(found.astype(np.float32).view(np.uint32), x.view(np.uint32))
    np.testing.assert_array_equal(found.ravel(), shortest(x.ravel()))
    np.testing.assert_array_equal(np.signbit(found), np.signbit(x))
    # The text that is written into a cell is as short as that of the float32.
    np.testing.assert_array_equal(shortest(found.ravel()), found.ravel())


@given(arrays(np.uint32, st.integers(1, 200), elements=BITS))
def test_any_float32(bits: np.ndarray) -> None:
    x = bits.view(np.float32)
    check(x[np.isfinite(x)])


@given(st.integers(-(10**9), 10**9), st.integers(-50, 40))
def test_any_short_decimal(digits: int, exponent: int) -> None:
    with np.errstate(over="ignore", under="ignore"):
        x = np.array([float(f"{digits}e{exponent}")]).astype(np.float32)
    check(x[np.isfinite(x)])


def test_edges() -> None:
    # Powers of two, where the floats below are closer than those above; powers of ten; their neighbours.
    twos = np.arange(1, 255, dtype=np.uint32) << 23
    tens = (10.0 ** np.arange(-45, 39)).astype(np.float32).view(np.uint32)
    subnormal = np.array([1, 2, 3, 1 << 22, (1 << 23) - 1], np.uint32)
    zero = np.zeros(1, np.uint32)
    at = np.concatenate([twos, tens[tens > 0]])
    bits = np.concatenate([at - 1, at, at + 1, subnormal, zero])
    x = bits.view(np.float32)
    check(np.concatenate([x, -x]))


@pytest.mark.parametrize("spread", [1e-20, 1e-9, 1e-4, 0.02, 1.0, 300.0, 1e6, 1e12])
def test_usual_weights(spread: float) -> None:
    x = np.random.default_rng(0).normal(0, spread, 50_000).astype(np.float32)
    check(x)
    # Wholes and quarters of greater numbers, and a shape and strides that are not plain.
    check(np.round(x * 4)[::2].reshape(50, 500) / np.float32(4))


def test_other_types_and_values() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 0.1], np.float32)
    np.testing.assert_array_equal(decimal(x), [np.nan, np.inf, -np.inf, 0.1])
    assert decimal(np.array(0.1, np.float32)).shape == ()
    assert decimal(np.zeros((0, 3), np.float32)).shape == (0, 3)
    np.testing.assert_array_equal(decimal(np.array([1, -2], np.int8)), [1.0, -2.0])
    half = np.array([0.1], np.float16)
    np.testing.assert_array_equal(decimal(half), half.astype(np.float64))
    double = np.array([0.1])
    assert decimal(double) is not double
