# What the Makefiles that `sam build` runs have in common. SAM copies a folder elsewhere and runs its Makefile there by its
# real path, so the path of the Makefile, not the working directory, leads to the repository.
REPOSITORY := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)

# Bytecode is valid for one version of Python only: the one of `Runtime` in template.yaml.
PYTHON := $(firstword $(wildcard $(REPOSITORY)/.venv/bin/python3.13 $(VIRTUAL_ENV:%=%/bin/python3.13)) python3.13)

# Compiled packages are of one architecture: the one that the stack is deployed with (parameter `Architecture`). SAM does not
# tell a Makefile which one that is.
ARCHITECTURE := $(or $(POINTSMAN_ARCHITECTURE),arm64)
MACHINE := $(if $(filter arm64 aarch64,$(ARCHITECTURE)),aarch64,$(if $(filter x86_64,$(ARCHITECTURE)),x86_64))
ifeq ($(MACHINE),)
$(error POINTSMAN_ARCHITECTURE is $(ARCHITECTURE); it must be arm64 or x86_64)
endif

UV ?= $(or $(shell command -v uv),$(wildcard $(REPOSITORY)/.tools/bin/uv))

PACKAGES := $(ARTIFACTS_DIR)/python

# Installs requirements.txt into $(PACKAGES). Lambda's Python 3.13 runs on Amazon Linux 2023 (glibc 2.34), so wheels for
# glibc 2.28 are taken. Only files whose hash the lock has are installed. What nothing imports is removed.
ifneq ($(UV),)
pip_install = $(UV) pip install --quiet --no-config --python $(PYTHON) --python-version 3.13 \
	--python-platform $(MACHINE)-manylinux_2_28 \
	--only-binary :all: --no-deps --require-hashes --target $(PACKAGES) --requirement requirements.txt
else
pip_install = $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-compile --python-version 3.13 \
	--implementation cp --platform manylinux_2_28_$(MACHINE) --platform manylinux2014_$(MACHINE) \
	--only-binary :all: --no-deps --require-hashes --target $(PACKAGES) --requirement requirements.txt
endif
install = mkdir -p $(PACKAGES) && $(pip_install) && \
	rm -rf $(PACKAGES)/bin $(PACKAGES)/.lock $(PACKAGES)/*.dist-info/INSTALLER $(PACKAGES)/*.dist-info/RECORD

# SAM's own Python builder leaves bytecode out, and a function then starts more than twice as slowly. The hash makes the
# file independent of time stamps, which zip files do not keep; $(2) is where Lambda will unpack $(1).
compile = find $(1) -name __pycache__ -prune -exec rm -rf {} + && \
	$(PYTHON) -m compileall -q -j 0 --invalidation-mode unchecked-hash -s $(ARTIFACTS_DIR) -p $(2) $(1)
