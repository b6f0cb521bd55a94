# Swiftlet: a container runtime, a node agent and a compact control plane in Swift.
# `make` alone lists what there is to do.

SHELL := /bin/bash
CONFIGURATION := release
BUILD := .build/$(CONFIGURATION)
# Each function is a section, of what is not ours, too: the linker leaves out what is not called, and puts together what a
# program enters (scripts/link-order). Half of the memory of a node's programs is pages of their code.
export SWIFT_BUILD := swift build -c $(CONFIGURATION) \
	-Xswiftc -Xfrontend -Xswiftc -function-sections -Xcc -ffunction-sections
SOURCES := Package.swift Sources Tests

PREFIX ?= /usr/local
DESTDIR ?=

# What the build links, what the fixtures are made from, what the tests drive, and the peers to measure against.
BUILD_PACKAGES := libseccomp-dev libcap-dev libarchive-dev libisal-dev libsqlite3-dev \
	zlib1g-dev libbz2-dev liblzma-dev libzstd-dev pkg-config
FIXTURE_PACKAGES := busybox-static mmdebstrap python3 golang-github-containers-common zstd
TEST_PACKAGES := runc skopeo umoci jq iproute2 nftables containernetworking-plugins procps attr libcap2-bin \
	util-linux strace uidmap docker-registry openssl apache2-utils podman buildah containerd python3-venv python3-pip
BENCH_PACKAGES := runc crun gcc libc6-dev docker-registry skopeo podman containerd
# What makes and boots the virtual machine; what is in it, vm/run says.
VM_PACKAGES := qemu-system-x86 mmdebstrap e2fsprogs cpio jq binutils

# The suites with a long form.
SOAK := Crashes|Faults|Fuzzing|PullFaultTests|CRIClientTests|AgentTests

.DEFAULT_GOAL := help
.PHONY: help setup setup-bench setup-vm build build-tests fixtures run up down test test-vm soak bench generate fmt lint install uninstall clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the Debian packages that are missing (as root)
	@scripts/install-packages $(BUILD_PACKAGES) $(FIXTURE_PACKAGES) $(TEST_PACKAGES)

setup-bench:
	@scripts/install-packages $(BENCH_PACKAGES)

setup-vm:
	@scripts/install-packages $(VM_PACKAGES)

build: ## build all programs into .build/release
	$(SWIFT_BUILD)

build-tests:
	$(SWIFT_BUILD) --build-tests

fixtures: ## make what tests need: images and root filesystems from Debian packages, a CRI client from PyPI
	rootfs-fixtures/make busybox
	rootfs-fixtures/make images
	rootfs-fixtures/make bad
	rootfs-fixtures/make seccomp
	scripts/cri-client
	scripts/install-kubectl

run: setup build ## set up, build, and run a limited container from a busybox image
	@rootfs-fixtures/make busybox
	@scripts/demonstrate $(BUILD)

up: setup build ## set up, start the node agent with sample pods, and show them (as root)
	@rootfs-fixtures/make busybox
	@scripts/up $(BUILD)

down: ## take away what `make up` has made
	@scripts/down $(BUILD)

# Tests of servers and clients are asynchronous and say how long things may take; in one process with the others, which
# block the few threads that there are for such work, or with each other, they would wait for those.
# The agent's tests wait for minutes, which would hold up what runs beside them.
LONG := SwiftletTests.AgentTests
ASYNCHRONOUS := RegistryClientTests StreamingServerTests CRIServiceTests PodEngineTests PodProbesTests NodeAgentTests
test: setup build-tests fixtures ## set up, build and run all tests (as root)
	rootfs-fixtures/check-reproducible
	for suite in $(ASYNCHRONOUS); do \
		scripts/with-leak-check swift test -c $(CONFIGURATION) --skip-build --filter $$suite || exit 1; \
	done
	scripts/with-leak-check swift test -c $(CONFIGURATION) --skip-build --filter $(LONG)
	scripts/with-leak-check swift test -c $(CONFIGURATION) --skip-build $(ASYNCHRONOUS:%=--skip %) --skip $(LONG) $(TEST_FLAGS)

test-vm: setup setup-vm build build-tests fixtures ## run the suite of a pure cgroup v2 host in a virtual machine (as root)
	vm/test --bin $(BUILD)

soak: setup build-tests fixtures ## run the long forms of the campaigns: fuzzing, kills at every step (as root)
	rootfs-fixtures/check-peers
	SWIFTLET_SOAK=1 scripts/with-leak-check swift test -c $(CONFIGURATION) --skip-build --filter '$(SOAK)'

bench: setup setup-bench build ## measure against runc, crun, podman and containerd, side by side
	rootfs-fixtures/make busybox
	rootfs-fixtures/make seccomp
	Benchmarks/run --bin $(BUILD)
	Benchmarks/pull --bin $(BUILD)
	scripts/cri-client
	rootfs-fixtures/make images
	Benchmarks/pods --bin $(BUILD)
	Benchmarks/agent --bin $(BUILD)

generate: setup setup-bench build ## make generated files anew (as root)
	rootfs-fixtures/make busybox
	rootfs-fixtures/make seccomp
	scripts/link-order/make $(BUILD)/swiftlet-oci Sources/Runtime/swiftlet-oci/functions.order
	rootfs-fixtures/make images
	scripts/link-order/make-node $(BUILD)/swiftlet-node Sources/Programs/swiftlet-node/functions.order
	scripts/install-packages protobuf-compiler
	scripts/protocol/make
	scripts/kubernetes-api/generate
	scripts/configuration-table $(BUILD)/swiftlet-node docs/configuration.md

fmt: ## format the Swift sources
	swift format --in-place --parallel --recursive $(SOURCES)

lint: ## check the format of the Swift sources
	swift format lint --strict --parallel --recursive $(SOURCES)

install: build ## install the programs below PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 755 -s $(BUILD)/swiftlet $(BUILD)/swiftlet-oci $(BUILD)/swiftlet-shim \
		$(BUILD)/swiftlet-init $(BUILD)/swiftlet-node $(DESTDIR)$(PREFIX)/bin/
	for unit in swiftlet-restart swiftlet-cri swiftlet-agent; do \
		sed 's|@PREFIX@|$(PREFIX)|' dist/systemd/$$unit.service \
			> $(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit.service || exit 1; \
	done

uninstall: ## remove what install put there
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,swiftlet swiftlet-oci swiftlet-shim swiftlet-init swiftlet-node)
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/lib/systemd/system/,swiftlet-restart.service swiftlet-cri.service \
		swiftlet-agent.service)

clean: ## remove what was built and made
	rm -rf .build .fixtures .benchmarks
