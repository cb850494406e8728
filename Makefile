# "make help" lists the targets.

.DEFAULT_GOAL := help
.PHONY: help run build test check fmt generate browsers firefox postgres proxies clients bench kills gallery screenshots pictures lighthouse fuzz model standards vulncheck mutants

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Without the path of this folder in them, compiled packages can be reused by every clone.
export GOFLAGS := $(strip $(GOFLAGS) -trimpath)

PROGRAM = ./twostep

# set -m gives the server a process group of its own. Otherwise Ctrl-C also ends
# make, which then fails although the server stopped as it should.
run: build ## Build and run the server; pass flags as ARGS="--listen :9000"
	@set -m 2>/dev/null; $(PROGRAM) serve $(ARGS)

VERSION = $(shell git describe --tags --always --dirty 2>/dev/null)

build: ## Build ./twostep, a static binary
	CGO_ENABLED=0 go build -ldflags '-X main.version=$(VERSION)' -o twostep ./cmd/twostep

# Tests create thousands of small databases and sync every commit. On /dev/shm
# that takes a tenth of the time; with less than 2 GB free there they use the disk.
IN_MEMORY = $(shell [ "$$(df -Pk /dev/shm 2>/dev/null | awk 'NR==2 && $$4 > 2000000 {print "free"}')" ] && [ -w /dev/shm ] && echo TMPDIR=/dev/shm)
TEST = $(IN_MEMORY) go test

test: ## Run every test
	$(TEST) ./...

standards: ## Print every requirement with the tests that prove it
	@go run ./cmd/standards

fmt: ## Format templates and Go code
	go tool templ fmt .
	go tool gofumpt -w .

generate: ## Generate Go code from the templates
	go tool templ generate

browsers: ## Install what the browser tests need, if it is missing
	.ci/browsers

firefox: ## Walk through forward auth and passkeys in Firefox, which is installed if missing (slow)
	.ci/firefox
	.ci/proxies
	$(TEST) ./cmd/twostep -count=1 -run '^(TestForwardAuth_Browsers|TestPasskeys_Firefox)$$' -firefox

postgres: ## Install PostgreSQL and pgbouncer for the tests, if they are missing
	.ci/postgres

proxies: ## Install the proxies whose configurations are tested, if they are missing
	.ci/proxies

clients: ## Install the OpenID Connect clients of the tests, if they are missing
	.ci/clients

PEOPLE = 1000,100000,1000000
DATABASES = sqlite,postgres

bench: ## Measure performance; PEOPLE=1000 is short, SAVE=FILE saves the table
	@go run ./cmd/bench -people '$(PEOPLE)' -databases '$(DATABASES)' $(if $(SAVE),-save '$(SAVE)')

GALLERY = data/gallery

gallery: ## Write every page in every state to GALLERY=data/gallery, with an index
	go test ./views -count=1 -run '^TestGallery$$' -gallery '$(abspath $(GALLERY))'
	@echo 'Open $(GALLERY)/index.html'

PICTURES = data/pictures

pictures: browsers ## Screenshot every page and mail in every state to PICTURES=data/pictures, and run axe on each
	CI=true go test ./views -count=1 -timeout 1h -run '^(TestPictures|TestMail_Pictures|TestPages_Axe)$$' -pictures '$(abspath $(PICTURES))'

lighthouse: browsers ## Run Lighthouse on every page (slow)
	cd .ci/lighthouse && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	go test ./views -count=1 -timeout 2h -parallel 4 -run '^TestLighthouse$$' -lighthouse

screenshots: browsers ## Update the screenshots in the README
	CI=true go test ./views -count=1 -run '^TestScreens$$' -screens testdata/screens

FUZZTIME = 1m
FUZZ_PACKAGES = $(sort $(dir $(shell grep -rl '^func Fuzz' --include='*_test.go' .)))
FUZZ_TESTS = $$(sed -n 's/^func \(Fuzz[[:alnum:]]*\).*/\1/p' $$package*_test.go)

# Go keeps failing inputs in testdata/fuzz, and every test run repeats them.
# Minimizing an input is limited to two seconds and one worker; without a limit
# it takes all the time. Go 1.26 sometimes fails when the time is up, with this
# line and without a failing input (go.dev/issue/75804, fixed in 1.27).
FUZZ_TIMEOUT_LINE = '^    context deadline exceeded$$'

fuzz: ## Fuzz every parser and form, for FUZZTIME=1m each
	@set -e; output=$$(mktemp); trap 'rm -f "$$output"' EXIT; for package in $(FUZZ_PACKAGES); do for fuzz in $(FUZZ_TESTS); do \
		echo "== $$fuzz ($$package)"; \
		{ $(TEST) $$package -run '^$$' -fuzz "^$$fuzz\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 2s -parallel 1 2>&1 || echo FAILED; } | tee "$$output"; \
		! grep -q '^FAILED$$' "$$output" || grep -q $(FUZZ_TIMEOUT_LINE) "$$output"; \
	done; done

# The same for a fixed number of inputs instead of a time, all packages at once. The test
# binaries are built without coverage instrumentation, which would take minutes to compile.
FUZZ_COUNT = case $$fuzz in FuzzForm) count=500;; FuzzAuthorize|FuzzToken) count=2500;; FuzzURI|FuzzPasskeyResponse|FuzzRedirectURI|FuzzParams|FuzzCredentials) count=10000;; *) count=50000;; esac

define fuzz_briefly
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; started=; for package in $(FUZZ_PACKAGES); do (\
		own=$$(mktemp -d "$$dir/XXXXXX"); go test -c -o "$$own/tests" $$package; \
		for fuzz in $(FUZZ_TESTS); do $(FUZZ_COUNT); \
			(cd $$package && $(IN_MEMORY) "$$own/tests" -test.run '^$$' -test.fuzz "^$$fuzz\$$" -test.fuzztime "$${count}x" -test.fuzzminimizetime 2s -test.fuzzcachedir "$$own") >"$$own/output" 2>&1 || { cat "$$own/output"; exit 1; }; \
			echo "$$fuzz $$(sed -n 's/.*execs: \([0-9]*\).*/\1/p' "$$own/output" | tail -1)"; \
		done) & started="$$started $$!"; \
	done; for one in $$started; do wait $$one; done
endef

FAULTS = 50
FAULTY = .
SEED = 1

mutants: ## Make FAULTS=50 small faults (0: all) at places like FAULTY=^auth/, one at a time, and print those that no test notices (slow)
	$(IN_MEMORY) go run ./cmd/mutants -n $(FAULTS) -seed $(SEED) -files '$(FAULTY)'

GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0

# It needs the network, so it is not part of check.
vulncheck: ## Search for known vulnerabilities in the code that is used
	@output=$$(go run $(GOVULNCHECK) ./... 2>&1) && status=0 || status=$$?; echo "$$output"; \
	case "$$output" in *'fetching vulnerabilities'*) \
		echo 'NOTHING WAS CHECKED: the vulnerability database https://vuln.go.dev cannot be reached';; \
	esac; exit $$status

KILLS = 200

kills: postgres ## Kill the server KILLS=200 times on each database while people use it
	CI=true $(TEST) ./cmd/twostep -count=1 -timeout 1h -run '^TestProgram_Killed$$' -kills $(KILLS)

RUNS = 10000

model: postgres ## Compare random user actions with a model of the site, RUNS=10000 times on each database
	CI=true $(TEST) ./handlers -count=1 -timeout 48h -run '^TestModel$$' -rapid.checks=$(RUNS)

# The race detector needs cgo; without it the same tests run, and the output says
# so. It makes packages db and handlers five times slower, so there it runs only the
# tests of concurrent requests. Of the packages below cmd, it runs those with goroutines.
# SQLite is C translated to Go with its own locking: it is excluded, because checking it
# would take most of the time.
RACE := $(shell [ "$$(go env CGO_ENABLED 2>/dev/null)" = 1 ] && command -v "$$(go env CC | cut -d ' ' -f 1)" >/dev/null 2>&1 && echo "-race '-gcflags=modernc.org/...=-race=false'")
RACE_TEST = $(if $(RACE),CGO_ENABLED=1) $(TEST) $(RACE)
RACE_PACKAGES = ./auth/... ./db/internal/... ./static/... ./cmd/twostep/courier ./cmd/twostep/outbox ./cmd/twostep/serve

# The slowest packages come first, so that none is left running at the end.
OTHER_PACKAGES = ./cmd/twostep ./handlers ./views $$(go list ./... | grep -vxF "$$(go list $(RACE_PACKAGES))")

# Everything else is built without cgo, as it is released, so it compiles once.
check: export CGO_ENABLED = 0
check: ## Run everything that CI runs, without changing files
	@echo '== test programs (make browsers postgres proxies clients)'
	.ci/browsers
	.ci/postgres
	.ci/proxies
	.ci/clients
	@echo '== format (make fmt)'
	@unformatted="$$(go tool gofumpt -l .)" && if [ -n "$$unformatted" ]; then echo "$$unformatted"; exit 1; fi
	go tool templ fmt -fail .
	@echo '== generated code (make generate)'
	go tool templ generate -check
	@echo '== vet, staticcheck, go.mod'
	go vet ./...
	go tool staticcheck ./...
	go mod tidy -diff
	@echo '== build without cgo'
	go build -buildvcs=false -o /dev/null ./cmd/twostep
	@echo '== tests$(if $(RACE),, WITHOUT the race detector: cgo is off or there is no C compiler)'
	$(RACE_TEST) $(RACE_PACKAGES)
	$(if $(RACE),$(RACE_TEST) -run OnceOnly ./db ./handlers)
	RAPID_CHECKS=16 $(TEST) -parallel 4 $(OTHER_PACKAGES)
	@echo '== fuzz tests: name, inputs'
	$(fuzz_briefly)
