import io
import json

import pytest
from rich.console import Console

from lab.scaling import scaling_report
from lab.scaling.cost_model import Cost, Measured

COST = Cost(fixed=0.0, update=0.0, compute=1e-11, message=0.0, byte=0.0)
MEASURED = [Measured(1, 1000, 64, 0.002), Measured(2, 1000, 64, 0.004, sent=8100.0)]


def test_what_pays_follows_from_the_bandwidth():
    # Without a latency a batch pays above 8 / (bandwidth compute): 1 Gbit/s is 125 MB/s.
    rows = {row["network"]: row["rows"] for row in scaling_report.paying(MEASURED, COST)}
    assert round(rows["1 Gbit/s"][2]) == round(rows["1 Gbit/s"][16]) == 6400
    assert round(rows["10 Gbit/s"][4]) == 640


def test_the_table_has_a_line_for_each_measurement():
    console = Console(file=io.StringIO(), width=200)
    scaling_report.show(MEASURED, COST, [0.1, -0.2], cores=2, console=console)
    lines = console.file.getvalue().splitlines()
    assert lines[1].split()[:4] == ["1", "1,000", "64", "2.00"]
    assert lines[2].split()[-3:] == ["-20%", "0.01", "0.01"]
    assert "compute: 1e-11 s" in lines
    assert "root mean square of the errors: 16%" in lines


@pytest.mark.parametrize("compute", [1e-11, 0.0])
def test_a_figure_is_drawn_also_where_no_batch_pays(compute, tmp_path):
    """Times that were measured on a busy machine may show no cost of computing."""
    cost = Cost(fixed=1e-3, update=0.0, compute=compute, message=1e-4, byte=0.0)
    scaling_report.plot(tmp_path / "out.png", MEASURED, cost, cores=2)
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_the_json_has_everything(tmp_path):
    scaling_report.write(tmp_path / "out.json", MEASURED, COST, [0.1, -0.2], cores=2)
    result = json.loads((tmp_path / "out.json").read_text())
    assert result["cores"] == 2
    assert result["cost"]["compute"] == 1e-11
    assert result["measured"][1]["ring_bytes"] == 8000
    assert len(result["pays_above"]) == 3
    free = Cost(0.0, 0.0, 0.0, 1.0, 0.0)
    scaling_report.write(tmp_path / "out.json", MEASURED, free, [0.0, float("nan")], cores=2)
    result = json.loads((tmp_path / "out.json").read_text())
    assert result["measured"][1]["relative_error_of_the_model"] is None
    assert result["pays_above"][0]["rows"]["2"] is None
