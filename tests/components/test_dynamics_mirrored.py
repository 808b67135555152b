"""On two devices the same is recorded as on one."""

import subprocess
import sys
from pathlib import Path


def test_two_devices_under_mirrored_strategy(tmp_path):
    program = Path(__file__).with_name("dynamics_mirrored.py")
    done = subprocess.run(
        [sys.executable, program, tmp_path], capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0 and done.stdout.endswith("done\n"), (
        done.stdout,
        done.stderr[-4000:],
    )
