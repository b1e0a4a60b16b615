# shellcheck shell=sh
# dates.sh - days as numbers, without date(1), which differs between systems

# date_valid YYYY-MM-DD: is it a day?
date_valid() {
	case $1 in
	[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]) ;;
	*) return 1 ;;
	esac
	_m=${1#*-}
	_m=${_m%-*}
	_d=${1##*-}
	_m=${_m#0}
	_d=${_d#0}
	[ "$_m" -ge 1 ] && [ "$_m" -le 12 ] && [ "$_d" -ge 1 ] &&
		[ "$_d" -le "$(month_days "${1%%-*}" "$_m")" ]
}

leap_year() { # YEAR
	[ $(($1 % 4)) -eq 0 ] && { [ $(($1 % 100)) -ne 0 ] || [ $(($1 % 400)) -eq 0 ]; }
}

month_days() { # YEAR MONTH
	case $2 in
	2) if leap_year "$1"; then echo 29; else echo 28; fi ;;
	4 | 6 | 9 | 11) echo 30 ;;
	*) echo 31 ;;
	esac
}

# day_number YYYY-MM-DD: days since 1970-01-01, by the civil calendar
day_number() {
	_y=${1%%-*}
	_m=${1#*-}
	_m=${_m%-*}
	_d=${1##*-}
	_m=${_m#0}
	_d=${_d#0}
	[ "$_m" -gt 2 ] || _y=$((_y - 1))
	_era=$((_y / 400))
	_yoe=$((_y - _era * 400))
	_doy=$(((153 * (_m + (_m > 2 ? -3 : 9)) + 2) / 5 + _d - 1))
	_doe=$((_yoe * 365 + _yoe / 4 - _yoe / 100 + _doy))
	echo $((_era * 146097 + _doe - 719468))
}

# week_number YYYY-MM-DD: weeks since the one of 1970-01-01; they begin on Monday
week_number() {
	echo $((($(day_number "$1") + 3) / 7))
}
