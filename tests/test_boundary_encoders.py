"""Encoders that keep every frame, to tell where the parts of a piece begin."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from symbolic.audio.front_end import FrontEnd
from symbolic.encoders import AUDIO_SYSTEMS, BOUNDARY_SYSTEMS
from symbolic.encoders.audio.boundary import ChannelGroups
from symbolic.encoders.boundary_systems import full_size
from symbolic.modeling import SymbolicModel
from symbolic.tasks import BOUNDARY, GENRE

PARAMETERS = {
    "mls": 163_265,
    "sslm": 199_393,
    "mls_mfcc_euclidean": 328_257,
    "mls_mfcc_cosine": 328_257,
    "mls_euclidean": 329_377,
    "mls_cosine": 329_377,
    "mls_mfcc": 329_377,
    "mls_chroma": 329_377,
    "mls_sslm": 331_617,
    "stacked_depth": 167_745,
    "sug1": 1_280_051,
    "gs1": 4_601_495,
    "roll": 179_649,
    "note_sslm": 199_393,
    "roll_sslm": 348_001,
}


def model_of(name, width=1 / 8, **changes):
    torch.manual_seed(0)
    return SymbolicModel(BOUNDARY_SYSTEMS[name].config([BOUNDARY], width, **changes)).eval()


def frames_of(model, count, batch=1, seed=0):
    front = model.config.front_end
    values = torch.rand(batch, count, front.width, generator=torch.manual_seed(seed))
    if "mel" in front.kinds:
        values[..., :80] = values[..., :80] * 80 - 80
    return values


def test_the_published_network_has_as_many_weights_as_published():
    whole = full_size(BOUNDARY_SYSTEMS["mls_sslm"])
    assert whole.front.widths["sslm_mfcc_cosine"] == 301
    model = SymbolicModel(whole.config([BOUNDARY]))
    assert sum(p.numel() for p in model.parameters()) == 659_297
    parts = {
        "encoder.branches.picture": 1 * 32 * 5 * 7 + 32,
        "encoder.branches.near": 4 * 32 * 5 * 7 + 32,
        "encoder.second": 32 * 64 * 3 * 5 + 64,
        "encoder.last": 64 * (16 + 60) * 128 + 128,
        "heads.boundary": 128 + 1,
    }
    for part, count in parts.items():
        assert sum(p.numel() for p in model.get_submodule(part).parameters()) == count


@pytest.mark.parametrize("name", BOUNDARY_SYSTEMS)
def test_systems_have_the_weights_that_follow_from_their_layers(name):
    with torch.device("meta"):
        model = SymbolicModel(BOUNDARY_SYSTEMS[name].config([BOUNDARY]))
    assert sum(p.numel() for p in model.parameters()) == PARAMETERS[name]


def test_systems_have_names_of_their_own():
    assert set(PARAMETERS) == set(BOUNDARY_SYSTEMS)
    assert not set(AUDIO_SYSTEMS) & set(BOUNDARY_SYSTEMS)


@pytest.mark.parametrize("name", BOUNDARY_SYSTEMS)
def test_every_frame_has_an_answer_however_long_the_piece_is(name):
    model = model_of(name)
    for count in (1, 2, 37):
        found = model(input_values=frames_of(model, count))
        assert found.logits["boundary"].shape == (1, count, 1)
        assert found.mask.tolist() == [[1] * count]


@pytest.mark.parametrize("name", BOUNDARY_SYSTEMS)
def test_what_stands_after_the_end_changes_nothing(name):
    model = model_of(name)
    short, long = frames_of(model, 30), frames_of(model, 45, seed=1)
    padded = torch.full_like(long, 7.0)
    padded[:, :30] = short
    mask = torch.ones(2, 45, dtype=torch.long)
    mask[0, 30:] = 0
    with torch.inference_mode():
        alone = model(input_values=short).logits["boundary"][0]
        found = model(input_values=torch.cat([padded, long]), attention_mask=mask)
        other = model(input_values=long).logits["boundary"][0]
    torch.testing.assert_close(found.logits["boundary"][0, :30], alone, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(found.logits["boundary"][1], other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["mls_sslm", "stacked_depth", "sug1", "gs1", "roll_sslm"])
def test_every_weight_learns(name):
    model = model_of(name).train()
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    labels = torch.rand(2, 40, 2)
    model(input_values=frames_of(model, 40, batch=2), labels={"boundary": labels}).loss.backward()
    optimizer.step()
    for weight, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), weight
        assert not torch.equal(parameter, before[weight]), weight


def test_patches_that_are_cut_out_say_the_same():
    """SUG1 as it is published: a network on 116 frames around each frame."""
    model = model_of("sug1", width=0.5)
    encoder = model.encoder
    with torch.no_grad():
        encoder.norms["picture"].running_mean.fill_(0.3)
        encoder.norms["picture"].running_var.fill_(0.5)
    frames = frames_of(model, 50)
    plain = nn.Sequential(
        nn.BatchNorm2d(1),
        nn.Conv2d(1, 8, (6, 8)),
        nn.Tanh(),
        nn.MaxPool2d((6, 3)),
        nn.Conv2d(8, 16, (3, 6)),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(16 * 10 * 31, 64),
        nn.Sigmoid(),
    ).eval()
    plain[0].load_state_dict(encoder.norms["picture"].state_dict())
    plain[1].load_state_dict(encoder.early["picture"].state_dict())
    plain[4].load_state_dict(encoder.late["picture"].state_dict())
    with torch.no_grad():
        plain[7].weight.copy_(encoder.hidden.weight.flatten(1))
        plain[7].bias.copy_(encoder.hidden.bias)
    loud = (frames.transpose(1, 2).unsqueeze(1) + 80) / 80
    padded = nn.functional.pad(loud, (58, 57))
    patches = padded.unfold(3, 116, 1)[0, 0].permute(1, 0, 2).unsqueeze(1)
    with torch.inference_mode():
        wanted, (found, _) = plain(patches), encoder(frames)
    torch.testing.assert_close(found[0], wanted, atol=1e-5, rtol=1e-5)


def test_silence_is_what_stands_beyond_the_edges_unless_the_slip_of_the_literature_is_asked_for():
    front = replace(FrontEnd(), n_mels=80, floor=-80.0, pool=6)
    silent, loud = torch.full((1, 3, 80), -80.0), torch.zeros(1, 3, 80)
    usual, slip = ChannelGroups(front), ChannelGroups(front, loudest_padding=True)
    assert usual(silent, None)["picture"].eq(0).all()
    assert usual(loud, None)["picture"].eq(1).all()
    assert slip(silent, None)["picture"].eq(-1).all()
    assert slip(loud, None)["picture"].eq(0).all()
    for options, edges in (({}, False), ({"loudest_padding": True}, True)):
        encoder = model_of("mls", encoder_options=options).encoder
        pictures = encoder.groups(torch.full((1, 20, 80), -80.0), None)["picture"]
        first = encoder.branches["picture"](pictures)[0, :, 40]  # of a band in the middle
        assert bool((first - first[:, 10:11]).abs().max() > 1e-3) is edges


def test_far_lags_are_for_patches():
    config = BOUNDARY_SYSTEMS["mls"].config([BOUNDARY], front=BOUNDARY_SYSTEMS["gs1"].front)
    with pytest.raises(ValueError, match="far"):
        SymbolicModel(config)


def test_other_pictures_are_refused():
    front = FrontEnd(kinds=("cqt",), pool=6)
    with pytest.raises(ValueError, match="cqt"):
        SymbolicModel(BOUNDARY_SYSTEMS["mls"].config([BOUNDARY], front=front))


def test_it_is_saved_with_its_front_and_thresholds(tmp_path):
    model = model_of("gs1")
    model.config.thresholds = {"boundary": {"0.5": 0.24, "3": 0.18}}
    model.save_pretrained(tmp_path)
    again = SymbolicModel.from_pretrained(tmp_path).eval()
    assert again.config.thresholds == {"boundary": {"0.5": 0.24, "3": 0.18}}
    assert again.config.front_end == BOUNDARY_SYSTEMS["gs1"].front
    assert again.tasks == (BOUNDARY,)
    frames = frames_of(model, 20)
    with torch.inference_mode():
        wanted = model(input_values=frames).logits["boundary"]
        assert torch.equal(again(input_values=frames).logits["boundary"], wanted)


def test_labels_may_weigh():
    logits, labels = torch.zeros(1, 2, 1), torch.tensor([[[1.0, 3.0], [0.0, 1.0]]])
    half = torch.log(torch.tensor(2.0))
    torch.testing.assert_close(BOUNDARY.loss(logits, labels), half * (3 + 1) / 2)
    labels[0, 0] = torch.nan
    torch.testing.assert_close(BOUNDARY.loss(logits, labels), half)
    assert BOUNDARY.empty_labels(2, 5).shape == (2, 5, 2)
    with pytest.raises(ValueError, match="weighted"):
        replace(GENRE, weighted=True)
