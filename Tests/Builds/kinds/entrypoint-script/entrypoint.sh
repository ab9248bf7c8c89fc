#!/bin/sh
set -e
touch /tmp/ready
case "$1" in
  serve) shift; exec echo "$GREETING, process $$: $*" ;;
  *) exec "$@" ;;
esac
