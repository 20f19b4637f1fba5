import pytest

from segcore.intake import prepared_sample
from segcore.intake import take_in as intake_module
from segcore.intake.take_in import known_intake, take_in
from segcore.records.intake import DataRequest
from segcore.store.store import Store
from segcore.system.private_files import temporary_folder

WEEK = DataRequest("complete-journey", date_to="2017-01-07")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The sample's first week, prepared as an installation prepares the whole year."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepared_sample, "FOLDER", tmp_path_factory.mktemp("prepared"))
        patch.setattr("segcore.intake.remembered.first_request", lambda store: WEEK)
        prepared_sample.main()
        return prepared_sample.FOLDER


@pytest.fixture(autouse=True)
def nothing_is_read(prepared, monkeypatch):
    monkeypatch.setattr(prepared_sample, "FOLDER", prepared)
    monkeypatch.setattr(intake_module, "_take_in", lambda *asked: pytest.fail("the sample was read"))


def test_a_new_store_has_the_prepared_sample_at_once(home, prepared):
    store, source = Store(home), Store(next(prepared.iterdir()))

    taken = known_intake(store, WEEK)

    assert taken == take_in(source, WEEK)
    one, other = store.feature_table(taken.table), source.feature_table(taken.table)
    assert (one.values == other.values).all()
    assert list(one.customers) == list(other.customers)
    assert store.frame(taken.preview).equals(source.frame(taken.preview))


def test_the_sample_brings_what_is_known_of_its_households_and_products(home):
    store = Store(home)
    taken = known_intake(store, WEEK)

    table = store.feature_table(taken.table)
    known = table.profile["in demographics"] == "yes"
    assert [isinstance(age, str) for age in table.profile["age"]] == known.tolist()
    assert (table.profile["campaigns"] >= 0).all()
    assert [note.values["found"] for note in taken.notes if note.code == "second.customers"] == [known.sum(), len(table)]
    found = store.purchases(taken.table, "item")
    assert any("," in title for title in found.titles)


def test_another_request_reads_the_sample(home):
    assert known_intake(Store(home), DataRequest("complete-journey", date_to="2017-01-08")) is None


def test_other_code_reads_the_sample(home, monkeypatch):
    monkeypatch.setattr(prepared_sample, "code_digest", lambda: "0" * 64)
    assert known_intake(Store(home), WEEK) is None


def test_temporary_files_stay_in_the_store_into_which_the_sample_is_copied(home, prepared):
    store = Store(home)
    assert known_intake(store, WEEK) is not None
    with temporary_folder(prefix="ray-") as folder:
        assert folder.parent == store.temporary


def test_a_damaged_copy_reads_the_sample(home, prepared):
    source = Store(next(prepared.iterdir()))
    path = source.object_path(source.json(take_in(source, WEEK).table)["values"])
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[:-8])
        assert known_intake(Store(home), WEEK) is None
        path.unlink()
        assert known_intake(Store(home), WEEK) is None
    finally:
        path.write_bytes(whole)


def test_what_older_code_prepared_is_dropped(prepared, monkeypatch):
    (prepared / "0123456789abcdef").mkdir()
    monkeypatch.setattr("segcore.intake.remembered.first_request", lambda store: WEEK)
    prepared_sample.main()
    assert len(list(prepared.iterdir())) == 1
