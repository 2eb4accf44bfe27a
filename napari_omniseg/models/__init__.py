"""What the panels know and decide, without Qt: one model per panel."""
