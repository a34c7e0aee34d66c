"""CodeBuild that runs: the service's API, the buildspec's phases and the events they cause."""
