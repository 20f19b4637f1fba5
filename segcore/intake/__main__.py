"""Entry point of the child process: one request in, one answer out."""

import sys

from segcore.intake.child import main

if __name__ == "__main__":
    sys.exit(main())
