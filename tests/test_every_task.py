"""Every task: labels that a loss can be taken of, and a loss that falls where there is something.

A task that is new is tested as soon as it has a line in `TASKS`.
"""

import json

import numpy as np
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


SCALE = (0, 4, 7, 12, 11, 9, 7, 5, 4, 2, 0)


def varied_pieces():
    """Pieces that differ in all that a note table has: what a label function may depend on."""
    chance = np.random.default_rng(0)
    for tonic in range(12):
        for quiet in (20, 80):  # one voice of equal notes
            yield piece_of([60 + tonic + step for step in SCALE], quiet, range(11), [1] * 11)
    for bpm, beats, size, bars in ((50, 3, 3, 1), (90, 4, 4, 8), (140, 6, 2, 60), (200, 5, 1, 30)):
        onsets = np.repeat(np.arange(bars * beats), size)  # chords
        pitch = 40 + bpm // 5 + 4 * (np.arange(len(onsets)) % size) + onsets % 5
        lengths = chance.choice([0.25, 0.5, 1, 2, 4], len(onsets))
        swing = onsets + chance.choice([0, 0.5, 1 / 3], bars * beats).repeat(size)
        for dynamics in (True, False):
            yield piece_of(pitch, 60, swing, lengths, bpm, beats, dynamics)


def piece_of(pitch, quiet, onsets, lengths, bpm=120, beats=4, dynamics=True):
    """A piece with onsets and lengths in quarters, louder note by note unless without dynamics."""
    ticks = (480 * np.array([onsets, lengths])).astype(int)
    velocity = quiet + (4 * np.arange(len(pitch)) % 44 if dynamics else np.zeros(len(pitch), int))
    start = np.zeros(1, int)
    return note_table(
        *ticks,
        pitch,
        velocity,
        np.arange(len(pitch)) % 2,
        tempos=(start, np.array([float(bpm)])),
        meters=(start, np.array([beats]), np.array([4])),
    )


def check_free_labels(task, labels_of_notes):
    """Labels that functions give notes are in range, and tell pieces apart."""
    found = set()
    for notes in varied_pieces():
        labels = labels_of_notes(notes)
        wanted = len(notes) if task.level == "token" else 1
        assert len(labels) == wanted, f"{task.name}: {len(labels)} labels for {wanted} notes"
        for label in np.asarray(labels).tolist():
            if task.kind == "single":
                check_label(task, label)
            else:
                assert len(label) == task.num_labels, f"{task.name}: {label} is not one for each"
                assert task.kind == "regression" or {0, 1} >= {x for x in label if x == x}
            known = label != IGNORE if task.kind == "single" else not np.isnan(label).all()
            if known:
                found.add(str(label))
    assert found, f"{task.name}: the label function gives no label for any piece"
    assert len(found) > 1, f"{task.name}: the label function gives one class for all pieces"


@pytest.mark.parametrize(
    ("name", "task"), [*TASKS.items(), ("boundary", UNIT_BOUNDARY)], ids=[*TASKS, "unit_boundary"]
)
def test_every_task_can_be_learnt(name, task):
    check_task(name, task)


def together(notes):
    """Whether each note begins with another."""
    return (np.bincount(notes.onset_ticks)[notes.onset_ticks] > 1).astype(int)


VALID = {
    "chord": ("token", "single", together),
    "long": ("token", "single", lambda notes: notes.duration > 0.3),
    "loud": ("token", "regression", lambda notes: notes.velocity[:, None] / 127),
    "hands": ("token", "multi", lambda notes: np.stack([notes.track == 0, notes.pitch < 60], 1)),
    "texture": ("sequence", "single", lambda notes: int(together(notes).any())),
    "many": ("sequence", "single", lambda notes: int(len(notes) > 100)),
    "fast": ("sequence", "single", lambda notes: int(notes.tempo[0] > 100)),
    "waltz": ("sequence", "single", lambda notes: int(notes.meter_numerator[0] == 3)),
    "expressive": ("sequence", "single", lambda notes: int(notes.has_dynamics)),
    "size": ("sequence", "regression", lambda notes: (len(notes) / 100, notes.seconds)),
}
"""Label functions that each depend on one property of notes or pieces."""


@pytest.mark.parametrize("name", VALID)
def test_labels_may_depend_on_any_property_of_the_notes(name):
    level, kind, label = VALID[name]
    width = 2 if name in ("hands", "size") or kind == "single" else 1
    task = Task(name, level, kind, ("a", "b")[:width], label=label)
    check_free_labels(task, free_labels(task))


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        (lambda notes: [1], "gives one class for all pieces"),
        (lambda notes: [IGNORE], "gives no label for any piece"),
        (lambda notes: [0, 1], "2 labels for 1"),
        (lambda notes: [7], "7 is none of the classes 0 to 1"),
        (lambda notes: ["thin"], "'thin' is no class index"),
    ],
)
def test_what_is_wrong_with_labels_is_said(label, reason):
    task = Task("texture", "sequence", "single", ("a", "b"))
    with pytest.raises(AssertionError, match=f"texture: .*{reason}"):
        check_free_labels(task, label)


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
