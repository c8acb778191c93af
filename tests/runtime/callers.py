"""One process that calls a connection many times at once: `python -m tests.runtime.callers FILE STORE COUNT`."""

import asyncio
import json
import sys
from pathlib import Path

from tests.runtime.nursery import calls

if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(calls(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))))
