# `sam build` runs the Makefiles of functions and layers. What a package contains, pointsmanctl/deployment/packages.py says, for
# `pointsman deploy`, too. SAM copies a folder elsewhere and runs its Makefile there by its real path, so the path of the
# Makefile, not the working directory, leads to the repository.
REPOSITORY := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
PYTHON := $(firstword $(wildcard $(REPOSITORY)/.venv/bin/python $(VIRTUAL_ENV:%=%/bin/python)) python3)

build-%:
	PYTHONPATH=$(REPOSITORY):$(REPOSITORY)/layers/shared:$(REPOSITORY)/runner $(PYTHON) -m pointsmanctl.deployment.packages $* $(ARTIFACTS_DIR)
