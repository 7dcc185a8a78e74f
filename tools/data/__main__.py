"""`python -m tools.data`: see build.py."""

from __future__ import annotations

import sys

from tools.data.build import main

sys.exit(main())
