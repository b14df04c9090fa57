"""The pages that trace one value of a layer, one file per way of computing it."""
