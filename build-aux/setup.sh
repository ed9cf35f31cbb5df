# SPDX-License-Identifier: MIT
# Set-up, sourced by quickstart and runtests after they set zc_top to the source folder:
#
#   zc_setup [configure's arguments]     packages, autoreconf, configure, make; dies with a message
#   zc_variable NAME                     the value of a variable of the build's Makefile
#   zc_say, zc_warn, zc_die              messages
#
# Each step is done only when needed, so that a second run takes about a second and no network.
# zc_setup leaves zc_build (absolute) and the logs of its steps in $zc_build/log.
#
# From the environment:
#   ZCLND_BUILD           build folder, absolute or below the source folder (default: build)
#   ZCLND_CONFIGURE       more arguments for configure, split at blanks
#   ZCLND_NO_INSTALL      when not empty: install nothing
#   ZCLND_EXTRA_PACKAGES  more packages to install

zc_say() { printf '%s: %s\n' "${0##*/}" "$*"; }
zc_warn() { printf '%s: warning: %s\n' "${0##*/}" "$*" >&2; }
zc_die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# need (the build fails without it) or want (a part is left out), and what for.
zc_package_table()
{
	cat <<-'EOF'
	build-essential need make and the C library's headers
	g++ need the C and C++ compilers
	autoconf need makes configure
	automake need makes Makefile.in
	libtool need libraries in the build
	pkg-config need finds GLib, json-glib and zlib
	libglib2.0-dev need containers, options, configuration files, tests
	libjson-glib-dev need JSON output
	zlib1g-dev need the crc32 of messages
	xz-utils need the source tarball of make dist
	libns3-dev want the network simulator of zclnd-sim
	tshark want TCP reassembly for zclnd trace
	python3 want runs the plots
	python3-matplotlib want draws the plots
	python3-numpy want computes the plots
	iproute2 want two hosts in network namespaces, for tests
	man-db want shows and tests the man pages
	EOF
}

# Prints the packages that are not installed, each with its line of the table.
zc_missing_packages()
{
	{
		if [ "$zc_without_ns3" = yes ]; then
			zc_package_table | grep -v '^libns3-dev '
		else
			zc_package_table
		fi
		for zc_extra in ${ZCLND_EXTRA_PACKAGES:-}; do
			echo "$zc_extra want ZCLND_EXTRA_PACKAGES asks for it"
		done
	} >"$zc_build/log/packages"
	# dpkg-query exits 1 when it does not know one of them: its list is what counts.
	dpkg-query -W -f='${Package} ${db:Status-Status}\n' \
		$(cut -d' ' -f1 "$zc_build/log/packages") 2>/dev/null |
		awk 'NR == FNR { if ($2 == "installed") have[$1] = 1; next }
		     !($1 in have)' - "$zc_build/log/packages"
}

zc_install_packages()
{
	zc_installed=no
	[ -z "${ZCLND_NO_INSTALL:-}" ] || return 0
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		zc_warn "not a Debian system: install by hand what configure reports as missing"
		return 0
	fi
	zc_missing=$(zc_missing_packages)
	[ -n "$zc_missing" ] || return 0

	zc_sudo=
	zc_names=$(echo "$zc_missing" | cut -d' ' -f1 | tr '\n' ' ')
	if [ "$(id -u)" -ne 0 ]; then
		zc_sudo=sudo
		if ! command -v sudo >/dev/null; then
			zc_missing_is_fatal "this is not root and there is no sudo"
			return 0
		fi
	fi
	zc_say "installing with ${zc_sudo:+sudo }apt-get (log: $zc_build/log/apt):"
	echo "$zc_missing" | while read -r zc_name zc_kind zc_why; do
		printf '  %-20s %s\n' "$zc_name" "$zc_why"
	done
	if ! zc_apt_get $zc_names >"$zc_build/log/apt" 2>&1 </dev/null; then
		tail -n 20 "$zc_build/log/apt" >&2
		zc_missing_is_fatal "apt-get failed"
	fi
	zc_installed=yes
}

zc_apt_get()
{
	# One unreachable source need not spoil the installation: apt-get install decides.
	$zc_sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 update
	$zc_sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
		install -y --no-install-recommends "$@"
}

# zc_missing_is_fatal REASON: dies when something is missing that the build needs, else warns.
zc_missing_is_fatal()
{
	zc_missing=$(zc_missing_packages)
	zc_names=$(echo "$zc_missing" | cut -d' ' -f1 | tr '\n' ' ')
	zc_remedy="install by hand: apt-get install --no-install-recommends $zc_names"
	case $zc_missing in
	*' need '*) zc_die "$1, and the build needs packages that are missing; $zc_remedy" ;;
	esac
	[ -z "$zc_missing" ] || zc_warn "$1: going on without some parts; $zc_remedy"
}

# zc_logged NAME COMMAND...: runs it quietly; on failure shows the end of its log and dies.
zc_logged()
{
	zc_log=$zc_build/log/$1
	shift
	"$@" >"$zc_log" 2>&1 </dev/null && return 0
	printf '%s\n' "--- the end of $zc_log:" >&2
	tail -n 40 "$zc_log" >&2
	zc_die "failed: $* (whole log: $zc_log)"
}

# autoreconf does not touch an output that stays the same, so its time is kept in a stamp. A tarball
# comes without the stamp and with a configure that is new enough.
zc_bootstrap()
{
	zc_stamp=$zc_top/build-aux/.bootstrapped
	zc_reference=$zc_stamp
	[ -f "$zc_stamp" ] || zc_reference=$zc_top/configure
	if [ -f "$zc_top/configure" ] && [ -f "$zc_top/Makefile.in" ] &&
		[ -f "$zc_top/build-aux/install-sh" ] && [ -z "$(zc_newer_inputs)" ]; then
		return 0
	fi
	zc_say "making configure (autoreconf -i)"
	zc_logged bootstrap autoreconf -i "$zc_top"
	: >"$zc_stamp"
}

zc_newer_inputs()
{
	find "$zc_top" -maxdepth 3 \
		\( -path "$zc_build" -o -path "$zc_top/build*" -o -path "$zc_top/out" \
		-o -name .git -o -name autom4te.cache -o -name 'zclnd-[0-9]*' \) -prune -o \
		\( -name '*.am' -o -name configure.ac -o -name 'zc_*.m4' \) \
		-newer "$zc_reference" -print
}

# A folder that was configured by hand stays as it is unless arguments are given.
zc_configure()
{
	zc_args=$(printf '%s\n' "$@")
	zc_record=$zc_build/log/configured
	if [ -f "$zc_build/Makefile" ] && [ "$zc_installed" = no ]; then
		if [ -f "$zc_record" ]; then
			[ "$zc_args" != "$(cat "$zc_record")" ] || return 0
		else
			[ -n "$zc_args" ] || return 0
		fi
	fi
	zc_source=$(realpath --relative-to="$zc_build" "$zc_top")
	case $zc_source in
	*[[:space:]]*)
		zc_die "configure cannot reach '$zc_top' from '$zc_build': a blank in a source" \
			"path is allowed only when the build folder is inside it" ;;
	esac
	zc_say "configuring in $zc_build${1:+ with $*}"
	rm -f "$zc_record"
	zc_logged configure zc_in_build "$zc_source/configure" "$@"
	# Objects do not depend on the flags that they were compiled with.
	zc_logged clean make -C "$zc_build" clean
	printf '%s\n' "$zc_args" >"$zc_record"
}

zc_in_build() { (cd "$zc_build" && "$@"); }

zc_make()
{
	# Says so only when there is something to compile. (make -q is never satisfied by config.h.)
	if make -C "$zc_build" -n all 2>/dev/null | grep -qe ' -c ' -e libtool; then
		zc_say "building in $zc_build (log: $zc_build/log/make)"
	fi
	zc_logged make make -C "$zc_build" -j"$(nproc)" all
}

zc_variable()
{
	sed -n "s/^$1 = //p" "$zc_build/Makefile"
}

zc_setup()
{
	unset MAKEFLAGS MFLAGS MAKELEVEL
	zc_build=${ZCLND_BUILD:-build}
	case $zc_build in
	/*) ;;
	*) zc_build=$zc_top/$zc_build ;;
	esac
	if [ -f "$zc_top/config.status" ]; then
		zc_die "'$zc_top' was configured in place: first run make distclean there"
	fi
	mkdir -p "$zc_build/log" || zc_die "cannot make the build folder '$zc_build'"
	zc_build=$(cd "$zc_build" && pwd -P)
	# One set-up of a folder at a time: two commands may be started together.
	if command -v flock >/dev/null; then
		exec 9>"$zc_build/log/lock"
		flock 9
	fi
	zc_without_ns3=no
	for zc_arg in "$@" ${ZCLND_CONFIGURE:-}; do
		case $zc_arg in
		--without-ns3 | --with-ns3=no) zc_without_ns3=yes ;;
		esac
	done
	zc_install_packages
	zc_bootstrap
	zc_configure "$@" ${ZCLND_CONFIGURE:-}
	zc_make
	exec 9>&-
}
