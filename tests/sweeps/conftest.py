from tests.plots.conftest import degenerate_sweep, density_sweep, elbow_sweep, mixture_sweep  # noqa: F401
