"""`python3 -m voxel` is `voxel`."""

import sys

from voxel.cli import main

if __name__ == "__main__":
    sys.exit(main())
