"""Pre-training of encoders on unlabelled music (`symbolic pretrain`)."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from torch.utils.data import DataLoader, Dataset
from transformers import TrainingArguments, set_seed

from symbolic.data.audit.fingerprints import Fingerprints, common
from symbolic.data.datasets.collator import Collator
from symbolic.data.datasets.masking import OBJECTIVES, PretrainingDataset, token_tasks
from symbolic.data.datasets.token_dataset import TokenDataset
from symbolic.data.groups import group_name, hashed_group, validation_mask
from symbolic.data.splits.protocols import DataArguments, held_out
from symbolic.data.tokens.file import TokenFile, load_tokens
from symbolic.data.tokens.variation import Variation
from symbolic.encoders.backbones import CAUSAL
from symbolic.inference.prediction import evaluation_mode, on_device
from symbolic.modeling import SymbolicModel
from symbolic.tasks import IGNORE
from symbolic.training.build import ShapeArguments, build_model
from symbolic.training.pretrained import copy_heads
from symbolic.training.run_folder import save_run, training_groups, training_pieces, unknown_origin
from symbolic.training.trainer import FitArguments, fit, refuse_finished


@dataclass
class PretrainArguments:
    """Music to pre-train on."""

    music: list[str] = field(
        default_factory=list, metadata={"help": "files and folders of any music, without labels"}
    )
    tokens: str = field(default="", metadata={"help": "token file, .npz or .safetensors, instead"})
    tokenizer: str = field(default="cp-midibert", metadata={"help": "as in symbolic train"})
    objective: str = field(
        default="",
        metadata={
            "help": "masked: single notes, as MIDI-BERT; mixed: notes, spans, single sub-tokens or "
            "one aspect of all notes, such as their velocities; next (default: masked, or next for "
            "a causal backbone)"
        },
    )
    semitones: int = field(default=6, metadata={"help": "transposition of ids, up and down"})
    velocity_steps: int = field(
        default=0, metadata={"help": "louder or softer, in steps of the sub-token Velocity"}
    )
    tempo_steps: int = field(
        default=0, metadata={"help": "slower or faster, in steps of the sub-tokens Gap and Hold"}
    )
    without_dynamics: float = field(
        default=0.0, metadata={"help": "share of the windows whose velocities are removed"}
    )
    leave_out: float = field(
        default=0.0,
        metadata={
            "help": "share of the pieces, by group, that is not trained on, to test with; they are "
            "not in the record of training pieces"
        },
    )
    cache_dir: str | None = field(default=None, metadata={"help": "folder where tokens are cached"})


def pretrain(
    data: PretrainArguments,
    arguments: ShapeArguments,
    fitting: FitArguments,
    training: TrainingArguments,
    apart: DataArguments | None = None,
) -> SymbolicModel:
    """Train an encoder to predict tokens, for `--pretrained` of `symbolic train`.

    Bidirectional backbones predict masked super-tokens (MIDI-BERT, Chou 2021), causal ones the next
    super-token. In an epoch a piece has as many random windows as cover it. With validation, the
    accuracy of each sub-token is printed beside the share of its most frequent value.

    Args:
        data: the music.
        arguments: of the model.
        fitting, training: as `symbolic.training.trainer.fit` takes them.
        apart: labelled corpora with held-out pieces. Music that is the same as one of these, by
            group, file name, notes or melody, is left out, with a line that counts it.

    Raises:
        ValueError: no music, music that is all held out, or tokens that cannot be masked.
        FileNotFoundError: music or a token file that does not exist.
        FileExistsError: a folder with a finished model that is not to be replaced.
    """
    refuse_finished(fitting, training)
    tokens = _tokens(data)
    set_seed(training.seed)
    pieces = np.arange(len(tokens))
    if apart is not None and (apart.folders or apart.hold_out != DataArguments.hold_out):
        pieces = _without_held_out(tokens, apart)
    pieces = _without_share(tokens, pieces, data.leave_out)
    groups = [group_name(tokens.corpora[i], tokens.groups[i]) for i in pieces]
    held = np.zeros(len(pieces), bool)
    if fitting.validation_share:
        labels, own = [IGNORE] * len(pieces), [tokens.groups[i] for i in pieces]
        held = validation_mask(labels, own, fitting.validation_share, training.seed)
    tasks = token_tasks(tokens.vocabulary)
    model = build_model(
        tokens.vocabulary, replace(arguments, label_smoothing=0.0), tasks=tasks, head_units=0
    )
    if arguments.pretrained:
        copy_heads(model, arguments.pretrained)
    objective = _objective(data, model)
    steps = data.velocity_steps, data.tempo_steps, data.without_dynamics
    variation = Variation(tokens.vocabulary, *steps) if any(steps) else None

    def dataset(chosen: np.ndarray, window: int, **options) -> PretrainingDataset:
        windows = TokenDataset(tokens, window, chosen, masked_velocity=None, **options)
        return PretrainingDataset(windows, objective)

    training.prediction_loss_only = True
    validation = dataset(pieces[held], arguments.window, every=True) if held.any() else None
    often = -(-tokens.lengths[pieces] // arguments.training_window)  # as many as cover a piece
    trainer = fit(
        model,
        dataset(
            pieces[~held].repeat(often[~held]),
            arguments.training_window,
            semitones=data.semitones,
            masked_score_time=arguments.masked_score_time,
            variation=variation,
        ),
        validation,
        fitting,
        training,
    )
    if trainer.is_world_process_zero():
        groups += training_groups(arguments.pretrained)
        source: dict[str, Any] = {
            "music": [Path(folder).name for folder in data.music],
            "tokens": Path(data.tokens).name,
            "objective": objective,
        }
        if validation is not None:
            batch_size = training.per_device_eval_batch_size
            source["named"] = accuracies = named_tokens(model, validation, batch_size)
            for name, (right, frequent) in accuracies.items():
                print(f"{name}: {right:.3f} right, most frequent {frequent:.3f}")
        save_run(
            model,
            tokens.vocabulary.save_tokenizer,
            source,
            groups,
            Fingerprints.joined(
                [tokens.fingerprints_of(pieces), training_pieces(arguments.pretrained)]
            ),
            arguments,
            fitting,
            training,
            [],
            unknown_origin(arguments.pretrained),
        )
        folder = str(training.output_dir or ".")
        use = f"symbolic train --pretrained {shlex.quote(folder)}"
        print(f"saved in {folder}; to train with it: {use}")
    return model


def named_tokens(
    model: SymbolicModel, dataset: PretrainingDataset, batch_size: int = 8
) -> dict[str, tuple[float, float]]:
    """Compute the accuracy of predicted tokens.

    Returns:
        By sub-token, the accuracy, and the share of the most frequent value.
    """
    collate = Collator(model.tasks, model.config.pad_ids)
    counts = {task.name: np.zeros(task.num_labels, np.int64) for task in model.tasks}
    right = dict.fromkeys(counts, 0)
    with evaluation_mode(model):
        for batch in DataLoader(cast(Dataset, dataset), batch_size, collate_fn=collate):
            labels = batch.pop("labels")
            for name, logits in model(**on_device(model, batch)).logits.items():
                labelled = labels[name] != IGNORE
                truth = labels[name][labelled]
                right[name] += int((logits.cpu().argmax(dim=-1)[labelled] == truth).sum())
                counts[name] += np.bincount(truth.numpy(), minlength=len(counts[name]))
    return {
        name: (right[name] / max(count.sum(), 1), count.max() / max(count.sum(), 1))
        for name, count in counts.items()
    }


def _objective(data: PretrainArguments, model: SymbolicModel) -> Literal["masked", "mixed", "next"]:
    """Choose what is predicted, as a backbone can.

    Raises:
        ValueError: an unknown objective, or one that the backbone cannot be trained with.
    """
    # With `pretrained` the backbone is not that of the arguments.
    kind = getattr(model.config.backbone_config, "model_type", "")
    objective = data.objective or ("next" if kind in CAUSAL else "masked")
    if objective not in OBJECTIVES:
        raise ValueError(f"objective {objective!r} is none of {', '.join(OBJECTIVES)}")
    if (objective == "next") != (kind in CAUSAL):
        raise ValueError(f"objective {objective!r} is not one for the backbone {kind}")
    return cast(Any, objective)


def _without_share(tokens: TokenFile, pieces: np.ndarray, share: float) -> np.ndarray:
    """Leave out a share of the groups, chosen by the hashes of their names.

    Raises:
        ValueError: a share that leaves nothing.
    """
    if not 0 <= share < 1:
        raise ValueError(f"leave_out {share} is no share below 1")
    places = [int(hashed_group(tokens.groups[i])[-16:], 16) / 16**16 for i in pieces.tolist()]
    kept = pieces[np.array(places) >= share]
    if share:
        print(f"{len(pieces) - len(kept)} of {len(pieces)} pieces are left out, to test with")
    if not len(kept):
        raise ValueError(f"leave_out {share}: no music is left")
    return kept


def _without_held_out(tokens: TokenFile, apart: DataArguments) -> np.ndarray:
    """Number the pieces of a token file that are not the same music as a held-out piece."""
    # The music is what is trained on: a whole corpus may be held out.
    test = held_out(replace(apart, unlabelled=apart.unlabelled or "music"))[1]
    same = common(Fingerprints.of_pieces(test), tokens.fingerprints_of(range(len(tokens))))
    print(f"{len(same)} of {len(tokens)} pieces are left out: the same as held-out pieces")
    if len(same) == len(tokens):
        raise ValueError("no music is left: all of it is held out")
    return np.setdiff1d(np.arange(len(tokens)), list(same))


def _tokens(data: PretrainArguments) -> TokenFile:
    if bool(data.music) == bool(data.tokens):
        raise ValueError("either --music or --tokens is needed")
    if data.tokens:
        return load_tokens(data.tokens)
    from symbolic.data.tokens.build import build_token_dataset, fingerprinted
    from symbolic.tokenizers import build_tokenizer

    rows = build_token_dataset(data.music, build_tokenizer(data.tokenizer), data.cache_dir)
    return fingerprinted(rows)
