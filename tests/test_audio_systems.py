"""Every audio system by its name: its size and shapes as published, its padding, its training."""

import itertools

import pytest
import torch

from symbolic.audio.front_end import FrontEnd
from symbolic.encoders import AUDIO_SYSTEMS, ENCODERS
from symbolic.modeling import SymbolicModel
from symbolic.tasks import GENRE, TAGS

# Positions of one input in training, positions of the answer, its width. Frames are
# 1 + samples // hop; pools and strides are written out.
SHAPES = {
    **{
        f"cnn{cell}_{front}": (1 + 30 * 22050 // 512, 1292 // 2 // 2 // 2 // 2, width)
        for cell, width in (
            *(("", 128), ("_rnn", 128), ("_lstm", 128), ("_gru", 128)),
            *(("_bilstm", 256), ("_bigru", 256)),
        )
        for front in ("mel", "mfcc")
    },
    "three_branch": (1292, 1292 // 4 // 4 // 4, 3 * 128),
    **{f"branch_{name}": (1292, 1292 // 64, 128) for name in ("vertical", "horizontal", "cqt")},
    "wave_cnn": (29 * 16000, 464000 // 16 // 4 // 4 // 4 // 4 // 4, 256),
    **{f"wave_cnn_{kind}": (464000, 28, 64) for kind in ("rnn", "lstm", "gru")},
    "wave_chunked": (464000, 1, 256),
    **{
        f"spec_cnn_{kind}": (1 + 464000 // 256, 1813 // 2 // 3 // 4 // 2, 64)
        for kind in ("rnn", "lstm", "gru")
    },
    "mel_cnn1d": (1813, 1813 // 4 // 4 // 4 // 2, 256),
    **dict.fromkeys(
        ("sample_cnn", "sample_cnn_se", "sample_cnn_res", "sample_cnn_se_res"),
        (59049, 59049 // 3**10, 512),
    ),
    **dict.fromkeys(("fcn", "fcn_128"), (1813, 1813 // 4 // 4 // 4 // 5 // 4, 64)),
    **dict.fromkeys(("crnn", "crnn_128"), (1813, 1813 // 2 // 3 // 4 // 4, 32)),
    **dict.fromkeys(("musicnn", "musicnn_128"), (1 + 3 * 16000 // 256, 1, 200)),
    "musicnn_published": (187, 1, 200),
    "self_attention": (1 + 15 * 16000 // 256, 1, 256),
    "harmonic": (1 + 5 * 16000 // 256, 1, 256),
    "short_chunk": (1 + 59049 // 256, 1, 512),
    "short_chunk_res": (1 + 59049 // 256, 1, 512),
    "ast": (1024, 1, 768),
}


def conv(inputs, outputs, *kernel):
    return inputs * outputs * torch.Size(kernel).numel() + outputs


def norm(channels):
    return 2 * channels


def layer(inputs, outputs, *kernel):
    return conv(inputs, outputs, *kernel) + norm(outputs)


def linear(inputs, outputs):
    return inputs * outputs + outputs


def residual(inputs, outputs, *kernel, shortcut=True):
    both = layer(inputs, outputs, *kernel) + layer(outputs, outputs, *kernel)
    return both + shortcut * layer(inputs, outputs, *kernel)


def cell(gates, inputs, units):
    return gates * (inputs * units + units * units + 2 * units)


def chain(part, widths, *kernel):
    return sum(part(i, o, *kernel) for i, o in itertools.pairwise(widths))


GATES = {"rnn": 1, "gru": 3, "lstm": 4}
GENRE_BODY = chain(layer, [1, 32, 64, 128, 128], 3, 3)
WAVE_BODY = layer(1, 64, 81) + chain(layer, [64, 64, 128, 128, 256], 3)
SPEC_BODY = norm(96) + chain(layer, [1, 32, 64, 128, 128], 3, 3)
SAMPLE_WIDTHS = [1, 128, 128, 128, *[256] * 6, 512]
SHORT_WIDTHS = [1, 128, 128, 256, 256, 256, 256, 512]
BRANCH_WIDTHS = [1, 16, 16, 32, 32, 64, 64, 128]
BRANCH = {
    "vertical": norm(128) + chain(layer, [1, 16, 32, 64, 128], 15, 3),
    "horizontal": norm(128) + chain(layer, BRANCH_WIDTHS, 3, 15),
    "cqt": norm(84) + chain(layer, BRANCH_WIDTHS, 3, 3),
}
FCN = norm(1) + chain(layer, [1, 64, 128, 128, 128, 64], 3, 3)
CRNN = norm(1) + chain(layer, [1, 64, 128, 128, 128], 3, 3) + cell(3, 128, 32) + cell(3, 32, 32)
FILTERS = 2 * 204 + 3 * 51
MUSICNN = (
    norm(1)
    + layer(1, 204, 67, 7)
    + layer(1, 204, 38, 7)
    + sum(layer(1, 51, length) for length in (129, 65, 33))
    + chain(layer, [FILTERS, 64, 64, 64], 7)
    + linear(2 * (FILTERS + 3 * 64), 200)
    + norm(200)
)
GATE_WIDTHS = [*SAMPLE_WIDTHS[1:], 512]
SAMPLE_GATES = sum(2 * linear(n, n) for n in GATE_WIDTHS)
SAMPLE_RESIDUAL = sum(
    residual(i, o, k, shortcut=i != o or first)
    for i, o, k, first in zip(
        [*SAMPLE_WIDTHS], GATE_WIDTHS, [3] * 10 + [1], [True] + [False] * 10, strict=True
    )
)
SAMPLE = chain(layer, SAMPLE_WIDTHS, 3) + layer(512, 512, 1)
BERT_LAYER = 4 * linear(256, 256) + linear(256, 1024) + linear(1024, 256) + 2 * norm(256)
AST_LAYER = 4 * linear(768, 768) + linear(768, 3072) + linear(3072, 768) + 2 * norm(768)
AST_PATCHES = ((128 - 16) // 10 + 1) * ((1024 - 16) // 10 + 1)
PARAMETERS = {
    **{
        f"cnn{name}_{front}": norm(columns) + GENRE_BODY + extra
        for front, columns in (("mel", 128), ("mfcc", 20))
        for name, extra in (
            ("", 0),
            *((f"_{kind}", cell(GATES[kind], 128, 128)) for kind in GATES),
            *((f"_bi{kind}", 2 * cell(GATES[kind], 128, 128)) for kind in ("lstm", "gru")),
        )
    },
    "three_branch": sum(BRANCH.values()) - norm(128),  # both branches of mel hear one norm
    **{f"branch_{name}": count for name, count in BRANCH.items()},
    "wave_cnn": WAVE_BODY,
    **{f"wave_cnn_{kind}": WAVE_BODY + cell(GATES[kind], 256, 64) for kind in GATES},
    "wave_chunked": WAVE_BODY,
    **{f"spec_cnn_{kind}": SPEC_BODY + cell(GATES[kind], 128, 64) for kind in GATES},
    "mel_cnn1d": norm(96) + chain(layer, [96, 128, 128, 256, 256], 3),
    "sample_cnn": SAMPLE,
    "sample_cnn_se": SAMPLE + SAMPLE_GATES,
    "sample_cnn_res": SAMPLE_RESIDUAL,
    "sample_cnn_se_res": SAMPLE_RESIDUAL + SAMPLE_GATES + linear(512, 512) + norm(512),
    "fcn": FCN,
    "fcn_128": FCN,
    "crnn": CRNN,
    "crnn_128": CRNN,
    "musicnn": MUSICNN,
    "musicnn_128": MUSICNN,
    "musicnn_published": norm(1)
    + layer(1, 204, 38, 7)
    + layer(1, 204, 67, 7)
    + sum(layer(1, 51, length) for length in (128, 64, 32))
    + chain(layer, [FILTERS, 64, 64, 64], 7)
    + norm(2 * (FILTERS + 3 * 64))
    + linear(2 * (FILTERS + 3 * 64), 200)
    + norm(200),
    "self_attention": norm(1)
    + chain(residual, [1, 128, 128, *[256] * 5], 3, 3)
    + 256
    + 2 * BERT_LAYER,
    "harmonic": 1
    + norm(6)
    + layer(6, 128, 3, 3)
    + 3 * residual(128, 128, 3, 3, shortcut=False)
    + layer(128, 256, 3, 3)
    + 2 * residual(256, 256, 3, 3, shortcut=False)
    + linear(256, 256)
    + norm(256),
    "short_chunk": norm(1) + chain(layer, SHORT_WIDTHS, 3, 3) + linear(512, 512) + norm(512),
    "short_chunk_res": norm(1) + chain(residual, SHORT_WIDTHS, 3, 3) + linear(512, 512) + norm(512),
    "ast": norm(1)
    + conv(1, 768, 16, 16)
    + 2 * 768
    + (AST_PATCHES + 2) * 768
    + 12 * AST_LAYER
    + norm(768),
}

SMALL_AST = {"num_hidden_layers": 2, "max_length": 96}


def small(name, **changes):
    """A configuration a tenth as wide as the system, or one that a transformer can have."""
    system = AUDIO_SYSTEMS[name]
    options = SMALL_AST if system.encoder == "ast" else {}
    if system.encoder == "chunked":
        options = {"chunk": 2000}
    width = 0.125 if system.encoder == "self_attention" else 0.1
    return system.config([GENRE], width, encoder_options=options, **changes)


def sound(front, size, length, seed=1):
    """Made-up samples, or frames on the scale of decibels."""
    generator = torch.Generator().manual_seed(seed)
    if front.takes_samples:
        return torch.randn(size, length, generator=generator) / 5
    frames = torch.randn(size, length, front.width, generator=generator)
    return frames * 10 - 20 if front.decibels else frames.abs()


def short(front):
    """Positions that are quick to hear, and divide by nothing."""
    return 5003 if front.takes_samples else 83


@pytest.fixture(scope="module")
def models():
    """Small models with statistics and biases that are not those of the first day."""
    made = {}
    for name in AUDIO_SYSTEMS:
        torch.manual_seed(0)
        model = SymbolicModel(small(name)).eval()
        for part in model.modules():
            if isinstance(part, torch.nn.BatchNorm1d):
                part.running_mean.uniform_(-0.5, 0.5)
                part.running_var.uniform_(0.5, 2.0)
                torch.nn.init.uniform_(part.weight, 0.5, 1.5)
                torch.nn.init.uniform_(part.bias, 0.1, 0.6)
        made[name] = model
    return made


def test_every_row_of_the_references_is_there():
    assert set(SHAPES) == set(PARAMETERS) == set(AUDIO_SYSTEMS)
    for name, system in AUDIO_SYSTEMS.items():
        assert system.encoder in ENCODERS, name
        assert system.description, name


@pytest.mark.slow
@pytest.mark.parametrize("name", AUDIO_SYSTEMS)
def test_shapes_at_the_published_length(name):
    system = AUDIO_SYSTEMS[name]
    positions, after, width = SHAPES[name]
    config = system.config([TAGS])
    assert config.window == positions
    shape = (2, positions) if system.front.takes_samples else (2, positions, system.front.width)
    # Autocast, which the harmonic bands turn off, knows no meta device.
    with torch.device("cpu" if name == "harmonic" else "meta"), torch.inference_mode():
        model = SymbolicModel(config).eval()
        output, mask = model.encoder(torch.empty(shape))
    assert output.shape == (2, after, width)
    assert mask.shape == (2, after)
    assert model.encoder.hidden_size == width


@pytest.mark.parametrize("name", AUDIO_SYSTEMS)
def test_parameters_are_those_of_the_layers(name):
    with torch.device("meta"):
        encoder = SymbolicModel(AUDIO_SYSTEMS[name].config([TAGS])).encoder
    assert sum(p.numel() for p in encoder.parameters()) == PARAMETERS[name]


@pytest.mark.parametrize("name", AUDIO_SYSTEMS)
def test_padding_after_the_end_changes_no_answer(name, models):
    model, system = models[name], AUDIO_SYSTEMS[name]
    length = short(system.front)
    values = sound(system.front, 3, length)
    # Whatever stands there: not even sound after the end is heard.
    after = sound(system.front, 3, 3 * length if system.encoder != "ast" else 10, seed=2)
    mask = torch.cat([torch.ones(3, length), torch.zeros(3, after.shape[1])], dim=1).long()
    with torch.inference_mode():
        plain = model(input_values=values)
        padded = model(input_values=torch.cat([values, after], dim=1), attention_mask=mask)
        assert padded.mask.sum(dim=1).tolist() == [plain.mask.shape[1]] * 3
        torch.testing.assert_close(
            padded.logits["genre"], plain.logits["genre"], atol=1e-4, rtol=1e-3
        )
        hidden, _ = model.encoder(values)
        longer, _ = model.encoder(torch.cat([values, after], dim=1), attention_mask=mask)
    torch.testing.assert_close(longer[:, : hidden.shape[1]], hidden, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("name", AUDIO_SYSTEMS)
def test_a_recording_in_a_batch_of_longer_ones_is_heard_to_its_end(name, models):
    model, system = models[name], AUDIO_SYSTEMS[name]
    length = short(system.front)
    values = sound(system.front, 2, length)
    mask = torch.ones(2, length, dtype=torch.long)
    mask[1, length // 2 :] = 0
    with torch.inference_mode():
        both = model(input_values=values, attention_mask=mask).logits["genre"]
        alone = model(input_values=values[1:, : length // 2]).logits["genre"]
        whole = model(input_values=values).logits["genre"]
    torch.testing.assert_close(both[1:], alone, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(both[0], whole[0], atol=1e-4, rtol=1e-3)
    assert not torch.allclose(whole[1:], alone, atol=1e-4)


@pytest.mark.parametrize("name", AUDIO_SYSTEMS)
def test_saved_and_loaded_it_is_the_same(name, models, tmp_path):
    model, system = models[name], AUDIO_SYSTEMS[name]
    model.save_pretrained(tmp_path)
    loaded = SymbolicModel.from_pretrained(tmp_path).eval()
    assert loaded.config.front_end == system.front
    assert loaded.config.encoder_options == model.config.encoder_options
    state = loaded.state_dict()
    assert state.keys() == model.state_dict().keys()
    assert all(state[key].equal(value) for key, value in model.state_dict().items())
    values = sound(system.front, 2, short(system.front))
    with torch.inference_mode():
        before = model(input_values=values).logits["genre"]
        after = loaded(input_values=values).logits["genre"]
    # Convolutions round by where in memory the weights lie.
    torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", AUDIO_SYSTEMS)
def test_all_parameters_learn(name):
    torch.manual_seed(0)
    system, model = AUDIO_SYSTEMS[name], SymbolicModel(small(name, head_dropout=0.0)).train()
    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
        elif isinstance(part, torch.nn.MultiheadAttention):
            part.dropout = 0.0
    values, labels = sound(system.front, 4, short(system.front)), {"genre": torch.arange(4)}
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(3):
        loss = model(input_values=values, labels=labels).loss
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        grads = {key: p.grad for key, p in model.named_parameters()}
        assert [key for key, grad in grads.items() if grad is None] == []
        assert all(grad.isfinite().all() for grad in grads.values())
        optimizer.step()
    assert losses[-1] < losses[0]


def system_config(name, *arguments, **changes):
    return AUDIO_SYSTEMS[name].config(*arguments, **changes)


def test_a_system_is_changed_by_name():
    made = system_config("short_chunk", [TAGS], 0.5, front_end_in_model=True, head_dropout=0.2)
    assert (made.encoder, made.front_end_in_model, made.head_dropout) == ("spectrogram", True, 0.2)
    assert made.encoder_options["width"] == 0.5
    assert (made.window, made.chunks) == (59049, 16)
    assert system_config("short_chunk", [TAGS]).window == 231
    assert system_config("short_chunk", [TAGS], seconds=5.0).window == 313
    assert [task.name for task in made.task_specs] == ["tags"]
    made = system_config(
        "crnn", [TAGS], encoder_options={"recurrent": "lstm"}, front=FrontEnd(n_mels=40)
    )
    assert (made.encoder_options["recurrent"], made.encoder_options["units"]) == ("lstm", 32)
    assert made.front_end.n_mels == 40
    assert AUDIO_SYSTEMS["crnn"].options["recurrent"] == "gru"
    made = system_config(
        "ast", [TAGS], 0.25, encoder_options={"num_hidden_layers": 3, "norm": "column"}
    )
    backbone = made.backbone_config
    assert (backbone.hidden_size, backbone.num_hidden_layers) == (192, 3)
    assert backbone.max_length == 1024
    assert made.encoder_options == {"norm": "column"}
    assert (made.window, made.chunks) == (1024, None)


def test_the_old_key_of_the_front_end_in_the_model_is_its_new_one():
    made = system_config("short_chunk", [TAGS], front_end_in_model=True)
    with pytest.warns(FutureWarning, match="front_inside is now front_end_in_model"):
        old = system_config("short_chunk", [TAGS], front_inside=True)
    assert old.to_dict() == made.to_dict()
    assert old.window == 59049
    with pytest.raises(ValueError, match="front_inside"):
        system_config("short_chunk", [TAGS], front_inside=True, front_end_in_model=True)
    with pytest.raises(TypeError, match="front_end"):
        system_config("short_chunk", [TAGS], front_end=FrontEnd())


def test_pictures_of_another_grid_are_stretched_to_that_of_the_system():
    front = FrontEnd(n_mels=48, sampling_rate=12000, n_fft=512, hop=256)
    made = system_config("short_chunk", [TAGS], 0.1, front=front, grid=(128, 62.5 / front.rate))
    assert made.window == 1 + 44287 // 256 == 173
    model = SymbolicModel(made).eval()
    assert model.encoder.norm.num_features == 1
    heard, lengths = model.encoder.prepared(sound(front, 2, 173), None)
    assert heard.shape == (2, 230, 128)
    assert lengths is None
    made = system_config("ast", [TAGS], 0.1, front=front, grid=(128, 100 / front.rate))
    assert made.backbone_config.num_mel_bins == 128
    assert made.backbone_config.max_length == int((1 + 122760 // 256) * 100 / front.rate)
