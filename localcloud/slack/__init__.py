"""A Slack that stands on this machine: the Web API that Pointsman uses, and the channel as a page."""
