# shellcheck shell=sh disable=SC2154
# plan.sh - which archives stay

# archives DIR: 'DATE FILE' of each, newest first; other files are left alone
archives() {
	for _f in "$1"/*-????-??-??.tar.gz; do
		[ -f "$_f" ] || continue
		_name=${_f##*/}
		_date=${_name%.tar.gz}
		_date=${_date#"${_date%-????-??-??}"-}
		if date_valid "$_date"; then
			printf '%s %s\n' "$_date" "$_name"
		else
			note "'$_name' has no date that exists: left alone"
		fi
	done | LC_ALL=C sort -r
}

# plan: reads archives, writes 'keep REASON FILE' or 'drop - FILE'
plan() {
	_days=$days _weeks=$weeks _months=$months
	_last_day='' _last_week='' _last_month=''
	while read -r _date _file; do
		_why=''
		_month=${_date%-*}
		_week=$(week_number "$_date")
		if [ "$_days" -gt 0 ] && [ "$_date" != "$_last_day" ]; then
			_days=$((_days - 1))
			_why=day
		fi
		if [ "$_week" != "$_last_week" ] && [ "$_weeks" -gt 0 ]; then
			_weeks=$((_weeks - 1))
			_why=${_why:-week}
		fi
		if [ "$_month" != "$_last_month" ] && [ "$_months" -gt 0 ]; then
			_months=$((_months - 1))
			_why=${_why:-month}
		fi
		_last_day=$_date _last_week=$_week _last_month=$_month
		if [ -n "$_why" ]; then
			echo "keep $_why $_file"
		else
			echo "drop - $_file"
		fi
	done
}

# prune DIR: deletes what the plan drops, with its checksum
prune() {
	_plan=$(archives "$1" | plan)
	case $_plan in
	*keep*) ;;
	*) note "nothing to keep in '$1': nothing is deleted"; return 0 ;;
	esac
	printf '%s\n' "$_plan" | while read -r _what _why _file; do
		[ "$_what" = drop ] || continue
		rm -- "$1/$_file" || die "cannot delete '$_file'"
		rm -f -- "$1/$_file.sha256"
		note "deleted $_file"
	done
}
