"""Encoders that hear audio and their parts: where examples end, and what filters hear."""

import math

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from symbolic.audio.front_end import FrontEnd
from symbolic.configuration import SymbolicConfig
from symbolic.encoders import ENCODERS
from symbolic.encoders.audio.base import normalised
from symbolic.encoders.audio.blocks import (
    BatchNorm,
    ConvBlock,
    ResidualBlock,
    SqueezeExcitation,
    Stack,
    convolution,
)
from symbolic.encoders.audio.harmonic import HarmonicBands
from symbolic.encoders.audio.lengths import max_pool, pool_over_time, silenced, strided
from symbolic.encoders.audio.musicnn import VerticalFilters
from symbolic.encoders.audio.recurrent import Recurrent
from symbolic.encoders.audio.stretching import stretched
from symbolic.modeling import SymbolicModel
from symbolic.tasks import GENRE, Task

MEL = FrontEnd(n_mels=24, sampling_rate=16000, n_fft=512, hop=256)
SAMPLES = FrontEnd(kinds=("samples",), sampling_rate=16000)
BEATS = Task("beats", "token", "multi", ("beat",))


def encoder(name, front=MEL, **options):
    torch.manual_seed(0)
    config = SymbolicConfig(encoder=name, front_end=front, encoder_options=options, tasks=[GENRE])
    return ENCODERS[name](config).eval()


def values(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def first(positions, total):
    """A mask of so many real positions in each row."""
    return (torch.arange(total) < torch.tensor(positions)[:, None]).long()


@pytest.mark.parametrize("length", [1, 2, 3, 7, 8, 30])
@pytest.mark.parametrize("make", [ConvBlock, ResidualBlock])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("pool", [1, 3, 4])
def test_a_block_hears_the_same_with_and_without_padding(make, stride, pool, length):
    torch.manual_seed(0)
    block = make(1, 2, 4, stride=stride, pool=pool, squeeze=True).eval()
    heard = values(2, 2, length)
    plain, none = block(heard, None)
    padded = torch.cat([heard, torch.zeros(2, 2, 13)], dim=2)
    after, lengths = block(padded, torch.tensor([length, length]))
    kept = max(1, ((length - 1) // stride + 1) // pool)
    assert plain.shape[2] == kept
    assert none is None
    assert lengths.tolist() == [kept, kept]
    torch.testing.assert_close(after[..., :kept], plain)
    assert (after[..., kept:] == 0).all()


def test_strides_and_pools_of_nothing_leave_nothing():
    lengths = torch.tensor([0, 1, 5, 9])
    assert strided(lengths, 3).tolist() == [0, 1, 2, 3]
    pooled, after = max_pool(-values(4, 1, 9).abs(), lengths, (4,))
    assert after.tolist() == [0, 1, 1, 2]
    assert (pooled[0] == 0).all()
    assert (pooled[1:, :, 0] < 0).all()  # a maximum of what is real, not of the padding's zeros


def test_a_pool_that_is_higher_than_the_picture_takes_all_rows():
    picture = values(1, 1, 3, 8)
    pooled, _ = max_pool(picture, None, (5, 2))
    assert pooled.shape == (1, 1, 1, 4)
    assert pooled[0, 0, 0, 1] == picture[0, 0, :, 2:4].max()
    stack = Stack(ConvBlock, 2, 1, [2], pool=[(5, 2)])
    assert [stack.flat_channels(rows) for rows in (3, 5, 11)] == [2, 2, 4]


def test_pooling_over_time_counts_what_is_real():
    heard, lengths = values(3, 2, 6) - 5, torch.tensor([6, 2, 0])
    pooled = pool_over_time(heard, lengths, "max_mean")
    for row, length in ((0, 6), (1, 2)):
        part = heard[row, :, :length]
        torch.testing.assert_close(pooled[row], torch.cat([part.amax(1), part.mean(1)]))
    assert (pooled[2] == 0).all()
    torch.testing.assert_close(pool_over_time(heard, None, "mean"), heard.mean(dim=2))


def test_a_channel_with_one_value_is_normalised_as_in_answers():
    norm = BatchNorm(3).train()
    norm.running_mean.fill_(2.0)
    one = torch.tensor([[3.0, 2.0, 1.0]])
    torch.testing.assert_close(norm(one), torch.tensor([[1.0, 0.0, -1.0]]), atol=1e-4, rtol=0)
    assert norm.running_mean.tolist() == [2.0] * 3
    torch.testing.assert_close(norm(values(9, 3)).mean(dim=0), torch.zeros(3), atol=1e-5, rtol=0)


def test_the_input_norm_counts_real_positions_only():
    norm, heard = BatchNorm(4).train(), values(2, 10, 4)
    loud = torch.cat([heard, torch.full((2, 5, 4), 99.0)], dim=1)
    found = normalised(norm, loud, torch.tensor([10, 10]))
    assert (found[:, 10:] == 0).all()
    torch.testing.assert_close(found[:, :10].mean(dim=(0, 1)), torch.zeros(4), atol=1e-5, rtol=0)
    alone = BatchNorm(4).train()(heard.view(-1, 4))
    torch.testing.assert_close(found[:, :10].reshape(-1, 4), alone)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("directions", [1, 2])
def test_recurrent_layers_are_those_of_packed_sequences(kind, directions):
    torch.manual_seed(0)
    ours = Recurrent(kind, 3, 5, layers=2, directions=directions).eval()
    theirs = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[kind](
        3, 5, 2, batch_first=True, bidirectional=directions == 2
    )
    for layer in range(2):
        for part, suffix in ((ours.onward, ""), (ours.back, "_reverse"))[:directions]:
            for name, weight in part[layer].named_parameters():
                getattr(theirs, name.replace("l0", f"l{layer}{suffix}")).data.copy_(weight)
    heard, lengths = values(3, 3, 9), torch.tensor([9, 4, 1])
    packed = pack_padded_sequence(heard.transpose(1, 2), lengths, batch_first=True)
    expected, _ = pad_packed_sequence(theirs(packed)[0], batch_first=True)
    torch.testing.assert_close(ours(heard, lengths).transpose(1, 2), expected)
    torch.testing.assert_close(ours(heard, None).transpose(1, 2), theirs(heard.transpose(1, 2))[0])


def test_a_gate_hears_no_padding_and_all_rows():
    gate, picture = SqueezeExcitation(4), values(2, 4, 3, 6)
    padded = silenced(torch.cat([picture, values(2, 4, 3, 5)], dim=3), torch.tensor([6, 6]))
    after = gate(padded, torch.tensor([6, 6]))
    torch.testing.assert_close(after[..., :6], gate(picture, None))
    factors = gate(picture, None) / picture
    assert factors.std(dim=(2, 3)).max() < 1e-5


def test_parts_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="no centre"):
        convolution(1, 1, 1, 4)
    with pytest.raises(ValueError, match="2 dimensions"):
        convolution(2, 1, 1, (3, 3, 3))
    with pytest.raises(ValueError, match="recurrent 'choir'"):
        Recurrent("choir", 1, 1)


def test_the_mask_follows_pools_and_strides():
    made = encoder("spectrogram", channels=(4, 4), pools=((2, 3), (2, 4)))
    heard, mask = values(3, 60, 24), first([60, 40, 5], 60)
    hidden, after = made(heard, mask)
    assert hidden.shape == (3, 60 // 3 // 4, 4 * 24 // 2 // 2)
    assert after.sum(dim=1).tolist() == [5, 40 // 3 // 4, 1]
    assert (hidden[1, 3:] == 0).all()
    made = encoder("spectrogram", channels=(4, 4), pools=(2, 2), residual=True)
    assert made(heard, mask)[1].sum(dim=1).tolist() == [15, 10, 2]
    made = encoder(
        "waveform", SAMPLES, channels=(4, 4), kernels=(9, 3), strides=(4, 1), pools=(1, 2)
    )
    assert made(values(2, 81), first([81, 33], 81))[1].sum(dim=1).tolist() == [21 // 2, 9 // 2]


def test_rows_that_the_pools_leave_stand_in_the_hidden_state():
    made = encoder("spectrogram", channels=(4,), pools=((2, 1),))
    assert made.hidden_size == 4 * 12
    assert made(values(1, 5, 24))[0].shape == (1, 5, 48)


def test_following_layers():
    heard = values(2, 64, 24)
    options = {"channels": (4, 6), "pools": (4, 4), "recurrent": "gru", "units": 5}
    one = encoder("spectrogram", **options)
    assert one(heard)[0].shape == (2, 4, 5)
    two = encoder("spectrogram", **options, directions=2, layers=2, pooling="max_mean")
    assert two(heard)[0].shape == (2, 1, 20)
    dense = encoder("spectrogram", **options, pooling="mean", dense=7, width=2.0)
    assert dense(heard)[0].shape == (2, 1, 14)
    assert dense.hidden_size == 14


def test_a_chunk_is_heard_as_if_it_were_alone():
    shape = {"channels": (4, 6), "kernels": (9, 3), "strides": (4, 1), "pools": (2, 2)}
    made = encoder("chunked", SAMPLES, chunk=100, pooling=None, **shape)
    heard = values(2, 250)
    hidden, mask = made(heard)
    assert hidden.shape == (2, 3, 6)
    assert mask.all()
    for start in (0, 100, 200):
        alone, _ = made(heard[:, start : start + 100])
        torch.testing.assert_close(hidden[:, start // 100], alone[:, 0])
    after, mask = made(heard, first([250, 120], 250))
    assert mask.tolist() == [[1, 1, 1], [1, 1, 0]]
    torch.testing.assert_close(after[1, 1], made(heard[1:, 100:120])[0][0, 0])
    pooled = encoder("chunked", SAMPLES, chunk=100, **shape)
    torch.testing.assert_close(pooled(heard)[0], hidden.mean(dim=1, keepdim=True))
    torch.testing.assert_close(pooled(heard, first([250, 120], 250))[0][1, 0], after[1, :2].mean(0))


def test_branches_hear_their_own_columns():
    front = FrontEnd(kinds=("mel", "cqt"), n_mels=24, n_cqt=36)
    whole = encoder("branches", front, width=0.25)
    assert whole.hidden_size == 3 * 32
    heard = values(2, 130, 60)
    louder = heard.clone()
    louder[..., 24:] += 1.0
    before, after = whole(heard)[0], whole(louder)[0]
    assert before.shape == (2, 130 // 64, 96)
    torch.testing.assert_close(after[..., :64], before[..., :64])
    assert not torch.allclose(after[..., 64:], before[..., 64:])
    with pytest.raises(ValueError, match="need cqt"):
        encoder("branches", MEL, branches=("cqt",))
    for part in whole.modules():  # He (2015): the variance of weights is 2 / fan-in
        if isinstance(part, nn.Conv2d) and part.weight.numel() > 2000:
            fan_in = part.weight[0].numel()
            assert part.weight.std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=0.1)
            assert (part.bias == 0).all()


def test_a_vertical_filter_hears_a_timbre_at_any_pitch():
    torch.manual_seed(0)
    filters = VerticalFilters(5, 8, 3).eval()
    timbre = torch.zeros(1, 1, 40, 20)
    timbre[:, :, 12:18, 5:9] = values(6, 4)
    torch.testing.assert_close(filters(timbre.roll(9, dims=2), None), filters(timbre, None))


def test_harmonic_bands_show_a_tone_at_its_pitch_and_its_partials_below():
    bands = HarmonicBands(16000, 257, 128, 2, 6)
    with torch.no_grad():
        bands.quality.fill_(4.0)
    tone = torch.zeros(1, 1, 257)
    tone[..., round(1046.5 / 31.25)] = 1.0  # C6, five octaves above C1, on a frequency of the STFT
    decibels = bands(tone)
    assert decibels.shape == (1, 6, 128, 1)
    # As the first harmonic of C6, the second of C5, the third of F4, the fourth of C4.
    quarter_tones = [120, 96, 120 - 38, 72]
    for harmonic, place in enumerate(quarter_tones):
        loudest = decibels[0, harmonic, :, 0].argmax().item()
        assert abs(loudest - place) <= 1, (harmonic, loudest)
    bands(tone.expand(1, 3, 257).abs() + 0.01).sum().backward()
    assert bands.quality.grad.abs() > 0
    with pytest.raises(ValueError, match="above half the sampling rate"):
        HarmonicBands(16000, 257, 140, 2, 6)
    with pytest.raises(ValueError, match="not in decibels"):
        encoder("harmonic", MEL)


def test_self_attention_answers_from_its_own_vector_or_from_all_positions():
    shape = {"channels": (8, 16), "strides": (2, (16, 1)), "heads": 2}
    heard, mask = values(2, 21, 24), first([21, 9], 21)
    one, after = encoder("self_attention", **shape)(heard, mask)
    assert one.shape == (2, 1, 16)
    assert after.tolist() == [[1], [1]]
    made = encoder("self_attention", **shape, output="positions")
    all_positions, after = made(heard, mask)
    assert all_positions.shape == (2, 11, 16)
    assert after.sum(dim=1).tolist() == [11, 5]
    torch.testing.assert_close(all_positions[1:, :5], made(heard[1:, :9])[0], atol=1e-5, rtol=1e-4)
    with pytest.raises(ValueError, match="multiple of 3 heads"):
        encoder("self_attention", **{**shape, "heads": 3})
    with pytest.raises(ValueError, match="output"):
        encoder("self_attention", output="choir")


def test_the_transformer_of_patches_hears_one_length():
    backbone = {
        "model_type": "audio-spectrogram-transformer",
        "hidden_size": 8,
        "num_attention_heads": 2,
        "intermediate_size": 8,
        "num_hidden_layers": 1,
        "num_mel_bins": 24,
        "max_length": 40,
    }
    config = SymbolicConfig(encoder="ast", front_end=MEL, backbone_config=backbone, tasks=[GENRE])
    torch.manual_seed(0)
    made = ENCODERS["ast"](config).eval()
    assert made(values(2, 40, 24))[0].shape == (2, 1, 8)
    torch.testing.assert_close(
        made(values(2, 30, 24))[0],
        made(torch.cat([values(2, 30, 24), values(2, 5, 24)], dim=1), first([30, 30], 35))[0],
    )
    assert made.backbone.embeddings.position_embeddings.std() > 0.01
    with pytest.raises(ValueError, match="41 frames, and the encoder takes 40"):
        made(values(1, 41, 24))
    with pytest.raises(ValueError, match="a backbone of 24 mel bands, and frames of 128"):
        ENCODERS["ast"](
            SymbolicConfig(
                encoder="ast", front_end=FrontEnd(), backbone_config=backbone, tasks=[GENRE]
            )
        )
    with pytest.raises(ValueError, match="needs an ASTConfig"):
        encoder("ast")


@pytest.mark.parametrize("name", ["spectrogram", "musicnn", "waveform"])
def test_samples_become_frames_inside_the_model(name):
    torch.manual_seed(0)
    options = {"width": 0.1}
    inside = SymbolicConfig(
        encoder=name, front_end=MEL, front_end_in_model=True, encoder_options=options, tasks=[GENRE]
    )
    outside = SymbolicConfig(encoder=name, front_end=MEL, encoder_options=options, tasks=[GENRE])
    hearing, seeing = SymbolicModel(inside).eval(), SymbolicModel(outside).eval()
    seeing.load_state_dict(hearing.state_dict(), strict=False)
    samples, mask = values(2, 4096 * 4) / 10, first([4096 * 4, 4096], 4096 * 4)
    frames, frame_mask = hearing.encoder.spectral(samples, mask)
    assert frame_mask.sum(dim=1).tolist() == [65, 17]
    with torch.inference_mode():
        heard = hearing(input_values=samples, attention_mask=mask)
        seen = seeing(input_values=frames, attention_mask=frame_mask)
    torch.testing.assert_close(heard.logits["genre"], seen.logits["genre"])
    assert heard.mask.equal(seen.mask)


def test_a_last_batch_of_one_can_be_learnt_from():
    config = SymbolicConfig(
        encoder="spectrogram",
        front_end=MEL,
        encoder_options={"channels": (4,), "pools": (16,), "pooling": "max", "dense": 4},
        tasks=[GENRE],
    )
    model = SymbolicModel(config).train()
    assert model(input_values=values(1, 20, 24), labels={"genre": torch.tensor([3])}).loss > 0


def test_frames_have_answers_of_their_own():
    config = SymbolicConfig(
        encoder="spectrogram",
        front_end=MEL,
        encoder_options={"channels": (4, 4), "pools": ((4, 1), (6, 1))},
        tasks=[GENRE, BEATS],
    )
    output = SymbolicModel(config).eval()(input_values=values(2, 50, 24))
    assert output.logits["beats"].shape == (2, 50, 1)
    assert output.logits["genre"].shape == (2, 10)


@pytest.mark.parametrize("kind", ["column", "picture", "none"])
def test_norms_of_the_input(kind):
    made = encoder("spectrogram", norm=kind).train()
    heard = values(4, 30, 24) * torch.arange(1, 25) + 7
    normal, _ = made.prepared(heard, None)
    if kind == "none":
        assert normal.equal(heard)
    else:
        assert normal.mean().abs() < 1e-5
        spread = normal.flatten(0, 1).std(dim=0)
        assert (spread.max() / spread.min() < 1.1) == (kind == "column")
    assert encoder("waveform", SAMPLES).norm is None


@pytest.mark.parametrize("factor", [0.4, 1.0, 1.6, 3.0])
def test_a_stretched_picture_ends_where_it_ends(factor):
    heard, lengths = values(3, 20, 4), torch.tensor([20, 7, 1])
    padded = silenced(heard.transpose(1, 2), lengths).transpose(1, 2)
    found, after = stretched(padded, lengths, 6, factor)
    assert after.tolist() == [max(1, int(n * factor)) for n in (20, 7, 1)]
    for row, length in enumerate(lengths.tolist()):
        alone, none = stretched(heard[row : row + 1, :length], None, 6, factor)
        assert none is None
        torch.testing.assert_close(found[row : row + 1, : alone.shape[1]], alone)
        assert (found[row, alone.shape[1] :] == 0).all()


def test_lines_stay_lines_when_they_are_stretched():
    ramp = torch.arange(12.0).view(1, 12, 1).expand(1, 12, 3)
    found, _ = stretched(ramp, None, 3, 2.0)
    assert found[0, :4, 0].tolist() == [0.0, 0.25, 0.75, 1.25]
    assert found[0, -1, 0] == 11.0
    front = FrontEnd(kinds=("mel", "cqt"))
    with pytest.raises(ValueError, match="single kind"):
        encoder("branches", front, grid=(64, 1.0))
    one = encoder("branches", MEL, branches=("vertical",), grid=(128, 2.0), width=0.1)
    assert one(values(1, 70, 24))[0].shape == (1, 140 // 64, 13)


def test_inputs_and_options_that_cannot_be_are_refused():
    made = encoder("spectrogram")
    with pytest.raises(ValueError, match=r"\(B, T, F\) frames, and the input is \(2, 30\)"):
        made(values(2, 30))
    with pytest.raises(ValueError, match="frames of 23 columns"):
        made(values(2, 30, 23))
    with pytest.raises(ValueError, match=r"\(B, n\) samples"):
        encoder("waveform", SAMPLES)(values(2, 30, 1))
    with pytest.raises(ValueError, match="has no option choir; there are norm, grid, width"):
        encoder("spectrogram", choir=4)
    with pytest.raises(ValueError, match="norm 'loud' is none of"):
        encoder("spectrogram", norm="loud")
    with pytest.raises(ValueError, match="pooling 'median' is none of"):
        encoder("spectrogram", pooling="median")
    with pytest.raises(ValueError, match="needs a pooling"):
        encoder("spectrogram", dense=4)
    with pytest.raises(ValueError, match="front_end"):
        ENCODERS["musicnn"](SymbolicConfig(encoder="musicnn"))


def test_options_of_a_class_are_those_of_all_that_it_calls():
    following = {"recurrent", "units", "layers", "directions", "dropout", "pooling", "dense"}
    for name in ("spectrogram", "waveform", "branches", "chunked"):
        assert following < set(ENCODERS[name].option_names()), name
    assert "chunk" in ENCODERS["chunked"].option_names()
    assert "kernels" in ENCODERS["chunked"].option_names()
    assert "recurrent" not in ENCODERS["musicnn"].option_names()
