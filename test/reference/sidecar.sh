#!/bin/sh
# The sidecar that config-manager takes the place of: it polls both ConfigMaps by checksum, copies the config to the
# volume, and calls `openclaw cron` for the jobs. The parity tests and the benchmark compare the binary with it. It is
# kept as it was in use, faults included: do not mend it. Each fault is marked.
set -eu

# Tests set these. A Pod does not.
: "${CONFIG_DIR:=/etc/openclaw/config.d}"
: "${CRON_DIR:=/etc/openclaw/cron.d}"
: "${PVC_CONFIG:=/home/node/.openclaw/openclaw.json}"
: "${STAGING_DIR:=/home/node/.openclaw/cron-config}"
: "${CHECKSUM_DIR:=/tmp/checksums}"
: "${POLL_INTERVAL:=60}"

CONFIG_FILE="$CONFIG_DIR/openclaw.json"
CRON_FILE="$CRON_DIR/cron-jobs.json"
JOB_PREFIX="${TMPDIR:-/tmp}/cron-job-"

# The `echo` of Debian's sh, in any shell. Fault: it undoes the escapes in names and in job definitions.
print() {
  printf '%b\n' "$*"
}

log() {
  print "$(date '+%Y-%m-%d %H:%M:%S') [config-manager] $*"
}

checksum() {
  if [ -f "$1" ]; then
    md5sum <"$1" | cut -d ' ' -f 1
  else
    print none
  fi
}

# changed NAME FILE: whether the file is another one than when this was last remembered.
changed() {
  current=$(checksum "$2")
  [ "$current" != "$(cat "$CHECKSUM_DIR/$1" 2>/dev/null || true)" ]
}

# Fault: nothing reads the config before it is copied. Fault: a missing file ends the script here, by set -e.
copy_config() {
  log "Config change detected in $CONFIG_FILE"
  cp "$CONFIG_FILE" "$PVC_CONFIG"
  log "Config copied to PVC: $PVC_CONFIG"
  log "Config update complete (openclaw will auto-detect via chokidar)"
}

# Fault: grep reads the name as a pattern.
contains_line() {
  print "$1" | grep -qx "$2"
}

# Fault: jq reads the name as code. Fault: a name with a slash is a path. Each ends the script, by set -e.
# Fault: a job that is there is updated, whether it differs or not.
put_job() {
  definition=$(jq -c ".[] | select(.name == \"$1\")" "$CRON_FILE")
  print "$definition" >"$JOB_PREFIX$1.json"
  if contains_line "$registered" "$1"; then
    log "Updating cron job: $1"
    openclaw cron update "$JOB_PREFIX$1.json" 2>/dev/null || log "WARNING: Failed to update cron job: $1"
  else
    log "Adding cron job: $1"
    openclaw cron add "$JOB_PREFIX$1.json" 2>/dev/null || log "WARNING: Failed to add cron job: $1"
  fi
  rm -f "$JOB_PREFIX$1.json"
}

# Fault: a job that somebody else has made goes too.
remove_job() {
  log "Removing cron job (no longer in ConfigMap): $1"
  openclaw cron remove "$1" 2>/dev/null || log "WARNING: Failed to remove cron job: $1"
}

# Fault: it says complete after a failed call, and the caller remembers the file as handled.
sync_jobs() {
  log "Cron config change detected in $CRON_FILE"
  if [ ! -f "$CRON_FILE" ]; then
    log "WARNING: Cron config file not found"
    return
  fi

  # Fault: staged before anybody has read it.
  cp "$CRON_FILE" "$STAGING_DIR/cron-jobs.json"
  if ! command -v jq >/dev/null 2>&1; then
    log "WARNING: jq not available, cannot parse cron config"
    return
  fi

  declared=$(jq -r '.[].name' "$CRON_FILE")
  registered=$(openclaw cron list --format json 2>/dev/null | jq -r '.[].name' 2>/dev/null || true)

  print "$declared" | while IFS= read -r job; do
    if [ -n "$job" ]; then put_job "$job"; fi
  done
  if [ -n "$registered" ]; then
    print "$registered" | while IFS= read -r job; do
      if [ -n "$job" ] && ! contains_line "$declared" "$job"; then remove_job "$job"; fi
    done
  fi
  log "Cron job sync complete"
}

mkdir -p "$CHECKSUM_DIR" "$STAGING_DIR"

log "Starting config-manager-sidecar"
log "  Monitoring: $CONFIG_DIR (main config → file copy → chokidar auto-reload)"
log "  Monitoring: $CRON_DIR (cron jobs → openclaw cron sync)"
log "  Poll interval: ${POLL_INTERVAL}s"

# Five minutes, then it goes on without.
log "Waiting for openclaw main process to start..."
attempts=60
while [ "$attempts" -gt 0 ]; do
  if pgrep -f "node dist/index.js gateway" >/dev/null 2>&1; then
    log "Main process detected"
    break
  fi
  sleep 5
  attempts=$((attempts - 1))
done

# Fault: what is mounted at the start counts as copied.
checksum "$CONFIG_FILE" >"$CHECKSUM_DIR/config"
checksum "$CRON_FILE" >"$CHECKSUM_DIR/cron"

log "Performing initial cron job sync..."
sync_jobs

while :; do
  sleep "$POLL_INTERVAL"
  if changed config "$CONFIG_FILE"; then
    config_checksum=$current
    copy_config
    print "$config_checksum" >"$CHECKSUM_DIR/config"
  fi
  if changed cron "$CRON_FILE"; then
    cron_checksum=$current
    sync_jobs
    print "$cron_checksum" >"$CHECKSUM_DIR/cron"
  fi
done
