import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segcore.data.files.file_identity import content_digest
from segcore.data.files.reader import read_file
from segcore.errors import DataError


def write(path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def test_parts_of_a_folder_are_one_table_in_the_order_of_their_paths(tmp_path):
    write(tmp_path / "b.parquet", id=["c"], n=pa.array([2.5], pa.float64()))
    write(tmp_path / "a" / "1.parquet", n=pa.array([1, None], pa.int32()), id=pa.array(["a", "b"]).dictionary_encode())
    write(tmp_path / "a" / "2.parquet", id=pa.array([], pa.string()), n=pa.array([], pa.int64()))
    for other in ("_metadata.parquet", ".hidden.parquet", "_SUCCESS", "notes.txt"):
        (tmp_path / other).write_text("none")

    raw = read_file(tmp_path)

    assert raw.names == ("n", "id")
    assert raw.read(["id", "n"]).to_pydict() == {"id": ["a", "b", "c"], "n": [1.0, None, 2.5]}
    assert raw.head(2).to_pydict() == {"n": [1.0, None], "id": ["a", "b"]}
    assert raw.where(1) == f"row 2 of {tmp_path.name}/a/1.parquet"
    assert raw.where(2) == f"row 1 of {tmp_path.name}/b.parquet"
    assert raw.form == {"format": "Parquet, 3 parts"}


def test_folders_called_by_a_key_and_a_value_are_columns(tmp_path):
    write(tmp_path / "year=2011" / "shop=a%20b" / "x.parquet", id=["1"])
    write(tmp_path / "year=2010" / "shop=__HIVE_DEFAULT_PARTITION__" / "x.parquet", id=["2", "3"])

    raw = read_file(tmp_path)

    assert raw.read(raw.names).to_pydict() == {"id": ["2", "3", "1"], "year": ["2010", "2010", "2011"], "shop": [None, None, "a b"]}
    assert raw.read(["year"]).num_rows == raw.n_rows == 3
    assert raw.form["columns from folders"] == "year, shop"


def test_a_part_outside_the_folders_of_the_others_is_named(tmp_path):
    write(tmp_path / "year=2011" / "x.parquet", id=["1"])
    write(tmp_path / "y.parquet", id=["2"])

    with pytest.raises(DataError, match=r"x\.parquet and .*y\.parquet are in folders with different keys"):
        read_file(tmp_path)


def test_numbers_that_would_change_in_a_wider_type_are_refused(tmp_path):
    write(tmp_path / "1.parquet", id=[2**53 + 1])
    write(tmp_path / "2.parquet", id=[0.5])

    with pytest.raises(DataError, match=r"1\.parquet has values in column id that do not fit the double"):
        read_file(tmp_path).read(["id"])


def test_a_folders_digest_follows_the_content_and_the_paths_of_its_parts(tmp_path):
    write(tmp_path / "1.parquet", id=["1"])
    before = content_digest(tmp_path)
    (tmp_path / "notes.txt").write_text("nothing")
    assert content_digest(tmp_path) == before

    write(tmp_path / "2.parquet", id=["2"])
    with_two = content_digest(tmp_path)
    (tmp_path / "2.parquet").rename(tmp_path / "3.parquet")
    assert len({before, with_two, content_digest(tmp_path)}) == 3
