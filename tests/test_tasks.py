"""Task specifications, losses, heads, and what labels mean."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from symbolic.notes import note_table
from symbolic.notes.keys import KEY_NAMES
from symbolic.tasks import (
    EMOTION,
    IGNORE,
    KEY,
    TASKS,
    VALENCE_AROUSAL,
    VELOCITY,
    AttentionPooling,
    Head,
    Task,
    key_label,
    valence_arousal,
    velocity_classes,
    velocity_labels,
)

TAGS = Task("tags", "sequence", "multi", ("loud", "slow", "solo"))
GENERATOR = torch.Generator().manual_seed(0)


def random(*shape):
    return torch.randn(*shape, generator=GENERATOR)


@pytest.mark.parametrize("task", [*TASKS.values(), TAGS])
def test_a_task_survives_json(task):
    assert Task(**json.loads(json.dumps(task.to_dict()))) == task


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"level": "bar"}, "level 'bar'"),
        ({"kind": "binary"}, "kind 'binary'"),
        ({"labels": ()}, "no labels"),
        ({"weight": -1.0}, "negative"),
    ],
)
def test_a_task_that_makes_no_sense_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Task(**{**EMOTION.to_dict(), **change})


@pytest.mark.parametrize("task", [EMOTION, KEY, VELOCITY, VALENCE_AROUSAL, TAGS])
def test_no_label_costs_nothing(task):
    shape = (3, 5) if task.level == "token" else (3,)
    logits = random(*shape, task.num_labels).requires_grad_()
    loss = task.loss(logits, task.empty_labels(*shape))
    assert loss.item() == 0.0
    loss.backward()
    assert (logits.grad == 0).all()


def test_quadrant_loss_is_cross_entropy_over_labelled_pieces():
    logits = random(4, 4)
    labels = torch.tensor([0, IGNORE, 2, IGNORE])
    expected = F.cross_entropy(logits[[0, 2]], labels[[0, 2]])
    torch.testing.assert_close(EMOTION.loss(logits, labels), expected)


def test_velocity_loss_is_cross_entropy_over_labelled_notes():
    logits = random(2, 3, 6)
    labels = torch.tensor([[0, 5, IGNORE], [IGNORE, 3, IGNORE]])
    known = labels != IGNORE
    expected = F.cross_entropy(logits[known], labels[known])
    torch.testing.assert_close(VELOCITY.loss(logits, labels), expected)


def test_label_smoothing_is_torchs():
    logits, labels = random(4, 4), torch.tensor([0, 1, 2, 3])
    expected = F.cross_entropy(logits, labels, label_smoothing=0.1)
    torch.testing.assert_close(EMOTION.loss(logits, labels, 0.1), expected)


def test_regression_loss_is_mean_squared_error_over_known_targets():
    logits = random(3, 2)
    labels = torch.tensor([[0.5, -1.0], [torch.nan, 0.25], [torch.nan, torch.nan]])
    known = ~labels.isnan()
    expected = F.mse_loss(logits[known], labels[known])
    torch.testing.assert_close(VALENCE_AROUSAL.loss(logits, labels), expected)


def test_multi_label_loss_is_binary_cross_entropy_over_known_tags():
    logits = random(2, 3)
    labels = torch.tensor([[1.0, 0.0, torch.nan], [0.0, 1.0, 1.0]])
    known = ~labels.isnan()
    expected = F.binary_cross_entropy_with_logits(logits[known], labels[known])
    torch.testing.assert_close(TAGS.loss(logits, labels), expected)


def test_a_regression_head_learns_continuous_labels():
    torch.manual_seed(0)
    hidden, mask = torch.randn(32, 6, 16), torch.ones(32, 6)
    target = torch.tanh(hidden.mean(dim=1)[:, :2])
    head = Head(VALENCE_AROUSAL, 16, dropout=0.0)
    optimizer = torch.optim.Adam(head.parameters(), 1e-2)
    losses = []
    for _ in range(150):
        loss = VALENCE_AROUSAL.loss(head(hidden, mask), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 10


@pytest.mark.parametrize("task", [EMOTION, VELOCITY, VALENCE_AROUSAL, TAGS])
def test_heads_give_one_row_of_logits_per_unit(task):
    logits = Head(task, 16)(random(2, 7, 16), torch.ones(2, 7))
    assert logits.shape == ((2, 7) if task.level == "token" else (2,)) + (task.num_labels,)


def test_pooling_never_hears_the_padding():
    pool = AttentionPooling(8)
    hidden = random(2, 5, 8)
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    louder = hidden.clone()
    louder[0, 3:] = 1e3
    torch.testing.assert_close(pool(louder, mask), pool(hidden, mask))
    torch.testing.assert_close(pool(hidden[:1, :3], mask[:1, :3])[0], pool(hidden, mask)[0])


def test_pooling_of_nothing_is_zero_and_not_nan():
    assert (AttentionPooling(8)(random(1, 4, 8), torch.zeros(1, 4)) == 0).all()


def test_valence_and_arousal_follow_from_the_quadrants():
    corners = valence_arousal(np.eye(4))
    assert corners.tolist() == [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    q = np.array([0.4, 0.3, 0.2, 0.1])
    np.testing.assert_allclose(valence_arousal(q), [0.0, 0.4], atol=1e-12)


def test_velocity_classes_are_the_six_dynamics():
    edges = np.array([0, 31, 32, 47, 48, 63, 64, 79, 80, 95, 96, 127])
    assert velocity_classes(edges).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_a_piece_without_dynamics_has_no_velocity_labels():
    flat = note_table([0, 480], [480, 480], [60, 64], [100, 100])
    assert velocity_labels(flat).tolist() == [IGNORE, IGNORE]
    live = note_table([0, 480], [480, 480], [60, 64], [30, 100])
    assert velocity_labels(live).tolist() == [0, 5]


def test_key_labels_come_from_the_profiles():
    scale = [0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0]
    n = len(scale)
    table = note_table(np.arange(n) * 480, [480] * n, 62 + np.array(scale), [64] * n)
    assert KEY_NAMES[key_label(table)] == "D major"
    assert KEY.labels == KEY_NAMES
    drums = note_table([0], [480], [36], [64], is_drum=[True])
    assert key_label(drums) == IGNORE
