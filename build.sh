#!/usr/bin/env bash
# Builds, demonstrates and tests config-manager. Needs bash, Node and npm; brings the rest itself.
#
#   ./build.sh [--target linux-x64|linux-x64-baseline|linux-arm64|all]   the binary, into dist/
#   ./build.sh demo                                                      the main job, on a real gateway
#   ./build.sh test [--all-releases] [FILE…]                             every check and test; on nine releases
#                                                                        of OpenClaw, instead of one of each kind
#   ./build.sh bench [ROW…]                                              the numbers of the README, or some of them
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

BIN=node_modules/.bin
TARGETS=(linux-x64 linux-x64-baseline linux-arm64)

fail() {
  printf 'error: %s\nhint: %s\n' "$1" "${2:-see the head of build.sh}" >&2
  exit 64
}

# Installs the pinned dependencies, unless they are there.
set_up() {
  if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then
    # Not npm ci: it refuses a lock file in which the packages of some other platform are missing, and not
    # every registry carries them all. This takes the locked versions too, and leaves the lock file alone.
    npm install --no-save --no-audit --no-fund --loglevel=error >&2
  fi
  # Where npm is told to run no install scripts, these two have to be run by hand.
  "$BIN/bun" --version >/dev/null 2>&1 || (cd node_modules/bun && node install.js >&2)
  "$BIN/deno" --version >/dev/null 2>&1 || (cd node_modules/deno && node install.cjs >&2)
}

# The commit that the binary is built from, marked when the tree has changes of its own.
commit() {
  if [ -n "${CONFIG_MANAGER_COMMIT:-}" ]; then
    printf '%s' "$CONFIG_MANAGER_COMMIT"
  else
    git describe --always --dirty --abbrev=7 --exclude='*' 2>/dev/null || printf 'unknown'
  fi
}

# bundle OUTFILE ENTRY [TARGET] [FLAG…]: one binary; for this machine where the target is empty.
#   --splitting, --bytecode    only what a command needs is loaded, and none of it has to be parsed
#   --compile-jit-policy       it mostly waits: compiled machine code would take more memory than it saves time
#   --smol                     so would garbage: a pass is 2 ms longer for it, and takes 1 MB less
bundle() {
  local outfile=$1 entry=$2 target=${3:-}
  shift $(($# < 3 ? $# : 3))
  # Two builds at once, in two shells, must not see each other's half: build aside, then rename.
  "$BIN/bun" build --compile --minify --bytecode --splitting --format=esm --compile-jit-policy=256 --compile-exec-argv=--smol \
    --no-compile-autoload-dotenv --no-compile-autoload-bunfig \
    --define "CONFIG_MANAGER_COMMIT=\"$(commit)\"" \
    ${target:+--target "bun-$target"} "$@" --outfile "$outfile.$$.tmp" "$entry" >&2 || return
  mv -f "$outfile.$$.tmp" "$outfile"
}

# compile [TARGET…]: the binary for this machine, or those for the targets.
compile() {
  local target
  mkdir -p dist
  if [ $# -eq 0 ]; then
    bundle dist/config-manager manager.ts || return
  fi
  # Each step says by itself whether it has failed: where a function is asked for its status, as check does, set -e is off.
  for target in "$@"; do
    bundle "dist/config-manager-$target" manager.ts "$target" || return
  done
}

build() {
  local target=""
  while [ $# -gt 0 ]; do
    case $1 in
      --target) target=${2:-} && shift 2 || fail "--target needs a name" ;;
      --target=*) target=${1#*=} && shift ;;
      *) fail "unknown argument: $1" ;;
    esac
  done
  set_up
  case $target in
    "") compile ;;
    all) compile "${TARGETS[@]}" ;;
    *)
      [[ " ${TARGETS[*]} " == *" $target "* ]] || fail "unknown target: $target" "one of: ${TARGETS[*]} all"
      compile "$target"
      ;;
  esac
}

# bench [ARGUMENT…]: see bench/bench.ts. What is built beside it is built as it is.
bench() {
  local program programs status=0
  programs=$(mktemp -d -t config-manager-bench.XXXXXX)
  for program in empty modules client calls plan; do
    bundle "$programs/$program" "bench/programs/$program.ts" || status=$?
  done
  [ "$status" -eq 0 ] && BENCH_PROGRAMS=$programs BENCH_COMMIT=$(commit) "$BIN/bun" bench/bench.ts "$@" || status=$?
  rm -r "$programs"
  return "$status"
}

PASSED=0
FAILED=0

# check NAME COMMAND…: counts as one test.
check() {
  local name=$1
  shift
  if "$@"; then
    PASSED=$((PASSED + 1))
    echo "(pass) $name"
  else
    FAILED=$((FAILED + 1))
    echo "(fail) $name"
  fi
}

# attribute FILE NAME: a number from the head of a JUnit report; 0 where there is none.
attribute() {
  sed -n "s/.*<testsuites .*[[:space:]]$2=\"\([0-9]*\)\".*/\1/p" "$1" 2>/dev/null | head -n 1 | grep . || echo 0
}

run_tests() {
  local report
  report=$(mktemp -t config-manager-report.XXXXXX)
  # CI: no snapshot writes itself. No timeout of the runner's own: the tests wait for conditions, each with its limit.
  CI=1 "$BIN/bun" test --timeout 300000 --reporter=junit --reporter-outfile="$report" "$@" && local status=0 || local status=$?
  local tests failures skipped
  tests=$(attribute "$report" tests)
  failures=$(attribute "$report" failures)
  skipped=$(attribute "$report" skipped)
  rm -f "$report"
  # The runner itself may fail where no test did: an error between two tests, or no test at all.
  if [ "$status" -ne 0 ] && [ "$failures" -eq 0 ]; then failures=1 tests=$((tests + 1)); fi
  PASSED=$((PASSED + tests - failures - skipped))
  FAILED=$((FAILED + failures))
  SKIPPED=$skipped
}

tests() {
  if [ "${1:-}" = --all-releases ]; then
    export CONFIG_MANAGER_ALL_RELEASES=1
    shift
  fi
  set_up
  SKIPPED=0
  if [ $# -eq 0 ]; then
    check "types" "$BIN/tsc"
    check "lint" "$BIN/oxlint" --type-aware --deny-warnings
    check "format" "$BIN/biome" format
    check "dead exports and dependencies" "$BIN/knip" --no-progress
  fi
  check "build" compile
  if [ $# -eq 0 ]; then
    check "benchmark, without a gateway" bench --check
  fi
  run_tests "$@"
  echo
  [ "$SKIPPED" -eq 0 ] || echo "$SKIPPED skipped, each with its reason above"
  echo "$PASSED passed, $FAILED failed"
  [ "$FAILED" -eq 0 ]
}

case ${1:-} in
  demo)
    [ $# -eq 1 ] || fail "unknown argument: $2"
    set_up
    compile
    exec "$BIN/bun" test/demo.ts
    ;;
  test) shift && tests "$@" ;;
  bench)
    shift
    set_up
    compile
    bench "$@"
    ;;
  "" | --target | --target=*) build "$@" ;;
  *) fail "unknown command: $1" ;;
esac
