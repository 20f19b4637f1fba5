"""Take data in: from a request to a stored table of features, with everything that was noticed on the way."""

from segcore.intake.child import peek_in_child, take_in_child
from segcore.intake.reading import samples_folder, take_in
from segcore.intake.records import DataRequest, Intake, Peek

__all__ = ["DataRequest", "Intake", "Peek", "peek_in_child", "samples_folder", "take_in", "take_in_child"]
