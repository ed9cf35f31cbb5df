#!/bin/sh
# SPDX-License-Identifier: MIT
# quickstart, runtests and what they stand on: usage, counting, which packages would be installed.
. "$top_srcdir/tests/house/lib.sh"

plan 19

for script in quickstart runtests .ci/run build-aux/setup.sh build-aux/count-tests.sh; do
	sh -n "$top_srcdir/$script" >"$scratch/out" 2>&1
	check "$script is a shell script" "$scratch/out"
done

for command in quickstart runtests; do
	check_equal "$command --help says how it is used" "Usage: ./$command [OPTION...]" \
		"$("$top_srcdir/$command" --help | head -n 1 | sed 's/ \[TEST.*//')"
	"$top_srcdir/$command" --nonsense >"$scratch/out" 2>&1
	check_equal "$command refuses an unknown option" "2 yes" \
		"$? $(grep -q "'--nonsense'" "$scratch/out" && echo yes)"
done

# Counting.
mkdir "$scratch/results" "$scratch/none"
printf ':test-result: PASS one\n:test-result: PASS two\n:test-result: SKIP three\n' >"$scratch/results/a.trs"
check_equal "passes and skips are counted" "2 passed, 0 failed, 1 skipped 0" \
	"$("$top_srcdir/build-aux/count-tests.sh" "$scratch/results" | tail -n 1) $?"
printf ':test-result: FAIL four\n:test-result: ERROR five\n:test-result: XPASS six\n' >"$scratch/results/b.trs"
echo "the reason" >"$scratch/results/b.log"
"$top_srcdir/build-aux/count-tests.sh" "$scratch/results" >"$scratch/out"
check_equal "failures are counted and shown" "1 2 passed, 3 failed, 1 skipped yes" \
	"$? $(tail -n 1 "$scratch/out") $(grep -qx 'the reason' "$scratch/out" && echo yes)"
"$top_srcdir/build-aux/count-tests.sh" "$scratch/none" >"$scratch/out"
check_equal "nothing run is no success" "1 0 passed, 0 failed" "$? $(tail -n 1 "$scratch/out")"

# Packages, with stand-ins for the system's commands: dpkg-query knows what $scratch/have lists.
mkdir "$scratch/bin" "$scratch/build" "$scratch/build/log"
cat >"$scratch/bin/dpkg-query" <<EOF
#!/bin/sh
cat "$scratch/have"
EOF
cat >"$scratch/bin/apt-get" <<EOF
#!/bin/sh
echo "\$DEBIAN_FRONTEND \$*" >>"$scratch/called"
case \$* in
*install*) cat "$scratch/obtainable" >>"$scratch/have" ;;
esac
EOF
cat >"$scratch/bin/sudo" <<EOF
#!/bin/sh
echo sudo >>"$scratch/called"
exec "\$@"
EOF
cat >"$scratch/bin/id" <<EOF
#!/bin/sh
cat "$scratch/uid"
EOF
echo 0 >"$scratch/uid"
chmod +x "$scratch/bin/"*

# install HAVE OBTAINABLE: packages, a blank between two; leaves apt-get's calls in $scratch/called.
install_with()
{
	printf '%s installed\n' $1 >"$scratch/have"
	: >"$scratch/obtainable"
	[ -z "$2" ] || printf '%s installed\n' $2 >"$scratch/obtainable"
	: >"$scratch/called"
	(
		PATH=$scratch/bin:$PATH
		unset ZCLND_EXTRA_PACKAGES ZCLND_NO_INSTALL
		zc_top=$top_srcdir
		. "$top_srcdir/build-aux/setup.sh"
		zc_build=$scratch/build
		zc_without_ns3=no
		zc_install_packages
	) >"$scratch/out" 2>&1
}

all=$(zc_top=; . "$top_srcdir/build-aux/setup.sh"; zc_package_table | cut -d' ' -f1 | tr '\n' ' ')
install_with "$all" ""
check_equal "nothing is installed when all is there" "0 " "$? $(cat "$scratch/called")"
install_with "${all#* }" "${all%% *}"
check_equal "what is missing is installed without questions" \
	"0 noninteractive -o DPkg::Lock::Timeout=300 install -y --no-install-recommends build-essential" \
	"$? $(tail -n 1 "$scratch/called")"
check_equal "it is said what and why" yes \
	"$(grep -qE 'build-essential +make and' "$scratch/out" && echo yes)"

echo 1000 >"$scratch/uid"
install_with "${all#* }" "${all%% *}"
check_equal "another user than root installs with sudo" "0 sudo apt-get sudo apt-get" \
	"$? $(sed 's/^noninteractive.*/apt-get/' "$scratch/called" | tr '\n' ' ' | sed 's/ $//')"
echo 0 >"$scratch/uid"
check_equal "root does not" 0 "$(install_with "${all#* }" "${all%% *}"; grep -c sudo "$scratch/called")"

# An optional part may stay away, a needed one may not.
cat >"$scratch/bin/apt-get" <<'EOF'
#!/bin/sh
exit 100
EOF
install_with "$(echo "$all" | sed 's/libns3-dev //')" ""
optional=$?
install_with "${all#* }" ""
check_equal "a failing apt-get stops only a build that cannot work" "0 1 yes" \
	"$optional $? $(grep -q 'apt-get install --no-install-recommends build-essential' "$scratch/out" && echo yes)"

# The simulation is built with ns-3, and only with it.
check_equal "zclnd-sim is there when configure found ns-3" "${HAVE_NS3:-no}" \
	"$([ -x "$top_builddir/zclnd-sim" ] && echo yes || echo no)"
