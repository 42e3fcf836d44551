import jinja2
import pytest

from tf_recipes.parity.reports.html import templates


def test_a_template_finds_the_macros_that_the_pages_share():
    page = templates.template("verify.html", "tf_recipes.verify.reports")
    assert {"sign", "mark", "parts"} <= set(
        vars(page.environment.get_template("macros.html").module)
    )
    with pytest.raises(jinja2.TemplateNotFound):
        templates.template("verify.html")


def test_what_a_template_prints_is_visible_and_escaped():
    environment = templates.template("macros.html").environment
    printed = environment.from_string("<b title='{{ text }}'>{{ text }}</b>").render(
        text="<'\u202e"
    )
    assert printed == r"<b title='&lt;&#39;\u202e'>&lt;&#39;\u202e</b>"
    with pytest.raises(jinja2.UndefinedError):
        environment.from_string("{{ other }}").render()
