import os
import stat
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_rays_token_is_secret_and_goes_away_with_the_process(tmp_path):
    code = (
        "import os\nfrom segcore.system import local_ray\npath = local_ray._token_file(local_ray._own_folder())\n"
        "print(path, oct(os.stat(path).st_mode & 0o777), len(path.read_text()), path.exists())"
    )

    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True, env={**os.environ, "TMPDIR": str(tmp_path)}
    ).stdout

    path, mode, length, existed = printed.split()
    assert (mode, length, existed) == (oct(stat.S_IRUSR | stat.S_IWUSR), "64", "True")
    assert not Path(path).exists()
