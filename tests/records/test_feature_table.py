from segcore.records.feature_table import FeatureEntry, unique_titles


def test_features_of_one_title_are_told_apart_by_their_names():
    entries = [
        FeatureEntry("a", "Age", "", ""),
        FeatureEntry("b", "Age", "", ""),
        FeatureEntry("c", "", "", ""),
        FeatureEntry("d", "Job", "", ""),
        FeatureEntry("e", "Job", "", "", dropped="the same for everybody"),
    ]
    assert unique_titles(entries) == {"a": "Age (a)", "b": "Age (b)", "c": "c", "d": "Job"}
