"""Seeded phantoms of the imaging methods that OmniSeg serves, and small samples of them."""
