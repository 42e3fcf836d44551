import json

NET = "--nets=20"
PARAMETERS = 784 * 20 + 20 + 20 * 10 + 10


def test_it_measures_and_fits(run_script, tmp_path):
    json_out, plot_out = tmp_path / "scaling.json", tmp_path / "scaling.png"
    status, out, error = run_script(
        "measure_scaling",
        "--workers=1,2",
        NET,
        "--batches=16,64",
        "--repeats=1",
        f"--json_out={json_out}",
        f"--plot_out={plot_out}",
        children=True,
    )
    assert (status, error) == (0, ""), error
    assert "root mean square of the errors" in out
    result = json.loads(json_out.read_text())
    assert [(m["workers"], m["rows"]) for m in result["measured"]] == [
        (1, 16),
        (1, 64),
        (2, 16),
        (2, 64),
    ]
    for measured in result["measured"]:
        assert measured["parameters"] == PARAMETERS
        assert measured["seconds"] > 0
        assert measured["ring_bytes"] == (measured["workers"] - 1) * 8 * PARAMETERS
        # other programs may use the loopback, too
        assert measured["sent"] >= measured["ring_bytes"]
    assert plot_out.read_bytes().startswith(b"\x89PNG")
