from segcore.wording.quotes import distinct


def test_equal_texts_are_numbered_until_no_two_are_equal():
    assert distinct(["A", "B", "A"]) == ["A (1)", "B", "A (3)"]
    assert distinct(["A", "A", "A (1)"]) == ["A (2)", "A (3)", "A (1)"]
    assert distinct(["A (2)", "A", "A", "A (2)"]) == ["A (2) (1)", "A (3)", "A (4)", "A (2) (4)"]
