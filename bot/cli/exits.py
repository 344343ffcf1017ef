"""With which code a command ends."""

from typing import Final

EXIT_USAGE: Final = 64
EXIT_POLICY: Final = 65
EXIT_REFUSED: Final = 66
EXIT_INTERNAL: Final = 70
EXIT_IO: Final = 74
EXIT_SETTINGS: Final = 78
"""Above the four outcomes (0 to 3), after BSD's sysexits."""
EXIT_ABORT: Final = 130
