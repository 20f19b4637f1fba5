import os
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

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


@pytest.mark.slow
def test_ray_ends_with_the_process_that_is_killed_and_its_private_files_with_the_next_start(home):
    code = (
        "import sys, time\nfrom segcore.store.index import Index\nfrom segcore.system.local_ray import start_ray\nIndex()\nstart_ray()\n"
        "import ray\nray.remote(lambda: time.sleep(600)).remote()\ntime.sleep(1)\nprint('ready', flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout.readline() == "ready\n"
        family = psutil.Process(process.pid).children(recursive=True)
        (link,) = (home / "tmp").iterdir()
        folder = link.resolve()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and (folder / "ray").is_dir()
        process.kill()
    assert len(family) > 5
    _, alive = psutil.wait_procs(family, timeout=2)
    assert [found for found in alive if found.status() != psutil.STATUS_ZOMBIE] == []
    subprocess.run([sys.executable, "-c", "from segcore.store.index import Index; Index()"], cwd=ROOT, check=True)
    assert not folder.exists() and list((home / "tmp").iterdir()) == []
