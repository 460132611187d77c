"""Every encoder: hidden states as wide as it says, an honest mask, and weights that all learn.

A new encoder is tested as soon as it has a line in `ENCODERS`: an encoder of notes on a small
vocabulary, one of recordings as the first system in `SYSTEMS` has it. Others are in
`CONFIGURATIONS`.
"""

import pytest
import torch
from transformers import BertConfig

from symbolic.audio.front_end import ROLL_WIDTHS
from symbolic.configuration import SymbolicConfig
from symbolic.encoders import ENCODERS, NoteEncoder, SpectrogramEncoder
from symbolic.encoders.backbones import BACKBONES, backbone_config
from symbolic.encoders.systems import SYSTEMS
from symbolic.features import FEATURE_SETS, TONAL_NAMES
from symbolic.modeling import SymbolicModel
from symbolic.tasks import BOUNDARY, EMOTION, GENRE
from symbolic.training.build import ShapeArguments

BATCH = 3
KINDS = ("chroma", "onsets")


def of_notes(backbone, encoder="notes", **options):
    return lambda: SymbolicConfig(
        encoder=encoder,
        backbone_config=backbone,
        field_names=["Bar", "Pitch"],
        vocab_sizes=[5, 40],
        pad_ids=[0, 0],
        mask_ids=[1, 1],
        field_embedding_size=8,
        window=32,
        **{"feature_names": ["density", "mode"], **options},
    )


def of_features():
    names = [*FEATURE_SETS["core"], *TONAL_NAMES]
    return SymbolicConfig(encoder="features", feature_names=names, tasks=[EMOTION])


def of_units():
    options = {"rolls": list(KINDS), "size": 12, "lags": 8}
    return SymbolicConfig(encoder="metrical", metrical_unit="beat", metrical_options=options)


def of_system(name):
    """The configuration of the first system that has the encoder, an eighth as wide."""
    system = next(system for system in SYSTEMS.values() if system.encoder == name)
    task = BOUNDARY if name in ("boundary", "patch") else GENRE
    options = {"num_hidden_layers": 2} if name == "ast" else {}
    seconds = min(system.seconds, 6.0)
    return system.config([task], 1 / 8, seconds=seconds, encoder_options=options)


BERT = BertConfig(
    hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=1
)
CONFIGURATIONS = {"notes": of_notes(BERT), "features": of_features, "metrical": of_units}


SHAPE = ShapeArguments(
    hidden_size=16, layers=1, heads=2, feedforward=16, dropout=0.0, attention_dropout=0.0, window=32
)


def configuration(name):
    if name.startswith("notes-"):
        return of_notes(backbone_config(name.removeprefix("notes-"), SHAPE))()
    if name in CONFIGURATIONS:
        return CONFIGURATIONS[name]()
    if ENCODERS[name].inputs == "notes":
        options = {} if hasattr(ENCODERS[name], "fit_features") else {"feature_names": []}
        if hasattr(ENCODERS[name], "settings"):
            options |= {"backbone_config": None, **ENCODERS[name].settings(SHAPE)}
        return of_notes(options.pop("backbone_config", BERT), name, **options)()
    return of_system(name)


def made(config, kind=None):
    """The encoder of a configuration, its weights as a model begins with them."""
    torch.manual_seed(0)
    if kind is None:
        return SymbolicModel(config).encoder
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ENCODERS, config.encoder, kind)
        return SymbolicModel(config).encoder


def inputs_of(config, encoder, lengths, padding, seed=1):
    """A batch of rows of so many positions, with `padding` after their ends.

    Args:
        padding: "zeros", or "rubbish" of other values in the same places.
    """
    chance = torch.Generator().manual_seed(seed)
    longest, rows = max(lengths), len(lengths)
    mask = (torch.arange(longest) < torch.tensor(lengths)[:, None]).long()
    name = getattr(encoder, "main_input_name", "input_ids")
    if name == "input_ids":
        sizes = config.vocab_sizes
        ids = [torch.randint(2, size, (rows, longest), generator=chance) for size in sizes]
        values = torch.stack(ids, dim=-1)
        other = torch.ones_like(values)
    elif name == "features":
        values = torch.rand(rows, len(config.feature_names), generator=chance)
        return {"features": values}
    else:
        widths = sum(ROLL_WIDTHS[kind] for kind in KINDS)
        width = (widths,) if name == "unit_rolls" else input_shape(config)
        values = torch.rand(rows, longest, *width, generator=chance)
        other = torch.full_like(values, 7.0)
    real = mask.view(*mask.shape, *[1] * (values.ndim - 2)).bool()
    filled = torch.zeros_like(values) if padding == "zeros" else other
    named = "unit_mask" if name == "unit_rolls" else "attention_mask"
    inputs = {name: torch.where(real, values, filled), named: mask}
    if name == "input_ids" and config.feature_names:
        inputs["features"] = torch.rand(rows, len(config.feature_names), generator=chance)
    return inputs


def input_shape(config):
    return () if config.front_end.takes_samples else (config.front_end.width,)


def check_encoder(config, kind=None):
    """Fail where an encoder does not do what heads and training rely on."""
    encoder = made(config, kind).eval()
    longest = config.window if config.front_end is not None else 24
    lengths = [longest, longest // 2, longest // 3]
    inputs = inputs_of(config, encoder, lengths, "zeros")
    with torch.no_grad():
        hidden, mask = encoder(**inputs)
    assert hidden.ndim == 3
    assert hidden.shape[0] == BATCH
    assert hidden.shape[2] == encoder.hidden_size
    assert hidden.isfinite().all()
    assert mask.shape == hidden.shape[:2]
    assert ((mask == 0) | (mask == 1)).all()
    check_padding(config, encoder, lengths, hidden, mask)
    check_weights(config, made(config, kind), lengths)


def check_padding(config, encoder, lengths, hidden, mask):
    """What stands after the end of a row is not seen, and what is real does not depend on it."""
    counts = mask.sum(dim=1)
    assert (mask == (torch.arange(mask.shape[1]) < counts[:, None])).all()
    assert counts[0] == mask.shape[1]
    assert (counts[1:] <= counts[:-1]).all()
    if mask.shape[1] > lengths[0] // 2:  # a position is one of the input's, or nearly
        assert counts[2] < counts[1] < counts[0]
    rubbish = inputs_of(config, encoder, lengths, "rubbish")
    with torch.no_grad():
        again, its_mask = encoder(**rubbish)
        assert torch.equal(mask, its_mask)
        for row, (length, count) in enumerate(zip(lengths, counts.tolist(), strict=True)):
            real = hidden[row, :count]
            torch.testing.assert_close(again[row, :count], real, atol=1e-5, rtol=1e-4)
            alone = {
                key: value[row : row + 1, :length] if value.shape[1:2] == mask_shape(rubbish)
                else value[row : row + 1]
                for key, value in rubbish.items()
            }  # fmt: skip
            own, own_mask = encoder(**alone)
            assert own_mask.sum() == count
            torch.testing.assert_close(own[0, :count], real, atol=1e-4, rtol=1e-3)


def mask_shape(inputs):
    masks = [value for name, value in inputs.items() if name.endswith("mask")]
    return masks[0].shape[1:] if masks else (-1,)


def check_weights(config, encoder, lengths):
    """A step of training changes every weight that may learn."""
    encoder.train()
    inputs = inputs_of(config, encoder, [lengths[0]] * BATCH, "zeros")
    before = {name: value.detach().clone() for name, value in encoder.named_parameters()}
    optimizer = torch.optim.Adam(encoder.parameters(), 1e-3)
    for _ in range(2):  # what begins at zero hides from the first step what is behind it
        optimizer.zero_grad()
        hidden, mask = encoder(**inputs)
        target = torch.randn(hidden.shape, generator=torch.Generator().manual_seed(2))
        ((hidden - target).square() * mask.unsqueeze(-1)).mean().backward()
        optimizer.step()
    still = [
        name
        for name, value in encoder.named_parameters()
        if value.requires_grad and torch.equal(value, before[name])
    ]
    assert still == []
    assert all(value.isfinite().all() for value in encoder.parameters())


@pytest.mark.parametrize("name", [*ENCODERS, *(f"notes-{name}" for name in BACKBONES)])
def test_every_encoder_is_honest_and_learns(name):
    check_encoder(configuration(name))


class Unmasked(NoteEncoder):
    def forward(self, **inputs):
        hidden, mask = super().forward(**inputs)
        return hidden, torch.ones_like(mask)


class Seeing(NoteEncoder):
    """Sees what stands after the end."""

    def forward(self, input_ids, attention_mask=None, features=None):
        hidden, _ = super().forward(input_ids, torch.ones_like(attention_mask), features)
        return hidden, attention_mask


class Averaging(SpectrogramEncoder):
    """Takes a mean over the padding as well."""

    def forward(self, input_values, attention_mask=None):
        hidden, mask = super().forward(input_values, attention_mask)
        return hidden + input_values.mean(), mask


class Wide(NoteEncoder):
    def __init__(self, config):
        super().__init__(config)
        self.hidden_size += 1


class Fixed(NoteEncoder):
    """A layer of it is cut off from learning."""

    def _embedded(self, input_ids):
        return super()._embedded(input_ids).detach()


class Idle(NoteEncoder):
    """Has a layer that it does not use."""

    def __init__(self, config):
        super().__init__(config)
        self.spare = torch.nn.Linear(3, 3)


class Dead(SpectrogramEncoder):
    def encode(self, frames, lengths):
        values, lengths = super().encode(frames, lengths)
        return values * 0, lengths


@pytest.mark.parametrize("wrong", [Unmasked, Seeing, Averaging, Wide, Fixed, Idle, Dead])
def test_a_wrong_encoder_is_found_out(wrong):
    name = "notes" if issubclass(wrong, NoteEncoder) else "spectrogram"
    with pytest.raises(AssertionError):
        check_encoder(configuration(name), wrong)
