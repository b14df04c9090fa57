"""What is done with a whole workbook: plan, build, inspect, verify, read back, extract."""
