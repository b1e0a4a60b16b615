/*
 * format.tbl.h - every report format, in the order in which a report is tried
 * by its first bytes: the more particular first.  Include with FORMAT(name)
 * defined; format/<name>.c has format_<name>.
 */
FORMAT(sarif)
FORMAT(trivy)
FORMAT(grype)
FORMAT(osv)
FORMAT(npmaudit)
FORMAT(pipaudit)
FORMAT(cargoaudit)
FORMAT(bandit)
FORMAT(eslint)
FORMAT(gitleaks)
FORMAT(cppcheck)
FORMAT(checkstyle)
FORMAT(cobertura)
FORMAT(lcov)
