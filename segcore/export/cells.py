"""Text cells protected so that no spreadsheet runs them as formulas."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

# A spreadsheet skips blanks, byte order marks and quotes before a formula's first character, and reads the full-width and small forms of =
# + - @ like the plain ones.
_DANGEROUS = (
    r"\A[ \x0b\x0c\x{85}\x{a0}\x{1680}\x{2000}-\x{200f}\x{2028}\x{2029}\x{202f}\x{205f}\x{2060}\x{3000}\x{feff}\x00"
    r"\"'`\x{2018}\x{2019}\x{201c}\x{201d}]*"
    r"[=+\-@\t\r\n\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}\x{fe66}\x{fe62}\x{fe63}\x{fe6b}]"
)
_NUMBER = r"\A[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\z"
_MARK = "'"


def safe_text(cells: pa.Array) -> tuple[pa.Array, int]:
    """Put ``'`` in front of each cell that a spreadsheet would run as a formula, and count these cells.

    Parameters
    ----------
    cells : pyarrow array of strings
        Nulls stay null.

    Returns
    -------
    cells : pyarrow array of strings
        Harmless cells, and those that are strictly a number, such as ``-5`` or ``+1e3``, are unchanged.
    n_marked : int

    Notes
    -----
    The marks can be removed exactly: drop the first ``'`` of a cell if the rest of the cell would be marked.
    """
    dangerous = pc.and_(pc.match_substring_regex(cells, _DANGEROUS), pc.invert(pc.match_substring_regex(cells, _NUMBER)))
    n_marked = int(pc.sum(dangerous).as_py() or 0)
    if not n_marked:
        return cells, 0
    return pc.if_else(dangerous, pc.binary_join_element_wise(_MARK, cells, ""), cells), n_marked


def safe_headers(names: list[str]) -> list[str]:
    """Return column names protected in the same way as by `safe_text`."""
    return [str(name) for name in safe_text(pa.array(names, pa.string()))[0].to_pylist()]
