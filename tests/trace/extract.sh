#!/bin/sh
# SPDX-License-Identifier: MIT
# The committed stream texts are what the extract script makes of the captures.
captures=$top_srcdir/tests/captures
for tool in "${TSHARK:-no}" "${PYTHON:-python3}"; do
	if ! command -v "$tool" >/dev/null 2>&1; then
		echo "1..0 # SKIP extract needs tshark and python3"
		exit 0
	fi
done
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT

set -- "$captures"/*.pcap
echo "1..$(($# + 1))"
n=1
if "${PYTHON:-python3}" "$captures/extract" -o "$scratch" "$@" 2>"$scratch/said"; then
	echo "ok 1 - extract runs"
else
	echo "not ok 1 - extract runs"
	sed 's/^/# /' "$scratch/said"
fi
for capture; do
	name=$(basename "$capture" .pcap)
	n=$((n + 1))
	if cmp -s "$scratch/$name.streams" "$captures/streams/$name.streams"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name: run tests/captures/extract on it"
	fi
done
