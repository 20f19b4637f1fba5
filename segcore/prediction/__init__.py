"""Yes or no predicted from features: gradient-boosted classifiers that are cross-fitted, calibrated, measured and explained."""
