# The door for users is `make demo`, the door for developers `make check`. Both set up what they need themselves.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build install deb demo test boot-test check format clean setup setup-compile lint laws sanitize docs libraries

IMPORTS := --explicit-target-dependency-import-check error
RELEASE := -c release --static-swift-stdlib $(IMPORTS)
# Where `make install` puts things; DESTDIR goes in front of everything.
PREFIX := /usr
DESTDIR :=
PROGRAM := .build/release/nest-bootstrap
# The tests that start API servers run after the others: on two cores they would only wait for each other.
WITH_SERVER := ^(Kubernetes|EndToEnd)Tests
# Those that boot machines have the package installed in them.
WITH_MACHINE := ^BootTests
# The rooms with threads, and what runs on them; `make sanitize SANITIZED=.` runs every test.
SANITIZED ?= ^(HTTP|Host|Kubernetes|Execution|Actions)Tests

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1	/p' Makefile | expand -t 10

build: setup-compile ## the program, as it is shipped: .build/release/nest-bootstrap
	swift build $(RELEASE) --product nest-bootstrap

install: build ## the program, its units and manifests below DESTDIR and PREFIX, which is /usr if left out
	tools/install $(PROGRAM) "$(DESTDIR)" "$(PREFIX)"

deb: build ## the Debian package, in .build/deb
	Tests/cluster/install-packages "to build the package" dpkg-dev binutils lintian
	tools/deb $(PROGRAM)
	lintian --allow-root --fail-on error .build/deb/*.deb

demo: setup build ## bootstrap a real API server on loopback, twice, and look at it
	tools/demo

test: setup ## every test, against the same real servers
	tools/run-tests $(IMPORTS) --skip '$(WITH_SERVER)|$(WITH_MACHINE)'
	tools/run-tests $(IMPORTS) --skip-build --filter '$(WITH_SERVER)'
	@! Tests/boot/can || $(MAKE) boot-test

boot-test: setup deb ## the package on a Debian that is booted, wherever this machine can
	Tests/boot/setup
	NEST_PACKAGE="$$(echo "$$PWD"/.build/deb/*.deb)" tools/run-tests $(IMPORTS) --filter '$(WITH_MACHINE)'

check: lint laws build libraries docs sanitize test ## all that must hold before a commit

format: ## format the sources in place
	swift format --in-place --parallel --recursive Package.swift Sources Tests

clean: ## remove what was built; the API server in ~/.cache/nest-bootstrap stays
	rm -rf .build

setup:
	@Tests/cluster/setup

setup-compile:
	@Tests/cluster/setup compile

lint:
	swift format lint --strict --parallel --recursive Package.swift Sources Tests
	tools/lint-scripts

laws:
	tools/laws

sanitize: setup
	tools/run-tests --sanitize=thread --scratch-path .build/sanitize --filter '$(SANITIZED)'

# The tests are built first: dump-symbol-graph asks for their modules too and does not build them.
docs: setup-compile
	swift build --build-tests --disable-xctest $(IMPORTS)
	swift package dump-symbol-graph
	docc convert Sources/nest-bootstrap/NestBootstrap.docc --warnings-as-errors \
	    --additional-symbol-graph-dir .build/*/symbolgraph --output-path .build/docs

libraries: build
	tools/libraries .build/release/nest-bootstrap
