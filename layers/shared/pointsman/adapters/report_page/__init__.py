"""The pages of a report, HTML by Jinja2 and pygal, and Markdown: for audit_reporter and `pointsman audit report`."""
