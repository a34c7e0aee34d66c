"""The files of which pages are made."""

from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).parent / "templates"
THEME: Final = TEMPLATES / "theme.css"  # the colours, which the console has, too
