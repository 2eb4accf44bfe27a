"""Labelled images on disk: their layouts, their patients, their faults and their splits."""
