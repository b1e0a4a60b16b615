# shellcheck shell=sh disable=SC2034
# config.sh - DIR/.snapkeep is data: lines of key=number, never sourced

config_read() { # DIR
	days=7 weeks=4 months=12
	[ -f "$1/.snapkeep" ] || return 0
	while IFS='=' read -r _key _value || [ -n "$_key" ]; do
		case $_key in
		'' | '#'*) continue ;;
		esac
		case $_value in
		'' | *[!0-9]* | ?????*) die "$1/.snapkeep: '$_key' needs a number below 10000" ;;
		esac
		case $_key in
		days) days=$_value ;;
		weeks) weeks=$_value ;;
		months) months=$_value ;;
		*) die "$1/.snapkeep: unknown key '$_key'" ;;
		esac
	done <"$1/.snapkeep"
	if [ "$days" -eq 0 ] && [ "$weeks" -eq 0 ] && [ "$months" -eq 0 ]; then
		die "$1/.snapkeep: this would keep nothing"
	fi
}
