"""Formulas as trees: built by layers, rendered here, stamped over regions by the writer."""
