"""Writing and reading .xlsx files: a skeleton from openpyxl, cells streamed into it."""
