"""For lessons and classes: handouts, exercises, lessons, and the printed pages that they share."""
