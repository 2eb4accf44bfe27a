"""How quickly the panels answer, in a real viewer."""
