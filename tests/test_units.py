"""Bars and beats: where they begin, tokens pooled into them, and boundaries that they tell."""

import numpy as np
import pytest
import torch

from symbolic.audio.beat_rows import BeatRow, beat_row
from symbolic.configuration import SymbolicConfig
from symbolic.data import Collator, TokenVocabulary
from symbolic.data.datasets.beat_dataset import BeatDataset, beat_example
from symbolic.encoders.beat_systems import BEAT_SYSTEMS
from symbolic.encoders.metrical import MetricalContext
from symbolic.forward import numpy_ops, torch_ops
from symbolic.forward.numpy_net import Convolution, PlaneConvolution
from symbolic.inference.prediction import predict_units
from symbolic.modeling import SymbolicModel
from symbolic.notes import ReadError, read_notes
from symbolic.notes.beats import MAX_METRICAL_UNITS, metrical_edges
from symbolic.structure.detection import FRAME_GRID, frame_times, on_frame_grid
from symbolic.tasks import BOUNDARY, UNIT_BOUNDARY, Task
from symbolic.tokenizers import build_tokenizer
from symbolic.training.audio_arguments import AudioModelArguments
from symbolic.training.beats import build_beat_model

QUARTER = 480


def scale(count, length=QUARTER):
    return [(i * length, length, 60 + i % 12, 80) for i in range(count)]


def units_of(notes, edges):
    return (edges.searchsorted(notes.onset, side="right") - 1).tolist()


def test_bars_follow_the_time_signatures(midi_score):
    meters = [(0, 3, 4), (6 * QUARTER, 6, 8)]
    notes = read_notes(midi_score(scale(11), tempos=[(0, 60)], meters=meters))
    edges = metrical_edges(notes, "bar")
    assert edges.tolist() == [0, 3, 6, 9, 12]
    assert units_of(notes, edges) == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3]
    edges = metrical_edges(notes, "beat")
    assert edges.tolist() == [0, 1, 2, 3, 4, 5, *np.arange(6, 10.6, 0.5)]
    assert units_of(notes, edges) == [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14]


def test_a_signature_in_the_middle_of_a_bar_begins_a_new_one(midi_score):
    notes = read_notes(
        midi_score(scale(9), tempos=[(0, 60)], meters=[(0, 4, 4), (6 * QUARTER, 4, 4)])
    )
    edges = metrical_edges(notes, "bar")
    assert edges.tolist() == [0, 4, 6, 10]
    assert units_of(notes, edges) == [0, 0, 0, 0, 1, 1, 2, 2, 2]


def test_without_a_signature_bars_have_four_quarters_and_follow_the_tempo(midi_score):
    notes = read_notes(midi_score(scale(6), tempos=[(0, 60), (4 * QUARTER, 120)]))
    assert metrical_edges(notes, "bar").tolist() == [0, 4, 6]
    late = read_notes(midi_score(scale(10), tempos=[(0, 60)], meters=[(5 * QUARTER, 2, 4)]))
    assert metrical_edges(late, "bar").tolist() == [0, 4, 5, 7, 9, 11]


@pytest.mark.parametrize("seed", range(20))
def test_every_note_is_in_a_unit_and_the_last_one_in_the_last(midi_score, seed):
    rng = np.random.default_rng(seed)
    onsets = np.sort(rng.integers(0, 40 * QUARTER, 30))
    starts = np.unique(np.append(0, rng.integers(0, 40 * QUARTER, 3))).tolist()
    meters = [(tick, int(rng.integers(1, 8)), int(2 ** rng.integers(1, 4))) for tick in starts]
    notes = read_notes(
        midi_score([(int(tick), 10, 60, 80) for tick in onsets], meters=meters, tempos=[(0, 97)])
    )
    for unit in ("bar", "beat"):
        edges = metrical_edges(notes, unit)
        assert edges[0] == 0
        assert (np.diff(edges) > 0).all()
        numbers = units_of(notes, edges)
        assert min(numbers) >= 0
        assert numbers[-1] == len(edges) - 2


@pytest.mark.parametrize("late", [0, 60, 130, 200, -100, -40])
def test_beats_are_where_the_notes_are(midi_score, late):
    played = [(i * QUARTER + late, 200, 60, 80) for i in range(1, 12)]
    offbeat = [(i * QUARTER + QUARTER // 2 + late, 100, 64, 30) for i in range(1, 10, 3)]
    notes = read_notes(midi_score([*played, *offbeat], tempos=[(0, 60)]))
    edges = metrical_edges(notes, "beat")
    beats = np.arange(1, 12) + late / QUARTER
    assert np.abs(edges[:, None] - beats).min(axis=0).max() < 0.01
    assert len(edges) in (13, 14)
    assert metrical_edges(notes, "bar").tolist() == [0, 4, 8, 12]


def test_units_that_are_none_and_too_many_are_refused(midi_score):
    notes = read_notes(midi_score(scale(3)))
    with pytest.raises(ValueError, match="unit 'phrase'"):
        metrical_edges(notes, "phrase")
    far = [(0, 10, 60, 80), ((MAX_METRICAL_UNITS + 1) * QUARTER, 10, 60, 80)]
    with pytest.raises(ReadError, match=f"more than {MAX_METRICAL_UNITS}"):
        metrical_edges(read_notes(midi_score(far, tempos=[(0, 900)])), "beat")


@pytest.mark.parametrize("name", ["cp-performance", "cp-midibert", "ferreira"])
def test_tokens_are_of_the_unit_of_their_note(midi_score, name):
    tokenizer = build_tokenizer(name)
    notes = read_notes(midi_score(scale(9), tempos=[(0, 60)]))
    row = beat_row(notes, "bar", tokenizer, ("chroma", "lead_roll"))
    assert row.count == 3
    assert row.seconds == 9
    places = tokenizer.note_positions(row.ids)
    assert row.units[places].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    assert len(row.units) == len(row.ids)
    assert (np.diff(row.units) >= 0).all()
    assert row.rolls.shape == (3, 100)
    assert np.flatnonzero(row.rolls[2, :12]).tolist() == [8]


def test_a_piece_beyond_the_vocabulary_has_no_tokens(midi_score):
    notes = read_notes(midi_score([(0, QUARTER, 120, 80)]))
    with pytest.raises(ReadError, match="no note that the tokenizer can hold"):
        beat_row(notes, "bar", build_tokenizer("cp-midibert"))


def row_of(count, per_unit, seed=0):
    rng = np.random.default_rng(seed)
    units = np.arange(count).repeat(per_unit)
    ids = rng.integers(2, 10, (len(units), 3))
    pictures = rng.random((count, 12), np.float32)
    return BeatRow(np.arange(count + 1.0), float(count), ids, units, pictures)


def test_windows_of_several_pieces_stand_in_one_batch():
    rows = [row_of(5, 3), row_of(4, 2)]
    examples = [
        {
            **beat_example(row, 4),
            "labels": {"boundary": np.full((row.count, 2), piece, np.float32)},
        }
        for piece, row in enumerate(rows)
    ]
    batch = Collator((UNIT_BOUNDARY,), (0, 0, 0))(examples)
    assert batch["input_ids"].shape == (6, 4, 3)  # 15 tokens in four windows, 8 in two
    assert batch["attention_mask"].sum(1).tolist() == [4, 4, 4, 3, 4, 4]
    units = batch["units"]
    assert units[:4].flatten()[:15].tolist() == rows[0].units.tolist()
    assert units[3, 3] == -1
    assert (units[4:].flatten() - 5).tolist() == rows[1].units.tolist()
    assert batch["unit_mask"].sum(1).tolist() == [5, 4]
    assert np.array_equal(batch["unit_rolls"][1, :4], rows[1].rolls)
    assert (batch["unit_rolls"][1, 4] == 0).all()
    labels = batch["labels"]["boundary"]
    assert labels.shape == (2, 5, 2)
    assert labels[1, 4].isnan().all()
    assert (labels[1, :4] == 1).all()


def test_a_stretch_keeps_its_own_tokens_pictures_and_labels():
    tokenizer = build_tokenizer("cp-performance")
    rng = np.random.default_rng(0)
    units = np.sort(rng.integers(0, 20, 100))
    ids = np.stack([rng.integers(2, size - 1, 100) for size in tokenizer.vocab_sizes], axis=1)
    label = np.stack([np.arange(20), np.ones(20)], axis=1)
    row = BeatRow(np.arange(21.0), 20.0, ids, units, np.arange(20)[:, None] + np.zeros((20, 12)))
    vocabulary = TokenVocabulary.of(tokenizer)
    dataset = BeatDataset([row], [{"boundary": label}], 16, 6, vocabulary, ("chroma",))
    torch.manual_seed(1)
    for _ in range(10):
        example = dataset[0]
        first = int(example["labels"]["boundary"][0, 0])
        inside = (units >= first) & (units < first + 6)
        assert np.concatenate(example["input_ids"]).tolist() == ids[inside].tolist()
        assert (np.concatenate(example["units"]) + first).tolist() == units[inside].tolist()
        assert example["unit_rolls"][:, 3].tolist() == list(range(first, first + 6))
        assert example["unit_count"] == len(example["labels"]["boundary"]) == 6


def test_a_stretch_is_transposed_in_all_that_it_is(midi_score):
    tokenizer = build_tokenizer("cp-performance")
    kinds = ("chroma", "lead_roll", "onsets")
    low, high = (
        beat_row(
            read_notes(midi_score([(i * QUARTER, QUARTER, 60 + i + up, 80) for i in range(8)])),
            "beat",
            tokenizer,
            kinds,
        )
        for up in (0, 3)
    )
    dataset = BeatDataset([low], [{}], 16, 8, TokenVocabulary.of(tokenizer), kinds, semitones=3)
    moved = dataset._stretch(low, 0, 8, 3)
    assert np.array_equal(moved.ids, high.ids)
    assert np.array_equal(moved.rolls[:, :100], high.rolls[:, :100])
    back = dataset._stretch(low, 0, 8, -3)
    assert back.rolls[:, 12:100].argmax(axis=1).tolist() == [36 + i for i in range(8)]


def test_units_hear_their_own_tokens_and_their_own_piece():
    torch.manual_seed(0)
    context = MetricalContext(6, ("chroma",), size=8, lags=5, channels=2).eval()
    tokens, pictures = torch.randn(2, 9, 6), torch.randn(2, 4, 12)
    units = torch.tensor([[0, 0, 1, 1, 1, 2, 2, -1, -1], [4, 5, 5, 5, 7, 7, 7, 7, 7]])
    mask = torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]])
    pictures[0, 3] = 0
    with torch.no_grad():
        both = context(mask, tokens, units, pictures)
        assert both.shape == (2, 4, 8)
        assert (both[0, 3] == 0).all()
        # The same tokens of the first piece in windows of other sizes, and without the other piece.
        windows = torch.cat([tokens[0, :7], torch.randn(1, 6)]).view(2, 4, 6)
        places = torch.tensor([[0, 0, 1, 1], [1, 2, 2, -1]])
        alone = context(mask[:1, :3], windows, places, pictures[:1, :3])
        assert torch.allclose(alone, both[:1, :3], atol=1e-6)
        changed = tokens.clone()
        changed[0, 7:] = 9.0  # of no unit
        assert torch.equal(context(mask, changed, units, pictures), both)


def test_lags_tell_what_has_been_heard_before():
    known = torch.eye(4)[[0, 1, 0, 2, 1]].unsqueeze(0)
    found = torch_ops.lagged([3 * known], 4)[0, 0]
    again = numpy_ops.lagged([3 * known.numpy()], 4)[0, 0]
    np.testing.assert_array_equal(again, found.numpy())
    assert found.tolist() == [
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 1, 0],
    ]
    with pytest.raises(ValueError, match="neither tokens nor rolls"):
        MetricalContext()


@pytest.mark.parametrize("units", [1, 5, 127, 128, 300])
def test_similarities_of_numpy_are_those_of_pytorch(units):
    values = np.random.default_rng(0).normal(size=(2, units, 6))
    values[:, ::4] = 0  # silence
    parts = [values, values[..., :2]]
    found, expected = (
        numpy_ops.lagged(parts, 10),
        torch_ops.lagged([torch.from_numpy(part) for part in parts], 10),
    )
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-12)


def test_units_and_tasks_of_units_go_together():
    with pytest.raises(ValueError, match="metrical_unit"):
        SymbolicConfig(tasks=[UNIT_BOUNDARY], vocab_sizes=[4])
    with pytest.raises(ValueError, match="metrical_unit"):
        SymbolicConfig(tasks=[BOUNDARY], vocab_sizes=[4], unit="bar")
    with pytest.raises(ValueError, match="pooled"):
        Task("mood", "sequence", "multi", ("calm",), pooled=True)


@pytest.mark.parametrize("name", BEAT_SYSTEMS)
def test_every_system_answers_for_each_unit_and_learns_in_all_its_parts(name, midi_score, tmp_path):
    system = BEAT_SYSTEMS[name]
    tokenizer = build_tokenizer(system.tokenizer) if system.backbone else None
    model = build_beat_model(system, tokenizer, AudioModelArguments(system=name, width=1 / 4))
    row = beat_row(read_notes(midi_score(scale(40))), system.unit, tokenizer, system.rolls)
    assert row.count == (10 if name.startswith("bar") else 40)
    label = np.ones((row.count, 2), np.float32)
    vocabulary = None if tokenizer is None else TokenVocabulary.of(tokenizer)
    dataset = BeatDataset(
        [row], [{"boundary": label}], model.config.window, 64, vocabulary, system.rolls
    )
    output = model(**Collator(model.tasks, model.config.pad_ids)([dataset[0]]))
    assert output.logits["boundary"].shape == (1, row.count, 1)
    output.loss.backward()
    still = [
        name
        for name, one in model.named_parameters()
        if one.requires_grad and (one.grad is None or not one.grad.abs().sum())
    ]
    assert not [name for name in still if "embeddings" not in name and "wpe" not in name], still
    model.save_pretrained(tmp_path)
    again = SymbolicModel.from_pretrained(tmp_path)
    (found,), (other,) = (predict_units(one, [row], BOUNDARY) for one in (model, again))
    assert found.shape == (row.count, 1)
    assert np.allclose(found, other, atol=1e-6)


def test_ensembles_of_version_0_1_0_are_refused_with_a_reason():
    options = {"pictures": ["chroma"], "size": 16, "lags": 8}
    saved = {"encoder": "units", "tasks": [BOUNDARY], "unit": "beat", "unit_options": options}
    config = SymbolicConfig(**saved, unit_members=1)
    assert (config.encoder, config.metrical_unit) == ("metrical", "beat")
    assert config.metrical_options == {"rolls": ["chroma"], "size": 16, "lags": 8}
    with pytest.raises(ValueError, match="beat_committee"):
        SymbolicConfig(**saved, unit_members=8)


def test_a_curve_of_units_is_highest_where_one_begins():
    starts = np.array([0.0, 1.0, 2.5, 4.0])
    curve = on_frame_grid(np.array([0.1, 0.2, 0.9, 0.1]), starts, 5.0)
    times = frame_times(len(curve), FRAME_GRID)
    assert abs(times[curve.argmax()] - 2.5) <= 0.5 / FRAME_GRID.rate
    assert len(curve) == FRAME_GRID.positions(5 * FRAME_GRID.sampling_rate)
    assert curve.min() == pytest.approx(0.1)


@pytest.mark.parametrize("rows", [1, 3, 47, 48, 49, 51, 100])
@pytest.mark.parametrize("columns", [1, 2, 6])
def test_convolutions_of_numpy_are_those_of_pytorch(rows, columns):
    rng = np.random.default_rng(0)
    plane = torch.nn.Conv2d(2, 3, (9, 5), padding="same").double()
    line = torch.nn.Conv1d(4, 5, 5, padding=16, dilation=8).double()
    stripes, units = rng.normal(size=(2, 2, rows, columns)), rng.normal(size=(2, rows, 4))
    layers = [(plane, PlaneConvolution, stripes, ()), (line, Convolution, units, (8,))]
    with torch.inference_mode():
        for layer, like, values, options in layers:
            weights = (values.detach().numpy() for values in (layer.weight, layer.bias))
            other, tensor = like(*weights, *options), torch.from_numpy(values)
            if layer is line:
                found = numpy_ops.convolved(other, values), torch_ops.convolved(layer, tensor)
            else:
                found = (
                    numpy_ops.pooled_stripes(other, values, 4),
                    torch_ops.pooled_stripes(layer, tensor, 4),
                )
                np.testing.assert_allclose(other(values), layer(tensor).numpy(), atol=1e-12)
            np.testing.assert_allclose(found[0], found[1].numpy(), atol=1e-12)
