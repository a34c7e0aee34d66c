"""The pages of a report, HTML by Jinja2 and pygal, and Markdown: for audit_reporter and `pointsman audit report`."""

from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).parent / "templates"
THEME: Final = TEMPLATES / "theme.css"  # the colours, which the console has, too
