import pytest

from segcore.records.finding import Remedy
from segcore.wording.remedies import remedy_text


@pytest.mark.parametrize(
    ("remedy", "command_line", "screen"),
    [
        (Remedy("set_aside"), "skip unreadable rows with --set-aside", "skip unreadable rows with the button below"),
        (Remedy("date_order", {"orders": ["dmy", "mdy"]}), "choose the order with --date-order dmy or mdy", "choose the order below"),
        (
            Remedy("encoding"),
            "choose the encoding with --encoding",
            "choose the encoding under “How the file is read”",
        ),
        (
            Remedy("header_row", {"choices": [2]}),
            "choose the header row with --header-row 2",
            "choose the header row under “How the file is read”: 2",
        ),
        (Remedy("category_column", {"column": "my region"}), "declare the column with --category 'my region'", "choose “Category”"),
        (Remedy("role", {"role": "time"}), "name it with --role time=COLUMN", "choose it below"),
    ],
)
def test_a_remedy_names_the_options_of_the_command_line_and_the_fields_of_the_screen(remedy, command_line, screen):
    assert remedy_text(remedy, "command line") == command_line
    assert remedy_text(remedy, "screen") == screen
