"""Every task: labels that a loss can be taken of, and a loss that falls where there is something.

A task that is new is tested as soon as it has a line in `TASKS`.
"""

import json

import pytest
import torch
from labels import check_label

from symbolic.notes import note_table
from symbolic.tasks import (
    EMOTION,
    IGNORE,
    KEY,
    TAGS,
    TASKS,
    UNIT_BOUNDARY,
    VALENCE_AROUSAL,
    VELOCITY,
    Head,
    Task,
    key_label,
    velocity_labels,
)

FREE = [name for name, task in TASKS.items() if task.label is not None]
"""Tasks whose labels follow from the notes."""


def free_labels(task):
    """The labels of notes, as a list: one of the piece, or one of each note."""
    return task.label if task.level == "token" else lambda notes: [task.label(notes)]


PIECES, FRAMES = 24, 6


def check_task(name, task):
    """Fail where a task does not do what heads, data and training rely on."""
    assert task.name == name
    assert Task(**json.loads(json.dumps(task.to_dict()))) == Task(**task.to_dict())
    assert len(set(task.labels)) == task.num_labels
    check_loss(task)
    check_unlabelled(task)
    check_learning(task)


def labels_of(task, shape, seed=0):
    """Labels at random, with every class; the weights of weighted ones are 1 to 3."""
    chance = torch.Generator().manual_seed(seed)
    if task.kind == "single":
        count = torch.Size(shape).numel()
        return (torch.arange(count) % task.num_labels)[
            torch.randperm(count, generator=chance)
        ].reshape(shape)
    full = (*shape, task.num_labels)
    labels = torch.rand(full, generator=chance) * 2 - 1
    if task.kind == "multi":
        labels = (labels > 0).float()
    if task.weighted:
        labels = torch.cat([labels, 1 + 2 * torch.rand(full, generator=chance)], dim=-1)
    return labels


def shape_of(task):
    return (PIECES, FRAMES) if task.level == "token" else (PIECES,)


def logits_for(task, labels, sure):
    """Logits that predict the labels, the surer the larger; less than nothing, the opposite."""
    if task.kind == "single":
        return sure * torch.nn.functional.one_hot(labels, task.num_labels).float()
    labels = labels[..., : task.num_labels]
    return sure * (2 * labels - 1) if task.kind == "multi" else labels + 1 - sure / 10


def check_loss(task):
    """The loss is finite, not negative, and the smaller the better the prediction."""
    labels = labels_of(task, shape_of(task))
    losses = [task.loss(logits_for(task, labels, sure), labels).item() for sure in (-10, 0, 10)]
    assert all(0 <= loss < float("inf") for loss in losses)
    assert losses[0] > losses[1] > losses[2]
    assert losses[2] < 0.01
    huge = task.loss(1e4 * torch.ones(*shape_of(task), task.num_labels), labels)
    assert huge.isfinite()


def check_unlabelled(task):
    """What has no label changes nothing and learns nothing."""
    shape = shape_of(task)
    labels, nothing = labels_of(task, shape), task.empty_labels(*shape)
    logits = torch.randn(*shape, task.num_labels, requires_grad=True)
    half = PIECES // 2
    mixed = torch.cat([labels[:half], nothing[half:].to(labels.dtype)])
    loss = task.loss(logits, mixed)
    torch.testing.assert_close(loss, task.loss(logits[:half], labels[:half]))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert (gradient[half:] == 0).all()
    assert (gradient[:half] != 0).any()
    none = task.loss(logits, nothing)
    assert none.item() == 0
    assert (torch.autograd.grad(none, logits)[0] == 0).all()


def check_learning(task):
    """A head learns labels that hidden states tell."""
    torch.manual_seed(0)
    shape = shape_of(task)
    labels = labels_of(task, shape)
    told = logits_for(task, labels, 1.0)
    hidden = torch.cat([told, torch.randn(*shape, 4)], dim=-1)
    if task.level == "sequence":  # the label of a piece is told at every position
        hidden = hidden.unsqueeze(1).expand(-1, FRAMES, -1)
    mask = torch.ones(PIECES, FRAMES)
    head = Head(task, hidden.shape[-1], dropout=0.0, units=32)
    optimizer = torch.optim.Adam(head.parameters(), 1e-2)
    losses = []
    for _ in range(200):
        loss = task.loss(head(hidden, mask), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 5
    if task.kind == "single":
        assert (head(hidden, mask).argmax(dim=-1) == labels).float().mean() > 0.9


def check_free_labels(task, labels_of_notes):
    """Labels that functions give notes are in range, and tell pieces apart."""
    found = set()
    for tonic in range(12):
        for quiet in (20, 80):
            pitch = [60 + tonic + step for step in (0, 4, 7, 12, 11, 9, 7, 5, 4, 2, 0)]
            velocity = [quiet + 4 * i for i in range(len(pitch))]
            notes = note_table(range(0, 480 * len(pitch), 480), [480] * len(pitch), pitch, velocity)
            labels = [int(label) for label in labels_of_notes(notes)]
            assert len(labels) == (len(notes) if task.level == "token" else 1)
            for label in labels:
                check_label(task, label)
                found.add(label)
    assert len(found - {IGNORE}) > 1


@pytest.mark.parametrize(
    ("name", "task"), [*TASKS.items(), ("boundary", UNIT_BOUNDARY)], ids=[*TASKS, "unit_boundary"]
)
def test_every_task_can_be_learnt(name, task):
    check_task(name, task)


@pytest.mark.parametrize("name", FREE)
def test_labels_of_notes_are_those_of_the_task(name):
    check_free_labels(TASKS[name], free_labels(TASKS[name]))


class Counting(Task):
    """Counts what has no label as the first class."""

    def loss(self, logits, labels, *more):
        return super().loss(logits, labels.where(labels != IGNORE, 0), *more)


class Diluted(Task):
    """Takes the mean over what has no label as well."""

    def loss(self, logits, labels, *more):
        known = ~labels.isnan() if self.kind != "single" else labels != IGNORE
        return super().loss(logits, labels, *more) * known.float().mean()


class Contrary(Task):
    def loss(self, logits, labels, *more):
        return super().loss(-logits, labels, *more)


class Endless(Task):
    def loss(self, logits, labels, *more):
        return super().loss(logits, labels, *more) / (logits.abs().max() < 100)


class Deaf(Task):
    def loss(self, logits, labels, *more):
        return super().loss(logits.detach() + 0 * logits, labels, *more)


@pytest.mark.parametrize(
    ("wrong", "task"),
    [
        *[(Counting, EMOTION), (Counting, VELOCITY), (Diluted, KEY), (Diluted, VALENCE_AROUSAL)],
        *[(Contrary, TAGS), (Endless, EMOTION), (Deaf, KEY), (Deaf, UNIT_BOUNDARY)],
    ],
)
def test_a_wrong_task_is_found_out(wrong, task):
    with pytest.raises(AssertionError):
        check_task(task.name, wrong(**task.to_dict()))


def test_a_name_or_a_label_that_is_there_twice_is_found_out():
    twice = Task(**{**EMOTION.to_dict(), "labels": ("Q1", "Q1", "Q3", "Q4")})
    for name, task in (("emotion", twice), ("mood", EMOTION)):
        with pytest.raises(AssertionError):
            check_task(name, task)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("key", lambda notes: [key_label(notes) + 13]),
        ("key", lambda notes: [0]),
        ("velocity", lambda notes: velocity_labels(notes)[1:]),
        ("velocity", lambda notes: notes.velocity),
    ],
)
def test_a_wrong_label_is_found_out(name, wrong):
    with pytest.raises(AssertionError):
        check_free_labels(TASKS[name], wrong)
