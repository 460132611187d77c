"""Conversion of samples to float32: whole numbers are scaled by their type, as in WAV."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbolic.notes.table import ReadError


def float_samples(samples: Any) -> np.ndarray:
    """Convert samples to float32 with full scale at 1.

    Whole numbers are divided by the largest magnitude of their type, int16 by 32,768. Unsigned ones
    are offset binary, as in 8-bit WAV: the middle of the range, 128 for uint8, is silence. Floats
    keep their values.

    Args:
        samples: an array, a torch tensor on any device, or lists of floats, of any shape.

    Returns:
        float32 of the same shape; whole numbers are in [-1, 1), up to rounding to 1. A float32
        array is returned as it is.

    Raises:
        ReadError: bool, complex or other types; a list of Python integers, which have no width to
            scale by; lists of different lengths.
    """
    if hasattr(samples, "detach"):
        samples = samples.detach().cpu()
        samples = (samples.float() if samples.is_floating_point() else samples).numpy()
    try:
        array = np.asarray(samples)
    except ValueError as error:
        raise ReadError(f"not an array of samples: {error}") from error
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):  # an infinity is refused later
            return array.astype(np.float32, copy=False)
    if array.dtype.kind not in "iu":
        raise ReadError(f"samples of type {array.dtype}: neither floats nor integers")
    if isinstance(samples, list | tuple) and _has_python_number(samples):
        raise ReadError(
            "a list of integers has no width to scale by: give an array, of int16 for example"
        )
    limits = np.iinfo(array.dtype)
    half = 2.0 ** (limits.bits - 1)
    offset = half if limits.min == 0 else 0.0
    # The difference in float64 is exact to the precision of float32, also for 64 bits.
    return ((array.astype(np.float64) - offset) / half).astype(np.float32)


def _has_python_number(values: Any) -> bool:
    """Whether a list holds Python integers at any depth."""
    while isinstance(values, list | tuple) and values:
        values = values[0]
    return isinstance(values, int)
