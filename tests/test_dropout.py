"""Dropout by random bytes: as PyTorch's in all but the random numbers."""

import pytest
import torch
from torch import nn

from symbolic.encoders.backbones import BACKBONES
from symbolic.forward.dropout import ByteDropout, with_byte_dropout
from symbolic.tokenizers import CPTokenizer
from symbolic.training.build import ShapeArguments, build_model


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_a_share_is_dropped_and_the_rest_scaled(share, dtype):
    torch.manual_seed(0)
    values = torch.ones(40, 50, 101, dtype=dtype, requires_grad=True)
    found = ByteDropout(share)(values)
    assert (found.shape, found.dtype) == (values.shape, dtype)
    dropped = (found == 0).float().mean().item()
    assert dropped == pytest.approx(share, abs=0.006)  # 1/512 of rounding, the rest is chance
    (kept,) = set(found[found != 0].tolist())
    assert kept * (1 - round(share * 256) / 256) == pytest.approx(1, abs=0.01)
    found.sum().backward()
    assert torch.equal(values.grad, found.detach())


def test_neighbours_are_dropped_independently():
    torch.manual_seed(0)
    dropped = (ByteDropout(0.5)(torch.ones(200_000)) == 0).float() - 0.5
    for lag in (1, 2, 7, 8, 16):
        assert (dropped[lag:] * dropped[:-lag]).mean().abs() < 0.003
    # Every byte of the words drops its share.
    assert torch.allclose(dropped.view(-1, 8).mean(dim=0), torch.zeros(8), atol=0.01)


def test_the_seed_decides_and_evaluation_drops_nothing():
    layer, values = ByteDropout(0.2), torch.randn(7, 13)
    draws = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        draws.append(layer(values))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert torch.equal(layer.eval()(values), values)


@pytest.mark.parametrize("share", [0.0, 0.001, 1.0])
def test_shares_that_bytes_do_not_have_are_those_of_torch(share):
    values = torch.randn(50)
    torch.manual_seed(3)
    found = ByteDropout(share)(values)
    torch.manual_seed(3)
    assert torch.equal(found, nn.Dropout(share)(values))
    assert ByteDropout(0.5)(torch.ones(0)).shape == (0,)


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_backbones_and_heads_have_it_with_the_same_weights(name):
    shape = {"hidden_size": 16, "layers": 1, "heads": 2, "window": 16}
    arguments = ShapeArguments(backbone=name, tasks="emotion,velocity", dropout=0.25, **shape)
    model = build_model(CPTokenizer(), arguments)
    kinds = {type(part) for part in model.modules() if isinstance(part, nn.Dropout)}
    assert kinds == {ByteDropout}
    shares = {part.p for part in model.encoder.backbone.modules() if isinstance(part, nn.Dropout)}
    assert shares <= {0.0, 0.25}


def test_other_kinds_of_dropout_stay():
    layers = nn.Sequential(nn.Dropout(0.1), nn.Sequential(nn.Dropout1d(0.2), nn.Dropout(0.3)))
    with_byte_dropout(layers)
    assert [type(part) for part in (layers[0], *layers[1])] == [
        *(ByteDropout, nn.Dropout1d, ByteDropout)
    ]
    assert layers[1][1].p == 0.3
