"""Header row: the first row that is not empty, or one below a title, by the rule of the format."""

import pytest

from segcore.data.files.header_row import TitleRule, TopRows, find_header

LINES = TitleRule(title_share=0, names_share=0, deepest=200, proof=False)
SHEETS = TitleRule(title_share=0.5, names_share=0.8, deepest=20, proof=True)
NAMES, DATA = ["id", "city", "spend", "visits"], ["C1", "Rome", 2.5, 3.0]
TITLE, REMARK, EMPTY = ["Customers", "", "", ""], ["Customers", "2024", "", ""], [""] * 4


def find(rows, rule, **more):
    return find_header(rows, rule, count=lambda row: sum(cell != "" for cell in row), **more)


@pytest.mark.parametrize("rule", [LINES, SHEETS])
@pytest.mark.parametrize(
    "rows, first, header",
    [
        ([NAMES, DATA], 0, 0),
        ([EMPTY, EMPTY, NAMES, DATA], 2, 2),
        ([TITLE, NAMES, DATA], 0, 1),
        ([EMPTY, TITLE, EMPTY, TITLE, NAMES, DATA], 1, 4),
        ([TITLE, TITLE], 0, 0),
    ],
)
def test_both_formats_look_for_the_first_filled_row_and_below_a_title(rule, rows, first, header):
    assert find(rows, rule) == TopRows(first, header)


def test_empty_rows_have_no_header():
    assert find([EMPTY, EMPTY], SHEETS) is None
    assert find([], LINES) is None


def test_a_row_that_fills_half_of_the_width_is_a_title_in_sheets_only():
    assert find([REMARK, NAMES, DATA], SHEETS).header == 1
    assert find([REMARK, NAMES, DATA], LINES).header == 0


def test_a_row_of_two_names_is_enough_below_a_title_of_lines_only():
    assert find([TITLE, REMARK, NAMES, DATA], SHEETS).header == 2
    assert find([TITLE, REMARK, NAMES, DATA], LINES).header == 1


@pytest.mark.parametrize("row", [DATA, ["id", "city", "city", "visits"], ["id", "city", "1,200", "visits"]])
def test_a_sheet_is_read_below_a_title_only_where_the_row_holds_names(row):
    assert find([TITLE, row, DATA], SHEETS).header == 0
    assert find([TITLE, row, DATA], LINES).header == 1


def test_a_row_of_a_sheet_like_those_below_it_is_the_header_only_below_an_empty_row():
    words = [["id", "city", "kind", "plan"], ["C1", "Rome", "new", "A"]]
    assert find([REMARK, *words], SHEETS).header == 0
    assert find([REMARK, EMPTY, *words], SHEETS).header == 2


@pytest.mark.parametrize("remarks, header", [(19, 20), (20, 0)])
def test_the_header_of_a_sheet_is_at_most_20_rows_below_the_title(remarks, header):
    assert find([TITLE] * (1 + remarks) + [NAMES, DATA], SHEETS).header == header


def test_the_header_of_lines_has_as_many_values_as_most_lines():
    assert find([["Customers"], ["made", "today"], NAMES, DATA, DATA], LINES).header == 2


def test_names_of_groups_of_columns_may_fill_more_and_repeat():
    groups, names = ["id", "2023", "", "2024"], ["", "spend", "spend", "spend"]
    rows = [groups, names, DATA]

    def merged(position):
        return ["id", *rows[position][1:]] if position == 1 else rows[position]

    assert find(rows, SHEETS, names=merged, groups={0}).header == 1
    assert find(rows, SHEETS, names=merged).header == 0
