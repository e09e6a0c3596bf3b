# The commands of this repository; README.md explains them.
.DEFAULT_GOAL := help
SHELL := bash

help: ## say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: ## start the demonstration
	go run . demo

test: prepare check ## everything: checks, then all tests on both engines
	go test -timeout 15m ./...

check: ## format, generated files, modules, vet, linters, known weaknesses
	./testkit/check

soak: prepare ## the long loops: 200 kills for each crash case, 90 days of four clinics, long fuzzing, the race detector
	LETTERHEAD_STOPS=50 go test -timeout 30m -v -run NoHandOffBegins ./courier
	LETTERHEAD_DAYS=90 go test -timeout 1h -v -run OrdinaryDays ./app
	LETTERHEAD_ATTACKS=all go test -timeout 1h -v -run TheDrillOnPostgreSQL ./scenario
	LETTERHEAD_KILLS=200 go test -timeout 3h -run 'Kill|Crash' ./...
	LETTERHEAD_TAMPERINGS=1000 go test -timeout 1h -v -run 'TamperedRows|TamperedMessages' ./ledger ./courier
	go test -timeout 1h -race ./store ./job ./courier/... ./plan ./message
	./testkit/fuzz 60s

controls: ## remove each control in a copy, one at a time: a test must notice
	go run ./testkit/controls

bench: prepare ## the figures of docs/performance.md
	go run . bench
	go test ./courier -run '^$$' -bench Gate -benchtime 300x

gen: ## write the generated files again
	go generate ./...

prepare:
	@./testkit/prepare

.PHONY: help run test check soak controls bench gen prepare
