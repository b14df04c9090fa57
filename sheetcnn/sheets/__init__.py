"""Where every tensor lives, and the plan of the workbook."""
