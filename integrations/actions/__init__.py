"""What happens at the edge to foreign systems and is nobody else's to do."""
