"""Views of embeddings: two dimensions by PCA and t-SNE, and clusters, beside the labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

PALETTE = (
    *("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"),  # Okabe & Ito 2008
    *("#7a5195", "#8c6d31", "#333333", "#b8c400", "#d62f4b", "#2f6f4f"),
)
MARKERS = "os^DvP"  # another one each time that the colours are used up
PERPLEXITY = 30.0
LEGEND = 24  # more labels than this are drawn without one


def embedding_views(
    embeddings: np.ndarray,
    labels: Sequence[int] | np.ndarray,
    names: Sequence[str],
    path: str | Path,
    title: str = "",
    seed: int = 0,
) -> dict[str, float]:
    """Draw embeddings by PCA and by t-SNE, coloured by label and by cluster; say how they agree.

    Columns are standardised before. t-SNE (van der Maaten & Hinton 2008) starts from PCA: what is
    near is near, but distances and sizes of its clouds mean nothing. As many clusters as labels
    occur are found by k-means in all dimensions, and are coloured by the label that is most
    frequent in them; their figures are 1 where clusters and labels are the same.

    Args:
        embeddings: (n, H), n at least 4.
        labels: (n,) classes, numbers of `names`.
        names: of the classes.
        path: where to write; the suffix decides the format.
        title: above the picture.
        seed: of t-SNE and k-means.

    Returns:
        `adjusted_rand` (Hubert & Arabie 1985; 0 by chance), `purity` (share of the pieces whose
        label is the most frequent one of their cluster), `neighbours` (share of the pieces whose
        nearest other piece has their label) and `explained` (share of the variance that the two
        axes of PCA hold).

    Raises:
        ValueError: shapes that do not fit, too few pieces, a label without a name, or a format that
            matplotlib does not write.
    """
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    embeddings, labels = np.asarray(embeddings, float), np.asarray(labels)
    if embeddings.ndim != 2 or labels.shape != embeddings.shape[:1]:
        raise ValueError(f"embeddings {embeddings.shape} and labels {labels.shape} do not fit")
    if len(labels) < 4:
        raise ValueError(f"{len(labels)} pieces: at least 4 are needed")
    if not np.isin(labels, np.arange(len(names))).all():
        raise ValueError(f"a label is not one of 0..{len(names) - 1}, for which there are names")
    scaled = StandardScaler().fit_transform(embeddings)
    pca = PCA(min(scaled.shape[1], len(scaled), 2), random_state=seed).fit(scaled)
    plane = pca.transform(scaled)
    if plane.shape[1] < 2:
        plane = np.column_stack([plane, np.zeros(len(plane))])
    cluster = _clusters(scaled, len(np.unique(labels)), seed)
    figures = {**agreement(labels, cluster), "neighbours": _neighbours(scaled, labels)}
    figures["explained"] = float(pca.explained_variance_ratio_.sum())
    views = {"PCA": plane, "t-SNE": _tsne(scaled, seed)}
    _draw(views, labels, _majority(labels, cluster), names, figures, Path(path), title)
    return figures


def agreement(labels: np.ndarray, cluster: np.ndarray) -> dict[str, float]:
    """`adjusted_rand` and `purity` of (n,) clusters, beside (n,) labels."""
    from sklearn.metrics import adjusted_rand_score

    right = float((_majority(labels, cluster) == labels).mean())
    return {"adjusted_rand": float(adjusted_rand_score(labels, cluster)), "purity": right}


def _majority(labels: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """(n,) the most frequent label of the cluster that each piece is in."""
    counts = np.zeros((cluster.max() + 1, labels.max() + 1), int)
    np.add.at(counts, (cluster, labels), 1)
    return counts.argmax(axis=1)[cluster]


def _clusters(scaled: np.ndarray, count: int, seed: int) -> np.ndarray:
    from sklearn.cluster import KMeans

    return KMeans(count, n_init=10, random_state=seed).fit_predict(scaled)


def _neighbours(scaled: np.ndarray, labels: np.ndarray) -> float:
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=1).fit(scaled).kneighbors(return_distance=False)[:, 0]
    return float((labels[nearest] == labels).mean())


def _tsne(scaled: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.manifold import TSNE

    perplexity = min(PERPLEXITY, (len(scaled) - 1) / 3)
    start = "pca" if scaled.shape[1] > 1 else "random"
    return TSNE(2, perplexity=perplexity, init=start, random_state=seed).fit_transform(scaled)


def _draw(
    views: dict[str, np.ndarray],
    labels: np.ndarray,
    found: np.ndarray,
    names: Sequence[str],
    figures: dict[str, float],
    path: Path,
    title: str,
) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 10.2), layout="constrained")
    panels = figure.subplots(2, 2)
    rows = {
        "labels": labels,
        f"clusters of k-means, by their most frequent label (purity {figures['purity']:.2f}, "
        f"adjusted Rand {figures['adjusted_rand']:.2f})": found,
    }
    for row, (what, classes) in zip(panels, rows.items(), strict=True):
        for axes, (name, places) in zip(row, views.items(), strict=True):
            _scatter(axes, places, classes, names)
            share = f", {figures['explained']:.0%} of the variance" if name == "PCA" else ""
            axes.set_xlabel(f"{name}{share}", fontsize=10)
        row[0].set_title(what, loc="left", fontsize=11)
    handles, drawn = panels[0, 0].get_legend_handles_labels()
    if len(drawn) <= LEGEND:
        columns = min(len(drawn), 6)
        figure.legend(
            handles,
            drawn,
            loc="outside lower center",
            ncols=columns,
            frameon=False,
            markerscale=2,
        )
    if title:
        figure.suptitle(title, fontsize=13, parse_math=False)
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
