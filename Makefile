# Thin: each target is a script or a CMake preset.
.PHONY: quickstart build test lint format sanitize fuzz bench clean

quickstart: build        ## install what is missing, build, train a small model and let it write
	build/release/bin/alpha quickstart

build: 
	tools/setup
	cmake --preset release
	cmake --build --preset release --target alpha

test:                    ## build everything and run the default suite
	tools/setup --test
	cmake --preset release
	cmake --build --preset release
	ctest --preset release

sanitize:                ## the suite under address, undefined-behaviour and thread sanitizers
	tools/setup --test
	for preset in asan tsan; do \
	  cmake --preset $$preset && cmake --build --preset $$preset && ctest --preset $$preset || exit 1; done

fuzz:                    ## the fuzz targets under libFuzzer, FUZZ_SECONDS each
	tools/setup --lint
	cmake --preset fuzz
	cmake --build --preset fuzz
	for target in request_parser request_body json_schema; do mkdir -p build/fuzz/corpus/$$target; \
	  build/fuzz/tests/fuzz/$${target}_fuzz -max_total_time=$${FUZZ_SECONDS:-300} -max_len=16384 -timeout=10 \
	    build/fuzz/corpus/$$target tests/fuzz/seeds/$$target || exit 1; done

lint:                    ## layout, names, layers, the page's types
	tools/setup --lint
	tools/format --check
	tools/page check:types
	tools/page lint
	cmake --preset tidy
	cmake --build --preset tidy

format:
	tools/format

bench:
	tools/setup
	cmake --preset bench
	cmake --build --preset bench

clean:
	rm -rf build
