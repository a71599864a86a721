#!/bin/sh
# collect.sh FROM TO: the subjects of the commits between two revisions.
exec git log --no-merges --format='%s' "$1..$2"
