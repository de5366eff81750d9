# Flyball: what a fresh Debian machine with Swift needs, and nothing else.
.PHONY: run test build deps format lint bench-demo bench-build bench-storage bench-query bench-latency torture bench-forecast bench-scaling bench-queue bench-backtest fuzz clean

PACKAGES = libcurl4-openssl-dev liblz4-dev libsnappy-dev libre2-dev pkg-config util-linux e2fsprogs procps xz-utils curl \
	prometheus prometheus-node-exporter prometheus-alertmanager libjs-dygraphs chromium python3 python3-venv
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
FLYBALL = .build/release/flyball

## run: install what is missing, build, start the service with three local nodes and a live demo workload
run: build
	@exec $(FLYBALL) demo run --config.file flyball.yml

## test: install what is missing, build and run all tests
test: deps
	swift build --build-tests
	swift test --skip-build --no-parallel --skip EndToEndTests
	swift test --skip-build --no-parallel --filter EndToEndTests

build: deps
	swift build -c release --product flyball

# RUNLEVEL=1 keeps Debian from starting the daemons: the tests and the demo start their own.
deps:
	@missing=""; for package in $(PACKAGES); do \
	  dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then echo "installing:$$missing"; $(SUDO) apt-get update -qq && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $$missing; fi

## format: lay the sources out; lint: refuse what is not laid out
format:
	swift format -i -r --configuration .swift-format Sources Tests Benchmarks Package.swift

lint:
	swift format lint -s -r --configuration .swift-format Sources Tests Benchmarks Package.swift

## bench-demo: run the demo through scale-out, scale-in, node loss and drain, and print the times
bench-demo: build
	Benchmarks/demo.py $(FLYBALL)

## bench-storage: the store and the scraper beside prometheus and victoria-metrics, then our own figures (BENCH_SECONDS a
## steady scrape, BENCH_ONLY sections, see Benchmarks/storage.py)
SCRAPES = ../shared/scrapes/node-and-prometheus-300x5s.tar.xz
PAYLOADS = $(addprefix ../shared/payloads/,node_exporter_e2e.prom.xz k8s_1_31__kubelet_cadvisor.prom.xz \
	k8s_1_31__ksm.prom.xz k8s_1_31__controlplane_etcd.prom.xz)
bench-build: deps
	swift build -c release --product storage-benchmark

bench-storage: PACKAGES += victoria-metrics
bench-storage: build bench-build
	swift build -c release --product load-generator
	@Benchmarks/storage.py $(FLYBALL) .build/release/storage-benchmark .build/release/load-generator $(PAYLOADS)
	@folder=$$(mktemp -d) && tar xJf $(SCRAPES) -C $$folder --strip-components=1 && \
	  xz -dc $(firstword $(PAYLOADS)) > $$folder/payload.prom && \
	  for what in "parse $$folder $$folder/payload.prom" "chunks $$folder" memory "memory 200 1021 120 1" recovery recovery-memory push write select; do \
	    echo; echo "== $$what" | sed "s|$$folder|recording|g"; .build/release/storage-benchmark $$what || exit 1; done; \
	  status=$$?; rm -rf $$folder; exit $$status

## bench-query: thirteen queries beside Prometheus and VictoriaMetrics over the same samples; ARGUMENTS=--quick for less
bench-query: PACKAGES += victoria-metrics
bench-query: deps
	swift build -c release --product flyball
	swift build -c release --product query-benchmark
	Benchmarks/query.py .build/release/flyball .build/release/query-benchmark $(ARGUMENTS)

## bench-latency: from a sample's arrival to the command at the backend, with 10,000 targets
bench-latency: deps
	swift build -c release --product scaling-latency
	.build/release/scaling-latency 10000 100 200

## torture: kill the store CYCLES times and cut its power POWER_CUTS times, or on until so many SECONDS are over
CYCLES = 2000
POWER_CUTS = 500
SECONDS = 0
SEED = 1
torture: bench-build
	Benchmarks/torture.py .build/release/storage-benchmark --cycles $(CYCLES) --power-cuts $(POWER_CUTS) \
	  --seconds $(SECONDS) --seed $(SEED)

## bench-forecast: accuracy and coverage on M4's hourly series beside other methods (SERIES=0: AutoARIMA on all of them)
SERIES = 23
bench-forecast: deps
	swift build -c release --product forecast-benchmark
	Benchmarks/forecast.py .build/release/forecast-benchmark --series $(SERIES)

## bench-backtest: a hundred policies over four weeks of minutes by flyball backtest, and how long that takes
bench-backtest: build
	Benchmarks/backtest.py $(FLYBALL)

## bench-scaling: the shipped predictive policy and other autoscalers over recorded demand, and which goals are met
bench-scaling: deps
	swift build -c release --product scaling-benchmark
	Benchmarks/scaling.py .build/release/scaling-benchmark

## bench-queue: policies on queues beside KEDA tuned by grid search over recorded demand (ARGUMENTS=--all for all kinds)
bench-queue: deps
	swift build -c release --product scaling-benchmark
	Benchmarks/queue.py .build/release/scaling-benchmark $(ARGUMENTS)

## fuzz: random texts for the parser, random queries for the engine and its reference; goes on at SEED
PARSER = 10000000
ENGINE = 1000000
fuzz: deps
	swift build -c release --product promql-fuzz
	.build/release/promql-fuzz parser --seed $(SEED) --count $(PARSER) --corpus $(wildcard ../shared/conformance/promqltest/*.test)
	.build/release/promql-fuzz engine --seed $(SEED) --count $(ENGINE)

clean:
	rm -rf .build data
