"""What napari opens and saves through OmniSeg: readers, writers, sample data."""
