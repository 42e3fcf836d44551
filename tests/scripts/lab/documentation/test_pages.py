"""Tests how blocks, links, images and anchors are read from pages."""

from lab.documentation import pages

PAGE = """# A title

See [the proof](../proof.md#one-ulp) and ![two
curves](x.svg).

```python title="TensorFlow 1"
print(1 + 1)  # 2
for each in ():
    print(each)  # inside
print("# 3")  # # 3
```

## The `tf.train` part

```sh
echo [no](link.md)
```

## The `tf.train` part
"""


def test_blocks_know_where_they_are_and_what_they_print(tmp_path):
    page = tmp_path / "a.md"
    page.write_text(PAGE)
    first, second = pages.blocks(page)
    assert (first.language, first.title, first.line, first.tf1) == (
        "python",
        "TensorFlow 1",
        7,
        True,
    )
    assert PAGE.splitlines()[first.line - 1] == first.code.splitlines()[0] == "print(1 + 1)  # 2"
    assert first.prints == ["2", "# 3"]
    assert str(first) == "a.md:7"
    assert (second.language, second.title, second.tf1) == ("sh", "", False)


def test_links_and_images_outside_of_code(tmp_path):
    page = tmp_path / "a.md"
    page.write_text(PAGE)
    assert pages.links(page) == ["../proof.md#one-ulp"]
    assert pages.images(page) == [("two curves", "x.svg")]


def test_anchors_are_those_of_a_code_host(tmp_path):
    page = tmp_path / "a.md"
    page.write_text(PAGE + '<a id="named"></a>\n')
    assert pages.anchors(page) == {"a-title", "the-tftrain-part", "the-tftrain-part-1", "named"}


def test_prose_is_what_no_code_is():
    assert pages.without_code("a `b 3 %` c\n```sh\n4 %\n```\nd") == "a  c\n\nd"
