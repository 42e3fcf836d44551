from tf_recipes.verify.reports import report_rows, report_words


def test_numbers_in_words():
    assert report_words.number(123456.0) == "1.23e+05"
    assert [report_words.number(each) for each in ("nan", "inf", None)] == [
        "not finite",
        "not finite",
        "-",
    ]
    assert report_words.percent(0.0483) == "4.83 %"
    assert report_words.percent("inf") == "not finite"
    assert report_words.times(4e3) == "4e+03 times TF1's own"
    assert report_words.times("nan") == "a ratio that is not finite"


def test_the_headline_and_the_stage(make):
    headlines = [report_words.headline(each) for each in (make.match(), make.differs())]
    assert headlines == ["The port does what TF1 did", "The port leaves TF1"]
    assert report_words.headline(make.refused()) == "The port could not be judged"
    assert report_words.stage(make.differs()["first_failure"]) == "At training step 5"
    first = make.forward_only()["first_failure"]
    assert report_words.stage(first) == "In the forward pass, before training"
    assert report_words.stage(make.unpaired()["first_failure"]) == "In the map of variables"


def test_why_nothing_was_trained(make):
    why = [report_words.untrained(each) for each in (make.forward_only(), make.unpaired())]
    assert why[0] == "No training step was run, because the forward pass differs already."
    assert why[1] == "No training step was run, because variables have no counterpart."
    made = make.unpaired(unmatched={"tf1": [], "keras": [], "offers": []})
    assert report_words.untrained(made) == "No training step was run."


def test_the_place_of_a_change(make):
    assert report_words.place(make.reason()) == "port.py, line 12, layer batch_normalization"
    assert report_words.place(make.reason(line=None, layer=None)) == "port.py"
    assert report_words.place(make.reason(line=None, layer=None, file=None)) == ""


def test_the_story_of_a_curve(make):
    *_, wrong = report_rows.curves(make.differs())
    said = "Ratio 2 at step 1, not finite at step 10; above the limit of 10 by step 5."
    assert report_words.story(wrong, 10.0) == said
    made = make.match()
    made["training"] |= {"steps": [3], "variables": [make.variable(ratio=[0.5])]}
    made["training"]["losses"] = {key: [] for key in ("tf1", "keras", "ratio")}
    (one,) = report_rows.curves(made)
    assert report_words.story(one, 10.0) == "Ratio 0.5 at step 3."
    made["training"] |= {"steps": [], "variables": [make.variable(ratio=[])]}
    (none,) = report_rows.curves(made)
    assert report_words.story(none, 10.0) == "No step was compared."


def test_a_sentence_is_said_once(make):
    made = make.differs()
    assert report_words.message(made) == made["message"]
    assert report_words.message({**made, "message": made["first_failure"]["text"]}) == ""
    assert report_words.message(make.unpaired()) == ""
    assert "10 training steps of 8 rows" in report_words.compared(made)
    assert report_words.compared(make.refused()) == ""


def test_where_a_change_belongs(make):
    reason = make.reason(file="port.py", line=16, layer="optimizer")
    assert report_words.place(reason) == "port.py, line 16, the optimizer"
    assert report_words.place(make.reason(file=None, line=None, layer="relu")) == "layer relu"
    assert report_words.place(make.reason(file=None, line=None, layer=None)) == ""
