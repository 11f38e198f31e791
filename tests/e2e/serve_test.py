"""End-to-end tests of `alpha serve`: serve_test.py PATH_OF_ALPHA [--long] [unittest arguments].

The real server over real sockets. Figures that are measured are printed; what is asserted of them
is generous, since the machine may be busy.
"""

import unittest

from serve_load import Hostile, Load, Queue, Strict
from serve_models import Determinism, Loading, Watching
from serve_page import Console, Downloads
from serve_process import Cancellation, Drain, Start
from serve_runs import LiveRuns, Original
from serve_security import Keys, Origins, Paths, Tls

if __name__ == "__main__":
    unittest.main(verbosity=2)
