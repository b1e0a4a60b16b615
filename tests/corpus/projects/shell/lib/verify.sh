# shellcheck shell=sh
# verify.sh - archives against FILE.sha256 beside them

# verify DIR: says which are damaged or have no checksum; fails if any is
verify() {
	_bad=0 _n=0
	for _f in "$1"/*.tar.gz; do
		[ -f "$_f" ] || continue
		_n=$((_n + 1))
		if [ ! -f "$_f.sha256" ]; then
			echo "${_f##*/}: no checksum"
			_bad=$((_bad + 1))
			continue
		fi
		read -r _want _ <"$_f.sha256" || _want=''
		_got=$(sha256sum <"$_f")
		if [ "${_got%% *}" != "$_want" ]; then
			echo "${_f##*/}: damaged"
			_bad=$((_bad + 1))
		fi
	done
	echo "$_n archives, $_bad bad"
	[ "$_bad" -eq 0 ]
}
