import pytest

from segcore.errors import DataError, SourceError
from segcore.records.data_rules import ReadOptions, RowRules
from segcore.records.finding import Finding, Remedy
from segcore.records.intake import DataRequest
from ui.data.remedies import remedy_of, ways_on

REQUEST = DataRequest("orders.csv", reading=ReadOptions(delimiter=";"))


@pytest.mark.parametrize(
    ("remedy", "labels", "changed"),
    [
        (Remedy("set_aside"), ["Skip unreadable rows"], {"rows": RowRules(set_aside=True)}),
        (Remedy("date_order", {"orders": ["mdy", "dmy"]}), ["Read dates month first", "Read dates day first"], {"rows": RowRules("mdy")}),
        (
            Remedy("encoding", {"choices": ["cp1251"]}),
            ["Read as Windows-1251"],
            {"reading": ReadOptions(delimiter=";", encoding="cp1251")},
        ),
        (Remedy("header_row", {"choices": [3]}), ["Use row 3 as the header"], {"reading": ReadOptions(delimiter=";", header_row=3)}),
        (Remedy("delimiter", {"choices": ["tab"]}), ["Use the delimiter: tab"], {"reading": ReadOptions(delimiter="tab")}),
        (
            Remedy("sheets", {"choices": ["May", "June"]}),
            ["Use the sheet May", "Use the sheet June"],
            {"reading": ReadOptions(delimiter=";", sheets=("May",))},
        ),
        (Remedy("one_row_per_customer", {"exact": True}), ["Set exact duplicates aside"], {"rows": RowRules(duplicates="aside")}),
    ],
)
def test_each_way_on_is_the_same_request_with_what_was_missing(remedy, labels, changed):
    ways = ways_on(remedy, REQUEST)

    assert [way.label[: len(label)] for way, label in zip(ways, labels, strict=True)] == labels
    assert len({way.key for way in ways}) == len(ways)
    for name in ("rows", "reading"):
        assert getattr(ways[0].request, name) == changed.get(name, getattr(REQUEST, name))


@pytest.mark.parametrize("remedy", [Remedy("role", {"role": "time"}), Remedy("one_row_per_customer", {"exact": False}), Remedy("encoding")])
def test_what_only_the_form_can_say_has_no_button(remedy):
    assert ways_on(remedy, REQUEST) == ()


def test_the_remedy_of_an_error_is_its_findings():
    error = DataError("Something is wrong.")
    assert remedy_of(error) is None
    error.finding = Finding("csv.delimiter", "error", remedy=Remedy("delimiter"))
    assert remedy_of(error) == Remedy("delimiter")
    assert remedy_of(SourceError("No such file.")) is None
