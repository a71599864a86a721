#!/usr/bin/env bash
# Builds, demonstrates and tests config-manager. Needs bash, Node and npm; brings the rest itself.
#
#   ./build.sh [--target linux-x64|linux-x64-baseline|linux-arm64|all]   the binary, into dist/
#   ./build.sh release [vVERSION]        all that a release consists of, into dist/release/ (docs/releasing.md)
#   ./build.sh demo                      the main job, on a real gateway
#   ./build.sh test --quick              types, lint, format, dead code, unit tests: some 90 s
#   ./build.sh test                      that, then the binary, then the binary beside real gateways
#   ./build.sh test --system             only what the above leaves out: containers, images, Pods. As root; the only
#                                        one that installs programs on the machine, with apt-get
#   ./build.sh test --all                everything, with soaks and all of ALL_RELEASES instead of three
#   ./build.sh test --every-release [VERSION…]   the main things beside each stable release of OpenClaw on npm, for
#                                        docs/compatibility.md: some hours; goes on where it was broken off
#   ./build.sh test FILE…                these test files
#   ./build.sh openclaw-update [--list|VERSION…]   makes the new releases of OpenClaw on npm known, or these: schema, features,
#                                        row. --list tells what is new, and writes nothing
#   ./build.sh bench [ROW…]              the numbers of the README, or some of them
#
# The last line of a test run is "N passed, N failed". A test that cannot run here says why, and counts for neither.
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
  # Deno is only there for tests.
  [ ! -d node_modules/deno ] || "$BIN/deno" --version >/dev/null 2>&1 || (cd node_modules/deno && node install.cjs >&2)
}

# The commit that the binary is built from, marked when the tree has changes of its own.
commit() {
  if [ -n "${CONFIG_MANAGER_COMMIT:-}" ]; then
    printf '%s' "$CONFIG_MANAGER_COMMIT"
  else
    git describe --always --dirty --abbrev=7 --exclude='*' 2>/dev/null || printf 'unknown'
  fi
}

# close_environment BINARY: lets it look for Bun's variables under names that none can have, "=UN_OPTIONS" for BUN_OPTIONS.
# With them it would run a script before ours, open a debugger, or be a Bun with any command. No flag of Bun's does this.
close_environment() {
  local name
  for name in BUN_BE_BUN BUN_OPTIONS BUN_INSPECT BUN_BYTECODE_; do
    # It would have to be found out how this Bun compares it: test/binary/environment.test.ts tries them all.
    LC_ALL=C grep --quiet --text --fixed-strings "$name" "$1" || { echo "error: Bun has no text $name any more" >&2 && return 1; }
  done
  LC_ALL=C sed -i 's/BUN_\(BE_BUN\|OPTIONS\|INSPECT\|BYTECODE_\)/=UN_\1/g' "$1"
}

# bundle OUTFILE ENTRY [TARGET] [FLAG…]: one binary; for this machine where the target is empty.
#   --splitting, --bytecode    only what a command needs is loaded, and none of it has to be parsed
#   --compile-jit-policy       it mostly waits: compiled machine code would take more memory than it saves time
#   --smol                     so would garbage: a pass is 2 ms longer for it, and takes 1 MB less
bundle() {
  local outfile=$1 entry=$2 target=${3:-} aside=$1.$$.tmp
  shift $(($# < 3 ? $# : 3))
  # Two builds at once, in two shells, must not see each other's half: build aside, then rename. In a directory, because the
  # name of the file gets into it, and two builds of one commit have to be equal.
  mkdir -p "$aside" && "$BIN/bun" build --compile --minify --bytecode --splitting --format=esm --compile-jit-policy=256 --compile-exec-argv=--smol \
    --no-compile-autoload-dotenv --no-compile-autoload-bunfig \
    --define "CONFIG_MANAGER_COMMIT=\"$(commit)\"" \
    ${target:+--target "bun-$target"} "$@" --outfile "$aside/config-manager" "$entry" >&2 || return
  close_environment "$aside/config-manager" || return
  mv -f "$aside/config-manager" "$outfile" && rmdir "$aside"
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
    compile_for "$target" "dist/config-manager-$target" || return
  done
}

# compile_for TARGET OUTFILE [FLAG…]: the binary for a target, with the Bun that the lock file pins.
compile_for() {
  local target=$1 outfile=$2 runtime
  shift 2
  runtime=$("$BIN/bun" release/runtime.ts "$target") || return
  bundle "$outfile" manager.ts "$target" --compile-executable-path="$runtime" "$@"
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

# release [TAG]: the three binaries, their checksums, the list of what is in them, install.yaml, and the notes. Two of one commit
# are equal. RELEASE_IMAGE: the image that install.yaml names.
release() {
  local tag=${1:-} version state tags target aside=dist/release.$$.tmp
  set_up
  version=$(node -p 'require("./package.json").version')
  # Also without being told: who has put a tag on this commit means it.
  tags=$(git tag --points-at HEAD --list 'v*')
  [ -n "$tag" ] || tag=$(head -n 1 <<<"$tags")
  [ -z "$tag" ] || [ "$tag" = "v$version" ] ||
    fail "the tag is $tag, but package.json has version $version" "put the tag v$version on the commit that has this version"
  state=$(git status --porcelain --untracked-files=no)
  [ -z "$state" ] || fail "the tree has changes that are in no commit: $(head -n 1 <<<"$state")" "commit or stash them"
  # Of a fixed length: what git takes for short depends on how much there is in the clone.
  CONFIG_MANAGER_COMMIT=$(git rev-parse HEAD | cut -c 1-12)
  mkdir -p "$aside/metafiles"
  "$BIN/bun" release/print-notes.ts "$tag" >"$aside/notes.md" || { rm -r "$aside" && return 64; }
  for target in "${TARGETS[@]}"; do
    compile_for "$target" "$aside/config-manager-$version-$target" --metafile="$aside/metafiles/$target.json"
  done
  "$BIN/bun" deploy/install.ts ${RELEASE_IMAGE:+"$RELEASE_IMAGE"} >"$aside/install.yaml"
  "$BIN/bun" release/describe.ts "$aside" "$aside/metafiles" "$CONFIG_MANAGER_COMMIT" "$(git log -1 --format=%ct)" "${TARGETS[@]}"
  rm -r "$aside/metafiles"
  rm -rf dist/release
  mv "$aside" dist/release
  cat dist/release/SHA256SUMS
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
SKIPPED=0
# What has failed, for the end: the output of a whole run is too long to look for it.
FAILURES=

# check NAME COMMAND…: counts as one test.
check() {
  local name=$1
  shift
  if "$@"; then
    PASSED=$((PASSED + 1))
    echo "(pass) $name"
  else
    FAILED=$((FAILED + 1))
    FAILURES+="  $name"$'\n'
    echo "(fail) $name"
  fi
}

# attribute FILE NAME: a number from the head of a JUnit report; 0 where there is none.
attribute() {
  sed -n "s/.*<testsuites .*[[:space:]]$2=\"\([0-9]*\)\".*/\1/p" "$1" 2>/dev/null | head -n 1 | grep . || echo 0
}

# list_failures FILE: each failed test of a JUnit report, a line of where it is and a line of what was wrong.
list_failures() {
  sed -n -e '/<testcase /h' -e '/<failure/{H;x;s/.* name="\([^"]*\)" classname="\([^"]*\)".* file="\([^"]*\)".*\n.* message="\([^"]\{0,600\}\).*/  \3: \2 > \1\n    \4/p;}' "$1" |
    sed -e 's/\(&#10;\)\+/ | /g' -e 's/&lt;/</g' -e 's/&gt;/>/g' -e 's/&quot;/"/g' -e "s/&apos;/'/g" -e 's/&amp;/\&/g'
}

# bun_test REPORT ARGUMENT…: runs tests, and writes a JUnit report of them.
bun_test() {
  local report=$1
  shift
  # CI: no snapshot writes itself. --no-orphans: nothing outlives a runner that is killed. No timeout of the runner's own:
  # the tests wait for conditions, each with its limit.
  CI=1 "$BIN/bun" test --no-orphans --timeout 300000 --reporter=junit --reporter-outfile="$report" "$@"
}

# count_tests REPORT STATUS: adds what the report tells of a run that has ended so.
count_tests() {
  local report=$1 status=$2 tests failures skipped
  tests=$(attribute "$report" tests)
  failures=$(attribute "$report" failures)
  skipped=$(attribute "$report" skipped)
  [ "$failures" -eq 0 ] || FAILURES+=$(list_failures "$report")$'\n'
  rm -f "$report"
  # The runner itself may fail where no test did: an error between two tests, or no test at all.
  if [ "$status" -ne 0 ] && [ "$failures" -eq 0 ]; then
    failures=1 tests=$((tests + 1))
    FAILURES+="  the test runner, which ended with $status"$'\n'
  fi
  PASSED=$((PASSED + tests - failures - skipped))
  FAILED=$((FAILED + failures))
  SKIPPED=$((SKIPPED + skipped))
}

# run_tests ARGUMENT…: both of the above.
run_tests() {
  local report status=0
  report=$(mktemp -t config-manager-report.XXXXXX)
  bun_test "$report" "$@" || status=$?
  count_tests "$report" "$status"
}

# The binary that this run tests, made once.
BUILT=
build_once() {
  [ -n "$BUILT" ] || check "build" compile
  BUILT=1
}

# stage NAME: runs stage_NAME, after a line of what it will do and before a line of what it took. A failure does not end
# it, nor the run: the sum decides.
stage() {
  local name=$1 start=$SECONDS passed=$PASSED failed=$FAILED
  echo "== $name: $(describe_stage "$name")"
  "stage_$name"
  passed=$((PASSED - passed)) failed=$((FAILED - failed))
  echo "== $name: $((passed + failed)) tests in $((SECONDS - start)) s, $failed failed"
}

describe_stage() {
  case $1 in
    quick) echo "types, lint, format, dead code, and the unit tests${CONFIG_MANAGER_SOAK:+, with soaks}" ;;
    binary) echo "builds the binary, and runs it without a gateway" ;;
    gateway) echo "the binary beside real gateways${CONFIG_MANAGER_ALL_RELEASES:+ of every release}" ;;
    system) echo "containers, images and Pods, as root; installs missing programs with apt-get" ;;
  esac
}

# A soak tries at length what the other tests try a little of.
SOAKS=(--path-ignore-patterns='**/*.soak.test.ts')
[ -z "${CONFIG_MANAGER_SOAK:-}" ] || SOAKS=()

stage_quick() {
  check "types" "$BIN/tsc"
  check "lint" "$BIN/oxlint" --type-aware --deny-warnings
  check "format" "$BIN/biome" format
  check "dead exports and dependencies" "$BIN/knip" --no-progress
  run_tests "${SOAKS[@]}" test/unit/
}

stage_binary() {
  build_once
  check "benchmark, without a gateway" bench --check
  run_tests test/binary/
}

stage_gateway() {
  # Four groups side by side: the tests mostly wait for gateways, and each start takes 16 s of one core. The output of the
  # three long groups follows that of the others.
  local groups=(
    "config.test.ts when-idle.test.ts"
    "jobs.test.ts access.test.ts"
    "real-config.test.ts includes.test.ts config-faults.test.ts arm64.test.ts"
  )
  local reports=() logs=() runs=() others=("${SOAKS[@]}") index status file files
  build_once
  for index in "${!groups[@]}"; do
    files=()
    for file in ${groups[$index]}; do
      files+=("test/gateway/$file")
      others+=("--path-ignore-patterns=**/gateway/$file")
    done
    reports+=("$(mktemp -t config-manager-report.XXXXXX)")
    logs+=("$(mktemp -t config-manager-log.XXXXXX)")
    bun_test "${reports[$index]}" "${files[@]}" >"${logs[$index]}" 2>&1 &
    runs+=($!)
  done
  run_tests "${others[@]}" test/gateway/
  for index in "${!groups[@]}"; do
    status=0
    wait "${runs[$index]}" || status=$?
    cat "${logs[$index]}"
    rm -f "${logs[$index]}"
    count_tests "${reports[$index]}" "$status"
  done
}

stage_system() {
  build_once
  # Only here may a test install a program that it needs.
  CONFIG_MANAGER_INSTALL=1 run_tests test/system/
}

# every_release [VERSION…]: each is installed and removed again. See test/releases/run.ts.
every_release() {
  set_up
  build_once
  check "every release" "$BIN/bun" test/releases/run.ts "$@"
  sum
}

# openclaw_update [--list|VERSION…]: see test/releases/update.ts, which builds the binary itself.
openclaw_update() {
  local argument
  for argument in "$@"; do
    case $argument in
      --list) [ $# -eq 1 ] || fail "--list takes no releases" "./build.sh openclaw-update --list" ;;
      -*) fail "unknown argument: $argument" "--list, or releases: ./build.sh openclaw-update 2026.9.6" ;;
    esac
  done
  set_up
  "$BIN/bun" test/releases/update.ts "$@"
}

# The last lines of a run.
sum() {
  echo
  [ "$SKIPPED" -eq 0 ] || echo "$SKIPPED skipped, each with its reason above"
  [ "$FAILED" -eq 0 ] || printf 'failed, each with its reason above:\n%s' "$FAILURES"
  echo "$PASSED passed, $FAILED failed"
  [ "$FAILED" -eq 0 ]
}

tests() {
  local stages=(quick binary gateway) name
  case ${1:-} in
    --every-release)
      shift
      every_release "$@"
      return
      ;;
    --quick) stages=(quick) && shift ;;
    --system) stages=(system) && shift ;;
    --all)
      export CONFIG_MANAGER_ALL_RELEASES=1 CONFIG_MANAGER_SOAK=1
      stages=(quick binary gateway system) && shift
      ;;
    --*) fail "unknown argument: $1" "one of --quick, --system, --all and --every-release, or files" ;;
    ?*) stages=() ;;
  esac
  [ ${#stages[@]} -eq 0 ] || [ $# -eq 0 ] || fail "unknown argument: $1" "a stage takes no files: ./build.sh test FILE…"
  set_up
  if [ ${#stages[@]} -eq 0 ]; then
    build_once
    run_tests "$@"
  fi
  for name in "${stages[@]}"; do stage "$name"; done
  sum
}

case ${1:-} in
  demo)
    [ $# -eq 1 ] || fail "unknown argument: $2"
    set_up
    compile
    exec "$BIN/bun" test/demo.ts
    ;;
  test) shift && tests "$@" ;;
  openclaw-update) shift && openclaw_update "$@" ;;
  release)
    [ $# -le 2 ] || fail "unknown argument: $3"
    release "${2:-}"
    ;;
  bench)
    shift
    set_up
    compile
    bench "$@"
    ;;
  "" | --target | --target=*) build "$@" ;;
  *) fail "unknown command: $1" ;;
esac
