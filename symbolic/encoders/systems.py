"""Audio systems by name, for tags and genre.

Front ends, input lengths and layers are as published. Where a source does not give them, they are
choices of this package: all layers of the `cnn_*` systems of genre (their source, Ashraf 2023,
names the kinds of layers and the front end), kernels, channels and sizes of pools of the branches,
all layers of `wave_*`, `spec_cnn_*` and `mel_cnn1d`, and dropout other than 0.5. The heads are
those of this package.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from symbolic.audio.front_end import FrontEnd
from symbolic.encoders.audio_system import AudioSystem
from symbolic.encoders.boundary_systems import BOUNDARY_SYSTEMS

GTZAN_MEL = FrontEnd()
GTZAN_MFCC = FrontEnd(kinds=("mfcc",))
BRANCHED = FrontEnd(kinds=("mel", "cqt"))
SAMPLES = FrontEnd(kinds=("samples",), sampling_rate=16000)
WON_96 = FrontEnd(sampling_rate=16000, n_fft=512, hop=256, n_mels=96, htk=True, norm=None)
WON_128 = replace(WON_96, n_mels=128)
MUSICNN_MEL = FrontEnd(sampling_rate=16000, n_fft=512, hop=256, n_mels=96)
WON_MAGNITUDE = replace(WON_96, kinds=("magnitude",), decibels=False)
AST_MEL = replace(WON_128, hop=160)

MTAT_SECONDS = 29.0
SAMPLE_LEVEL_SECONDS = 3**10 / 16000  # 59049 samples

GENRE_CNN = {"channels": (32, 64, 128, 128), "pools": ((2, 2), (2, 2), (4, 2), (8, 2))}
FCN = {
    "channels": (64, 128, 128, 128, 64),
    "pools": ((2, 4), (2, 4), (2, 4), (3, 5), (4, 4)),
    "pooling": "mean",
    "norm": "global",
}
CRNN = {
    "channels": (64, 128, 128, 128),
    "pools": ((2, 2), (3, 3), (4, 4), (4, 4)),
    "recurrent": "gru",
    "units": 32,
    "layers": 2,
    "norm": "global",
}
SPEC_CNN = {"channels": (32, 64, 128, 128), "pools": ((2, 2), (3, 3), (4, 4), (4, 2))}
SAMPLE_CNN = {
    "channels": (128, 128, 128, *[256] * 6, 512, 512),
    "kernels": (*[3] * 10, 1),
    "strides": (3, *[1] * 10),
    "pools": (1, *[3] * 9, 1),
}
SHORT_CHUNK = {
    "channels": (128, 128, 256, 256, 256, 256, 512),
    "pools": (2,) * 7,
    "pooling": "max",
    "dense": 512,
    "norm": "global",
}
MEL_CNN = {
    "channels": (128, 128, 256, 256),
    "kernels": (3,) * 4,
    "strides": (1,) * 4,
    "pools": (4, 4, 4, 2),
}

RECURRENT = ("rnn", "lstm", "gru")
GENRE_RECURRENT = {
    "cnn": {},
    **{f"cnn_{kind}": {"recurrent": kind, "units": 128} for kind in RECURRENT},
    **{
        f"cnn_bi{kind}": {"recurrent": kind, "units": 128, "directions": 2}
        for kind in ("lstm", "gru")
    },
}


def _genre() -> dict[str, AudioSystem]:
    return {
        f"{cell}_{name}": AudioSystem(
            "spectrogram",
            front,
            30.0,
            f"genre: {cell.replace('_', ' and ')} on {name}",
            {**GENRE_CNN, **recurrent},
        )
        for name, front in (("mel", GTZAN_MEL), ("mfcc", GTZAN_MFCC))
        for cell, recurrent in GENRE_RECURRENT.items()
    }


def _branches() -> dict[str, AudioSystem]:
    cqt = replace(BRANCHED, kinds=("cqt",))
    alone = {"vertical": GTZAN_MEL, "horizontal": GTZAN_MEL, "cqt": cqt}
    return {
        "three_branch": AudioSystem(
            "branches", BRANCHED, 30.0, "genre: vertical and horizontal filters of mel, and CQT"
        ),
        **{
            f"branch_{name}": AudioSystem(
                "branches", front, 30.0, f"genre: the {name} branch alone", {"branches": (name,)}
            )
            for name, front in alone.items()
        },
    }


def _top_ten() -> dict[str, AudioSystem]:
    def system(encoder: str, front: FrontEnd, description: str, **options: Any) -> AudioSystem:
        return AudioSystem(encoder, front, MTAT_SECONDS, f"tags: {description}", options)

    wave = "1-D CNN on samples"
    return {
        "wave_cnn": system("waveform", SAMPLES, wave),
        **{
            f"wave_cnn_{kind}": system("waveform", SAMPLES, f"{wave} and {kind}", recurrent=kind)
            for kind in RECURRENT
        },
        "wave_chunked": system("chunked", SAMPLES, f"{wave} of chunks, their mean"),
        **{
            f"spec_cnn_{kind}": system(
                "spectrogram", WON_96, f"2-D CNN and {kind} on mel", recurrent=kind, **SPEC_CNN
            )
            for kind in RECURRENT
        },
        "mel_cnn1d": system("waveform", WON_96, "1-D CNN, mel bands as channels", **MEL_CNN),
    }


def _sample_level() -> dict[str, AudioSystem]:
    more = {
        "sample_cnn": {},
        "sample_cnn_se": {"squeeze": True},
        "sample_cnn_res": {"residual": True},
        "sample_cnn_se_res": {"residual": True, "squeeze": True, "pooling": "max", "dense": 512},
    }
    words = {"squeeze": "squeeze and excitation", "residual": "residual connections"}
    return {
        name: AudioSystem(
            "waveform",
            SAMPLES,
            SAMPLE_LEVEL_SECONDS,
            ", ".join(["tags: sample-level CNN", *(words[o] for o in options if o in words)]),
            {**SAMPLE_CNN, **options},
            chunks=16,
        )
        for name, options in more.items()
    }


def _won(
    name: str, encoder: str, seconds: float, description: str, **options: Any
) -> dict[str, AudioSystem]:
    # The input of 29 s is the whole recording: all chunks would be equal.
    chunks = None if seconds == MTAT_SECONDS else 16
    system = AudioSystem(encoder, WON_96, seconds, f"tags: {description}", options, chunks)
    return {name: system, f"{name}_128": replace(system, front=WON_128)}


def _on_128(
    encoder: str, seconds: float, description: str, front: FrontEnd = WON_128, **options: Any
) -> AudioSystem:
    return AudioSystem(encoder, front, seconds, f"tags: {description}", options, chunks=16)


PUBLISHED = {
    "cnn_lstm_mel": "GTZAN .8720",
    "cnn_bilstm_mel": "GTZAN .8800",
    "cnn_gru_mel": "GTZAN .8778",
    "cnn_bigru_mel": "GTZAN .8930",
    "cnn_lstm_mfcc": "GTZAN .7640",
    "cnn_bilstm_mfcc": "GTZAN .7369",
    "cnn_gru_mfcc": "GTZAN .7150",
    "cnn_bigru_mfcc": "GTZAN .7630",
    "three_branch": "FMA, 8 genres .555",
    "wave_cnn": "top 10 .8399 / .5271",
    "wave_cnn_rnn": "top 10 .7222 / .3456",
    "wave_cnn_lstm": "top 10 .3855 / .3079",
    "wave_cnn_gru": "top 10 .9032 / .6253",
    "wave_chunked": "top 10 .8572 / .5755",
    "spec_cnn_rnn": "top 10 .8244 / .4990",
    "spec_cnn_lstm": "top 10 .8735 / .5745",
    "spec_cnn_gru": "top 10 .9016 / .6508",
    "fcn": "top 50 .9005 / .4295",
    "fcn_128": "top 50 .8994 / .4236",
    "musicnn": "top 50 .9106 / .4493",
    "musicnn_128": "top 50 .9092 / .4546",
    "sample_cnn": "top 50 .9058 / .4422",
    "sample_cnn_se_res": "top 50 .9103 / .4520",
    "crnn": "top 50 .8722 / .3625",
    "crnn_128": "top 50 .8703 / .3601",
    "self_attention": "top 50 .9077 / .4445",
    "harmonic": "top 50 .9127 / .4611",
    "short_chunk": "top 50 .9126 / .4590",
    "short_chunk_res": "top 50 .9129 / .4614",
}
"""Accuracy of genre, or ROC-AUC / PR-AUC of tags on MagnaTagATune, as in the papers."""

_SYSTEMS = {
    **_genre(),
    **_branches(),
    **_top_ten(),
    **_sample_level(),
    **_won("fcn", "spectrogram", MTAT_SECONDS, "fully convolutional network", **FCN),
    **_won("crnn", "spectrogram", MTAT_SECONDS, "2-D CNN and two layers of GRU", **CRNN),
    **_won("musicnn", "musicnn", 3.0, "vertical and horizontal filters, residual 1-D CNN"),
    "musicnn_published": AudioSystem(
        "musicnn_published",
        MUSICNN_MEL,
        186 * 256 / 16000,  # 187 frames
        "tags: the network of the published weights of musicnn",
        head_units=0,
    ),
    "self_attention": _on_128("self_attention", 15.0, "residual 2-D CNN and a small BERT"),
    "harmonic": _on_128("harmonic", 5.0, "harmonic bands and a 2-D CNN", WON_MAGNITUDE),
    "short_chunk": _on_128(
        "spectrogram", SAMPLE_LEVEL_SECONDS, "2-D CNN of small pools on short chunks", **SHORT_CHUNK
    ),
    "short_chunk_res": _on_128(
        "spectrogram",
        SAMPLE_LEVEL_SECONDS,
        "2-D CNN on short chunks, residual connections",
        residual=True,
        **SHORT_CHUNK,
    ),
    "ast": AudioSystem(
        "ast",
        AST_MEL,
        10.23,  # 1024 frames
        "audio spectrogram transformer on mel",
        head_dropout=0.1,
    ),
}

AUDIO_SYSTEMS: dict[str, AudioSystem] = {
    name: replace(system, published=PUBLISHED.get(name, "")) for name, system in _SYSTEMS.items()
}
"""Every system for genre and tags in the comparison, by name."""

SYSTEMS = {**AUDIO_SYSTEMS, **BOUNDARY_SYSTEMS}
"""Every system that is trained on recordings."""
