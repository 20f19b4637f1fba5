"""What a child process runs: one request in, one answer out."""

import sys

from segcore.intake.child import main

if __name__ == "__main__":
    sys.exit(main())
