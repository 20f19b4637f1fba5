import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_frames_load_no_heavy_library_before_they_are_asked_to():
    code = (
        "import sys, segcore.system.frames, segcore.intake.take_in, segcore.intake.child; "
        "print(sorted({'modin', 'ray', 'polars', 'sklearn'} & set(sys.modules)))"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout

    assert printed == "[]\n"


def test_reading_and_building_with_pandas_loads_no_heavy_library(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("customer_id,date,amount\na,2024-01-01,5\na,2024-01-02,6\nb,2024-01-02,6\n")
    code = (
        "import sys\nfrom segcore.data.sources import read_source\nfrom segcore.features.builders import build_features\n"
        "from segcore.records.intake import DataRequest\n"
        f"build_features(read_source(DataRequest({str(path)!r})))\n"
        "print(sorted({'modin', 'ray', 'sklearn', 'sklearnex', 'numba'} & set(sys.modules)))"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout

    assert printed == "[]\n"
