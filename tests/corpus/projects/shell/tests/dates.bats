load helper

setup() {
	. "$LIB/dates.sh"
}

@test "days since 1970" {
	[ "$(day_number 1970-01-01)" -eq 0 ]
	[ "$(day_number 1970-03-01)" -eq 59 ]
	[ "$(day_number 2000-02-29)" -eq 11016 ]
	[ "$(day_number 2024-08-09)" -eq 19944 ]
}

@test "a year has its days" {
	[ $(($(day_number 2025-01-01) - $(day_number 2024-01-01))) -eq 366 ]
	[ $(($(day_number 2101-01-01) - $(day_number 2100-01-01))) -eq 365 ]
	[ $(($(day_number 2024-03-01) - $(day_number 2024-02-28))) -eq 2 ]
}

@test "weeks begin on Monday" {
	[ "$(week_number 2024-08-04)" -eq "$(($(week_number 2024-08-05) - 1))" ]
	[ "$(week_number 2024-08-05)" -eq "$(week_number 2024-08-11)" ]
}

@test "days that exist" {
	date_valid 2024-02-29
	date_valid 2000-02-29
	date_valid 2024-08-09
	date_valid 2024-12-31
}

@test "days that do not" {
	! date_valid 2023-02-29 || false
	! date_valid 2100-02-29 || false
	! date_valid 2024-04-31 || false
	! date_valid 2024-13-01 || false
	! date_valid 2024-00-10 || false
	! date_valid 2024-01-00 || false
	! date_valid 24-01-01 || false
	! date_valid 2024-1-1 || false
}
