"""What is in a segment: read from a solution and the table it was made from, never computed by clustering again."""

from segcore.explain.histograms import Histogram, histogram_pair
from segcore.explain.profile import segment_profile
from segcore.explain.records import FeatureProfile, SegmentProfile, SegmentSummary
from segcore.explain.wording import number_text, percent_text, segment_title

__all__ = [
    "FeatureProfile",
    "Histogram",
    "SegmentProfile",
    "SegmentSummary",
    "histogram_pair",
    "number_text",
    "percent_text",
    "segment_profile",
    "segment_title",
]
