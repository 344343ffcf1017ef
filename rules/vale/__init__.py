"""Vale styles -> our rules, with a list of what does not carry over, and why.

After Vale 3 (https://vale.sh; its rules' semantics are those of `internal/check` in its source, MIT). An imported style
never blocks: `suggestion` becomes a note, `warning` and `error` become warnings, and `adjust` may raise them.
"""

from rules.vale.importing import Import, Skipped, import_styles
from rules.vale.reasons import Reason, StyleError

__all__ = ["Import", "Reason", "Skipped", "StyleError", "import_styles"]
