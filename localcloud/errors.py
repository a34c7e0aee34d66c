"""Errors of the local cloud. Each message says what is wrong, then what to do."""


class LocalCloudError(Exception):
    """The local cloud cannot do this."""


class NotRunning(LocalCloudError):
    """No local cloud is running."""


class DeploymentError(LocalCloudError):
    """A stack could not be built or deployed; the message holds what the tool printed."""
