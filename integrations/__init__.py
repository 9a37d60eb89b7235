"""Foreign systems, in and out: each module is one of them, a door or an adapter and nothing more.

What they bring is done by the actions of the rooms below. May import lifecycle and everything under it.
"""
