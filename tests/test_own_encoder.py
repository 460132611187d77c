"""An encoder of one's own: a class and an entry in `ENCODERS`, sized from the command line."""

import subprocess
import sys

import pytest
import torch
from test_every_encoder import SHAPE, check_encoder, configuration
from torch import nn

from symbolic.commands.train import main
from symbolic.configuration import SymbolicConfig
from symbolic.encoders import ENCODERS
from symbolic.modeling import SymbolicModel
from symbolic.scoring.emotion import EmotionScorer

WORDS = ["--encoder", "mine", "--features", "none", "--window", "64", "--training_window", "32",
         "--max_steps", "2", "--use_cpu", "True", "--disable_tqdm", "True"]  # fmt: skip


class Averages(nn.Module):
    """The embedding of each token, and the mean of all."""

    inputs = "notes"

    @staticmethod
    def settings(sizes):
        return {"encoder_options": {"hidden_size": sizes.hidden_size, "layers": sizes.layers}}

    def __init__(self, config):
        super().__init__()
        self.hidden_size = config.encoder_options.get("hidden_size", 8)
        width = self.hidden_size // 2
        self.tokens = nn.ModuleList(nn.Embedding(size, width) for size in config.vocab_sizes)
        layers = config.encoder_options.get("layers", 1)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))

    def forward(self, input_ids, attention_mask):
        hidden = sum(embed(input_ids[..., i]) for i, embed in enumerate(self.tokens))
        for layer in self.layers:
            hidden = hidden + layer(hidden).relu()
        mask = attention_mask.unsqueeze(-1)
        mean = (hidden * mask).sum(dim=1, keepdim=True) / mask.sum(dim=1, keepdim=True)
        return torch.cat([hidden, mean.expand_as(hidden)], dim=-1), attention_mask


@pytest.fixture
def mine(monkeypatch):
    monkeypatch.setitem(ENCODERS, "mine", Averages)


def train(emopia, folder, *options):
    return main(["--emopia", str(emopia), "--output_dir", str(folder), *WORDS, *options])


def test_a_new_encoder_has_the_sizes_of_the_command_line(mine, emopia, tmp_path):
    assert train(emopia, tmp_path / "a", "--hidden-size", "64", "--layers", "3") == 0
    model = SymbolicModel.from_pretrained(tmp_path / "a")
    assert model.encoder.hidden_size == 64
    assert len(model.encoder.layers) == 3
    assert model.config.backbone_config is None
    table = EmotionScorer.from_pretrained(tmp_path / "a").score(emopia / "midi", workers=0)
    assert (table["error"] == "").all()


def test_training_goes_on_from_a_new_encoder_with_its_sizes(mine, emopia, tmp_path):
    assert train(emopia, tmp_path / "a", "--hidden-size", "32") == 0
    words = ["--pretrained", str(tmp_path / "a"), "--freeze", "encoder"]
    assert train(emopia, tmp_path / "b", *words) == 0
    base, model = (SymbolicModel.from_pretrained(tmp_path / name) for name in "ab")
    assert model.encoder.hidden_size == 32
    for name, value in base.encoder.state_dict().items():
        assert torch.equal(model.encoder.state_dict()[name], value)


def test_an_encoder_that_is_not_registered_is_refused(emopia, tmp_path, capsys):
    assert train(emopia, tmp_path) == 2
    assert "unknown encoder 'mine'; known: notes, features" in capsys.readouterr().err


class TooWide(Averages):
    def forward(self, input_ids, attention_mask):
        hidden, mask = super().forward(input_ids, attention_mask)
        return torch.cat([hidden, hidden], dim=-1), mask


def test_an_encoder_that_is_not_as_wide_as_it_says_is_named(monkeypatch, emopia, tmp_path, capsys):
    monkeypatch.setitem(ENCODERS, "mine", TooWide)
    assert train(emopia, tmp_path, "--hidden-size", "32") == 2
    reason = "encoder 'mine' (TooWide) returns states of width 64, but its hidden_size is 32"
    assert reason in capsys.readouterr().err


@pytest.fixture
def shown(root):
    """The encoder that CONTRIBUTING.md shows."""
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = [block for block in text.split("```python\n")[1:] if "class MeanEncoder" in block]
    return block.split("```")[0]


def shown_class(shown):
    names = {}
    exec(shown, names)
    return names["MeanEncoder"]


def test_the_encoder_that_is_shown_does_what_encoders_do(shown, monkeypatch, emopia, tmp_path):
    monkeypatch.setitem(ENCODERS, "mine", shown_class(shown))
    config = configuration("mine")
    assert config.feature_names
    check_encoder(config)
    assert train(emopia, tmp_path / "a", "--features", "core", "--hidden-size", "24") == 0
    model = SymbolicModel.from_pretrained(tmp_path / "a")
    assert model.encoder.hidden_size == 24
    assert (model.encoder.feature_scale != 1).any()


def test_the_encoder_that_is_shown_takes_flat_ids_without_a_mask(shown, monkeypatch):
    monkeypatch.setitem(ENCODERS, "mine", shown_class(shown))
    flat = {"field_names": ["Token"], "vocab_sizes": [9], "pad_ids": [0], "mask_ids": [1]}
    values = {**configuration("mine").to_dict(), **flat, "feature_names": []}
    encoder = shown_class(shown)(SymbolicConfig(**values))
    ids = torch.tensor([[2, 3, 4]])
    hidden, mask = encoder(ids)
    assert hidden.shape == (1, 3, SHAPE.hidden_size)
    assert mask.tolist() == [[1, 1, 1]]
    assert torch.equal(encoder(ids[..., None], mask)[0], hidden)


def test_the_encoder_that_is_shown_is_short_and_passes_ruff(shown, root, tmp_path):
    pytest.importorskip("ruff")
    body = shown.split("class MeanEncoder")[1]
    assert len([line for line in body.splitlines() if line.strip()]) <= 25
    file = tmp_path / "mean.py"
    file.write_text(f'"""Means."""\n\n{shown}', encoding="utf-8")
    words = ["check", "--config", str(root / "pyproject.toml"), str(file)]
    found = subprocess.run([sys.executable, "-m", "ruff", *words], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
