"""Keys are found where they stand, also below arrays of tables and after multi-line strings."""

from __future__ import annotations

import pytest

from console.toml_lines import line_of, parse_path

TEXT = '''\
top = 1
[a.b]
key = """
key2 = 3
"""
key2 = 4
[[items]]
name = "x"
[items.inner]
deep = 1
[[items]]
name = "y"   # second
inline = { one = 1, two = 2 }
"quoted key" = 1
a.dotted = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 1),
        (("a", "b"), 2),
        (("a", "b", "key2"), 6),
        (("items", 0), 7),
        (("items", 0, "name"), 8),
        (("items", 0, "inner", "deep"), 10),
        (("items", 1, "name"), 12),
        (("items", 1, "inline", "two"), 13),
        (("items", 1, "quoted key"), 14),
        (("items", 1, "a", "dotted"), 15),
        (("items", 1, "absent"), 11),
        (("nowhere",), None),
        ((), None),
    ],
)
def test_the_line_of_a_key_or_of_the_nearest_table(path: tuple[str | int, ...], line: int | None) -> None:
    assert line_of(TEXT, path) == line


def test_paths_are_read_as_msgspec_writes_them() -> None:
    assert parse_path("$.components[2].signals[...].unit") == ("components", 2, "signals")
    assert parse_path("$") == ()
