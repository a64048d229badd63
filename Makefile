# Everyday commands. All this adds to plain cargo is the choice of the engine:
#   ENGINE=prebuilt   links DuckDB's own libduckdb.so, fetched once with npm (.ci/engine); builds in minutes
#   ENGINE=bundled    compiles DuckDB from source: half an hour, once; one executable, nothing beside it
ENGINE ?= prebuilt
# Profile of `make bench`: release, or dev for a quick look.
PROFILE ?= release

ifneq ($(filter-out help image check-platforms,$(or $(MAKECMDGOALS),help)),)
ifeq ($(ENGINE),prebuilt)
  ENGINE_DIR := $(shell .ci/engine)
  ifeq ($(ENGINE_DIR),)
    override ENGINE := bundled
  endif
endif
endif

CARGO_TARGET_DIR := $(HOME)/.cache/agnes/target-$(ENGINE)
export CARGO_TARGET_DIR
ifeq ($(ENGINE),prebuilt)
  FLAGS := --no-default-features
  export DUCKDB_LIB_DIR := $(ENGINE_DIR)
else
  FLAGS :=
  unexport DUCKDB_LIB_DIR
endif
SETTINGS := CARGO_TARGET_DIR=$(CARGO_TARGET_DIR) $(if $(ENGINE_DIR),DUCKDB_LIB_DIR=$(ENGINE_DIR))

.PHONY: help build demo test lint bench docs screenshots check-platforms image

help: ## Show these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

build: ## Build the program
	cargo build $(FLAGS)
	@touch "$(CARGO_TARGET_DIR)/.complete"

demo: build ## Build, then run the main job on sample data
	@demo/run.sh "$(CARGO_TARGET_DIR)/debug/agnes"

test: build ## Run all tests
	@echo "# engine: $(ENGINE); the same by hand: $(SETTINGS) cargo test $(FLAGS)"
	cargo test $(FLAGS) --no-fail-fast

lint: ## Check format and lints
	cargo fmt --check
	cargo clippy $(FLAGS) --all-targets -- -D warnings

bench: ## Measure what docs/benchmarks.md lists (PROFILE=release or dev)
	cargo bench $(FLAGS) --profile $(PROFILE) --bench command_line --bench authorization --bench pipeline --bench queries --bench pull

docs: ## Write the generated pages of docs/ again
	UPDATE_DOCS=1 cargo test $(FLAGS) --test docs

screenshots: ## Take pictures of all pages into AGNES_SCREENSHOTS, or else target/screenshots
	AGNES_SCREENSHOTS="$(or $(AGNES_SCREENSHOTS),target/screenshots)" cargo test $(FLAGS) --test browser every_page

check-platforms: ## Check that the program compiles for Windows and macOS
	.ci/platforms

image: ## Build the container image agnes:dev
	docker build -t agnes:dev --build-arg AGNES_COMMIT_SHA="$$(git rev-parse HEAD)" .
