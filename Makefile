# The words of this project. "make help" lists them with what they do.

.DEFAULT_GOAL := help
.PHONY: help run build test check fmt generate browsers postgres bench gallery screenshots pictures lighthouse fuzz model standards

help: ## List the words
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Run the site from the source; flags as ARGS="--listen :9000"
	go run ./cmd/twostep serve $(ARGS)

build: ## Make the binary ./twostep, which needs nothing beside it
	CGO_ENABLED=0 go build -trimpath -o twostep ./cmd/twostep

# Tests write thousands of small databases with every promise to the disk kept:
# in memory that takes a tenth of the time. Where there is little room they use
# the disk.
IN_MEMORY = $(shell [ "$$(df -Pk /dev/shm 2>/dev/null | awk 'NR==2 && $$4 > 2000000 {print "room"}')" ] && [ -w /dev/shm ] && echo TMPDIR=/dev/shm)
TEST = $(IN_MEMORY) go test

test: ## Run every test
	$(TEST) ./...

standards: ## Print each promise with the tests that prove it
	@go run ./cmd/standards

fmt: ## Format templates and Go
	go tool templ fmt .
	go tool gofumpt -w .

generate: ## Write the Go of the templates
	go tool templ generate

browsers: ## Install what the tests in a real browser need, as far as it is missing
	.ci/browsers

postgres: ## Install the database servers that the tests start, where they are missing
	.ci/postgres

PEOPLE = 1000,100000,1000000
DATABASES = sqlite,postgres

bench: ## Measure against static files and bare hashes; PEOPLE=1000 is short, SAVE=FILE keeps it
	@go run ./cmd/bench -people '$(PEOPLE)' -databases '$(DATABASES)' $(if $(SAVE),-save '$(SAVE)')

GALLERY = data/gallery

gallery: ## Write every page in every state to GALLERY=data/gallery, with an index
	go test ./views -count=1 -run '^TestGallery$$' -gallery '$(abspath $(GALLERY))'
	@echo 'Open $(GALLERY)/index.html'

PICTURES = data/pictures

pictures: browsers ## Write pictures of them, at three widths and in both themes, to PICTURES=data/pictures
	CI=true go test ./views -count=1 -timeout 1h -run '^TestPictures$$' -pictures '$(abspath $(PICTURES))'

lighthouse: browsers ## Ask Lighthouse about all of them, which takes long
	cd .ci/lighthouse && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	go test ./views -count=1 -timeout 2h -parallel 4 -run '^TestLighthouse$$' -lighthouse

screenshots: browsers ## Take the pictures in the README anew
	CI=true go test ./views -count=1 -run '^TestScreens$$' -screens testdata/screens

FUZZTIME = 1m
FUZZED = $(sort $(dir $(shell grep -rl '^func Fuzz' --include='*_test.go' .)))
TARGETS = $$(sed -n 's/^func \(Fuzz[[:alnum:]]*\).*/\1/p' $$room*_test.go)

# What is found stays under testdata/fuzz, where every test run tries it again.
# One worker, and a bound on how long it makes a find smaller: else it does
# nothing else. Go 1.26 sometimes fails at the end of the time, with this line and
# no find (go.dev/issue/75804, mended in 1.27).
OUT_OF_TIME = '^    context deadline exceeded$$'

fuzz: ## Give every parser and gate bad input, for FUZZTIME=1m each
	@set -e; said=$$(mktemp); trap 'rm -f "$$said"' EXIT; for room in $(FUZZED); do for target in $(TARGETS); do \
		echo "== $$target ($$room)"; \
		{ $(TEST) $$room -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 2s -parallel 1 2>&1 || echo FAILED; } | tee "$$said"; \
		! grep -q '^FAILED$$' "$$said" || grep -q $(OUT_OF_TIME) "$$said"; \
	done; done

# The same so many times and not by the clock, of the tests as they are: the
# instruments that show where bad input leads take minutes to build in.
TIMES = case $$target in FuzzForm) times=1000;; FuzzURI) times=20000;; *) times=100000;; esac

define fuzz_briefly
	@set -e; made=$$(mktemp -d); trap 'rm -rf "$$made"' EXIT; for room in $(FUZZED); do \
		go test -c -o "$$made/tests" $$room; \
		for target in $(TARGETS); do $(TIMES); \
			(cd $$room && $(IN_MEMORY) "$$made/tests" -test.run '^$$' -test.fuzz "^$$target\$$" -test.fuzztime "$${times}x" -test.fuzzminimizetime 2s -test.fuzzcachedir "$$made") >"$$made/said" 2>&1 || { cat "$$made/said"; exit 1; }; \
			echo "$$target $$(sed -n 's/.*execs: \([0-9]*\).*/\1/p' "$$made/said" | tail -1)"; \
		done; \
	done
endef

RUNS = 10000

model: ## Let people do anything in any order, RUNS=10000 times, beside a model of the site
	$(TEST) ./handlers -count=1 -timeout 24h -run '^TestModel$$' -rapid.checks=$(RUNS)

# The race detector needs C. Without it the same tests run, and that is said.
# With it the web is some five times slower, so of the journeys through it those
# are watched that are about many at once. SQLite is C that was translated and
# keeps locks of its own: watched, it takes most of the time.
RACE := $(shell [ "$$(go env CGO_ENABLED 2>/dev/null)" = 1 ] && command -v "$$(go env CC | cut -d ' ' -f 1)" >/dev/null 2>&1 && echo "-race '-gcflags=modernc.org/...=-race=false'")
WATCHED = $(if $(RACE),CGO_ENABLED=1) $(TEST) $(RACE)
ROOMS = ./auth/... ./db/... ./static/... ./cmd/...

# All else is built as it is shipped, without C, and so only once.
check: export CGO_ENABLED = 0
check: ## Do all that CI does, and change nothing
	@echo '== what tests need (make browsers, make postgres)'
	.ci/browsers
	.ci/postgres
	@echo '== formatted (make fmt)'
	@unformatted="$$(go tool gofumpt -l .)" && if [ -n "$$unformatted" ]; then echo "$$unformatted"; exit 1; fi
	go tool templ fmt -fail .
	@echo '== generated (make generate)'
	go tool templ generate -check
	@echo '== sound'
	go vet ./...
	go tool staticcheck ./...
	go mod tidy -diff
	@echo '== built without C'
	go build -buildvcs=false -o /dev/null ./cmd/twostep
	@echo '== tested$(if $(RACE),, WITHOUT the race detector: cgo is off or there is no C compiler)'
	$(WATCHED) -parallel 4 $(ROOMS)
	$(if $(RACE),$(WATCHED) -run AtOnce ./handlers)
	RAPID_CHECKS=200 $(TEST) ./handlers/... ./views/...
	@echo '== given bad input: target, times'
	$(fuzz_briefly)
