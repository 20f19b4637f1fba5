import zipfile
from xml.sax.saxutils import escape, quoteattr

import pytest

_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TYPES = f"""<?xml version="1.0"?><Types xmlns="{_PACKAGE}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="{_SPREADSHEET}.sheet.main+xml"/>
<Override PartName="/xl/styles.xml" ContentType="{_SPREADSHEET}.styles+xml"/>"""
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


class Date(float):
    """A day number that the workbook shows as a date."""


class Markup(str):
    """The rest of a cell's XML behind its name, such as ``t="e"><v>#N/A</v>``."""


def _cell(name, value):
    if isinstance(value, Markup):
        return f'<c r="{name}" {value}</c>'
    if isinstance(value, bool):
        return f'<c r="{name}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, str):
        return f'<c r="{name}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    style = ' s="1"' if isinstance(value, Date) else ""
    return "" if value is None else f'<c r="{name}"{style}><v>{float(value)!r}</v></c>'


def _sheet(rows, start=1):
    lines = []
    for number, row in enumerate(rows, start=start):
        cells = "".join(_cell(f"{chr(65 + position)}{number}", value) for position, value in enumerate(row))
        lines.append(f'<row r="{number}">{cells}</row>')
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _relations(targets):
    listed = "".join(f'<Relationship Id="{name}" Type="{_RELATION}/{kind}" Target="{target}"/>' for name, kind, target in targets)
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


@pytest.fixture
def write_xlsx(tmp_path):
    """Return a function that writes a workbook of inline cells; a sheet may also be given as its XML.

    ``hidden`` are titles; ``parts`` are further members of the archive, or others in the place of those that are written.
    """

    def write(sheets, name="book.xlsx", start=1, hidden=(), parts=None):
        path = tmp_path / name
        numbers = range(1, len(sheets) + 1)
        members = {}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            listed = [f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_SPREADSHEET}.worksheet+xml"/>' for n in numbers]
            members["[Content_Types].xml"] = f"{_TYPES}{''.join(listed)}</Types>"
            members["_rels/.rels"] = _relations([("r1", "officeDocument", "xl/workbook.xml")])
            states = ['state="hidden" ' if title in hidden else "" for title in sheets]
            listed = "".join(
                f'<sheet name={quoteattr(title)} sheetId="{n}" {state}r:id="r{n}"/>'
                for n, title, state in zip(numbers, sheets, states, strict=True)
            )
            members["xl/workbook.xml"] = f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATION}"><sheets>{listed}</sheets></workbook>'
            targets = [(f"r{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
            others = [("s", "styles", "styles.xml"), ("t", "sharedStrings", "sharedStrings.xml")]
            members["xl/_rels/workbook.xml.rels"] = _relations([*targets, *others])
            members["xl/styles.xml"] = _STYLES
            for n, rows in zip(numbers, sheets.values(), strict=True):
                members[f"xl/worksheets/sheet{n}.xml"] = rows if isinstance(rows, str) else _sheet(rows, start)
            for member, content in {**members, **(parts or {})}.items():
                archive.writestr(member, content)
        return path

    write.date, write.markup, write.sheet = Date, Markup, _sheet
    return write


@pytest.fixture
def write_text(tmp_path):
    """Return a function that writes a file and returns its path."""

    def write(content, name="rows.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write
