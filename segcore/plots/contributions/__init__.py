"""Figures of what explains a prediction: importance, beeswarm and force plots of SHAP values."""
