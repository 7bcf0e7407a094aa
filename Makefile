# Users start with `make demo`, developers with `make quick`. Both install what they need.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build install install-examples deb tarball arm64-test rpm release release-check repository demo quick check check-all
.PHONY: format clean setup setup-compile lint test-versions boot-test boot-test-built ansible-test repository-test chaos bench bench-boot
.PHONY: upgrade-test schemas sanitize sanitize-briefly build-address site libraries fuzz

IMPORTS := --explicit-target-dependency-import-check error
# Without --disable-local-rpath the program would look for libraries in its own directory.
RELEASE := -c release --static-swift-stdlib --disable-local-rpath $(IMPORTS)
# Where `make install` installs; DESTDIR is prepended to every path.
PREFIX := /usr
DESTDIR :=
# The architecture that `make build`, `make deb` and `make tarball` build for, by Debian's name: this machine's, or arm64.
ARCH :=
FOREIGN := $(if $(ARCH),$(filter-out $(shell dpkg --print-architecture),$(ARCH)))
# The packages ask the program for its manual pages, completions and schema.
CROSS_TOOLS := $(if $(FOREIGN),binutils-aarch64-linux-gnu qemu-user-static)
OUT := .build$(if $(FOREIGN),/$(FOREIGN))
PROGRAM := $(OUT)/release/nest-bootstrap
# The commit that `--version` prints. Sources from an archive have none, even below the directory of another repository.
NEST_COMMIT ?= $(shell [ ! -e .git ] || git describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null)
# Tests of the release build that need no API server.
WITH_PROGRAM := ^ProgramTests
# Tests that boot machines install the package in them. Those that use Ansible take ten minutes more.
WITH_MACHINE := ^BootTests
WITH_ANSIBLE := ^BootTests.BootedTests/AnsibleTests
# Those that install from a package repository take minutes more.
WITH_REPOSITORY := ^BootTests.IndependentBootedTests/RepositoryTests
# Most of them wait for one of three running machines, and must not keep others from starting.
AT_MACHINES = NEST_PACKAGE="$$(echo "$$PWD"/.build/deb/nest-bootstrap_*.deb)" \
    NEST_EXAMPLES="$$(echo "$$PWD"/.build/deb/nest-bootstrap-examples_*.deb)" SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=64 \
    tools/run-on-servers newest tools/run-tests system
# Tests of 10,000 tasks and of millions of keys.
AT_SCALE := ^[A-Za-z]+Tests.ScaleTests
# Tests that an emulated program cannot pass, or not in time: limits would be those of the emulator; images
# are this machine's; a script has the place of the program, whose own path is in units; one call
# for each kill takes too long.
NOT_EMULATED := ^ProgramTests.((Limit|Images|HomelabModule|CertificateSafety|CertificateRotation)Tests
NOT_EMULATED := $(NOT_EMULATED)|InstalledFilesTests/.*init.names|NixFlakeTests/.*the.store.of|UnitsTests/.*offline.units
NOT_EMULATED := $(NOT_EMULATED)|ResetSafetyTests/.*at.any.step)
# The tests that run under ThreadSanitizer: modules with threads, and those built on them. Kubernetes is added.
SANITIZED ?= ^(Base|HTTP|Host|Execution|State|Reporting|Actions)Tests
THREAD_SCRATCH := .build/sanitize
# ThreadSanitizer makes tests several times slower, so fewer run at once.
WITH_THREADS := env SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4 tools/run-tests modules --sanitize=thread \
    --scratch-path $(THREAD_SCRATCH)
# The optimized program and the fuzzed parsers with AddressSanitizer, and the tests that run the program.
ADDRESS_SCRATCH := .build/address
WITH_ADDRESS := NEST_FUZZ=1 swift build -c release --sanitize=address $(IMPORTS) --scratch-path $(ADDRESS_SCRATCH)
ADDRESS_PROGRAM := $(ADDRESS_SCRATCH)/release/nest-bootstrap
ADDRESS_TESTS := ^EndToEndTests.FreshServerTests/(CrashTests|ServerFailureTests)
# How much `make chaos` does: schedules of faults, kills and signals, and rounds of the randomized tests.
SCHEDULES ?= 300
KILLS ?= 500
SIGNALS ?= 200
ROUNDS ?= 10
# How many renewals of certificates `make chaos` kills, and how many rotations of their CA at each step.
RENEWALS ?= 50

# How long `make fuzz` fuzzes each parser, in seconds.
FUZZ_SECONDS ?= 600

# The key that `make deb` and `make tarball` sign the package and the archive with, if any.
SIGN_KEY ?=

# The packages that `make repository` adds to a directory, what the directory is served as, the fingerprints of the keys that
# sign, and for how many days. docs/releasing.md describes it.
PACKAGES = $(wildcard .build/deb/*.deb .build/arm64/deb/*.deb .build/rpm/*.rpm)
ARM64_TOOLS = $(if $(findstring arm64,$(PACKAGES) $(wildcard .build/arm64/deb)),binutils-aarch64-linux-gnu)
REPOSITORY ?= .build/repository
URL ?=
KEY ?=
VALID_DAYS ?= 60
WITHDRAW ?=

# Samples of each program in `make bench`; fewer than 10 are for a quick look.
SAMPLES ?= 10
# Another build of the program, which `make bench` measures in the same rounds; for `make bench-boot` its package.
BASE ?=

help: ## print the targets
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## /\1	/p' Makefile | expand -t 18

build: setup-compile ## build the program: .build/release/nest-bootstrap; ARCH=arm64: .build/arm64/release/nest-bootstrap
	NEST_COMMIT="$(NEST_COMMIT)" $(if $(FOREIGN),tools/cross-build $(FOREIGN),swift build) $(RELEASE) --product nest-bootstrap

install: build ## install the program, its units and manual pages below DESTDIR and PREFIX (default: /usr)
	tools/install $(PROGRAM) "$(DESTDIR)" "$(PREFIX)"

install-examples: ## install examples, their manifests and documents below DESTDIR and PREFIX
	tools/install-examples "$(DESTDIR)" "$(PREFIX)"

deb: build ## build the Debian packages in .build/deb; SIGN_KEY=ID also signs them with gpg; ARCH=arm64: in .build/arm64/deb
	Tests/cluster/install-packages "to build the package" dpkg-dev binutils $(CROSS_TOOLS) lintian
	tools/deb $(PROGRAM) $(OUT)/deb
	tools/check-deb $(PROGRAM) $(OUT)/deb
	$(if $(SIGN_KEY),for file in $(OUT)/deb/*.deb; do \
	    gpg --batch --yes --armor --local-user "$(SIGN_KEY)" --detach-sign "$$file" || exit; \
	done)
	lintian --allow-root --fail-on error $(OUT)/deb/*.deb

tarball: build ## build the archive for other systems, with its install.sh, in .build/tarball; SIGN_KEY=ID also signs it
	Tests/cluster/install-packages "to build the archive" dpkg-dev binutils $(CROSS_TOOLS)
	tools/tarball $(PROGRAM) $(OUT)/tarball
	tools/check-tarball $(PROGRAM) $(OUT)/tarball/*.tar.gz
	$(if $(SIGN_KEY),gpg --batch --yes --armor --local-user "$(SIGN_KEY)" --detach-sign $(OUT)/tarball/*.tar.gz)

arm64-test: setup build ## run the program for arm64, and tests that run it, in an emulator; takes half an hour
	Tests/cluster/install-packages "to run the program for arm64" qemu-user-static
	$(MAKE) build ARCH=arm64
	Tests/cross/test arm64 .build/arm64/release/nest-bootstrap $(PROGRAM) --filter '$(WITH_PROGRAM)' --skip '$(AT_SCALE)' \
	    --skip '$(NOT_EMULATED)'

rpm: deb ## build the RPMs in .build/rpm, which are examined, but installed on no distribution that has RPMs
	Tests/cluster/install-packages "to build the RPM" dpkg-dev binutils cpio rpm
	tools/rpm $(PROGRAM)
	tools/check-rpm $(PROGRAM)

# What cannot be released is found before anything is built.
release-check: ## say what keeps a release from being built
	Tests/cluster/install-packages "to release" dpkg-dev git gnupg
	tools/release --check --url "$(URL)" --key "$(KEY)" .build/releases

release: release-check deb tarball rpm site ## build and sign all that a release has, in .build/releases/VERSION: URL=ADDRESS KEY=FINGERPRINT; docs/releasing.md
	Tests/cluster/install-packages "to release" binutils $(ARM64_TOOLS) debian-archive-keyring gnupg jq python3 rpm xz-utils
	tools/release --url "$(URL)" --key "$(KEY)" .build/releases

# Nothing is built: without new packages it signs those that are there for another while.
repository: ## write signed repositories for apt and dnf with the packages that are built: URL=ADDRESS KEY=FINGERPRINT; docs/releasing.md
	Tests/cluster/install-packages "to make repositories" apt-utils binutils $(ARM64_TOOLS) createrepo-c debian-archive-keyring dpkg-dev gnupg rpm xz-utils
	tools/repository --url "$(URL)" --key "$(KEY)" --days "$(VALID_DAYS)" $(if $(WITHDRAW),--withdraw "$(WITHDRAW)") \
	    "$(REPOSITORY)" $(PACKAGES)

demo: setup build ## bootstrap a real API server on loopback, twice, and show the result
	tools/demo

quick: setup ## check what has changed since the last commit, or since COMMIT, in two minutes
	tools/quick $(COMMIT)

test-versions: setup build ## run the tests that use an API server on 1.20, 1.25, 1.29, 1.34 and 1.36; takes an hour
	Tests/cluster/unpack-kubernetes all
	tools/build-tests modules
	tools/build-tests system
	NEST_ALL_CELLS=1 tools/run-on-servers versions tools/run-tests modules --skip-build --filter '^KubernetesTests' \
	    --skip ScaleTests
	tools/run-on-servers versions tools/run-tests system --skip-build --filter '^EndToEndTests' --skip ScaleTests

# The packages of ALL=yes are built twice, and compared.
boot-test: setup build $(if $(ALL),deb tarball rpm) boot-test-built ## boot Debian containers and test units, journal and package in them; ALL=yes: every package and release; needs root

# With a program and tests that are built: BUILT=--skip-build. The package is built once, and installed on the Debian of
# this machine.
boot-test-built: ## as boot-test, with a program and tests that are built
	Tests/cluster/install-packages "to build the package" dpkg-dev binutils
	$(if $(ALL),,tools/deb $(PROGRAM))
	Tests/boot/setup $(if $(ALL),trixie rpm) cloud cluster
	$(if $(ALL),NEST_ARCHIVE="$$(echo "$$PWD"/.build/tarball/*.tar.gz)" NEST_RELEASES=trixie \
	    NEST_RPM="$$(echo "$$PWD"/.build/rpm/nest-bootstrap-[0-9]*.rpm)") $(AT_MACHINES) $(BUILT) \
	    --filter '$(WITH_MACHINE)' --skip '$(WITH_ANSIBLE)' --skip '$(WITH_REPOSITORY)'

ansible-test: setup deb ## run the role of examples/ansible on booted machines, with Ansible from PyPI; needs root
	Tests/cluster/fetch-ansible
	Tests/boot/setup managed
	$(AT_MACHINES) --filter '$(WITH_ANSIBLE)'

repository-test: setup rpm ## install and upgrade from package repositories on booted Debian 12 and 13, and by dnf; needs root
	Tests/cluster/install-packages "to test repositories" apt-utils binutils createrepo-c debian-archive-keyring dnf gnupg python3 rpm xz-utils
	Tests/boot/setup trixie
	NEST_RELEASES=trixie $(AT_MACHINES) $(BUILT) --filter '$(WITH_REPOSITORY)'
	Tests/boot/dnf .build/rpm/nest-bootstrap-[0-9]*.rpm

bench: setup build ## measure a run against kubectl and curl; BASE=another build of the program, SAMPLES=10; takes twenty minutes
	Tests/cluster/install-packages "to measure" curl python3
	tools/bench --program $(PROGRAM) --samples $(SAMPLES) $(if $(BASE),--base "$(BASE)")
	tools/benchmark/goals.py .build/bench/samples.json

# CHAINS names a directory of further chains, in place of those beside the repository.
upgrade-test: setup build ## upgrade published manifests of projects as kubectl does; CHAINS=DIR, SERVERS=1.29; takes ten minutes
	Tests/cluster/install-packages "to upgrade manifests" python3 python3-yaml
	$(if $(SERVERS),Tests/cluster/unpack-kubernetes all)
	tools/upgrades --program $(PROGRAM) $(if $(CHAINS),--chains "$(CHAINS)") $(if $(SERVERS),--servers "$(SERVERS)")

schemas: setup ## write the schemas of Kubernetes' kinds that are part of the program; needs PyPI
	Tests/cluster/install-packages "to fetch schemas" python3-pip
	tools/schemas "$$(Tests/cluster/servers | tail -n 1)"

bench-boot: setup deb ## measure a boot against that with another package, BASE=FILE; SAMPLES=10; needs root
	Tests/boot/setup
	Tests/cluster/install-packages "to measure" python3
	tools/bench-boot --package .build/deb/nest-bootstrap_*.deb --base "$(BASE)" --samples $(SAMPLES)

check: ## run everything that must pass before a commit
	tools/check check

check-all: ## run make check with every server, release and package, then sanitizers and fuzzing
	tools/check check-all

format: ## format the Swift sources in place
	swift format --in-place --parallel --recursive Package.swift Sources Tests

clean: ## remove .build; the Kubernetes programs in ~/.cache/nest-bootstrap stay
	rm -rf .build

setup: ## install what the tests need, and compile Kubernetes the first time
	@Tests/cluster/setup

setup-compile: ## install what the compiler needs
	@Tests/cluster/setup compile

lint: ## check format, style, shell scripts and the links of documents
	Tests/cluster/install-packages "to check the shell scripts" shellcheck
	swift format lint --strict --parallel --recursive Package.swift Sources Tests
	tools/lint-scripts
	tools/check-style
	tools/check-links

sanitize-briefly: setup build-address ## a part of sanitize that takes minutes
	NEST_MODULES=1 $(WITH_THREADS) --filter '$(SANITIZED)' --skip '$(AT_SCALE)'
	NEST_MODULES=1 tools/run-on-servers newest $(WITH_THREADS) --skip-build --filter '^KubernetesTests'
	NEST_PROGRAM=$(ADDRESS_PROGRAM) tools/run-on-servers every tools/run-tests system --filter '$(ADDRESS_TESTS)'

sanitize: setup build-address ## run the tests with ThreadSanitizer, and the program with AddressSanitizer
	swift build --sanitize=thread --scratch-path $(THREAD_SCRATCH) --product nest-bootstrap
	tools/run-on-servers newest $(WITH_THREADS) --skip '$(AT_SCALE)'
	tools/run-on-servers others $(WITH_THREADS) --skip-build --filter '^KubernetesTests'
	for program in $(THREAD_SCRATCH)/debug/nest-bootstrap $(ADDRESS_PROGRAM); do \
	    NEST_PROGRAM=$$program tools/run-tests system --filter '$(WITH_PROGRAM)' --skip '$(AT_SCALE)' && \
	    NEST_PROGRAM=$$program tools/run-on-servers every tools/run-tests system --filter '^EndToEndTests' || exit; \
	done

# One build of the modules is enough for both.
build-address: setup-compile ## build the program and the fuzzed parsers with AddressSanitizer
	$(WITH_ADDRESS) --product nest-bootstrap
	$(WITH_ADDRESS) --product fuzz

chaos: setup build build-address ## disturb runs: SCHEDULES=300 KILLS=500 SIGNALS=200 RENEWALS=50; ROUNDS=10 with AddressSanitizer
	Tests/cluster/install-packages "to disturb runs" python3 strace
	NEST_ROUNDS=$(ROUNDS) NEST_PROGRAM=$(ADDRESS_PROGRAM) tools/run-on-servers every tools/run-tests system --filter CrashTests
	NEST_ROUNDS=$(RENEWALS) tools/run-tests system --filter 'Certificate(Safety|Rotation)Tests'
	Tests/chaos/chaos --program $(PROGRAM) --schedules $(SCHEDULES) --kills $(KILLS) --signals $(SIGNALS) --limit all

fuzz: build-address ## fuzz every parser for FUZZ_SECONDS, with AddressSanitizer
	Tests/cluster/install-packages "to make certificates" openssl
	tools/fuzz $(ADDRESS_SCRATCH)/release/fuzz $(FUZZ_SECONDS)

site: ## render the documents to a static site in .build/site
	tools/site

libraries: build ## check the libraries and the hardening of the program
	Tests/cluster/install-packages "to examine the program" binutils
	tools/libraries $(PROGRAM)
	tools/hardening $(PROGRAM)
