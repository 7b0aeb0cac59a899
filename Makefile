# The everyday commands; `make help` lists them. They only call scripts and CMake presets, which work without make too.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build run stack test e2e matrix convergence simulate soak bench bench-services asan tsan clang fuzz coverage format \
	lint console deploy-check install clean

JOBS ?= $(shell nproc)
TEST_JOBS ?= 2
FUZZ_SECONDS ?= 60
SEEDS ?= 20000
SOAK_SECONDS ?= 600
VERSIONS ?=
PAIRS ?= tests/convergence/pairs.json
PREFIX ?= /usr/local
# How `make test` builds: asan, tsan, dev (CMakePresets.json)
PRESET ?= test
# More arguments for ctest, e.g. CTEST_ARGS='--repeat until-pass:2'
CTEST_ARGS ?=
# More arguments for the configure step, e.g. CMAKE_ARGS=-DTUSK_WERROR=ON
CMAKE_ARGS ?=

# The server that scripts/setup unpacked; resolved, because build/deps may lead out of a checkout that the server's
# account cannot enter.
tusk_pg_bin = $(realpath $(CURDIR)/build/deps/postgresql/usr/lib/postgresql/15/bin)
with_server = $(if $(TUSK_PG_BIN),,$(if $(tusk_pg_bin),TUSK_PG_BIN=$(tusk_pg_bin)))

configure = cmake --preset $(1) $(CMAKE_ARGS)
build = cmake --build --preset $(1) -j $(JOBS)

help: ## list these targets
	@echo "Tusk: make <target>"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

setup: ## install what is needed (Debian 12; root or sudo), unpack servers into build/deps
	@scripts/setup

build: setup ## build everything for development into build/dev
	$(call configure,dev)
	$(call build,dev) --target all headers_alone

run: setup ## build alerthist and tusk, start alerthist on a server of its own
	$(call configure,release)
	$(call build,release) --target alerthist tusk
	@$(with_server) scripts/run

stack: setup ## run PostgreSQL with a replica, PgBouncer, the services, Prometheus and Alertmanager; Ctrl-C ends them
	$(call configure,release)
	$(call build,release) --target tusk_cli alerthist $(if $(wildcard services/talk),talk)
	@$(with_server) scripts/stack

test: setup ## build and run all tests but the slow ones (PRESET=asan: with sanitizers)
	$(call configure,$(PRESET))
	$(call build,$(PRESET))
	$(with_server) ctest --preset $(PRESET) -j $(TEST_JOBS) $(CTEST_ARGS)

e2e: setup ## the console in Chromium against a real alerthist
	$(call configure,release)
	$(call build,release) --target alerthist
	@$(with_server) scripts/e2e

matrix: ## integration tests with PostgreSQL 13, 15, 16, 17 and 18 (VERSIONS="13 18": only those)
	@scripts/setup --versions
	$(call configure,dev)
	$(call build,dev) --target $(addprefix integration_,client types net pool replication)
	@scripts/matrix $(VERSIONS)

convergence: setup ## go from schema to schema, as PAIRS=tests/convergence/pairs.json says, and compare
	$(call configure,dev)
	$(call build,dev) --target convergence
	$(with_server) build/dev/bin/convergence $(PAIRS)

simulate: setup ## a pool and a cluster over simulated servers, from SEEDS=20000 seeds; a failure prints its seed
	$(call configure,$(PRESET))
	$(call build,$(PRESET)) --target unit_simulation
	@seq 0 15 | TUSK_SEEDS=$(SEEDS) xargs -P $(JOBS) -I{} build/$(PRESET)/bin/unit_simulation --gtest_filter='part/*/{}'

soak: setup ## transfers through a pool, under all kinds of faults, for SOAK_SECONDS=600
	$(call configure,$(PRESET))
	$(call build,$(PRESET)) --target integration_soak
	$(with_server) TUSK_SOAK_SECONDS=$(SOAK_SECONDS) build/$(PRESET)/bin/integration_soak

bench: setup ## build for release and run the benchmarks
	$(call configure,release)
	$(call build,release)
	$(with_server) scripts/bench

bench-services: setup ## the numbers of alerthist under load, ten minutes; ARGS=--quick: seconds, ARGS='--rows 1000000 history'
	$(call configure,release)
	$(call build,release) --target alerthist tusk-bench-services
	@$(with_server) build/release/bin/tusk-bench-services $(ARGS)

asan: ## all tests under AddressSanitizer and UBSan
	@$(MAKE) test PRESET=asan

tsan: ## unit and integration tests under ThreadSanitizer
	@$(MAKE) test PRESET=tsan

clang: ## build everything with clang++ 19, warnings are errors
	@scripts/setup --ci
	$(call configure,clang)
	$(call build,clang)

fuzz: ## libraries, programs and fuzz targets by clang++ 19; run every target for FUZZ_SECONDS=60
	@scripts/setup --ci
	$(call configure,fuzz)
	$(call build,fuzz) --target all fuzzers
	@scripts/fuzz build/fuzz/bin $(FUZZ_SECONDS)

coverage: setup ## line coverage of the tests, by folder
	$(call configure,coverage)
	$(call build,coverage)
	@find build/coverage -name '*.gcda' -delete
	$(with_server) ctest --preset coverage -j $(TEST_JOBS)
	@scripts/coverage build/coverage

format: ## clang-format all sources in place
	@scripts/setup --lint
	@scripts/lint --fix

lint: ## check formatting, clang-tidy on what differs from HEAD (LINT=all: on everything)
	@scripts/setup --lint
	$(call configure,dev)
	@scripts/lint

console: ## bundle console/source into console/dist (npm)
	cd console && npm ci --no-audit --no-fund && npm run check && npm run build

deploy-check: ## check deploy/ with every tool that is here; it says which are not
	@scripts/check-deploy

install: setup ## build for release and install below PREFIX=/usr/local (and DESTDIR)
	$(call configure,release)
	$(call build,release)
	cmake --install build/release --prefix $(PREFIX)

clean: ## remove what was built; build/deps and build/data stay
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name deps ! -name data -exec rm -rf {} +
