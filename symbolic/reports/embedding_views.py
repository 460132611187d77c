"""Plots of embeddings: PCA and t-SNE, with labels and clusters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

PALETTE = (
    *("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"),  # Okabe & Ito 2008
    *("#7a5195", "#8c6d31", "#333333", "#b8c400", "#d62f4b", "#2f6f4f"),
)
MARKERS = "os^DvP"  # the next one when all colours are used
PERPLEXITY = 30.0
LEGEND = 24  # maximal number of labels in a legend
SEED = 0  # of PCA, t-SNE and k-means


def embedding_views(
    embeddings: np.ndarray,
    labels: Sequence[int] | np.ndarray,
    names: Sequence[str],
    path: str | Path,
) -> dict[str, float]:
    """Plot embeddings by PCA and t-SNE, coloured by label and by cluster, and measure agreement.

    Columns are standardised first. t-SNE (van der Maaten & Hinton 2008) starts from PCA; it keeps
    neighbourhoods, but distances between clouds and their sizes have no meaning. k-means in all
    dimensions finds as many clusters as there are labels; clusters have the colour of their most
    frequent label. The metrics are 1 if clusters and labels coincide.

    Args:
        embeddings: (n, H), n at least 4.
        labels: (n,) classes, indices of `names`.
        names: of the classes.
        path: file to write; the suffix decides the format.

    Returns:
        `adjusted_rand` (Hubert & Arabie 1985; 0 by chance), `purity` (share of the pieces whose
        label is the most frequent one of their cluster), `neighbours` (share of the pieces whose
        nearest neighbour has their label) and `explained` (share of the variance explained by the
        first two principal components).

    Raises:
        ValueError: shapes that do not match, too few pieces, a label without a name, or a format
            that matplotlib does not write.
    """
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import StandardScaler

    embeddings, labels = np.asarray(embeddings, float), np.asarray(labels)
    if embeddings.ndim != 2 or labels.shape != embeddings.shape[:1]:
        raise ValueError(f"embeddings {embeddings.shape} and labels {labels.shape} do not match")
    if len(labels) < 4:
        raise ValueError(f"{len(labels)} pieces: at least 4 are needed")
    if not np.isin(labels, np.arange(len(names))).all():
        raise ValueError(f"labels must be 0..{len(names) - 1}, the indices of the names")
    scaled = StandardScaler().fit_transform(embeddings)
    pca = PCA(min(scaled.shape[1], len(scaled), 2), random_state=SEED).fit(scaled)
    plane = pca.transform(scaled)
    if plane.shape[1] < 2:
        plane = np.column_stack([plane, np.zeros(len(plane))])
    runs: Any = 10  # annotated as a string in scikit-learn
    clusters = KMeans(len(np.unique(labels)), n_init=runs, random_state=SEED)
    cluster = clusters.fit_predict(scaled)
    nearest = NearestNeighbors(n_neighbors=1).fit(scaled).kneighbors(return_distance=False)[:, 0]
    perplexity = min(PERPLEXITY, (len(scaled) - 1) / 3)
    start = "pca" if scaled.shape[1] > 1 else "random"
    tsne = TSNE(2, perplexity=perplexity, init=start, random_state=SEED)
    figures = {
        **agreement(labels, cluster),
        "neighbours": float((labels[nearest] == labels).mean()),
        "explained": float(pca.explained_variance_ratio_.sum()),
    }
    views = {"PCA": plane, "t-SNE": tsne.fit_transform(scaled)}
    _draw(views, labels, _majority(labels, cluster), names, figures, Path(path))
    return figures


def agreement(labels: np.ndarray, cluster: np.ndarray) -> dict[str, float]:
    """Compute `adjusted_rand` and `purity` of (n,) clusters and (n,) labels."""
    from sklearn.metrics import adjusted_rand_score

    purity = float((_majority(labels, cluster) == labels).mean())
    return {"adjusted_rand": float(adjusted_rand_score(labels, cluster)), "purity": purity}


def _majority(labels: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """(n,) the most frequent label in the cluster of each piece."""
    counts = np.zeros((cluster.max() + 1, labels.max() + 1), int)
    np.add.at(counts, (cluster, labels), 1)
    return counts.argmax(axis=1)[cluster]


def _draw(
    views: dict[str, np.ndarray],
    labels: np.ndarray,
    found: np.ndarray,
    names: Sequence[str],
    figures: dict[str, float],
    path: Path,
) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 10.2), layout="constrained")
    panels = figure.subplots(2, 2)
    rows = {
        "labels": labels,
        f"k-means clusters by their most frequent label (purity {figures['purity']:.2f}, "
        f"adjusted Rand index {figures['adjusted_rand']:.2f})": found,
    }
    for row, (heading, classes) in zip(panels, rows.items(), strict=True):
        for axes, (name, places) in zip(row, views.items(), strict=True):
            _scatter(axes, places, classes, names)
            share = f", {figures['explained']:.0%} of variance" if name == "PCA" else ""
            axes.set_xlabel(f"{name}{share}", fontsize=10)
        row[0].set_title(heading, loc="left", fontsize=11)
    handles, drawn = panels[0, 0].get_legend_handles_labels()
    if len(drawn) <= LEGEND:
        place = {"loc": "outside lower center", "ncols": min(len(drawn), 6)}
        figure.legend(handles, drawn, frameon=False, markerscale=2, **place)
    figure.savefig(path, dpi=150)


def _scatter(axes, places: np.ndarray, classes: np.ndarray, names: Sequence[str]) -> None:
    area = float(np.clip(16000 / len(places), 12, 60))
    for number in np.unique(classes).tolist():
        chosen = classes == number
        axes.scatter(
            *places[chosen].T,
            s=area,
            color=PALETTE[number % len(PALETTE)],
            marker=MARKERS[number // len(PALETTE) % len(MARKERS)],
            alpha=0.8,
            linewidths=0.3,
            edgecolors="white",
            label=str(names[number]),
        )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color("0.8")
