"""`transformers.pipeline("music-emotion")`: the scorer's answers, in the shape of transformers."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
import torch
from limits import HANGS
from transformers import (
    AutoFeatureExtractor,
    AutoModel,
    AutoProcessor,
    AutoTokenizer,
    BertConfig,
    BertModel,
    pipeline,
)

import symbolic
from symbolic import CPTokenizer, EmotionScorer, ReadError, SymbolicConfig, SymbolicModel
from symbolic.encoders import AUDIO_SYSTEMS
from symbolic.notes import note_table, read_notes
from symbolic.notes.keys import KEY_NAMES
from symbolic.scoring.notes import load_model
from symbolic.scoring.pipelines.emotion import MusicEmotionPipeline
from symbolic.tasks import EMOTION, GENRE, KEY, QUADRANTS, VALENCE_AROUSAL
from symbolic.tokenizers import TOKENIZERS

ROOT = Path(__file__).parents[1]
TASK = "music-emotion"


@pytest.fixture(scope="module")
def classify(tiny_model_folder):
    return pipeline(TASK, model=str(tiny_model_folder), device="cpu")


@pytest.fixture(scope="module")
def files(tmp_path_factory, write_midi, tune):
    """Seven pieces of 1 to 200 notes, some longer than the model's window of 64."""
    folder = tmp_path_factory.mktemp("pieces")
    return [
        write_midi(folder / f"{i}.mid", tune(n, tonic=48 + i), tempos=[(0, 60 + 15 * i)])
        for i, n in enumerate((3, 200, 40, 64, 65, 130, 1))
    ]


@pytest.fixture(scope="module")
def table(files, tiny_scorer):
    return tiny_scorer.score(files, workers=0)


def scores(answer):
    return {row["label"]: row["score"] for row in answer}


def quadrants(row):
    return {quadrant: row[quadrant.lower()] for quadrant in QUADRANTS}


def assert_same_answers(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert scores(a) == pytest.approx(scores(b), abs=1e-6)


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_answers_are_those_of_the_scorer(batch_size, classify, files, table):
    answers = classify(files, batch_size=batch_size)
    assert len(answers) == len(files)
    for answer, (_, row) in zip(answers, table.iterrows(), strict=True):
        assert scores(answer) == pytest.approx(quadrants(row), abs=1e-6)
    assert table["q1"].nunique() == len(files)  # else mixed-up pieces would pass


def test_the_model_in_the_package_answers_as_the_scorer_does(files):
    table = EmotionScorer.from_pretrained().score(files, workers=0)
    answers = pipeline(TASK, device="cpu")(files, batch_size=4)
    for answer, (_, row) in zip(answers, table.iterrows(), strict=True):
        assert scores(answer) == pytest.approx(quadrants(row), abs=1e-6)


@pytest.fixture
def warned():
    """The warnings of `transformers.pipelines`."""
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logger = logging.getLogger("transformers.pipelines")
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


def test_the_model_in_the_package_need_not_be_named(warned):
    pipeline(TASK)
    assert not warned
    logging.getLogger("transformers.pipelines").warning("another")
    assert len(warned) == 1


def test_auto_classes_load_the_tokenizer_of_a_model(tiny_scorer, tiny_model_folder):
    for auto in (AutoTokenizer, AutoProcessor):
        loaded = auto.from_pretrained(tiny_model_folder)
        assert type(loaded) is CPTokenizer
        assert loaded.vocab == tiny_scorer.tokenizer.vocab


@pytest.mark.parametrize("name", sorted(TOKENIZERS))
def test_auto_classes_load_any_tokenizer(name, tmp_path):
    SymbolicConfig(tokenizer_class=name).save_pretrained(tmp_path)
    TOKENIZERS[name]().save_pretrained(tmp_path)
    assert type(AutoTokenizer.from_pretrained(tmp_path)) is TOKENIZERS[name]


def test_auto_classes_load_the_extractor_of_a_model_of_recordings(tmp_path):
    config = AUDIO_SYSTEMS["spec_cnn_gru"].config([GENRE], 1 / 16)
    config.save_pretrained(tmp_path)
    config.feature_extractor().save_pretrained(tmp_path)
    loaded = AutoProcessor.from_pretrained(tmp_path)
    assert loaded.front_end == config.front_end
    with pytest.raises(OSError, match="a model of recordings has none"):
        AutoTokenizer.from_pretrained(tmp_path)


def test_the_extractor_of_a_model_of_notes_is_refused_in_a_line(tiny_model_folder, tmp_path):
    with pytest.raises(OSError, match=r"^[^\n]*a model of notes .* AutoTokenizer loads[^\n]*$"):
        AutoFeatureExtractor.from_pretrained(tiny_model_folder)
    (tmp_path / "model.safetensors").touch()
    BertConfig().save_pretrained(tmp_path)  # other models keep the error of transformers
    for other in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(OSError, match=r"^(?!.*model of notes)"):
            AutoFeatureExtractor.from_pretrained(other)


def test_a_pipeline_of_text_says_what_to_call(tiny_model_folder):
    with pytest.raises(ValueError, match=r"takes no music: symbolic\.load\(.*embed"):
        pipeline("feature-extraction", model=str(tiny_model_folder))


def test_a_batch_says_of_a_piece_what_the_piece_alone_says(classify, files):
    assert_same_answers(classify(files, batch_size=4), [classify(file) for file in files])


def test_answers_have_the_shape_of_a_classification(classify, files):
    answer = classify(str(files[1]))
    assert [sorted(row) for row in answer] == [["label", "score"]] * 4
    assert {row["label"] for row in answer} == set(QUADRANTS)
    likely = [row["score"] for row in answer]
    assert likely == sorted(likely, reverse=True)
    assert sum(likely) == pytest.approx(1)
    assert all(type(score) is float for score in likely)
    json.dumps(answer)
    assert classify([files[1]]) == [answer]


def test_top_k_is_how_many_answers_are_given(classify, files, tiny_model_folder):
    whole = classify(files[0])
    assert classify(files[0], top_k=1) == whole[:1]
    assert classify(files[0], top_k=9) == whole
    two = pipeline(TASK, model=str(tiny_model_folder), top_k=2)
    assert two(files[0]) == whole[:2]
    assert two(files[0], top_k=None) == whole


def test_the_key_can_be_asked_for(classify, files, table):
    answers = classify(files, task="key", batch_size=2)
    for answer, (_, row) in zip(answers, table.iterrows(), strict=True):
        assert answer[0] == {
            "label": row["key"],
            "score": pytest.approx(row["key_confidence"], abs=1e-6),
        }
        assert sorted(scores(answer)) == sorted(KEY_NAMES)


def test_valence_and_arousal_follow_from_the_quadrants(classify, files, table):
    answers = classify(files, task="valence_arousal", top_k=1)
    for answer, (_, row) in zip(answers, table.iterrows(), strict=True):
        assert [entry["label"] for entry in answer] == ["valence", "arousal"]
        expected = {name: row[name] for name in ("valence", "arousal")}
        assert scores(answer) == pytest.approx(expected, abs=1e-5)


def test_every_kind_of_source_is_taken(classify, files, midi_score, tune):
    from music21 import converter

    score = midi_score(tune(40, tonic=50), tempos=[(0, 90)])
    data = score.dumps_midi()
    sources = [str(files[2]), files[2].read_bytes(), pretty_midi.PrettyMIDI(str(files[2]))]
    sources += [data, score, read_notes(data)]
    assert_same_answers(classify(sources, batch_size=2), [classify(files[2])] * 6)
    stream = converter.parse("tinynotation: 4/4 c4 d e f g2 c2")
    assert len(classify(stream)) == 4


def test_lists_tuples_generators_and_iterators_are_several_pieces(classify, files):
    expected = classify(files)
    assert classify(tuple(files)) == expected
    assert list(classify(file for file in files)) == expected
    assert list(classify(iter(files), batch_size=1)) == expected
    assert classify([]) == []


def test_a_generator_is_read_no_further_than_asked(classify, files):
    def sources():
        yield files[0]
        raise AssertionError("read ahead")

    assert next(iter(classify(sources()))) == classify(files[0])


def test_files_can_be_read_in_processes_of_their_own(classify, files):
    assert classify(files, num_workers=2, batch_size=2) == classify(files, batch_size=2)


@pytest.mark.parametrize("several", [False, True])
def test_a_file_that_cannot_be_read_is_an_error_that_names_it(several, classify, files, tmp_path):
    bad = tmp_path / "song.mid"
    bad.write_bytes(b"no music")
    with pytest.raises(ReadError, match=r"song\.mid: neither MIDI nor MusicXML"):
        classify([files[0], bad] if several else bad)
    with pytest.raises(ReadError, match=r"none\.mid: no such file"):
        classify(tmp_path / "none.mid")
    with pytest.raises(ReadError, match="a folder, not a file"):
        classify(tmp_path)


def test_a_file_of_which_the_tokenizer_makes_nothing_is_named_as_well(write_midi, tmp_path):
    tokenizer = CPTokenizer(preset="midibert")
    path = write_midi(tmp_path / "low.mid", [(0, 480, 10, 64)])
    with pytest.raises(ReadError, match=r"low\.mid: .*"):
        pipeline(TASK, model=SymbolicModel(tiny_config(tokenizer)), tokenizer=tokenizer)(path)


def test_what_is_no_source_at_all_is_a_type_error(classify):
    with pytest.raises(TypeError, match="expected a path"):
        classify(3)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"top_k": 0}, ValueError, "top_k 0"),
        ({"task": "genre"}, ValueError, "emotion, key, valence_arousal"),
        ({"task": "velocity"}, ValueError, "no task 'velocity'"),  # of notes, not of pieces
        ({"function_to_apply": "sigmoid"}, TypeError, "no option function_to_apply"),
    ],
)
def test_what_cannot_be_had_is_refused(options, error, message, classify, files):
    with pytest.raises(error, match=message):
        classify(files[0], **options)


def tiny_config(tokenizer, tasks=(EMOTION, KEY)):
    return SymbolicConfig(
        backbone_config={
            "model_type": "bert",
            "vocab_size": 1,
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 16,
            "max_position_embeddings": 16,
        },
        field_names=tokenizer.field_names,
        vocab_sizes=tokenizer.vocab_sizes,
        pad_ids=tokenizer.pad_ids,
        mask_ids=tokenizer.mask_ids,
        window=16,
        tasks=list(tasks),
    )


def test_a_model_object_comes_with_its_tokenizer(tiny_model_folder, classify, files):
    model, tokenizer = load_model(tiny_model_folder)
    whole = pipeline(TASK, model=model, tokenizer=tokenizer)
    named = pipeline(TASK, model=model, tokenizer=str(tiny_model_folder))
    assert_same_answers(whole(files), classify(files))
    assert_same_answers(named(files), classify(files))
    with pytest.raises(ValueError, match="needs its tokenizer"):
        pipeline(TASK, model=model)


def test_a_model_without_features_answers_too(tune, midi_bytes):
    tokenizer = CPTokenizer(preset="score")
    torch.manual_seed(0)
    model = SymbolicModel(tiny_config(tokenizer, [EMOTION, VALENCE_AROUSAL])).eval()
    pieces = [midi_bytes(tune(n)) for n in (5, 40)]
    answers = pipeline(TASK, model=model, tokenizer=tokenizer)(pieces, batch_size=2)
    table = EmotionScorer(model, tokenizer).score(pieces, workers=0)
    assert np.allclose([scores(a)["Q2"] for a in answers], table["q2"].astype(float), atol=1e-6)


@pytest.mark.parametrize("kind", ["no emotion", "another tokenizer", "bert"])
def test_a_model_that_cannot_say_emotion_is_refused(kind, tmp_path):
    tokenizer = CPTokenizer()
    if kind == "bert":
        config = BertConfig(vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=1)
        model = BertModel(config)
    else:
        of = CPTokenizer(time_bins=24) if kind == "another tokenizer" else tokenizer
        model = SymbolicModel(tiny_config(of, [KEY] if kind == "no emotion" else [EMOTION]))
    message = {
        "no emotion": r"no emotion task, but key: symbolic\.load\(name\)\.score\(files\)",
        "bert": "not a BertModel",
    }.get(kind, kind)
    with pytest.raises(ValueError, match=message):
        MusicEmotionPipeline(model, tokenizer)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=message):
        pipeline(TASK, model=str(tmp_path))


def test_a_saved_pipeline_is_a_model_and_its_tokenizer_and_no_code(
    classify, files, tiny_scorer, tmp_path
):
    classify.save_pretrained(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"config.json", "model.safetensors", "music_tokenizer.json"}
    assert "custom_pipelines" not in json.loads((tmp_path / "config.json").read_text())
    assert pipeline(TASK, model=str(tmp_path))(files) == classify(files)
    weights = AutoModel.from_pretrained(tmp_path).state_dict()
    for name, weight in tiny_scorer.model.state_dict().items():
        assert torch.equal(weights[name], weight), name


def test_it_is_one_of_the_names_of_the_package():
    assert symbolic.MusicEmotionPipeline is MusicEmotionPipeline


def test_the_tokenizer_is_of_the_revision_that_the_model_is_of(
    tiny_model_folder, files, monkeypatch
):
    asked = []

    def load_tokenizer(tokenizer_class, name, **options):
        asked.append(options)
        return CPTokenizer.from_pretrained(name)

    monkeypatch.setattr("symbolic.tokenizers.registry.load_tokenizer", load_tokenizer)
    pipeline(TASK, model=str(tiny_model_folder), revision="v2", token="secret")
    assert [options["revision"] for options in asked] == ["v2"]
    assert [options["token"] for options in asked] == ["secret"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "first",
    [
        "import symbolic\nfrom transformers import pipeline",
        "from transformers import pipeline\nimport symbolic",
        "import transformers\nimport symbolic\nfrom transformers import pipeline",
        "import symbolic.encoders\nfrom transformers import pipeline",
        "import symbolic.scoring.pipelines.emotion\nfrom transformers import pipeline",
    ],
    ids=["ours first", "pipeline first", "transformers first", "encoders first", "itself first"],
)
def test_the_task_is_known_whatever_is_imported_first(first, files, classify):
    code = f"{first}\nimport sys, json\nfrom transformers import AutoConfig, AutoModel\n"
    code += "folder, song = sys.argv[1:]\n"
    code += "assert AutoConfig.from_pretrained(folder).model_type == 'symbolic'\n"
    code += "assert type(AutoModel.from_pretrained(folder)).__name__ == 'SymbolicModel'\n"
    code += "print(json.dumps(pipeline('music-emotion', model=folder)(song)))"
    words = [str(classify.model.name_or_path), str(files[2])]
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert_same_answers([json.loads(done.stdout)], [classify(files[2])])


@pytest.mark.slow
def test_without_what_reads_music_the_other_pipelines_go_on_working():
    code = (
        "import sys; sys.modules['miditok'] = None\n"
        "import symbolic\nfrom transformers.pipelines import PIPELINE_REGISTRY as registry\n"
        "tasks = registry.get_supported_tasks()\n"
        "print('text-classification' in tasks, 'music-emotion' in tasks)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=HANGS
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["True", "False"]


def test_real_music_gets_the_scorers_answers(data_folder):
    files = sorted((data_folder / "vgmidi" / "midi").glob("*"))[:6]
    table = EmotionScorer.from_pretrained().score(files, workers=0)
    for answer, (_, row) in zip(pipeline(TASK, top_k=4)(files), table.iterrows(), strict=True):
        assert scores(answer) == pytest.approx(quadrants(row), abs=1e-6)


def test_one_note_is_enough(classify):
    assert sum(scores(classify(note_table([0], [0], [0], [1]))).values()) == pytest.approx(1)
