"""Resampling of frames to another number of columns and another frame rate."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from symbolic.encoders.audio.lengths import Lengths, silenced


def stretched(
    frames: torch.Tensor, lengths: Lengths, columns: int, factor: float
) -> tuple[torch.Tensor, Lengths]:
    """Interpolate frames linearly, along columns and along time.

    Old and new columns are assumed to span the same frequencies on the same scale. Frames that
    shrink are sampled at single points, not averaged.

    Args:
        frames: (B, T, F), zero after the end.
        lengths: (B,) frames before the end, or None.
        columns: columns of the new frames.
        factor: new frames per old frame.

    Returns:
        (B, T', `columns`) with T' = max(1, floor(T * factor)), and the new lengths; the values of
        an example do not depend on padding.
    """
    if frames.shape[-1] != columns:
        frames = F.interpolate(frames, size=columns, mode="linear")
    if factor == 1.0:
        return frames, lengths
    total = max(1, int(frames.shape[1] * factor))
    last = torch.full_like(frames[:, 0, 0], frames.shape[1]) if lengths is None else lengths
    last = (last.to(frames.dtype).unsqueeze(1) - 1).clamp(min=0)
    # Frames are spans of time; values are interpolated between their centres.
    at = (torch.arange(total, device=frames.device, dtype=frames.dtype) + 0.5) / factor - 0.5
    at = torch.minimum(at.clamp(min=0).unsqueeze(0), last)
    before = at.floor()
    after = torch.minimum(before + 1, last)
    share = (at - before).unsqueeze(-1)
    before, after = (place.long().unsqueeze(-1) for place in (before, after))
    found = torch.take_along_dim(frames, before, dim=1) * (1 - share)
    found = found + torch.take_along_dim(frames, after, dim=1) * share
    if lengths is None:
        return found, None
    new = (lengths * factor).long().clamp(min=1)
    lengths = torch.where(lengths > 0, new, 0)
    return silenced(found.transpose(1, 2), lengths).transpose(1, 2), lengths
