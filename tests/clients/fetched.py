"""What ops/clients fetched for the tests. Where it is not there and its registry cannot be reached, the test ends as skipped."""
import pathlib
import subprocess
import sys

CLIENTS = pathlib.Path(__file__).resolve().parents[2] / "ops" / "clients"
SKIPPED = 77


def fetched(part):
    done = subprocess.run([CLIENTS, part], capture_output=True, text=True)
    if done.returncode == 75:
        print(f"skipped: {done.stderr.strip()}")
        sys.exit(SKIPPED)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
