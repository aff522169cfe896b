#!/bin/sh
# Stands in for native firmware: says a path as it does after `--pty`, then does what the second argument names.
[ "$1" = --pty ] || exit 64
case "$2" in
  fail) echo 'no pty left' >&2; exit 3 ;;
  silent) exec tail -f /dev/null ;;
  *) echo /dev/pts/99; echo 'listening' >&2; exec tail -f /dev/null ;;
esac
