from segcore.records.feature_table import ColumnUse, FeatureEntry, unique_titles
from segcore.records.finding import Finding
from segcore.wording.findings import sentence


def test_features_of_one_title_are_told_apart_by_their_names():
    entries = [
        FeatureEntry("a", "Age", "", ""),
        FeatureEntry("b", "Age", "", ""),
        FeatureEntry("c", "", "", ""),
        FeatureEntry("d", "Job", "", ""),
        FeatureEntry("e", "Job", "", "", dropped=Finding("column.constant")),
    ]
    assert unique_titles(entries) == {"a": "Age (a)", "b": "Age (b)", "c": "c", "d": "Job"}


def test_reasons_come_back_as_findings():
    entry = FeatureEntry("a", "A", "", "", ("a",), Finding("column.id", values={"n_values": 9, "rows": 10}))
    use = ColumnUse("a", "dropped", Finding("column.empty"))

    assert FeatureEntry.from_json(entry.to_json()) == entry
    assert ColumnUse.from_json(use.to_json()) == use


def test_reasons_stored_as_texts_are_read():
    entry = {
        "name": "a",
        "title": "A",
        "unit": "",
        "description": "",
        "columns": ["a"],
        "dropped": "it is empty",
        "block": "",
        "kind": "number",
    }
    use = {"column": "a", "use": "dropped", "reason": "it is empty", "outcome": False, "codes": False}

    assert sentence(FeatureEntry.from_json(entry).dropped) == "it is empty"
    assert FeatureEntry.from_json({**entry, "dropped": None}).dropped is None
    assert sentence(ColumnUse.from_json(use).reason) == "it is empty"
