"""The simulator's own command line: live, history, calibrate, scenarios."""

import sys

from simulator.cli import main

if __name__ == "__main__":
    sys.exit(main())
