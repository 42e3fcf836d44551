from lab.chapters import drawing


def test_a_figure_with_labels_and_a_legend(labelled):
    view, (left, right) = drawing.new(2, title="both")
    left.plot([1, 2], [3, 4], label="line")
    right.plot([1, 2], [3, 4])
    drawing.label(left, "steps", "loss (nats)", "here")
    drawing.label(right, "steps", "time (s)")
    labelled(view)
    assert view.get_suptitle() == "both"
    assert left.get_title() == "here"
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["line"]
    assert right.get_legend() is None
    assert drawing.png(view)[:8] == b"\x89PNG\r\n\x1a\n"


def test_every_colour_has_a_marker_and_a_style():
    assert len(set(drawing.COLOURS)) == len(set(drawing.MARKERS)) == len(set(drawing.STYLES)) == 7
