"""The ground of the house: which workspace, as whom, and the wall between workspaces.

Here lives what every other package stands on and nothing else. Imports nothing of ours.
"""
