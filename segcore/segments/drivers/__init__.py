"""Drivers of segments: which features predict who is in each, by SHAP values of one classifier per segment against the rest."""
