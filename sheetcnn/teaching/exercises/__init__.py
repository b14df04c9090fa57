"""Exercises: worksheets that check themselves, with answer keys, and the grading of submissions."""
