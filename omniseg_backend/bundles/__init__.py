"""Trained models on disk: manifest, network, card, and the list of those at hand."""
