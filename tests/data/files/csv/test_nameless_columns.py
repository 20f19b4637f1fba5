"""Files without a header: ratings and tables of items get names, and all others are refused as before."""

import pandas as pd
import pytest

from segcore.data.files.csv.nameless_columns import GENRES, item_names, rating_names
from segcore.data.files.reader import read_file
from segcore.errors import DataError
from segcore.wording.findings import sentence

# Five users and seven films; the same user and film never twice.
TRIPLETS = [(f"{n % 5 + 1}", f"{n % 7 + 100}", f"{n % 4 + 1}", f"{881_250_949 + 100 * n}") for n in range(30)]


def text_of(rows, delimiter):
    return "".join(delimiter.join(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "delimiter", "width"), [("u.data", "\t", 4), ("ratings.txt", "\t", 4), ("ratings.dat", "::", 4), ("mine.csv", ",", 3)]
)
def test_ratings_without_a_header_get_names_and_roles(write_text, name, delimiter, width):
    raw = read_file(write_text(text_of([row[:width] for row in TRIPLETS], delimiter), name))

    assert raw.names == ("user", "item", "rating", "time")[:width]
    assert raw.n_rows == 30
    assert raw.read(["time", "user"][-1:])["user"].to_pylist() == [row[0] for row in TRIPLETS]
    assert raw.head(1).to_pylist() == [dict(zip(raw.names, TRIPLETS[0], strict=False))]
    assert raw.where(0) == "line 1" and raw.where(29) == "line 30"
    assert raw.roles == dict(zip(("customer", "item", "rating", "time")[:width], raw.names, strict=True))
    assert raw.form["header"] == "none"
    names = "user, item, rating and time" if width == 4 else "user, item and rating"
    said = f"{name} has no header: its columns are read as {names}; if that is wrong, put a line with the names above the rows."
    assert said in [sentence(note) for note in raw.notes]


def test_halves_dates_and_ids_of_text_are_ratings_too():
    rows = [(f"u{n % 3}", f"Film {n}", f"{n % 5 + 0.5}", f"2024-01-{n + 1:02d}") for n in range(20)]
    assert rating_names(rows) == ("user", "item", "rating", "time")


@pytest.mark.parametrize(
    "rows",
    [
        [("1", "2", "3"), ("4", "5", "6"), ("7", "8", "9")],  # as many numbers as rows
        [("1.5", f"{n}", "3") for n in range(20)],  # no ids
        [("2024-01-02", f"{n}", "3") for n in range(20)],
        [("1", "2", f"{n % 2}") for n in range(20)],  # one pair, again and again
        [(f"{n % 5}", f"{n}", f"{n % 4 + 0.3}") for n in range(20)],  # money
        [(f"{n % 5}", f"{n}", f"{1000 * (n % 4)}") for n in range(20)],
        [(f"{n % 5}", f"{n}", f"{n % 4}", f"{n}") for n in range(20)],  # no time
        [(f"{n % 5}", f"{n}") for n in range(20)],
        [(f"{n}", f"{n}", "1") for n in range(10)],  # no id again, in few rows
    ],
)
def test_other_rows_get_no_names(rows):
    assert rating_names(rows) is None


def test_shuffled_ratings_of_many_users_are_known_by_their_numbers():
    rows = [(f"{n}", f"{7 * n}", f"{n % 5}") for n in range(60)]
    assert rating_names(rows) == ("user", "item", "rating")


def test_a_broken_row_is_named_by_its_line(write_text):
    path = write_text(text_of(TRIPLETS[:20], "\t") + "1\t2\t3\n" + text_of(TRIPLETS[20:], "\t"), "u.data")
    with pytest.raises(DataError, match="u.data has 3 values in line 21, where the first row has 4: correct the line"):
        read_file(path)


def test_empty_lines_and_carriage_returns_do_not_shift_the_lines(write_text):
    raw = read_file(write_text("\r\n" + text_of(TRIPLETS[:10], "\t").replace("\n", "\r\n") + "\r\n1\t999\t3\t881250949\r\n"))
    assert raw.n_rows == 11
    assert (raw.where(0), raw.where(10)) == ("line 2", "line 13")
    assert raw.column("item").to_pylist()[10] == "999"


def test_a_title_with_two_colons_or_a_quote_stays_one_value(write_text):
    films = ['1::Se7en: "The" (1995)::Crime|Thriller', "2::2001: A Space Odyssey::Drama", "3::Alien, 3::Horror", '4::"Hi::Drama']
    raw = read_file(write_text("\n".join(films) + "\n", "movies.dat"), namer=item_names)
    assert raw.names == ("item", "title", "genres")
    assert raw.column("title").to_pylist() == ['Se7en: "The" (1995)', "2001: A Space Odyssey", "Alien, 3", '"Hi']
    assert raw.form["delimiter"] == "double colons" and raw.form["quotes"] == "none"


def test_the_flags_of_movielens_become_one_column_of_genres(write_text):
    def film(number, title, *genres):
        flags = ["1" if genre in genres else "0" for genre in GENRES]
        return "|".join([str(number), title, "01-Jan-1995", "", f"http://us.imdb.com/M/title-exact?{number}", *flags])

    films = [
        film(1, "Toy Story (1995)", "Comedy", "Animation", "Children's"),
        film(2, "Misérables, Les (1995)", "Drama"),
        film(3, "Nameless"),
    ]
    raw = read_file(write_text("\n".join(films) + "\n", "u.item", "latin-1"), namer=item_names)

    assert raw.names == ("item", "title", "release_date", "video_release_date", "url", "genres")
    assert raw.column("genres").to_pylist() == ["Animation|Children's|Comedy", "Drama", ""]
    assert raw.column("title").to_pylist()[1] == "Misérables, Les (1995)"
    assert raw.roles == {}


def test_columns_of_other_tables_of_items_are_numbered_and_of_other_files_refused(write_text):
    path = write_text("7,Bread,2.5\n8,Milk,1.5\n9,Soap,3.5\n", "items.csv")
    assert read_file(path, namer=item_names).names == ("column_1", "column_2", "column_3")
    for namer in (rating_names, None):
        with pytest.raises(DataError, match="no header"):
            read_file(path, namer=namer)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_numbered_columns_of_ratings_are_renamed(tmp_path, ending):
    frame = pd.DataFrame([[int(value) for value in row] for row in TRIPLETS])
    path = tmp_path / f"rows.{ending}"
    frame.to_csv(path, index=False) if ending == "csv" else frame.rename(columns=str).to_parquet(path)

    raw = read_file(path)

    assert raw.names == ("user", "item", "rating", "time")
    assert [str(value) for value in raw.read(["item", "user"])["item"].to_pylist()] == [row[1] for row in TRIPLETS]
    assert raw.head(2).column_names == list(raw.names)
    assert raw.roles["customer"] == "user"


@pytest.mark.parametrize(("name", "row"), [("u.item", ("0", "1", *["0"] * 17)), ("movies.dat", ("Comedy|Drama",))])
def test_films_alone_are_refused_with_the_order_that_is_needed(write_text, name, row):
    first = ("Film {} (1995)", "01-Jan-1995", "", "http://example.org/{}") if name == "u.item" else ("Film {} (1995)",)
    rows = [(str(n), *[value.format(n) for value in first], *row) for n in range(1, 30)]
    with pytest.raises(DataError) as error:
        read_file(write_text(text_of(rows, "|" if name == "u.item" else "::"), name))
    assert str(error.value) == (
        f"{name} is a table of films without a header, not of ratings: give the ratings or order lines, and this file with --items."
    )
    assert "load the ratings or order lines first" in sentence(error.value.finding, "screen")
