import pandas as pd

from ui.widgets.table import visible_frame


def test_headings_that_are_equal_once_escaped_are_numbered_until_all_differ():
    frame = pd.DataFrame([[1, 2, 3, 4]], columns=["a\x07", "a\\x07", "a\\x07 (2)", "b"])
    assert list(visible_frame(frame).columns) == ["a\\x07 (1)", "a\\x07 (3)", "a\\x07 (2)", "b"]
    assert list(visible_frame(visible_frame(frame)).columns) == ["a\\x07 (1)", "a\\x07 (3)", "a\\x07 (2)", "b"]
