from lab.documentation import tables


def test_a_table_is_made_anew(monkeypatch):
    monkeypatch.setitem(tables._TABLES, "names", lambda: "| new |")
    text = "before\n\n<!-- generated names -->\n| old |\n<!-- / -->\nafter"
    filled = tables.fill(text)
    assert filled == "before\n\n<!-- generated names -->\n\n| new |\n\n<!-- / -->\nafter"
    assert tables.fill(filled) == filled


def test_a_table_that_nobody_makes_is_refused(fails):
    with fails("'speeds'"):
        tables.fill("<!-- generated speeds --><!-- / -->")
