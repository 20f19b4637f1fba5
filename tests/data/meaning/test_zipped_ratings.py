"""A zip of ratings, as MovieLens is downloaded: which files in it are read, and which are not."""

import zipfile

import pytest

from segcore.data.sources import open_source
from segcore.errors import DataError, SourceError
from segcore.records.intake import DataRequest, SecondTable
from segcore.wording.findings import sentence

HEADER = "userId,movieId,rating,timestamp\n"
LINES = "".join(f"{n % 5 + 1},{n % 7 + 1},{n % 4 + 1}.0,{881_250_949 + n}\n" for n in range(30))
MOVIES = "movieId,title,genres\n" + "".join(f"{n},Film {chr(64 + n)} (1995),Comedy|Drama\n" for n in range(1, 8))
LINKS = "movieId,imdbId,tmdbId\n" + "".join(f"{n},01{n},{n + 80}\n" for n in range(1, 8)) * 9
TAGS = "userId,movieId,tag,timestamp\n" + "".join(f"{n % 5 + 1},{n % 7 + 1},funny {n},{881_250_949 + n}\n" for n in range(60))
README = "SUMMARY\n=======\n\nThese files describe ratings, from 1 to 5, of films.\n" * 40
USERS = "".join(f"{n}|{20 + n}|{'MF'[n % 2]}|writer|8571{n}\n" for n in range(1, 6))


@pytest.fixture
def zipped(tmp_path):
    """Return a function that writes a zip of named texts, and opens it."""

    def write(files, *, items=None):
        with zipfile.ZipFile(tmp_path / "films.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("films/", "")
            for name, content in files.items():
                archive.writestr(name, content)
        return open_source(DataRequest(str(tmp_path / "films.zip"), items=items))

    return write


def said(raw):
    return [sentence(note) for note in raw.notes]


def test_the_pair_is_found_among_the_files_of_movielens(zipped):
    files = {"README.txt": README, "tags.csv": TAGS, "links.csv": LINKS, "ratings.csv": HEADER + LINES, "movies.csv": MOVIES}
    raw = zipped({f"films/{name}": content for name, content in files.items()} | {"__MACOSX/._ratings.csv": "x"})

    assert raw.name == "films.zip" and raw.n_rows == 30
    assert raw.names == ("userId", "movieId", "rating", "timestamp", "title", "genres")
    assert raw.read(["title"])["title"].to_pylist()[:2] == ["Film A (1995)", "Film B (1995)"]
    assert "films.zip: the ratings are from ratings.csv, and the items from movies.csv; 3 other files in it are not read." in said(raw)
    assert raw.where(2) == "line 4 of ratings.csv"


def test_the_whole_data_are_used_and_not_its_parts_for_validation(zipped):
    rows = LINES.replace(",", "\t").replace(".0\t", "\t")
    raw = zipped({"a/u1.base": rows * 2, "a/u.data": rows, "a/u.user": USERS})

    assert raw.n_rows == 30 and raw.names == ("user", "item", "rating", "time")
    assert said(raw)[0] == "films.zip: the ratings are from u.data; 2 other files in it are not read."


def test_files_of_any_name_are_known_by_their_content(zipped):
    items = "code;name;kind\n" + "".join(f"{n};Thing {chr(64 + n)};Toys\n" for n in range(1, 8))
    raw = zipped({"notes.txt": README, "people.psv": USERS, "scores.csv": HEADER + LINES, "things.csv": items})

    assert raw.names == ("userId", "movieId", "rating", "timestamp", "name", "kind")
    assert "films.zip: the ratings are from scores.csv, and the items from things.csv; 2 other files in it are not read." in said(raw)


def test_a_given_table_of_items_takes_precedence(zipped, write_text):
    path = write_text("movieId,shelf\n1,low\n2,high\n", "shelves.csv")
    raw = zipped({"ratings.csv": HEADER + LINES, "movies.csv": MOVIES}, items=SecondTable(str(path)))
    assert raw.names[4:] == ("shelf",)


def test_items_that_do_not_fit_leave_the_ratings_with_a_warning(zipped):
    raw = zipped({"ratings.csv": HEADER + LINES, "movies.csv": MOVIES.replace(",Film", "x,Film")})
    assert raw.names == ("userId", "movieId", "rating", "timestamp")
    assert raw.notes[-1].severity == "warning" and "has no row for any item" in sentence(raw.notes[-1])


def test_a_broken_row_in_a_zip_is_named_by_file_and_line(zipped):
    with pytest.raises(DataError, match=r"ratings.csv has 2 values in line 32"):
        zipped({"ratings.csv": HEADER + LINES + "1,2\n"})


def test_a_zip_without_ratings_is_refused(zipped):
    with pytest.raises(SourceError, match=r"films.zip is a zip archive, not a table"):
        zipped({"orders.csv": "order,day,amount\n1,2024-01-02,5\n2,2024-01-03,6\n", "README": README})


def test_a_damaged_member_is_refused_in_one_sentence(zipped, tmp_path):
    zipped({"ratings.csv": HEADER + LINES})
    content = bytearray((tmp_path / "films.zip").read_bytes())
    place = content.index(b"ratings.csv") + len("ratings.csv") + 20
    content[place : place + 40] = bytes(40)
    (tmp_path / "films.zip").write_bytes(content)
    with pytest.raises(SourceError, match=r"films.zip is a (damaged zip|zip archive)"):
        open_source(DataRequest(str(tmp_path / "films.zip")))
