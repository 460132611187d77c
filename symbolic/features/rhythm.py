"""Rhythm: inter-onset intervals, their successive ratios, and the pulse."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets, within
from symbolic.features.summaries import entropy, mean, median, moments, share, spread

PULSE_FRAME_SECONDS = 0.02  # of the frames of onset strength
MAX_PULSE_FRAMES = 2**15  # about eleven minutes, from which the pulse is estimated
MIN_LAG, MAX_LAG = 10, 100  # frames, of the period of the pulse: 300 to 30 per minute
MIN_PULSE_CLARITY = 0.05  # below it, the period is undefined

_SMOOTHING = np.array([1.0, 2.0, 3.0, 2.0, 1.0])
_RATIOS = tuple(f"ioi_ratio_{name}" for name in ("1_1", "3_2", "2_1", "3_1"))
# Boundaries between the ratios 1, 3/2, 2 and 3, as logarithms: geometric means.
_BETWEEN_RATIOS = np.log2([1.5**0.5, 3**0.5, 6**0.5])


def intervals(onsets: Onsets) -> dict[str, float]:
    """Summarise inter-onset intervals ("ioi", seconds; the last one ends with the piece).

    `ioi_log_*` are natural logarithms. `ioi_variability` is the normalised pairwise variability
    index (Grabe & Low 2002), here 0 (a steady pulse) to 2; `ioi_repeated` the share of intervals
    within a tenth of the one before.
    """
    gap = onsets.gap
    before, after = gap[:-1], gap[1:]
    change = np.abs(after - before)
    middle, deviation = moments(gap)
    return {
        "ioi_mean": middle,
        "ioi_std": deviation,
        **spread("ioi_log", np.log(gap)),
        "ioi_variability": mean(2 * change / (after + before)),
        "ioi_repeated": share(change <= 0.1 * before),
    }


def ratios(onsets: Onsets) -> dict[str, float]:
    """Compare inter-onset intervals with their predecessors and median, independent of tempo.

    `ioi_ratio_1_1` is the share of intervals about as long as the one before, `3_2` of those whose
    ratio is nearest to 3/2 or 2/3, `2_1` to 2 or 1/2, `3_1` to 3, 1/3 and beyond.
    `ioi_lengthening` is the share of longer intervals among those that change. `ioi_entropy` is
    the entropy of the intervals in half octaves from their median, in nats.
    """
    gap = onsets.gap
    change = np.log2(gap[1:] / gap[:-1])
    ratio = _BETWEEN_RATIOS.searchsorted(np.abs(change))
    shares = np.bincount(ratio, minlength=4) / max(len(change), 1)
    half_octaves = np.rint(2 * np.log2(gap / median(gap))).astype(np.int64)
    return {
        **dict(zip(_RATIOS, shares.tolist(), strict=True)),
        "ioi_lengthening": share(change[ratio > 0] > 0),
        "ioi_entropy": entropy(np.bincount(within(half_octaves, -8, 8) + 8) / len(gap)),
    }


def pulse(onsets: Onsets) -> dict[str, float]:
    """Measure the periodicity of the onsets, weighted by velocity.

    `pulse_clarity` is the maximum of the normalised autocorrelation of onset strength at lags of
    0.2 to 2 seconds, 0 to 1 (Lartillot, Eerola, Toiviainen & Fornari 2008, "Multi-feature modeling
    of pulse clarity", call it MAX), `pulse_period_log` the natural logarithm of that lag in
    seconds; 0 where the clarity is below `MIN_PULSE_CLARITY`.
    """
    place = (onsets.time - onsets.time[0]) / PULSE_FRAME_SECONDS
    place = place[place < MAX_PULSE_FRAMES]
    weight = np.add.reduceat(onsets.velocity, onsets.starts)[: len(place)]
    frame = place.astype(np.int64)
    # Each onset is shared between the two nearest frames: small shifts of time change little.
    late = weight * (place - frame)
    length = int(frame[-1]) + 2
    strength = np.bincount(frame, weight - late, length) + np.bincount(frame + 1, late, length)
    # Smoothed over about 80 ms, the deviation of played beats.
    strength = np.convolve(strength, _SMOOTHING)
    strength -= mean(strength)
    size = 1 << (len(strength) + MAX_LAG).bit_length()
    spectrum = np.fft.rfft(strength, size)
    correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)
    lag = MIN_LAG + int(correlation[MIN_LAG : MAX_LAG + 1].argmax())
    power = correlation[0]
    clarity = max(correlation[lag] / power, 0.0) if power > 0 else 0.0
    period = np.log(lag * PULSE_FRAME_SECONDS) if clarity >= MIN_PULSE_CLARITY else 0.0
    return {"pulse_clarity": clarity, "pulse_period_log": period}
