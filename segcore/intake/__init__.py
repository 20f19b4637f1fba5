"""Take data in: from a request to a stored table of features, with everything that was noticed on the way."""

from segcore.intake.child import peek_in_child, read_rows_in_child, take_in_child
from segcore.intake.reading import samples_folder, take_in
from segcore.intake.records import DataRequest, Intake, Peek
from segcore.intake.report import data_report, rows_aside

__all__ = [
    "DataRequest",
    "Intake",
    "Peek",
    "data_report",
    "peek_in_child",
    "read_rows_in_child",
    "rows_aside",
    "samples_folder",
    "take_in",
    "take_in_child",
]
