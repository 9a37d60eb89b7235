"""The composition root: settings, routes, processes and health. It imports everything; nobody imports it."""
