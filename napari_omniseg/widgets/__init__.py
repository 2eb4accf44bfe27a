"""Pieces of panels that several of them share."""
