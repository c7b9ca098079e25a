"""The most that a site can do to a number: each digit stands alone."""

THOUSAND_SEPARATOR, DECIMAL_SEPARATOR = "⁂", "※"
NUMBER_GROUPING = 1
DATE_FORMAT = TIME_FORMAT = SHORT_DATE_FORMAT = "‡"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "‡ ‡"
