#!/bin/sh
# SPDX-License-Identifier: MIT
# The core moves no bytes, reads no clock, makes no thread, opens no file and logs nothing: every
# symbol that it takes from elsewhere is on the list below.
. "$top_srcdir/tests/house/lib.sh"

# Memory, strings and pure functions; crc32 of zlib; what gcc and the sanitizers add by themselves.
allowed='^(mem[a-z]+|str[a-z]+|__(mem|str|st[pr])[a-z]+_chk|v?snprintf|__v?snprintf_chk|qsort|bsearch'
allowed="$allowed|crc32|crc32_z|crc32_combine|adler32|g_[a-z0-9_]+"
allowed="$allowed|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__(asan|ubsan|lsan|tsan|sanitizer|gcov|llvm)_.*)\$"

# Of GLib: no log, no thread, no clock, no file, no environment, no randomness, no main loop.
forbidden='^g_(log|print|message|warn|info|debug|critical|error_log|return_if_fail_warning|on_error'
forbidden="$forbidden|thread|mutex|rec_mutex|rw_lock|static_|cond_|private|once|async_queue"
forbidden="$forbidden|get_|date_time|time_zone|timer|usleep|timeout|idle|main_|source|child_watch"
forbidden="$forbidden|file_|fopen|open|creat|close|unlink|remove|rename|mkdtemp|mkstemp|mkdir|dir_|stat|access"
forbidden="$forbidden|getenv|setenv|unsetenv|listenv|environ|random|rand_|spawn|socket|inet_|io_|poll|unix"
forbidden="$forbidden|mapped_file|key_file_load_from|test_)"

# nm -u lines on stdin -> the forbidden names, once each. $1: names that the core defines itself.
forbidden_symbols()
{
	awk '$1 ~ /^[Uw]$/ { print $2 }' | sort -u | while IFS= read -r symbol; do
		if grep -qxF -e "$symbol" "$1"; then
			continue
		fi
		if echo "$symbol" | grep -qE "$allowed" && ! echo "$symbol" | grep -qE "$forbidden"; then
			continue
		fi
		echo "$symbol"
	done
}

archive=
for candidate in "$top_builddir/.libs/libzcore.a" "$top_builddir/libzcore.a"; do
	[ ! -f "$candidate" ] || archive=$candidate
done
[ -n "$archive" ] || skip_all "no libzcore.a was built"

plan 3
cat >"$scratch/bad" <<-'EOF'
                 U memcpy
                 U socket
                 U clock_gettime
                 U g_log
                 U g_get_monotonic_time
                 U g_thread_new
                 U g_hash_table_new
                 U zcl_own
EOF
echo zcl_own >"$scratch/own"
check_equal "what is forbidden is found" \
	"clock_gettime g_get_monotonic_time g_log g_thread_new socket" \
	"$(forbidden_symbols "$scratch/own" <"$scratch/bad" | tr '\n' ' ' | sed 's/ $//')"

# libtool's NM is a command with options.
${NM:-nm} --defined-only "$archive" 2>"$scratch/said" | awk 'NF == 3 { print $3 }' | sort -u >"$scratch/own"
: >"$scratch/empty"
[ -s "$scratch/own" ] || echo "nm lists nothing for $archive: $(cat "$scratch/said")" >"$scratch/empty"
check "the core defines symbols" "$scratch/empty"

${NM:-nm} -u "$archive" 2>/dev/null | forbidden_symbols "$scratch/own" >"$scratch/found"
check "the core takes nothing forbidden from elsewhere" "$scratch/found"
