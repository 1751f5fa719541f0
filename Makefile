# Two commands do everything on a fresh Debian 12: make report, make check.
.POSIX:
.PHONY: report check build deps deps-check bench tidy format clean

report: build
	@mkdir -p report
	build/sysgap status gramine-1.8 --figures report --format html --output report/gramine-1.8.html
	@echo "The status report of Gramine 1.8 is in report/gramine-1.8.html"

check: deps-check
	tools/run-checks

build: deps
	@[ -f build/build.ninja ] || meson setup build >/dev/null
	@ninja -C build --quiet

# before the build and the report
deps:
	@tools/install-packages tools/packages.txt

# before the tests, which watch servers and programs in many languages
deps-check:
	@tools/install-packages tools/packages.txt tools/packages-check.txt

# one line per figure: name value unit
bench: build
	@tools/run-benchmarks build

tidy: build
	clang-tidy -p build --quiet $$(ls src/*/*.c | grep -v bpf)

format:
	clang-format -i src/*/*.[ch] tests/unit/*.h tests/unit/*/*.c fuzz/*.c bench/*.c

clean:
	rm -rf build build-sanitize build-clang report
