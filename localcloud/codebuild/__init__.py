"""CodeBuild with real builds: the service's API, the phases of a buildspec, and the events of a build."""
