import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


def test_the_page_of_reliability_is_what_the_tests_say(tmp_path):
    fresh = tmp_path / "reliability.md"
    command = [sys.executable, REPOSITORY / "tests" / "reliability.py", fresh]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    committed = REPOSITORY / "docs" / "reliability.md"
    assert committed.read_text() == fresh.read_text(), "run python tests/reliability.py"
