"""Publishing a boundary model: its files, and a card whose code runs."""

import json
import re

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from test_audio_publishing import RECORD, section, write

from symbolic import Segmenter
from symbolic.cli import main as cli
from symbolic.commands.evaluate import main as evaluate
from symbolic.data import Piece
from symbolic.data.audit.fingerprints import Fingerprints
from symbolic.encoders import BOUNDARY_SYSTEMS
from symbolic.encoders.beat_systems import BEAT_SYSTEMS
from symbolic.inference.prediction_table import prediction_rows, write_predictions
from symbolic.modeling import SymbolicModel
from symbolic.publishing.card import model_card
from symbolic.publishing.conversion_record import CONVERSION
from symbolic.publishing.hub import FILES, assemble, push
from symbolic.structure.detection import Curve, boundary_rows
from symbolic.tasks import BOUNDARY
from symbolic.tokenizers import build_tokenizer
from symbolic.training.audio_arguments import AudioModelArguments
from symbolic.training.beats import build_beat_model

BOUNDARY_CARDS = {  # kind of files, corpus, words of the input, words of a limit
    "mls_sslm": (
        *("audio", "beatles", "lag matrices of MFCCs (Euclidean), MFCCs (cosine), chroma"),
        "agree within 2 s",
    ),
    "gs1": (
        *("audio", "pop909_structure", "matrix of MFCCs (cosine), 100 lags up to 88 s"),
        "synthesised from notes",
    ),
    "roll": ("audio", "pop909_structure", "88 piano-roll keys", "first track"),
    "beat_bert": (
        *("notes", "pop909_structure", "tokens of `CPTokenizer` (Bar, Position"),
        "phrases of POP909 begin are inferred",
    ),
    "beat_pictures": (
        *("beats", "pop909_structure", "12 chroma bins, 16 onset features, 88"),
        "beginnings of beats",
    ),
}


def parted(folder, system, thresholds=True, corpus="tunes"):
    """A model of boundaries with random weights, as training leaves it."""
    torch.manual_seed(0)
    if system in BOUNDARY_SYSTEMS:
        model = SymbolicModel(BOUNDARY_SYSTEMS[system].config([BOUNDARY], 1 / 8))
        model.config.feature_extractor().save_pretrained(folder)
    else:
        made = BEAT_SYSTEMS[system]
        tokenizer = build_tokenizer(made.tokenizer) if made.backbone else None
        model = build_beat_model(made, tokenizer, AudioModelArguments(system=system, width=1 / 8))
        if tokenizer is not None:
            tokenizer.save_pretrained(folder)
    if thresholds:
        model.config.thresholds = {"boundary": {"0.5": 0.3, "3": 0.1}}
    model.save_pretrained(folder)
    record = {"model": {"system": system, "width": 1 / 8}, "groups": [f"{corpus}: a"]}
    write(folder, "training.json", {**RECORD, **record})
    Fingerprints().save(folder / "training_pieces.npz")
    return model


@pytest.mark.parametrize("system", BOUNDARY_CARDS)
def test_boundary_models_are_published_with_their_card(system, tmp_path):
    files, corpus, input_words, limit = BOUNDARY_CARDS[system]
    model = parted(tmp_path / "run", system, corpus=corpus)
    sent = push(tmp_path / "run", "me/parts", dry_run=tmp_path / "out")
    assert set(sent) == {*FILES[files]} - {CONVERSION, "metrics.json"}
    card = (tmp_path / "out" / "README.md").read_text()
    data = ModelCard.load(tmp_path / "out" / "README.md").data
    assert data.pipeline_tag is None
    assert {"music-structure-analysis", "music-boundary-detection"} < set(data.tags)
    song = "song.wav" if system in ("mls_sslm", "gs1") else "song.mid"
    assert ("audio" in data.tags, "midi" in data.tags) == (song == "song.wav", song == "song.mid")
    assert f"symbolic segment {song} --model me/parts --output parts.csv" in card
    assert f"System `{system}`" in card
    assert "with 0.125 times its channels" in card
    assert f" {sum(p.numel() for p in model.parameters()):,} parameters" in card
    assert "0.3 for a tolerance of 0.5 s and 0.1 for a tolerance of 3 s" in card
    of_units = system in BEAT_SYSTEMS  # made here with the picker of each window
    assert ("one close to a likely boundary is preferred" in card) == of_units
    assert ("Boundaries are the peaks of the activation" in card) != of_units
    assert ("Boundaries (tolerance 0.5 s) are at least 6 s apart" in card) == of_units
    assert ("Boundaries are at least 6 s apart" in card) != of_units
    assert input_words in card
    assert limit in section(card, "Limits")
    assert not re.search(r"music-tags|Scorer|averaged|predict\(|magnitudes|pipeline", card)


def test_incomplete_boundary_models_are_not_published(tmp_path):
    for system, file in (
        ("mls", "preprocessor_config.json"),
        ("beat_bert", "music_tokenizer.json"),
    ):
        run = tmp_path / system
        parted(run, system, thresholds=False)
        assert "no threshold yet" in model_card(run)
        with pytest.raises(ValueError, match="it has none"):
            assemble(run, tmp_path / "out")
        (run / file).unlink()
        with pytest.raises(FileNotFoundError, match=f"no {file}"):
            assemble(run, tmp_path / "out")


@pytest.mark.parametrize("system", ["roll", "beat_bert", "beat_pictures"])
def test_the_code_of_a_boundary_card_runs(system, tmp_path, write_midi):
    pytest.importorskip("soxr")
    write_midi(tmp_path / "song.mid", [(i * 480, 480, 60 + i % 7, 80) for i in range(60)])
    parted(tmp_path / "run", system)
    assemble(tmp_path / "run", tmp_path / "out", "me/parts")
    card = (tmp_path / "out" / "README.md").read_text()
    places = {"me/parts": tmp_path / "out", **{n: tmp_path / n for n in ("song.mid", "parts.csv")}}
    for name, place in places.items():
        card = card.replace(name, str(place))
    shown: dict = {}
    exec(re.search(r"```python\n(.*?)```", card, re.S).group(1), shown)
    (command,) = re.findall(r"```bash\nsymbolic (.*?)\n```", card)
    assert cli([*command.split(), "--quiet", "--workers", "0"]) == 0
    parts = (tmp_path / "parts.csv").read_text().splitlines()
    assert len(parts) == len(shown["found"][0].times) > 1  # a header, and one part fewer
    (keyword, flag) = re.search(r'\(\.\.\., (\w+)="3"\)` and `(--\w+) 3`', card).groups()
    segmenter = Segmenter.from_pretrained(tmp_path / "out", **{keyword: "3"})
    assert segmenter.threshold == 0.1
    assert cli([*command.split(), flag, "3", "--quiet", "--workers", "0"]) == 0


def test_the_card_has_the_scores_of_boundaries(tmp_path):
    pytest.importorskip("mir_eval")
    model = parted(tmp_path, "beat_pictures", corpus="pop909_structure")
    rng = np.random.default_rng(0)
    pieces = [
        Piece(
            tmp_path / f"{i}.mid", str(i), {"boundary": (0.0, 20.0 + i, 50.0)}, "pop909_structure"
        )
        for i in range(4)
    ]
    found = boundary_rows(pieces, [Curve(rng.random(360)) for _ in pieces], model.config)
    rows = prediction_rows((), pieces, {}, fold="fold-0", seed=7)
    write_predictions(
        [{**row, **boundaries} for row, boundaries in zip(rows, found, strict=True)],
        tmp_path / "predictions.csv",
    )
    assert evaluate([str(tmp_path), "--metrics_into", str(tmp_path)]) == 0
    scores = json.loads((tmp_path / "metrics.json").read_text())["scores"]
    (tmp_path / "README.md").write_text(card := model_card(tmp_path, "me/parts"))
    assert f"| boundary: F1 at 3 s | {scores['boundary: f_3']:.3f} | [" in section(card, "Results")
    assert "F1 at 0.5 s, standard deviation over pieces" in section(card, "Results")
    assert "F1 at 3 s, without beginning and end" in section(card, "Results")
    results = ModelCard.load(tmp_path / "README.md").data.eval_results
    assert len(results) == 6
    assert {(result.task_type, result.dataset_type) for result in results} == {
        ("music-boundary-detection", "pop909_structure")
    }
