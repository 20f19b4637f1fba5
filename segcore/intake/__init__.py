"""Take data in: from a request to a stored table of features, with everything that was noticed on the way."""

from segcore.intake.child import take_in_child
from segcore.intake.reading import samples_folder, take_in
from segcore.intake.records import DataRequest, Intake

__all__ = ["DataRequest", "Intake", "samples_folder", "take_in", "take_in_child"]
