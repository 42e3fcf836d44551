"""What the experiments' figures share."""

import io

# Okabe and Ito's palette, told apart by colour-blind readers too; styles tell grey prints apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))


def new(columns=1, rows=1, title=None, size=(5.2, 4.2)):
    """A `Figure` with a grid of axes, and the axes as a flat list.

    Args:
        columns, rows: int, of the grid.
        title: above all of them, or None.
        size: (width, height) of one of them in inches.
    """
    # The figure by itself, without pyplot, leaves the caller's backend alone; late: it is slow.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    view = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained", dpi=120)
    FigureCanvasAgg(view)
    axes = view.subplots(rows, columns, squeeze=False).ravel().tolist()
    if title:
        view.suptitle(title, fontsize=11)
    return view, axes


def label(axes, xlabel, ylabel, title=None, legend=True):
    """Names both axes, with their units, and lays a grid."""
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if title:
        axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.3, which="both")
    if legend and axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8)


def png(view):
    """The figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    view.savefig(buffer, format="png")
    return buffer.getvalue()
