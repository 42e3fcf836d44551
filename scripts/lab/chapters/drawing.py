"""Holds the colours, grids and labels that the chapters' figures share."""

import io

# The palette of Okabe and Ito, for colour-blind readers; line styles are for prints in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))


def new(columns=1, rows=1, title=None, size=(5.2, 4.2)):
    """Makes a `Figure` with a grid of axes; returns the figure, and the axes as a flat list.

    Args:
        columns, rows: int, size of the grid.
        title: title of the figure, or None.
        size: (width, height) of one axes in inches.
    """
    # Without pyplot the caller's backend is not changed. Imported here because the import is slow.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    view = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained", dpi=120)
    FigureCanvasAgg(view)
    axes = view.subplots(rows, columns, squeeze=False).ravel().tolist()
    if title:
        view.suptitle(title, fontsize=11)
    return view, axes


def label(axes, xlabel, ylabel, title=None, legend=True):
    """Labels both axes, with their units, and draws grid lines and a legend."""
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if title:
        axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.3, which="both")
    if legend and axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8)


def png(view):
    """Returns the figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    view.savefig(buffer, format="png")
    return buffer.getvalue()
