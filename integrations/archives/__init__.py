"""Chat archives of other products: read safely, turned into our words, brought in by actions."""
