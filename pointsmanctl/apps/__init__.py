"""The GitHub App and the Slack app of an installation: registered by manifest, their secrets in Secrets Manager."""
