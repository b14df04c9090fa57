"""The pages of the workbook that explain: one file each."""
