"""What a site corrected, kept as a data set that grows case by case."""
