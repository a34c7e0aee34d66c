"""Slack: the methods of the Web API that Pointsman calls, and each channel as a web page."""
