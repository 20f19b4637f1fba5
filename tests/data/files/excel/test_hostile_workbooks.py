"""Workbooks that are broken, or made to break what reads them: each ends in one clear sentence, before its cells are interpreted."""

import io
import random
import struct
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segcore.data.files.excel.archive import check_parts
from segcore.data.files.excel.sheet_size import cell_name
from segcore.data.files.excel.workbook import read_workbook
from segcore.data.files.legacy_office import compound_format
from segcore.data.files.reader import read_file
from segcore.errors import DataError, SegcoreError, SourceError
from tests.examples import few

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
ROWS = [["customer", "date", "amount"], ["c1", 1.0, 5.0], ["c2", 2.0, 6.0], ["c3", 3.0, 7.0]]
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def sheet(rows):
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def read(path):
    return read_workbook(path, path.name)


def refusal(path, kind=SourceError):
    with pytest.raises(kind) as error:
        read(path)
    text = str(error.value)
    assert "\n" not in text
    assert text.endswith(".")
    assert text.startswith("book.xlsx")
    return text


# Archives


def test_a_workbook_that_is_cut_off_anywhere_is_damaged(write_xlsx):
    path = write_xlsx({"Data": ROWS})
    content = path.read_bytes()

    for length in [0, 1, 21, *range(30, len(content), 37), len(content) - 1]:
        path.write_bytes(content[:length])
        assert "damaged" in refusal(path)


def test_bytes_behind_the_end_and_two_parts_of_one_name_are_damage(write_xlsx):
    path = write_xlsx({"Data": ROWS})
    content = path.read_bytes()

    path.write_bytes(content + b"\0" * 40)
    assert "its end is missing" in refusal(path)
    path.write_bytes(content)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("XL\\worksheets\\..\\worksheets/Sheet1.xml", sheet(""))
    assert "two parts have the same name" in refusal(path)


def test_a_part_that_is_altered_or_says_a_wrong_size_is_damage(write_xlsx):
    path = write_xlsx({"Data": ROWS})
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    at = content.rindex(b"xl/worksheets/sheet1.xml") - 46  # its entry in the directory

    for position, value, said in ((24, size - 1, "more than it says"), (24, size + 1, "cut off or altered"), (16, 7, "cut off or altered")):
        changed = bytearray(content)
        struct.pack_into("<I", changed, at + position, value)
        path.write_bytes(changed)
        assert said in refusal(path)


def test_a_directory_without_end_is_refused_before_it_is_read(write_xlsx):
    path = write_xlsx({"Data": ROWS})
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, len(content) - 10, 400 * 2**20)
    path.write_bytes(content)

    assert "far more parts than a workbook has" in refusal(path)


def test_many_small_parts_are_refused(write_xlsx):
    assert "far more than a workbook has" in refusal(write_xlsx({"Data": ROWS}, parts={f"xl/part{n}.xml": "<x/>" for n in range(10_001)}))


def test_other_ways_of_packing_are_refused(write_xlsx):
    path = write_xlsx({"Data": ROWS})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("xl/more.xml", "<x/>" * 99)

    assert "a method that workbooks do not use" in refusal(path)


def test_a_part_with_a_password_says_so(write_xlsx):
    path = write_xlsx({"Data": ROWS})
    content = bytearray(path.read_bytes())
    at = content.rindex(b"xl/worksheets/sheet1.xml") - 46
    content[at + 8] |= 1
    path.write_bytes(content)

    assert "has a password" in refusal(path)


def test_names_that_lead_out_of_the_archive_lead_nowhere(write_xlsx, tmp_path):
    parts = {"../../evil.txt": "x", "/etc/evil.xml": "<x/>", "xl/../../evil.xml": "<x/>", "C:\\evil.xml": "<x/>"}

    assert read(write_xlsx({"Data": ROWS}, parts=parts)).n_rows == 3
    assert [path.name for path in tmp_path.rglob("*")] == ["book.xlsx"]
    assert not list(tmp_path.parent.glob("evil*"))


def test_a_bomb_is_refused_by_what_it_says_and_by_what_it_is(write_xlsx, monkeypatch):
    bomb = sheet('<row r="1"><c r="A1"><v>1</v></c></row>' + " " * 80_000_000)
    path = write_xlsx({"Data": bomb})
    assert "times its size" in refusal(path)

    monkeypatch.setattr("segcore.data.files.excel.archive.MAX_BYTES", 2**20)
    assert "larger than" in refusal(path)


# Cells that stand far off

FAR = [
    '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
    '<row r="1048576"><c t="n" s="0" r="XFD1048576"><v>1</v></c></row>',
    "<row r='1048576'><c\tr='XFD1048576'><v>1</v></c></row>",
    '<row r="1048576"><c r = "XFD1048576"><v>1</v></c></row>',
    '<row r="1048576"><c r\n="xfd1048576"><v>1</v></c></row>',
    '<row><c x=">" r= "XFD1048576"><v>1</v></c></row>',
    '<x:row r="1048576"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row>',
    '<row r="1048575"><c r="XFC9"/></row><row><c r="XFD7"><v>1</v></c></row><row r="1048576"><c><v>1</v></c></row>',
    f"<row>{'<c><v>1</v></c>' * 16384}</row>{'<row/>' * 1_048_573}<row><c><v>1</v></c></row>",
    '<row r="2"><c r="A9000000"><v>1</v></c></row>',
    '<row r="2"><c r="A99999999999999999999"><v>1</v></c></row>',
    '<row r="2"><c r="AAAAAAAAAAAA1"><v>1</v></c></row>',
]


@pytest.mark.parametrize("cells", FAR, ids=lambda cells: cells[:60])
def test_a_cell_far_off_is_refused(write_xlsx, cells):
    text = refusal(write_xlsx({"Data": sheet('<row r="1"><c r="A1"><v>1</v></c></row>' + cells)}))

    assert "1,048,576" in text or "beyond the last row or column" in text


def test_cells_far_off_that_are_empty_do_no_harm(write_xlsx):
    rows = write_xlsx.sheet(ROWS)
    styled = '<row r="9"><c r="XFD9" s="1"/></row><row r="1048576" ht="20"><c r="XFC1048576" s="1" /></row></sheetData>'

    raw = read(write_xlsx({"Data": rows.replace("</sheetData>", styled)}))

    assert raw.n_rows == 3


def test_merged_cells_without_end_are_refused(write_xlsx):
    merged = '<mergeCell ref="A1:B9"/>' * 200_001
    merged = sheet("").replace("</worksheet>", f"<mergeCells>{merged}</mergeCells></worksheet>")

    assert "merged cells" in refusal(write_xlsx({"Data": merged}))


def test_cells_that_do_not_say_where_they_stand_are_read_in_order(write_xlsx):
    rows = "<row><c><v>7</v></c><c><v>8</v></c></row><row><c><v>1</v></c><c><v>2</v></c></row>"

    assert read(write_xlsx({"Data": sheet(rows)})).read(["7", "8"]).to_pylist() == [{"7": 1.0, "8": 2.0}]


# Texts


def test_texts_that_no_cell_shows_are_refused(write_xlsx):
    shared = f'<sst xmlns="{MAIN}">{"<si/>" * 2_100_000}</sst>'

    assert "lists 2,100,000 texts" in refusal(write_xlsx({"Data": ROWS}, parts={"xl/sharedStrings.xml": shared}))


@pytest.mark.parametrize("mark", ['t="s"', "t = 's'"])
def test_a_long_text_in_many_cells_is_refused(write_xlsx, mark):
    text = "".join(random.Random(0).choices("abcdefgh", k=900_000))
    rows = "".join(f'<row r="{n}"><c r="A{n}" {mark}><v>0</v></c></row>' for n in range(1, 5001))

    said = refusal(write_xlsx({"Data": sheet(rows)}, parts={"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>{text}</t></si></sst>'}))

    assert "repeats long texts in so many cells" in said


def test_a_long_text_in_one_cell_does_not_count_for_the_others(write_xlsx):
    texts = ["x", "y", "".join(random.Random(0).choices("abcdefgh", k=200_000))]
    shared = f'<sst xmlns="{MAIN}">{"".join(f"<si><t>{text}</t></si>" for text in texts)}</sst>'
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" t="s"><v>{2 if n == 9 else 0}</v></c><c r="B{n}" t="s"><v>1</v></c></row>' for n in range(2, 5001)
    )
    head = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>'

    raw = read(write_xlsx({"Data": sheet(head + rows)}, parts={"xl/sharedStrings.xml": shared}))

    assert len(raw.column("a")[7].as_py()) == 200_000


@pytest.mark.parametrize("size", [2 * 2**20, 10 * 2**20, 20 * 2**20])
def test_a_value_of_megabytes_is_refused(write_xlsx, size):
    text = random.Random(0).randbytes(size // 2).hex()

    said = refusal(write_xlsx({"Data": [*ROWS, ["c4", text, 1.0]]}), SegcoreError)

    assert "cell B5" in said
    assert "more than" in said


# XML


STRUCTURE = ["[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"]


@pytest.mark.parametrize("part", [*STRUCTURE, "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"])
@pytest.mark.parametrize("bomb", [BOMB, BOMB.lower(), '<!DOCTYPE x SYSTEM "file:///etc/passwd">'])
def test_entities_are_refused_wherever_they_are_declared(write_xlsx, part, bomb):
    path = write_xlsx({"Data": ROWS}, parts={"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"/>'})
    with zipfile.ZipFile(path) as archive:
        content = archive.read(part).decode()

    assert "declares XML entities" in refusal(write_xlsx({"Data": ROWS}, parts={part: f'<?xml version="1.0"?>{bomb}{content}'}))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_xml_in_another_encoding_is_refused(write_xlsx, encoding):
    assert "not UTF-8" in refusal(write_xlsx({"Data": ROWS}, parts={"xl/worksheets/sheet1.xml": (BOMB + sheet("")).encode(encoding)}))


def test_html_in_a_cell_is_text(write_xlsx):
    raw = read(write_xlsx({"Data": [["a", "b"], ["<!DOCTYPE html>&amp;<b>", "<!ENTITY x>"]]}))

    assert raw.read(["a", "b"]).to_pylist() == [{"a": "<!DOCTYPE html>&amp;<b>", "b": "<!ENTITY x>"}]


def test_styles_by_the_million_do_no_harm(write_xlsx):
    entries = '<xf numFmtId="7"/><xf numFmtId="14"/>' * 500_000
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs>{entries}</cellXfs></styleSheet>'

    assert read(write_xlsx({"Data": ROWS}, parts={"xl/styles.xml": styles})).n_rows == 3


def test_links_to_other_workbooks_are_ignored(write_xlsx):
    link = f'<externalLink xmlns="{MAIN}"><externalBook xmlns:r="x" r:id="r1"/></externalLink>'
    relations = '<Relationships><Relationship Id="r1" Target="http://127.0.0.1:9/other.xlsx" TargetMode="External"/></Relationships>'
    parts = {"xl/externalLinks/externalLink1.xml": link, "xl/externalLinks/_rels/externalLink1.xml.rels": relations}

    assert read(write_xlsx({"Data": ROWS}, parts=parts)).n_rows == 3


# Sheets


def book(sheets):
    listed = "".join(f'<sheet name="{title}" sheetId="{n}" r:id="{relation}"/>' for n, (title, relation) in enumerate(sheets, start=1))
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return f'<workbook xmlns="{MAIN}" xmlns:r="{relations}"><sheets>{listed}</sheets></workbook>'


@pytest.mark.parametrize("sheets", [{}, {"A": []}, {"A": [], "B": []}, {"A": [["customer", "date"]]}, {"A": [["customer"], [None]]}])
def test_a_workbook_without_rows_says_so(write_xlsx, sheets):
    assert "no sheet with a header and rows below it" in refusal(write_xlsx(sheets), DataError)


def test_one_part_as_many_sheets_is_refused(write_xlsx):
    assert "refer to the same part" in refusal(write_xlsx({"A": ROWS}, parts={"xl/workbook.xml": book([("A", "r1"), ("B", "r1")])}))


def test_more_sheets_than_anyone_has_are_refused(write_xlsx):
    listed = book([(f"S{n}", f"r{n}") for n in range(1001)])

    assert "1,001 sheets" in refusal(write_xlsx({"A": ROWS}, parts={"xl/workbook.xml": listed}))


def test_a_sheet_whose_part_is_missing_is_damage(write_xlsx):
    refusal(write_xlsx({"A": ROWS}, parts={"xl/workbook.xml": book([("A", "r1"), ("B", "r9")])}), SegcoreError)


def test_titles_are_shown_escaped(write_xlsx):
    raw = read(write_xlsx({"../\u202eevil<b>": ROWS, "Other": [["x", "y"], [1.0, 2.0]]}))

    assert raw.where(0) == "row 2 of sheet '../\\u202eevil<b>'"


def test_more_columns_than_can_be_used_are_refused(write_xlsx):
    def row(number, content):
        return f'<row r="{number}">' + "".join(f'<c r="{cell_name(number, n)}" {content}</c>' for n in range(1, 2_002)) + "</row>"

    names = row(1, 't="inlineStr"><is><t>NAME</t></is>')
    for n in range(2_001):
        names = names.replace("NAME", f"c{n}", 1)

    assert "2,001 columns, more than the 2,000" in refusal(write_xlsx({"Data": sheet(names + row(2, "><v>1</v>"))}), DataError)


# Compound files


def compound(path, *entries):
    names = b"".join(f"{entry}\0".encode("utf-16-le").ljust(128) for entry in entries)
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000) + names)
    return path


def test_old_containers_are_told_apart(tmp_path):
    path = tmp_path / "x"

    assert compound_format(compound(path, "Root Entry", "EncryptionInfo", "EncryptedPackage")) == "encrypted workbook"
    assert compound_format(compound(path, "Root Entry", "Workbook")) == "old workbook"
    assert compound_format(compound(path, "Root Entry", "WordDocument")) == "word"
    assert compound_format(compound(path)) == "old office"
    with pytest.raises(SourceError, match=r"old workbook \(.xls\) or another old Office file: save it as .xlsx or CSV"):
        read_file(path)


# Anything


@settings(max_examples=few(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), flips=st.integers(1, 4))
def test_altered_archives_give_rows_or_a_sentence(write_xlsx, seed, flips):
    path = write_xlsx({"Data": ROWS, "More": ROWS})
    content = bytearray(path.read_bytes())
    chance = random.Random(seed)
    for _ in range(flips):
        content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(content)

    read_or_refuse(path)


PIECES = [
    *(
        b"<row>",
        b"</row>",
        b"<c>",
        b"</c>",
        b"<v>",
        b"</v>",
        b"<f>",
        b"</f>",
        b"<is><t>",
        b"<![CDATA[",
        b"]]>",
        b"<!--",
        b"/>",
        b"<",
        b">",
        b'"',
    ),
    *(b'r="B2"', b'r="ZZ9"', b't="s"', b't="e"', b't="b"', b't="d"', b's="1"', b"&amp;", b"&x;"),
    *(b"1e999", b"-1", b"<!--"),
    b"<mergeCells><mergeCell ref='A1:B9'/></mergeCells>",
]


@settings(max_examples=few(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), changes=st.integers(1, 6))
def test_altered_xml_in_a_sound_archive_gives_rows_or_a_sentence(write_xlsx, seed, changes):
    source = write_xlsx({"Data": ROWS, "More": [["a", "b"], [write_xlsx.date(5.5), True]]}, name="sound.xlsx")
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    chance = random.Random(seed)
    for _ in range(changes):
        name = chance.choice([name for name in parts if name.startswith("xl/")])
        content = parts[name]
        at = chance.randrange(len(content) + 1)
        parts[name] = content[:at] + chance.choice([*PIECES, chance.randbytes(2)]) + content[at + chance.choice([0, 0, 1, 9]) :]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    path = source.with_name("book.xlsx")
    path.write_bytes(buffer.getvalue())

    read_or_refuse(path)


def read_or_refuse(path):
    try:
        raw = read(path)
    except SegcoreError as error:
        assert "\n" not in str(error)
        assert str(error).endswith(".")
    else:
        assert raw.read(raw.names).num_rows == raw.n_rows
        assert raw.where(raw.n_rows - 1)


def test_the_checks_unpack_nothing_to_disk(write_xlsx, monkeypatch):
    def forbidden(*_, **__):
        raise AssertionError

    monkeypatch.setattr(zipfile.ZipFile, "extract", forbidden)
    monkeypatch.setattr(zipfile.ZipFile, "extractall", forbidden)

    assert check_parts(write_xlsx({"Data": ROWS}), "book.xlsx").cells["Data"].rows == 4
