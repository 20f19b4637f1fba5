"""Take segments out of segcore: customers as CSV or Parquet, and the model that scores new ones."""

from segcore.export.files import FORMATS, export_bytes, format_of, write_export, write_model, write_scores
from segcore.export.model import model_zip
from segcore.export.rows import ExportRows, export_rows

__all__ = ["FORMATS", "ExportRows", "export_bytes", "export_rows", "format_of", "model_zip", "write_export", "write_model", "write_scores"]
