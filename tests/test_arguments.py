"""Commands: flags, files of settings, and what is said when they are wrong."""

import importlib
import subprocess
import sys
from dataclasses import dataclass, field

import pytest
from limits import HANGS
from transformers import TrainingArguments

from symbolic.cli import main, module_of
from symbolic.commands import pretrain, train, train_tokens
from symbolic.commands.arguments import Parser, guarded, parsed, settings
from symbolic.data import LeakError
from symbolic.notes import ReadError
from symbolic.training.tokens import TokenArguments, TokenModelArguments
from symbolic.training.trainer import TRAINING_DEFAULTS, FitArguments

KINDS = (TokenArguments, TokenModelArguments, FitArguments, TrainingArguments)


@dataclass
class Concert:
    """What a command is told."""

    piece: str = field(metadata={"help": "must be said"})
    players: int = 1
    encore: bool = False
    tempo: float = 120.0
    soloists: list[str] = field(default_factory=list)
    conductor: str | None = None

    def __post_init__(self):
        if self.players < 1:
            raise ValueError("nobody plays")


def written(folder, text, name="concert.yaml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def concert(*words, **defaults):
    (told,) = parsed([Concert], words, defaults)
    return told


def test_settings_come_from_a_file(tmp_path):
    text = "piece: La mer\nplayers: 90\nencore: true\ntempo: 1e-3\nsoloists: [Ana, Bo]\n"
    told = concert(written(tmp_path, text))
    assert told == Concert("La mer", 90, True, 0.001, ["Ana", "Bo"])


def test_flags_win_over_the_file_and_later_files_over_earlier_ones(tmp_path):
    first = written(tmp_path, "piece: La mer\nplayers: 90\ntempo: 60\n", "a.yaml")
    second = written(tmp_path, '{"players": 4, "conductor": "Clara"}', "b.json")
    told = concert(first, second, "--tempo", "72", "--conductor", "Nadia")
    assert told == Concert("La mer", 4, tempo=72.0, conductor="Nadia")


def test_what_nobody_says_is_the_default(tmp_path):
    told = concert(written(tmp_path, "piece: Vexations\n", "c.YML"), players=840)
    assert told == Concert("Vexations", players=840)


def test_what_must_be_said_may_stand_in_the_file_or_in_the_words(tmp_path, capsys):
    file = written(tmp_path, "players: 2\n")
    assert concert(file, "--piece", "Für Alina") == Concert("Für Alina", 2)
    with pytest.raises(SystemExit) as end:
        concert(file)
    assert end.value.code == 2
    assert "--piece" in capsys.readouterr().err


def test_a_setting_without_a_value_says_nothing(tmp_path):
    told = concert(written(tmp_path, "piece: Gnossienne\nconductor:\ntempo: null\n"))
    assert told == Concert("Gnossienne")
    assert settings(written(tmp_path, "piece: a\nconductor: null\n")) == {"piece": ["a"]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("piece: [La mer\n", "concert.yaml"),
        ("piece: {name: La mer}\n", "piece has settings of its own"),
        ("La mer\n", "lines of `name: value`"),
        ("", "lines of `name: value`"),
        ("- piece\n", "lines of `name: value`"),
        ("piece: a\nvolume: 11\n", "no setting is called volume"),
        ("piece: a\n3: 4\n", "no setting is called 3"),
    ],
)
def test_a_broken_file_is_named(text, said, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        concert(written(tmp_path, text))
    assert end.value.code == 2
    message = capsys.readouterr().err
    assert "concert.yaml" in message
    assert said in message
    assert "Traceback" not in message


def test_a_file_that_is_no_text_or_is_not_there_is_named(tmp_path, capsys):
    (tmp_path / "noise.yaml").write_bytes(bytes(range(128, 256)))
    for name in ("noise.yaml", "nowhere.json"):
        with pytest.raises(SystemExit) as end:
            concert(str(tmp_path / name))
        assert end.value.code == 2
        assert name in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--piece", "a", "--volume", "11"], "--volume"),
        (["--piece", "a", "--players", "many"], "invalid int value: 'many'"),
        (["--piece", "a", "--players", "0"], "nobody plays"),
        (["--players"], "expected one argument"),
    ],
)
def test_words_that_are_not_understood_end_with_status_2(words, said, capsys):
    with pytest.raises(SystemExit) as end:
        concert(*words)
    assert end.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["train", "--epochs", "3"],
            "symbolic train: error: no option --epochs; did you mean",
        ),
        (["train", "--batch_size=3"], "did you mean --per-device-train-batch-size or"),
        (["train", "--system", "fcn", "--frame-rat", "3", "--sytem", "a"], "mean --system?"),
        (["pretrain", "--learnin-rate", "1"], "did you mean --learning-rate?"),
        (["train-tokens", "--tokns", "a.npz"], "did you mean --tokens?"),
        (["train-key", "--rome-keys", "a"], "did you mean --when-in-rome-keys?"),
        (["make-tokens", "--tokeniser", "a"], "did you mean --tokenizer?"),
        (["evaluate", "--baseline-s"], "no option --baseline-s; did you mean --baselines?"),
        (["score", "a.mid", "--outptu", "a.csv"], "no option --outptu; did you mean --output?"),
        (["push", "--dryrun"], "did you mean --dry-run?"),
        (["audit", "--labeled", "a"], "did you mean --labelled?"),
        (["sweep", "--xylophone"], "no option --xylophone\n"),
        (["train", "song.mid"], "symbolic train: error: unrecognized arguments: song.mid"),
        (["--verson"], "did you mean --version?"),
    ],
)
def test_an_option_that_does_not_exist_is_refused_with_one_like_it(words, said, capsys):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    message = capsys.readouterr().err
    assert said in message
    assert "HfArgumentParser" not in message


def test_a_setting_that_does_not_exist_is_refused_with_one_like_it(tmp_path, capsys):
    with pytest.raises(SystemExit):
        concert(written(tmp_path, "piece: a\nplayer: 4\n"))
    assert "no setting is called player; did you mean --players?" in capsys.readouterr().err


def test_the_arguments_of_training_are_parsed_too(tmp_path):
    text = "tokens: tunes.npz\nhidden_size: 24\nlearning_rate: 5e-4\nclass_weights: true\n"
    text += f"use_cpu: true\noutput_dir: {tmp_path}\n"
    told = parsed(KINDS, [written(tmp_path, text), "--hidden_size", "32"], TRAINING_DEFAULTS)
    data, model, fitting, how = told
    assert (data.tokens, model.hidden_size) == ("tunes.npz", 32)
    assert fitting == FitArguments(class_weights=True)
    assert how.learning_rate == 5e-4
    assert how.weight_decay == TRAINING_DEFAULTS["weight_decay"]


def test_names_of_options_have_hyphens_or_underscores(tmp_path):
    file = written(tmp_path, "tokens: a.npz\nhidden-size: 24\nlearning_rate: 5e-4\n")
    for words in (["--weight_decay", "0.5"], ["--weight-decay=0.5"]):
        words += ["--output_dir", str(tmp_path), "--use-cpu", "True"]
        _, model, _, training = parsed(KINDS, [file, *words], TRAINING_DEFAULTS)
        assert (model.hidden_size, training.learning_rate) == (24, 5e-4)
        assert training.weight_decay == 0.5
    parser = Parser()
    parser.add_argument("--hold-out")
    parser.add_argument("--cache_dir")
    parser.add_argument("rest", nargs="*")
    for words in (
        ["--hold-out", "a_b", "--cache-dir=c_d"],
        ["--hold_out=a_b", "--cache_dir", "c_d"],
    ):
        told = parser.parse_args([*words, "--", "--hold_out"])
        assert (told.hold_out, told.cache_dir, told.rest) == ("a_b", "c_d", ["--hold_out"])


def test_the_help_groups_options_and_hides_those_of_the_trainer_that_few_need(capsys):
    def shown(word):
        with pytest.raises(SystemExit) as end:
            parsed(KINDS, [word], TRAINING_DEFAULTS)
        assert end.value.code == 0
        return capsys.readouterr().out

    short, long = shown("--help"), shown("--help-all")
    places = [short.index(f"\n{title}:\n") for title in ("data", "model", "fitting", "training")]
    assert places == sorted(places)
    assert places[0] < short.index("--held-out-split") < places[1]
    assert places[1] < short.index("--hidden-size") < places[2] < short.index("--learning-rate")
    assert "--hidden_size" not in short
    assert "--adam-beta1" in long
    assert "--adam-beta1" not in short
    others = "\nother options of transformers.TrainingArguments:\n"
    assert long.index("\ntraining:\n") < long.index(others) < long.index("--adam-beta1")
    assert others not in short
    assert "(default: None)" not in short
    assert "(default: )" not in short


@pytest.mark.parametrize(
    ("command", "called", "words"),
    [
        ("train", "symbolic.training.notes.train", []),
        (
            "train",
            "symbolic.training.audio.train_audio",
            ["--system", "fcn", "--corpus", "gtzan", "--audio", "a"],
        ),
        ("train_tokens", "symbolic.commands.train_tokens.train_tokens", ["--tokens", "a.npz"]),
        ("pretrain", "symbolic.commands.pretrain.pretrain", []),
        (
            *("train_key", "symbolic.commands.keys.train_key.train_key"),
            ["--pop909", "a", "--when-in-rome", "b"],
        ),
    ],
)
def test_a_short_training_reaches_its_learning_rate(command, called, words, monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(called, lambda *arguments: calls.append(arguments))
    main = importlib.import_module(module_of(command.replace("_", "-"))).main
    assert main([*words, "--use-cpu", "True", "--output-dir", str(tmp_path)]) == 0
    training = next(one for one in calls[0] if hasattr(one, "get_warmup_steps"))
    assert training.get_warmup_steps(30) == 3
    assert training.get_warmup_steps(3000) == 300


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError("no such folder"), "symbolic: error: no such folder\n"),
        (ModuleNotFoundError("No module named 'ray'"), "symbolic: error: No module named 'ray'\n"),
        (ValueError("no task mood"), "symbolic: error: no task mood\n"),
        (ReadError("no notes", "a.mid"), "symbolic: error: a.mid: no notes\n"),
        (LeakError("song1 is in both"), "symbolic: error: leak: song1 is in both\n"),
    ],
)
def test_what_the_user_can_mend_is_one_line(error, said, capsys):
    @guarded
    def main(_):
        raise error

    assert main() == 2
    output = capsys.readouterr()
    assert output.err == said
    assert output.out == ""


def test_what_the_user_cannot_mend_is_not_hidden():
    @guarded
    def main(_):
        raise AssertionError

    with pytest.raises(AssertionError):
        main()
    assert guarded(lambda _: None)() == 0
    assert guarded(lambda words: len(words))(["a", "b", "c"]) == 3


@pytest.mark.parametrize(
    ("main", "words", "said"),
    [
        (train.main, ["--emopia", "nowhere"], "nowhere"),
        (train.main, ["--features", "smell"], "nothing to train on|its corpus is not given"),
        (train_tokens.main, ["--tokens", "nowhere.npz"], "nowhere.npz: no such token file"),
        (train_tokens.main, ["--tokens", "tunes.pt"], "tunes.pt: a token file ends with"),
        (pretrain.main, ["--tokens", "nowhere.safetensors"], "nowhere.safetensors"),
        (pretrain.main, ["--music", "nowhere"], "nowhere"),
    ],
)
def test_every_command_says_in_one_line_what_is_missing(main, words, said, tmp_path, capsys):
    assert main([*words, "--output_dir", str(tmp_path / "model"), "--use_cpu", "True"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("symbolic: error: ")
    assert message.count("\n") == 1
    assert any(part in message for part in said.split("|"))
    assert not (tmp_path / "model").exists()


def test_a_damaged_token_file_is_named(tmp_path, capsys):
    (tmp_path / "tunes.npz").write_bytes(b"PK\x03\x04 and no more")
    words = ["--tokens", str(tmp_path / "tunes.npz"), "--output_dir", str(tmp_path / "model")]
    assert train_tokens.main([*words, "--use_cpu", "True"]) == 2
    assert "tunes.npz: not a token file that can be read" in capsys.readouterr().err


@pytest.mark.slow
def test_a_script_hands_its_status_on(root, tmp_path):
    done = subprocess.run(
        [sys.executable, "scripts/train_tokens.py", "--tokens", "nowhere.npz", "--use_cpu", "True",
         "--output_dir", str(tmp_path)],
        cwd=root, capture_output=True, text=True, timeout=HANGS,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().endswith("nowhere.npz: no such token file")
