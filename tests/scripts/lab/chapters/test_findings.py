import json

import keras
import numpy as np

from lab.chapters.findings import Claim, Findings, cell
from lab.chapters.intervals import Estimate


def test_claims_in_one_line():
    good = Claim("it is so.", True, "3 of 3.")
    assert good.line() == "borne out: it is so. Measured: 3 of 3."
    assert Claim("it is so.", False, "0 of 3.").line().startswith("NOT borne out: it is so.")


def test_json_holds_everything_and_null_for_what_is_not_finite():
    runs = [{"loss": np.float32(0.5), "curve": np.array([1.0, np.nan]), "found": float("inf")}]
    findings = Findings({"seeds": 2}, runs, [{"a": 1}], [Claim("t", True, "m")], {1: (2, 3)})
    read = json.loads(findings.to_json())
    assert read["runs"] == [{"loss": 0.5, "curve": [1.0, None], "found": None}]
    assert read["claims"] == [{"text": "t", "holds": True, "measured": "m"}]
    assert (read["settings"], read["summary"], read["also"]) == (
        {"seeds": 2},
        [{"a": 1}],
        {"1": [2, 3]},
    )
    assert read["environment"]["keras"] == keras.__version__


def test_cells():
    assert cell(Estimate(0.5, 0.125, 3)) == "0.5 ± 0.125"
    assert (cell(0.123456), cell(7), cell("x")) == ("0.1235", "7", "x")
