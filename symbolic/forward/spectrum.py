"""Products with a weight turned to each of twelve tonics, by spectra over pitch classes (NumPy).

They are cyclic correlations, which in the spectrum are products of one frequency each: a sixth of
the multiplications of the matrix that has the weight twelve times. The sums are the same but for
rounding.
"""

from __future__ import annotations

import numpy as np


def _waves() -> np.ndarray:
    """Make the (12, 12) orthonormal basis of cosines and sines over the pitch classes.

    In pairs of columns: the cosines of 0 and of 6 periods, then cosine and sine of 1 to 5.
    """
    angles = np.outer(np.arange(12), np.arange(7)) * np.pi / 6
    waves = np.stack([np.cos(angles), np.sin(angles)], axis=2)
    waves[:, 0, 1] = np.cos(angles[:, 6])
    norms = np.where(np.arange(6) == 0, 12, 6) ** 0.5
    return (waves[:, :6] / norms[:, None]).reshape(12, 12)


WAVES = _waves()


def weight_spectrum(weight: np.ndarray) -> np.ndarray:
    """Transform a (H, C, 12) weight for `turned_products`: (6, 2 C, 2 H), by pair."""
    count, channels, _ = weight.shape
    pairs = (weight @ WAVES).reshape(count, channels, 6, 2)
    cosine, sine = pairs.transpose(3, 2, 1, 0)  # (6, C, H) each
    made = np.block([[cosine, -sine], [sine, cosine]]) * 6**0.5
    made[0, :channels, count:] = made[0, channels:, :count] = 0  # 0 and 6 periods do not mix
    made[0, :channels, :count] = cosine[0] * 12**0.5
    made[0, channels:, count:] = sine[0] * 12**0.5
    return made


def turned_products(values: np.ndarray, spectrum: np.ndarray) -> np.ndarray:
    """Sum values times a weight that is turned to each tonic k: (B, 12, H).

    Args:
        values: (B, C, 12).
        spectrum: of the weight w, by `weight_spectrum`; the sums are over c and q of
            values[c, q] w[c, q - k].
    """
    rows, channels, _ = values.shape
    pairs = (values @ WAVES).reshape(rows, channels, 6, 2).transpose(2, 0, 3, 1)
    found = pairs.reshape(6, rows, 2 * channels) @ spectrum
    return WAVES @ found.reshape(6, rows, 2, -1).swapaxes(0, 1).reshape(rows, 12, -1)
