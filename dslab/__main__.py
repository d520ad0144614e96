"""``python -m dslab``: see `dslab.cli`."""

import sys

from dslab.cli import main

if __name__ == "__main__":
    sys.exit(main())
