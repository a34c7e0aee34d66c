# What the Makefiles that `sam build` runs have in common. SAM copies a folder elsewhere and runs its Makefile there by its
# real path, so the path of the Makefile, not the working directory, leads to the repository.
REPOSITORY := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)

# Bytecode is valid for one version of Python only: the one of `Runtime` in template.yaml.
PYTHON := $(firstword $(wildcard $(REPOSITORY)/.venv/bin/python3.13 $(VIRTUAL_ENV:%=%/bin/python3.13)) python3.13)

# SAM's own Python builder leaves bytecode out, and a function then starts more than twice as slowly. The hash makes the
# file independent of time stamps, which zip files do not keep; $(2) is where Lambda will unpack $(1).
compile = find $(1) -name __pycache__ -prune -exec rm -rf {} + && \
	$(PYTHON) -m compileall -q -j 0 --invalidation-mode unchecked-hash -s $(ARTIFACTS_DIR) -p $(2) $(1)
