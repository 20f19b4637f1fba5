"""Child process: one request in, one answer out. With ``HOME`` as an argument, it takes in the data that a new session opens."""

import os
import sys

from segcore.system.child_process import leave_at_once

if __name__ == "__main__":
    if not sys.argv[1:]:
        from segcore.intake.child import main

        leave_at_once(main())
    if os.fork() == 0:  # nobody waits for this process: its parent becomes the server
        from segcore.intake.child import take_in_first

        take_in_first(sys.argv[1])
    leave_at_once(0)
